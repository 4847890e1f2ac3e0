"""Text out of strings of markup, and lines out of text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.fragments import read_fragment, split_lines


@pytest.mark.parametrize(
    ("markup", "lines"),
    [
        ("One.\n\nTwo.", ["One.", "Two."]),
        ("<p>One.</p><p>Two.</p>", ["One.", "Two."]),
        ("One.<br>Two.<br/>\nThree.", ["One.", "Two.", "Three."]),
        ("<div><h2>Head</h2><ul><li>one</li><li>two</li></ul></div>", ["Head", "one", "two"]),
        ("&lt;p&gt;One &amp;amp; two.&lt;/p&gt;", ["One & two."]),
        ("<p>미래가 달렸<strong>다</strong>는 평가다.</p>", ["미래가 달렸다는 평가다."]),
        ('<p>See <a href="https://a.example/?' + "x" * 900 + '" class="link">the feed</a>.</p>', ["See the feed."]),
        ("Five < six, and seven > two.", ["Five < six, and seven > two."]),
        ("## What it means\n**Never again**, she said.", ["What it means", "Never again, she said."]),
        ("A [quiet](https://a.example/b) lane ![](https://a.example/c.jpg)", ["A quiet lane"]),
        ("+++feature-small\n[#image: /photos/62e3]|||A room.|||\n+++\nText.", ["Text."]),
        ("2 ** 3 and 3 ** 2", ["2 ** 3 and 3 ** 2"]),
        ("#1 in the list", ["#1 in the list"]),
        ("", []),
    ],
)
def test_fragment(markup: str, lines: list[str]) -> None:
    assert read_fragment(markup) == lines


def test_rules_are_no_lines() -> None:
    text = "One.\n___\n* * *\n|---|---|\n::\n◇\nTwo…\n…\n[…]\n🎄\n—"
    assert split_lines(text) == ["One.", "Two…", "…", "[…]", "🎄"]


@given(st.text())
def test_fragment_is_clean_and_stable(text: str) -> None:
    lines = read_fragment(text)
    assert all(line == " ".join(line.split()) and line for line in lines)
    assert split_lines("\n".join(lines)) == lines


@pytest.mark.parametrize("part", ["<", "<a ", "**", "**a", "[", "[#", "![a](", "&lt;", "+++", "#", "<p>"])
def test_long_hostile_strings_take_no_time(part: str) -> None:
    started = time.process_time()
    read_fragment(part * 40_000)
    assert time.process_time() - started < 15
