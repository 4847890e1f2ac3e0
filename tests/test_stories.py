"""Articles find their story in a real archive, in whatever order they arrive, and leave it when they change."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from db.connection import open_archive, transaction
from db.frontier import add_seen_source, find_source
from db.records import Article, Duplicate
from db.store import insert_article, replace_text
from db.stories import CANDIDATES_MAX, FULL, choose_ids, erase_pairs, read_neighbourhood, write_pairs
from pipelines import signature, stories
from pipelines.grouping import group
from pipelines.judging import sign
from pipelines.stories import place_article, regroup
from tests.test_store import check_totals
from tests.texts import first_words, write_text

NOW = "2026-11-22T12:00:00Z"
WIRE = write_text(1, 300)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_archive(tmp_path / "news.db")
    yield database
    database.close()


@dataclass(frozen=True)
class Told:
    """One article of a test: an outlet, its text and the day of November 2026 (None: undated)."""

    host: str
    body: str
    day: float | None = 10


def _article(told: Told) -> Article:
    published = None
    if told.day is not None:
        hours = round(told.day * 24)
        published = f"2026-11-{hours // 24:02}T{hours % 24:02}:00:00Z"
    url = f"https://{told.host}.example/story-1"
    return Article(url, told.host.title(), told.body, published_at=published, word_count=len(told.body.split()))


def _add(db: Database, told: Told) -> int:
    signed = sign(_article(told))
    with transaction(db):
        source = find_source(db, signed.article.url)
        add_seen_source(db, source, signed.article.url)
        article_id = insert_article(db, signed, source_id=source, now=NOW, extractor="x", raw=None)
        place_article(db, article_id, signed.signature, new=True)
    check_totals(db)
    return article_id


def _change(db: Database, article_id: int, told: Told) -> None:
    signed = sign(_article(told))
    with transaction(db):
        replace_text(db, article_id, signed, extractor="x", raw=None)
        place_article(db, article_id, signed.signature)
    check_totals(db)


def _stories(db: Database) -> set[frozenset[str]]:
    """Returns the stories, each as the titles of its articles."""
    rows = db.execute("SELECT group_concat(title, ' ') FROM articles GROUP BY story_id")
    return {frozenset(row[0].split()) for row in rows}


def _pairs(db: Database) -> set[tuple[int, int, str]]:
    return set(db.execute("SELECT article_id, of_article_id, relation FROM duplicates"))


# --- joining ---


def test_a_wire_story_its_copies_and_a_stranger(db: Database) -> None:
    _add(db, Told("agency", WIRE, 10))
    _add(db, Told("hill", f"{write_text(5, 20)} {WIRE}", 10.25))
    _add(db, Told("lake", first_words(WIRE, 90), 10.5))
    _add(db, Told("wood", write_text(2, 300), 10.5))
    assert _stories(db) == {frozenset({"Agency", "Hill", "Lake"}), frozenset({"Wood"})}
    rows = db.execute(
        "SELECT article_id, of_article_id, relation, containment, number_overlap, numbers_changed, lead_overlap,"
        " gap_days FROM duplicates ORDER BY article_id, of_article_id"
    ).fetchall()
    assert rows == [
        (2, 1, "near", 1.0, 1.0, 0, 0.6429, 0.25),
        (3, 1, "contained", 1.0, 1.0, 0, 1.0, 0.5),
        (3, 2, "contained", 1.0, 1.0, 0, 0.6429, 0.25),
    ]
    story = db.execute(
        "SELECT title, lead_article_id, first_published_at, last_published_at, n_articles, n_sources FROM stories"
        " WHERE id = 1"
    ).fetchone()
    assert story == ("Agency", 1, "2026-11-10T00:00:00Z", "2026-11-10T12:00:00Z", 3, 3)


def test_the_lead_is_what_was_published_first_whenever_it_arrives(db: Database) -> None:
    _add(db, Told("hill", WIRE, 10))
    _add(db, Told("agency", f"{WIRE} More.", 9.5))
    assert db.execute("SELECT id, title, lead_article_id FROM stories").fetchall() == [(1, "Agency", 2)]
    assert db.execute("SELECT is_lead FROM articles ORDER BY id").fetchall() == [(0,), (1,)]
    assert _pairs(db) == {(1, 2, "near")}, "the later is of the earlier"


@pytest.mark.parametrize(("day", "together"), [(4, True), (16, True), (24, True), (25, False), (1, True)])
def test_copies_are_looked_for_within_two_weeks(db: Database, day: int, together: bool) -> None:
    _add(db, Told("agency", WIRE, 10))
    _add(db, Told("hill", f"{WIRE} More.", day))
    assert len(_stories(db)) == (1 if together else 2)


def test_copies_word_for_word_are_found_at_any_distance(db: Database) -> None:
    _add(db, Told("agency", WIRE, 1))
    _add(db, Told("hill", WIRE.upper(), 28))
    assert len(_stories(db)) == 1
    assert db.execute("SELECT relation, gap_days FROM duplicates").fetchall() == [("exact", 27.0)]


def test_a_short_notice_that_recurs_joins_nothing(db: Database) -> None:
    for host in ("hill", "lake"):
        _add(db, Told(host, write_text(3, 30)))
    assert len(_stories(db)) == 2
    assert _pairs(db) == set()


def test_an_undated_article_counts_from_the_day_it_was_seen(db: Database) -> None:
    _add(db, Told("agency", WIRE, 20))
    _add(db, Told("hill", f"{WIRE} More.", None))
    assert len(_stories(db)) == 1


def test_related_articles_are_noted_and_stay_apart(db: Database) -> None:
    _add(db, Told("agency", WIRE, 10))
    _add(db, Told("hill", f"{write_text(2, 200)} {' '.join(WIRE.split()[150:250])}", 11.5))
    assert len(_stories(db)) == 2
    assert _pairs(db) == {(2, 1, "related")}


@pytest.mark.parametrize("script", ["市议会说旧桥今年冬天修好", "شورای شهر گفت پل کهنه پیش از زمستان ترمیم شد "])
def test_scripts_of_all_kinds_have_stories(db: Database, script: str) -> None:
    rng = random.Random(1)
    letters = [letter for letter in script if letter != " "]
    space = "" if letters[0] > "\u3000" else " "

    def write(n: int) -> str:
        return space.join("".join(rng.choices(letters, k=3)) for _ in range(n))

    text = write(120)
    _add(db, Told("agency", text))
    _add(db, Told("hill", f"{write(20)}。\n\n{text}"))
    _add(db, Told("lake", write(120)))
    assert _stories(db) == {frozenset({"Agency", "Hill"}), frozenset({"Lake"})}


# --- ids ---


def test_a_late_arrival_makes_two_stories_one_and_the_older_id_stays(db: Database) -> None:
    head, tail = first_words(WIRE, 140), " ".join(WIRE.split()[150:])
    _add(db, Told("hill", head))
    _add(db, Told("lake", tail))
    assert _stories(db) == {frozenset({"Hill"}), frozenset({"Lake"})}
    _add(db, Told("agency", WIRE))
    assert len(_stories(db)) == 1
    assert db.execute("SELECT id FROM stories").fetchall() == [(1,)]
    assert db.execute("SELECT id, story_id FROM story_aliases").fetchall() == [(2, 1)]
    _add(db, Told("wood", write_text(9)))
    assert db.execute("SELECT max(id) FROM stories").fetchone() == (3,), "an id that led elsewhere is not given again"


def test_an_alias_follows_when_its_story_vanishes_too(db: Database) -> None:
    words = write_text(1, 450).split()
    for number, part in enumerate((words[305:445], words[:200], words[205:300])):
        _add(db, Told(f"hill{number}", " ".join(part)))
    _add(db, Told("lake", " ".join(words[:300])))
    assert db.execute("SELECT id, story_id FROM story_aliases ORDER BY id").fetchall() == [(3, 2)]
    _add(db, Told("agency", " ".join(words)))
    assert db.execute("SELECT id, story_id FROM story_aliases ORDER BY id").fetchall() == [(2, 1), (3, 1)]


def test_a_story_id_stays_with_most_of_its_articles() -> None:
    assert choose_ids([[1, 4], [2, 3, 5]], {1: 7, 2: 7, 3: 7, 4: 8, 5: 9}) == [[8], [7, 9]]
    assert choose_ids([[1], [2]], {1: 7, 2: 7}) == [[7], []]


# --- changes ---


def test_a_rewritten_article_leaves_its_story(db: Database) -> None:
    _add(db, Told("agency", WIRE))
    article = _add(db, Told("hill", f"{WIRE} More."))
    _change(db, article, Told("hill", write_text(2)))
    assert _stories(db) == {frozenset({"Agency"}), frozenset({"Hill"})}
    assert _pairs(db) == set()
    _change(db, article, Told("hill", f"{WIRE} And more."))
    assert _stories(db) == {frozenset({"Agency", "Hill"})}
    assert db.execute("SELECT count(*) FROM signatures").fetchone() == (2,)


def test_copies_of_an_article_that_changed_stay_together(db: Database) -> None:
    first = _add(db, Told("agency", WIRE, 1))
    _add(db, Told("hill", WIRE, 15.5))
    _add(db, Told("lake", WIRE, 29))
    _change(db, first, Told("agency", write_text(2), 1))
    assert _stories(db) == {frozenset({"Agency"}), frozenset({"Hill", "Lake"})}


def test_a_round_up_that_loses_a_part_is_told_anew(db: Database) -> None:
    """Its other parts are in no story of the article that changed: only the pair led there."""
    parts = [write_text(seed, 60) for seed in (11, 12, 13)]
    first, *_ = [_add(db, Told(f"part{n}", part)) for n, part in enumerate(parts)]
    _add(db, Told("digest", " ".join(parts)))
    assert len(_stories(db)) == 4
    _change(db, first, Told("part0", write_text(14, 60)))
    changed = _stories(db)
    list(regroup(db))
    assert changed == _stories(db) == {frozenset({"Part0"}), frozenset({"Part1", "Part2", "Digest"})}


def test_a_changed_date_files_an_article_anew(db: Database) -> None:
    _add(db, Told("agency", WIRE, 1))
    article = _add(db, Told("hill", f"{WIRE} More.", 25))
    assert len(_stories(db)) == 2
    _change(db, article, Told("hill", f"{WIRE} More.", 2))
    assert len(_stories(db)) == 1
    weeks = db.execute("SELECT count(DISTINCT week) FROM fingerprints").fetchone()
    assert weeks == db.execute("SELECT count(DISTINCT week) FROM signatures").fetchone() == (1,)


# --- order ---

TEXTS = [
    WIRE,
    f"{write_text(5, 20)} {WIRE}",
    f"{WIRE} {write_text(6, 30)}",
    first_words(WIRE, 90),
    f"{write_text(7, 180)} {' '.join(WIRE.split()[150:300])}",
    write_text(2, 200),
    f"{first_words(write_text(2, 200), 60)} {first_words(WIRE, 60)} {write_text(3, 50)}",
    first_words(write_text(2, 200), 50),
    write_text(3, 50),
    WIRE.upper(),
]
TOLD = st.lists(
    st.tuples(st.sampled_from(range(len(TEXTS))), st.sampled_from([1, 2, 2.5, 9, 22, 27])), min_size=2, max_size=9
)


@settings(max_examples=40, deadline=None)
@given(TOLD, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(drawn: list[tuple[int, float]], rng: random.Random) -> None:
    # No two at one instant: the lead of these would be the one that arrived first.
    told = [Told(f"site{n}", TEXTS[text], day + n / 24) for n, (text, day) in enumerate(drawn)]
    found = []
    for order in (told, rng.sample(told, len(told))):
        db = open_archive(":memory:")
        for one in order:
            _add(db, one)
        found.append((_stories(db), set(db.execute("SELECT title FROM stories"))))
        db.close()
    assert found[0] == found[1]


@settings(max_examples=25, deadline=None)
@given(TOLD, st.lists(st.tuples(st.integers(0, 8), st.sampled_from(range(len(TEXTS)))), max_size=4))
def test_changing_texts_leads_where_adding_them_so_would(
    drawn: list[tuple[int, float]], changes: list[tuple[int, int]]
) -> None:
    db = open_archive(":memory:")
    told = [Told(f"site{n}", TEXTS[text], day) for n, (text, day) in enumerate(drawn)]
    ids = [_add(db, one) for one in told]
    for which, text in changes:
        n = which % len(told)
        told[n] = Told(told[n].host, TEXTS[text], told[n].day)
        _change(db, ids[n], told[n])
    fresh = open_archive(":memory:")
    for one in told:
        _add(fresh, one)
    assert _stories(db) == _stories(fresh)
    db.close()
    fresh.close()


# --- what a change reaches ---

N_ARTICLES = 14
CHANGES = st.lists(
    st.tuples(
        st.integers(1, N_ARTICLES),
        st.dictionaries(
            st.integers(1, N_ARTICLES),
            st.tuples(
                st.sampled_from(["near", "contained", "contained", "contained", "whole", "related"]),
                st.sampled_from([0.6, 0.8, 1.0]),
            ),
            max_size=6,
        ),
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=150, deadline=None)
@given(CHANGES)
def test_whatever_pairs_change_the_stories_are_those_of_all_pairs(
    changes: list[tuple[int, dict[int, tuple[str, float]]]],
) -> None:
    """Though only what a change can reach is read: each article in turn gets other pairs."""
    db = open_archive(":memory:")
    for n in range(1, N_ARTICLES + 1):
        _add(db, Told(f"site{n}", f"Nothing {n}."))
    for article, partners in changes:
        with transaction(db):
            gone = erase_pairs(db, article)
            made = []
            for other, (relation, containment) in partners.items():
                ends = (other, article) if relation == "whole" else (article, other)
                if other != article:
                    kind: Any = relation.replace("whole", "contained")
                    made.append(Duplicate(*ends, kind, containment, 1.0, 0, 0.5, 0.1))
            write_pairs(db, made)
            joining = [pair for pair in (*gone, *made) if pair.relation != "related"]
            stories._settle(db, {article, *stories._partners(article, joining)})
        pairs = [Duplicate(*row[:8]) for row in db.execute("SELECT * FROM duplicates")]
        found: dict[int, list[int]] = {}
        for one, story_id in db.execute("SELECT id, story_id FROM articles ORDER BY id"):
            found.setdefault(story_id, []).append(one)
        assert sorted(found.values()) == group(range(1, N_ARTICLES + 1), pairs)
    check_totals(db)
    db.close()


def test_newsletters_that_share_items_day_after_day_cost_no_more_than_the_first(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each repeats yesterday's items beside today's, so that all of them hang together, for years."""
    n_read: list[int] = []

    def read(*arguments: Any) -> Any:
        found = read_neighbourhood(*arguments)
        n_read.append(len(found[1]))
        return found

    monkeypatch.setattr(stories, "read_neighbourhood", read)
    before: list[str] = []
    for day in range(1, 25):
        items = [write_text(10 * day + n, 60) for n in range(3)]
        for n, item in enumerate(items):
            _add(db, Told(f"item{n}x{day}", item, day))
        _add(db, Told(f"letter{day}", "\n\n".join([*before, *items]), day + 0.5))
        before = items
    assert len(_stories(db)) == 4 * 24
    assert max(n_read) < 30, "of 96, for one"


