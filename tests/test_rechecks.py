"""The schedule of re-checks: when an article is looked at again, within which budget, and that the table serves it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from db import rechecks
from db.connection import from_text, open_archive, to_text, transaction
from db.frontier import add_links, due_seeds, settle_link, sync_sources
from db.rechecks import (
    AGE_SHARE,
    BURST_SECONDS,
    FIRST_SECONDS,
    LAST_SECONDS,
    Validators,
    drop_rechecks,
    next_recheck,
    next_recheck_at,
    next_recheck_due,
    note_back,
    note_gone,
    plan_recheck,
    recheck_hosts,
    spend_recheck,
)
from db.records import Link, Relevance, Source
from db.store import insert_article
from db.topics import write_matches
from tests.test_store import _signed

NOW = "2026-11-22T12:00:00Z"
HILL = Source("hill", "Hill", homepage="https://hill.example/", feeds=("https://hill.example/rss",))


def later(hours: float, start: str = NOW) -> str:
    return to_text(from_text(start) + timedelta(hours=hours))


def hours_between(a: str, b: str) -> float:
    return round((from_text(b) - from_text(a)).total_seconds() / 3600, 2)


# --- pure ---


def series(changes: Any, late_hours: float = 0.0) -> list[float]:
    """Returns the ages, in hours, at which an article is looked at; ``changes`` tells which looks find it edited."""
    looks: list[float] = []
    now = changed = NOW
    while (due := next_recheck_at(NOW, changed, now)) is not None:
        now = later(late_hours, due)
        looks.append(hours_between(NOW, now))
        if changes(looks[-1]):
            changed = now
    return looks


def test_a_quiet_article_is_looked_at_seven_times_in_thirty_days() -> None:
    assert series(lambda _: False) == [1, 3, 9, 27, 81, 243, 720]


def test_a_change_starts_the_count_anew() -> None:
    assert series(lambda hours: hours == 9) == [1, 3, 9, 10, 12, 18, 36, 90, 252, 720]


def test_a_live_blog_is_looked_at_every_hour_of_its_first_day_half() -> None:
    looks = series(lambda hours: hours <= 12)
    assert looks[:13] == list(range(1, 14))
    assert len(looks) <= 25, "and like any other once it is over"


def test_a_page_that_changes_at_each_look_is_bounded() -> None:
    looks = series(lambda _: True)
    assert 55 <= len(looks) <= 65
    assert looks[-1] <= LAST_SECONDS / 3600


@given(
    st.floats(0, LAST_SECONDS, allow_nan=False),
    st.floats(0, LAST_SECONDS, allow_nan=False),
)
def test_the_next_look_is_neither_too_soon_nor_after_the_last_day(age: float, quiet: float) -> None:
    now = to_text(from_text(NOW) + timedelta(seconds=age))
    changed = to_text(from_text(now) - timedelta(seconds=quiet))
    due = next_recheck_at(NOW, changed, now)
    if due is None:
        assert age + 3 * max(FIRST_SECONDS, min(quiet, age), age / AGE_SHARE) > LAST_SECONDS
        return
    wait = (from_text(due) - from_text(now)).total_seconds()
    assert wait >= FIRST_SECONDS - 1
    assert age + wait <= LAST_SECONDS + 1


@given(st.floats(0, 40))
def test_looks_that_come_late_are_no_more_and_end_all_the_same(late_hours: float) -> None:
    looks = series(lambda _: False, late_hours)
    assert len(looks) <= 7
    assert all(a < b for a, b in pairwise(looks))


def test_a_date_in_the_future_or_in_the_far_past_is_borne() -> None:
    assert next_recheck_at(later(100), NOW, NOW) == later(1)
    assert next_recheck_at("0001-01-01T00:00:00Z", NOW, NOW) is None


# --- stored ---


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_archive(tmp_path / "news.db")
    with transaction(database):
        sync_sources(database, [HILL])
    database.execute(
        "INSERT INTO topics (id, title, version, file, loaded_at) VALUES ('b', 'B', 'v', 'b.toml', ?)", (NOW,)
    )
    yield database
    database.close()


def store(db: Database, url: str, published: str | None = NOW, seen: str = NOW, wanted: bool = False) -> int:
    """Stores an article as a crawl at ``seen`` would and returns its link."""

    seed = due_seeds(db, NOW, everything=True)[0]
    with transaction(db):
        add_links(db, seed, [Link(url)], seen)
        (link_id,) = db.execute("SELECT id FROM links WHERE url = ?", (url,)).fetchone()
        article = insert_article(db, _signed(url), source_id="hill", now=seen, extractor="x", raw=None)
        db.execute("UPDATE articles SET published_at = ? WHERE id = ?", (published, article))
        write_matches(db, article, [Relevance("b", "v", 0.9, wanted)])
        settle_link(db, link_id, "article", seen, article_id=article)
        plan_recheck(db, link_id, article, seen, whole=Validators('"1"', None))
    return int(link_id)


def due_of(db: Database, link_id: int) -> str | None:
    row = db.execute("SELECT due_at FROM rechecks WHERE link_id = ?", (link_id,)).fetchone()
    return row[0] if row else None


def look(db: Database, link_id: int, now: str, **options: Any) -> str | None:
    plan_recheck(db, link_id, article_of(db, link_id), now, **options)
    return due_of(db, link_id)


def article_of(db: Database, link_id: int) -> int:
    return int(db.execute("SELECT article_id FROM links WHERE id = ?", (link_id,)).fetchone()[0])


def test_a_stored_article_is_planned_from_its_publication(db: Database) -> None:
    assert due_of(db, store(db, "https://hill.example/a")) == later(1)
    assert due_of(db, store(db, "https://hill.example/b", published=later(-4))) == later(8)
    assert due_of(db, store(db, "https://hill.example/c", published=None)) == later(1), "its first sight stands in"
    assert due_of(db, store(db, "https://hill.example/d", published=later(20))) == later(1)
    assert due_of(db, store(db, "https://hill.example/e", published=later(-24 * 31))) is None


def test_each_look_plans_the_next_and_the_last_one_none(db: Database) -> None:
    link = store(db, "https://hill.example/a")
    looks, now = [], due_of(db, link)
    while now is not None:
        looks.append(hours_between(NOW, now))
        now = look(db, link, now)
    assert looks == [1, 3, 9, 27, 81, 243, 720]
    assert db.execute("SELECT count(*) FROM rechecks").fetchone() == (0,)


def test_an_edit_that_was_stored_starts_the_count_anew(db: Database) -> None:
    link = store(db, "https://hill.example/a")
    db.execute("UPDATE articles SET updated_at = ?", (later(9),))
    assert look(db, link, later(9)) == later(10)
    assert look(db, link, later(10)) == later(12)


def test_a_page_taken_down_is_asked_again_soon_whether_it_is_a_fault(db: Database) -> None:
    link = store(db, "https://hill.example/a")
    assert note_gone(db, article_of(db, link), later(27))
    assert not note_gone(db, article_of(db, link), later(27.5)), "it is news once"
    assert look(db, link, later(27)) == later(27 + 27 / AGE_SHARE)
    assert db.execute("SELECT gone_at FROM articles").fetchone() == (later(27),)
    note_back(db, article_of(db, link))
    assert db.execute("SELECT gone_at FROM articles").fetchone() == (None,)
    assert look(db, link, later(30)) == later(90)


def test_validators_are_those_of_the_last_text_that_was_read(db: Database) -> None:
    link = store(db, "https://hill.example/a")
    look(db, link, later(1))
    row = "SELECT etag, last_modified, full_fetch_at FROM rechecks"
    assert db.execute(row).fetchone() == ('"1"', None, NOW)
    look(db, link, later(3), whole=Validators(None, "Mon"))
    assert db.execute(row).fetchone() == (None, "Mon", later(3))


def test_a_host_that_asked_for_patience_is_not_planned_before_its_time(db: Database) -> None:
    link = store(db, "https://hill.example/a")
    assert look(db, link, later(1), not_before=later(20)) == later(20)
    assert look(db, link, later(1), not_before=later(1)) == later(3)


# --- what is next ---


def urls_due(db: Database, now: str) -> list[str]:
    urls: list[str] = []
    skip: list[int] = []
    while link := next_recheck(db, "hill.example", now, skip):
        assert link.is_recheck and link.article_id is not None
        urls.append(link.url.rpartition("/")[2])
        skip.append(link.id)
    return urls


def test_what_a_topic_accepts_comes_first_then_what_became_due_last(db: Database) -> None:
    for name, hours, wanted in (("old", -4, False), ("young", 0, False), ("wanted", -5, True), ("middle", -1, False)):
        store(db, f"https://hill.example/{name}", published=later(hours), wanted=wanted)
    assert urls_due(db, NOW) == []
    assert urls_due(db, later(12)) == ["wanted", "old", "middle", "young"]
    assert recheck_hosts(db, NOW) == []
    assert recheck_hosts(db, later(1)) == ["hill.example"]


def test_a_link_that_waits_on_a_seeds_word_is_no_recheck(db: Database) -> None:
    store(db, "https://hill.example/a")
    db.execute("UPDATE links SET fate = 'pending'")
    assert urls_due(db, later(2)) == [] == recheck_hosts(db, later(2))
    assert next_recheck_due(db) is None


@pytest.mark.parametrize("status", ["disabled", "removed"])
def test_articles_of_a_source_that_rests_wait_for_its_return(db: Database, status: str) -> None:
    store(db, "https://hill.example/a")
    with transaction(db):
        sync_sources(db, [Source("hill", "Hill", feeds=HILL.feeds, enabled=False)] if status == "disabled" else [])
    assert urls_due(db, later(2)) == [] == recheck_hosts(db, later(2))
    assert next_recheck_due(db) is None
    with transaction(db):
        sync_sources(db, [HILL])
    assert urls_due(db, later(2)) == ["a"]


def test_what_nobody_reached_in_a_month_is_dropped(db: Database) -> None:
    store(db, "https://hill.example/a")
    store(db, "https://hill.example/b", published=later(-4))
    assert drop_rechecks(db, later(LAST_SECONDS / 3600)) == 0
    assert drop_rechecks(db, later(LAST_SECONDS / 3600 + 2)) == 1
    assert urls_due(db, later(900)) == ["b"]


# --- the budget ---


def spend(db: Database, now: str, per_hour: float) -> int:
    """Spends what a host's budget gives at ``now`` and returns how much it was."""
    n = 0
    while next_recheck(db, "hill.example", now, []) is not None:
        spend_recheck(db, "hill.example", now, per_hour)
        n += 1
        assert n <= 1000
    return n


