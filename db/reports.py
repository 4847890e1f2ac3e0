"""Answers about the state of the archive: SQL in, typed rows out. ``scrapy status`` prints them, the site shows them.

Each query is a constant with named parameters, so that the site can run the same text on its own connections.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sqlite_utils import Database

from db.connection import from_text, to_text
from db.records import FATES, Fate, SeedKind

SILENT_AFTER = timedelta(days=7)
"""A source that answers but brought nothing new for this long is called silent: its feed may have moved."""

Health = Literal["failing", "empty", "silent", "new", "ok", "disabled"]

# Correlated lookups, each over an index: a join with GROUP BY over articles would read every row of the archive.
SOURCE_HEALTH = """
SELECT s.id, s.name, s.homepage, s.country, s.language, s.status, s.last_ok_at, s.n_articles, s.note,
    h.n_seeds, h.n_failing, h.failures, h.last_article_at, h.last_error,
    CASE
        WHEN s.status <> 'active' THEN 'disabled'
        WHEN h.n_failing > 0 THEN 'failing'
        WHEN s.last_ok_at IS NULL THEN 'new'
        WHEN h.last_article_at IS NULL THEN 'empty'
        WHEN h.last_article_at < :silent_before THEN 'silent'
        ELSE 'ok'
    END AS health
FROM sources AS s
JOIN (
    SELECT id,
        (SELECT count(*) FROM seeds WHERE source_id = o.id AND status <> 'removed') AS n_seeds,
        (SELECT count(*) FROM seeds WHERE source_id = o.id AND (status IN ('failing', 'gone')
            OR failures > 0 AND status = 'active')) AS n_failing,
        (SELECT coalesce(max(failures), 0) FROM seeds WHERE source_id = o.id AND status <> 'removed') AS failures,
        (SELECT max(first_seen_at) FROM articles WHERE source_id = o.id) AS last_article_at,
        (SELECT note FROM seeds WHERE source_id = o.id AND status IN ('active', 'failing', 'gone')
            AND (failures > 0 OR status = 'gone') AND note IS NOT NULL ORDER BY polled_at DESC LIMIT 1) AS last_error
    FROM sources AS o
) AS h ON h.id = s.id
WHERE s.status IN ('active', 'disabled')
ORDER BY CASE health WHEN 'failing' THEN 0 WHEN 'empty' THEN 1 WHEN 'silent' THEN 2 WHEN 'new' THEN 3
    WHEN 'ok' THEN 4 ELSE 5 END,
    s.name COLLATE NOCASE, s.id
"""

DUE_SEEDS = """
SELECT e.id, e.source_id, e.kind, e.url, e.next_poll_at, e.failures
FROM seeds AS e
WHERE e.status IN ('active', 'failing', 'gone') AND (e.next_poll_at IS NULL OR e.next_poll_at <= :now)
ORDER BY e.next_poll_at, e.id
"""

RECENT_FAILURES = """
SELECT f.at, f.url, f.status, f.error, coalesce(e.source_id, le.source_id) AS source_id
FROM (SELECT * FROM fetches ORDER BY id DESC LIMIT :window) AS f
LEFT JOIN seeds AS e ON e.id = f.seed_id
LEFT JOIN links AS l ON l.id = f.link_id
LEFT JOIN seeds AS le ON le.id = l.seed_id
WHERE f.error IS NOT NULL OR f.status >= 400
ORDER BY f.id DESC
LIMIT :limit
"""

LAST_RUNS = "SELECT id, started_at, ended_at, outcome, counters FROM runs ORDER BY id DESC LIMIT :limit"

FATE_COUNTS = "SELECT fate, count(*) AS n FROM links GROUP BY fate"

TOTALS = """
SELECT
    (SELECT count(*) FROM articles) AS n_articles,
    (SELECT count(*) FROM stories) AS n_stories,
    (SELECT count(*) FROM sources WHERE status = 'active') AS n_sources,
    (SELECT count(*) FROM seeds WHERE status IN ('active', 'failing', 'gone')) AS n_seeds,
    (SELECT count(*) FROM topics WHERE status = 'active') AS n_topics,
    (SELECT count(*) FROM revisions) AS n_revisions,
    (SELECT count(*) FROM links WHERE fate = 'pending') AS n_pending,
    (SELECT min(published_at) FROM articles) AS first_published_at,
    (SELECT max(published_at) FROM articles) AS last_published_at,
    (SELECT max(first_seen_at) FROM articles) AS last_seen_at
