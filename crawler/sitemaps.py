"""Reads sitemaps: lists and indexes in XML, Google News sitemaps, plain text, and feeds that serve as sitemaps."""

from __future__ import annotations

import io

from lxml import etree

from crawler.discovery import Discovery, DiscoveryError, Gathering
from crawler.feeds import parse_feed
from crawler.hints import clean_title, read_time
from crawler.mending import cut_broken_end, mend_references
from crawler.sniffing import name_document, name_root, unpack


def parse_sitemap(body: bytes, url: str) -> Discovery:
    """Returns the links or sub-sitemaps of a sitemap, in its order, with UTC date hints.

    ``news:publication_date`` becomes the published hint, ``lastmod`` the modified hint. Takes gzip by its magic bytes.
    A bad entry becomes a problem; a document that is no sitemap raises DiscoveryError.
    https://www.sitemaps.org/protocol.html,
    https://developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap
    """
    body = unpack(body)
    root = name_root(body)
    if root in ("urlset", "sitemapindex"):
        return _parse_xml(body, url)
    if root in ("rss", "feed", "rdf", "channel"):
        return parse_feed(body, url, None)
    if root is None and (found := _parse_text(body, url)):
        return found
    raise DiscoveryError(f"{name_document(body)} where a sitemap was expected")


def _parse_xml(body: bytes, url: str) -> Discovery:
    gathering = Gathering(url)
    n_news = n_items = 0
    broken: str | None = None
    body, is_cut = cut_broken_end(_cut_to_xml(body), ("url", "sitemap"), ("urlset", "sitemapindex"))
    if is_cut:
        gathering.note("the document breaks off before its end")
    # No entities, no DTD, no network: a sitemap needs none of them, and an attack does.
    reader = etree.iterparse(
        io.BytesIO(mend_references(body)),
        events=("end",),
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
    )
    try:
        for _event, element in reader:
            name = etree.QName(element).localname if isinstance(element.tag, str) else ""
            if name not in ("url", "sitemap"):
                continue
            n_items += 1
            if name == "sitemap":
                _add_sitemap(gathering, element, n_items)
            else:
                n_news += _add_page(gathering, element, n_items)
            _forget(element)
            if gathering.is_full():
                gathering.note_full()
                break
        else:
            broken = _first_error(reader)
    except (etree.XMLSyntaxError, ValueError) as error:  # ValueError: a mended name that is none, such as <:>
        broken = str(error)
    if broken is not None and not is_cut:
        gathering.note(f"the XML is broken, and was read as far as possible: {broken[:200]}")
    if gathering.children and not gathering.links:
        return gathering.finish("sitemap index")
    return gathering.finish("news sitemap" if n_news else "sitemap")


def _cut_to_xml(body: bytes) -> bytes:
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body
    return body[max(0, body.find(b"<")) :].replace(b"\x00", b"")


def _first_error(reader: etree.iterparse) -> str | None:
    for entry in reader.error_log:
        if entry.level >= etree.ErrorLevels.ERROR:
            return f"line {entry.line}: {entry.message}"
    return None


def _forget(element: etree._Element) -> None:
    """Frees what has been read: a tree of 50 MiB of XML takes ten times as much memory."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _texts(element: etree._Element) -> dict[str, str]:
    """Returns the text of each child of the element's own namespace (so not ``image:loc``) by its local name."""
    own = etree.QName(element).namespace
    return {
        etree.QName(child).localname: "".join(map(str, child.itertext())).strip()
        for child in element
        if isinstance(child.tag, str) and etree.QName(child).namespace == own and not _has_entity(child)
    }


def _has_entity(element: etree._Element) -> bool:
    return any(node.tag is etree.Entity for node in element)


def _add_sitemap(gathering: Gathering, element: etree._Element, number: int) -> None:
    texts = _texts(element)
    if not texts.get("loc"):
        gathering.note(f"entry {number} has no loc")
        return
    gathering.add_child(texts["loc"], read_time(texts.get("lastmod")))


def _add_page(gathering: Gathering, element: etree._Element, number: int) -> bool:
    """Adds one ``url`` and returns whether it carries a news block."""
    texts = _texts(element)
    news: dict[str, str] = {}
    for child in element:
        if isinstance(child.tag, str) and etree.QName(child).localname == "news":
            news = _texts(child)
    if not texts.get("loc"):
        gathering.note(f"entry {number} has no loc")
        return bool(news)
    gathering.add_link(
        texts["loc"],
        title=clean_title(news.get("title")),
        published=read_time(news.get("publication_date")),
        modified=read_time(texts.get("lastmod")),
    )
    return bool(news)


def _parse_text(body: bytes, url: str) -> Discovery | None:
    """Returns the links of a list with one URL a line, or None when it is no such list."""
    lines = [line.strip() for line in body.decode("utf-8-sig", "replace").splitlines()]
    lines = [line for line in lines if line]
    if not lines or not lines[0].lower().startswith(("http://", "https://")):
        return None
    gathering = Gathering(url)
    for number, line in enumerate(lines, 1):
        if line.lower().startswith(("http://", "https://")):
            gathering.add_link(line)
        else:
            gathering.note(f"line {number} is no web address: {line[:80]}")
    return gathering.finish("plain-text sitemap")
