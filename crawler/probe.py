"""Looks at a site nobody has listed yet: which of its feeds and sitemaps are worth polling, and why others are not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider
from scrapy.http.request import NO_CALLBACK

from crawler.discovery import Discovery, Found
from crawler.feeds import parse_feed
from crawler.hints import write_time
from crawler.politeness import Robots, RobotsMiddleware
from crawler.sections import parse_section
from crawler.seed_finding import (
    Site,
    describe_site,
    find_seeds,
    is_comments_feed,
    sitemaps_of_robots,
    usual_feed_urls,
    usual_sitemap_urls,
)
from crawler.sitemaps import parse_sitemap
from crawler.sniffing import DiscoveryError, name_root, unpack
from db.plurals import plural
from db.records import SeedKind
from db.urls import host_of, normalise

if TYPE_CHECKING:
    from scrapy.http import Response
    from scrapy.settings import BaseSettings

ASLEEP_DAYS = 365
"""A feed whose newest entry is older is asleep: it is only added where the site has nothing livelier."""

REQUESTS_MAX = 25
"""Requests one look at a site may cost."""

SECTION_LINKS_MIN = 5
"""Article links a front page must show to be worth polling when a site has neither feed nor sitemap."""

_FEED_ROOTS = ("rss", "feed", "rdf", "channel")
_SITEMAP_ROOTS = ("urlset", "sitemapindex")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one address: usable as a seed of a kind, or the reason why not."""

    url: str
    kind: SeedKind
    form: str
    """What the document is, in words; empty when it could not be read."""
    n_links: int
    newest: str | None
    problem: str | None
    links: frozenset[str] = frozenset()
    asleep: bool = False

    @property
    def usable(self) -> bool:
        """Says whether the address is worth polling."""
        return self.problem is None

    def line(self) -> str:
        """Returns the verdict as one line for the terminal."""
        if not self.form:
            return f"no   {self.url}: {self.problem}"
        noun = "sitemap" if self.form == "sitemap index" else "link"
        count = plural(self.n_links, noun)
        newest = f", newest {self.newest[:10]}" if self.newest else ", undated"
        word = "no " if not self.usable else "old" if self.asleep else "yes"
        remark = self.problem or ("asleep for more than a year" if self.asleep else "")
        return f"{word}  {self.url}: {self.form}, {count}{newest}" + (f" ({remark})" if remark else "")


def judge(url: str, kind: SeedKind, discovery: Discovery, now: datetime, title: str | None = None) -> Verdict:
    """Returns whether a document that could be read is worth polling."""
    newest = discovery.newest()
    n_links = len(discovery.links) + len(discovery.children)
    oldest_alive = write_time(now - timedelta(days=ASLEEP_DAYS)) or ""
    problem = None
    if n_links == 0:
        problem = "nothing in it"
    elif kind == "feed" and is_comments_feed(url, title or discovery.title):
        problem = "a feed of readers' comments"
    elif kind == "section" and n_links < SECTION_LINKS_MIN:
        problem = "too few links that look like articles"
    links = frozenset([*(link.url for link in discovery.links), *(child.url for child in discovery.children)])
    return Verdict(
        url, kind, discovery.kind, n_links, newest, problem, links, newest is not None and newest < oldest_alive
    )


