"""Raw pages in WARC files: what was written can be read by others, from the start and by offset, after any crash."""

from __future__ import annotations

import asyncio
import gzip
import http.server
import io
import os
import random
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import brotli  # type: ignore[import-untyped]
import pytest
from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType
from hypothesis import given, settings
from hypothesis import strategies as st
from scrapy import Request
from scrapy.http import Response
from scrapy.utils.test import get_crawler
from sqlite_utils import Database

from crawler import archive, remote_archives
from crawler.archive import (
    ArchiveMiddleware,
    ArchiveUnreadable,
    WarcFolder,
    known_end,
    last_whole_member,
    pack_info,
    pack_response,
    read_batches,
    read_page,
    read_pages,
)
from crawler.polls import mark_of
from crawler.remote_archives import LocalArchives
from db.connection import open_archive, utc_now
from db.records import Fetch, RawRef
from db.store import write_fetch
from pipelines.page import Page
from tests.crawling import Desk

PROJECT = Path(__file__).parent.parent
HTML = [("Content-Type", "text/html; charset=utf-8")]
OK = "HTTP/1.1 200 OK"


DAY = "20261122"


@pytest.fixture(autouse=True)
def _one_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Midnight falls into no test: there is a file for each day."""
    monkeypatch.setattr(archive, "_today", lambda: DAY)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_archive(tmp_path / "news.db")
    yield database
    database.close()


def _body(n: int) -> bytes:
    return f"<html><body><p>Story {n}: the river rose by {n} metres. نص {n}</p></body></html>".encode()


def _url(n: int) -> str:
    return f"https://news.example/story-{n}"


def _fill(folder: WarcFolder, *numbers: int) -> list[RawRef]:
    return [folder.append(_url(n), OK, HTML, _body(n)) for n in numbers]


def _file(path: Path) -> Path:
    (found,) = path.glob("*.warc.gz")
    return found


def _read_elsewhere(path: Path) -> list[tuple[str, bytes]]:
    """Reads a file as another WARC tool does, strictly."""
    with path.open("rb") as file:
        return [
            (record.headers["WARC-Target-URI"] or "", record.reader.read())
            for record in ArchiveIterator(file, record_types=WarcRecordType.response, strict_mode=True)
        ]


# --- writing ---


def test_what_is_written_is_read_from_the_start_and_by_offset(tmp_path: Path) -> None:
    folder = WarcFolder(tmp_path, "news")
    refs = _fill(folder, 1, 2, 3)
    folder.close()
    path = _file(tmp_path)
    assert path.name == f"news-{DAY}-0001.warc.gz"
    assert _read_elsewhere(path) == [(_url(n), _body(n)) for n in (1, 2, 3)]
    pages = list(read_pages(path))
    assert [(page.url, page.body) for page in pages] == [(_url(n), _body(n)) for n in (1, 2, 3)]
    assert [(page.raw.offset, page.raw.length) for page in pages if page.raw] == [(r.offset, r.length) for r in refs]
    for n, ref in zip((1, 2, 3), refs, strict=True):
        page = read_page(tmp_path, ref)
        assert (page.url, page.body, page.raw, page.status) == (_url(n), _body(n), ref, 200)
        assert page.header("content-type") == "text/html; charset=utf-8"
        assert gzip.decompress(path.read_bytes()[ref.offset : ref.offset + ref.length]).startswith(b"WARC/1.")


def test_a_file_opens_with_a_warcinfo_record(tmp_path: Path) -> None:
    folder = WarcFolder(tmp_path, "news")
    _fill(folder, 1)
    folder.close()
    with _file(tmp_path).open("rb") as file:
        first = next(iter(ArchiveIterator(file, parse_http=False)))
        assert first.record_type == WarcRecordType.warcinfo
        assert first.headers["WARC-Filename"] == _file(tmp_path).name
        assert b"software: Parley" in first.reader.read()


def test_every_record_is_on_disk_before_append_returns(tmp_path: Path) -> None:
    folder = WarcFolder(tmp_path, "news")
    (ref,) = _fill(folder, 1)
    assert _file(tmp_path).stat().st_size == ref.offset + ref.length
    assert read_page(tmp_path, ref).body == _body(1)
    folder.close()


def test_a_later_run_goes_on_in_the_same_file(tmp_path: Path) -> None:
    for n in (1, 2):
        folder = WarcFolder(tmp_path, "news")
        _fill(folder, n)
        folder.close()
        folder.close()
    assert [url for url, _ in _read_elsewhere(_file(tmp_path))] == [_url(1), _url(2)]


def test_each_day_has_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = WarcFolder(tmp_path, "news")
    (old,) = _fill(folder, 1)
    monkeypatch.setattr(archive, "_today", lambda: "20261123")
    (new,) = _fill(folder, 2)
    folder.close()
    assert (old.file, new.file) == (f"news-{DAY}-0001.warc.gz", "news-20261123-0001.warc.gz")
    assert [read_page(tmp_path, ref).body for ref in (old, new)] == [_body(1), _body(2)]


def test_archives_side_by_side_have_files_of_their_own(tmp_path: Path) -> None:
    for stem in ("news", "news-2"):
        folder = WarcFolder(tmp_path, stem)
        _fill(folder, 1)
        folder.close()
    assert len(list(tmp_path.glob("*.warc.gz"))) == 2


def test_a_file_that_is_full_is_followed_by_a_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "ROLL_BYTES", 1500)
    folder = WarcFolder(tmp_path, "news")
    refs = _fill(folder, *range(12))
    folder.close()
    files = sorted(tmp_path.glob("*.warc.gz"))
    assert len(files) >= 2
    assert [page.url for file in files for page in read_pages(file)] == [_url(n) for n in range(12)]
    assert [read_page(tmp_path, ref).body for ref in refs] == [_body(n) for n in range(12)]
    again = WarcFolder(tmp_path, "news")
    (ref,) = _fill(again, 99)
    again.close()
    assert ref.file >= files[-1].name


@settings(max_examples=50, deadline=None)
@given(
    st.binary(max_size=2000),
    st.lists(st.tuples(st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True), st.text("abc ;=/é", max_size=20))),
)
def test_any_bytes_and_headers_survive(body: bytes, headers: list[tuple[str, str]]) -> None:
    closed = {"content-encoding", "content-type", "content-length", "transfer-encoding"}
    headers = [(name, value.strip()) for name, value in headers if name.lower() not in closed]
    data = pack_response("https://news.example/a?b=c", OK, [*HTML, *headers], body)
    for record in ArchiveIterator(io.BytesIO(data)):
        assert record.headers["WARC-Target-URI"] == "https://news.example/a?b=c"
        assert record.reader.read() == body
        assert record.http_headers is not None
        assert record.http_headers.status_code == 200


# --- after a crash ---


@pytest.mark.parametrize("cut", [1, 10, 0.5])
def test_half_a_record_is_cut_off_and_no_whole_one_is_lost(tmp_path: Path, cut: float) -> None:
    folder = WarcFolder(tmp_path, "news")
    refs = _fill(folder, 1, 2, 3)
    folder.close()
    path = _file(tmp_path)
    os.truncate(path, refs[2].offset + (int(refs[2].length * cut) if cut < 1 else refs[2].length - int(cut)))
    folder = WarcFolder(tmp_path, "news")
    (new,) = _fill(folder, 4)
    folder.close()
    assert new.offset == refs[2].offset
    assert [url for url, _ in _read_elsewhere(path)] == [_url(1), _url(2), _url(4)]


@pytest.mark.parametrize("tail", [b"\0" * 500, b"\x1f\x8b\x08\x00", b"garbage", b"\x1f"])
def test_garbage_at_the_end_is_cut_off(tmp_path: Path, tail: bytes) -> None:
    folder = WarcFolder(tmp_path, "news")
    _fill(folder, 1)
    folder.close()
    with _file(tmp_path).open("ab") as file:
        file.write(tail)
    folder = WarcFolder(tmp_path, "news")
    _fill(folder, 2)
    folder.close()
    assert [url for url, _ in _read_elsewhere(_file(tmp_path))] == [_url(1), _url(2)]


def test_a_file_torn_within_its_first_record_starts_anew(tmp_path: Path) -> None:
    folder = WarcFolder(tmp_path, "news")
    _fill(folder, 1)
    folder.close()
    os.truncate(_file(tmp_path), 20)
    folder = WarcFolder(tmp_path, "news")
    _fill(folder, 2)
    folder.close()
    assert [url for url, _ in _read_elsewhere(_file(tmp_path))] == [_url(2)]


def _log(db: Database, ref: RawRef) -> None:
    write_fetch(db, None, Fetch(url=_url(1), at=utc_now(), status=200, raw=ref))


def test_only_what_follows_the_fetch_log_is_looked_at(tmp_path: Path, db: Database) -> None:
    folder = WarcFolder(tmp_path, "news", db)
    refs = _fill(folder, 1, 2, 3)
    folder.close()
    _log(db, refs[1])
    _log(db, refs[0])
    assert known_end(db, refs[0].file) == refs[1].offset + refs[1].length
    assert known_end(db, "other.warc.gz") is None
    os.truncate(_file(tmp_path), refs[2].offset + 7)
    folder = WarcFolder(tmp_path, "news", db)
    (new,) = _fill(folder, 4)
    folder.close()
    assert new.offset == refs[2].offset


def test_a_file_that_the_fetch_log_is_ahead_of_gets_no_more(tmp_path: Path, db: Database) -> None:
    """After a power cut; another page at the extent that the log names would be taken for the lost one."""
    folder = WarcFolder(tmp_path, "news", db)
    refs = _fill(folder, 1, 2, 3)
    folder.close()
    _log(db, refs[2])
    os.truncate(_file(tmp_path), refs[2].offset + 7)
    folder = WarcFolder(tmp_path, "news", db)
    (new,) = _fill(folder, 4)
    folder.close()
    first, second = sorted(tmp_path.glob("*.warc.gz"))
    assert new.file == second.name
    assert [url for url, _ in _read_elsewhere(first)] == [_url(1), _url(2)], "its torn end is cut off all the same"
    assert [url for url, _ in _read_elsewhere(second)] == [_url(4)]
    _log(db, new)
    folder = WarcFolder(tmp_path, "news", db)
    assert _fill(folder, 5)[0].file == second.name
    folder.close()


def test_a_file_that_was_moved_away_is_not_begun_anew(tmp_path: Path, db: Database) -> None:
    folder = WarcFolder(tmp_path, "news", db)
    (old,) = _fill(folder, 1)
    folder.close()
    _log(db, old)
    (tmp_path / old.file).unlink()
    folder = WarcFolder(tmp_path, "news", db)
    assert _fill(folder, 2)[0].file != old.file
    folder.close()
    with pytest.raises(ArchiveUnreadable, match="No such file"):
        read_page(tmp_path, old)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5), st.data())
def test_the_last_whole_member_is_found_wherever_a_file_is_cut(bodies: list[bytes], data: st.DataObject) -> None:
    members = [gzip.compress(body) for body in bodies]
    whole = b"".join(members)
    cut = data.draw(st.integers(0, len(whole)))
    ends = [sum(map(len, members[:n])) for n in range(len(members) + 1)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.gz"
        path.write_bytes(whole[:cut])
        expected = max(end for end in ends if end <= cut)
        assert last_whole_member(path, 0) == expected
        start = max(end for end in ends if end <= expected)
        assert last_whole_member(path, start) == expected


_WRITE_UNTIL_KILLED = """
import sys
from pathlib import Path
import crawler.archive
from crawler.archive import WarcFolder
crawler.archive._today = lambda: sys.argv[2]
folder = WarcFolder(Path(sys.argv[1]), "news")
n = 0
while True:
    ref = folder.append(f"https://news.example/{n}", "HTTP/1.1 200 OK", [("Content-Type", "text/html")], bytes(200_000))
    n += 1
    print(ref.offset + ref.length, flush=True)
