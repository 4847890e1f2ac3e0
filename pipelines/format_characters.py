"""Tells the invisible format characters (Unicode category Cf) that a script needs from those that are only dirt.

Persian words need U+200C and Indic ones U+200D, text of two directions needs its marks, and a Koran quotation shows
U+06DD; a soft hyphen or a byte order mark inside a text only breaks searching and comparing.
The characters: https://www.unicode.org/Public/UCD/latest/ucd/extracted/DerivedGeneralCategory.txt
"""

from __future__ import annotations

import re

from lxml import etree
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
_IN_SOURCE = re.compile(
    f"[{_NEEDED}{_WORD_BREAK}{_TAGS[0]}-{_TAGS[-1]}]|&(?:zwn?j|lrm|rlm|#0*(?:820[3-7]|1564)|#x0*(?:200[b-f]|61c))",
    re.IGNORECASE,
)


def drop_format_characters(text: str) -> str:
    """Returns a text without the invisible characters that carry no meaning where they stand."""
    return text if text.isascii() else _DROPPED.sub("", text)


def drop_joiners(text: str) -> str:
    """Returns a text without any format character, for comparing: two spellings of a word may differ only in one."""
    return text if text.isascii() else _DROPPED.sub("", text).translate(_JOINERS)


def holds_format_characters(source: str) -> bool:
    """Says whether the source of a page writes any of the characters worth keeping, plainly or as a reference."""
    return bool(_IN_SOURCE.search(source))


def hide_format_characters(tree: HtmlElement) -> None:
    """Replaces in a tree's texts the characters worth keeping by printable stand-ins.

    Trafilatura deletes whatever Python calls unprintable. Undo it with ``show_format_characters`` on the tree and with
    ``unmask`` on every text drawn from it.
    """
    _translate(tree, _HIDE)


def show_format_characters(tree: HtmlElement) -> None:
    """Puts the characters of ``hide_format_characters`` back into a tree's texts."""
    _translate(tree, _SHOW)


def unmask(text: str) -> str:
    """Returns a text with the stand-ins of ``hide_format_characters`` turned back."""
    return text if text.isascii() else text.translate(_SHOW)


def _translate(tree: HtmlElement, table: dict[int, str]) -> None:
    for element in tree.iter(etree.Element):
        text, tail = element.text, element.tail
        if text and not text.isascii():
            element.text = text.translate(table)
        if tail and not tail.isascii():
            element.tail = tail.translate(table)
