"""What a topic file may be missing, read off the articles it found: terms, names, and other spellings of its people.

Which words set one group of texts apart: log-odds with an informative prior (Monroe, Colaresi, Quinn: Fightin' Words,
2008), over articles instead of occurrences, so that one long article does not decide. A suggestion is for a reader to
judge; nothing here changes a file.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from db.search import split_words
from pipelines.frequent_words import FREQUENT
from pipelines.term_index import TermIndex
from pipelines.topic import ALL_ENTITIES, Topic
from pipelines.topic_grammar import Term

LEAST_ARTICLES = 3
"""A term in fewer accepted articles is an accident of those."""
SURE = 1.96
"""Standard deviations from which a difference counts: 95 %."""
PRIOR_ARTICLES = 10.0
"""Weight of the prior: as if so many articles more had been read, with each word as frequent as in all."""
COMMON = 0.25
"""Share of the other articles from which a word is one of the language, not of a topic."""
MOST_TERMS = 25
SHORTEST_SPELLING = 5
"""Letters: shorter names have too many neighbours that are other words."""

Kind = Literal["name", "phrase", "word"]

_TOKEN = re.compile(r"[^\W_][\w’'-]*|[^\w\s]|\n")
LONGEST_NAME = 4
"""Words: longer runs of capitals are headlines."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One article to learn from: its language, and the text as written."""

    language: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A term that the topic does not know and its accepted articles favour."""

    language: str | None
    kind: Kind
    term: str
    n_accepted: int
    """Accepted articles of that language with the term."""
    n_others: int
    z: float
    """How sure the difference is, in standard deviations."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """A word in accepted articles that may be another spelling of an entity's."""

    entity_id: str
    language: str | None
    word: str
    like: str
    """The known spelling it resembles."""
    n_accepted: int


def suggest_terms(topic: Topic, accepted: Sequence[Sample], others: Sequence[Sample]) -> list[Suggestion]:
    """Returns terms over-represented in the accepted articles and unknown to the topic, surest first, by language."""
    index = TermIndex(topic.all_terms())
    found: list[Suggestion] = []
    for language in _languages(accepted):
        inside = [sample.text for sample in accepted if sample.language == language]
        outside = [sample.text for sample in others if sample.language == language]
        in_counts, kinds = _count(inside)
        out_counts, _ = _count(outside)
        common = {word for word, n in out_counts.items() if n > COMMON * len(outside)}
        common |= FREQUENT.get(language or "", frozenset())  # a young archive has too few others to tell
        scored = [
            Suggestion(language, kinds[term], term, n, out_counts[term], round(z, 2))
            for term, n in in_counts.items()
            if n >= LEAST_ARTICLES
            and not common.intersection((term, *_ends(term)))
            and (z := log_odds(n, len(inside), out_counts[term], len(outside))) >= SURE
            and next(index.find(term.split()), None) is None
        ]
        found += _drop_parts(sorted(scored, key=lambda one: (-one.z, -len(one.term), one.term)))[:MOST_TERMS]
    return found


def _ends(term: str) -> tuple[str, str]:
    words = term.split()
    return words[0], words[-1]


def log_odds(n_in: int, all_in: int, n_out: int, all_out: int) -> float:
    """Returns by how many standard deviations the odds of a term differ between two groups of articles."""
    prior = PRIOR_ARTICLES * (n_in + n_out) / max(1, all_in + all_out)
    a, b = n_in + prior, n_out + prior
    rest_a, rest_b = all_in + PRIOR_ARTICLES - a, all_out + PRIOR_ARTICLES - b
    if min(a, b, rest_a, rest_b) <= 0:
        return 0.0
    return (math.log(a / rest_a) - math.log(b / rest_b)) / math.sqrt(1 / a + 1 / b)


def _languages(samples: Iterable[Sample]) -> list[str | None]:
    counted = Counter(sample.language for sample in samples)
    return [language for language, n in counted.most_common() if n >= LEAST_ARTICLES]


