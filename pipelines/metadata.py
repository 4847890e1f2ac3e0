"""Merges a page's scattered statements about itself into one record, the most trusted first.

The order and its measured worth: docs/extraction.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml.html import HtmlElement

from pipelines.bylines import is_full_name, read_authors, split_names, unite
from pipelines.dates import Moment
from pipelines.head import Head, make_absolute
from pipelines.jsonld import LinkedData, Node, clean_text, kinds, read_linked_data, strings_of, text_of
from pipelines.marked_bylines import find_marked_byline
from pipelines.page_dates import date_article
from pipelines.titles import choose_title, fold_title, measure_agreement, name_site, plain_title
from pipelines.visible_bylines import find_byline

_AUTHOR_METAS = (
    "author", "parsely-author", "article:author", "article:author_name", "sailthru.author", "dc.creator",
    "dcterms.creator", "dc.creator.creator", "cxenseparse:author", "byl", "article.author", "citation_author",
    "authors",
    "rbauthors", "shareaholic:article_author_name", "og:article:author",
)  # fmt: skip
_SECTION_METAS = ("article:section", "og:article:section", "parsely-section", "section", "article.section", "category")


@dataclass(slots=True)
class Metadata:
    """What a page says about its article, merged."""

    title: str
    headlines: tuple[str, ...]
    """Every form of the headline, for finding its echo in the body."""
    authors: tuple[str, ...]
    published: Moment | None
    modified: Moment | None
    summary: str | None
    image: str | None
    section: str | None
    paywalled: bool
    languages: tuple[str, ...]
    """Language tags as the page claims them, most trusted first."""
    article_body: str
    """JSON-LD ``articleBody``, raw; empty when absent."""
    is_article: bool
    """The page calls itself an article (JSON-LD or ``og:type``)."""


def merge_metadata(
    tree: HtmlElement,
    head: Head,
    latest: datetime,
    title_hint: str | None = None,
    published_hint: str | None = None,
) -> Metadata:
    """Returns the merged metadata of a page.

    ``latest`` is aware; dates after it are refused. The hints are what a feed or sitemap said; they
    speak only where the page is silent.
    """
    data = read_linked_data(head.scripts, lambda node: _grade_own(node, head))
    node: Node = data.article or {}
    title, headlines = choose_title(head, node, title_hint)
    languages = _claimed_languages(head, data)
    published, modified = date_article(tree, head, data, title, languages, latest, published_hint)
    return Metadata(
        title=title,
        headlines=headlines,
        authors=tuple(_name_authors(tree, head, data, title)),
        published=published,
        modified=modified,
        summary=_summarise(head, node, title),
        image=_pick_image(head, data),
        section=_pick_section(head, node),
        paywalled=is_paywalled(head, data),
        languages=languages,
        article_body=_article_body(node),
        is_article=bool(node) or (head.first("og:type").lower().endswith("article") and not _is_collection(data)),
    )


# ---- authors --------------------------------------------------------------------------------------------------------


def _name_authors(tree: HtmlElement, head: Head, data: LinkedData, title: str) -> list[str]:
    """The first statement that names somebody else than the outlet.

    Failing that, the outlet's own name only where JSON-LD declares it or a template marks it as the author, as personal
    blogs do: a visible "By The Post" says that nobody signed.
    """
    node: Node = data.article or {}
    sites = name_site(head, {**node, "publisher": data.resolve(node.get("publisher"))})
    sites |= {site.removeprefix("the ") for site in sites}

    def is_person(name: str) -> bool:
        return plain_title(name).removeprefix("the ") not in sites

    declared = read_authors(node.get("author"), data) or read_authors(node.get("creator"), data)
    if any(is_person(name) for name in declared):
        return declared
    marked = find_marked_byline(tree, title)
    for names in (*_stated_names(head), marked, find_byline(tree, title)):
        people = [name for name in names if is_person(name)]
        # An outlet that JSON-LD declares gives way to people, not to agencies and initials.
        if people and (not declared or all(is_full_name(name) for name in people)):
            return people
    return declared or marked


def _stated_names(head: Head) -> Iterator[list[str]]:
    for key in _AUTHOR_METAS:
        yield unite([name for value in head.every(key) if not _is_address(value) for name in split_names(value)])
    yield unite([name for value in head.itemprops.get("author", ()) for name in split_names(value)])


def _is_address(text: str) -> bool:
    return bool(re.match(r"\s*(?:https?:)?//", text)) or ("/" in text and " " not in text)


# ---- the rest -------------------------------------------------------------------------------------------------------


def _grade_own(node: Node, head: Head) -> float:
    """How well an article node fits this page: its address counts most, then its headline."""
    own = {_bare(url) for url in (head.url, head.canonical) if url}
    claims = [*strings_of(node.get("mainEntityOfPage")), *strings_of(node.get("url")), *strings_of(node.get("@id"))]
    grade = 2.0 if any(_bare(claim) in own for claim in claims) else 0.0
    headline = text_of(node.get("headline"))
    if headline:
        grade += measure_agreement(headline, [*head.h1s[:3], head.first("og:title"), head.title])
    return grade if grade >= 0.5 else 0.0


def _bare(url: str) -> str:
    return re.sub(r"^https?://(?:www\.|m\.|amp\.)?|[?#].*$", "", url.strip()).rstrip("/")


def _summarise(head: Head, node: Node, title: str) -> str | None:
    for text in (
        text_of(node.get("description")),
        head.first("og:description"),
        head.first("description", "twitter:description", "dc.description"),
        next(iter(head.itemprops.get("description", ())), ""),
    ):
        cleaned = clean_text(text)
        if cleaned and fold_title(cleaned) != fold_title(title):
            return cleaned[:1_000]
    return None


def _pick_image(head: Head, data: LinkedData) -> str | None:
    node: Node = data.article or {}
    found = [*strings_of(data.resolve(node.get("image"))), *strings_of(node.get("thumbnailUrl"))]
    declared = head.every("og:image", "og:image:secure_url", "og:image:url", "twitter:image", "twitter:image:src")
    for text in (*found, *declared, *head.itemprops.get("image", ())):
        url = make_absolute(clean_text(text), head.url)
        # An @id that is only an anchor of the page itself is no picture.
        if url and _bare(url) != _bare(head.url):
            return url
    return None


def _pick_section(head: Head, node: Node) -> str | None:
    text = text_of(node.get("articleSection")) or clean_text(head.first(*_SECTION_METAS))
    text = text or next(iter(head.itemprops.get("articlesection", ())), "")
    return text[:200] or None


def _article_body(node: Node) -> str:
    body = node.get("articleBody")
    if isinstance(body, list):
        body = "\n\n".join(part for part in body if isinstance(part, str))
    return body if isinstance(body, str) else ""


def _is_collection(data: LinkedData) -> bool:
    """The page calls itself a list of other pages or of pictures: schema.org CollectionPage and its kin."""
    lists = {"CollectionPage", "ImageGallery", "MediaGallery", "VideoGallery", "SearchResultsPage"}
    return any(lists.intersection(kinds(node)) for node in data.others)


def _claimed_languages(head: Head, data: LinkedData) -> tuple[str, ...]:
    node: Node = data.article or {}
    tags = [
        head.language,
        text_of(node.get("inLanguage"), ("alternateName", "name", "@value")),
        *head.every("og:locale", "content-language", "language", "dc.language", "dcterms.language"),
        *head.itemprops.get("inlanguage", ()),
    ]
    return tuple(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))


def is_paywalled(head: Head, data: LinkedData) -> bool:
    """Says whether the page marks its text as closed to the public.

    By schema.org ``isAccessibleForFree`` of the article or of a part (developers.google.com/search/docs/appearance/
    structured-data/paywalled-content), else by ``article:content_tier`` and its kin. Metered text is open.
    """
    node: Node = data.article or {}
    nodes: list[Node] = [node, *(other for other in data.others if "isAccessibleForFree" in other)]
    for item in nodes:
        free = _read_flag(item.get("isAccessibleForFree"))
        if free is not None:
            return not free
    parts = data.resolve(node.get("hasPart"))
    for part in parts if isinstance(parts, list) else [parts]:
        resolved = data.resolve(part)
        if isinstance(resolved, dict) and _read_flag(resolved.get("isAccessibleForFree")) is False:
            return True
    if any(_read_flag(value) is False for value in head.itemprops.get("isaccessibleforfree", ())):
        return True
    tiers = head.every(
        "article:content_tier", "content_tier", "og:article:content_tier", "article.content_tier", "contenttier"
    )
    if any(
        value.strip().lower() in ("locked", "premium", "paid", "subscriber", "subscribers", "paywall")
        for value in tiers
    ):
        return True
    for key, values in head.metas.items():
        if re.search(r"(?:^|[:._-])(?:is[_-]?)?(?:paywall(?:ed)?|premium|paid[_-]?content)$", key):
            return any(_read_flag(value) is True for value in values)
    return False


def _read_flag(value: Any) -> bool | None:
    """True, "False", "http://schema.org/False", "1" ... as a truth value; None when it is neither."""
    if isinstance(value, list) and value:
        value = value[0]
    word = re.split(r"[/#]", str(value).strip().lower())[-1]
    if word in ("true", "yes", "1", "y"):
        return True
    return False if word in ("false", "no", "0", "n") else None
