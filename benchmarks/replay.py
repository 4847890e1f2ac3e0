"""Does the whole way hold on real pages? Crawls the replayed newsroom, crawls it again, kills it, imports it.

    python -m benchmarks.replay [--newsroom DIR] [--kills 20] [--seed 1]

Prints each promise with what was found and exits with 1 where one is not kept. docs/benchmarks.md tells where the
pages come from.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.collection import ROOT, CollectionMissing, find_newsroom
from benchmarks.rows import NEWSROOM_HUB, Bench, fetch_through, run_newsroom

STORED_SHARE = 0.97
UNCHANGED_SHARE = 0.95
KILL_AFTER_SECONDS = (0.3, 6.0)
"""From before the first write to the thick of the crawl."""

Texts = dict[str, tuple[str, str]]
"""Link without scheme and fragment -> title and body of its article."""


@dataclass(frozen=True, slots=True)
class Crawl:
    """One archive under test and how to run Parley on it."""

    folder: Path
    proxy: str

    @property
    def database(self) -> Path:
        """The archive file."""
        return self.folder / "news.db"

    def command(self, *arguments: str) -> list[str]:
        """Returns the command line of one Scrapy command on this archive."""
        settings = {
            "DATABASE": self.database,
            "ARCHIVE": self.folder / "archive",
            "SOURCES": self.folder / "sources.toml",
            "TOPICS": ROOT / "topics",
        }
        pairs = [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]
        return [sys.executable, "-m", "scrapy", *arguments, *pairs]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Returns a running command, leader of a process group of its own."""
        environment = {**os.environ, "http_proxy": self.proxy, "no_proxy": ""}
        return subprocess.Popen(
            self.command(*arguments),
            cwd=ROOT,
            env=environment,
            start_new_session=True,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> str:
        """Returns what a command printed; a failing one ends the benchmark."""
        process = self.start(*arguments)
        out, _ = process.communicate()
        if process.returncode:
            raise SystemExit(f"{' '.join(arguments)} ended with exit code {process.returncode}: {out}")
        return out.strip()

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        """Returns the rows of a query."""
        with closing(sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True)) as db:
            return db.execute(sql).fetchall()

    def count(self, sql: str) -> int:
        """Returns the one number a query gives."""
        return int(str(self.ask(sql)[0][0]))

    def texts(self) -> Texts:
        """Title and body of every link that became an article."""
        rows = self.ask(
            "SELECT l.url, t.title, t.body FROM links l JOIN article_text t ON t.id = l.article_id"
            " WHERE l.fate IN ('article', 'duplicate_url')"
        )
        return {str(url).partition("://")[2].partition("#")[0]: (str(title), str(body)) for url, title, body in rows}


class Ledger:
    """The promises kept and broken so far."""

    def __init__(self) -> None:
        self.broken = 0

    def note(self, promise: str, found: str, kept: bool) -> None:
        """Prints one promise with what was found."""
        self.broken += not kept
        print(f"{'kept  ' if kept else 'BROKEN'}  {promise}: {found}", flush=True)


def begin(work: Path, name: str, proxy: str) -> Crawl:
    """Returns an empty archive whose sources are all feeds of the newsroom."""
    folder = work / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    crawl = Crawl(folder, proxy)
    (folder / "all.opml").write_bytes(fetch_through(proxy, f"{NEWSROOM_HUB}/sources.opml"))
    crawl.run("source", "import", str(folder / "all.opml"))
    return crawl


def check_crawl(crawl: Crawl, ledger: Ledger) -> None:
    """Crawls once, and once more."""
    print(crawl.run("crawl", "news"))
    links = crawl.count("SELECT count(*) FROM links")
    pending = crawl.count("SELECT count(*) FROM links WHERE fate = 'pending'")
    ledger.note("every link has a fate (100 %)", f"{links - pending} of {links}", not pending)
    articles = crawl.count("SELECT count(*) FROM articles")
    stored = len(crawl.texts())
    ledger.note(
        f"pages stored as articles (>= {STORED_SHARE:.0%})", f"{stored} of {links}", stored >= STORED_SHARE * links
    )
    print(crawl.run("crawl", "news", "-a", "due=all"))
    added = crawl.count("SELECT count(*) FROM articles") - articles
    ledger.note("a second crawl adds 0 articles", str(added), not added)
    polls = "FROM fetches WHERE run_id = (SELECT max(id) FROM runs) AND seed_id IS NOT NULL AND link_id IS NULL"
    all_polls = crawl.count(f"SELECT count(*) {polls}")
    unchanged = crawl.count(f"SELECT count(*) {polls} AND status = 304")
    ledger.note(
        f"polls of the second crawl answered 304 (>= {UNCHANGED_SHARE:.0%})",
        f"{unchanged} of {all_polls}",
        unchanged >= UNCHANGED_SHARE * all_polls > 0,
    )


