"""WARC files named in ``archives``: a local path as it is, a remote file copied first, piece by piece and politely."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import xxhash
from scrapy import Request
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from crawler.archive import ArchiveUnreadable
from crawler.guard import Refused
from db.hosts import read_host
from db.urls import host_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

PIECE_BYTES = 16 << 20
"""How much of a remote archive is asked for at once."""
WHOLE_MAX_BYTES = 128 << 20
"""What a server may send in one piece that knows no ranges: such an answer is held in memory until it is complete."""
RESTARTS_MAX = 3
"""So often a file may change under the hands of a copy before the poll fails."""
LOOK_SECONDS = 0.5
"""How often a pause between pieces looks whether the run is to end."""


class CopyInterrupted(IgnoreRequest):
    """The run ends before a copy is complete; the next run goes on where it was."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a server says of a file, to tell whether it is still the same one (RFC 9110 section 8.8)."""

    etag: str | None = None
    last_modified: str | None = None
    size: int | None = None

    def validator(self) -> str | None:
        """Returns what ``If-Range`` may carry: a strong entity tag, else the date."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified

    def differs(self, other: Origin) -> bool:
        """Returns whether anything both of them state is not the same."""
        pairs = ((self.etag, other.etag), (self.last_modified, other.last_modified), (self.size, other.size))
        return any(mine is not None and theirs is not None and mine != theirs for mine, theirs in pairs)

    def is_known(self) -> bool:
        """Returns whether there is anything to compare by."""
        return any(value is not None for value in (self.etag, self.last_modified, self.size))


_CONTENT_RANGE = re.compile(r"bytes\s+(\d+)-(\d+)/(\d+|\*)\s*\Z", re.IGNORECASE)


def read_content_range(value: str | None) -> tuple[int, int | None] | None:
    """Returns (first byte, whole size) of a ``Content-Range`` header, or None (RFC 9110 section 14.4)."""
    match = _CONTENT_RANGE.match((value or "").strip())
    return (int(match[1]), int(match[3]) if match[3] != "*" else None) if match else None


class LocalArchives:
    """Answers the request for an ``archives`` seed with the path of a local WARC file, copying a remote one first.

    A remote file comes by Range requests straight to disk, `PIECE_BYTES` each, with its host's delay between them, so
    its size costs no memory and a run that was stopped carries on where it was. Each later poll asks whether the file
    changed; one that did is copied anew beside the old copy, in which stored articles have their raw pages.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.folder = Path(crawler.settings["ARCHIVE"]) / "imports"
        self.max_bytes = crawler.settings.getint("IMPORT_MAX_BYTES")
        self.delay_seconds = crawler.settings.getfloat("HOST_DELAY_SECONDS")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> LocalArchives:
        """Scrapy's constructor."""
        return cls(crawler)

    async def process_request(self, request: Request) -> Response | None:
        """Returns an empty answer whose ``meta["path"]`` is the file; None lets any other request pass."""
        if "local_archive" not in request.meta:
            return None
        address: str = request.meta["local_archive"]
        path = await self._bring(address) if address.startswith(("http://", "https://")) else Path(address)
        request.meta["path"] = path
        return Response(request.url, request=request)

    async def _bring(self, url: str) -> Path:
        """Returns the newest copy of a remote file, made or made anew where it is not what the server has."""
        self.folder.mkdir(parents=True, exist_ok=True)
        stem, name = xxhash.xxh3_64_hexdigest(url.encode()), Path(urlsplit(url).path).name or "archive.warc.gz"
        copies = sorted(self.folder.glob(f"{stem}-[0-9][0-9][0-9][0-9]-*.warc*"))
        copies = [copy for copy in copies if copy.suffix not in (".part", ".origin")]
        number = 1
        if copies:
            if await self._is_current(url, read_origin(copies[-1])):
                return copies[-1]
            await self._rest(url)
            number = int(copies[-1].name.split("-")[1]) + 1
        if not name.endswith((".warc", ".warc.gz")):
            name += ".warc.gz"
        path = self.folder / f"{stem}-{number:04d}-{name}"
        part = path.with_name(f"{path.name}.part")
        await self._copy(url, part)
        write_origin(path, read_origin(part))
        part.rename(path)
        origin_file(part).unlink(missing_ok=True)
        return path

    async def _is_current(self, url: str, origin: Origin) -> bool:
        """Asks for one byte of a file; True where the server still has what was copied, or does not say."""
        headers = {"Range": "bytes=0-0"}
        if origin.etag:
            headers["If-None-Match"] = origin.etag
        elif origin.last_modified:
            headers["If-Modified-Since"] = origin.last_modified
        answer = await self._ask(url, headers)
        if answer is None:  # a server without ranges sends the whole of a large file; nothing is known of it
            return True
        if answer.status not in (200, 206):
            if answer.status in (304, 416):
                return True
            raise ArchiveUnreadable(f"{url}: HTTP {answer.status}")
        return not origin_of(answer).differs(origin)

    async def _copy(self, url: str, part: Path) -> None:
        for _ in range(RESTARTS_MAX):
            if await self._copy_on(url, part):
                return
            part.unlink(missing_ok=True)
            origin_file(part).unlink(missing_ok=True)
            await self._rest(url)
        raise ArchiveUnreadable(f"{url}: changed again and again while it was copied")

    async def _copy_on(self, url: str, part: Path) -> bool:
        """Adds to a partial copy until it is whole; False where the file is no longer the one that was begun."""
        while True:
            start = part.stat().st_size if part.exists() else 0
            known = read_origin(part) if start else Origin()
            if max(start, known.size or 0) > self.max_bytes:
                raise Refused(f"the archive is larger than IMPORT_MAX_BYTES ({self.max_bytes})")
            if start and start == known.size:
                return True
            headers = {"Range": f"bytes={start}-{start + PIECE_BYTES - 1}"}
            if start and (validator := known.validator()):
                headers["If-Range"] = validator
            answer = await self._ask(url, headers)
            if answer is None:
                raise ArchiveUnreadable(
                    f"{url}: the server sends no ranges, and more than {WHOLE_MAX_BYTES >> 20} MiB at once;"
                    " download the file and list its path"
                )
            if answer.status == 416:
                return start > 0 and known.size in (None, start)
            if answer.status not in (200, 206):
                raise ArchiveUnreadable(f"{url}: HTTP {answer.status}")
            now = origin_of(answer)
            if answer.status == 200:  # the whole file: no ranges here, or not the one that was begun
                if len(answer.body) > self.max_bytes:
                    raise Refused(f"the archive is larger than IMPORT_MAX_BYTES ({self.max_bytes})")
                part.write_bytes(answer.body)
                write_origin(part, Origin(now.etag, now.last_modified, len(answer.body)))
                return True
            extent = read_content_range(_header(answer, "Content-Range"))
            if extent is not None and extent[0] != start:
                raise ArchiveUnreadable(f"{url}: the server sent byte {extent[0]} when asked for byte {start}")
            if start and now.differs(known):
                return False
            if not start:
                write_origin(part, now)
            with part.open("ab") as file:
                file.write(answer.body)
            if now.size is None and len(answer.body) < PIECE_BYTES:
                return True
            if not answer.body:
                raise ArchiveUnreadable(f"{url}: an empty piece at byte {start} of {now.size}")
            if now.size != start + len(answer.body):
                await self._rest(url)

    async def _ask(self, url: str, headers: dict[str, str]) -> Response | None:
        """Returns the answer to one request, or None where it would not fit into memory."""
        request = Request(
            url,
            callback=NO_CALLBACK,
            headers={**headers, "Accept-Encoding": "identity"},
            meta={"archive_exempt": True, "download_maxsize": WHOLE_MAX_BYTES, "download_timeout": 600},
        )
        assert self.crawler.engine is not None
        try:
            return await self.crawler.engine.download_async(request)
        except DownloadCancelledError:
            return None

    async def _rest(self, url: str) -> None:
        """Waits as long as the host wants between two requests. Raises `CopyInterrupted` where the run is to end."""
        db = getattr(self.crawler.spider, "db", None)
        left = max(self.delay_seconds, read_host(db, host_of(url)).delay_seconds if db is not None else 0.0)
        while True:
            if not self.crawler.crawling:
                raise CopyInterrupted("the run ends before the archive is copied; the next one goes on")
            if left <= 0:
                return
            await asyncio.sleep(min(left, LOOK_SECONDS))
            left -= LOOK_SECONDS


def origin_of(answer: Response) -> Origin:
    """Returns what an answer with all or a piece of a file says of it."""
    extent = read_content_range(_header(answer, "Content-Range"))
    size = extent[1] if extent else len(answer.body) if answer.status == 200 else None
    return Origin(_header(answer, "ETag"), _header(answer, "Last-Modified"), size)


def origin_file(path: Path) -> Path:
    """Returns where the origin of a copy is kept: beside it."""
    return path.with_name(f"{path.name}.origin")


def read_origin(path: Path) -> Origin:
    """Returns the origin of a copy; an empty one where it was not kept."""
    try:
        return Origin(**json.loads(origin_file(path).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return Origin()


def write_origin(path: Path, origin: Origin) -> None:
    """Keeps the origin of a copy beside it."""
    origin_file(path).write_text(json.dumps(asdict(origin)), "utf-8")


def _header(response: Response, name: str) -> str | None:
    value = response.headers.get(name)
    return value.decode("latin-1") if value else None
