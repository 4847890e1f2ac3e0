"""Splits text into lines, and reads it out of strings of markup: JSON-LD ``articleBody``, the state of a page."""

from __future__ import annotations

import html
import re
import unicodedata

from pipelines.format_characters import single_space

_BREAK = re.compile(
    r"<(?:/?(?:p|div|section|article|h[1-6]|ul|ol|li|dl|dt|dd|table|tr|blockquote|pre|figure|figcaption)|br|hr)\b[^<>]*>",
    re.IGNORECASE,
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
# CommonMark, and the directives that publishing systems add to it.
_LINK = re.compile(r"!?\[([^\[\]\n]{0,500})\]\([^()\s]{1,2000}\)")
_STRONG = re.compile(r"\*\*(?=\S)([^*\n]+)(?<=\S)\*\*")
_HEADING = re.compile(r"#{1,6}\s+")
_DIRECTIVE = re.compile(r"\+{3}[\w-]*|\[#[^\[\]]*\](?:\|{3}.*)?")
_RULE = re.compile(r"[\s_*=|~#+:.·•◇◆\-–—]+")
"""A line that only parts what stands above and below it."""


def read_fragment(markup: str) -> list[str]:
    """Returns the text of a string of HTML or Markdown as lines, one a block; inline markup parts no words."""
    text = markup
    for _ in range(2):
        # Pages escape escaped text.
        text = html.unescape(text) if "&" in text else text
    if "<" in text:
        text = _TAG.sub("", _BREAK.sub("\n", text))
    return split_lines("\n".join(map(_read_line, text.split("\n"))))


def split_lines(text: str) -> list[str]:
    """Returns the lines of a text in NFC, white space single, without meaningless format characters and drawn rules."""
    lines = (single_space(line) for line in unicodedata.normalize("NFC", text).split("\n"))
    return [line for line in lines if line and not _RULE.fullmatch(line)]


def _read_line(line: str) -> str:
    line = line.strip()
    if not line or _DIRECTIVE.fullmatch(line):
        return ""
    return _STRONG.sub(r"\1", _LINK.sub(r"\1", _HEADING.sub("", line, count=1) if line[0] == "#" else line))
