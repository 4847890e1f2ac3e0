"""Commands in forked processes are what commands are: alone, in their own environment, with their own end."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.crawling import STRICT
from tests.forked_commands import ROOT, run_scrapy


@pytest.mark.parametrize(
    "words",
    [
        ["status", "-s", "DATABASE=/nowhere/news.db"],
        ["topic", "list", "-s", "TOPICS=/nowhere"],
        ["lines"],
        ["settings", "--get", "KEEP"],
        ["crawl", "news", "-s", "SOURCES=/nowhere/sources.toml"],
        ["nonsense"],
    ],
)
def test_it_says_and_ends_as_a_command_that_starts_from_nothing(words: list[str]) -> None:
    command = [sys.executable, "-c", STRICT, *words]
    plain = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    forked = run_scrapy(words, env=os.environ, timeout=300)
    assert (forked.returncode, forked.stdout) == (plain.returncode, plain.stdout)
    assert forked.stderr == plain.stderr.replace("-c: error: ", "scrapy: error: "), "but for the name it goes by"


def test_commands_run_side_by_side() -> None:
    kept = {}

    def ask(word: str) -> None:
        kept[word] = run_scrapy(["settings", "--get", "KEEP", "-s", f"KEEP={word}"], env=os.environ, timeout=300).stdout

    words = [f"word-{n}" for n in range(4)]
    threads = [threading.Thread(target=ask, args=(word,)) for word in words]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kept == {word: f"{word}\n" for word in words}


def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    (tmp_path / "sources.toml").write_text("")
    settings = [f"--set=DATABASE={tmp_path / 'news.db'}", f"--set=SOURCES={tmp_path / 'sources.toml'}"]
    with pytest.raises(subprocess.TimeoutExpired):
        run_scrapy(["watch", *settings], env=os.environ, timeout=3)
