"""``scrapy lines``: the lines that sites repeat and Parley leaves out of bodies; an analyst has the last word."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.usage import refuse_options
from db.plurals import plural

if TYPE_CHECKING:
    from db.site_lines import SiteLine

SHOWN_CHARACTERS = 100
"""Longer lines are cut in the list, characters."""


class Command(ScrapyCommand):
    """Lists learned lines, puts one back into all bodies for good, or takes it out of them again."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 - as Scrapy declares it

    def syntax(self) -> str:
        """Returns the arguments."""
        return "list [SOURCE] | keep NUMBER [NUMBER ...] | remove NUMBER [NUMBER ...]"

    def short_desc(self) -> str:
        """Returns one line for ``scrapy -h``."""
        return "List the lines left out because a site repeats them, or put one back"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Runs one action. Exit codes: 0 done, 2 no archive, no such line or a broken topic, 75 a run is at work."""
        from crawler.runs import OBSTACLES, locked, tell_obstacle

        del opts
        refuse_options("lines", args)
        action, *rest = args or [""]
        if action not in ("list", "keep", "remove"):
            raise UsageError(f"say what to do: {self.syntax()}", print_help=False)
        assert self.settings is not None
        database = Path(self.settings["DATABASE"])
        try:
            if action == "list":
                self.exitcode = list_lines(database, rest)
                return
            numbers = read_numbers(action, rest)
            with locked(database):
                change_lines(
                    database, Path(self.settings["TOPICS"]), "kept" if action == "keep" else "removed", numbers
                )
        except OBSTACLES as obstacle:
            self.exitcode = tell_obstacle(obstacle, database)


def read_numbers(action: str, words: Sequence[str]) -> list[int]:
    """Returns the numbers of lines that were given; raises `UsageError` where there is none, or a word."""
    if not words or not all(word.isdecimal() for word in words):
        raise UsageError(f"{action} needs numbers of lines as `scrapy lines list` shows them", print_help=False)
    return [int(word) for word in words]


def list_lines(database: Path, words: Sequence[str]) -> int:
    """Prints the lines of all sources, or of one, each source's commonest first; returns the exit code."""
    from db.connection import open_readonly
    from db.site_lines import list_site_lines

    if len(words) > 1:
        raise UsageError(f"list takes one source, got: {' '.join(words)}", print_help=False)
    db = open_readonly(database)
    lines = list_site_lines(db, words[0] if words else None)
    known = not words or db.execute("SELECT 1 FROM sources WHERE id = ?", (words[0],)).fetchone()
    db.close()
    if not known:
        print(f'no source "{words[0]}" in {database}; `scrapy status --all` lists them', file=sys.stderr)
        return 2
    for line in lines:
        print(describe(line))
    n_kept = sum(line.status == "kept" for line in lines)
    print(f"{plural(len(lines), 'line')} that sites repeat, {n_kept} of them kept in the text")
    return 0


def describe(line: SiteLine) -> str:
    """Returns one line of the list: number, source, why it is left out or that it is not, and its text."""
    text = line.line if len(line.line) <= SHOWN_CHARACTERS else line.line[: SHOWN_CHARACTERS - 1] + "…"
    fate = "kept" if line.status == "kept" else f"out of {plural(line.n_articles, 'article')}"
    return f"{line.id:>5}  {line.source_id}  {fate}, {line.place}, learned {line.learned_at[:10]}: {text}"


def change_lines(database: Path, topics: Path, status: str, numbers: Sequence[int]) -> None:
    """Marks lines as kept or removed and makes all stored bodies follow.

    The mark comes first and holds for new articles at once; a kill while bodies follow leaves some as they were, and
    the same command again finishes them. Raises `db.connection.ArchiveError` where a number is no line.
    """
    from db.connection import ArchiveError, open_archive, open_readonly, transaction
    from db.site_lines import find_articles_with, find_articles_without, list_site_lines, set_status
    from pipelines.line_learning import refresh_bodies
    from pipelines.relevance import Judge
    from pipelines.topic_file import load_topics

    open_readonly(database).close()  # a mistyped path must not make an archive
    judge = Judge(load_topics(topics))
    db = open_archive(database)
    try:
        known = {line.id: line for line in list_site_lines(db)}
        unknown = [number for number in numbers if number not in known]
        if unknown:
            raise ArchiveError(f"there is no line {unknown[0]} in {database}; `scrapy lines list` shows them")
        for number in numbers:
            with transaction(db):
                set_status(db, number, status)
            find = find_articles_without if status == "kept" else find_articles_with
            n_changed = refresh_bodies(db, find(db, number), judge)
            done = "put back into" if status == "kept" else "left out of"
            print(f"line {number} {done} {plural(n_changed, 'article')}: {known[number].line[:SHOWN_CHARACTERS]}")
    finally:
        db.close()
