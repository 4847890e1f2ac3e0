"""The rows of the throughput table: how each tool is prepared, run, and what it says it read."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import urllib.request
import venv
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.collection import ROOT, lay_out_pages
from benchmarks.measure import Usage, run_measured

PEERS = ROOT / "benchmarks" / "peers"
READ_PAGES = PEERS / "read_pages.py"
NEWSROOM_HUB = "http://newsroom.test"
_START_SECONDS = 60


class RowFailed(Exception):
    """A row gave no figure; the text says which command failed and what it said last."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What every row needs: the collection, a folder for its work, and how much at once."""

    newsroom: Path
    work: Path
    """Folder for environments, laid out pages and logs; kept between runs."""
    processes: int = 2
    timeout_seconds: float = 1800.0
    settings: tuple[str, ...] = ()
    """``NAME=VALUE`` settings handed on to Parley's crawls."""

    @property
    def warc(self) -> Path:
        return self.newsroom / "pages.warc.gz"


@dataclass(frozen=True, slots=True)
class Result:
    """One run of one row."""

    pages: int
    articles: int
    seconds: float
    """Of the reading alone where the row is a bare loop, of the whole command where it is a program."""
    usage: Usage

    @property
    def pages_per_second(self) -> float:
        return self.pages / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    letter: str
    title: str
    run: Callable[[Bench], Result]


def _clean_environment(extra: Mapping[str, str] = {}) -> dict[str, str]:
    """Returns the environment without proxies and Python paths of the caller, plus ``extra``."""
    dropped = {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "pythonpath", "scrapy_settings_module"}
    return {name: value for name, value in os.environ.items() if name.lower() not in dropped} | dict(extra)


def _run(
    bench: Bench, letter: str, command: list[str], extra: Mapping[str, str] = {}, cwd: Path = ROOT
) -> tuple[Usage, str]:
    """Returns what a command took and what it printed. Raises `RowFailed` when it ends with an error."""
    bench.work.mkdir(parents=True, exist_ok=True)
    log = bench.work / f"row-{letter}.log"
    usage = run_measured(
        command, cwd=cwd, env=_clean_environment(extra), log=log, timeout_seconds=bench.timeout_seconds
    )
    output = log.read_text(errors="replace")
    if usage.exit_code != 0:
        last = next((line for line in reversed(output.splitlines()) if line.strip()), "no output")
        raise RowFailed(f"{' '.join(command[:4])} ... ended with {usage.exit_code} ({last.strip()}); all of it: {log}")
    return usage, output


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


# --- bare loops -------------------------------------------------------------------------------------------------------


def _read_with(bench: Bench, letter: str, reader: str, python: Path | str, extra: Mapping[str, str] = {}) -> Result:
    pages = bench.work / "pages"
    lay_out_pages(bench.warc, pages)
    command = [str(python), str(READ_PAGES), "--reader", reader, "--pages", str(pages)]
    usage, output = _run(bench, letter, [*command, "--processes", str(bench.processes)], extra)
    counts = json.loads(output.strip().splitlines()[-1])
    return Result(int(counts["pages"]), int(counts["articles"]), float(counts["seconds"]), usage)


def read_with_parley(bench: Bench) -> Result:
    """Measures Parley's extraction alone, pages in memory: the ceiling of rows c and d."""
    return _read_with(bench, "a", "parley", sys.executable, {"PYTHONPATH": str(ROOT)})


def read_with_trafilatura(bench: Bench) -> Result:
    """Measures Trafilatura's ``bare_extraction`` with metadata, pages in memory."""
    return _read_with(bench, "b", "trafilatura", sys.executable)


def prepare_peer(bench: Bench, name: str) -> Path:
    """Returns the Python of a peer's own environment, made from its pinned requirements where missing or outdated."""
    requirements = PEERS / f"requirements-{name}.txt"
    folder = bench.work / name
    python = folder / "bin" / "python"
    stamp = folder / "requirements.sha256"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if python.exists() and stamp.is_file() and stamp.read_text() == wanted:
        return python
    print(f"making an environment for {name} in {folder} ...", file=sys.stderr)
    venv.create(folder, with_pip=True, clear=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(requirements)]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip said nothing"]
        raise RowFailed(f"{name} cannot be installed from {requirements.relative_to(ROOT)}: {said[-1]}")
    stamp.write_text(wanted)
    return python


def read_with_newspaper4k(bench: Bench) -> Result:
    """Measures newspaper4k's parse of saved pages."""
    return _read_with(bench, "f", "newspaper4k", prepare_peer(bench, "newspaper4k"))


def read_with_news_please(bench: Bench) -> Result:
    """Measures news-please's extraction of saved pages."""
    return _read_with(bench, "g", "news-please", prepare_peer(bench, "news-please"))


# --- whole programs ---------------------------------------------------------------------------------------------------


