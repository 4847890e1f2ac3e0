"""The one spider: it asks the frontier for work, turns seeds into links and links into pages."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from logging import getLogger
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from scrapy import Request, Spider
from scrapy.exceptions import CloseSpider

from crawler import polls, visits
from crawler.answers import fetch_of, page_of
from crawler.archive import ArchiveUnreadable, WarcFolder, read_batches
from crawler.discovery import Discovery, DiscoveryError
from crawler.fates import Verdict, is_disk_trouble, judge_failure
from crawler.frontier import Frontier, Work
from crawler.politeness import after
from crawler.redirects import REDIRECTS, RedirectUnusable, follow_redirect
from crawler.remote_archives import CopyInterrupted
from crawler.runs import start_run
from crawler.sources import load_sources
from crawler.stored_pages import find_stored_pages, read_stored_page
from db.connection import open_archive, transaction, utc_now
from db.frontier import sync_sources
from db.rechecks import drop_rechecks
from db.records import Fetch, PendingLink, Seed
from db.store import write_fetch
from db.topics import retire_topics
from pipelines.page import Page
from pipelines.rescoring import record_topic
from pipelines.stages import PAGES_AHEAD
from pipelines.topic import Topic
from pipelines.topic_file import load_topics

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from sqlite_utils import Database
    from twisted.python.failure import Failure

logger = getLogger(__name__)

ALARM_POLLS = 3
"""So many polls in one run, all failed, point at this machine's network and no longer at the outlets."""


