"""Private bodies: the full texts kept from every page of the site, by SQLite itself and not by templates."""

from __future__ import annotations

import sqlite3

PRIVATE_COLUMNS = frozenset(
    {
        ("article_text", "body"),
        ("article_text", "folded"),
        ("revisions", "body"),
        ("site_lines", "line"),
        # The index holds every word with its places. FTS5 reads this column past the authorizer, so searches go on.
        ("article_text_fts_data", "block"),
        ("article_text_fts_idx", "term"),
        # Hashes of a few words each: whoever has the first of them tries which word comes next.
        ("signatures", "shingles"),
        ("signatures", "numbers"),
        ("fingerprints", "hash"),
    }
)
"""Tables and columns that hold the texts of articles, or what they could be put together from."""

INDEX = "article_text_fts"
"""The table that Datasette then shows to nobody: there readers may ask the index for phrases, in any of its forms. Our
own searches ask for words alone (`db.search.scatter`)."""

TEASERS = "teasers"
"""The view that may read bodies all the same: it shows the beginning."""


def hide_bodies(connection: sqlite3.Connection) -> None:
    """Makes every later statement of a connection read NULL from `PRIVATE_COLUMNS`, but through the view `TEASERS`.

    An authorizer is asked while a statement is prepared, for each column it reads anywhere: filters, sorts, facets,
    views and the reads of FTS5 included (https://www.sqlite.org/c3ref/set_authorizer.html). Whatever address of the
    site finds a way to a body finds NULL there. A statement of one's own could name a CTE like the view, and attach
    files: the site takes no statements from readers.
    """
    connection.set_authorizer(_authorize)


def _authorize(action: int, table: str | None, column: str | None, _database: str | None, via: str | None) -> int:
    if action == sqlite3.SQLITE_ATTACH:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_READ and (table, column) in PRIVATE_COLUMNS and via != TEASERS:
        return sqlite3.SQLITE_IGNORE
    return sqlite3.SQLITE_OK
