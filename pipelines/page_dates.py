"""Decides when a page's article was published and last changed, from all that the page says and shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

from htmldate import find_date
from lxml.html import HtmlElement

from pipelines.dates import Moment, merge_moments, read_moment, to_ascii_digits
from pipelines.head import Head
from pipelines.jsonld import LinkedData, Node, text_of
from pipelines.language_codes import to_two_letters
from pipelines.visible_dates import find_seen_date
from pipelines.written_dates import find_solar_date

_PUBLISHED_METAS = (
    "article:published_time", "og:article:published_time", "og:published_time", "article:published", "published_time",
    "article.published", "rnews:datepublished", "datepublished", "parsely-pub-date", "cxenseparse:recs:publishtime",
    "cxenseparse:publishtime", "dcterms.issued", "dc.date.issued", "dc.terms.issued", "publish-date", "publishdate",
    "publish_date", "publication_date", "publication-date", "pubdate", "pub_date", "publicationdate",
    "originalpublicationdate", "article_date_original", "citation_publication_date", "iso-8601-publish-date",
    "shareaholic:article_published_time", "bt:pubdate",
)  # fmt: skip
_VAGUE_METAS = (
    "sailthru.date", "dcterms.created", "dc.date.created", "dcterms.date", "dc.date", "date", "created",
    "article.created", "creation_date",
)  # fmt: skip
"""Names that do not say which date: of the first publication, the last change, the draft or the printed issue."""
_MODIFIED_METAS = (
    "article:modified_time", "og:article:modified_time", "og:updated_time", "article:updated", "article:modified",
    "article.updated", "dcterms.modified", "dc.date.modified", "datemodified", "lastmod", "last-modified", "modified",
    "parsely-modified-date", "revision_date",
)  # fmt: skip
_DAY_IN_URL = re.compile(r"/((?:19|20)\d\d)[/._-](\d\d?)[/._-](\d\d?)(?!\d)|[/_-]((?:19|20)\d\d)(\d\d)(\d\d)(?!\d)")
_REPUBLISHED = timedelta(days=30)
"""How much older the day in the address must be than the declared one to be the first publication: drafts wait days in
their address, republished pages keep it for years."""

_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Reader:
    """How this page writes dates."""

    day_first: bool
    languages: tuple[str, ...]

    def read_all(self, texts: Iterable[tuple[Any, str]]) -> list[Moment]:
        moments = (read_moment(text, origin, self.day_first, self.languages) for text, origin in texts if text)
        return [moment for moment in moments if moment]


def date_article(
    tree: HtmlElement,
    head: Head,
    data: LinkedData,
    title: str,
    tags: tuple[str, ...],
    latest: datetime,
    hint: str | None = None,
) -> tuple[Moment | None, Moment | None]:
    """Returns when the article was published and when it was last changed, each None when the page does not tell.

    ``tags`` are the page's language tags; ``latest`` is aware, later dates are refused; ``hint`` is the date of a feed.
    """
    reader = _Reader(
        day_first=not any(tag.lower().replace("_", "-").startswith("en-us") for tag in tags),
        languages=tuple(dict.fromkeys(code for tag in tags if (code := to_two_letters(tag)))),
    )
    modified_all = reader.read_all(_modified_texts(head, data))
    feed = reader.read_all([(hint, "feed")])
    times = reader.read_all((text, "time") for text in head.times)
    stated = _state(tree, head, data, title, reader, times)
    # A page whose declared date lies in the future has a wrong clock or is a calendar: guessing would not mend it.
    if not stated and not data.foreign:
        stated = _guess_day(tree, head, latest)
    usable = [moment for moment in stated if merge_moments([moment], latest)]
    if usable:
        # A <time> or a feed may complete a day, never replace what the page declared.
        published = _prefer_instant(merge_moments([*usable, *times, *feed], latest, modified_all), feed)
    else:
        published = merge_moments(feed, latest, modified_all)
    modified = merge_moments(modified_all, latest, usable)
    if published and modified and modified.to_utc() < published.to_utc():
        modified = None
    return published, modified


def _state(
    tree: HtmlElement, head: Head, data: LinkedData, title: str, reader: _Reader, times: list[Moment]
) -> list[Moment]:
    """What the page says of its publication, most trusted first."""
    declared = reader.read_all(_published_texts(head, data))
    vague = reader.read_all(_vague_texts(head, data))
    address = _read_address(head.url)
    if declared:
        return _find_earlier(declared[0], address, tree, title, reader, times) or [*declared, *vague]
    if data.foreign:
        # On a list of articles the dates are those of others.
        return vague
    solar = None if vague else _find_solar_day(tree)
    if solar:
        return [solar]
    seen = find_seen_date(tree, title, reader.day_first, reader.languages)
    first = [seen.moment] if seen and not seen.is_update else []
    last = [seen.moment] if seen and seen.is_update else []
    lone = times[:1] if len({moment.at.date() for moment in times}) == 1 else []
    return [*([address] if address else []), *first, *vague, *last] or lone


def _find_earlier(
    declared: Moment, address: Moment | None, tree: HtmlElement, title: str, reader: _Reader, times: list[Moment]
) -> list[Moment]:
    """The first publication of a page that declares the date of a later one; nothing when there is no trace of it."""
    if address and declared.at.date() - address.at.date() > _REPUBLISHED:
        return [address]
    if not any(declared.at.date() - moment.at.date() > _A_DAY for moment in times):
        return []
    seen = find_seen_date(tree, title, reader.day_first, reader.languages)
    if seen and not seen.is_update and declared.at.date() - seen.moment.at.date() > _A_DAY:
        return [seen.moment]
    return []


def _prefer_instant(published: Moment | None, feed: list[Moment]) -> Moment | None:
    """The feed's exact instant instead of a bare day no more than a day away: days in addresses follow other clocks."""
    if published is None or published.has_time:
        return published
    for moment in feed:
        # Midnight sharp in a feed is a day in disguise.
        exact = moment.is_instant and moment.at.timetz().replace(tzinfo=None) != time.min
        if exact and abs(moment.at.astimezone(UTC).date() - published.at.date()) <= _A_DAY:
            return moment
    return published