def choose(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Returns the verdicts to add: every different usable feed and news sitemap, else one sitemap, else the front page.

    A feed that only repeats what another one brings is left out, and so is one that is asleep while another is not.
    """
    usable = [verdict for verdict in verdicts if verdict.usable]
    usable = [verdict for verdict in usable if not verdict.asleep] or usable
    chosen: list[Verdict] = []
    for verdict in usable:
        if verdict.kind != "feed" and verdict.form != "news sitemap" and not _is_news_index(verdict):
            continue
        if not any(verdict.kind == other.kind and verdict.links <= other.links for other in chosen):
            chosen.append(verdict)
    for kind in ("sitemap", "section"):
        if not chosen:
            chosen = [verdict for verdict in usable if verdict.kind == kind][:1]
    return tuple(chosen)


def _is_news_index(verdict: Verdict) -> bool:
    return verdict.form == "sitemap index" and "news" in verdict.url.lower().rsplit("/", 1)[-1]


class Probe(Spider):
    """Looks at one address and appends what it finds to the lists it was given; stores nothing.

    Requests go one after the other with the pauses of the crawl, through the same gates: guard, robots.txt, User-Agent.
    """

    name = "probe"

    def __init__(self, url: str, verdicts: list[Verdict], sites: list[Site], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.url = url
        self.verdicts = verdicts
        self.sites = sites
        self.now = datetime.now(UTC)
        self.delay_seconds = 1.0
        self.n_requests = 0
        self.tried: set[str] = set()

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Takes the item pipelines away: they are for articles, and would open the archive file."""
        super().update_settings(settings)
        settings.set("ITEM_PIPELINES", {}, priority="spider")

    async def start(self) -> AsyncIterator[Any]:
        """Looks at the address; everything happens here, one request after the other."""
        self.delay_seconds = self.settings.getfloat("HOST_DELAY_SECONDS", 1.0)
        response = await self.fetch(self.url)
        if isinstance(response, str):
            self.verdicts.append(Verdict(self.url, "section", "", 0, None, response))
            return
        root = name_root(unpack(response.body))
        if root in _FEED_ROOTS or root in _SITEMAP_ROOTS or response.body.lstrip()[:1] == b"{":
            kind: SeedKind = "sitemap" if root in _SITEMAP_ROOTS else "feed"
            verdict = self.read(kind, response)
            self.verdicts.append(verdict)
            self.sites.append(Site(self.title_of(response, kind), self.root_of(response.url), ()))
            return
        await self.look_at_page(response)
        return
        yield  # makes this the async generator that Scrapy expects

    async def look_at_page(self, response: Response) -> None:
        """Tries what a page names, then what sites have by habit, and the page itself as a section."""
        content_type = _content_type(response)
        try:
            named = find_seeds(response.body, response.url, content_type)
            self.sites.append(describe_site(response.body, response.url, content_type))
        except DiscoveryError as error:
            self.verdicts.append(Verdict(response.url, "section", "", 0, None, error.reason))
            return
        tags = [found for found in named if found.via == "link tag"]
        await self.attempt(tags or named[:10])
        if not self.has("feed"):
            habits = [Found("feed", url, None, "usual path") for url in usual_feed_urls(response.url)]
            await self.attempt(habits, until="feed")
        robots = await self.robots_of(response.url)
        lines = "\n".join(f"Sitemap: {url}" for url in robots.rules.sitemaps) if robots and robots.rules else ""
        listed = sitemaps_of_robots(lines, response.url)
        urls = sorted(listed, key=lambda url: "news" not in url.lower())[:5] or usual_sitemap_urls(response.url)
        await self.attempt(Found("sitemap", url) for url in urls)
        if not any(verdict.usable and not verdict.asleep for verdict in self.verdicts):
            self.verdicts.append(self.read("section", response))

    def has(self, kind: SeedKind) -> bool:
        """Says whether a usable seed of this kind was found."""
        return any(verdict.usable and not verdict.asleep and verdict.kind == kind for verdict in self.verdicts)

    async def attempt(self, candidates: Iterable[Found], until: SeedKind | None = None) -> None:
        """Fetches addresses in turn and appends a verdict on each; ``until`` stops at the first usable of a kind."""
        for found in candidates:
            key = normalise(found.url) or found.url
            if key in self.tried or self.n_requests >= REQUESTS_MAX or (until is not None and self.has(until)):
                continue
            self.tried.add(key)
            if found.kind == "feed" and is_comments_feed(found.url, found.title):
                problem = "a feed of readers' comments"
                self.verdicts.append(Verdict(found.url, "feed", "", 0, None, problem))
                continue
            response = await self.fetch(found.url)
            if isinstance(response, str):
                self.verdicts.append(Verdict(found.url, found.kind, "", 0, None, response))
            else:
                self.tried.add(normalise(response.url) or response.url)
                self.verdicts.append(self.read(found.kind, response, found.title))

    async def robots_of(self, url: str) -> Robots | None:
        """Returns the rules of a host that was asked for a page: the crawl's own gate has read them before the page."""
        gate = self.crawler.get_downloader_middleware(RobotsMiddleware)
        asked = gate.known.get(host_of(url)) if gate is not None else None
        return await asked if asked is not None else None

    async def rest(self, url: str) -> None:
        """Waits before another request, as long as the host's Crawl-delay says and at least as the crawl does."""
        robots = await self.robots_of(url)
        await asyncio.sleep(max(self.delay_seconds, robots.delay_seconds if robots else 0.0))

    async def fetch(self, url: str) -> Response | str:
        """Returns the answer, or why there is none worth reading in words; pauses between requests."""
        if self.n_requests:
            await self.rest(url)
        self.n_requests += 1
        meta = {"archive_exempt": True, "download_maxsize": self.settings.getint("SITEMAP_MAX_BYTES", 50 << 20)}
        assert self.crawler.engine is not None
        try:
            request = Request(url, callback=NO_CALLBACK, meta=meta)
            response: Response = await self.crawler.engine.download_async(request)
        except Exception as error:  # DNS, TLS, refusals of guard and robots.txt: each says in its text what it is
            return str(error).strip() or type(error).__name__
        return response if response.status == 200 else f"HTTP {response.status}"

    def read(self, kind: SeedKind, response: Response, title: str | None = None) -> Verdict:
        """Returns the verdict on an answer."""
        url = normalise(response.url) or response.url
        try:
            if kind == "sitemap":
                discovery = parse_sitemap(response.body, response.url)
            elif kind == "feed":
                discovery = parse_feed(response.body, response.url, _content_type(response))
            else:
                discovery = parse_section(response.body, response.url, _content_type(response))
        except DiscoveryError as error:
            return Verdict(url, kind, "", 0, None, error.reason)
        return judge(url, kind, discovery, self.now, title)

    def title_of(self, response: Response, kind: SeedKind) -> str | None:
        """Returns what a feed calls itself."""
        if kind != "feed":
            return None
        try:
            return parse_feed(response.body, response.url, _content_type(response)).title
        except DiscoveryError:
            return None

    def root_of(self, url: str) -> str:
        """Returns the front page of the host of a URL."""
        return f"{url.partition('://')[0]}://{host_of(url)}/"


def _content_type(response: Response) -> str | None:
    value = response.headers.get("Content-Type")
    return value.decode("latin-1") if value else None
