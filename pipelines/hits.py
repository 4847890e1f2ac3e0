"""Where the terms of topics stand in one article: its words, the hits of terms, the hits an expression speaks of."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from db.folding import fold, fold_with_places
from db.records import Article
from pipelines.term import Term
from pipelines.term_index import TermIndex
from pipelines.topic_grammar import And, Expression, Lookup, Name, Near, Not, Or, Title, Words, terms_of

_WORD = re.compile(r"[^\W_]+")
_LINE_END = re.compile("[\n\u2028\u2029\x85]")
"""What folding makes a line break: the lines of a text and of its folded form are the same in number."""
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """One term found: ``part`` 0 is the title, 1 the body; words ``start`` to ``end`` (not included) of it."""

    part: int
    start: int
    end: int


@dataclass(slots=True)
class Text:
    """One article as it is judged: folded words of title and body, and the hits of every term in them."""

    article: Article
    folded_title: str
    folded: str
    title_words: list[str]
    body_words: list[str]
    first_words: list[int]
    """For each line of the body (a paragraph is one), the number of its first word."""
    hits: dict[Term, list[Hit]] = field(default_factory=lambda: defaultdict(list))
    _written: list[str] = field(default_factory=list)
    _spans: dict[int, tuple[str, list[tuple[int, int]]]] = field(default_factory=dict)

    def line_of(self, hit: Hit) -> int:
        """Returns the number of the line a hit of the body begins in."""
        return bisect_right(self.first_words, hit.start) - 1

    def share_hit(self, hits: Iterable[Hit]) -> float:
        """Returns the share, 0 to 1, of the body's words that stand in lines with a hit."""
        n_words = len(self.body_words)
        ends = [*self.first_words[1:], n_words]
        lines = {self.line_of(hit) for hit in hits if hit.part == 1}
        return sum(ends[line] - self.first_words[line] for line in lines) / n_words if lines else 0.0

    def words_of(self, hit: Hit) -> tuple[str, ...]:
        """Returns the folded words of a hit."""
        return tuple((self.body_words if hit.part else self.title_words)[hit.start : hit.end])

    def write_form(self, hit: Hit) -> str:
        """Returns the words of a hit as the article wrote them; of a hit across two lines those of the first."""
        number = self.line_of(hit) if hit.part else -1
        first = hit.start - (self.first_words[number] if hit.part else 0)
        written, spans = self._locate(number)
        spans = spans[first : first + hit.end - hit.start]
        text = written[spans[0][0] : spans[-1][1]]
        return " ".join(_INVISIBLE.sub("", text.replace("\u200c", "\0")).replace("\0", "\u200c").split())

    def _locate(self, number: int) -> tuple[str, list[tuple[int, int]]]:
        """Returns a line as written (-1: the title) with the place of each of its words."""
        if number not in self._spans:
            if number >= 0 and not self._written:
                self._written = _LINE_END.split(self.article.body)
            written = self._written[number] if number >= 0 else self.article.title
            folded, places = fold_with_places(written)
            places.append(len(written))
            spans = [match.span() for match in _WORD.finditer(folded)]
            # A mark that folding drops belongs to the word before it; one character may have become several.
            ends = [(places[start], max(places[end], places[end - 1] + 1)) for start, end in spans]
            self._spans[number] = written, ends
        return self._spans[number]


def read_text(article: Article, index: TermIndex, folded: tuple[str, str] | None = None) -> Text:
    """Returns an article with all hits of the index's terms, found in one pass over its words.

    ``folded``: title and body as folded before, which saves most of the time.
    """
    folded_title, body = folded or (fold(article.title), fold(article.body))
    text = Text(article, folded_title, body, _WORD.findall(folded_title), [], [])
    for line in body.split("\n"):
        text.first_words.append(len(text.body_words))
        text.body_words += _WORD.findall(line)
    for part, words in ((0, text.title_words), (1, text.body_words)):
        for term, start, end in index.find(words):
            text.hits[term].append(Hit(part, start, end))
    return text


def holds(expression: Expression, text: Text, lookup: Lookup, *, title_only: bool = False) -> bool:
    """Returns whether an expression holds for an article, as the archive's index would say of its MATCH text.

    ``title_only``: within ``title(...)``.
    """
    match expression:
        case Name() | Words():
            return any(_stands(text, term, title_only) for term in terms_of(expression, lookup))
        case Not(part):
            return not holds(part, text, lookup, title_only=title_only)
        case And(parts):
            return all(holds(part, text, lookup, title_only=title_only) for part in parts)
        case Or(parts):
            return any(holds(part, text, lookup, title_only=title_only) for part in parts)
        case Title(part):
            return holds(part, text, lookup, title_only=True)
        case Near():
            return bool(collect(expression, text, lookup, title_only=title_only))


def _stands(text: Text, term: Term, title_only: bool) -> bool:
    hits = text.hits.get(term, ())  # the title's come first
    return len(hits) > 0 and (not title_only or hits[0].part == 0)


def collect(expression: Expression, text: Text, lookup: Lookup, *, title_only: bool = False) -> list[Hit]:
    """Returns the hits that make an expression hold.

    Of ``|`` those of the parts that hold, of ``near`` those that are near; what ``!`` names is no hit.
    ``title_only``: within ``title(...)``.
    """
    match expression:
        case Name() | Words():
            hits = [hit for term in terms_of(expression, lookup) for hit in text.hits.get(term, ())]
            return [hit for hit in hits if hit.part == 0] if title_only else hits
        case And(parts):
            return [hit for part in parts for hit in collect(part, text, lookup, title_only=title_only)]
        case Or(parts):
            holding = (part for part in parts if holds(part, text, lookup, title_only=title_only))
            return [hit for part in holding for hit in collect(part, text, lookup, title_only=title_only)]
        case Title(part):
            return collect(part, text, lookup, title_only=True)
        case Near(left, right, distance):
            ones, others = (collect(side, text, lookup, title_only=title_only) for side in (left, right))
            return _keep_near(ones, others, distance)
        case Not():
            return []


def _keep_near(ones: Sequence[Hit], others: Sequence[Hit], distance: int) -> list[Hit]:
    """Returns the hits of both sides that have one of the other side at most ``distance`` words away."""
    others = sorted(others)
    longest = max((other.end - other.start for other in others), default=0)
    near: set[Hit] = set()
    for one in ones:
        at = bisect_left(others, Hit(one.part, one.start - distance - longest, 0))
        for other in islice(others, at, None):
            if other.part != one.part or other.start > one.end + distance:
                break
            if one.start - other.end <= distance:
                near |= {one, other}
    return sorted(near)


def merge(hits: Iterable[Hit]) -> list[Hit]:
    """Returns hits in order, overlapping ones made one: "peace talks" and "talks" in one place are one hit."""
    merged: list[Hit] = []
    for hit in sorted(hits):
        last = merged[-1] if merged else None
        if last is not None and last.part == hit.part and hit.start < last.end:
            merged[-1] = Hit(last.part, last.start, max(last.end, hit.end))
        else:
            merged.append(hit)
    return merged
