"""Real crawls of WARC archives that hold several captures of a page: in one file or in several, in any order."""

from __future__ import annotations

import io
import os
from pathlib import Path

from fastwarc.stream_io import GzipWriter
from fastwarc.warc import WarcRecord, WarcRecordType

from tests.crawling import Desk
from tests.texts import write_text

URL = "https://outlet.example/news/bridge"
FIRST = f"{write_text(1, 150)}\n\nThe council counted 12 beams."
SECOND = FIRST.replace("12 beams", "14 beams")
THIRD = f"{SECOND}\n\n{write_text(2, 60)}"
Capture = tuple[str, str]
"""(day of November 2018, text)."""
HISTORY = "SELECT number, seen_at, kind, body FROM revisions ORDER BY number"
TIMES = "SELECT first_seen_at, updated_at, last_seen_at, captured_at FROM articles"


def _at(day: str) -> str:
    return f"2018-11-{day}T08:30:00Z"


def write_archive(path: Path, *captures: Capture, url: str = URL, published: str | None = "2018-11-01") -> Path:
    """Writes captures of one page into a WARC file, in this order, and returns its path."""
    stated = f'<meta property="article:published_time" content="{published}T06:00:00Z">' if published else ""
    with path.open("wb") as file:
        for day, text in captures:
            body = "".join(f"<p>{paragraph}</p>" for paragraph in text.split("\n\n"))
            page = f"<!doctype html><title>Bridge</title>{stated}<article><h1>Bridge</h1>{body}</article>"
            record = WarcRecord()
            record.init_headers(record_type=WarcRecordType.response)
            record.headers["WARC-Date"] = _at(day)
            record.headers["WARC-Target-URI"] = url
            record.headers["Content-Type"] = "application/http; msgtype=response"
            record.set_bytes_content(f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{page}".encode())
            buffer = io.BytesIO()
            writer = GzipWriter(buffer)
            record.write(writer)
            writer.finish()
            file.write(buffer.getvalue())
    return path


def make_desk(folder: Path) -> Desk:
    """Returns a desk without topics and, yet, without sources."""
    (folder / "none").mkdir()
    return Desk(folder, settings={"TOPICS": folder / "none", "EXTRACT_WORKERS": 1})


def read_archives(desk: Desk, *archives: Path) -> str:
    """Crawls with these archives as the only source and returns the run's line."""
    listed = ", ".join(f'"{path}"' for path in archives)
    desk.sources.write_text(f'[[source]]\nid = "old"\narchives = [{listed}]\n', "utf-8")
    return desk.crawl("-a", "due=all")


def texts_of(desk: Desk) -> str:
    ((_, body),) = desk.texts().values()
    assert desk.faults() == []
    return body


def test_an_archive_of_older_captures_that_is_named_later_changes_no_current_text(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    new = write_archive(tmp_path / "a-new.warc.gz", ("09", THIRD))
    read_archives(desk, new)
    before = desk.rows("SELECT updated_at, captured_at, content_hash, warc_file FROM articles")
    old = write_archive(tmp_path / "b-old.warc.gz", ("02", FIRST))
    line = read_archives(desk, new, old)
    assert " 1 page," in line and "0 new articles" in line
    assert texts_of(desk) == THIRD
    assert desk.rows(HISTORY) == [(1, _at("09"), "update", FIRST)]
    assert desk.rows("SELECT updated_at, captured_at, content_hash, warc_file FROM articles") == before
    newer = write_archive(tmp_path / "c-newer.warc.gz", ("20", FIRST.replace("counted", "found")))
    read_archives(desk, new, old, newer)
    assert "found 12 beams" in texts_of(desk)
    assert [row[:2] for row in desk.rows(HISTORY)] == [(1, _at("09")), (2, _at("20"))]
    assert desk.rows(TIMES) == [(_at("02"), _at("20"), _at("20"), _at("20"))]
    for path in (new, old, newer):  # read again from their beginning
        os.utime(path, (1, 1))
    history, times = desk.rows(HISTORY), desk.rows(TIMES)
    assert " 0 pages" in read_archives(desk, newer, old, new), "each capture has left its trace"
    assert (desk.rows(HISTORY), desk.rows(TIMES)) == (history, times)


def test_two_archives_in_one_run_and_captures_out_of_order_in_one_file(tmp_path: Path) -> None:
    expected = [(1, _at("05"), "correction", FIRST), (2, _at("09"), "update", SECOND)]
    for name, captures in {
        "file": [[("09", THIRD), ("02", FIRST), ("05", SECOND)]],
        "run": [[("09", THIRD), ("05", SECOND)], [("02", FIRST)]],
    }.items():
        (folder := tmp_path / name).mkdir()
        desk = make_desk(folder)
        read_archives(desk, *(write_archive(folder / f"{n}.warc.gz", *one) for n, one in enumerate(captures)))
        assert texts_of(desk) == THIRD, name
        assert desk.rows(HISTORY) == expected, name
        assert desk.rows(TIMES) == [(_at("02"), _at("09"), _at("09"), _at("09"))], name
        done = desk.run("reextract")
        assert (done.returncode, done.stderr) == (0, "")
        assert texts_of(desk) == THIRD, name
        assert desk.rows(HISTORY) == expected, "the same bytes again are no captures"
        assert desk.rows(TIMES) == [(_at("02"), _at("09"), _at("09"), _at("09"))], name


def test_captures_under_other_spellings_of_the_address_are_of_the_same_page(tmp_path: Path) -> None:
    """An outlet moves to https and drops its www over the years; links to it carry trackers."""
    spellings = {"05": "http://www.outlet.example/news/bridge?utm_source=feed", "09": URL, "02": f"{URL}/"}
    texts = {"02": FIRST, "05": SECOND, "09": THIRD}
    for name, order in {"new-first": ("09", "02", "05"), "old-first": ("02", "05", "09")}.items():
        (folder := tmp_path / name).mkdir()
        desk = make_desk(folder)
        read_archives(
            desk,
            *(write_archive(folder / f"{n}.gz", (day, texts[day]), url=spellings[day]) for n, day in enumerate(order)),
        )
        assert texts_of(desk) == THIRD, name
        assert desk.rows(HISTORY) == [(1, _at("05"), "correction", FIRST), (2, _at("09"), "update", SECOND)], name
        assert desk.run("reextract").returncode == 0
        assert texts_of(desk) == THIRD, name


def test_pages_without_a_date_count_from_their_capture(tmp_path: Path) -> None:
    """And are copies of what was published then, though they were imported years later."""
    desk = make_desk(tmp_path)
    dated = write_archive(
        tmp_path / "a.warc.gz", ("05", FIRST), url="https://agency.example/news/7", published="2018-11-04"
    )
    undated = write_archive(tmp_path / "b.warc.gz", ("06", f"{FIRST}\n\nMore."), published=None)
    read_archives(desk, dated, undated)
    assert desk.rows("SELECT published_at, first_seen_at FROM articles ORDER BY published_at IS NULL") == [
        ("2018-11-04T06:00:00Z", _at("05")),
        (None, _at("06")),
    ]
    assert desk.rows("SELECT n_articles, first_published_at, last_published_at FROM stories") == [
        (2, "2018-11-04T06:00:00Z", _at("06"))
    ]
    assert desk.rows("SELECT day, n_articles, n_stories FROM daily_totals WHERE n_articles ORDER BY day") == [
        ("2018-11-04", 1, 1),
        ("2018-11-06", 1, 0),
    ]
    assert desk.faults() == []
