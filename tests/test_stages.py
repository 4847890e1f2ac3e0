"""One page in, one transaction: what it was, what is stored, and that a crash leaves all of it or nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy.exceptions import DropItem
from scrapy.utils.test import get_crawler
from sqlite_utils import Database

from db.connection import from_text, open_archive, to_text, transaction
from db.frontier import add_links, due_seeds, sync_sources
from db.records import Article, Link, RawRef, Relevance, Source
from pipelines.judging import sign
from pipelines.page import NoArticle, Page, Reading
from pipelines.stages import PAGES_AHEAD, Extract, Extracted, Store, store_page
from tests.texts import write_text

PROJECT = Path(__file__).parent.parent
NOW = "2026-11-22T12:00:00Z"
HILL = Source("hill", "Hill", homepage="https://hill.example/", feeds=("https://hill.example/rss",))
LAKE = Source("lake", "Lake", homepage="https://lake.example/", feeds=("https://lake.example/rss",))
BODY = "\n\n".join(
    f"Paragraph {word} tells how the council of the valley agreed to mend the old bridge before winter, and why {word}."
    for word in ("one", "two", "three", "four", "five", "six")
)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_archive(tmp_path / "news.db")
    with transaction(database):
        sync_sources(database, [HILL, LAKE])
    database.execute("INSERT INTO runs (started_at) VALUES (?)", (NOW,))
    database.execute(
        "INSERT INTO topics (id, title, version, file, loaded_at) VALUES ('b', 'B', 'v', 'b.toml', ?)", (NOW,)
    )
    database.execute("INSERT INTO entities (topic_id, slug, name) VALUES ('b', 'council', 'The council')")
    yield database
    database.close()


def _link(db: Database, url: str) -> int:
    seed = due_seeds(db, NOW, everything=True)[0]
    with transaction(db):
        add_links(db, seed, [Link(url)], NOW)
    return int(db.execute("SELECT id FROM links WHERE url = ?", (url,)).fetchone()[0])


def _page(db: Database, url: str, **changes: Any) -> Page:
    page = Page(
        url, url, 200, (), b"<html>", NOW, link_id=_link(db, url), seed_id=1, milliseconds=12, raw=RawRef("a", 5, 9)
    )
    return replace(page, **changes)


def _reading(body: str = BODY, title: str = "The bridge", score: float = 0.7, **changes: Any) -> Reading:
    article = Article(
        "https://hill.example/any", title, body, published_at="2026-11-21T08:00:00Z", word_count=len(body.split())
    )
    signed = sign(replace(article, **changes))
    relevance = (Relevance("b", "v", score, score > 0.5, ({"rule": "bridge", "n": 3},)),)
    return Reading(signed, relevance, {"b": {"council": 4}})


def _store(db: Database, page: Page, reading: Reading, **options: Any) -> str:
    with transaction(db):
        return store_page(db, 1, Extracted(page, reading), **options)


def _one(db: Database, sql: str) -> Any:
    (row,) = db.execute(sql).fetchall()
    return row


def _count(db: Database, table: str) -> int:
    return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


# --- new ---


def test_a_new_article_is_stored_with_everything_about_it(db: Database) -> None:
    assert _store(db, _page(db, "https://hill.example/bridge-1"), _reading()) == "new"
    assert _one(db, "SELECT url, source_id, title, published_at, is_lead, n_revisions, warc_file FROM articles") == (
        *("https://hill.example/bridge-1", "hill", "The bridge", "2026-11-21T08:00:00Z"),
        *(1, 0, "a"),
    )
    assert _one(db, "SELECT body FROM article_text") == (BODY,)
    assert _one(db, "SELECT fate, article_id, tries FROM links") == ("article", 1, 1)
    assert _one(db, "SELECT run_id, url, status, bytes, milliseconds, warc_offset, link_id FROM fetches") == (
        *(1, "https://hill.example/bridge-1", 200),
        *(6, 12, 5, 1),
    )
    assert _one(db, "SELECT topic_id, score, accepted FROM topic_matches") == ("b", 0.7, 1)
    assert _one(db, "SELECT n FROM mentions") == (4,)
    assert _one(db, "SELECT title, lead_article_id, n_articles, n_sources FROM stories") == ("The bridge", 1, 1, 1)
    assert _one(db, "SELECT day, n_articles, n_stories FROM daily_totals") == ("2026-11-21", 1, 1)
    assert _one(db, "SELECT n_articles FROM sources WHERE id = 'hill'") == (1,)
    assert _one(db, "SELECT rowid FROM article_text_fts WHERE article_text_fts MATCH 'bridge'") == (1,)


def test_the_address_is_the_trusted_canonical_url_else_where_the_fetch_ended(db: Database) -> None:
    first = _page(db, "https://hill.example/a?id=1", final_url="https://hill.example/a-final?id=1")
    _store(db, first, _reading(canonical="https://www.hill.example/canonical-1"))
    second = _page(db, "https://hill.example/b", final_url="https://hill.example/b-final")
    _store(db, second, _reading("Other words entirely. " * 20, canonical="https://elsewhere.example/b"))
    assert db.execute("SELECT url FROM articles ORDER BY id").fetchall() == [
        ("https://www.hill.example/canonical-1",),
        ("https://hill.example/b-final",),
    ]
    kinds = dict(db.execute("SELECT url_key, kind FROM article_urls WHERE article_id = 1").fetchall())
    assert sorted(kinds.values()) == ["canonical", "final", "link"]
    assert "elsewhere.example/b" not in {key for (key,) in db.execute("SELECT url_key FROM article_urls")}


def test_a_page_from_an_archive_gets_its_link_and_no_fetch(db: Database) -> None:
    page = Page("https://old.example/a-1", "https://old.example/a-1", 200, (), b"x", NOW, seed_id=1)
    assert _store(db, page, _reading()) == "new"
    assert _one(db, "SELECT url, seed_id, fate, article_id FROM links") == ("https://old.example/a-1", 1, "article", 1)
    assert _count(db, "fetches") == 0
    assert _one(db, "SELECT source_id FROM articles") == ("old.example",)
    assert _one(db, "SELECT status FROM sources WHERE id = 'old.example'") == ("seen",)


# --- again ---


def test_the_same_text_again_changes_the_last_sight_only(db: Database) -> None:
    page = _page(db, "https://hill.example/bridge-1")
    _store(db, page, _reading())
    db.execute("UPDATE articles SET last_seen_at = '2020', updated_at = '2020'")
    assert _store(db, page, _reading()) == "same"
    assert _store(db, page, _reading(BODY.replace(".", " !"))) == "same"
    last_seen, updated, n = _one(db, "SELECT last_seen_at, updated_at, n_revisions FROM articles")
    assert (last_seen > "2026", updated, n) == (True, "2020", 0)
    assert _count(db, "revisions") == 0
    assert _count(db, "fetches") == 3


def test_an_edit_keeps_the_old_text_as_a_revision(db: Database) -> None:
    page = _page(db, "https://hill.example/bridge-1")
    _store(db, page, _reading())
    news = "On Tuesday the carpenter promised the beams for next week, which nobody in the valley had hoped for."
    new = f"{BODY}\n\n{news}"
    edited = _reading(new, "The bridge, at last", score=0.9)
    assert _store(db, page, edited) == "revised"
    number, title, body, words = _one(db, "SELECT number, title, body, words_added FROM revisions")
    assert (number, title, body) == (1, "The bridge", BODY)
    assert words >= 16
    assert _one(db, "SELECT title, n_revisions FROM articles") == ("The bridge, at last", 1)
    assert _one(db, "SELECT body FROM article_text") == (new,)
    assert _one(db, "SELECT score FROM topic_matches") == (0.9,)
    assert _one(db, "SELECT title FROM stories") == ("The bridge, at last",)
    assert _one(db, "SELECT rowid FROM article_text_fts WHERE article_text_fts MATCH 'carpenter'") == (1,)
    assert _store(db, page, edited) == "same"


def test_an_edit_without_a_date_keeps_the_date(db: Database) -> None:
    page = _page(db, "https://hill.example/bridge-1")
    _store(db, page, _reading())
    _store(db, page, _reading(BODY.replace("winter", "spring"), published_at=None))
    assert _one(db, "SELECT published_at FROM articles") == ("2026-11-21T08:00:00Z",)
    assert _one(db, "SELECT day, n_articles FROM daily_totals") == ("2026-11-21", 1)


def test_an_edit_of_the_date_moves_the_article_to_its_day(db: Database) -> None:
    page = _page(db, "https://hill.example/bridge-1")
    _store(db, page, _reading())
    _store(db, page, _reading(BODY.replace("winter", "spring"), published_at="2026-11-20T08:00:00Z"))
    totals = {
        day: (n, stories) for day, n, stories in db.execute("SELECT day, n_articles, n_stories FROM daily_totals")
    }
    assert totals["2026-11-20"] == (1, 1)
    assert totals.get("2026-11-21", (0, 0)) == (0, 0)


def test_a_truncated_text_is_kept_once_and_never_replaces(db: Database) -> None:
    page = _page(db, "https://hill.example/bridge-1")
    _store(db, page, _reading())
    cut = _reading(BODY[:90], score=0.1)
    assert _store(db, page, cut) == "revised"
    assert _store(db, page, cut) == "same"
    assert _one(db, "SELECT kind, body FROM revisions") == ("truncated", BODY[:90])
    assert _one(db, "SELECT body FROM article_text") == (BODY,)
    assert _one(db, "SELECT score FROM topic_matches") == (0.7,)
    assert _one(db, "SELECT n_revisions FROM articles") == (1,)
    assert _store(db, page, _reading()) == "same"


def test_a_known_article_seen_without_text_stays(db: Database) -> None:
    page = _page(db, "https://hill.example/bridge-1")
    _store(db, page, _reading())
    assert _store(db, page, Reading(refusal=NoArticle("not_article", "only 3 words"))) == "same"
    assert _one(db, "SELECT fate, article_id, reason FROM links") == (
        *("article", 1),
        "seen again without text: only 3 words",
    )
    assert _count(db, "revisions") == 0


def test_a_better_extraction_of_the_same_bytes_is_no_revision(db: Database) -> None:
    page = _page(db, "https://hill.example/bridge-1")
    _store(db, page, _reading())
    again = replace(page, reextracted=True, milliseconds=None)
    assert _store(db, again, _reading(BODY[:200], "The old bridge", score=0.3)) == "reextracted"
    assert _one(db, "SELECT body, title FROM article_text") == (BODY[:200], "The old bridge")
    assert _count(db, "revisions") == 0
    assert _count(db, "fetches") == 1
    assert _one(db, "SELECT score FROM topic_matches") == (0.3,)


# --- re-checks ---

FIRST_HEADERS = (("ETag", '"1"'), ("Last-Modified", "Sun, 22 Nov 2026 10:00:00 GMT"))


def _fresh(body: str = BODY, **changes: Any) -> Reading:
    """A reading of an article published an hour ago: old ones are not looked at again."""
    return _reading(body, published_at=to_text(datetime.now(UTC) - timedelta(hours=1)), **changes)


def _planned(db: Database) -> tuple[float, int, str | None]:
    due, wanted, etag = _one(db, "SELECT due_at, wanted, etag FROM rechecks")
    return round((from_text(due) - datetime.now(UTC)).total_seconds() / 3600, 1), wanted, etag


def test_a_new_article_is_planned_with_the_validators_of_its_page(db: Database) -> None:
    page = _page(db, "https://hill.example/bridge-1", headers=FIRST_HEADERS)
    _store(db, page, _fresh())
    assert _planned(db) == (2.0, 1, '"1"')
    assert _one(db, "SELECT last_modified FROM rechecks") == (FIRST_HEADERS[1][1],)
    _store(db, page, _fresh(score=0.2))
    assert _planned(db) == (2.0, 1, '"1"'), "the text is the same, so are its topics"


def test_an_edit_is_looked_at_again_soon(db: Database) -> None:
    page = _page(db, "https://hill.example/bridge-1")
    _store(db, page, _fresh())
    db.execute("UPDATE articles SET first_seen_at = published_at, updated_at = published_at")
    edited = replace(page, headers=(("etag", '"2"'),))
    assert _store(db, edited, _fresh(BODY.replace("winter", "spring"), score=0.1)) == "revised"
    assert _planned(db) == (1.0, 0, '"2"')


def test_a_look_by_schedule_leaves_the_moment_of_the_seeds_word(db: Database) -> None:
    page = _page(db, "https://hill.example/bridge-1")
    _store(db, page, _fresh())
    db.execute("UPDATE links SET settled_at = '2020'")
    assert _store(db, page, _fresh()) == "same"
    assert _one(db, "SELECT fate, settled_at, tries FROM links") == ("article", "2020", 1)


@pytest.mark.parametrize(
    "reading", [_fresh(BODY[:90]), Reading(refusal=NoArticle("paywalled", "a wall"))], ids=["cut", "refused"]
)
def test_validators_of_a_page_without_its_text_are_not_kept(db: Database, reading: Reading) -> None:
    page = _page(db, "https://hill.example/bridge-1", headers=FIRST_HEADERS)
    _store(db, page, _fresh())
    _store(db, replace(page, headers=(("ETag", '"of the wall"'),)), reading)
    assert _planned(db)[2] == '"1"'
    assert _one(db, "SELECT body FROM article_text") == (BODY,)


def test_what_comes_from_an_archive_is_not_looked_at_again(db: Database) -> None:
    url = "https://old.example/a-1"
    _store(db, Page(url, url, 200, (), b"x", NOW, seed_id=1), _fresh())
    page = _page(db, "https://hill.example/bridge-1")
    _store(db, page, _fresh("Of sheep. " * 30))
    db.execute("DELETE FROM rechecks")
    _store(db, replace(page, reextracted=True, milliseconds=None), _fresh("Of sheep. " * 30))
    assert _count(db, "rechecks") == 0


def test_old_articles_are_not_looked_at_again(db: Database) -> None:
    _store(db, _page(db, "https://hill.example/bridge-1"), _reading(published_at="2018-11-21T08:00:00Z"))
    assert _count(db, "rechecks") == 0


def test_an_article_that_is_back_is_no_longer_gone(db: Database) -> None:
    page = _page(db, "https://hill.example/bridge-1")
    _store(db, page, _fresh())
    db.execute("UPDATE articles SET gone_at = '2026-11-22T00:00:00Z'")
    db.execute("UPDATE links SET reason = 'HTTP 404'")
    _store(db, page, _fresh())
    assert _one(db, "SELECT gone_at FROM articles") == (None,)
    assert _one(db, "SELECT reason FROM links") == (None,)


def test_an_address_that_now_leads_to_another_article_changes_neither(db: Database) -> None:
    page = _page(db, "https://hill.example/bridge-1")
    other = _page(db, "https://hill.example/sheep-2")
    _store(db, page, _fresh())
    _store(db, other, _fresh("Of sheep and their ways. " * 20, title="Sheep"))
    assert _store(db, replace(page, final_url=other.url), _fresh("Of sheep and their ways. " * 20)) == "same"
    assert _count(db, "revisions") == 0
    assert db.execute("SELECT title FROM articles ORDER BY id").fetchall() == [("The bridge",), ("Sheep",)]
    assert _one(db, "SELECT reason FROM links WHERE id = 1") == ("now leads to article 2",)
    assert _count(db, "rechecks") == 2


# --- texts that come back ---


def test_two_texts_in_turn_are_kept_once_each_and_the_last_seen_is_current(db: Database) -> None:
    page = _page(db, "https://hill.example/bridge-1")
    texts = BODY, BODY.replace("winter", "spring")
    outcomes = [_store(db, page, _reading(texts[n % 2])) for n in range(9)]
    assert outcomes[:3] == ["new", "revised", "same"] and set(outcomes[3:]) == {"same"}
    assert _one(db, "SELECT body FROM article_text") == (texts[0],)
    assert [body for (body,) in db.execute("SELECT body FROM revisions ORDER BY number")] == list(texts)
    assert _one(db, "SELECT n_revisions FROM articles") == (2,)
    assert _one(db, "SELECT count(*) FROM article_text_fts WHERE article_text_fts MATCH 'spring'") == (0,)


def test_a_text_that_comes_back_is_no_news_for_the_schedule(db: Database) -> None:
    page = _page(db, "https://hill.example/bridge-1")
    texts = BODY, BODY.replace("winter", "spring")
    for text in texts:
        _store(db, page, _reading(text))
    db.execute("UPDATE articles SET updated_at = '2020'")
    _store(db, page, _reading(texts[0]))
    assert _one(db, "SELECT updated_at FROM articles") == ("2020",)


def test_two_headlines_in_turn_are_kept_once_each(db: Database) -> None:
    page = _page(db, "https://hill.example/bridge-1")
    for n in range(6):
        _store(db, page, _reading(title=("The bridge", "A bridge at last")[n % 2]))
    assert [title for (title,) in db.execute("SELECT title FROM revisions ORDER BY number")] == [
        "The bridge",
        "A bridge at last",
    ]
    assert _one(db, "SELECT title FROM articles") == ("A bridge at last",)


# --- known under another name ---


def test_another_url_of_a_known_article_is_a_duplicate_url(db: Database) -> None:
    _store(db, _page(db, "https://hill.example/bridge-1"), _reading())
    redirected = _page(db, "https://hill.example/short/1", final_url="https://hill.example/bridge-1")
    assert _store(db, redirected, _reading()) == "duplicate_url"
    assert db.execute("SELECT fate, article_id FROM links ORDER BY id").fetchall() == [
        ("article", 1),
        ("duplicate_url", 1),
    ]
    assert _count(db, "articles") == 1
    assert db.execute("SELECT article_id FROM article_urls WHERE url_key = 'hill.example/short/1'").fetchall() == [(1,)]


def test_a_page_that_names_a_known_canonical_url_is_that_article_if_the_text_agrees(db: Database) -> None:
    _store(db, _page(db, "https://hill.example/bridge-1"), _reading())
    print_page = _page(db, "https://hill.example/printing/77")
    assert _store(db, print_page, _reading(f"Printed.\n\n{BODY}", canonical="https://hill.example/bridge-1")) == (
        "duplicate_url"
    )
    other = _page(db, "https://hill.example/other-story")
    wrong = _reading("Nothing of this is the same at all, not a word. " * 8, canonical="https://hill.example/bridge-1")
    assert _store(db, other, wrong) == "new"
    assert _one(db, "SELECT url FROM articles WHERE id = 2") == ("https://hill.example/other-story",)
    assert db.execute("SELECT article_id FROM article_urls WHERE url_key = 'hill.example/bridge-1'").fetchall() == [
        (1,)
    ]


def test_the_same_text_title_and_day_on_one_site_is_one_article(db: Database) -> None:
    _store(db, _page(db, "https://hill.example/bridge-1"), _reading())
    assert _store(db, _page(db, "https://hill.example/sport/bridge-1"), _reading()) == "duplicate_url"
    assert _store(db, _page(db, "https://hill.example/b-3"), _reading(title="Another title")) == "copy"
    assert _store(db, _page(db, "https://hill.example/b-4"), _reading(published_at="2026-11-19T08:00:00Z")) == "copy"


def test_a_copy_elsewhere_is_an_article_of_the_same_story(db: Database) -> None:
    _store(db, _page(db, "https://hill.example/bridge-1"), _reading())
    copied = _reading(BODY.replace(".", " ."), "Bridge news", published_at="2026-11-20T08:00:00Z")
    url = "https://lake.example/agency/1"
    assert copied.signed is not None
    copied = replace(copied, signed=replace(copied.signed, article=replace(copied.signed.article, url=url)))
    assert _store(db, _page(db, url), copied) == "copy"
    assert db.execute("SELECT source_id, story_id, is_lead FROM articles ORDER BY id").fetchall() == [
        ("hill", 1, 0),
        ("lake", 1, 1),
    ]
    assert _one(db, "SELECT title, n_articles, n_sources, first_published_at FROM stories") == (
        *("Bridge news", 2, 2),
        "2026-11-20T08:00:00Z",
    )
    assert _one(db, "SELECT article_id, of_article_id, relation, gap_days FROM duplicates") == (1, 2, "exact", 1.0)
    totals = dict(db.execute("SELECT day, n_stories FROM daily_totals").fetchall())
    assert totals == {"2026-11-20": 1, "2026-11-21": 0}


def test_what_shares_text_and_joins_no_story_is_no_copy(db: Database) -> None:
    parts = [write_text(seed, 60) for seed in (11, 12, 13)]
    for n, text in enumerate(parts):
        assert _store(db, _page(db, f"https://hill.example/part-{n}"), _reading(text, f"Part {n}")) == "new"
    digest = _page(db, "https://lake.example/digest-1")
    assert _store(db, digest, _reading(" ".join(parts), "The day")) == "new", "a round-up joins nothing"
    assert _count(db, "stories") == 4 and _count(db, "duplicates") == 3


# --- no article ---


@pytest.mark.parametrize("fate", ["not_article", "paywalled", "failed"])
def test_a_page_without_an_article_gives_its_link_a_fate_and_a_reason(db: Database, fate: Any) -> None:
    assert _store(db, _page(db, "https://hill.example/a"), Reading(refusal=NoArticle(fate, "because"))) == fate
    assert _one(db, "SELECT fate, reason, article_id FROM links") == (fate, "because", None)
    assert _count(db, "articles") == 0
    assert _count(db, "fetches") == 1


def test_keeping_matches_only_refuses_the_rest_but_keeps_what_is_stored(db: Database) -> None:
    page = _page(db, "https://hill.example/bridge-1")
    assert _store(db, page, _reading(score=0.0), matches_only=True) == "refused"
    fate, reason = _one(db, "SELECT fate, reason FROM links")
    assert (fate, reason) == ("refused", "matches no topic (KEEP = matches)")
    assert _count(db, "articles") == 0
    kept = _page(db, "https://hill.example/bridge-2")
    assert _store(db, kept, _reading(score=0.2), matches_only=True) == "new"
    edited = _reading(BODY.replace("bridge", "road"), score=0.0)
    assert _store(db, kept, edited, matches_only=True) == "revised"
    assert _one(db, "SELECT fate FROM links WHERE id = 2") == ("article",)


# --- crashes ---


FILLED = ("article_text", "stories", "topic_matches", "mentions", "article_urls", "daily_totals")


def _everything(db: Database) -> dict[str, int]:
    tables = (
        "articles",
        "article_text",
        "article_urls",
        "stories",
        "fetches",
        "topic_matches",
        "mentions",
        "daily_totals",
        "rechecks",
    )
    return {table: _count(db, table) for table in (*tables, "duplicates", "revisions", "sources")}


@pytest.mark.parametrize(
    "table", ["article_text", "stories", "topic_matches", "mentions", "article_urls", "daily_totals", "rechecks"]
)
def test_an_error_in_the_middle_leaves_nothing(db: Database, table: str) -> None:
    page = _page(db, "https://somewhere.example/bridge-1")
    before = _everything(db)
    db.execute(f"CREATE TRIGGER fail BEFORE INSERT ON {table} BEGIN SELECT RAISE(FAIL, 'disk'); END")
    with pytest.raises(Exception, match="disk"):
        _store(db, page, _fresh())
    assert _everything(db) == before
    assert _one(db, "SELECT fate FROM links") == ("pending",)
    db.execute("DROP TRIGGER fail")
    assert _store(db, page, _fresh()) == "new"


_KILL = """
import os, signal, sys
from db.connection import from_text, open_archive, to_text, transaction
import db.store, pipelines.stages as stages
from tests.test_stages import _page, _reading
db = open_archive(sys.argv[1])
page = _page(db, "https://hill.example/bridge-1")
reading = _reading()
n = 0
def trace(statement):
    global n
    n += 1
    if n == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
