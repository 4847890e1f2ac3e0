"""Pure: an outlet's links -> sitemap, sitemap index or news sitemap (sitemaps.org 0.9, Google news 0.9)."""

from __future__ import annotations

import gzip
from html import escape

from tests.newsroom.feeds import Links
from tests.newsroom.records import Outlet, Seed

_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_NEWS = "http://www.google.com/schemas/sitemap-news/0.9"


def write_sitemap(outlet: Outlet, seed: Seed, links: Links) -> tuple[bytes, str]:
    """Returns (body, content type); a path ending in ``.gz`` gives a gzip file, which is no content coding."""
    if seed.dialect == "index":
        children = [other for other in outlet.seeds if other.kind == "sitemap" and other.path != seed.path]
        inner = "".join(f"<sitemap><loc>{child.url}</loc></sitemap>\n" for child in children)
        return _finish(f'<sitemapindex xmlns="{_SITEMAP}">\n{inner}</sitemapindex>\n'), "application/xml"
    rows = []
    for url, entry in links:
        news = (
            f"<news:news><news:publication><news:name>{escape(outlet.name)}</news:name>"
            f"<news:language>{outlet.language}</news:language></news:publication>"
            f"<news:publication_date>{entry.published.isoformat()}</news:publication_date>"
            f"<news:title>{escape(entry.title)}</news:title></news:news>"
            if seed.dialect == "news"
            else ""
        )
        rows.append(f"<url><loc>{escape(url)}</loc><lastmod>{entry.changed.isoformat()}</lastmod>{news}</url>\n")
    body = _finish(f'<urlset xmlns="{_SITEMAP}" xmlns:news="{_NEWS}">\n{"".join(rows)}</urlset>\n')
    if seed.path.endswith(".gz"):
        return gzip.compress(body, mtime=0), "application/gzip"
    return body, "application/xml"


def _finish(xml: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{xml}'.encode()