def _count(texts: Iterable[str]) -> tuple[Counter[str], dict[str, Kind]]:
    """Returns in how many texts each word, pair of words and name stands, and which of the three it is."""
    counts: Counter[str] = Counter()
    kinds: dict[str, Kind] = {}
    for text in texts:
        here: dict[str, Kind] = {}
        for line in text.splitlines():
            words = split_words(line)
            here.update((word, "word") for word in words if len(word) > 2)
            here.update((f"{one} {other}", "phrase") for one, other in pairwise(words))
        here.update((" ".join(split_words(name)), "name") for name in _find_names(text))
        counts.update(here.keys())
        kinds.update(here)
    return counts, kinds


def _find_names(text: str) -> Iterator[str]:
    """Yields runs of two to four words that begin with a capital letter, unbroken by signs."""
    run: list[str] = []
    for token in (*_TOKEN.findall(text), "\n"):
        if token[0].isupper():
            run.append(token)
            continue
        if 2 <= len(run) <= LONGEST_NAME:
            yield " ".join(run)
        run = []


def _drop_parts(suggestions: Sequence[Suggestion]) -> list[Suggestion]:
    """Returns suggestions without those that hardly ever stand outside a longer one, or are it with a word around."""
    kept: list[Suggestion] = []
    for one in suggestions:
        rivals = [other for other in suggestions if other is not one and f" {one.term} " in f" {other.term} "]
        if any(other.n_accepted >= 0.8 * one.n_accepted and other.kind == "name" for other in rivals):
            continue
        inside = [other for other in suggestions if other is not one and f" {other.term} " in f" {one.term} "]
        if one.kind == "phrase" and any(other.z >= one.z for other in inside):
            continue  # "the dam" beside "dam"
        kept.append(one)
    return kept


def suggest_spellings(topic: Topic, accepted: Sequence[Sample], others: Sequence[Sample]) -> list[Spelling]:
    """Returns words of accepted articles that are one or two letters from an entity's spelling and not among them."""
    inside = Counter(word for sample in accepted for word in _long_words(sample.text))
    outside = Counter(word for sample in others for word in _long_words(sample.text))
    languages = {word: sample.language for sample in accepted for word in _long_words(sample.text)}
    rare = [word for word, n in inside.items() if n * max(1, len(others)) > 2 * outside[word] * max(1, len(accepted))]
    neighbours: dict[str, set[str]] = {}
    for word in rare:
        for cut in _cut(word):
            neighbours.setdefault(cut, set()).add(word)
    known = TermIndex(topic.all_terms() | _single_words(topic))
    found: dict[tuple[str, str], Spelling] = {}
    for entity in topic.entities:
        names = {word for term in topic.terms(entity.id, None) for word in term.words if len(word) >= SHORTEST_SPELLING}
        for name in sorted(names):
            near = {word for cut in _cut(name) for word in neighbours.get(cut, ())}
            for word in sorted(near - names):
                if count_edits(word, name) <= _reach(name) and next(known.find([word]), None) is None:
                    spelling = Spelling(entity.id, languages[word], word, name, inside[word])
                    found.setdefault((entity.id, word), spelling)
    return sorted(found.values(), key=lambda one: (one.entity_id, -one.n_accepted, one.word))


def _single_words(topic: Topic) -> set[Term]:
    """Returns every word of the entities' spellings as a term: of "совет* мира" also "совета" is no news."""
    return {
        Term((word,), (star,), term.attaching)
        for term in topic.terms(ALL_ENTITIES, None)
        for word, star in zip(term.words, term.starred, strict=True)
    }


def _long_words(text: str) -> set[str]:
    return {word for word in split_words(text) if len(word) >= SHORTEST_SPELLING - 1}


def _reach(name: str) -> int:
    return 1 if len(name) < 8 else 2


def _cut(word: str) -> set[str]:
    """Returns a word with up to two letters left out: words at most so many edits apart share one such form."""
    once = {word[:at] + word[at + 1 :] for at in range(len(word))}
    return {word, *once} | (
        {one[:at] + one[at + 1 :] for one in once for at in range(len(one))} if len(word) > 6 else set()
    )


def count_edits(one: str, other: str) -> int:
    """Returns the least number of letters put in, left out, replaced or swapped with the next that makes one the other.

    The restricted Damerau-Levenshtein distance.
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row, before, previous = [i], row, before
        for j, wanted in enumerate(other, 1):
            cost = min(row[j - 1] + 1, before[j] + 1, before[j - 1] + (letter != wanted))
            if previous and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, previous[j - 2] + 1)
            row.append(cost)
    return row[-1]
