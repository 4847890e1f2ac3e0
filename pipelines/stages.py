"""The two item pipelines: `Extract` reads pages off the reactor, `Store` writes each in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from scrapy.exceptions import DropItem

from db.connection import transaction, utc_now
from db.frontier import add_archive_link, add_seen_source, find_source, note_reason, settle_link
from db.rechecks import Validators, note_back, plan_recheck
from db.records import Fetch
from db.store import (
    Stored,
    add_urls,
    find_article,
    insert_article,
    note_first_sight,
    read_stored,
    replace_text,
    touch_article,
    write_fetch,
)
from db.topics import add_matches, add_mentions, write_matches, write_mentions
from db.urls import is_article_like, normalise, url_key
from db.version import VERSION
from pipelines.dedup import decide, identities
from pipelines.history import place_capture
from pipelines.line_learning import Cleaned, clean, forget_lines, note_lines, refresh_body
from pipelines.page import MATCHES_NO_TOPIC, NoArticle, Page, Reading
from pipelines.relevance import Judge
from pipelines.stories import place_again, place_article
from pipelines.workers import Workers

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from sqlite_utils import Database


EXTRACTOR = f"parley {VERSION}, trafilatura {version('trafilatura')}"
"""What made a stored text; ``scrapy reextract`` reads the raw pages again after an upgrade."""


PAGES_AHEAD = object()
"""Scrapy signal: pages will come soon. The workers take a second to start, which the first page need not wait for."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """A page with what the worker made of it, on its way from `Extract` to `Store`."""

    page: Page
    reading: Reading


class Extract:
    """Hands each page to a worker process and passes on what came back."""

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        self.crawler = crawler
        self.count = settings.getint("EXTRACT_WORKERS")
        self.deadline_seconds = settings.getfloat("EXTRACT_DEADLINE_SECONDS")
        self.memory_bytes = settings.getint("EXTRACT_MEMORY_MB") << 20
        self.gated = settings["KEEP"] == "matches" and settings.getbool("GATE")
        self.workers: Workers | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Extract:
        """Scrapy's constructor."""
        return cls(crawler)

    def open_spider(self) -> None:
        """Readies the pool; its processes start when pages are ahead: a run that finds nothing new needs none."""
        self.workers = Workers(
            self.crawler.spider.topics,  # type: ignore[union-attr]
            count=self.count,
            deadline_seconds=self.deadline_seconds,
            memory_bytes=self.memory_bytes,
            gated=self.gated,
        )
        self.crawler.signals.connect(self.workers.start, PAGES_AHEAD)

    def close_spider(self) -> None:
        """Stops the workers."""
        if self.workers is not None:
            self.workers.close()

    async def process_item(self, item: Page) -> Extracted:
        """Returns the page with its reading."""
        assert self.workers is not None
        return Extracted(item, await self.workers.read(item))


class Store:
    """Writes what became of each page: article, revision or copy, its matches, the fetch and the link's fate.

    Runs to its end without an ``await``, so no other write of this process comes between, and in one transaction, so a
    crash leaves the whole or nothing.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.matches_only = crawler.settings["KEEP"] == "matches"
        self.judge: Judge | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Store:
        """Scrapy's constructor."""
        return cls(crawler)

    def open_spider(self) -> None:
        """Readies the judge of texts that change here, where the lines a site repeats leave them."""
        self.judge = Judge(self.crawler.spider.topics)  # type: ignore[union-attr]

    def process_item(self, item: Extracted) -> Any:
        """Stores the page's outcome and tells the spider which it was."""
        spider: Any = self.crawler.spider
        if spider.trouble is not None:  # each page would wait anew for a lock that nobody lets go
            raise DropItem("the run is ending", log_level="DEBUG")
        try:
            outcome = self.write(spider, item)
        except (sqlite3.Error, OSError) as error:
            spider.stop(f"the archive cannot be written: {error}")
            # Told once by `stop`; Scrapy would write the whole page and a traceback for each page on its way.
            raise DropItem(f"the archive cannot be written: {error}", log_level="DEBUG") from error
        spider.settled(item.page, outcome)
        return item

    def write(self, spider: Any, item: Extracted) -> str:
        """Writes a page in one transaction and returns its outcome; a text that no table takes costs its page only."""
        try:
            with transaction(spider.db):
                return store_page(spider.db, spider.run_id, item, self.judge, matches_only=self.matches_only)
        except (ValueError, sqlite3.IntegrityError) as error:
            reading = Reading(refusal=NoArticle("failed", f"cannot be stored: {error}"[:200]))
            with transaction(spider.db):
                return store_page(spider.db, spider.run_id, Extracted(item.page, reading))


