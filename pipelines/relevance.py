"""How much an article is about a topic, and why.

The words of an article are looked up once for all topics; where a topic's rule could hold at all, FTS5 decides, with
the same MATCH text that asks the stored archive. The score is bounded and comparable between topics; bm25 is neither.
"""

from __future__ import annotations

import re
import sqlite3
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

from db.folding import fold, fold_with_places
from db.records import Article, Relevance
from pipelines.term_index import TermIndex
from pipelines.topic import ALL_ENTITIES, Example, Expect, Rule, Topic, fold_language
from pipelines.topic_grammar import (
    And,
    Expression,
    Lookup,
    Name,
    Near,
    Not,
    Or,
    Term,
    Title,
    Words,
    compile_match,
    join_all,
    join_any,
    terms_of,
)

LEAD_WORDS = 60
"""The lead: hits among the first so many words of the body count extra."""
MOST_FORMS = 8
"""Different forms of words told in one reason."""

Where = Literal["title", "lead", "body"]

_WORD = re.compile(r"[^\W_]+")
_GAP = re.compile(r"\n\s*\n")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True, slots=True, order=True)
class _Hit:
    """One term found: ``part`` 0 is the title, 1 the body; words ``start`` to ``end`` (not included) of it."""

    part: int
    start: int
    end: int


@dataclass(slots=True)
class _Text:
    """One article as the judge sees it: paragraph 0 is the title."""

    paragraphs: list[str]
    folded: list[str]
    title_words: list[str]
    body_words: list[str]
    first_words: list[int]
    """For each paragraph of the body, the number of its first word."""
    hits: dict[Term, list[_Hit]] = field(default_factory=lambda: defaultdict(list))
    _written: dict[int, tuple[str, list[int]]] = field(default_factory=dict)

    def paragraph_of(self, hit: _Hit) -> int:
        """Returns the number of the paragraph a hit stands in; 0 for the title."""
        return bisect_right(self.first_words, hit.start) if hit.part else 0

    def write_form(self, hit: _Hit) -> str:
        """Returns the words of a hit as the article wrote them."""
        number = self.paragraph_of(hit)
        first = hit.start - (self.first_words[number - 1] if hit.part else 0)
        if number not in self._written:
            self._written[number] = fold_with_places(self.paragraphs[number])
        folded, places = self._written[number]
        words = [match.span() for match in _WORD.finditer(folded)][first : first + hit.end - hit.start]
        start, end = words[0][0], words[-1][1]
        after = places[end] if end < len(places) else len(self.paragraphs[number])
        written = self.paragraphs[number][places[start] : max(after, places[end - 1] + 1)]
        return " ".join(_INVISIBLE.sub("", written.replace("\u200c", "\0")).replace("\0", "\u200c").split())


