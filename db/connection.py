"""Opening the archive file, and the one way to write to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database

from db.migrations import migrations

BUSY_TIMEOUT_MS = 10_000
"""How long a write waits for another writer (a person in a SQL shell, a backup) before it gives up."""
CHECKPOINT_PAGES = 8_000
"""Pages of 4 KiB that the write-ahead log holds before they go into the file: an article writes some 65, many of them
the same again and again, and with SQLite's own 1,000 an import would copy them over and wait for the disk more than
twice a second (https://www.sqlite.org/wal.html#avoiding_excessively_large_wal_files)."""


class ArchiveError(Exception):
    """The archive file cannot be used; the text says why and what to do."""


def utc_now() -> str:
    """Returns the present second as ISO-8601 UTC text, the form of every time in the archive."""
    return to_text(datetime.now(UTC))


def to_text(moment: datetime) -> str:
    """Returns an aware datetime as ISO-8601 UTC text with seconds and ``Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_text(text: str) -> datetime:
    """Returns the aware datetime of a time as stored."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def open_archive(path: str | Path) -> Database:
    """Returns the archive file opened for writing, made and migrated as needed.

    WAL lets Datasette read while the crawl writes; ``synchronous=NORMAL`` may lose the last commits at a power cut but
    never corrupts (https://www.sqlite.org/pragma.html#pragma_synchronous): a lost commit is fetched again.

    Raises `ArchiveError` where the file is no database, is somebody else's or a newer Parley's, or cannot be written.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise ArchiveError(f"{path}: the folder {path.parent} does not exist; make it, or set DATABASE to another path")
    try:
        connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000)
        database = Database(connection)
        _refuse_foreign(database, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -16000")
        connection.execute("PRAGMA temp_store = MEMORY")
        _refuse_newer(database, path)
        migrations.apply(database)
    except sqlite3.DatabaseError as error:
        raise ArchiveError(f"{path}: cannot be opened as an archive: {error}") from error
    return database


def open_readonly(path: str | Path) -> Database:
    """Returns an existing archive file opened for reading only; a running crawl is not disturbed.

    Raises `ArchiveError` where there is no such file or it is no archive.
    """
    path = Path(path)
    try:
        path.stat()
    except FileNotFoundError as error:
        raise ArchiveError(
            f"{path}: no such archive; `scrapy crawl news` makes it, or set DATABASE to where it lies"
        ) from error
    except OSError as error:
        raise ArchiveError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000
        )
        database = Database(connection)
        if not database["articles"].exists():
            raise ArchiveError(f"{path}: is a database but no Parley archive (it has no table `articles`)")
    except sqlite3.DatabaseError as error:
        remedy = ""
        if "readonly" in str(error) or "unable to open" in str(error):
            # SQLite keeps the list of readers of a WAL file beside it (https://www.sqlite.org/wal.html#readonly).
            remedy = "; even a reader must be able to write to its folder: change the permissions, or copy the file"
        raise ArchiveError(f"{path}: cannot be read as an archive: {error}{remedy}") from error
    return database


@contextmanager
def transaction(db: Database) -> Iterator[None]:
    """Makes all writes inside it one: all stored, or none.

    ``BEGIN IMMEDIATE`` takes the write lock at once; a deferred begin that upgrades later fails instantly with BUSY
    whenever a reader got in between, however long the busy timeout (https://www.sqlite.org/lang_transaction.html).
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.commit()
    except BaseException:
        db.rollback()
        raise


def insert(db: Database, table: str, row: Mapping[str, object]) -> int:
    """Inserts one row into a table with an integer key and returns that key."""
    key = db.table(table).insert(dict(row)).last_pk
    assert isinstance(key, int)
    return key


def _refuse_foreign(db: Database, path: Path) -> None:
    tables = db.table_names()
    if tables and "_sqlite_migrations" not in tables:
        raise ArchiveError(
            f"{path}: is a database but no Parley archive (it has the table `{tables[0]}`); choose another DATABASE"
        )


def _refuse_newer(db: Database, path: Path) -> None:
    known = {migration.name for migration in migrations._migrations}
    unknown = [row.name for row in migrations.applied(db) if row.name not in known]
    if unknown:
        raise ArchiveError(f"{path}: was written by a newer Parley (migration {unknown[0]}); upgrade Parley to use it")
