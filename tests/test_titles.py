"""Choosing the headline among the headings of the page and what it says to search engines and sharers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.document import parse
from pipelines.head import read_head
from pipelines.titles import choose_title

URL = "https://www.courier.example/2020/02/ferry-stays-in-port/"


def choose(title: str, body: str, *, og: str = "", ld: str = "", url: str = URL) -> str:
    meta = f'<meta property="og:title" content="{og}">' if og else ""
    page = parse(f"<html><head><title>{title}</title>{meta}</head><body>{body}<p>Some text.</p></body></html>")
    return choose_title(read_head(page, url), {"headline": ld} if ld else {}, None)[0]


@pytest.mark.parametrize(
    ("title", "body"),
    [
        # The site's name is nowhere declared: what stands before it is a heading.
        ("Ferry stays in port | Larkfield and more", "<h2>Ferry stays in port</h2>"),
        ("Ferry stays in port – Larkfield Review – Analysis, Opinion", "<h1>Opinion</h1><h2>Ferry stays in port</h2>"),
        ("Tides » Blog archive » Ferry stays in port", "<h1>Tides</h1><h2>Ferry stays in port</h2>"),
        ("Ferry stays in port : Boats of Larkfield", "<h1>Boats of Larkfield</h1><h2>Ferry stays in port</h2>"),
        ("Ferry stays in port - Larkfield Daily", "<h1>Ferry stays in port</h1><h3>Larkfield Daily</h3>"),
        ("Ferry stays in port | courier", "<h1>Ferry stays in port | courier</h1>"),
        ("Ferry stays in port", "<h1><style>.css-1 {color: red}</style>Ferry stays in port</h1>"),
    ],
)
def test_headline_is_the_heading_within_the_title(title: str, body: str) -> None:
    assert choose(title, body) == "Ferry stays in port"


def test_page_and_sharing_title_outvote_search_engines() -> None:
    headline = "The ferry stays in port"
    assert choose("x", f"<h1>{headline}</h1>", og=headline, ld="Larkfield ferry: what to know") == headline


def test_one_voice_does_not_outvote_the_declared_headline() -> None:
    ld = "Ferry stays in port"
    assert choose("x", "<h1>Storm over Larkfield</h1>", og="What the storm means", ld=ld) == ld
    assert choose("x", "<h1>Storm over Larkfield</h1>", ld=ld) == ld


def test_spelling_of_the_declared_headline_stays() -> None:
    ld = "Storm: ferry stays in port"
    assert choose("x", "<h1><b>Storm</b> ferry stays in port</h1>", og="Storm ferry stays in port", ld=ld) == ld


def test_sharing_title_that_is_a_heading_keeps_its_tail() -> None:
    headline = "Ferry stays in port // #ferry #courier"
    assert choose("Courier", f"<h1>Courier</h1><h2>{headline}</h2>", og=headline) == headline


def test_other_headings_do_not_become_the_title() -> None:
    assert (
        choose("Ferry stays in port", "<h1>Ferry stays in port</h1><h2>Read more on ferries</h2>")
        == "Ferry stays in port"
    )


_WORDS = st.lists(st.sampled_from(["ferry", "port", "storm", "tide", "mayor", "bridge"]), min_size=2, max_size=6).map(
    " ".join
)


@given(_WORDS, _WORDS)
def test_some_title_is_always_chosen_from_the_page(first: str, second: str) -> None:
    title = choose(f"{first} | {second}", f"<h1>{first}</h1><h2>{second}</h2>")
    assert title in (first, second, f"{first} | {second}")
