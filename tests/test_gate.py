"""The gate: what a topic matches always gets through, wherever on the page its words stand; the rest need not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.search import split_words
from pipelines import gate, reading
from pipelines.extract import extract
from pipelines.gate import Gate, split_known
from pipelines.page import MATCHES_NO_TOPIC, NoArticle, Page
from pipelines.relevance import Judge
from pipelines.topic import Rule, Topic
from pipelines.topic_file import load_topic
from pipelines.topic_grammar import parse_expression
from tests.test_rescoring import FILE

STORY = "The crews of the boats met on the quay at dawn and stayed until the tide turned in the afternoon. " * 12


@pytest.fixture(scope="module")
def topic(tmp_path_factory: pytest.TempPathFactory) -> Topic:
    path = tmp_path_factory.mktemp("topic") / "ferry.toml"
    path.write_text(FILE, encoding="utf-8")
    return load_topic(path)


def _page(html: str, *, charset: str = "utf-8", title_hint: str | None = None) -> Page:
    headers = (("Content-Type", f"text/html; charset={charset}"),)
    url = "https://harbour.example/story"
    return Page(url, url, 200, headers, html.encode(charset), "2024-06-02T00:00:00Z", title_hint=title_hint)


def _wrap(head: str = "", body: str = "") -> str:
    return f"<html><head>{head}</head><body><p>{STORY}</p>{body}</body></html>"


FLIGHT = json.dumps('2:["<p>The ferry strike</p>"]')


@pytest.mark.parametrize(
    ("html", "passes"),
    [
        (_wrap(), False),
        (_wrap(body="<p>The ferry strike.</p>"), True),
        (_wrap(body="<p>A strike.</p>"), False),  # and no ferry: near needs both
        (_wrap(body="<ul><li>ferry</li><li>strike</li></ul>"), True),  # words of neighbours stay apart
        (_wrap(head="<title>Ferry strike</title>"), True),
        (_wrap(head='<meta property="og:title" content="Ferry strike">'), True),
        (_wrap(head='<script type="application/ld+json">{"headline": "Ferry strike"}</script>'), True),
        (_wrap(body='<script id="__NEXT_DATA__">{"a": "\\u0066erry\\nstrike"}</script>'), True),
        (_wrap(body=f"<script>self.__next_f.push([1,{FLIGHT}])</script>"), True),
        (_wrap(body="<script>track('ferry strike')</script>"), False),
        (_wrap(body="<style>.ferry-strike {}</style>"), False),
        (_wrap(body="<noscript>The ferry strike</noscript>"), True),
        (_wrap(body="<p>اعتصاب کارکنان كشتي</p>"), True),
        (_wrap(body="<p>&#1575;عتصاب كشتي</p>"), True),
        ("", False),
        ("ferry strike", True),
    ],
)
def test_where_words_may_stand(topic: Topic, html: str, passes: bool) -> None:
    assert Gate([topic]).lets_pass(_page(html)) == passes


def test_the_gate_asks_for_the_subject_only(topic: Topic) -> None:
    narrowed = replace(topic, require=(Rule("'pilot'", parse_expression("'pilot'")),))
    assert Gate([narrowed]).lets_pass(_page(_wrap(body="<p>The ferry strike.</p>")))
    assert not Gate([narrowed]).lets_pass(_page(_wrap(body="<p>The pilot.</p>")))


def test_other_encodings_and_the_seeds_title_count(topic: Topic) -> None:
    assert Gate([topic]).lets_pass(
        _page(_wrap(body="<p>اعتصاب کشتی</p>".replace("ی", "ي").replace("ک", "ك")), charset="cp1256")
    )
    assert Gate([topic]).lets_pass(_page(_wrap(), title_hint="Ferry strike"))


def test_one_topic_that_may_match_anything_opens_the_gate(topic: Topic) -> None:
    open_to_all = replace(topic, any=(Rule("!ferry | strike", parse_expression("!ferry | strike")),), require=())
    assert Gate([topic, open_to_all]).lets_pass(_page(_wrap()))
    assert not Gate([]).lets_pass(_page(_wrap()))


_PARTS = st.lists(
    st.sampled_from(["ferry", "Ferries", "strike", "walk out", "harbour", "museum", "regatta", "کشتی", "اعتصاب‌ها"]),
    max_size=4,
).map(" ".join)


@settings(deadline=None)
@given(title=_PARTS, first=_PARTS, second=_PARTS)
def test_what_matches_gets_through(topic: Topic, title: str, first: str, second: str) -> None:
    html = (
        f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1><p>{first} {STORY}</p><p>{second}</p>"
    )
    page = _page(html)
    article = extract(page)
    if not isinstance(article, NoArticle) and Judge([topic]).judge(article):
        assert Gate([topic]).lets_pass(page)


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["utf-8", "windows-1256", "nonsense", ""]))
def test_any_bytes_can_be_looked_at(topic: Topic, body: bytes, charset: str) -> None:
    page = replace(_page(""), body=body, headers=(("Content-Type", f"text/html; charset={charset}"),))
    assert Gate([topic]).lets_pass(page) in (True, False)


def test_a_worker_extracts_only_what_gets_through(topic: Topic) -> None:
    page = _page(_wrap())
    reading.start((topic,), 0, gated=True)
    try:
        assert reading.read(page).refusal == NoArticle("refused", MATCHES_NO_TOPIC)
        assert reading.read(_page(_wrap(body="<p>The ferry strike.</p>"))).signed is not None
        assert reading.read(replace(page, known=True)).signed is not None  # an article of ours that was edited
        reading.start((topic,), 0, gated=False)
        assert reading.read(page).signed is not None
    finally:
        reading.start((), 0, gated=False)


_SCRAPS = st.sampled_from(
    [
        "Talks",
        "talks—peace",
        "ΟΔΟΣ",
        "İstanbul",
        "can't",
        "آتش\u200cبس",
        "塔利班 和谈",
        "カ\u3099",
        "\u1112\u1161\u11ab",
        "a_b",
        "\ud800",
        "\x00",
        "½",
        "ﷺ",
        "\xa0",
        "e\u0301",
    ]
)


@given(st.lists(st.one_of(_SCRAPS, st.text(max_size=8), st.sampled_from(" ,.'-_\n"))).map("".join))
def test_remembered_pieces_give_the_words_of_the_whole(text: str) -> None:
    assert split_known(text) == split_words(text)
    assert split_known(text) == split_words(text)  # and so from memory


def test_pieces_are_forgotten_before_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_MOST_REMEMBERED", 10)
    text = " ".join(f"Wörd{number}" for number in range(100))
    assert split_known(text) == split_words(text) and len(gate._PIECES) <= 10
