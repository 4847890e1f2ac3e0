"""``scrapy demo``: the whole way on the embedded newsroom, with nothing from the network."""

from __future__ import annotations

import argparse
import sys

from scrapy.commands import ScrapyCommand

from crawler.usage import refuse_arguments


class Command(ScrapyCommand):
    """Starts the project's newsroom, crawls it twice while it moves on, and shows what came of it."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012

    def short_desc(self) -> str:
        """One line for ``scrapy -h``."""
        return "Crawl an invented newsroom on this machine twice and show the result"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Adds ``--folder``."""
        super().add_options(parser)
        parser.add_argument("--folder", default="demo", help="where the archive is made anew (default: demo)")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Runs the demonstration; exit code 1 where a crawl failed."""
        refuse_arguments("demo", args)
        from crawler.demonstration import DemoFailed, show

        try:
            show(opts.folder)
        except DemoFailed as error:
            print(error, file=sys.stderr)
            self.exitcode = 1
