"""A real ``scrapy browse`` in a process of its own, for tests over HTTP."""

from __future__ import annotations

import http.client
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

PROJECT = Path(__file__).parent.parent


class Page(HTMLParser):
    """What a browser would make of a page: its tags and links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def links(self) -> list[str]:
        return [value for _, attrs in self.tags for name in ("href", "src", "action") if (value := attrs.get(name))]


@dataclass(frozen=True)
class Answer:
    """One HTTP answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass(frozen=True)
class Site:
    """A running site."""

    url: str
    process: subprocess.Popen[str]

    def get(self, path: str, method: str = "GET", body: bytes | None = None) -> Answer:
        """Returns the answer to one request; redirects are not followed."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=120)
        try:
            connection.request(method, path, body=body)
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, headers, answer.read().decode("utf-8", "replace"))
        finally:
            connection.close()


def browse(database: Path, *options: str) -> subprocess.Popen[str]:
    """Starts ``scrapy browse`` on a database."""
    return subprocess.Popen(
        [sys.executable, "-m", "scrapy", "browse", "-s", f"DATABASE={database}", *options],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running_site(database: Path, *options: str) -> Iterator[Site]:
    """Yields the site over a database on a free port; ends it with Ctrl-C."""
    process = browse(database, "--port", "0", *options)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+/", line)
        if not found:
            raise AssertionError(f"no address in {line!r}: {process.communicate(timeout=300)}")
        yield Site(found[0].rstrip("/"), process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=300)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
