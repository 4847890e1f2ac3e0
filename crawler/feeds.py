"""Reads feeds: RSS 0.9x to 2.0, RDF, Atom and JSON Feed; bytes in, links with hints out."""

from __future__ import annotations

import calendar
import codecs
import io
import json
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import feedparser

from crawler.discovery import Discovery, DiscoveryError, Gathering
from crawler.hints import clean_title, read_time, write_time
from crawler.mending import cut_broken_end, mend_references, mend_tree
from crawler.sniffing import name_document, name_root, unpack

_FEED_ROOTS = frozenset({"rss", "feed", "rdf", "channel"})
_FEED_START = re.compile(rb"<\?xml|<(?:[\w.-]+:)?(?:rss|feed|rdf|channel)(?=[\s>/])", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_JSON_FEED = re.compile(r"https?://(?:www\.)?jsonfeed\.org/version/(\d+(?:\.\d+)?)", re.IGNORECASE)


def parse_feed(body: bytes, url: str, content_type: str | None = None) -> Discovery:
    """Returns the links of a feed in its order, each with title and UTC date hints.

    ``url`` is where the feed was found and resolves relative links; ``content_type`` is the response header, believed
    only for its charset. A bad entry becomes a problem; a document that is no feed raises DiscoveryError.
    RSS: https://www.rssboard.org/rss-specification, Atom: RFC 4287, JSON Feed: https://www.jsonfeed.org/version/1.1/.
    """
    body = unpack(body)
    if body.lstrip(b"\xef\xbb\xbf \t\r\n\x00").startswith((b"{", b"[")):
        return _parse_json_feed(body, url)
    if name_root(body) not in _FEED_ROOTS:
        raise DiscoveryError(f"{name_document(body)} where a feed was expected")
    return _parse_xml_feed(body, url, content_type)


def _parse_xml_feed(body: bytes, url: str, content_type: str | None) -> Discovery:
    if not body.startswith((b"\xff\xfe", b"\xfe\xff")):
        start = _FEED_START.search(body)
        body = body[start.start() :].replace(b"\x00", b"") if start else body
    gathering = Gathering(url)
    body, is_cut = cut_broken_end(body, ("item", "entry"), ("rss", "feed", "rdf", "channel"))
    if is_cut:
        gathering.note("the document breaks off before its end")
    parsed = _read_xml(body, content_type)
    error = _name_error(parsed)
    if error is not None:
        if not is_cut:
            gathering.note(f"the XML is broken, and was read as far as possible: {error}")
        mended = _read_xml(mend_tree(mend_references(body)), None)
        if _name_error(mended) is None and _count_addresses(mended) >= _count_addresses(parsed):
            parsed = mended
    if not parsed.version and not parsed.entries:
        raise DiscoveryError("XML that cannot be read as a feed")
    for number, entry in enumerate(parsed.entries, 1):
        _add_entry(gathering, entry, number)
    return gathering.finish(_KINDS.get(parsed.version or "", "feed"), clean_title(parsed.feed.get("title")))


def _read_xml(body: bytes, content_type: str | None) -> Any:
    """Returns feedparser's reading, its links as written but for ``xml:base``.

    The feed's own address is kept from it: resolved by it, a permalink guid of ``12345`` would pass for a URL.
    """
    headers = {"content-type": _name_type(body, content_type)}
    # BytesIO: given bytes, feedparser would first try them as the name of a file.
    stream = io.BytesIO(body)
    return feedparser.parse(stream, response_headers=headers, sanitize_html=False, resolve_relative_uris=False)


def _count_addresses(parsed: Any) -> int:
    return sum(_choose_address(entry) is not None for entry in parsed.entries)


def _name_error(parsed: Any) -> str | None:
    error = parsed.get("bozo_exception")
    # The exceptions set apart are encodings and content types that feedparser put right.
    if error is None or isinstance(error, feedparser.exceptions.ThingsNobodyCaresAboutButMe):
        return None
    return str(error).removeprefix("<unknown>:")[:200]


_KINDS = {
    "rss090": "RSS 0.90",
    "rss091n": "RSS 0.91",
    "rss091u": "RSS 0.91",
    "rss092": "RSS 0.92",
    "rss093": "RSS 0.93",
    "rss094": "RSS 0.94",
    "rss10": "RSS 1.0",
    "rss20": "RSS 2.0",
    "rss": "RSS",
    "atom01": "Atom 0.1",
    "atom02": "Atom 0.2",
    "atom03": "Atom 0.3",
    "atom10": "Atom",
    "atom": "Atom",
    "cdf": "CDF",
}


def _name_type(body: bytes, content_type: str | None) -> str:
    """Returns the content type to read XML by: what is valid UTF-8 is UTF-8; then the XML counts, then the header."""
    charset = None
    if not body.isascii():
        try:
            body.decode("utf-8")
            charset = "utf-8"
        except UnicodeDecodeError:
            match = _CHARSET.search(content_type or "")
            declared = re.match(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)", body)
            # Servers add a charset of their own; the file was written by who wrote its declaration.
            charset = declared[1].decode() if declared else match[1] if match else None
    if charset is not None:
        try:
            codecs.lookup(charset)
            return f"application/xml; charset={charset}"
        except LookupError:
            pass
    return "application/xml"


def _add_entry(gathering: Gathering, entry: Mapping[str, Any], number: int) -> None:
    title = clean_title(entry.get("title"))
    address = _choose_address(entry)
    if address is None:
        gathering.note(f"entry {number} has no web address" + (f": {title}" if title else ""))
        return
    published = _read_moment(entry, "published") or _read_moment(entry, "created")
    updated = _read_moment(entry, "updated")
    gathering.add_link(address, title=title, published=published or updated, modified=updated)


def _choose_address(entry: Mapping[str, Any]) -> str | None:
    """Returns the address of the page an entry is about, best first; None when it names none."""
    if original := entry.get("feedburner_origlink"):
        return str(original)
    pages = [link for link in entry.get("links") or () if link.get("rel") == "alternate" and link.get("href")]
    pages.sort(key=lambda link: "html" not in (link.get("type") or "text/html"))
    if pages:
        return str(pages[0]["href"])
    for key in ("link", "id"):
        value = str(entry.get(key) or "").strip()
        if value.lower().startswith(("http://", "https://")) and (key == "link" or entry.get("guidislink")):
            return value
    return None


def _read_moment(entry: Mapping[str, Any], key: str) -> str | None:
    # Plain dict access: the feed's own mapping answers for "updated" with "published".
    parsed = dict.get(entry, f"{key}_parsed") if isinstance(entry, dict) else None
    if isinstance(parsed, time.struct_time):
        try:
            return write_time(datetime.fromtimestamp(calendar.timegm(parsed), UTC))
        except (ValueError, OverflowError, OSError):
            return None
    return read_time(dict.get(entry, key)) if isinstance(entry, dict) else None


def _parse_json_feed(body: bytes, url: str) -> Discovery:
    try:
        data = json.loads(body.strip(b"\x00 \t\r\n"))
    except (ValueError, RecursionError) as error:
        raise DiscoveryError(f"JSON that cannot be read, where a feed was expected: {str(error)[:120]}") from None
    match = _JSON_FEED.match(str(data.get("version"))) if isinstance(data, dict) else None
    if match is None or not isinstance(data.get("items"), list):
        raise DiscoveryError("JSON of another kind where a feed was expected")
    gathering = Gathering(url)
    for number, item in enumerate(data["items"], 1):
        if not isinstance(item, dict):
            gathering.note(f"entry {number} is no object")
            continue
        texts = {key: value for key, value in item.items() if isinstance(value, str)}
        address = texts.get("url") or texts.get("external_url")
        if not address and texts.get("id", "").lower().startswith(("http://", "https://")):
            address = texts["id"]
        title = clean_title(texts.get("title"))
        if not address:
            gathering.note(f"entry {number} has no web address" + (f": {title}" if title else ""))
            continue
        modified = read_time(texts.get("date_modified"))
        published = read_time(texts.get("date_published"))
        gathering.add_link(address, title=title, published=published or modified, modified=modified)
    title = data.get("title")
    return gathering.finish(f"JSON Feed {match[1]}", clean_title(title if isinstance(title, str) else None))
