"""The ways one word or phrase is set in scripts where writers differ in what they write in one piece.

What a letter-by-letter folding cannot join without damage is written out instead: each spelling is looked for.

- Phrases of the Arabic script: a joiner (ZWNJ), a space or nothing between two words are one spelling. ``آتش بس`` and
  ``عبد الله`` are found as ``آتش‌بس`` and ``عبدالله`` too.
- Words that a script attaches to others, in the languages of `ATTACHED`: ``طالبان`` is found in ``والطالبان``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from db.folding import fold

_LETTER = "[\u0620-\u063f\u0641-\u064a\u066e\u066f\u0671-\u0673\u0675-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06ff]"
_MARK = "[\u064b-\u065f\u0670]"
JOINER = re.compile(rf"(?:(?<={_LETTER})|(?<={_LETTER}{_MARK}))\u200c(?={_LETTER})")
"""ZWNJ, after a vowel sign or hamza too: parts of one word, set apart by Persian, Urdu and Kurdish writers; as often a
space or nothing stands there."""
MOST_GAPS = 3
"""Gaps of a phrase that may be closed, from its beginning: all ways to close more would be too many."""
SHORTEST_RUN = 2
LONGEST_RUN = 3
"""Words in a row that may be one to the search box: ``گفت و گو`` is ``گفتوگو``."""

_WORD = re.compile(r"[^\W_]+")
_ARABIC = re.compile("[\u0620-\u06ff]+")

Spelling = tuple[tuple[str, ...], tuple[bool, ...]]
"""Folded words, and for each whether it is only a beginning."""


@dataclass(frozen=True, slots=True)
class Attached:
    """What a language writes in one piece with a word: each string a whole chain of such words, folded."""

    before: tuple[str, ...] = ()
    """Before words of at least three letters, or two where another word follows."""
    before_long: tuple[str, ...] = ()
    """Before words of at least four, or two where another follows: shorter ones too often become another word."""
    article: str = ""
    before_article: tuple[str, ...] = ()
    """Before the article, which stands before words of at least two letters."""
    after: tuple[str, ...] = ()
    """After words of at least two letters."""


ATTACHED: Mapping[str, Attached] = {
    # And, to, in, with the article: والطالبان, بالمفاوضات, للسلام. So (ف) and like (ك) only before an article: كمال is
    # a name, not "like money".
    "ar": Attached(
        before=("و", "ب", "ل", "وب", "ول"),
        article="ال",
        before_article=("", "و", "ف", "ب", "ک", "وب", "وک", "فب"),
    ),
    # The plural, with a joiner or without: افغان‌ها, مذاکرهها, پل‌های. (With a space it is a word of its own.)
    "fa": Attached(after=("ها", "های", "هایی")),
    # And, in, to, the; from, that, like, before longer words: דבר is "thing", מדבר "desert".
    "he": Attached(
        before=("ו", "ב", "ל", "ה", "וב", "ול", "וה"),
        before_long=("מ", "ש", "כ", "ומ", "מה", "שה", "שב", "של", "כש"),
    ),
}
"""By ISO 639-1 code. Collisions that stay (``حرية``, freedom, in ``بحرية``, navy) are told by `scrapy topic test`
where the word is a frequent one."""


@lru_cache(maxsize=20_000)
def spell(words: tuple[str, ...], starred: tuple[bool, ...], language: str | None = None) -> tuple[Spelling, ...]:
    """Returns all ways to set folded words, the given one first; ``language``: whose attached words may be there.

    A phrase has them before its first word and after its last.
    """
    found: dict[Spelling, None] = {}
    for joined, stars in _close_gaps(words, starred):
        found[joined, stars] = None
        for first in _write_before(joined[0], language, alone=len(joined) == 1):
            found[(first, *joined[1:]), stars] = None
        for last in () if stars[-1] else _write_after(joined[-1], language):
            found[(*joined[:-1], last), stars] = None
    return tuple(found)


def _close_gaps(words: tuple[str, ...], starred: tuple[bool, ...]) -> Iterator[Spelling]:
    gaps = [
        at
        for at in range(1, len(words))
        if not starred[at - 1] and _ARABIC.fullmatch(words[at - 1]) and _ARABIC.fullmatch(words[at])
    ][:MOST_GAPS]
    for closed in product((False, True), repeat=len(gaps)):
        shut = {at for at, is_closed in zip(gaps, closed, strict=True) if is_closed}
        parts: list[str] = []
        stars: list[bool] = []
        for at, (word, star) in enumerate(zip(words, starred, strict=True)):
            if at in shut:
                parts[-1] += word
                stars[-1] = star
            else:
                parts.append(word)
                stars.append(star)
        yield tuple(parts), tuple(stars)


def _write_before(word: str, language: str | None, *, alone: bool) -> Iterator[str]:
    attached = ATTACHED.get(language or "")
    if attached is None or word.isascii():
        return
    if len(word) > (2 if alone else 1):
        yield from (before + word for before in attached.before)
    if len(word) > (3 if alone else 1):
        yield from (before + word for before in attached.before_long)
    if not attached.article:
        return
    # What begins like the article may be the word itself: الکترون (إلكترون) is found in الالکترون.
    if word.startswith(attached.article) and len(word) > len(attached.article) + 1:
        yield from (before + word for before in attached.before_article if before)
        yield from _after_lam(word.removeprefix(attached.article))
    if len(word) > 1:
        yield from (before + attached.article + word for before in attached.before_article)
        yield from _after_lam(word)


def _after_lam(word: str) -> Iterator[str]:
    """Yields ل with the article, which is لل, and before a third ل (اللجنة) only one more: للجنة."""
    for before in ("", "و", "ف"):
        yield before + ("ل" if word.startswith("ل") else "لل") + word


def _write_after(word: str, language: str | None) -> Iterator[str]:
    attached = ATTACHED.get(language or "")
    if attached is not None and len(word) > 1 and not word.isascii():
        yield from (word + after for after in attached.after)


def part_joined(text: str) -> str:
    """Returns a word or phrase with spaces for its joiners: `spell` closes them again.

    A phrase of more gaps than it closes is returned as it is: folded, its joiners close, and it finds itself.
    """
    parted = JOINER.sub(" ", text)
    return parted if len(_WORD.findall(fold(parted))) <= MOST_GAPS + 1 else text


def split_joined(text: str) -> list[str]:
    """Returns the folded words of a text, parts around a joiner as words of their own: `spell` puts them together."""
    return _WORD.findall(fold(part_joined(text)))


def find_runs(words: Sequence[str | None], at: int) -> Iterator[str]:
    """Yields the one-piece spellings of two or three neighbours with word number ``at`` among them.

    None stands for what no word may be joined to; a star after a word makes it, and the run it ends, a beginning.
    """
    for length in range(SHORTEST_RUN, LONGEST_RUN + 1):
        for start in range(max(0, at - length + 1), min(at, len(words) - length) + 1):
            run = "".join(word or "|" for word in words[start : start + length])
            if _ARABIC.fullmatch(run.removesuffix("*")):
                yield run
