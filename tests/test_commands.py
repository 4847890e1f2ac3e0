"""The commands as a person or cron meets them: exit codes, words, silence, and what runs beside a crawl."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import sqlite3
import struct
import subprocess
import termios
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from db.connection import open_archive
from tests.canary import listening, write_feed, write_page
from tests.crawling import ENOUGH_SECONDS, TOPICS, Desk, is_alive, tree_of, wait_until
from tests.newsroom import ROOT, Newsroom, start


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    with start(log=tmp_path / "access.jsonl", latency_ms=100.0) as room:
        yield room


@pytest.fixture
def desk(tmp_path: Path, newsroom: Newsroom) -> Desk:
    desk = Desk(tmp_path, newsroom.url)
    write_sources(desk, newsroom, "gulf-ledger", "hindukush-post", "capital-wire")
    return desk


def write_sources(desk: Desk, newsroom: Newsroom, *names: str) -> None:
    """Lists some of the newsroom's outlets."""
    blocks = newsroom.sources().split("[[source]]")
    kept = [block for block in blocks if any(f'id = "{name}"' in block for name in names)]
    assert len(kept) == len(names)
    desk.sources.write_text("[[source]]" + "[[source]]".join(kept), "utf-8")


def has_begun(desk: Desk) -> bool:
    """Waits until a crawl has fetched something and stored it."""
    return wait_until(desk.database.exists) and wait_until(lambda: count_links(desk) > 0)


def count_links(desk: Desk) -> int:
    """Returns how many links an archive knows that may be amid its making."""
    try:
        return int(desk.value("SELECT count(*) FROM links"))
    except sqlite3.OperationalError:
        return 0


ENDLESS_SECONDS = 20
"""A delay between the requests to a host with which a crawl takes minutes: it runs for as long as a test looks on."""


def test_beside_a_running_crawl(desk: Desk) -> None:
    """A second crawl leaves with 75 while the first goes on; status and the site read meanwhile."""
    with desk.started("crawl", "news", HOST_DELAY_SECONDS=ENDLESS_SECONDS) as run:
        assert has_begun(desk)
        second = desk.run("crawl", "news")
        assert (second.returncode, second.stdout) == (75, "")
        assert second.stderr == f"{desk.database}: another run is at work (process {run.pid})\n"
        status = desk.run("status")
        assert (status.returncode, status.stderr) == (0, "")
        assert "sources: 3," in status.stdout and "running, or ended by a crash" in status.stdout
        with desk.started("browse", "--port=0") as site:
            assert site.stdout is not None
            match = re.search(r"http://\S+", site.stdout.readline())
            assert match is not None
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"{match[0]}news/links.json?_size=5", timeout=ENOUGH_SECONDS) as answer:
                assert json.load(answer)["rows"]
        assert run.poll() is None
        run.send_signal(signal.SIGTERM)
        output, errors = run.communicate(timeout=ENOUGH_SECONDS)
    assert (run.returncode, errors) == (0, ""), "readers disturbed the crawl"
    assert output.startswith("stopped: ")
    assert desk.value("SELECT count(*) FROM runs") == 1


def test_a_crawl_is_one_line_and_silent_where_nobody_looks(desk: Desk) -> None:
    done = desk.run("crawl", "news")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(
        r"done: 7 polls \(0 unchanged\), \d+ new links, \d+ pages, \d+ new articles.* in \d+ s\n", done.stdout
    )


def test_a_person_at_a_terminal_sees_progress(desk: Desk) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    with subprocess.Popen(
        desk.arguments("crawl", "news"),
        cwd=ROOT,
        env=desk.environment(),
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    ) as run:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:  # Linux tells so that the other end is closed
            pass
        assert run.stdout is not None
        output = run.stdout.read()
    os.close(ours)
    assert run.returncode == 0 and output.startswith("done: ") and output.count("\n") == 1
    text = shown.decode()
    assert re.search(r"reading: \d+ pages", text) and re.search(r"\d+ new", text)
    assert "Traceback" not in text and "WARNING" not in text


