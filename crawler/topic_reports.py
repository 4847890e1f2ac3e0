"""The texts of ``scrapy topic``: what is there, what an edit would change, what a topic may miss, who meets whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlite_utils import Database

from db.connection import open_readonly
from db.plurals import plural
from db.records import Relevance
from db.topics import (
    StoredMatch,
    active_topics,
    name_articles,
    newest_article,
    read_accepted,
    read_matches,
    read_others,
    read_pairs,
    read_texts,
    topics_to_apply,
)
from pipelines.relevance import Judge, judge_examples, read_example
from pipelines.rescoring import judge_archive, read_article
from pipelines.suggestion import LEAST_ARTICLES, Sample, suggest_spellings, suggest_terms
from pipelines.topic import Topic

CHANGES_SHOWN = 20
"""Changes of one topic that are listed unless all are asked for."""
FORMS_SHOWN = 8
"""Words told of a change: enough to see what an article came in for."""
SAMPLE_ARTICLES = 2000
"""Newest accepted articles, and as many others of each language, that suggestions are drawn from."""
PAIRS_SHOWN = 30

State = Literal["accepted", "for review", "out"]
_RANK = {"out": 0, "for review": 1, "accepted": 2}


def write_list(topics: Sequence[Topic], waiting: Sequence[str], gone: Sequence[str] = ()) -> Iterator[str]:
    """Yields three lines a topic; ``waiting`` are the ids of those the archive's articles were not yet judged by.

    ``gone``: ids of topics of the archive that have no file any more.
    """
    for topic in topics:
        days = " ".join(
            f"{word} {day}" for word, day in (("from", topic.window_from), ("to", topic.window_to)) if day is not None
        )
        yield f"{topic.id}  {topic.title}"
        bounds = f"accept {topic.accept:g}, review {topic.review:g}"
        changed = "; changed: `scrapy topic diff`, then `apply`" if topic.id in waiting else ""
        yield f"    version {topic.version}, published {days or 'at any time'}, {bounds}{changed}"
        numbers = f"{plural(len(topic.any), 'rule')}, {plural(len(topic.entities), 'entity', 'entities')}, "
        numbers += plural(len(topic.examples), "example")
        yield f"    {numbers}: {topic.path}"
    yield from write_gone(gone)


def write_gone(gone: Sequence[str]) -> Iterator[str]:
    """Yields one line for each topic of the archive that has no file any more."""
    for topic_id in gone:
        yield f"{topic_id}: its file is gone; the matches found with it stay, new articles are not judged by it"


def find_gone(database: Path, listed: Collection[str]) -> list[str]:
    """Returns the ids of the archive's topics that are not among those listed; [] without an archive."""
    if not database.exists():
        return []
    db = open_readonly(database)
    try:
        return [topic_id for (topic_id,) in db.execute("SELECT id FROM topics ORDER BY id") if topic_id not in listed]
    finally:
        db.close()


def find_active(database: Path) -> list[str]:
    """Returns the ids of the topics that had a file when topics were last noted; ArchiveError without an archive."""
    db = open_readonly(database)
    try:
        return active_topics(db)
    finally:
        db.close()


def find_waiting(database: Path, topics: Sequence[Topic]) -> list[str]:
    """Returns the ids of topics whose present version has not judged all stored articles; [] without an archive."""
    if not database.exists():
        return []
    db = open_readonly(database)
    try:
        stored = dict(db.execute("SELECT id, version FROM topics WHERE status = 'active'").fetchall())
        behind = topics_to_apply(db)
        return [topic.id for topic in topics if stored.get(topic.id) != topic.version or topic.id in behind]
    finally:
        db.close()


