"""Writes ``docs/schema.md``: what the archive file has by its migrations, and what that means by ``db/schema.py``."""

from __future__ import annotations

import sqlite3
import sys

from sqlite_utils import Database

from db.migrations import migrations
from db.schema import DESCRIPTIONS


def documented_tables(db: sqlite3.Connection) -> dict[str, list[str]]:
    """Returns the tables of an archive that readers may use, each with its columns in order.

    SQLite's own tables, the shadow tables of the full-text index and the ledger of migrations are left out.
    """
    virtual = [
        name
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL%'")
    ]
    shadows = {f"{name}_{part}" for name in virtual for part in ("data", "idx", "content", "docsize", "config")}
    names = [
        name
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY rowid")
        if not name.startswith(("sqlite_", "_sqlite_")) and name not in shadows
    ]
    return {name: [column[1] for column in db.execute(f'PRAGMA table_info("{name}")')] for name in names}


def _describe_type(declared: str, *, key: bool, required: bool, target: str | None) -> str:
    parts = [declared.lower() or "text"]
    if key:
        parts.append("key")
    elif required:
        parts.append("required")
    if target:
        parts.append(f"→ `{target}`")
    return ", ".join(parts)


def generate_markdown() -> str:
    """Returns ``docs/schema.md``: every table with its columns, types, references and meanings."""
    database = Database(memory=True)
    migrations.apply(database)
    connection = database.conn
    lines = [
        "# The archive file",
        "",
        "One SQLite file in WAL mode; any SQLite tool reads it (`sqlite3 'file:news.db?mode=ro'`). Names of tables",
        "and columns are a public contract. Times are UTC text in ISO 8601 and sort as text. This page is generated:",
        "`python -m db.schema > docs/schema.md`.",
        "",
    ]
    for table, columns in documented_tables(connection).items():
        doc = DESCRIPTIONS[table]
        targets = {
            row[3]: f"{row[2]}.{row[4] or 'id'}" for row in connection.execute(f'PRAGMA foreign_key_list("{table}")')
        }
        kinds = {
            row[1]: _describe_type(row[2], key=bool(row[5]), required=bool(row[3]), target=targets.get(row[1]))
            for row in connection.execute(f'PRAGMA table_info("{table}")')
        }
        lines += [f"## {table}", "", doc.text, "", "| column | type | meaning |", "|---|---|---|"]
        lines += [f"| `{name}` | {kinds[name]} | {doc.columns[name]} |" for name in columns]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(generate_markdown())
