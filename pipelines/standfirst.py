"""Finds the standfirst: the sentence or two between headline and story that sum it up.

Publishers set it apart from the story, so extractors take it for furniture. It is known by its name, or by being what
the page gives as its own description.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from itertools import islice, pairwise, takewhile

from lxml.html import HtmlElement

from pipelines.blocks import Block, make_key
from pipelines.line_length import estimate_words

_NAMES = frozenset({
    "standfirst", "dek", "deck", "lede", "lead", "leadtext", "leadin", "intro", "introtext", "introduction", "teaser",
    "teasertext", "excerpt", "summary", "abstract", "subtitle", "subtitles", "subhead", "subheading", "subheadline",
    "subline", "description", "preamble", "ingress", "vorspann", "chapo", "chapeau", "entradilla", "bajada", "copete",
    "sapo", "epigraph",
})  # fmt: skip
"""Words by which publishers call it in classes and ``itemprop``, in several languages."""
_OTHER_NAMES = frozenset({
    "caption", "figcaption", "credit", "credits", "byline", "author", "authors", "bio", "share", "sharing", "social",
    "newsletter", "cookie", "cookies", "consent", "banner", "popup", "modal", "site", "blog", "logo", "tagline",
    "slogan", "related", "recommended", "comment", "comments", "nav", "menu", "breadcrumb", "breadcrumbs", "hidden",
    "video", "player", "gallery", "slide", "tags", "tag", "advertisement", "promo", "date", "meta", "quote",
})  # fmt: skip
"""Words of what else stands between headline and story."""
_SECOND_HEADLINES = frozenset({"subline", "subheadline", "alternativeheadline", "secondaryheadline"})
"""Words by which they call a second headline: https://schema.org/alternativeHeadline; it is no part of the story."""
_OTHER_TAGS = frozenset(("figcaption", "nav", "footer", "form", "aside"))
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_MIN_WORDS = 6
"""Words from which a block is a sentence, not a label."""
_ALIKE = 30
"""Characters of a key that must agree for a block to be the page's description."""
_REACH = 12
"""Blocks above the story that are looked at where no headline marks the start."""
_LEVELS = 3
"""Elements whose names tell what a block is: its own and those around it."""
_MAX_LINKS = 0.3
"""Share of link text above which a block leads elsewhere."""


def find_standfirst(
    blocks: Sequence[Block], taken: Sequence[int | None], headlines: Sequence[str], descriptions: Sequence[str]
) -> set[int]:
    """Returns the numbers of the blocks that are the page's standfirst, where no line of the body holds it.

    It is one block, or several in a row in a box of their own.
    ``taken`` names for each block the line that holds it. ``descriptions`` are what the page gives as its own.
    """
    titles = {make_key(headline) for headline in headlines}
    start = next((number + 1 for number, block in enumerate(blocks) if block.tag == "h1" and block.key in titles), 0)
    first = next((n for n in range(start, len(blocks)) if taken[n] is not None and _starts_story(blocks[n])), None)
    if first is None:
        return set()
    said = [key for text in descriptions if len(key := make_key(text)) >= _ALIKE]
    spine = {blocks[first].element, *blocks[first].element.iterancestors()}
    between = range(start or max(0, first - _REACH), first)
    numbers = [n for n in between if taken[n] is None and _may_be_standfirst(blocks[n], spine)]
    described = [n for n in numbers if _is_described(blocks[n].key, said)]
    # Without a headline to stand under, a name alone may be that of the site's own motto.
    named = [n for n in numbers if _NAMES & _read_names(blocks[n].element)] if start and not described else []
    chosen = [*described, *named][:1]
    for number in chosen:
        if number + 1 in numbers and _is_continued(blocks[number], blocks[number + 1]):
            chosen.append(number + 1)
    return set(chosen)


def is_second_headline(block: Block) -> bool:
    """Says whether a block is marked as another headline: any element by ``itemprop``, a heading by name."""
    element = block.element
    if "alternativeHeadline" in (element.get("itemprop") or ""):
        return True
    return block.is_heading and not _SECOND_HEADLINES.isdisjoint(_read_names(element))


def _is_continued(block: Block, following: Block) -> bool:
    return block.element.getparent() is following.element.getparent() and block.find_place() == following.find_place()


def _starts_story(block: Block) -> bool:
    """Says whether a block can be the story's first: neither headline nor caption."""
    return len(block.key) >= _ALIKE and block.tag != "h1" and next(block.element.iterancestors("figure"), None) is None


def _may_be_standfirst(block: Block, spine: set[HtmlElement]) -> bool:
    """Says whether a block is a sentence that is in nothing known to be something else."""
    if (
        is_second_headline(block)
        or block.share_of_links() > _MAX_LINKS
        or estimate_words(" ".join(block.read_lines())) < _MIN_WORDS
    ):
        return False
    around = takewhile(lambda element: element not in spine, (block.element, *block.element.iterancestors()))
    if any(element.tag in _OTHER_TAGS for element in around):
        return False
    return not _OTHER_NAMES & _read_names(block.element, spine)


def _is_described(key: str, said: Sequence[str]) -> bool:
    return len(key) >= _ALIKE and any(key.startswith(text[:_ALIKE]) for text in said)


def _read_names(element: HtmlElement, spine: Set[HtmlElement] = frozenset()) -> set[str]:
    """The words, single and in pairs, of the names of an element and of those around it outside the spine."""
    names: set[str] = set()
    for near in islice((element, *element.iterancestors()), _LEVELS):
        if near not in spine:
            words = _WORD.findall(f"{near.get('class') or ''} {near.get('id') or ''} {near.get('itemprop') or ''}")
            words = [word.lower() for word in words]
            names.update(words, map("".join, pairwise(words)))
    return names