"""


def test_a_writer_killed_at_any_moment_loses_no_record_it_told_of(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITE_UNTIL_KILLED, str(tmp_path), DAY], stdout=subprocess.PIPE, text=True, cwd=PROJECT
    )
    assert process.stdout is not None
    told = [int(process.stdout.readline()) for _ in range(30)]
    process.kill()
    told += [int(line) for line in process.stdout.read().split("\n") if line]
    process.wait()
    path = _file(tmp_path)
    assert last_whole_member(path, 0) >= told[-1]
    folder = WarcFolder(tmp_path, "news")
    _fill(folder, 1)
    folder.close()
    assert len(_read_elsewhere(path)) >= len(told) + 1


# --- a disk that is full ---


def test_a_write_the_disk_refuses_is_an_error_and_leaves_the_file_readable(tmp_path: Path) -> None:
    folder = WarcFolder(tmp_path, "news")
    _fill(folder, 1)
    path = _file(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 5000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            folder.append(_url(2), OK, HTML, random.Random(1).randbytes(200_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    _fill(folder, 3)
    folder.close()
    assert [url for url, _ in _read_elsewhere(path)] == [_url(1), _url(3)]


def test_closing_after_the_disk_refused_raises_nothing(tmp_path: Path) -> None:
    folder = WarcFolder(tmp_path, "news")
    (tmp_path / f"news-{DAY}-0001.warc.gz").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        _fill(folder, 1)
    folder.close()


# --- reading what others wrote ---

OLD = "https://old.example/a"


def _record(
    body: bytes, headers: list[tuple[str, str]], status: str = OK, url: str = "https://old.example/a"
) -> WarcRecord:
    record = WarcRecord()
    record.init_headers(record_type=WarcRecordType.response)
    record.headers["WARC-Date"] = "2018-11-09T08:30:00Z"
    record.headers["WARC-Target-URI"] = url
    record.headers["Content-Type"] = "application/http; msgtype=response"
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    record.set_bytes_content(f"{status}\r\n{head}\r\n".encode() + body)
    return record


def _write(path: Path, *records: WarcRecord, compressed: bool = True) -> Path:
    with path.open("wb") as file:
        for record in records:
            buffer = io.BytesIO()
            record.write(buffer)
            file.write(gzip.compress(buffer.getvalue()) if compressed else buffer.getvalue())
    return path


def _chunk(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (7, body[:7], len(body) - 7, body[7:])


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [("gzip", gzip.compress), ("br", brotli.compress), ("identity", bytes), ("GZIP", gzip.compress)],
)
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("compressed", [False, True])
def test_encoded_bodies_come_out_decoded(
    tmp_path: Path, encoding: str, encode: Callable[[bytes], bytes], chunked: bool, compressed: bool
) -> None:
    body = encode(_body(7))
    headers = [*HTML, ("Content-Encoding", encoding)]
    if chunked:
        body = _chunk(body)
        headers.append(("Transfer-Encoding", "chunked"))
    path = _write(tmp_path / "old.warc", _record(body, headers), compressed=compressed)
    (page,) = read_pages(path)
    assert page.body == _body(7)
    assert page.header("content-encoding") is None
    assert page.fetched_at == "2018-11-09T08:30:00Z"
    assert page.raw is not None
    assert read_page(tmp_path, page.raw).body == _body(7)


@pytest.mark.parametrize(
    ("stated", "read"),
    [
        ("2018-11-09T08:30:00.123456789Z", "2018-11-09T08:30:00Z"),
        ("2018-11-09T10:30:00+02:00", "2018-11-09T08:30:00Z"),
        ("2018-11-09T08:30:00", "2018-11-09T08:30:00Z"),
        ("2018-11-09T08:30Z", "2018-11-09T08:30:00Z"),
        ("2018-11-09", "2018-11-09T00:00:00Z"),
        ("2018-11", "2018-11-01T00:00:00Z"),
        ("2018", "2018-01-01T00:00:00Z"),
    ],
)
def test_a_moment_of_capture_is_read_at_any_precision(tmp_path: Path, stated: str, read: str) -> None:
    record = _record(_body(1), HTML)
    record.headers["WARC-Date"] = stated
    assert [page.fetched_at for page in read_pages(_write(tmp_path / "old.warc", record))] == [read]


@pytest.mark.parametrize(
    "stated",
    [
        *("0001-01-01T00:00:00Z", "0000-00-00T00:00:00Z", "1970-01-01T00:00:00Z", "2199-01-01T00:00:00Z"),
        *("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "20181109083000", "2018-1", "yesterday", ""),
    ],
)
def test_a_capture_at_a_moment_that_cannot_be_counts_from_now(tmp_path: Path, stated: str) -> None:
    record = _record(_body(1), HTML)
    record.headers["WARC-Date"] = stated
    before = utc_now()
    (page,) = read_pages(_write(tmp_path / "old.warc", record))
    assert before <= page.fetched_at <= utc_now()


def test_what_our_crawl_stored_encoded_is_read_decoded(tmp_path: Path) -> None:
    folder = WarcFolder(tmp_path, "news")
    headers = [*HTML, ("Content-Encoding", "gzip"), ("Transfer-Encoding", "chunked")]
    ref = folder.append(_url(1), OK, headers, gzip.compress(_body(1)))
    folder.close()
    assert read_page(tmp_path, ref).body == _body(1)
    assert [page.body for page in read_pages(_file(tmp_path))] == [_body(1)]


def test_an_uncompressed_file_is_read_with_its_offsets(tmp_path: Path) -> None:
    records = [_record(_body(n), HTML, url=_url(n)) for n in range(3)]
    path = _write(tmp_path / "old.warc", *records, compressed=False)
    pages = list(read_pages(path))
    assert [page.url for page in pages] == [_url(n) for n in range(3)]
    for n, page in enumerate(pages):
        assert page.raw is not None
        assert read_page(tmp_path / "elsewhere", page.raw).body == _body(n)


def test_only_successful_pages_are_read(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "old.warc.gz",
        _record(b"moved", [("Location", "/b")], "HTTP/1.1 301 Moved Permanently", "https://old.example/moved"),
        _record(b"gone", HTML, "HTTP/1.1 404 Not Found", "https://old.example/gone"),
        _record(b"\x89PNG", [("Content-Type", "image/png")], url="https://old.example/image"),
        _record(_body(1), HTML, url="dns:old.example"),
        _record(_body(2), [("Content-Type", "application/xhtml+xml")], url="<https://old.example/xhtml>"),
        _record(_body(3), [], url="http://old.example/untyped"),
        _record(b"x" * (10 << 20) + b"xx", HTML, url="https://old.example/huge"),
        _record(_body(4), [("content-type", "TEXT/HTML")], url="https://old.example/last"),
    )
    with path.open("ab") as file:
        file.write(pack_info("old"))
    pages = list(read_pages(path))
    assert [page.url for page in pages] == [
        "https://old.example/xhtml",
        "http://old.example/untyped",
        "https://old.example/last",
    ]
    assert [read_page(tmp_path, page.raw).body for page in pages if page.raw] == [_body(n) for n in (2, 3, 4)]


def test_an_empty_file_holds_no_pages(tmp_path: Path) -> None:
    path = tmp_path / "empty.warc.gz"
    path.write_bytes(b"")
    assert list(read_pages(path)) == []


@pytest.mark.parametrize(
    "content",
    [
        b"no archive at all, just some text\n" * 50,
        gzip.compress(b"no WARC inside\r\n" * 50, mtime=0),
        b"\0" * 4096,
        b"PK\x03\x04zip",
    ],
)
def test_what_is_no_warc_is_unreadable_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "letters.warc.gz"
    path.write_bytes(content)
    with pytest.raises(ArchiveUnreadable, match=r"letters\.warc\.gz"):
        list(read_pages(path))


def test_a_missing_file_is_unreadable_by_name(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnreadable, match=r"absent\.warc\.gz"):
        list(read_pages(tmp_path / "absent.warc.gz"))
    with pytest.raises(ArchiveUnreadable, match=r"absent\.warc\.gz"):
        read_page(tmp_path, RawRef("absent.warc.gz", 0, 100))


@pytest.mark.parametrize("break_at", ["header", "half"])
def test_pages_before_a_break_are_read_and_the_break_is_told(tmp_path: Path, break_at: str) -> None:
    records = [_record(_body(n) * 500, HTML, url=_url(n)) for n in range(3)]
    path = _write(tmp_path / "old.warc.gz", *records)
    extents = [page.raw for page in read_pages(path)]
    last = extents[2]
    assert last is not None
    data = bytearray(path.read_bytes())
    if break_at == "header":
        data[last.offset : last.offset + 10] = b"\xff" * 10
    else:
        del data[last.offset + last.length // 2 :]
    path.write_bytes(bytes(data))
    seen: list[Page] = []
    with pytest.raises(ArchiveUnreadable, match=r"old\.warc\.gz"):
        seen.extend(read_pages(path))
    assert [page.url for page in seen] == [_url(0), _url(1)]
    for n, page in enumerate(seen):
        assert page.raw is not None
        assert read_page(tmp_path, page.raw).body == _body(n) * 500


@pytest.mark.parametrize(
    ("size", "seconds", "sizes"),
    [(1 << 30, 60.0, [5]), (1, 60.0, [1] * 5), (1 << 30, 0.0, [1] * 5), (2 * len(_body(0)), 60.0, [2, 2, 1])],
    ids=["all fit", "each too large", "each too slow", "two fit"],
)
def test_batches_hold_every_page_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, seconds: float, sizes: list[int]
) -> None:
    monkeypatch.setattr("crawler.archive.BATCH_BYTES", size)
    monkeypatch.setattr("crawler.archive.BATCH_SECONDS", seconds)
    path = _write(tmp_path / "old.warc.gz", *(_record(_body(n), HTML, url=_url(n)) for n in range(5)))
    batches = list(read_batches(path))
    assert [len(batch) for batch in batches] == sizes
    assert [page for batch in batches for page in batch] == list(read_pages(path))


def test_a_break_is_told_after_the_batch_before_it(tmp_path: Path) -> None:
    path = _write(tmp_path / "old.warc.gz", *(_record(_body(n) * 500, HTML, url=_url(n)) for n in range(3)))
    last = list(read_pages(path))[2].raw
    assert last is not None
    os.truncate(path, last.offset + last.length // 2)
    seen: list[list[Page]] = []
    with pytest.raises(ArchiveUnreadable, match=r"old\.warc\.gz"):
        seen.extend(read_batches(path))
    assert [[page.url for page in batch] for batch in seen] == [[_url(0), _url(1)]]


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5, 0.9, 0.99])
def test_a_file_torn_within_another_kind_of_record_is_told(tmp_path: Path, share: float) -> None:
    film = _record(random.Random(1).randbytes(2000), [("Content-Type", "video/mp4")], url=_url(9))
    path = _write(tmp_path / "old.warc.gz", _record(_body(1), HTML, url=_url(1)), film)
    whole = len(path.read_bytes())
    first = last_whole_member(_write(tmp_path / "first.gz", _record(_body(1), HTML, url=_url(1))), 0)
    os.truncate(path, first + max(2, int((whole - first) * share)))
    seen: list[Page] = []
    # Cut within the record's own header, its first lines may be whole and yet no header: either way it is told.
    with pytest.raises(ArchiveUnreadable, match=r"middle of a record|Invalid WARC header"):
        seen.extend(read_pages(path))
    assert [page.body for page in seen] == [_body(1)]


@pytest.mark.parametrize("move", [1, -1, 10**9])
def test_a_wrong_offset_is_unreadable_or_empty_never_another_page(tmp_path: Path, move: int) -> None:
    folder = WarcFolder(tmp_path, "news")
    _, ref, _ = _fill(folder, 1, 2, 3)
    folder.close()
    with pytest.raises(ArchiveUnreadable):
        read_page(tmp_path, RawRef(ref.file, ref.offset + move, ref.length))


# --- the middlewares ---


def _spider(tmp_path: Path) -> tuple[Any, WarcFolder]:
    crawler: Any = get_crawler(settings_dict={"ARCHIVE": str(tmp_path), "IMPORT_MAX_BYTES": 1 << 30})
    folder = WarcFolder(tmp_path, "news")
    crawler.spider = SimpleNamespace(archive=folder)
    return crawler, folder


@pytest.mark.parametrize(
    ("status", "meta", "kept"),
    [
        (200, {}, True),
        (301, {}, True),
        (304, {}, False),
        (404, {}, False),
        (200, {"archive_exempt": True}, False),
        (200, {"local_archive": "a.warc"}, False),
    ],
)
def test_answers_are_kept_as_they_came(tmp_path: Path, status: int, meta: dict[str, Any], kept: bool) -> None:
    crawler, folder = _spider(tmp_path)
    request = Request(_url(1), meta=meta)
    headers = {"Content-Type": "text/html", "Content-Encoding": "gzip", "X-Two": ["a", "b"]}
    response = Response(_url(1), status=status, headers=headers, body=gzip.compress(_body(1)))
    assert asyncio.run(ArchiveMiddleware.from_crawler(crawler).process_response(request, response)) is response
    folder.close()
    assert ("raw" in request.meta) == kept
    if kept and status == 200:
        page = read_page(tmp_path, request.meta["raw"])
        assert page.body == _body(1)
        assert [value for name, value in page.headers if name == "X-Two"] == ["a", "b"]


def test_an_answer_that_is_not_kept_does_not_pass_for_an_earlier_one(tmp_path: Path) -> None:
    crawler, folder = _spider(tmp_path)
    middleware = ArchiveMiddleware.from_crawler(crawler)
    request = Request(_url(1))
    asyncio.run(middleware.process_response(request, Response(_url(1), status=301, body=b"moved")))
    assert "raw" in request.meta
    asyncio.run(middleware.process_response(request, Response(_url(1), status=404, body=b"gone")))
    assert "raw" not in request.meta
    folder.close()


def test_a_local_archive_is_answered_with_its_path(tmp_path: Path) -> None:
    crawler, _ = _spider(tmp_path)
    middleware = LocalArchives.from_crawler(crawler)
    request = Request("file:///", meta={"local_archive": "old/a.warc.gz"})
    response = asyncio.run(middleware.process_request(request))
    assert response is not None
    assert request.meta["path"] == Path("old/a.warc.gz")
    assert asyncio.run(middleware.process_request(Request(_url(1)))) is None


def test_the_mark_of_a_file_changes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    assert mark_of(path) is None
    path.write_bytes(b"a")
    mark = mark_of(path)
    assert mark is not None
    assert mark == mark_of(path)
    path.write_bytes(b"ab")
    assert mark_of(path) != mark


# --- a remote archive, over real HTTP and a real crawl ---


class _Ranges(http.server.BaseHTTPRequestHandler):
    """Serves one file by Range requests."""

    content = b""
    asked: list[str]

    def do_GET(self) -> None:
        if self.path != "/old.warc.gz":
            self.send_error(404)
            return
        asked = self.headers["Range"]
        self.asked.append(asked)
        first, last = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", asked).groups())  # type: ignore[union-attr]
        if first >= len(self.content):
            self.send_error(416)
            return
        piece = self.content[first : last + 1]
        self.send_response(206)
        self.send_header("Content-Type", "application/gzip")
        self.send_header("Content-Range", f"bytes {first}-{first + len(piece) - 1}/{len(self.content)}")
        self.send_header("Content-Length", str(len(piece)))
        self.end_headers()
        self.wfile.write(piece)

    def log_message(self, format: str, *args: Any) -> None:
        """Keeps the tests quiet."""


def test_a_remote_archive_is_copied_piece_by_piece_and_imported_once(tmp_path: Path) -> None:
    paragraph = "The council of the valley met on Monday and agreed to mend the old bridge before the winter comes. "
    title = "The bridge is mended"
    paragraphs = "".join(f"<p>{paragraph * 2} It costs {n} coins.</p>" for n in range(6))
    story = f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1>{paragraphs}"
    film = random.Random(1).randbytes(9 << 20)
    films = [_record(film, [("Content-Type", "video/mp4")], url=f"https://old.example/v{n}") for n in range(2)]
    page = _record(story.encode(), HTML, url="https://old.example/bridge-mended")
    content = _write(tmp_path / "origin.warc.gz", *films, page).read_bytes()
    assert remote_archives.PIECE_BYTES < len(content) < 2 * remote_archives.PIECE_BYTES
    handler: Any = type("Handler", (_Ranges,), {"content": content, "asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        pair = f"127.0.0.1:{server.server_port}"
        (tmp_path / "topics").mkdir()
        (tmp_path / "sources.toml").write_text(
            f'[[source]]\nid = "old"\nname = "Old"\narchives = ["http://{pair}/old.warc.gz"]\n'
        )
        options = {
            "DATABASE": tmp_path / "news.db",
            "ARCHIVE": tmp_path / "raw",
            "SOURCES": tmp_path / "sources.toml",
            "TOPICS": tmp_path / "topics",
            "ALLOW_PRIVATE": pair,
        }
        command = [sys.executable, "-m", "scrapy", "crawl", "news"]
        for name, value in options.items():
            command += ["-s", f"{name}={value}"]
        alone = Desk(tmp_path).environment()  # without the proxy of this machine, which knows nothing of the server
        done = subprocess.run(command, cwd=PROJECT, env=alone, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        server.shutdown()
        server.server_close()
    size = remote_archives.PIECE_BYTES
    assert handler.asked == [f"bytes=0-{size - 1}", f"bytes={size}-{2 * size - 1}"]
    (copy,) = (tmp_path / "raw" / "imports").glob("*.warc.gz")
    assert not list((tmp_path / "raw" / "imports").glob("*.part*"))
    assert copy.read_bytes() == content
    db = sqlite3.connect(tmp_path / "news.db")
    assert db.execute("SELECT url, fate FROM links").fetchall() == [("https://old.example/bridge-mended", "article")]
    assert db.execute("SELECT title, source_id FROM articles").fetchall() == [("The bridge is mended", "old.example")]
    assert db.execute("SELECT warc_file FROM articles").fetchone() == (str(copy.resolve()),)
    assert list((tmp_path / "raw").glob("*.warc.gz")) == []
    db.close()
    shutil.rmtree(tmp_path / "raw")
