"""All terms of all topics in one index: one pass over an article's words finds them, however many topics there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

from pipelines.term import Term

_MOST_REMEMBERED = 50_000
"""Words whose candidate terms are remembered, over all articles."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    words: tuple[str, ...]
    starred: tuple[bool, ...]
    term: Term

    def holds(self, words: Sequence[str]) -> bool:
        """Tells whether words, in this order, are the pattern's."""
        return len(words) == len(self.words) and all(
            (word.startswith(wanted) if star else word == wanted)
            for word, wanted, star in zip(words, self.words, self.starred, strict=True)
        )


class TermIndex:
    """Finds terms in folded words; the time it takes hardly depends on the number of terms."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self._whole: dict[str, list[_Pattern]] = defaultdict(list)
        self._begun: dict[str, list[_Pattern]] = defaultdict(list)
        for term in sorted(set(terms), key=lambda term: (term.words, term.starred, term.attaching or "")):
            for pattern in dict.fromkeys(one for spelling in term.spellings() for one in _spread(spelling, term)):
                (self._begun if pattern.starred[0] else self._whole)[pattern.words[0]].append(pattern)
        self._stem = min(map(len, self._begun), default=0)
        lengths: dict[str, set[int]] = defaultdict(set)
        for beginning in self._begun:
            lengths[beginning[: self._stem]].add(len(beginning))
        self._lengths = {stem: sorted(found) for stem, found in lengths.items()}
        self._candidates: dict[str, tuple[_Pattern, ...]] = {}

    def find(self, words: Sequence[str]) -> Iterator[tuple[Term, int, int]]:
        """Yields each term found with the numbers of its first word and of the word after its last."""
        remembered = self._candidates
        for start, word in enumerate(words):
            patterns = remembered.get(word)
            if patterns is None:
                patterns = self._find_candidates(word)
            for pattern in patterns:
                end = start + len(pattern.words)
                if end == start + 1 or pattern.holds(words[start:end]):
                    yield pattern.term, start, end

    def _find_candidates(self, word: str) -> tuple[_Pattern, ...]:
        found = list(self._whole.get(word, ()))
        for length in self._lengths.get(word[: self._stem], ()):
            if length > len(word):
                break
            found += self._begun.get(word[:length], ())
        if len(self._candidates) >= _MOST_REMEMBERED:
            self._candidates.clear()
        self._candidates[word] = tuple(found)
        return self._candidates[word]


def _spread(spelling: Term, term: Term) -> list[_Pattern]:
    """Returns the orders in which a spelling of a term may stand.

    As for FTS5, pieces that end in a star touch either way round.
    """
    pieces: list[list[int]] = [[]]
    for index, star in enumerate(spelling.starred):
        pieces[-1].append(index)
        if star and index < len(spelling.words) - 1:
            pieces.append([])
    orders = permutations(pieces) if len(pieces) < 4 else iter([tuple(pieces)])
    flat = [[index for piece in order for index in piece] for order in orders]
    words, starred = spelling.words, spelling.starred
    patterns = [_Pattern(tuple(words[i] for i in order), tuple(starred[i] for i in order), term) for order in flat]
    return list(dict.fromkeys(patterns))
