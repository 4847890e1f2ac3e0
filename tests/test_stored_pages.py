"""Which raw pages a re-extraction reads, and that none is taken for another's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from crawler.archive import ArchiveUnreadable, WarcFolder
from crawler.stored_pages import BATCH, find_stored_pages, read_stored_page
from db.connection import open_archive, transaction, utc_now
from db.frontier import add_links, due_seeds, settle_link, sync_sources
from db.records import Fate, Fetch, Link, RawRef, Source
from db.store import write_fetch
from pipelines.page import MATCHES_NO_TOPIC
from tests.canary import listening, write_feed, write_page
from tests.crawling import Desk

HOME = "https://hill.example"
HTML = [("Content-Type", "text/html")]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_archive(tmp_path / "news.db")
    with transaction(database):
        sync_sources(database, [Source("hill", "Hill", homepage=f"{HOME}/", feeds=(f"{HOME}/rss",))])
    yield database
    database.close()


def _link(db: Database, path: str, fate: Fate = "not_article", reason: str | None = "no text") -> int:
    (seed,) = due_seeds(db, utc_now(), everything=True)
    with transaction(db):
        add_links(db, seed, [Link(f"{HOME}{path}")], utc_now())
        (link_id,) = db.execute("SELECT id FROM links WHERE url = ?", (f"{HOME}{path}",)).fetchone()
        if fate != "pending":
            settle_link(db, link_id, fate, utc_now(), reason=reason)
    return int(link_id)


def _fetch(db: Database, link_id: int, raw: RawRef | None, url: str, status: int = 200) -> None:
    with transaction(db):
        write_fetch(db, None, Fetch(url=url, at=utc_now(), status=status, raw=raw, link_id=link_id))


def _append(folder: WarcFolder, url: str, body: str) -> RawRef:
    return folder.append(url, "HTTP/1.1 200 OK", HTML, f"<p>{body}</p>".encode())


@pytest.mark.parametrize(
    ("fate", "reason", "read"),
    [
        ("not_article", "no text", True),
        ("paywalled", "behind a wall", True),
        ("failed", "extraction took longer than 20 s", True),
        ("refused", MATCHES_NO_TOPIC, True),
        ("refused", "HTTP 403", False),
        ("gone", "HTTP 404", False),
        ("blocked_by_robots", "robots.txt forbids this URL", False),
        ("pending", None, False),
    ],
)
def test_pages_of_these_fates_are_read_again(
    tmp_path: Path, db: Database, fate: Fate, reason: str | None, read: bool
) -> None:
    folder = WarcFolder(tmp_path / "raw", "news", db)
    link = _link(db, "/a", fate, reason)
    _fetch(db, link, _append(folder, f"{HOME}/a", "old"), f"{HOME}/a")
    _fetch(db, link, _append(folder, f"{HOME}/a", "new"), f"{HOME}/a")
    _fetch(db, link, _append(folder, f"{HOME}/a", "moved"), f"{HOME}/a", status=301)
    _fetch(db, link, None, f"{HOME}/a", status=503)
    folder.close()
    pages = [read_stored_page(tmp_path / "raw", stored) for stored in find_stored_pages(db)]
    assert [page.body for page in pages] == ([b"<p>new</p>"] if read else []), "the newest answer with a page"
    assert all((page.link_id, page.url, page.reextracted) == (link, f"{HOME}/a", True) for page in pages)


def test_a_link_without_a_kept_page_is_passed_over(db: Database) -> None:
    _fetch(db, _link(db, "/a", "failed", "HTTP 500"), None, f"{HOME}/a", status=500)
    assert list(find_stored_pages(db)) == []


def test_more_links_than_one_look_up_takes_are_all_found_while_their_fates_change(db: Database) -> None:
    many = BATCH + 20
    for n in range(many):
        _fetch(db, _link(db, f"/story-{n}"), RawRef("news.warc.gz", n, 1), f"{HOME}/story-{n}")
    found = []
    for stored in find_stored_pages(db):
        found.append(stored.url)
        with transaction(db):
            settle_link(db, stored.link_id, "not_article", utc_now(), reason="still no text")
    assert found == [f"{HOME}/story-{n}" for n in range(many)]


def test_a_record_after_redirects_is_that_of_the_last_hop(tmp_path: Path, db: Database) -> None:
    folder = WarcFolder(tmp_path, "news", db)
    link = _link(db, "/short")
    _fetch(db, link, _append(folder, f"{HOME}/the-long-story", "text"), f"{HOME}/the-long-story")
    folder.close()
    (stored,) = find_stored_pages(db)
    page = read_stored_page(tmp_path, stored)
    assert (page.url, page.final_url, page.body) == (f"{HOME}/short", f"{HOME}/the-long-story", b"<p>text</p>")


def test_an_extent_that_was_given_to_another_page_is_never_read_as_this_one(tmp_path: Path, db: Database) -> None:
    """What a power cut leaves: the log names an extent, the WARC file lost it and wrote another page there."""
    folder = WarcFolder(tmp_path, "news")
    raw = _append(folder, f"{HOME}/other", "text of another page")
    folder.close()
    _fetch(db, _link(db, "/mine"), raw, f"{HOME}/mine")
    (stored,) = find_stored_pages(db)
    with pytest.raises(ArchiveUnreadable, match=r"holds https://hill\.example/other, not the page of .*/mine"):
        read_stored_page(tmp_path, stored)


def test_what_another_topic_wants_becomes_an_article_without_a_fetch(tmp_path: Path) -> None:
    """A real crawl that keeps matches only, with a topic that matches none; then everything is wanted."""
    with listening() as server:
        home = f"http://127.0.0.1:{server.server_port}"
        server.pages["/rss"] = (200, {"Content-Type": "application/rss+xml"}, write_feed(f"{home}/go", f"{home}/empty"))
        server.pages["/go"] = (302, {"Location": "/page"}, b"")
        server.pages["/page"] = (200, {"Content-Type": "text/html"}, write_page("A page for later"))
        server.pages["/empty"] = (200, {"Content-Type": "text/html"}, b"<html><body>Sign in</body></html>")
        (tmp_path / "none").mkdir()
        (tmp_path / "none" / "other.toml").write_text('title = "Other"\nany = ["\'submarine\'"]\n', "utf-8")
        settings = {"ALLOW_PRIVATE": home.removeprefix("http://"), "TOPICS": tmp_path / "none", "EXTRACT_WORKERS": 1}
        desk = Desk(tmp_path, settings=settings)
        desk.sources.write_text(f'[[source]]\nid = "hill"\nfeeds = ["{home}/rss"]\n', "utf-8")
        desk.crawl(KEEP="matches")
        assert desk.value("SELECT count(*) FROM articles") == 0
        asked = len(server.paths)
        fetches = desk.value("SELECT count(*) FROM fetches")
        done = desk.run("reextract")
        assert (done.returncode, done.stderr) == (0, "")
        assert len(server.paths) == asked
    assert desk.value("SELECT count(*) FROM fetches") == fetches
    assert desk.rows("SELECT url, title FROM articles") == [(f"{home}/page", "A page for later")]
    fates = dict(desk.rows("SELECT url, fate FROM links"))
    assert fates[f"{home}/go"] == "article" and fates[f"{home}/empty"] != "article"
    assert desk.faults() == []
