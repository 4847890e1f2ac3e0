"""The cleaning all readers share: addresses, titles, times, sniffing, mending."""

from __future__ import annotations

import html
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from crawler.hints import clean_title, clean_url, read_time, write_time
from crawler.mending import cut_broken_end, find_fault, mend_references, mend_tree
from crawler.sniffing import name_document, name_root
from db.urls import normalise

_FIRST, _LAST = (datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (1971, 2999))
BASE = "https://daily.example/news/index.html"


@pytest.mark.parametrize(
    ("raw", "url"),
    [
        ("x", "https://daily.example/news/x"),
        ("/x", "https://daily.example/x"),
        ("?p=1", "https://daily.example/news/index.html?p=1"),
        ("//other.example", "https://other.example/"),
        (" \t\nhttps://a.example/x\r\n ", "https://a.example/x"),
        ("https://a.exa\nmple/x", "https://a.example/x"),
        ("HTTP://A.Example:80/X#y", "http://a.example/X"),
    ],
)
def test_addresses(raw: str, url: str) -> None:
    assert clean_url(raw, BASE) == url


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("", "an empty link"),
        ("\u0001 ", "an empty link"),
        ("mailto:a@b.example", "not an http"),
        ("data:text/html,x", "not an http"),
        ("http://", "not a URL"),
        ("http://[::1", "not a URL"),
        ("https://a.example/" + "x" * 5000, "a link of 5,018 characters"),
    ],
)
def test_refused_addresses(raw: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        clean_url(raw, BASE)


@given(st.text(max_size=60))
def test_an_address_is_clean_or_refused(raw: str) -> None:
    try:
        url = clean_url(raw, BASE)
    except ValueError:
        return
    assert url == normalise(url)
    assert clean_url(url, "https://else.example/") == url


@given(
    st.datetimes(min_value=_FIRST, max_value=_LAST),
    st.integers(-12 * 4, 14 * 4),
)
def test_every_standard_spelling_of_a_moment_is_read_the_same(naive: datetime, quarters: int) -> None:
    moment = naive.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=15 * quarters)))
    want = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    spellings = [moment.isoformat(), moment.isoformat(" "), f"{moment:%Y-%m-%dT%H:%M:%S%z}", format_datetime(moment)]
    spellings += [f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC", f"{moment:%Y-%m-%dT%H:%M:%S}.123{moment:%z}"]
    assert {read_time(f" {text}\n") for text in spellings} == {want}
    assert write_time(moment) == want


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        ("2026", "2026-01-01T00:00:00Z"),
        ("2026-03", "2026-03-01T00:00:00Z"),
        ("2026-03-04", "2026-03-04T00:00:00Z"),
        ("2026-03-04T05:06Z", "2026-03-04T05:06:00Z"),
        ("2026-03-04T05:06:07", "2026-03-04T05:06:07Z"),
        ("Wed, 04 Mar 2026 05:06:07 GMT", "2026-03-04T05:06:07Z"),
        ("1851-09-18", "1851-09-18T00:00:00Z"),
        *[
            (raw, None)
            for raw in (None, "", "soon", "2026-13-01", "0000-00-00", "1970-01-01", "0001-01-01T00:00:00+14:00")
        ],
        ("9999-12-31T23:59:59-12:00", None),
    ],
)
def test_times(raw: str | None, want: str | None) -> None:
    assert read_time(raw) == want


@given(st.text(max_size=80))
def test_times_and_titles_never_fail(raw: str) -> None:
    read = read_time(raw)
    assert read is None or read.endswith("Z")
    title = clean_title(raw)
    assert title is None or (title == title.strip() and "\n" not in title and len(title) <= 500)


@given(st.text(st.characters(categories=("L", "N")), min_size=1, max_size=40))
def test_a_plain_title_stays(title: str) -> None:
    assert clean_title(html.escape(f"<b>{title}</b> ")) == title


def test_roots_are_found_behind_junk() -> None:
    assert name_root(b"<br>Warning <b>x</b>\n<?xml version='1.0'?><rss version='2.0'>") == "rss"
    assert name_root(b"<!-- <html> --><a:feed xmlns:a='x'>") == "feed"
    assert name_root("<rdf:RDF>".encode("utf-16")) == "rdf"
    assert name_root(b"<!DOCTYPE HTML>") == "html"
    assert name_root(b"<htmlx><rssfeed>") is None
    assert name_document(b"\x89PNG\r\n") == "an image"


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc"))))
def test_sound_xml_is_not_mended(text: str) -> None:
    body = f"<a>{html.escape(text)}</a>".encode()
    assert etree.fromstring(mend_references(body.replace(b"&#x27;", b"&apos;"))).text == (text or None)


def test_references_are_mended() -> None:
    assert mend_references(b"<a>x&y &amp; &#38; &nbsp;&bogus; &copy=1 &</a>") == (
        b"<a>x&amp;y &amp; &#38; &#160;&amp;bogus; &amp;copy=1 &amp;</a>"
    )
    declared = b"<!DOCTYPE a [<!ENTITY me 'x'>]><a>&me;</a>"
    assert mend_references(declared) == declared


def test_broken_ends_are_cut() -> None:
    items = (("item",), ("rss",))
    assert cut_broken_end(b"<rss><item>1</item><item>2", *items) == (b"<rss><item>1</item>", True)
    assert cut_broken_end(b"<rss><item>1</item></rss>\n", *items) == (b"<rss><item>1</item></rss>\n", False)
    assert cut_broken_end(b"<rss><item>1", *items) == (b"<rss><item>1", False)
    assert mend_tree(b"") == b""
    assert mend_tree(b"<a><b>1</a>") == b"<a><b>1</b></a>"
    assert mend_tree(b"<a><br><c:d>1 & 2</c:d><img src='x'></a>") == b"<a> <c_d>1 &amp; 2</c_d> </a>"


def test_faults_are_named_with_their_place() -> None:
    assert find_fault(b"<a>&amp;</a>") is None
    assert find_fault(b"<a>\n&nbsp;</a>") == "undefined entity: line 2, column 0"
    assert find_fault(b"<a><b:c/></a>") == "unbound prefix: line 1, column 3"
