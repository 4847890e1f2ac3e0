"""``scrapy topic``: lists and tests the topics, and shows and applies what an edit of one means for the archive."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.usage import refuse_options

if TYPE_CHECKING:
    from pipelines.topic import Topic

_ACTIONS = ("list", "test", "diff", "apply", "suggest", "who")


class Command(ScrapyCommand):
    """One command with one action a word; a new action is a method ``_do_ACTION`` and a word in ``_ACTIONS``."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 - as Scrapy declares it

    def syntax(self) -> str:
        """Returns the arguments."""
        return "list | test | diff | apply | suggest | who [ID ...]"

    def short_desc(self) -> str:
        """Returns one line for ``scrapy -h``."""
        return "List and test the topics; show and apply what an edit means for the stored articles"

    def long_desc(self) -> str:
        """Returns the text of ``scrapy topic -h``."""
        return (
            "list: every topic with its version, window, and numbers of rules, entities and examples. "
            "test: judges each [[example]] and warns of what bites; exit code 1 when an example fails. "
            "diff: what the files as they are now would change among the stored articles; writes nothing. "
            "apply: judges all stored articles anew; fetches nothing. "
            "suggest: terms, names and spellings that the accepted articles favour and the file does not have. "
            "who: which two entities are named together, how often, from when to when. "
            "Without ID all topics. The folder of topic files is the setting TOPICS (-s TOPICS=folder)."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Adds ``--all``."""
        super().add_options(parser)
        parser.add_argument("--all", action="store_true", help="diff: list every change")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Runs one action; exit code 1 when an example fails, 2 for a wrong file or argument, 75 amid another run."""
        from crawler.runs import OBSTACLES, tell_obstacle

        refuse_options("topic", args)
        if not args or args[0] not in _ACTIONS:
            raise UsageError(f"say what to do: {self.syntax()}", print_help=False)
        assert self.settings is not None, "Scrapy sets them before run()"
        folder = Path(self.settings["TOPICS"])
        self.database = Path(self.settings["DATABASE"])
        self.everything = bool(opts.all)
        try:
            chosen = self._choose_topics(folder, args[0], args[1:])
            if chosen is not None:
                getattr(self, f"_do_{args[0]}")(chosen)
        except OBSTACLES as obstacle:
            self.exitcode = tell_obstacle(obstacle, self.database)

    def _choose_topics(self, folder: Path, action: str, wanted: list[str]) -> list[Topic] | None:
        """Returns the topics to work on; None where there is nothing to do, and the reason is told.

        A broken file is no reason to leave the others, but where no topic is named all of them are meant: then only
        ``list`` and ``test`` go on without it.
        """
        from crawler.runs import EXIT_CONFIG
        from pipelines.toml_file import ConfigError
        from pipelines.topic_file import read_topics

        if not folder.is_dir():
            raise ConfigError(folder, "there is no such folder of topics; make it, or set TOPICS to another")
        topics, wrong = read_topics(folder)
        known = {topic.id: topic for topic in topics}
        broken = {one.topic_id for one in wrong}
        self.listed = known.keys() | broken
        self.all_meant = not wanted
        for one in wrong:
            needed = self.all_meant or one.topic_id in wanted
            print(one.error if needed else f"warning: left out: {one.error}", file=sys.stderr)
            self.exitcode = EXIT_CONFIG if needed else self.exitcode
        unknown = [key for key in wanted if key not in self.listed]
        if unknown:
            names = ", ".join(sorted(known)) or "none"
            raise UsageError(f'there is no topic "{unknown[0]}" in {folder}; there are: {names}', print_help=False)
        if not self.listed:
            if action == "apply":
                self._refuse_to_retire_all(folder)
            print(f"no topics in {folder}: add a file such as {folder}/my-topic.toml, see docs/topics.md")
            return [] if action == "list" else None
        if self.exitcode and action not in ("list", "test"):
            return None
        return [known[key] for key in wanted or known if key in known]

    def _refuse_to_retire_all(self, folder: Path) -> None:
        """Raises ConfigError where the archive has topics at work: an empty folder is more likely the wrong one."""
        from crawler.topic_reports import find_active
        from db.plurals import plural
        from pipelines.toml_file import ConfigError

        if active := find_active(self.database):
            raise ConfigError(
                folder,
                f"there is no topic file, but the archive has {plural(len(active), 'topic')}: {', '.join(active)}."
                " Nothing was changed; set TOPICS to their folder. If they shall end: the next crawl notes it",
            )

    def _do_list(self, topics: list[Topic]) -> None:
        from crawler.topic_reports import find_gone, find_waiting, write_list

        gone = find_gone(self.database, self.listed) if self.all_meant else []
        _print(write_list(topics, find_waiting(self.database, topics), gone))

    def _do_test(self, topics: list[Topic]) -> None:
        from crawler.topic_reports import find_waiting, write_examples
        from pipelines.lint import find_traps

        lines, n_failed = write_examples(topics)
        _print(lines)
        _print(f"warning: {trap}" for topic in topics for trap in find_traps(topic))
        if n_failed:
            self.exitcode = self.exitcode or 1
        elif find_waiting(self.database, topics):
            print("New articles are judged by these files; for the stored ones `scrapy topic diff`, then `apply`.")

    def _do_diff(self, topics: list[Topic]) -> None:
        from crawler.topic_reports import write_diff

        _print(write_diff(self.database, topics, processes=_count_processors(), everything=self.everything))

    def _do_apply(self, topics: list[Topic]) -> None:
        from crawler.runs import locked
        from crawler.topic_reports import find_gone, write_gone
        from db.connection import open_readonly
        from pipelines.rescoring import apply_topics, note_listed

        open_readonly(self.database).close()  # a mistyped path must not make an archive
        with locked(self.database):
            applied = apply_topics(self.database, topics, processes=_count_processors())
            if self.all_meant:
                note_listed(self.database, self.listed)
        for one in applied:
            print(f"{one.topic_id}: {one.n_accepted} accepted, {one.n_review} for review")
        if self.all_meant:
            _print(write_gone(find_gone(self.database, self.listed)))

    def _do_suggest(self, topics: list[Topic]) -> None:
        from crawler.topic_reports import write_suggestions

        for topic in topics:
            _print(write_suggestions(self.database, topic))

    def _do_who(self, topics: list[Topic]) -> None:
        from crawler.topic_reports import write_meetings

        _print(write_meetings(self.database, topics))


def _print(lines: Iterable[str]) -> None:
    try:
        for line in lines:
            print(line)
        sys.stdout.flush()
    except BrokenPipeError:  # who reads has seen enough: `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _count_processors() -> int:
    return os.cpu_count() or 1
