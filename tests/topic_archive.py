"""A small archive of invented articles, filled as the crawl fills it, for the tests of rescoring and its commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from db.connection import open_archive, transaction
from db.records import Article
from db.store import insert_article
from db.topics import write_matches, write_mentions
from pipelines.judging import sign
from pipelines.relevance import Judge
from pipelines.rescoring import record_topic
from pipelines.topic import Topic

NOW = "2024-06-30T12:00:00Z"


def make_article(title: str, body: str, language: str | None = "en", day: str | None = "2024-06-01") -> Article:
    """Returns an invented article."""
    published_at = f"{day}T09:00:00Z" if day else None
    return Article("https://harbour.example/x", title, body, language=language, published_at=published_at)


def fill_archive(path: Path, articles: Sequence[Article], topics: Sequence[Topic] = ()) -> list[int]:
    """Stores articles, judged by the topics as a crawl would; returns their ids."""
    db = open_archive(path)
    judge = Judge(topics)
    ids: list[int] = []
    with transaction(db):
        db.execute(
            "INSERT INTO sources (id, name, status) VALUES ('harbour', 'Harbour', 'active') ON CONFLICT DO NOTHING"
        )
        (taken,) = db.execute("SELECT count(*) FROM articles").fetchone()
        for topic in topics:
            record_topic(db, topic, NOW)
        for number, article in enumerate(articles, taken + 1):
            signed = sign(replace(article, url=f"https://harbour.example/{number}"))
            ids.append(insert_article(db, signed, source_id="harbour", now=NOW, extractor="t", raw=None))
            write_matches(db, ids[-1], judge.judge(article))
            write_mentions(db, ids[-1], judge.find_mentions(article))
    db.close()
    return ids