def store_page(
    db: Database, run_id: int | None, item: Extracted, judge: Judge | None = None, *, matches_only: bool = False
) -> str:
    """Writes everything about one page and returns what it was, for the run's counters.

    ``judge`` judges texts that the lines their site repeats leave; without one they keep the judgements they came with.
    Call inside a transaction. Returns ``new``, ``copy`` (new, and in a story that has other articles), ``same``,
    ``revised``, ``reextracted`` or the link's fate.
    """
    page, now = item.page, utc_now()
    link_id = page.link_id
    if link_id is None:
        assert page.seed_id is not None
        link_id = add_archive_link(db, page.url, page.seed_id, now)
    if page.milliseconds is not None:
        write_fetch(db, run_id, fetch_of(page, link_id))
    if item.reading.signed is None:
        refusal = item.reading.refusal or NoArticle("failed", "nothing was extracted")
        return _refuse(db, page, link_id, refusal, now)
    canonical = item.reading.signed.article.canonical
    keys = identities(page.url, page.final_url, canonical)
    preferred = _source_of_seed(db, page.seed_id)
    address = best_url(page, canonical, keys)
    source_id = find_source(db, address, preferred)
    cleaned = clean(db, source_id, item.reading, judge)
    signed = cleaned.reading.signed
    assert signed is not None
    decision = decide(db, keys, signed)
    if decision.kind == "same":
        assert decision.stored is not None
        return _again(db, page, link_id, item.reading, cleaned, decision.stored, keys, decision.reason, judge, now)
    if matches_only and not any(match.score > 0 for match in cleaned.reading.relevance):
        settle_link(db, link_id, "refused", now, reason=MATCHES_NO_TOPIC)
        return "refused"
    if any(kind == "canonical" and find_article(db, [key]) is not None for key, kind in keys.items()):
        # It is another article's, so it was claimed wrongly: neither this one's identity nor its address.
        keys = {key: kind for key, kind in keys.items() if kind != "canonical"}
        address = best_url(page, canonical, keys)
        source_id = find_source(db, address, preferred)
    add_seen_source(db, source_id, address)
    article_id = insert_article(
        db,
        replace(signed, article=replace(signed.article, url=address)),
        source_id=source_id,
        now=_seen_at(page, now),
        extractor=EXTRACTOR,
        raw=page.raw,
    )
    add_urls(db, article_id, keys)
    joined = place_article(db, article_id, signed.signature, new=True)
    add_matches(db, article_id, cleaned.reading.relevance)
    add_mentions(db, article_id, cleaned.reading.mentions)
    note_lines(db, article_id, cleaned, judge, now)
    settle_link(db, link_id, "article", now, article_id=article_id)
    _plan_recheck(db, page, link_id, article_id, now, is_read=True)
    return "copy" if joined else "new"


def best_url(page: Page, canonical: str | None, keys: dict[str, str]) -> str:
    """Returns the address to show for an article: its trusted canonical URL, else where the fetch ended."""
    if canonical and "canonical" in keys.values() and is_article_like(canonical):
        return normalise(canonical) or page.final_url
    return normalise(page.final_url) or page.final_url


def fetch_of(page: Page, link_id: int | None) -> Fetch:
    """Returns the log entry of the request that brought a page."""
    return Fetch(
        url=page.final_url,
        at=page.fetched_at,
        status=page.status,
        bytes=len(page.body),
        milliseconds=page.milliseconds,
        raw=page.raw,
        link_id=link_id,
        seed_id=page.seed_id,
    )