"""


RECHECKS = """
SELECT
    (SELECT count(*) FROM rechecks) AS n_watched,
    (SELECT count(*) FROM rechecks WHERE due_at <= :now) AS n_due,
    (SELECT min(due_at) FROM rechecks) AS next_due_at,
    (SELECT count(*) FROM articles WHERE gone_at IS NOT NULL) AS n_gone
"""


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """One listed source: how it fares and what went wrong last. Sources only ``seen`` or ``removed`` are left out."""

    id: str
    name: str
    homepage: str | None
    country: str | None
    language: str | None
    status: str
    last_ok_at: str | None
    n_articles: int
    note: str | None
    n_seeds: int
    n_failing: int
    """Seeds whose last poll failed, or that are gone."""
    failures: int
    """Polls failed in a row by the worst seed."""
    last_article_at: str | None
    """When its newest article was stored."""
    last_error: str | None
    health: Health
    """``failing``: a seed fails; ``empty``: answers, but not one article came of it; ``silent``: nothing new for
    `SILENT_AFTER`; ``new``: never answered yet."""


@dataclass(frozen=True, slots=True)
class DueSeed:
    """One seed whose time to be polled has come; ``next_poll_at`` None: never polled."""

    id: int
    source_id: str
    kind: SeedKind
    url: str
    next_poll_at: str | None
    failures: int


@dataclass(frozen=True, slots=True)
class Failure:
    """One fetch that brought nothing usable; ``status`` None: no answer came."""

    at: str
    url: str
    status: int | None
    error: str | None
    source_id: str | None


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run of the crawl; ``ended_at`` None: it runs, or it crashed."""

    id: int
    started_at: str
    ended_at: str | None
    outcome: str | None
    counters: dict[str, Any]
    seconds: float | None
    """How long it took; None without an end."""


@dataclass(frozen=True, slots=True)
class FateCount:
    """How many links have one fate."""

    fate: Fate
    n: int


@dataclass(frozen=True, slots=True)
class Totals:
    """The size of the archive and the span of time it covers."""

    n_articles: int
    n_stories: int
    n_sources: int
    n_seeds: int
    n_topics: int
    n_revisions: int
    n_pending: int
    first_published_at: str | None
    last_published_at: str | None
    last_seen_at: str | None
    """When the newest article was stored."""


@dataclass(frozen=True, slots=True)
class Rechecks:
    """Articles that are looked at again, and those that their outlets took down."""

    n_watched: int
    n_due: int
    next_due_at: str | None
    n_gone: int


def silent_before(now: str) -> str:
    """Returns the time before which the last article of a source makes it silent."""
    return to_text(from_text(now) - SILENT_AFTER)


def source_health(db: Database, now: str) -> list[SourceHealth]:
    """Returns every listed source with its health, those that need attention first."""
    return [SourceHealth(**row) for row in db.query(SOURCE_HEALTH, {"silent_before": silent_before(now)})]


def due_seeds(db: Database, now: str) -> list[DueSeed]:
    """Returns the seeds to be polled at ``now``, those never polled first, then the longest overdue."""
    return [DueSeed(**row) for row in db.query(DUE_SEEDS, {"now": now})]


def recent_failures(db: Database, limit: int = 20, window: int = 5000) -> list[Failure]:
    """Returns up to ``limit`` failed fetches among the last ``window`` ones, newest first."""
    return [Failure(**row) for row in db.query(RECENT_FAILURES, {"limit": limit, "window": window})]


def last_runs(db: Database, limit: int = 10) -> list[RunReport]:
    """Returns the last runs, newest first."""
    return [
        RunReport(
            **{**row, "counters": json.loads(row["counters"])},
            seconds=(from_text(row["ended_at"]) - from_text(row["started_at"])).total_seconds()
            if row["ended_at"]
            else None,
        )
        for row in db.query(LAST_RUNS, {"limit": limit})
    ]


def fate_counts(db: Database) -> list[FateCount]:
    """Returns how many links have each fate, in the order of `FATES`, zeros included."""
    counted = {row["fate"]: row["n"] for row in db.query(FATE_COUNTS)}
    return [FateCount(fate, counted.get(fate, 0)) for fate in FATES]


def totals(db: Database) -> Totals:
    """Returns the size of the archive."""
    return Totals(**next(iter(db.query(TOTALS))))


def rechecks(db: Database, now: str) -> Rechecks:
    """Returns how many articles wait for a look, how many are due at ``now``, and how many were taken down."""
    return Rechecks(**next(iter(db.query(RECHECKS, {"now": now}))))
