"""``scrapy crawl news``: poll what is due, fetch what is pending, store what it says."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from scrapy.commands import crawl


class Command(crawl.Command):
    """Scrapy's own ``crawl`` with a lock per archive, configuration errors in plain words and exit codes for cron."""

    def short_desc(self) -> str:
        """One line for ``scrapy`` without arguments."""
        return "Poll the seeds that are due and store every new article (crawl news)"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Runs one crawl. Exit codes: 0 done, 1 trouble, 2 configuration, 75 another run is at work."""
        if args != ["news"]:
            super().run(args, opts)
            return
        from crawler.runs import EXIT_BUSY, EXIT_CONFIG, Busy, locked
        from db.connection import ArchiveError
        from pipelines.toml_file import ConfigError

        assert self.settings is not None
        try:
            with locked(Path(self.settings["DATABASE"])):
                self._crawl(opts)
        except Busy as busy:
            print(busy, file=sys.stderr)
            self.exitcode = EXIT_BUSY
        except (ConfigError, ArchiveError, OSError) as error:
            print(error, file=sys.stderr)
            self.exitcode = EXIT_CONFIG

    def _crawl(self, opts: argparse.Namespace) -> None:
        from crawler.preparation import check_settings
        from crawler.runs import EXIT_TROUBLE

        assert self.settings is not None and self.crawler_process is not None
        check_settings(self.settings)
        crawler = self.crawler_process.create_crawler("news")
        self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        spider: Any = crawler.spider
        if self.crawler_process.bootstrap_failed or spider is None or spider.needs_human():
            self.exitcode = EXIT_TROUBLE
