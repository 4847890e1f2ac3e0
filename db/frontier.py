"""Seeds and links: what is due, what is pending, and what became of each. The database is the queue."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlite_utils import Database

from db.known_links import KNOWN, Known, find_same, hear_again
from db.queue import dated_at
from db.records import Fate, Link, Seed, Source
from db.urls import host_of, normalise, registrable_domain, url_key


def sync_sources(db: Database, sources: Sequence[Source]) -> None:
    """Writes the sources and seeds of ``sources.toml`` into the archive.

    What left the file is kept with the status ``removed`` and polled no more; validators and history of what stayed
    are untouched. Call inside a transaction.
    """
    listed = {source.id for source in sources}
    for row in db.execute("SELECT id FROM sources WHERE status IN ('active', 'disabled')").fetchall():
        if row[0] not in listed:
            db.execute("UPDATE sources SET status = 'removed' WHERE id = ?", row)
            db.execute("UPDATE seeds SET status = 'removed' WHERE source_id = ?", row)
    for source in sources:
        db.execute(
            "INSERT INTO sources (id, name, homepage, domain, country, language, status, note)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name,"
            " homepage = excluded.homepage, domain = excluded.domain, country = excluded.country,"
            " language = excluded.language, status = excluded.status, note = excluded.note",
            (
                source.id,
                source.name,
                source.homepage,
                _domain_of(source),
                source.country,
                ", ".join(source.languages) or None,
                "active" if source.enabled else "disabled",
                source.note,
            ),
        )
        _sync_seeds(db, source)


def _domain_of(source: Source) -> str | None:
    address = source.homepage or next((url for _, url in source.seeds() if url.startswith("http")), None)
    return registrable_domain(host_of(address)) if address else None


_DESCENDANTS = (
    "WITH RECURSIVE tree (id) AS (SELECT id FROM seeds WHERE parent_id = ?1"
    " UNION SELECT seeds.id FROM seeds JOIN tree ON seeds.parent_id = tree.id) SELECT id FROM tree"
)
"""The sitemaps that a listed sitemap index names, and those that they name."""
_UNNAMED = "its sitemap index names it no longer"


def _sync_seeds(db: Database, source: Source) -> None:
    listed = set(source.seeds())
    status = "active" if source.enabled else "disabled"
    known = {
        (kind, url): seed_id
        for seed_id, kind, url in db.execute(
            "SELECT id, kind, url FROM seeds WHERE source_id = ? AND parent_id IS NULL", (source.id,)
        )
    }
    for key, seed_id in known.items():
        if key not in listed:
            db.execute(f"UPDATE seeds SET status = 'removed' WHERE id = ?1 OR id IN ({_DESCENDANTS})", (seed_id,))
    for kind, url in source.seeds():
        db.execute(
            "INSERT INTO seeds (source_id, kind, url, host, since, status) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (source_id, kind, url) DO UPDATE SET since = excluded.since, parent_id = NULL,"
            " note = CASE WHEN note = ? THEN NULL ELSE note END,"
            " status = CASE WHEN excluded.status = 'active' AND seeds.status IN ('failing', 'gone') THEN seeds.status"
            " ELSE excluded.status END",
            (source.id, kind, url, host_of(url), source.since, status, _UNNAMED),
        )
        (seed_id,) = db.execute(
            "SELECT id FROM seeds WHERE source_id = ? AND kind = ? AND url = ?", (source.id, kind, url)
        ).fetchone()
        # What an index names no longer stays removed; a failing child of an active index stays failing.
        db.execute(
            "UPDATE seeds SET status = ?2 WHERE (?2 = 'disabled' OR status IN ('disabled', 'removed'))"
            f" AND note IS NOT ?3 AND id IN ({_DESCENDANTS})",
            (seed_id, status, _UNNAMED),
        )


_SEED_COLUMNS = (
    "id, source_id, kind, url, host, etag, last_modified, full_fetch_at, polled_at,"
    " interval_seconds, rate_per_day, failures, since"
)


def due_seeds(db: Database, now: str, *, everything: bool = False) -> list[Seed]:
    """Returns the seeds to poll at ``now``, those waiting longest first; ``everything`` ignores the schedule."""
    rows = db.execute(
        f"SELECT {_SEED_COLUMNS} FROM seeds WHERE status IN ('active', 'failing', 'gone')"
        " AND source_id IN (SELECT id FROM sources WHERE status = 'active')"
        " AND (? OR next_poll_at IS NULL OR next_poll_at <= ?) ORDER BY next_poll_at, id",
        (everything, now),
    )
    return [Seed(*row) for row in rows]


def add_child_seed(db: Database, parent: Seed, url: str, *, due: bool) -> None:
    """Notes a sitemap that a sitemap index lists as a seed of its own; ``due`` makes it polled in this run.

    One that had left its index, or the file, comes back with its history.
    """
    db.execute(
        "INSERT INTO seeds (source_id, parent_id, kind, url, host, since) VALUES (?1, ?2, 'sitemap', ?3, ?4, ?5)"
        " ON CONFLICT (source_id, kind, url) DO UPDATE SET"
        " next_poll_at = CASE WHEN ?6 THEN NULL ELSE next_poll_at END,"
        " parent_id = CASE WHEN status = 'removed' AND id <> ?2 THEN ?2 ELSE parent_id END,"
        " note = CASE WHEN note = ?7 THEN NULL ELSE note END,"
        " status = CASE WHEN status = 'removed' THEN 'active' ELSE status END",
        (parent.source_id, parent.id, url, host_of(url), parent.since, due, _UNNAMED),
    )


def keep_children(db: Database, parent: Seed, urls: Iterable[str]) -> int:
    """Returns how many sitemaps were removed because their index, just read whole, is none of ``urls`` any more.

    ``urls`` are all sitemaps the index names, also those too many or too old to be followed; what a removed one named
    goes with it. A sitemap listed in the file itself stays. Call inside a transaction.
    """
    rows = db.execute(
        "SELECT id FROM seeds WHERE parent_id = ? AND status <> 'removed'"
        " AND url NOT IN (SELECT value FROM json_each(?))",
        (parent.id, json.dumps(list(urls))),
    ).fetchall()
    for (child,) in rows:
        db.execute(
            f"UPDATE seeds SET status = 'removed', note = ?2 WHERE id = ?1 OR id IN ({_DESCENDANTS})",
            (child, _UNNAMED),
        )
    return len(rows)


def settle_seed(
    db: Database,
    seed: Seed,
    *,
    polled_at: str,
    next_poll_at: str,
    interval_seconds: int,
    rate_per_day: float,
    etag: str | None,
    last_modified: str | None,
    full_fetch_at: str | None,
    note: str | None,
) -> None:
    """Stores a successful poll: validators for the next one, the schedule, and that the source answered."""
    db.execute(
        "UPDATE seeds SET polled_at = ?, next_poll_at = ?, interval_seconds = ?, rate_per_day = ?, etag = ?,"
        " last_modified = ?, full_fetch_at = ?, failures = 0, status = 'active', note = ? WHERE id = ?",
        (
            polled_at,
            next_poll_at,
            interval_seconds,
            rate_per_day,
            etag,
            last_modified,
            full_fetch_at,
            note,
            seed.id,
        ),
    )
    db.execute("UPDATE sources SET last_ok_at = ? WHERE id = ?", (polled_at, seed.source_id))


def fail_seed(db: Database, seed: Seed, *, polled_at: str, next_poll_at: str, note: str, gone: bool = False) -> None:
    """Stores a poll that failed and when it is worth another try; validators are kept."""
    db.execute(
        "UPDATE seeds SET polled_at = ?, next_poll_at = ?, failures = failures + 1, status = ?, note = ? WHERE id = ?",
        (polled_at, next_poll_at, "gone" if gone else "failing", note, seed.id),
    )


@dataclass(frozen=True, slots=True)
class Added:
    """What became of the links of one poll."""

    new: int = 0
    known: int = 0
    again: int = 0
    """Known links set back to pending because the seed says the article was modified."""
    hosts: frozenset[str] = frozenset()
    """Hosts of the links that wait to be fetched now."""


def add_links(db: Database, seed: Seed, links: Iterable[Link], now: str) -> Added:
    """Writes every link a seed mentions to ``links``, each with a fate from the first moment.

    A URL never seen is ``pending``; one whose identity is known already is ``duplicate_url`` without a fetch; one older
    than the source's ``since`` or that can never be fetched is ``refused``. Call inside a transaction.
    """
    new = known = again = 0
    hosts: set[str] = set()
    for link in links:
        row = db.execute(KNOWN, (link.url,)).fetchone()
        if row is None:
            new += 1
            fate = _add_link(db, seed, link, now)
            if fate == "pending":
                hosts.add(host_of(link.url))
            if fate != "duplicate_url":
                continue
            row = db.execute(KNOWN, (link.url,)).fetchone()
        else:
            known += 1
        host = hear_again(db, seed, link, Known(*row), now)
        if host is not None:
            again += 1
            hosts.add(host)
    return Added(new, known, again, frozenset(hosts))


def _add_link(db: Database, seed: Seed, link: Link, now: str) -> Fate:
    """Writes a link never seen before and returns its fate."""
    fate, reason, article_id = _first_fate(db, link, seed.since)
    db.execute(
        "INSERT INTO links (url, url_key, host, seed_id, found_at, title_hint, published_hint, modified_hint, fate,"
        " reason, settled_at, article_id, dated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            link.url,
            url_key(link.url),
            host_of(link.url),
            seed.id,
            now,
            link.title_hint,
            link.published_hint,
            link.modified_hint,
            fate,
            reason,
            None if fate == "pending" else now,
            article_id,
            dated_at(seed, link, now),
        ),
    )
    return fate


def _first_fate(db: Database, link: Link, since: str | None) -> tuple[Fate, str | None, int | None]:
    if normalise(link.url) is None:
        return "refused", "not a URL that can be fetched", None
    dated = link.published_hint or link.modified_hint
    if since and dated and dated[:10] < since:
        return "refused", f"dated {dated[:10]}, before the source's since = {since}", None
    same = find_same(db, url_key(link.url))
    return ("duplicate_url", *same) if same else ("pending", None, None)


def settle_link(
    db: Database, link_id: int, fate: Fate, now: str, *, reason: str | None = None, article_id: int | None = None
) -> None:
    """Writes what became of a link, and of every other link with the same identity that waits on it.

    Where it came to nothing the first of the others becomes pending in its place.
    """
    db.execute(
        "UPDATE links SET fate = ?, reason = ?, settled_at = ?, next_try_at = NULL, tries = tries + 1,"
        " article_id = coalesce(?, article_id) WHERE id = ?",
        (fate, reason, now, article_id, link_id),
    )
    if article_id is not None:
        db.execute(
            "UPDATE links SET article_id = ? WHERE fate = 'duplicate_url' AND article_id IS NULL AND url_key ="
            " (SELECT url_key FROM links WHERE id = ?)",
            (article_id, link_id),
        )
    elif fate not in ("pending", "article"):
        db.execute(
            "UPDATE links SET fate = 'pending', reason = NULL, settled_at = NULL, tries = 0, next_try_at = NULL"
            " WHERE id = (SELECT min(id) FROM links WHERE fate = 'duplicate_url' AND article_id IS NULL AND id <> ?1"
            " AND url_key = (SELECT url_key FROM links WHERE id = ?1))",
            (link_id,),
        )


def note_reason(db: Database, link_id: int, reason: str | None) -> None:
    """Writes what a look at an article's link found, its fate staying as it is."""
    db.execute("UPDATE links SET reason = ?1 WHERE id = ?2 AND reason IS NOT ?1", (reason, link_id))


