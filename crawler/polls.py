"""One poll of a seed: the request with its validators, and what its answer means for links and schedule."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy import Request

from crawler.answers import fetch_of
from crawler.discovery import Discovery, DiscoveryError
from crawler.fates import Verdict
from crawler.feeds import parse_feed
from crawler.politeness import after, parse_retry_after
from crawler.schedule import failure_seconds, first_rate, interval_seconds, next_rate
from crawler.sections import parse_section
from crawler.sitemaps import parse_sitemap
from db.connection import from_text, utc_now
from db.frontier import add_child_seed, add_links, fail_seed, find_link, keep_children, settle_seed
from db.records import PendingLink, Seed
from db.store import write_fetch

if TYPE_CHECKING:
    from scrapy.http import Response
    from scrapy.settings import BaseSettings
    from sqlite_utils import Database

    from pipelines.page import Page

CHILDREN_MAX = 500
"""Of a sitemap index the newest so many sitemaps are followed; archives of decades list thousands."""
LARGE_BYTES = 256 << 10
"""A document above this is read in a thread, so that downloads go on meanwhile."""
ARCHIVE_INTERVAL_SECONDS = 24 * 3600
"""How often an archive file is looked at again; it is read again only when its size or time changed."""


@dataclass(frozen=True, slots=True)
class Poll:
    """What one answered poll came to."""

    ok: bool
    note: str | None = None
    counters: Counter[str] = field(default_factory=Counter)
    hold_seconds: float | None = None
    hosts: frozenset[str] = frozenset()
    """Hosts that have links to fetch now."""
    new_seeds: bool = False
    """Whether a sitemap index named sitemaps."""


def request(
    seed: Seed,
    parse_seed: Callable[..., Any],
    parse_archive: Callable[..., Any],
    failed: Callable[..., Any],
    meta: dict[str, Any],
    settings: BaseSettings,
) -> Request:
    """Returns the request that polls a seed, conditional where its validators are fresh enough to be believed."""
    if seed.kind == "archive":
        meta = {**meta, "local_archive": seed.url}
        url = seed.url if seed.url.startswith(("http://", "https://")) else "file:///"
        return Request(url, parse_archive, errback=failed, meta=meta)
    meta = {**meta, "download_maxsize": settings.getint(limit_of(seed))}
    headers = conditions(seed, settings.getint("FULL_FETCH_SECONDS"))
    return Request(seed.address, parse_seed, errback=failed, meta=meta, headers=headers)


def limit_of(seed: Seed) -> str:
    """Returns the name of the setting that limits the size of a seed's document."""
    return {"archive": "IMPORT_MAX_BYTES", "sitemap": "SITEMAP_MAX_BYTES"}.get(seed.kind, "FEED_MAX_BYTES")


def conditions(work: Seed | PendingLink, full_fetch_seconds: float) -> dict[str, str]:
    """Returns the headers that make a request conditional (RFC 9110 section 13.1) while the validators may be believed.

    They are where the last whole answer is not too old: some servers answer 304 for ever.
    """
    if not is_conditional(work, full_fetch_seconds):
        return {}
    told = {"If-None-Match": work.etag, "If-Modified-Since": work.last_modified}
    return {name: value for name, value in told.items() if value}


def is_conditional(work: Seed | PendingLink, full_fetch_seconds: float) -> bool:
    """Returns whether the stored validators may be used: the last whole answer is not too old."""
    if not work.full_fetch_at:
        return False
    return (datetime.now(UTC) - from_text(work.full_fetch_at)).total_seconds() < full_fetch_seconds


def read(seed: Seed, response: Response) -> Discovery | DiscoveryError | None:
    """Returns the links of a seed's answer, or why there are none to be had; None where the answer carries no document.

    Takes a second or two for the largest sitemaps (50,000 URLs) and touches nothing shared: fit for a thread.
    """
    if response.status != 200:
        return None
    try:
        return _parse(seed, response)
    except DiscoveryError as error:
        return error
    except Exception as error:  # a document that trips a reader costs its poll, never the run
        return unreadable(error)


def unreadable(error: Exception) -> DiscoveryError:
    """Returns the reason for a poll whose document tripped a reader or the database."""
    words = str(error).encode("utf-8", "replace").decode("utf-8")
    return DiscoveryError(f"the document could not be taken in: {type(error).__name__}: {words}"[:300])


def _parse(seed: Seed, response: Response) -> Discovery:
    kind = (response.headers.get("Content-Type") or b"").decode("latin-1") or None
    if seed.kind == "feed":
        return parse_feed(response.body, response.url, kind)
    if seed.kind == "sitemap":
        return parse_sitemap(response.body, response.url)
    return parse_section(response.body, response.url, kind)


def is_of_document(error: BaseException) -> bool:
    """Returns whether storing a poll failed because of what the document said, and not for want of a disk."""
    return not isinstance(error, OSError | sqlite3.Error) or isinstance(error, sqlite3.IntegrityError)


