"""Raw pages in WARC files: written as they come from the network, read back for imports and re-extraction.

Each response is one gzip member of its own (WARC 1.1, https://iipc.github.io/warc-specifications/), stored as it was
sent, content encoding included, so that any WARC tool reads the files and one record can be read by its offset.
"""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from time import monotonic
from typing import IO, TYPE_CHECKING

from fastwarc.stream_io import GzipWriter
from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType
from scrapy import Request
from scrapy.http import Response

from db.connection import to_text, utc_now
from db.records import RawRef
from pipelines.page import Page

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from sqlite_utils import Database

COMPRESSION_LEVEL = 3
"""zlib level: 3 takes 1.3 ms for a 190 kB page and is within 5 % of level 6 in size."""
ROLL_BYTES = 1 << 30
"""A file that grew past this is followed by a next one, the size the WARC standard recommends."""
PAGE_MAX_BYTES = 10 << 20
"""A larger payload in an archive is no news page and is passed over."""
RECORD_MAX_BYTES = PAGE_MAX_BYTES + (1 << 16)
"""The payload with its HTTP and WARC headers."""
BATCH_BYTES = 2 << 20
"""Payloads read at a time from an archive, some dozen pages: not each need wait for a hop to a thread and back."""
BATCH_SECONDS = 0.2
"""How long a batch waits for more pages: who asks a run to end is heard between two."""

WEB_BORN = datetime(1990, 1, 1, tzinfo=UTC)
"""No page was captured earlier; such a date is the zero of somebody's clock."""
_UNSAID = {len("2018"): "-01-01", len("2018-11"): "-01"}
"""What a year or a month lacks to be a day, by its length."""


class ArchiveUnreadable(Exception):
    """A WARC file or record cannot be read; the text says which and why."""


class WarcFolder:
    """Appends responses to the day's WARC file of a folder, one writer at a time (the run's lock sees to that).

    A process killed while writing leaves half a record behind. Opening cuts that half off (never a whole record), so
    every file stays readable to its end by other tools.
    """

    def __init__(self, folder: Path, stem: str, db: Database | None = None) -> None:
        self.folder = folder
        self.stem = stem
        self.db = db
        self.file: IO[bytes] | None = None
        self.name = ""

    def append(self, url: str, status_line: str, headers: list[tuple[str, str]], body: bytes) -> RawRef:
        """Writes one response and returns where it lies. Raises OSError where the disk refuses."""
        file = self._current()
        data = pack_response(url, status_line, headers, body)
        offset = file.tell()
        try:
            file.write(data)
            file.flush()
        except OSError:
            file.truncate(offset)
            file.seek(offset)
            raise
        return RawRef(self.name, offset, len(data))

    def close(self) -> None:
        """Closes the current file."""
        if self.file is not None:
            with suppress(OSError):  # every record was flushed; what a full disk refused was told to its writer
                self.file.close()
            self.file = None

    def _current(self) -> IO[bytes]:
        day = _today()
        if self.file is not None and (not self._is_of(day) or self.file.tell() >= ROLL_BYTES):
            self.close()
        if self.file is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            number = 1
            while not self._may_append(path := self.folder / f"{self.stem}-{day}-{number:04d}.warc.gz"):
                number += 1
            self.name = path.name
            self.file = path.open("ab")
            self.file.seek(0, os.SEEK_END)
            if self.file.tell() == 0:
                self.file.write(pack_info(self.name))
        return self.file

    def _is_of(self, day: str) -> bool:
        return self.name.startswith(f"{self.stem}-{day}-")

    def _may_append(self, path: Path) -> bool:
        """Whether a file may be added to; what a crash left of a record at its end is cut off.

        After a power cut, or when somebody moved the file away, the fetch log may be ahead of it: what is written
        there next would be taken for the pages that the log names, so such a file gets no more.
        """
        size = path.stat().st_size if path.exists() else 0
        known = (known_end(self.db, path.name) if self.db is not None else None) or 0
        if size:
            end = last_whole_member(path, known if known <= size else 0)
            if end < size:
                os.truncate(path, end)
                size = end
        return size < ROLL_BYTES and known <= size


