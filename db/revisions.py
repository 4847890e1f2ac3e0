"""The history of one article as it is stored: its revisions, and when it was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from itertools import takewhile

from sqlite_utils import Database

from db.store import Change


@dataclass(frozen=True, slots=True)
class Revision:
    """A text that a later one replaced, or a ``truncated`` one that replaced nothing."""

    title: str
    body: str
    content_hash: str
    seen_at: str
    """When it was replaced; a truncated one: when it was seen."""
    change: Change
    """From this text to the next; a truncated one: from the whole text to this."""


def read_revisions(db: Database, article_id: int) -> list[Revision]:
    """Returns the revisions of an article, the oldest first."""
    rows = db.execute(
        "SELECT title, body, content_hash, seen_at, kind, words_added, words_removed, numbers_changed FROM revisions"
        " WHERE article_id = ? ORDER BY number",
        (article_id,),
    )
    return [Revision(title, body, key, seen_at, Change(*change)) for title, body, key, seen_at, *change in rows]


def write_revisions(db: Database, article_id: int, before: Sequence[Revision], after: Sequence[Revision]) -> None:
    """Makes the revisions of an article, of which these are stored ``before``, those ``after``, and counts them."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    if same == len(before) == len(after):
        return
    db.execute("DELETE FROM revisions WHERE article_id = ? AND number > ?", (article_id, same))
    assert db.conn is not None
    db.conn.executemany(
        "INSERT INTO revisions (article_id, number, seen_at, title, body, content_hash, kind, words_added,"
        " words_removed, numbers_changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (article_id, number, one.seen_at, one.title, one.body, one.content_hash, *astuple(one.change))
            for number, one in enumerate(after[same:], same + 1)
        ],
    )
    db.execute("UPDATE articles SET n_revisions = ? WHERE id = ?", (len(after), article_id))


def note_capture(db: Database, article_id: int, seen_at: str, *, captured_at: str, updated_at: str | None) -> None:
    """Notes that an article was seen, the latest sight of its current text, and where it is news when that came."""
    db.execute(
        "UPDATE articles SET last_seen_at = max(last_seen_at, ?), captured_at = ?, updated_at = coalesce(?, updated_at)"
        " WHERE id = ?",
        (seen_at, captured_at, updated_at, article_id),
    )
