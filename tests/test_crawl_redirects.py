"""Redirects over real HTTP: every hop in its host's turn, holds for the host that answered, a fate for every link."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from crawler.archive import read_page
from db.records import RawRef
from tests.canary import Canary, listening, write_feed, write_page
from tests.crawling import Desk

HTML = {"Content-Type": "text/html"}
FEED = {"Content-Type": "application/rss+xml"}


class Street:
    """A few servers on loopback and a desk that may ask them; the first one's feed is the only seed."""

    def __init__(self, folder: Path, servers: list[Canary]) -> None:
        self.servers = servers
        self.homes = [f"http://127.0.0.1:{server.server_port}" for server in servers]
        (folder / "none").mkdir()
        pairs = ",".join(home.removeprefix("http://") for home in self.homes)
        self.desk = Desk(folder, settings={"ALLOW_PRIVATE": pairs, "TOPICS": folder / "none", "EXTRACT_WORKERS": 1})
        self.desk.sources.write_text(f'[[source]]\nid = "street"\nfeeds = ["{self.homes[0]}/rss"]\n', "utf-8")

    def list_links(self, *links: str) -> None:
        """Makes the feed."""
        self.servers[0].pages["/rss"] = (200, FEED, write_feed(*links))

    def redirect(self, server: int, path: str, target: str, status: int = 302) -> None:
        """Makes a redirect; the target is taken as it stands."""
        self.servers[server].pages[path] = (status, {**HTML, "Location": target}, b"moved")

    def asked(self, server: int) -> list[str]:
        """Returns the paths a server was asked for, robots.txt apart."""
        return [path for path in self.servers[server].paths if path != "/robots.txt"]

    def fates(self) -> dict[str, tuple[str, str | None]]:
        """Returns the fate and reason of every link by the path of its URL."""
        rows = self.desk.rows("SELECT url, fate, reason FROM links")
        return {"/" + url.split("/", 3)[3]: (fate, reason) for url, fate, reason in rows}


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    with ExitStack() as stack:
        yield Street(tmp_path, [stack.enter_context(listening()) for _ in range(3)])


def test_a_chain_across_hosts_ends_in_one_article_with_every_hop_logged_and_kept(street: Street) -> None:
    here, there, _ = street.homes
    street.list_links(f"{here}/a")
    street.redirect(0, "/a", f"{there}/b")
    street.redirect(1, "/b", "/c", 308)
    street.redirect(1, "/c", f"{here}/end?x=1#top", 307)
    street.servers[0].pages["/end?x=1"] = (200, HTML, write_page("The end of the road"))
    street.desk.crawl()
    assert street.desk.rows("SELECT url, title FROM articles") == [(f"{here}/end?x=1", "The end of the road")]
    assert street.desk.rows("SELECT url, fate, host FROM links") == [
        (f"{here}/a", "article", here.removeprefix("http://"))
    ]
    hops = street.desk.rows(
        "SELECT url, status, warc_file, warc_offset, warc_length FROM fetches WHERE link_id = 1 ORDER BY id"
    )
    assert [tuple(hop[:2]) for hop in hops] == [
        (f"{here}/a", 302), (f"{there}/b", 308), (f"{there}/c", 307), (f"{here}/end?x=1", 200),
    ]  # fmt: skip
    assert len({hop[3] for hop in hops}) == 4, "each has a record of its own"
    assert read_page(street.desk.warcs, RawRef(*hops[-1][2:])).url == f"{here}/end?x=1"
    done = street.desk.run("reextract")
    assert (done.returncode, done.stderr) == (0, ""), "the record of the last hop is known as the link's"
    assert street.desk.faults() == []


def test_a_target_that_asks_for_patience_is_held_and_not_the_host_that_sent_there(street: Street) -> None:
    here, there, _ = street.homes
    street.list_links(*(f"{here}/go-{n}" for n in range(4)), f"{here}/page")
    for n in range(4):
        street.redirect(0, f"/go-{n}", f"{there}/target-{n}")
        street.servers[1].pages[f"/target-{n}"] = (429, {"Retry-After": "3600"}, b"slow down")
    street.servers[0].pages["/page"] = (200, HTML, write_page("A page that stays"))
    street.desk.crawl()
    assert len(street.asked(1)) == 1, "asked once, and then left alone"
    held = dict(street.desk.rows("SELECT host, not_before FROM hosts"))
    assert held[there.removeprefix("http://")] is not None
    assert held.get(here.removeprefix("http://")) is None
    fates = street.fates()
    assert fates["/page"][0] == "article"
    assert [fates[f"/go-{n}"][0] for n in range(4)] == ["pending"] * 4
    assert street.desk.value("SELECT max(tries) FROM links WHERE fate = 'pending'") == 0, "no link is to blame"
    assert street.desk.value("SELECT count(*) FROM links WHERE fate = 'pending' AND next_try_at IS NULL") == 0
    before = len(street.asked(0))
    street.desk.crawl()
    assert len(street.asked(0)) == before, "a later run does not ask the sender again meanwhile"


