"""Metadata merge: titles, bylines, JSON-LD, paywall marks, dates."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.bylines import read_authors, split_names, unite
from pipelines.document import parse
from pipelines.head import read_head
from pipelines.jsonld import LinkedData, clean_text, is_article, load_json, read_linked_data, strings_of, text_of
from pipelines.metadata import Metadata, is_paywalled, merge_metadata
from pipelines.titles import fold_title, strip_site

URL = "https://www.larkfield-courier.example/local/bridge"
LATEST = datetime(2026, 1, 1, tzinfo=UTC)


def merge(head: str, body: str = "", *, lang: str = "en", url: str = URL, **hints: str) -> Metadata:
    tree = parse(f'<html lang="{lang}"><head>{head}</head><body>{body}<p>Some text.</p></body></html>')
    return merge_metadata(tree, read_head(tree, url), LATEST, **hints)


def ld(*nodes: dict[str, Any]) -> str:
    return "".join(f'<script type="application/ld+json">{json.dumps(node)}</script>' for node in nodes)


def news(**fields: Any) -> dict[str, Any]:
    return {"@context": "https://schema.org", "@type": "NewsArticle", **fields}


# ---- title ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "sites", "bare"),
    [
        ("Bridge closed | The Courier", {"the courier"}, "Bridge closed"),
        ("The Courier - Bridge closed", {"the courier"}, "Bridge closed"),
        ("Bridge closed – News – The Courier", {"the courier"}, "Bridge closed – News"),
        ("Vecinos protestan | Público", {"publico"}, "Vecinos protestan"),
        ("Bridge - closed for a year", {"the courier"}, "Bridge - closed for a year"),
        ("Five-year-old bridge closed", {"the courier"}, "Five-year-old bridge closed"),
        ("The Courier", {"the courier"}, "The Courier"),
        ("پل بسته شد - روزنامه باران", {"روزنامه باران"}, "پل بسته شد"),
    ],
)
def test_site_name_is_stripped(title: str, sites: set[str], bare: str) -> None:
    assert strip_site(title, sites) == bare


@given(st.text(max_size=80), st.sets(st.text(max_size=10), max_size=3))
def test_stripping_never_empties_a_title(title: str, sites: set[str]) -> None:
    bare = strip_site(title, sites)
    assert bare in title
    assert bool(fold_title(bare)) == bool(fold_title(title))


@given(st.text(max_size=80))
def test_folding_a_title_twice_changes_nothing(text: str) -> None:
    assert fold_title(fold_title(text)) == fold_title(text)


def test_headline_of_json_ld_wins() -> None:
    head = '<title>Search title</title><meta property="og:title" content="Share title">' + ld(
        news(headline="True &amp; good")
    )
    assert merge(head, "<h1>Page title</h1>").title == "True & good"


def test_cut_headline_is_completed() -> None:
    full = "The long headline about the bridge that closes in April and stays closed until spring of the next year"
    assert merge(ld(news(headline=full[:100] + "...")), f"<h1>{full}</h1>").title == full


def test_h1_that_agrees_wins_over_other_h1s() -> None:
    body = "<h1>Larkfield Courier</h1><h1>Bridge to close in April</h1><h1>Newsletter</h1>"
    assert (
        merge("<title>Bridge to close in April - Larkfield Courier</title>", body).title == "Bridge to close in April"
    )


def test_share_title_wins_over_an_unrelated_h1() -> None:
    head = '<meta property="og:title" content="Bridge to close in April"><title>Bridge to close in April</title>'
    assert merge(head, "<h1>Politics</h1>").title == "Bridge to close in April"


# ---- bylines --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("By Amy Thornbury", ["Amy Thornbury"]),
        ("Amy Thornbury and Idris Cole", ["Amy Thornbury", "Idris Cole"]),
        ("Von Lena Brandt und Max Roth", ["Lena Brandt", "Max Roth"]),
        ("von der Heide", ["von der Heide"]),
        ("Par Lucie Ferrand et Marc Delorme", ["Lucie Ferrand", "Marc Delorme"]),
        ("Amy Thornbury, Idris Cole & Petra Novak", ["Amy Thornbury", "Idris Cole", "Petra Novak"]),
        ("Amy Thornbury, Political Editor", ["Amy Thornbury"]),
        ("Thornbury, Amy", ["Amy Thornbury"]),
        ("José Ortega y Gasset", ["José Ortega y Gasset"]),
        ("Food and Agriculture Organization", ["Food and Agriculture Organization"]),
        ("Amy Thornbury (ath)", ["Amy Thornbury"]),
        ("View all posts by Amy Thornbury", ["Amy Thornbury"]),
        ("Amy Thornbury amy@courier.example", ["Amy Thornbury"]),
        ("https://social.example/amy", []),
        ("@amy", []),
        ("admin", []),
        ("amy thornbury; AMY THORNBURY", ["amy thornbury"]),
        ("نویسنده: احمد رحیمی", ["احمد رحیمی"]),
        ("<a href='/amy'>Amy Thornbury</a>", ["Amy Thornbury"]),
        ("", []),
    ],
)
def test_byline_becomes_names(text: str, names: list[str]) -> None:
    assert split_names(text) == names


@given(st.text(max_size=200))
def test_names_are_clean_and_unique(text: str) -> None:
    names = split_names(text)
    assert all(2 <= len(name) <= 80 and name == name.strip() for name in names)
    assert unite(names) == names


def test_authors_in_every_shape() -> None:
    data = LinkedData(by_id={"#amy": {"@id": "#amy", "@type": "Person", "name": "Amy Thornbury"}})
    for value in (
        "Amy Thornbury",
        ["Amy Thornbury"],
        {"name": "Amy Thornbury"},
        {"@id": "#amy"},
        [{"@id": "#amy"}, {"name": ["Amy Thornbury"]}],
        {"givenName": "Amy", "familyName": "Thornbury"},
        [[{"name": "By AMY Thornbury"}]],
    ):
        assert [name.casefold() for name in read_authors(value, data)] == ["amy thornbury"]
    assert read_authors(None, data) == read_authors(7, data) == read_authors({"@id": "#nobody"}, data) == []


def test_author_meta_that_is_an_address_is_passed_over() -> None:
    head = '<meta property="article:author" content="https://social.example/amy">'
    head += '<meta name="dc.creator" content="Amy Thornbury">'
    assert merge(head).authors == ("Amy Thornbury",)


# ---- JSON-LD --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '\ufeff {"a": 1}',
        '<!-- {"a": 1} -->',
        '<!--\n{"a": 1}\n//-->',
        '//<![CDATA[\n{"a": 1}\n//]]>',
        '/* <![CDATA[ */ {"a": 1} /* ]]> */',
        '{"a": 1,}',
        '{"a": 1};',
        "{&quot;a&quot;: 1}",
    ],
)
def test_common_faults_of_scripts_are_repaired(text: str) -> None:
    assert load_json(text) == [{"a": 1}]


def test_several_objects_in_one_script() -> None:
    assert load_json('{"a": 1}\n{"b": "line\nbreak"}') == [{"a": 1}, {"b": "line\nbreak"}]


@given(st.text(max_size=100))
def test_any_script_is_survived(text: str) -> None:
    assert isinstance(load_json(text), list)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.just("NewsArticle"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "@type",
                    "@id",
                    "@graph",
                    "headline",
                    "author",
                    "name",
                    "image",
                    "url",
                    "hasPart",
                    "datePublished",
                    "mainEntity",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@given(_JSON)
def test_any_json_is_survived(value: Any) -> None:
    data = read_linked_data([json.dumps(value)], lambda node: 1.0)
    assert data.article is None or is_article(data.article)
    assert isinstance(text_of(value), str)
    assert all(isinstance(text, str) for text in strings_of(value))
    assert merge(ld({"@type": "NewsArticle", "x": value}, value if isinstance(value, dict) else {})).title is not None


def test_article_of_the_page_is_found_among_others() -> None:
    other = news(
        headline="Bakery wins a prize",
        url="https://www.larkfield-courier.example/local/bakery",
        datePublished="2020-01-01",
    )
    own = news(headline="Bridge to close", url=URL, datePublished="2024-03-05T08:30:00Z")
    merged = merge(ld(other, own))
    assert merged.title == "Bridge to close"
    assert merged.published is not None
    assert merged.published.to_utc() == "2024-03-05T08:30:00Z"


def test_articles_of_others_are_not_taken_for_the_page() -> None:
    others = [
        news(headline=f"Story {n}", url=f"https://www.larkfield-courier.example/{n}", datePublished="2020-01-01")
        for n in range(3)
    ]
    merged = merge("<title>Front page</title>" + ld(*others))
    assert (merged.title, merged.is_article, merged.published) == ("Front page", False, None)


def test_clean_text_resolves_double_escapes_and_tags() -> None:
    assert clean_text("Salt &amp;amp; <b>pepper</b>\n 3 < 4") == "Salt & pepper 3 < 4"


# ---- paywall --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "locked"),
    [
        (ld(news(isAccessibleForFree=False)), True),
        (ld(news(isAccessibleForFree="False")), True),
        (ld(news(isAccessibleForFree="http://schema.org/False")), True),
        (ld(news(isAccessibleForFree=True)), False),
        (ld(news(isAccessibleForFree="true")), False),
        (ld(news(hasPart={"@type": "WebPageElement", "isAccessibleForFree": "False"})), True),
        (ld(news(hasPart=[{"isAccessibleForFree": True}, {"isAccessibleForFree": False}])), True),
        (ld(news(isAccessibleForFree=True, hasPart={"isAccessibleForFree": False})), False),
        (ld(news(headline="x"), {"@type": "WebPage", "isAccessibleForFree": False}), True),
        ('<meta property="article:content_tier" content="locked">', True),
        ('<meta property="article:content_tier" content="free">', False),
        ('<meta property="article:content_tier" content="metered">', False),
        ('<meta name="site:is_paywalled" content="true">', True),
        ('<meta name="premium" content="false">', False),
        ('<meta itemprop="isAccessibleForFree" content="false">', True),
        ("", False),
    ],
)
def test_paywall_marks(head: str, locked: bool) -> None:
    tree = parse(f"<html><head>{head}</head><body><p>Text.</p></body></html>")
    page = read_head(tree, URL)
    assert is_paywalled(page, read_linked_data(page.scripts, lambda node: 1.0)) is locked


# ---- dates on pages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "body", "at", "origin"),
    [
        (ld(news(datePublished="2018-11-09T01:30+04:30")), "", "2018-11-08T21:00:00Z", "json-ld"),
        (
            '<meta name="date" content="2018-11-09">' + ld(news(datePublished="2018-11-08T10:00:00Z")),
            "",
            "2018-11-08T10:00:00Z",
            "json-ld",
        ),
        ('<meta name="pubdate" content="20181109T083000Z">', "", "2018-11-09T08:30:00Z", "meta"),
        (
            "",
            '<time itemprop="datePublished" datetime="2018-11-09T10:00:00+02:00">x</time>',
            "2018-11-09T08:00:00Z",
            "itemprop",
        ),
        (ld({"@type": "WebPage", "datePublished": "2018-11-09T08:00:00Z"}), "", "2018-11-09T08:00:00Z", "json-ld"),
        (
            ld(news(datePublished="2018-11-09")),
            '<time datetime="2018-11-09T23:30:00-05:00"></time>',
            "2018-11-10T04:30:00Z",
            "json-ld",
        ),
        (
            ld(news(datePublished="2018-11-09T10:00:00", dateModified="2018-11-09T12:00:00+02:00")),
            "",
            "2018-11-09T08:00:00Z",
            "json-ld",
        ),
        ("", "<p>۱۸ عقرب ۱۳۹۷</p>", "2018-11-09T00:00:00Z", "text"),
        ("", "<time datetime='2018-11-09T08:30:00Z'></time>", "2018-11-09T08:30:00Z", "time"),
    ],
)
def test_published_date_and_its_provenance(head: str, body: str, at: str, origin: str) -> None:
    published = merge(head, body).published
    assert published is not None
    assert (published.to_utc(), published.origin) == (at, origin)


def test_change_before_the_publication_is_no_change() -> None:
    merged = merge(ld(news(datePublished="2018-11-09T10:00:00Z", dateModified="2018-11-08T10:00:00Z")))
    assert merged.modified is None


def test_declared_future_is_not_replaced_by_a_guess() -> None:
    merged = merge(
        '<meta name="date" content="2031-01-01">', "<p>Founded on 3 May 2001 in Larkfield.</p>", published_hint=""
    )
    assert merged.published is None
