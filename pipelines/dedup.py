"""Is this page a new article, or one known already?

Identity is the canonical URL (``db/urls.py``). What the page says of itself (``rel=canonical``) is believed only within
its registrable domain, when it names something like an article, and when the text agrees: whole sites claim their front
page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlite_utils import Database

from db.records import SignedArticle
from db.store import Stored, find_article, find_exact, read_stored
from db.urls import is_article_like, same_site, url_key

SHINGLE_WORDS = 5
SAME_ARTICLE_CONTAINMENT = 0.6
"""A canonical claim joins two pages when this share of the shorter text's 5-word shingles is in the other."""
COPY_WORDS = 40
"""Shorter texts recur by chance ("This is a developing story", a notice to enable scripts) and prove nothing."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a page is: ``new``, or the ``same`` article as a stored one."""

    kind: Literal["new", "same"]
    stored: Stored | None = None
    reason: str | None = None


def identities(url: str, final_url: str, canonical: str | None) -> dict[str, str]:
    """Returns the URL keys a page answers to, each with where it comes from: link, final or canonical."""
    keys = {url_key(url): "link"}
    keys.setdefault(url_key(final_url), "final")
    if canonical and trusts_canonical(final_url, canonical):
        keys.setdefault(url_key(canonical), "canonical")
    return keys


def trusts_canonical(page_url: str, canonical: str) -> bool:
    """Returns whether a ``rel=canonical`` may name the page: same registrable domain, and like an article's URL."""
    return same_site(page_url, canonical) and is_article_like(canonical)


def decide(db: Database, keys: Mapping[str, str], signed: SignedArticle) -> Decision:
    """Returns what a page with these identities and this text is."""
    known = find_article(db, [key for key, kind in keys.items() if kind != "canonical"])
    if known is not None:
        return Decision("same", known, f"same URL as article {known.id}")
    claimed = find_article(db, [key for key, kind in keys.items() if kind == "canonical"])
    if claimed is not None and agrees(claimed.body, signed.article.body):
        return Decision("same", claimed, f"names the canonical URL of article {claimed.id}")
    if signed.article.word_count < COPY_WORDS:
        return Decision("new")
    for copy, url, published_at in find_exact(db, signed.content_hash, signed.article.title):
        if _is_same_day(published_at, signed.article.published_at) and same_site(url, signed.article.url):
            reason = f"same text, title and day on the same site as article {copy}"
            return Decision("same", read_stored(db, copy), reason)
    return Decision("new")


def agrees(a: str, b: str) -> bool:
    """Returns whether two texts are versions of one article: most shingles of the shorter are in the longer."""
    first, second = shingles(a), shingles(b)
    shorter, longer = sorted((first, second), key=len)
    if not shorter:
        return a.split() == b.split()
    return len(shorter & longer) >= SAME_ARTICLE_CONTAINMENT * len(shorter)


def shingles(text: str) -> frozenset[tuple[str, ...]]:
    """Returns the runs of five words of a text, without case."""
    words = text.casefold().split()
    return frozenset(zip(*(words[i:] for i in range(SHINGLE_WORDS)), strict=False))


def _is_same_day(one: str | None, other: str | None) -> bool:
    """Returns whether two dates do not speak against one article; an unknown date does not."""
    return not one or not other or one[:10] == other[:10]
