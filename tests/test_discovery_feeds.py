"""Feeds of every dialect, sound and broken: what is read, what is left out, and in which words it is refused."""

from __future__ import annotations

import contextlib
import gzip
import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.discovery import LINKS_MAX
from crawler.feeds import LENIENT_MAX, parse_feed
from crawler.sniffing import DiscoveryError
from db.records import Link

URL = "https://daily.example/news/feed.xml"


def rss(items: str, head: str = "<title>The Daily</title>") -> bytes:
    """Returns an RSS 2.0 feed around items."""
    start = '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    start += ' xmlns:atom="http://www.w3.org/2005/Atom" xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0">'
    return f"{start}<channel>{head}{items}</channel></rss>".encode()


def only(body: bytes, content_type: str | None = None) -> Link:
    """Returns the single link of a feed that has no problems."""
    found = parse_feed(body, URL, content_type)
    assert found.problems == ()
    (link,) = found.links
    return link


def test_rss_gives_links_in_order_with_hints() -> None:
    found = parse_feed(
        rss(
            "<item><title>Second</title><link>https://daily.example/2</link>"
            "<pubDate>Tue, 03 Nov 2026 10:00:00 +0430</pubDate></item>"
            "<item><title>First</title><link>https://daily.example/1</link></item>"
        ),
        URL,
        "application/rss+xml",
    )
    assert found.links == (
        Link("https://daily.example/2", "Second", "2026-11-03T05:30:00Z"),
        Link("https://daily.example/1", "First"),
    )
    assert (found.title, found.kind, found.problems, found.children) == ("The Daily", "RSS 2.0", (), ())
    assert found.newest() == "2026-11-03T05:30:00Z"


@pytest.mark.parametrize(
    ("item", "url"),
    [
        ("<link>https://a.example/x</link>", "https://a.example/x"),
        ("<link>\n  https://a.example/x\t</link>", "https://a.example/x"),
        ("<link><![CDATA[https://a.example/x?a=1&b=2]]></link>", "https://a.example/x?a=1&b=2"),
        ("<link>https://a.example/x?a=1&amp;amp;b=2</link>", "https://a.example/x?a=1&b=2"),
        ("<link>../story/9</link>", "https://daily.example/story/9"),
        ("<link>//cdn.example/x</link>", "https://cdn.example/x"),
        ("<link>https://a.example/a b</link>", "https://a.example/a%20b"),
        ("<guid>https://a.example/g</guid>", "https://a.example/g"),
        ('<guid isPermaLink="true">https://a.example/g</guid>', "https://a.example/g"),
        ("<guid>https://a.example/g</guid><link>https://a.example/x</link>", "https://a.example/x"),
        ('<guid isPermaLink="false">https://a.example/g</guid><link>https://a.example/x</link>', "https://a.example/x"),
        (
            "<link>https://proxy.example/~r/1</link><feedburner:origLink>https://a.example/x</feedburner:origLink>",
            "https://a.example/x",
        ),
        (
            '<atom:link rel="self" href="https://a.example/self"/><link>https://a.example/x</link>'
            '<enclosure url="https://a.example/s.mp3" type="audio/mpeg" length="1"/>',
            "https://a.example/x",
        ),
    ],
)
def test_which_address_an_rss_item_means(item: str, url: str) -> None:
    assert only(rss(f"<item><title>T</title>{item}</item>")).url == url


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        ("<title>T</title>", "entry 1 has no web address: T"),
        ("<guid>12345</guid>", "entry 1 has no web address"),
        ('<guid isPermaLink="false">https://a.example/g</guid>', "entry 1 has no web address"),
        ("<link>javascript:alert(1)</link>", "not an http(s) link: javascript:alert(1)"),
        ("<link>http://[bad/x</link>", "not a URL: http://[bad/x"),
        ("<link>ftp://a.example/x</link>", "not an http(s) link: ftp://a.example/x"),
        ("<link>https://a.example/" + "x" * 5000 + "</link>", "a link of 5,018 characters"),
    ],
)
def test_one_bad_entry_never_loses_the_rest(item: str, problem: str) -> None:
    found = parse_feed(rss(f"<item>{item}</item><item><link>https://a.example/good</link></item>"), URL, None)
    assert [link.url for link in found.links] == ["https://a.example/good"]
    assert len(found.problems) == 1
    assert found.problems[0].startswith(problem)


