"""Re-checks: when a stored article is looked at again, and which of a host's is next.

An article is looked at again when it has been quiet for as long again, twice over: 1, 3, 9 and 27 hours, then 3, 10 and
30 days after its publication. So at any age an edit is found before the quiet since the last one has trebled, with
seven requests in all. A change found starts the count anew, so a live blog is looked at every hour while it grows; a
share of the article's age keeps a page that changes at each look to some sixty looks.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlite_utils import Database

from db.connection import from_text, to_text
from db.queue import LISTED
from db.records import PendingLink

FIRST_SECONDS = 3600
"""No article is looked at more often. Edits of the first minutes are found together."""
GROWTH = 2
"""The next look comes after so many times the quiet there was; each of a series is then three times as old."""
AGE_SHARE = 12
"""The least pause is the article's age by this: two hours a day after publication, a quarter of a day after three."""
LAST_SECONDS = 30 * 24 * 3600
"""The last look comes so long after publication. What nobody looked at for as long again is dropped."""
BURST_SECONDS = 3600
"""Re-checks a host saved up while no run asked it: the budget of an hour."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What a whole answer says of itself, to be sent back when its page is asked for again (RFC 9110 section 13)."""

    etag: str | None
    last_modified: str | None


def next_recheck_at(published: str, changed: str, now: str) -> str | None:
    """Returns when an article is looked at next after a look at ``now``, or None where this was the last.

    ``published`` is its publication or, where that is unknown or later, its first sight; ``changed`` its last change.
    """
    moment, born = from_text(now), from_text(published)
    age = max((moment - born).total_seconds(), 0.0)
    quiet = max((moment - max(from_text(changed), born)).total_seconds(), 0.0)
    wait = max(FIRST_SECONDS, GROWTH * quiet, age / AGE_SHARE)
    if age + wait > LAST_SECONDS:  # a last look on the last day, unless it would come early
        if LAST_SECONDS - age < max(wait / 2, FIRST_SECONDS):
            return None
        wait = LAST_SECONDS - age
    return to_text(moment + timedelta(seconds=wait))


def plan_recheck(
    db: Database,
    link_id: int,
    article_id: int,
    now: str,
    *,
    whole: Validators | None = None,
    not_before: str | None = None,
) -> None:
    """Writes when the article of a link is looked at next, after a look at ``now``. Call inside a transaction.

    ``whole`` is given when the answer's text was read; else the validators of the text stored before stay.
    """
    published, changed, first_seen, gone, wanted, host = db.execute(
        "SELECT min(coalesce(published_at, first_seen_at), first_seen_at), updated_at, first_seen_at, gone_at,"
        " EXISTS (SELECT 1 FROM topic_matches WHERE article_id = articles.id AND accepted),"
        " (SELECT host FROM links WHERE id = ?) FROM articles WHERE id = ?",
        (link_id, article_id),
    ).fetchone()
    if changed <= first_seen:  # never edited: what counts is how long it has been out
        changed = published
    due = next_recheck_at(published, max(changed, gone or ""), now)
    if due is None:
        db.execute("DELETE FROM rechecks WHERE link_id = ?", (link_id,))
        return
    db.execute(
        "INSERT INTO rechecks (link_id, host, wanted, due_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (link_id) DO UPDATE SET wanted = excluded.wanted, due_at = excluded.due_at",
        (link_id, host, wanted, max(due, not_before or "")),
    )
    if whole is not None:
        db.execute(
            "UPDATE rechecks SET etag = ?, last_modified = ?, full_fetch_at = ? WHERE link_id = ?",
            (whole.etag, whole.last_modified, now, link_id),
        )


def note_gone(db: Database, article_id: int, now: str) -> bool:
    """Returns whether it is news that an article's outlet has taken it down; its text stays."""
    return (
        db.execute("UPDATE articles SET gone_at = ? WHERE id = ? AND gone_at IS NULL", (now, article_id)).rowcount > 0
    )


def note_back(db: Database, article_id: int) -> None:
    """Notes that the page of an article answers, again or still."""
    db.execute("UPDATE articles SET gone_at = NULL WHERE id = ? AND gone_at IS NOT NULL", (article_id,))


