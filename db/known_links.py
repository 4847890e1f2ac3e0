"""A link that a seed mentions again: whether it waits for another, and whether it is worth another fetch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlite_utils import Database

from db.connection import from_text, to_text
from db.queue import LISTED, dated_at
from db.records import Fate, Link, Seed

RECHECK_FIRST_SECONDS = 3600
"""How long an article whose seed says that it changed rests after a look that brought nothing; twice as long after each
further one. A seed that was right is believed at once."""
RECHECK_MAX_SECONDS = 30 * 24 * 3600
RECHECK_AGE_SECONDS = 30 * 24 * 3600
"""A seed that says an article changed later than this after its publication is not believed."""
FAILED_AGAIN_SECONDS = 24 * 3600
"""A link given up that a feed still lists is tried anew after this; twice as long each further time."""


def find_same(db: Database, key: str) -> tuple[str, int | None] | None:
    """Returns (reason, article) where an identity is an article's or a link waits for it; what failed absorbs none."""
    row = db.execute("SELECT article_id FROM article_urls WHERE url_key = ?", (key,)).fetchone()
    if row:
        return f"same canonical URL as article {row[0]}", row[0]
    row = db.execute(
        "SELECT id, article_id FROM links WHERE url_key = ? AND fate IN ('pending', 'article') LIMIT 1", (key,)
    ).fetchone()
    return (f"same canonical URL as link {row[0]}", row[1]) if row else None


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of a link that a seed mentions again."""

    id: int
    url_key: str
    fate: Fate
    modified_hint: str | None
    article_id: int | None
    settled_at: str | None
    pause_seconds: int
    dated_at: str | None
    host: str


_KNOWN = (
    "SELECT id, url_key, fate, modified_hint, article_id, settled_at, recheck_pause_seconds, dated_at, host FROM links"
)
KNOWN = f"{_KNOWN} WHERE url = ?"
_OF_ARTICLE = f"{_KNOWN} WHERE url_key = ? AND article_id IS NOT NULL AND fate <> 'duplicate_url'"


def hear_again(db: Database, seed: Seed, link: Link, known: Known, now: str) -> str | None:
    """Returns the host of a link that became pending again, because its article changed or its failure is long past.

    Where the known one is another spelling of an article's address (a sitemap has no trackers, a feed has) it is the
    link that brought the article.
    """
    if known.fate == "duplicate_url":
        row = db.execute(_OF_ARTICLE, (known.url_key,)).fetchone() if link.modified_hint else None
        if row is None:
            return None
        known = Known(*row)
    if known.fate == "pending":
        _refresh_pending(db, seed, link, known, now)
        return None
    if known.fate == "failed":
        pause = _longer(known.pause_seconds, FAILED_AGAIN_SECONDS)
        is_worth_it = seed.kind == "feed" and _has_rested(known, pause, now) and find_same(db, known.url_key) is None
    elif known.fate == "article" and link.modified_hint:
        pause, is_worth_it = _judge_change(db, known, min(link.modified_hint, now), now)
    else:
        return None
    if is_worth_it:
        db.execute(
            "UPDATE links SET fate = 'pending', tries = 0, next_try_at = NULL, recheck_pause_seconds = ?, dated_at = ?,"
            " modified_hint = coalesce(?, modified_hint) WHERE id = ?",
            (pause, dated_at(seed, link, now), link.modified_hint, known.id),
        )
    return known.host if is_worth_it else None


def _refresh_pending(db: Database, seed: Seed, link: Link, known: Known, now: str) -> None:
    """Takes over what is news of a link that waits: a feed's date for backlog, a seed that is still listed."""
    if link.modified_hint and link.modified_hint != known.modified_hint:
        db.execute("UPDATE links SET modified_hint = ? WHERE id = ?", (link.modified_hint, known.id))
    if seed.kind == "feed" and known.dated_at is None:
        db.execute("UPDATE links SET dated_at = ? WHERE id = ?", (dated_at(seed, link, now), known.id))
    db.execute(f"UPDATE links SET seed_id = ? WHERE id = ? AND NOT {LISTED}", (seed.id, known.id))


def _judge_change(db: Database, known: Known, hint: str, now: str) -> tuple[int, bool]:
    """Returns the pause an article's link must keep, and whether a newer modification time is worth a fetch now."""
    row = db.execute(
        "SELECT last_seen_at, updated_at, coalesce(published_at, first_seen_at) FROM articles WHERE id = ?",
        (known.article_id,),
    ).fetchone()
    if row is None or (known.modified_hint or "") >= hint:
        return 0, False
    seen, updated, published = row
    if known.modified_hint is None and seen >= hint:
        db.execute("UPDATE links SET modified_hint = ? WHERE id = ?", (hint, known.id))
        return 0, False
    # A sitemap whose every date is "now" must not fetch its articles again at each poll.
    brought_change = known.settled_at is None or updated >= known.settled_at
    pause = 0 if brought_change else _longer(known.pause_seconds, RECHECK_FIRST_SECONDS)
    return pause, _has_rested(known, pause, now) and published >= _earlier(hint, RECHECK_AGE_SECONDS)


def _longer(pause_seconds: int, first: int) -> int:
    return min(max(2 * pause_seconds, first), RECHECK_MAX_SECONDS)


def _has_rested(known: Known, seconds: float, now: str) -> bool:
    return known.settled_at is None or known.settled_at <= _earlier(now, seconds)


def _earlier(now: str, seconds: float) -> str:
    return to_text(from_text(now) - timedelta(seconds=seconds))
