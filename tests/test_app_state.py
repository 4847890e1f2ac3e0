"""Pages that draw themselves by script: the story in their state is read, and nothing else is made one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import Article
from pipelines.app_state import find_paragraphs, find_published, read_state
from pipelines.document import parse
from pipelines.extract import extract
from pipelines.page import NoArticle, Page

PARAGRAPHS = [
    'The council met on <b>Monday</b> and agreed to mend the "old" bridge before winter.',
    "Nobody spoke against the plan, though two members asked who would pay for it &amp; when.",
    "The ferry will cross twice a day until the last stone is set, the harbour master said.",
]
PLAIN = [
    'The council met on Monday and agreed to mend the "old" bridge before winter.',
    "Nobody spoke against the plan, though two members asked who would pay for it & when.",
    PARAGRAPHS[2],
]


def write_flight(text: str) -> str:
    half = len(text) // 2
    pushes = (f"self.__next_f.push([1,{json.dumps(part)}])" for part in (text[:half], text[half:]))
    return "".join(f"<script>{push}</script>".replace("</p", "\\u003c/p") for push in pushes)


def write_next_data(value: Any) -> str:
    text = json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return f'<script id="__NEXT_DATA__" type="application/json">{text}</script>'


def read(scripts: str, kind: str = "article") -> Article | NoArticle:
    head = f'<title>A bridge</title><meta property="og:type" content="{kind}">'
    url = "https://estuary.example/news/bridge-77"
    html = f'<html><head>{head}</head><body><div id="__next"></div>{scripts}</body></html>'
    return extract(Page(url, url, 200, (), html.encode(), "2026-01-01T00:00:00Z"))


BODY = "".join(f'<p class="text">{text}</p>' for text in PARAGRAPHS)


@pytest.mark.parametrize(
    "scripts",
    [
        write_flight(f'24:T5f2,{BODY}5:["$",{{"title":"A bridge","publishedAt":"2025-05-02T08:30:00+01:00"}}]'),
        write_next_data({"props": {"story": {"body": BODY, "publishedAt": "2025-05-02T08:30:00+01:00"}}}),
    ],
    ids=["flight", "next data"],
)
def test_story_in_the_state(scripts: str) -> None:
    article = read(scripts)
    assert isinstance(article, Article), article
    assert article.body.split("\n\n") == PLAIN
    assert article.title == "A bridge"
    assert (article.published_at, article.published_from) == ("2025-05-02T07:30:00Z", "script")


def test_page_that_is_no_article_stays_none() -> None:
    assert isinstance(read(write_next_data({"teasers": [BODY]}), kind="website"), NoArticle)


def test_state_without_a_story() -> None:
    assert isinstance(read(write_next_data({"cookie": "<p>We use cookies.</p>"})), NoArticle)


@pytest.mark.parametrize(
    "script",
    ["self.__next_f.push([1,", 'self.__next_f.push([1,"\\u12"])', "self.__next_f.push([0])", 'x="__next_f"'],
)
def test_broken_state_is_no_state(script: str) -> None:
    assert read_state(parse(f"<html><body><script>{script}</script></body></html>")) == ""


def test_broken_next_data_keeps_quiet() -> None:
    tree = parse('<html><body><script id="__NEXT_DATA__">{"a": [}</script></body></html>')
    assert find_paragraphs(read_state(tree)) == []


@pytest.mark.parametrize(
    ("state", "dates"),
    [
        ('"publishedAt":"2025-05-02"', ["2025-05-02"]),
        ('"datePublished" : "2025-05-02T08:30"', ["2025-05-02T08:30"]),
        ('"first_published_at":"2025-05-02"', ["2025-05-02"]),
        ('"deployDt":"2025.05.02 08:30"', ["2025.05.02 08:30"]),
        ('"publisher":"The Estuary Post"', []),
        ('"updatedAt":"2025-05-02"', []),
        ('"publishedAt":null', []),
    ],
)
def test_publication_keys(state: str, dates: list[str]) -> None:
    assert find_published(state) == dates


@given(st.text())
def test_any_text_is_a_state(text: str) -> None:
    assert all(find_paragraphs(text))
    assert all(8 <= len(date) <= 40 for date in find_published(text))
