"""What every answer of the site says to the browser, and which of Datasette's own pages are shut."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from db.site.busy import RETRY_AFTER_SECONDS, was_interrupted

logger = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
BusyWriter = Callable[[MutableMapping[str, Any]], Awaitable[tuple[str, bytes]]]

# Nothing is scripted: even markup that got through all escaping could not run. Styles may be inline because Datasette's
# table pages carry a few. Pictures of outlets are never loaded: that would tell them who reads what.
POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: dict[bytes, bytes] = {
    b"content-security-policy": POLICY.encode("ascii"),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"x-frame-options": b"DENY",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
    b"x-robots-tag": b"noindex, nofollow",
}

_OPEN = ("/-/static/",)
_QUERIES = re.compile(r"/[^/]+/-/queries(?:[/.].*)?")


def is_shut(path: str) -> bool:
    """Tells whether a path is one of Datasette's pages about itself: they show paths of this machine and its set-up.

    So are its lists of stored queries: there are none.
    """
    return bool(_QUERIES.fullmatch(path)) or ((path == "/-" or path.startswith("/-/")) and not path.startswith(_OPEN))


def wrap_app(app: App, write_busy: BusyWriter) -> App:
    """Returns the ASGI app with `HEADERS` on every answer and the pages of `is_shut` answered with 404.

    ``write_busy``: returns the media type and body of the answer, 503, to a scope whose statements took too long.
    Specification: https://asgi.readthedocs.io/en/latest/specs/www.html
    """

    async def wrapped(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return

        started = False

        async def send_hardened(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                kept = [(key, value) for key, value in message.get("headers", ()) if key.lower() not in HEADERS]
                message = {**message, "headers": [*kept, *HEADERS.items()]}
            await send(message)

        async def send_whole(status: int, media_type: str, body: bytes, *more: tuple[bytes, bytes]) -> None:
            headers = [(b"content-type", media_type.encode()), (b"content-length", str(len(body)).encode()), *more]
            await send_hardened({"type": "http.response.start", "status": status, "headers": headers})
            await send_hardened({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

        if is_shut(scope["path"]):
            await send_whole(404, _PLAIN, b"This page is shut.\n")
            return
        try:
            await app(scope, receive, send_hardened)
        except Exception as error:
            # Datasette does not catch what goes wrong inside a page template; the server's own answer has no headers.
            if started:
                raise
            if was_interrupted(error):
                logger.warning("%r took longer than the site waits", scope["path"])
                again = (b"retry-after", str(RETRY_AFTER_SECONDS).encode())
                await send_whole(503, *await write_busy(scope), again, (b"cache-control", b"no-store"))
                return
            logger.exception("%r failed", scope["path"])
            await send_whole(500, _PLAIN, b"This page could not be made; the log of the site says why.\n")

    return wrapped


_PLAIN = "text/plain; charset=utf-8"
