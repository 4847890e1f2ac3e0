"""Pure: an outlet's links -> the bytes of a feed in one of six dialects.

Sources: RSS 0.91 (Netscape), RSS 1.0 (web.resource.org), RSS 2.0 (rssboard.org), RFC 4287 (Atom), jsonfeed.org 1.1.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from html import escape

from tests.newsroom.markup import render_paragraphs, summarise
from tests.newsroom.records import Entry, Outlet, Seed

Links = list[tuple[str, Entry]]


def write_feed(outlet: Outlet, seed: Seed, links: Links) -> tuple[bytes, str]:
    """Returns (body, content type) of a feed."""
    body, content_type = _WRITERS[seed.dialect](outlet, seed, links)
    if body.startswith("<"):
        declared = f' encoding="{outlet.charset}"' if outlet.declares_charset else ""
        body = f'<?xml version="1.0"{declared}?>\n{body}'
    return body.encode(outlet.charset, "xmlcharrefreplace"), content_type


def _write_rss_091(outlet: Outlet, seed: Seed, links: Links) -> tuple[str, str]:
    items = "".join(
        f"<item><title>{escape(entry.title)}</title><link>{escape(url)}</link>"
        f"<description>{escape(summarise(entry))}</description></item>\n"
        for url, entry in links
    )
    return (
        f'<rss version="0.91"><channel>\n<title>{escape(seed.title)}</title><link>{outlet.home}</link>'
        f"<description>{escape(outlet.name)}</description><language>{outlet.language}</language>\n"
        f"{items}</channel></rss>\n",
        "text/xml",
    )


def _write_rss_10(outlet: Outlet, seed: Seed, links: Links) -> tuple[str, str]:
    order = "".join(f'<rdf:li rdf:resource="{escape(url)}"/>' for url, _ in links)
    items = "".join(
        f'<item rdf:about="{escape(url)}"><title>{escape(entry.title)}</title><link>{escape(url)}</link>'
        f"<description>{escape(summarise(entry))}</description><dc:date>{entry.changed.isoformat()}</dc:date>"
        + "".join(f"<dc:creator>{escape(author)}</dc:creator>" for author in entry.authors)
        + "</item>\n"
        for url, entry in links
    )
    return (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
        f'<channel rdf:about="{seed.url}"><title>{escape(seed.title)}</title><link>{outlet.home}</link>'
        f"<description>{escape(outlet.name)}</description><items><rdf:Seq>{order}</rdf:Seq></items></channel>\n"
        f"{items}</rdf:RDF>\n",
        "application/rdf+xml",
    )


def _write_rss_20(outlet: Outlet, seed: Seed, links: Links) -> tuple[str, str]:
    items = [
        f"<item><title>{escape(entry.title)}</title><link>{escape(url)}</link>"
        f'<guid isPermaLink="false">{outlet.id}:{escape(entry.path)}</guid>'
        f"<pubDate>{format_datetime(entry.published)}</pubDate>"
        f"<description>{escape(summarise(entry))}</description>"
        + "".join(f"<dc:creator>{escape(author)}</dc:creator>" for author in entry.authors)
        + (
            f"<content:encoded><![CDATA[{render_paragraphs(entry)}]]></content:encoded>"
            if seed.full_text and entry.paragraphs
            else ""
        )
        + "</item>\n"
        for url, entry in links
    ]
    for number, url in enumerate(seed.bad_links):
        bad = f"<item><title>Syndication error {number + 1}</title><link>{escape(url)}</link></item>\n"
        items.insert(1 + 2 * number, bad)
    return (
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom"><channel>\n'
        f"<title>{escape(seed.title)}</title><link>{outlet.home}</link>"
        f'<atom:link rel="self" type="application/rss+xml" href="{seed.url}"/>'
        f"<description>{escape(outlet.name)}</description><language>{outlet.language}</language><ttl>30</ttl>\n"
        f"{''.join(items)}</channel></rss>\n",
        "application/rss+xml",
    )


def _write_atom(outlet: Outlet, seed: Seed, links: Links) -> tuple[str, str]:
    entries = "".join(
        f"<entry><title>{escape(entry.title)}</title>"
        f'<link rel="alternate" href="{escape(url.removeprefix(outlet.home))}"/><id>{escape(url)}</id>'
        f"<published>{entry.published.isoformat()}</published><updated>{entry.changed.isoformat()}</updated>"
        + "".join(f"<author><name>{escape(author)}</name></author>" for author in entry.authors)
        + f"<summary>{escape(summarise(entry))}</summary></entry>\n"
        for url, entry in links
    )
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="{outlet.home}">\n<title>{escape(seed.title)}</title>'
        f'<id>{seed.url}</id><link href="/"/><link rel="self" href="{seed.path}"/>'
        f"<author><name>{escape(outlet.name)}</name></author>"
        f"<updated>{latest_change(links).isoformat()}</updated>\n{entries}</feed>\n",
        "application/atom+xml",
    )


def _write_json_feed(outlet: Outlet, seed: Seed, links: Links) -> tuple[str, str]:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": seed.title,
        "home_page_url": outlet.home,
        "feed_url": seed.url,
        "language": outlet.language,
        "items": [
            {
                "id": url,
                "url": url,
                "title": entry.title,
                "summary": summarise(entry),
                "content_html": render_paragraphs(entry) if seed.full_text else f"<p>{escape(summarise(entry))}</p>",
                "date_published": entry.published.isoformat(),
                "date_modified": entry.changed.isoformat(),
                "authors": [{"name": author} for author in entry.authors],
            }
            for url, entry in links
        ],
    }
    return json.dumps(feed, ensure_ascii=False, indent=1), "application/feed+json"


def latest_change(links: Links) -> datetime:
    """Returns the newest change among the linked entries. Raises ValueError for no links."""
    return max(entry.changed for _, entry in links)


_WRITERS: dict[str, Callable[[Outlet, Seed, Links], tuple[str, str]]] = {
    "rss091": _write_rss_091,
    "rss10": _write_rss_10,
    "rss20": _write_rss_20,
    "atom": _write_atom,
    "json": _write_json_feed,
}
