"""URL identity: which form is fetched, which URLs are one article, which must stay apart."""

from __future__ import annotations

import pytest

from db.trackers import Parameter, drop_trackers
from db.urls import host_of, is_article_like, normalise, registrable_domain, same_site, url_key

STORY = "https://www.kabul-courier.example/world/2021/08/15/airport-reopens-4711"

# --- the form to fetch -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "fetched"),
    [
        ("http://Example.ORG", "http://example.org/"),
        ("  \n\thttps://example.org/a\r\n", "https://example.org/a"),
        ("\ufeffhttps://example.org/a\u200b", "https://example.org/a"),
        ("https://example.org/a\x00b\x1f", "https://example.org/ab"),
        ("https://exam\nple.org/wrap\nped", "https://example.org/wrapped"),
        ("HTTPS://EXAMPLE.org:443/Case/Kept", "https://example.org/Case/Kept"),
        ("http://example.org:80/", "http://example.org/"),
        ("http://example.org:443/", "http://example.org:443/"),
        ("http://example.org:/a", "http://example.org/a"),
        ("http://example.org:0080/a", "http://example.org/a"),
        ("https://reader:secret@example.org/a", "https://example.org/a"),
        ("https://a@b:c@example.org/a@b", "https://example.org/a@b"),
        ("https://example.org./a", "https://example.org/a"),
        ("https://müller-zeitung.example/ä", "https://xn--mller-zeitung-wob.example/%C3%A4"),
        ("https://новости.example/а", "https://xn--b1amnebsh.example/%D0%B0"),
        ("https://faß.example/", "https://xn--fa-hia.example/"),
        ("https://☃.example/", "https://xn--n3h.example/"),
        ("http://①②⑦.⓪.⓪.①/", "http://127.0.0.1/"),
        ("http://ｅｘａｍｐｌｅ。org/", "http://example.org/"),
        ("http://ex%61mple.org/", "http://example.org/"),
        ("http://[2001:DB8:0:0::1]:8080/a", "http://[2001:db8::1]:8080/a"),
        ("http://[::1]/", "http://[::1]/"),
        ("https://example.org/a/./b/../c", "https://example.org/a/c"),
        ("https://example.org/../../a", "https://example.org/a"),
        ("https://example.org/a/..", "https://example.org/"),
        ("https://example.org/b/%2e%2E/a", "https://example.org/a"),
        ("https://example.org/b/.%2e/a/%2E", "https://example.org/a/"),
        ("https://example.org/a//b", "https://example.org/a//b"),
        ("https://example.org/.well-known/x", "https://example.org/.well-known/x"),
        ("https://example.org/%7Euser/%c3%a9", "https://example.org/%7Euser/%c3%a9"),
        ("https://example.org/%c3%A9é?q=%c3%a9é", "https://example.org/%c3%A9%C3%A9?q=%c3%a9%C3%A9"),
        ("https://example.org/a%2Fb", "https://example.org/a%2Fb"),
        ("https://example.org/caf%E9", "https://example.org/caf%E9"),
        ("https://example.org/100%", "https://example.org/100%25"),
        ("https://example.org/a b?c d", "https://example.org/a%20b?c%20d"),
        ("https://example.org/[x]|{y}", "https://example.org/%5Bx%5D%7C%7By%7D"),
        ("https://example.org/?q=a+b&r=%26&&s", "https://example.org/?q=a+b&r=%26&&s"),
        ("https://example.org/?", "https://example.org/"),
        ("https://example.org?p=7", "https://example.org/?p=7"),
        ("https://example.org/?a=1&amp;b=2&#038;c=3", "https://example.org/?a=1&b=2&c=3"),
        ("https://example.org/?utm_source=rss&id=1", "https://example.org/?utm_source=rss&id=1"),
        ("https://example.org/a#comments", "https://example.org/a"),
        ("https://example.org/a#:~:text=hello", "https://example.org/a"),
        ("https://example.org/#!/story/1", "https://example.org/#!/story/1"),
        ("https://example.org/#/story/1", "https://example.org/#/story/1"),
        ("https://example.org/#!", "https://example.org/"),
        ("https://example.org/#/", "https://example.org/"),
        ("https:\\\\example.org\\a?b\\c", "https://example.org/a?b%5Cc"),
        # Browsers ask example.org here, so nobody may read another host into it.
        ("http://example.org\\@internal.example/", "http://example.org/@internal.example/"),
        ("https://example.org/\ud800a", "https://example.org/a"),
    ],
)
def test_normalise_spells_a_url_one_way(raw: str, fetched: str) -> None:
    assert normalise(raw) == fetched


