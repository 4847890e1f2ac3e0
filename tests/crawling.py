"""Real crawls for tests: ``scrapy`` as a process of its own against the embedded newsroom, deprecations as errors."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from db.urls import url_key
from tests.forked_commands import run_scrapy
from tests.newsroom import ROOT

STRICT = """
import warnings
from scrapy.exceptions import ScrapyDeprecationWarning
warnings.simplefilter("error", ScrapyDeprecationWarning)
from scrapy.cmdline import execute
execute()
"""
"""What runs Scrapy's command line: ``python -W`` is read before Scrapy's own classes of warnings can be imported."""

TOPICS = ROOT / "topics"
ENOUGH_SECONDS = 900.0
"""After so long a command hangs, however slow and busy the machine is."""


@dataclass(frozen=True)
class Desk:
    """A folder with an archive of its own, and the way to run Parley's commands on it."""

    folder: Path
    proxy: str | None = None
    """Address of the newsroom; None: requests go where they point."""
    settings: dict[str, object] = field(default_factory=dict)
    """Given to every command with ``-s``, on top of those that keep the desk in its folder."""

    @property
    def database(self) -> Path:
        """The archive file."""
        return self.folder / "news.db"

    @property
    def sources(self) -> Path:
        """The list of sources."""
        return self.folder / "sources.toml"

    @property
    def warcs(self) -> Path:
        """The folder of raw pages."""
        return self.folder / "archive"

    def words(self, *words: str, **settings: object) -> list[str]:
        """Returns what stands after ``scrapy`` for some words with the desk's settings; ``settings`` win."""
        given: dict[str, object] = {
            "DATABASE": self.database,
            "ARCHIVE": self.warcs,
            "SOURCES": self.sources,
            "TOPICS": TOPICS,
            "HOST_DELAY_SECONDS": 0,
            **self.settings,
            **settings,
        }
        return [*words, *(f"--set={name}={value}" for name, value in given.items())]

    def arguments(self, *words: str, **settings: object) -> list[str]:
        """Returns the command line of a process that starts from nothing, for ``scrapy WORDS``."""
        return [sys.executable, "-c", STRICT, *self.words(*words, **settings)]

    def environment(self) -> dict[str, str]:
        """Returns this process's environment with the newsroom as the only proxy."""
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        return {**kept, "http_proxy": self.proxy, "no_proxy": ""} if self.proxy else kept

    def run(
        self,
        *words: str,
        timeout: float = ENOUGH_SECONDS,
        preexec: Callable[[], None] | None = None,
        **settings: object,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end and returns what it said; ``preexec`` is done in its process first."""
        if preexec is None:
            return run_scrapy(self.words(*words, **settings), env=self.environment(), timeout=timeout)
        return subprocess.run(
            self.arguments(*words, **settings),
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            preexec_fn=preexec,
            check=False,
        )

    def crawl(self, *words: str, **settings: object) -> str:
        """Runs ``scrapy crawl news`` and returns its line; fails the test unless it ends well and quietly."""
        done = replace(self, settings={**self.settings, **settings}).run("crawl", "news", *words)
        assert (done.returncode, done.stderr) == (0, ""), f"exit code {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    @contextmanager
    def started(self, *words: str, **settings: object) -> Iterator[subprocess.Popen[str]]:
        """Runs a command in a process group of its own, killed as a whole when the block is left."""
        process = subprocess.Popen(
            self.arguments(*words, **settings),
            cwd=ROOT,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            kill_group(process.pid)
            process.communicate()

    def rows(self, sql: str, *values: object) -> list[Any]:
        """Returns all rows of a query on the archive file, opened for reading only."""
        with closing(sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True, timeout=60)) as db:
            return db.execute(sql, values).fetchall()

    def value(self, sql: str, *values: object) -> Any:
        """Returns the first column of the first row of a query."""
        return self.rows(sql, *values)[0][0]

    def write(self, sql: str, *values: object) -> None:
        """Runs one statement that changes the archive file, as a person in a SQL shell would."""
        with closing(sqlite3.connect(self.database, timeout=60)) as db, db:
            db.execute(sql, values)

    def texts(self) -> dict[str, tuple[str, str]]:
        """Returns every article: URL key of its address -> (title, body)."""
        rows = self.rows("SELECT a.url, a.title, t.body FROM articles a JOIN article_text t ON t.id = a.id")
        return {url_key(url): (title, body) for url, title, body in rows}

    def faults(self) -> list[str]:
        """Returns everything that is not whole in the archive file; an empty list is a sound archive."""
        found = [f"foreign key: {row}" for row in self.rows("PRAGMA foreign_key_check")]
        found += [f"integrity: {row[0]}" for row in self.rows("PRAGMA integrity_check") if row[0] != "ok"]
        with closing(sqlite3.connect(self.database, timeout=60)) as db:
            try:
                db.execute("INSERT INTO article_text_fts (article_text_fts) VALUES ('integrity-check')")
            except sqlite3.DatabaseError as error:
                found.append(f"full-text index: {error}")
            db.rollback()
        for what, sql in HALVES.items():
            found += [f"{what}: {row}" for row in self.rows(sql)]
        return found


HALVES = {
    "article without text": "SELECT id FROM articles WHERE id NOT IN (SELECT id FROM article_text WHERE body <> '')",
    "text without article": "SELECT id FROM article_text WHERE id NOT IN (SELECT id FROM articles)",
    "article without story": "SELECT id FROM articles WHERE story_id IS NULL",
    "story without its one lead": "SELECT story_id FROM articles GROUP BY story_id HAVING sum(is_lead) <> 1",
    "article without signature": "SELECT id FROM articles WHERE id NOT IN (SELECT article_id FROM signatures)",
    "fingerprint of another week": "SELECT hash FROM fingerprints f WHERE NOT EXISTS"
    " (SELECT 1 FROM signatures s WHERE s.article_id = f.article_id AND s.week = f.week)",
    "alias of a living story": "SELECT id FROM story_aliases WHERE id IN (SELECT id FROM stories)",
    "story without article": "SELECT id FROM stories WHERE id NOT IN (SELECT story_id FROM articles)",
    "story that miscounts": "SELECT id FROM stories s WHERE n_articles <>"
    " (SELECT count(*) FROM articles WHERE story_id = s.id)",
    "article without URL": "SELECT id FROM articles WHERE id NOT IN (SELECT article_id FROM article_urls)",
    "article without link": "SELECT id FROM articles WHERE id NOT IN"
    " (SELECT article_id FROM links WHERE fate = 'article')",
    "link without its article": "SELECT id FROM links WHERE fate = 'article' AND article_id IS NULL",
    "settled link without a moment": "SELECT id FROM links WHERE fate <> 'pending' AND settled_at IS NULL",
    "unkind fate without a reason": "SELECT id, fate FROM links WHERE fate NOT IN ('pending', 'article')"
    " AND coalesce(reason, '') = ''",
    "article stored twice": "SELECT url, count(*) FROM articles GROUP BY url HAVING count(*) > 1",
    "revisions that are miscounted": "SELECT id FROM articles a WHERE n_revisions <>"
    " (SELECT count(*) FROM revisions WHERE article_id = a.id)",
    "source that miscounts": "SELECT id FROM sources s WHERE n_articles <>"
    " (SELECT count(*) FROM articles WHERE source_id = s.id)",
    "body with a removed line": "SELECT t.id, l.line FROM removed_lines r JOIN site_lines l ON l.id = r.site_line_id"
    " JOIN article_text t ON t.id = r.article_id WHERE l.status = 'kept'"
    " OR (l.place = 'below' AND t.body LIKE '%' || char(10) || char(10) || l.line)",
    "site line that miscounts": "SELECT id FROM site_lines l WHERE n_articles <>"
    " (SELECT count(DISTINCT article_id) FROM removed_lines WHERE site_line_id = l.id)",
    "two runs open": "SELECT count(*) FROM runs WHERE ended_at IS NULL HAVING count(*) > 1",
}
"""What a crash between two writes would leave behind -> the query that finds it."""


def kill_group(pid: int) -> None:
    """Kills every process of the group that a started process leads; one that is gone already is fine."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def wait_until(holds: Callable[[], bool], seconds: float = ENOUGH_SECONDS) -> bool:
    """Returns whether a condition came to hold within a time, looking every 20 ms."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return holds()


def tree_of(pid: int) -> set[int]:
    """Returns a process and all that descend from it, by their ids (Linux: /proc)."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        parents[int(stat.parent.name)] = int(words[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def is_alive(pid: int) -> bool:
    """Returns whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def resident_bytes(pids: set[int]) -> int:
    """Returns the memory that processes hold together, shared pages split between them (proportional set size)."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
    return total


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Returns a folder that ``make`` filled, once for all processes of a test run that runs in parallel."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder, done = root / name, root / f"{name}.done"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def read_log(path: Path) -> list[dict[str, Any]]:
    """Returns the rows of a newsroom's access log."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
