"""The blocks of text of a page in document order, each with the place it holds in the page's own structure."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from lxml import etree
from lxml.html import HtmlElement

from pipelines.fragments import split_lines

_TEXT_BLOCKS = (
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "blockquote", "pre", "dd", "dt", "div", "section", "td",
)  # fmt: skip
_TEXT_TAGS = frozenset(_TEXT_BLOCKS)
_INNER = (
    *_TEXT_BLOCKS, "ul", "ol", "dl", "table", "article", "aside", "nav", "form", "figure", "figcaption", "header",
    "footer", "script", "style", "noscript", "template", "button", "select", "textarea", "iframe", "svg",
)  # fmt: skip
"""What a block of text holds none of: other blocks, and elements whose text nobody reads."""
_PARAGRAPH = 25
"""Characters of a key from which a line is a paragraph, not a word of a menu."""
_LEVELS = 3
"""Elements that make a place: the block itself, its parent and the parent's parent."""
_get_string = cast("Callable[[HtmlElement], str]", etree.XPath("string()"))
_NO_WORD = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"\d+")

Place = tuple[str, ...]
"""Tags and classes from a block upwards. The paragraphs of a story share it; those of menus have others."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One paragraph, heading or list item as the page marks it up."""

    element: HtmlElement
    tag: str
    key: str
    """Its text for comparing, see ``make_key``."""

    @property
    def is_heading(self) -> bool:
        """Says whether it heads what follows."""
        return self.tag[0] == "h"

    def read_name(self) -> str:
        """Returns its tag and classes, numbers dropped: the first part of its place."""
        return _name(self.tag, self.element.get("class") or "")

    def find_place(self) -> Place:
        """Returns the tags and classes of the block and of the elements around it, numbers in them dropped."""
        place: list[str] = []
        element: HtmlElement | None = self.element
        while element is not None and len(place) < _LEVELS:
            place.append(_name(element.tag, element.get("class") or ""))
            element = element.getparent()
        return tuple(place)

    def share_of_links(self) -> float:
        """Returns how much of the text is the text of links, 0 to 1."""
        if next(self.element.iterancestors("a"), None) is not None:
            return 1.0
        linked = sum(len(make_key(_get_string(link))) for link in self.element.iter("a"))
        return linked / max(1, len(self.key))

    def read_lines(self) -> list[str]:
        """Returns its text as lines of a body: ``<br>`` starts a line, other markup parts no words."""
        return split_lines("".join(_read(self.element)))


def make_key(text: str) -> str:
    """Returns the letters and digits of a text, case folded: equal for two prints of the same words."""
    return _NO_WORD.sub("", text if text.isascii() else unicodedata.normalize("NFC", text)).casefold()


def find_blocks(tree: HtmlElement) -> list[Block]:
    """Returns the blocks of a page that hold text and no further block.

    A block that is one link, as in every menu, has an empty key: it only parts what stands before and behind it.
    """
    elements = list(tree.iter(*_INNER))
    outer: set[HtmlElement] = set()
    for element in elements:
        parent = element.getparent()
        while parent is not None and parent not in outer:
            outer.add(parent)
            parent = parent.getparent()
    found: list[Block] = []
    for element in elements:
        if element not in outer and (tag := cast("str", element.tag)) in _TEXT_TAGS:
            inner = len(element)
            if inner == 1 and element[0].tag == "a" and _is_blank(element.text) and _is_blank(element[0].tail):
                found.append(Block(element, tag, ""))
            elif key := make_key(_get_string(element) if inner else element.text or ""):
                found.append(Block(element, tag, key))
    return found


def put_back(lines: Sequence[str], blocks: Sequence[Block], taken: Sequence[int | None], missed: set[int]) -> list[str]:
    """Returns the lines in the page's order, with missed blocks put in where the page has them.

    ``taken`` names for each block the line that holds it, ``missed`` the numbers of the blocks to put back.
    """
    added: dict[int, list[str]] = {}
    anchors = find_anchors(taken)
    strays = find_strays(lines, blocks, taken, anchors)
    cursor = -1
    for number in sorted(anchors | missed | strays):
        if number in anchors:
            cursor = cast("int", taken[number])
        elif number in strays:
            added.setdefault(cursor, []).append(lines[cast("int", taken[number])])
        else:
            added.setdefault(cursor, []).extend(blocks[number].read_lines())
    gone = {taken[number] for number in strays}
    body = list(added.get(-1, ()))
    for line, text in enumerate(lines):
        body += [*(() if line in gone else (text,)), *added.get(line, ())]
    return body


def find_strays(
    lines: Sequence[str], blocks: Sequence[Block], taken: Sequence[int | None], anchors: Set[int]
) -> set[int]:
    """Returns the blocks whose lines stand elsewhere in a body than on the page, where that is beyond doubt.

    Trafilatura may begin with one update of a live page and then take the whole page. A paragraph counts that the page
    and the body have once each; ``anchors`` are the blocks in order.
    """
    held = {taken[number] for number in anchors}
    out = [n for n, line in enumerate(taken) if line is not None and n not in anchors and line not in held]
    if not out:
        return set()
    once = Counter(block.key for block in blocks)
    said = Counter(map(make_key, lines))
    return {
        n
        for n in out
        if len(key := blocks[n].key) >= _PARAGRAPH
        and once[key] == said[key] == 1
        and make_key(lines[cast("int", taken[n])]) == key
    }


def _is_blank(text: str | None) -> bool:
    return not text or text.isspace()


def find_anchors(taken: Sequence[int | None]) -> set[int]:
    """Returns the longest run of blocks, as numbers, whose lines never go back.

    The words of a menu can be a line of the story by accident; where blocks are to go is told by those in order.
    """
    ends: list[int] = []
    tails: list[int] = []
    before: dict[int, int] = {}
    for number, line in enumerate(taken):
        if line is not None:
            length = bisect_right(ends, line)
            if length:
                before[number] = tails[length - 1]
            ends[length : length + 1] = [line]
            tails[length : length + 1] = [number]
    run: set[int] = set()
    last = tails[-1] if tails else None
    while last is not None:
        run.add(last)
        last = before.get(last)
    return run


@lru_cache(maxsize=4096)
def _name(tag: str, classes: str) -> str:
    return f"{tag} {_NUMBER.sub('', classes)}"


def _read(element: HtmlElement) -> Iterator[str]:
    for inner in element.iter():
        yield "\n" if inner.tag == "br" else (inner.text or "").replace("\n", " ")
        if inner is not element:
            yield (inner.tail or "").replace("\n", " ")