def postpone_link(db: Database, link_id: int, next_try_at: str, reason: str, *, counts: bool = True) -> None:
    """Leaves a link pending for a later try; ``counts`` says whether this one was a try of its own."""
    db.execute(
        "UPDATE links SET next_try_at = ?, reason = ?, tries = tries + ? WHERE id = ?",
        (next_try_at, reason, int(counts), link_id),
    )


def find_link(db: Database, url: str) -> tuple[int, Fate] | None:
    """Returns (id, fate) of the link with exactly this URL, or None."""
    row = db.execute("SELECT id, fate FROM links WHERE url = ?", (url,)).fetchone()
    return (row[0], row[1]) if row else None


def add_archive_link(db: Database, url: str, seed_id: int, now: str) -> int:
    """Returns the id of the link of a page met in an archive, to be settled in the same transaction.

    A capture under another spelling of an article's address (http, www, a tracker) is one of that article: the link
    that brought it is returned. Else a link is made for the page.
    """
    own = db.execute(
        "SELECT id FROM links WHERE url_key = ? AND article_id IS NOT NULL AND fate <> 'duplicate_url'", (url_key(url),)
    ).fetchone()
    if own is not None:
        return int(own[0])
    cursor = db.execute(
        "INSERT INTO links (url, url_key, host, seed_id, found_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (url) DO UPDATE SET found_at = links.found_at RETURNING id",
        (url, url_key(url), host_of(url), seed_id, now),
    )
    return int(cursor.fetchone()[0])


