"""Redirected work in the frontier: handed out first at its new host, within its delay, and never lost in the count."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from crawler.frontier import PATIENCE_SECONDS, Frontier, Work
from db.connection import open_archive, transaction, utc_now
from db.frontier import add_links, due_seeds, settle_link, sync_sources
from db.records import Link, PendingLink, Source

HILL, VALLEY = "hill.example", "valley.example"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_archive(tmp_path / "news.db")
    with transaction(database):
        sync_sources(database, [Source("hill", "Hill", feeds=(f"https://{HILL}/rss",))])
        (seed,) = due_seeds(database, utc_now())
        links = [Link(f"https://{host}/{n}") for host in (HILL, VALLEY) for n in range(2)]
        add_links(database, seed, links, utc_now())
        database.execute("UPDATE seeds SET next_poll_at = '2099-01-01T00:00:00Z'")
    yield database
    database.close()


def _hop(work: Work, host: str = VALLEY) -> Work:
    return replace(work, hops=(*work.hops, f"https://{host}/hop"), host=host)


async def _take(frontier: Frontier) -> Work:
    work = await asyncio.wait_for(frontier.next(), 60)
    assert work is not None
    return work


def _settle(db: Database, frontier: Frontier, work: Work) -> None:
    frontier.answered(work.host)
    with transaction(db):
        settle_link(db, work.id, "gone", utc_now(), reason="HTTP 404")
    frontier.settled(work)


@pytest.mark.parametrize("most", [1, 8])
def test_a_hop_is_next_at_its_host_and_everything_else_follows(db: Database, most: int) -> None:
    async def crawl() -> tuple[list[tuple[int, str]], set[int]]:
        frontier = Frontier(db, delay_seconds=0, in_flight_max=most)
        handed: list[tuple[int, str]] = []
        done: set[int] = set()
        followed = False
        while (work := await asyncio.wait_for(frontier.next(), 60)) is not None:
            handed.append((work.id, work.host))
            if work.host == HILL and not followed:
                followed = True
                frontier.answered(HILL)
                assert frontier.follow(_hop(work)) == 0
                continue
            done.add(work.id)
            _settle(db, frontier, work)
        return handed, done

    handed, done = asyncio.run(crawl())
    (redirected,) = {link for link, _ in handed if sum(link == other for other, _ in handed) == 2}
    assert handed.index((redirected, VALLEY)) > handed.index((redirected, HILL))
    assert len(handed) == 5 and len(done) == 4, "each link once, and the hop"
    assert db.execute("SELECT count(*) FROM links WHERE fate = 'pending'").fetchone() == (0,)


def test_a_hop_goes_before_the_links_of_its_new_host(db: Database) -> None:
    async def crawl() -> list[tuple[str, ...]]:
        frontier = Frontier(db, delay_seconds=0, in_flight_max=8)
        first, second = await _take(frontier), await _take(frontier)
        here, there = (first, second) if first.host == HILL else (second, first)
        frontier.answered(HILL)
        assert frontier.follow(_hop(here)) == 0  # while its new host is busy
        seen: list[tuple[str, ...]] = []
        _settle(db, frontier, there)
        while (work := await asyncio.wait_for(frontier.next(), 60)) is not None:
            if work.host == VALLEY:
                seen.append(work.hops)
            _settle(db, frontier, work)
        return seen

    assert asyncio.run(crawl()) == [(f"https://{VALLEY}/hop",), ()]


def test_a_host_that_rests_for_long_takes_no_hops_and_gives_those_it_has_back(db: Database) -> None:
    async def crawl() -> None:
        frontier = Frontier(db, delay_seconds=0, in_flight_max=8)
        first, second = await _take(frontier), await _take(frontier)
        here, there = (first, second) if first.host == HILL else (second, first)
        frontier.answered(HILL)
        hop = _hop(here)
        assert frontier.follow(hop) == 0
        assert frontier.take_back(VALLEY) == []
        frontier.answered(VALLEY)
        with transaction(db):
            frontier.hold(VALLEY, 3600, "HTTP 429")
            settle_link(db, there.id, "failed", utc_now(), reason="HTTP 429")
        frontier.settled(there)
        assert frontier.take_back(VALLEY) == [hop]
        assert frontier.take_back(VALLEY) == []
        assert PATIENCE_SECONDS < frontier.rest_of(VALLEY) <= 3601
        assert frontier.follow(_hop(here)) > PATIENCE_SECONDS, "told, and not queued"
        with transaction(db):
            settle_link(db, here.id, "failed", utc_now(), reason="put off")
        frontier.settled(hop)
        other = await _take(frontier)
        assert isinstance(other, PendingLink) and other.host == HILL
        _settle(db, frontier, other)
        assert await asyncio.wait_for(frontier.next(), 60) is None, "nothing is left that this run may do"

    asyncio.run(crawl())