# --- bounds ---


def test_copies_beyond_the_bounds_stay_when_all_they_are_paired_with_are_edited(db: Database) -> None:
    """And an edit of one copy of many is not a reason to read the story."""
    told = [Told(f"site{n}", f"{WIRE} {write_text(100 + n, 20)}", round(10 + n / 240, 4)) for n in range(2 * FULL + 12)]
    ids = [_add(db, one) for one in told]
    for one, article in zip(told[: FULL + 8], ids, strict=False):
        _change(db, article, Told(one.host, f"{one.body} Edited.", one.day))
        assert len(_stories(db)) == 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stories, "read_neighbourhood", None)
        for n in (0, FULL + 20):
            _change(db, ids[n], Told(told[n].host, f"{told[n].body} Edited again.", told[n].day))
    list(regroup(db))
    assert db.execute("SELECT count(*), (SELECT count(*) FROM story_aliases) FROM stories").fetchone() == (1, 0)


def test_a_text_that_many_run_costs_no_more_than_its_bound(db: Database) -> None:
    for n in range(FULL + 12):
        _add(db, Told(f"site{n}", f"{WIRE} {write_text(100 + n, 20)}", 10))
    assert len(_stories(db)) == 1
    widest = db.execute("SELECT max(n) FROM (SELECT count(*) AS n FROM fingerprints GROUP BY week, hash)").fetchone()
    assert widest == (FULL,)
    assert db.execute("SELECT max(n) FROM (SELECT count(*) AS n FROM duplicates GROUP BY article_id)").fetchone() <= (
        2 * FULL,
    )


