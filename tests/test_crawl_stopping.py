"""Imports and re-extractions that are asked to stop, or meet a locked archive: they end soon, and the next goes on."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from crawler.archive import pack_info, pack_response
from tests.crawling import ENOUGH_SECONDS, Desk, wait_until
from tests.texts import write_text

PAGES = 300
HTML = [("Content-Type", "text/html; charset=utf-8")]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk whose one source is an archive that takes long enough to be stopped in the middle."""
    with (tmp_path / "old.warc.gz").open("wb") as file:
        file.write(pack_info("old"))
        for n in range(PAGES):
            file.write(pack_response(f"https://old.example/story-{n}", "HTTP/1.1 200 OK", HTML, write_story(n)))
    desk = Desk(tmp_path)
    (tmp_path / "none").mkdir()
    desk.sources.write_text(f'[[source]]\nid = "old"\narchives = ["{tmp_path / "old.warc.gz"}"]\n', "utf-8")
    return Desk(tmp_path, settings={"TOPICS": tmp_path / "none", "EXTRACT_WORKERS": 1})


def write_story(n: int) -> bytes:
    """Returns an article whose text is no other's."""
    title = f"Story number {n} of the valley"
    paragraphs = "".join(f"<p>{write_text(1000 * part + n, 40)}</p>" for part in range(6))
    return f"<!doctype html><title>{title}</title><article><h1>{title}</h1>{paragraphs}</article>".encode()


def count(desk: Desk) -> int:
    """Returns how many articles are stored."""
    try:
        return int(desk.value("SELECT count(*) FROM articles"))
    except sqlite3.OperationalError:
        return 0


def test_an_import_that_is_asked_to_stop_stops_and_goes_on_later(desk: Desk) -> None:
    with desk.started("crawl", "news") as run:
        assert wait_until(lambda: count(desk) >= 10)
        run.send_signal(signal.SIGTERM)
        output, errors = run.communicate(timeout=ENOUGH_SECONDS)
    assert (run.returncode, errors) == (0, "")
    assert output.startswith("stopped: "), output
    assert 10 <= count(desk) < PAGES
    assert desk.value("SELECT polled_at FROM seeds") is None, "an archive that was not read to its end stays due"
    assert desk.crawl(EXTRACT_WORKERS=2).startswith("done: 1 poll")
    assert count(desk) == PAGES
    assert desk.faults() == []


def test_an_import_out_of_time_leaves_the_rest_to_the_next_run(desk: Desk) -> None:
    assert desk.crawl(RUN_SECONDS=1).startswith("out of time: ")
    some = count(desk)
    assert some < PAGES
    assert desk.value("SELECT polled_at FROM seeds") is None
    desk.crawl(EXTRACT_WORKERS=2)
    assert count(desk) == PAGES


def test_a_locked_archive_ends_an_import_with_a_word(desk: Desk) -> None:
    """The lock is held longer than a write waits for it."""
    with desk.started("crawl", "news") as run:
        assert wait_until(lambda: count(desk) >= 10)
        with closing(sqlite3.connect(desk.database, timeout=60, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            output, errors = run.communicate(timeout=ENOUGH_SECONDS)
    assert run.returncode == 1, output + errors
    assert output.startswith("trouble: the archive cannot be written: database is locked")
    assert "Traceback" not in errors, errors
    assert desk.value("SELECT polled_at FROM seeds") is None
    desk.crawl(EXTRACT_WORKERS=2)
    assert count(desk) == PAGES
    assert desk.faults() == []
