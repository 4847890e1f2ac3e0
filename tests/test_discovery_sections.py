"""Section pages: articles are told from navigation by structure; feeds and sitemaps of a site are found."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.discovery import Found
from crawler.sections import parse_section
from crawler.seed_finding import (
    Site,
    describe_site,
    find_seeds,
    is_comments_feed,
    sitemaps_of_robots,
    usual_feed_urls,
    usual_sitemap_urls,
)
from crawler.sniffing import DiscoveryError
from db.records import Link

URL = "https://www.daily.example/world/"

PAGE = """<!doctype html><html lang="en"><head><title>World | The Daily</title></head><body>
<header><a href="/">The Daily</a><a href="/signin">Sign in</a>
  <a href="/2026/11/01/the-long-story-in-the-header">The long story in the header today</a></header>
<nav><ul><li><a href="/politics/">Politics</a></li>
  <li><a href="/how-we-report-the-news-for-you">How we report</a></li></ul></nav>
<main>
  <article><a href="/2026/11/03/river-bridge-opens-after-years"><img src="a.jpg" alt=""></a>
    <h2><a href="/2026/11/03/river-bridge-opens-after-years">River bridge opens after years</a></h2>
    <time datetime="2026-11-03T08:00:00+04:30">today</time>
    <a class="byline" href="/author/a-b-c-d">By A. B. C. D</a>
    <ul class="tag-list"><li><a href="/2026/bridges-and-other-roads">Bridges and other roads here</a></li></ul>
    <a href="/2026/11/03/river-bridge-opens-after-years">Read more</a></article>
  <div class="card"><a href="https://sport.daily.example/cup/48213377"><h3>Cup goes north</h3><p>And the south is sad
    about it.</p></a></div>
  <ul><li><a href="/story.php?id=4411">Farmers wait for rain in the east</a></li>
  <li><a rel="bookmark" href="/world/short-one-here/">Short one here</a></li>
  <li><a href="/news/articles/c4gz8x1k2mno"></a></li>
  <li><a href="/world/page/2">More stories from around the world</a></li>
  <li><a href="/tag/rivers-and-lakes-and-seas">All about rivers and lakes and seas</a></li>
  <li><a href="/live">Live</a></li>
  <li><a href="/files/2026/report-on-the-state-of-rivers.pdf">The report on the state of rivers</a></li>
  <li><a href="https://other.example/2026/11/03/what-another-paper-wrote-today">What another paper wrote today</a></li>
  <li><a href="whatsapp://send?text=x">Share</a><a href="mailto:a@daily.example">Write to us about this story</a></li>
  <li><a href="http://[broken">A broken link in the page</a></li></ul>
