"""Atom feeds (RFC 4287). Pure: records in, bytes out; any text gives a well-formed feed, no entries an empty one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote
from xml.etree import ElementTree

MEDIA_TYPE = "application/atom+xml; charset=utf-8"
_ATOM = "http://www.w3.org/2005/Atom"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped (https://www.w3.org/TR/xml/#charsets)."""
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")

ElementTree.register_namespace("", _ATOM)


@dataclass(frozen=True, slots=True)
class Entry:
    """One story. Times are ISO-8601 UTC, addresses absolute."""

    id: str
    title: str
    url: str
    updated: str
    published: str | None = None
    original_url: str = ""
    """The article at its outlet; empty where a link to it would not be safe."""
    authors: Sequence[str] = ()
    outlet: str = ""
    summary: str = ""
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed of stories, the newest first."""

    id: str
    title: str
    self_url: str
    page_url: str
    updated: str
    entries: Sequence[Entry] = ()


def mint_tag(archive: str, born: str, *path: str) -> str:
    """Returns a ``tag:`` URI (RFC 4151) for something in an archive, the same wherever and however the site is served.

    ``archive`` tells archives apart, ``born`` is the day it was made. The authority is a name that nobody can own
    (RFC 6761): an archive has no domain.
    """
    return f"tag:parley.invalid,{born}:{archive}/{'/'.join(quote(part, safe='', errors='replace') for part in path)}"


def clean_text(text: str | None) -> str:
    """Returns text without the characters that XML cannot hold."""
    return _NO_XML.sub("", text or "")


def render_feed(feed: Feed) -> bytes:
    """Returns the feed as a UTF-8 document."""
    root = ElementTree.Element(f"{{{_ATOM}}}feed")
    _add(root, "id", feed.id)
    _add(root, "title", clean_text(feed.title).strip() or "Stories")
    _add(root, "updated", feed.updated)
    _add(_add(root, "author"), "name", "Parley")
    _add(root, "link", rel="self", type="application/atom+xml", href=feed.self_url)
    _add(root, "link", rel="alternate", type="text/html", href=feed.page_url)
    for entry in feed.entries:
        _add_entry(root, entry)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _add_entry(root: ElementTree.Element, entry: Entry) -> None:
    node = _add(root, "entry")
    if entry.language and _LANGUAGE.fullmatch(entry.language):
        node.set(_XML_LANG, entry.language)
    _add(node, "id", entry.id)
    _add(node, "title", clean_text(entry.title).strip() or "Without a headline")
    _add(node, "link", rel="alternate", type="text/html", href=entry.url)
    if entry.original_url:
        _add(node, "link", rel="via", href=entry.original_url)
    _add(node, "updated", entry.updated)
    if entry.published:
        _add(node, "published", entry.published)
    for name in entry.authors or [entry.outlet or "Unknown"]:
        _add(_add(node, "author"), "name", name)
    if entry.outlet:
        _add(_add(node, "source"), "title", entry.outlet)
    if entry.summary:
        _add(node, "summary", entry.summary)


def _add(parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
    node = ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}")
    for key, value in attributes.items():
        node.set(key, clean_text(value))
    if text is not None:
        node.text = clean_text(text)
    return node