def test_behind_a_story_of_many_copies_a_short_cut_is_still_found(db: Database) -> None:
    """Each copy shares more with the rest than with the cut, which only the last is close enough to."""
    wire, label = write_text(1, 400), write_text(5, 20)
    _add(db, Told("cut", f"{write_text(2, 70)} {first_words(wire, 60)} {label}", 10))
    for n in range(CANDIDATES_MAX + 8):
        _add(db, Told(f"site{n}", f"{wire} {write_text(100 + n, 20)}", 10))
    assert len(_stories(db)) == 2, "it shares too little with each of them"
    _add(db, Told("last", f"{wire} {label}", 10))
    assert len(_stories(db)) == 1
    assert sum(regroup(db)) == CANDIDATES_MAX + 10
    assert len(_stories(db)) == 1, "and stays, though now they are of one story"


# --- the index made anew ---

INDEX = (
    "SELECT 'f', week, hash, article_id FROM fingerprints UNION ALL"
    " SELECT 's', week, hex(shingles) || hex(numbers), article_id FROM signatures ORDER BY 1, 2, 3, 4"
)


def _told() -> list[Told]:
    texts = [*TEXTS, *(f"{write_text(100 + n, 15)} {WIRE}" for n in range(FULL + 4))]
    return [Told(f"site{n}", text, 1 + n % 9) for n, text in enumerate(texts)]


