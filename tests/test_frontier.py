"""The clerk who hands out work: one piece a host at a time, delays and holds kept, nothing twice, nothing for ever."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from crawler.frontier import PATIENCE_SECONDS, Frontier, Work
from crawler.politeness import after
from db.connection import open_archive, to_text, transaction, utc_now
from db.frontier import add_links, due_seeds, postpone_link, settle_link, sync_sources
from db.hosts import read_host, write_host
from db.records import Host, Link, PendingLink, Seed, Source

DELAY = 0.1
TOO_LONG_SECONDS = PATIENCE_SECONDS - 5
SLACK = 0.02
"""The event loop's clock is coarser than ours."""


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_archive(tmp_path / "news.db")
    yield database
    database.close()


def _sources(db: Database, *feeds: str, archives: Sequence[str] = ()) -> list[Seed]:
    with transaction(db):
        sync_sources(db, [Source("outlet", "Outlet", feeds=feeds, archives=tuple(archives))])
    return due_seeds(db, utc_now())


def _poll(db: Database, seed: Seed, hours: float = 1) -> None:
    """Marks a seed as polled, so that it is not due."""
    later = to_text(datetime.now(UTC) + timedelta(hours=hours))
    db.execute("UPDATE seeds SET polled_at = ?, next_poll_at = ? WHERE id = ?", (utc_now(), later, seed.id))


def _links(db: Database, *urls: str) -> Seed:
    """Writes links as a poll does; the seed is not due any more."""
    seed = _sources(db, "https://feeds.example/rss")[0]
    with transaction(db):
        add_links(db, seed, [Link(url) for url in urls], utc_now())
        _poll(db, seed)
    return seed


def _frontier(db: Database, delay: float = 0.0, in_flight_max: int = 8, **kwargs: Any) -> Frontier:
    return Frontier(db, delay_seconds=delay, in_flight_max=in_flight_max, **kwargs)


