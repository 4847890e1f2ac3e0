"""``scrapy source`` as a user runs it: a real process against a small real web site on this machine."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from time import monotonic

import pytest

from crawler.sources import load_sources
from tests.forked_commands import run_scrapy

PROJECT = Path(__file__).parent.parent
ITEM = "<item><title>Bridge {n} over the river opens</title><link>/w/bridge-{n}</link><pubDate>{date}</pubDate></item>"
TODAY = datetime.now(UTC).replace(microsecond=0)
DAY = f"{TODAY:%Y-%m-%d}"
FEED = '<rss version="2.0"><channel><title>Valley Post</title>' + "".join(
    ITEM.format(n=n, date=format_datetime(TODAY - timedelta(days=n))) for n in range(3)
)
FEED += "</channel></rss>"
OLD = FEED.replace(f" {TODAY.year} ", " 2019 ").replace(f" {TODAY.year - 1} ", " 2018 ")
NEWS_SITEMAP = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>{host}/w/bridge-1</loc>
 <n:news><n:publication_date>{day}</n:publication_date><n:title>Bridge</n:title></n:news></url></urlset>"""
HOME = """<!doctype html><html lang="en-GB"><head><title>Front page | Valley Post</title>
<meta property="og:site_name" content="The Valley Post">
<link rel="alternate" type="application/rss+xml" href="/rss" title="News">
<link rel="alternate" type="application/rss+xml" href="/rss-again">
<link rel="alternate" type="application/rss+xml" href="/old.xml">
<link rel="alternate" type="application/rss+xml" href="/comments/feed/" title="Comments">
<link rel="alternate" type="application/atom+xml" href="/gone.atom">
<link rel="alternate" type="application/rss+xml" href="/page-instead"></head><body>{body}</body></html>"""
CARDS = "".join(
    f'<article><h2><a href="/w/{n}-new-bridge-opens-today">New bridge {n} opens today</a></h2></article>'
    for n in range(6)
)


class Site(ThreadingHTTPServer):
    """A web site of paths and bodies; notes who asked for what."""

    def __init__(self, pages: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.host = f"127.0.0.1:{self.server_address[1]}"
        self.url = f"http://{self.host}"
        self.pages = {path: body.replace("{host}", self.url) for path, body in pages.items()}
        self.asked: list[tuple[str, str]] = []
        self.moments: list[float] = []


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["User-Agent"]))
        self.server.moments.append(monotonic())
        body = self.server.pages.get(self.path)
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write((body or "not here").encode())

    def log_message(self, format: str, *args: object) -> None:
        """Keeps the test's output quiet."""


@pytest.fixture
def serve() -> Iterator[type[Site]]:
    sites: list[Site] = []

    class Started(Site):
        def __init__(self, pages: dict[str, str]) -> None:
            super().__init__(pages)
            threading.Thread(target=self.serve_forever, daemon=True).start()
            sites.append(self)

    yield Started
    for site in sites:
        site.shutdown()
        site.server_close()


def run(*args: str, sources: Path, allow: str = "") -> subprocess.CompletedProcess[str]:
    """Runs ``scrapy source`` in a process of its own, away from any proxy of the machine."""
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    settings = ["-s", f"SOURCES={sources}", "-s", f"ALLOW_PRIVATE={allow}", "-s", "HOST_DELAY_SECONDS=0.01"]
    return run_scrapy(["source", *args, *settings], env=environment, timeout=300)


def test_add_finds_feeds_and_news_sitemaps_and_says_why_not(serve: type[Site], tmp_path: Path) -> None:
    site = serve(
        {
            "/": HOME.replace("{body}", ""),
            "/rss": FEED,
            "/rss-again": FEED,
            "/old.xml": OLD,
            "/page-instead": "<html><body>Sign in</body></html>",
            "/comments/feed/": FEED,
            "/robots.txt": "User-agent: *\nDisallow: /private\nSitemap: {host}/news-map.xml\n"
            "Sitemap: /private/map.xml\n",
            "/news-map.xml": NEWS_SITEMAP.replace("{day}", DAY),
        }
    )
    path = tmp_path / "sources.toml"
    done = run("add", site.url, sources=path, allow=site.host)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert f"yes  {site.url}/rss: RSS 2.0, 3 links, newest {DAY}" in lines
    assert any(line.startswith(f"old  {site.url}/old.xml: RSS 2.0, 3 links, newest 20") for line in lines)
    assert any(line.endswith("(asleep for more than a year)") for line in lines)
    assert f"no   {site.url}/comments/feed/: a feed of readers' comments" in lines
    assert f"no   {site.url}/gone.atom: HTTP 404" in lines
    assert f"no   {site.url}/page-instead: an HTML page where a feed was expected" in lines
    assert f"yes  {site.url}/news-map.xml: news sitemap, 1 link, newest {DAY}" in lines
    assert f"no   {site.url}/private/map.xml: robots.txt forbids this URL" in lines
    assert lines[-1] == f"added to 127-0-0-1 in {path}: {site.url}/rss, {site.url}/news-map.xml"
    (source,) = load_sources(path)
    assert (source.name, source.homepage, source.languages) == ("The Valley Post", f"{site.url}/", ("en",))
    assert source.seeds() == (("feed", f"{site.url}/rss"), ("sitemap", f"{site.url}/news-map.xml"))
    assert {agent.split("/")[0] for _path, agent in site.asked} == {"Parley"}
    assert "/private/map.xml" not in [asked for asked, _agent in site.asked]
    assert not list(tmp_path.glob("*.db*"))

    again = run("add", site.url, sources=path, allow=site.host)
    assert (again.returncode, load_sources(path)) == (0, (source,))
    assert again.stdout.endswith("nothing was added\n")


