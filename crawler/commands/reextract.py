"""``scrapy reextract``: read every stored raw page again, without a single fetch."""

from __future__ import annotations

import argparse

from scrapy.commands import ScrapyCommand

from crawler.commands.crawl import Command as CrawlCommand
from crawler.usage import refuse_arguments


class Command(CrawlCommand):
    """Runs extraction again over the raw archive, after an upgrade of Parley or Trafilatura."""

    def syntax(self) -> str:
        """Returns the arguments."""
        return "[options]"

    def short_desc(self) -> str:
        """One line for ``scrapy -h``."""
        return "Extract articles again from every stored raw page, fetching nothing"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Adds none of the crawl's."""
        ScrapyCommand.add_options(self, parser)
        parser.set_defaults(spargs=[], output=None, overwrite_output=None)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Runs over the whole archive under the same lock as a crawl."""
        refuse_arguments("reextract", args)
        opts.spargs = {"reextract": "1"}
        super().run(["news"], opts)
