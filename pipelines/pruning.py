"""Takes out of a page's tree, for as long as the body is read, the blocks that are never part of a story.

What a block is, its authors say in roles, class names and ids; where these are silent, its links tell.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import cast

from lxml import etree
from lxml.html import HtmlElement

from pipelines.labels import CROSS_REFERENCE
from pipelines.line_length import estimate_words

MAX_SHARE = 0.32
"""Share of the page's running text that a block may hold and still be taken out, whatever it is called: a class such as
``newsletter`` may as well name the kind of page, and an unclosed box swallows what follows it."""
MOST = 0.6
"""Share of the page's running text from which all blocks of one class together are the story, whatever it is called."""

_MIN_PROSE = 200
"""Characters of running text below which a page is a list or a gallery, and nothing in it stands beside a story."""

VOCABULARY: dict[str, tuple[str, ...]] = {
    "captions": (
        "captions?", "figcaption", "credits?$", "bildunterschrift",
        "(?:photo|image|media|picture|img)-(?:credits?|info|copyright|source)",
    ),
    "unseen": ("visually-?hidden", "sr-only", "screen-?reader(?:-text)?", "a11y-hidden", "assistive-text", "vh(?!-)"),
    "newsletters": ("newsletters?", "signup", "sign-up", "subscribe", "mailchimp", "mailing-list"),
    "related": (
        "relat(?:ed|eds|ion)", "recirc(?:ulation)?", "read-?more", "more-(?:from|on|stories)", "(?:read|see)-also",
        "also-read", "recommended", "recommendations?", "most-?(?:read|popular)", "trending", "up-next", "next-article",
        "popular-(?:articles|posts|stories)", "outbrain", "taboola", "promos?", "read-next", "latest-(?:news|stories)",
        "you-may-(?:also-)?like", "weiterlesen",
    ),
    "authors": (
        "author-?(?:bio|box|info|desc|description|card|content|profile|details)", "about-(?:the-)?author",
        "article-author", "post-author", "by-?lines?",
    ),
    "comments": ("comments", "comment-?(?:form|list|section)", "disqus"),
    "consent": (
        "cookie-?(?:consent|banner|notice|bar|wall|message|popup)", "consent-?(?:banner|layer|manager|wall|box|popup)",
        "gdpr", "(?:social|embed|content)-placeholder",
    ),
    "advertising": (
        "ads?", "adverts?", "advertisement", "sponsored", "anzeige", "werbung", "publicidad", "publicit[ea]", "reklama",
        "adslot", "affiliate",
    ),
    "sharing": (
        "shar(?:e|ing)", "share-?bar", "sharedaddy", "social-?(?:bar|box|buttons?|follow|icons?|links?|share|sharing)",
        "follow-us", "addthis",
    ),
    "facts": ("info-?box", "fact-?box"),
    "dialogs": ("modal", "popup", "lightbox", "dialog", "tooltip"),
    "appeals": ("cta", "call-to-action", "donat(?:e|ion)", "support-us", "app-?(?:hint|banner)"),
    "quotes": ("pull-?quote",),
    "contents": ("toc", "table-of-contents", "bread-?crumbs?"),
    "particulars": (
        "(?:post|article|entry|story)-(?:info|meta|date|details)", "date-?line", "time-?stamp", "publish-?date",
        "read(?:ing)?-?time",
    ),
}  # fmt: skip
"""Whole words of names, joined by hyphens, by what they name."""
RULES: frozenset[str] = frozenset((*VOCABULARY, "roles", "link_lists", "link_lines", "labelled_links"))
"""What is looked for; a benchmark takes single rules away."""

_ROLES = frozenset(("complementary", "navigation", "dialog", "alertdialog", "search", "contentinfo", "banner", "menu"))
"""Landmarks that are not the page's main content: https://www.w3.org/TR/wai-aria-1.2/#landmark_roles"""
_ROOTS = frozenset(("html", "body", "main"))
_UNREAD = frozenset((
    "script", "style", "noscript", "template", "svg", "iframe", "nav", "footer", "aside", "head", "select", "figure",
    "math",
))  # fmt: skip
"""Elements that Trafilatura drops whole: nothing in them needs to be taken out."""
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_LINES = _HEADINGS | {"p", "div"}
_LINKED = 0.9
"""Share of link text from which a line or a list is nothing but links."""
_LINK_WORDS = 4
"""Words from which the text of a link may be a headline."""
_LABEL_WORDS = 6
"""Words of the longest label before a link: "See also:"."""
_LONGEST_LINE = 300
"""Characters of the longest line that points elsewhere."""
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MODIFIER = re.compile(r"--\S*")
"""What follows two hyphens says how a block looks or what it has, not what it is: https://getbem.com/naming/"""
_STATE = re.compile(r"(?:^|(?<=\s))(?:(?:has|with|is|js|without)-\S*|\S*[:\[]\S*)")