def _today() -> str:
    """The day whose file is written (UTC)."""
    return datetime.now(UTC).strftime("%Y%m%d")


def known_end(db: Database, name: str) -> int | None:
    """Returns the byte after the last record of a WARC file that the fetch log names, or None."""
    row = db.execute(
        "SELECT warc_offset + warc_length FROM fetches WHERE warc_file = ? ORDER BY warc_offset DESC LIMIT 1", (name,)
    ).fetchone()
    return row[0] if row else None


def last_whole_member(path: Path, start: int) -> int:
    """Returns the byte after the last whole gzip member of a file, reading from the member boundary ``start``."""
    end = start
    with path.open("rb") as file:
        file.seek(start)
        inflate = zlib.decompressobj(wbits=31)
        read = start
        while chunk := file.read(1 << 20):
            read += len(chunk)
            while chunk:
                try:
                    inflate.decompress(chunk)
                except zlib.error:
                    return end
                chunk = inflate.unused_data
                if not inflate.eof:
                    break
                end = read - len(chunk)
                inflate = zlib.decompressobj(wbits=31)
    return end


def pack_info(name: str) -> bytes:
    """Returns the ``warcinfo`` record that opens a file, as one gzip member."""
    record = WarcRecord()
    record.init_headers(record_type=WarcRecordType.warcinfo)
    record.headers["WARC-Date"] = utc_now()
    record.headers["WARC-Filename"] = name
    record.headers["Content-Type"] = "application/warc-fields"
    record.set_bytes_content(b"software: Parley\r\nformat: WARC File Format 1.1\r\n")
    return _pack(record)


