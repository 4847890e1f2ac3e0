"""Pure: what a perfect crawl of the newsroom would know, and the source lists that lead to it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from typing import Any

from tests.newsroom.markup import clean_paragraphs
from tests.newsroom.records import FATE_OF_KIND, Entry, Fate, Outlet, format_utc


def tell_truth(outlets: Iterable[Outlet], stage: int) -> dict[str, Any]:
    """Returns the golden record of a stage.

    ``links``: absolute URL -> source, fate, ``same_as`` (canonical URL of the article a variant shows; among the URLs
    that share one, exactly one becomes ``article`` and the rest ``duplicate_url``, whichever is fetched first), seeds,
    ``temporary`` (robots.txt answers 5xx: RFC 9309 forbids the host for now, so ``pending`` is as right as blocked).
    ``articles``: canonical URL -> title, authors, published_at (UTC), published_raw, language, on_topic, wire, series,
    paywalled, live, corrected, paragraphs. No authors means that the byline names only the outlet.
    ``bad_links``: what feeds wrote where a URL belongs; never to be fetched.
    ``furniture``: navigation links of section pages, which are no articles whether or not a crawler follows them.
    """
    links: dict[str, Any] = {}
    articles: dict[str, Any] = {}
    bad_links: list[str] = []
    furniture: list[str] = []
    for outlet in outlets:
        furniture += [outlet.home, outlet.url("/about")]
        for seed in outlet.seeds:
            bad_links += seed.bad_links
            furniture += [seed.url] if seed.kind == "section" else []
            for url, entry in outlet.mentioned(seed, stage):
                row = links.setdefault(url, _describe_link(outlet, url, entry))
                row["seeds"].append(seed.url)
                if row["fate"] in {"article", "paywalled"}:
                    articles[url] = _describe_article(outlet, entry, stage)
                elif row["fate"] == "duplicate_url":
                    articles[outlet.url(entry.path)] = _describe_article(outlet, entry, stage)
    return {
        "stage": stage,
        "links": dict(sorted(links.items())),
        "articles": dict(sorted(articles.items())),
        "bad_links": sorted(set(bad_links)),
        "furniture": sorted(set(furniture)),
    }


def _describe_link(outlet: Outlet, url: str, entry: Entry) -> dict[str, Any]:
    path = url.removeprefix(outlet.home.rstrip("/"))
    fate: Fate = FATE_OF_KIND[entry.kind]
    if outlet.forbids(path):
        fate = "blocked_by_robots"
    elif path != entry.path:
        fate = "duplicate_url"
    return {
        "source": outlet.id,
        "fate": fate,
        "kind": entry.kind,
        "same_as": outlet.url(entry.path) if entry.variants else None,
        "temporary": outlet.robots_status >= 500,
        "seeds": [],
    }


def _describe_article(outlet: Outlet, entry: Entry, stage: int) -> dict[str, Any]:
    return {
        "source": outlet.id,
        "title": entry.title,
        "authors": list(entry.authors),
        "published_at": format_utc(entry.published),
        "published_raw": entry.published.isoformat(),
        "language": outlet.language,
        "section": entry.section,
        "on_topic": entry.on_topic,
        "wire": entry.wire,
        "series": entry.series,
        "paywalled": entry.kind == "paywalled",
        "live": entry.kind == "live",
        "corrected": bool(entry.correction) and stage >= 2,
        "paragraphs": clean_paragraphs(entry),
    }


def write_sources(outlets: Iterable[Outlet]) -> str:
    """Returns ``sources.toml``: one ``[[source]]`` an outlet, in the format of the project's own file."""
    blocks = []
    for outlet in outlets:
        lists = {
            kind: [seed.url for seed in outlet.seeds if f"{seed.kind}s" == kind and seed.listed]
            for kind in ("feeds", "sitemaps", "sections")
        }
        fields: dict[str, str | list[str]] = {
            "id": outlet.id,
            "name": outlet.name,
            "homepage": outlet.home,
            "country": outlet.country,
            "languages": [outlet.language],
            **{kind: urls for kind, urls in lists.items() if urls},
        }
        # JSON strings and arrays of strings are valid TOML.
        rows = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items()]
        blocks.append("[[source]]\n" + "\n".join(rows) + "\n")
    return "\n".join(blocks)


def write_opml(outlets: Iterable[Outlet]) -> str:
    """Returns OPML 2.0 with a folder a country; an outlet without feeds is an outline of type ``link``."""
    folders: dict[str, list[str]] = {}
    for outlet in outlets:
        rows = folders.setdefault(outlet.country, [])
        about = f'title="{escape(outlet.name)}" language="{outlet.language}" htmlUrl="{outlet.home}"'
        feeds = [seed for seed in outlet.seeds if seed.kind == "feed"]
        rows += [
            f'<outline type="rss" text="{escape(seed.title)}" {about} xmlUrl="{escape(seed.url)}"/>' for seed in feeds
        ]
        if not feeds:
            rows.append(f'<outline type="link" text="{escape(outlet.name)}" {about} url="{outlet.home}"/>')
    inner = "\n".join(f'<outline text="{key}">\n' + "\n".join(rows) + "\n</outline>" for key, rows in folders.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0"><head><title>The newsroom</title></head><body>\n'
        f"{inner}\n</body></opml>\n"
    )
