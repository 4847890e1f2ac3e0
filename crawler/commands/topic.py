"""``scrapy topic``: lists the topics, and runs the examples written in them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.usage import refuse_options

if TYPE_CHECKING:
    from pipelines.topic import Topic

_DEFAULT_FOLDER = "topics"


class Command(ScrapyCommand):
    """One command with one action a word; a new action is a method and a line in ``_ACTIONS``."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 - as Scrapy declares it

    def syntax(self) -> str:
        """Returns the arguments."""
        return "list | test [ID ...]"

    def short_desc(self) -> str:
        """Returns one line for ``scrapy -h``."""
        return "List the topics, or test them against their own examples"

    def long_desc(self) -> str:
        """Returns the text of ``scrapy topic -h``."""
        return (
            "scrapy topic list: every topic with its version, window, and numbers of rules, entities and examples. "
            "scrapy topic test [ID ...]: judges each [[example]] of the topics; exit code 1 when one fails. "
            "The folder of topic files is the setting TOPICS (-s TOPICS=folder)."
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Runs one action; exit code 1 when an example fails, 2 when a topic file or an argument is wrong."""
        from pipelines.toml_file import ConfigError
        from pipelines.topic import load_topics

        del opts
        refuse_options("topic", args)
        if not args or args[0] not in _ACTIONS:
            raise UsageError(f"say what to do: {self.syntax()}", print_help=False)
        assert self.settings is not None, "Scrapy sets them before run()"
        folder = Path(self.settings.get("TOPICS") or _DEFAULT_FOLDER)
        try:
            topics = load_topics(folder)
        except ConfigError as error:
            print(error, file=sys.stderr)
            self.exitcode = 2
            return
        if not topics:
            print(f"no topics in {folder}: add a file such as {folder}/my-topic.toml, see docs/topics.md")
            self.exitcode = 2 if args[1:] else 0
            return
        wanted = args[1:] or [topic.id for topic in topics]
        unknown = [key for key in wanted if key not in [topic.id for topic in topics]]
        if unknown:
            known = ", ".join(topic.id for topic in topics)
            raise UsageError(f'there is no topic "{unknown[0]}" in {folder}; there are: {known}', print_help=False)
        if not _ACTIONS[args[0]]([topic for topic in topics if topic.id in wanted]):
            self.exitcode = 1


def _list_topics(topics: list[Topic]) -> bool:
    """Prints three lines for each topic."""
    for topic in topics:
        days = " ".join(
            f"{word} {day}" for word, day in (("from", topic.window_from), ("to", topic.window_to)) if day is not None
        )
        print(f"{topic.id}  {topic.title}")
        bounds = f"accept {topic.accept:g}, review {topic.review:g}"
        print(f"    version {topic.version}, published {days or 'at any time'}, {bounds}")
        print(
            f"    {len(topic.any)} rules, {len(topic.entities)} entities, {len(topic.examples)} examples: {topic.path}"
        )
    return True


def _test_topics(topics: list[Topic]) -> bool:
    """Prints what became of every example; returns whether all came out as they should."""
    from pipelines.relevance import judge_examples

    n_failed = n_run = 0
    for topic in topics:
        for example, verdict, relevance in judge_examples(topic):
            n_run += 1
            n_failed += verdict != example.expect
            outcome = "ok    " if verdict == example.expect else "FAILED"
            score = "" if relevance is None else f" {relevance.score:.2f}"
            print(f"{outcome} {topic.path}:{example.line}: {verdict}{score}: {example.title}")
            if verdict != example.expect:
                print(f"       expected: {example.expect}")
                for reason in relevance.reasons if relevance else ():
                    print(f"       {reason['where']}, {reason['n']} x {reason['rule']}: {', '.join(reason['forms'])}")
    print(f"{n_run} examples, {n_failed} failed")
    if not n_failed:
        print("New articles are judged by these files from now on; `scrapy reextract` judges the stored ones, too.")
    return n_failed == 0


_ACTIONS: dict[str, Callable[[list[Topic]], bool]] = {"list": _list_topics, "test": _test_topics}