def pack_response(url: str, status_line: str, headers: list[tuple[str, str]], body: bytes) -> bytes:
    """Returns one HTTP response as a WARC record in one gzip member."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers if name.lower() != "transfer-encoding")
    record = WarcRecord()
    record.init_headers(record_type=WarcRecordType.response)
    record.headers["WARC-Date"] = utc_now()
    record.headers["WARC-Target-URI"] = url
    record.headers["Content-Type"] = "application/http; msgtype=response"
    record.set_bytes_content(f"{status_line}\r\n{head}\r\n".encode("latin-1", "replace") + body)
    return _pack(record)


def _pack(record: WarcRecord) -> bytes:
    buffer = io.BytesIO()
    writer = GzipWriter(buffer, compression_level=COMPRESSION_LEVEL)
    record.write(writer)
    writer.finish()
    return buffer.getvalue()


def read_pages(path: Path) -> Iterator[Page]:
    """Yields every successful HTML response of a WARC file, compressed or not, with its extent.

    Raises `ArchiveUnreadable` where the file is missing, no WARC, or broken; pages before the break were yielded.
    """
    previous: Page | None = None
    start = last = 0
    name = str(path.resolve())
    try:
        with path.open("rb") as file:
            for record in ArchiveIterator(
                file, record_types=WarcRecordType.any_type, parse_http=False, strict_mode=False
            ):
                last = record.stream_pos
                if previous is not None:
                    yield _with_extent(previous, name, start, record.stream_pos)
                    previous = None
                if record.record_type == WarcRecordType.response and record.is_http:
                    previous, start = _page_of(record), record.stream_pos
            file.seek(last_whole_member(path, last))
            if file.read(2) == b"\x1f\x8b":  # FastWARC passes over a torn end in silence
                raise EOFError("ends in the middle of a record")
            if previous is not None:
                yield _with_extent(previous, name, start, path.stat().st_size)
    except (OSError, ValueError, EOFError) as error:
        if previous is not None:
            yield _with_extent(previous, name, start, min(path.stat().st_size, start + RECORD_MAX_BYTES))
        raise ArchiveUnreadable(f"{path}: {error}") from error


def read_batches(path: Path) -> Iterator[list[Page]]:
    """Yields the pages of `read_pages` some at a time, for callers that read them in a thread. Raises as it does."""
    batch: list[Page] = []
    size, ends_at = 0, monotonic() + BATCH_SECONDS
    try:
        for page in read_pages(path):
            batch.append(page)
            size += len(page.body)
            if size >= BATCH_BYTES or monotonic() >= ends_at:
                yield batch
                batch, size, ends_at = [], 0, monotonic() + BATCH_SECONDS
    except ArchiveUnreadable:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def read_page(folder: Path, ref: RawRef) -> Page:
    """Returns the page stored at one extent; ``ref.file`` is a name in ``folder`` or a path of its own.

    Raises `ArchiveUnreadable` where the file is gone or the extent holds no response.
    """
    path = folder / ref.file
    try:
        with path.open("rb") as file:
            file.seek(ref.offset)
            data = file.read(ref.length)
        for record in ArchiveIterator(io.BytesIO(data), parse_http=False, strict_mode=False):
            page = _page_of(record) if record.is_http else None
            if page is not None:
                return _with_extent(page, ref.file, ref.offset, ref.offset + ref.length)
    except (OSError, ValueError, EOFError) as error:
        raise ArchiveUnreadable(f"{path}: {error}") from error
    raise ArchiveUnreadable(f"{path}: no HTTP response at byte {ref.offset}")


def _page_of(record: WarcRecord) -> Page | None:
    """The page in a record, None where it holds none. Raises EOFError where the file ends within the record."""
    size = record.content_length
    if size > RECORD_MAX_BYTES:
        return None
    record.freeze()
    if record.content_length < max(size, 1):
        raise EOFError("ends in the middle of a record")
    record.parse_http(auto_decode="all")
    url = (record.headers.get("WARC-Target-URI") or "").strip("<>")
    http = record.http_headers
    status = http.status_code if http is not None else None
    if status != 200 or not url.startswith(("http://", "https://")):
        return None
    kind = (record.http_content_type or "text/html").lower()
    if "html" not in kind and "xml" not in kind and "text/plain" not in kind:
        return None
    body = record.reader.read(PAGE_MAX_BYTES + 1)
    if len(body) > PAGE_MAX_BYTES:
        return None
    headers = tuple((name, value) for name, value in http.to_tuples() if name.lower() != "content-encoding")
    return Page(url=url, final_url=url, status=status, headers=headers, body=body, fetched_at=_captured_at(record))


def _captured_at(record: WarcRecord) -> str:
    """When a record was captured; now, where it does not say so or names a time that cannot be.

    WARC 1.1 allows a day, a month or a year alone (https://www.w3.org/TR/NOTE-datetime): its beginning counts.
    """
    now = datetime.now(UTC)
    stated = (record.headers.get("WARC-Date") or "").strip()
    try:
        moment = datetime.fromisoformat(stated + _UNSAID.get(len(stated), ""))
    except ValueError:
        return to_text(now)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return to_text(moment if WEB_BORN <= moment <= now else now)


def _with_extent(page: Page, name: str, start: int, end: int) -> Page:
    """A file outside the folder of raw pages is named by its whole path: its pages were imported."""
    return replace(page, raw=RawRef(name, start, end - start), imported=Path(name).is_absolute())


class ArchiveMiddleware:
    """Keeps every response of the crawl as it came from the network, before decompression, redirects included.

    Sits between HttpCompression and the downloader. A disk that is full stops the run with a clear word instead of
    losing raw pages silently.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ArchiveMiddleware:
        """Scrapy's constructor."""
        return cls(crawler)

    async def process_response(self, request: Request, response: Response) -> Response:
        """Stores the response and notes its extent in ``request.meta["raw"]``."""
        request.meta.pop("raw", None)  # of an earlier hop or try: this answer may be one that is not kept
        folder: WarcFolder | None = getattr(self.crawler.spider, "archive", None)
        if folder is None or response.status == 304 or response.status >= 400:
            return response
        if "archive_exempt" in request.meta or "local_archive" in request.meta:
            return response
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, values in response.headers.items()
            for value in values
        ]
        request.meta["raw"] = folder.append(
            request.url, f"HTTP/1.1 {response.status} {_phrase(response.status)}", headers, response.body
        )
        return response


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
