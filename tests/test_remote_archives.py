"""Copies of remote WARC files, over real HTTP: pauses, changes midway, servers without ranges, later changes."""

from __future__ import annotations

import asyncio
import http.server
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request
from scrapy.exceptions import DownloadCancelledError
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from crawler import remote_archives
from crawler.archive import ArchiveUnreadable
from crawler.guard import Refused
from crawler.remote_archives import CopyInterrupted, LocalArchives, Origin, read_content_range

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Asks this machine itself, whatever proxy it has."""
OLD, NEW = b"old bytes " * 1000, b"NEW BYTES! " * 1100


class Shelf(http.server.ThreadingHTTPServer):
    """A server with one file that can be changed, and the log of what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Clerk)
        self.content = OLD
        self.headers: dict[str, str] = {"ETag": '"one"'}
        self.ranges = True
        self.believes = True
        """Whether it looks at If-Range and If-None-Match."""
        self.asked: list[tuple[float, dict[str, str]]] = []
        self.change_at: int | None = None
        """Before this request (counted from 1) the file is replaced."""

    @property
    def url(self) -> str:
        """The address of the file."""
        return f"http://127.0.0.1:{self.server_port}/old.warc.gz"

    def replace(self) -> None:
        """Puts another file in its place."""
        self.content = NEW
        self.headers = {
            name: value.replace("one", "two").replace("Mon, 01", "Tue, 02") for name, value in self.headers.items()
        }


class Clerk(http.server.BaseHTTPRequestHandler):
    """Answers conditional and range requests by RFC 9110, as far as the shelf believes in them."""

    server: Shelf

    def do_GET(self) -> None:
        """Answers."""
        shelf = self.server
        shelf.asked.append((time.monotonic(), dict(self.headers)))
        if shelf.change_at == len(shelf.asked):
            shelf.replace()
        current = shelf.headers.get("ETag"), shelf.headers.get("Last-Modified")
        if shelf.believes and (self.headers["If-None-Match"] or self.headers["If-Modified-Since"] or "-") in current:
            self.answer(304, b"")
            return
        wanted = self.headers["If-Range"]
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"] or "")
        if not shelf.ranges or match is None or (shelf.believes and wanted is not None and wanted not in current):
            self.answer(200, shelf.content)
            return
        first, last = int(match[1]), int(match[2])
        if first >= len(shelf.content):
            self.answer(416, b"")
            return
        piece = shelf.content[first : last + 1]
        self.answer(206, piece, f"bytes {first}-{first + len(piece) - 1}/{len(shelf.content)}")

    def answer(self, status: int, body: bytes, extent: str | None = None) -> None:
        """Sends one answer."""
        self.send_response(status)
        headers = {
            **self.server.headers,
            "Content-Length": str(len(body)),
            **({"Content-Range": extent} if extent else {}),
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keeps the tests quiet."""


class Engine:
    """Downloads as Scrapy's engine does, as far as a copy needs it, with the limit of ``download_maxsize``."""

    async def download_async(self, request: Request) -> Response:
        """Returns the answer to a request."""
        return await asyncio.to_thread(self.download, request)

    def download(self, request: Request) -> Response:
        """Asks in a thread."""
        headers = {name.decode(): values[-1].decode() for name, values in request.headers.items()}
        try:
            with DIRECT.open(urllib.request.Request(request.url, headers=headers), timeout=120) as answer:
                status, sent, body = answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            status, sent, body = error.code, dict(error.headers), error.read()
        if len(body) > request.meta["download_maxsize"]:
            raise DownloadCancelledError("too large")
        return Response(request.url, status=status, headers=sent, body=body)


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    server = Shelf()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_archives, "PIECE_BYTES", 3000)


def _copier(tmp_path: Path, delay: float = 0.0, most: int = 1 << 20) -> tuple[LocalArchives, Any]:
    settings = {"ARCHIVE": str(tmp_path), "IMPORT_MAX_BYTES": most, "HOST_DELAY_SECONDS": delay}
    crawler: Any = get_crawler(settings_dict=settings)
    crawler.engine, crawler.spider, crawler.crawling = Engine(), SimpleNamespace(), True
    return LocalArchives.from_crawler(crawler), crawler


def _bring(copier: LocalArchives, url: str) -> Path:
    request = Request(url, meta={"local_archive": url})
    assert asyncio.run(copier.process_request(request)) is not None
    path = request.meta["path"]
    assert isinstance(path, Path)
    return path


def test_pieces_come_with_the_delay_of_the_host_between_them(tmp_path: Path, shelf: Shelf) -> None:
    copier, _ = _copier(tmp_path, delay=0.2)
    assert _bring(copier, shelf.url).read_bytes() == OLD
    assert [asked["Range"] for _, asked in shelf.asked] == [f"bytes={n}-{n + 2999}" for n in (0, 3000, 6000, 9000)]
    moments = [at for at, _ in shelf.asked]
    assert min(later - sooner for sooner, later in pairwise(moments)) >= 0.19
    assert [asked.get("If-Range") for _, asked in shelf.asked] == [None, '"one"', '"one"', '"one"']


