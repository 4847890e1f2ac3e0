"""Captures of one article in any order: the text captured last is current, the others stand in the order of time."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from db.connection import open_archive, transaction
from db.frontier import sync_sources
from db.records import Article, RawRef, Source
from pipelines.history import History, Version, add_capture
from pipelines.judging import sign
from pipelines.page import Page, Reading
from pipelines.stages import Extracted, store_page
from tests.test_store import check_totals
from tests.texts import write_text

URL = "https://hill.example/bridge-1"
BODY = write_text(1, 200)
TEXTS = [
    BODY,
    f"{BODY}\n\nThe mayor said 12 beams are needed.",
    f"{BODY}\n\nThe mayor said 14 beams are needed, not 12, which was wrong.",
    f"{BODY}\n\n{write_text(2, 60)}",
    write_text(3, 220),
    f"{write_text(3, 220)}\n\nOf sheep nobody spoke.",
]
CUT = BODY[:300]
"""Of the first four."""
COLUMNS = "n_revisions, first_seen_at, last_seen_at, updated_at, captured_at"


def _at(hour: int) -> str:
    return f"2018-11-{1 + hour // 24:02}T{hour % 24:02}:00:00Z"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    yield (database := _open(str(tmp_path / "news.db")))
    database.close()


def _open(path: str = ":memory:") -> Database:
    database = open_archive(path)
    with transaction(database):
        sync_sources(database, [Source("hill", "Hill", homepage="https://hill.example/", archives=("old.warc.gz",))])
    return database


def _store(
    db: Database, body: str, at: str, *, live: bool = False, dated: bool = True, title: str = "A", **changes: Any
) -> str:
    """Stores a capture, or with ``live`` a page fetched just now, and checks that the archive's counts stay true."""
    article = Article(URL, title, body, published_at="2018-11-01T00:00:00Z" if dated else None)
    signed = sign(replace(article, word_count=len(body.split())))
    page = Page(URL, URL, 200, (), b"", at, seed_id=1, raw=RawRef(f"{at}.warc", 7, 9), imported=not live)
    page = replace(page, milliseconds=5 if live else None, **changes)
    with transaction(db):
        outcome = store_page(db, None, Extracted(page, Reading(signed)))
    check_totals(db)
    return outcome


def _revisions(db: Database) -> list[tuple[int, str, str, str]]:
    """Returns number, moment, kind and body of each revision."""
    rows = db.execute("SELECT number, seen_at, kind, body FROM revisions ORDER BY number").fetchall()
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    assert db.execute("SELECT n_revisions FROM articles").fetchone() == (len(rows),)
    return rows


def _article(db: Database) -> dict[str, Any]:
    """Returns everything about the one article that captures change."""
    row = db.execute(
        f"SELECT {COLUMNS}, a.title, body, folded, content_hash, word_count, warc_file FROM articles a"
        " JOIN article_text t ON t.id = a.id"
    ).fetchone()
    history = db.execute(
        "SELECT number, seen_at, title, body, content_hash, kind, words_added, words_removed, numbers_changed"
        " FROM revisions ORDER BY number"
    ).fetchall()
    signature = db.execute("SELECT week, shingles FROM signatures").fetchall()
    return {"article": row, "history": history, "signature": signature}


def test_an_earlier_capture_becomes_a_revision_and_changes_nothing_else(db: Database) -> None:
    assert _store(db, TEXTS[2], _at(9)) == "new"
    before = _article(db)
    assert _store(db, TEXTS[1], _at(3)) == "revised"
    after = _article(db)
    assert after["article"] == (1, _at(3), *before["article"][2:]), "first seen earlier, and that is all"
    assert _revisions(db) == [(1, _at(9), "correction", TEXTS[1])], "replaced when the text after it was seen"
    assert db.execute("SELECT words_added, words_removed FROM revisions").fetchone() == (6, 1)
    assert db.execute("SELECT rowid FROM article_text_fts WHERE article_text_fts MATCH 'wrong'").fetchall() == [(1,)]
    assert _store(db, TEXTS[1], _at(3)) == "same"
    assert _article(db) == after, "however often it is read"


def test_a_capture_between_two_others_ends_the_one_and_lasts_until_the_other(db: Database) -> None:
    _store(db, TEXTS[0], _at(1))
    _store(db, TEXTS[2], _at(9))
    assert _store(db, TEXTS[1], _at(5)) == "revised"
    assert _revisions(db) == [(1, _at(5), "minor", TEXTS[0]), (2, _at(9), "correction", TEXTS[1])]
    assert db.execute(f"SELECT {COLUMNS} FROM articles").fetchone() == (2, _at(1), _at(9), _at(9), _at(9))


