"""Topics in the archive: written, retired, waiting to be applied; matches, mentions, and who appears with whom."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from db.connection import open_archive
from db.records import Relevance
from db.topics import (
    find_article_ids,
    forget_judgements,
    name_articles,
    note_applied,
    read_accepted,
    read_matches,
    read_others,
    read_pairs,
    read_texts,
    retire_topics,
    topics_to_apply,
    write_matches,
    write_mentions,
    write_topic,
)
from tests.topic_archive import NOW, fill_archive, make_article

LATER = "2024-07-01T00:00:00Z"
BRIDGE = make_article("The bridge", "Ann met the council at the bridge.")
ROAD = make_article("The road", "A road was closed.", "de", day=None)


@pytest.fixture
def db(tmp_path: Path) -> Database:
    return open_archive(tmp_path / "news.db")


@pytest.fixture
def filled(tmp_path: Path) -> Database:
    fill_archive(tmp_path / "news.db", [BRIDGE, ROAD])
    return open_archive(tmp_path / "news.db")


def _topic(db: Database, topic: str, version: str = "v1") -> None:
    entities = [("council", "The council", None), ("ann", "Ann", "carpenter")]
    kept = {"title": topic.title(), "question": None, "file": "t.toml", "now": NOW}
    write_topic(db, topic, version=version, accept=0.5, review=0.25, entities=entities, **kept)  # type: ignore[arg-type]


def test_topics_are_written_once_retired_and_woken(db: Database) -> None:
    _topic(db, "bridges")
    _topic(db, "roads")
    _topic(db, "bridges", "v2")
    assert retire_topics(db, ["bridges"]) == ["roads"]
    assert retire_topics(db, ["bridges"]) == []
    assert db.execute("SELECT id, version, status FROM topics ORDER BY id").fetchall() == [
        ("bridges", "v2", "active"),
        ("roads", "v1", "removed"),
    ]
    _topic(db, "roads")
    assert db.execute("SELECT status FROM topics WHERE id = 'roads'").fetchone() == ("active",)
    retire_topics(db, [])
    assert {row[0] for row in db.execute("SELECT status FROM topics")} == {"removed"}
    assert db.execute("SELECT count(*) FROM entities").fetchone() == (4,)


def test_matches_and_mentions_are_replaced_whole(filled: Database) -> None:
    _topic(filled, "bridges")
    _topic(filled, "roads")
    article = 1
    match = Relevance("bridges", "v1", 0.75, True, ({"rule": "bridge", "forms": ["پل"], "n": 2},))
    write_matches(filled, article, [match, replace(match, topic_id="roads", score=0.1, accepted=False)])
    write_mentions(filled, article, {"bridges": {"council": 3, "nobody": 1}, "roads": {"ann": 1}})
    assert filled.execute("SELECT topic_id, score, accepted FROM topic_matches ORDER BY 1").fetchall() == [
        ("bridges", 0.75, 1),
        ("roads", 0.1, 0),
    ]
    (reasons,) = filled.execute("SELECT reasons FROM topic_matches WHERE topic_id = 'bridges'").fetchone()
    assert json.loads(reasons) == [{"rule": "bridge", "forms": ["پل"], "n": 2}]
    assert "پل" in reasons
    mentions = "SELECT slug, n FROM mentions JOIN entities ON entities.id = entity_id ORDER BY slug"
    assert filled.execute(mentions).fetchall() == [("ann", 1), ("council", 3)]
    write_matches(filled, article, [])
    write_mentions(filled, article, {"bridges": {"council": 1}})
    assert filled.execute("SELECT count(*) FROM topic_matches").fetchone() == (0,)
    assert filled.execute(mentions).fetchall() == [("council", 1)]


def test_a_topic_new_to_an_empty_archive_has_nothing_to_be_applied_to(db: Database) -> None:
    _topic(db, "bridges")
    assert topics_to_apply(db) == []


def test_a_topic_waits_from_each_change_until_it_is_applied(filled: Database) -> None:
    _topic(filled, "bridges")
    assert topics_to_apply(filled) == ["bridges"]
    note_applied(filled, "bridges", NOW)
    _topic(filled, "bridges")
    assert topics_to_apply(filled) == []
    _topic(filled, "bridges", "v2")
    _topic(filled, "bridges", "v1")  # back again, but between the two articles may have been judged by v2
    assert topics_to_apply(filled) == ["bridges"]
    note_applied(filled, "bridges", NOW)
    retire_topics(filled, [])
    assert topics_to_apply(filled) == []
    _topic(filled, "bridges")  # what was stored while its file was gone was not judged
    assert topics_to_apply(filled) == ["bridges"]


def test_forgetting_drops_entities_that_left_the_file(filled: Database) -> None:
    _topic(filled, "bridges")
    _topic(filled, "roads")
    match = Relevance("bridges", "v1", 0.75, True)
    write_matches(filled, 1, [match, replace(match, topic_id="roads")])
    write_mentions(filled, 1, {"bridges": {"council": 3, "ann": 1}, "roads": {"ann": 1}})
    forget_judgements(filled, "bridges", ["ann"])
    assert [row[0] for row in filled.execute("SELECT topic_id FROM topic_matches")] == ["roads"]
    assert filled.execute("SELECT topic_id, slug FROM entities ORDER BY 1, 2").fetchall() == [
        ("bridges", "ann"),
        ("roads", "ann"),
        ("roads", "council"),
    ]
    assert filled.execute("SELECT count(*) FROM mentions").fetchone() == (1,)


def test_who_appears_with_whom_and_when(filled: Database) -> None:
    _topic(filled, "bridges")
    _topic(filled, "roads")
    write_mentions(filled, 1, {"bridges": {"council": 3, "ann": 1}, "roads": {"ann": 1}})
    write_mentions(filled, 2, {"bridges": {"ann": 2}})
    rows = filled.execute("SELECT topic_id, entity, other, article_id, day FROM appearances_together ORDER BY entity")
    assert rows.fetchall() == [
        ("bridges", "ann", "council", 1, "2024-06-01"),
        ("bridges", "council", "ann", 1, "2024-06-01"),
    ]
    write_mentions(filled, 2, {"bridges": {"ann": 2, "council": 1}})
    assert list(read_pairs(filled, "bridges", 10)) == [("ann", "council", 2, "2024-06-01", "2024-06-30")]


def test_what_rescoring_reads(filled: Database) -> None:
    assert find_article_ids(filled, None) == [1, 2]
    assert find_article_ids(filled, '"bridge"') == [1]
    assert find_article_ids(filled, '""') == []
    (text,) = read_texts(filled, [2, 77])
    assert (text.title, text.folded, text.language, text.published_at) == ("The road", "a road was closed.", "de", None)
    assert [text.id for text in read_texts(filled, [2, 1])] == [1, 2]
    assert name_articles(filled, [2]) == {2: ("The road", "harbour", None)}


def test_what_suggestions_read(filled: Database) -> None:
    _topic(filled, "bridges")
    write_matches(filled, 1, [Relevance("bridges", "v1", 0.75, True)])
    assert read_matches(filled, "bridges")[1].accepted
    assert list(read_accepted(filled, "bridges", 5)) == [("en", BRIDGE.title, BRIDGE.body, "harbour")]
    assert list(read_others(filled, "bridges", "de", 5)) == [(ROAD.title, ROAD.body)]
    assert list(read_others(filled, "bridges", "en", 5)) == []
