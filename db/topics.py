"""Topics in the archive: their rows, their matches and mentions, and what rescoring reads and writes."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from db.records import Relevance


@dataclass(frozen=True, slots=True)
class StoredText:
    """What judging needs of one stored article."""

    id: int
    url: str
    title: str
    body: str
    folded_title: str
    folded: str
    language: str | None
    published_at: str | None


@dataclass(frozen=True, slots=True)
class StoredMatch:
    """One stored match with what a reader needs to know the article again."""

    article_id: int
    score: float
    accepted: bool
    title: str
    source_id: str
    published_at: str | None


def write_topic(
    db: Database,
    topic_id: str,
    *,
    title: str,
    question: str | None,
    version: str,
    accept: float,
    review: float,
    file: str,
    now: str,
    entities: Sequence[tuple[str, str, str | None]],
) -> None:
    """Writes a topic and its entities (slug, name, role) into the archive; matches of an earlier version stay.

    From a change of its version on, and after a time without its file, the topic waits to be applied to what is stored.
    """
    db.execute(
        "INSERT INTO topics (id, title, question, version, accept, review, file, loaded_at, applied_at)"
        " VALUES (:id, :title, :question, :version, :accept, :review, :file, :now,"
        " CASE WHEN NOT EXISTS (SELECT 1 FROM articles) THEN :now END)"
        " ON CONFLICT (id) DO UPDATE SET title = excluded.title, question = excluded.question,"
        " version = excluded.version, accept = excluded.accept, review = excluded.review, file = excluded.file,"
        " loaded_at = excluded.loaded_at, status = 'active',"
        " applied_at = CASE WHEN version = excluded.version AND status = 'active' AND applied_at IS NOT NULL"
        " THEN applied_at ELSE excluded.applied_at END",
        {
            "id": topic_id,
            "title": title,
            "question": question,
            "version": version,
            "accept": accept,
            "review": review,
            "file": file,
            "now": now,
        },
    )
    for slug, name, role in entities:
        db.execute(
            "INSERT INTO entities (topic_id, slug, name, role) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (topic_id, slug) DO UPDATE SET name = excluded.name, role = excluded.role",
            (topic_id, slug, name, role),
        )


def retire_topics(db: Database, listed: Collection[str]) -> list[str]:
    """Marks the topics whose file is gone as ``removed``, and returns those that were not so before; matches stay."""
    gone = [topic_id for topic_id in active_topics(db) if topic_id not in listed]
    db.execute("UPDATE topics SET status = 'removed' WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(gone),))
    return gone


def write_matches(db: Database, article_id: int, relevance: Sequence[Relevance]) -> None:
    """Replaces the topic matches of an article."""
    db.execute("DELETE FROM topic_matches WHERE article_id = ?", (article_id,))
    add_matches(db, article_id, relevance)


def add_matches(db: Database, article_id: int, relevance: Iterable[Relevance]) -> None:
    """Adds topic matches to an article that has none of these topics."""
    for match in relevance:
        db.execute(
            "INSERT INTO topic_matches (topic_id, article_id, score, accepted, reasons, topic_version)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                match.topic_id,
                article_id,
                match.score,
                match.accepted,
                json.dumps(match.reasons, ensure_ascii=False),
                match.topic_version,
            ),
        )


def write_mentions(db: Database, article_id: int, mentions: Mapping[str, Mapping[str, int]]) -> None:
    """Replaces how often each entity (topic id -> slug -> n) is named in an article."""
    db.execute("DELETE FROM mentions WHERE article_id = ?", (article_id,))
    add_mentions(db, article_id, mentions)


def add_mentions(db: Database, article_id: int, mentions: Mapping[str, Mapping[str, int]]) -> None:
    """Adds how often entities (topic id -> slug -> n) are named in an article."""
    for topic_id, slug, n in ((topic, slug, n) for topic, named in mentions.items() for slug, n in named.items()):
        db.execute(
            "INSERT INTO mentions (entity_id, article_id, n)"
            " SELECT id, ?, ? FROM entities WHERE topic_id = ? AND slug = ?",
            (article_id, n, topic_id, slug),
        )


def active_topics(db: Database) -> list[str]:
    """Returns the ids of the topics that had a file when topics were last noted."""
    return [row[0] for row in db.execute("SELECT id FROM topics WHERE status = 'active' ORDER BY id")]


def topics_to_apply(db: Database) -> list[str]:
    """Returns the ids of topics whose file changed since the stored articles were judged by it."""
    rows = db.execute("SELECT id FROM topics WHERE status = 'active' AND applied_at IS NULL ORDER BY id")
    return [row[0] for row in rows]


def find_article_ids(db: Database, match: str | None) -> list[int]:
    """Returns the ids of the articles that a MATCH over the folded text finds; of all for None."""
    if match is None:
        return [row[0] for row in db.execute("SELECT id FROM article_text")]
    return [row[0] for row in db.execute("SELECT rowid FROM article_text_fts WHERE article_text_fts MATCH ?", (match,))]


def read_texts(db: Database, ids: Sequence[int]) -> Iterator[StoredText]:
    """Yields the texts of these articles, in order of ids."""
    rows = db.execute(
        "SELECT a.id, a.url, t.title, t.body, t.folded_title, t.folded, a.language, a.published_at"
        " FROM json_each(?) AS wanted JOIN articles AS a ON a.id = wanted.value JOIN article_text AS t ON t.id = a.id"
        " ORDER BY a.id",
        (json.dumps(ids),),
    )
    for row in rows:
        yield StoredText(*row)


def read_matches(db: Database, topic_id: str) -> dict[int, StoredMatch]:
    """Returns the stored matches of a topic by article id."""
    rows = db.execute(
        "SELECT m.article_id, m.score, m.accepted, a.title, a.source_id, a.published_at FROM topic_matches AS m"
        " JOIN articles AS a ON a.id = m.article_id WHERE m.topic_id = ?",
        (topic_id,),
    )
    return {row[0]: StoredMatch(row[0], row[1], bool(row[2]), *row[3:]) for row in rows}


def newest_article(db: Database) -> int:
    """Returns the id of the article stored last, 0 where there is none."""
    return int(db.execute("SELECT coalesce(max(id), 0) FROM articles").fetchone()[0])


def name_articles(db: Database, ids: Iterable[int]) -> dict[int, tuple[str, str, str | None]]:
    """Returns title, source and time of publication of articles, by id."""
    rows = db.execute(
        "SELECT a.id, a.title, a.source_id, a.published_at FROM json_each(?) AS wanted"
        " JOIN articles AS a ON a.id = wanted.value",
        (json.dumps(list(ids)),),
    )
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def forget_judgements(db: Database, topic_id: str, slugs: Sequence[str]) -> None:
    """Deletes all matches and mentions of a topic, and its entities that are not among ``slugs`` any more."""
    db.execute("DELETE FROM topic_matches WHERE topic_id = ?", (topic_id,))
    db.execute("DELETE FROM mentions WHERE entity_id IN (SELECT id FROM entities WHERE topic_id = ?)", (topic_id,))
    db.execute(
        "DELETE FROM entities WHERE topic_id = ? AND slug NOT IN (SELECT value FROM json_each(?))",
        (topic_id, json.dumps(list(slugs))),
    )


def note_applied(db: Database, topic_id: str, now: str) -> None:
    """Notes that every stored article has been judged by the topic's present version."""
    db.execute("UPDATE topics SET applied_at = ? WHERE id = ?", (now, topic_id))


