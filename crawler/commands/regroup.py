"""``scrapy regroup``: all stories built anew from the stored texts, without a single fetch."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scrapy.commands import ScrapyCommand

from crawler.usage import refuse_arguments
from db.plurals import plural


class Command(ScrapyCommand):
    """Compares every stored text anew, after a change of the rules; the lock of a crawl keeps others out."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012

    def short_desc(self) -> str:
        """One line for ``scrapy -h``."""
        return "Build all stories anew from the stored texts, fetching nothing"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:  # noqa: ARG002 - as Scrapy calls it
        """Regroups and says what changed; exit code 1 when stopped, 2 without an archive, 75 amid another run."""
        refuse_arguments("regroup", args)
        from tqdm import tqdm

        from crawler.runs import EXIT_TROUBLE, OBSTACLES, locked, tell_obstacle
        from db.connection import open_archive, open_readonly
        from pipelines.stories import regroup

        assert self.settings is not None
        path = Path(self.settings["DATABASE"])
        try:
            open_readonly(path).close()  # a mistyped path must not make an archive
            with locked(path):
                db = open_archive(path)
                before = db.execute("SELECT count(*) FROM stories").fetchone()[0]
                n_articles = sum(tqdm(regroup(db), unit=" batches", leave=False, disable=None))
                after = db.execute("SELECT count(*) FROM stories").fetchone()[0]
                db.close()
        except KeyboardInterrupt:
            print("stopped: the archive is whole, stories not reached are as they were; run it again", file=sys.stderr)
            self.exitcode = EXIT_TROUBLE
        except OBSTACLES as obstacle:
            self.exitcode = tell_obstacle(obstacle, path)
        else:
            print(f"{plural(n_articles, 'article')} in {plural(after, 'story', 'stories')} (before: {before})")
