"""The frontier over hours and across runs: delays kept, seeds polled again, nobody starved. Time is virtual."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from crawler.clock import Clock
from crawler.frontier import PATIENCE_SECONDS, Frontier, Work
from db.connection import open_archive, to_text, transaction
from db.frontier import add_links, due_seeds, postpone_link, settle_link, sync_sources
from db.hosts import read_host, write_host
from db.records import Host, Link, PendingLink, Seed, Source

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class VirtualClock(Clock):
    """A clock that jumps where the frontier would wait."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed)

    def seconds(self) -> float:
        return self.passed

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        self.passed += seconds
        await asyncio.sleep(0)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_archive(tmp_path / "news.db")
    yield database
    database.close()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


def _sync(db: Database, *feeds: str, sitemaps: tuple[str, ...] = (), sections: tuple[str, ...] = ()) -> list[Seed]:
    with transaction(db):
        sync_sources(db, [Source("outlet", "Outlet", feeds=feeds, sitemaps=sitemaps, sections=sections)])
    return due_seeds(db, to_text(START), everything=True)


def _poll(db: Database, seed: Seed, next_poll: datetime, interval: int = 600) -> None:
    db.execute(
        "UPDATE seeds SET next_poll_at = ?, interval_seconds = ? WHERE id = ?", (to_text(next_poll), interval, seed.id)
    )


def _links(db: Database, *urls: str) -> None:
    """Writes links whose feed is not due."""
    seed = _sync(db, "https://feeds.example/rss")[0]
    _poll(db, seed, START + timedelta(days=99))
    with transaction(db):
        add_links(db, seed, [Link(url) for url in urls], to_text(START))


def _run(
    db: Database,
    clock: VirtualClock,
    answer: Callable[[Frontier, Work], None],
    *,
    fetch: float = 0.5,
    delay: float = 1.0,
    **kwargs: Any,
) -> list[tuple[float, str]]:
    """Returns (second, URL) of each request of one run; ``answer`` writes the fate."""
    return _work_off(Frontier(db, delay_seconds=delay, in_flight_max=8, clock=clock, **kwargs), clock, answer, fetch)


def _work_off(
    frontier: Frontier, clock: VirtualClock, answer: Callable[[Frontier, Work], None], fetch: float = 0.5
) -> list[tuple[float, str]]:
    async def crawl() -> list[tuple[float, str]]:
        asked = []
        while (work := await frontier.next()) is not None:
            asked.append((clock.passed, work.url))
            clock.passed += fetch
            frontier.answered(work.host)
            with transaction(frontier.db):
                answer(frontier, work)
            frontier.settled(work)
        return asked

    return asyncio.run(asyncio.wait_for(crawl(), 300))


def _store(db: Database, clock: VirtualClock, interval: int = 600) -> Callable[[Frontier, Work], None]:
    def answer(_frontier: Frontier, work: Work) -> None:
        if isinstance(work, PendingLink):
            settle_link(db, work.id, "not_article", to_text(clock.now()))
        else:
            _poll(db, work, clock.now() + timedelta(seconds=interval), interval)

    return answer


# --- delays across runs ---


def test_a_crawl_delay_holds_across_runs(db: Database, clock: VirtualClock) -> None:
    _links(db, *(f"https://slow.example/{n}" for n in range(3)))
    write_host(db, Host("slow.example", delay_seconds=20))
    first = _run(db, clock, _store(db, clock), run_seconds=15)
    clock.passed += 2
    rest = _run(db, clock, _store(db, clock))
    times = [at for at, _ in (*first, *rest)]
    assert len(first) == 1 and len(times) == 3
    assert all(20.5 <= later - earlier <= 22 for earlier, later in pairwise(times))


def test_a_delay_holds_across_runs_when_the_first_was_killed_before_the_answer(
    db: Database, clock: VirtualClock
) -> None:
    _links(db, "https://slow.example/1")
    killed = Frontier(db, delay_seconds=30, in_flight_max=8, clock=clock)
    assert asyncio.run(killed.next()) is not None
    clock.passed += 1
    assert [at for at, _ in _run(db, clock, _store(db, clock), delay=30)] == [30]


def test_a_host_that_rests_longer_than_a_run_has_patience_waits_for_a_later_run(
    db: Database, clock: VirtualClock
) -> None:
    _links(db, *(f"https://slow.example/{n}" for n in range(3)))
    write_host(db, Host("slow.example", delay_seconds=300))
    times = []
    for _ in range(60):
        before = clock.passed
        times += [at for at, _ in _run(db, clock, _store(db, clock))]
        assert clock.passed - before <= PATIENCE_SECONDS + 1
        clock.passed += 20
    assert len(times) == 3
    assert all(300 <= later - earlier <= 325 for earlier, later in pairwise(times))


def test_hosts_with_a_short_delay_cost_no_writes(db: Database, clock: VirtualClock) -> None:
    _links(db, "https://a.example/1", "https://a.example/2")
    assert len(_run(db, clock, _store(db, clock))) == 2
    assert read_host(db, "a.example") == Host("a.example")


