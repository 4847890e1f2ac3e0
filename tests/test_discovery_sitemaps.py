"""Sitemaps: lists, indexes, news, text, gzip, and all that is wrong with them in the wild."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.discovery import LINKS_MAX, Child
from crawler.sitemaps import parse_sitemap
from crawler.sniffing import UNPACKED_MAX, DiscoveryError
from db.records import Link

URL = "https://daily.example/sitemap.xml"
OPEN = '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
OPEN += ' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
OPEN += ' xmlns:image="http://www.google.com/schemas/sitemap-image/1.1" xmlns:xhtml="http://www.w3.org/1999/xhtml">'


def urlset(items: str) -> bytes:
    """Returns a sitemap around ``url`` elements."""
    return f"{OPEN}{items}</urlset>".encode()


def test_a_list_with_dates() -> None:
    found = parse_sitemap(
        urlset(
            "<url><loc>https://daily.example/b</loc><lastmod>2026-01-02T03:04:05+04:30</lastmod></url>"
            "<url><loc>\n https://daily.example/a </loc><lastmod>2026-01</lastmod><priority>0.5</priority></url>"
            "<url><loc>/relative</loc><lastmod>0000-00-00</lastmod></url>"
        ),
        URL,
    )
    assert found.links == (
        Link("https://daily.example/b", modified_hint="2026-01-01T22:34:05Z"),
        Link("https://daily.example/a", modified_hint="2026-01-01T00:00:00Z"),
        Link("https://daily.example/relative"),
    )
    assert (found.kind, found.problems, found.children) == ("sitemap", (), ())


def test_news_and_images_and_translations() -> None:
    found = parse_sitemap(
        urlset(
            "<url><image:image><image:loc>https://img.example/i.jpg</image:loc></image:image>"
            "<loc>https://daily.example/1</loc><xhtml:link rel='alternate' hreflang='fa' href='https://daily.example/fa'/>"
            "<news:news><news:publication><news:name>Daily</news:name><news:language>en</news:language></news:publication>"
            "<news:publication_date>2026-11-03T10:00:00+04:30</news:publication_date>"
            "<news:title><![CDATA[Rain & floods]]></news:title></news:news></url>"
        ),
        URL,
    )
    assert found.links == (Link("https://daily.example/1", "Rain & floods", "2026-11-03T05:30:00Z"),)
    assert (found.kind, found.problems) == ("news sitemap", ())


def test_an_index() -> None:
    found = parse_sitemap(
        b"""<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
        <sitemap><loc>https://daily.example/s1.xml.gz</loc><lastmod>2026-01-02</lastmod></sitemap>
        <sitemap><loc>s2.xml</loc></sitemap><sitemap><loc>s2.xml</loc></sitemap><sitemap/>
        <sitemap><loc>ftp://daily.example/s3</loc></sitemap></sitemapindex>""",
        URL,
    )
    assert found.children == (
        Child("https://daily.example/s1.xml.gz", "2026-01-02T00:00:00Z"),
        Child("https://daily.example/s2.xml"),
    )
    assert found.problems == ("entry 4 has no loc", "not an http(s) link: ftp://daily.example/s3")
    assert (found.kind, found.links) == ("sitemap index", ())
    assert found.newest() == "2026-01-02T00:00:00Z"


@pytest.mark.parametrize(
    "body",
    [
        b"<urlset><url><loc>https://a.example/x?a=1&amp;b=2</loc></url></urlset>",
        b'<urlset xmlns="http://www.google.com/schemas/sitemap/0.84"><url><loc>https://a.example/x?a=1&amp;b=2</loc></url></urlset>',
        b"<s:urlset xmlns:s='http://www.sitemaps.org/schemas/sitemap/0.9'><s:url><s:loc>https://a.example/x?a=1&amp;b=2"
        b"</s:loc></s:url></s:urlset>",
        b"\n\n\xef\xbb\xbf<?xml version='1.0'?><urlset><url><loc>https://a.example/x?a=1&amp;b=2</loc></url></urlset>",
        b"<urlset><url><loc>https://a.example/x?a=1&b=2</loc></url></urlset>",
        b"<urlset><url><loc><![CDATA[https://a.example/x?a=1&b=2]]></loc></url></urlset>",
        b"<!-- <html> --><urlset><url><loc>https://a.example/x?a=1&amp;b=2</loc></url></urlset>\n<!-- made in 3 s -->",
        "<?xml version='1.0' encoding='utf-16'?><urlset><url><loc>https://a.example/x?a=1&amp;b=2</loc></url></urlset>".encode(
            "utf-16"
        ),
        b"https://a.example/x?a=1&b=2\r\n\r\n",
        b"\xef\xbb\xbfhttps://a.example/x?a=1&b=2",
        b"<rss version='2.0'><channel><item><link>https://a.example/x?a=1&amp;b=2</link></item></channel></rss>",
        b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><link href='https://a.example/x?a=1&amp;b=2'/></entry></feed>",
    ],
)
@pytest.mark.parametrize("packed", [0, 1, 2])
def test_every_spelling_of_one_link(body: bytes, packed: int) -> None:
    for _ in range(packed):
        body = gzip.compress(body)
    found = parse_sitemap(body, URL)
    assert [link.url for link in found.links] == ["https://a.example/x?a=1&b=2"]
    assert found.problems == ()