def _published_texts(head: Head, data: LinkedData) -> Iterator[tuple[Any, str]]:
    node: Node = data.article or {}
    yield text_of(node.get("datePublished")), "json-ld"
    for key in _PUBLISHED_METAS:
        for value in head.metas.get(key, ()):
            yield value, "meta"
    for value in head.itemprops.get("datepublished", ()):
        yield value, "itemprop"
    for other in data.others:
        yield text_of(other.get("datePublished")), "json-ld"


def _vague_texts(head: Head, data: LinkedData) -> Iterator[tuple[Any, str]]:
    for key in _VAGUE_METAS:
        for value in head.metas.get(key, ()):
            yield value, "meta"
    for other in data.others:
        yield text_of(other.get("uploadDate")), "json-ld"
    yield text_of((data.article or {}).get("dateCreated")), "json-ld"
    for value in head.itemprops.get("datecreated", ()):
        yield value, "itemprop"


def _modified_texts(head: Head, data: LinkedData) -> Iterator[tuple[Any, str]]:
    yield text_of((data.article or {}).get("dateModified")), "json-ld"
    for key in _MODIFIED_METAS:
        for value in head.metas.get(key, ()):
            yield value, "meta"
    for value in head.itemprops.get("datemodified", ()):
        yield value, "itemprop"
    for other in data.others:
        yield text_of(other.get("dateModified")), "json-ld"


def _read_address(url: str) -> Moment | None:
    """The day that stands in an address as year, month and day."""
    found = _DAY_IN_URL.search(url.split("?", 1)[0])
    if found is None:
        return None
    year, month, day = (int(part) for part in found.groups() if part)
    try:
        date(year, month, day)
    except ValueError:
        return None
    return read_moment(f"{year}-{month:02}-{day:02}", "url")


def _find_solar_day(tree: HtmlElement) -> Moment | None:
    """A date of the solar calendar in the opening of the page.

    htmldate knows the Gregorian calendar only, and would take another number for the year.
    """
    texts = islice(tree.itertext("p", "div", "span", "time", "li", "td", "a"), 400)
    solar = find_solar_date(to_ascii_digits(" ".join(" ".join(texts).split())))
    return read_moment(solar, "text") if solar else None


def _guess_day(tree: HtmlElement, head: Head, latest: datetime) -> list[Moment]:
    """A day from anywhere on the page; an error of htmldate is a silent page."""
    try:
        day = find_date(tree, original_date=True, url=head.url, max_date=latest.strftime("%Y-%m-%d"))
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError, KeyError):
        return []
    moment = read_moment(day, "htmldate") if day else None
    return [moment] if moment else []