def test_a_longer_crawl_delay_wins_and_a_shorter_one_does_not(db: Database, clock: VirtualClock) -> None:
    _links(db, *(f"https://{host}.example/{n}" for host in ("slow", "fast") for n in range(3)))
    write_host(db, Host("slow.example", delay_seconds=9.0))
    write_host(db, Host("fast.example", delay_seconds=0.5))
    asked = _run(db, clock, _store(db, clock), fetch=0.1, delay=2.0)
    pauses = {
        host: [later - sooner - 0.1 for sooner, later in pairwise(at for at, url in asked if host in url)]
        for host in ("slow", "fast")
    }
    assert len(pauses["slow"]) == len(pauses["fast"]) == 2
    assert min(pauses["slow"]) >= 9 - 1e-6 and max(pauses["slow"]) < 9.5
    assert min(pauses["fast"]) >= 2 - 1e-6 and max(pauses["fast"]) < 2.5


# --- holds ---


@pytest.mark.parametrize("counts", [True, False])
def test_one_address_that_always_says_503_starves_nobody(db: Database, clock: VirtualClock, counts: bool) -> None:
    _links(db, *(f"https://a.example/{n}" for n in range(8)))
    store = _store(db, clock)

    def answer(frontier: Frontier, work: Work) -> None:
        if work.url.endswith("/0"):
            assert isinstance(work, PendingLink)
            frontier.hold(work.host, 60, "HTTP 503")
            postpone_link(db, work.id, to_text(clock.now() + timedelta(seconds=60)), "HTTP 503", counts=counts)
        else:
            store(frontier, work)

    urls: list[str] = []
    for _ in range(6):
        urls += [url for _, url in _run(db, clock, answer)]
        clock.passed += 300
    asked = Counter(urls)
    assert len(asked) == 8
    assert urls[:9] == [f"https://a.example/{n}" for n in (*range(8), 0)]
    assert asked["https://a.example/0"] == 6


# --- seeds ---


def test_a_seed_due_again_within_a_long_run_is_polled_again(db: Database, clock: VirtualClock) -> None:
    seed = _sync(db, "https://a.example/rss")[0]
    store = _store(db, clock)
    with transaction(db):
        add_links(db, seed, [Link(f"https://b.example/{n}") for n in range(1200)], to_text(START))
    asked = _run(db, clock, store, delay=2.0)
    polls = [at for at, url in asked if url == "https://a.example/rss"]
    assert 4 <= len(polls) <= 5
    assert all(600 <= later - earlier <= 640 for earlier, later in pairwise(polls))
    assert len(asked) - len(polls) == 1200


def test_polling_everything_polls_each_seed_once_however_long_the_run(db: Database, clock: VirtualClock) -> None:
    seed = _sync(db, "https://a.example/rss")[0]
    with transaction(db):
        add_links(db, seed, [Link(f"https://b.example/{n}") for n in range(600)], to_text(START))
    asked = _run(db, clock, _store(db, clock, 60), delay=2.0, everything_due=True)
    assert [url for _, url in asked].count("https://a.example/rss") == 1


def test_a_seed_called_due_at_each_moment_is_polled_once_an_interval(db: Database, clock: VirtualClock) -> None:
    seed = _sync(db, "https://a.example/rss")[0]
    with transaction(db):
        add_links(db, seed, [Link(f"https://b.example/{n}") for n in range(600)], to_text(START))

    def answer(frontier: Frontier, work: Work) -> None:
        _store(db, clock)(frontier, work)
        db.execute("UPDATE seeds SET next_poll_at = NULL")

    asked = _run(db, clock, answer, delay=2.0)
    assert [url for _, url in asked].count("https://a.example/rss") == 3


def test_feeds_come_before_sitemaps_and_those_before_sections_and_links_take_turns(
    db: Database, clock: VirtualClock
) -> None:
    host = "https://a.example"
    _sync(db, f"{host}/rss", sitemaps=(f"{host}/1.xml", f"{host}/2.xml"), sections=(f"{host}/news",))
    db.execute("UPDATE seeds SET next_poll_at = ? WHERE kind = 'feed'", (to_text(START),))  # never polled sort first
    with transaction(db):
        seed = due_seeds(db, to_text(START))[0]
        add_links(db, seed, [Link(f"{host}/a"), Link(f"{host}/b")], to_text(START))
    assert [url.removeprefix(host) for _, url in _run(db, clock, _store(db, clock))] == [
        *("/rss", "/a", "/1.xml", "/b", "/2.xml", "/news"),
    ]


# --- the end ---


def test_a_run_ends_when_its_time_is_up_and_not_later(db: Database, clock: VirtualClock) -> None:
    _links(db, "https://a.example/1", "https://a.example/2")
    write_host(db, Host("a.example", delay_seconds=40))
    assert len(_run(db, clock, _store(db, clock), run_seconds=10)) == 1
    assert clock.passed == 10


