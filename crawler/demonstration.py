"""The demonstration of ``scrapy demo``: an invented newsroom on loopback, crawled twice, and what came of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from textwrap import shorten
from urllib.parse import urlsplit

from db.connection import open_readonly
from db.plurals import plural

PROJECT = Path(__file__).resolve().parent.parent
HUB = "http://newsroom.test"
ROWS_MAX = 6
LINE_CHARACTERS = 70
"""Longer lines are cut where they are shown."""


class DemoFailed(Exception):
    """A step of the demonstration failed; the text says which."""


def show(folder_name: str) -> None:
    """Makes the demonstration's archive anew in a folder and prints each step."""
    folder = Path(folder_name).resolve()
    _empty(folder)
    with _newsroom() as proxy:
        sources = folder / "sources.toml"
        sources.write_bytes(_ask(proxy, "/sources.toml"))
        settings = _settings(folder)
        print(f"An invented newsroom stands at {proxy}: {sources.read_text('utf-8').count('[[source]]')} outlets.\n")
        print("First crawl, 9 November 2018:", flush=True)
        _crawl(proxy, settings)
        _ask(proxy, "/advance", method="POST")
        print("\nThe newsroom moves on: new articles, a correction, more of the live blog. Second crawl:", flush=True)
        _crawl(proxy, [*settings, "-a", "due=all"])
    _tell(folder / "news.db")
    scrapy, database = _shown(Path(sys.executable).with_name("scrapy")), f"-s DATABASE={_shown(folder / 'news.db')}"
    archive = f"-s ARCHIVE={_shown(folder / 'archive')}"  # else the site has no raw page to show
    print("\nRead it in the browser, and see how the crawl fares:")
    print(f"\n    {scrapy} browse {database} {archive}\n    {scrapy} status {database}\n\nYour own topic: README.md.")


def _empty(folder: Path) -> None:
    marker = folder / ".parley-demo"
    if folder.exists() and any(folder.iterdir()) and not marker.exists():
        raise DemoFailed(f"{folder} is not empty and was not made by this command; choose another with --folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    marker.write_text("made by scrapy demo; emptied at its next run\n")


def _settings(folder: Path) -> list[str]:
    pairs = {
        "DATABASE": folder / "news.db",
        "ARCHIVE": folder / "archive",
        "SOURCES": folder / "sources.toml",
        "TOPICS": PROJECT / "topics",
        # The newsroom stands on this machine and belongs to it: nobody is spared by waiting.
        "HOST_DELAY_SECONDS": 0,
    }
    return [part for name, value in pairs.items() for part in ("-s", f"{name}={value}")]


@contextmanager
def _newsroom() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.newsroom", "--port", "0"], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise DemoFailed("the newsroom (python -m tests.newsroom) did not start")
        yield json.loads(line)["url"]
    finally:
        process.terminate()
        process.wait(timeout=10)


def _ask(proxy: str, path: str, method: str = "GET") -> bytes:
    connection = HTTPConnection(urlsplit(proxy).netloc, timeout=30)
    try:
        connection.request(method, f"{HUB}{path}")
        return connection.getresponse().read()
    finally:
        connection.close()


def _crawl(proxy: str, arguments: list[str]) -> None:
    environment = {**os.environ, "http_proxy": proxy, "no_proxy": ""}
    command = [sys.executable, "-m", "scrapy", "crawl", "news", *arguments]
    code = subprocess.run(command, cwd=PROJECT, env=environment, check=False).returncode
    if code:
        raise DemoFailed(f"the crawl ended with exit code {code}")


def _tell(database: Path) -> None:
    db = open_readonly(database)
    n_articles, n_stories, n_languages, n_sources = db.execute(
        "SELECT count(*), count(DISTINCT story_id), count(DISTINCT language), count(DISTINCT source_id) FROM articles"
    ).fetchone()
    counts = plural(n_articles, "article"), plural(n_stories, "story", "stories"), plural(n_sources, "outlet")
    print(f"\nThe archive: {', '.join(counts)}, {plural(n_languages, 'language')}.")
    for topic, accepted, review in db.execute(
        "SELECT t.title, sum(m.accepted), sum(NOT m.accepted) FROM topics t JOIN topic_matches m ON m.topic_id = t.id"
        " GROUP BY t.id ORDER BY 2 DESC"
    ):
        print(f"  {topic}: {accepted} accepted, {review} for review")
    print("\nThe best matches, and why:")
    for title, source, score, reasons in db.execute(
        "SELECT a.title, a.source_id, m.score, m.reasons FROM topic_matches m JOIN articles a ON a.id = m.article_id"
        " WHERE m.topic_id = 'afghan-peace-talks' ORDER BY m.score DESC, a.published_at LIMIT ?",
        (ROWS_MAX,),
    ):
        forms = [form for reason in json.loads(reasons) for form in reason.get("forms", [])]
        print(f"  {score:.2f}  {title} ({source}): {', '.join(dict.fromkeys(forms[:5]))}")
    print("\nEdited since first seen:")
    for kind, added, removed, title, source in db.execute(
        "SELECT r.kind, r.words_added, r.words_removed, a.title, a.source_id FROM revisions r"
        " JOIN articles a ON a.id = r.article_id ORDER BY r.id LIMIT ?",
        (ROWS_MAX,),
    ):
        print(f"  {kind}: +{added} -{removed} words  {title} ({source})")
    print("\nLeft out of the texts, because an outlet repeats it from story to story:")
    for n, line, source in db.execute(
        "SELECT n_articles, line, source_id FROM site_lines WHERE status = 'removed' ORDER BY n_articles DESC, id"
        " LIMIT ?",
        (ROWS_MAX,),
    ):
        print(f"  {plural(n, 'article')}: {shorten(line, LINE_CHARACTERS, placeholder=' …')} ({source})")
    print("\nWhat became of every link:")
    for fate, n in db.execute("SELECT fate, count(*) FROM links GROUP BY fate ORDER BY 2 DESC"):
        print(f"  {n:4} {fate}")
    db.close()


def _shown(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
