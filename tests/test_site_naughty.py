"""Strings that break software, as headlines, authors, bodies, names and questions: kept byte for byte, shown escaped."""

# ruff: noqa: E501 - strings that break lines elsewhere are counted by their width

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import feedparser
import pytest

from db.connection import open_archive, transaction
from db.records import Article
from db.site.app import build_site
from db.site.feeds import clean_text
from db.store import insert_article
from db.topics import write_topic
from pipelines.judging import sign
from tests.site_process import Page

NAUGHTY = [
    # Words of programs, and what turns into something else on its way
    "undefined", "null", "None", "NaN", "true", "-1", "0x7f", "1e309", "1/0", "00012", "Infinity", "\\", "\\\\", "\\n",
    "%", "%00", "%d%s%n", "%2e%2e%2f", "{0}", "{{ 7 * 7 }}", "{% raise %}", "{{ config.__class__ }}", "${7*7}", "#{7*7}",
    "$(reboot)", "`reboot`", "; reboot", "| reboot", "../../../etc/passwd", "C:\\aux\\con", "file:///etc/hosts",
    # Of databases
    "'", "''", "\"", "\"\"", "' OR 1=1 --", "\"; DROP TABLE articles; --", "1;SELECT 1", ") OR (1=1", "/* x */", "--",
    "NEAR(a b)", "a AND", "NOT", "OR OR", "^a", "a:b", "folded_title : a", "a*", "*", "\"open phrase", "(", ")", "-", "- -",
    # Of markup
    "<", ">", "&", "&amp;", "&lt;script&gt;", "&#0;", "<!--", "-->", "]]>", "<![CDATA[", "<?php ?>", "<!DOCTYPE a>",
    "<script>alert(1)</script>", "<ScRiPt>alert(1)</sCrIpT>", "</title><script>alert(2)</script>", "</textarea><b>",
    "<img src=x onerror=alert(3)>", "\" autofocus onfocus=alert(4) x=\"", "' onmouseover='alert(5)", "<svg/onload=alert(6)>",
    "javascript:alert(7)", "data:text/html,<script>alert(8)</script>", "<a href=\"javascript:alert(9)\">x</a>",
    "<style>*{display:none}</style>", "<iframe srcdoc='<script>alert(10)</script>'>", "<base href=//evil.example>",
    # Of spreadsheets
    "=1+1", "=HYPERLINK(\"http://evil.example\",\"x\")", "+1", "@SUM(A1:A9)", "-2+3+cmd|' /C calc'!A0", "\t=1", "\r=1", "＝1",
    # White space and control characters
    " ", "   leading", "trailing   ", "\t", "a\nb", "a\r\nb", "a\rb", "\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x1f",
    "\x7f", "\x80\x85\x9f", "\u00a0", "\u1680\u2000\u2003\u2028\u2029\u202f\u205f\u3000", "\u200b\u200c\u200d\u2060\ufeff",
    "\u00ad", "\u180e", "\ufff9\ufffa\ufffb", "\ufffd", "\ufffe", "\uffff", "\ue000", "\U000e0001\U000e007f", "\U0010fffd",
    # Directions, marks, widths
    "\u202eright to left\u202c", "\u2066isolated\u2069", "\u200fمرحبا\u200e", "test\u2060test", "١٢٣", "۱۲۳", "הָיְתָה",
    "می‌خواهم", "ﷺ ﷽", "Z̴̡͓a̵l̷̛g̶o̸", "e\u0301\u0301\u0301\u0301", "\u0300", "Ω≈ç√∫˜µ≤≥÷", "åß∂ƒ©˙∆˚¬…æ", "œ∑´®†¥¨ˆøπ",
    "ﬃ ﬅ", "ẞß", "İIıi", "ΑΩ ΐ", "Ⅷ ⅔ ½", "１２３ＡＢＣ", "ｶﾞ", "田中さんにあげて下さい", "社會科學院語學研究所", "표준국어대사전",
    "울란바토르", "👩‍👩‍👧‍👧", "👾 🙇 💁", "🏳️‍🌈", "🇦🇫🇷🇺", "👍🏿", "✋🏿 🐵 🙈", "(╯°□°)╯︵ ┻━┻", "¯\\_(ツ)_/¯", "ʇxǝʇ", "𝕋𝕙𝕖", "ᴛʜᴇ", "⒯⒣⒠",
    "̡͓̞ͅI̗̘̦͝n͇", "ก้้้้้้้", "ம்", "క్ష్మి", "ꙮ", "㋿", "\u115f\u3164", "ｅｖｉｌ．ｅｘａｍｐｌｅ", "раураl", "a" * 3000, "字" * 500,
]  # fmt: skip
"""Written for this project, after the kinds that the Big List of Naughty Strings collects."""

