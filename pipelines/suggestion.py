"""What a topic file may be missing, read off the articles it found: terms, names, and other spellings of its people.

Which words set one group of texts apart: Fisher's exact test (Statistical Methods for Research Workers, 5th ed., 1934,
21.02) over articles instead of occurrences, so that one long article does not decide, and exact because topics begin
with few: log-odds with a prior put common words above names that no other article has. Of these, terms that stand
where the topic is spoken of, without touching what it knows, in several sources, in the shape of names and nouns where
capitals tell. A suggestion is for a reader to judge; nothing here changes a file.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import NormalDist
from typing import Literal

from db.folding import fold
from db.search import split_words
from pipelines.frequent_words import FREQUENT
from pipelines.term import Term
from pipelines.term_index import TermIndex
from pipelines.topic import ALL_ENTITIES, Topic

LEAST_ARTICLES = 3
"""A term in fewer accepted articles is an accident of those."""
SURE = 3.29
"""Standard deviations from which a difference counts: chance gives it once in 2,000 words, and many are looked at."""
LIFT = 5.0
"""How many times as frequent in accepted articles as in others: less is a turn of phrase of the field."""
LEAST_SOURCES = 2
"""One source's furniture and turns of phrase are no terms, where there are others to compare with."""
NOUNS_IN_CAPITALS = 0.22
"""Share of words with a capital, sentence beginnings left out, from which capitals mark nouns: German has .3, English
.15 on news. There a word that is mostly small is none."""
COMMON = 0.1
"""Share of the other articles from which a word is one of the language, not of a topic."""
SMALLEST_LOG = -600.0
"""Below, a probability is no floating number that has an inverse."""
MOST_TERMS = 25
SHORTEST_SPELLING = 5
"""Letters: shorter names have too many neighbours that are other words."""

Kind = Literal["name", "phrase", "word"]

SHORTEST_BEGINNING = 4
LONGEST_ENDING = 3
"""Letters that forms of one word share, and by which they differ at most."""

