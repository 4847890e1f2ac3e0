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

_FOUND = 25
"""Characters of a key from which finding it inside a body is no accident."""
_EDGE = 20
"""Characters of a key sought where a body may hold part of a block: two of start, middle and end must be there..."""
_SLACK = 0.2
"""...as far apart as in the block, but for this share of its length: its words elsewhere in the story are not it."""
_SENTENCE = 60
"""Characters of a key from which a block before or behind the found text is taken for running text."""
_MAX_LINKS = 0.5
"""Share of link text above which a block leads elsewhere."""
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

    def stands_at(position: int, key: str) -> bool:
        return len(key) >= _FOUND or (position in starts and position + len(key) in starts)

    def search(key: str) -> int:
        position = text.find(key)
        while position >= 0 and not stands_at(position, key):
            position = text.find(key, position + 1)
        return _find_in_part(text, key) if position < 0 and len(key) >= _FOUND else position

    known: dict[str, int] = {}
    taken: list[int | None] = []
    cursor = 0
    for block in blocks:
        key, position = block.key, -1
        if key and text.startswith(key, cursor) and stands_at(cursor, key):
            # Blocks and lines have one order: nearly all are found here. Searching all the text for each is quadratic.
            position = cursor
        elif key:
            position = known[key] if key in known else known.setdefault(key, search(key))
        if position >= 0:
            cursor = position + len(key)
        taken.append(starts[order[bisect_right(order, position) - 1]] if position >= 0 else None)
    return taken


def _find_in_part(text: str, key: str) -> int:
    """Where a text holds most of a key; -1: nowhere."""
    slack = int(_SLACK * len(key))
    parts = [(offset, key[offset : offset + _EDGE]) for offset in (0, len(key) // 2, len(key) - _EDGE)]
    found: list[tuple[int, str, int]] = []
    for number, (offset, part) in enumerate(parts):
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
    first: dict[str, int] = {}
    for number in (*missed, *headings):
        first.setdefault(blocks[number].key, number)
    return set(first.values())


def _is_story(block: Block, spine: set[HtmlElement]) -> bool:
    return block.share_of_links() <= _MAX_LINKS and not _stands_aside(block, spine)


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