def _again(
    db: Database,
    page: Page,
    link_id: int,
    reading: Reading,
    cleaned: Cleaned,
    stored: Stored,
    keys: Mapping[str, str],
    reason: str | None,
    judge: Judge | None,
    now: str,
) -> str:
    """Stores a page whose article is known: another URL of it, the same text again, or an edit."""
    add_urls(db, stored.id, keys)
    seen_at = _seen_at(page, now)
    if not page.reextracted and note_first_sight(db, stored.id, seen_at) and stored.published_at is None:
        place_again(db, stored.id)
    fate, own = db.execute("SELECT fate, article_id FROM links WHERE id = ?", (link_id,)).fetchone()
    if own != stored.id or fate == "duplicate_url":
        settle_link(db, link_id, "duplicate_url", now, reason=reason, article_id=stored.id)
        touch_article(db, stored.id, seen_at, has_text=False)
        return "duplicate_url"
    _settle_again(db, link_id, fate, stored.id, None, now)
    if cleaned.source_id != stored.source_id:
        cleaned = clean(db, stored.source_id, reading, judge)
    signed = cleaned.reading.signed
    assert signed is not None
    if page.reextracted:
        _replace(db, page, stored.id, cleaned, judge, now)
        return "reextracted"
    other = find_article(db, [url_key(page.final_url)])
    if other is not None and other.id != stored.id:  # its outlet sends readers on to a text that is stored already
        note_reason(db, link_id, f"now leads to article {other.id}")
        _plan_recheck(db, page, link_id, stored.id, now, is_read=False)
        return "same"
    # Both texts without the lines known now: what was learned since is no edit.
    if refresh_body(db, stored.id, judge):
        stored = read_stored(db, stored.id)
    if page.milliseconds is not None:  # a clock that was put back makes no page of today an old one
        seen_at = max(seen_at, stored.captured_at)
    told = place_capture(db, stored, signed, seen_at)
    if told.is_current:
        _replace(db, page, stored.id, cleaned, judge, now)
    _plan_recheck(db, page, link_id, stored.id, now, is_read=told.is_read)
    return "revised" if told.is_news else "same"


def _seen_at(page: Page, now: str) -> str:
    """When a page showed what it does: now where it comes from its outlet, else when an archive captured it."""
    return now if page.milliseconds is not None else min(page.fetched_at, now)


def _replace(db: Database, page: Page, article_id: int, cleaned: Cleaned, judge: Judge | None, now: str) -> None:
    """Makes the text of a page the current one of an article, with all that follows from it."""
    signed = cleaned.reading.signed
    assert signed is not None
    forget_lines(db, article_id)
    replace_text(db, article_id, signed, extractor=EXTRACTOR, raw=page.raw)
    place_article(db, article_id, signed.signature)
    _judge(db, article_id, cleaned.reading)
    note_lines(db, article_id, cleaned, judge, now)


def _refuse(db: Database, page: Page, link_id: int, refusal: NoArticle, now: str) -> str:
    """Gives the link of a page without an article its fate; an article stored earlier stays as it is."""
    fate, own = db.execute("SELECT fate, article_id FROM links WHERE id = ?", (link_id,)).fetchone()
    if own is not None:
        _settle_again(db, link_id, fate, own, f"seen again without text: {refusal.reason}", now)
        _plan_recheck(db, page, link_id, own, now, is_read=False)
        return "same"
    settle_link(db, link_id, refusal.fate, now, reason=refusal.reason)
    return refusal.fate


def _settle_again(db: Database, link_id: int, fate: str, article_id: int, reason: str | None, now: str) -> None:
    """Writes what became of an article's link that was asked again, on a seed's word or by schedule."""
    if fate == "article":  # it was never pending: when it was settled says when a seed's word was last followed
        note_reason(db, link_id, reason)
    else:
        settle_link(db, link_id, "article", now, reason=reason, article_id=article_id)


def _plan_recheck(db: Database, page: Page, link_id: int, article_id: int, now: str, *, is_read: bool) -> None:
    """Plans the next look at an article whose page came from its outlet just now, and not from an archive."""
    if page.milliseconds is None:
        return
    note_back(db, article_id)
    whole = Validators(page.header("ETag"), page.header("Last-Modified")) if is_read else None
    plan_recheck(db, link_id, article_id, now, whole=whole)


def _judge(db: Database, article_id: int, reading: Reading) -> None:
    write_matches(db, article_id, reading.relevance)
    write_mentions(db, article_id, reading.mentions)


def _source_of_seed(db: Database, seed_id: int | None) -> str | None:
    row = db.execute("SELECT source_id FROM seeds WHERE id = ?", (seed_id,)).fetchone() if seed_id else None
    return row[0] if row else None
