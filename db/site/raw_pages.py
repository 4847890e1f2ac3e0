"""The archived raw page of an article, read from its WARC file and shown as the text it is."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path

from fastwarc.warc import ArchiveIterator

RECORD_MAX_BYTES = 12 << 20
"""The crawl keeps no longer page (10 MiB and its headers)."""

_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)


class NoRawPage(Exception):
    """The raw page cannot be shown; the text says why, without a path of this machine."""


@dataclass(frozen=True, slots=True)
class RawPage:
    """The bytes of a page as its server sent them, decompressed, and the encoding they claim."""

    body: bytes
    charset: str


def read_raw_page(folder: Path, file: str, offset: int, length: int) -> RawPage:
    """Returns the page at one extent of a WARC file; ``file`` is a name in ``folder`` or a path of its own.

    Raises `NoRawPage` where the file is gone, lies elsewhere, or holds no HTTP response of a page there. Nothing but
    such a response is ever returned, so an archive of unknown origin cannot have other files of this machine shown.
    """
    path = Path(file) if Path(file).is_absolute() else folder / Path(file).name
    if offset < 0 or not 0 < length <= RECORD_MAX_BYTES:
        raise NoRawPage("its record is too long to show, or its place is not known")
    try:
        if not path.is_file():  # a pipe or a device would keep the reader waiting for ever
            raise NoRawPage("its WARC file is not in the folder of the archive (setting ARCHIVE)")
        with path.open("rb") as stream:
            stream.seek(offset)
            data = stream.read(length)
        for record in ArchiveIterator(io.BytesIO(data), parse_http=False, strict_mode=False):
            if record.is_http:
                record.freeze()
                record.parse_http(auto_decode="all")
                body = record.reader.read(RECORD_MAX_BYTES)
                return RawPage(body, _choose_charset(record.http_charset, body))
    except OSError as error:
        raise NoRawPage("its WARC file is not in the folder of the archive (setting ARCHIVE)") from error
    except (ValueError, EOFError, AttributeError) as error:
        raise NoRawPage("its record cannot be read") from error
    raise NoRawPage("there is no page at its place in the WARC file")


def _choose_charset(declared: str | None, body: bytes) -> str:
    """Returns the encoding a page claims, as a token safe in a header; UTF-8 where it claims none."""
    found = _CHARSET.search(f"charset={declared}".encode("ascii", "replace") if declared else body[:2048])
    return found[1].decode("ascii") if found else "utf-8"