TOPIC = "<b>'\"%&=;/?#\u202e\x01"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with an article for each string, written the way the crawl does."""
    path = tmp_path_factory.mktemp("naughty") / "watch.db"
    db = open_archive(path)
    now = "2026-11-22T10:00:00Z"
    with transaction(db):
        write_topic(db, "any", title=TOPIC, question=TOPIC, version="1", accept=0.5, review=0.25, file="x.toml", now=now,
                    entities=[(f"e{n}", text, text) for n, text in enumerate(NAUGHTY[:40])])  # fmt: skip
        for number, text in enumerate(NAUGHTY):
            source = f"outlet-{number}"
            db.execute("INSERT INTO sources (id, name, note, status) VALUES (?, ?, ?, 'active')", (source, text, text))
            db.execute("INSERT INTO seeds (source_id, kind, url, host, note, failures) VALUES (?, 'feed', ?, 'a', ?, 1)",
                       (source, text, text))  # fmt: skip
            article = Article(
                url=f"https://a.example/{number}", title=text, body=f"{text}\n\nThe {text} again", authors=(text, text),
                published_at=now, published_raw=text, language=text[:20], summary=text, section=text, word_count=9,
            )  # fmt: skip
            article_id = insert_article(db, sign(article), source_id=source, now=now, extractor="x", raw=None)
            reasons = json.dumps([{"rule": text, "forms": [text], "where": text, "n": 2}])
            db.execute("INSERT INTO topic_matches VALUES ('any', ?, 0.5, 1, ?, '1')", (article_id, reasons))
            if number < 40:
                db.execute("INSERT INTO mentions VALUES ((SELECT id FROM entities WHERE slug = ?), ?, 1)",
                           (f"e{number}", article_id))  # fmt: skip
            if number % 3 == 0:
                db.execute("INSERT INTO revisions (article_id, number, seen_at, title, body, content_hash, kind)"
                           " VALUES (?, 1, ?, ?, ?, 'x', 'update')", (article_id, now, text, f"{text} before"))  # fmt: skip
    db.close()
    return path


def _ask_each(database: Path, addresses: list[str]) -> list[Any]:
    async def ask() -> list[Any]:
        site = build_site(database)
        return [await site.client.get(address) for address in addresses]

    return asyncio.run(ask())


def _check_page(answer: Any) -> None:
    assert answer.status_code == 200, answer.url
    page = Page(answer.text)
    names = {tag for tag, _ in page.tags}
    assert not {"script", "img", "iframe", "style", "base", "textarea"} & names, answer.url
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")], answer.url
    assert not [link for link in page.links() if link.strip().lower().startswith(("javascript:", "data:"))], answer.url
    assert "49" not in [data.strip() for data in answer.text.split("<h1")[1:2]]


def test_every_string_is_kept_byte_for_byte(database: Path) -> None:
    with closing(sqlite3.connect(database)) as db:
        db.text_factory = bytes
        rows = db.execute("SELECT a.title, a.authors, s.name, a.published_raw, t.body FROM articles AS a"
                          " JOIN sources AS s ON s.id = a.source_id JOIN article_text AS t ON t.id = a.id ORDER BY a.id")  # fmt: skip
        for text, (title, authors, name, raw, body) in zip(NAUGHTY, rows.fetchall(), strict=True):
            assert title == name == raw == text.encode()
            assert body == f"{text}\n\nThe {text} again".encode()
            assert json.loads(authors) == [text, text]


def test_every_page_shows_them_escaped(database: Path) -> None:
    numbers = range(1, len(NAUGHTY) + 1)
    answers = _ask_each(
        database,
        ["/", "/stories", "/sources", "/topics", "/topic/any", "/search?q=again",
         *(f"/article/{n}" for n in numbers), *(f"/story/{n}" for n in numbers[::4]),
         *(f"/source/outlet-{n - 1}" for n in numbers[::4])],
    )  # fmt: skip
    for answer in answers:
        _check_page(answer)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in "".join(answer.text for answer in answers)
    assert "{{ 7 * 7 }}" in "".join(answer.text for answer in answers), "no template runs twice"


def test_every_question_gets_a_page(database: Path) -> None:
    queries = [urlencode({"q": text[:400]}) for text in NAUGHTY]
    for answer in _ask_each(database, [f"/search?{query}" for query in queries]):
        _check_page(answer)
    odd = [
        urlencode({"q": "again", name: text[:100]})
        for text in NAUGHTY[::5]
        for name in ("source", "language", "before")
    ]
    for answer in _ask_each(database, [f"/search?{query}" for query in odd]):
        _check_page(answer)


def test_words_are_found_again(database: Path) -> None:
    wanted = ["社會科學院", "표준국어대사전", "می‌خواهم", "울란바토르", "１２３ＡＢＣ", "undefined", "הָיְתָה"]
    for text, answer in zip(
        wanted, _ask_each(database, [f"/search.json?{urlencode({'q': t})}" for t in wanted]), strict=True
    ):
        assert answer.json()["rows"], text


def test_feeds_and_exports_hold_them(database: Path) -> None:
    feeds = ["/stories.atom", "/topic/any.atom", *(f"/source/outlet-{n}.atom" for n in range(0, len(NAUGHTY), 3))]
    feeds += [f"/search.atom?{urlencode({'q': text[:200]})}" for text in NAUGHTY[::2]]
    for answer in _ask_each(database, feeds):
        assert answer.status_code == 200
        assert ElementTree.fromstring(answer.content).tag == "{http://www.w3.org/2005/Atom}feed"
        assert not feedparser.parse(answer.content).bozo, answer.url
    titles = ElementTree.fromstring(_ask_each(database, ["/topic/any.atom"])[0].content).iter(
        "{http://www.w3.org/2005/Atom}title"
    )
    shown = {title.text for title in titles}
    assert {clean_text(text).strip() for text in NAUGHTY[-50:]} - {""} <= shown
    (rows,) = (answer.json()["rows"] for answer in _ask_each(database, ["/topic/any.json?size=500"]))
    assert [row["title"] for row in reversed(rows)] == NAUGHTY
    for answer in _ask_each(
        database, ["/topic/any.csv?size=500", "/watch/sources.csv", "/sources.csv", "/watch/seeds.csv"]
    ):
        assert answer.status_code == 200
        lines = [line for line in answer.text.split("\r\n") if line[:1] in ("=", "+", "@")]
        assert lines == []
