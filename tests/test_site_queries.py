"""The SQL of the site: every statement runs, and none reads a large table from end to end."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from db.connection import open_archive
from db.site import export_queries, queries, search_queries
from db.site.searching import LOOKED_AT, prepare_connection
from tests.site_archive import NOW, fill_archive

STATEMENTS = {
    f"{prefix}{name}": value
    for module, prefix in ((queries, ""), (search_queries, "SEARCH_"))
    for name, value in vars(module).items()
    if name.isupper()
    and not name.startswith("_")
    and isinstance(value, str)
    and value.lstrip().startswith(("SELECT", "WITH"))  # FILTERS is a part of statements
}
VALUES = {
    "id": 1,
    "slug": "envoy",
    "topic": "moscow-talks",
    "accepted": 1,
    "limit": 30,
    "days": 400,
    "window": 500,
    "now": NOW,
    "day_ago": NOW,
    "week_ago": NOW,
    "since": "2018-01-01",
    "silent_before": NOW,
    "since_id": 0,
    "before_at": "9999",
    "before_id": 2**62,
    "after_id": 1,
    "first": "2018-01-01",
    "last": "2019-01-01",
    "after": "2019-01-01",
    "match": '"talks"',
    "wider": '"tal" *',
    "tried": 200,
    "source": None,
    "language": None,
    "entity": None,
    "horizon": 0,
    "looked_at": LOOKED_AT,
    "counted": 1001,
    "ids": "[1, 2]",
    "bars": '[["2018-11-01", "2018-11-30"]]',
}
LARGE = {
    *("articles", "article_text", "stories", "topic_matches", "mentions", "duplicates", "links", "fetches"),
    *("revisions", "fingerprints", "signatures", "article_urls", "removed_lines", "rechecks"),
}
SCAN = re.compile(r"^(?:SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?|SEARCH (\w+)$)")
"""A table read from end to end; the plan calls it a search where `min(id)` reads rows until one holds."""
ALLOWED = {
    # In the order of their keys with a LIMIT within: they stop after as many rows.
    *("ARRIVED", "EDITED", "RUNS", "FAILURES", "LAST_RUNS", "RECENT_FAILURES", "UNDATED", "STORIES"),
}


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    path = tmp_path_factory.mktemp("queries") / "a.db"
    fill_archive(path)
    connection = open_archive(path).conn
    assert connection is not None
    prepare_connection(connection)
    return connection


def aliases_of(sql: str) -> dict[str, str]:
    """Returns table names by the aliases a statement gives them."""
    named = re.findall(r"(?:FROM|JOIN)\s+(\w+)\s+AS\s+(\w+)", sql)
    return {**{table: table for table in re.findall(r"(?:FROM|JOIN)\s+(\w+)", sql)}, **{a: t for t, a in named}}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_runs(db: sqlite3.Connection, name: str) -> None:
    wanted = {key: VALUES[key] for key in re.findall(r":(\w+)", STATEMENTS[name])}
    assert isinstance(db.execute(STATEMENTS[name], wanted).fetchall(), list)


@pytest.mark.parametrize("name", sorted(set(STATEMENTS) - ALLOWED))
def test_no_statement_reads_a_large_table_from_end_to_end(db: sqlite3.Connection, name: str) -> None:
    sql = STATEMENTS[name]
    wanted = {key: VALUES[key] for key in re.findall(r":(\w+)", sql)}
    aliases = aliases_of(sql)
    for *_, step in db.execute(f"EXPLAIN QUERY PLAN {sql}", wanted):
        scanned = SCAN.match(step)
        table = scanned and (scanned[1] or scanned[3])
        assert not table or aliases.get(table, table) not in LARGE, step


def test_the_check_would_see_a_scan(db: sqlite3.Connection) -> None:
    plan = db.execute("EXPLAIN QUERY PLAN SELECT a.id FROM articles AS a WHERE a.title = 'x'").fetchall()
    scanned = SCAN.match(plan[0][-1])
    assert scanned and scanned[1] in ("a", "articles")
    until = "EXPLAIN QUERY PLAN SELECT min(id) FROM articles WHERE first_seen_at > '2018'"
    scanned = SCAN.match(db.execute(until).fetchall()[0][-1])
    assert scanned and scanned[3] == "articles"


@pytest.mark.parametrize("name", sorted(ALLOWED & set(STATEMENTS)))
def test_what_may_scan_has_a_limit(name: str) -> None:
    assert "LIMIT" in STATEMENTS[name]


def test_an_export_names_the_pair_that_joined_an_article_and_no_related_one(tmp_path: Path) -> None:
    ids = fill_archive(tmp_path / "a.db")
    connection = open_archive(tmp_path / "a.db").conn
    assert connection is not None
    connection.execute(
        "INSERT INTO duplicates (article_id, of_article_id, relation, containment) VALUES (?, ?, 'related', 0.99)",
        (ids["copy"], ids["stray"]),
    )
    (story_id,) = connection.execute("SELECT story_id FROM articles WHERE id = ?", (ids["copy"],)).fetchone()
    found = connection.execute(export_queries.STORY_ARTICLES, {"id": story_id, "after_id": 0, "limit": 9})
    names = [column[0] for column in found.description]
    told = {
        row["id"]: (row["relation"], row["of_article_id"]) for row in (dict(zip(names, r, strict=True)) for r in found)
    }
    assert told == {ids["lead"]: (None, None), ids["copy"]: ("near", ids["lead"])}
    connection.close()


@pytest.mark.parametrize("lanes", ["LANES_BY_SOURCE", "LANES_BY_ENTITY"])
def test_lanes_sum_the_days_of_each_bar(tmp_path: Path, lanes: str) -> None:
    fill_archive(tmp_path / "a.db")
    db = open_archive(tmp_path / "a.db")
    days = [("2018-11-02", 1), ("2018-11-05", 2), ("2018-11-11", 4), ("2018-11-12", 8), ("2018-12-31", 16)]
    for day, n in days:
        db.execute("INSERT INTO topic_source_days VALUES ('moscow-talks', 'quiet', ?, ?)", (day, n))
        db.execute("INSERT INTO entity_days VALUES (1, ?, ?)", (day, n))
    bars = '[["2018-11-05", "2018-11-11"], ["2018-11-12", "2018-11-18"]]'
    values = {"topic": "moscow-talks", "first": "2018-11-05", "last": "2018-11-18", "bars": bars}
    found = db.execute(getattr(queries, lanes), values).fetchall()
    assert [row for row in found if row[0] in ("quiet", "envoy")] == [
        (found[0][0], found[0][1], "2018-11-05", 6, "2018-11-05", "2018-11-11"),
        (found[0][0], found[0][1], "2018-11-12", 8, "2018-11-12", "2018-11-12"),
    ]
    db.close()


def test_what_is_new_is_read_from_the_times_and_not_by_walking_the_table(tmp_path: Path) -> None:
    """SQLite answers ``min(id)`` from the first row up until one is new enough: past a whole archive."""
    db = open_archive(tmp_path / "plan.db")
    for name in ("SINCE_ID", "TOPICS"):
        plan = " ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {STATEMENTS[name]}", VALUES))
        assert "USING COVERING INDEX articles_first_seen_at" in plan, plan
    db.close()
