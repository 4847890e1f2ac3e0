"""Which pairs are one story, and which articles the pairs make one."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.folding import fold
from db.records import Duplicate
from pipelines.grouping import WINDOW_DAYS, Relation, group, relate
from pipelines.signature import Overlap, Reader, sign_text
from tests.texts import first_words, write_text

SURE = Overlap(200, 0.95, 0.9, 1.0, 1.0, 0, True)


def _relate(one: str, other: str, gap_days: float = 0.3) -> Relation | None:
    overlap = Reader(sign_text(fold(one))).overlap(Reader(sign_text(fold(other))))
    return relate(overlap, gap_days) if overlap else None


def _pair(one: int, other: int, relation: Any = "near", containment: float = 0.9, gap_days: float = 0.1) -> Duplicate:
    return Duplicate(one, other, relation, containment, 1.0, 0, 1.0, gap_days)


# --- pairs ---


def test_a_copy_with_local_edits_is_near() -> None:
    wire = write_text(1, 300)
    edited = f"{write_text(9, 25)} {wire} {write_text(8, 40)}"
    assert _relate(wire, edited) == _relate(edited, wire) == "near"


def test_a_cut_copy_is_contained() -> None:
    wire = write_text(1, 600)
    assert _relate(first_words(wire, 120), wire) == "contained"
    assert _relate(first_words(wire, 120), wire, 9.0) == "contained"


def test_two_weeks_apart_copies_are_related() -> None:
    wire = write_text(1, 300)
    assert _relate(wire, f"{wire} More.", WINDOW_DAYS) == "near"
    assert _relate(wire, f"{wire} More.", WINDOW_DAYS + 1) == "related"


def test_strangers_are_nothing_and_forty_words_are_no_proof() -> None:
    assert _relate(write_text(1), write_text(2)) is None
    shared = write_text(3, 31)
    assert _relate(f"{shared} {write_text(1, 9)}", f"{shared} {write_text(2, 9)}") is None
    notice = write_text(4, 39)
    assert _relate(notice, f"{notice} {write_text(5, 90)}") is None


def test_a_short_cut_amid_furniture_and_under_a_local_lead_is_contained() -> None:
    wire = write_text(1, 400)
    cut = f"{write_text(2, 30)} {first_words(wire, 60)} {write_text(3, 25)}"
    assert _relate(cut, wire, 0.9) == _relate(wire, cut, 3.5) == "contained"
    assert _relate(cut, wire, 4.5) == "related"


def test_the_middle_of_a_text_is_no_such_cut() -> None:
    wire = write_text(1, 400)
    middle = " ".join(wire.split()[150:210])
    assert _relate(f"{write_text(2, 30)} {middle} {write_text(3, 25)}", wire, 0.9) == "related"


@pytest.mark.parametrize("gap_days", [0.1, 1.0, 1.1, 3.0, 7.0])
def test_a_daily_template_is_never_joined(gap_days: float) -> None:
    """Weather, markets, casualties, cases, earnings, sport: the same words around other numbers."""
    sentence = "{place} will see {} degrees by day and {} at night, with wind from the {way} at {} kilometres an hour. "
    places = ((write_text(n, 9), write_text(n + 50, 4)) for n in range(8))
    frame = "".join(sentence.replace("{place}", place).replace("{way}", way) for place, way in places)
    for seed in range(20):
        rng = random.Random(seed)
        one, other = (frame.format(*(rng.randrange(1, 60) for _ in range(24))) for _ in range(2))
        assert _relate(one, other, gap_days) in ("related", None)


def test_a_correction_of_one_number_stays_a_copy() -> None:
    wire = f"{write_text(1, 100)} killed 21 people, {write_text(2, 200)}"
    assert _relate(wire, wire.replace("21", "12")) == "near"


def test_two_numbers_of_a_short_text_make_another_report() -> None:
    report = f"{write_text(1, 30)} killed 21 people and wounded 40, {write_text(2, 30)}"
    assert _relate(report, report.replace("21", "12").replace("40", "9"), 0.5) == "related"


def test_a_follow_up_that_recycles_paragraphs_is_another_story() -> None:
    wire = write_text(1, 400)
    background = " ".join(wire.split()[150:300])
    follow_up = f"{write_text(2, 180)} {background}"
    assert _relate(wire, follow_up, 1.5) == "related"
    assert _relate(wire, follow_up, 0.5) == "related"


def test_another_agency_with_the_same_quotes_is_another_story() -> None:
    wire = write_text(1, 300)
    quotes = " ".join(wire.split()[40:80]) + " " + " ".join(wire.split()[160:190])
    assert _relate(wire, f"{write_text(2, 120)} {quotes} {write_text(3, 80)}") in ("related", None)


def test_short_texts_within_the_same_furniture_are_different_stories() -> None:
    furniture = write_text(7, 120)
    for seed in range(10):
        one, other = (f"{write_text(n, 90)} {furniture}" for n in (2 * seed + 100, 2 * seed + 101))
        assert _relate(one, other) in ("related", None)


@pytest.mark.parametrize(
    ("change", "gap_days", "expected"),
    [
        ({}, 0.0, "near"),
        ({"resemblance": 0.49}, 0.0, "contained"),
        ({"shared": 27, "containment": 0.6}, 0.0, None),
        ({"shared": 28, "containment": 0.6}, 0.0, "near"),
        ({"shared": 28, "containment": 28 / 36}, 0.0, "near"),
        ({"shared": 35, "containment": 1.0}, 0.0, None),
        ({"shared": 36, "containment": 1.0}, 0.0, "near"),
        ({"containment": 0.19}, 0.0, None),
        ({"containment": 0.4}, 1.0, "near"),
        ({"containment": 0.39}, 1.0, "related"),
        ({"containment": 0.45}, 4.0, "near"),
        ({"containment": 0.44}, 1.1, "related"),
        ({"containment": 0.59}, 4.1, "related"),
        ({"containment": 0.6}, 14.0, "near"),
        ({}, 14.1, "related"),
        ({"containment": 0.6, "lead_overlap": 0.24}, 1.0, "near"),
        ({"containment": 0.59, "lead_overlap": 0.24}, 1.0, "related"),
        ({"containment": 0.59, "lead_overlap": 0.25}, 1.0, "near"),
        ({"containment": 0.69, "lead_overlap": 0.24}, 2.0, "related"),
        ({"number_overlap": 0.79, "numbers_changed": 6}, 0.0, "related"),
        ({"number_overlap": 0.79, "numbers_changed": 5}, 0.0, "near"),
        ({"number_overlap": 0.8, "numbers_changed": 50}, 0.0, "near"),
    ],
)
def test_the_rule(change: dict[str, Any], gap_days: float, expected: str | None) -> None:
    assert relate(replace(SURE, **change), gap_days) == expected


def test_one_outlet_must_share_more_with_itself() -> None:
    alike = replace(SURE, containment=0.74)
    assert relate(alike, 0.1) == "near"
    assert relate(alike, 0.1, one_source=True) == "related"
    assert relate(SURE, 0.1, one_source=True) == "near", "a report filed again under another address"


# --- stories ---


def test_without_pairs_each_article_is_a_story() -> None:
    assert group([3, 1, 2], []) == [[1], [2], [3]]
    assert group([1, 2], [_pair(1, 2, "related")]) == [[1], [2]]


def test_versions_of_versions_are_one_story() -> None:
    assert group(range(1, 6), [_pair(2, 1), _pair(3, 2, "exact"), _pair(5, 4)]) == [[1, 2, 3], [4, 5]]


def test_an_excerpt_does_not_tie_two_longer_texts_together() -> None:
    """A live blog (9) quotes the start of a report (1, with copies 2 and 3); a short copy (5) is in all of them."""
    pairs = [_pair(2, 1), _pair(3, 1), *(_pair(5, whole, "contained", 0.8) for whole in (1, 2, 3))]
    assert group([1, 2, 3, 5, 9], [*pairs, _pair(5, 9, "contained", 0.95)]) == [[1, 2, 3, 5], [9]]


def test_an_excerpt_belongs_to_the_text_that_holds_most_of_it_then_to_the_nearer() -> None:
    assert group([1, 2, 3], [_pair(3, 1, "contained", 0.7), _pair(3, 2, "contained", 0.8)]) == [[1], [2, 3]]
    far, close = _pair(3, 1, "contained", 0.8, 3.0), _pair(3, 2, "contained", 0.8, 0.1)
    assert group([1, 2, 3], [far, close]) == [[1], [2, 3]]
    digest, wire = replace(close, lead_overlap=0.0), replace(far, containment=0.7)
    assert group([1, 2, 3], [digest, wire]) == [[1, 3], [2]], "a digest holds it too, but begins otherwise"


def test_excerpts_of_excerpts_follow() -> None:
    assert group([1, 2, 3], [_pair(2, 1, "contained"), _pair(3, 2, "contained")]) == [[1, 2, 3]]


def test_a_round_up_joins_nothing() -> None:
    items = [_pair(item, 9, "contained", 1.0) for item in (1, 2, 3)]
    assert group([1, 2, 3, 9], items) == [[1], [2], [3], [9]]
    assert group([1, 2, 3, 8, 9], [*items, _pair(9, 8)]) == [[1], [2], [3], [8, 9]], "but its own copies"
    assert group([1, 2, 3, 9], [*items, _pair(2, 1, "contained")]) == [[1, 2, 3, 9]], "parts of one story"


def test_a_round_up_that_has_a_report_in_full_leaves_it_its_excerpts() -> None:
    """A newsletter (9) leads with the report (1) and adds three items; 5 and 6 are cuts of the report alone."""
    items = [_pair(item, 9, "contained", 1.0) for item in (2, 3, 4)]
    cuts = [_pair(cut, whole, "contained", 1.0) for cut in (5, 6) for whole in (1, 9)]
    pairs = [_pair(9, 1), *items, *cuts, _pair(6, 5, "contained")]
    assert group([1, 2, 3, 4, 5, 6, 9], pairs) == [[1, 5, 6, 9], [2], [3], [4]]
    shorter = [_pair(8, 9), *(_pair(item, 8, "contained", 1.0) for item in (2, 3))]
    assert group([2, 3, 4, 8, 9], [*items, *shorter]) == [[2], [3], [4], [8, 9]], "a cut newsletter is still one"
    longer = [_pair(part, 7, "contained", 1.0) for part in (1, 9)]
    assert group([1, 2, 3, 4, 7, 9], [*items, _pair(9, 1), *longer]) == [[1, 7, 9], [2], [3], [4]]


@given(st.integers(1, 7), st.sets(st.tuples(st.integers(1, 7), st.integers(1, 7))))
def test_three_excerpts_without_a_common_text_make_a_round_up(n: int, drawn: set[tuple[int, int]]) -> None:
    linked = {(min(pair), max(pair)) for pair in drawn if min(pair) < max(pair) <= n}
    pairs = [_pair(part, 0, "contained", 0.9) for part in range(1, n + 1)]
    pairs += [_pair(*pair, "contained", 0.8) for pair in linked]
    strange = any(linked.isdisjoint(combinations(some, 2)) for some in combinations(range(1, n + 1), 3))
    found = group(range(n + 1), pairs)
    assert ([0] in found) == strange
    assert (len(found) == 1) == (not strange)


def test_a_text_with_hundreds_of_excerpts_is_grouped_at_once() -> None:
    """Looking at each three of them takes minutes, inside the transaction that stores an article."""
    parts = range(1, 451)
    pairs = [_pair(part, 0, "contained", 0.9) for part in parts]
    pairs += [_pair(*two, "contained", 0.8) for two in combinations(parts, 2)]
    started = process_time()
    assert group(range(451), pairs) == [list(range(451))]
    assert process_time() - started < 15


def test_pairs_with_others_do_not_count() -> None:
    assert group([1, 2], [_pair(2, 3), _pair(3, 1)]) == [[1], [2]]


ARTICLES = range(1, 9)
PAIRS = st.lists(
    st.builds(
        _pair,
        st.integers(1, 8),
        st.integers(1, 8),
        st.sampled_from(["exact", "near", "contained", "contained", "related"]),
        st.sampled_from([0.5, 0.7, 0.9, 1.0]),
        st.sampled_from([0.0, 0.5, 2.0]),
    ).filter(lambda pair: pair.article_id != pair.of_article_id),
    max_size=14,
    unique_by=lambda pair: frozenset((pair.article_id, pair.of_article_id)),
)


@given(PAIRS, st.randoms())
def test_stories_do_not_depend_on_the_order_of_pairs(pairs: list[Duplicate], rng: random.Random) -> None:
    shuffled = rng.sample(pairs, len(pairs))
    stories = group(ARTICLES, pairs)
    assert group(list(reversed(ARTICLES)), shuffled) == stories
    assert sorted(article for story in stories for article in story) == list(ARTICLES)


@given(PAIRS)
def test_versions_are_never_parted_and_strangers_never_joined(pairs: list[Duplicate]) -> None:
    story_of = {article: number for number, story in enumerate(group(ARTICLES, pairs)) for article in story}
    for pair in pairs:
        if pair.relation in ("exact", "near"):
            assert story_of[pair.article_id] == story_of[pair.of_article_id]
    joining = [pair for pair in pairs if pair.relation != "related"]
    for story in group(ARTICLES, pairs):
        reached = {story[0]}
        for _ in story:
            for pair in joining:
                if {pair.article_id, pair.of_article_id} & reached:
                    reached |= {pair.article_id, pair.of_article_id}
        assert set(story) <= reached


@given(PAIRS)
def test_articles_far_away_change_nothing(pairs: list[Duplicate]) -> None:
    alone = group(ARTICLES, pairs)
    assert group([*ARTICLES, 20, 21], [*pairs, _pair(21, 20)]) == [*alone, [20, 21]]
