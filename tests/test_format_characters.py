"""Invisible characters: those a script needs survive extraction, the others go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import Article
from pipelines.document import parse
from pipelines.extract import extract
from pipelines.format_characters import (
    drop_format_characters,
    hide_format_characters,
    show_format_characters,
    unmask,
)
from pipelines.fragments import split_lines
from pipelines.jsonld import clean_text
from pipelines.page import Page
from pipelines.titles import fold_title

STORY = "The council met on Monday and agreed to mend the old bridge before winter, it was said. " * 5
KEPT = [
    "می‌گویند که کتاب‌ها رسیده‌اند",
    "क्‍ष और श्‍री के रूप",
    "ශ්‍රී ලංකාව",
    "the 👩‍👩‍👧 family and the 🏴󠁧󠁢󠁳󠁣󠁴󠁿 flag",
    "زبان C++\u200e خوب است",
    "הוא אמר (abc)\u200f אתמול",
    "صدق الله العظيم \u06dd\u0661",
    "\u0600\u0661\u0662\u0663",
    "ᠬᠠᠷ\u180eᠠ",
    "សួស្តី\u200bពិភពលោក",
]
DIRT = [("co\u00adop\u00aderate", "cooperate"), ("news\u200broom", "newsroom"), ("\ufeffStart", "Start")]
DIRT += [("plain \u202eevil\u202c text", "plain evil text"), ("a\u2060b", "ab"), ("hi\U000e0041\U000e0042", "hi")]


def read(paragraph: str, title: str = "A bridge") -> Article:
    html = (
        f"<html><head><title>{title}</title><meta name='description' content='{paragraph}'></head>"
        f"<body><article><h1>{title}</h1><p>{STORY}</p><p>{paragraph} {STORY}</p></article></body></html>"
    )
    url = "https://news.example/town/bridge-story"
    result = extract(Page(url, url, 200, (), html.encode(), "2026-01-01T00:00:00Z"))
    assert isinstance(result, Article), result
    return result


@pytest.mark.parametrize("text", KEPT)
def test_what_a_script_needs_stays_in_body_title_and_summary(text: str) -> None:
    article = read(text, title=text)
    assert text in article.body
    assert article.title == text
    assert article.summary is None or text in article.summary


@pytest.mark.parametrize(("text", "clean"), DIRT)
def test_dirt_goes_from_body_title_and_summary(text: str, clean: str) -> None:
    article = read(text, title=text)
    assert clean in article.body
    assert article.title == clean
    assert article.summary in (None, clean)


@pytest.mark.parametrize("reference", ["&zwnj;", "&#8204;", "&#x200C;", "&#x200c;"])
def test_joiner_written_as_a_reference(reference: str) -> None:
    assert "می‌رود" in read(f"می{reference}رود").body


def test_stand_ins_already_on_a_page_do_not_turn_into_something_else() -> None:
    body = read("a\U000e0150b می‌رود").body
    assert "ab می‌رود" in body


def test_titles_that_differ_by_a_joiner_or_a_soft_hyphen_fold_alike() -> None:
    assert fold_title("می‌گویند") == fold_title("میگویند")
    assert fold_title("Zusammen\u00adarbeit") == fold_title("Zusammenarbeit")


@given(st.text())
def test_dropping_is_stable_and_only_removes(text: str) -> None:
    clean = drop_format_characters(text)
    assert drop_format_characters(clean) in (clean, drop_format_characters(clean))
    remaining = iter(text)
    assert all(char in remaining for char in clean)
    assert all(char in text for char in clean_text(clean) if char.isprintable() and char != " ") or "&" in text


@given(st.lists(st.sampled_from([*"ab \u200c\u200d\u200e\u06dd\u180e", "می", "क्", "\U0001f3f4\U000e0067\U000e007f"])))
def test_hiding_and_showing_is_the_identity(parts: list[str]) -> None:
    text = "".join(parts)
    source = f"<html><body><p>x{text}<b>{text}y</b>{text}z</p></body></html>"
    tree = parse(source)
    before = tree.text_content()
    hidden = hide_format_characters(tree, source)
    masked = tree.text_content()
    assert masked.replace("\n", "").isprintable()
    assert unmask(masked) == before
    show_format_characters(hidden)
    assert tree.text_content() == before
    assert bool(hidden) == any(char in text for char in "\u200c\u200d\u200e\u06dd\u180e\U000e007f")


@given(st.text(alphabet=st.characters(categories=["Lo", "Cf", "Zs"]), max_size=60))
def test_lines_stay_stable(text: str) -> None:
    lines = split_lines(text)
    assert split_lines("\n".join(lines)) == lines
