"""``scrapy topic`` as a user runs it: real processes, real files."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.runs import locked
from db.connection import open_archive
from pipelines.topic_file import load_topic
from tests.forked_commands import run_scrapy
from tests.topic_archive import fill_archive, make_article

PROJECT = Path(__file__).parent.parent
FILE = """\
id = "bridge"
title = "The bridge"
any = ["'bridge'"]
[[example]]
expect = "review"
title = "Bridge closes"
[[example]]
expect = "reject"
title = "Road closes"
"""


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return _scrapy("topic", *arguments)


def _scrapy(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run_scrapy(arguments, env=os.environ, timeout=300)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bridge.toml").write_text(FILE, encoding="utf-8")
    return tmp_path


def test_list_and_test_of_the_shipped_topics() -> None:
    listed = _run("list")
    assert listed.returncode == 0, listed.stderr
    assert "afghan-peace-talks  Afghan peace talks" in listed.stdout
    tested = _run("test")
    assert tested.returncode == 0, tested.stdout
    assert "examples, 0 failed\n" in tested.stdout
    assert "warning" not in tested.stdout


def test_a_failing_example_is_shown_and_ends_with_1(folder: Path) -> None:
    path = folder / "bridge.toml"
    path.write_text(FILE.replace("Road closes", "Bridge opens"), encoding="utf-8")
    done = _run("test", "bridge", "-s", f"TOPICS={folder}")
    assert done.returncode == 1
    assert f"FAILED {path}:7: review 0.41: Bridge opens" in done.stdout
    assert "expected: reject" in done.stdout
    assert "title, 1 x 'bridge': Bridge" in done.stdout
    assert "2 examples, 1 failed" in done.stdout
    path.write_text(FILE.replace("Bridge closes", "Brigde closes"), encoding="utf-8")
    assert (
        "       expected: review\n       no word of `any` stands there\n"
        in _run("test", "-s", f"TOPICS={folder}").stdout
    )


def test_mistakes_end_with_2_and_a_plain_message(folder: Path, tmp_path: Path) -> None:
    unknown = _run("test", "tunnel", "-s", f"TOPICS={folder}")
    assert unknown.returncode == 2
    assert 'there is no topic "tunnel"' in unknown.stdout + unknown.stderr
    assert _run("dance").returncode == 2
    (folder / "bridge.toml").write_text(FILE.replace("any =", "ani ="), encoding="utf-8")
    wrong = _run("test", "-s", f"TOPICS={folder}")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith(f'{folder}/bridge.toml:3:1: ani: there is no such key; did you mean "any"?')


def test_an_empty_folder_is_fine(tmp_path: Path) -> None:
    done = _run("test", "-s", f"TOPICS={tmp_path}")
    assert done.returncode == 0
    assert "no topics" in done.stdout


def _files(folder: Path) -> tuple[str, ...]:
    (folder / "topics").mkdir()
    (folder / "topics" / "bridge.toml").write_text(FILE, encoding="utf-8")
    (folder / "none.toml").write_text("", encoding="utf-8")
    return "-s", f"TOPICS={folder / 'topics'}", "-s", f"DATABASE={folder / 'news.db'}"


def test_a_round_of_work_on_a_topic(tmp_path: Path) -> None:
    where = _files(tmp_path)
    path = tmp_path / "topics" / "bridge.toml"
    articles = [make_article("Bridge closes", "The bridge is old."), make_article("Tunnel opens", "The tunnel is new.")]
    fill_archive(tmp_path / "news.db", articles, [load_topic(path)])
    path.write_text(FILE.replace("\"'bridge'\"", "\"'tunnel'\"").replace("review", "reject"), encoding="utf-8")
    tested = _run("test", *where)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert tested.stdout.splitlines()[-1].endswith("for the stored ones `scrapy topic diff`, then `apply`.")
    assert "changed: `scrapy topic diff`" in _run("list", *where).stdout
    crawled = _scrapy("crawl", "news", *where, "-s", f"SOURCES={tmp_path / 'none.toml'}", "-s", f"ARCHIVE={tmp_path}")
    assert crawled.stdout.endswith(" s; changed topics wait for `scrapy topic apply`: bridge\n"), crawled.stderr
    assert "not yet judged by them: bridge (`scrapy topic apply`)" in _scrapy("status", *where).stdout
    changes = _run("diff", "bridge", *where)
    assert changes.returncode == 0, changes.stderr
    assert "(was out)  2024-06-01  harbour  Tunnel opens" in changes.stdout
    applied = _run("apply", *where)
    assert applied.stdout == "bridge: 1 accepted, 0 for review\n"
    assert "changed" not in _run("list", *where).stdout
    assert "judged" not in _scrapy("status", *where).stdout
    assert "too few" in _run("suggest", *where).stdout
    assert _run("who", *where).stdout.startswith("bridge: who appears with whom\n  nobody yet: ")


def test_a_reader_may_stop_reading(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "scrapy", "topic", "list"]
    done = subprocess.run(command, cwd=PROJECT, stdout=writing, stderr=subprocess.PIPE, timeout=300, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_apply_waits_for_nobody(tmp_path: Path) -> None:
    where = _files(tmp_path)
    fill_archive(tmp_path / "news.db", [])
    with locked(tmp_path / "news.db"):
        done = _run("apply", *where)
    assert done.returncode == 75
    assert "another run is at work" in done.stderr


@pytest.mark.parametrize("action", ["diff", "apply", "suggest", "who"])
def test_without_an_archive_nothing_is_made(tmp_path: Path, action: str) -> None:
    done = _run(action, *_files(tmp_path))
    assert done.returncode == 2
    assert "no such archive" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["none.toml", "topics"]


def test_warnings_fail_nothing(tmp_path: Path) -> None:
    where = _files(tmp_path)
    path = tmp_path / "topics" / "bridge.toml"
    path.write_text(FILE.replace("[[example]]", '[sets.idle]\nen = ["idle"]\n[[example]]', 1), encoding="utf-8")
    done = _run("test", *where)
    assert done.returncode == 0
    assert f"warning: {path}: sets.idle: no expression uses this set\n" in done.stdout


def test_a_broken_file_stops_only_what_needs_it(tmp_path: Path) -> None:
    where = _files(tmp_path)
    fill_archive(tmp_path / "news.db", [], [load_topic(tmp_path / "topics" / "bridge.toml")])
    broken = tmp_path / "topics" / "aqueduct.toml"
    broken.write_text('id = "water"\ntitle = ', encoding="utf-8")
    for action in ("test", "diff", "apply", "suggest", "who"):
        done = _run(action, "bridge", *where)
        assert done.returncode == 0, done.stderr
        assert done.stderr.startswith(f"warning: left out: {broken}:2:9: ")
        assert done.stderr.count("\n") == 1
        assert done.stdout
    for words in (("diff",), ("apply",), ("suggest", "water"), ("test", "water")):
        done = _run(*words, *where)
        assert (done.returncode, done.stdout) == (2, "0 examples, 0 failed\n" * (words[0] == "test"))
        assert done.stderr.startswith(f"{broken}:2:9: ")
    listed = _run("list", *where)
    assert listed.returncode == 2
    assert listed.stderr.startswith(f"{broken}:2:9: ")
    assert listed.stdout.startswith("bridge  The bridge\n")
    tested = _run("test", *where)
    assert (tested.returncode, "2 examples, 0 failed" in tested.stdout) == (2, True)
    assert _scrapy("crawl", "news", *where, "-s", f"SOURCES={tmp_path / 'none.toml'}").returncode == 2


def test_a_topic_without_a_file_is_told_and_noted(tmp_path: Path) -> None:
    where = _files(tmp_path)
    path = tmp_path / "topics" / "bridge.toml"
    ferry = replace(load_topic(path), id="ferry")
    fill_archive(tmp_path / "news.db", [make_article("Bridge", "The bridge.")], [load_topic(path), ferry])
    db = open_archive(tmp_path / "news.db")
    db.execute("UPDATE topics SET applied_at = NULL")
    db.close()
    gone = "ferry: its file is gone; the matches found with it stay, new articles are not judged by it\n"
    assert _run("list", *where).stdout.endswith(gone)
    assert "without a file, their matches stay: ferry\n" in _scrapy("status", *where).stdout
    assert "stored articles not yet judged by them: bridge (" in _scrapy("status", *where).stdout
    assert _run("apply", "bridge", *where).stdout.count("\n") == 1  # a topic was named: the others are left alone
    applied = _run("apply", *where)
    assert applied.stdout == "bridge: 1 accepted, 0 for review\n" + gone
    assert "ferry" not in _scrapy("status", *where).stdout
    assert _run("list", *where).stdout.endswith(gone)
    path.unlink()
    emptied = _run("apply", *where)
    assert (emptied.returncode, emptied.stdout) == (2, "")
    assert emptied.stderr.startswith(f"{tmp_path / 'topics'}: there is no topic file, but the archive has 1 topic")
    assert "bridge" in emptied.stderr
    assert "topics without a file, their matches stay: bridge\n" in _scrapy("status", *where).stdout
    crawl = "crawl", "news", *where, "-s", f"SOURCES={tmp_path / 'none.toml'}", "-s", f"ARCHIVE={tmp_path}"
    crawled = _scrapy(*crawl)
    assert "no file any more, new articles are not judged by them: bridge" in crawled.stderr
    assert crawled.returncode == 0
    assert "bridge" not in _scrapy(*crawl).stderr  # told once
    assert "topics" not in _scrapy("status", *where).stdout
    assert _run("apply", *where).stdout.startswith("no topics in ")


def test_a_missing_folder_is_no_empty_one(tmp_path: Path) -> None:
    done = _run("list", "-s", f"TOPICS={tmp_path / 'mistyped'}")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no such folder of topics" in done.stderr
