"""Lines learned as articles are stored: left out at once and of what was stored before, put back, never half done."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

import db.site_lines
from db.connection import open_archive, transaction
from db.frontier import add_links, due_seeds, sync_sources
from db.records import Article, Link, Source
from db.site_lines import find_sightings, hash_line, list_site_lines, set_status
from pipelines.judging import judge_article, with_candidates
from pipelines.line_learning import clean, raw_body, refresh_bodies
from pipelines.page import NoArticle, Page, Reading
from pipelines.relevance import Judge
from pipelines.stages import Extracted, store_page
from pipelines.topic import Topic
from pipelines.topic_file import load_topics
from tests.crawling import HALVES
from tests.test_site_lines import BOX, story

NOW = "2026-11-22T12:00:00Z"
PROJECT = Path(__file__).parent.parent
HILL = Source("hill", "Hill", homepage="https://hill.example/", feeds=("https://hill.example/rss",))
LAKE = Source("lake", "Lake", homepage="https://lake.example/", feeds=("https://lake.example/rss",))
TOPIC = """
id = "letters"
title = "Letters"
any = ["'letters' | 'reservoir'"]
accept = 0.5
review = 0.01
[[entity]]
id = "inbox"
name = "The inbox"
any = ["inbox"]
"""


@pytest.fixture(scope="module")
def topics(tmp_path_factory: pytest.TempPathFactory) -> tuple[Topic, ...]:
    folder = tmp_path_factory.mktemp("topics")
    (folder / "letters.toml").write_text(TOPIC, encoding="utf-8")
    return load_topics(folder)


@pytest.fixture
def judge(topics: tuple[Topic, ...]) -> Judge:
    return Judge(topics)


def open_desk(path: Path) -> Database:
    database = open_archive(path)
    with transaction(database):
        sync_sources(database, [HILL, LAKE])
        database.execute("INSERT INTO runs (started_at) VALUES (?)", (NOW,))
        database.execute(
            "INSERT INTO topics (id, title, version, file, loaded_at) VALUES ('letters', 'L', 'v', 'l.toml', ?)", (NOW,)
        )
        database.execute("INSERT INTO entities (topic_id, slug, name) VALUES ('letters', 'inbox', 'The inbox')")
    return database


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Database]:
    database = open_desk(tmp_path / "news.db")
    yield database
    assert_whole(database)
    database.close()


def assert_whole(archive: Database) -> None:
    assert archive.execute("PRAGMA foreign_key_check").fetchall() == []
    archive.execute("INSERT INTO article_text_fts (article_text_fts) VALUES ('integrity-check')")
    for what in ("body with a removed line", "site line that miscounts"):
        assert archive.execute(HALVES[what]).fetchall() == [], what


def put(
    archive: Database,
    judge: Judge,
    number: int,
    lines: Sequence[str],
    host: str = "hill.example",
    **changes: Any,
) -> str:
    url = f"https://{host}/story-{number}"
    seed = due_seeds(archive, NOW, everything=True)[0]
    with transaction(archive):
        add_links(archive, seed, [Link(url)], NOW)
    (link_id,) = archive.execute("SELECT id FROM links WHERE url = ?", (url,)).fetchone()
    page = Page(url, url, 200, (), b"<html>", NOW, link_id=link_id, seed_id=1, **changes)
    body = "\n\n".join(lines)
    article = Article(url, f"Headline {number}", body, language="en", word_count=len(body.split()))
    with transaction(archive):
        return store_page(archive, 1, Extracted(page, judge_article(article, judge)), judge)


def body_of(archive: Database, number: int, host: str = "hill.example") -> list[str]:
    (body,) = archive.execute(
        "SELECT t.body FROM articles a JOIN article_text t ON t.id = a.id WHERE a.url = ?",
        (f"https://{host}/story-{number}",),
    ).fetchone()
    return str(body).split("\n\n")


def state(archive: Database) -> dict[str, list[Any]]:
    """Returns all that follows from bodies, by address and free of ids and counters of arrival."""
    by_address = {
        "text": "SELECT a.url, a.word_count, a.content_hash, t.body, t.folded FROM articles a"
        " JOIN article_text t ON t.id = a.id",
        "matches": "SELECT a.url, m.topic_id, m.score, m.accepted, m.reasons FROM topic_matches m"
        " JOIN articles a ON a.id = m.article_id",
        "mentions": "SELECT a.url, e.slug, m.n FROM mentions m JOIN articles a ON a.id = m.article_id"
        " JOIN entities e ON e.id = m.entity_id",
        "removed": "SELECT a.url, r.position, l.line FROM removed_lines r JOIN articles a ON a.id = r.article_id"
        " JOIN site_lines l ON l.id = r.site_line_id",
        "lines": "SELECT source_id, place, line, status, n_articles FROM site_lines",
    }
    return {name: sorted(archive.execute(sql).fetchall()) for name, sql in by_address.items()}


# --- learning ---


def test_the_third_story_gives_a_line_away_and_all_three_lose_it(archive: Database, judge: Judge) -> None:
    for n in range(2):
        put(archive, judge, n, [*story(n), BOX])
    assert list_site_lines(archive) == []
    assert body_of(archive, 0) == [*story(0), BOX]
    assert archive.execute("SELECT count(*) FROM topic_matches").fetchone() == (2,)
    put(archive, judge, 2, [*story(2), BOX])
    (line,) = list_site_lines(archive)
    assert (line.source_id, line.place, line.line, line.status, line.n_articles) == ("hill", "below", BOX, "removed", 3)
    for n in range(3):
        assert body_of(archive, n) == story(n)
    rows = archive.execute("SELECT article_id, position, site_line_id FROM removed_lines").fetchall()
    assert rows == [(1, 9, line.id), (2, 9, line.id), (3, 9, line.id)]


def test_hash_words_index_and_judgements_follow(archive: Database, judge: Judge, tmp_path: Path) -> None:
    for n in range(4):
        put(archive, judge, n, [*story(n), BOX])
    assert archive.execute("SELECT count(*) FROM topic_matches").fetchone() == (0,), "only the box spoke of letters"
    assert archive.execute("SELECT count(*) FROM mentions").fetchone() == (0,)
    sql = "SELECT count(*) FROM article_text_fts WHERE article_text_fts MATCH ?"
    assert archive.execute(sql, ("inbox",)).fetchone() == (0,)
    plain = open_desk(tmp_path / "plain.db")
    for n in range(4):
        put(plain, judge, n, story(n))
    assert {**state(archive), "removed": [], "lines": []} == state(plain)
    plain.close()


def test_a_later_article_of_the_source_never_shows_a_known_line(archive: Database, judge: Judge) -> None:
    for n in range(3):
        put(archive, judge, n, [*story(n), BOX])
    put(archive, judge, 3, [*story(3), BOX])
    assert body_of(archive, 3) == story(3)
    assert list_site_lines(archive)[0].n_articles == 4
    assert find_sightings(archive, "hill", hash_line("below", BOX)) == []


def test_sources_do_not_learn_from_each_other(archive: Database, judge: Judge) -> None:
    for n, host in enumerate(("hill.example", "hill.example", "lake.example", "lake.example")):
        put(archive, judge, n, [*story(n), BOX], host)
    assert list_site_lines(archive) == []
    assert body_of(archive, 3, "lake.example") == [*story(3), BOX]


def test_copies_of_one_story_do_not_erase_it(archive: Database, judge: Judge) -> None:
    """Word for word the same text at three addresses is one story."""
    for n in range(3):
        url_story = [*story(0, 12), BOX]
        put(archive, judge, n, url_story)
    assert archive.execute("SELECT count(*), count(DISTINCT story_id) FROM articles").fetchone() == (3, 1)
    assert list_site_lines(archive) == []
    for n in range(3):
        assert body_of(archive, n) == [*story(0, 12), BOX]


def test_stories_joined_later_count_once(archive: Database, judge: Judge) -> None:
    for n in range(2):
        put(archive, judge, n, [*story(n), BOX])
    archive.execute("UPDATE articles SET story_id = 1")
    put(archive, judge, 2, [*story(2), BOX])
    assert list_site_lines(archive) == []
    put(archive, judge, 3, [*story(3), BOX])
    assert [line.n_articles for line in list_site_lines(archive)] == [4]


@pytest.mark.parametrize("order", [*itertools.permutations(range(4))][::5])
def test_the_order_of_arrival_does_not_matter(
    archive: Database, judge: Judge, tmp_path: Path, order: tuple[int, ...]
) -> None:
    articles = [
        [*story(0), BOX],
        ["Photo: archive", *story(1), BOX, "Share this"],
        ["Photo: archive", *story(2), "Share this"],
        ["Photo: archive", *story(3)[:5], "Share this", *story(3)[5:], BOX, "Share this"],
    ]
    for n in range(4):
        put(archive, judge, n, articles[n])
    other = open_desk(tmp_path / "other.db")
    for n in order:
        put(other, judge, n, articles[n])
    assert state(other) == state(archive)
    assert len(state(archive)["lines"]) == 3
    assert_whole(other)
    other.close()


def test_the_text_as_extracted_can_be_had_back(archive: Database, judge: Judge) -> None:
    articles = [["Photo: archive", *story(n)[:4], BOX, *story(n)[4:], "Share this", BOX] for n in range(4)]
    for n, lines in enumerate(articles):
        put(archive, judge, n, lines)
    assert len(list_site_lines(archive)) == 3
    for n, lines in enumerate(articles):
        assert body_of(archive, n) == story(n)
        assert raw_body(archive, n + 1) == "\n\n".join(lines)


def test_old_sightings_are_forgotten_and_what_was_learned_is_not(
    archive: Database, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db.site_lines, "WINDOW", 4)
    monkeypatch.setattr(db.site_lines, "PRUNE_EVERY", 3)
    for n in range(12):
        put(archive, judge, n, [*story(n), BOX])
    assert archive.execute("SELECT min(article_id) FROM line_sightings").fetchone() == (9,)
    assert list_site_lines(archive)[0].n_articles == 12
    assert archive.execute("SELECT count(*) FROM line_sightings").fetchone() == (4 * 9,)


def test_old_pages_of_an_archive_do_not_make_those_before_them_forgotten(
    archive: Database, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is the order of arrival: captures come in any order."""
    monkeypatch.setattr(db.site_lines, "WINDOW", 4)
    monkeypatch.setattr(db.site_lines, "PRUNE_EVERY", 6)
    for n in range(6):
        archive.execute("UPDATE articles SET first_seen_at = '2018-11-0' || (9 - id) || 'T00:00:00Z'")
        put(archive, judge, n, story(n))
    assert archive.execute("SELECT DISTINCT article_id FROM line_sightings ORDER BY 1").fetchall() == [
        (3,),
        (4,),
        (5,),
        (6,),
    ]