@contextmanager
def pruned(tree: HtmlElement) -> Iterator[None]:
    """Takes the blocks out of the tree and puts them back in their places afterwards."""
    removed: list[tuple[HtmlElement, HtmlElement]] = []
    try:
        for element in find_furniture(tree):
            parent = element.getparent()
            if parent is not None:
                mark = etree.Element("script")
                mark.tail, element.tail = element.tail, None
                parent.replace(element, mark)
                removed.append((mark, element))
        yield
    finally:
        for mark, element in reversed(removed):
            tail = mark.tail
            mark.getparent().replace(mark, element)
            element.tail = tail


def find_furniture(tree: HtmlElement) -> list[HtmlElement]:
    """Returns the outermost blocks that are no part of a story, in the order of the page."""
    found: list[tuple[HtmlElement, int]] = []
    prose = _measure_prose(tree)
    stack = [tree] if prose >= _MIN_PROSE else []
    while stack:
        element = stack.pop()
        tag = element.tag
        if not isinstance(tag, str) or tag in _UNREAD:
            continue
        if tag not in _ROOTS and _is_furniture(element, tag) and (size := _measure_prose(element)) <= MAX_SHARE * prose:
            found.append((element, size))
        else:
            stack.extend(reversed(element))
    # A template may mark every paragraph of its stories "caption" or "social".
    together: Counter[str] = Counter()
    for element, size in found:
        together[element.get("class", "")] += size
    del together[""]
    return [element for element, _ in found if together[element.get("class", "")] <= MOST * prose]


def _is_furniture(element: HtmlElement, tag: str) -> bool:
    get = element.get
    name, mark = get("class"), get("id")
    # The id of a heading is made of its words, not of what it is.
    if (name and _names_furniture(name, RULES)) or (mark and tag not in _HEADINGS and _names_furniture(mark, RULES)):
        return True
    if "roles" in RULES and (get("role") in _ROLES or get("aria-modal") == "true"):
        return True
    if tag in ("ul", "ol"):
        return "link_lists" in RULES and _is_link_list(element)
    return tag in _LINES and _points_elsewhere(element)


@lru_cache(maxsize=20_000)
def _names_furniture(name: str, rules: frozenset[str]) -> bool:
    """Says whether a class attribute or an id names furniture."""
    words = _HUMP.sub("-", name).replace("__", "-").replace("_", "-")
    return _compile(rules).search(_STATE.sub("", _MODIFIER.sub("", words)).lower()) is not None


@lru_cache(maxsize=64)
def _compile(rules: frozenset[str]) -> re.Pattern[str]:
    words = "|".join(word for rule, names in VOCABULARY.items() if rule in rules for word in names)
    return re.compile(rf"(?:^|[\s-])(?:{words or '(?!)'})(?=$|[\s-])")


def _is_link_list(element: HtmlElement) -> bool:
    """Says whether a list holds nothing but links, most of which read like headlines."""
    links = [" ".join("".join(anchor.itertext()).split()) for anchor in element.iter("a")]
    if not links:
        return False
    text = "".join("".join(element.itertext()).split())
    linked = sum(len(link.replace(" ", "")) for link in links)
    headlines = sum(estimate_words(link) >= _LINK_WORDS for link in links)
    return len(text) > 0 and linked >= _LINKED * len(text) and 2 * headlines > len(links)


def _points_elsewhere(element: HtmlElement) -> bool:
    """Says whether a line is one link, or a link behind a label."""
    if next(element.iter("a"), None) is None:
        return False
    parts: list[str] = []
    size = 0
    for part in cast("Iterator[str]", element.itertext()):
        parts.append(part)
        # Most blocks are no line: what is too long is not read to its end.
        size += len(part.strip())
        if size > _LONGEST_LINE:
            return False
    text = " ".join("".join(parts).split()).rstrip(" .!")
    if not text or len(text) > _LONGEST_LINE:
        return False
    linked = " ".join("".join(part for anchor in element.iter("a") for part in anchor.itertext()).split()).rstrip(" .!")
    words = estimate_words(linked)
    if words >= _LINK_WORDS and element.tag != "div":
        if "link_lines" in RULES and element.tag == "p" and len(linked) >= _LINKED * len(text):
            return True
        label = text[: -len(linked)].rstrip() if text.endswith(linked) else ""
        if "labelled_links" in RULES and label.endswith((":", "：", "|")) and estimate_words(label) <= _LABEL_WORDS:
            return True
    return "labelled_links" in RULES and len(linked) >= len(text) / 2 and CROSS_REFERENCE.match(text) is not None


def _measure_prose(root: HtmlElement) -> int:
    """The characters of text outside links."""
    size = 0
    stack = [root]
    while stack:
        element = stack.pop()
        if isinstance(element.tag, str) and element.tag not in _UNREAD and element.tag != "a":
            size += len((element.text or "").strip()) + sum(len((child.tail or "").strip()) for child in element)
            stack.extend(element)
    return size