@pytest.mark.parametrize(
    ("dates", "published", "modified"),
    [
        ("<dc:date>2026-01-02T03:04:05+04:30</dc:date>", "2026-01-01T22:34:05Z", "2026-01-01T22:34:05Z"),
        ("<pubDate>2026-01-02</pubDate>", "2026-01-02T00:00:00Z", None),
        ("<pubDate>Wed, 01 Jul 2026 10:00 EST</pubDate>", "2026-07-01T15:00:00Z", None),
        ("<pubDate>yesterday</pubDate>", None, None),
        ("<pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate>", None, None),
        (
            "<pubDate>Fri, 02 Jan 2026 03:04:05 GMT</pubDate><atom:updated>2026-01-03T00:00:00Z</atom:updated>",
            "2026-01-02T03:04:05Z",
            "2026-01-03T00:00:00Z",
        ),
    ],
)
def test_dates_become_utc(dates: str, published: str | None, modified: str | None) -> None:
    link = only(rss(f"<item><link>https://a.example/x</link>{dates}</item>"))
    assert (link.published_hint, link.modified_hint) == (published, modified)


def test_titles_are_plain_text() -> None:
    item = "<item><link>https://a.example/x</link><title>{}</title></item>"
    assert only(rss(item.format("A &lt;b&gt;bold&lt;/b&gt; claim &amp;amp; more"))).title_hint == "A bold claim & more"
    assert only(rss(item.format("5 &lt; 6\n and 7"))).title_hint == "5 < 6 and 7"
    assert only(rss(item.format("می‌رود"))).title_hint == "می‌رود"
    assert len(only(rss(item.format("x " * 2000))).title_hint or "") <= 500


def test_equal_urls_are_one_link_with_all_hints() -> None:
    body = rss(
        "<item><link>https://a.example/x</link></item><item><link>HTTPS://A.example:443/x#top</link><title>T</title></item>"
    )
    assert only(body) == Link("https://a.example/x", "T")


def test_atom() -> None:
    body = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://atom.example/base/">
    <title type="html">The &lt;i&gt;Atom&lt;/i&gt;</title>
    <entry><id>tag:1</id><title>One</title><link rel="edit" href="edit"/><link rel="alternate" type="application/json"
      href="1.json"/><link rel="alternate" type="text/html" href="1.html"/><updated>2026-01-03T00:00:00Z</updated>
      <published>2026-01-02T00:00:00+01:00</published></entry>
    <entry xml:base="sub/"><id>tag:2</id><title>Two</title><link href="2"/>
      <updated>2026-01-03T00:00:00Z</updated></entry>
    <entry><id>https://atom.example/3</id><title>Three</title></entry>
    <entry><id>tag:4</id><title>Four</title></entry></feed>"""
    found = parse_feed(body, URL, "application/atom+xml")
    assert found.links == (
        Link("https://atom.example/base/1.html", "One", "2026-01-01T23:00:00Z", "2026-01-03T00:00:00Z"),
        Link("https://atom.example/base/sub/2", "Two", "2026-01-03T00:00:00Z", "2026-01-03T00:00:00Z"),
        Link("https://atom.example/3", "Three"),
    )
    assert found.problems == ("entry 4 has no web address: Four",)
    assert (found.title, found.kind) == ("The Atom", "Atom")


def test_relative_base_is_meant_from_the_feed() -> None:
    body = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:base="/base/"><entry><link href="x"/></entry></feed>"""
    assert only(body).url == "https://daily.example/base/x"


def test_rdf() -> None:
    body = b"""<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://r.example/">
    <title>R</title><link>https://r.example/</link></channel><item rdf:about="https://r.example/1"><title>One</title>
    <link>https://r.example/1</link><dc:date>2026-01-02T00:00:00Z</dc:date></item></rdf:RDF>"""
    found = parse_feed(body, URL, "text/xml")
    assert [(link.url, link.published_hint) for link in found.links] == [
        ("https://r.example/1", "2026-01-02T00:00:00Z")
    ]
    assert (found.kind, found.title) == ("RSS 1.0", "R")