@pytest.mark.parametrize(
    "raw",
    [
        "", " ", "#", "/world/story", "//example.org/a", "example.org/a", "ftp://example.org/a", "file:///etc/passwd",
        "javascript:alert(1)", "data:text/html,x", "mailto:desk@example.org", "feed://example.org/rss", "http:",
        "http://",
        "http:///a", "https://?q", "http://user@/a", "http:/example.org/a", "http://example.org:99999/",
        "http://example.org:0/", "http://example.org:8o8o/", "http://example.org:-1/", "http://example.org:٨٠/",
        "http://[::1/a", "http://[::1]x/", "http://[fe80::1%25eth0]/", "http://[127.0.0.1]/", "http://exa<mple.org/",
        "http://a..b/", "http://.example.org/", "http://example.org%2Fpath/", "http://example.org%40evil.example/",
        "http://" + "a" * 64 + ".example/", "http://" + "a." * 127 + "example/", "http://\u200b/",
    ],
)  # fmt: skip
def test_normalise_refuses_what_cannot_be_fetched(raw: str) -> None:
    assert normalise(raw) is None


# --- identity --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tail",
    [
        "/", "//", "#top", "?", "?&", "/index.html", "/index.php", "/Default.aspx", "/amp", "/amp/",
        "/amp/index.html", ".amp",
        "/print", "/print/", "/amp.html", "/print.html", "?amp", "?amp=1", "?amp=true", "?outputType=amp",
        "?output=amp",
        "?view=print", "?print=1", "?print", "?amp&usqp=mq331AQ", "?amp_js_v=0.1", "?isAMP=1", ";jsessionid=0A1B2C",
        "?utm_source=rss&utm_medium=rss&utm_campaign=feeds", "?UTM_Source=x", "?fbclid=IwAR0abc",
        "?gclid=Cj0K&campaignid=77",
        "?mc_cid=1&mc_eid=2", "?xtor=RSS-1", "?at_medium=custom7&at_campaign=64", "?ns_mchannel=social",
        "?dicbo=v2-abc",
        "?ref=rss", "?ref=tw_i", "?source=newsletter", "?src=feed", "?cid=social", "?cmp=rss", "?CMP=share_btn_tw",
        "?partner=rss&emc=rss", "?via=twitter", "?output=rss", "?smid=fb-share", "?feature=youtu.be", "?from=home",
        "?sf123456789=1", "?sid=58428beaa14598c2e02d93ad5c773e4d", "?PHPSESSID=abc123", "?ASPSESSIONIDQQ=ABC",
        "?replytocom=991", "?cHash=39ac749d120d127296ab076c203053d3", "?guccounter=1&guce_referrer=aHR0",
        "?linkId=88112233",
        "?refid=52&__tn__=R", "?utm_source=a&amp;utm_medium=b", "?utm_source=a&#038;utm_medium=b", "?ref=rss&ref=home",
    ],
)  # fmt: skip
def test_a_tail_that_says_how_the_reader_came_leaves_the_key_alone(tail: str) -> None:
    assert url_key(STORY + tail) == url_key(STORY)


