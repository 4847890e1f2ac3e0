"""The newsroom's HTTP/1.1 server: a forward proxy whose whole web is invented, and an origin by Host header."""

from __future__ import annotations

import gzip
import hashlib
import json
import socketserver
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from tests.newsroom import hostile
from tests.newsroom.records import Answer
from tests.newsroom.site import CONTROL_HOST, STAGES, answer_request


class NewsServer(ThreadingHTTPServer):
    """Holds what the handlers share: the stage, the log, who was told to retry. ``latency`` is in seconds."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, port: int = 0, log: Path | None = None, latency: float = 0.0) -> None:
        super().__init__(("127.0.0.1", port), NewsHandler)
        self.stage = 1
        self.latency = latency
        self.told_to_retry = False
        self._lock = threading.Lock()
        self._log: IO[str] | None = log.open("a", encoding="utf-8", buffering=1) if log else None

    def server_bind(self) -> None:
        """Binds without the reverse name look-up of the base class, which can hang without a resolver."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keeps silent about clients that hang up, which is their right; anything else is shown."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    def control(self, path: str) -> Answer:
        """Moves the newsroom on (``/advance``) or back to the start (``/reset``) and tells the stage."""
        with self._lock:
            if path == "/advance":
                self.stage = min(self.stage + 1, STAGES)
            elif path == "/reset":
                self.stage, self.told_to_retry = 1, False
            else:
                return Answer(404, b"POST /advance or /reset\n", "text/plain; charset=utf-8")
        return answer_request(self.stage, CONTROL_HOST, "/stage")

    def ask_patience(self) -> bool:
        """Returns True for the first caller and False ever after."""
        with self._lock:
            first, self.told_to_retry = not self.told_to_retry, True
        return first

    def record(self, row: dict[str, Any]) -> None:
        """Appends one line to the access log, if there is one."""
        if self._log is not None:
            with self._lock:
                self._log.write(json.dumps(row, ensure_ascii=False) + "\n")


class NewsHandler(BaseHTTPRequestHandler):
    """Answers one connection."""

    server: NewsServer
    protocol_version = "HTTP/1.1"
    server_version = "Newsroom"
    disable_nagle_algorithm = True
    timeout = 120

    def do_GET(self) -> None:
        """Answers GET."""
        self._serve()

    def do_HEAD(self) -> None:
        """Answers HEAD: the headers of GET without its body."""
        self._serve()

    def do_POST(self) -> None:
        """Answers POST, which only the control host knows."""
        self._serve()

    def do_CONNECT(self) -> None:
        """Refuses tunnels: the newsroom speaks plain http."""
        self._send(Answer(501, b"the newsroom speaks plain http only\n", "text/plain"), self.path, "")

    def log_message(self, format: str, *args: Any) -> None:
        """Writes nothing to stderr; the access log is ``record``."""

    def _serve(self) -> None:
        try:
            host, path = self._locate()
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError as error:
            self.close_connection = True
            self._send(Answer(400, f"{error}\n".encode(), "text/plain; charset=utf-8"), "", self.path)
            return
        if length > 0:
            self.rfile.read(min(length, 2**20))
        if self.server.latency:
            time.sleep(self.server.latency)
        if self.command == "POST":
            known = host == CONTROL_HOST
            answer = self.server.control(path) if known else Answer(405, b"", "text/plain", headers=(("Allow", "GET"),))
            self._send(answer, host, path)
        elif host == hostile.HOST:
            self._serve_hostile(path)
        else:
            self._send(answer_request(self.server.stage, host, path), host, path)

    def _locate(self) -> tuple[str, str]:
        """Returns (host, path with query) of the request; our own address stands for the control host."""
        target = self.path
        if "://" in target[:12]:
            parts = urlsplit(target)
            host, path = parts.netloc, parts.path or "/"
            path += f"?{parts.query}" if parts.query else ""
        else:
            host, path = self.headers.get("Host") or "", target
        host = host.lower()
        if host in {f"127.0.0.1:{self.server.server_port}", f"localhost:{self.server.server_port}", ""}:
            return CONTROL_HOST, path
        return host.removesuffix(":80"), path

    def _serve_hostile(self, path: str) -> None:
        path = path.partition("?")[0]
        if path == "/bomb":
            headers = (("Content-Encoding", "gzip"),)
            self._send(Answer(200, hostile.make_bomb(), "text/html", headers=headers), hostile.HOST, path)
        elif path == "/endless":
            self._stream(hostile.stream_endless(), path)
        elif path == "/slow":
            self._stream(hostile.stream_slowly(), path)
        elif path == "/retry-after" and self.server.ask_patience():
            answer = Answer(429, b"too many requests\n", "text/plain", headers=(("Retry-After", "2"),))
            self._send(answer, hostile.HOST, path)
        else:
            found = hostile.build_hostile().get(path)
            self._send(found or Answer(404, b"not found\n", "text/plain"), hostile.HOST, path)

    def _send(self, answer: Answer, host: str, path: str) -> None:
        body = answer.body
        digest = hashlib.blake2b(body, digest_size=12).hexdigest()
        headers = [("Content-Type", answer.content_type), *answer.headers]
        packed = answer.gzip and "gzip" in (self.headers.get("Accept-Encoding") or "")
        if answer.gzip:
            headers.append(("Vary", "Accept-Encoding"))
        status = answer.status
        if status == 200:
            headers.append(("ETag", f'"{digest}{"-gzip" if packed else ""}"'))
            if answer.last_modified is not None:
                moment = format_datetime(answer.last_modified.astimezone(UTC), usegmt=True)
                headers.append(("Last-Modified", moment))
            if self.command != "POST" and self._is_fresh(digest, answer.last_modified):
                status, body, headers = 304, b"", [pair for pair in headers if pair[0] != "Content-Type"]
        if packed and body:
            body = gzip.compress(body, mtime=0)
            headers.append(("Content-Encoding", "gzip"))
        self._log_row(host, path, status, len(body))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _is_fresh(self, digest: str, last_modified: datetime | None) -> bool:
        """Tells whether the client's copy is good; If-None-Match outranks If-Modified-Since (RFC 9110, 13.1.3)."""
        tags = self.headers.get("If-None-Match")
        if tags is not None:
            known = {tag.strip().removeprefix("W/").strip('"').removesuffix("-gzip") for tag in tags.split(",")}
            return digest in known or "*" in known
        since = self.headers.get("If-Modified-Since")
        if since is None or last_modified is None:
            return False
        try:
            return last_modified.replace(microsecond=0) <= parsedate_to_datetime(since).astimezone(UTC)
        except ValueError:
            return False

    def _stream(self, pieces: Iterator[bytes], path: str) -> None:
        self._log_row(hostile.HOST, path, 200, 0)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.command == "HEAD":
            return
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def _log_row(self, host: str, path: str, status: int, size: int) -> None:
        self.server.record(
            {
                "at": round(time.time(), 4),
                "method": self.command,
                "host": host,
                "path": path,
                "status": status,
                "bytes": size,
                "conditional": "If-None-Match" in self.headers or "If-Modified-Since" in self.headers,
                "user_agent": self.headers.get("User-Agent"),
                "stage": self.server.stage,
            }
        )
