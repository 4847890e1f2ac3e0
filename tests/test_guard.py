"""Which URLs and addresses are refused, in every spelling a feed may try, and what the resolver gives out."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.settings import Settings
from scrapy.utils.test import get_crawler
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IResolutionReceiver
from zope.interface import implementer

from crawler import guard
from crawler.guard import (
    GuardedResolver,
    GuardMiddleware,
    Refused,
    is_public,
    literal_address,
    read_pairs,
    refuse_url,
    was_refused,
)

PUBLIC = ["8.8.8.8", "93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "2001:4860:4860::8888", "64:ff9b::808:808"]
INTERNAL = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001::1",
    "2001:db8::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "100::1",
    "not an address",
    "",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", INTERNAL)
def test_internal_addresses_are_refused(address: str) -> None:
    assert not is_public(address)


LOOPBACK_SPELLINGS = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.0.0.1..",
    "2130706433",
    "2130706433.",
    "0x7f000001",
    "0X7F000001",
    "017700000001",
    "127.1",
    "127.0.1",
    "0x7f.1",
    "0177.0.0.1",
    "0177.0x0.0.01",
    "00000177.0.0.1",
    "①②⑦.⓪.⓪.①",
    "①②⑦。⓪。⓪。①",
    "１２７.０.０.１",
    "１２７．０．０．１",
    "127。0。0。1",
    "127｡0｡0｡1",
    "127.0.0.1。",
    "127.0.0.%31",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    "127.0.0.\u00ad1",
    "𝟏𝟐𝟕.𝟎.𝟎.𝟏",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1%25eth0]",
    "[::]",
    "0.0.0.0",
    "0",
    "0x0",
]


@pytest.mark.parametrize("host", LOOPBACK_SPELLINGS)
def test_every_spelling_of_a_local_address_is_refused(host: str) -> None:
    for port in ("", ":8080"):
        reason = refuse_url(f"http://{host}{port}/latest/meta-data")
        assert reason is not None
        assert "not on the public internet" in reason


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "localhost。",
        "ⓛocalhost",
        "app.localhost",
        "app.localhost。",
        "printer.local",
        "metadata.google.internal",
        "metadata.google.internal.",
        "metadata。google。internal",
        "metadata.google.inter\u00adnal",
        "metadata.google.%69nternal",
        "metadata",
        "instance-data",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "wiki.corp",
        "router.lan",
        "router.home.arpa",
        "localhost.localdomain",
        "ip6-localhost",
        "intranet",
    ],
)
def test_local_names_are_refused(host: str) -> None:
    reason = refuse_url(f"https://{host}/x")
    assert reason is not None
    assert "local name" in reason


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://good.example@127.0.0.1/", "127.0.0.1"),
        ("http://good.example:80@127.0.0.1:8080/", "127.0.0.1"),
        ("http://user:pass@[::1]/", "::1"),
        ("http://good.example%40127.0.0.1@127.0.0.1/", "127.0.0.1"),
        ("http://127.0.0.1#@good.example/", "127.0.0.1"),
        ("http://127.0.0.1?@good.example/", "127.0.0.1"),
        ("ftp://news.example/a", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("gopher://127.0.0.1:6379/_", "scheme"),
        ("data:text/html,hello", "scheme"),
        ("//news.example/a", "scheme"),
        ("", "scheme"),
        ("http:///path", "no host"),
        ("http://", "no host"),
        ("http://:80/", "no host"),
        ("http://news.example:99999/", "not a URL"),
        ("http://news.example:http/", "not a URL"),
        ("http://[::1/", "not a URL"),
        ("http://[zz]/", "not a URL"),
    ],
)
def test_tricks_are_refused_with_the_reason(url: str, word: str) -> None:
    reason = refuse_url(url)
    assert reason is not None
    assert word in reason


@pytest.mark.parametrize(
    "url",
    [
        "http://news.example/story",
        "https://news.example:8443/story",
        "https://10.example/",
        "https://127.0.0.1.example.org/",
        "https://localhost.example.org/",
        "https://internal.example.org/",
        "https://mylocal.example/",
        "https://8.8.8.8/",
        "https://134744072/",
        "https://[2606:4700:4700::1111]/",
        "https://новости.example/",
        "https://1843magazine.example/",
    ],
)
def test_ordinary_news_urls_pass(url: str) -> None:
    assert refuse_url(url) is None


def test_exact_pairs_open_one_port_of_one_host_only() -> None:
    allowed = read_pairs(["127.0.0.1:8099", " Intranet.corp:80", "[::1]:8443"])
    assert refuse_url("http://127.0.0.1:8099/feed", allowed) is None
    assert refuse_url("http://intranet.corp/feed", allowed) is None
    assert refuse_url("https://[::1]:8443/feed", allowed) is None
    assert refuse_url("http://127.0.0.1:8098/feed", allowed) is not None
    assert refuse_url("http://127.0.0.1/feed", allowed) is not None
    assert refuse_url("https://intranet.corp/feed", allowed) is not None
    assert refuse_url("http://127.0.0.2:8099/feed", allowed) is not None
    assert refuse_url("http://good@127.0.0.1:80/feed", allowed) is not None


@given(st.integers(0, 2**32 - 1), st.sampled_from(["dotted", "decimal", "hex", "octal", "short", "parts", "wide"]))
def test_every_spelling_of_any_ipv4_address_is_judged_like_the_address(number: int, form: str) -> None:
    a, b, c, d = number >> 24, number >> 16 & 255, number >> 8 & 255, number & 255
    spelled = {
        "dotted": f"{a}.{b}.{c}.{d}",
        "decimal": str(number),
        "hex": hex(number),
        "octal": f"0{number:o}",
        "short": f"{a}.{number & 0xFFFFFF}",
        "parts": f"0x{a:x}.0{b:o}.{c}.0x{d:x}",
        "wide": f"{a}.{b}.{c}.{d}".translate({ord("0") + i: chr(0xFF10 + i) for i in range(10)}),
    }[form]
    address = str(ipaddress.IPv4Address(number))
    assert literal_address(spelled) == address
    assert (refuse_url(f"http://{spelled}/") is None) == is_public(address)


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_wrapped_in_ipv6_is_public_only_if_it_is_itself(number: int) -> None:
    inner = is_public(str(ipaddress.IPv4Address(number)))
    for wrapped in (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80 | 1):
        assert is_public(str(ipaddress.IPv6Address(wrapped))) == inner


@given(st.text() | st.text("0123456789.xXabcdef:%[]@/\\。①").map("http://{}/".format))
@example("http://[")
@example("http://\ud800/")
@example("http://127.0.0.1\x00/")
def test_refuse_url_never_raises(url: str) -> None:
    reason = refuse_url(url)
    assert reason is None or reason


@given(st.text(max_size=30))
def test_literal_address_gives_an_address_or_nothing(host: str) -> None:
    address = literal_address(host)
    assert address is None or ipaddress.ip_address(address)


# --- the middleware ---


def _middleware(pairs: str = "") -> GuardMiddleware:
    return GuardMiddleware.from_crawler(get_crawler(settings_dict={"ALLOW_PRIVATE": pairs}))


def test_the_middleware_raises_with_the_reason() -> None:
    with pytest.raises(Refused, match="not on the public internet"):
        asyncio.run(_middleware().process_request(Request("http://127.0.0.1:1/")))


def test_the_middleware_passes_public_allowed_and_local_archive_requests() -> None:
    middleware = _middleware("127.0.0.1:1, 127.0.0.1:2")
    for request in (
        Request("https://news.example/"),
        Request("http://127.0.0.1:2/"),
        Request("file:///", meta={"local_archive": "old.warc.gz"}),
    ):
        asyncio.run(middleware.process_request(request))
    with pytest.raises(Refused):
        asyncio.run(middleware.process_request(Request("http://127.0.0.1:3/")))


# --- the resolver, on a real reactor's resolver ---


@implementer(IResolutionReceiver)
class _Receiver:
    """Collects what a resolver gives out."""

    def __init__(self) -> None:
        self.addresses: list[Any] = []
        self.began = False
        self.complete = False

    def resolutionBegan(self, resolution: Any) -> None:  # noqa: N802 - the names are Twisted's
        self.began = True

    def addressResolved(self, address: Any) -> None:  # noqa: N802
        self.addresses.append(address)

    def resolutionComplete(self) -> None:  # noqa: N802
        self.complete = True


class _Names:
    """A zone of its own: a resolver that answers from a table, in the place of the public DNS."""

    def __init__(self, table: dict[str, list[str]]) -> None:
        self.table = table

    def resolveHostName(self, receiver: Any, name: str, port: int = 0, *_: Any) -> Any:  # noqa: N802
        receiver.resolutionBegan(self)
        for text in self.table.get(name, []):
            kind = IPv6Address if ":" in text else IPv4Address
            receiver.addressResolved(kind("TCP", text, port))
        receiver.resolutionComplete()
        return self


class _Reactor:
    """The part of a reactor that the guard touches."""

    def __init__(self, names: Any) -> None:
        self.nameResolver = names

    def installNameResolver(self, resolver: Any) -> None:  # noqa: N802
        self.nameResolver = resolver


ZONE = {
    "news.example": ["93.184.216.34"],
    "rebind.example": ["127.0.0.1"],
    "mixed.example": ["10.0.0.5", "93.184.216.34", "::1", "2606:4700:4700::1111"],
    "127.0.0.1": ["127.0.0.1"],
    "proxy.corp.example": ["10.1.1.1"],
    "wiki.corp.example": ["10.1.1.2"],
}


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("http", "https", "all", "no", "ftp"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)
    guard._refused_hosts.clear()
    yield
    guard._refused_hosts.clear()


def _resolve(name: str, port: int, *pairs: str) -> _Receiver:
    reactor: Any = _Reactor(_Names(ZONE))
    crawler = get_crawler(settings_dict={"ALLOW_PRIVATE": list(pairs)})
    GuardedResolver.from_crawler(crawler, reactor).install_on_reactor()
    receiver = _Receiver()
    reactor.nameResolver.resolveHostName(receiver, name, port)
    assert receiver.began
    assert receiver.complete
    return receiver


def test_a_public_address_is_given_out() -> None:
    assert [a.host for a in _resolve("news.example", 443).addresses] == ["93.184.216.34"]
    assert not was_refused("https://news.example/")


def test_a_public_name_for_a_private_address_gives_nothing_and_is_remembered() -> None:
    assert _resolve("rebind.example", 80).addresses == []
    assert was_refused("http://rebind.example/story")
    assert not was_refused("http://other.example/story")


def test_only_the_public_ones_of_several_addresses_are_given_out() -> None:
    assert [a.host for a in _resolve("mixed.example", 80).addresses] == ["93.184.216.34", "2606:4700:4700::1111"]


def test_an_exact_pair_opens_one_port() -> None:
    assert [a.host for a in _resolve("127.0.0.1", 8099, "127.0.0.1:8099").addresses] == ["127.0.0.1"]
    assert _resolve("127.0.0.1", 8098, "127.0.0.1:8099").addresses == []


@pytest.mark.parametrize("variable", ["http_proxy", "https_proxy", "HTTPS_PROXY"])
@pytest.mark.parametrize("form", ["http://user:pw@proxy.corp.example:3128", "proxy.corp.example:3128"])
def test_the_configured_proxy_stays_reachable(monkeypatch: pytest.MonkeyPatch, variable: str, form: str) -> None:
    monkeypatch.setenv(variable, form)
    assert [a.host for a in _resolve("proxy.corp.example", 3128).addresses] == ["10.1.1.1"]
    assert _resolve("proxy.corp.example", 80).addresses == []
    assert _resolve("wiki.corp.example", 3128).addresses == []


def test_hosts_that_go_past_the_proxy_are_no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "wiki.corp.example")
    assert _resolve("wiki.corp.example", 80).addresses == []
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert _resolve("127.0.0.1", 80).addresses == []


def test_a_broken_proxy_setting_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.corp.example:port")
    assert _resolve("proxy.corp.example", 3128).addresses == []


def test_the_guard_stands_in_the_projects_settings() -> None:
    settings = Settings()
    settings.setmodule("crawler.settings")
    assert settings["TWISTED_DNS_RESOLVER"] == "crawler.guard.GuardedResolver"
    assert "crawler.guard.GuardMiddleware" in settings.getdict("DOWNLOADER_MIDDLEWARES")
    assert settings.getlist("ALLOW_PRIVATE") == []


_ASK_THE_REACTOR = """
import sys
from twisted.internet import asyncioreactor
asyncioreactor.install()
from twisted.internet import reactor, endpoints, protocol
from scrapy.utils.test import get_crawler
from crawler.guard import GuardedResolver
port, pairs = int(sys.argv[1]), sys.argv[2:]
GuardedResolver.from_crawler(get_crawler(settings_dict={"ALLOW_PRIVATE": pairs}), reactor).install_on_reactor()
told = []
def connect(host):
    endpoint = endpoints.HostnameEndpoint(reactor, host, port, timeout=120)
    done = endpoint.connect(protocol.Factory.forProtocol(protocol.Protocol))
    return done.addCallbacks(lambda p: print(host, "connected"), lambda f: print(host, f.type.__name__))
def both():
    connect("127.0.0.1").addCallback(lambda _: connect("localhost")).addBoth(lambda _: reactor.stop())
reactor.callWhenRunning(both)
reactor.run()
"""


def _connect(*pairs: str) -> dict[str, str]:

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        answer = subprocess.run(
            [sys.executable, "-c", _ASK_THE_REACTOR, str(port), *(pair.replace("PORT", str(port)) for pair in pairs)],
            capture_output=True,
            text=True,
            timeout=300,
            cwd=Path(__file__).parent.parent,
            check=True,
        )
    return {line.split()[0]: line.split()[1] for line in answer.stdout.splitlines()}


def test_a_real_reactor_connects_to_no_private_address_but_the_exact_pair() -> None:
    assert _connect() == {"127.0.0.1": "DNSLookupError", "localhost": "DNSLookupError"}
    assert _connect("127.0.0.1:PORT") == {"127.0.0.1": "connected", "localhost": "DNSLookupError"}
