"""Real crawls of the newsroom on its second day, when no seed is due: what changed is found by looking again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from db.connection import to_text
from db.plurals import plural
from db.urls import url_key
from tests.crawling import Desk
from tests.newsroom import Newsroom, start
from tests.newsroom_crawls import Crawled, copy_archive, read_crawls


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    return read_crawls(tmp_path_factory)


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    with start(log=tmp_path / "access.jsonl") as room:
        yield room


@pytest.fixture
def desk(tmp_path: Path, newsroom: Newsroom, crawled: Crawled) -> Desk:
    """The archive after the first day's crawl, as if all had been published and read two hours ago."""
    copy_archive(crawled.first.database, tmp_path / "news.db")
    desk = Desk(tmp_path, newsroom.url)
    desk.sources.write_text(newsroom.sources(), "utf-8")
    ago = to_text(datetime.now(UTC) - timedelta(hours=2))
    desk.write("UPDATE seeds SET next_poll_at = ?", to_text(datetime.now(UTC) + timedelta(days=9)))
    desk.write("UPDATE articles SET published_at = ?1, first_seen_at = ?1, updated_at = ?1, last_seen_at = ?1", ago)
    desk.write(
        "INSERT INTO rechecks (link_id, host, wanted, due_at) SELECT id, host, EXISTS (SELECT 1 FROM topic_matches t"
        " WHERE t.article_id = l.article_id AND accepted), ? FROM links l WHERE fate = 'article'",
        ago,
    )
    return desk


def make_due(desk: Desk) -> None:
    """Lets an hour pass for the schedule."""
    desk.write("UPDATE rechecks SET due_at = ?", to_text(datetime.now(UTC)))
    desk.write("UPDATE hosts SET rechecks_paid_to = NULL")


def counters_of(desk: Desk) -> Counter[str]:
    return Counter(json.loads(desk.value("SELECT counters FROM runs ORDER BY id DESC LIMIT 1")))


def corrected(truth: tuple[dict[str, Any], dict[str, Any]]) -> list[str]:
    """Returns the addresses of the articles whose text is another on the second day."""
    first, second = (day["articles"] for day in truth)
    return [url for url in first if first[url]["paragraphs"] != second[url]["paragraphs"]]


def test_a_correction_no_seed_tells_of_is_found_by_looking_again(
    desk: Desk, newsroom: Newsroom, crawled: Crawled
) -> None:
    newsroom.advance()
    line = desk.crawl()
    n = desk.value("SELECT count(*) FROM links WHERE fate = 'article'")
    counters = counters_of(desk)
    assert counters["polls"] == 0 and counters["rechecks"] == n == counters["pages"]
    assert f"{n} re-checks (0 not modified)" in line
    kinds = dict(desk.rows("SELECT a.url, r.kind FROM revisions r JOIN articles a ON a.id = r.article_id"))
    changed = {url_key(url) for url in corrected(crawled.truth)}
    assert {url_key(url) for url in kinds} == changed and len(changed) >= 2
    assert counters["revised"] == len(changed)
    assert "correction" in kinds.values()
    found, wanted = desk.texts(), crawled.second.texts()
    assert {key: found[key] for key in changed} == {key: wanted[key] for key in changed}
    old = crawled.first.texts()
    for url, body in desk.rows("SELECT a.url, r.body FROM revisions r JOIN articles a ON a.id = r.article_id"):
        assert body == old[url_key(url)][1], "the old text stays readable"
    assert desk.faults() == []


def test_an_unchanged_page_answers_304_and_costs_no_reading(desk: Desk, newsroom: Newsroom) -> None:
    desk.crawl()
    make_due(desk)
    before = len(newsroom.accesses())
    raw = desk.value("SELECT count(*) FROM fetches WHERE warc_file IS NOT NULL")
    desk.write("UPDATE articles SET last_seen_at = '2020-01-01T00:00:00Z'")
    line = desk.crawl()
    rows = [row for row in newsroom.accesses()[before:] if row["path"] not in ("/robots.txt", "/stage")]
    n = desk.value("SELECT count(*) FROM rechecks")
    assert {row["status"] for row in rows} == {304} and all(row["conditional"] for row in rows)
    assert f"{n} re-checks ({n} not modified)" in line and len(rows) == n
    assert desk.value("SELECT min(last_seen_at) FROM articles WHERE id IN (SELECT article_id FROM links"
                      " WHERE id IN (SELECT link_id FROM rechecks))") > "2026"  # fmt: skip
    assert desk.value("SELECT count(*) FROM fetches WHERE warc_file IS NOT NULL") == raw
    assert desk.value("SELECT count(*) FROM revisions") == 0
    assert desk.faults() == []