def test_status_tells_what_is_there_what_is_due_and_what_failed(desk: Desk, newsroom: Newsroom) -> None:
    none = desk.run("status")
    assert none.returncode == 2 and "no such archive" in none.stderr and "DATABASE" in none.stderr
    text = desk.sources.read_text("utf-8")
    desk.sources.write_text(
        f'{text}\n[[source]]\nid = "nobody"\nfeeds = ["http://nobody-runs-this.example/feed"]\n', "utf-8"
    )
    desk.crawl()
    before = desk.database.stat().st_mtime_ns
    status = desk.run("status")
    assert (status.returncode, status.stderr) == (0, "")
    n_articles = desk.value("SELECT count(*) FROM articles")
    assert status.stdout.startswith(f"{n_articles} articles in ")
    assert re.search(r"nobody\s+failing\s+answered never", status.stdout)
    assert re.search(r"nobody .*: robots.txt of nobody-runs-this.example could not be had", status.stdout)
    assert re.search(r"last failed requests:\n(?:\s+.*\n)*\s+\d+ \w+ ago\s+HTTP 404: http://", status.stdout)
    assert re.search(r"last runs:\n\s+.* done in \d+ s: 8 polls, \d+ pages", status.stdout)
    assert "gulf-ledger" not in status.stdout.split("due now")[0]
    every = desk.run("status", "--all")
    assert all(name in every.stdout for name in ("gulf-ledger", "hindukush-post", "capital-wire", "nobody"))
    assert desk.database.stat().st_mtime_ns == before, "status writes nothing"
    surplus = desk.run("status", "please")
    assert surplus.returncode == 2 and "takes no arguments" in surplus.stdout + surplus.stderr


def test_secrets_in_addresses_stay_out_of_the_log(tmp_path: Path) -> None:
    with listening() as server:
        home = f"http://127.0.0.1:{server.server_port}"
        page = {"Content-Type": "text/html"}
        links = write_feed(
            f"http://reader:hunter2@127.0.0.1:{server.server_port}/page",
            f"{home}/other?id=4&access_token=tell-nobody&x=1",
            f"{home}/gone?apikey=tell-nobody",
            "http://reader:hunter2@10.0.0.1/inside?session_id=tell-nobody",
            f"{home}/moved?sig=tell-nobody",
        )
        server.pages = {
            "/feed.xml?token=tell-nobody": (200, {"Content-Type": "application/rss+xml"}, links),
            "/page": (200, page, write_page("One page")),
            "/other?id=4&access_token=tell-nobody&x=1": (200, page, write_page("Another page")),
            "/moved?sig=tell-nobody": (302, {"Location": f"{home}/page?password=hunter2"}, b""),
        }
        desk = Desk(tmp_path, settings={"ALLOW_PRIVATE": f"127.0.0.1:{server.server_port}"})
        desk.sources.write_text(f'[[source]]\nid = "inside"\nfeeds = ["{home}/feed.xml?token=tell-nobody"]\n', "utf-8")
        done = desk.run("crawl", "news", LOG_LEVEL="DEBUG")
        status = desk.run("status", "--all")
        asked = server.paths
    assert done.returncode == 0 and "DEBUG" in done.stderr and f"127.0.0.1:{server.server_port}" in done.stderr
    assert "/feed.xml?token=tell-nobody" in asked, "the outlet itself is told its token"
    told = done.stdout + done.stderr + status.stdout + status.stderr
    leaks = [line for line in told.splitlines() if "hunter2" in line or "tell-nobody" in line]
    assert leaks == []


def test_watch_goes_round_by_round_and_outlives_a_failing_one(desk: Desk) -> None:
    good = desk.sources.read_text("utf-8")
    desk.sources.write_text("[[source]\n", "utf-8")
    said = []
    with desk.started("watch", "--every=0.3") as watch:
        assert watch.stdout is not None
        said.append(watch.stdout.readline())
        mended = desk.folder / "mended.toml"
        mended.write_text(good, "utf-8")
        mended.replace(desk.sources)  # in one step: a round that begins meanwhile reads the one or the other
        while not said[-1].startswith("done: "):
            assert said[-1] == "round ended with exit code 2; the next one tries again\n"
            said.append(watch.stdout.readline())
        watch.send_signal(signal.SIGTERM)
        _, errors = watch.communicate(timeout=ENOUGH_SECONDS)
    assert len(said) >= 2
    assert watch.returncode == 0
    assert "sources.toml" in errors and "Traceback" not in errors
    assert desk.value("SELECT count(*) FROM articles") > 10
    assert desk.faults() == []


def test_watch_ends_after_as_many_rounds_as_asked(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.sources.write_text("[[source]\n", "utf-8")
    done = desk.run("watch", "--every=0.3", "--rounds=2")
    assert done.returncode == 0
    assert done.stdout == "round ended with exit code 2; the next one tries again\n", "and after the second none does"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_watch_asked_to_stop_ends_its_round_and_leaves_nobody(desk: Desk, number: signal.Signals) -> None:
    with desk.started("watch", "--every=0.3", HOST_DELAY_SECONDS=ENDLESS_SECONDS) as watch:
        assert has_begun(desk)
        tree = tree_of(watch.pid)
        assert len(tree) >= 2
        watch.send_signal(number)
        output, errors = watch.communicate(timeout=ENOUGH_SECONDS)
        assert wait_until(lambda: not any(is_alive(pid) for pid in tree))
    assert (watch.returncode, errors) == (0, "")
    assert re.fullmatch(r"stopped: .*\n", output)
    assert desk.rows("SELECT outcome FROM runs") == [("stopped",)]
    assert desk.faults() == []


@pytest.mark.parametrize("options", [["--every=0"], ["--rounds=0"], ["now"]])
def test_watch_refuses_nonsense(tmp_path: Path, options: list[str]) -> None:
    done = Desk(tmp_path).run("watch", *options)
    assert done.returncode == 2 and done.stdout + done.stderr and "Traceback" not in done.stderr


def make_newer(desk: Desk) -> None:
    db = open_archive(desk.database)
    db.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('parley', 'm999_tomorrow', '')"
    )
    db.close()