def test_an_earlier_sight_of_the_same_text_makes_it_older(db: Database) -> None:
    _store(db, TEXTS[1], _at(9))
    assert _store(db, TEXTS[1].upper(), _at(4)) == "same"
    assert db.execute(f"SELECT {COLUMNS} FROM articles").fetchone() == (0, _at(4), _at(9), _at(4), _at(9))
    assert db.execute("SELECT body FROM article_text").fetchone() == (TEXTS[1],)
    _store(db, TEXTS[0], _at(1))
    _store(db, TEXTS[1], _at(2))
    assert _revisions(db) == [(1, _at(2), "minor", TEXTS[0])]
    assert db.execute(f"SELECT {COLUMNS} FROM articles").fetchone() == (1, _at(1), _at(9), _at(2), _at(9))


def test_what_a_live_crawl_stored_no_archive_replaces(db: Database) -> None:
    _store(db, TEXTS[2], _at(0), live=True)
    before = db.execute("SELECT updated_at, captured_at FROM articles").fetchone()
    _store(db, TEXTS[0], _at(5))
    assert db.execute("SELECT body FROM article_text").fetchone() == (TEXTS[2],)
    assert db.execute("SELECT updated_at, captured_at FROM articles").fetchone() == before
    assert [row[3] for row in _revisions(db)] == [TEXTS[0]]
    assert _store(db, TEXTS[3], _at(0), live=True) == "revised"
    assert db.execute("SELECT body FROM article_text").fetchone() == (TEXTS[3],)
    assert [row[3] for row in _revisions(db)] == [TEXTS[0], TEXTS[2]]


def test_a_live_page_is_the_latest_even_after_a_clock_was_put_back(db: Database) -> None:
    _store(db, TEXTS[0], _at(0), live=True)
    db.execute("UPDATE articles SET captured_at = '2199-01-01T00:00:00Z'")
    assert _store(db, TEXTS[1], _at(0), live=True) == "revised"
    assert db.execute("SELECT body FROM article_text").fetchone() == (TEXTS[1],)


def test_a_capture_of_the_future_counts_from_now(db: Database) -> None:
    _store(db, TEXTS[0], "2199-01-01T00:00:00Z")
    assert db.execute("SELECT first_seen_at < '2100' AND captured_at < '2100' FROM articles").fetchone() == (1,)
    assert _store(db, TEXTS[1], _at(0), live=True) == "revised"


def test_of_two_captures_of_one_moment_the_later_read_is_current(db: Database) -> None:
    for text in TEXTS[:2]:
        _store(db, text, _at(3))
    assert db.execute("SELECT body FROM article_text").fetchone() == (TEXTS[1],)


def test_a_text_between_two_sights_of_the_current_one(db: Database) -> None:
    for hour in (1, 9):
        _store(db, TEXTS[0], _at(hour))
    assert _store(db, TEXTS[1], _at(5)) == "revised"
    assert _revisions(db) == [(1, _at(5), "minor", TEXTS[0]), (2, _at(9), "minor", TEXTS[1])]
    assert db.execute("SELECT body, captured_at FROM article_text JOIN articles USING (id)").fetchone() == (
        *(TEXTS[0], _at(9)),
    )
    assert _store(db, TEXTS[1], _at(6)) == "same"


@pytest.mark.parametrize("hours", [(1, 5, 9), (9, 5, 1), (5, 9, 1), (5, 1, 9)])
def test_a_text_that_is_current_is_no_news_where_it_was_also_seen_earlier(db: Database, hours: tuple[int, ...]) -> None:
    """It was replaced once and came back: the history says so, the run does not count it as an edit."""
    told = [_store(db, TEXTS[hour == 5], _at(hour)) for hour in hours]
    assert sorted(told) == ["new", "revised", "same"]
    assert _revisions(db) == [(1, _at(5), "minor", TEXTS[0]), (2, _at(9), "minor", TEXTS[1])]


def test_reextraction_replaces_the_text_and_leaves_the_history(db: Database) -> None:
    _store(db, TEXTS[2], _at(9))
    _store(db, TEXTS[0], _at(3))
    times = db.execute(f"SELECT {COLUMNS} FROM articles").fetchone()
    link = db.execute("SELECT id FROM links").fetchone()[0]
    assert _store(db, TEXTS[3], _at(9), link_id=link, reextracted=True, known=True) == "reextracted"
    assert db.execute("SELECT body FROM article_text").fetchone() == (TEXTS[3],)
    assert db.execute(f"SELECT {COLUMNS} FROM articles").fetchone() == times
    assert [row[3] for row in _revisions(db)] == [TEXTS[0]]


def test_a_page_first_read_by_reextraction_counts_from_its_fetch(db: Database) -> None:
    _store(db, TEXTS[0], _at(4), reextracted=True, dated=False)
    assert db.execute("SELECT first_seen_at FROM articles").fetchone() == (_at(4),)


# --- cuts ---


