"""Which lines of a source's articles are furniture, told from texts alone."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.site_lines import (
    MAX_SHARE,
    Candidate,
    find_candidates,
    find_removals,
    is_furniture,
    learn,
    leave_out,
    put_back,
    split_body,
)

SUBJECTS = (
    *("bridge", "orchard", "railway", "school", "harvest", "museum", "glacier", "market", "theatre", "reservoir"),
    *("lighthouse", "hospital", "festival", "quarry", "library", "airfield"),
)
BOX = "Get the five letters of the week in your inbox every Friday at noon."
SHARE = "Share this"


def story(number: int, n_lines: int = 9) -> list[str]:
    """Returns the lines of an invented story; no two numbers share one."""
    subject = SUBJECTS[number % len(SUBJECTS)]
    return [
        f"Sentence {line} of story {number} says what became of the {subject} when {chr(97 + line) * 7} spoke of it."
        for line in range(n_lines)
    ]


def learn_from(*articles: list[str], titles: tuple[str, ...] = ()) -> set[tuple[str, str]]:
    named = [*titles, *[f"Headline {n}" for n in range(len(titles), len(articles))]]
    return set(learn((n, find_candidates(lines, named[n])) for n, lines in enumerate(articles)))


# --- what is learned ---


def test_a_line_below_three_stories_is_furniture() -> None:
    assert learn_from(*([*story(n), BOX] for n in range(3))) == {("below", BOX)}


def test_two_stories_prove_nothing() -> None:
    assert learn_from([*story(0), BOX], [*story(1), BOX], story(2)) == set()


def test_copies_of_one_story_count_once() -> None:
    candidates = find_candidates([*story(0), BOX], "One")
    assert learn([("same", candidates)] * 5) == set()


def test_a_caption_above_three_stories_is_furniture_at_the_head_only() -> None:
    caption = "A street in the valley on an autumn morning. Photo: archive"
    assert learn_from(*([caption, *story(n)] for n in range(3))) == {("head", caption)}


def test_the_first_line_of_an_article_that_others_tease_stays_in_it() -> None:
    own = story(0)
    others = [[*story(n), own[0]] for n in range(1, 4)]
    furniture = learn_from(own, *others)
    assert furniture == {("below", own[0])}
    assert find_removals(own, find_candidates(own, "Own"), furniture) == []
    assert [one.position for one in find_removals(others[0], find_candidates(others[0], "Other"), furniture)] == [9]


def test_background_that_a_source_puts_into_every_story_on_a_war_stays() -> None:
    background = (
        "The rebels of the Harrow Front took the northern province of Tolland in April after the army of General Marsh"
        " withdrew from Castle Bridge."
    )
    articles = [
        [
            f"Rebels of the Harrow Front shelled village {n} on day {n}, the army said.",
            *story(n, 3),
            f"General Marsh told envoy {n} that the province of Tolland would be taken back before April {n}.",
            *story(n + 5, 4),
            background,
        ]
        for n in range(6)
    ]
    titles = tuple(f"Rebels shell village {n}" for n in range(6))
    assert learn_from(*articles, titles=titles) == set()
    assert find_candidates(articles[0], titles[0])[-1].evidence == -1


def test_background_in_a_script_without_spaces_stays() -> None:
    background = "哈罗阵线的叛军四月占领了北部的托兰省，马什将军的军队当时撤出了城堡桥。"
    articles = [
        [
            f"第{n}天，军方说哈罗阵线的叛军炮击了第{n}村。",
            *story(n, 3),
            f"马什将军对第{n}位特使说，托兰省将在四月前收复，城堡桥也一样。",
            *story(n + 5, 4),
            background,
        ]
        for n in range(4)
    ]
    assert learn_from(*articles) == set()
    box = "每周五中午，五封来信送到您的邮箱。"
    assert learn_from(*([*lines, box] for lines in articles)) == {("below", box)}


def interview(number: int) -> list[str]:
    lines = []
    for turn in range(6):
        lines += [f"Question {turn} of talk {number} asks about the {SUBJECTS[number]} and {SUBJECTS[turn]}?", "Yes."]
    return [*lines, f"The talk on the {SUBJECTS[number]} was shortened."]


def test_short_answers_and_the_same_questions_every_week_stay() -> None:
    question = "What did your grandmother teach you about the sea?"
    articles = [[*interview(n)[:6], question, "“No.”", *interview(n)[6:]] for n in range(6)]
    assert learn_from(*articles) == set()


def test_subheadings_stay() -> None:
    assert learn_from(*([*story(n, 4), "Background", *story(n + 6, 8)] for n in range(6))) == set()


def test_a_button_learned_below_is_known_amid_a_text() -> None:
    ends = [[*story(n), BOX, SHARE] for n in range(3)]
    middle = [*story(7)[:5], SHARE, *story(7)[5:]]
    furniture = learn_from(*ends, middle)
    assert ("below", SHARE) in furniture
    assert [one.line for one in find_removals(middle, find_candidates(middle, "M"), furniture)] == [SHARE]


def test_a_paragraph_is_never_furniture() -> None:
    long = " ".join(f"word{n}" for n in range(61))
    assert learn_from(*([*story(n), long] for n in range(5))) == set()


@pytest.mark.parametrize(
    ("sightings", "expected"),
    [
        ([("a", 1), ("b", 1), ("c", 1)], True),
        ([("a", 1), ("b", 1), ("b", 1)], False),
        ([("a", 1), ("b", 1), ("c", 0)], False),
        ([("a", 1), ("b", 1), ("c", 1), ("d", 0), ("e", 0)], True),
        ([("a", 1), ("b", 1), ("c", 1), ("d", -1)], True),
        ([("a", 1), ("b", 1), ("c", 1), ("d", -1), ("e", -1)], False),
        ([("a", 1), ("a", -1), ("b", 1), ("c", 1)], False),
        ([], False),
    ],
)
def test_evidence_is_weighed_by_story(sightings: list[tuple[str, int]], expected: bool) -> None:
    assert is_furniture(sightings) is expected


# --- what is removed ---


def test_a_line_that_is_most_of_a_body_stays() -> None:
    furniture = {("below", BOX), ("head", BOX)}
    lines = ["Snow fell today.", BOX]
    assert find_removals(lines, find_candidates(lines, "Snow"), furniture) == []


def test_an_empty_body_has_nothing_to_remove() -> None:
    assert find_candidates(split_body(""), "Title") == []


LINES = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=80), min_size=1, max_size=14)


@given(LINES, st.text(max_size=40), st.data())
def test_removal_is_bounded_and_putting_back_undoes_it(lines: list[str], title: str, data: st.DataObject) -> None:
    candidates = find_candidates(lines, title)
    keys = sorted({(one.place, one.line) for one in candidates})
    furniture = set(data.draw(st.lists(st.sampled_from(keys)))) if keys else set()
    removals = find_removals(lines, candidates, furniture)
    kept = leave_out(lines, {one.position for one in removals})
    assert sum(map(len, kept)) >= (1 - MAX_SHARE) * sum(map(len, lines))
    assert put_back(kept, [(one.position, one.line) for one in removals]) == lines
    assert not removals or "".join(kept)


@given(st.text())
def test_splitting_a_body_loses_nothing(body: str) -> None:
    assert "\n\n".join(split_body(body)) == body


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([-1, 0, 1]))), st.randoms())
def test_the_order_of_articles_does_not_matter(sightings: list[tuple[int, int]], chance: random.Random) -> None:
    shuffled = sightings[:]
    chance.shuffle(shuffled)
    assert is_furniture(shuffled) is is_furniture(sightings)


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from([0, 1]))), st.integers(0, 9))
def test_more_evidence_for_a_line_never_saves_it(sightings: list[tuple[int, int]], more: int) -> None:
    assert not is_furniture(sightings) or is_furniture([*sightings, (more, 1)])


@given(LINES)
def test_candidates_are_lines_of_the_body_in_order(lines: list[str]) -> None:
    candidates = find_candidates(lines, "Title")
    assert [one.line for one in candidates] == [lines[one.position] for one in candidates]
    assert all(isinstance(one, Candidate) and one.line.strip() for one in candidates)
    assert [one.position for one in candidates] == sorted({one.position for one in candidates})
    heads = [one.position for one in candidates if one.place == "head"]
    assert all(position < 3 and 2 * position < len(lines) for position in heads)
