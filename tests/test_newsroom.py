"""The embedded newsroom keeps its promises: what it serves agrees with the truth it tells."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html

from tests.newsroom import ROOT, Newsroom, start
from tests.newsroom.content import load_outlets
from tests.newsroom.feeds import write_feed
from tests.newsroom.markup import clean_paragraph, render_block
from tests.newsroom.records import Outlet, Seed

OUTLETS = load_outlets()
SEEDS = [(outlet, seed) for outlet in OUTLETS for seed in outlet.seeds]
STATUS_OF_FATE = {"article": 200, "paywalled": 200, "not_article": 200, "blocked_by_robots": 200}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    with start(tmp_path_factory.mktemp("newsroom") / "access.jsonl") as newsroom:
        yield newsroom


@pytest.fixture(params=[1, 2])
def newsroom(room: Newsroom, request: pytest.FixtureRequest) -> Newsroom:
    room.reset()
    if request.param == 2:
        assert room.advance() == 2
    return room


def squeeze(text: str) -> str:
    return " ".join(text.split())


def read_xml(body: bytes) -> Any:
    return etree.fromstring(body)


def read_page(newsroom: Newsroom, outlet: Outlet, url: str) -> Any:
    parser = html.HTMLParser(encoding=outlet.charset)
    return html.document_fromstring(newsroom.fetch(url).body, parser=parser)


def links_in(newsroom: Newsroom, outlet: Outlet, seed: Seed) -> set[str]:
    """Returns the URLs a careful reader finds in a seed."""
    body = newsroom.fetch(seed.url).body
    if seed.kind == "section":
        page = read_page(newsroom, outlet, seed.url)
        return {urljoin(seed.url, href) for href in page.xpath("//main//a/@href")}
    if seed.kind == "sitemap":
        tree = read_xml(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
        return {str(loc) for loc in tree.xpath("//*[local-name()='loc']/text()")}
    if seed.dialect == "json":
        return {item["url"] for item in json.loads(body)["items"]}
    parsed = feedparser.parse(body, response_headers={"content-type": "application/xml", "content-location": seed.url})
    assert not parsed.bozo, parsed.bozo_exception
    if seed.bad_links:
        # feedparser repairs what it can and blanks the rest; the text as sent is wanted here.
        return {str(link) for link in read_xml(body).xpath("//item/link/text()")}
    return {entry.link for entry in parsed.entries}


@pytest.mark.parametrize(("outlet", "seed"), SEEDS, ids=[seed.url for _, seed in SEEDS])
def test_seed_names_exactly_the_links_of_the_truth(newsroom: Newsroom, outlet: Outlet, seed: Seed) -> None:
    told = {url for url, link in newsroom.truth()["links"].items() if seed.url in link["seeds"]}
    if seed.dialect == "index":
        told = {other.url for _, other in SEEDS if other.host == seed.host and other.path not in seed.path}
    found = links_in(newsroom, outlet, seed)
    assert set(seed.bad_links) <= found, "bad links stand among good ones"
    assert found - set(seed.bad_links) == told
    assert told


def test_dialects_languages_and_size_are_all_there(newsroom: Newsroom) -> None:
    assert {seed.dialect for _, seed in SEEDS} >= {
        "rss091",
        "rss10",
        "rss20",
        "atom",
        "json",
        "urlset",
        "index",
        "news",
    }
    versions = {feedparser.parse(newsroom.fetch(s.url).body).version for _, s in SEEDS if s.kind == "feed"}
    assert versions >= {"rss10", "rss20", "atom10", "rss091u"}
    assert {outlet.language for outlet in OUTLETS} == {"en", "fa", "ps", "ru", "ar", "ur"}
    assert sum(outlet.language == "en" for outlet in OUTLETS) >= 4
    assert len({outlet.template for outlet in OUTLETS}) == len(OUTLETS) >= 10
    truth = newsroom.truth(2)
    assert 60 <= len(truth["articles"]) <= 80
    fates = {link["fate"] for link in truth["links"].values()}
    assert fates == {"article", "duplicate_url", "not_article", "blocked_by_robots", "paywalled", "gone"}
    topics = Counter(article["on_topic"] for article in truth["articles"].values())
    assert min(topics[True], topics[False]) >= 20


def test_each_link_answers_as_promised(newsroom: Newsroom) -> None:
    for url, link in newsroom.truth()["links"].items():
        reply = newsroom.fetch(url)
        if link["fate"] == "gone":
            assert reply.status == (410 if link["kind"] == "removed" else 404), url
        elif reply.status == 301:
            assert link["fate"] == "duplicate_url"
            assert reply.headers["location"] == link["same_as"]
        else:
            assert reply.status == STATUS_OF_FATE.get(link["fate"], 200), url
            assert reply.headers["content-type"].startswith("text/html")


def test_pages_show_title_and_golden_text(newsroom: Newsroom) -> None:
    outlets = {outlet.id: outlet for outlet in OUTLETS}
    for url, article in newsroom.truth()["articles"].items():
        page = read_page(newsroom, outlets[article["source"]], url)
        text = squeeze(page.text_content())
        assert squeeze(page.xpath("string(//h1)")) == squeeze(article["title"]), url
        assert all(squeeze(paragraph) in text for paragraph in article["paragraphs"]), url
        assert len(text) > 1.15 * len(" ".join(article["paragraphs"])), f"{url} has no boilerplate"


def test_every_publication_moment_is_written_on_the_page_or_in_a_seed(room: Newsroom) -> None:
    room.advance()
    truth = room.truth(2)
    for url, article in truth["articles"].items():
        links = [link for link in truth["links"].values() if link["same_as"] == url] or [truth["links"][url]]
        places = [url, *links[0]["seeds"]]
        assert any(article["published_raw"].encode() in room.fetch(place).body for place in places), url
    zones = {article["published_raw"][-6:] for article in truth["articles"].values()}
    assert zones == {"+04:30", "+03:00", "+05:00", "+00:00"}


def test_bodies_read_like_news(room: Newsroom) -> None:
    for url, article in room.truth(2)["articles"].items():
        words = sum(len(paragraph.split()) for paragraph in article["paragraphs"])
        floor = 110 if article["language"] == "en" and not article["paywalled"] else 90
        assert floor <= words <= 420, (url, words)
        assert not re.search(r"[\[\]<>]|##", " ".join(article["paragraphs"])), url
        assert article["published_at"].startswith("2018-11-") and article["published_at"].endswith("Z")
        assert article["authors"] or article["series"], url


def test_variants_share_one_article(room: Newsroom) -> None:
    groups: dict[str, list[str]] = {}
    for url, link in room.truth(1)["links"].items():
        if link["same_as"]:
            groups.setdefault(link["same_as"], []).append(link["fate"])
            assert url == link["same_as"] or link["fate"] == "duplicate_url"
    assert sorted(map(len, groups.values())) == [2, 4]
    assert all(fates.count("article") == 1 for fates in groups.values())
    amp = room.fetch("http://hindukush-post.example/amp/2018/11/08/council-members-board-plane-for-moscow").body
    canonical = "http://hindukush-post.example/2018/11/08/council-members-board-plane-for-moscow"
    assert f'rel="canonical" href="{canonical}"'.encode() in amp


def test_wire_story_runs_in_four_outlets_with_local_edits(room: Newsroom) -> None:
    editions = [a for a in room.truth(1)["articles"].values() if a["wire"] == "moscow-table"]
    assert len({a["source"] for a in editions}) == len({a["title"] for a in editions}) == len(editions) == 4
    assert len({tuple(a["authors"]) for a in editions}) == 1, "the byline is kept"
    assert len({a["paragraphs"][0] for a in editions}) == 4, "each has a lead of its own"
    assert len({len(a["paragraphs"]) for a in editions}) >= 3, "cut at different paragraphs"
    shared = set.intersection(*(set(a["paragraphs"]) for a in editions))
    assert len(shared) >= 4
    fruit = [Counter(a["wire"] for a in room.truth(n)["articles"].values())["pomegranate-harvest"] for n in (1, 2)]
    assert fruit == [2, 3], "a straggler joins in stage 2"


def test_daily_templates_differ_in_little_but_numbers(room: Newsroom) -> None:
    series: dict[str, list[str]] = {}
    for article in room.truth(2)["articles"].values():
        if article["series"]:
            series.setdefault(article["series"], []).append(" ".join(article["paragraphs"]))
    assert set(series) == {"kabul-weather", "afghani-rates"}
    for bodies in series.values():
        assert len(bodies) == len(set(bodies)) >= 3
        wordings = {re.sub(r"-?\d+(\.\d+)?|\b\w+day\b", "#", body) for body in bodies}
        assert len(wordings) == 1


def test_stage_two_corrects_updates_and_adds(room: Newsroom) -> None:
    room.reset()
    first, second = room.truth(1), room.truth(2)
    assert set(first["articles"]) < set(second["articles"])
    changed = {u for u, a in first["articles"].items() if a["paragraphs"] != second["articles"][u]["paragraphs"]}
    march, live = (
        "http://gulf-ledger.example/world/peace-march-reaches-ghazni",
        "http://gulf-ledger.example/live/moscow-talks",
    )
    assert changed == {march, live}
    feed = "http://gulf-ledger.example/feeds/atom.xml"
    before = {e.link: e.updated_parsed for e in feedparser.parse(room.fetch(feed).body).entries}
    assert b"About 4,000" in room.fetch(march).body
    assert room.advance() == 2 == room.stage()
    assert room.advance() == 2, "the last stage stays"
    after = {e.link: e.updated_parsed for e in feedparser.parse(room.fetch(feed).body).entries}
    page = room.fetch(march).body
    assert b"About 1,400" in page and b"Correction, 10 November" in page
    assert after[march] > before[march] and after[live] > before[live]
    assert room.fetch(live).body.count(b'class="live-update"') == 6
    fresh = set(second["articles"]) - set(first["articles"])
    assert all(room.fetch(url).status == 200 for url in fresh)
    assert room.reset() == 1
    assert all(room.fetch(url).status == 404 for url in fresh), "not yet written in stage 1"


def test_validators_answer_304_and_change_with_the_stage(room: Newsroom) -> None:
    room.reset()
    urls = [seed.url for _, seed in SEEDS if seed.dialect != "index"]
    first = {url: room.fetch(url, {"Accept-Encoding": "gzip"}) for url in urls}
    for url, reply in first.items():
        for condition in (
            {"If-None-Match": reply.headers["etag"]},
            {"If-None-Match": f'"other", W/{reply.headers["etag"]}'},
            {"If-Modified-Since": reply.headers["last-modified"]},
        ):
            again = room.fetch(url, condition)
            assert (again.status, again.body) == (304, b""), url
        stale = {"If-None-Match": '"other"', "If-Modified-Since": reply.headers["last-modified"]}
        assert room.fetch(url, stale).status == 200, "If-None-Match outranks the date"
        assert room.fetch(url, {"If-Modified-Since": "yesterday"}).status == 200
    room.advance()
    for url, reply in first.items():
        assert room.fetch(url, {"If-None-Match": reply.headers["etag"]}).status in {200, 304}
        moved = room.fetch(url, {"If-Modified-Since": reply.headers["last-modified"]}).status
        assert moved == room.fetch(url, {"If-None-Match": reply.headers["etag"]}).status, url
    quiet = [url for url, reply in first.items() if room.fetch(url).headers["etag"][:20] == reply.headers["etag"][:20]]
    assert set(quiet) <= {"http://feeds.harirud-times.example/all", "http://naya-ufaq.example/city"}


def test_gzip_head_and_keep_alive(room: Newsroom) -> None:
    home = "http://hindukush-post.example/"
    plain, packed = room.fetch(home), room.fetch(home, {"Accept-Encoding": "gzip, deflate"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip" and packed.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["etag"] != plain.headers["etag"]
    head = room.fetch(home, method="HEAD")
    assert head.body == b"" and head.headers["content-length"] == str(len(plain.body))
    with socket.create_connection(("127.0.0.1", room.port), timeout=60) as connection:
        for _ in range(2):
            connection.sendall(b"HEAD / HTTP/1.1\r\nHost: gulf-ledger.example\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_charsets(room: Newsroom) -> None:
    russian = room.fetch("http://neva-vestnik.example/politika/moskovskij-format")
    assert russian.headers["content-type"] == "text/html; charset=windows-1251"
    assert "Станикзай" in russian.body.decode("windows-1251")
    with pytest.raises(UnicodeDecodeError):
        russian.body.decode("utf-8")
    silent = room.fetch("http://spin-ghar-news.example/khabar.php/3101")
    assert silent.headers["content-type"] == "text/html" and b"charset" not in silent.body
    assert "ستانکزي" in silent.body.decode("utf-8")


def test_manners(room: Newsroom) -> None:
    replies = {outlet.id: room.fetch(f"{outlet.home}robots.txt") for outlet in OUTLETS}
    statuses = Counter(reply.status for reply in replies.values())
    assert statuses[404] == 1 and statuses[503] == 1 and statuses[200] == len(OUTLETS) - 2
    assert b"Crawl-delay: 1" in replies["naya-ufaq"].body
    assert b"Disallow: /private/" in replies["hindukush-post"].body
    blocked = [url for url, link in room.truth()["links"].items() if link["fate"] == "blocked_by_robots"]
    assert {urlsplit(url).netloc for url in blocked} == {"hindukush-post.example", "harirud-times.example"}
    assert room.fetch("http://feeds.harirud-times.example/robots.txt").status == 404


def test_front_pages_point_to_their_feeds(room: Newsroom) -> None:
    for outlet in OUTLETS:
        page = read_page(room, outlet, outlet.home)
        found = {urljoin(outlet.home, href) for href in page.xpath("//link[@rel='alternate']/@href")}
        assert found == {seed.url for seed in outlet.seeds if seed.kind == "feed"}


def test_source_lists(room: Newsroom) -> None:
    sources = tomllib.loads(room.sources())["source"]
    assert [source["id"] for source in sources] == [outlet.id for outlet in OUTLETS]
    listed = {url for s in sources for kind in ("feeds", "sitemaps", "sections") for url in s.get(kind, ())}
    assert listed == {seed.url for _, seed in SEEDS if seed.listed}
    opml = read_xml(room.fetch("http://newsroom.test/sources.opml").body)
    assert set(opml.xpath("//outline/@xmlUrl")) == {seed.url for _, seed in SEEDS if seed.kind == "feed"}
    assert tomllib.loads(room.hostile_source())["source"][0]["feeds"] == ["http://hostile.example/feed.xml"]


def test_paywall_and_live_blog_say_so_in_json_ld(room: Newsroom) -> None:
    def read(url: str) -> dict[str, Any]:
        page = read_page(room, OUTLETS[0], url)
        found: dict[str, Any] = json.loads(page.xpath("//script[@type='application/ld+json']/text()")[0])
        return found

    wall = read("http://capital-wire.example/article/price-of-a-seat-id4409")
    assert wall["isAccessibleForFree"] is False
    live = read("http://gulf-ledger.example/live/moscow-talks")
    assert live["@type"] == "LiveBlogPosting" and len(live["liveBlogUpdate"]) >= 4
    graph = read("http://hindukush-post.example/2018/11/07/women-ask-for-chairs-not-promises")["@graph"]
    assert {"NewsArticle", "Person", "WebPage"} <= {node["@type"] for node in graph}


def test_unknown_places_and_methods(room: Newsroom) -> None:
    assert room.fetch("http://nobody.example/").status == 502
    assert room.fetch("http://gulf-ledger.example/nothing").status == 404
    assert room.fetch("http://127.0.0.1:1/").status == 502
    assert room.fetch("http://gulf-ledger.example/", method="POST").status == 405
    assert room.fetch("http://newsroom.test/elsewhere", method="POST").status == 404
    assert room.fetch(f"{room.url}/stage").status == 200, "its own address is the control host"
    with socket.create_connection(("127.0.0.1", room.port), timeout=60) as connection:
        connection.sendall(b"GET http://[broken/ HTTP/1.1\r\nHost: broken\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 400")
    with socket.create_connection(("127.0.0.1", room.port), timeout=60) as connection:
        connection.sendall(b"CONNECT gulf-ledger.example:443 HTTP/1.1\r\nHost: gulf-ledger.example:443\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 501")


def test_access_log_tells_every_request(room: Newsroom) -> None:
    room.fetch("http://gulf-ledger.example/about?x=1", {"User-Agent": "log-test", "If-None-Match": '"a"'})
    row = [row for row in room.accesses() if row["user_agent"] == "log-test"][-1]
    assert (row["host"], row["path"], row["status"], row["method"]) == ("gulf-ledger.example", "/about?x=1", 200, "GET")
    assert row["conditional"] and abs(row["at"] - time.time()) < 60


def test_the_process_ends_with_the_block_and_on_signals(tmp_path: Path) -> None:
    with start() as brief:
        os.kill(brief.pid, 0)
        assert brief.accesses() == []
        command = [sys.executable, "-m", "tests.newsroom", "--port", str(brief.port)]
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
        assert second.returncode == 1 and f"port {brief.port}" in second.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(brief.pid, 0)
    child = subprocess.Popen([sys.executable, "-m", "tests.newsroom"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert set(json.loads(child.stdout.readline())) == {"port", "url"}
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=300)
    assert child.returncode == 0


def test_latency_is_kept() -> None:
    with start(latency_ms=150) as slow:
        began = time.monotonic()
        slow.stage()
        assert time.monotonic() - began >= 0.15


PRINTABLE = st.text(st.characters(min_codepoint=32, blacklist_categories=("Cs", "Cc", "Cn", "Co")), min_size=1)


@given(PRINTABLE)
def test_rendering_and_cleaning_agree(text: str) -> None:
    shown = "".join(html.fragment_fromstring(render_block(text), create_parent="div").itertext())
    assert squeeze(shown) == squeeze(clean_paragraph(text))


@settings(max_examples=40)
@given(title=PRINTABLE.map(squeeze).filter(bool), dialect=st.sampled_from(["rss091", "rss10", "rss20", "atom", "json"]))
def test_feeds_carry_any_title(title: str, dialect: str) -> None:
    outlet = OUTLETS[0]
    entry = replace(outlet.entries[0], title=title)
    seed = replace(outlet.seeds[0], dialect=dialect, kind="feed", full_text=False)
    body, kind = write_feed(outlet, seed, [(outlet.url(entry.path), entry)])
    if dialect == "json":
        assert json.loads(body)["items"][0]["title"] == title and kind == "application/feed+json"
    else:
        tree = read_xml(body)
        titles = tree.xpath("//*[local-name()='item' or local-name()='entry']/*[local-name()='title']/text()")
        assert titles == [title]
