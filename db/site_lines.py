"""Lines that sites repeat: which articles have which line, what was learned, and what was left out of which body.

All writes belong inside the transaction that stores the article they come from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import xxhash
from sqlite_utils import Database

WINDOW = 500
"""Articles of a source whose lines are remembered, the last to arrive; what is learned stays learned."""
PRUNE_EVERY = 100
"""Articles of a source between two looks for lines older than the window."""
MOST_SIGHTINGS = 50
"""Newest articles with a line that decide whether it is furniture."""
_HASH_BITS = 48
"""SQLite stores such a number in six bytes. Two of 10,000 lines of a source meet once in five million sources; then a
line is learned a story early."""


@dataclass(frozen=True, slots=True)
class SiteLine:
    """One line that a source repeats."""

    id: int
    source_id: str
    place: str
    line: str
    status: str
    n_articles: int
    first_seen_at: str
    learned_at: str


def hash_line(place: str, line: str) -> int:
    """Returns the hash by which a line in its place is remembered."""
    return xxhash.xxh3_64_intdigest(f"{place}\n{line}".encode("utf-8", "surrogatepass")) >> (64 - _HASH_BITS)


def find_site_lines(db: Database, source_id: str, lines: Iterable[str]) -> dict[tuple[str, str], tuple[int, str]]:
    """Returns those of the lines that the source is known to repeat: (place, line) -> (id, status)."""
    rows = db.execute(
        "SELECT place, line, id, status FROM site_lines WHERE source_id = ?"
        " AND line IN (SELECT value FROM json_each(?))",
        (source_id, json.dumps(list(lines))),
    )
    return {(place, line): (line_id, status) for place, line, line_id, status in rows}


def list_site_lines(db: Database, source_id: str | None = None) -> list[SiteLine]:
    """Returns the lines of one source or of all, each source's commonest first."""
    where, values = ("WHERE source_id = ?", [source_id]) if source_id else ("", [])
    rows = db.execute(
        "SELECT id, source_id, place, line, status, n_articles, first_seen_at, learned_at FROM site_lines"
        f" {where} ORDER BY source_id, n_articles DESC, id",
        values,
    )
    return [SiteLine(*row) for row in rows]


def set_status(db: Database, line_id: int, status: str) -> None:
    """Marks a line as ``removed`` or ``kept``."""
    db.execute("UPDATE site_lines SET status = ? WHERE id = ?", (status, line_id))


def add_sightings(db: Database, source_id: str, article_id: int, seen: Iterable[tuple[int, int]]) -> list[int]:
    """Notes (hash, evidence) of the lines of an article; returns the hashes that other articles have, too."""
    rows = dict(seen)
    db.conn.executemany(
        "INSERT INTO line_sightings (source_id, hash, article_id, evidence) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET evidence = excluded.evidence",
        [(source_id, line_hash, article_id, evidence) for line_hash, evidence in rows.items()],
    )
    found = db.execute(
        "SELECT value FROM json_each(?1) WHERE EXISTS"
        " (SELECT 1 FROM line_sightings WHERE source_id = ?2 AND hash = value AND article_id <> ?3)",
        (json.dumps(list(rows)), source_id, article_id),
    )
    return [line_hash for (line_hash,) in found]


def drop_sightings(db: Database, source_id: str, article_id: int, hashes: Iterable[int]) -> None:
    """Forgets that an article has these lines."""
    db.conn.executemany(
        "DELETE FROM line_sightings WHERE source_id = ? AND hash = ? AND article_id = ?",
        [(source_id, line_hash, article_id) for line_hash in hashes],
    )


def prune_sightings(db: Database, source_id: str) -> None:
    """Forgets the lines of articles older than the window, now and then."""
    row = db.execute("SELECT n_articles FROM sources WHERE id = ?", (source_id,)).fetchone()
    if row is None or row[0] % PRUNE_EVERY:
        return
    oldest = db.execute(
        "SELECT DISTINCT article_id FROM line_sightings WHERE source_id = ? ORDER BY 1 DESC LIMIT 1 OFFSET ?",
        (source_id, WINDOW),
    ).fetchone()
    if oldest is not None:
        db.execute("DELETE FROM line_sightings WHERE source_id = ? AND article_id <= ?", (source_id, oldest[0]))


def find_sightings(db: Database, source_id: str, line_hash: int) -> list[tuple[int, int]]:
    """Returns (story, evidence) of the newest articles with a line, as the stories are now."""
    rows = db.execute(
        "SELECT a.story_id, s.evidence FROM line_sightings s JOIN articles a ON a.id = s.article_id"
        " WHERE s.source_id = ? AND s.hash = ? ORDER BY s.article_id DESC LIMIT ?",
        (source_id, line_hash, MOST_SIGHTINGS),
    )
    return rows.fetchall()


def learn_line(db: Database, source_id: str, place: str, line: str, now: str) -> list[int]:
    """Makes a line one that is left out; returns the articles that were seen with it, which nobody needs note more."""
    line_hash = hash_line(place, line)
    rows = db.execute(
        "SELECT a.id, a.first_seen_at FROM line_sightings s JOIN articles a ON a.id = s.article_id"
        " WHERE s.source_id = ? AND s.hash = ?",
        (source_id, line_hash),
    ).fetchall()
    db.execute(
        "INSERT INTO site_lines (source_id, place, line, first_seen_at, learned_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (source_id, place, line, min((at for _, at in rows), default=now), now),
    )
    db.execute("DELETE FROM line_sightings WHERE source_id = ? AND hash = ?", (source_id, line_hash))
    return [article_id for article_id, _ in rows]


def find_removed(db: Database, article_id: int) -> list[tuple[int, str, int]]:
    """Returns (position, line, id of the site line) of what was left out of a body, in order."""
    return db.execute(
        "SELECT r.position, l.line, l.id FROM removed_lines r JOIN site_lines l ON l.id = r.site_line_id"
        " WHERE r.article_id = ? ORDER BY r.position",
        (article_id,),
    ).fetchall()


def write_removed(db: Database, article_id: int, removed: Sequence[tuple[int, int]]) -> None:
    """Replaces what was left out of a body: (position, id of the site line); counts follow."""
    before = {line_id for _, _, line_id in find_removed(db, article_id)}
    after = {line_id for _, line_id in removed}
    if before:
        db.execute("DELETE FROM removed_lines WHERE article_id = ?", (article_id,))
    for position, line_id in removed:
        db.execute(
            "INSERT INTO removed_lines (article_id, position, site_line_id) VALUES (?, ?, ?)",
            (article_id, position, line_id),
        )
    for line_id in before ^ after:
        step = 1 if line_id in after else -1
        db.execute("UPDATE site_lines SET n_articles = n_articles + ? WHERE id = ?", (step, line_id))


def find_articles_without(db: Database, line_id: int) -> list[int]:
    """Returns the articles whose body a line was left out of."""
    rows = db.execute(
        "SELECT DISTINCT article_id FROM removed_lines WHERE site_line_id = ? ORDER BY article_id", (line_id,)
    )
    return [article_id for (article_id,) in rows]


def find_articles_with(db: Database, line_id: int) -> list[int]:
    """Returns the articles of a line's source whose body has its words. Reads every body of the source."""
    rows = db.execute(
        "SELECT a.id FROM site_lines l JOIN articles a ON a.source_id = l.source_id JOIN article_text t ON t.id = a.id"
        " WHERE l.id = ? AND instr(t.body, l.line) ORDER BY a.id",
        (line_id,),
    )
    return [article_id for (article_id,) in rows]
