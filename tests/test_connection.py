"""Opening the archive file: made, migrated, refused with a reason; writes all or nothing."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from db.connection import ArchiveError, from_text, open_archive, open_readonly, to_text, transaction, utc_now
from db.migrations import migrations

PROJECT = Path(__file__).parent.parent


def _count(db: Database) -> int:
    return int(db.execute("SELECT count(*) FROM runs").fetchone()[0])


def _insert(db: Database) -> None:
    db.execute("INSERT INTO runs (started_at) VALUES (?)", (utc_now(),))


# --- opening ---


def test_a_fresh_archive_is_migrated_and_safe_to_read_while_written(tmp_path: Path) -> None:
    db = open_archive(tmp_path / "news.db")
    assert {"sources", "seeds", "links", "articles", "revisions", "fetches"} <= set(db.table_names())
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not migrations.pending(db)
    db.close()


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    db = open_archive(tmp_path / "news.db")
    _insert(db)
    schema, applied = db.schema, list(migrations.applied(db))
    db.close()
    again = open_archive(tmp_path / "news.db")
    assert (again.schema, list(migrations.applied(again)), _count(again)) == (schema, applied, 1)
    again.close()


def test_paths_with_blanks_and_foreign_letters_work(tmp_path: Path) -> None:
    path = tmp_path / "die Nachrichten ٪ #1?.db"
    open_archive(path).close()
    assert path.is_file()
    open_readonly(path).close()


def test_a_missing_folder_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"the folder .*nowhere does not exist.*DATABASE"):
        open_archive(tmp_path / "nowhere" / "news.db")


@pytest.mark.parametrize("content", [b"no database, but long enough\n" * 40, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "news.db"
    path.write_bytes(content)
    for opening in (open_archive, open_readonly):
        with pytest.raises(ArchiveError, match=r"news\.db"):
            opening(path)
    assert path.read_bytes() == content


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="cannot be opened"):
        open_archive(tmp_path)


def test_somebody_elses_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "recipes.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE recipes (id INTEGER PRIMARY KEY)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(ArchiveError, match="no Parley archive"):
        open_archive(path)
    with pytest.raises(ArchiveError, match="no Parley archive"):
        open_readonly(path)
    assert path.read_bytes() == before


def test_an_archive_of_a_newer_parley_is_refused_by_name_of_the_migration(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    db = open_archive(path)
    table = db.execute("SELECT name FROM sqlite_master WHERE name LIKE '%migrations%' AND type = 'table'").fetchone()[0]
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    values = {"migration_set": "parley", "name": "m999_holograms", "applied_at": utc_now()}
    row = {column: values[column] for column in columns if column in values}
    db.table(table).insert(row)
    db.close()
    with pytest.raises(ArchiveError, match=r"newer Parley.*m999_holograms"):
        open_archive(path)


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE daily_totals (other TEXT)")  # the last table of the first migration
    db.close()
    with pytest.raises(sqlite3.OperationalError, match="daily_totals"):
        migrations.apply(Database(path))
    tables = {row[0] for row in sqlite3.connect(path).execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert "articles" not in tables
    assert "sources" not in tables


# --- reading only ---


def test_a_missing_archive_is_not_made_by_reading(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="scrapy crawl news"):
        open_readonly(tmp_path / "news.db")
    assert list(tmp_path.iterdir()) == []


def test_a_reader_sees_commits_of_a_writer_and_can_write_nothing(tmp_path: Path) -> None:
    writer = open_archive(tmp_path / "news.db")
    reader = open_readonly(tmp_path / "news.db")
    with transaction(writer):
        _insert(writer)
        assert _count(reader) == 0
    assert _count(reader) == 1
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        _insert(reader)
    reader.close()
    writer.close()


# --- transactions ---


def test_a_transaction_is_stored_whole(tmp_path: Path) -> None:
    db = open_archive(tmp_path / "news.db")
    with transaction(db):
        _insert(db)
        _insert(db)
    assert _count(db) == 2
    assert not db.conn.in_transaction
    db.close()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_any_error_undoes_the_whole_transaction(tmp_path: Path, error: type[BaseException]) -> None:
    db = open_archive(tmp_path / "news.db")
    with pytest.raises(error), transaction(db):
        _insert(db)
        raise error
    assert _count(db) == 0
    with transaction(db):
        _insert(db)
    assert _count(db) == 1
    db.close()


def test_a_commit_that_fails_undoes_the_transaction_and_the_next_one_works(tmp_path: Path) -> None:
    db = open_archive(tmp_path / "news.db")
    db.execute("CREATE TABLE child (id INTEGER REFERENCES runs (id) DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises(sqlite3.IntegrityError), transaction(db):
        _insert(db)
        db.execute("INSERT INTO child VALUES (999)")
    assert _count(db) == 0
    with transaction(db):
        _insert(db)
    assert _count(db) == 1
    db.close()


def test_a_transaction_inside_another_is_refused_and_the_outer_one_undone(tmp_path: Path) -> None:
    db = open_archive(tmp_path / "news.db")
    with pytest.raises(sqlite3.OperationalError, match="within a transaction"), transaction(db):
        _insert(db)
        with transaction(db):
            _insert(db)
    assert _count(db) == 0
    db.close()


def test_a_writer_waits_for_another_one(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    open_archive(path).close()
    inside, leave = threading.Event(), threading.Event()

    def write_slowly() -> None:
        other = open_archive(path)
        with transaction(other):
            _insert(other)
            inside.set()
            leave.wait(60)
        other.close()

    thread = threading.Thread(target=write_slowly)
    thread.start()
    assert inside.wait(60)
    threading.Timer(0.3, leave.set).start()
    db = open_archive(path)
    with transaction(db):
        _insert(db)
        assert _count(db) == 2
    thread.join()
    db.close()


_KILLED_INSIDE = """
import os, signal, sys
from db.connection import open_archive, transaction
db = open_archive(sys.argv[1])
with transaction(db):
    db.execute("INSERT INTO runs (started_at) VALUES ('kept')")
with transaction(db):
    for _ in range(2000):
        db.execute("INSERT INTO runs (started_at, outcome) VALUES ('lost', ?)", ("x" * 2000,))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_inside_a_transaction_leaves_what_was_committed_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    done = subprocess.run([sys.executable, "-c", _KILLED_INSIDE, str(path)], cwd=PROJECT, timeout=300, check=False)
    assert done.returncode == -9
    db = open_archive(path)
    assert db.execute("SELECT started_at FROM runs").fetchall() == [("kept",)]
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


# --- times ---


@given(st.datetimes(datetime(1600, 1, 1), datetime(9998, 1, 1), timezones=st.timezones() | st.just(UTC)))  # noqa: DTZ001
def test_times_survive_being_stored_and_sort_as_text(moment: datetime) -> None:
    text = to_text(moment)
    assert from_text(text) == moment.astimezone(UTC).replace(microsecond=0)
    assert text < to_text(moment.astimezone(UTC) + timedelta(seconds=1))  # clocks of zones are put back


def test_times_are_utc_with_seconds() -> None:
    assert (
        to_text(datetime(2018, 11, 9, 1, 30, tzinfo=timezone(timedelta(hours=4, minutes=30)))) == "2018-11-08T21:00:00Z"
    )
    assert abs((from_text(utc_now()) - datetime.now(UTC)).total_seconds()) < 60
