"""``scrapy crawl news``: poll what is due, fetch what is pending, store what it says."""

from __future__ import annotations

import argparse
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from scrapy.commands import ScrapyCommand, crawl
from scrapy.exceptions import UsageError

from crawler.usage import refuse_options

_ARGUMENTS = (("due", "all"), ("due", ""), ("reextract", "1"))
"""What the spider takes; ``reextract`` comes from the command of that name."""


class Command(crawl.Command):
    """Scrapy's own ``crawl`` with a lock per archive, configuration errors in plain words and exit codes for cron."""

    def short_desc(self) -> str:
        """One line for ``scrapy`` without arguments."""
        return "Poll the seeds that are due and store every new article (crawl news)"

    def syntax(self) -> str:
        """Returns the arguments."""
        return "news [options]"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Adds -a. Scrapy's -o and -O are left out: articles go to the archive, and no feed is written."""
        ScrapyCommand.add_options(self, parser)
        parser.add_argument(
            "-a",
            dest="spargs",
            action="append",
            default=[],
            metavar="due=all",
            help="poll every seed now, whatever its schedule",
        )
        parser.set_defaults(output=None, overwrite_output=None)

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Reads the options, and starts what workers are forked from where pages are sure to come.

        That takes a second, as Scrapy's own start does, which comes next: so both are ready at once. Other runs start
        it when the first page is in sight, and most find none.

        All of it runs as batch work (sched(7)), which Linux does not let break into other work at every event: neither
        a person's nor that of its own workers.
        """
        super().process_options(args, opts)
        assert self.settings is not None
        with suppress(OSError):  # a sandbox may forbid it
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        with suppress(OSError):  # a path that nobody may look at, a system without room: who meets it again tells it
            if args == ["news"] and not Path(self.settings["DATABASE"]).exists():
                from pipelines.workers import start_server

                start_server()

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Runs one crawl. Exit codes: 0 done, 1 trouble, 2 configuration, 75 another run is at work."""
        refuse_options("crawl", args)
        if args != ["news"]:
            given = f"got: {' '.join(args)}" if args else "got nothing"
            raise UsageError(f"the whole command is `scrapy crawl news`, {given}", print_help=False)
        unknown = [f"{name}={value}" for name, value in opts.spargs.items() if (name, value) not in _ARGUMENTS]
        if unknown:
            raise UsageError(f"-a {unknown[0]} is not known; allowed: -a due=all", print_help=False)
        from crawler.preparation import check_folders
        from crawler.runs import OBSTACLES, locked, tell_obstacle

        assert self.settings is not None
        database = Path(self.settings["DATABASE"])
        try:
            check_folders(self.settings)
            with locked(database):
                self._crawl(opts)
        except OBSTACLES as obstacle:
            self.exitcode = tell_obstacle(obstacle, database)

    def _crawl(self, opts: argparse.Namespace) -> None:
        # First here: Scrapy's module of TLS walks the whole stack three times when imported, 0.2 s deep in its engine.
        from crawler import connections  # noqa: F401
        from crawler.preparation import check_settings
        from crawler.runs import EXIT_TROUBLE

        assert self.settings is not None and self.crawler_process is not None
        check_settings(self.settings, with_sources="reextract" not in opts.spargs)
        crawler = self.crawler_process.create_crawler("news")
        self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        spider: Any = crawler.spider
        if self.crawler_process.bootstrap_failed or spider is None or spider.needs_human():
            self.exitcode = EXIT_TROUBLE
