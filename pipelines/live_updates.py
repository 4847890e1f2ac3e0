"""Keeps the hour of each update of a live page with its text.

Templates set it in an element of its own beside the text, ``<time>14:32</time>``, which extractors take for the date of
a page and drop.
"""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import islice

from lxml import etree
from lxml.html import HtmlElement

MIN_UPDATES = 3
"""Updates of one make that a live page has."""
_LEVELS = 4
"""Elements up from the hour that are looked at for the text of its update."""
_PROSE = 60
"""Characters of text outside links from which an element holds an update, not a teaser."""
_CLOCK_TEXT = r"\s*\d{1,2}[:.h]\d\d(?::\d\d)?\s*(?:[aApP]\.?[mM]\.?|Uhr|uhr|[A-Z]{2,4})?\s*"
_CLOCK = re.compile(_CLOCK_TEXT)
_SOURCE = re.compile(rf">{_CLOCK_TEXT}</")
_TAGS = ("time", "span", "div", "p", "b", "strong", "small", "em")
_UNREAD = frozenset(("a", "script", "style", "noscript", "template", "svg", "button"))
_MOST = 5_000
"""Hours looked at on one page."""
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))


def keep_hours(tree: HtmlElement, source: str) -> int:
    """Writes the hours of a page's updates as paragraphs of their own; returns how many.

    ``source`` is what the tree was parsed from. An hour is all the text of an element; its update is the smallest
    element around it with running text, and holds no other hour. Three of one make are a live page.
    """
    if len(_SOURCE.findall(source)) < MIN_UPDATES:
        return 0
    found: defaultdict[tuple[str, ...], list[tuple[HtmlElement, HtmlElement]]] = defaultdict(list)
    hours = (one for one in tree.iter(*_TAGS) if len(one) == 0 and _CLOCK.fullmatch(one.text or ""))
    prose: dict[HtmlElement, bool] = {}
    for element in islice(hours, _MOST):
        update = _find_update(element, prose)
        if update is not None:
            make = (element.tag, element.get("class") or "", update.tag, update.get("class") or "")
            found[make].append((element, update))
    kept = 0
    for pairs in found.values():
        if len({update for _, update in pairs}) == len(pairs) >= MIN_UPDATES:
            for element, update in pairs:
                _set_apart(element, update)
            kept += len(pairs)
    return kept


def _find_update(element: HtmlElement, prose: dict[HtmlElement, bool]) -> HtmlElement | None:
    """The smallest element around an hour that holds running text; None in links and teasers.

    ``prose`` remembers which elements do: those around many hours are many times as large.
    """
    if next(element.iterancestors("a"), None) is not None:
        return None
    outer = element
    for _ in range(_LEVELS):
        parent = outer.getparent()
        if parent is None or parent.tag in ("body", "main", "nav", "aside", "footer"):
            return None
        outer = parent
        if outer not in prose:
            prose[outer] = _has_prose(outer)
        if prose[outer]:
            return outer
    return None


def _has_prose(root: HtmlElement) -> bool:
    size = 0
    stack = [root]
    while stack and size < _PROSE:
        element = stack.pop()
        if isinstance(element.tag, str) and element.tag not in _UNREAD:
            size += len((element.text or "").strip()) + sum(len((child.tail or "").strip()) for child in element)
            stack.extend(element)
    return size >= _PROSE


def _set_apart(element: HtmlElement, update: HtmlElement) -> None:
    """Turns an hour into a paragraph ahead of the part of its update that it stands in."""
    if update.tag == "p" or any(outer.tag in _HEADINGS for outer in element.iterancestors()):
        # It is part of the text already, but for its mark.
        element.drop_tag()
        return
    part = element
    while (parent := part.getparent()) is not None and parent is not update:
        part = parent
    hour = etree.Element("p")
    hour.text = " ".join((element.text or "").split())
    element.text = None
    update.insert(update.index(part), hour)
