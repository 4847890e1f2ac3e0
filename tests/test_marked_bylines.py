"""Bylines that templates mark by rel and class."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.bylines import is_full_name
from pipelines.document import parse
from pipelines.head import read_head
from pipelines.marked_bylines import find_marked_byline
from pipelines.metadata import merge_metadata

TITLE = "The ferry stays in port"


def find(body: str) -> list[str]:
    return find_marked_byline(parse(f"<html><body>{body}</body></html>"), TITLE)


def name_authors(body: str, head: str = "", host: str = "courier.example") -> tuple[str, ...]:
    tree = parse(f"<html><head>{head}</head><body><h1>{TITLE}</h1>{body}<p>Some text.</p></body></html>")
    return merge_metadata(tree, read_head(tree, f"https://{host}/a/b"), datetime(2026, 1, 1, tzinfo=UTC)).authors


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("<a rel=author href=/marsh>marsh</a>", ["marsh"]),
        ("<span class='author vcard'><a class='url fn n'>marshmallow84</a></span>", ["marshmallow84"]),
        ("<span class=meta-prep-author>Posted on</span> <span class=by-author>by marsh</span>", ["marsh"]),
        ("<p class=author>von lumi am 26/10/13, 03:48 pm</p>", ["lumi"]),
        ("<div class=byline>9. November 2018 · <span class=author>lumi</span> · in Sport</div>", ["lumi"]),
        ("<div class=post_author>Artikel von: Grete Älmann</div>", ["Grete Älmann"]),
        (
            "<p class=autorenzeile>Von Ada Marsh, Tom de Witt und Grete Älmann, WDR</p>",
            ["Ada Marsh", "Tom de Witt", "Grete Älmann", "WDR"],
        ),
        ("<div class=article-author>Text und Fotos: Grete Älmann</div>", ["Grete Älmann"]),
        (
            "<ul><li><a class=author-name>Ada Marsh</a></li><li><a class=author-name>Tom de Witt</a></li></ul>",
            ["Ada Marsh", "Tom de Witt"],
        ),
        ("<p class=byline>By <a rel=author>Ada Marsh</a>, 4 May 2020</p>", ["Ada Marsh"]),
        ("<p class=author>Ada Marsh @adamarsh</p>", ["Ada Marsh"]),
    ],
)
def test_marked_byline_is_read(line: str, names: list[str]) -> None:
    assert find(f"<h1>{TITLE}</h1>{line}<p>The council met.</p>") == names


@pytest.mark.parametrize(
    "line",
    [
        "<div class=byline>25. Oktober 2023</div>",
        "<span class=byline>Do 9 Apr 2020</span>",
        "<div class=authorWrapper>Stand: 20. April 2020, 14:57 Uhr</div>",
        "<span class=author-prep>Posted on</span>",
        "<div class=author-box>Ada Marsh has written of ferries since 1999</div>",
        "<a class=author-link>More by</a>",
        "<a class=license-author>Tom de Witt</a>",
        "<div class=comment-author><cite class=fn>Tom de Witt</cite></div>",
        "<aside><a rel=author>Tom de Witt</a></aside>",
        f"<div class=author>{'Ada Marsh writes of ferries and of the sea. ' * 5}</div>",
        "<input class=author>",
    ],
)
def test_other_marked_elements_name_nobody(line: str) -> None:
    assert find(f"<h1>{TITLE}</h1>{line}<p>The council met.</p>") == []


def test_authors_of_other_pieces_are_left_out() -> None:
    other = "<div><div><div><a rel=author>Tom de Witt</a></div></div></div>"
    assert find(f"<main><h1>{TITLE}</h1><div><p><a rel=author>Ada Marsh</a></p></div>{other}</main>") == ["Ada Marsh"]


def test_footer_of_the_article_is_its_own_and_that_of_the_page_is_not() -> None:
    footer = "<footer><span class=author>marsh</span></footer>"
    assert find(f"<article><h1>{TITLE}</h1><p>The council met.</p>{footer}</article>") == ["marsh"]
    assert find(f"<div><h1>{TITLE}</h1><p>The council met.</p>{footer}</div>") == []


def test_blog_that_bears_its_writers_name() -> None:
    assert name_authors("<p class=byline>von lumi</p>", host="lumi.example") == ("lumi",)


def test_unmarked_byline_of_the_outlet_names_nobody() -> None:
    assert name_authors("<p>By The Courier</p>") == ()


@pytest.mark.parametrize(
    ("line", "names"), [("By Ada Marsh", ("Ada Marsh",)), ("red / Courier", ("Courier",)), ("dpa/afp", ("Courier",))]
)
def test_declared_outlet_gives_way_to_full_names_only(line: str, names: tuple[str, ...]) -> None:
    node = {"@type": "NewsArticle", "headline": TITLE, "author": {"@type": "Organization", "name": "Courier"}}
    head = f'<script type="application/ld+json">{json.dumps(node)}</script>'
    assert name_authors(f"<p class=byline>{line}</p>", head) == names


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("Ada Marsh", True),
        ("Jean-Luc d'Arcy", True),
        ("J. R. Marsh", True),
        ("محمد کمال", True),
        ("dpa/afp", False),
        ("marsh", False),
        ("Ada Marsh 84", False),
        ("", False),
    ],
)
def test_full_names(name: str, full: bool) -> None:
    assert is_full_name(name) == full


@given(st.text(max_size=120))
def test_no_text_breaks_the_search(text: str) -> None:
    assert all(2 <= len(name) <= 80 for name in find(f"<h1>{TITLE}</h1><p class=byline>{text}</p>"))