class Judge:
    """Judges articles against topics; one in-memory database and one index of all terms serve every article.

    Not safe for several threads at once: give each worker its own.
    """

    def __init__(self, topics: Iterable[Topic]) -> None:
        self.topics = tuple(topics)
        self._index = TermIndex(term for topic in self.topics for term in topic.all_terms())
        self._terms: dict[tuple[str, str, str | None], frozenset[Term]] = {}
        self._last: tuple[Article, _Text] | None = None
        # Autocommit: a MATCH within the transaction of the insert is 11 times slower.
        self._database = sqlite3.connect(":memory:", isolation_level=None)
        self._database.execute(
            "CREATE VIRTUAL TABLE article USING fts5 "
            "(folded_title, folded, content='', tokenize=\"unicode61 remove_diacritics 0\")"
        )

    def close(self) -> None:
        """Frees the database."""
        self._database.close()

    def judge(self, article: Article) -> tuple[Relevance, ...]:
        """Returns one Relevance for each topic the article matches with at least the topic's ``review`` score.

        ``accepted`` is False between ``review`` and ``accept``, and for an undated article when the topic has a window.
        """
        open_topics = [topic for topic in self.topics if _in_window(topic, article) is not False]
        if not open_topics:
            return ()
        text = self._read(article)
        if not text.hits:
            return ()
        language = fold_language(article.language)
        stored = False
        found: list[Relevance] = []
        for topic in open_topics:
            lookup = self._present(topic, language, text)
            match = join_all(
                [
                    join_any([compile_match(rule.expression, lookup, text.hits) for rule in topic.any]),
                    *(compile_match(rule.expression, lookup, text.hits) for rule in topic.require),
                    *(compile_match(rule.expression, lookup, text.hits).invert() for rule in topic.vetoes),
                ]
            )
            if match.text is None:
                continue
            if not stored:
                self._store(text)
                stored = True
            if self._finds(match.text):
                spoke = [rule for rule in topic.any if self._holds(rule, lookup, text)]
                relevance = _weigh(topic, text, spoke, lookup, dated=_in_window(topic, article) is not None)
                if relevance.score >= topic.review:
                    found.append(relevance)
        return tuple(found)

    def find_mentions(self, article: Article) -> dict[str, dict[str, int]]:
        """Returns topic id -> entity id -> number of mentions in title and body, for entities that are mentioned."""
        text = self._read(article)
        mentions: dict[str, dict[str, int]] = {topic.id: {} for topic in self.topics}
        for topic in self.topics if text.hits else ():
            lookup = self._present(topic, fold_language(article.language), text)
            if not lookup(ALL_ENTITIES):
                continue
            counts = {
                entity.id: len(_merge(hit for term in lookup(entity.id) for hit in text.hits[term]))
                for entity in topic.entities
            }
            mentions[topic.id] = {key: count for key, count in counts.items() if count}
        return mentions

    def _read(self, article: Article) -> _Text:
        """Folds an article and finds every term of every topic in it, in one pass over its words."""
        if self._last is not None and self._last[0] is article:  # judged first, then asked for mentions
            return self._last[1]
        body = article.body
        paragraphs = [part for part in (_GAP.split(body) if _GAP.search(body) else body.split("\n")) if part.strip()]
        folded = [fold(article.title), *map(fold, paragraphs)]
        text = _Text([article.title, *paragraphs], folded, _WORD.findall(folded[0]), [], [])
        for paragraph in folded[1:]:
            text.first_words.append(len(text.body_words))
            text.body_words += _WORD.findall(paragraph)
        for part, words in ((0, text.title_words), (1, text.body_words)):
            for term, start, end in self._index.find(words):
                text.hits[term].append(_Hit(part, start, end))
        self._last = (article, text)
        return text

    def _present(self, topic: Topic, language: str | None, text: _Text) -> Lookup:
        """Returns a lookup of only those terms that stand in the article: what is absent need not be asked for."""
        known = self._terms
        present: dict[str, tuple[Term, ...]] = {}

        def look_up(name: str) -> tuple[Term, ...]:
            if name not in present:
                key = (topic.id, name, language)
                if key not in known:
                    known[key] = frozenset(topic.terms(name, language))
                present[name] = tuple(term for term in text.hits if term in known[key])
            return present[name]

        return look_up

    def _store(self, text: _Text) -> None:
        self._database.execute("INSERT INTO article (article) VALUES ('delete-all')")
        self._database.execute(
            "INSERT INTO article (rowid, folded_title, folded) VALUES (1, ?, ?)",
            (text.folded[0], "\n\n".join(text.folded[1:])),
        )

    def _finds(self, match: str) -> bool:
        return self._database.execute("SELECT 1 FROM article WHERE article MATCH ?", (match,)).fetchone() is not None

    def _holds(self, rule: Rule, lookup: Lookup, text: _Text) -> bool:
        match = compile_match(rule.expression, lookup, text.hits)
        return match.text is not None and self._finds(match.text)


def judge(topic: Topic, article: Article) -> Relevance | None:
    """Returns how relevant one article is to one topic, None when it does not match; for many keep a ``Judge``."""
    return next(iter(Judge([topic]).judge(article)), None)


def find_mentions(topic: Topic, article: Article) -> dict[str, int]:
    """Returns entity id -> number of mentions, for the entities of the topic that the article mentions."""
    return Judge([topic]).find_mentions(article)[topic.id]


def judge_examples(topic: Topic) -> list[tuple[Example, Expect, Relevance | None]]:
    """Returns each example of a topic with the verdict it gets and the Relevance behind it (None when rejected)."""
    judge_all = Judge([topic])
    results: list[tuple[Example, Expect, Relevance | None]] = []
    for example in topic.examples:
        article = Article(
            "https://example.org/",
            example.title,
            example.body.strip(),
            published_at=f"{example.date}T00:00:00Z" if example.date else None,
            language=example.language,
        )
        relevance = next(iter(judge_all.judge(article)), None)
        verdict: Expect = "reject" if relevance is None else "accept" if relevance.accepted else "review"
        results.append((example, verdict, relevance))
    return results


