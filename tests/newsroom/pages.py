"""Pure: an entry -> the HTML page of its outlet, by the outlet's own template."""

from __future__ import annotations

import json
from html import escape
from string import Template
from typing import Any

from tests.newsroom.markup import clean_paragraphs, render_inline, render_paragraphs, summarise
from tests.newsroom.records import Entry, Outlet, Seed


def render_article(outlet: Outlet, entry: Entry, others: list[Entry]) -> bytes:
    """Returns the page of one article, paywalled teaser or live blog in the outlet's charset."""
    url = outlet.url(entry.path)
    related = "".join(
        f'<li><a href="{escape(outlet.url(other.path))}">{escape(other.title)}</a></li>'
        for other in others
        if other.path != entry.path
    )
    breaks = "<br><br>\n".join(render_inline(text.removeprefix("## ")) for text in entry.paragraphs)
    html = Template(outlet.template).substitute(
        outlet.strings,
        language=outlet.language,
        direction="rtl" if outlet.right_to_left else "ltr",
        site=escape(outlet.name),
        home=outlet.home,
        url=escape(url),
        title=escape(entry.title),
        summary=escape(summarise(entry)),
        byline=escape(", ".join(entry.authors) or outlet.name),
        authors_itemprop="".join(
            f'<span itemprop="author" itemscope itemtype="http://schema.org/Person">'
            f'<span itemprop="name">{escape(author)}</span></span> '
            for author in entry.authors
        ),
        published=entry.published.isoformat(),
        modified=entry.changed.isoformat(),
        shown_day=f"{entry.published.day} {entry.published:%B %Y}",
        shown_time=f"{entry.published:%H:%M}",
        numeric_day=f"{entry.published:%d.%m.%Y}",
        section=escape(entry.section),
        caption=escape(entry.caption),
        paragraphs=render_paragraphs(entry),
        first=render_paragraphs(entry, 0, 2),
        rest=render_paragraphs(entry, 2),
        breaks=breaks,
        related=f"<ul>{related}</ul>",
        json_ld=_render_json_ld(outlet, entry),
        wall=outlet.strings["wall"] if entry.kind == "paywalled" else "",
        nav=render_nav(outlet),
        alternates=_render_alternates(outlet),
    )
    return _encode(outlet, html)


def render_amp(outlet: Outlet, entry: Entry) -> bytes:
    """Returns the AMP page of an article; its rel=canonical names the article."""
    return _encode(
        outlet,
        f'<!doctype html><html amp lang="{outlet.language}"><head><meta charset="{outlet.charset}">'
        f'<title>{escape(entry.title)}</title><link rel="canonical" href="{outlet.url(entry.path)}">'
        '<meta name="viewport" content="width=device-width"></head>\n'
        f"<body><header>{render_nav(outlet)}</header><article><h1>{escape(entry.title)}</h1>"
        f'<time datetime="{entry.published.isoformat()}">{entry.published:%d.%m.%Y}</time>\n'
        f'{render_paragraphs(entry)}</article><amp-ad width="300" height="250" type="none"></amp-ad></body></html>\n',
    )


def render_listing(outlet: Outlet, title: str, links: list[tuple[str, Entry]]) -> bytes:
    """Returns a front or section page: teasers, no article text."""
    item = Template(outlet.listing_item)
    teasers = "\n".join(
        item.substitute(url=escape(url), title=escape(entry.title), summary=escape(summarise(entry)))
        for url, entry in links
    )
    return _encode(
        outlet,
        f'<!doctype html><html lang="{outlet.language}" dir="{"rtl" if outlet.right_to_left else "ltr"}"><head>'
        f"{_declare_charset(outlet)}<title>{escape(title)}</title>{_render_alternates(outlet)}"
        f'<meta property="og:type" content="website"></head>\n<body><header>{render_nav(outlet)}</header>'
        f"<main><h1>{escape(title)}</h1>\n{teasers}\n</main><footer><p>{outlet.strings['imprint']}</p></footer>"
        "</body></html>\n",
    )


