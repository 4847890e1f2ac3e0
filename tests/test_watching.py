"""How long ``scrapy watch`` waits between rounds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from crawler.politeness import after
from crawler.watching import PAUSE_MAX_SECONDS, seconds_until_due
from db.connection import open_archive, transaction, utc_now
from db.frontier import add_links, due_seeds, postpone_link, sync_sources
from db.hosts import write_host
from db.records import Host, Link, Source

PAUSE = 60.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "news.db"


@pytest.fixture
def db(path: Path) -> Iterator[Database]:
    """An archive whose one feed is due in two hours and whose two links, on two hosts, wait to be fetched."""
    database = open_archive(path)
    with transaction(database):
        sync_sources(database, [Source("outlet", "Outlet", feeds=("https://feeds.example/rss",))])
        seed = due_seeds(database, utc_now())[0]
        add_links(database, seed, [Link("https://a.example/1"), Link("https://b.example/1")], utc_now())
        database.execute("UPDATE seeds SET next_poll_at = ?", (after(7200),))
    yield database
    database.close()


def is_about(seconds: float, wanted: float) -> bool:
    """Returns whether a wait is the wanted one, less what a slow machine has let pass since it was reckoned."""
    return wanted - 20 <= seconds <= wanted + 1


def _settle(db: Database) -> None:
    db.execute("UPDATE links SET fate = 'gone'")


def test_work_that_waits_starts_the_next_round_after_the_pause(db: Database, path: Path) -> None:
    assert seconds_until_due(path, PAUSE) == PAUSE
    write_host(db, Host("a.example", not_before=after(3600)))
    assert seconds_until_due(path, PAUSE) == PAUSE  # b.example may be asked


def test_links_that_wait_on_held_hosts_start_no_round(db: Database, path: Path) -> None:
    write_host(db, Host("a.example", not_before=after(200)))
    write_host(db, Host("b.example", not_before=after(3600)))
    assert is_about(seconds_until_due(path, PAUSE), 200)
    write_host(db, Host("a.example", not_before=after(3600)))
    assert seconds_until_due(path, PAUSE) == PAUSE_MAX_SECONDS


def test_a_link_waits_for_its_own_pause_and_for_its_hosts(db: Database, path: Path) -> None:
    postpone_link(db, 1, after(250), "HTTP 500")
    postpone_link(db, 2, after(100), "HTTP 500")
    write_host(db, Host("b.example", not_before=after(280)))
    assert is_about(seconds_until_due(path, PAUSE), 250)
    write_host(db, Host("b.example", not_before=after(-60)))
    assert is_about(seconds_until_due(path, PAUSE), 100)


def test_a_link_of_a_host_with_a_long_delay_waits_for_it(db: Database, path: Path) -> None:
    for host in ("a.example", "b.example"):
        write_host(db, Host(host, delay_seconds=300, last_asked_at=after(-100)))
    assert is_about(seconds_until_due(path, PAUSE), 200)


def test_a_seed_of_a_held_host_waits_for_it(db: Database, path: Path) -> None:
    _settle(db)
    db.execute("UPDATE seeds SET next_poll_at = NULL")
    assert seconds_until_due(path, PAUSE) == PAUSE
    write_host(db, Host("feeds.example", not_before=after(250)))
    assert is_about(seconds_until_due(path, PAUSE), 250)


@pytest.mark.parametrize("enabled", [None, False])
def test_sources_that_rest_start_no_round(db: Database, path: Path, enabled: bool | None) -> None:
    source = Source("outlet", "Outlet", feeds=("https://feeds.example/rss",), enabled=False)
    with transaction(db):
        sync_sources(db, [] if enabled is None else [source])
    assert seconds_until_due(path, PAUSE) == PAUSE_MAX_SECONDS


def test_nothing_to_do_and_nothing_there(db: Database, path: Path) -> None:
    _settle(db)
    assert seconds_until_due(path, PAUSE) == PAUSE_MAX_SECONDS
    db.execute("UPDATE seeds SET status = 'removed'")
    assert seconds_until_due(path, PAUSE) == PAUSE_MAX_SECONDS
    assert seconds_until_due(path, 900.0) == 900.0
    assert seconds_until_due(path.with_name("none.db"), PAUSE) == PAUSE


def test_it_wakes_for_articles_to_look_at_again(path: Path) -> None:
    db = open_archive(path)
    due = after(100)
    with transaction(db):
        db.execute(
            "INSERT INTO links (url, url_key, host, found_at, fate, settled_at)"
            " VALUES ('https://a.example/1', 'a.example/1', 'a.example', ?1, 'article', ?1)",
            (due,),
        )
        db.execute("INSERT INTO rechecks (link_id, host, due_at) VALUES (1, 'a.example', ?)", (due,))
    db.close()
    assert is_about(seconds_until_due(path, PAUSE), 100)
    assert seconds_until_due(path, PAUSE, rechecks=False) == PAUSE_MAX_SECONDS