def test_a_run_out_of_time_says_so_and_the_next_does_the_rest(db: Database, clock: VirtualClock) -> None:
    _links(db, *(f"https://a.example/{n}" for n in range(50)))
    frontier = Frontier(db, delay_seconds=1.0, in_flight_max=8, clock=clock, run_seconds=15)
    assert len(_work_off(frontier, clock, _store(db, clock))) == 10
    assert frontier.out_of_time
    frontier = Frontier(db, delay_seconds=1.0, in_flight_max=8, clock=clock)
    assert len(_work_off(frontier, clock, _store(db, clock))) == 40
    assert not frontier.out_of_time


@pytest.mark.parametrize("n", [1, 2])
def test_time_that_is_up_while_a_page_is_under_way_is_lacking_only_where_there_are_others(
    db: Database, clock: VirtualClock, n: int
) -> None:
    _links(db, *(f"https://a.example/{number}" for number in range(n)))
    frontier = Frontier(db, delay_seconds=1.0, in_flight_max=8, clock=clock, run_seconds=10)
    assert len(_work_off(frontier, clock, _store(db, clock), fetch=20.0)) == 1
    assert frontier.out_of_time is (n > 1)


def test_a_variant_at_another_host_is_tried_in_the_same_run(db: Database, clock: VirtualClock) -> None:
    _links(db, "https://a.example/story-1", "https://www.a.example/story-1")
    asked = _run(db, clock, _store(db, clock))
    assert [url for _, url in asked] == ["https://a.example/story-1", "https://www.a.example/story-1"]


# --- long work first ---


def test_a_host_with_many_pages_is_not_kept_waiting_by_many_hosts_with_one(db: Database, clock: VirtualClock) -> None:
    """Begun after the forty others it would be asked for the last time at 18.8 s."""
    many = [f"https://many.example/{n}" for n in range(10)]
    _links(db, *(f"https://h{n:02}.example/1" for n in range(40)), *many)
    asked = _run(db, clock, _store(db, clock), fetch=0.2)
    assert len(asked) == 50
    assert max(at for at, url in asked if url in many) < 15
    starts = [at for at, url in asked if url in many]
    assert all(later - earlier >= 1.2 - 1e-6 for earlier, later in pairwise(starts)), "its delay is kept"


def test_a_long_crawl_delay_counts_as_long_work(db: Database, clock: VirtualClock) -> None:
    with transaction(db):
        write_host(db, Host("slow.example", delay_seconds=5.0))
    _links(db, *(f"https://h{n:02}.example/1" for n in range(30)), *(f"https://slow.example/{n}" for n in range(3)))
    asked = _run(db, clock, _store(db, clock), fetch=0.3)
    assert asked[0][1].startswith("https://slow.example/")
    assert asked[-1][0] < 12


def test_postponed_links_are_no_work_ahead(db: Database, clock: VirtualClock) -> None:
    _links(db, "https://a.example/1", *(f"https://b.example/{n}" for n in range(9)), "https://c.example/1")
    with transaction(db):
        for (link_id,) in db.execute("SELECT id FROM links WHERE host = 'b.example' AND url NOT LIKE '%/0'").fetchall():
            postpone_link(db, link_id, to_text(START + timedelta(hours=2)), "later")
    asked = _run(db, clock, _store(db, clock), fetch=0.1, run_seconds=60)
    assert [url for _, url in asked] == ["https://a.example/1", "https://b.example/0", "https://c.example/1"]


def test_polls_go_on_while_half_of_the_places_hold_pages(db: Database, clock: VirtualClock) -> None:
    """Pages wait long for their readers; what work there is, and where, is known from polls only."""
    _links(db, *(f"https://p{n:02}.example/1" for n in range(40)))
    _sync(db, "https://feeds.example/rss", *(f"https://f{n:02}.example/rss" for n in range(20)))
    frontier = Frontier(db, delay_seconds=1.0, in_flight_max=8, clock=clock)

    async def take() -> list[Work]:
        taken: list[Work] = []
        while len(taken) < 24:
            work = await frontier.next()
            assert work is not None
            taken.append(work)
            if isinstance(work, Seed):  # answered and settled at once; pages are never read
                frontier.answered(work.host)
                _poll(db, work, clock.now() + timedelta(hours=1))
                frontier.settled(work)
        return taken

    taken = asyncio.run(asyncio.wait_for(take(), 300))
    kinds = [isinstance(work, Seed) for work in taken]
    assert kinds.count(True) == 20
    assert kinds.count(False) == 4


def test_a_run_whose_time_is_up_before_it_looked_says_what_it_leaves(db: Database, clock: VirtualClock) -> None:
    _sync(db, "https://feeds.example/rss")
    frontier = Frontier(db, delay_seconds=1.0, in_flight_max=8, clock=clock, run_seconds=1.0)
    clock.passed += 2.0
    assert asyncio.run(frontier.next()) is None
    assert frontier.out_of_time
