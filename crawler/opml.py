"""Lists of feeds as other readers know them: OPML 1.0 and 2.0, in and out.

https://opml.org/spec2.opml. What OPML has no word for (ids, sitemaps, sections) travels in attributes of a namespace of
its own, which the specification allows and other readers ignore.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from lxml import etree

from crawler.hints import clean_title, clean_url
from crawler.mending import mend_references
from crawler.sniffing import name_document
from crawler.sources import make_id, replace_seeds
from db.records import SEED_KINDS, SeedKind, Source
from pipelines.toml_file import ConfigError

_NAMESPACE = "urn:parley:opml"
_OWN = f"{{{_NAMESPACE}}}"


@dataclass(slots=True)
class _Group:
    """The outlines of one outlet."""

    homepage: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    titles: list[str] = field(default_factory=list)
    languages: dict[str, None] = field(default_factory=dict)
    seeds: dict[SeedKind, dict[str, None]] = field(default_factory=lambda: {kind: {} for kind in SEED_KINDS})


def read_opml(path: Path | str) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """Returns (sources, problems) of an OPML file; one that is missing or no OPML raises ConfigError."""
    path = Path(path)
    try:
        body = path.read_bytes()
    except OSError as error:
        raise ConfigError(path, f"the file cannot be read ({error.strerror}); check the path") from error
    return parse_opml(body, path)


def parse_opml(body: bytes, path: Path | str = "OPML") -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """Returns (sources, problems) of OPML bytes: the outlines of one homepage, or of one host, make one source.

    Folders may nest; titles and ``htmlUrl`` may be missing. Ids come from the host and are unique. An outline whose
    address is no http(s) URL becomes a problem. Raises ConfigError, naming ``path``, where the bytes are no OPML.
    """
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True
    )
    try:
        root = etree.fromstring(mend_references(body.lstrip(b"\xef\xbb\xbf \t\r\n")), parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None or etree.QName(root).localname.lower() != "opml":
        raise ConfigError(
            Path(path), f"{name_document(body)} where an OPML file was expected; export one from a feed reader"
        )
    groups: dict[str, _Group] = {}
    problems: list[str] = []
    for outline in root.iter("{*}outline"):
        try:
            _read_outline(outline, groups)
        except ValueError as error:
            problems.append(f"line {outline.sourceline}: {error}")
    sources: list[Source] = []
    for group in groups.values():
        sources.append(_make_source(group, {source.id for source in sources}))
    return tuple(sources), tuple(problems)


def _read_outline(outline: etree._Element, groups: dict[str, _Group]) -> None:
    attributes = {str(name).lower(): str(value).strip() for name, value in outline.attrib.items()}
    kind = attributes.get(f"{_OWN}kind", "feed")
    raw = attributes.get("xmlurl") or (attributes.get("url") if f"{_OWN}kind" in attributes else None)
    own = _find_own_folder(outline)
    if not raw:
        if f"{_OWN}id" in attributes and len(outline) == 0:
            groups.setdefault(attributes[f"{_OWN}id"], _Group("", attributes))
        elif attributes.get("type", "").lower() in ("rss", "atom"):
            raise ValueError(
                f"a feed without xmlUrl: {attributes.get('text') or attributes.get('title') or 'no title'}"
            )
        return
    address = clean_url(re.sub(r"^feed:(?://)?(?=https?:)|^feed:(?=//)", "", raw), "http:")
    if kind not in SEED_KINDS:
        raise ValueError(f"not a kind of seed: {kind}")
    homepage = f"{address.split('://')[0]}://{urlsplit(address).netloc}/"
    if attributes.get("htmlurl"):
        with suppress(ValueError):  # the feed is good all the same
            homepage = clean_url(attributes["htmlurl"], address)
    key = own[f"{_OWN}id"] if own else homepage.split("://")[1].removeprefix("www.").rstrip("/")
    group = groups.setdefault(key, _Group(homepage, own or {}))
    group.seeds[kind][address] = None
    if title := clean_title(attributes.get("title") or attributes.get("text")):
        group.titles.append(title)
    if match := re.match(r"[a-z]{2,3}(?![a-z])", attributes.get("language", "").lower()):
        group.languages[match[0]] = None


def _find_own_folder(outline: etree._Element) -> dict[str, str] | None:
    for parent in outline.iterancestors("{*}outline"):
        if parent.get(f"{_OWN}id"):
            return {str(name).lower(): str(value).strip() for name, value in parent.attrib.items()}
    return None


def _make_source(group: _Group, taken: set[str]) -> Source:
    own = {name.removeprefix(_OWN): value for name, value in group.attributes.items() if name.startswith(_OWN)}
    seeds = {kind: tuple(urls) for kind, urls in group.seeds.items()}
    if own and re.fullmatch(r"[a-z0-9]+(?:[-.][a-z0-9]+)*", own.get("id", "")) and own["id"] not in taken:
        source = Source(
            id=own["id"],
            name=clean_title(group.attributes.get("text")) or own["id"],
            homepage=own.get("homepage") or None,
            country=own.get("country") or None,
            languages=tuple(own.get("languages", "").split()),
            enabled=own.get("enabled") != "false",
            since=own.get("since") or None,
            note=own.get("note") or None,
        )
        return replace_seeds(source, seeds)
    source_id = make_id(group.homepage, taken)
    name = _name_group(group.titles) or source_id
    source = Source(id=source_id, name=name, homepage=group.homepage, languages=tuple(group.languages))
    return replace_seeds(source, seeds)


def _name_group(titles: list[str]) -> str | None:
    """Returns what the titles of an outlet's feeds share ("Daily - World", "Daily - Sport": "Daily"), or None."""
    if len(set(titles)) <= 1:
        return titles[0] if titles else None
    shared = titles[0]
    while not all(title.startswith(shared) for title in titles):
        shared = shared[:-1]
    if any(len(title) > len(shared) and title[len(shared)].isalnum() for title in titles):
        shared = re.sub(r"\w+$", "", shared)
    shared = shared.strip(" -–—|:,/·»>(")
    return shared if len(shared) >= 3 else None