_OF_HOST = (
    "FROM rechecks JOIN links ON links.id = rechecks.link_id"
    f" WHERE rechecks.host = {{host}} AND wanted = {{wanted}} AND links.fate = 'article' AND {LISTED}"
)
"""Links that wait for a fetch on a seed's word are looked at by that."""
_NEXT = (
    "SELECT links.id, links.url, links.host, links.seed_id, title_hint, published_hint, 0, links.article_id,"
    f" rechecks.etag, rechecks.last_modified, rechecks.full_fetch_at {_OF_HOST.format(host='?1', wanted='?2')}"
    " AND due_at <= ?3 AND links.id NOT IN (SELECT value FROM json_each(?4)) ORDER BY due_at DESC LIMIT 1"
)
_PAID = "coalesce((SELECT rechecks_paid_to FROM hosts WHERE hosts.host = {0}), '') <= {1}"


def next_recheck(db: Database, host: str, now: str, skip: Sequence[int]) -> PendingLink | None:
    """Returns the link of a host whose article is looked at next at ``now``, not one of ``skip``, or None.

    Articles that a topic accepts come first. Among the others the one that became due last: where a budget does not
    reach for all, each look comes on time or not at all, and the youngest articles, which change most, get most.
    """
    if not db.execute(f"SELECT {_PAID.format('?1', '?2')}", (host, now)).fetchone()[0]:
        return None
    for wanted in (1, 0):
        row = db.execute(_NEXT, (host, wanted, now, json.dumps(list(skip)))).fetchone()
        if row:
            return PendingLink(*row[:8], is_recheck=True, etag=row[8], last_modified=row[9], full_fetch_at=row[10])
    return None


HOSTS = (
    "WITH RECURSIVE watched (host) AS (SELECT min(host) FROM rechecks UNION ALL"
    " SELECT (SELECT min(host) FROM rechecks WHERE host > watched.host) FROM watched WHERE watched.host IS NOT NULL)"
)
"""Hops from host to host through the index."""


def recheck_hosts(db: Database, now: str) -> list[str]:
    """Returns the hosts that have articles to look at again at ``now``, within their budget."""
    due = " OR ".join(
        f"EXISTS (SELECT 1 {_OF_HOST.format(host='watched.host', wanted=wanted)} AND due_at <= ?2)" for wanted in (1, 0)
    )
    rows = db.execute(
        f"{HOSTS} SELECT host FROM watched WHERE host IS NOT ?1 AND {_PAID.format('watched.host', '?2')} AND ({due})",
        (None, now),
    )
    return [row[0] for row in rows]


def next_recheck_due(db: Database) -> str | None:
    """Returns when the next article may be looked at again, its host's budget and hold included, or None."""
    first, then = (
        f"coalesce((SELECT due_at {_OF_HOST.format(host='watched.host', wanted=wanted)} ORDER BY due_at LIMIT 1), '~')"
        for wanted in (1, 0)  # '~' is later than any time
    )
    row = db.execute(
        f"{HOSTS} SELECT min(max(min({first}, {then}), coalesce(rechecks_paid_to, ''), coalesce(not_before, '')))"
        " FROM watched LEFT JOIN hosts USING (host) WHERE watched.host IS NOT NULL"
    ).fetchone()
    return None if row[0] is None or row[0] == "~" else str(row[0])


def spend_recheck(db: Database, host: str, now: str, per_hour: float) -> None:
    """Takes one re-check from a host's budget of so many an hour.

    A host pays each with 3600 / ``per_hour`` seconds, counted on from where it paid to, at most `BURST_SECONDS` ago
    (the generic cell rate algorithm, ITU-T I.371): one column, whatever the runs are.
    """
    row = db.execute("SELECT rechecks_paid_to FROM hosts WHERE host = ?", (host,)).fetchone()
    start = from_text(now) - timedelta(seconds=BURST_SECONDS)
    if row and row[0]:
        start = max(start, from_text(row[0]))
    paid_to = to_text(start + timedelta(seconds=math.ceil(3600 / per_hour)))
    db.execute(
        "INSERT INTO hosts (host, rechecks_paid_to) VALUES (?, ?)"
        " ON CONFLICT (host) DO UPDATE SET rechecks_paid_to = excluded.rechecks_paid_to",
        (host, paid_to),
    )


def drop_rechecks(db: Database, now: str) -> int:
    """Returns how many looks were dropped because they are overdue by `LAST_SECONDS`: no budget reached for them."""
    before = to_text(from_text(now) - timedelta(seconds=LAST_SECONDS))
    return db.execute("DELETE FROM rechecks WHERE due_at < ?", (before,)).rowcount
