"""Finds what Trafilatura left behind of a story, told by where it stands among what it took.

A story cut in two by an advertisement, an update of a live page, a subheading: each shares tags and classes, its own
and those of the elements around it, with the paragraphs that were found.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import islice, permutations
from typing import cast

from lxml.html import HtmlElement

from pipelines.blocks import Block, Place, make_key
from pipelines.line_length import estimate_words

_FOUND = 25
"""Characters of a key from which finding it inside a body is no accident."""
_EDGE = 20
"""Characters of a key sought where a body may hold part of a block: two of start, middle and end must be there..."""
_PARTS_FOUND = 2
_OPENING = 3
"""Characters of a line by which short keys are looked up..."""
_MOST_OPENINGS = 50
"""...among so many lines that open alike."""
_CHEAP = 20_000_000
"""Characters of text times blocks of a page up to which each block is searched for on its own."""
_SLACK = 0.2
"""...as far apart as in the block, but for this share of its length: its words elsewhere in the story are not it."""
_SENTENCE = 60
"""Characters of a key from which a block before or behind the found text is taken for running text."""
_MAX_LINKS = 0.5
"""Share of link text above which a block leads elsewhere..."""
_MAX_TOPICS = 0.8
"""...or above which it does where each link is a name or a word..."""
_HEADLINE_WORDS = 4
"""...because none has as many words as a headline."""
_MAIN_SHARE = 0.1
"""Share of the found text from which a place is one of the story's own."""
_LEVELS = 4
"""How many elements up from a block the one around its heading may be."""
_CONTAINED = 0.9
"""Share of the found text that the story's container must hold."""
_READ = frozenset(("p", "li", "blockquote", "div"))
_ASIDE = frozenset(("aside", "nav", "footer", "form", "figure", "figcaption"))
_NOT_STORY = re.compile(
    r"comment|kommentar|disqus|discussion|related|recommend|recirc|more-|teaser|promo|newsletter|sidebar|footer|navi|menu"
    r"|breadcrumb|share|sharing|social|caption|credit(?!ation)|author|byline|signup|subscri|banner|popup|modal|cookie|consent"
    r"|advert|sponsor|widget|pull-?quote|hidden|tags|topics|infobox|fact-?box|gallery|slide|carousel",
    re.IGNORECASE,
)
"""Names of what shares a page with a story."""


def align(lines: Sequence[str], blocks: Sequence[Block]) -> list[int | None]:
    """Returns for each block the number of the line that holds it or most of it; None where none does."""
    starts: dict[int, int] = {}
    keys = [make_key(line) for line in lines]
    position = 0
    for number, key in enumerate(keys):
        starts.setdefault(position, number)
        position += len(key)
    # Without a mark between lines: what is one block to the page can be several lines.
    text = "".join(keys)
    order = list(starts)
    starts[len(text)] = len(lines)
    openings: dict[str, list[int]] = {}
    for position in order:
        openings.setdefault(text[position : position + _OPENING], []).append(position)
    edges = _find_edges(text, blocks)
    spent: set[int] = set()

    def stands_at(position: int, key: str) -> bool:
        return len(key) >= _FOUND or (position in starts and position + len(key) in starts)

    def search(key: str) -> int:
        if len(key) < _FOUND:
            # A line of few words is one block's: the next block that says them is another line, or a lost one.
            near = islice((at for at in openings.get(key[:_OPENING], ()) if at not in spent), _MOST_OPENINGS)
            return next((at for at in near if text.startswith(key, at) and at + len(key) in starts), -1)
        if edges is not None and sum(part in edges for _, part in _cut_parts(key)) < _PARTS_FOUND:
            return -1
        position = text.find(key)
        return position if position >= 0 else _find_in_part(text, key)

    known: dict[str, int] = {}
    taken: list[int | None] = []
    cursor = 0
    for block in blocks:
        key, position = block.key, -1
        if key and text.startswith(key, cursor) and stands_at(cursor, key):
            # Blocks and lines have one order: nearly all are found here. Searching all the text for each is quadratic.
            position = cursor
        elif key:
            position = known[key] if key in known else search(key)
            if len(key) >= _FOUND:
                known[key] = position
        if position >= 0:
            cursor = position + len(key)
            spent.add(position)
        taken.append(starts[order[bisect_right(order, position) - 1]] if position >= 0 else None)
    return taken


def _find_in_part(text: str, key: str) -> int:
    """Where a text holds most of a key; -1: nowhere."""
    slack = int(_SLACK * len(key))
    found: list[tuple[int, str, int]] = []
    for number, (offset, part) in enumerate(_cut_parts(key)):
        if number > len(found) + 1:
            # Two are missing: most blocks of a page are no part of the story, and end here.
            return -1
        place = text.find(part)
        if place >= 0:
            found.append((offset, part, place))
    for (offset, _, place), (other_offset, other, _) in permutations(found, 2):
        start = place + other_offset - offset
        if text.find(other, max(0, start - slack), start + slack + _EDGE) >= 0:
            return place
    return -1