def run_trafilatura_cli(bench: Bench) -> Result:
    """Measures Trafilatura's own command line over the saved pages, start and output files included."""
    pages = bench.work / "pages"
    n_pages = lay_out_pages(bench.warc, pages)
    output = _fresh(bench.work / "trafilatura-output")
    command = [str(Path(sys.executable).with_name("trafilatura")), "--input-dir", str(pages / "html")]
    command += ["--output-dir", str(output), "--parallel", str(bench.processes)]
    usage, _ = _run(bench, "e", command)
    # Its file names are fingerprints of the text, so two pages of much the same text leave one file.
    articles = sum(1 for file in output.rglob("*") if file.is_file() and file.stat().st_size > 0)
    return Result(n_pages, articles, usage.seconds, usage)


@contextmanager
def run_newsroom(bench: Bench) -> Iterator[str]:
    """Yields the address of a proxy that replays the newsroom on a free port of loopback; it ends with the block."""
    command = [sys.executable, str(bench.newsroom / "newsroom.py"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_clean_environment()) as server:
        try:
            assert server.stdout is not None
            greeting = server.stdout.readline()
            address = greeting.split()[-1] if greeting.split() else ""
            if not address.startswith("http://127.0.0.1:"):
                raise RowFailed(f"the newsroom did not start: {greeting.strip() or 'it said nothing'}")
            yield address
        finally:
            server.kill()


def fetch_through(proxy: str, url: str) -> bytes:
    """Returns the body a URL answers with through an http proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy}))
    with opener.open(url, timeout=_START_SECONDS) as answer:
        body: bytes = answer.read()
    return body


def _scrapy(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "scrapy", *arguments]


def _crawl(bench: Bench, letter: str, folder: Path, sources: Path, extra: Mapping[str, str] = {}) -> Result:
    """Runs one ``scrapy crawl news`` into an empty database and counts what became of the links."""
    database, topics = folder / "news.db", folder / "topics"
    topics.mkdir()
    command = _scrapy("crawl", "news", "-a", "due=all")
    for setting in (
        f"DATABASE={database}", f"ARCHIVE={folder / 'archive'}", f"SOURCES={sources}", f"TOPICS={topics}",
        f"EXTRACT_WORKERS={bench.processes}", *bench.settings,
    ):  # fmt: skip
        command += ["-s", setting]
    usage, _ = _run(bench, letter, command, extra)
    if not database.is_file():
        raise RowFailed(f"the crawl left no database; see {bench.work / f'row-{letter}.log'}")
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        pages = db.execute("SELECT count(*) FROM links WHERE fate <> 'pending'").fetchone()[0]
        articles = db.execute("SELECT count(*) FROM articles").fetchone()[0]
    if not pages:
        raise RowFailed(f"the crawl settled no link; see {bench.work / f'row-{letter}.log'}")
    return Result(pages, articles, usage.seconds, usage)


def crawl_newsroom(bench: Bench) -> Result:
    """Measures Parley end to end: feeds, robots.txt, fetching, WARC, extraction, duplicates and storing."""
    folder = _fresh(bench.work / "crawl")
    sources, opml = folder / "sources.toml", folder / "newsroom.opml"
    with run_newsroom(bench) as proxy:
        opml.write_bytes(fetch_through(proxy, f"{NEWSROOM_HUB}/sources.opml"))
        # Both proxies, so that nothing of this run can leave the machine.
        proxies = {"http_proxy": proxy, "https_proxy": proxy}
        _run(bench, "c-import", _scrapy("source", "import", str(opml), "-s", f"SOURCES={sources}"), proxies)
        return _crawl(bench, "c", folder, sources, proxies)


def import_archive(bench: Bench) -> Result:
    """Measures Parley reading the WARC file as an archive of a source: the same without the network."""
    folder = _fresh(bench.work / "import")
    sources = folder / "sources.toml"
    # A JSON string is a TOML basic string too.
    sources.write_text(
        '[[source]]\nid = "newsroom"\nname = "Newsroom"\nhomepage = "http://newsroom.test/"\n'
        f"archives = [{json.dumps(str(bench.warc))}]\n",
        encoding="utf-8",
    )
    return _crawl(bench, "d", folder, sources)


ROWS = (
    Row("a", "Parley's extraction alone, bare loop (the ceiling)", read_with_parley),
    Row("b", "Trafilatura bare_extraction with metadata, bare loop", read_with_trafilatura),
    Row("c", "Parley crawls the newsroom, whole command", crawl_newsroom),
    Row("d", "Parley imports the WARC archive, whole command", import_archive),
    Row("e", "Trafilatura's command line over saved files, whole command", run_trafilatura_cli),
    Row("f", "newspaper4k, bare loop", read_with_newspaper4k),
    Row("g", "news-please, bare loop", read_with_news_please),
)
