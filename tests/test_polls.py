"""One poll of a seed: what is asked, and what the answer means for its links and its schedule."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import Response
from scrapy.settings import Settings
from sqlite_utils import Database

from crawler import polls
from crawler.fates import Verdict
from db.connection import from_text, open_archive, to_text, transaction, utc_now
from db.frontier import due_seeds, sync_sources
from db.records import Seed, Source

HILL = Source(
    "hill",
    "Hill",
    homepage="https://hill.example/",
    feeds=("https://hill.example/rss",),
    sitemaps=("https://hill.example/index.xml",),
    sections=("https://hill.example/news/",),
    archives=("old/hill.warc.gz", "https://hill.example/old.warc.gz"),
)


def _ago(**span: float) -> str:
    return to_text(datetime.now(UTC) - timedelta(**span))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_archive(tmp_path / "news.db")
    with transaction(database):
        sync_sources(database, [HILL])
    yield database
    database.close()


def _seed(db: Database, kind: str = "feed") -> Seed:
    return next(seed for seed in due_seeds(db, utc_now(), everything=True) if seed.kind == kind)


def _feed(*items: tuple[str, str]) -> bytes:
    body = "".join(f"<item><title>T</title><link>{url}</link><pubDate>{date}</pubDate></item>" for url, date in items)
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Hill</title>{body}</channel></rss>'.encode()


def _poll(db: Database, seed: Seed, body: bytes = b"", status: int = 200, **headers: str) -> polls.Poll:
    meta = {"started_at": utc_now(), "download_latency": 0.0123}
    names = {"Content_Type": "application/xml", **headers}
    response = Response(
        seed.url,
        status=status,
        body=body,
        headers={name.replace("_", "-"): value for name, value in names.items()},
        request=Request(seed.url, meta=meta),
    )
    with transaction(db):
        return polls.store(db, None, seed, response, polls.read(seed, response))


def _row(db: Database, seed: Seed) -> dict[str, Any]:
    return next(iter(db.query("SELECT * FROM seeds WHERE id = ?", [seed.id])))


def _wait(row: dict[str, Any]) -> float:
    """Returns the pause from now on, less what a slow machine has let pass since it was set."""
    return (from_text(row["next_poll_at"]) - datetime.now(UTC)).total_seconds()


# --- what is asked ---


def _request(seed: Seed) -> Request:
    settings = Settings()
    settings.setmodule("crawler.settings")
    return polls.request(seed, print, print, print, {"work": seed}, settings)


def test_validators_are_sent_while_the_last_full_answer_is_fresh(db: Database) -> None:
    seed = replace(_seed(db), etag='W/"1"', last_modified="Sun, 22 Nov 2026 11:00:00 GMT", full_fetch_at=_ago(hours=1))
    request = _request(seed)
    assert request.headers["If-None-Match"] == b'W/"1"'
    assert request.headers["If-Modified-Since"] == b"Sun, 22 Nov 2026 11:00:00 GMT"
    for changed in (replace(seed, full_fetch_at=_ago(hours=25)), replace(seed, full_fetch_at=None)):
        assert not {b"If-None-Match", b"If-Modified-Since"} & set(_request(changed).headers)


def test_each_kind_of_seed_has_its_limit(db: Database) -> None:
    sizes = {kind: _request(_seed(db, kind)).meta["download_maxsize"] for kind in ("feed", "sitemap", "section")}
    assert sizes == {"feed": 5 << 20, "sitemap": 50 << 20, "section": 5 << 20}


def test_an_archive_is_asked_for_by_its_path_or_address(db: Database) -> None:
    local, remote = (seed for seed in due_seeds(db, utc_now()) if seed.kind == "archive")
    assert (_request(local).url, _request(local).meta["local_archive"]) == ("file:///", "old/hill.warc.gz")
    assert _request(remote).url == _request(remote).meta["local_archive"] == "https://hill.example/old.warc.gz"


# --- what the answer means ---


def test_a_feed_fills_the_queue_and_sets_the_schedule_by_its_dates(db: Database) -> None:
    seed = _seed(db)
    day = "Sun, 22 Nov 2026 08:00:00 GMT"
    body = _feed(("https://hill.example/a-1", day), ("https://hill.example/a-2", day))
    poll = _poll(db, seed, body, ETag='"e"', Last_Modified=day)
    assert poll.ok
    assert dict(poll.counters) == {"polls": 1, "links_new": 2, "links_known": 0, "links_again": 0}
    assert db.execute("SELECT url, fate, seed_id FROM links ORDER BY url").fetchall() == [
        ("https://hill.example/a-1", "pending", seed.id),
        ("https://hill.example/a-2", "pending", seed.id),
    ]
    row = _row(db, seed)
    assert (row["etag"], row["last_modified"], row["status"], row["failures"]) == ('"e"', day, "active", 0)
    assert row["polled_at"] == row["full_fetch_at"] is not None
    assert -20 < _wait(row) - row["interval_seconds"] < 3
    fetch = db.execute("SELECT url, status, bytes, milliseconds, seed_id FROM fetches").fetchone()
    assert fetch == (seed.url, 200, len(body), 12, seed.id)


def test_not_modified_keeps_validators_and_slows_down(db: Database) -> None:
    seed = _seed(db)
    _poll(db, seed, _feed(("https://hill.example/a-1", "Sun, 22 Nov 2026 08:00:00 GMT")), ETag='"e"')
    db.execute("UPDATE seeds SET polled_at = ?, full_fetch_at = ?, rate_per_day = 9", (_ago(hours=20), _ago(hours=20)))
    seed = _seed(db)
    poll = _poll(db, seed, status=304)
    assert poll.ok
    assert dict(poll.counters) == {"polls": 1, "polls_unchanged": 1}
    row = _row(db, seed)
    assert (row["etag"], row["full_fetch_at"]) == ('"e"', seed.full_fetch_at)
    assert row["rate_per_day"] < 9
    assert row["polled_at"] > _ago(minutes=1)


def test_a_full_answer_without_validators_forgets_the_old_ones(db: Database) -> None:
    seed = _seed(db)
    _poll(db, seed, _feed(("https://hill.example/a-1", "")), ETag='"e"')
    _poll(db, _seed(db), _feed(("https://hill.example/a-1", "")))
    assert _row(db, seed)["etag"] is None


def test_more_new_links_poll_sooner(db: Database) -> None:
    seed = replace(_seed(db), polled_at=_ago(hours=1), rate_per_day=1.0)
    _poll(db, seed, _feed(*((f"https://hill.example/a-{n}", "") for n in range(40))))
    row = _row(db, seed)
    assert row["rate_per_day"] > 8
    assert row["interval_seconds"] < 4.5 * 3600 / 2


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html><body>Please log in</body></html>", "feed"),
        (b"", "feed"),
        (b"", "sitemap"),
        (b"\x89PNG....", "section"),
    ],
)
def test_an_answer_that_is_no_seed_fails_with_the_reason_and_keeps_validators(
    db: Database, body: bytes, kind: str
) -> None:
    seed = _seed(db, kind)
    db.execute("UPDATE seeds SET etag = 'kept' WHERE id = ?", (seed.id,))
    poll = _poll(db, seed, body, Content_Type="image/png" if kind == "section" else "text/html")
    assert not poll.ok
    assert poll.note
    row = _row(db, seed)
    assert (row["status"], row["failures"], row["etag"], row["note"]) == ("failing", 1, "kept", poll.note)
    assert 580 <= _wait(row) <= 602


@pytest.mark.parametrize(
    ("status", "failures", "becomes"),
    [(500, 0, "failing"), (404, 0, "failing"), (404, 3, "gone"), (410, 0, "gone"), (403, 9, "failing")],
)
def test_error_answers(db: Database, status: int, failures: int, becomes: str) -> None:
    seed = replace(_seed(db), failures=failures)
    poll = _poll(db, seed, b"<html>", status)
    assert (poll.ok, poll.note, poll.hold_seconds) == (False, f"HTTP {status}", None)
    assert dict(poll.counters) == {"polls": 1, "polls_failed": 1}
    row = _row(db, seed)
    assert row["status"] == becomes
    assert _wait(row) >= min(600 * 2**failures, 86400) - 20


@pytest.mark.parametrize("status", [429, 503])
def test_a_host_that_asks_for_patience_is_held(db: Database, status: int) -> None:
    poll = _poll(db, _seed(db), b"", status, Retry_After="7200")
    assert poll.hold_seconds == 7200
    assert _wait(_row(db, _seed(db))) >= 7180
    silent = _poll(db, _seed(db), b"", status)
    assert silent.hold_seconds == 0
    assert _poll(db, _seed(db), b"", 500, Retry_After="7200").hold_seconds is None


def test_no_answer_is_a_failure_with_its_reason(db: Database) -> None:
    seed = _seed(db)
    with transaction(db):
        polls.fail(db, seed, Verdict("failed", "the host's name cannot be resolved"))
    row = _row(db, seed)
    assert (row["status"], row["note"]) == ("failing", "the host's name cannot be resolved")


def test_many_problems_of_a_feed_are_noted_in_short(db: Database) -> None:
    seed = _seed(db)
    bad = [(f"ftp://hill.example/{n}", "") for n in range(9)]
    poll = _poll(db, seed, _feed(("https://hill.example/good-1", ""), *bad))
    assert poll.ok
    assert poll.note is not None
    assert len(poll.note) < 1000
    assert db.execute("SELECT url FROM links").fetchall() == [("https://hill.example/good-1",)]


# --- sitemap indexes ---


def _index(*children: tuple[str, str | None]) -> bytes:
    entries = "".join(
        f"<sitemap><loc>{url}</loc>{f'<lastmod>{date}</lastmod>' if date else ''}</sitemap>" for url, date in children
    )
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</sitemapindex>'.encode()


def _children(db: Database) -> dict[str, bool]:
    rows = db.execute("SELECT url, next_poll_at IS NULL FROM seeds WHERE parent_id IS NOT NULL")
    return {url.rpartition("/")[2]: bool(due) for url, due in rows}


def test_the_sitemaps_of_an_index_become_seeds_that_are_due(db: Database) -> None:
    seed = _seed(db, "sitemap")
    _poll(db, seed, _index(("https://hill.example/a.xml", "2026-11-01"), ("https://hill.example/b.xml", None)))
    assert _children(db) == {"a.xml": True, "b.xml": True}
    db.execute("UPDATE seeds SET next_poll_at = '2099-01-01T00:00:00Z'")
    changed = to_text(datetime.now(UTC) + timedelta(minutes=1))
    _poll(
        db,
        _seed(db, "sitemap"),
        _index(
            ("https://hill.example/a.xml", changed),
            ("https://hill.example/b.xml", None),
            ("https://hill.example/c.xml", "2020-01-01"),
        ),
    )
    assert _children(db) == {"a.xml": True, "b.xml": False, "c.xml": True}


def test_sitemaps_that_an_index_no_longer_names_are_polled_no_more(db: Database) -> None:
    seed = _seed(db, "sitemap")
    _poll(db, seed, _index(("https://hill.example/a.xml", None), ("https://hill.example/b.xml", None)))
    _poll(db, seed, _index(("https://hill.example/b.xml", None)))
    status = dict(db.execute("SELECT url, status FROM seeds WHERE parent_id = ?", (seed.id,)).fetchall())
    assert status == {"https://hill.example/a.xml": "removed", "https://hill.example/b.xml": "active"}
    _poll(db, seed, _index(("https://hill.example/c.xml", None)).removesuffix(b"</sitemapindex>"))
    status = dict(db.execute("SELECT url, status FROM seeds WHERE parent_id = ?", (seed.id,)).fetchall())
    assert status["https://hill.example/b.xml"] == "active", "an index that breaks off proves nothing"
    _poll(db, seed, b"oops", status=500)
    assert db.execute("SELECT count(*) FROM seeds WHERE status = 'removed'").fetchone() == (1,)


def test_sitemaps_older_than_since_and_beyond_the_newest_are_left_out(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polls, "CHILDREN_MAX", 3)
    seed = replace(_seed(db, "sitemap"), since="2026-01-01")
    months = [(f"https://hill.example/{n:02}.xml", f"2026-{n:02}-01") for n in range(1, 11)]
    _poll(db, seed, _index(*months, ("https://hill.example/old.xml", "2025-12-31")))
    assert set(_children(db)) == {"08.xml", "09.xml", "10.xml"}
    _poll(db, seed, _index(("https://hill.example/old.xml", "2025-12-31")))
    assert "old.xml" not in _children(db)


# --- archives ---


def test_an_archive_read_to_its_end_rests_a_day_with_its_mark(db: Database) -> None:
    seed = _seed(db, "archive")
    with transaction(db):
        polls.settle_archive(db, seed, "123-456", None)
    row = _row(db, seed)
    assert (row["etag"], row["status"], row["failures"]) == ("123-456", "active", 0)
    assert 86380 <= _wait(row) <= 86402


def test_a_broken_archive_is_failing_with_the_reason(db: Database) -> None:
    seed = _seed(db, "archive")
    with transaction(db):
        polls.settle_archive(db, seed, "123-456", "old/hill.warc.gz: ends in the middle of a record")
    row = _row(db, seed)
    assert (row["etag"], row["status"]) == (None, "failing")
    assert row["note"] == "old/hill.warc.gz: ends in the middle of a record"


# --- documents that trip readers and tables ---


def test_half_a_character_costs_its_entry_and_no_other(db: Database) -> None:
    body = (
        rb'{"version": "https://jsonfeed.org/version/1.1", "items": [{"url": "mailto:\ud800x"},'
        rb' {"url": "https://hill.example/good", "title": "A \udfff title"}]}'
    )
    seed = _seed(db)
    poll = _poll(db, seed, body, Content_Type="application/json")
    assert poll.ok
    assert db.execute("SELECT url, fate FROM links").fetchall() == [("https://hill.example/good", "pending")]
    assert "mailto:?x" in _row(db, seed)["note"]


@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape", "raw_unicode_escape", "utf-16-le"])
def test_a_charset_that_makes_half_characters_fails_no_feed(db: Database, charset: str) -> None:
    declared = f'<?xml version="1.0" encoding="{charset}"?>'.encode()
    item = b"<item><title>\\ud800 +2AA- \xff</title><link>https://hill.example/good</link></item>"
    poll = _poll(db, _seed(db), declared + b'<rss version="2.0"><channel>' + item + b"</channel></rss>")
    assert poll.ok or poll.note, "told, not raised"
    assert poll.counters["polls"] == 1


def test_a_reader_that_trips_is_a_failed_poll_with_its_reason(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def trip(*_: object) -> None:
        raise RecursionError("too deep \ud800")

    monkeypatch.setattr(polls, "parse_feed", trip)
    seed = _seed(db)
    poll = _poll(db, seed, _feed(("https://hill.example/a", "")))
    assert (poll.ok, poll.counters["polls_failed"]) == (False, 1)
    row = _row(db, seed)
    assert row["status"] == "failing"
    assert "RecursionError: too deep ?" in row["note"]


@pytest.mark.parametrize(
    ("error", "of_document"),
    [
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), True),
        (sqlite3.IntegrityError("CHECK constraint failed"), True),
        (OverflowError("int too large"), True),
        (sqlite3.OperationalError("database is locked"), False),
        (OSError(28, "No space left on device"), False),
    ],
)
def test_what_a_document_said_is_told_from_a_disk_that_refuses(error: Exception, of_document: bool) -> None:
    assert polls.is_of_document(error) is of_document