def test_old_rss() -> None:
    body = (
        b'<rss version="0.91"><channel><title>Old</title><item><link>https://o.example/1</link></item></channel></rss>'
    )
    assert parse_feed(body, URL, None).kind.startswith("RSS 0.91")
    assert only(body).url == "https://o.example/1"


def test_json_feed() -> None:
    data = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "J",
        "items": [
            {"id": "1", "url": "/1", "title": "One", "date_published": "2026-01-02T00:00:00+01:00"},
            {"id": "https://j.example/2", "date_modified": "2026-01-03T00:00:00Z"},
            {"id": "3", "external_url": "https://else.example/3", "title": 7},
            {"id": 4},
            "five",
        ],
    }
    found = parse_feed(b"\xef\xbb\xbf" + json.dumps(data).encode(), URL, "text/plain")
    assert found.links == (
        Link("https://daily.example/1", "One", "2026-01-01T23:00:00Z"),
        Link("https://j.example/2", None, "2026-01-03T00:00:00Z", "2026-01-03T00:00:00Z"),
        Link("https://else.example/3"),
    )
    assert found.problems == ("entry 4 has no web address", "entry 5 is no object")
    assert (found.kind, found.title) == ("JSON Feed 1.1", "J")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "an empty response where a feed was expected"),
        (b" \n\xef\xbb\xbf", "an empty response where a feed was expected"),
        (b"<!DOCTYPE html><html><body>Are you a robot?</body></html>", "an HTML page where a feed was expected"),
        (b'<?xml version="1.0"?><!DOCTYPE html><html xmlns="x"/>', "an HTML page where a feed was expected"),
        (b"<urlset><url/></urlset>", "a sitemap where a feed was expected"),
        (b"<opml><body/></opml>", "an OPML list where a feed was expected"),
        (b"<svg/>", "XML of another kind where a feed was expected"),
        (b'{"error": "forbidden"}', "JSON of another kind where a feed was expected"),
        (
            b'{"version": "https://jsonfeed.org/version/1", "items": 3}',
            "JSON of another kind where a feed was expected",
        ),
        (b'{"version": ', "JSON that cannot be read, where a feed was expected"),
        (b"Service unavailable", "plain text where a feed was expected"),
        (b"%PDF-1.4", "a PDF file where a feed was expected"),
        (b"\x00\x01\x02", "binary data where a feed was expected"),
    ],
)
def test_what_is_no_feed_is_refused_in_words(body: bytes, reason: str) -> None:
    with pytest.raises(DiscoveryError) as caught:
        parse_feed(body, URL, "application/rss+xml")
    assert caught.value.reason.startswith(reason)


PERSIAN = "طالبان در کابل"
ITEM = f"<item><title>{PERSIAN}</title><link>https://a.example/x</link></item>"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (rss(ITEM), "text/html; charset=iso-8859-1"),
        (rss(ITEM), "text/xml"),
        (b"\n\n  " + rss(ITEM), None),
        (b"\xef\xbb\xbf" + rss(ITEM), "application/octet-stream"),
        (b"<br />\n<b>Warning</b>: line 3<br />\n" + rss(ITEM), "text/html"),
        (gzip.compress(rss(ITEM), mtime=0), "application/gzip"),
        (rss(ITEM).decode().replace("utf-8", "utf-16").encode("utf-16"), "text/xml"),
        (
            rss(ITEM).decode().replace("utf-8", "windows-1256").replace("ی", "ي").encode("windows-1256", "ignore"),
            "text/xml",
        ),
        (rss(ITEM).replace(b"utf-8", b"no-such-code"), "text/xml; charset=nonsense"),
    ],
)
def test_wrong_types_and_encodings(body: bytes, content_type: str | None) -> None:
    (link,) = parse_feed(body, URL, content_type).links
    assert (link.url, link.title_hint) == ("https://a.example/x", PERSIAN)


def test_cyrillic_by_declaration_against_a_wrong_header() -> None:
    item = "<item><title>Переговоры в Кабуле</title><link>https://a.example/x</link></item>"
    body = rss(item).decode().replace("utf-8", "windows-1251").encode("windows-1251")
    assert parse_feed(body, URL, "text/xml; charset=iso-8859-1").links[0].title_hint == "Переговоры в Кабуле"