@pytest.mark.parametrize(
    "variant",
    [
        STORY.replace("https://www.", "http://"),
        STORY.replace("https:", "HTTP:").replace("www.", "WWW."),
        STORY.replace("www.", "m."),
        STORY.replace("www.", "mobile."),
        STORY.replace("www.", "amp."),
        STORY.replace("www.", "www2."),
        STORY.replace("www.", "www.m."),
        STORY.replace(".example/", ".example:443/"),
        STORY.replace("https", "http").replace(".example/", ".example:80/"),
        STORY.replace("/world", "//world"),
        STORY.replace("/world", "/amp/world"),
        STORY.replace("/world", "/print/world"),
        STORY.replace("/world", "/./x/../world"),
        STORY.replace("https://www.", "https://editor:pw@www."),
        STORY.replace("reopens", "%72eopens"),
        STORY.replace("https://", "").replace("www.", ""),
        "https://www-kabul--courier-example.cdn.ampproject.org/c/s/" + STORY.removeprefix("https://"),
        "https://www.google.com/amp/s/" + STORY.removeprefix("https://") + "/amp",
        "https://www.google.co.uk/amp/" + STORY.removeprefix("https://"),
    ],
)
def test_another_road_to_the_story_has_the_same_key(variant: str) -> None:
    assert url_key(variant) == url_key(STORY)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("https://n.example/x?b=2&a=1", "https://n.example/x?a=1&b=2"),
        ("https://n.example/x?q=a%20b", "https://n.example/x?q=a+b"),
        ("https://n.example/x/é", "https://n.example/x/%c3%a9"),
        ("https://n.example/%7Ex/%41?%71=%c3%a9", "https://n.example/~x/A?q=é"),
        ("https://n.example/x?utm%5Fsource=rss", "https://n.example/x"),
        ("https://n.example", "http://www.n.example/index.xhtml"),
        ("https://n.example/?p=9", "https://n.example/index.php?p=9"),
        ("https://n.example/x.amp.html", "https://n.example/x.html"),
        ("https://n.example/news/story-1.html?outputType=valid_amp", "https://n.example/news/story-1.html"),
        ("https://amp-kultur.n.example/a-1", "https://kultur.n.example/a-1"),
        ("https://de.m.n.example/wiki/A", "https://de.n.example/wiki/A"),
        ("https://ali.blogspot.com/2018/11/talks.html?m=1", "https://ali.blogspot.com/2018/11/talks.html"),
        ("https://n.example/#!/story/1/", "https://n.example#!/story/1"),
        ("https://tv.example/watch?ab_channel=desk&v=aB-1", "https://tv.example/watch?v=aB-1&feature=share"),
        ("https://müller.example/a", "https://xn--mller-kva.example/a"),
    ],
)
def test_spellings_of_one_page_share_a_key(a: str, b: str) -> None:
    assert url_key(a) == url_key(b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("/story?cid=55", "/story?cid=56"),
        ("/story?cid=55", "/story"),
        ("/story?ref=90001", "/story?ref=90002"),
        ("/story?ref=a7", "/story"),
        ("/story?source=kabul", "/story?source=doha"),
        ("/story?source=deadbeef", "/story"),
        ("/show?src=moscow-talks-resume-in-doha", "/show"),
        ("/story?refid=12", "/story?refid=13"),
        ("/story?campaignid=1", "/story?campaignid=2"),
        ("/story?linkid=1", "/story?linkid=2"),
        ("/story?sid=12", "/story?sid=13"),
        ("/story?_id=1", "/story?_id=2"),
        ("/story?gl=1", "/story?gl=2"),
        ("/?p=1", "/?p=2"),
        ("/archive?m=1", "/archive"),
        ("/2018/11/?m=1", "/2018/11/"),
        ("/story?print=edition-7", "/story"),
        ("/story?format=long", "/story"),
        ("/story?view=gallery", "/story"),
        ("/story?type=2", "/story?type=3"),
        ("/story?page=2", "/story"),
        ("/story?lang=en", "/story?lang=fa"),
        ("/story?a=1&a=2", "/story?a=2&a=1"),
        ("/story?a", "/story?a="),
        ("/story?q=a%26b=c", "/story?q=a&b=c"),
        ("/a%2Fb", "/a/b"),
        ("/Story", "/story"),
        ("/story-1", "/story-1a"),
        ("/story.html", "/story"),
        ("/story.html", "/story.htm"),
        ("/tag/amp", "/tag"),
        ("/amp", "/"),
        ("/music/amp/", "/music"),
        ("/amp/repairs", "/repairs"),
        ("/print", "/"),
        ("/guitar-amp", "/guitar"),
        ("/amplifier/x-1", "/x-1"),
        ("/blueprint", "/blue"),
        ("/index-of-prices", "/"),
        ("/a/index", "/a"),
        ("/#!/story/1", "/#!/story/2"),
        ("/#/story/1", "/#/story/2"),
        ("/#/story/1", "/"),
        ("/x;nid=1", "/x;nid=2"),
        ("/x;jsessionid=1?nid=2", "/x;jsessionid=1?nid=3"),
    ],
)
def test_different_pages_of_a_site_keep_different_keys(a: str, b: str) -> None:
    assert url_key("https://news.example" + a) != url_key("https://news.example" + b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("https://pashto.n.example/a", "https://dari.n.example/a"),
        ("https://en.n.example/a", "https://n.example/a"),
        ("https://alice.wordpress.com/p", "https://bob.wordpress.com/p"),
        ("https://m.wordpress.com/p", "https://wordpress.com/p"),
        ("https://m.co.uk/p", "https://co.uk/p"),
        ("https://m.example/p", "https://mobile.example/p"),
        ("https://n.example:8080/a", "https://n.example/a"),
        ("https://127.0.0.1/a", "https://127.0.0.2/a"),
        ("https://n.example/a", "ftp://n.example/a"),
        ("mailto:desk@n.example", "https://n.example"),
        ("https://www.google.com/amp/x", "https://x/"),
    ],
)
def test_different_hosts_keep_different_keys(a: str, b: str) -> None:
    assert url_key(a) != url_key(b)