@pytest.mark.parametrize("change", [{"SAMPLING": 16}, {"HEAD_SAMPLING": 8, "SAMPLING": 8}, {"SHINGLE_WORDS": 4}])
def test_regrouping_leaves_nothing_of_another_sampling(
    db: Database, monkeypatch: pytest.MonkeyPatch, change: dict[str, int]
) -> None:
    for told in _told():
        _add(db, told)
    before = db.execute(INDEX).fetchall()
    assert sum(regroup(db)) == len(_told())
    assert db.execute(INDEX).fetchall() == before, "without a change it is as it was"
    for name, value in change.items():
        monkeypatch.setattr(signature, name, value)
    list(regroup(db))
    assert db.execute(INDEX).fetchall() != before
    fresh = open_archive(":memory:")
    for told in _told():
        _add(fresh, told)
    assert db.execute(INDEX).fetchall() == fresh.execute(INDEX).fetchall()
    assert {pair for pair in _pairs(fresh) if pair[2] != "related"} <= _pairs(db), "pairs known before are tried, too"
    fresh.close()


def test_regrouping_that_is_stopped_at_any_moment_leaves_each_text_filed(db: Database) -> None:
    for told in _told():
        _add(db, told)
    db.execute("INSERT INTO fingerprints (week, hash, article_id) SELECT week, 5, 999 FROM signatures LIMIT 1")
    for _ in regroup(db):
        assert db.execute("SELECT count(*) FROM signatures").fetchone() == (len(_told()),)
        assert db.execute(
            "SELECT count(*) FROM fingerprints f LEFT JOIN signatures s USING (article_id) WHERE f.week IS NOT s.week"
        ).fetchone() in [(0,), (1,)]
    assert db.execute("SELECT count(*) FROM fingerprints WHERE article_id = 999").fetchone() == (0,)