@pytest.mark.parametrize("per_hour", [1, 7, 60])
def test_an_hour_is_saved_and_no_more(db: Database, per_hour: int) -> None:
    store(db, "https://hill.example/a")
    saved = spend(db, later(500), per_hour)
    assert saved in (per_hour, per_hour + 1), "the hour before, and the one that is due now"
    assert spend(db, later(500), per_hour) == 0
    assert recheck_hosts(db, later(500)) == []
    assert spend(db, later(501.001), per_hour) in (per_hour, per_hour + 1)
    assert spend(db, later(600), per_hour) == saved


def test_over_a_day_of_runs_a_host_is_asked_as_often_as_the_budget_says(db: Database) -> None:
    store(db, "https://hill.example/a")
    spent = sum(spend(db, later(10 + minutes / 60), 60) for minutes in range(0, 24 * 60, 5))
    assert 24 * 60 <= spent <= 25 * 60 + 1
    assert BURST_SECONDS == 3600


def test_the_watch_wakes_when_something_is_due_and_may_be_asked(db: Database) -> None:
    assert next_recheck_due(db) is None
    store(db, "https://hill.example/a", published=later(-4))
    store(db, "https://hill.example/b", wanted=True)
    assert next_recheck_due(db) == later(1)
    db.execute("INSERT INTO hosts (host, rechecks_paid_to) VALUES ('hill.example', ?)", (later(5),))
    assert next_recheck_due(db) == later(5)
    db.execute("UPDATE hosts SET not_before = ?", (later(6),))
    assert next_recheck_due(db) == later(6)