def add_seen_source(db: Database, source_id: str, url: str) -> None:
    """Makes a source that `find_source` named after a page's domain, with the status ``seen``: nobody listed it.

    A source that exists stays as it is. Call inside a transaction.
    """
    db.execute(
        "INSERT INTO sources (id, name, homepage, domain, status) VALUES (?, ?, ?, ?, 'seen')"
        " ON CONFLICT (id) DO NOTHING",
        (source_id, source_id, f"http://{host_of(url)}/", source_id),
    )


def find_source(db: Database, url: str, preferred: str | None = None) -> str:
    """Returns the id of the source a page belongs to; its domain, whether stored or not, when nobody listed it.

    Among the sources on the page's registrable domain the one whose homepage host matches the longest part of the
    page's host wins, then ``preferred`` (the source whose seed found the page).
    """
    host = _name_of(url)
    domain = registrable_domain(url)
    rows = db.execute("SELECT id, homepage FROM sources WHERE domain = ? AND status <> 'seen'", (domain,)).fetchall()

    def closeness(row: tuple[str, str | None]) -> tuple[int, bool]:
        home = _name_of(row[1]) if row[1] else domain
        return (len(home) if host == home or host.endswith(f".{home}") else 0, row[0] == preferred)

    return str(max(rows, key=closeness)[0]) if rows else domain


def _name_of(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")