</main>
<div class="site-footer"><div><div><div><div><a href="/2020/our-terms-of-use-in-full-20201">Our terms of use in full</a>
</div></div></div></div></div></body></html>"""


def test_articles_in_the_order_of_the_page() -> None:
    found = parse_section(PAGE.encode(), URL, "text/html; charset=utf-8")
    assert found.links == (
        Link(
            "https://www.daily.example/2026/11/03/river-bridge-opens-after-years",
            "River bridge opens after years",
            "2026-11-03T03:30:00Z",
        ),
        Link("https://sport.daily.example/cup/48213377", "Cup goes north"),
        Link("https://www.daily.example/story.php?id=4411", "Farmers wait for rain in the east"),
        Link("https://www.daily.example/news/articles/c4gz8x1k2mno"),
    )
    assert found.problems == ("not a URL: http://[broken",)
    assert (found.kind, found.title) == ("section page", "World | The Daily")


@pytest.mark.parametrize(
    "anchor",
    [
        '<a href="/a/the-minister-speaks-to-farmers">The minister speaks to farmers</a>',
        '<a href="/a/the-minister-speaks-to-farmers"><img src="x.jpg"></a>',
        '<h3><a href="/m/minister-speaks">Minister speaks</a></h3>'
        '<a href="/m/minister-speaks">He said many things at noon</a>',
        '<article><a href="/m/farmers-42">What farmers say about it</a></article>',
        '<a href="/legal/court-hears-the-case-of-farmers">Court hears the case of farmers</a>',
        '<a href="/article/155970/collapse">Collapse of an old bridge</a>',
        '<a href="/%D8%B7%D8%A7%D9%84%D8%A8%D8%A7%D9%86-%D8%AF%D8%B1-%D8%B4%D9%87%D8%B1-%DA%A9%D8%A7%D8%A8%D9%84">'
        "طالبان در شهر کابل</a>",
        '<a href="/n/2026-11-03/100234.html">记者今天在喀布尔报道</a>',
    ],
)
def test_what_is_an_article(anchor: str) -> None:
    found = parse_section(f"<html><body><main>{anchor}</main></body></html>".encode(), URL, None)
    assert len(found.links) == 1


@pytest.mark.parametrize(
    "anchor",
    [
        '<a href="/">The Daily, news of the valley</a>',
        # A headline over an address of two words could be a section as well; it is not guessed at.
        '<a href="/news/city-council/index.html">City council votes on water again</a>',
        '<a href="#top">Back to the top of this page</a>',
        f'<a href="{URL}#comments">All comments on this page here</a>',
        '<a href="/politics/">Politics</a>',
        '<a href="/author/jane-of-the-hill-and-dale">Jane of the Hill and Dale</a>',
        '<a rel="tag" href="/2026/rivers-lakes-and-other-water">Rivers, lakes and other water</a>',
        '<a href="/privacy-policy">Read our privacy policy in full</a>',
        '<a href="/contact-us-at-the-daily-112233.html">Contact</a>',
        '<footer><a href="/a/the-minister-speaks-to-farmers">The minister speaks to farmers</a></footer>',
        '<div role="navigation"><a href="/a/the-minister-speaks-to-farmers">The minister speaks to farmers</a></div>',
        '<div class="main-menu"><a href="/a/the-minister-speaks-to-farmers">The minister speaks to farmers</a></div>',
        '<a href="https://daily.example.evil.example/a/the-minister-speaks-to-farmers">'
        "The minister speaks to farmers</a>",
        '<a href="javascript:open(1)">The minister speaks to farmers</a>',
        "<a>The minister speaks to farmers</a>",
    ],
)
def test_what_is_none(anchor: str) -> None:
    found = parse_section(f"<html><body>{anchor}</body></html>".encode(), URL, None)
    assert (found.links, found.problems) == ((), ())


def test_a_base_tag_and_other_encodings() -> None:
    page = '<html><head><base href="https://daily.example/news/"></head><body>'
    page += '<a href="12345678.html">Переговоры в Кабуле начались</a>'
    for body, content_type in (
        (page.encode(), "text/html; charset=latin-1"),
        (page.encode("windows-1251"), "text/html; charset=windows-1251"),
        (page.replace("<head>", "<head><meta charset='windows-1251'>").encode("windows-1251"), "text/html"),
        (page.encode("utf-16"), None),
    ):
        found = parse_section(body, URL, content_type)
        assert found.links == (Link("https://daily.example/news/12345678.html", "Переговоры в Кабуле начались"),)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "an empty response where an HTML page was expected"),
        (b"<rss version='2.0'><channel><title>x</title></channel></rss>", "a feed where an HTML page was expected"),
        (b'{"a": 1}', "JSON of another kind where an HTML page was expected"),
        (b"plain words", "plain text where an HTML page was expected"),
    ],
)
def test_what_is_no_page_is_refused_in_words(body: bytes, reason: str) -> None:
    with pytest.raises(DiscoveryError) as caught:
        parse_section(body, URL, None)
    assert caught.value.reason == reason


@given(st.text(max_size=300))
@settings(deadline=None, max_examples=200)
def test_any_page_is_read(noise: str) -> None:
    body = ("<html><body><a href='" + noise).encode("utf-8", "replace")
    for read in (parse_section, find_seeds, describe_site):
        try:
            read(body, URL, None)
        except DiscoveryError as error:
            assert error.reason


def test_link_tags_and_links_to_feeds() -> None:
    page = b"""<html><head><base href="https://daily.example/">
    <link rel="ALTERNATE" type="application/rss+xml; charset=utf-8" title="News &amp; more" href="/rss?x=1&amp;y=2">
    <link rel="alternate feed" type="application/atom+xml" href="//daily.example/atom">
    <link rel="alternate" type="text/xml" href="/feed.xml">
    <link rel="alternate" type="application/json+oembed" href="/oembed">
    <link rel="alternate" hreflang="fa" href="/fa">
    <link rel="stylesheet" type="application/rss+xml" href="/style">
    <link rel="sitemap" type="application/xml" href="/map.xml">
    <link rel="alternate" type="application/rss+xml" href="javascript:1">
    <link rel="alternate" type="application/rss+xml">
    </head><body><a href="/fa/rss.xml">RSS</a><a href="/rss?x=1&amp;y=2">RSS</a><a href="/feedback">Feedback</a>
    <a href="/feeds-of-cattle-grow">Feeds of cattle</a><a href="http://[x">x</a></body></html>"""
    assert find_seeds(page, "https://www.daily.example/en/", "text/html") == (
        Found("feed", "https://daily.example/rss?x=1&y=2", "News & more", "link tag"),
        Found("feed", "https://daily.example/atom", None, "link tag"),
        Found("feed", "https://daily.example/feed.xml", None, "link tag"),
        Found("sitemap", "https://daily.example/map.xml", None, "link tag"),
        Found("feed", "https://daily.example/fa/rss.xml", "RSS", "page link"),
    )


def test_usual_addresses_lie_under_the_homepage_first() -> None:
    assert usual_feed_urls("https://daily.example")[:2] == (
        "https://daily.example/feed/",
        "https://daily.example/rss.xml",
    )
    urls = usual_feed_urls("https://daily.example/pashto?x=1")
    assert urls[0] == "https://daily.example/pashto/feed/"
    assert "https://daily.example/feed/" in urls
    assert len(set(urls)) == len(urls)
    assert usual_sitemap_urls("https://daily.example/pashto")[:2] == (
        "https://daily.example/sitemap.xml",
        "https://daily.example/news-sitemap.xml",
    )


def test_sitemap_lines_of_robots() -> None:
    robots = (
        "\ufeffSitemap: https://daily.example/a.xml\r\nUser-agent: *\nDisallow: /\n  SITEMAP :/b.xml # news\n"
        "Sitemap:\nSitemap: ftp://x/\n#Sitemap: /no.xml\nsitemap: https://daily.example/a.xml\n"
    )
    assert sitemaps_of_robots(robots, "https://daily.example/robots.txt") == (
        "https://daily.example/a.xml",
        "https://daily.example/b.xml",
    )


def test_comments_feeds() -> None:
    assert is_comments_feed("https://daily.example/comments/feed/", None)
    assert is_comments_feed("https://daily.example/feed/1", "Comments on: The bridge")
    assert not is_comments_feed("https://daily.example/feed/", "The Daily")


def test_what_a_site_says_about_itself() -> None:
    page = (
        b"<html lang='en-GB'><head><title>News - The Daily</title><meta property='og:site_name' content=' The  Daily '>"
    )
    assert describe_site(page + b"</head><body></body></html>", "https://d.example") == Site(
        "The Daily", "https://d.example/", ("en",)
    )
    page = b"<html><head><title>The Daily | News of the valley</title></head><body></body></html>"
    assert describe_site(page, "https://d.example/x") == Site("The Daily", "https://d.example/x", ())
    assert describe_site(b"<html><body><p>x</p></body></html>", "https://d.example/").name is None
