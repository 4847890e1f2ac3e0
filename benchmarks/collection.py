"""The pages the benchmarks run on: found, checked, and laid out as plain files for tools that read files."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from fastwarc.warc import ArchiveIterator, WarcRecordType

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = "PARLEY_NEWSROOM"
_STAMP = "collection.txt"


class CollectionMissing(Exception):
    """The collection is not where it was looked for; the text says where and what to do."""


def find_newsroom(given: str | None) -> Path:
    """Returns the folder of the replayed newsroom: the option, else ``PARLEY_NEWSROOM``, else beside the project.

    Raises `CollectionMissing` where it lacks ``pages.warc.gz`` or ``newsroom.py``.
    """
    folder = Path(given or os.environ.get(ENVIRONMENT) or ROOT.parent / "shared" / "newsroom").expanduser().resolve()
    missing = [name for name in ("pages.warc.gz", "newsroom.py") if not (folder / name).is_file()]
    if missing:
        raise CollectionMissing(
            f"{folder}: no {' and no '.join(missing)}. The benchmark's pages are third-party texts and not part of the "
            f"project; give their folder with --newsroom or the variable {ENVIRONMENT} (docs/benchmarks.md)"
        )
    return folder


def lay_out_pages(warc: Path, folder: Path) -> int:
    """Writes every HTML response of a WARC file as one ``.html`` file with an ``index.jsonl``; returns how many pages.

    The index has a line a page: ``file``, ``url``, ``status``, ``headers`` (pairs), ``fetched_at``. A folder that holds
    this very WARC already is left as it is.
    """
    state = warc.stat()
    stamp = f"{warc} {state.st_size} {state.st_mtime_ns}\n"
    index = folder / "index.jsonl"
    if (folder / _STAMP).is_file() and (folder / _STAMP).read_text() == stamp:
        return len(index.read_text().splitlines())
    shutil.rmtree(folder, ignore_errors=True)
    html = folder / "html"
    html.mkdir(parents=True)
    lines: list[str] = []
    with warc.open("rb") as file:
        for record in ArchiveIterator(file, record_types=WarcRecordType.response, auto_decode="all"):
            if record.http_headers is None:
                continue
            name = f"{len(lines):05d}.html"
            (html / name).write_bytes(record.reader.read())
            row = {
                "file": name,
                "url": record.headers["WARC-Target-URI"],
                "status": record.http_headers.status_code,
                "headers": list(record.http_headers.items()),
                "fetched_at": record.headers["WARC-Date"],
            }
            lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    index.write_text("".join(lines), encoding="utf-8")
    (folder / _STAMP).write_text(stamp)
    return len(lines)