def read_accepted(db: Database, topic_id: str, limit: int) -> Iterator[tuple[str | None, str, str, str]]:
    """Yields language, title, body and source of the newest accepted articles of a topic, one of each story."""
    yield from db.execute(
        "SELECT a.language, t.title, t.body, a.source_id FROM topic_matches AS m"
        " JOIN articles AS a ON a.id = m.article_id JOIN article_text AS t ON t.id = a.id"
        " WHERE m.topic_id = ? AND m.accepted = 1 AND a.is_lead = 1"
        " ORDER BY a.id DESC LIMIT ?",
        (topic_id, limit),
    )


def read_others(db: Database, topic_id: str, language: str | None, limit: int) -> Iterator[tuple[str, str]]:
    """Yields title and body of the newest articles of a language that a topic does not match, one of each story."""
    yield from db.execute(
        "SELECT t.title, t.body FROM articles AS a JOIN article_text AS t ON t.id = a.id WHERE a.language IS ?"
        " AND a.is_lead = 1 AND a.id NOT IN (SELECT article_id FROM topic_matches WHERE topic_id = ?)"
        " ORDER BY a.id DESC LIMIT ?",
        (language, topic_id, limit),
    )


def read_pairs(db: Database, topic_id: str, limit: int) -> Iterator[tuple[str, str, int, str, str]]:
    """Yields two entities of a topic, in how many articles both are named, and the first and last day of these."""
    yield from db.execute(
        "SELECT entity, other, count(*), min(day), max(day) FROM appearances_together"
        " WHERE topic_id = ? AND entity < other GROUP BY entity, other ORDER BY 3 DESC, 1, 2 LIMIT ?",
        (topic_id, limit),
    )
