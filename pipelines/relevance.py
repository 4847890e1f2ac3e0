"""How much an article is about a topic, and why.

The words of an article are looked up once for all topics. Expressions mean what their MATCH text means to the archive's
index (a test holds the two against each other). The score is bounded and comparable between topics; bm25 is neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from db.records import Article, Relevance
from pipelines.hits import Hit, Text, collect, holds, merge, read_text
from pipelines.term import Term
from pipelines.term_index import TermIndex
from pipelines.topic import ALL_ENTITIES, Example, Expect, Rule, Topic, fold_language
from pipelines.topic_grammar import Lookup, Name, Words, terms_of, walk

LEAD_WORDS = 60
"""The lead of a body: a first hit so many words in counts half of one at its beginning."""
USUAL_WORDS = 500
"""Length of a usual report: hits count for more in a shorter text and for less in a longer one."""
HITS_A_REQUIRED = 3
"""Hits of `any` that count for each hit of `require`: much talk of measures around one word of the topic is passing."""
MOST_FORMS = 8
"""Different forms of words told in one reason."""

Where = Literal["title", "lead", "body"]


class Judge:
    """Judges articles against topics; one index of all terms serves every article.

    Not safe for several threads at once: give each worker its own.
    """

    def __init__(self, topics: Iterable[Topic]) -> None:
        self.topics = tuple(topics)
        self._index = TermIndex(term for topic in self.topics for term in topic.all_terms())
        self._terms: dict[tuple[str, str, str | None], frozenset[Term]] = {}
        self._last: Text | None = None

    def judge(self, article: Article, folded: tuple[str, str] | None = None) -> tuple[Relevance, ...]:
        """Returns one Relevance for each topic the article matches with at least the topic's ``review`` score.

        ``folded``: its title and body folded before, where the caller has them: most of the time goes into folding.
        ``accepted`` is False between ``review`` and ``accept``, and for an undated article when the topic has a window.
        """
        open_topics = [topic for topic in self.topics if _in_window(topic, article) is not False]
        if not open_topics:
            return ()
        text = self._read(article, folded)
        if not text.hits:
            return ()
        language = fold_language(article.language)
        found: list[Relevance] = []
        for topic in open_topics:
            lookup = self._present(topic, language, text)
            spoke = [rule for rule in topic.any if holds(rule.expression, text, lookup)]
            if (
                spoke
                and all(holds(rule.expression, text, lookup) for rule in topic.require)
                and not any(holds(rule.expression, text, lookup) for rule in topic.vetoes)
            ):
                relevance = _weigh(topic, text, spoke, lookup, dated=_in_window(topic, article) is not None)
                if relevance.score >= topic.review:
                    found.append(relevance)
        return tuple(found)

    def find_mentions(self, article: Article, folded: tuple[str, str] | None = None) -> dict[str, dict[str, int]]:
        """Returns topic id -> entity id -> number of mentions in title and body, for entities that are mentioned."""
        if not self.topics:
            return {}
        text = self._read(article, folded)
        mentions: dict[str, dict[str, int]] = {topic.id: {} for topic in self.topics}
        for topic in self.topics if text.hits else ():
            lookup = self._present(topic, fold_language(article.language), text)
            if not lookup(ALL_ENTITIES):
                continue
            counts = {
                entity.id: len(merge(hit for term in lookup(entity.id) for hit in text.hits[term]))
                for entity in topic.entities
            }
            mentions[topic.id] = {key: count for key, count in counts.items() if count}
        return mentions

    def explain_absence(self, topic: Topic, article: Article) -> str:
        """Returns the first thing that keeps an article from matching one of the topics, in a few words."""
        if _in_window(topic, article) is False:
            return f"it was published on {(article.published_at or '')[:10]}, outside the window"
        text = self._read(article, None)
        language = fold_language(article.language)
        lookup = self._present(topic, language, text)
        spoke = [rule for rule in topic.any if holds(rule.expression, text, lookup)]
        if not spoke:
            if there := _name_forms(topic.any, text, lookup):
                return f"no expression of `any` holds; its words there: {there}"
            if there := _name_forms(topic.any, text, self._present(topic, None, text)):
                return f"its words there are listed for other languages than {language}: {there}"
            return "no word of `any` stands there"
        for rule in topic.require:
            if not holds(rule.expression, text, lookup):
                return f"`require` does not hold: {rule.text}"
        for rule in topic.vetoes:
            if holds(rule.expression, text, lookup):
                return f"`not` holds: {rule.text} ({_name_forms([rule], text, lookup)})"
        score = _weigh(topic, text, spoke, lookup, dated=True).score
        return f"its score is {score:.2f}, below review ({topic.review:g})"

    def _read(self, article: Article, folded: tuple[str, str] | None) -> Text:
        if self._last is None or self._last.article is not article:  # judged first, then asked for mentions
            self._last = read_text(article, self._index, folded)
        return self._last

    def _present(self, topic: Topic, language: str | None, text: Text) -> Lookup:
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


def judge(topic: Topic, article: Article) -> Relevance | None:
    """Returns how relevant one article is to one topic, None when it does not match; for many keep a ``Judge``."""
    return next(iter(Judge([topic]).judge(article)), None)


def find_mentions(topic: Topic, article: Article) -> dict[str, int]:
    """Returns entity id -> number of mentions, for the entities of the topic that the article mentions."""
    return Judge([topic]).find_mentions(article)[topic.id]


def read_example(example: Example) -> Article:
    """Returns an example as the article it stands for."""
    return Article(
        "https://example.org/",
        example.title,
        example.body.strip(),
        published_at=f"{example.date}T00:00:00Z" if example.date else None,
        language=example.language,
    )


def judge_examples(topic: Topic) -> list[tuple[Example, Expect, Relevance | None]]:
    """Returns each example of a topic with the verdict it gets and the Relevance behind it (None when rejected)."""
    judge_all = Judge([topic])
    results: list[tuple[Example, Expect, Relevance | None]] = []
    for example in topic.examples:
        relevance = next(iter(judge_all.judge(read_example(example))), None)
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


def _weigh(topic: Topic, text: Text, rules: Sequence[Rule], lookup: Lookup, *, dated: bool) -> Relevance:
    reasons: list[dict[str, Any]] = []
    every: list[Hit] = []
    for rule in rules:
        hits = merge(collect(rule.expression, text, lookup))
        every += hits
        if hits:
            sides = [part for part in walk(rule.expression) if isinstance(part, Name | Words)]
            reasons.append(_give_reason(rule.text, hits, text, [collect(side, text, lookup) for side in sides]))
    hits = merge(every)
    required = merge(hit for rule in topic.require for hit in collect(rule.expression, text, lookup))
    n = len(hits)
    if required and n > HITS_A_REQUIRED * len(required):
        n = HITS_A_REQUIRED * len(required)
        reasons.append(_give_reason(f"require: {' & '.join(rule.text for rule in topic.require)}", required, text))
    score = weigh_hits(n, hits, text)
    if not dated:
        reasons.append({"rule": "undated", "forms": [], "where": "date", "n": 0})
    accepted = dated and score >= topic.accept
    return Relevance(topic.id, topic.version, score, accepted, tuple(reasons))


def weigh_hits(n: int, hits: Sequence[Hit], text: Text) -> float:
    """Returns the score, 0 to 1: how often, in the title, how soon, in what share of the text (docs/topics.md).

    ``n``: how many of the hits count as evidence. The weights are round numbers from the middle of a wide plateau: on
    eight topics read by hand, moving any of them by .05 changes the order of the articles little.
    """
    evidence = n / (0.5 + 0.5 * len(text.body_words) / USUAL_WORDS)
    in_title = any(hit.part == 0 for hit in hits)
    first = min((hit.start for hit in hits if hit.part == 1), default=None)
    soon = 0.0 if first is None else 1 / (1 + first / LEAD_WORDS)
    share = min(1.0, 2 * text.share_hit(hits))
    return round(0.4 * evidence / (evidence + 3) + 0.25 * in_title + 0.2 * soon + 0.15 * share, 4)


def _name_forms(rules: Iterable[Rule], text: Text, lookup: Lookup) -> str:
    """Returns the words that rules speak of, whether they hold or not, as the article wrote them: some of each form."""
    terms = {term for rule in rules for term in terms_of(rule.expression, lookup)}
    hits = merge(hit for term in terms for hit in text.hits.get(term, ()))
    forms = {text.words_of(hit): hit for hit in reversed(hits)}
    return ", ".join(text.write_form(hit) for hit in sorted(forms.values())[:MOST_FORMS])


def _give_reason(rule: str, hits: Sequence[Hit], text: Text, sides: Sequence[Sequence[Hit]] = ()) -> dict[str, Any]:
    """Returns where a rule held, how often, and by which words, some of each of its ``sides`` where there are many."""
    found: dict[tuple[str, ...], Hit] = {}
    for hit in hits:
        found.setdefault(text.words_of(hit), hit)
    told = list(found)[:MOST_FORMS]
    if len(found) > MOST_FORMS:
        firsts = [next((words for words, hit in found.items() if hit in side), None) for side in map(set, sides)]
        told = list(dict.fromkeys([*filter(None, firsts), *found]))[:MOST_FORMS]
    where: Where = "body"
    if any(hit.part == 0 for hit in hits):
        where = "title"
    elif any(hit.start < LEAD_WORDS for hit in hits):
        where = "lead"
    return {"rule": rule, "forms": [text.write_form(found[words]) for words in told], "where": where, "n": len(hits)}
