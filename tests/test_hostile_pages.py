"""Pages made to break extraction, and any bytes at all: a clear result, never an exception."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.records import Article
from pipelines.extract import extract
from pipelines.page import NoArticle
from tests.test_extract import STORY, make_page, read_article

# ---- hostile pages --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["div", "span", "b", "table", "blockquote", "x-card"])
@pytest.mark.parametrize("depth", [300, 3_000, 100_000])
def test_depth_bomb_keeps_its_text(tag: str, depth: int) -> None:
    article = read_article(f"<html><body><h1>A deep page</h1>{f'<{tag}>' * depth}<p>{STORY * 6}</p></body></html>")
    assert "agreed to mend the old bridge" in article.body


@pytest.mark.parametrize(
    "body",
    [
        "".join(f"<p>Line {n} of many.</p>" for n in range(11_000)),
        "<p>a</p>" * 30_000,
        "<ul>" + "".join(f"<li>Item {n}</li>" for n in range(12_000)) + "</ul>",
    ],
    ids=["paragraphs", "letters", "items"],
)
def test_quarter_megabyte_of_short_paragraphs(body: str) -> None:
    result = extract(make_page(f"<html><body>{body}</body></html>"))
    assert isinstance(result, Article)
    assert result.word_count > 10_000


def test_ten_megabytes() -> None:
    paragraphs = "".join(f"<p>Number {n}: {STORY * 4}</p>" for n in range(15_000))
    article = read_article(f"<html><body><article>{paragraphs}</article></body></html>")
    assert article.word_count > 1_000_000


@pytest.mark.parametrize(
    "script",
    [
        "[" * 200_000,
        '{"@type": "NewsArticle", "headline": ' + '{"name": ' * 50_000,
        "null",
        '"text"',
        "{]",
        '{"@type": 7, "author": [[[[]]]]}',
        "",
    ],
)
def test_broken_json_ld_costs_only_itself(script: str) -> None:
    head = f'<head><script type="application/ld+json">{script}</script></head>'
    html = f"<html>{head}<body><article><p>{STORY * 4}</p></article></body></html>"
    assert "agreed to mend" in read_article(html).body


_FRAGMENTS = st.sampled_from(
    [
        "<html>", "<body>", "</body>", "<p>", "</p>", "<div>", "<article>", "<table>", "<tr>", "<td>", "<h1>",
        "<title>", "<!--", "-->",
        "<script type='application/ld+json'>", '{"@type":"NewsArticle"', ',"author":', '"datePublished":', "[]}",
        "</script>",
        "<svg>",
        "<meta charset='utf-7'>", "<meta property='og:title' content='", "'>", "<time datetime='", "&#55296;",
        "&#0;", "&amp", "\x00", "\ud800",
        "<base href='http://['>", "<link rel=canonical href='//'>", "۱۴۰۲-۱۲-۱۵", "99999999999999", "<frameset>",
        "<template>", STORY,
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.one_of(
        st.binary(max_size=400),
        st.lists(_FRAGMENTS, max_size=25).map(lambda parts: "".join(parts).encode("utf-8", "surrogatepass")),
    )
)
def test_any_bytes_give_a_clear_result(body: bytes) -> None:
    result = extract(make_page(body))
    if isinstance(result, NoArticle):
        assert result.reason
        assert result.fate in ("not_article", "paywalled", "failed")
    else:
        assert result.title.strip()
        assert result.body.strip()
        result.body.encode("utf-8")
        result.title.encode("utf-8")
        json.dumps(result.authors)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=30), st.text(max_size=20))
def test_any_header_and_hint_is_survived(charset: str, title: str, date: str, url: str) -> None:
    page = make_page(
        f"<html><body><article><p>{STORY * 4}</p></article></body></html>",
        url=f"https://news.example/{url}",
        headers=(("Content-Type", f"text/html; charset={charset}"),),
        title_hint=title,
        published_hint=date,
    )
    result = extract(page)
    assert isinstance(result, Article), result
    assert result.title.strip()
