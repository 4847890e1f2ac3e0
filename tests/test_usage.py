"""Mistyped options and surplus words are told as what they are, by every command."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from scrapy.exceptions import UsageError

from crawler.usage import refuse_arguments, refuse_options
from tests.forked_commands import run_scrapy


@pytest.mark.parametrize("args", [["--ids"], ["http://a.example/", "--id"], ["-x"], ["--", "-q"]])
def test_a_mistyped_option_is_named(args: list[str]) -> None:
    with pytest.raises(UsageError, match="no such option: -"):
        refuse_options("source", args)


def test_words_and_a_lone_dash_are_no_options() -> None:
    refuse_options("source", ["add", "http://a.example/-x-", "-"])
    refuse_arguments("status", [])


def test_a_command_without_arguments_says_so() -> None:
    with pytest.raises(UsageError, match="status takes no arguments, got: now please"):
        refuse_arguments("status", ["now", "please"])


@pytest.mark.parametrize(
    "words",
    [
        ["crawl", "news", "--frobnicate"],
        ["status", "--everything"],
        ["source", "add", "http://a.example/", "--ids", "x"],
        ["topic", "test", "--quiet"],
        ["watch", "--evry", "3"],
        ["browse", "--prot", "3"],
        ["reextract", "--all"],
        ["demo", "--to", "x"],
    ],
)
def test_every_command_refuses_an_option_it_does_not_know(words: list[str], tmp_path: Path) -> None:
    done = run_scrapy([*words, "-s", f"DATABASE={tmp_path / 'news.db'}"], env=os.environ, timeout=300)
    assert done.returncode == 2
    assert "no such option: --" in done.stderr + done.stdout
    assert not (tmp_path / "news.db").exists()