class NewsSpider(Spider):
    """Polls the seeds that are due, writes every link they mention, and fetches what is pending.

    Arguments: ``due=all`` polls every seed now, whatever its schedule; ``reextract=1`` fetches nothing and reads all
    stored raw pages again.
    """

    name = "news"
    db: Database
    archive: WarcFolder
    frontier: Frontier
    topics: tuple[Topic, ...]
    run_id: int
    ends_at: float

    def __init__(self, due: str = "", reextract: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if due not in ("", "all"):
            raise ValueError(f"due={due!r} is not known; allowed: due=all")
        self.everything_due = due == "all"
        self.reextract = bool(reextract)
        self.counters: Counter[str] = Counter()
        self.trouble: str | None = None
        self.out_of_time = False
        self.works: dict[int, PendingLink] = {}
        self.open_pages: set[tuple[int, str]] = set()
        self.closing: asyncio.Future[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Opens the archive, reads sources and topics, and readies the frontier."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        settings = crawler.settings
        database = Path(settings["DATABASE"])
        sources = () if spider.reextract else load_sources(settings["SOURCES"])
        spider.topics = load_topics(settings["TOPICS"])
        spider.db = open_archive(database)
        spider.archive = WarcFolder(Path(settings["ARCHIVE"]), database.stem, spider.db)
        with transaction(spider.db):
            if not spider.reextract:
                sync_sources(spider.db, sources)
                drop_rechecks(spider.db, utc_now())
            spider.write_topics()
        spider.run_id = start_run(spider.db)
        spider.ends_at = monotonic() + settings.getfloat("RUN_SECONDS")
        spider.frontier = Frontier(
            spider.db,
            delay_seconds=settings.getfloat("HOST_DELAY_SECONDS"),
            in_flight_max=settings.getint("CONCURRENT_REQUESTS"),
            run_seconds=settings.getfloat("RUN_SECONDS"),
            everything_due=spider.everything_due,
            rechecks_per_hour=settings.getfloat("HOST_RECHECKS_PER_HOUR"),
        )
        return spider

    def write_topics(self) -> None:
        """Notes the topics of this run in the archive."""
        if gone := retire_topics(self.db, [topic.id for topic in self.topics]):
            logger.warning("topics with no file any more, new articles are not judged by them: %s", ", ".join(gone))
        for topic in self.topics:
            record_topic(self.db, topic, utc_now())

    def needs_human(self) -> bool:
        """Returns whether somebody should look at this run: trouble, or several polls and not one that worked.

        One dead feed that is due alone is no alarm: with a run every five minutes that would be mail all day.
        """
        polls_done = self.counters["polls"]
        return self.trouble is not None or (polls_done >= ALARM_POLLS and self.counters["polls_failed"] == polls_done)

    async def start(self) -> AsyncIterator[Any]:
        """Yields one request for each piece of work, as the frontier hands it out."""
        if self.reextract:
            yield Request("file:///", callback=self.parse_stored, meta={"local_archive": ""})
            return
        while (work := await self.frontier.next()) is not None:
            yield self.request_for(work)

    def request_for(self, work: Work) -> Request:
        """Returns the request that does a piece of work."""
        # Redirects go back to the frontier, so that each hop waits for its host's turn.
        meta: dict[str, Any] = {"work": work, "started_at": utc_now(), "dont_redirect": True}
        if isinstance(work, PendingLink):
            self.crawler.signals.send_catch_log(PAGES_AHEAD)
            return visits.request(work, self.parse_article, self.failed, meta, self.settings)
        return polls.request(work, self.parse_seed, self.parse_archive, self.failed, meta, self.settings)

    async def parse_seed(self, response: Response) -> AsyncIterator[Any]:
        """Writes the links of a feed, sitemap or section page; they are fetched when their host's turn comes."""
        seed: Seed = response.meta["work"]
        self.frontier.answered(seed.host)
        if response.status in REDIRECTS:
            self.redirect(seed, response)
            return
        try:
            if len(response.body) > polls.LARGE_BYTES:
                found = await asyncio.to_thread(polls.read, seed, response)
            else:
                found = polls.read(seed, response)
            outcome = self.store_poll(seed, response, found)
            if outcome.ok:
                with self.guarding():
                    self.frontier.forgive(seed.host)
            else:
                logger.info("poll of %s failed: %s", seed.url, outcome.note)
        finally:  # a seed that never settles would keep the run waiting for it
            self.frontier.settled(seed)
        self.put_off_hops(seed.host)
        if outcome.hosts:
            self.crawler.signals.send_catch_log(PAGES_AHEAD)
        self.frontier.wake(outcome.hosts, new_seeds=outcome.new_seeds)
        return
        yield  # makes this an async generator, the one kind of callback Scrapy never warns about

    def store_poll(self, seed: Seed, response: Response, found: Discovery | DiscoveryError | None) -> polls.Poll:
        """Writes an answered poll in one transaction; one that the tables do not take is written as failed."""
        with self.guarding():
            try:
                with transaction(self.db):
                    outcome = polls.store(self.db, self.run_id, seed, response, found)
            except Exception as error:
                if not polls.is_of_document(error):
                    raise
                with transaction(self.db):
                    outcome = polls.store(self.db, self.run_id, seed, response, polls.unreadable(error))
            if outcome.hold_seconds is not None:
                with transaction(self.db):
                    self.frontier.hold(seed.host, outcome.hold_seconds, outcome.note or "")
        self.counters.update(outcome.counters)
        return outcome

    async def parse_archive(self, response: Response) -> AsyncIterator[Page]:
        """Yields every page of a WARC file that was not read before; nothing is fetched and nothing archived again.

        A run that ends meanwhile leaves the archive due: the next one passes over what is stored and goes on.
        """
        seed: Seed = response.meta["work"]
        path: Path = response.meta["path"]
        self.counters["polls"] += 1
        mark = polls.mark_of(path)
        note = None
        if mark is not None and mark == seed.etag:
            self.counters["polls_unchanged"] += 1
        else:
            batches = read_batches(path)
            try:
                # In a thread: an archive may hold thousands of films between two pages.
                while not self.is_leaving(seed) and (batch := await asyncio.to_thread(next, batches, None)) is not None:
                    for page in batch:
                        key = (seed.id, page.url)
                        # Captures of one page go one after another, so that the last of them is what stays.
                        await self.frontier.drained(partial(self.is_through, key))
                        if not self.is_leaving(seed) and polls.is_unread(self.db, page):
                            self.open_pages.add(key)
                            yield replace(page, seed_id=seed.id)
            except ArchiveUnreadable as error:
                note = str(error)
                self.counters["polls_failed"] += 1
                logger.error("archive cannot be read: %s", error)
        await self.frontier.drained(partial(self.is_through, (seed.id, None)))
        if not self.is_leaving(seed):
            with self.writing():
                polls.settle_archive(self.db, seed, mark, note)
        self.frontier.settled(seed)

    def is_through(self, key: tuple[int, str | None]) -> bool:
        """Returns whether a page of an archive (None: every page), named by seed and URL, has passed the pipelines.

        After trouble nothing passes them any more, and nobody may wait for it.
        """
        if self.trouble is not None:
            return True
        return key not in self.open_pages if key[1] else all(key[0] != seed_id for seed_id, _ in self.open_pages)

    def is_leaving(self, seed: Seed | None = None) -> bool:
        """Returns whether the run is to end: asked to by a signal, in trouble or, for a seed, out of time."""
        if seed is not None and monotonic() >= self.ends_at:
            self.out_of_time = True
            return True
        return self.trouble is not None or not self.crawler.crawling

    async def parse_stored(self, _response: Response) -> AsyncIterator[Page]:
        """Yields the raw page of every link that has one, read back from the WARC files."""
        folder = Path(self.settings["ARCHIVE"])
        for stored in find_stored_pages(self.db):
            if self.is_leaving():
                return
            try:
                page = await asyncio.to_thread(read_stored_page, folder, stored)
            except ArchiveUnreadable as error:
                self.counters["unreadable"] += 1
                logger.error("raw page of %s cannot be read: %s", stored.url, error)
                continue
            yield page

    async def parse_article(self, response: Response) -> AsyncIterator[Page]:
        """Yields the page of a link, or gives the link the fate its answer means."""
        link: PendingLink = response.meta["work"]
        self.frontier.answered(link.host)
        if response.status in REDIRECTS:
            self.redirect(link, response)
            return
        verdict = visits.judge(response, link)
        if verdict is None or verdict.fate == "article":
            with self.guarding():
                self.frontier.forgive(link.host)
        if verdict is None:
            self.works[link.id] = link
            yield page_of(response, link)
            return
        self.settle(link, verdict, fetch_of(response, link))

    def redirect(self, work: Work, response: Response) -> None:
        """Hands a redirected piece of work back to the frontier at its next hop, or settles it where there is none."""
        with self.guarding():
            self.frontier.forgive(work.host)
        fetch = fetch_of(response, work)
        most = self.settings.getint("REDIRECT_MAX_TIMES")
        try:
            onward = follow_redirect(work, response.url, response.status, response.headers.get("Location"), most)
        except RedirectUnusable as error:
            self.give_up(work, Verdict("failed", str(error)), fetch)
            return
        rest = self.frontier.follow(onward)
        if rest:
            self.put_off(work, onward.host, fetch)
            return
        with self.writing():
            write_fetch(self.db, self.run_id, fetch)

    def put_off(self, work: Work, host: str, fetch: Fetch | None = None) -> None:
        """Leaves redirected work for a later run, because the host it was led to rests for long."""
        rest = self.frontier.rest_of(host)
        reason = f"redirected to {host}, which asked to be left alone"
        self.give_up(work, Verdict("failed", reason, lambda _: after(rest), counts=False), fetch)

    def put_off_hops(self, host: str) -> None:
        """Puts off what redirects led to a host that has just asked for patience."""
        for work in self.frontier.take_back(host):
            self.put_off(work, host)

    def give_up(self, work: Work, verdict: Verdict, fetch: Fetch | None) -> None:
        """Settles a link or a poll that brought no document."""
        if isinstance(work, PendingLink):
            self.settle(work, verdict, fetch)
            return
        with self.writing():
            if fetch is not None:
                write_fetch(self.db, self.run_id, fetch)
            polls.fail(self.db, work, verdict)
            if verdict.hold_seconds is not None:
                self.frontier.hold(work.host, verdict.hold_seconds, verdict.reason)
        self.counters.update(polls=1, polls_failed=1)
        self.frontier.settled(work)
        self.put_off_hops(work.host)

    async def failed(self, failure: Failure) -> AsyncIterator[Any]:
        """Gives work that brought no response its fate: refused, blocked, postponed or failed."""
        request: Request = failure.request  # type: ignore[attr-defined]
        work: Work = request.meta["work"]
        self.frontier.answered(work.host)
        error = failure.value
        assert error is not None
        if isinstance(error, CopyInterrupted):  # it stays due
            self.frontier.settled(work)
            return
        if is_disk_trouble(error):  # of ours, so neither the link nor the seed failed: they wait for the next run
            self.stop(f"the archive cannot be written: {error}")
            self.frontier.settled(work)
            return
        verdict = judge_failure(error, request.url)
        if isinstance(work, Seed):  # whose document has a limit of its own
            verdict = replace(verdict, reason=verdict.reason.replace("DOWNLOAD_MAXSIZE", polls.limit_of(work)))
        link_id, seed_id = (work.id, None) if isinstance(work, PendingLink) else (None, work.id)
        at = request.meta["started_at"]
        fetch = Fetch(url=request.url, at=at, error=verdict.reason, link_id=link_id, seed_id=seed_id)
        self.give_up(work, verdict, fetch if verdict.sent else None)
        return
        yield

    @contextmanager
    def guarding(self) -> Iterator[None]:
        """Ends the run with a clear word where the disk or the database refuses to be written."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            self.stop(f"the archive cannot be written: {error}")
            # Scrapy knows this one: no traceback for each of the requests that are still on their way.
            raise CloseSpider("trouble") from error

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction; a disk or database that refuses it ends the run with a clear word."""
        with self.guarding(), transaction(self.db):
            yield

    def stop(self, trouble: str) -> None:
        """Ends the run because a human is needed; what is stored stays, what is pending waits."""
        if self.trouble is None:
            self.trouble = trouble
            logger.critical("stopping: %s", trouble)
            self.frontier.close()
            self.frontier.page_stored()  # whoever waits for a page need not any more
            assert self.crawler.engine is not None
            self.closing = asyncio.ensure_future(self.crawler.engine.close_spider_async(reason="trouble"))

    def outcome(self, reason: str) -> str:
        """Returns the outcome of the run in a word or a sentence, from why Scrapy closed the spider."""
        if self.trouble is not None:
            return f"trouble: {self.trouble}"
        if reason != "finished":
            return "stopped" if reason == "shutdown" else reason
        return "out of time" if self.out_of_time or self.frontier.out_of_time else "done"

    def settle(self, link: PendingLink, verdict: Verdict, fetch: Fetch | None) -> None:
        """Writes a link's fate, or when it is tried again, in one transaction with the fetch that told it."""
        with self.writing():
            if fetch is not None:
                write_fetch(self.db, self.run_id, fetch)
            if verdict.hold_seconds is not None:
                self.frontier.hold(link.host, verdict.hold_seconds, verdict.reason)
            self.counters.update(visits.settle(self.db, link, verdict, self.settings.getint("LINK_TRIES")))
        self.counters["pages"] += fetch is not None
        self.frontier.settled(link)
        self.put_off_hops(link.host)

    def settled(self, page: Page, outcome: str) -> None:
        """Called by `pipelines.stages.Store` when a page is stored."""
        self.counters["pages"] += 1
        self.counters[outcome] += 1
        if page.link_id in self.works:
            link = self.works.pop(page.link_id)
            self.counters["rechecks"] += link.is_recheck
            self.frontier.settled(link)
        elif page.seed_id is not None and not page.reextracted:
            self.open_pages.discard((page.seed_id, page.url))
            self.frontier.page_stored()
