"""A run's record: alone with its archive, closed whatever happens, one line said, no secrets in it."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from crawler.runs import (
    OBSTACLES,
    Busy,
    RedactingFilter,
    end_run,
    locked,
    redact,
    report_line,
    start_run,
    tell_obstacle,
)
from db.connection import ArchiveError, open_archive, utc_now
from pipelines.toml_file import ConfigError

PROJECT = Path(__file__).parent.parent

# --- the lock ---


def test_a_second_taker_is_told_who_is_at_work(tmp_path: Path) -> None:
    database = tmp_path / "news.db"
    with locked(database):
        with pytest.raises(Busy, match=rf"news\.db.*process {os.getpid()}"), locked(database):
            raise AssertionError("two runs at once")
        with pytest.raises(Busy), locked(database):
            raise AssertionError("the refused taker has freed the lock")


def test_the_lock_is_free_again_after_a_run_and_after_an_error(tmp_path: Path) -> None:
    database = tmp_path / "news.db"
    for _ in range(2):
        with pytest.raises(KeyError), locked(database):
            raise KeyError
    with locked(database):
        pass


def test_archives_side_by_side_do_not_lock_each_other(tmp_path: Path) -> None:
    with locked(tmp_path / "a.db"), locked(tmp_path / "b.db"):
        assert {path.name for path in tmp_path.iterdir()} == {"a.db.lock", "b.db.lock"}


_HOLD = """
import sys, time
from pathlib import Path
from crawler.runs import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    database = tmp_path / "news.db"
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(database)], stdout=subprocess.PIPE, text=True, cwd=PROJECT
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(Busy, match=f"process {process.pid}"), locked(database):
        raise AssertionError("two runs at once")
    process.send_signal(signal.SIGKILL)
    process.wait()
    with locked(database):
        time.sleep(0)