def test_a_cut_is_kept_once_and_never_replaces(db: Database) -> None:
    _store(db, BODY, _at(1))
    assert [_store(db, CUT, _at(hour)) for hour in (2, 3)] == ["revised", "same"]
    assert _revisions(db) == [(1, _at(2), "truncated", CUT)]
    assert db.execute(f"SELECT {COLUMNS} FROM articles").fetchone() == (1, _at(1), _at(3), _at(1), _at(1))
    assert db.execute("SELECT body FROM article_text").fetchone() == (BODY,)


def test_an_earlier_whole_text_takes_the_place_of_its_cut(db: Database) -> None:
    """A wall had come up by the time of the first crawl; in the order of time the cut would have replaced nothing."""
    _store(db, CUT, _at(0), live=True)
    assert _store(db, BODY, _at(5)) == "revised"
    assert db.execute("SELECT body, warc_file FROM article_text JOIN articles USING (id)").fetchone() == (
        *(BODY, f"{_at(5)}.warc"),
    )
    ((_, _, kind, body),) = _revisions(db)
    assert (kind, body) == ("truncated", CUT)


def test_a_cut_between_two_texts_is_told_as_one_once_the_first_is_known(db: Database) -> None:
    _store(db, TEXTS[1], _at(9))
    _store(db, CUT, _at(5))
    assert _revisions(db) == [(1, _at(9), "update", CUT)]
    _store(db, BODY, _at(2))
    assert _revisions(db) == [(1, _at(5), "truncated", CUT), (2, _at(9), "minor", BODY)]


# --- without a date ---


def test_a_page_without_a_date_counts_from_its_first_capture(db: Database) -> None:
    _store(db, TEXTS[0], _at(50), dated=False)
    assert db.execute("SELECT day FROM daily_totals WHERE n_articles").fetchall() == [(_at(50)[:10],)]
    week = db.execute("SELECT week FROM signatures").fetchone()
    _store(db, TEXTS[0], "2018-09-01T00:00:00Z", dated=False)
    assert db.execute("SELECT day FROM daily_totals WHERE n_articles").fetchall() == [("2018-09-01",)]
    assert db.execute("SELECT first_published_at FROM stories").fetchone() == ("2018-09-01T00:00:00Z",)
    assert db.execute("SELECT week FROM signatures").fetchone() < week
    assert (
        db.execute("SELECT DISTINCT week FROM fingerprints").fetchall()
        == db.execute("SELECT week FROM signatures").fetchall()
    )


# --- any order ---

CAPTURES = st.lists(
    st.tuples(st.integers(0, len(TEXTS) - 1), st.integers(1, 3)), min_size=1, max_size=5, unique_by=lambda one: one[0]
)


def _in_time(blocks: Sequence[tuple[int, int]], cut: int | None) -> list[tuple[str, str]]:
    """Returns captures in the order of time, each text some times in a row, and a cut of all of them somewhere."""
    texts = [TEXTS[text] for text, times in blocks for _ in range(times)]
    if cut is not None and max(text for text, _ in blocks) < 4:
        texts.insert(cut % (len(texts) + 1), CUT)
    return [(text, _at(3 * n)) for n, text in enumerate(texts)]


@settings(max_examples=60, deadline=None)
@given(CAPTURES, st.none() | st.integers(0, 15), st.booleans(), st.randoms(use_true_random=False))
def test_any_order_of_arrival_makes_the_history_of_the_order_of_time(
    blocks: list[tuple[int, int]], cut: int | None, dated: bool, rng: random.Random
) -> None:
    captures = _in_time(blocks, cut)
    found = []
    for order in (captures, rng.sample(captures, len(captures))):
        db = _open()
        for text, at in order:
            _store(db, text, at, dated=dated)
        found.append(_article(db))
        found[-1]["article"] = found[-1]["article"][:-1]  # which of equal captures the text was read from
        # What a cut lacks is counted against the text that was known when it came.
        found[-1]["history"] = [row[:6] if "truncated" in row else row for row in found[-1]["history"]]
        db.close()
    assert found[0] == found[1]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), min_size=1, max_size=9))
def test_no_text_is_lost_and_times_never_go_backwards(drawn: list[tuple[int, int]]) -> None:
    """Texts in turn, too, at moments that may be equal."""
    pool = [BODY, f"{BODY} Sheep.", CUT, TEXTS[4], f"{BODY} {TEXTS[4]}"]
    versions = [Version("A", pool[text], str(text), _at(hour)) for text, hour in drawn]
    history = History((), versions[0], versions[0].seen_at)
    for version in versions[1:]:
        history = add_capture(history, version)
        times = [one.seen_at for one in history.revisions]
        assert times == sorted(times)
        assert history.first_seen_at <= history.current_since
    texts = [one.content_hash for one in history.revisions]
    assert len(texts) == len(set(texts)), "each is kept once"
    assert {*texts, history.current.content_hash} == {one.content_hash for one in versions}
    assert history.first_seen_at == min(one.seen_at for one in versions)