def _cut_parts(key: str) -> list[tuple[int, str]]:
    """Offset and text of a key's start, middle and end."""
    return [(offset, key[offset : offset + _EDGE]) for offset in (0, len(key) // 2, len(key) - _EDGE)]


def _find_edges(text: str, blocks: Sequence[Block]) -> set[str] | None:
    """Which starts, middles and ends of blocks a text holds, found in one pass; None where searching is cheap enough.

    A megabyte of page around a megabyte of text would be searched for hours of work otherwise: the cost of searching is
    the product of the two, of one pass their sum.
    """
    if len(text) * len(blocks) <= _CHEAP:
        return None
    wanted = {part for block in blocks if len(block.key) >= _FOUND for _, part in _cut_parts(block.key)}
    return {part for at in range(len(text)) if (part := text[at : at + _EDGE]) in wanted}


def find_missed(blocks: Sequence[Block], taken: Sequence[int | None]) -> set[int]:
    """Returns the numbers of the blocks that stand where the story's own paragraphs stand and that no line holds."""
    found = [number for number, line in enumerate(taken) if line is not None]
    weights: Counter[Place] = Counter()
    for number in found:
        weights[blocks[number].find_place()] += len(blocks[number].key)
    enough = _MAIN_SHARE * weights.total()
    main = {place for place, weight in weights.items() if weight >= enough}
    names = {place[0] for place in main}
    missed = [
        number
        for number, block in enumerate(blocks)
        if taken[number] is None
        and block.key
        and block.tag in _READ
        and block.read_name() in names
        and block.find_place() in main
    ]
    if not found:
        return set()
    container = _find_container([blocks[number] for number in found])
    spine = {container, *container.iterancestors()}
    missed = [number for number in missed if _is_story(blocks[number], spine)]
    reach = [*found, *(number for number in missed if len(blocks[number].key) >= _SENTENCE)]
    missed = [number for number in missed if min(reach) <= number <= max(reach)]
    headings = [
        number - 1
        for number in sorted({*found, *missed} - {min(reach), 0})
        if taken[number - 1] is None
        and blocks[number - 1].key
        and blocks[number - 1].is_heading
        and _heads(blocks[number - 1], blocks[number])
        and _is_story(blocks[number - 1], spine)
    ]
    first: dict[tuple[str, str], int] = {}
    for number in (*missed, *headings):
        # A page may hold a paragraph twice; few words may be said twice, an hour may have two updates.
        key = blocks[number].key
        below = blocks[number + 1].key if len(key) < _FOUND and number + 1 < len(blocks) else ""
        first.setdefault((key, below), number)
    return set(first.values())


def _is_story(block: Block, spine: set[HtmlElement]) -> bool:
    return not _leads_elsewhere(block) and not _stands_aside(block, spine)


def _leads_elsewhere(block: Block) -> bool:
    share = block.share_of_links()
    if share <= _MAX_LINKS or share > _MAX_TOPICS:
        return share > _MAX_LINKS
    links = ("".join(link.itertext()) for link in block.element.iter("a"))
    return any(estimate_words(link) >= _HEADLINE_WORDS for link in links)


def _heads(heading: Block, block: Block) -> bool:
    """Says whether the element around a heading is also close around the block that follows it."""
    return heading.element.getparent() in islice(block.element.iterancestors(), _LEVELS)


def _find_container(blocks: Sequence[Block]) -> HtmlElement:
    """The innermost element that holds nearly all of the text of some blocks."""
    own: Counter[HtmlElement] = Counter()
    for block in blocks:
        own[cast("HtmlElement", block.element.getparent())] += len(block.key)
    weights = own.copy()
    for parent, weight in own.items():
        for element in parent.iterancestors():
            weights[element] += weight
    enough = _CONTAINED * own.total()
    holding = {element for element, weight in weights.items() if weight >= enough}
    return next(element for element in holding if not any(child in holding for child in element))


def _stands_aside(block: Block, spine: set[HtmlElement]) -> bool:
    """Says whether something between a block and the story's container is named for what is no story."""
    element: HtmlElement | None = block.element
    while element is not None and element not in spine:
        if element.tag in _ASIDE or element.get("hidden") is not None or element.get("aria-hidden") == "true":
            return True
        if _NOT_STORY.search(f"{element.get('class') or ''} {element.get('id') or ''}"):
            return True
        element = element.getparent()
    return False
