"""What changed between two versions of one article."""

from __future__ import annotations

import re
from collections import Counter

from db.folding import fold
from db.store import Change, Kind

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NOTE = re.compile(
    r"\bcorrect(?:ion|ed|s)\b|\bclarif(?:ication|ied|ies)\b|\berrat(?:um|a)\b|исправ|уточн|اصلاح|تصحیح|تصحيح|سمون|درستی"
)
"""Words with which outlets announce a correction, folded, in the languages Parley ships topics for."""

TRUNCATED_SHARE = 0.6
"""A version with fewer of the old words than this, and hardly a new one, is a cut text and no edit."""
REWRITE_SHARE = 0.5
SMALL_SHARE = 0.08
SMALL_WORDS = 12


def compare(old_title: str, old_body: str, new_title: str, new_body: str) -> Change | None:
    """Returns how an article's text changed, or None where not even a letter did.

    Words are counted as a multiset on folded text, so moved paragraphs are no change and punctuation is ``cosmetic``.
    """
    if (old_title, old_body) == (new_title, new_body):
        return None
    old, new = _words(old_title, old_body), _words(new_title, new_body)
    gained, lost = new - old, old - new
    added, removed = gained.total(), lost.total()
    numbers = max(_numbers(gained), _numbers(lost))
    return Change(_kind(old, new, gained, lost, numbers), added, removed, numbers)


def _kind(old: Counter[str], new: Counter[str], gained: Counter[str], lost: Counter[str], numbers: int) -> Kind:
    added, removed, size = gained.total(), lost.total(), max(old.total(), 1)
    if not added and not removed:
        return "cosmetic"
    if new.total() < TRUNCATED_SHARE * size and added <= max(SMALL_WORDS, SMALL_SHARE * size):
        return "truncated"
    if (old & new).total() < REWRITE_SHARE * max(size, new.total()) and removed > REWRITE_SHARE * size:
        return "rewrite"
    if _NOTE.search(" ".join(gained)) or (numbers and removed and added <= 2 * removed + SMALL_WORDS):
        return "correction"
    if added + removed <= max(SMALL_WORDS, SMALL_SHARE * size):
        return "minor"
    return "update"


def _words(title: str, body: str) -> Counter[str]:
    return Counter(_WORD.findall(fold(f"{title}\n{body}")))


def _numbers(words: Counter[str]) -> int:
    return sum(n for word, n in words.items() if _NUMBER.fullmatch(word))