def test_the_key_reads_like_a_url_without_scheme() -> None:
    assert url_key(STORY + "/?z=1&utm_source=x&id=2") == (
        "kabul-courier.example/world/2021/08/15/airport-reopens-4711?id=2&z=1"
    )
    assert url_key("https://www.n.example/") == "n.example"


@pytest.mark.parametrize("text", ["", "not a url", "ftp://x/y", "mailto:a@b.example", "http://[", "/a/b", "?x", "#"])
def test_what_is_no_url_has_a_key_of_its_own(text: str) -> None:
    assert url_key(url_key(text)) == url_key(f"  {text}\n") == url_key(text)


def test_trackers_are_dropped_in_order_and_companions_only_beside_their_family() -> None:
    def parameter(text: str) -> Parameter:
        name, _, value = text.partition("=")
        return Parameter(name.lower(), name, value, text)

    texts = ["b=1", "utm_id=4", "campaignid=7", "a=2"]
    assert [kept.text for kept in drop_trackers([parameter(text) for text in texts])] == ["b=1", "campaignid=7", "a=2"]
    texts.append("gclid=x")
    assert [kept.text for kept in drop_trackers([parameter(text) for text in texts])] == ["b=1", "a=2"]


# --- hosts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("news.bbc.co.uk", "bbc.co.uk"),
        ("https://www.tolo.example.af/a?b#c", "example.af"),
        ("BBC.co.uk:8080", "bbc.co.uk"),
        ("//cdn.example.org/x", "example.org"),
        ("alice.wordpress.com", "alice.wordpress.com"),
        ("x.alice.blogspot.de", "alice.blogspot.de"),
        ("www.wordpress.com", "wordpress.com"),
        ("wordpress.com", "wordpress.com"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("localhost:8099", "localhost"),
        ("newsroom", "newsroom"),
        ("127.0.0.1", "127.0.0.1"),
        ("http://10.0.0.1:8080/a", "10.0.0.1"),
        ("::1", "::1"),
        ("http://[2001:db8::1]:80/", "2001:db8::1"),
        ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
        ("https://sub.müller.de/", "xn--mller-kva.de"),
        ("a.b.unknown-suffix-xyz", "b.unknown-suffix-xyz"),
        ("", ""),
        ("http://", ""),
        ("/path/only", ""),
    ],
)
def test_registrable_domain(text: str, domain: str) -> None:
    assert registrable_domain(text) == domain


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://News.Example.org/a", "news.example.org"),
        ("https://example.org:443/", "example.org"),
        ("https://example.org:8443/", "example.org:8443"),
        ("http://127.0.0.1:8099/feed.xml", "127.0.0.1:8099"),
        ("http://[::1]:81/", "[::1]:81"),
        ("https://u:p@müller.de/", "xn--mller-kva.de"),
        ("example.org", ""),
        ("ftp://example.org/", ""),
    ],
)
def test_host_of(url: str, host: str) -> None:
    assert host_of(url) == host


def test_same_site_compares_what_one_owner_registered() -> None:
    assert same_site("https://www.bbc.co.uk/news/1", "http://feeds.bbci.bbc.co.uk/rss")
    assert same_site("news.example.org", "https://example.org/")
    assert same_site("http://127.0.0.1:1/", "http://127.0.0.1:2/")
    assert not same_site("https://a.co.uk/", "https://b.co.uk/")
    assert not same_site("https://alice.wordpress.com/", "https://bob.wordpress.com/")
    assert not same_site("", "")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (STORY, True),
        ("https://n.example/hope/", True),
        ("https://n.example/?p=3289", True),
        ("https://n.example/index.php?article=5", True),
        ("https://n.example/#!/story/1", True),
        ("https://n.example/en/talks", True),
        ("https://n.example/", False),
        ("https://n.example/index.html", False),
        ("https://n.example/?utm_source=rss", False),
        ("https://n.example/en", False),
        ("https://n.example/pt-br/", False),
        ("https://n.example/home", False),
        ("n.example/story-1", False),
        ("mailto:a@n.example", False),
    ],
)
def test_is_article_like(url: str, expected: bool) -> None:
    assert is_article_like(url) is expected


def test_a_url_longer_than_servers_take_is_refused() -> None:
    longest = "https://n.example/" + "a" * (8192 - len("https://n.example/"))
    assert normalise(longest) == longest
    assert normalise(longest + "a") is None
    assert normalise("https://n.example/" + "é" * 2000) is None  # 12,000 characters once encoded
