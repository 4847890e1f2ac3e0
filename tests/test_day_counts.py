"""Counts a day: after any series of writes they are what a count over all rows gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from db.connection import open_archive
from tests.site_archive import Filler

DAY = "substr(coalesce(a.published_at, a.first_seen_at), 1, 10)"
RECOUNTED_SOURCES = f"SELECT a.source_id, {DAY}, count(*) FROM articles AS a GROUP BY 1, 2 ORDER BY 1, 2"
RECOUNTED_TOPICS = f"""
SELECT m.topic_id, {DAY}, count(*), sum(a.is_lead) FROM topic_matches AS m
JOIN articles AS a ON a.id = m.article_id WHERE m.accepted GROUP BY 1, 2 ORDER BY 1, 2
"""
RECOUNTED_TOPIC_SOURCES = f"""
SELECT m.topic_id, a.source_id, {DAY}, count(*) FROM topic_matches AS m
JOIN articles AS a ON a.id = m.article_id WHERE m.accepted GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
RECOUNTED_ENTITIES = f"""
SELECT m.entity_id, {DAY}, count(*) FROM mentions AS m JOIN articles AS a ON a.id = m.article_id
GROUP BY 1, 2 ORDER BY 1, 2
"""


def check(db: Database) -> None:
    kept = db.execute("SELECT * FROM topic_days WHERE n_articles <> 0 OR n_stories <> 0 ORDER BY 1, 2").fetchall()
    assert kept == db.execute(RECOUNTED_TOPICS).fetchall()
    kept = db.execute("SELECT * FROM topic_source_days WHERE n_articles <> 0 ORDER BY 1, 2, 3").fetchall()
    assert kept == db.execute(RECOUNTED_TOPIC_SOURCES).fetchall()
    kept = db.execute("SELECT * FROM source_days WHERE n_articles <> 0 ORDER BY 1, 2").fetchall()
    assert kept == db.execute(RECOUNTED_SOURCES).fetchall()
    kept = db.execute("SELECT * FROM entity_days WHERE n_articles <> 0 ORDER BY 1, 2").fetchall()
    assert kept == db.execute(RECOUNTED_ENTITIES).fetchall()


def make_archive(path: Path) -> Database:
    fill = Filler(path)
    for source in ("one", "two"):
        fill.insert("sources", id=source, name=source)
    for number in range(4):
        fill.article(f"Title {number}", "Body.", source="one", hours=None if number == 3 else 30 * number)
    for topic in ("t", "u"):
        fill.insert("topics", id=topic, title=topic, version="1", file="f", loaded_at=fill.now)
        fill.insert("entities", topic_id=topic, slug="e", name="E")
    return fill.db


ARTICLES = st.integers(1, 4)
TOPICS = st.sampled_from("tu")
WRITES = st.one_of(
    st.tuples(
        st.just("INSERT INTO topic_matches VALUES (:topic, :id, 0.5, :flag, '[]', '1') ON CONFLICT DO NOTHING"),
        st.fixed_dictionaries({"topic": TOPICS, "id": ARTICLES, "flag": st.integers(0, 1)}),
    ),
    st.tuples(
        st.just("INSERT INTO mentions VALUES (:entity, :id, 2) ON CONFLICT DO NOTHING"),
        st.fixed_dictionaries({"entity": st.integers(1, 2), "id": ARTICLES}),
    ),
    st.tuples(
        st.sampled_from(
            (
                "DELETE FROM topic_matches WHERE article_id = :id",
                "DELETE FROM mentions WHERE article_id = :id",
                "UPDATE topic_matches SET accepted = 1 - accepted WHERE article_id = :id",
                "UPDATE articles SET is_lead = 1 - is_lead WHERE id = :id",
                "UPDATE articles SET source_id = 'two' WHERE id = :id",
                "UPDATE articles SET title = 'Another' WHERE id = :id",
            )
        ),
        st.fixed_dictionaries({"id": ARTICLES}),
    ),
    st.tuples(
        st.just("UPDATE articles SET published_at = :at WHERE id = :id"),
        st.fixed_dictionaries(
            {"id": ARTICLES, "at": st.sampled_from((None, "2018-11-09T10:00:00Z", "2018-11-10T00:00:00Z"))}
        ),
    ),
    st.tuples(
        st.just(
            "INSERT INTO articles (url, source_id, title, published_at, first_seen_at, updated_at, last_seen_at,"
            " content_hash) VALUES ('http://x.example/', :source, '', :at, :seen, :seen, :seen, '')"
        ),
        st.fixed_dictionaries(
            {
                "source": st.sampled_from(("one", "two")),
                "at": st.sampled_from((None, "2018-11-09T10:00:00Z")),
                "seen": st.just("2018-11-10T00:00:00Z"),
            }
        ),
    ),
    st.tuples(
        st.just("DELETE FROM mentions WHERE entity_id IN (SELECT id FROM entities WHERE topic_id = :topic)"),
        st.fixed_dictionaries({"topic": TOPICS}),
    ),
)


def test_counts_are_what_a_recount_gives(tmp_path_factory: pytest.TempPathFactory) -> None:
    @settings(max_examples=40, deadline=None)
    @given(st.lists(WRITES, max_size=25))
    def run(writes: list[tuple[str, dict[str, object]]]) -> None:
        db = make_archive(tmp_path_factory.mktemp("counts") / "a.db")
        for sql, values in writes:
            db.execute(sql, values)
        check(db)
        db.close()

    run()


def test_an_entity_that_goes_takes_its_counts_along(tmp_path: Path) -> None:
    db = make_archive(tmp_path / "a.db")
    db.execute("INSERT INTO mentions VALUES (1, 1, 1)")
    db.execute("DELETE FROM mentions WHERE entity_id = 1")
    db.execute("DELETE FROM entities WHERE id = 1")
    assert db.execute("SELECT count(*) FROM entity_days").fetchone()[0] == 0


def test_deleting_from_an_archive_that_was_closed_keeps_the_counts(tmp_path: Path) -> None:
    make_archive(tmp_path / "a.db").close()
    db = open_archive(tmp_path / "a.db")
    db.execute("INSERT INTO topic_matches VALUES ('t', 1, 0.5, 1, '[]', '1')")
    check(db)
    db.execute("DELETE FROM topic_matches")
    check(db)
