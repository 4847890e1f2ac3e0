"""Tells the invisible format characters (Unicode category Cf) that a script needs from those that are only dirt.

Persian words need U+200C and Indic ones U+200D, text of two directions needs its marks, and a Koran quotation shows
U+06DD; a soft hyphen or a byte order mark inside a text only breaks searching and comparing.
The characters: https://www.unicode.org/Public/UCD/latest/ucd/extracted/DerivedGeneralCategory.txt
"""

from __future__ import annotations

import re
from typing import Any, cast

from lxml.html import HtmlElement

_NEEDED = (
    "\u200c\u200d"  # joiners: Arabic script, Indic scripts, emoji
    "\u200e\u200f\u061c"  # direction marks; embeddings and overrides are not here, they leak into what follows
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"  # visible signs
    "\u180e"  # Mongolian vowel separator
)
_WORD_BREAK = "\u200b"
_TAGS = "".join(map(chr, range(0xE0020, 0xE0080)))
_DROPPED = re.compile(
    "[\u00ad\u2060-\u2064\u2066-\u206f\u202a-\u202e\ufeff\ufff9-\ufffb\U000e0001]"
    # Scripts without spaces may break a line only where this stands; elsewhere it is left over from some editor.
    "|(?<![\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\ua980-\ua9df])\u200b"
    "|\u200b(?![\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\ua980-\ua9df])"
    # The flags of England, Scotland and Wales are spelled with tags; any other tag is hidden text.
    "|(?<![\U0001f3f4\U000e0020-\U000e007e])[\U000e0020-\U000e007f]+"
)
# Variation selectors nobody uses: marks, so that no reader takes them for letters, spaces or unprintable.
_STAND_IN = 0xE0150
_KEPT = _NEEDED + _WORD_BREAK + _TAGS
_HIDE = {ord(char): chr(_STAND_IN + number) for number, char in enumerate(_KEPT)}
_SHOW = {ord(shown): chr(hidden) for hidden, shown in _HIDE.items()}
_HIDE |= dict.fromkeys(_SHOW, "")
_JOINERS = dict.fromkeys(map(ord, _KEPT))
_REFERENCE = re.compile(r"&(?:zwn?j|lrm|rlm|#0*(?:820[3-7]|1564)|#[xX]0*(?:200[b-fB-F]|61[cC]))")
_REFERABLE = "\u200b\u200c\u200d\u200e\u200f\u061c"
_SOUGHT = f"{_NEEDED}{_WORD_BREAK}{_TAGS[-1]}"
"""What a page with any kept character holds: a flag always ends with the last tag."""


Hidden = tuple[HtmlElement, bool, str]
"""An element, whether its tail is meant (else its text), and that text as it was."""


def drop_format_characters(text: str) -> str:
    """Returns a text without the invisible characters that carry no meaning where they stand."""
    return text if text.isascii() else _DROPPED.sub("", text)


def single_space(text: str) -> str:
    """Returns a text with single spaces for all white space and without meaningless format characters."""
    text = " ".join(text.split())
    # Every format character is unprintable to Python, and few texts hold one.
    return text if text.isprintable() else " ".join(drop_format_characters(text).split())


def drop_joiners(text: str) -> str:
    """Returns a text without any format character, for comparing: two spellings of a word may differ only in one."""
    return text if text.isascii() else _DROPPED.sub("", text).translate(_JOINERS)


def hide_format_characters(tree: HtmlElement, source: str) -> list[Hidden]:
    """Replaces in a tree's texts the characters worth keeping by printable stand-ins; returns what was changed.

    Trafilatura deletes whatever Python calls unprintable. ``source`` is what the tree was parsed from. Undo it with
    ``show_format_characters`` on the tree and with ``unmask`` on every text drawn from it.
    """
    # Looking for one character at a time is many times faster than for a set of them.
    sought = [] if source.isascii() else [char for char in _SOUGHT if char in source]
    if _REFERENCE.search(source):
        sought += [char for char in _REFERABLE if char not in sought]
    hidden: dict[tuple[HtmlElement, bool], str] = {}
    if sought:
        holds = " or ".join(f"contains(., '{char}')" for char in sought)
        for found in cast("list[Any]", tree.xpath(f"//*[not(self::script or self::style)]/text()[{holds}]")):
            parent: HtmlElement = found.getparent()
            hidden.setdefault((parent, found.is_tail), (parent.tail if found.is_tail else parent.text) or "")
    for (element, is_tail), text in hidden.items():
        _put(element, is_tail, text.translate(_HIDE))
    return [(element, is_tail, text) for (element, is_tail), text in hidden.items()]


def show_format_characters(hidden: list[Hidden]) -> None:
    """Puts the texts that ``hide_format_characters`` changed back into their tree."""
    for element, is_tail, text in hidden:
        _put(element, is_tail, text)


def _put(element: HtmlElement, is_tail: bool, text: str) -> None:
    if is_tail:
        element.tail = text
    else:
        element.text = text


def unmask(text: str) -> str:
    """Returns a text with the stand-ins of ``hide_format_characters`` turned back."""
    return text if text.isascii() else text.translate(_SHOW)
