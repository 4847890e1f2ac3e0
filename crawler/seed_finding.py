"""Finds where a site's feeds and sitemaps may be: link tags, links, usual paths, robots.txt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from crawler.discovery import Found
from crawler.hints import clean_title, clean_url
from crawler.sections import find_base, parse_html
from crawler.sniffing import unpack

_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"})
_LOOSE_TYPES = frozenset({"text/xml", "application/xml", "application/rss", "application/atom", "text/rss"})
_FEED_PATH = re.compile(
    r"(?:^|/)(?:rss|atom|feeds?)(?:[./_][^/]*)?/?$|\.(?:rss|rdf|atom)$|(?:^|/)(?:rss|atom|feed|index)\.(?:xml|json)$",
    re.IGNORECASE,
)
_COMMENTS = re.compile(r"comment|kommentar|comentario|commentaire|комментар|نظر|دیدگاه", re.IGNORECASE)
_USUAL_FEEDS = ("feed/", "rss.xml", "rss", "feed.xml", "atom.xml", "index.xml", "feed.json")
_USUAL_SITEMAPS = ("/sitemap.xml", "/news-sitemap.xml", "/sitemap_index.xml")
_SITEMAP_LINE = re.compile(r"^\s*sitemap\s*:\s*(\S[^#]*?)\s*(?:#.*)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Site:
    """What a site says about itself."""

    name: str | None
    homepage: str
    languages: tuple[str, ...] = ()


def find_seeds(body: bytes, url: str, content_type: str | None = None) -> tuple[Found, ...]:
    """Returns the feeds (and sitemaps) that an HTML page names, link tags before plain links, each URL once.

    Raises DiscoveryError where the bytes are no HTML page. https://www.rssboard.org/rss-autodiscovery
    """
    tree = parse_html(unpack(body), content_type)
    base = find_base(tree, url)
    found: dict[str, Found] = {}

    def add(kind: str, href: str, title: str | None, via: str) -> None:
        try:
            address = clean_url(href, base)
        except ValueError:
            return
        found.setdefault(address, Found("sitemap" if kind == "sitemap" else "feed", address, clean_title(title), via))

    for link in tree.iter("link"):
        rels = set((link.get("rel") or "").lower().split())
        kind = (link.get("type") or "").split(";")[0].strip().lower()
        href = link.get("href")
        if not href:
            continue
        is_feed = kind in _FEED_TYPES or (kind in _LOOSE_TYPES and _FEED_PATH.search(urlsplit(href).path) is not None)
        if (is_feed and rels & {"alternate", "feed"}) or ("feed" in rels and not kind):
            add("feed", href, link.get("title"), "link tag")
        elif "sitemap" in rels:
            add("sitemap", href, link.get("title"), "link tag")
    for anchor in tree.iter("a"):
        href = (anchor.get("href") or "").strip()
        try:
            path = urlsplit(href).path
        except ValueError:
            continue
        if (anchor.get("type") or "").lower() in _FEED_TYPES or _FEED_PATH.search(path):
            add("feed", href, str(anchor.text_content()), "page link")
    return tuple(found.values())


def usual_feed_urls(homepage: str) -> tuple[str, ...]:
    """Returns the addresses at which sites keep a feed by habit: under the homepage's own path, then the host's."""
    root = urlsplit(homepage)
    folders = ["/"]
    if root.path.strip("/"):
        folders.insert(0, "/" + root.path.strip("/") + "/")
    found = [clean_url(folder + name, homepage) for folder in folders for name in _USUAL_FEEDS]
    return tuple(dict.fromkeys(found))


def usual_sitemap_urls(homepage: str) -> tuple[str, ...]:
    """Returns the addresses at which sites keep a sitemap by habit."""
    return tuple(clean_url(path, homepage) for path in _USUAL_SITEMAPS)


def sitemaps_of_robots(robots: str, base: str) -> tuple[str, ...]:
    """Returns the addresses of the ``Sitemap:`` lines of a robots.txt (RFC 9309 section 2.2.4), each once."""
    found: dict[str, None] = {}
    for line in robots.lstrip("\ufeff").splitlines():
        if match := _SITEMAP_LINE.match(line):
            try:
                found[clean_url(match[1], base)] = None
            except ValueError:
                continue
    return tuple(found)


def is_comments_feed(url: str, title: str | None) -> bool:
    """Returns whether a feed carries readers' comments, by its address or title."""
    return bool(_COMMENTS.search(urlsplit(url).path) or _COMMENTS.search(title or ""))


def describe_site(body: bytes, url: str, content_type: str | None = None) -> Site:
    """Returns what a page says about its site: its ``og:site_name``, else the first part of its title; its language."""
    tree = parse_html(unpack(body), content_type)
    name = next((meta.get("content") for meta in tree.iter("meta") if meta.get("property") == "og:site_name"), None)
    if not (name or "").strip():
        title = tree.find(".//head/title")
        name = re.split(r"\s+[-–—|:»·]\s+", str(title.text_content()).strip())[0] if title is not None else None
    language = re.match(r"[a-z]{2,3}(?![a-z])", (tree.get("lang") or "").strip().lower())
    return Site(clean_title(name), clean_url(url, url), (language[0],) if language else ())
