"""Judging the stored archive against topics anew, without a single fetch: find candidates in the index, judge those."""

from __future__ import annotations

import multiprocessing
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from db.connection import open_archive, open_readonly, transaction, utc_now
from db.records import Article, Relevance
from db.topics import (
    StoredText,
    add_matches,
    add_mentions,
    find_article_ids,
    forget_judgements,
    note_applied,
    read_texts,
    retire_topics,
    write_topic,
)
from pipelines.loosening import write_candidates
from pipelines.relevance import Judge
from pipelines.topic import Topic

CHUNK = 250
"""Articles handed to a process at once: some MB of text, a tenth of a second of work."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What today's topics say of one stored article."""

    article_id: int
    relevance: tuple[Relevance, ...]
    mentions: Mapping[str, Mapping[str, int]]
    """Topic id -> entity slug -> how often it is named."""


def find_candidates(path: Path, topics: Sequence[Topic]) -> list[int]:
    """Returns the ids of all stored articles that one of the topics, or one of their entities, could match."""
    db = open_readonly(path)
    try:
        found: set[int] = set()
        for match in map(write_candidates, topics):
            found.update(find_article_ids(db, match))
            if match is None:
                break
        return sorted(found)
    finally:
        db.close()


def judge_archive(path: Path, topics: Sequence[Topic], *, processes: int) -> Iterator[Judgement]:
    """Yields a judgement for each stored article that a topic matches or that names an entity, in order of ids.

    Articles it does not yield match none of the topics. Raises ``db.connection.ArchiveError`` where the archive cannot
    be read.
    """
    ids = find_candidates(path, topics)
    chunks = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
    if processes < 2 or len(chunks) < 2:
        with _Judging(path, topics) as judging:
            for chunk in chunks:
                yield from judging.judge(chunk)
        return
    # Forked, so that nothing is imported twice; no connection to the archive is open here at this point, and no thread
    # runs: neither would survive a fork.
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(processes, context, initializer=_start, initargs=(path, tuple(topics))) as pool:
        for judgements in pool.map(_judge_chunk, chunks):
            yield from judgements


def read_article(text: StoredText) -> Article:
    """Returns of a stored article what judging looks at."""
    return Article(text.url, text.title, text.body, published_at=text.published_at, language=text.language)


class _Judging:
    """A judge with a reading connection of its own."""

    def __init__(self, path: Path, topics: Sequence[Topic]) -> None:
        self._db = open_readonly(path)
        self._judge = Judge(topics)

    def __enter__(self) -> _Judging:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def judge(self, ids: Sequence[int]) -> list[Judgement]:
        judgements: list[Judgement] = []
        for text in read_texts(self._db, ids):
            article = read_article(text)
            folded = text.folded_title, text.folded
            relevance = self._judge.judge(article, folded)
            mentions = {topic: named for topic, named in self._judge.find_mentions(article, folded).items() if named}
            if relevance or mentions:
                judgements.append(Judgement(text.id, relevance, mentions))
        return judgements


_judging: _Judging | None = None


def _start(path: Path, topics: Sequence[Topic]) -> None:
    global _judging
    _judging = _Judging(path, topics)


def _judge_chunk(ids: Sequence[int]) -> list[Judgement]:
    assert _judging is not None, "the pool's processes begin with _start"
    return _judging.judge(ids)


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying one topic to the archive left there."""

    topic_id: str
    n_accepted: int
    n_review: int


def apply_topics(path: Path, topics: Sequence[Topic], *, processes: int) -> list[Applied]:
    """Judges all stored articles by these topics and replaces their matches and mentions, in one transaction.

    A crash leaves the old judgements or the new ones, whole. The caller holds the archive's lock: an article that a
    crawl stored meanwhile would be judged by whatever topics that crawl began with.
    """
    judgements = list(judge_archive(path, topics, processes=processes))
    applied = {topic.id: [0, 0] for topic in topics}
    db = open_archive(path)
    try:
        with transaction(db):
            now = utc_now()
            for topic in topics:
                record_topic(db, topic, now)
                forget_judgements(db, topic.id, [entity.id for entity in topic.entities])
                note_applied(db, topic.id, now)
            for judgement in judgements:
                add_matches(db, judgement.article_id, judgement.relevance)
                add_mentions(db, judgement.article_id, judgement.mentions)
                for match in judgement.relevance:
                    applied[match.topic_id][not match.accepted] += 1
    finally:
        db.close()
    return [Applied(topic_id, *counts) for topic_id, counts in applied.items()]


def note_listed(path: Path, listed: Collection[str]) -> None:
    """Marks the topics of an archive that have no file any more as removed; their matches stay."""
    db = open_archive(path)
    try:
        with transaction(db):
            retire_topics(db, listed)
    finally:
        db.close()


def record_topic(db: Database, topic: Topic, now: str) -> None:
    """Writes a topic as it is now into the archive. Call inside a transaction."""
    write_topic(
        db,
        topic.id,
        title=topic.title,
        question=topic.question,
        version=topic.version,
        accept=topic.accept,
        review=topic.review,
        file=topic.path.name,
        now=now,
        entities=[(entity.id, entity.name, entity.role) for entity in topic.entities],
    )
