"""Reads the article out of the state that script-drawn pages carry for their own code.

Such a page shows nothing until its scripts run. The story is in it all the same: as JSON in ``__NEXT_DATA__`` or in the
rows of ``__next_f`` (https://nextjs.org/docs/app/glossary#rsc-payload). Only looked at where everything else fails.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

from lxml.html import HtmlElement

_FLIGHT = re.compile(r"__next_f\.push\(\[1,\s*(\"(?:[^\"\\]|\\.)*+\")\s*\]\)")
_PARAGRAPH = re.compile(r"<p\b[^<>]*>(.*?)</p>", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"<(?:br|/?div|/?li|/?h[1-6])\b[^<>]*>", re.IGNORECASE)
_PUBLISHED = re.compile(
    r"\"(?:date_?)?(?:first_?)?(?:publish(?:ed)?|publication|deploy|release|display|issue)_?(?:date|time|on|at|dt)*\""
    r"\s*:\s*\"([^\"\\]{8,40})\"",
    re.IGNORECASE,
)
_MAX_STATE = 5_000_000
"""Characters of state that are read."""


def read_state(tree: HtmlElement) -> str:
    """Returns the state of a page as one text, its strings unescaped once; empty when there is none."""
    parts: list[str] = []
    for script in tree.iter("script"):
        text = script.text or ""
        if script.get("id") == "__NEXT_DATA__":
            # The source tells the keys, its strings the markup; the markup in the source is still escaped.
            parts += [text.replace("<", " "), *_strings(text)]
        elif "__next_f" in text:
            parts.extend(_load(match[1]) for match in _FLIGHT.finditer(text))
    return "".join(parts)[:_MAX_STATE]


def find_paragraphs(state: str) -> list[str]:
    """Returns the inner markup of every paragraph written out in a state, in its order, each once."""
    found = (" ".join(_BREAK.sub(" ", match[1]).split()) for match in _PARAGRAPH.finditer(state))
    return list(dict.fromkeys(text for text in found if re.search(r"\w", html.unescape(re.sub(r"<[^<>]*>", "", text)))))


def find_published(state: str) -> list[str]:
    """Returns the values of keys in a state that are named like a publication date, in its order."""
    return [match[1] for match in _PUBLISHED.finditer(state)]


def _load(literal: str) -> str:
    try:
        value = json.loads(literal, strict=False)
    except ValueError:
        return ""
    return value if isinstance(value, str) else ""


def _strings(text: str) -> Iterator[str]:
    """Every string with a paragraph in it, anywhere in a JSON text."""
    try:
        stack: list[Any] = [json.loads(text, strict=False)]
    except (ValueError, RecursionError):
        return
    while stack:
        value = stack.pop()
        if isinstance(value, str) and "<p" in value:
            yield value
        elif isinstance(value, list | dict):
            stack.extend(reversed(list(value.values() if isinstance(value, dict) else value)))
