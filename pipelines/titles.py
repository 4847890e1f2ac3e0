"""Chooses the headline among the forms a page gives it, and frees it of the site's name."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

from pipelines.format_characters import drop_joiners
from pipelines.head import Head
from pipelines.jsonld import Node, clean_text, text_of
from pipelines.line_length import estimate_words

_TITLE_METAS = ("og:title", "twitter:title", "parsely-title", "sailthru.title", "dc.title", "dcterms.title", "title")
_SEPARATOR = re.compile(r"\s+[|\-–—·•»«:/~]+\s+|\s*[|»]\s*|(?<=\w)\s+::\s+")


def fold_title(text: str) -> str:
    """Returns a headline reduced to its letters and digits, lower case, for comparing."""
    text = drop_joiners(unicodedata.normalize("NFKC", text).casefold())
    return " ".join(re.findall(r"\w+", text))


def choose_title(head: Head, node: Node, title_hint: str | None) -> tuple[str, tuple[str, ...]]:
    """Returns the headline and all its forms: JSON-LD, ``og:title`` with and without the site's name, h1, ``<title>``.

    What a feed called the page (``title_hint``) counts only where the page has no title at all, so that the same bytes
    give the same article however they came: crawled, imported or extracted again.
    """
    sites = name_site(head, node)
    ld = strip_site(text_of(node.get("headline")) or text_of(node.get("name")), sites)
    whole = (clean_text(head.first(*_TITLE_METAS)), clean_text(head.title))
    headings = {fold_title(text) for text in (*head.h1s, *head.headings) if len(text) <= 300}
    og, page = (_find_heading(text, headings, sites, head.url) or strip_site(text, sites) for text in whole)
    h1s = [strip_site(text, sites) for text in head.h1s if 2 <= len(text) <= 300 and fold_title(text) not in sites]
    hint = clean_text(title_hint or "")
    micro = next(iter(head.itemprops.get("headline", ())), "")
    others = [text for text in (ld, og, page, micro) if text]
    openings = {fold_title(text) for text in h1s}
    ld, og, page = (_cut_after(text, openings) for text in (ld, og, page))
    h1 = max(h1s, key=lambda text: (measure_agreement(text, others), -h1s.index(text)), default="")
    headlines = tuple(dict.fromkeys(text for text in (ld, og, h1, *h1s, page, micro, *whole) if text))
    # A page that tells its readers and those who share it the same outvotes the one line it keeps for search engines.
    is_outvoted = bool(h1) and fold_title(og) == fold_title(h1) != fold_title(ld)
    # An h1 that the <title> holds beside another heading is the site's name.
    is_site = fold_title(page) in {fold_title(text) for text in head.headings} and fold_title(h1) in fold_title(
        whole[1]
    )
    if ld:
        title = og if is_outvoted else _untruncate(ld, [og, h1, page])
    elif h1 and (
        measure_agreement(h1, [text for text in (og, page, micro) if text]) >= 0.5 or not (og or micro or is_site)
    ):
        title = _cut_kicker(h1, og)
    else:
        title = og or micro or (page if is_site else h1) or page or hint
    return title[:500], headlines


def measure_agreement(text: str, others: list[str]) -> float:
    """Returns the best likeness of a title to one of the others, 0 to 1; containment counts nearly as sameness."""
    mine = fold_title(text)
    best = 0.0
    for other in others:
        theirs = fold_title(other)
        if not mine or not theirs:
            continue
        if mine == theirs:
            return 1.0
        a, b = set(mine.split()), set(theirs.split())
        likeness = len(a & b) / len(a | b)
        if (mine in theirs or theirs in mine) and min(len(a), len(b)) >= 3:
            likeness = max(likeness, 0.9)
        best = max(best, likeness)
    return best


def _untruncate(title: str, others: list[str]) -> str:
    """Search engines cap headlines at 110 characters, so publishers cut them: take a longer form that begins alike."""
    stem = title.rstrip(" .…")
    if title.endswith(("…", "...")) or len(title) >= 109:
        for other in others:
            if (
                len(other) > len(stem)
                and fold_title(other).startswith(fold_title(stem))
                and not other.endswith(("…", "..."))
            ):
                return other
    return title


def _cut_kicker(h1: str, og: str) -> str:
    """``og:title`` instead of an h1 that only sets a word or two of its topic before the same headline."""
    front, found, _ = fold_title(h1).rpartition(f" {fold_title(og)}")
    return og if found and len(front.split()) <= 3 <= len(og.split()) else h1


def _find_heading(title: str, headings: set[str], sites: set[str], url: str) -> str:
    """The part of a title between separators that is a heading of the page; empty when none is.

    Of several the one wins whose words stand in the address, then the longest.
    """
    cuts = list(_SEPARATOR.finditer(title))[:8]
    starts, ends = [0, *(cut.end() for cut in cuts)], [*(cut.start() for cut in cuts), len(title)]
    parts = (title[start:end].strip() for start in starts for end in ends if end > start)
    known = [part for part in parts if estimate_words(part) >= 2 and fold_title(part) in headings]
    known = [part for part in known if not _names_site(part, sites)]
    slug = set(re.findall(r"\w+", urlsplit(url).path.casefold()))

    def weigh(part: str) -> tuple[bool, int]:
        words = plain_title(part).split()
        return sum(word in slug for word in words) * 2 >= len(words), len(part)

    return max(known, key=weigh, default="")


def _cut_after(title: str, openings: set[str]) -> str:
    """The part of a title that is an h1 of the page, when a separator follows it: what follows is the site's."""
    for cut in _SEPARATOR.finditer(title):
        if fold_title(title[: cut.start()]) in openings and estimate_words(title[: cut.start()]) >= 2:
            return title[: cut.start()]
    return title


def name_site(head: Head, node: Node) -> set[str]:
    """Returns the names the page's site goes by, as ``plain_title`` writes them: meta tags, publisher, host."""
    host = (urlsplit(head.url).hostname or "").removeprefix("www.")
    names = [
        *head.every(
            "og:site_name", "application-name", "apple-mobile-web-app-title", "twitter:site", "al:android:app_name"
        ),
        text_of(node.get("publisher")),
        host,
        host.rsplit(".", 1)[0],
    ]
    if host.count(".") >= 1:
        names.append(host.split(".")[-2])
    return {folded for name in names if (folded := plain_title(name.lstrip("@"))) and len(folded) > 1}


def strip_site(title: str, sites: set[str]) -> str:
    """Returns a title without a leading or trailing site name. ``sites`` holds folded names."""
    for _ in range(3):
        cuts = list(_SEPARATOR.finditer(title))
        if not cuts:
            break
        tail, front = title[cuts[-1].end() :], title[: cuts[0].start()]
        if _names_site(tail, sites) and fold_title(title[: cuts[-1].start()]):
            title = title[: cuts[-1].start()]
        elif _names_site(front, sites) and fold_title(title[cuts[0].end() :]):
            title = title[cuts[0].end() :]
        else:
            break
    return title.strip()


def plain_title(text: str) -> str:
    """Returns a title folded and without accents: hosts cannot carry the accents their names have."""
    return "".join(char for char in unicodedata.normalize("NFKD", fold_title(text)) if not unicodedata.combining(char))


def _names_site(text: str, sites: set[str]) -> bool:
    folded = plain_title(text)
    tight = folded.replace(" ", "")
    return bool(folded) and any(
        folded == site
        or tight == site.replace(" ", "")
        or (len(site) >= 4 and len(folded.split()) <= 5 and (folded.startswith(site) or folded.endswith(f" {site}")))
        for site in sites
    )
