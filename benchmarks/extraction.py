"""Measures what extraction costs against Trafilatura alone, page by page in one process.

    python -m benchmarks.extraction pages.warc.gz [--pages 200]

Both sides see every page; which goes first alternates, so that caches and clock changes favour neither. Times are CPU
time of this process. Scoring against gold needs gold: docs/extraction.md says how the figures there were made.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from fastwarc.warc import ArchiveIterator, WarcRecordType
from trafilatura import bare_extraction

from db.records import Article
from pipelines.extract import extract, warm_up
from pipelines.page import Page


def read_pages(path: Path) -> Iterator[Page]:
    """Yields the HTTP responses of a WARC file as pages."""
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True):
            url = record.headers["WARC-Target-URI"]
            yield Page(
                url=url,
                final_url=url,
                status=record.http_headers.status_code or 200,
                headers=tuple((name, value) for name, value in record.http_headers.items()),
                body=record.reader.read(),
                fetched_at=record.headers["WARC-Date"],
            )


def measure(call: Callable[[], object]) -> tuple[object, float]:
    """Returns the result of a call and its CPU time in seconds."""
    started = time.process_time()
    result = call()
    return result, time.process_time() - started


def main(arguments: list[str]) -> int:
    """Prints the comparison; returns 0, or 2 when the file is absent."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("warc", type=Path, help="a WARC file of pages, e.g. one that a crawl archived")
    parser.add_argument("--pages", type=int, default=0, help="stop after this many pages (default: all)")
    options = parser.parse_args(arguments)
    if not options.warc.is_file():
        print(f"{options.warc}: no such file. Give a WARC file of pages; a crawl writes them to its ARCHIVE folder.")
        return 2
    logging.disable(logging.CRITICAL)
    warm_up()
    now = datetime.now(UTC)
    ours: list[float] = []
    theirs: list[float] = []
    fates: Counter[str] = Counter()

    def run_ours(page: Page) -> None:
        result, seconds = measure(lambda: extract(page, latest=now))
        ours.append(seconds)
        fates["article" if isinstance(result, Article) else getattr(result, "fate", "failed")] += 1

    def run_theirs(page: Page) -> None:
        _, seconds = measure(
            lambda: bare_extraction(page.body, url=page.final_url, include_comments=False, with_metadata=True)
        )
        theirs.append(seconds)

    for number, page in enumerate(read_pages(options.warc)):
        if options.pages and number >= options.pages:
            break
        for run in (run_ours, run_theirs) if number % 2 else (run_theirs, run_ours):
            run(page)
    if not ours:
        print(f"{options.warc}: no HTTP responses in this file.")
        return 2
    print(f"pages {len(ours)}: " + ", ".join(f"{count} {fate}" for fate, count in fates.most_common()))
    for name, times in (("extract()", ours), ("Trafilatura with metadata", theirs)):
        ordered = sorted(times)
        print(
            f"{name:26} mean {1000 * sum(times) / len(times):6.1f} ms CPU, mid {1000 * ordered[len(times) // 2]:6.1f}"
            f" 95% {1000 * ordered[int(len(times) * 0.95)]:6.1f}   slowest {1000 * ordered[-1]:6.0f}"
        )
    print(f"ratio {sum(ours) / sum(theirs):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