def write_opml(sources: Iterable[Source], title: str = "Sources") -> bytes:
    """Returns an OPML 2.0 file: a folder for each source, an outline for each seed. `parse_opml` reads it back whole.

    Archives that are files of this machine are left out; they mean nothing elsewhere.
    """
    root = etree.Element("opml", {"version": "2.0"}, nsmap={"parley": _NAMESPACE})
    etree.SubElement(etree.SubElement(root, "head"), "title").text = title
    body = etree.SubElement(root, "body")
    for source in sources:
        folder = etree.SubElement(body, "outline", {"text": source.name, "title": source.name})
        own = {
            "id": source.id,
            "homepage": source.homepage,
            "country": source.country,
            "languages": " ".join(source.languages),
            "enabled": None if source.enabled else "false",
            "since": source.since,
            "note": source.note,
        }
        for name, value in own.items():
            if value:
                folder.set(_OWN + name, value)
        for kind, url in source.seeds():
            if url.lower().startswith(("http://", "https://")):
                folder.append(_write_seed(source, kind, url))
    return etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)


def _write_seed(source: Source, kind: SeedKind, url: str) -> etree._Element:
    if kind != "feed":
        return etree.Element(
            "outline", {"text": f"{source.name} ({kind})", "type": "link", "url": url, _OWN + "kind": kind}
        )
    attributes = {"text": source.name, "title": source.name, "type": "rss", "xmlUrl": url}
    if source.homepage:
        attributes["htmlUrl"] = source.homepage
    if len(source.languages) == 1:
        attributes["language"] = source.languages[0]
    return etree.Element("outline", attributes)