def check_kills(crawl: Crawl, expected: Texts, kills: int, dice: random.Random, ledger: Ledger) -> None:
    """Kills a crawl at random moments, lets it end, and compares."""
    cut_short = 0
    for _ in range(kills):
        process = crawl.start("crawl", "news")
        time.sleep(dice.uniform(*KILL_AFTER_SECONDS))
        cut_short += process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if crawl.database.exists() and crawl.ask("SELECT 1 FROM sqlite_master WHERE name = 'articles'"):
            check_whole(crawl, ledger, quiet=True)
    print(crawl.run("crawl", "news", "-a", "due=all"))
    print(f"killed {cut_short} runs; the last run ended by itself")
    check_whole(crawl, ledger)
    found = crawl.texts()
    same = sum(found.get(url) == text for url, text in expected.items())
    ledger.note(
        f"kill -9 at {cut_short} random moments and resume: the same articles",
        f"{same} of {len(expected)} equal, {len(found.keys() - expected.keys())} strange",
        found == expected and cut_short > 0,
    )


def check_whole(crawl: Crawl, ledger: Ledger, *, quiet: bool = False) -> None:
    """Checks that no article is there twice or in part."""
    checks = {
        "articles stored twice": "SELECT count(*) FROM (SELECT url FROM articles GROUP BY url HAVING count(*) > 1)",
        "articles without text, story or URL key": "SELECT count(*) FROM articles a WHERE story_id IS NULL"
        " OR NOT EXISTS (SELECT 1 FROM article_text t WHERE t.id = a.id)"
        " OR NOT EXISTS (SELECT 1 FROM article_urls u WHERE u.article_id = a.id)",
        "links called article without one": "SELECT count(*) FROM links WHERE fate = 'article' AND article_id IS NULL",
        "texts the index does not hold": "SELECT (SELECT count(*) FROM article_text)"
        " - (SELECT count(*) FROM article_text_fts_docsize)",
    }
    for what, sql in checks.items():
        n = crawl.count(sql)
        if n or not quiet:
            ledger.note(f"{what} (0)", str(n), not n)


def check_import(crawl: Crawl, expected: Texts, warc: Path, ledger: Ledger) -> None:
    """Imports the WARC file the newsroom replays and compares with what the crawl stored."""
    (crawl.folder / "sources.toml").write_text(f'[[source]]\nid = "replay"\narchives = ["{warc}"]\n')
    print(crawl.run("crawl", "news"))
    found = crawl.texts()
    both = expected.keys() & found.keys()
    same = sum(found[url] == expected[url] for url in both)
    only = expected.keys() ^ found.keys()
    ledger.note(
        "importing the archive gives the same articles as crawling",
        f"{same} of {len(both)} equal in title and text; in one only: {len(only)} {sorted(only)[:4]}",
        same == len(both) and len(only) <= 2,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs every check; returns 1 where a promise was broken, 2 where the pages are absent."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--newsroom", help="folder of newsroom.py and pages.warc.gz")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1, help="of the random moments")
    parser.add_argument("--work", type=Path, default=ROOT / ".bench" / "replay")
    options = parser.parse_args(arguments)
    try:
        bench = Bench(find_newsroom(options.newsroom), options.work.resolve())
    except CollectionMissing as missing:
        print(missing, file=sys.stderr)
        return 2
    ledger = Ledger()
    bench.work.mkdir(parents=True, exist_ok=True)
    with run_newsroom(bench) as proxy:
        first = begin(bench.work, "crawl", proxy)
        check_crawl(first, ledger)
        check_kills(
            begin(bench.work, "killed", proxy), first.texts(), options.kills, random.Random(options.seed), ledger
        )
        check_import(begin(bench.work, "import", proxy), first.texts(), bench.warc, ledger)
    print(f"{ledger.broken} promises broken" if ledger.broken else "every promise kept")
    return 1 if ledger.broken else 0


if __name__ == "__main__":
    sys.exit(main())