def write_examples(topics: Sequence[Topic]) -> tuple[list[str], int]:
    """Returns what became of every example, line by line, and how many came out otherwise than expected."""
    lines: list[str] = []
    n_failed = n_run = 0
    for topic in topics:
        for example, verdict, relevance in judge_examples(topic):
            n_run += 1
            n_failed += verdict != example.expect
            outcome = "ok    " if verdict == example.expect else "FAILED"
            score = "" if relevance is None else f" {relevance.score:.2f}"
            lines.append(f"{outcome} {topic.path}:{example.line}: {verdict}{score}: {example.title}")
            if verdict != example.expect:
                lines.append(f"       expected: {example.expect}")
                lines += [f"       {_write_reason(reason)}" for reason in (relevance.reasons if relevance else ())]
                if relevance is None:
                    lines.append(f"       {Judge([topic]).explain_absence(topic, read_example(example))}")
    lines.append(f"{plural(n_run, 'example')}, {n_failed} failed")
    return lines, n_failed


def _write_reason(reason: Mapping[str, Any]) -> str:
    if reason["rule"] == "undated":
        return "no date, and the topic has a window: it can only come up for review; give it one, date = 2018-11-09"
    return f"{reason['where']}, {reason['n']} x {reason['rule']}: {', '.join(reason['forms'])}"


@dataclass(frozen=True, slots=True)
class Change:
    """One stored article that an edited topic sees otherwise than the archive says."""

    article_id: int
    before: State
    after: State
    score_before: float | None
    score_after: float | None

    def write(self, title: str, source: str, published_at: str | None) -> str:
        """Returns the change as a line: ``+ 0.71 accepted (was out)  2018-11-09  outlet  Title``."""
        sign = "+" if _RANK[self.after] > _RANK[self.before] else "-"
        after = f"{self.score_after:.2f}" if self.score_after is not None else "----"
        was = f"{self.score_before:.2f} " if self.score_before is not None else ""
        day = (published_at or "undated")[:10]
        return f"  {sign} {after} {self.after} (was {was}{self.before})  {day:10}  {source}  {title}"


def find_changes(before: dict[int, StoredMatch], after: dict[int, Relevance]) -> list[Change]:
    """Returns the articles that come in, go out or move between accepted and review; gains first, by score."""
    changes: list[Change] = []
    for article_id in before.keys() | after.keys():
        old, new = before.get(article_id), after.get(article_id)
        was, becomes = _state(old), _state(new)
        if was != becomes:
            changes.append(Change(article_id, was, becomes, old.score if old else None, new.score if new else None))
    return sorted(changes, key=_order)


def _state(match: StoredMatch | Relevance | None) -> State:
    return "out" if match is None else "accepted" if match.accepted else "for review"


def _order(change: Change) -> tuple[bool, bool, float, int]:
    gained = _RANK[change.after] > _RANK[change.before]
    touches_accepted = "accepted" in (change.before, change.after)
    score = change.score_after if gained else change.score_before
    return not gained, not touches_accepted, -(score or 0.0), change.article_id


def write_diff(database: Path, topics: Sequence[Topic], *, processes: int, everything: bool) -> Iterator[str]:
    """Yields what each topic, as its file is now, would change among the stored articles. Writes nothing.

    Articles that a crawl stores meanwhile are left aside: they would look like gains or losses of the edit.
    """
    db = open_readonly(database)
    try:
        newest = newest_article(db)
        stored_matches = {topic.id: read_matches(db, topic.id) for topic in topics}
    finally:
        db.close()
    after: dict[str, dict[int, Relevance]] = {topic.id: {} for topic in topics}
    for judgement in judge_archive(database, topics, processes=processes):
        if judgement.article_id <= newest:
            for match in judgement.relevance:
                after[match.topic_id][judgement.article_id] = match
    db = open_readonly(database)
    try:
        for topic in topics:
            stored = db.execute("SELECT version FROM topics WHERE id = ?", (topic.id,)).fetchone()
            before = {key: match for key, match in stored_matches[topic.id].items() if key <= newest}
            version = f"version {stored[0]} -> {topic.version}" if stored else f"new, version {topic.version}"
            yield f"{topic.id}: {version}" + (" (unchanged)" if stored and stored[0] == topic.version else "")
            yield from _write_changes(db, topic, before, after[topic.id], everything)
    finally:
        db.close()


