"""Reads the JSON-LD of a page and finds the node that describes the page's own article.

Vocabulary: https://schema.org/Article. Pages write it carelessly: every reader here takes strings, lists and objects.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pipelines.format_characters import single_space

Node = dict[str, Any]

_MAX_NODES = 5_000
_OPENINGS = re.compile(r"(?:<!--|<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|//\s*<!\[CDATA\[|//[^\n]*\n|\s+)+")
_CLOSINGS = ("-->", "]]>", ";", "//", "*/", "/*")
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_ARTICLE_KINDS = re.compile(r"(?:Article|Posting|^Report|^Review|^ClaimReview|^Recipe)$")
# Other pieces hang under these; their headline and dates are not the page's.
_FOREIGN = {
    "itemListElement", "hasPart", "isPartOf", "mentions", "citation", "relatedLink", "significantLink", "comment",
    "liveBlogUpdate", "review", "isBasedOn", "blogPost", "about", "subjectOf", "video", "associatedMedia", "author",
    "publisher",
}  # fmt: skip


@dataclass(slots=True)
class LinkedData:
    """Everything the JSON-LD scripts of a page say, sorted by how far to trust it."""

    article: Node | None = None
    """The node of the page's own article."""
    others: list[Node] = field(default_factory=list)
    """Other nodes about the page (``WebPage``, ``VideoObject`` ...)."""
    foreign: bool = False
    """Article nodes exist, and none is the page's own."""
    by_id: dict[str, Node] = field(default_factory=dict)

    def resolve(self, value: Any) -> Any:
        """Returns the node a bare ``{"@id": ...}`` reference points to, else the value itself."""
        if isinstance(value, dict) and "@id" in value and not value.keys() - {"@id", "@type"}:
            return self.by_id.get(str(value["@id"]), value)
        return value


def load_json(text: str) -> list[Any]:
    """Returns the JSON values of one script, its common faults repaired; nothing when it is beyond repair."""
    text = text.replace("\ufeff", "").strip()
    for repair in (_as_is, _unwrap, _unescape):
        try:
            return _decode_all(repair(text))
        except (ValueError, RecursionError):
            continue
    return []


def _as_is(text: str) -> str:
    return text


def _unwrap(text: str) -> str:
    """Without the comment and CDATA marks that once hid scripts from old browsers, and without trailing commas."""
    opening = _OPENINGS.match(text)
    text = text[opening.end() :] if opening else text
    while text.endswith(_CLOSINGS):
        text = next(text.removesuffix(mark) for mark in _CLOSINGS if text.endswith(mark)).rstrip()
    return _TRAILING_COMMA.sub(r"\1", text)


def _unescape(text: str) -> str:
    return _TRAILING_COMMA.sub(r"\1", html.unescape(_unwrap(text)))


def _decode_all(text: str) -> list[Any]:
    """Some scripts hold several objects one after another. ``strict=False`` lets raw line breaks stand in strings."""
    decoder = json.JSONDecoder(strict=False)
    values: list[Any] = []
    at = 0
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        values.append(value)
        while at < len(text) and text[at] in " \t\r\n,;":
            at += 1
    return values


def read_linked_data(scripts: list[str], is_own: Callable[[Node], float]) -> LinkedData:
    """Returns the page's linked data; ``is_own`` grades how well an article node fits the page, 0 when it does not.

    A single article node at the top is taken on trust. Among several the best fitting is taken, the first on a tie;
    when several disagree and none fits, the page is a list and has no article node.
    """
    data = LinkedData()
    articles: list[Node] = []
    for node in _walk([value for script in scripts for value in load_json(script)], data.by_id):
        if is_article(node):
            articles.append(node)
        else:
            data.others.append(node)
    if len(articles) == 1:
        data.article = articles[0]
    elif articles:
        graded = max(articles, key=lambda node: (is_own(node), _weigh(node)))
        if is_own(graded) > 0 or len({str(node.get("headline")) for node in articles}) == 1:
            data.article = graded
        data.foreign = data.article is None
    return data


def _weigh(node: Node) -> int:
    return sum(1 for key in ("headline", "datePublished", "author", "articleBody") if node.get(key))


def _walk(values: list[Any], by_id: dict[str, Node]) -> Iterator[Node]:
    """Every node that can speak for the page, in document order; fills ``by_id`` from all nodes."""
    stack: list[tuple[Any, bool]] = [(value, True) for value in reversed(values)]
    budget = _MAX_NODES
    while stack and budget:
        value, own = stack.pop()
        if isinstance(value, list):
            stack.extend((item, own) for item in reversed(value))
            continue
        if not isinstance(value, dict):
            continue
        budget -= 1
        if "@id" in value and value.keys() - {"@id", "@type"}:
            by_id.setdefault(str(value["@id"]), value)
        if own and value.keys() - {"@context", "@graph", "@id"}:
            yield value
        for key, child in reversed(list(value.items())):
            if isinstance(child, list | dict):
                inside = own and (
                    key == "@graph" or (key not in _FOREIGN and key in ("mainEntity", "mainEntityOfPage"))
                )
                stack.append((child, inside))


def kinds(node: Node) -> list[str]:
    """Returns the bare schema.org type names of a node."""
    value = node.get("@type")
    names = value if isinstance(value, list) else [value]
    return [re.split(r"[/#:]", name)[-1] for name in names if isinstance(name, str)]


def is_article(node: Node) -> bool:
    """Says whether a node describes an article of any kind schema.org knows."""
    return any(_ARTICLE_KINDS.search(kind) for kind in kinds(node))


def text_of(value: Any, keys: tuple[str, ...] = ("name", "@value", "text", "headline")) -> str:
    """Returns the plain text of a string, a list's first member or an object's name; empty when there is none."""
    for _ in range(5):
        if isinstance(value, list):
            value = next((item for item in value if item), None)
        elif isinstance(value, dict):
            value = next((value[key] for key in keys if value.get(key)), None)
        else:
            break
    return clean_text(value) if isinstance(value, str) else ""


def clean_text(text: str) -> str:
    """Returns text with entities resolved (twice: pages escape escaped text), tags removed and white space single."""
    if "&" in text:
        text = html.unescape(html.unescape(text))
    if "<" in text:
        text = re.sub(r"</?[a-zA-Z][^<>]{0,300}>", " ", text)
    return single_space(text)


def strings_of(value: Any) -> list[str]:
    """Returns every string in a value that may be a string, an object with a URL or ``@id``, or a list of those."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [str(value[key]) for key in ("@id", "url", "contentUrl") if isinstance(value.get(key), str)]
    if isinstance(value, list):
        return [text for item in value[:50] if not isinstance(item, list) for text in strings_of(item)]
    return []