# --- the same article again ---


def test_a_line_learned_since_is_no_edit(archive: Database, judge: Judge) -> None:
    for n in range(4):
        put(archive, judge, n, [*story(n), BOX])
    assert put(archive, judge, 0, [*story(0), BOX]) == "same"
    assert put(archive, judge, 0, story(0)) == "same"
    assert archive.execute("SELECT count(*) FROM revisions").fetchone() == (0,)


def test_an_article_that_learning_did_not_reach_is_cleaned_before_it_is_compared(
    archive: Database, judge: Judge
) -> None:
    for n in range(3):
        put(archive, judge, n, [*story(n), BOX])
    with transaction(archive):
        archive.execute("UPDATE site_lines SET status = 'kept'")
    put(archive, judge, 3, [*story(3), BOX])
    with transaction(archive):
        archive.execute("UPDATE site_lines SET status = 'removed'")
    assert body_of(archive, 3) == [*story(3), BOX]
    assert put(archive, judge, 3, [*story(3), BOX]) == "same"
    assert body_of(archive, 3) == story(3)
    assert archive.execute("SELECT count(*) FROM revisions").fetchone() == (0,)


def test_an_edit_is_told_without_the_lines(archive: Database, judge: Judge) -> None:
    for n in range(3):
        put(archive, judge, n, [*story(n), BOX])
    news = "On Tuesday the carpenter promised the beams for next week, which nobody in the valley had hoped for."
    assert put(archive, judge, 1, ["Photo: archive", *story(1), news, BOX]) == "revised"
    (kept,) = archive.execute("SELECT body FROM revisions").fetchone()
    assert kept == "\n\n".join(story(1))
    assert body_of(archive, 1) == ["Photo: archive", *story(1), news]
    assert raw_body(archive, 2) == "\n\n".join(["Photo: archive", *story(1), news, BOX])


