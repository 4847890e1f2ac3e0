"""What changed between two versions of one article: a pure comparison of two texts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from db.folding import fold
from db.store import Change, Kind
from pipelines.correction_notes import announces_correction

TRUNCATED_SHARE = 0.6
"""A version with fewer of the old words than this, and hardly a new one, is a cut text and no edit."""
REWRITE_SHARE = 0.5
SMALL_SHARE = 0.08
SMALL_WORDS = 12
CELLS_MAX = 16_000_000
"""Largest product of two lengths (4,000 words each) that is aligned word by word; longer rests are counted as bags of
words, so that no text costs more than a few milliseconds beyond its reading."""
CARRIED_MAX = 64
"""Words between two cuts of what is carried out of a row of bits; each adds a bit at most, and a cut costs a step."""

T = TypeVar("T")

_GROUPED = re.compile(r"\d(?<![\d.,]\d)\d{0,2}(?:[ .,'٬]\d{3})+(?!\d)")
"""A number with its thousands set apart; folding has brought all digits to ASCII and narrow spaces to plain ones. Each
expression begins with what it looks for, and looks back after that: so `re` passes quickly over everything else."""
_NO_DIGIT = re.compile(r"\D+")
_DECIMAL = re.compile(r"[,٫](?<=\d.)(?=\d)")
_SENTENCE_END = re.compile(r"[!?؟。۔।…\n.](?:(?<!\d\.)|(?!\d))")
_WORD = re.compile(r"\d++(?:\.\d++)*+|\w+")


@dataclass(frozen=True, slots=True)
class _Text:
    """A text as it is compared: its sentences with their words, the letter forms, digits and grouping of numbers to
    one."""

    sentences: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]

    @property
    def size(self) -> int:
        return sum(map(len, self.words))


@dataclass(frozen=True, slots=True)
class _Count:
    """Words only the new text has, words only the old one has, and numbers that stand in the place of others."""

    added: int
    removed: int
    numbers: int


def compare(old_title: str, old_body: str, new_title: str, new_body: str) -> Change | None:
    """Returns how an article's text changed, or None where not even a letter did.

    Sentences that both versions hold count nothing, wherever they stand: a moved paragraph is no edit. What is left is
    aligned word by word (longest common subsequence), so the order of words matters within it. Case, punctuation and
    the way a number is written (1,200, 1.200, ۱۲۰۰) are ``cosmetic``. Added and removed swap when the versions do.
    """
    if (old_title, old_body) == (new_title, new_body):
        return None
    same = Counter(old_body.split("\n")) & Counter(new_body.split("\n"))
    both = _read("\n".join(same.elements()))
    old, new = (_read("\n".join(_without(body.split("\n"), same))) for body in (old_body, new_body))
    old_head, new_head = _read(old_title), _read(new_title)
    shared = Counter(old.words) & Counter(new.words)
    body = _align(_flatten(_without(old.words, shared)), _flatten(_without(new.words, shared)))
    head = _align(_flatten(old_head.words), _flatten(new_head.words))
    total = _Count(body.added + head.added, body.removed + head.removed, body.numbers + head.numbers)
    known = {*both.sentences, *old.sentences, *old_head.sentences}
    fresh = [sentence for sentence in (*new_head.sentences, *new.sentences) if sentence not in known]
    return Change(
        _kind(
            both.size + old.size + old_head.size,
            both.size + new.size + new_head.size,
            total,
            announced=any(map(announces_correction, fresh)),
        ),
        total.added,
        total.removed,
        total.numbers,
    )


def _kind(old_size: int, new_size: int, count: _Count, *, announced: bool) -> Kind:
    size, added, removed = max(old_size, 1), count.added, count.removed
    small = max(SMALL_WORDS, SMALL_SHARE * size)
    if not added and not removed:
        return "cosmetic"
    if new_size < TRUNCATED_SHARE * size and added <= small:
        return "truncated"
    if old_size - removed < REWRITE_SHARE * max(size, new_size) and removed > REWRITE_SHARE * size:
        return "rewrite"
    if announced or (count.numbers and added + removed <= small):
        return "correction"
    return "minor" if added + removed <= small else "update"


def _read(text: str) -> _Text:
    folded = _DECIMAL.sub(".", _GROUPED.sub(lambda match: _NO_DIGIT.sub("", match[0]), fold(text)))
    pairs = [(sentence, _WORD.findall(sentence)) for sentence in _SENTENCE_END.split(folded)]
    told = [(sentence.strip(), tuple(words)) for sentence, words in pairs if words]
    return _Text(tuple(sentence for sentence, _ in told), tuple(words for _, words in told))


def _without(units: Iterable[T], shared: Counter[T]) -> list[T]:
    """The units of a text, in order, less those that both texts hold."""
    left, rest = dict(shared), []
    for unit in units:
        if left.get(unit, 0):
            left[unit] -= 1
        else:
            rest.append(unit)
    return rest


def _flatten(sentences: Sequence[tuple[str, ...]]) -> list[str]:
    return [word for sentence in sentences for word in sentence]


def _align(old: list[str], new: list[str]) -> _Count:
    if len(old) * len(new) > CELLS_MAX:
        gained, lost = Counter(new) - Counter(old), Counter(old) - Counter(new)
        return _Count(gained.total(), lost.total(), min(_numbers(gained), _numbers(lost)))
    common = common_words(old, new)
    # With every number alike, as many words more are in common as numbers stand in the place of others.
    alike = common_words(_mask(old), _mask(new)) if common < min(len(old), len(new)) else common
    return _Count(len(new) - common, len(old) - common, alike - common)


def _mask(words: list[str]) -> list[str]:
    return ["0" if word[0].isdigit() else word for word in words]


def _numbers(words: Counter[str]) -> int:
    return sum(n for word, n in words.items() if word[0].isdigit())


def common_words(a: Sequence[str], b: Sequence[str]) -> int:
    """Returns the length of the longest common subsequence of two lists of words.

    Bit-parallel (Hyyrö, "Bit-parallel LCS-length computation revisited", 2004): one step a word of the longer list
    over an integer with a bit a word of the shorter one.
    """
    start, end_a, end_b = 0, len(a), len(b)
    while start < min(end_a, end_b) and a[start] == b[start]:
        start += 1
    while min(end_a, end_b) > start and a[end_a - 1] == b[end_b - 1]:
        end_a, end_b = end_a - 1, end_b - 1
    same = len(a) - end_a + start
    known = set(a[start:end_a]) & set(b[start:end_b])
    short, long = sorted(
        ([w for w in a[start:end_a] if w in known], [w for w in b[start:end_b] if w in known]), key=len
    )
    places: dict[str, int] = {}
    for place, word in enumerate(short):
        places[word] = places.get(word, 0) | (1 << place)
    every = (1 << len(short)) - 1
    row = every
    for done in range(0, len(long), CARRIED_MAX):
        for word in long[done : done + CARRIED_MAX]:
            met = row & places[word]
            row = (row + met) | (row ^ met)
        row &= every
    return same + len(short) - row.bit_count()
