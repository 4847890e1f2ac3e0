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
from crawler.mending import cut_broken_end, find_fault, mend_tree
from crawler.sniffing import name_document, name_root, unpack

LENIENT_MAX = 512 * 1024
"""Bytes of broken XML that the lenient reader is given."""

TAGS_MAX = 200_000
"""Tags of a feed outside CDATA; no feed within the size limit needs more, and feedparser takes 20 microseconds each."""

_FEED_ROOTS = frozenset({"rss", "feed", "rdf", "channel"})
_FEED_START = re.compile(r"<(?:[?!](?!--)|(?:[\w.-]+:)?(?:rss|feed|rdf|channel)(?=[\s>/]))", re.IGNORECASE)
_DECLARATION = re.compile(r"<\?xml\s[^>]{0,200}\?>")
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
    gathering = Gathering(url)
    text = _decode(body, content_type)
    start = _FEED_START.search(text)
    body = text[start.start() if start else 0 :].encode("utf-8", "replace")
    body, is_cut = cut_broken_end(body, ("item", "entry"), ("rss", "feed", "rdf", "channel"))
    if is_cut:
        gathering.note("the document breaks off before its end")
    if _count_tags(body) > TAGS_MAX:
        raise DiscoveryError(f"XML with more than {TAGS_MAX:,} tags where a feed was expected")
    fault = find_fault(body)
    if fault is None:
        parsed = _read_xml(body)
    else:
        if not is_cut:
            gathering.note(f"the XML is broken, and was read as far as possible: {fault}")
        parsed = _read_broken(body)
    if not parsed.version and not parsed.entries:
        raise DiscoveryError("XML that cannot be read as a feed")
    for number, entry in enumerate(parsed.entries, 1):
        _add_entry(gathering, entry, number)
    return gathering.finish(_KINDS.get(parsed.version or "", "feed"), clean_title(parsed.feed.get("title")))


def _read_broken(body: bytes) -> Any:
    """Returns the reading of broken XML that finds more: mended and read strictly, or read leniently as it is.

    The lenient reader takes up to 8 seconds a megabyte of tag soup, so a large document only gets the first.
    """
    mended = mend_tree(body)
    readings = []
    if find_fault(mended) is None:
        readings.append(_read_xml(mended))
    if len(body) <= LENIENT_MAX:
        readings.append(_read_xml(body))
    if not readings:
        raise DiscoveryError("XML that is too broken to be read as a feed")
    return max(readings, key=_count_addresses)


def _decode(body: bytes, content_type: str | None) -> str:
    """Returns the text of XML without its declaration: UTF-16 by its mark, valid UTF-8 as that, the rest as declared.

    The document's own declaration goes before the header's: servers add a charset of their own. What is still unknown
    is Windows-1252, as browsers have it (https://encoding.spec.whatwg.org/#names-and-labels).
    """
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = body.decode("utf-16", "replace")
    else:
        declared = re.search(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]+)", body[:65536])
        match = _CHARSET.search(content_type or "")
        names = ("utf-8", declared[1].decode("ascii", "ignore") if declared else None, match[1] if match else None)
        text = next(
            (read for name in names if name and (read := _try_decode(body, name)) is not None), None
        ) or body.decode("windows-1252", "replace")
    return _DECLARATION.sub("", text.replace("\x00", ""), count=1)


def _try_decode(body: bytes, charset: str) -> str | None:
    try:
        # A few bad bytes do not make a declared charset wrong; but everything passes for Latin-1.
        return body.decode(charset, "strict" if charset == "utf-8" else "replace")
    except (LookupError, UnicodeError, ValueError, TypeError):
        return None


def _read_xml(body: bytes) -> Any:
    """Returns feedparser's reading of UTF-8, its links as written but for ``xml:base``.

    The feed's own address is kept from it: resolved by it, a permalink guid of ``12345`` would pass for a URL.
    """
    headers = {"content-type": "application/xml; charset=utf-8"}
    # BytesIO: given bytes, feedparser would first try them as the name of a file.
    stream = io.BytesIO(body)
    return feedparser.parse(stream, response_headers=headers, sanitize_html=False, resolve_relative_uris=False)


def _count_tags(body: bytes) -> int:
    first, *others = body.split(b"<![CDATA[")
    return first.count(b"<") + sum(piece.partition(b"]]>")[2].count(b"<") for piece in others)


def _count_addresses(parsed: Any) -> int:
    return sum(_choose_address(entry) is not None for entry in parsed.entries)


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
