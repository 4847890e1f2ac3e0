"""The words about the archive and the archive itself must not drift apart."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from db.connection import open_archive
from db.migrations import migrations
from db.schema import DESCRIPTIONS
from db.schema_page import documented_tables, generate_markdown

PAGE = Path(__file__).parent.parent / "docs" / "schema.md"


@pytest.fixture
def archive(tmp_path: Path) -> sqlite3.Connection:
    connection = open_archive(tmp_path / "news.db").conn
    assert connection is not None
    return connection


def test_every_table_and_column_is_described_and_none_is_invented(archive: sqlite3.Connection) -> None:
    real = documented_tables(archive)
    assert {name: list(doc.columns) for name, doc in DESCRIPTIONS.items()} == real


def test_order_of_tables_is_the_order_of_the_migrations(archive: sqlite3.Connection) -> None:
    assert list(DESCRIPTIONS) == list(documented_tables(archive))


def test_only_internal_tables_are_left_out(archive: sqlite3.Connection) -> None:
    everything = {name for (name,) in archive.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    left_out = everything - set(documented_tables(archive))
    shadows = {f"article_text_fts_{part}" for part in ("data", "idx", "docsize", "config")}
    assert left_out == {migrations.migrations_table, *shadows}


def test_a_new_table_and_a_view_would_be_noticed(archive: sqlite3.Connection) -> None:
    archive.execute("CREATE TABLE surprises (id INTEGER PRIMARY KEY, size REAL)")
    archive.execute("CREATE VIEW big_surprises AS SELECT id FROM surprises")
    tables = documented_tables(archive)
    assert tables["surprises"] == ["id", "size"]
    assert tables["big_surprises"] == ["id"]


def test_descriptions_are_sentences_a_markdown_table_can_hold() -> None:
    for table, doc in DESCRIPTIONS.items():
        assert doc.text.endswith("."), table
        for column, text in doc.columns.items():
            assert text.strip() == text != "", f"{table}.{column}"
            assert "|" not in text and "\n" not in text, f"{table}.{column}"
            assert not text.endswith("."), f"{table}.{column} ends with a full stop, the others do not"


@pytest.mark.parametrize(
    ("suffix", "unit"),
    [
        ("_at", "UTC"),
        ("milliseconds", "milliseconds"),
        ("_seconds", "seconds"),
        ("_length", "bytes"),
        ("bytes", "bytes"),
    ],
)
def test_quantities_name_their_unit(suffix: str, unit: str) -> None:
    found = [
        (table, name, text)
        for table, doc in DESCRIPTIONS.items()
        for name, text in doc.columns.items()
        if name.endswith(suffix)
    ]
    assert found
    for table, name, text in found:
        assert unit in text, f"{table}.{name} says nothing about {unit}"


def test_the_page_in_docs_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == generate_markdown(), "run: python -m db.schema > docs/schema.md"


def test_the_page_shows_references_and_keys() -> None:
    page = generate_markdown()
    assert "| `source_id` | text, required, → `sources.id` | The outlet that published it |" in page
    assert "| `id` | integer, key | Key; grows with the time of arrival |" in page