def render_notice(outlet: Outlet, title: str, lines: list[str]) -> bytes:
    """Returns a page that is no article: about, gallery, soft 404, error."""
    inner = "\n".join(lines)
    return _encode(
        outlet,
        f'<!doctype html><html lang="{outlet.language}"><head>{_declare_charset(outlet)}<title>{escape(title)}</title>'
        f"</head><body><header>{render_nav(outlet)}</header><main><h1>{escape(title)}</h1>\n{inner}\n</main>"
        f"<footer><p>{outlet.strings['imprint']}</p></footer></body></html>\n",
    )


def render_gallery(outlet: Outlet, entry: Entry) -> bytes:
    """Returns a photo gallery: figures with short captions and no running text."""
    figures = [
        f'<figure><img src="/img/{number}.jpg" alt=""><figcaption>{escape(text)}</figcaption></figure>'
        for number, text in enumerate(entry.paragraphs, 1)
    ]
    return render_notice(outlet, entry.title, figures)


def render_nav(outlet: Outlet) -> str:
    """Returns the navigation: home, sections, about."""
    sections = [(seed.path, seed.title) for seed in outlet.seeds if seed.kind == "section"]
    links = [("/", outlet.name), *sections, ("/about", outlet.strings["about"])]
    return "<nav><ul>" + "".join(f'<li><a href="{p}">{escape(t)}</a></li>' for p, t in links) + "</ul></nav>"


_MEDIA_TYPES = {"atom": "application/atom+xml", "json": "application/feed+json", "rss10": "application/rdf+xml"}


def _render_alternates(outlet: Outlet) -> str:
    def render(seed: Seed) -> str:
        kind = _MEDIA_TYPES.get(seed.dialect, "application/rss+xml")
        href = seed.path if seed.host == outlet.host else seed.url
        return f'<link rel="alternate" type="{kind}" title="{escape(seed.title)}" href="{href}">'

    return "".join(render(seed) for seed in outlet.seeds if seed.kind == "feed")


def _render_json_ld(outlet: Outlet, entry: Entry) -> str:
    if outlet.json_ld == "none" and entry.kind == "article":
        return ""
    url = outlet.url(entry.path)
    article: dict[str, Any] = {
        "@type": "NewsArticle",
        "@id": f"{url}#article",
        "mainEntityOfPage": url,
        "headline": entry.title,
        "datePublished": entry.published.isoformat(),
        "dateModified": entry.changed.isoformat(),
        "inLanguage": outlet.language,
        "articleSection": entry.section,
        "author": [{"@type": "Person", "name": author} for author in entry.authors],
        "publisher": {"@type": "NewsMediaOrganization", "name": outlet.name, "url": outlet.home},
    }
    if entry.kind == "paywalled":
        article["isAccessibleForFree"] = False
        article["hasPart"] = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".subscribers"}
    if entry.kind == "live":
        article["@type"] = "LiveBlogPosting"
        article["coverageStartTime"] = entry.published.isoformat()
        article["liveBlogUpdate"] = [
            {
                "@type": "BlogPosting",
                "headline": update.headline,
                "datePublished": update.at.isoformat(),
                "articleBody": update.text,
            }
            for update in reversed(entry.updates)
        ]
    if outlet.json_ld != "graph":
        return _script({"@context": "https://schema.org", **article})
    people = [
        {"@type": "Person", "@id": f"{outlet.home}#/person/{number}", "name": author}
        for number, author in enumerate(entry.authors, 1)
    ]
    article["author"] = [{"@id": person["@id"]} for person in people]
    article["articleBody"] = "\n".join(clean_paragraphs(entry))
    article["publisher"] = {"@id": f"{outlet.home}#organization"}
    graph = [
        {"@type": "NewsMediaOrganization", "@id": f"{outlet.home}#organization", "name": outlet.name},
        {"@type": "WebSite", "@id": f"{outlet.home}#website", "url": outlet.home, "datePublished": "2009-03-21"},
        {"@type": "WebPage", "@id": url, "name": f"{entry.title} - {outlet.name}"},
        *people,
        article,
    ]
    return _script({"@context": "https://schema.org", "@graph": graph})


def _script(data: dict[str, Any]) -> str:
    text = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
    return f'<script type="application/ld+json">{text}</script>'


def _declare_charset(outlet: Outlet) -> str:
    return f'<meta charset="{outlet.charset}">' if outlet.declares_charset else ""


def _encode(outlet: Outlet, html: str) -> bytes:
    return html.encode(outlet.charset, "xmlcharrefreplace")