def store(
    db: Database, run_id: int | None, seed: Seed, response: Response, found: Discovery | DiscoveryError | None
) -> Poll:
    """Writes one answered poll: the fetch, the links it was `read` to hold, the validators and the next poll.

    Call inside a transaction.
    """
    now = utc_now()
    write_fetch(db, run_id, fetch_of(response, seed))
    counters: Counter[str] = Counter(polls=1)
    if response.status == 304:
        _settle(db, seed, response, now, new=0, rate=None, note=_moved(seed))
        counters["polls_unchanged"] += 1
        return Poll(True, counters=counters)
    if found is None:
        return _failed(db, seed, response, counters)
    if isinstance(found, DiscoveryError):
        _fail(db, seed, str(found), None)
        counters["polls_failed"] += 1
        return Poll(False, str(found), counters)
    added = add_links(db, seed, found.links, now)
    _add_children(db, seed, found)
    counters.update(links_new=added.new, links_known=added.known, links_again=added.again)
    rate = None
    if seed.polled_at is None:
        rate = first_rate((link.published_hint for link in found.links), datetime.now(UTC))
    notes = [*filter(None, [_moved(seed)]), *found.problems[:3]]
    if len(found.problems) > 3:
        notes.append(f"and {len(found.problems) - 3} more")
    note = "; ".join(notes) or None
    _settle(db, seed, response, now, new=added.new, rate=rate, note=note)
    return Poll(True, note, counters, hosts=added.hosts, new_seeds=bool(found.children))


def fail(db: Database, seed: Seed, verdict: Verdict) -> None:
    """Writes a poll that brought no answer. Call inside a transaction."""
    _fail(db, seed, verdict.reason, None)


def mark_of(path: Path) -> str | None:
    """Returns a mark that changes when a local file does (size and time), or None where it cannot be read."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return f"{stat.st_size}-{stat.st_mtime_ns}"


def is_unread(db: Database, page: Page) -> bool:
    """Returns whether a page of an archive is news: its URL has no fate yet, or it is a capture of an article that no
    trace tells of.

    A capture that was read shows as the first or latest sight of a text. One between two sights of a text leaves no
    trace and is read again, to no effect; two of one moment are told apart by their place in the file.
    """
    found = find_link(db, page.url)
    if found is None or found[1] == "pending":
        return True
    if found[1] != "article" or page.raw is None:
        return False
    row = db.execute(
        "SELECT a.warc_file, a.warc_offset, a.captured_at, a.first_seen_at, a.id FROM links l"
        " JOIN articles a ON a.id = l.article_id WHERE l.id = ?",
        (found[0],),
    ).fetchone()
    if row is None:
        return False
    extent, (captured_at, first_seen_at, article_id) = row[:2], row[2:]
    if page.fetched_at == captured_at:
        return extent[0] is not None and (page.raw.file, page.raw.offset) > extent
    changes = db.execute("SELECT seen_at FROM revisions WHERE article_id = ?", (article_id,))
    return page.fetched_at not in {first_seen_at, *(seen_at for (seen_at,) in changes)}


def settle_archive(db: Database, seed: Seed, mark: str | None, problem: str | None) -> None:
    """Writes that an archive was read to its end, or why not. Call inside a transaction."""
    if problem is not None:
        _fail(db, seed, problem, None)
        return
    now = utc_now()
    settle_seed(
        db,
        seed,
        polled_at=now,
        next_poll_at=after(ARCHIVE_INTERVAL_SECONDS),
        interval_seconds=ARCHIVE_INTERVAL_SECONDS,
        rate_per_day=0.0,
        etag=mark,
        last_modified=None,
        full_fetch_at=now,
        note=None,
    )


def _moved(seed: Seed) -> str | None:
    return f"moved to {seed.moved_to}" if seed.moved_to else None


def _settle(
    db: Database, seed: Seed, response: Response, now: str, *, new: int, rate: float | None, note: str | None
) -> None:
    if rate is None:
        elapsed = (datetime.now(UTC) - from_text(seed.polled_at)).total_seconds() if seed.polled_at else 0.0
        rate = next_rate(seed.rate_per_day, elapsed, new)
    interval = interval_seconds(rate)
    full = response.status == 200
    settle_seed(
        db,
        seed,
        polled_at=now,
        next_poll_at=after(interval),
        interval_seconds=interval,
        rate_per_day=rate,
        etag=(_header(response, "ETag") if full else None) or (None if full else seed.etag),
        last_modified=(_header(response, "Last-Modified") if full else None) or (None if full else seed.last_modified),
        full_fetch_at=now if full else seed.full_fetch_at,
        note=note,
    )


def _failed(db: Database, seed: Seed, response: Response, counters: Counter[str]) -> Poll:
    status = response.status
    asked = parse_retry_after(_header(response, "Retry-After"), datetime.now(UTC)) if status in (429, 503) else None
    note = f"HTTP {status}"
    _fail(db, seed, note, asked, gone=status == 410 or (status == 404 and seed.failures >= 3))
    counters["polls_failed"] += 1
    return Poll(False, note, counters, hold_seconds=(asked or 0.0) if status in (429, 503) else None)


def _fail(db: Database, seed: Seed, note: str, asked_seconds: float | None, *, gone: bool = False) -> None:
    rest = max(failure_seconds(seed.failures + 1), asked_seconds or 0.0)
    fail_seed(db, seed, polled_at=utc_now(), next_poll_at=after(rest), note=note, gone=gone)


def _add_children(db: Database, seed: Seed, discovery: Discovery) -> None:
    if discovery.children and not discovery.problems:  # read whole: what it does not name it dropped
        keep_children(db, seed, [child.url for child in discovery.children])
    newest = sorted(discovery.children, key=lambda child: child.modified_hint or "9999", reverse=True)[:CHILDREN_MAX]
    for child in newest:
        if seed.since and child.modified_hint and child.modified_hint[:10] < seed.since:
            continue
        changed = child.modified_hint is None or seed.polled_at is None or child.modified_hint >= seed.polled_at
        add_child_seed(db, seed, child.url, due=changed and child.modified_hint is not None)


def _header(response: Response, name: str) -> str | None:
    value = response.headers.get(name)
    return value.decode("latin-1") if value else None
