"""``scrapy status``: sources, what is due, what failed and why, the last runs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scrapy.commands import ScrapyCommand

from crawler.usage import refuse_arguments


class Command(ScrapyCommand):
    """Prints the state of the archive and of the crawl; writes nothing and never waits for a running crawl."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012

    def short_desc(self) -> str:
        """One line for ``scrapy -h``."""
        return "Show sources, what is due, what failed and why, and the last runs"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Adds ``--all``."""
        super().add_options(parser)
        parser.add_argument("--all", action="store_true", help="list every source, healthy ones too")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Prints the report; exit code 2 where there is no archive."""
        refuse_arguments("status", args)
        from crawler.runs import EXIT_CONFIG
        from crawler.status_report import write_status
        from db.connection import ArchiveError, open_readonly, utc_now

        assert self.settings is not None
        try:
            db = open_readonly(self.settings["DATABASE"])
        except ArchiveError as error:
            print(error, file=sys.stderr)
            self.exitcode = EXIT_CONFIG
            return
        topics = _find_topics(Path(self.settings["TOPICS"]))
        print(write_status(db, utc_now(), every_source=opts.all, topics=topics))


def _find_topics(folder: Path) -> set[str] | None:
    """Returns the ids of the topics that have a file, a broken one too; None where the folder cannot be read."""
    from pipelines.toml_file import ConfigError
    from pipelines.topic_file import read_topics

    try:
        topics, wrong = read_topics(folder)
    except ConfigError:
        return None
    return {topic.id for topic in topics} | {one.topic_id for one in wrong} if folder.is_dir() else None
