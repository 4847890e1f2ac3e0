"""A feed that wants to do harm: bombs, endless bodies, monstrous pages, and links to where no crawler may go."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.canary import listening, write_feed, write_page
from tests.crawling import Desk, made_once, read_log, resident_bytes, tree_of
from tests.newsroom import start
from tests.newsroom.hostile import FORBIDDEN_LINKS, GOOD_TEXTS, HOST

TIMEOUT_SECONDS = 10
"""In it a busy machine answers for a page that is none of the traps."""
BOUND_SECONDS = 300.0
"""More than all time limits together; the slow page alone would take twice as long, the endless one for ever."""
PEAK_BYTES = 700 << 20


@dataclass
class Watched:
    """What was seen of a run from outside."""

    seconds: float = 0.0
    peak_bytes: int = 0
    output: str = ""
    errors: str = ""
    code: int | None = None


def watch(desk: Desk, **settings: object) -> Watched:
    """Runs a crawl while measuring the memory of all its processes."""
    seen, began = Watched(), time.monotonic()
    with desk.started("crawl", "news", **settings) as run:
        while run.poll() is None and time.monotonic() - began < BOUND_SECONDS:
            seen.peak_bytes = max(seen.peak_bytes, resident_bytes(tree_of(run.pid)))
            time.sleep(0.05)
        seen.code = run.poll()
        seen.seconds = time.monotonic() - began
        seen.output, seen.errors = run.communicate(timeout=60)
    return seen


def make_hostile(folder: Path) -> None:
    with start(log=folder / "access.jsonl") as newsroom:
        desk = Desk(folder, newsroom.url)
        desk.sources.write_text(newsroom.hostile_source(), "utf-8")
        newsroom.fetch(f"http://{HOST}/bomb", method="HEAD")  # it is made when first asked for, which may take long
        seen = watch(desk, DOWNLOAD_TIMEOUT=TIMEOUT_SECONDS)
        later = desk.run("crawl", "news", DOWNLOAD_TIMEOUT=TIMEOUT_SECONDS)
    lines = [seen.seconds, seen.peak_bytes, seen.code, repr(seen.output), repr(seen.errors), later.returncode]
    (folder / "seen").write_text("\n".join(map(str, lines)), "utf-8")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(made_once(tmp_path_factory, "hostile-crawl", make_hostile))


def fate_of(desk: Desk, path: str) -> tuple[str, str]:
    (row,) = desk.rows("SELECT fate, coalesce(reason, '') FROM links WHERE url = ?", f"http://{HOST}{path}")
    return row[0], row[1]


def test_the_good_pages_beside_the_bad_are_stored(hostile: Desk) -> None:
    for path, (title, paragraphs) in GOOD_TEXTS.items():
        fate, _ = fate_of(hostile, path)
        assert fate == "article", path
        rows = hostile.rows(
            "SELECT a.title, t.body FROM articles a JOIN article_text t ON t.id = a.id WHERE a.url = ?",
            f"http://{HOST}{path}",
        )
        assert rows == [(title, "\n\n".join(paragraphs))]
    assert hostile.faults() == []


@pytest.mark.parametrize(
    ("path", "fates", "reason"),
    [
        ("/bomb", {"failed"}, r"larger than DOWNLOAD_MAXSIZE"),
        ("/endless", {"failed", "pending"}, r"larger than DOWNLOAD_MAXSIZE|longer than DOWNLOAD_TIMEOUT"),
        ("/slow", {"pending"}, r"longer than DOWNLOAD_TIMEOUT"),
        ("/retry-after", {"article", "duplicate_url"}, r""),
        ("/nul", {"article", "duplicate_url"}, r""),
    ],
)
def test_each_trap_has_a_fate_and_a_reason(hostile: Desk, path: str, fates: set[str], reason: str) -> None:
    fate, why = fate_of(hostile, path)
    assert fate in fates and re.search(reason, why), (fate, why)


@pytest.mark.parametrize("path", ["/paragraphs", "/deep"])
def test_monstrous_pages_cost_themselves_only(hostile: Desk, path: str) -> None:
    fate, why = fate_of(hostile, path)
    assert fate == "article" or (fate in ("failed", "not_article") and why), (fate, why)


def test_characters_that_xml_forbids_do_not_lose_an_article(hostile: Desk) -> None:
    (row,) = hostile.rows(
        "SELECT t.title, t.body FROM links l JOIN article_text t ON t.id = l.article_id WHERE l.url = ?",
        f"http://{HOST}/nul",
    )
    title, body = row
    assert "noughts" in title or title == GOOD_TEXTS["/good-2"][0]
    assert "\x00" not in title + body and "\ufffe" not in body and "black radish" in body


def test_the_host_that_asked_for_patience_got_it(hostile: Desk) -> None:
    asked = [row["at"] for row in read_log(hostile.folder / "access.jsonl") if row["path"] == "/retry-after"]
    assert len(asked) == 2 and asked[1] - asked[0] >= 2.0


def test_no_forbidden_address_was_asked_for(hostile: Desk) -> None:
    hosts = {row["host"] for row in read_log(hostile.folder / "access.jsonl")}
    assert hosts <= {HOST, "newsroom.test"}
    refused = dict(hostile.rows("SELECT url, reason FROM links WHERE fate = 'refused'"))
    http = [url for url in FORBIDDEN_LINKS if url.startswith("http")]
    assert len(refused) >= len(http) - 2, "spellings of one address are one link"
    assert all(reason for reason in refused.values())
    assert hostile.value("SELECT count(*) FROM fetches WHERE url NOT LIKE ?", f"http://{HOST}/%") == 0


def test_memory_and_time_stay_bounded(hostile: Desk) -> None:
    seconds, peak, code, output, errors, later = (hostile.folder / "seen").read_text("utf-8").splitlines()
    assert float(seconds) < BOUND_SECONDS, output
    assert 0 < int(peak) < PEAK_BYTES, f"{int(peak) >> 20} MB"
    assert (code, later) == ("0", "0"), (output, errors)
    assert errors == "''", "traps are no news for the person at the terminal"


def spellings(port: int) -> list[str]:
    """Returns the ways to write the loopback address that resolvers and C libraries understand."""
    hosts = (
        "127.0.0.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1", "127.1", "127.0.1", "[::1]",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "localhost",
        "LOCALHOST.", "foo.localhost", "①②⑦.0.0.1", "127。0。0。1", "%31%32%37.0.0.1", "0", "0.0.0.0", "127.0.0.1.",
        "user:pass@127.0.0.1", "ip6-localhost", "127.255.255.254", "[::]",
    )  # fmt: skip
    return [f"http://{host}:{port}/secret-{number}" for number, host in enumerate(hosts)]


def test_no_spelling_of_loopback_is_connected_to(tmp_path: Path) -> None:
    """Without a proxy, so that connections would be real: one server is allowed as an exact pair, the other is not."""
    with listening() as public, listening() as canary:
        home = f"http://127.0.0.1:{public.server_port}"
        feed = write_feed(f"{home}/page", *spellings(canary.server_port), f"{home}/moved", f"{home}/moved-name")
        public.pages = {
            "/feed.xml": (200, {"Content-Type": "application/rss+xml"}, feed),
            "/page": (200, {"Content-Type": "text/html"}, write_page("The page that may be read")),
            "/moved": (302, {"Location": f"http://127.0.0.1:{canary.server_port}/secret"}, b""),
            "/moved-name": (301, {"Location": f"http://2130706433:{canary.server_port}/secret"}, b""),
        }
        canary.pages = {"/secret": (200, {"Content-Type": "text/html"}, write_page("A secret"))}
        desk = Desk(tmp_path, settings={"ALLOW_PRIVATE": f"127.0.0.1:{public.server_port}"})
        desk.sources.write_text(f'[[source]]\nid = "inside"\nfeeds = ["{home}/feed.xml"]\n', "utf-8")
        desk.crawl()
        assert canary.connections == 0, canary.paths
        assert sorted(set(public.paths)) == ["/feed.xml", "/moved", "/moved-name", "/page", "/robots.txt"]
    assert desk.rows("SELECT url, title FROM articles") == [(f"{home}/page", "The page that may be read")]
    unsafe = desk.rows("SELECT url, fate, reason FROM links WHERE url NOT LIKE ?", f"{home}/page")
    assert len(unsafe) >= 10
    assert [row for row in unsafe if row[1] != "refused" or not row[2]] == []
    moved = dict(desk.rows("SELECT url, reason FROM links WHERE url LIKE '%/moved%'"))
    assert all("not on the public internet" in reason for reason in moved.values()), moved
    assert desk.faults() == []


def test_seeds_on_private_addresses_are_refused_with_a_reason(tmp_path: Path) -> None:
    with listening() as canary:
        desk = Desk(tmp_path)
        seeds = ", ".join(f'"http://127.0.0.1:{canary.server_port}/feed-{number}.xml"' for number in range(3))
        desk.sources.write_text(f'[[source]]\nid = "inside"\nfeeds = [{seeds}]\n', "utf-8")
        done = desk.run("crawl", "news")
        assert canary.connections == 0
    assert done.returncode == 1, "every poll failed: somebody should look"
    assert all("not on the public internet" in note for (note,) in desk.rows("SELECT note FROM seeds"))


def test_monstrous_headers_cost_one_page(tmp_path: Path) -> None:
    """Each on a host of its own, because a host that breaks the protocol is left alone for a while."""
    html = {"Content-Type": "text/html"}
    answers = {
        "/huge": (200, {**html, "X-Huge": "x" * 300_000}, write_page("Huge")),
        "/many": (200, {**html, **{f"X-{n}": "y" * 60 for n in range(2000)}}, write_page("Many")),
        "/page": (200, html, write_page("The neighbour")),
    }
    with listening() as first, listening() as second, listening() as third:
        rooms = dict(zip(answers, (first, second, third), strict=True))
        for path, room in rooms.items():
            room.pages = {path: answers[path]}
        homes = {path: f"http://127.0.0.1:{room.server_port}" for path, room in rooms.items()}
        links = write_feed(*(f"{homes[path]}{path}" for path in answers))
        third.pages["/feed.xml"] = (200, {"Content-Type": "application/rss+xml"}, links)
        desk = Desk(
            tmp_path, settings={"ALLOW_PRIVATE": ",".join(home.removeprefix("http://") for home in homes.values())}
        )
        desk.sources.write_text(f'[[source]]\nid = "inside"\nfeeds = ["{homes["/page"]}/feed.xml"]\n', "utf-8")
        desk.crawl(DOWNLOAD_TIMEOUT=TIMEOUT_SECONDS)
    rows = {url.rpartition("/")[2]: rest for url, *rest in desk.rows("SELECT url, fate, reason FROM links")}
    assert rows["page"] == ["article", None]
    assert rows["many"][0] == "article"
    fate, reason = rows["huge"]
    assert fate == "pending" and reason.startswith("the connection failed: ") and "<" not in reason, reason
    assert desk.faults() == []
