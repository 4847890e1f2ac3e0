"""Measures how many pages a second Parley and its peers read on this machine, and what memory that takes.

    python -m benchmarks.throughput --only a,c --repeat 3

The collection of pages is not part of the project: docs/benchmarks.md says what it needs to look like.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.collection import ENVIRONMENT, ROOT, CollectionMissing, find_newsroom
from benchmarks.rows import ROWS, Bench, Result, Row, RowFailed

_HEAD = ("row", "what", "pages", "articles", "seconds", "pages/s", "with start", "CPU s", "PSS MiB", "RSS MiB")


def describe_machine() -> str:
    """Returns one line about the machine: processor, cores this process may use, memory, Python, load."""
    model = platform.machine()
    cpuinfo, meminfo = Path("/proc/cpuinfo"), Path("/proc/meminfo")
    if cpuinfo.is_file():
        names = (line for line in cpuinfo.read_text().splitlines() if line.startswith("model name"))
        model = next(names, f": {model}").partition(":")[2].strip()
    memory = int(meminfo.read_text().split()[1]) / 1048576 if meminfo.is_file() else 0.0
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    python = platform.python_version()
    return f"{model}, {cores} cores, {memory:.1f} GiB, Python {python}, load {load:.1f} before the first row"


def pick_rows(only: str | None) -> tuple[Row, ...]:
    """Returns the rows named by their letters (``a,c``), all for None. Raises `ValueError` for an unknown letter."""
    if only is None:
        return ROWS
    wanted = [letter.strip().lower() for letter in only.split(",") if letter.strip()]
    known = {row.letter: row for row in ROWS}
    unknown = [letter for letter in wanted if letter not in known]
    if unknown or not wanted:
        raise ValueError(f"--only {only}: no row {', '.join(unknown) or 'named'}; rows are {', '.join(known)}")
    return tuple(known[letter] for letter in dict.fromkeys(wanted))


def take_medians(results: Sequence[Result]) -> dict[str, float]:
    """Returns the median of every figure over the runs of a row: counts, seconds, pages a second, bytes."""
    figures: dict[str, Callable[[Result], float]] = {
        "pages": lambda result: result.pages,
        "articles": lambda result: result.articles,
        "seconds": lambda result: result.seconds,
        "pages_per_second": lambda result: result.pages_per_second,
        "pages_per_second_with_start": lambda result: result.pages / result.usage.seconds,
        "cpu_seconds": lambda result: result.usage.cpu_seconds,
        "pss_bytes": lambda result: result.usage.pss_bytes,
        "rss_bytes": lambda result: result.usage.rss_bytes,
    }
    return {name: float(statistics.median(take(result) for result in results)) for name, take in figures.items()}


def draw_table(lines: Sequence[Sequence[str]]) -> str:
    """Returns a Markdown table with aligned columns; the first line is its head, numbers stand right."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    drawn = []
    for number, line in enumerate(lines):
        cells = [
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        drawn.append(f"| {' | '.join(cells)} |")
        if number == 0:
            rules = ["-" * width if column < 2 else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
            drawn.append(f"| {' | '.join(rules)} |")
    return "\n".join(drawn)


def _line(row: Row, medians: dict[str, float]) -> list[str]:
    return [
        row.letter,
        row.title,
        f"{medians['pages']:.0f}",
        f"{medians['articles']:.0f}",
        f"{medians['seconds']:.1f}",
        f"{medians['pages_per_second']:.1f}",
        f"{medians['pages_per_second_with_start']:.1f}",
        f"{medians['cpu_seconds']:.1f}",
        f"{medians['pss_bytes'] / 1048576:.0f}",
        f"{medians['rss_bytes'] / 1048576:.0f}",
    ]


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    letters = "; ".join(f"{row.letter}: {row.title}" for row in ROWS)
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__, epilog=letters)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--newsroom", help=f"folder with pages.warc.gz and newsroom.py (or {ENVIRONMENT})")
    parser.add_argument("--only", help="letters of the rows to run, with commas: a,c")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each row; the table shows medians (1)")
    parser.add_argument("--processes", type=int, default=2, help="processes that read pages (2)")
    parser.add_argument("--timeout", type=float, default=1800, help="seconds after which a run is given up (1800)")
    parser.add_argument("--work", type=Path, default=ROOT / ".bench", help="folder for environments and logs (.bench)")
    parser.add_argument("--json", type=Path, help="file for every single run, not only the medians")
    parser.add_argument("-s", dest="settings", action="append", default=[], metavar="NAME=VALUE",
                        help="a setting for Parley's crawls (rows c and d)")  # fmt: skip
    options = parser.parse_args(arguments)
    if options.repeat < 1 or options.processes < 1 or options.timeout <= 0:
        parser.error("--repeat, --processes and --timeout must be positive")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the rows and prints the table. Returns 0, 1 when a row failed, 2 when nothing could be run."""
    options = _parse(arguments)
    if not Path("/proc/self/smaps_rollup").is_file():
        print("error: memory is read from /proc/*/smaps_rollup, which only Linux has", file=sys.stderr)
        return 2
    try:
        rows = pick_rows(options.only)
        newsroom = find_newsroom(options.newsroom)
    except (ValueError, CollectionMissing) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    bench = Bench(newsroom, options.work.resolve(), options.processes, options.timeout, tuple(options.settings))
    print(describe_machine(), flush=True)
    lines: list[list[str]] = [list(_HEAD)]
    singles: dict[str, list[dict[str, object]]] = {}
    failures = []
    for row in rows:
        results = []
        try:
            for number in range(options.repeat):
                print(f"row {row.letter}, run {number + 1} of {options.repeat} ...", file=sys.stderr, flush=True)
                results.append(row.run(bench))
        except (RowFailed, OSError) as error:
            failures.append(f"row {row.letter} failed: {error}")
        singles[row.letter] = [asdict(result) for result in results]
        if results:
            lines.append(_line(row, take_medians(results)))
    if options.json:
        options.json.write_text(json.dumps({"machine": describe_machine(), "rows": singles}, indent=1) + "\n")
    if len(lines) > 1:
        print(draw_table(lines), flush=True)
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
