"""Measures every page of the site over HTTP on archives of generated text, alone and while articles are written.

python -m benchmarks.site --articles 10000,100000,1000000 --asks 30
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.collection import ROOT
from benchmarks.site_archive import MEAN_WORDS, build_archive
from benchmarks.throughput import describe_machine, draw_table
from db.connection import open_archive, transaction, utc_now
from db.records import Article
from db.store import insert_article
from pipelines.judging import sign

READERS = 8
WRITES_PER_SECOND = 20
PAGE_MS, SEARCH_MS, FEED_MS, WRITE_MS = 100.0, 250.0, 30.0, 25.0
"""What 95 of 100 answers, and articles written, may take at a million articles."""


@dataclass(frozen=True, slots=True)
class Ask:
    """An address that readers open, with ``{n}`` for the number of an article, and what it may take, milliseconds."""

    name: str
    address: str
    limit_ms: float


ASKS = (
    Ask("front", "/", PAGE_MS),
    Ask("front, everything", "/?show=all", PAGE_MS),
    Ask("article", "/article/{n}", PAGE_MS),
    Ask("story", "/story/{s}", PAGE_MS),
    Ask("source", "/source/outlet-000~2Eexample", PAGE_MS),
    Ask("entity", "/entity/everything/entity-1", PAGE_MS),
    Ask("topic", "/topic/everything", PAGE_MS),
    Ask("entities", "/entities?topic=everything", PAGE_MS),
    Ask("timeline", "/timeline?topic=everything", PAGE_MS),
    Ask("timeline, by source", "/timeline?topic=everything&lanes=sources", PAGE_MS),
    Ask("timeline, everything", "/timeline?by=day", PAGE_MS),
    Ask("stories", "/stories", PAGE_MS),
    Ask("sources", "/sources", PAGE_MS),
    Ask("review", "/review", PAGE_MS),
    Ask("runs", "/runs", PAGE_MS),
    Ask("search, rare word, newest", "/search?q=baconder", PAGE_MS),
    Ask("search, two words, newest", "/search?q=the+said", PAGE_MS),
    Ask("search, the, newest", "/search?q=the", SEARCH_MS),
    Ask("search, the, best", "/search?q=the&order=best", SEARCH_MS),
    Ask("search, one letter", "/search?q=a", SEARCH_MS),
    Ask("search, beginning", "/search?q=ba*", SEARCH_MS),
    Ask("search, long beginning", "/search?q=sche*", SEARCH_MS),
    Ask("search, long beginning, best", "/search?q=terin*&order=best", SEARCH_MS),
    Ask("search, long beginning, one source", "/search?q=sche*&source=outlet-003.example", SEARCH_MS),
    Ask("search, rare beginning, best", "/search?q=baconderf*&order=best", SEARCH_MS),
    Ask("search, Russian, one source", "/search?q=%D0%B8&source=outlet-003.example", SEARCH_MS),
    Ask("table of articles", "/{db}/articles", PAGE_MS),
    Ask("topic feed", "/topic/everything.atom", FEED_MS),
    Ask("search feed", "/search.atom?q=the", FEED_MS),
    Ask("topic JSON", "/topic/everything.json", FEED_MS),
    Ask("search JSON", "/search.json?q=the", FEED_MS),
    Ask("story JSON", "/story/{s}.json", FEED_MS),
    Ask("article JSON", "/article/{n}.json", FEED_MS),
)


def take_percentile(values: Sequence[float], share: float) -> float:
    """Returns the smallest value that at least this share of all do not exceed. Raises `ValueError` for none."""
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * 100 * len(ordered)) // 100) - 1)]


@contextlib.contextmanager
def serve_archive(path: Path) -> Iterator[tuple[str, int, int]]:
    """Yields host, port and process id of a real ``scrapy browse`` on the archive; it ends with the block."""
    command = [sys.executable, "-m", "scrapy", "browse", "-s", f"DATABASE={path}", "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+/", process.stdout.readline())
        if not found:
            raise RuntimeError("the site did not start")
        parts = urlsplit(found[0])
        yield str(parts.hostname), int(parts.port or 80), process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def time_answer(place: tuple[str, int], address: str) -> tuple[int, float]:
    """Returns status and milliseconds, to the last byte, of one request on a connection of its own."""
    started = time.perf_counter()
    connection = http.client.HTTPConnection(*place, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", address)
        answer = connection.getresponse()
        answer.read()
    return answer.status, 1000 * (time.perf_counter() - started)


def read_cpu(pid: int) -> float:
    """Returns the milliseconds that the threads of a process have computed; 0 where the system does not tell.

    Beside the time of an answer it tells a slow page from a busy machine. Nanoseconds by thread:
    https://docs.kernel.org/scheduler/sched-stats.html.
    """
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6
    except (OSError, ValueError, IndexError):
        return 0.0


def fill_address(ask: Ask, path: Path, n: int, number: int) -> str:
    """Returns the address for one of many requests: articles from all over the archive, the newest most often."""
    article = n - (number * 7919) % (n if number % 3 == 0 else min(n, 2000))
    return ask.address.format(n=article, s=max(1, article * 2 // 3), db=path.stem)


@dataclass
class Load:
    """What readers and the writer saw while they ran together."""

    answers_ms: list[float] = field(default_factory=list)
    writes_ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def read_while_writing(place: tuple[str, int], path: Path, n: int, seconds: float) -> Load:
    """Returns what `READERS` threads met that ask for pages while `WRITES_PER_SECOND` articles a second are stored."""
    load = Load()
    ends = time.monotonic() + seconds

    def read(first: int) -> None:
        number = first
        while time.monotonic() < ends:
            ask = ASKS[number % len(ASKS)]
            try:
                status, took = time_answer(place, fill_address(ask, path, n, number))
                load.answers_ms.append(took)
                if status != 200:
                    load.errors.append(f"{ask.name}: {status}")
            except OSError as error:
                load.errors.append(f"{ask.name}: {error}")
            number += 1

    readers = [threading.Thread(target=read, args=(3 * reader,)) for reader in range(READERS)]
    for reader in readers:
        reader.start()
    _write(path, ends, load)
    for reader in readers:
        reader.join()
    return load


def _write(path: Path, ends: float, load: Load) -> None:
    """Stores articles of 150 words at a steady rate; the archive grows by them."""
    db = open_archive(path)
    number = 0
    while time.monotonic() < ends:
        number += 1
        body = " ".join(f"written{number} word{word}" for word in range(75))
        title, now = f"Written {number}", utc_now()
        article = Article(url=f"https://a.example/{number}", title=title, body=body, published_at=now, word_count=150)
        signed = sign(article)
        started = time.perf_counter()
        try:
            with transaction(db):
                insert_article(db, signed, source_id="outlet-000.example", now=now, extractor="x", raw=None)
        except Exception as error:  # counted, whatever it is
            load.errors.append(f"write: {error}")
        load.writes_ms.append(1000 * (time.perf_counter() - started))
        time.sleep(max(0.0, 1 / WRITES_PER_SECOND - (time.perf_counter() - started)))
    db.close()


def measure_archive(path: Path, n: int, asks: int, seconds: float) -> bool:
    """Prints the table of one archive; returns whether every limit was kept."""
    lines = [["page", "limit ms", "p50 ms", "p95 ms", "p95 CPU ms", "errors", ""]]
    kept = True
    with serve_archive(path) as (host, port, pid):
        place = host, port
        for ask in ASKS:
            time_answer(place, fill_address(ask, path, n, 0))  # what the first request of a process loads
            found, computed = [], []
            for number in range(1, asks + 1):
                before = read_cpu(pid)
                found.append(time_answer(place, fill_address(ask, path, n, number)))
                computed.append(read_cpu(pid) - before)
            times = [took for _, took in found]
            slow, wrong = take_percentile(times, 0.95), sum(status != 200 for status, _ in found)
            good = slow < ask.limit_ms and not wrong
            kept &= good
            verdict = "" if good else "missed"
            middle = statistics.median(times)
            cpu = f"{take_percentile(computed, 0.95):.1f}"
            lines.append([ask.name, f"{ask.limit_ms:.0f}", f"{middle:.1f}", f"{slow:.1f}", cpu, str(wrong), verdict])
        load = read_while_writing(place, path, n, seconds)
    write_ms = take_percentile(load.writes_ms, 0.95)
    kept &= not load.errors and write_ms < WRITE_MS
    print(f"\n{n:,} articles, {path.stat().st_size / 1e9:.2f} GB\n\n{draw_table(lines)}\n")
    print(
        f"{READERS} readers and {len(load.writes_ms) / seconds:.1f} writes/s for {seconds:.0f} s:"
        f" {len(load.errors)} errors, write p95 {write_ms:.1f} ms (limit {WRITE_MS:.0f}),"
        f" {len(load.answers_ms) / seconds:.1f} pages/s, p95 {take_percentile(load.answers_ms, 0.95):.0f} ms",
        *sorted(set(load.errors))[:5],
        sep="\n",
    )
    return kept


def main(arguments: Sequence[str] | None = None) -> int:
    """Builds what archives are missing, measures each, and returns 1 where a limit was missed at the largest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", default="10000,100000", help="sizes of archives (default: 10000,100000)")
    parser.add_argument(
        "--words", type=int, default=MEAN_WORDS, help=f"of an article, on average (default: {MEAN_WORDS})"
    )
    parser.add_argument("--asks", type=int, default=30, help="requests of each page (default: 30)")
    parser.add_argument("--seconds", type=float, default=20, help="of reading while writing (default: 20)")
    parser.add_argument("--work", type=Path, default=ROOT / ".bench" / "site", help="folder where archives are kept")
    options = parser.parse_args(arguments)
    options.work.mkdir(parents=True, exist_ok=True)
    print(describe_machine())
    kept = True
    for n in sorted(int(size) for size in options.articles.split(",")):
        path = options.work / f"site-{n}-{options.words}.db"
        if not path.exists():
            for done in build_archive(path, n, options.words):
                print(f"\r{done:,} of {n:,} articles", end="", file=sys.stderr, flush=True)
        kept = measure_archive(path, n, options.asks, options.seconds)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
