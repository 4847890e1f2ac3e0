"""Which connections are kept for the next request, and which proxy a request goes through."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.downloadermiddlewares.httpproxy import HttpProxyMiddleware
from scrapy.exceptions import NotConfigured
from scrapy.utils.test import get_crawler
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.client import Agent

from crawler.connections import IDLE_MAX, IDLE_SECONDS, ConnectionPool, EnvironmentProxies
from tests.canary import listening, write_feed, write_page
from tests.crawling import Desk
from tests.newsroom import ROOT

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class _Server:
    """An endpoint whose connections are opened in memory, and remembered."""

    def __init__(self) -> None:
        self.opened: list[tuple[Any, Any]] = []

    def connect(self, factory: Factory) -> Deferred[Any]:
        address: Any = IPv4Address("TCP", "127.0.0.1", 80)
        protocol: Any = factory.buildProtocol(address)
        transport: Any = StringTransport()  # type: ignore[no-untyped-call]
        protocol.makeConnection(transport)
        self.opened.append((protocol, transport))
        return succeed(protocol)

    def open_now(self) -> int:
        return sum(not transport.disconnecting for _, transport in self.opened)

    def answer_all(self) -> None:
        for protocol, transport in self.opened:
            if transport.value():
                transport.clear()
                protocol.dataReceived(ANSWER)


class _Net:
    """A pool over servers in memory, and a clock that tests let pass."""

    def __init__(self, *, idle_per_host: int, idle_max: int) -> None:
        self.clock = Clock()
        self.pool = ConnectionPool(self.clock, idle_per_host=idle_per_host, idle_max=idle_max)
        self.servers: dict[str, _Server] = {}

    def ask(self, host: str) -> None:
        """Sends a request on its way; it is answered by `pass_seconds`."""
        server = self.servers.setdefault(host, _Server())
        agent = Agent.usingEndpointFactory(self.clock, _Endpoints(server), pool=self.pool)  # type: ignore[no-untyped-call]
        agent.request(b"GET", f"http://{host}/".encode())

    def pass_seconds(self, seconds: float = 0.0) -> None:
        """Lets all requests be answered and time pass."""
        for server in self.servers.values():
            server.answer_all()
        self.clock.advance(seconds)

    def open_now(self) -> dict[str, int]:
        """Returns how many connections to each host are open."""
        return {host: server.open_now() for host, server in self.servers.items()}


class _Endpoints:
    def __init__(self, server: _Server) -> None:
        self.server = server

    def endpointForURI(self, _uri: Any) -> _Server:  # noqa: N802 - the name is Twisted's
        return self.server


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http", "https", "all", "no", "ftp"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)


# --- the pool ---------------------------------------------------------------------------------------------------------


def test_a_connection_serves_the_next_request() -> None:
    net = _Net(idle_per_host=1, idle_max=8)
    for _ in range(3):
        net.ask("a.example")
        net.pass_seconds(1)
    assert len(net.servers["a.example"].opened) == 1


def test_as_many_as_run_at_once_are_kept_for_one_host() -> None:
    net = _Net(idle_per_host=4, idle_max=8)
    for _ in range(3):
        for _ in range(4):
            net.ask("proxy.example")
        net.pass_seconds(1)
    assert len(net.servers["proxy.example"].opened) == 4


def test_an_idle_connection_is_closed_after_a_while() -> None:
    net = _Net(idle_per_host=1, idle_max=8)
    net.ask("a.example")
    net.pass_seconds(IDLE_SECONDS - 1)
    assert net.open_now() == {"a.example": 1}
    net.pass_seconds(2)
    assert net.open_now() == {"a.example": 0}
    net.ask("a.example")
    net.pass_seconds()
    assert len(net.servers["a.example"].opened) == 2


def test_the_longest_idle_give_way_to_new_ones() -> None:
    net = _Net(idle_per_host=1, idle_max=3)
    for host in "abcd":
        net.ask(f"{host}.example")
        net.pass_seconds(1)
    assert net.open_now() == {"a.example": 0, "b.example": 1, "c.example": 1, "d.example": 1}
    net.ask("b.example")  # used again: c is now the longest idle
    net.pass_seconds(1)
    net.ask("e.example")
    net.pass_seconds(1)
    assert net.open_now() == {"a.example": 0, "b.example": 1, "c.example": 0, "d.example": 1, "e.example": 1}


def test_a_connection_on_its_way_out_is_not_closed_while_it_is_used() -> None:
    net = _Net(idle_per_host=1, idle_max=1)
    net.ask("a.example")
    net.ask("b.example")
    for server in net.servers.values():  # both answered within one turn of the loop: a is to be closed
        server.answer_all()
    net.ask("a.example")  # but is asked again before that
    net.clock.advance(1)
    assert net.open_now()["a.example"] == 1
    net.pass_seconds()
    assert len(net.servers["a.example"].opened) == 1


@given(
    rounds=st.lists(st.lists(st.sampled_from([f"{n}.example" for n in range(12)]), max_size=12), max_size=8),
    idle_max=st.integers(min_value=1, max_value=6),
    seconds=st.floats(min_value=0.001, max_value=2 * IDLE_SECONDS),
)
def test_idle_connections_are_bounded_whatever_comes(rounds: list[list[str]], idle_max: int, seconds: float) -> None:
    net = _Net(idle_per_host=2, idle_max=idle_max)
    for hosts in rounds:
        for host in hosts:
            net.ask(host)
        net.pass_seconds(seconds)
        assert sum(net.open_now().values()) <= idle_max
        assert sum(net.open_now().values()) == len(net.pool._timeouts)
    net.pass_seconds(IDLE_SECONDS + 1)
    assert sum(net.open_now().values()) == 0
    assert net.clock.getDelayedCalls() == []


def test_idle_connections_of_both_schemes_leave_room_for_files() -> None:
    assert 2 * IDLE_MAX <= 1024 // 2


# --- the handler ------------------------------------------------------------------------------------------------------


def test_a_proxy_is_connected_to_once_for_requests_in_turn(tmp_path: Path) -> None:
    """Five hosts behind one proxy, asked one after another: robots.txt, feed and page of each over one connection."""
    hosts = [f"outlet-{number}.example" for number in range(5)]
    with listening(keeps_open=True) as proxy:
        rss = {"Content-Type": "application/rss+xml"}
        for number, host in enumerate(hosts):
            feed = write_feed(f"http://{host}/news/page-{number}")
            proxy.pages[f"/feed-{number}.xml"] = (200, rss, feed)
            proxy.pages[f"/news/page-{number}"] = (200, {"Content-Type": "text/html"}, write_page(f"Page {number}"))
        desk = Desk(tmp_path, f"http://127.0.0.1:{proxy.server_port}", {"CONCURRENT_REQUESTS": 4})
        desk.sources.write_text(
            "".join(
                f'[[source]]\nid = "outlet-{number}"\nfeeds = ["http://{host}/feed-{number}.xml"]\n'
                for number, host in enumerate(hosts)
            ),
            "utf-8",
        )
        desk.crawl()
        assert len(proxy.paths) == 3 * len(hosts)
        assert proxy.connections <= 4, "as many as requests run at once"
    assert desk.value("SELECT count(*) FROM links WHERE article_id IS NOT NULL") == len(hosts)


def test_nothing_of_scrapy_that_listens_is_so_much_as_imported(tmp_path: Path) -> None:
    """Scrapy imports extensions that are only switched off."""
    desk = Desk(tmp_path, "http://127.0.0.1:9")
    desk.sources.write_text("", "utf-8")
    words = ["scrapy", *desk.arguments("crawl", "news")[3:]]
    script = (
        f"import sys; sys.argv = {words!r}\n"
        "from scrapy.cmdline import execute\n"
        "try: execute()\n"
        "finally: print(*(name for name in ('telnet', 'remote_control', 'closespider', 'throttle')"
        " if f'scrapy.extensions.{name}' in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=desk.environment(), capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "closespider", done.stdout + done.stderr


def test_the_module_can_be_imported_before_the_reactor_is_chosen() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import sys, crawler.connections; print('twisted.internet.reactor' in sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "False\n"


# --- the proxy --------------------------------------------------------------------------------------------------------

URLS = (
    "http://a.example/",
    "https://a.example/",
    "http://sub.a.example:8080/x",
    "https://direct.example/",
    "http://sub.direct.example/",
    "http://sub.direct.example:8080/",
    "http://127.0.0.1:8099/",
    "http://[2001:4860:4860::8888]/",
)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("no_proxy", ["", "*", "direct.example", ".direct.example, 127.0.0.1", "direct.example:8080"])
@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"http_proxy": "http://proxy.example:3128"},
        {"HTTPS_PROXY": "proxy.example:3128"},
        {"http_proxy": "http://desk:secret@proxy.example:3128", "https_proxy": "http://other.example:80"},
    ],
)
def test_the_proxy_is_the_one_that_scrapy_would_take(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], no_proxy: str, url: str
) -> None:
    for name, value in {**variables, "no_proxy": no_proxy}.items():
        monkeypatch.setenv(name, value)
    ours, scrapys = Request(url), Request(url)
    EnvironmentProxies().process_request(ours)
    HttpProxyMiddleware().process_request(scrapys)
    assert (ours.meta, ours.headers) == (scrapys.meta, scrapys.headers)


def test_a_proxy_is_named_with_its_password_in_a_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://desk:secret@proxy.example:3128")
    request = Request("http://a.example/")
    EnvironmentProxies().process_request(request)
    assert request.meta["proxy"] == "http://proxy.example:3128"
    assert request.headers["Proxy-Authorization"] == b"Basic ZGVzazpzZWNyZXQ="


def test_the_environment_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    middleware = EnvironmentProxies()
    monkeypatch.setenv("no_proxy", "a.example")
    request = Request("http://a.example/")
    middleware.process_request(request)
    assert request.meta["proxy"] == "http://proxy.example:3128"


@pytest.mark.parametrize("given", [None, "http://other.example:80"])
def test_a_proxy_that_a_request_names_itself_stands(monkeypatch: pytest.MonkeyPatch, given: str | None) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    request = Request("http://a.example/", meta={"proxy": given})
    EnvironmentProxies().process_request(request)
    assert request.meta["proxy"] == given


def test_it_can_be_switched_off_as_scrapys_own() -> None:
    with pytest.raises(NotConfigured):
        EnvironmentProxies.from_crawler(get_crawler(settings_dict={"HTTPPROXY_ENABLED": False}))
