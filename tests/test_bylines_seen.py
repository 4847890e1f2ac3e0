"""Bylines that only readers see, and names that are only the outlet's."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.document import parse
from pipelines.head import read_head
from pipelines.metadata import merge_metadata
from pipelines.visible_bylines import find_byline


def find(body: str) -> list[str]:
    return find_byline(parse(f"<html><body>{body}</body></html>"))


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("<h5>By Ada Marsh &mdash; 3 November 2018 at 14:00 PKT</h5>", ["Ada Marsh"]),
        ("<p>By Ada Marsh and Tom de Witt | Larkfield</p>", ["Ada Marsh", "Tom de Witt"]),
        ("<p>By ADA MARSH, Staff Writer</p>", ["ADA MARSH"]),
        ("<div><span>By</span> <span>Ada Marsh</span></div>", ["Ada Marsh"]),
        ("<div>By <a href='/ada'>Ada Marsh</a>, 4 May 2020</div>", ["Ada Marsh"]),
        ("<p>Story by: Ada Marsh</p>", ["Ada Marsh"]),
        ("<p>Von Grete Älmann, 12.04.2021</p>", ["Grete Älmann"]),
        ("<p>Text: Grete Älmann</p>", ["Grete Älmann"]),
        ("<p>Par Émile Roux · 3 mars</p>", ["Émile Roux"]),
        ("<p>Автор: Анна Крылова, 3 мая 2020</p>", ["Анна Крылова"]),
        ("<div>تحریر: عدنان کمال، <span>05.11.2018</span></div>", ["عدنان کمال"]),
        ("<i>لیکوال: ګلالۍ همدرد - نېټه: 02.04.2019</i>", ["ګلالۍ همدرد"]),
        ("<p>بقلم سلمى الراوي</p>", ["سلمى الراوي"]),
        ("<p>نویسنده: بهار روشن</p>", ["بهار روشن"]),
        ("<br>By Ada Marsh<br>", ["Ada Marsh"]),
    ],
)
def test_byline_is_read(line: str, names: list[str]) -> None:
    assert find(f"<h1>The bridge</h1>{line}<p>The council met on Monday.</p>") == names


@pytest.mark.parametrize(
    "line",
    [
        "<p>By the time the ferry came, Ada Marsh had gone.</p>",
        "<p>By clicking you agree to our terms</p>",
        "<p>Von den Montag abend geschlossenen Läden</p>",
        "<p>By Monday</p>",
        f"<p>By Ada Marsh {'and on it went ' * 20}</p>",
        "<nav><p>By Ada Marsh</p></nav>",
        "<div class='comment-list'><p>By Ada Marsh</p></div>",
        "<section id='related'><p>By Ada Marsh</p></section>",
        "<p>Bypass Road Closed</p>",
        "<p>By</p>",
        "<p>By 2019-04-02</p>",
    ],
)
def test_what_is_no_byline(line: str) -> None:
    assert find(f"<h1>The bridge</h1>{line}<p>The council met.</p>") == []


def test_byline_above_the_headline_belongs_to_another_story() -> None:
    assert find("<p>By Ada Marsh</p><h1>The bridge</h1><p>By Tom Witt</p>") == ["Tom Witt"]


@given(st.text(max_size=120))
def test_any_text_is_read_without_error(text: str) -> None:
    tree = parse("<html><body><h1>T</h1><p></p></body></html>")
    paragraph = tree.find(".//p")
    paragraph.text = "By " + "".join(char for char in text if char.isprintable())
    assert all(find_byline(tree))


# ---- the outlet as author -------------------------------------------------------------------------------------------


def name_authors(head: str, body: str = "", **node: Any) -> tuple[str, ...]:
    script = (
        f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", "headline": "T", **node})}</script>'
    )
    site = '<meta property="og:site_name" content="The Estuary Post">'
    tree = parse(f"<html><head>{site}{head}{script}</head><body><h1>T</h1>{body}<p>Text.</p></body></html>")
    url = "https://www.estuary.example/2021/06/t"
    return merge_metadata(tree, read_head(tree, url), datetime(2026, 1, 1, tzinfo=UTC)).authors


def test_outlet_in_a_visible_byline_or_meta_is_nobody() -> None:
    assert name_authors("", "<p>By The Estuary Post</p>") == ()
    assert name_authors('<meta name="author" content="Estuary Post">') == ()
    assert name_authors('<meta name="author" content="estuary.example">') == ()


def test_person_below_beats_the_outlet_above() -> None:
    outlet = {"@type": "Organization", "name": "The Estuary Post"}
    assert name_authors("", "<p>By Ada Marsh</p>", author=outlet) == ("Ada Marsh",)
    assert name_authors('<meta name="author" content="Ada Marsh">', author=outlet) == ("Ada Marsh",)


def test_outlet_that_json_ld_declares_stays_when_nobody_signs() -> None:
    assert name_authors("", author={"@type": "Organization", "name": "The Estuary Post"}) == ("The Estuary Post",)


def test_agency_is_not_the_outlet() -> None:
    assert name_authors('<meta name="author" content="Coastal Press Agency">') == ("Coastal Press Agency",)


def test_outlet_beside_a_person_in_json_ld_stays_as_declared() -> None:
    assert name_authors("", author=["Ada Marsh", "The Estuary Post"]) == ("Ada Marsh", "The Estuary Post")