def test_html_entities_and_bare_ampersands() -> None:
    found = parse_feed(
        rss("<item><title>A&nbsp;B &eacute;&hellip; AT&T</title><link>https://a.example/?a=1&copy=2&b=3</link></item>"),
        URL,
        None,
    )
    assert found.links == (Link("https://a.example/?a=1&copy=2&b=3", "A B é… AT&T"),)
    assert found.problems[0].startswith("the XML is broken, and was read as far as possible")


def test_unclosed_tags_keep_all_items() -> None:
    found = parse_feed(
        rss(
            "<item><title>A <br> B</title><link>https://a.example/1</link></item>"
            "<item><link>https://a.example/2</link></item>"
        ),
        URL,
        None,
    )
    assert [link.url for link in found.links] == ["https://a.example/1", "https://a.example/2"]


def test_an_undeclared_prefix_costs_nothing_else() -> None:
    item = "<item><title>T</title><x:y>z</x:y><link>https://a.example/{}</link></item>"
    assert [link.url for link in parse_feed(rss(item.format(1)), URL).links] == ["https://a.example/1"]
    many = "".join(item.format(n) for n in range(20_000))
    assert len(many) > LENIENT_MAX
    assert len(parse_feed(rss(many), URL).links) == 20_000


@pytest.mark.parametrize(
    "soup", [b"<a ", b"<item>", b"<!--", b"<div>", b"&", b'<a b="', b"<![CDATA[", b"<!ENTITY a 'b'>"]
)
def test_tag_soup_does_not_hold_up_the_crawl(soup: bytes) -> None:
    body = b"<rss version='2.0'><channel>" + soup * (2_000_000 // len(soup))
    start = time.process_time()
    with contextlib.suppress(DiscoveryError):
        assert parse_feed(body, URL).links == ()
    assert time.process_time() - start < 30


def test_half_an_address_is_not_taken_for_a_whole_one() -> None:
    whole = rss("<item><link>https://a.example/1</link></item><item><link>https://a.example/22222</link></item>")
    for end in range(whole.index(b"22222"), len(whole) - 30):
        found = parse_feed(whole[:end], URL, None)
        assert {link.url for link in found.links} <= {"https://a.example/1", "https://a.example/22222"}
        assert "https://a.example/1" in {link.url for link in found.links}
        assert "the document breaks off before its end" in found.problems


def test_entities_neither_open_files_nor_explode(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden-word")
    head = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY f SYSTEM "{secret.as_uri()}"><!ENTITY a "aaaaaaaaaa">'
    head += "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)) + "]>"
    item = "<item><title>&f;&j;</title><link>https://a.example/x</link></item>"
    found = parse_feed(head.encode() + b"<rss version='2.0'><channel>" + item.encode() + b"</channel></rss>", URL, None)
    assert [link.url for link in found.links] == ["https://a.example/x"]
    assert "hidden-word" not in repr(found)
    assert len(repr(found)) < 2000


def test_more_links_than_one_document_may_give() -> None:
    data = {"version": "https://jsonfeed.org/version/1", "items": [{"url": f"/{n}"} for n in range(LINKS_MAX + 5)]}
    found = parse_feed(json.dumps(data).encode(), URL, None)
    assert len(found.links) == LINKS_MAX
    assert found.problems == ("more than 50,000 links; the rest was left out",)


_TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=40)


@given(st.lists(st.tuples(_TEXT, st.integers(0, 2_000_000_000)), max_size=8))
@settings(deadline=None, max_examples=60)
def test_every_item_of_a_sound_feed_is_found(items: list[tuple[str, int]]) -> None:
    data = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [{"url": f"/s/{n}", "title": title} for n, (title, _) in enumerate(items)],
    }
    found = parse_feed(json.dumps(data).encode(), URL, None)
    assert [link.url for link in found.links] == [f"https://daily.example/s/{n}" for n in range(len(items))]
    assert found.problems == ()


@given(st.binary(max_size=400), st.sampled_from([b"", b"<rss version='2.0'><channel><item>", b'{"items":[', b"<feed>"]))
@settings(deadline=None, max_examples=300)
def test_any_bytes_are_read_or_refused(noise: bytes, start: bytes) -> None:
    try:
        found = parse_feed(start + noise, URL, None)
    except DiscoveryError as error:
        assert error.reason
    else:
        assert all(link.url.startswith(("http://", "https://")) for link in found.links)
