"""The stories of a real crawl of the newsroom: wire report, correction, daily template; and all of them built anew."""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.crawling import Desk
from tests.newsroom_crawls import Crawled, copy_archive, read_crawls, stored

JOINED = "SELECT article_id, of_article_id, relation FROM duplicates WHERE relation <> 'related' ORDER BY 1, 2"
STORIES = "SELECT id, story_id, is_lead FROM articles ORDER BY id"


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    return read_crawls(tmp_path_factory)


@pytest.fixture
def copy(crawled: Crawled, tmp_path: Path) -> Desk:
    copy_archive(crawled.desk.database, tmp_path / "news.db")
    return Desk(tmp_path)


def by_kind(crawled: Crawled, kind: str) -> dict[str, list[dict[str, Any]]]:
    """Returns what was stored of each wire report or series after the second crawl, earliest first."""
    found = stored(crawled.second)
    kinds = defaultdict(list)
    for url, wanted in crawled.truth[1]["articles"].items():
        if wanted[kind]:
            kinds[wanted[kind]].append(found[url])
    return {name: sorted(rows, key=lambda row: row["published_at"]) for name, rows in kinds.items()}


def test_each_wire_report_is_one_story_led_by_the_first_with_a_reason_for_each_copy(crawled: Crawled) -> None:
    wires = by_kind(crawled, "wire")
    assert {name: len(rows) for name, rows in wires.items()} == {"moscow-table": 4, "pomegranate-harvest": 3}
    for rows in wires.values():
        (story_id,) = {row["story_id"] for row in rows}
        ((lead, n_articles, n_sources, first, last),) = crawled.second.rows(
            "SELECT lead_article_id, n_articles, n_sources, first_published_at, last_published_at FROM stories"
            " WHERE id = ?",
            story_id,
        )
        assert (lead, n_articles, n_sources) == (rows[0]["id"], len(rows), len(rows))
        assert (first, last) == (rows[0]["published_at"], rows[-1]["published_at"])
        for row in rows:
            reasons = crawled.second.rows(
                "SELECT relation, containment, number_overlap, lead_overlap, gap_days FROM duplicates"
                " WHERE ?1 IN (article_id, of_article_id) AND relation <> 'related'",
                row["id"],
            )
            assert reasons and all(0.4 <= containment <= 1 for _, containment, *_ in reasons), row["url"]


def test_a_straggler_joins_the_story_it_finds(crawled: Crawled) -> None:
    (story_id,) = {row["story_id"] for row in by_kind(crawled, "wire")["pomegranate-harvest"]}
    assert crawled.first.value("SELECT n_articles FROM stories WHERE id = ?", story_id) == 2
    assert crawled.second.value("SELECT n_articles FROM stories WHERE id = ?", story_id) == 3


def test_days_of_a_template_are_stories_of_their_own_because_of_their_numbers(crawled: Crawled) -> None:
    for rows in by_kind(crawled, "series").values():
        assert len(rows) >= 3
        assert len({row["story_id"] for row in rows}) == len(rows)
        ids = {row["id"] for row in rows}
        pairs = crawled.second.rows("SELECT article_id, of_article_id, relation, numbers_changed FROM duplicates")
        for one, other, relation, numbers_changed in pairs:
            if {one, other} <= ids:
                assert (relation, numbers_changed > 1) == ("related", True)


def test_no_other_articles_share_a_story(crawled: Crawled) -> None:
    wires = {row["id"] for rows in by_kind(crawled, "wire").values() for row in rows}
    shared = crawled.second.rows(
        "SELECT id FROM articles WHERE story_id IN (SELECT id FROM stories WHERE n_articles > 1)"
    )
    assert {row[0] for row in shared} == wires


def test_a_correction_leaves_the_article_in_its_story(crawled: Crawled) -> None:
    ask = "SELECT a.id, a.story_id, a.n_revisions FROM articles a WHERE a.url LIKE '%peace-march-reaches-ghazni'"
    ((article, story, before),) = crawled.first.rows(ask)
    assert (before, crawled.second.rows(ask)) == (0, [(article, story, 1)])


def test_regrouping_comes_to_the_same_stories_with_the_same_ids(copy: Desk) -> None:
    before = copy.rows(STORIES), copy.rows(JOINED), copy.rows("SELECT * FROM stories ORDER BY id")
    done = copy.run("regroup")
    assert (done.returncode, done.stderr) == (0, "")
    n_articles, n_stories = copy.rows("SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM stories)")[0]
    assert done.stdout == f"{n_articles} articles in {n_stories} stories (before: {n_stories})\n"
    assert (copy.rows(STORIES), copy.rows(JOINED), copy.rows("SELECT * FROM stories ORDER BY id")) == before
    assert copy.faults() == []


def test_regrouping_mends_what_another_rule_made(copy: Desk) -> None:
    before = copy.rows(JOINED)
    groups = copy.rows("SELECT group_concat(id) FROM (SELECT id, story_id FROM articles ORDER BY id) GROUP BY story_id")
    copy.write("DELETE FROM duplicates")
    copy.write("DELETE FROM fingerprints")
    copy.write("DELETE FROM signatures")
    assert copy.run("regroup").returncode == 0
    assert copy.rows(JOINED) == before
    sql = "SELECT group_concat(id) FROM (SELECT id, story_id FROM articles ORDER BY id) GROUP BY story_id"
    assert sorted(copy.rows(sql)) == sorted(groups)
    assert copy.faults() == []


def test_killed_while_regrouping_the_archive_is_whole(copy: Desk) -> None:
    before = copy.rows(STORIES)
    for seconds in (0.8, 1.2, 1.6, 2.4):
        with copy.started("regroup"):
            time.sleep(seconds)
        assert copy.faults() == []
    assert copy.run("regroup").returncode == 0
    assert copy.rows(STORIES) == before


def test_regrouping_needs_an_archive(tmp_path: Path) -> None:
    done = Desk(tmp_path).run("regroup")
    assert done.returncode == 2
    assert "no such archive" in done.stderr
    assert not (tmp_path / "news.db").exists()