def test_the_hops_of_one_host_keep_its_delay(street: Street) -> None:
    here, there, _ = street.homes
    street.list_links(*(f"{here}/go-{n}" for n in range(3)))
    for n in range(3):
        street.redirect(0, f"/go-{n}", f"{there}/hop-{n}")
        street.redirect(1, f"/hop-{n}", f"/end-{n}")
        street.servers[1].pages[f"/end-{n}"] = (404, HTML, b"gone")
    line = street.desk.crawl(HOST_DELAY_SECONDS=1)
    assert len(street.asked(1)) == 6
    seconds = re.search(r"in (\d+) s$", line)
    assert seconds is not None and int(seconds[1]) >= 5, line
    assert {fate for fate, _ in street.fates().values()} == {"gone"}


@pytest.mark.parametrize("most", [1, 2])
def test_more_redirects_than_places_in_flight_come_to_an_end(street: Street, most: int) -> None:
    here, there, _ = street.homes
    street.list_links(*(f"{here}/go-{n}" for n in range(6)))
    for n in range(6):
        street.redirect(0, f"/go-{n}", f"{there}/end-{n}")
        street.servers[1].pages[f"/end-{n}"] = (404, HTML, b"gone")
    street.desk.crawl(CONCURRENT_REQUESTS=most)
    assert {fate for fate, _ in street.fates().values()} == {"gone"}


def test_redirects_that_lead_nowhere_have_a_fate_and_a_reason(street: Street) -> None:
    here, there, _ = street.homes
    paths = ("/none", "/mail", "/self", "/circle", "/endless-0")
    street.list_links(*(f"{here}{path}" for path in paths))
    street.servers[0].pages["/none"] = (302, HTML, b"")
    street.redirect(0, "/mail", "mailto:desk@hill.example")
    street.redirect(0, "/self", "/self")
    street.redirect(0, "/circle", f"{there}/back")
    street.redirect(1, "/back", f"{here}/circle")
    for n in range(20):
        street.redirect(0, f"/endless-{n}", f"/endless-{n + 1}")
    street.desk.crawl(REDIRECT_MAX_TIMES=4)
    fates = street.fates()
    assert fates["/none"] == fates["/mail"] == ("failed", "redirect without a target")
    assert fates["/endless-0"] == ("failed", "too many redirects")
    for path in ("/self", "/circle"):
        assert fates[path][0] == "failed" and "in a circle" in str(fates[path][1])
    assert "/endless-4" in street.asked(0) and "/endless-5" not in street.asked(0)
    assert street.desk.faults() == []


def test_a_feed_that_moved_keeps_working_and_says_so(street: Street) -> None:
    here, there, _ = street.homes
    street.redirect(0, "/rss", f"{there}/new.xml", 301)
    street.servers[1].pages["/new.xml"] = (200, FEED, write_feed(f"{there}/page"))
    street.servers[1].pages["/page"] = (200, HTML, write_page("The page of a feed that moved"))
    assert street.desk.crawl().startswith("done: 1 poll (0 unchanged), 1 new link, 1 page, 1 new article")
    assert street.desk.rows("SELECT url, status, note, failures FROM seeds") == [
        (f"{here}/rss", "active", f"moved to {there}/new.xml", 0)
    ]
    street.redirect(0, "/rss", "/rss")
    done = street.desk.run("crawl", "news", "-a", "due=all")
    assert done.returncode == 0
    ((status, note),) = street.desk.rows("SELECT status, note FROM seeds")
    assert status == "failing" and "in a circle" in note


def test_a_feed_that_is_too_large_names_its_own_limit(street: Street) -> None:
    street.list_links(*(f"{street.homes[0]}/story-{n}" for n in range(200)))
    done = street.desk.run("crawl", "news", FEED_MAX_BYTES=1000)
    assert done.returncode == 0, done.stderr
    assert street.desk.value("SELECT note FROM seeds") == "the body is larger than FEED_MAX_BYTES"


def test_a_feed_with_half_a_character_keeps_its_good_link(street: Street) -> None:
    (home, *_) = street.homes
    items = [{"url": "mailto:\ud800x"}, {"url": f"{home}/good"}]
    feed = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items}).encode()
    street.servers[0].pages["/rss"] = (200, {"Content-Type": "application/feed+json"}, feed)
    street.servers[0].pages["/good"] = (200, HTML, write_page("The good link"))
    street.desk.crawl()
    assert street.fates() == {"/good": ("article", None)}