def test_text_with_other_lines() -> None:
    found = parse_sitemap(b"https://a.example/1\nnot an address\nhttps://a.example/2\n", URL)
    assert [link.url for link in found.links] == ["https://a.example/1", "https://a.example/2"]
    assert found.problems == ("line 2 is no web address: not an address",)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "an empty response where a sitemap was expected"),
        (b"<!doctype html><title>404</title>", "an HTML page where a sitemap was expected"),
        (b"<html><body>https://a.example/</body></html>", "an HTML page where a sitemap was expected"),
        (b"Not found", "plain text where a sitemap was expected"),
        (b"<Error><Code>AccessDenied</Code></Error>", "an XML error where a sitemap was expected"),
        (b'{"a": 1}', "JSON of another kind where a sitemap was expected"),
        (gzip.compress(b"<html>", mtime=0), "an HTML page where a sitemap was expected"),
        (b"\x1f\x8bnot gzip at all", "a damaged gzip file"),
    ],
)
def test_what_is_no_sitemap_is_refused_in_words(body: bytes, reason: str) -> None:
    with pytest.raises(DiscoveryError) as caught:
        parse_sitemap(body, URL)
    assert caught.value.reason == reason


def test_a_download_that_broke_off_gives_only_whole_links() -> None:
    whole = urlset("<url><loc>https://daily.example/1</loc></url><url><loc>https://daily.example/22222</loc></url>")
    for end in range(whole.index(b"22222"), len(whole) - 10):
        found = parse_sitemap(whole[:end], URL)
        assert [link.url for link in found.links][:1] == ["https://daily.example/1"]
        assert {link.url for link in found.links} <= {"https://daily.example/1", "https://daily.example/22222"}
        assert found.problems == ("the document breaks off before its end",)


def test_a_gzip_file_that_broke_off() -> None:
    items = "".join(f"<url><loc>https://daily.example/{hash((n, 'x'))}</loc></url>" for n in range(2000))
    packed = gzip.compress(urlset(items))
    found = parse_sitemap(packed[: len(packed) // 2], URL)
    assert 500 < len(found.links) < 1999
    assert all(f"<loc>{link.url}</loc>" in items for link in found.links)


def test_two_gzip_members_are_one_file() -> None:
    whole = urlset("<url><loc>https://daily.example/1</loc></url>")
    found = parse_sitemap(gzip.compress(whole[:200]) + gzip.compress(whole[200:]), URL)
    assert [link.url for link in found.links] == ["https://daily.example/1"]


def test_a_gzip_bomb_is_refused_before_it_unfolds() -> None:
    bomb = gzip.compress(b" " * (UNPACKED_MAX + 1), 9)
    assert len(bomb) < 100_000
    with pytest.raises(DiscoveryError, match="more than 50 MiB when unpacked"):
        parse_sitemap(bomb, URL)
    with pytest.raises(DiscoveryError, match="more than 50 MiB when unpacked"):
        parse_sitemap(gzip.compress(bomb), URL)


def test_more_links_than_one_document_may_give() -> None:
    body = urlset("".join(f"<url><loc>https://daily.example/story/{n}</loc></url>" for n in range(LINKS_MAX + 10)))
    found = parse_sitemap(body, URL)
    assert len(found.links) == LINKS_MAX
    assert found.problems == ("more than 50,000 links; the rest was left out",)


def test_many_problems_are_counted() -> None:
    found = parse_sitemap(urlset("<url><loc>ftp://a.example/</loc></url>" * 500), URL)
    assert len(found.problems) == 51
    assert found.problems[-1] == "and 450 more problems"


def test_entities_are_not_followed() -> None:
    head = (
        '<?xml version="1.0"?><!DOCTYPE urlset [<!ENTITY a "https://a.example/"><!ENTITY f SYSTEM "file:///etc/hosts">'
    )
    good = "<url><loc>https://a.example/x</loc></url>"
    body = f"{head}]><urlset><url><loc>&a;x</loc></url><url><loc>&f;</loc></url>{good}</urlset>"
    found = parse_sitemap(body.encode(), URL)
    assert [link.url for link in found.links] == ["https://a.example/x"]
    assert found.problems == ("entry 1 has no loc", "entry 2 has no loc")
    bomb = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    found = parse_sitemap(f"{head}{bomb}]><urlset><url><loc>&j;</loc></url>{good}</urlset>".encode(), URL)
    assert len(repr(found)) < 1000


@given(
    st.binary(max_size=300),
    st.sampled_from([OPEN.encode(), b"<sitemapindex><sitemap><loc>", b"https://a.example/\n", b""]),
)
@settings(deadline=None, max_examples=300)
def test_any_bytes_are_read_or_refused(noise: bytes, start: bytes) -> None:
    try:
        found = parse_sitemap(start + noise, URL)
    except DiscoveryError as error:
        assert error.reason
    else:
        assert all(link.url.startswith(("http://", "https://")) for link in found.links)


@given(st.lists(st.tuples(st.integers(0, 50), st.datetimes()), max_size=20))
@settings(deadline=None, max_examples=60)
def test_order_is_kept_and_urls_are_unique(rows: list[tuple[int, object]]) -> None:
    found = parse_sitemap(
        urlset("".join(f"<url><loc>https://a.example/{n}</loc><lastmod>{when}</lastmod></url>" for n, when in rows)),
        URL,
    )
    assert [link.url for link in found.links] == list(dict.fromkeys(f"https://a.example/{n}" for n, _ in rows))


def test_a_name_that_is_none_breaks_the_document_there_and_no_more() -> None:
    body = b"<urlset><url><loc>https://a.example/1</loc></url><:><url><loc>https://a.example/2</loc></url></urlset>"
    found = parse_sitemap(body, "https://a.example/sitemap.xml")
    assert "https://a.example/1" in [link.url for link in found.links]
    assert any("broken" in problem for problem in found.problems)
