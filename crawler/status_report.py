"""The text of ``scrapy status``."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta

from sqlite_utils import Database

from crawler.runs import redact
from db import reports
from db.connection import from_text
from db.plurals import plural
from db.topics import active_topics, topics_to_apply

_TROUBLED = ("failing", "empty", "silent")

ROWS_MAX = 12
"""Rows shown of a list that may be long; the rest is counted."""


def write_status(db: Database, now: str, *, every_source: bool = False, topics: Collection[str] | None = None) -> str:
    """Returns the whole report as lines of plain text; ``topics``: the ids that have a file, None where unknown."""
    return redact("\n".join(_lines(db, now, every_source, topics)))


def write_ago(then: str | None, now: str) -> str:
    """Returns how long ago (or until) a moment is, in one rounded unit: ``3 h ago``, ``in 5 min``, ``never``."""
    if then is None:
        return "never"
    seconds = (from_text(now) - from_text(then)).total_seconds()
    span = write_span(abs(seconds))
    return f"{span} ago" if seconds >= 0 else f"in {span}"


def write_span(seconds: float) -> str:
    """Returns a span of time in one rounded unit: ``42 s``, ``5 min``, ``3 h``, ``12 d``."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size * (2 if unit == "d" else 1):
            return f"{round(seconds / size)} {unit}"
    return f"{round(seconds)} s"


def _lines(db: Database, now: str, every_source: bool, topics: Collection[str] | None) -> Iterator[str]:
    total = reports.totals(db)
    yield (
        f"{plural(total.n_articles, 'article')} in {plural(total.n_stories, 'story', 'stories')}"
        f" from {plural(total.n_sources, 'source')}, {plural(total.n_revisions, 'revision')};"
        f" newest stored {write_ago(total.last_seen_at, now)}"
    )
    fates = [f"{count.n} {count.fate}" for count in reports.fate_counts(db) if count.n]
    yield f"links: {', '.join(fates) or 'none yet'}"
    changed = topics_to_apply(db)
    waiting = [topic_id for topic_id in changed if topics is None or topic_id in topics]
    if waiting:
        yield f"changed topics, stored articles not yet judged by them: {', '.join(waiting)} (`scrapy topic apply`)"
    gone = [topic_id for topic_id in active_topics(db) if topics is not None and topic_id not in topics]
    if gone:
        yield f"topics without a file, their matches stay: {', '.join(gone)}"
    yield from _sources(db, now, every_source)
    yield from _due(db, now)
    yield from _rechecks(db, now)
    yield from _failures(db, now)
    yield from _runs(db, now)


def _sources(db: Database, now: str, every_source: bool) -> Iterator[str]:
    sources = reports.source_health(db, now)
    shown = sources if every_source else [source for source in sources if source.health in _TROUBLED]
    healthy = len(sources) - sum(source.health in _TROUBLED for source in sources)
    yield f"\nsources: {len(sources)}, {healthy} without trouble" + ("" if every_source else " (--all lists them)")
    for source in shown if every_source else shown[:ROWS_MAX]:
        why = f": {source.last_error}" if source.last_error and source.health == "failing" else ""
        yield (
            f"  {source.id:24} {source.health:8} answered {write_ago(source.last_ok_at, now):12}"
            f" {plural(source.n_articles, 'article')}{why}"
        )
    if not every_source and len(shown) > ROWS_MAX:
        yield f"  and {len(shown) - ROWS_MAX} more"


def _due(db: Database, now: str) -> Iterator[str]:
    due = reports.due_seeds(db, now)
    pending = db.execute("SELECT count(*) FROM links WHERE fate = 'pending'").fetchone()[0]
    following = db.execute(
        "SELECT min(next_poll_at) FROM seeds WHERE status IN ('active', 'failing', 'gone')"
    ).fetchone()[0]
    when = "now" if due else write_ago(following, now)
    yield f"\ndue now: {plural(len(due), 'seed')} to poll, {plural(pending, 'link')} to fetch; next poll {when}"
    for seed in due[:ROWS_MAX]:
        yield f"  {seed.source_id:24} {seed.kind:8} {seed.url}"
    if len(due) > ROWS_MAX:
        yield f"  and {len(due) - ROWS_MAX} more"


def _rechecks(db: Database, now: str) -> Iterator[str]:
    rechecks = reports.rechecks(db, now)
    if rechecks.n_watched or rechecks.n_gone:
        when = "now" if rechecks.n_due else write_ago(rechecks.next_due_at, now)
        yield (
            f"re-checks of {plural(rechecks.n_watched, 'article')}, {rechecks.n_due} due; next {when}; "
            f"{rechecks.n_gone} taken down by their outlets"
        )


def _failures(db: Database, now: str) -> Iterator[str]:
    failures = reports.recent_failures(db, limit=ROWS_MAX)
    if failures:
        yield "\nlast failed requests:"
    for failure in failures:
        reason = failure.error or f"HTTP {failure.status}"
        yield f"  {write_ago(failure.at, now):12} {reason}: {failure.url}"


def _runs(db: Database, now: str) -> Iterator[str]:
    runs = reports.last_runs(db, limit=5)
    yield "\nlast runs:" if runs else "\nno run yet: `scrapy crawl news` starts the first"
    for run in runs:
        took = write_span(run.seconds) if run.seconds is not None else str(timedelta(0))
        counters = run.counters
        new = counters.get("new", 0) + counters.get("copy", 0)
        state = f"{run.outcome} in {took}" if run.ended_at else "running, or ended by a crash"
        yield (
            f"  {write_ago(run.started_at, now):12} {state}: {plural(counters.get('polls', 0), 'poll')}, "
            f"{plural(counters.get('pages', 0), 'page')}, {plural(new, 'new article')}"
        )