@pytest.mark.parametrize("believes", [True, False])
@pytest.mark.parametrize(
    "headers", [{"ETag": '"one"'}, {"ETag": 'W/"one"'}, {"Last-Modified": "Mon, 01 Jan 2018 00:00:00 GMT"}, {}]
)
def test_a_file_replaced_midway_is_never_spliced(
    tmp_path: Path, shelf: Shelf, believes: bool, headers: dict[str, str]
) -> None:
    shelf.headers, shelf.believes, shelf.change_at = headers, believes, 3
    copier, _ = _copier(tmp_path)
    assert _bring(copier, shelf.url).read_bytes() == NEW


def test_a_file_that_never_stands_still_is_told(tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.believes = False
    monkeypatch.setattr(Clerk, "do_GET", _answer_always_new)
    copier, _ = _copier(tmp_path)
    with pytest.raises(ArchiveUnreadable, match="changed again and again"):
        _bring(copier, shelf.url)


def _answer_always_new(clerk: Clerk) -> None:
    clerk.server.asked.append((0.0, {}))
    clerk.server.headers = {"ETag": f'"{len(clerk.server.asked)}"'}
    first, last = map(int, clerk.headers["Range"].removeprefix("bytes=").split("-"))
    clerk.answer(206, OLD[first : last + 1], f"bytes {first}-{last}/{len(OLD)}")


def test_a_copy_that_was_interrupted_goes_on_where_it_was(tmp_path: Path, shelf: Shelf) -> None:
    copier, crawler = _copier(tmp_path)
    crawler.crawling = False
    with pytest.raises(CopyInterrupted):
        _bring(copier, shelf.url)
    assert len(shelf.asked) == 1, "it does not ask for another piece when the run ends"
    crawler.crawling = True
    assert _bring(copier, shelf.url).read_bytes() == OLD
    assert [asked["Range"] for _, asked in shelf.asked][1] == "bytes=3000-5999"


def test_a_file_replaced_between_two_runs_is_begun_anew(tmp_path: Path, shelf: Shelf) -> None:
    copier, crawler = _copier(tmp_path)
    crawler.crawling = False
    with pytest.raises(CopyInterrupted):
        _bring(copier, shelf.url)
    shelf.replace()
    crawler.crawling = True
    assert _bring(copier, shelf.url).read_bytes() == NEW


def test_a_server_without_ranges_sends_the_whole(tmp_path: Path, shelf: Shelf) -> None:
    shelf.ranges = False
    copier, _ = _copier(tmp_path)
    assert _bring(copier, shelf.url).read_bytes() == OLD
    assert len(shelf.asked) == 1


def test_a_whole_that_does_not_fit_into_memory_is_told_with_a_remedy(
    tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_archives, "WHOLE_MAX_BYTES", 5000)
    shelf.ranges = False
    copier, _ = _copier(tmp_path)
    with pytest.raises(ArchiveUnreadable, match=r"sends no ranges.*download the file and list its path"):
        _bring(copier, shelf.url)


@pytest.mark.parametrize("ranges", [True, False])
def test_more_than_import_max_bytes_is_refused_early(tmp_path: Path, shelf: Shelf, ranges: bool) -> None:
    shelf.ranges = ranges
    copier, _ = _copier(tmp_path, most=5000)
    with pytest.raises(Refused, match=r"IMPORT_MAX_BYTES \(5000\)"):
        _bring(copier, shelf.url)
    assert len(shelf.asked) == 1


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("headers", [{"ETag": '"one"'}, {"Last-Modified": "Mon, 01 Jan 2018 00:00:00 GMT"}, {}])
def test_a_changed_file_is_copied_anew_and_an_unchanged_one_is_not(
    tmp_path: Path, shelf: Shelf, ranges: bool, headers: dict[str, str]
) -> None:
    shelf.headers, shelf.ranges = headers, ranges
    copier, _ = _copier(tmp_path)
    first = _bring(copier, shelf.url)
    asked = len(shelf.asked)
    assert _bring(copier, shelf.url) == first
    assert len(shelf.asked) == asked + 1, "one question is enough"
    shelf.replace()
    second = _bring(copier, shelf.url)
    assert second.read_bytes() == NEW
    assert first.read_bytes() == OLD, "stored articles have their raw pages in it"
    assert str(first) < str(second), "captures are told apart by the order of names"
    assert _bring(copier, shelf.url) == second


def test_a_file_that_is_not_there_is_unreadable_by_its_address(tmp_path: Path, shelf: Shelf) -> None:
    copier, _ = _copier(tmp_path)
    with pytest.raises(ArchiveUnreadable, match="HTTP 500"):
        shelf.RequestHandlerClass = type("Broken", (Clerk,), {"do_GET": lambda self: self.answer(500, b"")})
        _bring(copier, shelf.url)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("bytes 0-99/1000", (0, 1000)),
        ("Bytes 100-199/*", (100, None)),
        ("bytes */1000", None),
        ("lines 0-9/10", None),
        ("", None),
        (None, None),
    ],
)
def test_content_range(value: str | None, read: tuple[int, int | None] | None) -> None:
    assert read_content_range(value) == read


def test_only_strong_tags_and_dates_may_join_pieces() -> None:
    date = "Mon, 01 Jan 2018 00:00:00 GMT"
    assert Origin('"a"', date).validator() == '"a"'
    assert Origin('W/"a"', date).validator() == date
    assert Origin('W/"a"').validator() is None
    assert not Origin('"a"').differs(Origin(None, date, 5)), "nothing that both of them say"
    assert Origin(size=4).differs(Origin('"a"', date, 5))
