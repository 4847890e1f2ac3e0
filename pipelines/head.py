"""Reads in one pass what a page says about itself: meta tags, links, microdata, headings and JSON-LD scripts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from lxml.html import HtmlElement

from pipelines.jsonld import clean_text

_MAX_TEXT = 2_000
_MAX_HEADINGS = 40
_PROPERTIES = {
    "headline", "datepublished", "datecreated", "datemodified", "author", "isaccessibleforfree", "articlesection",
    "image", "description", "inlanguage",
}  # fmt: skip


@dataclass(slots=True)
class Head:
    """The page's own statements, raw and in document order."""

    url: str
    metas: dict[str, list[str]] = field(default_factory=dict)
    """Lower-case ``property`` or ``name`` -> contents."""
    itemprops: dict[str, list[str]] = field(default_factory=dict)
    """Lower-case microdata property -> values."""
    times: list[str] = field(default_factory=list)
    """``datetime`` of ``<time>`` elements."""
    scripts: list[str] = field(default_factory=list)
    h1s: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    """Texts of h2 and h3, the first of them: some templates keep the h1 for the site's name."""
    title: str = ""
    language: str = ""
    canonical: str | None = None

    def first(self, *names: str) -> str:
        """Returns the first non-empty content among the named meta tags, in the order of the names."""
        return next((value for name in names for value in self.metas.get(name, ()) if value), "")

    def every(self, *names: str) -> list[str]:
        """Returns all non-empty contents of the named meta tags, in the order of the names."""
        return [value for name in names for value in self.metas.get(name, ()) if value]


def read_head(tree: HtmlElement, url: str) -> Head:
    """Returns the page's statements about itself. ``url`` is the address that answered, for relative links."""
    head = Head(url=url, language=(tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or ""))
    head.language = head.language or tree.get("xml:lang") or ""
    canonicals: list[str] = []
    base = url
    for element in tree.iter("meta", "link", "script", "h1", "h2", "h3", "title", "time", "base"):
        tag = element.tag
        if tag == "meta":
            _read_meta(element, head)
        elif tag == "link":
            if "canonical" in (element.get("rel") or "").lower().split():
                canonicals.append(element.get("href") or "")
        elif tag == "script":
            if "ld+json" in (element.get("type") or "").lower() and element.text:
                head.scripts.append(element.text)
        elif tag in ("h1", "h2", "h3"):
            _read_heading(element, head)
        elif tag == "time":
            if element.get("datetime") and len(head.times) < 20:
                head.times.append(element.get("datetime") or "")
        elif tag == "title":
            # An inline SVG has a <title> too; the page's own comes first.
            head.title = head.title or clean_text((element.text_content() or "")[:_MAX_TEXT])
        elif element.get("href"):
            base = make_absolute(element.get("href"), url) or url
    for element in tree.xpath("//*[@itemprop]"):
        _read_itemprop(element, head)
    head.canonical = next(
        (found for href in [*canonicals, *head.every("og:url")] if (found := make_absolute(href, base))), None
    )
    return head


def _read_meta(element: HtmlElement, head: Head) -> None:
    content = (element.get("content") or "").strip()
    if not content:
        return
    for attribute in ("property", "name", "http-equiv"):
        name = (element.get(attribute) or "").strip().lower()
        if name:
            head.metas.setdefault(name, []).append(content[:_MAX_TEXT])


def _read_heading(element: HtmlElement, head: Head) -> None:
    texts = head.h1s if element.tag == "h1" else head.headings
    if len(texts) >= _MAX_HEADINGS:
        return
    # Templates built by scripts put style sheets even into headings.
    hidden = {text for inner in element.iter("style", "script") for text in inner.itertext()}
    text = clean_text(" ".join(text for text in element.itertext() if text not in hidden)[:_MAX_TEXT])
    if text:
        texts.append(text)


def _read_itemprop(element: HtmlElement, head: Head) -> None:
    for name in (element.get("itemprop") or "").lower().split():
        if name not in _PROPERTIES or len(head.itemprops.setdefault(name, [])) >= 20:
            continue
        value = element.get("content") or element.get("datetime")
        if not value and name == "author":
            # A nested Person carries the name; the block around it also holds roles and links.
            inner = element.xpath(".//*[@itemprop='name']")
            value = (inner[0].get("content") or inner[0].text_content()) if inner else None
        if not value and name == "image":
            value = element.get("src") or element.get("href")
        if not value:
            value = element.text_content()
        value = clean_text(value[:_MAX_TEXT])
        if value:
            head.itemprops[name].append(value)


def make_absolute(href: str | None, base: str) -> str | None:
    """Returns an absolute http(s) URL without fragment, None for anything else (``javascript:``, ``data:``, junk)."""
    href = re.sub(r"[\t\r\n]", "", href or "").strip()
    if not href or len(href) > 4_000:
        return None
    try:
        joined = urljoin(base, href)
        parts = urlsplit(joined)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not host or any(char <= " " for char in host):
        return None
    return joined.split("#", 1)[0].replace(" ", "%20")