def test_an_edit_takes_its_old_lines_out_of_the_evidence(archive: Database, judge: Judge) -> None:
    for n in range(2):
        put(archive, judge, n, [*story(n), BOX])
    assert put(archive, judge, 0, [*story(0), *story(8)]) == "revised"
    assert len(find_sightings(archive, "hill", hash_line("below", BOX))) == 1
    put(archive, judge, 2, [*story(2), BOX])
    assert list_site_lines(archive) == []


def test_reextraction_after_learning_gives_the_same_body(archive: Database, judge: Judge) -> None:
    articles = [["Photo: archive", *story(n), BOX] for n in range(4)]
    for n, lines in enumerate(articles):
        put(archive, judge, n, lines)
    before = state(archive)
    sightings = archive.execute("SELECT * FROM line_sightings").fetchall()
    for n, lines in enumerate(articles):
        assert put(archive, judge, n, lines, reextracted=True) == "reextracted"
    assert state(archive) == before
    assert archive.execute("SELECT * FROM line_sightings").fetchall() == sightings


# --- an analyst's word ---


def test_a_line_can_be_put_back_for_good(archive: Database, judge: Judge) -> None:
    for n in range(4):
        put(archive, judge, n, [*story(n), BOX])
    (line,) = list_site_lines(archive)
    with transaction(archive):
        set_status(archive, line.id, "kept")
    assert refresh_bodies(archive, [1, 2, 3, 4], judge) == 4
    for n in range(4):
        assert body_of(archive, n) == [*story(n), BOX]
    assert archive.execute("SELECT count(*) FROM topic_matches").fetchone() == (4,), "the box speaks of letters again"
    put(archive, judge, 4, [*story(4), BOX])
    put(archive, judge, 5, [*story(5), BOX])
    assert body_of(archive, 5) == [*story(5), BOX]
    assert [(line.status, line.n_articles) for line in list_site_lines(archive)] == [("kept", 0)]
    with transaction(archive):
        set_status(archive, line.id, "removed")
    assert refresh_bodies(archive, [1, 2, 3, 4, 5, 6], judge) == 6
    assert refresh_bodies(archive, [1, 2, 3, 4, 5, 6], judge) == 0
    assert body_of(archive, 5) == story(5)


