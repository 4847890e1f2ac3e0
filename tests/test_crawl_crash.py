"""Crawls that are killed, again and again, and crawls that are asked to stop: nothing is lost, doubled or half."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType

from crawler.archive import read_page
from db.records import RawRef
from db.urls import url_key
from tests.crawling import ENOUGH_SECONDS, Desk, is_alive, tree_of, wait_until
from tests.newsroom import Newsroom, start
from tests.newsroom_crawls import Crawled, read_crawls

KILLS = 10
"""Of each kind; two kinds make twenty moments."""
LATENCY_MS = 60.0
SHORT_DELAY_SECONDS = 0.2
"""With such a delay a crawl takes seconds: one that is to be killed has not come to its end when a kill comes late."""
LONG_DELAY_SECONDS = 1
"""With such a delay a crawl takes a quarter of a minute: it is still amid its work when it has run for two seconds."""
LONGER_DELAY_SECONDS = 4
"""With such a delay it takes a minute: it is amid its work whenever it is asked to stop."""
SLOW_SOURCE = "naya-ufaq"
"""Left out: its Crawl-delay of a second would make each of these runs the longest of all tests."""


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    return read_crawls(tmp_path_factory)


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    with start(log=tmp_path / "access.jsonl", latency_ms=LATENCY_MS) as room:
        yield room


@pytest.fixture
def desk(tmp_path: Path, newsroom: Newsroom) -> Desk:
    desk = Desk(tmp_path, newsroom.url)
    blocks = newsroom.sources().split("[[source]]")
    kept = [block for block in blocks if f'id = "{SLOW_SOURCE}"' not in block]
    assert len(kept) == len(blocks) - 1
    desk.sources.write_text("[[source]]".join(kept), "utf-8")
    return desk


def count_requests(newsroom: Newsroom) -> int:
    return sum(row["host"] != "newsroom.test" for row in newsroom.accesses())


def has_tables(desk: Desk) -> bool:
    """Returns whether a kill left an archive with tables. Opened as the next run opens it, which mends what is half."""
    with closing(sqlite3.connect(desk.database, timeout=60)) as db:
        return bool(db.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchall())


def assert_raw_files_are_whole(desk: Desk) -> None:
    for path in desk.warcs.glob("*.warc.gz"):
        with path.open("rb") as file:
            records = list(ArchiveIterator(file, record_types=WarcRecordType.any_type))
            assert records
    for row in desk.rows("SELECT warc_file, warc_offset, warc_length FROM articles"):
        assert read_page(desk.warcs, RawRef(*row)).status == 200


def stories_of(desk: Desk) -> set[frozenset[str]]:
    rows = desk.rows("SELECT group_concat(url, ' ') FROM articles WHERE source_id <> ? GROUP BY story_id", SLOW_SOURCE)
    return {frozenset(urls.split()) for (urls,) in rows}


def assert_like_undisturbed(desk: Desk, crawled: Crawled) -> None:
    assert desk.faults() == []
    slow = {url_key(url) for (url,) in crawled.first.rows("SELECT url FROM articles WHERE source_id = ?", SLOW_SOURCE)}
    assert desk.texts() == {key: text for key, text in crawled.first.texts().items() if key not in slow}
    assert stories_of(desk) == stories_of(crawled.first)
    assert_raw_files_are_whole(desk)
    # Which of two addresses of one article came first is chance.
    fates = (
        "SELECT url, CASE fate WHEN 'duplicate_url' THEN 'article' ELSE fate END FROM links"
        " WHERE seed_id NOT IN (SELECT id FROM seeds WHERE source_id = ?) ORDER BY url"
    )
    assert desk.rows(fates, SLOW_SOURCE) == crawled.first.rows(fates, SLOW_SOURCE)
    matches = (
        "SELECT a.url, m.topic_id, m.accepted FROM topic_matches m JOIN articles a ON a.id = m.article_id"
        " WHERE a.source_id <> ? ORDER BY 1, 2"
    )
    assert desk.rows(matches, SLOW_SOURCE) == crawled.first.rows(matches, SLOW_SOURCE)


@pytest.mark.parametrize("victims", ["group", "parent"])
def test_killed_at_random_moments_it_carries_on(desk: Desk, newsroom: Newsroom, crawled: Crawled, victims: str) -> None:
    chance = random.Random(f"kill the {victims}")
    for kill in range(KILLS):
        before = count_requests(newsroom)
        with desk.started("crawl", "news", HOST_DELAY_SECONDS=SHORT_DELAY_SECONDS) as run:
            if kill % 4 == 3:  # at whatever it does before the first request, opening the archive included
                time.sleep(chance.uniform(0.1, 1.2))
            else:
                step = chance.randint(1, 6)
                wait_until(lambda done=before + step: count_requests(newsroom) >= done or run.poll() is not None)  # type: ignore[misc]
                time.sleep(chance.uniform(0, 0.25))
            tree = tree_of(run.pid)
            if victims == "group":
                os.killpg(run.pid, signal.SIGKILL)
            else:
                os.kill(run.pid, signal.SIGKILL)
            run.wait()
            gone = wait_until(lambda tree=tree: not any(is_alive(pid) for pid in tree))  # type: ignore[misc]
            assert gone, f"processes outlived the run: {[pid for pid in tree if is_alive(pid)]}"
        if has_tables(desk):
            assert desk.faults() == [], f"after kill {kill}"
    line = desk.crawl()
    assert line.startswith("done: ")
    assert_like_undisturbed(desk, crawled)
    outcomes = Counter(outcome for (outcome,) in desk.rows("SELECT outcome FROM runs"))
    assert outcomes["done"] >= 1 and outcomes["killed"] >= KILLS // 2
    assert set(outcomes) == {"done", "killed"}
    # One link redirects to the address of another, so an address may be asked for twice, but once for each link. A
    # redirect settles nothing: killed between it and its target, the next run rightly asks for the link from its start.
    answers = "SELECT link_id, url FROM fetches WHERE link_id IS NOT NULL AND status NOT IN (301, 302, 303, 307, 308)"
    fetched = Counter(desk.rows(answers))
    assert max(fetched.values()) == 1, "what was stored was not fetched again"


@pytest.mark.parametrize(
    ("number", "whole_group"), [(signal.SIGTERM, False), (signal.SIGINT, True)], ids=["SIGTERM", "Ctrl-C"]
)
def test_asked_to_stop_it_stops_soon_and_carries_on(
    desk: Desk, newsroom: Newsroom, crawled: Crawled, number: signal.Signals, whole_group: bool
) -> None:
    with desk.started("crawl", "news", HOST_DELAY_SECONDS=LONGER_DELAY_SECONDS) as run:
        assert wait_until(lambda: count_requests(newsroom) >= 25)
        tree = tree_of(run.pid)
        (os.killpg if whole_group else os.kill)(run.pid, number)
        output, errors = run.communicate(timeout=ENOUGH_SECONDS)
        assert wait_until(lambda: not any(is_alive(pid) for pid in tree))
    assert re.match(r"stopped: \d+ polls .* in \d+ s\n$", output), output
    assert errors == ""
    assert run.returncode == 0
    (row,) = desk.rows("SELECT outcome, counters, ended_at FROM runs")
    assert row[0] == "stopped" and row[2] and json.loads(row[1])["polls"] >= 1
    assert desk.faults() == []
    desk.crawl()
    assert_like_undisturbed(desk, crawled)


def test_a_run_out_of_time_leaves_the_rest_to_the_next(desk: Desk, newsroom: Newsroom, crawled: Crawled) -> None:
    line = desk.crawl(RUN_SECONDS=1.5, HOST_DELAY_SECONDS=LONG_DELAY_SECONDS)
    assert line.startswith("out of time: ")
    waiting = (
        "SELECT (SELECT count(*) FROM links WHERE fate = 'pending')"
        " + (SELECT count(*) FROM seeds WHERE polled_at IS NULL)"
    )
    assert desk.value(waiting) > 2
    assert desk.faults() == []
    assert desk.crawl().startswith("done: ")
    assert_like_undisturbed(desk, crawled)