db.conn.set_trace_callback(trace)
with transaction(db):
    stages.store_page(db, 1, stages.Extracted(page, reading))
"""


@pytest.mark.parametrize("statement", [2, 6, 12, 18])
def test_a_kill_at_any_statement_leaves_nothing_and_the_next_run_stores_it(
    tmp_path: Path, db: Database, statement: int
) -> None:
    before = _everything(db)
    command = [sys.executable, "-c", _KILL, str(tmp_path / "news.db"), str(statement)]
    done = subprocess.run(command, cwd=PROJECT, timeout=300, check=False)
    assert done.returncode == -9
    assert _everything(db) == before
    assert _one(db, "SELECT fate FROM links") == ("pending",)
    assert _store(db, _page(db, "https://hill.example/bridge-1"), _reading()) == "new"


# --- the pipeline ---


class _Spider(SimpleNamespace):
    def settled(self, page: Page, outcome: str) -> None:
        self.outcomes.append((page.url, outcome))

    def stop(self, trouble: str) -> None:
        self.trouble = trouble
        self.troubles.append(trouble)


def _pipeline(db: Database, keep: str = "all") -> tuple[Store, _Spider]:
    crawler: Any = get_crawler(settings_dict={"KEEP": keep})
    crawler.spider = spider = _Spider(db=db, run_id=1, outcomes=[], trouble=None, troubles=[])
    return Store.from_crawler(crawler), spider


def test_the_pipeline_tells_the_spider_what_a_page_was(db: Database) -> None:
    store, spider = _pipeline(db, "matches")
    store.process_item(Extracted(_page(db, "https://hill.example/a-1"), _reading()))
    store.process_item(Extracted(_page(db, "https://hill.example/a-2"), _reading("Of sheep. " * 30, score=0.0)))
    assert spider.outcomes == [("https://hill.example/a-1", "new"), ("https://hill.example/a-2", "refused")]
    assert spider.troubles == []


@pytest.mark.parametrize("changes", [{"title": "A \ud800 title"}, {"image": "javascript:alert(1)"}])
def test_a_text_that_no_table_takes_costs_its_page_and_not_the_run(db: Database, changes: dict[str, Any]) -> None:
    store, spider = _pipeline(db)
    store.process_item(Extracted(_page(db, "https://hill.example/a-1"), _reading(**changes)))
    store.process_item(Extracted(_page(db, "https://hill.example/a-2"), _reading()))
    assert [outcome for _, outcome in spider.outcomes] == ["failed", "new"]
    assert spider.troubles == []
    fate, reason = _one(db, "SELECT fate, reason FROM links WHERE id = 1")
    assert fate == "failed"
    assert reason.startswith("cannot be stored: ")


def test_a_database_that_cannot_be_written_stops_the_run(db: Database) -> None:
    store, spider = _pipeline(db)
    page = _page(db, "https://hill.example/a-1")
    db.execute("PRAGMA query_only = ON")
    with pytest.raises(Exception, match="readonly"):
        store.process_item(Extracted(page, _reading()))
    assert spider.outcomes == []
    assert "cannot be written" in spider.troubles[0]
    db.execute("PRAGMA query_only = OFF")
    with pytest.raises(DropItem, match="ending"):
        store.process_item(Extracted(page, _reading()))
    assert (spider.outcomes, len(spider.troubles)) == ([], 1), "pages on their way are not tried one after another"


def test_a_database_that_refuses_even_the_reason_stops_the_run(db: Database) -> None:
    """A text that no table takes, and then a database that takes nothing at all."""
    store, spider = _pipeline(db)
    page = _page(db, "https://hill.example/a-1")
    db.execute(
        "CREATE TEMP TRIGGER refuse BEFORE UPDATE OF fate ON main.links"
        " BEGIN SELECT load_extension('a lock that somebody holds'); END"
    )
    with pytest.raises(DropItem, match="cannot be written"):
        store.process_item(Extracted(page, _reading(title="A \ud800 title")))
    assert (spider.outcomes, len(spider.troubles)) == ([], 1)


def test_the_workers_start_when_pages_are_ahead_and_not_before() -> None:
    crawler: Any = get_crawler()
    crawler.spider = SimpleNamespace(topics=())
    extract = Extract.from_crawler(crawler)
    extract.open_spider()
    try:
        assert extract.workers is not None
        assert extract.workers.pool is None
        crawler.signals.send_catch_log(PAGES_AHEAD)
        starting = extract.workers.pool
        assert starting is not None
        crawler.signals.send_catch_log(PAGES_AHEAD)
        assert extract.workers.pool is starting
    finally:
        extract.close_spider()
