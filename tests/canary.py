"""A small server on loopback that holds what a test gives it and counts who comes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.newsroom.hostile import GOOD_TEXTS


class Canary(ThreadingHTTPServer):
    """A service on loopback that nobody may reach; counts who tries."""

    daemon_threads = True

    def __init__(self, *, keeps_open: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), KeptSong if keeps_open else Song)
        self.connections = 0
        self.paths: list[str] = []
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}

    def server_bind(self) -> None:
        """Binds without the reverse name look-up of the base class."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        """Counts every connection, before a byte is read."""
        self.connections += 1
        return super().get_request()


class Song(BaseHTTPRequestHandler):
    """Answers what the canary holds."""

    server: Canary

    def do_GET(self) -> None:
        """Answers GET; a client that hangs up on a monstrous answer is right to."""
        path = self.path if self.path.startswith("/") else "/" + self.path.split("/", 3)[3]
        self.server.paths.append(self.path)
        status, headers, body = self.server.pages.get(path, (404, {}, b"not here"))
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


class KeptSong(Song):
    """The same over connections that stay open for the next request."""

    protocol_version = "HTTP/1.1"
    timeout = 30.0


@contextmanager
def listening(*, keeps_open: bool = False) -> Iterator[Canary]:
    """Runs a canary on a free port of 127.0.0.1; ``keeps_open``: whether a connection serves several requests."""
    canary = Canary(keeps_open=keeps_open)
    thread = threading.Thread(target=canary.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield canary
    finally:
        canary.shutdown()
        thread.join()
        canary.server_close()


def write_page(title: str) -> bytes:
    """Returns an article under a title."""
    paragraphs = "".join(f"<p>{text}</p>" for text in GOOD_TEXTS["/good-1"][1])
    return f"<!doctype html><title>{title}</title><article><h1>{title}</h1>{paragraphs}</article>".encode()


def write_feed(*urls: str) -> bytes:
    """Returns an RSS feed of addresses, written as they are."""
    items = "".join(f"<item><title>Item {n}</title><link>{escape(url)}</link></item>" for n, url in enumerate(urls))
    return f'<rss version="2.0"><channel><title>Feed</title>{items}</channel></rss>'.encode()
