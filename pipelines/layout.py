"""Markup that readers do not read as what it is called: tables that lay out a page, readings above characters.

Old pages put the menu, the story and the imprint into cells of one table. Read as data, all of it becomes one row.
The signs are those browsers use for screen readers: https://www.w3.org/WAI/tutorials/tables/tips/#layout-tables
"""

from __future__ import annotations

from typing import cast

from lxml import etree
from lxml.html import HtmlElement

_PARTS = ("table", "tbody", "thead", "tfoot", "tr", "td", "th")
_LONG_CELL = 400
"""Characters from which a cell that outweighs the rest of its table is running text, not a value."""
# What no cell of a table of figures holds. A caption or heading cells speak for data, but not against these.
_HOLDS_PAGE = etree.XPath("boolean(.//h1 | .//table | .//article | .//main | .//nav)")
_IS_LABELLED = etree.XPath("boolean(./caption | ./thead | ./tr/th | ./tbody/tr/th | .//td[@headers or @scope])")
_HOLDS_BLOCKS = etree.XPath(
    "boolean(.//p | .//div | .//br | .//ul | .//ol | .//table | .//section | .//article | .//main | .//nav | .//form"
    " | .//blockquote | .//pre | .//h1 | .//h2 | .//h3 | .//h4)"
)
_FIND_ROWS = etree.XPath("./tr | ./tbody/tr | ./tfoot/tr")


def flatten_layout_tables(tree: HtmlElement) -> int:
    """Renames the parts of every layout table to ``div``, cells of bare text to ``p``; returns how many tables."""
    # Inner tables first, while the outer ones still show that they hold one.
    tables = [table for table in tree.iter("table") if is_layout(table)]
    for table in tables:
        for row in _rows(table):
            for cell in row:
                if cell.tag in _PARTS:
                    cell.tag = "div" if _HOLDS_BLOCKS(cell) else "p"
            row.tag = "div"
        for part in table:
            if part.tag in _PARTS:
                part.tag = "div"
        table.tag = "div"
    return len(tables)


def is_layout(table: HtmlElement) -> bool:
    """Says whether a table only arranges what it holds."""
    role = (table.get("role") or "").lower()
    if role in ("presentation", "none"):
        return True
    if role in ("table", "grid", "treegrid"):
        return False
    if _HOLDS_PAGE(table):
        return True
    if table.get("summary") or _IS_LABELLED(table):
        return False
    cells = [cell for row in _rows(table) for cell in row if cell.tag in ("td", "th")]
    if len(cells) <= 1:
        return True
    sizes = [len(" ".join(" ".join(cell.itertext()).split())) for cell in cells]
    longest = max(sizes)
    return longest >= _LONG_CELL and 2 * longest > sum(sizes)


def _rows(table: HtmlElement) -> list[HtmlElement]:
    return cast("list[HtmlElement]", _FIND_ROWS(table))


def flatten_ruby(tree: HtmlElement) -> int:
    """Turns readings set above characters into plain text; returns how many words had one.

    With the brackets that the page has for browsers without ruby they stay, as the page then reads there; readings
    without brackets would run into the word: https://html.spec.whatwg.org/multipage/text-level-semantics.html
    """
    found = list(tree.iter("ruby"))
    for ruby in found:
        if ruby.find(".//rp") is None:
            for reading in list(ruby.iter("rt", "rtc")):
                reading.drop_tree()
        for part in list(ruby.iter("rb", "rp", "rt", "rtc")):
            part.drop_tag()
        if ruby.getparent() is not None:
            ruby.drop_tag()
    return len(found)