def _run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Runs to the end; whoever waits for a rest that nothing needs takes too long."""
    return asyncio.run(asyncio.wait_for(coroutine, TOO_LONG_SECONDS))


class Crawl:
    """Does the work a frontier hands out, as the spider does, and watches its promises."""

    def __init__(self, db: Database, frontier: Frontier, *, fetch: float = 0.0, read: float = 0.0) -> None:
        self.db = db
        self.frontier = frontier
        self.fetch = fetch
        self.read = read
        self.handed: list[tuple[float, Work]] = []
        self.ended: dict[str, list[float]] = defaultdict(list)
        self.under_way: Counter[str] = Counter()
        self.unsettled = 0
        self.most_unsettled = 0
        self.on_link: Callable[[PendingLink], bool] = lambda link: False

    async def run(self) -> list[Work]:
        tasks = []
        while (work := await self.frontier.next()) is not None:
            assert self.under_way[work.host] == 0, "two requests to one host at a time"
            self.handed.append((monotonic(), work))
            self.under_way[work.host] += 1
            self.unsettled += 1
            self.most_unsettled = max(self.most_unsettled, self.unsettled)
            tasks.append(asyncio.create_task(self._do(work)))
        await asyncio.gather(*tasks)
        return [work for _, work in self.handed]

    async def _do(self, work: Work) -> None:
        await asyncio.sleep(self.fetch)
        self.under_way[work.host] -= 1
        self.ended[work.host].append(monotonic())
        self.frontier.answered(work.host)
        await asyncio.sleep(self.read)
        with transaction(self.db):
            if isinstance(work, Seed):
                _poll(self.db, work)
            elif not self.on_link(work):
                settle_link(self.db, work.id, "not_article", utc_now())
        self.unsettled -= 1
        self.frontier.settled(work)

    def pauses(self, host: str) -> list[float]:
        """Seconds from each answer of a host to the next request to it."""
        starts = [at for at, work in self.handed if work.host == host]
        return [start - end for end, start in zip(self.ended[host], starts[1:], strict=False)]


# --- handing out ---


def test_an_empty_archive_has_no_work(db: Database) -> None:
    frontier = _frontier(db)
    assert _run(frontier.next()) is None
    assert not frontier.out_of_time


def test_seeds_come_before_links_of_their_host_and_each_once(db: Database) -> None:
    _links(db, "https://a.example/1", "https://a.example/2", "https://b.example/1")
    _sources(db, "https://feeds.example/rss", "https://a.example/rss")
    work = _run(Crawl(db, _frontier(db)).run())
    assert Counter(w.url for w in work) == Counter(
        ["https://a.example/rss", "https://a.example/1", "https://a.example/2", "https://b.example/1"]
    )
    assert isinstance(next(w for w in work if w.host == "a.example"), Seed)
    assert [w.url for w in work if w.host == "a.example"][1:] == ["https://a.example/1", "https://a.example/2"]


def test_one_request_a_host_at_a_time_even_while_earlier_pages_are_still_read(db: Database) -> None:
    _links(db, *(f"https://a.example/{n}" for n in range(12)))
    crawl = Crawl(db, _frontier(db, DELAY / 2), fetch=0.05, read=0.2)
    assert len(_run(crawl.run())) == 12
    assert min(crawl.pauses("a.example")) >= DELAY / 2 - SLACK


def test_hosts_do_not_wait_for_each_other(db: Database) -> None:
    _links(db, *(f"https://{host}.example/{n}" for host in "abcdefgh" for n in range(3)))
    crawl = Crawl(db, _frontier(db, DELAY), fetch=0.02)
    work = _run(crawl.run())
    assert len(work) == 24
    assert len({w.host for w in work[:8]}) == 8, "each is asked before any has rested"
    for host in "abcdefgh":
        assert len(crawl.pauses(f"{host}.example")) == 2
        assert min(crawl.pauses(f"{host}.example")) >= DELAY - SLACK


def test_ports_are_hosts_of_their_own(db: Database) -> None:
    _links(db, "https://a.example/1", "https://a.example:8443/1")
    assert {w.host for w in _run(Crawl(db, _frontier(db, 5.0)).run())} == {"a.example", "a.example:8443"}


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_than_in_flight_max_is_unsettled(db: Database, most: int) -> None:
    _links(db, *(f"https://{host}.example/{n}" for host in "abcdef" for n in range(2)))
    crawl = Crawl(db, _frontier(db, in_flight_max=most), fetch=0.01, read=0.02)
    assert len(_run(crawl.run())) == 12
    assert crawl.most_unsettled == most


def test_the_last_answer_ends_the_run_without_a_pause(db: Database) -> None:
    _links(db, "https://a.example/1")
    assert len(_run(Crawl(db, _frontier(db, 10 * TOO_LONG_SECONDS)).run())) == 1


def test_links_found_by_a_poll_are_handed_out_in_the_same_run(db: Database) -> None:
    seed = _sources(db, "https://a.example/rss")[0]
    frontier = _frontier(db)

    async def crawl() -> list[str]:
        urls = []
        while (work := await frontier.next()) is not None:
            urls.append(work.url)
            frontier.answered(work.host)
            with transaction(db):
                if isinstance(work, Seed):
                    add_links(db, seed, [Link("https://b.example/1"), Link("https://a.example/1")], utc_now())
                    _poll(db, seed)
                else:
                    settle_link(db, work.id, "article", utc_now())
            frontier.settled(work)
            frontier.wake({"a.example", "b.example"})
        return urls

    urls = _run(crawl())
    assert urls[0] == "https://a.example/rss"
    assert sorted(urls[1:]) == ["https://a.example/1", "https://b.example/1"]


def test_a_waiting_frontier_wakes_for_links_that_are_added(db: Database) -> None:
    seed = _links(db, "https://a.example/1")
    frontier = _frontier(db)

    async def crawl() -> list[str]:
        first = await frontier.next()
        assert first is not None
        waiting = asyncio.create_task(frontier.next())
        await asyncio.sleep(0.02)
        assert not waiting.done()
        with transaction(db):
            add_links(db, seed, [Link("https://b.example/1")], utc_now())
        frontier.wake({"b.example"})
        second = await waiting
        assert second is not None
        return [first.url, second.url]

    assert _run(crawl()) == ["https://a.example/1", "https://b.example/1"]


def test_polling_everything_takes_seeds_that_are_not_due_once(db: Database) -> None:
    seed = _links(db)
    assert _run(Crawl(db, _frontier(db)).run()) == []
    frontier = _frontier(db, everything_due=True)
    assert [w.id for w in _run(Crawl(db, frontier).run())] == [seed.id]


def test_a_link_whose_next_try_is_later_is_left_alone(db: Database) -> None:
    _links(db, "https://a.example/1", "https://a.example/2")
    postpone_link(db, 1, after(3600), "HTTP 500")
    assert [w.id for w in _run(Crawl(db, _frontier(db)).run())] == [2]


def test_a_link_under_way_is_not_handed_out_again(db: Database) -> None:
    _links(db, "https://a.example/1", "https://a.example/2")
    frontier = _frontier(db)

    async def crawl() -> None:
        first = await frontier.next()
        assert first is not None
        frontier.answered(first.host)
        second = await frontier.next()
        assert second is not None
        assert {first.id, second.id} == {1, 2}
        frontier.answered(second.host)
        waiting = asyncio.create_task(frontier.next())
        await asyncio.sleep(0.05)
        assert not waiting.done()
        for work, fate in ((first, "article"), (second, "gone")):
            settle_link(db, work.id, fate, utc_now())  # type: ignore[arg-type]
            frontier.settled(work)
        assert await waiting is None

    _run(crawl())


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 4), max_size=25), st.integers(1, 6), st.booleans())
def test_every_link_is_handed_out_exactly_once(hosts: list[int], most: int, slow: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        db = open_archive(Path(folder) / "news.db")
        urls = [f"https://h{host}.example/{n}" for n, host in enumerate(hosts)]
        _links(db, *urls)
        crawl = Crawl(db, _frontier(db, in_flight_max=most), read=0.002 if slow else 0.0)
        assert Counter(w.url for w in _run(crawl.run())) == Counter(urls)
        assert crawl.most_unsettled <= most
        db.close()


# --- holds ---


def test_a_hold_keeps_the_other_links_of_the_host_waiting_in_the_same_run(db: Database) -> None:
    _links(db, *(f"https://a.example/{n}" for n in range(4)), "https://b.example/1")
    frontier = _frontier(db, 0.01)
    crawl = Crawl(db, frontier)

    def hold_once(link: PendingLink) -> bool:
        if link.host == "b.example" or read_host(db, "a.example").failures:
            return False
        frontier.hold("a.example", 1.0, "HTTP 429")
        postpone_link(db, link.id, after(1.0), "HTTP 429", counts=False)
        return True

    crawl.on_link = hold_once
    work = _run(crawl.run())
    assert Counter(w.url for w in work) == Counter(
        ["https://a.example/0", *(f"https://a.example/{n}" for n in range(4)), "https://b.example/1"]
    )
    assert crawl.pauses("a.example")[0] >= 0.9


def test_a_long_hold_ends_the_run_and_survives_it(db: Database) -> None:
    _links(db, "https://a.example/1", "https://a.example/2", "https://b.example/1")
    frontier = _frontier(db)
    crawl = Crawl(db, frontier)

    def hold(link: PendingLink) -> bool:
        if link.host == "a.example":
            frontier.hold("a.example", PATIENCE_SECONDS + 60, "HTTP 503")
            postpone_link(db, link.id, after(PATIENCE_SECONDS + 60), "HTTP 503", counts=False)
        return link.host == "a.example"

    crawl.on_link = hold
    assert sorted(w.url for w in _run(crawl.run())) == ["https://a.example/1", "https://b.example/1"]
    again = _frontier(db)
    assert _run(again.next()) is None
    assert not again.out_of_time
    write_host(db, replace(read_host(db, "a.example"), not_before=utc_now()))
    assert [w.url for w in _run(Crawl(db, _frontier(db)).run())] == ["https://a.example/2"]


def test_a_held_host_with_nothing_to_fetch_does_not_keep_the_run_alive(db: Database) -> None:
    _links(db, "https://a.example/1")
    frontier = _frontier(db)
    crawl = Crawl(db, frontier)

    def fail(link: PendingLink) -> bool:
        frontier.hold("a.example", PATIENCE_SECONDS, "connection refused")
        settle_link(db, link.id, "failed", utc_now())
        return True

    crawl.on_link = fail
    assert len(_run(crawl.run())) == 1


def test_a_hold_without_a_time_grows_with_every_failure_until_forgiven(db: Database) -> None:
    frontier = _frontier(db)
    with transaction(db):
        assert [frontier.hold("a.example", 0, "HTTP 429") for _ in range(3)] == [60, 120, 240]
        assert frontier.hold("a.example", 7, "HTTP 429") == 7
    known = read_host(db, "a.example")
    assert known.failures == 4
    assert known.not_before is not None
    assert known.not_before > utc_now()
    frontier.forgive("a.example")
    assert read_host(db, "a.example") == Host("a.example")
    with transaction(db):
        assert frontier.hold("a.example", 0, "HTTP 429") == 60


def test_a_hold_keeps_robots_and_delay(db: Database) -> None:
    known = Host("a.example", delay_seconds=4, robots_status=200, robots_at=utc_now(), robots_body="User-agent: *")
    write_host(db, known)
    frontier = _frontier(db)
    with transaction(db):
        frontier.hold("a.example", 30, "HTTP 503")
    frontier.forgive("a.example")
    assert read_host(db, "a.example") == known


# --- the end ---


def test_close_hands_out_nothing_more(db: Database) -> None:
    _links(db, *(f"https://a.example/{n}" for n in range(5)))
    frontier = _frontier(db, 30.0)

    async def crawl() -> None:
        first = await frontier.next()
        assert first is not None
        frontier.answered(first.host)
        waiting = asyncio.create_task(frontier.next())
        await asyncio.sleep(0.02)
        frontier.close()
        assert await waiting is None
        assert await frontier.next() is None

    _run(crawl())


def test_a_new_run_takes_up_what_a_killed_one_left(db: Database) -> None:
    _links(db, "https://a.example/1", "https://a.example/2")
    taken = _run(_frontier(db).next())
    assert taken is not None
    work = _run(Crawl(db, _frontier(db)).run())
    assert [w.url for w in work] == ["https://a.example/1", "https://a.example/2"]


# --- archives ---


def test_a_local_archive_is_work_of_no_host_and_several_are_read_one_after_the_other(db: Database) -> None:
    _sources(db, archives=["old/a.warc.gz", "old/b.warc.gz", "https://c.example/c.warc.gz"])
    crawl = Crawl(db, _frontier(db), fetch=0.01)
    work = _run(crawl.run())
    assert {w.url for w in work} == {"old/a.warc.gz", "old/b.warc.gz", "https://c.example/c.warc.gz"}
    assert {w.host for w in work} == {"", "c.example"}


def test_an_archive_settled_without_an_answer_frees_its_host(db: Database) -> None:
    _sources(db, archives=["https://a.example/old.warc.gz"])
    seed = due_seeds(db, utc_now())[0]
    with transaction(db):
        add_links(db, seed, [Link("https://a.example/1")], utc_now())
    frontier = _frontier(db)

    async def crawl() -> list[str]:
        first = await frontier.next()
        assert isinstance(first, Seed)
        _poll(db, first)
        frontier.settled(first)
        second = await frontier.next()
        assert isinstance(second, PendingLink)
        settle_link(db, second.id, "article", utc_now())
        frontier.answered(second.host)
        frontier.settled(second)
        assert await frontier.next() is None
        return [first.url, second.url]

    assert _run(crawl()) == ["https://a.example/old.warc.gz", "https://a.example/1"]


def test_drained_waits_until_the_last_page_is_stored(db: Database) -> None:
    frontier = _frontier(db)
    left = 3

    async def store() -> None:
        nonlocal left
        while left:
            await asyncio.sleep(0.01)
            left -= 1
            frontier.page_stored()

    async def both() -> None:
        task = asyncio.create_task(store())
        await frontier.drained(lambda: left == 0)
        assert left == 0
        await task
        await frontier.drained(lambda: True)

    _run(both())
