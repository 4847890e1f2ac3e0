"""An import that is killed again and again: its stories are those of an import that was left alone."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from crawler.archive import pack_info, pack_response
from tests.crawling import Desk, is_alive, tree_of, wait_until
from tests.texts import first_words, write_text

REPORTS = 24
OUTLETS = 5
PAGES = REPORTS * (OUTLETS + 1)
KILLS = 8
HTML = [("Content-Type", "text/html; charset=utf-8")]
PAIRS = (
    "SELECT a.url, b.url, d.relation, d.containment, d.number_overlap, d.numbers_changed, d.lead_overlap, d.gap_days"
    " FROM duplicates d JOIN articles a ON a.id = d.article_id JOIN articles b ON b.id = d.of_article_id"
    " WHERE d.relation <> 'related' ORDER BY 1, 2"
)


def write_versions(report: int) -> list[str]:
    """Returns a report, four ways in which outlets run it, and another report of the day."""
    wire = f"{write_text(report, 120)}\n\nThe council counted {report + 210} roads.\n\n{write_text(report + 500, 180)}"
    return [
        wire,
        f"{write_text(report + 1000, 30)}\n\n{wire}",
        first_words(wire, 90),
        wire.replace(str(report + 210), str(report + 310)),
        f"{write_text(report + 2000, 25)}\n\n{first_words(wire, 70)}\n\n{write_text(report + 3000, 20)}",
        write_text(report + 4000, 260),
    ]


def write_page(title: str, hour: int, text: str) -> bytes:
    """Returns the page of an article published on some hour of a day."""
    body = "".join(f"<p>{paragraph}</p>" for paragraph in text.split("\n\n"))
    published = f'<meta property="article:published_time" content="2026-05-04T{hour:02}:10:00Z">'
    return f"<!doctype html><title>{title}</title>{published}<article><h1>{title}</h1>{body}</article>".encode()


def make_desk(folder: Path) -> Desk:
    """Returns a desk whose one source is an archive in which the versions of reports stand far apart."""
    pages = [
        (f"https://outlet{outlet}.example/news/report-{report}", write_page(f"Report {report}", 3 * outlet, text))
        for report in range(REPORTS)
        for outlet, text in enumerate(write_versions(report))
    ]
    random.Random(7).shuffle(pages)
    (folder / "none").mkdir(parents=True)
    with (folder / "old.warc.gz").open("wb") as file:
        file.write(pack_info("old"))
        for url, page in pages:
            file.write(pack_response(url, "HTTP/1.1 200 OK", HTML, page))
    desk = Desk(folder, settings={"TOPICS": folder / "none", "EXTRACT_WORKERS": 1})
    desk.sources.write_text(f'[[source]]\nid = "old"\narchives = ["{folder / "old.warc.gz"}"]\n', "utf-8")
    return desk


def count(desk: Desk) -> int:
    """Returns how many articles are stored."""
    try:
        return int(desk.value("SELECT count(*) FROM articles"))
    except sqlite3.OperationalError:
        return 0


def stories_of(desk: Desk) -> set[frozenset[str]]:
    """Returns the stories, each as the URLs of its articles."""
    return {
        frozenset(urls.split())
        for (urls,) in desk.rows("SELECT group_concat(url, ' ') FROM articles GROUP BY story_id")
    }


def read_index(desk: Desk) -> list[Any]:
    """Returns what each article is found and compared by."""
    return desk.rows(
        "SELECT a.url, s.week, s.shingles, s.numbers,"
        " (SELECT group_concat(hash) FROM fingerprints f WHERE f.week = s.week AND f.article_id = a.id)"
        " FROM articles a JOIN signatures s ON s.article_id = a.id ORDER BY 1"
    )


@pytest.fixture
def undisturbed(tmp_path: Path) -> Desk:
    desk = make_desk(tmp_path / "undisturbed")
    assert desk.crawl().startswith("done: ")
    return desk


def test_a_killed_import_ends_with_the_stories_of_one_left_alone(tmp_path: Path, undisturbed: Desk) -> None:
    desk = make_desk(tmp_path / "killed")
    chance = random.Random("kill the import")
    kills = 0
    while kills < KILLS and (before := count(desk)) < PAGES:
        with desk.started("crawl", "news") as run:
            step = chance.randint(4, 14)
            wait_until(lambda done=before + step: count(desk) >= done or run.poll() is not None)  # type: ignore[misc]
            time.sleep(chance.uniform(0, 0.1))
            tree = tree_of(run.pid)
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            assert wait_until(lambda tree=tree: not any(is_alive(pid) for pid in tree))  # type: ignore[misc]
        kills += 1
        assert count(desk) > before
        assert desk.faults() == [], f"after kill {kills}"
    assert desk.crawl().startswith("done: ")
    assert desk.faults() == []
    # On a busy machine a kill may come late, when all is stored.
    outcomes = Counter(outcome for (outcome,) in desk.rows("SELECT outcome FROM runs"))
    assert set(outcomes) == {"killed", "done"} and outcomes["killed"] >= 2
    assert count(desk) == count(undisturbed) == PAGES
    assert desk.texts() == undisturbed.texts()
    assert stories_of(desk) == stories_of(undisturbed)
    assert sorted(map(len, stories_of(desk))) == [1] * REPORTS + [OUTLETS] * REPORTS
    assert desk.rows(PAIRS) == undisturbed.rows(PAIRS) != []
    assert read_index(desk) == read_index(undisturbed)