def test_validators_that_lie_are_found_out_within_a_day(desk: Desk, newsroom: Newsroom, crawled: Crawled) -> None:
    """A server that answers 304 for ever: after FULL_FETCH_SECONDS the whole page is asked for."""
    desk.crawl()
    newsroom.advance()
    lying = "UPDATE rechecks SET etag = '*', due_at = ?, full_fetch_at = ?"
    now = datetime.now(UTC)
    desk.write(lying, to_text(now), to_text(now - timedelta(hours=23)))
    assert counters_of(_crawled(desk))["revised"] == 0
    make_due(desk)
    desk.write(lying, to_text(now), to_text(now - timedelta(hours=25)))
    assert counters_of(_crawled(desk))["revised"] == len(corrected(crawled.truth))


def _crawled(desk: Desk) -> Desk:
    desk.crawl()
    return desk


def test_an_article_that_was_taken_down_stays_and_says_so(desk: Desk) -> None:
    (link_id, article_id, url), *_ = desk.rows(
        "SELECT l.id, a.id, l.url FROM links l JOIN articles a ON a.id = l.article_id WHERE l.fate = 'article'"
        " AND l.id IN (SELECT link_id FROM rechecks)"
    )
    body = desk.value("SELECT body FROM article_text WHERE id = ?", article_id)
    desk.write("UPDATE links SET url = ?, url_key = ? WHERE id = ?", f"{url}-gone", f"{url}-gone", link_id)
    line = desk.crawl()
    assert "1 taken down" in line
    assert desk.value("SELECT gone_at FROM articles WHERE id = ?", article_id) is not None
    assert desk.value("SELECT body FROM article_text WHERE id = ?", article_id) == body
    assert desk.rows("SELECT fate, reason FROM links WHERE id = ?", link_id) == [("article", "HTTP 404")]
    status = desk.run("status").stdout
    n = desk.value("SELECT count(*) FROM rechecks")
    assert f"re-checks of {plural(n, 'article')}, 0 due; next in " in status
    assert "; 1 taken down by their outlets" in status
    desk.write("UPDATE links SET url = ?, url_key = ? WHERE id = ?", url, url_key(url), link_id)
    make_due(desk)
    desk.crawl()
    assert desk.value("SELECT gone_at FROM articles WHERE id = ?", article_id) is None
    assert desk.value("SELECT reason FROM links WHERE id = ?", link_id) is None


def test_what_topics_accept_comes_first_within_the_budget(desk: Desk, newsroom: Newsroom) -> None:
    hosts = desk.rows("SELECT host, sum(wanted), count(*) FROM rechecks GROUP BY host HAVING sum(wanted) > 2")
    assert hosts
    replace(desk, settings={"HOST_RECHECKS_PER_HOUR": 1}).crawl()
    asked = Counter(row["host"] for row in newsroom.accesses() if row["path"] not in ("/robots.txt", "/stage"))
    assert max(asked[host] for host, _, _ in hosts) <= 2
    looked_at = desk.rows("SELECT l.host, r.wanted FROM fetches f JOIN rechecks r ON r.link_id = f.link_id"
                          " JOIN links l ON l.id = r.link_id WHERE r.etag IS NOT NULL")  # fmt: skip
    of_hosts = {host for host, _, _ in hosts}
    assert {wanted for host, wanted in looked_at if host in of_hosts} == {1}


def test_nothing_is_looked_at_again_where_that_is_switched_off(desk: Desk, newsroom: Newsroom) -> None:
    desk.crawl(HOST_RECHECKS_PER_HOUR=0)
    assert [row for row in newsroom.accesses() if row["host"] != "newsroom.test"] == []
