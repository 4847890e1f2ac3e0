"""Where on a page the headline stands, and which parts around it belong to other pieces."""

from __future__ import annotations

import re
from itertools import islice

from lxml import etree
from lxml.html import HtmlElement

from pipelines.titles import fold_title

_MOST = 300
"""Headings looked at on one page."""
_FOREIGN_TAGS = {
    "nav", "aside", "footer", "form", "script", "style", "noscript", "template", "button", "figure", "head", "select",
    "textarea", "iframe",
}  # fmt: skip
_FOREIGN_CLASS = re.compile(
    r"comment|respond|sponsor|related|teaser|promo|outbrain|taboola|sidebar|\bmenu|\bnav\b|navigation", re.IGNORECASE
)


def find_headline(tree: HtmlElement, title: str) -> HtmlElement | None:
    """Returns the heading (h1 to h3) that says the title, failing that the first h1; None on a page without either."""
    wanted = fold_title(title)
    first = None
    for heading in islice(tree.iter("h1", "h2", "h3"), _MOST):
        if heading.tag == "h1" and first is None:
            first = heading
        # A heading much longer than the title holds the whole page.
        text = fold_title("".join(heading.itertext())[: 2 * len(title) + 100])
        if wanted and text == wanted and not stands_apart(heading):
            return heading
    return first


def stands_apart(element: HtmlElement, shared: frozenset[HtmlElement] = frozenset()) -> bool:
    """Says whether an element belongs to a menu, a form, a picture, comments or teasers of other pieces.

    ``shared`` are elements around the headline too: what they are called says nothing about what is apart from it. The
    classes of the whole page ("has-sidebar", "comments-open") never do.
    """
    for outer in (element, *element.iterancestors()):
        if outer in shared or outer.tag in ("body", "html"):
            return False
        parent = outer.getparent()
        if outer.tag == "footer" and parent is not None and parent.tag == "article" and parent in shared:
            # Where many blogs put the article's own date and byline.
            return False
        if outer.tag in _FOREIGN_TAGS or _FOREIGN_CLASS.search(f"{outer.get('class') or ''} {outer.get('id') or ''}"):
            return True
    return False


def enclose(element: HtmlElement | None) -> frozenset[HtmlElement]:
    """Returns the elements around an element, without itself."""
    return frozenset(element.iterancestors(etree.Element)) if element is not None else frozenset()