# --- cost ---


def test_the_index_serves_what_is_due(db: Database) -> None:
    values = ("hill.example", 1, NOW, "[]")
    plan = " ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {rechecks._NEXT}", values))
    assert "SEARCH rechecks USING INDEX rechecks_due (host=? AND wanted=? AND due_at<?)" in plan
    assert "TEMP B-TREE" not in plan and "SCAN links" not in plan
    plan = " ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {rechecks.HOSTS} SELECT host FROM watched"))
    assert "INDEX rechecks_due (host>?)" in plan


def test_a_hundred_thousand_articles_that_wait_cost_nothing_to_pass_over(db: Database) -> None:
    store(db, "https://hill.example/a")
    with transaction(db):
        db.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
            " INSERT INTO links (url, url_key, host, seed_id, found_at, fate, settled_at, article_id)"
            " SELECT 'https://h' || (i % 50) || '.example/' || i, i, 'h' || (i % 50) || '.example', 1, ?1, 'article',"
            " ?1, 1 FROM n",
            (NOW,),
        )
        db.execute(
            "INSERT INTO rechecks (link_id, host, wanted, due_at) SELECT id, host, id % 10 = 0, ? FROM links"
            " WHERE id > 1",
            (later(100),),
        )
    start = time.process_time()
    db.execute("SELECT max(length(host)), max(wanted), max(due_at) FROM rechecks").fetchall()
    whole = time.process_time() - start
    start = time.process_time()
    for _ in range(20):
        assert recheck_hosts(db, later(2)) == ["hill.example"]
        assert next_recheck(db, "h7.example", later(2), []) is None
        assert next_recheck_due(db) == later(1)
    assert (time.process_time() - start) / 20 < whole, "all of it costs less than one look at every row"
