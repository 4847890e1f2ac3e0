"""The reports, asked of a real archive with every kind of row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from db import frontier, reports
from db.connection import open_archive, open_readonly
from db.records import FATES
from tests.site_archive import HOSTILE_NAME, NOW, Filler, fill_archive


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Database]:
    fill_archive(tmp_path / "news.db")
    db = open_readonly(tmp_path / "news.db")
    yield db
    db.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    db = open_archive(tmp_path / "empty.db")
    yield db
    db.close()


def test_health_of_each_source_and_those_that_need_attention_first(archive: Database) -> None:
    rows = reports.source_health(archive, NOW)
    assert [(row.id, row.health) for row in rows] == [
        ("tribune", "failing"),
        ("quiet", "silent"),
        ("fresh", "new"),
        ("herat", "ok"),
        ("steppe", "ok"),
        ("off", "disabled"),
    ]


def test_health_tells_what_went_wrong(archive: Database) -> None:
    worst = reports.source_health(archive, NOW)[0]
    assert (worst.name, worst.n_seeds, worst.n_failing, worst.failures) == (HOSTILE_NAME, 1, 1, 4)
    assert worst.last_error == "HTTP 503 <b>busy</b>"
    assert worst.last_article_at == "2018-11-25T10:00:00Z"  # stored an hour after it was published


def test_a_seed_that_recovered_shows_no_old_error(tmp_path: Path) -> None:
    fill = Filler(tmp_path / "news.db")
    fill.insert("sources", id="a", name="A", last_ok_at=NOW)
    fill.insert("seeds", source_id="a", kind="feed", url="https://a.example/f", host="a.example", note="moved here")
    (row,) = reports.source_health(fill.db, NOW)
    assert (row.health, row.last_error, row.n_failing) == ("empty", None, 0)


def test_a_source_that_answers_and_never_brought_an_article_is_empty(tmp_path: Path) -> None:
    fill = Filler(tmp_path / "news.db")
    fill.insert("sources", id="a", name="A", last_ok_at="2020-01-01T00:00:00Z")
    assert [row.health for row in reports.source_health(fill.db, NOW)] == ["empty"]
    fill.article("Title", "Body", source="a", hours=1)
    assert [row.health for row in reports.source_health(fill.db, NOW)] == ["ok"]


def test_a_gone_seed_makes_its_source_fail_though_others_answer(tmp_path: Path) -> None:
    fill = Filler(tmp_path / "news.db")
    fill.insert("sources", id="a", name="A", last_ok_at=NOW)
    for name, status, note in (("f", "active", None), ("g", "gone", "HTTP 410"), ("h", "removed", "old")):
        url = f"https://a.example/{name}"
        fill.insert("seeds", source_id="a", kind="feed", url=url, host="a.example", status=status, note=note)
    (row,) = reports.source_health(fill.db, NOW)
    assert (row.health, row.last_error, row.n_failing, row.n_seeds) == ("failing", "HTTP 410", 1, 2)


@pytest.mark.parametrize(("hours", "health"), [(24 * 7, "ok"), (24 * 7 + 2, "silent")])
def test_silence_begins_a_week_after_the_last_article_was_stored(tmp_path: Path, hours: float, health: str) -> None:
    fill = Filler(tmp_path / "news.db")
    fill.insert("sources", id="a", name="A", last_ok_at=NOW)
    fill.article("Title", "Body", source="a", hours=hours)
    assert [row.health for row in reports.source_health(fill.db, NOW)] == [health]


def test_due_seeds_are_those_the_frontier_would_poll(archive: Database) -> None:
    due = reports.due_seeds(archive, NOW)
    assert [seed.source_id for seed in due] == ["fresh", "herat", "tribune"]
    assert [seed.id for seed in due] == [seed.id for seed in frontier.due_seeds(archive, NOW)]
    assert (due[0].next_poll_at, due[2].failures) == (None, 4)


def test_recent_failures_newest_first_with_their_source(archive: Database) -> None:
    rows = reports.recent_failures(archive)
    assert [(row.status, row.error, row.source_id) for row in rows] == [
        (None, "connection refused", "steppe"),
        (503, "HTTP 503", "tribune"),
    ]
    assert len(reports.recent_failures(archive, limit=1)) == 1
    assert reports.recent_failures(archive, window=1)[0].error == "connection refused"


def test_last_runs_with_their_length(archive: Database) -> None:
    running, done, first = reports.last_runs(archive)
    assert (running.ended_at, running.seconds, running.counters) == (None, None, {"fetched": 10})
    assert (done.outcome, done.seconds, first.id) == ("finished", 360.0, 1)
    assert [run.id for run in reports.last_runs(archive, limit=1)] == [3]


def test_every_fate_is_counted_zeros_included(archive: Database) -> None:
    counts = {row.fate: row.n for row in reports.fate_counts(archive)}
    assert tuple(counts) == FATES
    assert {fate: n for fate, n in counts.items() if n} == {"pending": 2, "article": 1, "gone": 1, "refused": 1}


def test_totals(archive: Database) -> None:
    totals = reports.totals(archive)
    assert (totals.n_articles, totals.n_stories, totals.n_sources, totals.n_topics) == (10, 9, 5, 1)
    assert (totals.n_seeds, totals.n_revisions, totals.n_pending) == (5, 2, 2)
    assert totals.last_published_at == "2018-11-26T12:00:00Z"


def test_an_empty_archive_has_empty_reports(empty: Database) -> None:
    assert reports.source_health(empty, NOW) == []
    assert reports.due_seeds(empty, NOW) == []
    assert reports.recent_failures(empty) == []
    assert reports.last_runs(empty) == []
    assert sum(row.n for row in reports.fate_counts(empty)) == 0
    totals = reports.totals(empty)
    assert (totals.n_articles, totals.first_published_at) == (0, None)


def test_health_looks_every_source_up_over_an_index(archive: Database) -> None:
    plan = archive.query("EXPLAIN QUERY PLAN " + reports.SOURCE_HEALTH, {"silent_before": NOW})
    scans = [row["detail"] for row in plan if row["detail"].startswith("SCAN")]
    assert all("articles" not in scan and "seeds" not in scan for scan in scans), scans