def test_add_takes_robots_first_and_once_and_keeps_its_delay(serve: type[Site], tmp_path: Path) -> None:
    site = serve(
        {
            "/robots.txt": "User-agent: *\nCrawl-delay: 1\n",
            "/": HOME.replace("{body}", "").replace("/rss-again", "/rss").replace("/old.xml", "/rss"),
            "/rss": FEED,
        }
    )
    assert run("add", site.url, sources=tmp_path / "sources.toml", allow=site.host).returncode == 0
    paths = [path for path, _agent in site.asked]
    assert paths[:2] == ["/robots.txt", "/"] and paths.count("/robots.txt") == 1
    assert len(paths) >= 4
    pages = site.moments[1:]
    assert min(later - sooner for sooner, later in pairwise(pages)) >= 0.95


def test_add_tries_usual_paths_then_the_front_page(serve: type[Site], tmp_path: Path) -> None:
    plain = "<html><head><title>Hill Times</title></head><body>" + CARDS + "</body></html>"
    with_feed = serve({"/": plain, "/feed.xml": FEED})
    done = run("add", with_feed.url, "--id", "hill", sources=tmp_path / "a.toml", allow=with_feed.host)
    assert done.returncode == 0, done.stdout + done.stderr
    assert load_sources(tmp_path / "a.toml")[0].feeds == (f"{with_feed.url}/feed.xml",)
    assert load_sources(tmp_path / "a.toml")[0].id == "hill"
    without = serve({"/": plain})
    done = run("add", without.url, sources=tmp_path / "b.toml", allow=without.host)
    assert done.returncode == 0, done.stdout + done.stderr
    (source,) = load_sources(tmp_path / "b.toml")
    assert source.seeds() == (("section", f"{without.url}/"),)
    assert source.name == "Hill Times"


def test_add_takes_the_address_of_a_feed(serve: type[Site], tmp_path: Path) -> None:
    site = serve({"/news/rss.xml": FEED})
    done = run("add", f"{site.url}/news/rss.xml", sources=tmp_path / "s.toml", allow=site.host)
    assert done.returncode == 0, done.stdout + done.stderr
    (source,) = load_sources(tmp_path / "s.toml")
    assert (source.name, source.feeds) == ("Valley Post", (f"{site.url}/news/rss.xml",))


def test_add_takes_a_feed_that_is_asleep_when_there_is_no_other(serve: type[Site], tmp_path: Path) -> None:
    site = serve({"/rss": OLD})
    done = run("add", f"{site.url}/rss", sources=tmp_path / "s.toml", allow=site.host)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"old  {site.url}/rss: RSS 2.0, 3 links, newest 20")
    assert load_sources(tmp_path / "s.toml")[0].feeds == (f"{site.url}/rss",)


def test_add_writes_nothing_when_nothing_is_usable_or_asked_not_to(serve: type[Site], tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    empty = serve({"/": "<html><body><p>Under construction</p></body></html>"})
    done = run("add", empty.url, sources=path, allow=empty.host)
    assert (done.returncode, path.exists()) == (1, False)
    assert "nothing to poll was found" in done.stdout
    site = serve({"/rss": FEED})
    done = run("add", f"{site.url}/rss", "--dry-run", sources=path, allow=site.host)
    assert (done.returncode, path.exists()) == (0, False)
    assert f"would be added to 127-0-0-1 in {path}: {site.url}/rss" in done.stdout


def test_the_guard_holds_for_add(serve: type[Site], tmp_path: Path) -> None:
    site = serve({"/": HOME, "/rss": FEED})
    done = run("add", site.url, sources=tmp_path / "s.toml")
    assert done.returncode == 1
    assert "is not on the public internet" in done.stdout
    assert site.asked == []


def test_import_list_export(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    opml = tmp_path / "in.opml"
    opml.write_text(
        '<opml version="1.0"><body><outline text="Hill" xmlUrl="https://hill.example/feed"/>'
        '<outline text="Bad" xmlUrl="ftp://bad.example/"/></body></opml>'
    )
    done = run("import", str(opml), sources=path)
    assert done.returncode == 0
    assert f"1 of 1 seed added to {path}, 0 were listed already" in done.stdout
    assert "in.opml: left out: line 1: not an http(s) link: ftp://bad.example/" in done.stderr
    before = path.read_bytes()
    assert "0 of 1 seed added" in run("import", str(opml), sources=path).stdout
    assert path.read_bytes() == before
    listed = run("list", sources=path).stdout
    assert listed == f"hill  Hill  1 feed\n1 source with 1 seed in {path}\n"
    out = tmp_path / "out.opml"
    assert run("export", str(out), sources=path).returncode == 0
    assert out.read_text() == run("export", sources=path).stdout
    run("import", str(out), sources=tmp_path / "b.toml")
    assert load_sources(tmp_path / "b.toml") == load_sources(path)


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        ([], 2, "say what to do"),
        (["fetch"], 2, "say what to do"),
        (["list"], 2, "there is no such file"),
        (["add"], 2, "needs the address"),
        (["add", "ftp://x.example/"], 2, "not an http(s) URL"),
        (["import", "none.opml"], 2, "none.opml"),
        (["export", "a", "b"], 2, "one file name"),
    ],
)
def test_mistakes_are_explained(tmp_path: Path, args: list[str], code: int, words: str) -> None:
    done = run(*args, sources=tmp_path / "none.toml")
    assert done.returncode == code
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