def _write_changes(
    db: Database, topic: Topic, before: dict[int, StoredMatch], after: dict[int, Relevance], everything: bool
) -> Iterator[str]:
    changes = find_changes(before, after)
    for state, word in (("accepted", "accepted"), ("for review", "for review")):
        came = sum(change.after == state for change in changes)
        went = sum(change.before == state for change in changes)
        total = sum(_state(match) == state for match in after.values())
        yield f"  {word}: {plural(total, 'article')}, {came} more and {went} fewer than now"
    shown = changes if everything else _take_evenly(changes)
    named = name_articles(db, [change.article_id for change in shown])
    judge = Judge([topic])
    for change in shown:
        yield change.write(*named[change.article_id])
        if change.after != "out":
            forms = [form for reason in after[change.article_id].reasons for form in reason["forms"]]
            yield f"           for {', '.join(list(dict.fromkeys(forms))[:FORMS_SHOWN])}"
        for text in read_texts(db, [change.article_id]) if change.after == "out" else ():
            yield f"           because {judge.explain_absence(topic, read_article(text))}"
    if len(shown) < len(changes):
        yield f"  and {plural(len(changes) - len(shown), 'more change')} (--all lists them)"


def _take_evenly(changes: Sequence[Change]) -> list[Change]:
    """Returns the first gains and the first losses, as many of each as there is room for."""
    gains = [change for change in changes if _RANK[change.after] > _RANK[change.before]]
    losses = [change for change in changes if _RANK[change.after] < _RANK[change.before]]
    n_losses = min(len(losses), max(CHANGES_SHOWN // 2, CHANGES_SHOWN - len(gains)))
    return gains[: CHANGES_SHOWN - n_losses] + losses[:n_losses]


def write_suggestions(database: Path, topic: Topic) -> Iterator[str]:
    """Yields terms, names and spellings that the accepted articles favour and the topic's file does not have."""
    db = open_readonly(database)
    try:
        accepted = [
            Sample(language, f"{title}\n{body}", source)
            for language, title, body, source in read_accepted(db, topic.id, SAMPLE_ARTICLES)
        ]
        others = [
            Sample(language, f"{title}\n{body}")
            for language in sorted({sample.language for sample in accepted}, key=str)
            for title, body in read_others(db, topic.id, language, SAMPLE_ARTICLES)
        ]
    finally:
        db.close()
    compared = f"{plural(len(accepted), 'accepted article')} and {plural(len(others), 'other')} of their languages"
    yield f"{topic.id}: from {compared}"
    if len(accepted) < LEAST_ARTICLES or not others:
        yield "  too few to learn from: at least 3 accepted articles of a language, and others beside them"
        return
    heading: str | None = ""
    terms = suggest_terms(topic, accepted, others)
    if not terms:
        yield "  no word stands out that the file lacks"
    for one in terms:
        if one.language != heading:
            heading = one.language
            yield f"  {heading or 'unknown language'}:"
        yield f"    {one.term}  ({one.kind}; in {one.n_accepted} accepted, {one.n_others} others; z {one.z:.1f})"
    spellings = suggest_spellings(topic, accepted, others)
    if spellings:
        yield "  may be other spellings of entities:"
    for two in spellings:
        yield f"    {two.entity_id}: {two.word}  (like {two.like}; {two.language or '?'}, in {two.n_accepted} accepted)"


def write_meetings(database: Path, topics: Iterable[Topic]) -> Iterator[str]:
    """Yields which two entities of a topic are named in the same articles, how often, and from when to when."""
    db = open_readonly(database)
    try:
        for topic in topics:
            names = {entity.id: entity.name for entity in topic.entities}
            yield f"{topic.id}: who appears with whom"
            pairs = list(read_pairs(db, topic.id, PAIRS_SHOWN))
            if not pairs:
                yield "  nobody yet: no stored article names two [[entity]] of this topic"
            for one, other, n, first, last in pairs:
                yield f"  {n:5}  {first} to {last}  {names.get(one, one)} + {names.get(other, other)}"
    finally:
        db.close()
