"""Laws of URL identity that hold for any text: idempotent, quick, never raising, nothing fetched."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from db.urls import host_of, is_article_like, normalise, registrable_domain, same_site, url_key

_pieces = st.sampled_from(
    [
        "http", "https", "://", "//", "/", ":", "@", "?", "#", "#!/", "#/", "&", "=", ";", "%", "%2", "%2F", "%2e",
        "%41", "%e9",
        "..", ".", "\\", "www.", "m.", "amp.", "amp-", "amp", "print", ".amp", ".html", "index.php", "/index.html",
        "utm_source",
        "ref", "rss", "cid", "55", "amp;", "&amp;", "#038;", "sid", "jsessionid=", "gclid=1", "refid=1", "_ft_=1",
        "m=1", "/2018/11/",
        "example.org", "co.uk", "wordpress.com", "cdn.ampproject.org/c/s/", "google.com/amp/s/", "127.0.0.1",
        "[::1]", ":80", ":443",
        "xn--", "é", "ß", "ö", "。", "①", "\u200b", "\ufeff", " ", "\t", "\x00", "\ud800", "ك", "新", "a", "B", "7",
        "-", "_", "+", "[", "]",
    ]
)  # fmt: skip
_soup = st.lists(_pieces | st.text(max_size=3), max_size=14).map("".join)
_urls = st.builds(
    "{}://{}{}/{}".format,
    st.sampled_from(["http", "https", "HTTP"]),
    st.sampled_from(
        ["www.n.example", "m.n.example:81", "amp-x.n.example", "ali.blogspot.com", "[::1]:80", "google.com", "é.de"]
    ),
    st.sampled_from(["", ":80", ":443", ":8080"]),
    _soup,
)
_any = _urls | _soup | st.text()


@given(_any)
@example("http://x:80")
@example("https://x:80")
@example("http:8080/x")
@example("https://x/?amp;amp;amp=1")
@example("https://a.example/%4%31")
def test_normalise_is_idempotent_and_never_raises(text: str) -> None:
    once = normalise(text)
    if once is not None:
        assert normalise(once) == once
        assert once.isascii()
        assert once.startswith(("http://", "https://"))


@given(_any)
@example("https://n.example/a-1/amp/index.html/print//")
@example("https://n.example/a;jsessionid=1/b;sid=2")
@example("https://x.cdn.ampproject.org/c/s/y.cdn.ampproject.org/c/n.example/a-1")
@example("https://n.example//amp//a-1")
@example("https://amp-amp-m.n.example/")
@example("mailto:a@b.example")
@example("javascript://n.example/%0aalert(1)")
def test_the_key_is_idempotent_and_never_raises(text: str) -> None:
    key = url_key(text)
    assert url_key(key) == key


@given(_any)
def test_the_key_of_the_form_to_fetch_is_the_key_of_the_url(text: str) -> None:
    fetched = normalise(text)
    if fetched is not None:
        assert url_key(fetched) == url_key(text)


@given(_any)
def test_hosts_never_raise_and_agree(text: str) -> None:
    fetched = normalise(text)
    assert host_of(text) == ("" if fetched is None else urlsplit(fetched).netloc)
    domain = registrable_domain(text)
    assert registrable_domain(domain) == domain
    assert same_site(text, text) is (domain != "")
    assert is_article_like(text) in {True, False}


_segment = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp", "Cf", "Cn", "Co")), min_size=1
).filter(lambda text: text not in {".", ".."} and not set(text) & set("/?#\\%&;\ufffe\uffff"))


@given(st.lists(_segment, max_size=4), st.lists(st.tuples(_segment, _segment), max_size=3))
def test_normalise_keeps_the_url_fetchable(segments: list[str], pairs: list[tuple[str, str]]) -> None:
    path = "/" + "/".join(segments)
    query = "&".join(f"{name}={value}" for name, value in pairs)
    fetched = normalise(f"https://desk.example{path}" + (f"?{query}" if query else ""))
    assert fetched is not None
    parts = urlsplit(fetched)
    assert parts.hostname == "desk.example"
    assert unquote(parts.path) == path
    assert unquote(parts.query) == query


@given(
    st.integers(),
    st.integers(),
    st.sampled_from(["cid", "ref", "src", "source", "via", "output", "id", "sid", "from", "print"]),
)
def test_numbers_are_never_trackers(a: int, b: int, name: str) -> None:
    equal = url_key(f"https://n.example/x?{name}={a}") == url_key(f"https://n.example/x?{name}={b}")
    # "print=0" and "print=1" are switches of one article.
    assert equal is (a == b or (name == "print" and {a, b} <= {0, 1}))


@given(_urls, st.lists(st.sampled_from(["utm_source=x", "fbclid=1", "ref=rss", "xtor=RSS-1"]), min_size=1))
def test_trackers_may_stand_anywhere(url: str, trackers: list[str]) -> None:
    if normalise(url) is None or set(url) & set("?#&"):
        return
    story = f"{url}?id=7"
    assert url_key(story + "".join(f"&{tracker}" for tracker in trackers)) == url_key(story)
    assert url_key(f"{url}?{'&'.join(trackers)}&id=7") == url_key(story)


def test_keys_are_fast() -> None:
    def measure(read: Callable[[str], object], again: int) -> float:
        # Other addresses in each round: keys are remembered.
        address = "https://www.site{}.example/world/2021/{}/story-{}?utm_source=rss&id={}"
        urls = [address.format(n % 50, again, n, n) for n in range(4000)]
        started = time.process_time()
        for url in urls:
            read(url)
        return time.process_time() - started

    def take_apart(url: str) -> str:
        return urlencode(parse_qsl(urlsplit(url).query))

    ours, plain = (min(measure(read, n) for n in range(3)) for read in (url_key, take_apart))
    assert ours < 8 * plain, "not many times what the standard library takes to part a URL and its query"


@pytest.mark.parametrize(
    "text",
    [
        "https://n.example/" + "amp/" * 20_000,
        "https://n.example/a-1" + "/amp" * 20_000,
        "https://n.example/a-1" + ".amp" * 20_000,
        "https://n.example/?" + "&amp;" * 50_000,
        "https://n.example/" + "../" * 50_000,
        "\u200b " * 50_000,
        "https://n.example/" + "%" * 100_000,
        "http://" + "a." * 100_000,
        "https://n.example" + "/index.html" * 20_000,
        "https://n.example/?" + "ref=rss&x=1&" * 20_000,
    ],
    ids=lambda text: ascii(text[-12:]),
)
def test_hostile_lengths_stay_quick(text: str) -> None:
    started = time.process_time()
    normalise(text)
    assert url_key(url_key(text)) == url_key(text)
    assert time.process_time() - started < 15


def test_the_public_suffix_list_is_neither_fetched_nor_cached(tmp_path: Path) -> None:
    """A fresh process without a network and with an unwritable cache still knows its suffixes."""
    program = (
        "import socket\n"
        "def refuse(*a, **k): raise SystemExit('used the network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from db.urls import registrable_domain\n"
        "print(registrable_domain('news.bbc.co.uk'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
        env={"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": ""},
    )
    assert done.stdout == "bbc.co.uk\n"
    assert list(tmp_path.iterdir()) == []