MISTAKES: dict[str, tuple[Callable[[Desk], object], dict[str, str], list[str]]] = {
    "sources that are no TOML": (
        lambda desk: desk.sources.write_text('[[source]]\nid = "a"\nfeeds = ["http://a.example/f"\n'),
        {},
        [r"sources\.toml", r"line \d|:\d"],
    ),
    "sources with an unknown key": (
        lambda desk: desk.sources.write_text('[[source]]\nid = "a"\nfeed = ["http://a.example/f"]\n'),
        {},
        [r"sources\.toml", r"3", "feeds"],
    ),
    "sources that are not there": (
        lambda desk: desk.sources.unlink(),
        {},
        [r"sources\.toml", "no such file", "scrapy source add"],
    ),
    "a topic that is no TOML": (
        lambda desk: (desk.folder / "topics" / "bad.toml").write_text('id = "bad"\ntitle = \n'),
        {"TOPICS": "{folder}/topics"},
        [r"bad\.toml", r"2"],
    ),
    "a topic with a broken rule": (
        lambda desk: (desk.folder / "topics" / "bad.toml").write_text(
            'id = "bad"\ntitle = "Bad"\nany = ["alpha &"]\n[sets.alpha]\nen = ["one"]\n'
        ),
        {"TOPICS": "{folder}/topics"},
        [r"bad\.toml", r"3"],
    ),
    "a folder of topics that is not there": (lambda desk: None, {"TOPICS": "{folder}/nowhere"}, ["nowhere"]),
    "a database that is none": (
        lambda desk: desk.database.write_bytes(b"This is a letter, not a database.\n" * 100),
        {},
        [r"news\.db", "not a database"],
    ),
    "a database of a newer Parley": (make_newer, {}, [r"news\.db", "newer", "m999_tomorrow", "upgrade"]),
    "a database in a folder that is not there": (
        lambda desk: None,
        {"DATABASE": "{folder}/nowhere/news.db"},
        ["nowhere", "DATABASE"],
    ),
    "a database that is a folder": (lambda desk: None, {"DATABASE": "{folder}/topics"}, ["topics"]),
    "an archive of raw pages that is a file": (
        lambda desk: None,
        {"ARCHIVE": "{folder}/sources.toml"},
        [r"sources\.toml: is no folder", "ARCHIVE"],
    ),
    "a setting that is not known": (lambda desk: None, {"KEEP": "some"}, ["KEEP", "'some'", "all, matches"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_place_and_remedy_and_changes_nothing(tmp_path: Path, mistake: str) -> None:
    spoil, settings, words = MISTAKES[mistake]
    desk = Desk(tmp_path, proxy="http://127.0.0.1:9")
    (tmp_path / "topics").mkdir()
    desk.sources.write_text('[[source]]\nid = "a"\nfeeds = ["http://a.example/feed"]\n', "utf-8")
    open_archive(desk.database).close()
    spoil(desk)
    before = desk.database.read_bytes()
    given = {name: value.format(folder=tmp_path) for name, value in settings.items()}
    done = desk.run("crawl", "news", **given)  # type: ignore[arg-type]
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "Traceback" not in done.stderr
    assert [word for word in words if not re.search(word, done.stderr)] == [], done.stderr
    assert len(done.stderr.splitlines()) <= 6, done.stderr
    assert desk.database.read_bytes() == before
    assert not desk.warcs.exists()


def test_unknown_arguments_of_the_spider_are_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.sources.write_text("", "utf-8")
    for argument, words in (("due=tomorrow", ["due=tomorrow", "due=all"]), ("deu=all", ["deu=all", "due=all"])):
        done = desk.run("crawl", "news", "-a", argument)
        assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
        assert all(word in done.stderr for word in words), done.stderr


def test_topics_and_sources_may_be_empty(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.sources.write_text("", "utf-8")
    (tmp_path / "topics").mkdir()
    assert desk.crawl(TOPICS=tmp_path / "topics").startswith("done: 0 polls")
    assert desk.crawl(TOPICS=TOPICS).startswith("done: 0 polls")
    with closing(sqlite3.connect(desk.database)) as db:
        assert db.execute("SELECT count(*) FROM topics WHERE status = 'active'").fetchone()[0] >= 1
