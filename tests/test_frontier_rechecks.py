"""Re-checks in the frontier: last in line, within the budget, polite as all else, safe from a kill. Time is virtual."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlite_utils import Database

from crawler.frontier import Frontier, Work
from db.connection import open_archive, to_text, transaction
from db.frontier import add_links, postpone_link, settle_link
from db.hosts import write_host
from db.rechecks import plan_recheck
from db.records import Host, Link, PendingLink
from db.store import insert_article
from tests.test_frontier_time import START, VirtualClock, _links, _run, _store, _sync
from tests.test_store import _signed

NOW = to_text(START)
PER_HOUR = 60


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_archive(tmp_path / "news.db")
    yield database
    database.close()


@pytest.fixture
def clock() -> VirtualClock:
    clock = VirtualClock()
    clock.passed = 3 * 3600.0
    return clock


def _articles(db: Database, *urls: str) -> None:
    """Stores articles published and read at ``START``; their first look is due an hour later."""
    _links(db, *urls)
    with transaction(db):
        for link_id, url in db.execute("SELECT id, url FROM links WHERE fate = 'pending'").fetchall():
            article = insert_article(db, _signed(url), source_id="outlet", now=NOW, extractor="x", raw=None)
            db.execute(
                "UPDATE articles SET published_at = ?1, first_seen_at = ?1, updated_at = ?1 WHERE id = ?2",
                (NOW, article),
            )
            settle_link(db, link_id, "article", NOW, article_id=article)
            plan_recheck(db, link_id, article, NOW)


def _add(db: Database, *urls: str) -> None:
    seed = _sync(db, "https://feeds.example/rss")[0]
    with transaction(db):
        add_links(db, seed, [Link(url) for url in urls], NOW)


def _answer(db: Database, clock: VirtualClock) -> Callable[[Frontier, Work], None]:
    others = _store(db, clock)

    def answer(frontier: Frontier, work: Work) -> None:
        if isinstance(work, PendingLink) and work.is_recheck:
            assert work.article_id is not None
            plan_recheck(db, work.id, work.article_id, to_text(clock.now()))
        else:
            others(frontier, work)

    return answer


def _asked(db: Database, clock: VirtualClock, per_hour: float = PER_HOUR, delay: float = 1.0) -> list[str]:
    return [url for _, url in _run(db, clock, _answer(db, clock), rechecks_per_hour=per_hour, delay=delay)]


def test_an_article_that_is_due_is_handed_out_once_and_keeps_its_fate(db: Database, clock: VirtualClock) -> None:
    _articles(db, "https://a.example/1", "https://a.example/2")
    assert sorted(_asked(db, clock)) == ["https://a.example/1", "https://a.example/2"]
    assert db.execute("SELECT DISTINCT fate FROM links").fetchall() == [("article",)]
    assert _asked(db, clock) == []
    clock.passed += 24 * 3600
    assert len(_asked(db, clock)) == 2


def test_nothing_is_looked_at_again_where_the_budget_is_nought(db: Database, clock: VirtualClock) -> None:
    _articles(db, "https://a.example/1")
    assert _asked(db, clock, per_hour=0) == []


def test_seeds_and_links_of_the_host_come_first(db: Database, clock: VirtualClock) -> None:
    _articles(db, *(f"https://feeds.example/old-{n}" for n in range(3)))
    _add(db, *(f"https://feeds.example/new-{n}" for n in range(3)))
    db.execute("UPDATE seeds SET next_poll_at = NULL")
    asked = _asked(db, clock)
    assert "https://feeds.example/rss" in asked[:2]
    assert [url for url in asked if "old" in url] == asked[4:]
    assert len(asked) == 7


def test_a_link_that_failed_before_comes_first_too(db: Database, clock: VirtualClock) -> None:
    _articles(db, "https://a.example/old")
    _add(db, "https://a.example/new")
    (link_id,) = db.execute("SELECT id FROM links WHERE fate = 'pending'").fetchone()
    postpone_link(db, link_id, to_text(START + timedelta(hours=1)), "HTTP 500")
    assert _asked(db, clock) == ["https://a.example/new", "https://a.example/old"]


def test_links_found_meanwhile_go_before_re_checks(db: Database, clock: VirtualClock) -> None:
    _articles(db, *(f"https://a.example/old-{n}" for n in range(9)))
    answer = _answer(db, clock)
    added: list[str] = []

    seed = _sync(db, "https://feeds.example/rss")[0]

    def wake(frontier: Frontier, work: Work) -> None:
        answer(frontier, work)
        if not added:
            added.append("https://a.example/new")
            add_links(db, seed, [Link(added[0])], NOW)
            frontier.wake({"a.example"})

    asked = [url for _, url in _run(db, clock, wake, rechecks_per_hour=PER_HOUR)]
    assert asked[1] == "https://a.example/new"
    assert len(asked) == 10


def test_other_hosts_links_do_not_wait_for_re_checks(db: Database, clock: VirtualClock) -> None:
    """With one place in flight, every link of every host is fetched before the first article is looked at again."""
    _articles(db, *(f"https://h{n}.example/old" for n in range(5)))
    _add(db, *(f"https://h{n}.example/new" for n in range(3, 8)))
    frontier = Frontier(db, delay_seconds=0, in_flight_max=1, clock=clock, rechecks_per_hour=PER_HOUR)

    async def crawl() -> list[str]:
        asked = []
        while (work := await frontier.next()) is not None:
            asked.append(work.url.rpartition("/")[2])
            frontier.answered(work.host)
            with transaction(db):
                _answer(db, clock)(frontier, work)
            frontier.settled(work)
        return asked

    assert asyncio.run(asyncio.wait_for(crawl(), 300)) == ["new"] * 5 + ["old"] * 5


def test_the_delay_of_a_host_holds_between_re_checks(db: Database, clock: VirtualClock) -> None:
    _articles(db, *(f"https://slow.example/{n}" for n in range(4)))
    write_host(db, Host("slow.example", delay_seconds=20))
    times = [at for at, _ in _run(db, clock, _answer(db, clock), rechecks_per_hour=PER_HOUR)]
    assert len(times) == 4
    assert all(later - earlier >= 20.5 for earlier, later in pairwise(times))


def test_a_host_that_asked_for_patience_is_not_looked_at(db: Database, clock: VirtualClock) -> None:
    _articles(db, "https://a.example/1")
    write_host(db, Host("a.example", not_before=to_text(clock.now() + timedelta(hours=2))))
    assert _asked(db, clock) == []
    clock.passed += 2 * 3600
    assert _asked(db, clock) == ["https://a.example/1"]


@pytest.mark.parametrize("per_hour", [6, 60])
def test_runs_every_five_minutes_stay_within_the_budget(db: Database, clock: VirtualClock, per_hour: int) -> None:
    _articles(db, *(f"https://a.example/{n}" for n in range(4 * per_hour)))
    db.execute("UPDATE articles SET published_at = ?", (to_text(START - timedelta(hours=1)),))
    counts = []
    for _ in range(24):
        before = clock.passed
        counts.append(len(_asked(db, clock, per_hour, delay=0.0)))
        clock.passed = before + 300
    assert per_hour <= counts[0] <= per_hour + 1, "an hour was saved before the first run"
    assert 1.8 * per_hour <= sum(counts[1:]) <= 2 * per_hour
    assert max(counts[1:]) <= per_hour / 12 + 1


def test_a_kill_before_the_answer_loses_no_look(db: Database, clock: VirtualClock) -> None:
    _articles(db, "https://a.example/1")
    killed = Frontier(db, delay_seconds=0, in_flight_max=8, clock=clock, rechecks_per_hour=PER_HOUR)
    work = asyncio.run(killed.next())
    assert isinstance(work, PendingLink) and work.is_recheck
    assert _asked(db, clock) == ["https://a.example/1"]


def test_a_re_check_that_is_redirected_is_one_piece_of_work(db: Database, clock: VirtualClock) -> None:
    _articles(db, "https://a.example/1")
    frontier = Frontier(db, delay_seconds=0, in_flight_max=8, clock=clock, rechecks_per_hour=PER_HOUR)

    async def crawl() -> list[tuple[str, bool]]:
        asked = []
        while (work := await frontier.next()) is not None:
            assert isinstance(work, PendingLink)
            asked.append((work.address, work.is_recheck))
            frontier.answered(work.host)
            if not work.hops:
                assert frontier.follow(replace(work, hops=("https://b.example/1",), host="b.example")) == 0
                continue
            with transaction(db):
                _answer(db, clock)(frontier, work)
            frontier.settled(work)
        return asked

    assert asyncio.run(asyncio.wait_for(crawl(), 300)) == [("https://a.example/1", True), ("https://b.example/1", True)]
    assert frontier._in_flight == 0
