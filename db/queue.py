"""The order of the queue: which link of a host is next, and when there is work again."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlite_utils import Database

from db.records import Link, PendingLink, Seed


def dated_at(seed: Seed, link: Link, now: str) -> str | None:
    """Returns the date a link is queued by; None, which comes last, for a sitemap's link that bears no date."""
    dated = link.published_hint or link.modified_hint
    if dated:
        return min(dated, now)
    return None if seed.kind == "sitemap" else now


LISTED = (
    "(links.seed_id IS NULL OR EXISTS (SELECT 1 FROM seeds JOIN sources ON sources.id = seeds.source_id"
    " WHERE seeds.id = links.seed_id AND sources.status = 'active'))"
)
"""Links of disabled and removed sources stay pending, and go on when their source returns."""
_FETCHABLE = f"fate = 'pending' AND coalesce(next_try_at, '') <= ?2 AND {LISTED}"
_PENDING_HOSTS = (
    "WITH RECURSIVE pending (host) AS (SELECT min(host) FROM links INDEXED BY links_pending"
    " WHERE fate = 'pending' UNION ALL"
    " SELECT (SELECT min(host) FROM links INDEXED BY links_pending WHERE fate = 'pending'"
    " AND host > pending.host) FROM pending"
    " WHERE pending.host IS NOT NULL)"
)
"""Hops from host to host through the index, which SQLite does not choose by itself; DISTINCT would walk every link."""


def pending_hosts(db: Database, now: str) -> list[str]:
    """Returns the hosts that have links to fetch at ``now``."""
    rows = db.execute(
        f"{_PENDING_HOSTS} SELECT host FROM pending WHERE host IS NOT ?1"
        f" AND EXISTS (SELECT 1 FROM links INDEXED BY links_pending WHERE links.host = pending.host AND {_FETCHABLE})",
        (None, now),
    )
    return [row[0] for row in rows]


_NEXT_LINK = (
    "SELECT id, url, host, seed_id, title_hint, published_hint, tries, article_id FROM links WHERE host = ?1"
    f" AND {_FETCHABLE} AND id NOT IN (SELECT value FROM json_each(?3))"
    " ORDER BY tries, next_try_at, (article_id IS NOT NULL), dated_at DESC, id LIMIT 1"
)


def next_link(db: Database, host: str, now: str, skip: Sequence[int]) -> PendingLink | None:
    """Returns the link of a host to fetch next at ``now`` that is not one of ``skip`` (under way), or None.

    Links never tried come first, the newest before backlog and new ones before articles that are looked at again; then
    those tried least often, the longest waiting first, so that no address that always fails holds up the others.
    """
    row = db.execute(_NEXT_LINK, (host, now, json.dumps(list(skip)))).fetchone()
    return PendingLink(*row) if row else None


def count_pending(db: Database, host: str, now: str, most: int) -> int:
    """Returns how many links of a host may be fetched at ``now``, counting to ``most``."""
    row = db.execute(
        "SELECT count(*) FROM (SELECT 1 FROM links INDEXED BY links_pending WHERE host = ?1 AND fate = 'pending'"
        " AND coalesce(next_try_at, '') <= ?2 LIMIT ?3)",
        (host, now, most),
    ).fetchone()
    return int(row[0])


_DELAY_OVER = "strftime('%Y-%m-%dT%H:%M:%SZ', last_asked_at, '+' || cast(delay_seconds AS INTEGER) || ' seconds')"


def next_due_at(db: Database) -> str | None:
    """Returns when the next seed or link may be asked, its host's hold included; None when none ever will.

    Empty text means now.
    """
    row = db.execute(
        f"{_PENDING_HOSTS} SELECT min(max(at, coalesce(not_before, ''), coalesce({_DELAY_OVER}, ''))) FROM ("
        " SELECT host, min(coalesce(next_poll_at, '')) AS at FROM seeds WHERE status IN ('active', 'failing', 'gone')"
        " AND source_id IN (SELECT id FROM sources WHERE status = 'active') GROUP BY host"
        " UNION ALL SELECT host, (SELECT min(coalesce(next_try_at, '')) FROM links INDEXED BY links_pending"
        " WHERE links.host = pending.host"
        f" AND fate = 'pending' AND {LISTED}) FROM pending) AS work LEFT JOIN hosts USING (host) WHERE at IS NOT NULL"
    ).fetchone()
    return None if row[0] is None else str(row[0])
