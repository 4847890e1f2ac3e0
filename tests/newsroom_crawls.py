"""Three crawls of the newsroom, made once for all test modules that look at what came of them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.crawling import Desk, made_once, read_log
from tests.newsroom import start


@dataclass(frozen=True)
class Crawled:
    """Three crawls of the newsroom: stage 1, stage 2, and stage 2 again, with all that was seen of them."""

    desk: Desk
    """The archive after the third crawl."""
    first: Desk
    """A copy of the archive after the first crawl."""
    second: Desk
    truth: tuple[dict[str, Any], dict[str, Any]]
    lines: list[str]
    """The line each crawl printed."""
    accesses: list[dict[str, Any]]
    marks: list[int]
    """How long the access log was after each crawl."""

    def folder_of(self, crawl: int) -> Path:
        """Returns the folder with a copy of the archive as the first, second or third crawl left it."""
        return self.desk.folder / f"after-{crawl}"

    def accesses_of(self, crawl: int) -> list[dict[str, Any]]:
        """Returns the requests of the first, second or third crawl."""
        rows = self.accesses[self.marks[crawl - 2] if crawl > 1 else 0 : self.marks[crawl - 1]]
        return [row for row in rows if row["host"] != "newsroom.test"]


def make_crawls(folder: Path) -> None:
    """Crawls the newsroom three times into a folder and keeps what was seen."""
    log = folder / "access.jsonl"
    with start(log=log) as newsroom:
        desk = Desk(folder, newsroom.url)
        desk.sources.write_text(newsroom.sources(), "utf-8")
        lines, marks = [], []
        for number, words in enumerate(([], ["-a", "due=all"], ["-a", "due=all"]), 1):
            lines.append(desk.crawl(*words))
            marks.append(len(newsroom.accesses()))
            (folder / f"after-{number}").mkdir()
            copy_archive(desk.database, folder / f"after-{number}" / "news.db")
            newsroom.advance()
        truth = [newsroom.truth(1), newsroom.truth(2)]
    (folder / "seen.json").write_text(json.dumps({"truth": truth, "lines": lines, "marks": marks}), "utf-8")


def copy_archive(database: Path, copy: Path) -> None:
    """Writes a copy of an archive file as it is now."""
    with closing(sqlite3.connect(database)) as db:
        db.execute("VACUUM INTO ?", (str(copy),))


def read_crawls(factory: pytest.TempPathFactory) -> Crawled:
    """Returns the three crawls, made once for all processes of a test run."""
    folder = made_once(factory, "newsroom-crawls", make_crawls)
    seen = json.loads((folder / "seen.json").read_text("utf-8"))
    return Crawled(
        Desk(folder),
        Desk(folder / "after-1"),
        Desk(folder / "after-2"),
        (seen["truth"][0], seen["truth"][1]),
        seen["lines"],
        read_log(folder / "access.jsonl"),
        seen["marks"],
    )


def stored(desk: Desk) -> dict[str, dict[str, Any]]:
    """Returns the articles of an archive by their address."""
    columns = "id", "url", "source_id", "story_id", "title", "authors", "published_at", "language", "paywalled", "body"
    rows = desk.rows(
        "SELECT a.id, a.url, a.source_id, a.story_id, a.title, a.authors, a.published_at, a.language, a.paywalled,"
        " t.body FROM articles a JOIN article_text t ON t.id = a.id"
    )
    return {row[1]: dict(zip(columns, row, strict=True)) for row in rows}
