"""``scrapy watch``: run after run, for ever."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.usage import refuse_arguments


class Command(ScrapyCommand):
    """Starts ``scrapy crawl news`` in a process of its own whenever a seed or link is due."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012

    def short_desc(self) -> str:
        """One line for ``scrapy -h``."""
        return "Crawl for ever, a round whenever something is due (Ctrl-C or SIGTERM ends it)"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Adds ``--every`` and ``--rounds``."""
        super().add_options(parser)
        parser.add_argument(
            "--every", type=float, default=60.0, metavar="SECONDS", help="shortest pause between rounds (default: 60)"
        )
        parser.add_argument("--rounds", type=int, metavar="N", help="end after so many rounds (default: never)")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Watches until stopped; exit code 0. A broken topic or source file is told at each round and waited out."""
        refuse_arguments("watch", args)
        if opts.every <= 0 or (opts.rounds is not None and opts.rounds < 1):
            raise UsageError("--every and --rounds must be above 0", print_help=False)
        from crawler.watching import Watch

        assert self.settings is not None
        command = [sys.executable, "-m", "scrapy", "crawl", "news"]
        for setting in opts.set:
            command += ["-s", setting]
        self.exitcode = Watch(
            command,
            Path(self.settings["DATABASE"]),
            pause_seconds=opts.every,
            rounds=opts.rounds,
            rechecks=self.settings.getfloat("HOST_RECHECKS_PER_HOUR") > 0,
        ).run()