# --- large stories ---

EVERYTHING = (
    "SELECT 'a', id, story_id, is_lead, title FROM articles UNION ALL"
    " SELECT 's', id, lead_article_id, n_articles || ' ' || n_sources || first_published_at || last_published_at, title"
    " FROM stories UNION ALL SELECT 'd', day, n_articles, n_stories, '' FROM daily_totals UNION ALL"
    " SELECT 'p', article_id, of_article_id, relation, containment FROM duplicates UNION ALL"
    " SELECT 'l', id, story_id, '', '' FROM story_aliases ORDER BY 1, 2, 3, 4, 5"
)


@settings(max_examples=30, deadline=None)
@given(TOLD, st.lists(st.sampled_from(["near", "cut", "more", "exact"]), max_size=6))
def test_joining_a_story_without_reading_it_comes_to_the_same(
    drawn: list[tuple[int, float]], versions: list[str]
) -> None:
    told = [Told(f"site{n % 5}", TEXTS[text], day) for n, (text, day) in enumerate(drawn)]
    for n, version in enumerate(versions):
        text = {"near": f"{write_text(200 + n, 20)} {WIRE}", "cut": first_words(WIRE, 80 + n), "exact": WIRE}
        told.append(Told(f"late{n}", text.get(version, f"{WIRE} {write_text(300 + n, 400)}"), 2 + n / 8))
    found = []
    for find_core in (stories._find_core, lambda *_: None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(stories, "_find_core", find_core)
            db = open_archive(":memory:")
            for one in told:
                _add(db, one)
            found.append(db.execute(EVERYTHING).fetchall())
            db.close()
    assert found[0] == found[1]


def test_a_story_of_a_hundred_copies_is_that_of_regrouping_and_is_not_read_for_each(db: Database) -> None:
    rng, n_read = random.Random(4), [0]
    words = WIRE.split()

    def write(n: int) -> str:
        start = rng.randrange(len(words) - 20)
        edited = " ".join([*words[:start], *write_text(500 + n, 12).split(), *words[start + 15 :]])
        return first_words(WIRE, rng.randrange(60, 120)) if n % 12 == 0 else f"{write_text(700 + n, 10)} {edited}"

    def read(*arguments: Any) -> Any:
        n_read[0] += 1
        return read_neighbourhood(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stories, "read_neighbourhood", read)
        for n in range(1, 101):
            _add(db, Told(f"site{n % 40}", write(n), round(10 + rng.random(), 3)))
        assert n_read[0] < 40, "a cut, or a copy that holds one, may change more than its own place"
    before = db.execute("SELECT * FROM stories").fetchall(), db.execute("SELECT id, story_id, is_lead FROM articles")
    seen = before[0], before[1].fetchall()
    assert max(row[-2] for row in seen[0]) >= 90
    list(regroup(db))
    assert db.execute("SELECT * FROM stories").fetchall() == seen[0]
    assert db.execute("SELECT id, story_id, is_lead FROM articles").fetchall() == seen[1]


def test_a_version_that_makes_two_cores_one_reads_what_that_may_change(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round-up of the shorter core may be none of both together."""
    asked: list[Any] = []

    def read(*arguments: Any) -> Any:
        asked.append(arguments)
        return read_neighbourhood(*arguments)

    monkeypatch.setattr(stories, "read_neighbourhood", read)
    _add(db, Told("agency", WIRE))
    _add(db, Told("hill", first_words(WIRE, 135)))
    assert _pairs(db) == {(2, 1, "contained")}
    asked.clear()
    _add(db, Told("lake", first_words(WIRE, 205)))
    assert _pairs(db) == {(2, 1, "contained"), (3, 1, "near"), (3, 2, "near")}
    assert len(asked) == 1
    _add(db, Told("wood", first_words(WIRE, 210)))
    assert len(asked) == 1, "now they are one, and one more version of it changes nothing"
