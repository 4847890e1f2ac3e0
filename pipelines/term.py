"""``Term``: one spelling of a topic file, a word, beginning or phrase: text -> folded words -> FTS5 MATCH."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from db.folding import fold
from db.search import quote_phrase, split_words
from db.spellings import ATTACHED, part_joined, spell

_FIRST_SYLLABLE = "\u0900"
"""Below are the alphabets (Latin, Greek, Cyrillic, Hebrew, Arabic ...), where one letter begins half the dictionary."""
_OPERATOR = re.compile(r"(?<=\s)(?:AND|OR|NOT)(?=\s)|\||(?<=\w)\?(?=\w)")
"""What other tools read as more than words: a list has them as items. (In a term all in capitals they are words.)"""


class TermError(ValueError):
    """A term or expression that cannot be used; ``at`` is the character where, counted from 0."""

    def __init__(self, message: str, at: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


@dataclass(frozen=True, slots=True)
class Term:
    """One word, beginning or phrase to look for, folded and split as the index does it."""

    words: tuple[str, ...]
    starred: tuple[bool, ...]
    """For each word, whether it is only a beginning (``negotiat*``)."""
    attaching: str | None = None
    """The language of its list, where words of that language have others attached to them (`db.spellings`)."""

    def spellings(self) -> list[Term]:
        """Returns all that the term stands for, itself first: parts joined or not, other words attached."""
        return [Term(words, starred) for words, starred in spell(self.words, self.starred, self.attaching)]

    def match_segments(self) -> list[str]:
        """Returns the FTS5 phrases of this spelling; more than one when a star stands inside (``мирн* процесс*``)."""
        segments: list[str] = []
        start = 0
        for index, star in enumerate(self.starred):
            if star or index == len(self.words) - 1:
                segments.append(quote_phrase(self.words[start : index + 1], prefix=star))
                start = index + 1
        return segments

    def match_text(self) -> str:
        """Returns all spellings of the term as MATCH text."""
        texts = [spelling.match_spelling() for spelling in self.spellings()]
        return texts[0] if len(texts) == 1 else f"({' OR '.join(texts)})"

    def match_spelling(self) -> str:
        """Returns this spelling as MATCH text; FTS5 has no inner stars: such parts touch, either way round."""
        segments = self.match_segments()
        return segments[0] if len(segments) == 1 else write_near(segments, 0, len(self.words))


def parse_term(text: str, language: str | None = None) -> Term:
    """Returns a term of a topic file: one word, several words in order; ``*`` after a word for its beginning.

    ``language``: of the list it stands in. What a joiner (ZWNJ) parts are words in order, in all but
    long phrases: their spellings join them.

    Raises TermError when there is no word in it, or a star stands elsewhere or after fewer than two letters.
    """
    sign = _OPERATOR.search(text)
    if sign and not any(word.isupper() for word in _OPERATOR.sub(" ", text).split()):
        raise TermError(f'"{text}": a term is one spelling, "{sign[0]}" means nothing in it; list each', sign.start())
    words: list[str] = []
    starred: list[bool] = []
    for chunk in fold(part_joined(text)).split():
        body = chunk.rstrip("*")
        if "*" in body:
            raise TermError(f'"{text}": a star stands only at the end of a word')
        parts = split_words(body)
        if not parts and len(body) < len(chunk):
            raise TermError(f'"{text}": a star needs the beginning of a word before it')
        words += parts
        starred += [False] * len(parts)
        if parts and len(body) < len(chunk):
            if len(parts[-1]) < 2 and parts[-1] < _FIRST_SYLLABLE:
                raise TermError(f'"{text}": a star needs at least two letters before it')
            starred[-1] = True
    if not words:
        raise TermError(f'"{text}": there is no word in it')
    return Term(tuple(words), tuple(starred), language if language in ATTACHED else None)


def write_term(term: Term) -> str:
    """Returns a term as a topic file would have it, folded."""
    return " ".join(word + "*" * star for word, star in zip(term.words, term.starred, strict=True))


def write_near(segments: Sequence[str], distance: int, n_words: int) -> str:
    """Returns a NEAR of phrases; FTS5 counts the words between the outermost two, the phrases among them included."""
    between = 0 if len(segments) == 2 else max(0, n_words - 2)
    return f"NEAR({' '.join(segments)}, {distance + between})"