_EVERYWHERE = frozenset().union(*FREQUENT.values())
_HAN = re.compile("[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_HIRAGANA = re.compile("[\u3041-\u309f]")
_ENDS_SENTENCE = frozenset(".!?:…\"“”„«»'‘’-–—")
_INNER = "\u200c\u200d\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff"
"""Joiners, and the vowel signs and marks of Hebrew, Arabic and Indian scripts, which ``\\w`` leaves out."""
_TOKEN = re.compile(rf"[^\W_][\w’'{_INNER}-]*|[^\w\s]|\n")
_PART = re.compile(r"[^’'-]+")
LONGEST_NAME = 4
"""Words: longer runs of capitals are headlines."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One article to learn from: its language, and the text as written."""

    language: str | None
    text: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A term that the topic does not know and its accepted articles favour."""

    language: str | None
    kind: Kind
    term: str
    """As a topic file would have it, in the commonest spelling; a star where several words begin so."""
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
        inside = _Reading(index)
        inside.add(sample for sample in accepted if sample.language == language)
        outside = _Reading(None)
        outside.add(sample for sample in others if sample.language == language)
        common = {word for word, n in outside.counts.items() if n > COMMON * outside.n_texts}
        scored = [
            Suggestion(language, inside.kinds[term], term, n, outside.counts[term], round(z, 2))
            for term, n in inside.counts.items()
            if min(n, inside.near[term]) >= LEAST_ARTICLES
            and not common.intersection((term, *_ends(term)))
            and not _EVERYWHERE.intersection(_ends(term))  # a young archive has too few others to tell
            and 2 * inside.free[term] >= n
            and inside.is_of_several_sources(term)
            and inside.has_shape(term)
            and _lift(n, inside.n_texts, outside.counts[term], outside.n_texts) >= LIFT
            and (z := be_sure(n, inside.n_texts, outside.counts[term], outside.n_texts)) >= SURE
            and next(index.find(term.split()), None) is None
        ]
        best = sorted(scored, key=lambda one: (-one.z, -len(one.term), one.term))
        kept = _join_forms(_drop_parts(best))[:MOST_TERMS]
        found += [replace(one, term=inside.write(one.term)) for one in kept]
    return found


def _ends(term: str) -> tuple[str, str]:
    words = term.split()
    return words[0], words[-1]


def _lift(n_in: int, all_in: int, n_out: int, all_out: int) -> float:
    return ((n_in + 0.5) / (all_in + 1)) / ((n_out + 0.5) / (all_out + 1))


def be_sure(n_in: int, all_in: int, n_out: int, all_out: int) -> float:
    """Returns how sure it is that a term of ``n_in + n_out`` articles is at home in a group of ``all_in``, from 0.

    In standard deviations of the normal distribution with the same tail as Fisher's exact test.
    """
    n, everybody = n_in + n_out, all_in + all_out
    if n_in * everybody <= n * all_in:
        return 0.0

    def log_chance(k: int) -> float:
        return _log_ways(n, k) + _log_ways(everybody - n, all_in - k) - _log_ways(everybody, all_in)

    first = log_chance(n_in)
    tail = sum(math.exp(log_chance(k) - first) for k in range(n_in, min(n, all_in) + 1))
    log_p = first + math.log(tail)
    if log_p > SMALLEST_LOG:
        return max(0.0, -NormalDist().inv_cdf(math.exp(log_p)))
    return math.sqrt(-2 * log_p - math.log(-2 * log_p) - math.log(2 * math.pi))  # the tail's asymptote


def _log_ways(n: int, k: int) -> float:
    """Returns the logarithm of the number of ways to take ``k`` of ``n``."""
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _languages(samples: Iterable[Sample]) -> list[str | None]:
    counted = Counter(sample.language for sample in samples)
    return [language for language, n in counted.most_common() if n >= LEAST_ARTICLES]


class _Reading:
    """What some texts of one language hold: in how many each term stands, of which kind, where, and in what shape."""

    def __init__(self, known: TermIndex | None) -> None:
        self._known = known
        self.n_texts = 0
        self.counts: Counter[str] = Counter()
        self.near: Counter[str] = Counter()
        """In how many texts a term shares a line with a known one."""
        self.free: Counter[str] = Counter()
        """In how many it stands somewhere without touching one, or as a phrase without a piece of one: what never does
        would find nothing new."""
        self.kinds: dict[str, Kind] = {}
        self._sources: dict[str, set[str | None]] = {}
        self._forms: dict[str, Counter[str]] = {}
        self._all_sources: set[str | None] = set()

    def add(self, samples: Iterable[Sample]) -> None:
        """Reads texts; with known terms, their shapes too."""
        for sample in samples:
            self.n_texts += 1
            here: dict[str, Kind] = {}
            near: set[str] = set()
            free: set[str] = set()
            for line in sample.text.splitlines():
                words = split_words(line)
                hits = list(self._known.find(words)) if self._known is not None else []
                terms = dict(_read_line(words))
                names: dict[str, Kind] = {" ".join(split_words(name)): "name" for name in _find_names(line)}
                terms.update(names)
                touching = {at for _, start, end in hits for at in (start - 1, end)}
                free.update(word for at, word in enumerate(words) if at not in touching)
                free.update(names)
                free.update(term for between in _cut_out(words, hits) for term, _ in _read_line(between) if " " in term)
                here.update(terms)
                near.update(terms if hits else ())
                if self._known is not None:
                    self._note_forms(line)
            self.counts.update(here.keys())
            self.near.update(near)
            self.free.update(free)
            self.kinds.update(here)
            self._all_sources.add(sample.source)
            for term in here if self._known is not None else ():
                self._sources.setdefault(term, set()).add(sample.source)

    def _note_forms(self, line: str) -> None:
        begins = True
        for token in _TOKEN.findall(line):
            if not token[0].isalnum():
                begins = begins or token in _ENDS_SENTENCE
                continue
            for part in _PART.findall(token):
                if not begins or not part[0].isupper():
                    self._forms.setdefault(fold(part), Counter())[part] += 1
                begins = False

    def is_of_several_sources(self, term: str) -> bool:
        """Returns whether several sources have a term, as far as there are several."""
        return len(self._sources[term]) >= min(LEAST_SOURCES, len(self._all_sources))

    def has_shape(self, term: str) -> bool:
        """Returns whether a term looks like a name or noun, in texts where capitals mark nouns; True in others."""
        if self.kinds[term] == "name" or not self._nouns_in_capitals:
            return True
        return self._forms_of(term.split()[-1])[0].isupper()

    @cached_property
    def _nouns_in_capitals(self) -> bool:
        small = capital = 0
        for forms in self._forms.values():
            for form, n in forms.items():
                small, capital = (small, capital + n) if form[0].isupper() else (small + n, capital)
        return capital > NOUNS_IN_CAPITALS * (small + capital)

    def _forms_of(self, word: str) -> str:
        forms = self._forms.get(word)
        return forms.most_common(1)[0][0] if forms else word

    def write(self, term: str) -> str:
        """Returns a folded term in its commonest spelling; Han and kana in one piece."""
        words = [self._forms_of(word.rstrip("*")) + "*" * word.endswith("*") for word in term.split()]
        return ("" if _is_han(term) else " ").join(words)


def _cut_out(words: Sequence[str], hits: Iterable[tuple[Term, int, int]]) -> Iterator[Sequence[str]]:
    """Yields the stretches of a line between known terms."""
    at = 0
    for _, start, end in sorted(hits, key=lambda hit: hit[1:]):
        if start > at:
            yield words[at:start]
        at = max(at, end)
    yield words[at:]


def _read_line(words: Sequence[str]) -> Iterator[tuple[str, Kind]]:
    """Yields the words of a line and pairs of them; of Han and kana, runs of two to four."""
    for at, word in enumerate(words):
        if len(word) > 2 and not word.isdigit():
            yield word, "word"
        if at and min(len(word), len(words[at - 1])) > 2 and not words[at - 1].isdigit() and not word.isdigit():
            yield f"{words[at - 1]} {word}", "phrase"
        for length in (2, 3, 4) if _HAN.fullmatch(word) else ():
            run = words[at : at + length]
            if len(run) == length and all(map(_HAN.fullmatch, run)) and not _HIRAGANA.search("".join(run)):
                yield " ".join(run), "phrase"


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
        whole = [other for other in rivals if other.kind == "name" or _is_han(other.term)]
        if any(other.n_accepted >= 0.8 * one.n_accepted for other in whole):
            continue
        inside = [other for other in suggestions if other is not one and f" {other.term} " in f" {one.term} "]
        if one.kind == "phrase" and not _is_han(one.term) and any(other.z >= one.z for other in inside):
            continue  # "the dam" beside "dam"
        kept.append(one)
    return kept


def _is_han(term: str) -> bool:
    return all(map(_HAN.fullmatch, term.split()))


def _join_forms(suggestions: Sequence[Suggestion]) -> list[Suggestion]:
    """Returns suggestions with forms of one word made one, with a star: erneuerbare, erneuerbaren."""
    kept: list[Suggestion] = []
    for one in suggestions:
        for at, other in enumerate(kept):
            short, long = sorted((one.term, other.term.rstrip("*")), key=len)
            is_form = len(short) >= SHORTEST_BEGINNING and len(long) - len(short) <= LONGEST_ENDING
            if is_form and " " not in long and long.startswith(short):
                kept[at] = replace(other, term=f"{short}*")
                break
        else:
            kept.append(one)
    return kept


def suggest_spellings(topic: Topic, accepted: Sequence[Sample], others: Sequence[Sample]) -> list[Spelling]:
    """Returns words of accepted articles that are one or two letters from an entity's spelling and not among them."""
    read = [(sample.language, _long_words(_drop_small(sample.text))) for sample in accepted]
    inside = Counter(word for _, words in read for word in words)
    outside = Counter(word for sample in others for word in _long_words(sample.text))
    languages = {word: language for language, words in read for word in words}
    rare = [word for word, n in inside.items() if n * max(1, len(others)) > 2 * outside[word] * max(1, len(accepted))]
    neighbours: dict[str, set[str]] = {}
    for word in rare:
        for cut in _cut(word):
            neighbours.setdefault(cut, set()).add(word)
    known = TermIndex(topic.all_terms() | _single_words(topic))
    found: dict[tuple[str, str], Spelling] = {}
    for entity in topic.entities:
        names = _name_words(topic, entity.id, None)
        of_language = {language: _name_words(topic, entity.id, language) or names for language in languages.values()}
        for name in sorted(names):
            near = {word for cut in _cut(name) for word in neighbours.get(cut, ())}
            for word in sorted(word for word in near - names if name in of_language[languages[word]]):
                if count_edits(word, name) <= _reach(name) and next(known.find([word]), None) is None:
                    spelling = Spelling(entity.id, languages[word], word, name, inside[word])
                    found.setdefault((entity.id, word), spelling)
    return sorted(found.values(), key=lambda one: (one.entity_id, -one.n_accepted, one.word))


def _name_words(topic: Topic, entity: str, language: str | None) -> set[str]:
    """Returns the longer words of an entity's spellings in a language; None: in all."""
    return {word for term in topic.terms(entity, language) for word in term.words if len(word) >= SHORTEST_SPELLING}


def _drop_small(text: str) -> str:
    """Returns the words of a text that do not begin with a small letter: names, and all words of scripts without."""
    parts = (part for token in _TOKEN.findall(text) for part in _PART.findall(token))
    return " ".join(part for part in parts if not part[0].islower())


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
