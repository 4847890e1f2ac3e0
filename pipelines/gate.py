"""The cheap look at a page before full extraction: could any topic match it at all?

For broad crawls and archives that keep only what matches (``KEEP = matches``). The gate errs on one side: it reads all
words of a page, menus and data for scripts included, asks the loosened question, and lets pass what it cannot judge.
Of a topic only ``any`` is asked: ``require`` narrows what an article is about, and is for the article itself to answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from selectolax.lexbor import LexborHTMLParser

from db.search import split_words
from pipelines.document import decode
from pipelines.loosening import could_hold, loosen_subject
from pipelines.page import Page
from pipelines.term_index import TermIndex
from pipelines.topic import Topic

MOST_SCRIPT = 500_000
"""Characters of one script that are read: states of large sites hold the teasers of a whole section."""

_MOST_REMEMBERED = 50_000
"""Pieces of text whose words are remembered, over all pages: some 10 MB."""

_FOLD_ASCII = bytes(
    code if code > 127 else ord(chr(code).lower()) if chr(code).isalnum() else 32 for code in range(256)
)
"""Folds the ASCII letters of UTF-8 and blanks what separates ASCII words; bytes of other characters stay."""

_ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})")
_ESCAPED_SIGN = re.compile(r"\\+[nrt\"/]")


class Gate:
    """Says of pages whether extracting them could give a match; keep one for many pages."""

    def __init__(self, topics: Iterable[Topic]) -> None:
        topics = list(topics)
        self._asked = [(loosen_subject(topic), topic.name_terms()) for topic in topics]
        self._index = TermIndex(term for topic in topics for term in topic.all_terms())

    def lets_pass(self, page: Page) -> bool:
        """Returns False where no topic could match the page, whatever extraction makes of it. Never raises."""
        text = f"{page.title_hint or ''}\n{read_words(page)}"
        present = {term for term, _, _ in self._index.find(split_known(text))}
        return any(loose is None or could_hold(loose, named, present) for loose, named in self._asked)


def read_words(page: Page) -> str:
    """Returns all text of a page that extraction could draw on, in any order: content, metadata, data for scripts."""
    tree = LexborHTMLParser(decode(page.body, page.header("content-type")))
    parts = [node.attributes.get("content") or "" for node in tree.css("meta[content]")]
    parts += _read_scripts(tree)
    tree.strip_tags(["script", "style"])
    if tree.root is not None:
        parts.append(tree.root.text(separator=" "))
    return "\n".join(parts)


def _read_scripts(tree: LexborHTMLParser) -> Iterator[str]:
    for node in tree.css("script"):
        text = node.text()[:MOST_SCRIPT]
        if "json" in (node.attributes.get("type") or "") or node.id == "__NEXT_DATA__" or "__next_f" in text:
            unescaped = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "\\u" in text else text
            yield _ESCAPED_SIGN.sub(" ", unescaped)


class _Pieces(dict[bytes, tuple[str, ...]]):
    """The words of each piece of text between blanks and ASCII punctuation, learned at its first sight."""

    def __missing__(self, piece: bytes) -> tuple[str, ...]:
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        text = piece.decode()
        words = self[piece] = (text,) if piece.isascii() else tuple(split_words(text))
        return words


_PIECES = _Pieces()


def split_known(text: str) -> list[str]:
    """Returns what `split_words` does, several times faster where most words of a text were met before.

    Folding looks at neighbours, but never across a blank or ASCII punctuation.
    """
    pieces = text.encode("utf-8", "replace").translate(_FOLD_ASCII).split()
    return [word for piece in pieces for word in _PIECES[piece]]
