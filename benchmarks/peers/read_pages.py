"""Reads saved pages with one library in n bare processes and prints how long that took, as one line of JSON.

Runs inside the library's own environment, so it needs nothing but the standard library and that library. Loading the
pages and importing the library are not timed; the network is shut.

    python read_pages.py --reader trafilatura --pages .bench/pages --processes 2
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import multiprocessing
import socket
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn


@dataclass(frozen=True, slots=True)
class SavedPage:
    """One page as it was fetched."""

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    fetched_at: str
    body: bytes


Reader = Callable[[SavedPage], bool]
"""Reads one page; True where it found a text."""


def make_parley() -> Reader:
    """Returns Parley's own extraction with all metadata, without crawling and storing: the ceiling of the project."""
    page_module = importlib.import_module("pipelines.page")
    extract_module = importlib.import_module("pipelines.extract")
    records = importlib.import_module("db.records")
    extract_module.warm_up()

    def read(saved: SavedPage) -> bool:
        page = page_module.Page(
            url=saved.url,
            final_url=saved.url,
            status=saved.status,
            headers=saved.headers,
            body=saved.body,
            fetched_at=saved.fetched_at,
        )
        return isinstance(extract_module.extract(page), records.Article)

    return read


def make_trafilatura() -> Reader:
    """Returns Trafilatura's extraction with its own metadata, the fast way to call it: no output format is written."""
    bare_extraction = importlib.import_module("trafilatura").bare_extraction

    def read(saved: SavedPage) -> bool:
        found = bare_extraction(saved.body, url=saved.url, include_comments=False, with_metadata=True)
        return bool(found is not None and found.text)

    return read


def make_newspaper4k() -> Reader:
    """Returns newspaper4k's parse of a page, without images and language models."""
    newspaper = importlib.import_module("newspaper")

    def read(saved: SavedPage) -> bool:
        article = newspaper.Article(saved.url, fetch_images=False)
        article.download(input_html=_decode(saved))
        article.parse()
        return bool(article.text)

    return read


def make_news_please() -> Reader:
    """Returns news-please's extraction of a page, its usual set of extractors."""
    news_please = importlib.import_module("newsplease").NewsPlease

    def read(saved: SavedPage) -> bool:
        found = news_please.from_html(_decode(saved), url=saved.url, fetch_images=False)
        return bool(found.maintext)

    return read


READERS: dict[str, Callable[[], Reader]] = {
    "parley": make_parley,
    "trafilatura": make_trafilatura,
    "newspaper4k": make_newspaper4k,
    "news-please": make_news_please,
}


def _decode(saved: SavedPage) -> str:
    # The pages are UTF-8 but for a few; a peer is not charged for guessing.
    try:
        return saved.body.decode("utf-8")
    except UnicodeDecodeError:
        return saved.body.decode("windows-1252", "replace")


def load_pages(folder: Path) -> list[SavedPage]:
    """Returns the pages of a folder written by ``benchmarks.collection.lay_out_pages``, bodies in memory."""
    pages = []
    for line in (folder / "index.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        pages.append(
            SavedPage(
                url=row["url"],
                status=row["status"],
                headers=tuple((name, value) for name, value in row["headers"]),
                fetched_at=row["fetched_at"],
                body=(folder / "html" / row["file"]).read_bytes(),
            )
        )
    return pages


def _refuse_network(*_: object, **__: object) -> NoReturn:
    raise OSError("the benchmark shuts the network")


def _work(read: Reader, pages: list[SavedPage], turn: Any, start: Any, results: Any) -> None:
    found = failed = 0
    start.wait()
    while True:
        with turn.get_lock():
            position = turn.value
            turn.value += 1
        if position >= len(pages):
            break
        try:
            found += read(pages[position])
        except Exception:
            failed += 1
    results.put((found, failed))


def time_reader(read: Reader, pages: list[SavedPage], processes: int) -> dict[str, float]:
    """Returns ``pages``, ``articles`` (pages with a text), ``failed`` (raised) and ``seconds`` of the whole set.

    The processes are forked from this one, pages and library loaded, and take the next page as they get free.
    """
    context = multiprocessing.get_context("fork")
    turn = context.Value("i", 0)
    start = context.Barrier(processes + 1)
    results = context.Queue()
    workers = [context.Process(target=_work, args=(read, pages, turn, start, results)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    start.wait()
    started = time.perf_counter()
    counts = [results.get() for _ in workers]
    seconds = time.perf_counter() - started
    for worker in workers:
        worker.join()
    return {
        "pages": len(pages),
        "articles": sum(found for found, _ in counts),
        "failed": sum(failed for _, failed in counts),
        "seconds": seconds,
    }


def main() -> None:
    """Times one reader and prints its counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reader", choices=sorted(READERS), required=True)
    parser.add_argument("--pages", type=Path, required=True, help="folder with index.jsonl and html/")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    # Several libraries fetch images or a suffix list when they can; what the network takes is not their speed.
    socket.socket.connect = _refuse_network  # type: ignore[method-assign]
    socket.getaddrinfo = _refuse_network
    pages = load_pages(options.pages)
    read = READERS[options.reader]()
    if pages:
        read(pages[0])  # tables built at first use are not the pages' cost
    print(json.dumps(time_reader(read, pages, options.processes)), flush=True)


if __name__ == "__main__":
    main()