@pytest.mark.parametrize(
    ("obstacle", "words", "code"),
    [
        (Busy("news.db: another run is at work (process 7)"), "news.db: another run is at work (process 7)", 75),
        (ArchiveError("news.db: no such archive"), "news.db: no such archive", 2),
        (ConfigError(Path("t.toml"), "no such key", line=3), "t.toml:3: no such key", 2),
        (
            PermissionError(errno.EACCES, "Permission denied", "news.db.lock"),
            "news.db.lock: Permission denied; check the path and its permissions",
            2,
        ),
        (OSError("odd"), "a.db: odd; check the path and its permissions", 2),
    ],
)
def test_what_keeps_a_command_from_its_work_is_told_and_has_its_code(
    obstacle: Exception, words: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        raise obstacle
    except OBSTACLES as error:
        assert tell_obstacle(error, Path("a.db")) == code
    assert capsys.readouterr().err == f"{words}\n"


# --- the row ---


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_archive(tmp_path / "news.db")
    yield database
    database.close()


def test_a_run_is_opened_and_closed_with_its_counters(db: Database) -> None:
    run_id = start_run(db)
    end_run(db, run_id, "done", Counter(polls=3, links_new=2))
    started, ended, outcome, counters = db.execute(
        "SELECT started_at, ended_at, outcome, counters FROM runs"
    ).fetchone()
    assert started <= ended <= utc_now()
    assert outcome == "done"
    assert json.loads(counters) == {"links_new": 2, "polls": 3}


def test_a_run_that_was_killed_is_closed_by_the_next(db: Database) -> None:
    first = start_run(db)
    second = start_run(db)
    assert second > first
    rows = db.execute("SELECT id, outcome, ended_at IS NULL FROM runs ORDER BY id").fetchall()
    assert rows == [(first, "killed", 0), (second, None, 1)]


# --- the line ---


def test_a_quiet_run_says_little() -> None:
    line = report_line(Counter(polls=4, polls_unchanged=4), "done", 3.4)
    assert line == "done: 4 polls (4 unchanged), 0 new links, 0 pages, 0 new articles in 3 s"


def test_everything_that_happened_is_in_the_line_and_nothing_else() -> None:
    counters = Counter(
        polls=9, polls_unchanged=2, polls_failed=1, links_new=20, pages=15, new=6, copy=1, revised=2, duplicate_url=3,
        not_article=1, blocked_by_robots=4, refused=5, gone=6, failed=7, postponed=8,
    )  # fmt: skip
    assert report_line(counters, "out of time", 3299.6) == (
        "out of time: 9 polls (2 unchanged, 1 failed), 20 new links, 15 pages, 7 new articles, 2 revised,"
        " 3 known under another URL, 1 no article, 4 blocked by robots.txt, 5 refused, 6 gone, 7 failed,"
        " 8 to be tried again in 3300 s"
    )


def test_re_checks_and_what_they_found_are_in_the_line() -> None:
    counters = Counter(polls=1, pages=9, rechecks=8, rechecks_unchanged=5, revised=1, taken_down=2)
    assert report_line(counters, "done", 1) == (
        "done: 1 poll (0 unchanged), 0 new links, 9 pages, 0 new articles, 8 re-checks (5 not modified), 1 revised,"
        " 2 taken down in 1 s"
    )


def test_topics_that_wait_are_named_at_the_end() -> None:
    line = report_line(Counter(polls=1), "done", 3.4, ["bridge", "ferry"])
    assert line.endswith(" in 3 s; changed topics wait for `scrapy topic apply`: bridge, ferry")


# --- secrets ---


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("GET https://desk:s3cret@news.example/a", "GET https://***@news.example/a"),
        ("https://token@news.example", "https://***@news.example"),
        ("https://desk:p@ss@news.example/a@b", "https://***@news.example/a@b"),
        ("http://desk:@10.0.0.1:3128", "http://***@10.0.0.1:3128"),
        ("https://n.example/?token=abc&x=1", "https://n.example/?token=***&x=1"),
        ("https://n.example/?x=1&api_key=abc def", "https://n.example/?x=1&api_key=*** def"),
        ("https://n.example/?x=1&amp;access-token=abc", "https://n.example/?x=1&amp;access-token=***"),
        ("https://n.example/?X-Amz-Signature=abc>", "https://n.example/?X-Amz-Signature=***>"),
        ("https://n.example/?PASSWORD=abc'", "https://n.example/?PASSWORD=***'"),
        ("https://n.example/?pwd=abc", "https://n.example/?pwd=***"),
        ("https://n.example/?sessionid=abc", "https://n.example/?sessionid=***"),
        ("<GET https://u:p@a.example/?sig=1> (referer: https://u:p@b.example/)",
         "<GET https://***@a.example/?sig=***> (referer: https://***@b.example/)"),
    ],
)  # fmt: skip
def test_secrets_are_blotted_out(text: str, clean: str) -> None:
    assert redact(text) == clean
    assert redact(clean) == clean


@pytest.mark.parametrize(
    "text",
    [
        "https://news.example/story?id=5&page=2",
        "write to desk@news.example",
        "https://news.example/@author/story",
        "https://news.example/?mail=desk@news.example",
        "2026-11-22 12:00:00 WARNING: 3 polls, key figures",
        "",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert redact(text) == text


@given(st.text())
def test_redacting_twice_is_redacting_once(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RedactingFilter())
    logger = logging.getLogger("tests.redaction")
    logger.propagate = False
    logger.addHandler(handler)
    yield logger, stream
    logger.removeHandler(handler)


def test_log_lines_carry_no_secrets(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.error("no answer from %s (%d tries)", "https://u:p@n.example/?token=abc", 3)
    logger.error("100% of https://u:p@n.example")
    assert stream.getvalue() == (
        "no answer from https://***@n.example/?token=*** (3 tries)\n100% of https://***@n.example\n"
    )


def test_tracebacks_carry_no_secrets(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    try:
        raise ConnectionError("https://u:p@n.example/ refused")
    except ConnectionError:
        logger.exception("a poll failed")
    assert "Traceback" in stream.getvalue()
    assert "https://***@n.example/ refused" in stream.getvalue()
    assert "u:p" not in stream.getvalue()


def test_a_line_with_the_wrong_number_of_arguments_does_not_stop_the_run(
    log: tuple[logging.Logger, io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    logger, stream = log
    logger.error("%s %s", "https://u:p@n.example")
    logger.error("next")
    assert stream.getvalue().endswith("next\n")
    assert "u:p" not in stream.getvalue()
