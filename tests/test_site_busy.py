"""A statement that takes longer than the site waits: the reader is told to come back, the log has one line."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from db.connection import utc_now
from db.site import headers
from db.site.app import build_site
from db.site.busy import RETRY_AFTER_SECONDS, TEXT, was_interrupted
from tests.site_archive import fill_archive
from tests.site_process import Page

LIMIT_MS = 50
_ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive in which no statement on two of the tables ever ends."""
    path = tmp_path_factory.mktemp("busy") / "shown.db"
    fill_archive(path, utc_now())
    with closing(sqlite3.connect(path)) as db:
        for table, columns in (("daily_totals", "day, n_articles, n_stories"), ("revisions", "*")):
            db.execute("PRAGMA legacy_alter_table = ON")
            db.execute(f"ALTER TABLE {table} RENAME TO {table}_before")
            db.execute(f"CREATE VIEW {table} AS SELECT {columns} FROM {table}_before WHERE ({_ENDLESS}) > 0")
    return path


def _ask(database: Path, path: str, method: str = "GET") -> Any:
    site = build_site(database)
    site.sql_time_limit_ms = LIMIT_MS
    return asyncio.run(site.client.request(method, path, follow_redirects=False))


@pytest.mark.parametrize("path", ["/", "/stories", "/timeline", "/article/1", "/shown/daily_totals"])
def test_a_page_says_that_the_archive_is_busy(
    database: Path, path: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO, "db.site"):
        answer = _ask(database, path)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == str(RETRY_AFTER_SECONDS)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for name, value in headers.HEADERS.items():
        assert answer.headers[name.decode()] == value.decode()
    assert TEXT in answer.text and "SELECT" not in answer.text and "Interrupted" not in answer.text
    assert [tag for tag, _ in Page(answer.text).tags if tag in ("h1", "script")] == ["h1"]
    assert [record.getMessage() for record in caplog.records] == [f"{path!r} took longer than the site waits"]
    assert "Traceback" not in caplog.text + "".join(capfd.readouterr())


@pytest.mark.parametrize("path", ["/timeline.json", "/stories.json", "/shown/daily_totals.json"])
def test_a_program_is_told_in_its_form(database: Path, path: str) -> None:
    answer = _ask(database, path)
    assert answer.status_code == 503 and answer.headers["retry-after"] == str(RETRY_AFTER_SECONDS)
    assert json.loads(answer.text) == {"ok": False, "error": TEXT, "status": 503}


@pytest.mark.parametrize("path", ["/timeline.csv", "/stories.atom", "/shown/daily_totals.csv"])
def test_a_feed_or_a_sheet_is_told_in_plain_text(database: Path, path: str) -> None:
    answer = _ask(database, path)
    assert answer.status_code == 503 and answer.headers["retry-after"] == str(RETRY_AFTER_SECONDS)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8" and answer.text == f"{TEXT}\n"


def test_a_question_for_the_head_alone_gets_no_body(database: Path) -> None:
    answer = _ask(database, "/", "HEAD")
    assert answer.status_code == 503 and answer.content == b""


def test_what_needs_no_slow_statement_still_answers(database: Path) -> None:
    assert _ask(database, "/topics").status_code == _ask(database, "/search?q=talks").status_code == 200


def test_running_out_of_time_is_told_from_other_errors() -> None:
    assert was_interrupted(sqlite3.OperationalError("vtable constructor failed: article_text_fts"))
    assert not was_interrupted(sqlite3.OperationalError("no such table: interrupted"))
    assert not was_interrupted(ValueError("interrupted"))