# --- kills ---

_KILL = """
import os, signal, sys
from pathlib import Path
from db.connection import open_archive
from pipelines.relevance import Judge
from pipelines.topic_file import load_topics
from tests.test_line_learning import put
from tests.test_site_lines import BOX, story
archive = open_archive(sys.argv[1])
judge = Judge(load_topics(Path(sys.argv[2])))
n = 0
def trace(statement):
    global n
    if "line_sightings" in statement or n:
        n += 1
    if n == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
archive.conn.set_trace_callback(trace)
put(archive, judge, 2, [*story(2), BOX])
"""


@pytest.mark.parametrize("statement", [1, 8, 12, 16, 20, 24, 32, 40])
def test_a_kill_while_a_line_is_learned_leaves_every_body_with_its_lines(
    tmp_path: Path, topics: tuple[Topic, ...], judge: Judge, statement: int
) -> None:
    archive = open_desk(tmp_path / "news.db")
    for n in range(2):
        put(archive, judge, n, [*story(n), BOX])
    before = state(archive)
    folder = str(topics[0].path.parent)
    command = [sys.executable, "-c", _KILL, str(tmp_path / "news.db"), folder, str(statement)]
    done = subprocess.run(command, cwd=PROJECT, timeout=300, check=False)
    assert done.returncode == -9
    assert state(archive) == before
    put(archive, judge, 2, [*story(2), BOX])
    for n in range(3):
        assert body_of(archive, n) == story(n)
    assert_whole(archive)
    archive.close()


def test_the_lines_a_worker_looked_for_are_those_the_writer_would_find(archive: Database, judge: Judge) -> None:
    article = Article("https://hill.example/1", "Headline", "\n\n".join([*story(1), BOX]))
    plain = judge_article(article, judge)
    prepared = with_candidates(plain)
    assert prepared.candidates and prepared.candidates[-1].line == BOX
    assert with_candidates(prepared) is prepared
    assert clean(archive, "hill", prepared, judge).candidates == clean(archive, "hill", plain, judge).candidates
    refused = Reading(refusal=NoArticle("failed", "broken"))
    assert with_candidates(refused) is refused


@pytest.mark.parametrize("judged", [True, False])
def test_a_reading_without_learned_lines_forgets_where_lines_stood(
    archive: Database, judge: Judge, *, judged: bool
) -> None:
    for number in range(3):
        put(archive, judge, number, [*story(number), BOX])
    article = Article("https://hill.example/9", "Headline", "\n\n".join([*story(9)[:4], BOX, *story(9)[4:]]))
    cleaned = clean(archive, "hill", with_candidates(judge_article(article, judge)), judge if judged else None)
    assert cleaned.removed and cleaned.candidates
    assert cleaned.reading.candidates is None
