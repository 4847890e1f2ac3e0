"""Reads and writes of articles: stories, days, topics, mentions and the fetch log stay true to each other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from db.connection import open_archive, transaction
from db.frontier import add_seen_source, find_source
from db.records import Article, Fetch, RawRef, SignedArticle
from db.store import (
    EXACT_MAX,
    add_urls,
    find_article,
    find_exact,
    insert_article,
    note_first_sight,
    replace_text,
    touch_article,
    write_fetch,
)
from db.stories import settle_stories
from pipelines.judging import sign

NOW = "2026-11-22T12:00:00Z"
LATER = "2026-11-23T12:00:00Z"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_archive(tmp_path / "news.db")
    yield database
    database.close()


def _signed(body: str, day: str | None = "2026-11-21", title: str = "A", host: str = "hill") -> SignedArticle:
    published = f"{day}T08:00:00Z" if day else None
    return sign(Article(f"https://{host}.example/a-1", title, body, ("Ann", "Бо"), published_at=published, image=None))


def _insert(db: Database, signed: SignedArticle, raw: RawRef | None = None) -> int:
    with transaction(db):
        source = find_source(db, signed.article.url)
        add_seen_source(db, source, signed.article.url)
        return insert_article(db, signed, source_id=source, now=NOW, extractor="x", raw=raw)


def _join(db: Database, one: int, other: int) -> None:
    """Makes the stories of two articles one."""
    ids = db.execute(
        "SELECT id FROM articles WHERE story_id IN (SELECT story_id FROM articles WHERE id IN (?, ?)) ORDER BY id",
        (one, other),
    ).fetchall()
    settle_stories(db, [[row[0] for row in ids]])


def check_totals(db: Database) -> None:
    """What is kept for charts must equal what a count would give."""
    kept = {day: (a, s) for day, a, s in db.execute("SELECT day, n_articles, n_stories FROM daily_totals") if a or s}
    counted: dict[str, list[int]] = {}
    for (day,) in db.execute("SELECT substr(coalesce(published_at, first_seen_at), 1, 10) FROM articles"):
        counted.setdefault(day, [0, 0])[0] += 1
    for (day,) in db.execute("SELECT substr(first_published_at, 1, 10) FROM stories"):
        counted.setdefault(day, [0, 0])[1] += 1
    assert kept == {day: tuple(numbers) for day, numbers in counted.items()}
    assert (
        db.execute("SELECT count(*) FROM articles WHERE is_lead").fetchone()
        == db.execute("SELECT count(*) FROM stories").fetchone()
    )
    assert db.execute(
        "SELECT count(*) FROM stories s WHERE n_articles <> (SELECT count(*) FROM articles WHERE story_id = s.id)"
    ).fetchone() == (0,)
    assert db.execute(
        "SELECT count(*) FROM sources s WHERE n_articles <> (SELECT count(*) FROM articles WHERE source_id = s.id)"
    ).fetchone() == (0,)
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_an_article_is_found_by_url_and_by_its_words(db: Database) -> None:
    article = _insert(db, _signed("The bridge is mended."), raw=RawRef("a.warc.gz", 7, 99))
    add_urls(db, article, {"hill.example/a-1": "link", "hill.example/a": "canonical"})
    for keys in (["hill.example/a"], ["nowhere.example/x", "hill.example/a-1"]):
        found = find_article(db, keys)
        assert found is not None
        assert (found.id, found.title, found.body, found.source_id) == (
            *(article, "A", "The bridge is mended."),
            "hill.example",
        )
    assert find_article(db, []) is None
    assert find_article(db, ["nowhere.example/x"]) is None
    same = _signed("the BRIDGE is mended!").content_hash
    assert find_exact(db, same, "A") == [(article, "https://hill.example/a-1", "2026-11-21T08:00:00Z")]
    assert find_exact(db, same, "B") == find_exact(db, "no such hash", "A") == []
    row = db.execute("SELECT authors, warc_file, warc_offset, warc_length FROM articles").fetchone()
    assert (json.loads(row[0]), *row[1:]) == (["Ann", "Бо"], "a.warc.gz", 7, 99)


def test_of_a_notice_that_many_articles_are_the_newest_are_looked_through(db: Database) -> None:
    with transaction(db):
        source = find_source(db, "https://hill.example/a-1")
        add_seen_source(db, source, "https://hill.example/a-1")
        for n in range(EXACT_MAX + 5):
            signed = sign(Article(f"https://hill.example/a-{n}", "A", "The same notice."))
            insert_article(db, signed, source_id=source, now=NOW, extractor="x", raw=None)
    found = [article for article, _, _ in find_exact(db, signed.content_hash, "A")]
    assert found == list(range(EXACT_MAX + 5, 5, -1))


def test_a_taken_identity_stays_where_it_is(db: Database) -> None:
    first, second = _insert(db, _signed("One.")), _insert(db, _signed("Two."))
    add_urls(db, first, {"hill.example/a": "link"})
    add_urls(db, second, {"hill.example/a": "canonical", "hill.example/b": "link"})
    assert db.execute("SELECT url_key, article_id, kind FROM article_urls ORDER BY 1").fetchall() == [
        ("hill.example/a", first, "link"),
        ("hill.example/b", second, "link"),
    ]


def test_an_undated_article_counts_on_the_day_it_was_seen(db: Database) -> None:
    _insert(db, _signed("One.", None))
    assert db.execute("SELECT day FROM daily_totals").fetchall() == [("2026-11-22",)]
    assert db.execute("SELECT first_published_at FROM stories").fetchone() == (NOW,)
    check_totals(db)


days = st.sampled_from([None, "2026-11-19", "2026-11-20", "2026-11-21"])
steps = st.lists(st.tuples(st.sampled_from(["new", "join", "edit"]), days, st.integers(0, 5)), max_size=10)


@settings(max_examples=25, deadline=None)
@given(steps)
def test_stories_days_and_counts_stay_true_whatever_happens(steps: list[tuple[str, str | None, int]]) -> None:
    db = open_archive(":memory:")
    ids: list[int] = []
    for n, (step, day, which) in enumerate(steps):
        body = f"Body {which}."
        if step == "edit" and ids:
            with transaction(db):
                replace_text(db, ids[which % len(ids)], _signed(f"Edited {n}.", day), extractor="x", raw=None)
        else:
            ids.append(_insert(db, _signed(body, day, host="hill" if n % 2 else "lake")))
            if step == "join":
                with transaction(db):
                    _join(db, ids[which % len(ids)], ids[-1])
        check_totals(db)
    db.close()


def test_the_search_index_follows_the_text(db: Database) -> None:
    article = _insert(db, _signed("The bridge is mended."))

    def found(word: str) -> list[int]:
        query = "SELECT rowid FROM article_text_fts WHERE article_text_fts MATCH ?"
        return [row[0] for row in db.execute(query, (word,))]

    assert found("bridge") == [article]
    with transaction(db):
        replace_text(db, article, _signed("The road is closed."), extractor="x", raw=None)
    assert (found("bridge"), found("road")) == ([], [article])
    db.execute("INSERT INTO article_text_fts (article_text_fts) VALUES ('integrity-check')")


def test_touching_moves_the_last_sight_only(db: Database) -> None:
    article = _insert(db, _signed("One."))
    sql = "SELECT last_seen_at, captured_at, updated_at, first_seen_at FROM articles"
    touch_article(db, article, LATER, has_text=False)
    assert db.execute(sql).fetchone() == (LATER, NOW, NOW, NOW)
    touch_article(db, article, LATER)
    assert db.execute(sql).fetchone() == (LATER, LATER, NOW, NOW)
    touch_article(db, article, NOW)
    assert db.execute(sql).fetchone() == (LATER, LATER, NOW, NOW), "an earlier sight is no news"


@pytest.mark.parametrize("day", ["2026-11-21", None])
def test_an_earlier_first_sight_moves_what_has_no_date(db: Database, day: str | None) -> None:
    article = _insert(db, _signed("One.", day))
    earlier = "2018-11-09T08:30:00Z"
    assert [note_first_sight(db, article, at) for at in (LATER, NOW, earlier, earlier)] == [False, False, True, False]
    assert db.execute("SELECT first_seen_at, updated_at FROM articles").fetchone() == (earlier, NOW)
    check_totals(db)
    (first,) = db.execute("SELECT substr(first_published_at, 1, 10) FROM stories").fetchone()
    assert first == (day or "2018-11-09")


def test_a_fetch_is_logged_with_or_without_an_answer(db: Database) -> None:
    write_fetch(db, None, Fetch("https://hill.example/a", NOW, 200, 10, 5, RawRef("a.warc.gz", 1, 2)))
    write_fetch(db, None, Fetch("https://hill.example/b", NOW, error="the answer took too long"))
    assert db.execute("SELECT status, bytes, milliseconds, warc_file, warc_offset, error FROM fetches").fetchall() == [
        (200, 10, 5, "a.warc.gz", 1, None),
        (None, None, None, None, None, "the answer took too long"),
    ]
