"""A run's record: the lock that keeps it alone, the row in ``runs``, the progress bar and the one-line report."""

from __future__ import annotations

import fcntl
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from logging import Filter, Formatter, LogRecord, getLogger, root
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy import signals
from tqdm import tqdm

from db.connection import ArchiveError, from_text, insert, transaction, utc_now
from db.plurals import plural
from db.topics import topics_to_apply
from pipelines.toml_file import ConfigError

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from sqlite_utils import Database

EXIT_BUSY = 75
"""Another run holds the archive (EX_TEMPFAIL of sysexits.h: nothing is wrong, try later)."""
EXIT_CONFIG = 2
"""A topic file, source file or setting is wrong; a human must mend it."""
EXIT_TROUBLE = 1
"""The run could not do its work: a full disk, a broken archive, or several polls and every one failed."""


class Busy(Exception):
    """Another process holds the lock of this archive."""


OBSTACLES = (Busy, ConfigError, ArchiveError, OSError)
"""What keeps a command from its work through no fault of the program."""


def tell_obstacle(error: Exception, database: Path) -> int:
    """Prints one of `OBSTACLES` as a person needs it, and returns the exit code of the command that met it.

    ``database``: what an error of the system is about when it names no file.
    """
    if isinstance(error, OSError):
        place, reason = error.filename or database, error.strerror or error
        print(f"{place}: {reason}; check the path and its permissions", file=sys.stderr)
    else:
        print(error, file=sys.stderr)
    return EXIT_BUSY if isinstance(error, Busy) else EXIT_CONFIG


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Holds the lock of an archive file; raises `Busy` at once where another run has it.

    The lock is the kernel's and ends with the process, however it dies; the file beside the archive stays.
    """
    path = database.with_name(f"{database.name}.lock")
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise Busy(f"{database}: another run is at work (process {holder})") from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def start_run(db: Database) -> int:
    """Returns the id of a new row in ``runs``; a run that a kill left open is closed as ``killed``."""
    with transaction(db):
        db.execute("UPDATE runs SET outcome = 'killed', ended_at = started_at WHERE ended_at IS NULL")
        return insert(db, "runs", {"started_at": utc_now()})


def end_run(db: Database, run_id: int, outcome: str, counters: Counter[str]) -> None:
    """Closes a run's row with its outcome and counters."""
    with transaction(db):
        db.execute(
            "UPDATE runs SET ended_at = ?, outcome = ?, counters = ? WHERE id = ?",
            (utc_now(), outcome, json.dumps(dict(sorted(counters.items()))), run_id),
        )


def report_line(counters: Counter[str], outcome: str, seconds: float, waiting: Sequence[str] = ()) -> str:
    """Returns the one line a run says about itself; ``waiting``: topics that stored articles are not yet judged by."""
    failed = f", {counters['polls_failed']} failed" if counters["polls_failed"] else ""
    parts = [
        f"{plural(counters['polls'], 'poll')} ({counters['polls_unchanged']} unchanged{failed})",
        plural(counters["links_new"], "new link"),
        plural(counters["pages"], "page"),
        plural(counters["new"] + counters["copy"], "new article"),
    ]
    if counters["rechecks"]:
        parts.append(f"{plural(counters['rechecks'], 're-check')} ({counters['rechecks_unchanged']} not modified)")
    for key, word in (
        ("revised", "revised"),
        ("taken_down", "taken down"),
        ("duplicate_url", "known under another URL"),
        ("not_article", "no article"),
        ("blocked_by_robots", "blocked by robots.txt"),
        ("refused", "refused"),
        ("gone", "gone"),
        ("failed", "failed"),
        ("postponed", "to be tried again"),
    ):
        if counters[key]:
            parts.append(f"{counters[key]} {word}")
    line = f"{outcome}: {', '.join(parts)} in {seconds:.0f} s"
    return f"{line}; changed topics wait for `scrapy topic apply`: {', '.join(waiting)}" if waiting else line


class RunRecord:
    """Scrapy extension: opens and closes the run's row, shows progress on a terminal, prints the report."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.bar: tqdm[Any] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RunRecord:
        """Scrapy's constructor."""
        extension = cls(crawler)
        crawler.signals.connect(extension.opened, signals.spider_opened)
        crawler.signals.connect(extension.progressed, signals.item_scraped)
        crawler.signals.connect(extension.closed, signals.spider_closed)
        return extension

    def opened(self, spider: Any) -> None:
        """Guards the log, and shows a progress bar where a person is watching."""
        # Here and not earlier: Scrapy replaces its log handler until the spider opens; no URL is logged before.
        for handler in root.handlers:
            handler.addFilter(RedactingFilter())
        if getattr(spider, "db", None) is not None and sys.stderr.isatty():
            self.bar = tqdm(unit=" pages", desc="reading", leave=False, dynamic_ncols=True)

    def progressed(self, spider: Any) -> None:
        """Moves the bar on by one page."""
        if self.bar is not None:
            self.bar.update()
            self.bar.set_postfix_str(f"{spider.counters['new'] + spider.counters['copy']} new", refresh=False)

    def closed(self, spider: Any, reason: str) -> None:
        """Writes the run's end and prints its line on standard output."""
        if self.bar is not None:
            self.bar.close()
        if getattr(spider, "db", None) is None:
            return
        outcome = spider.outcome(reason)
        waiting: list[str] = []
        try:
            end_run(spider.db, spider.run_id, outcome, spider.counters)
            row = spider.db.execute("SELECT started_at FROM runs WHERE id = ?", (spider.run_id,)).fetchone()
            seconds = (datetime.now(UTC) - from_text(row[0])).total_seconds()
            waiting = topics_to_apply(spider.db)
        except Exception as error:  # the disk that stopped the run may refuse this too; the report must still come
            getLogger(__name__).error("the run's end could not be stored: %s", error)
            seconds = 0.0
        finally:
            spider.archive.close()
            spider.db.close()
        print(report_line(spider.counters, outcome, seconds, waiting), flush=True)


_SECRETS = re.compile(
    r"(?P<userinfo>(?<=://)[^/?#\s]+@)"
    r"|(?P<name>[?&;](?:[\w-]*(?:token|key|secret|passw(?:or)?d|pwd|auth|signature|sig|session)[\w-]*)=)[^&\s>\"')]+",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """Returns a text without the passwords and tokens that URLs in it carry."""
    return _SECRETS.sub(lambda match: f"{match['name']}***" if match["name"] else "***@", text)


class RedactingFilter(Filter):
    """Keeps userinfo and tokens of URLs out of every log line."""

    def filter(self, record: LogRecord) -> bool:
        """Rewrites the record's message and traceback; passes every record."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):  # logging itself reports a line that does not fit its arguments
            message = f"{record.msg} {record.args}"
        record.msg, record.args = redact(message), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True