def _in_window(topic: Topic, article: Article) -> bool | None:
    """Returns whether the UTC day of publication lies in the topic's window; None when the article has no date."""
    if topic.window_from is None and topic.window_to is None:
        return True
    if not article.published_at:
        return None
    day = article.published_at[:10]
    return (topic.window_from or "") <= day <= (topic.window_to or "9999-12-31")


def _weigh(topic: Topic, text: _Text, rules: Sequence[Rule], lookup: Lookup, *, dated: bool) -> Relevance:
    reasons: list[dict[str, Any]] = []
    every: list[_Hit] = []
    for rule in rules:
        hits = _merge(_collect(rule.expression, text, lookup))
        every += hits
        if hits:
            reasons.append(_give_reason(rule, hits, text))
    merged = _merge(every)
    score = _score(merged, text)
    if not dated:
        reasons.append({"rule": "undated", "forms": [], "where": "date", "n": 0})
    accepted = dated and score >= topic.accept
    return Relevance(topic.id, topic.version, score, accepted, tuple(reasons))


def _score(hits: Sequence[_Hit], text: _Text) -> float:
    """Returns 0 to 1 from the scored hits: how many, in the title, in the lead, in what share of the paragraphs."""
    n = len(hits)
    in_title = any(hit.part == 0 for hit in hits)
    in_lead = sum(1 for hit in hits if hit.part == 1 and hit.start < LEAD_WORDS)
    n_paragraphs = len(text.paragraphs) - 1
    hit_paragraphs = len({text.paragraph_of(hit) for hit in hits if hit.part == 1})
    share = hit_paragraphs / n_paragraphs if n_paragraphs else 0.0
    score = 0.4 * n / (n + 3) + 0.3 * in_title + 0.15 * min(in_lead, 2) / 2 + 0.15 * min(1.0, 2 * share)
    return round(score, 4)


def _give_reason(rule: Rule, hits: Sequence[_Hit], text: _Text) -> dict[str, Any]:
    forms: dict[tuple[str, ...], str] = {}
    for hit in hits:
        words = tuple((text.body_words if hit.part else text.title_words)[hit.start : hit.end])
        if words not in forms and len(forms) < MOST_FORMS:
            forms[words] = text.write_form(hit)
    where: Where = "body"
    if any(hit.part == 0 for hit in hits):
        where = "title"
    elif any(hit.start < LEAD_WORDS for hit in hits):
        where = "lead"
    return {"rule": rule.text, "forms": list(forms.values()), "where": where, "n": len(hits)}


def _collect(expression: Expression, text: _Text, lookup: Lookup) -> list[_Hit]:
    """Returns the hits of an expression's terms: what ``!`` names is no hit, of ``near`` only those that are near."""
    match expression:
        case Name() | Words():
            return [hit for term in terms_of(expression, lookup) for hit in text.hits.get(term, ())]
        case And(parts) | Or(parts):
            return [hit for part in parts for hit in _collect(part, text, lookup)]
        case Title(part):
            return [hit for hit in _collect(part, text, lookup) if hit.part == 0]
        case Near(left, right, distance):
            return _keep_near(_collect(left, text, lookup), _collect(right, text, lookup), distance)
        case Not():
            return []


def _keep_near(ones: Sequence[_Hit], others: Sequence[_Hit], distance: int) -> list[_Hit]:
    """Returns the hits of both sides that have one of the other side at most ``distance`` words away."""
    others = sorted(others)
    longest = max((other.end - other.start for other in others), default=0)
    near: set[_Hit] = set()
    for one in ones:
        at = bisect_left(others, _Hit(one.part, one.start - distance - longest, 0))
        for other in islice(others, at, None):
            if other.part != one.part or other.start > one.end + distance:
                break
            if one.start - other.end <= distance:
                near |= {one, other}
    return sorted(near)


def _merge(hits: Iterable[_Hit]) -> list[_Hit]:
    """Returns hits in order, overlapping ones made one: "peace talks" and "talks" in one place are one hit."""
    merged: list[_Hit] = []
    for hit in sorted(hits):
        last = merged[-1] if merged else None
        if last is not None and last.part == hit.part and hit.start < last.end:
            merged[-1] = _Hit(last.part, last.start, max(last.end, hit.end))
        else:
            merged.append(hit)
    return merged
