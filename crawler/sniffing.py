"""Tells what a document is from its first bytes, and undoes gzip; headers and addresses are not believed."""

from __future__ import annotations

import re
import zlib

UNPACKED_MAX = 50 * 1024 * 1024
"""Bytes a compressed document may grow to; the sitemap protocol's limit, and a wall against gzip bombs."""


class DiscoveryError(Exception):
    """The document is not what it was fetched for; ``reason`` says so in words for a human."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def unpack(body: bytes) -> bytes:
    """Returns the bytes with gzip undone where they begin with its magic (RFC 1952).

    A stream that breaks off gives what there was. More than ``UNPACKED_MAX`` bytes raises DiscoveryError.
    """
    for _ in range(2):  # a .gz file sent with Content-Encoding: gzip is packed twice
        if not body.startswith(b"\x1f\x8b"):
            break
        body = _gunzip(body)
    return body


def _gunzip(body: bytes) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while body.startswith(b"\x1f\x8b"):
        member = zlib.decompressobj(wbits=31)
        try:
            piece = member.decompress(body, UNPACKED_MAX + 1 - size)
        except zlib.error:
            if not pieces:
                raise DiscoveryError("a damaged gzip file") from None
            break
        pieces.append(piece)
        size += len(piece)
        if size > UNPACKED_MAX:
            raise DiscoveryError(f"more than {UNPACKED_MAX // 1024 // 1024} MiB when unpacked")
        body = member.unused_data
    return b"".join(pieces)


_ROOT = re.compile(
    rb"<(?:[\w.-]+:)?(rss|feed|rdf|channel|urlset|sitemapindex|opml|html|head|body|error)(?=[\s>/])"
    rb"|<!doctype\s+(html)",
    re.IGNORECASE,
)


def name_root(body: bytes) -> str | None:
    """Returns the lower-case name of the first known root element (``rss``, ``html`` ...) in 64 KiB, else None.

    Junk before it (blank lines, warnings of the server's own software) does not matter.
    """
    head = body[: 64 * 1024]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.decode("utf-16", "replace").encode("utf-8", "replace")
    match = _ROOT.search(_drop_comments(head))
    return None if match is None else (match[1] or match[2]).decode().lower()


def _drop_comments(head: bytes) -> bytes:
    pieces: list[bytes] = []
    at = 0
    while (start := head.find(b"<!--", at)) >= 0:
        pieces.append(head[at:start])
        end = head.find(b"-->", start + 4)
        if end < 0:
            return b"".join(pieces)
        at = end + 3
    return b"".join([*pieces, head[at:]])


def name_document(body: bytes) -> str:
    """Returns in words what the bytes are, for the sentence "... where a feed was expected"."""
    head = body[:2048].lstrip(b"\xef\xbb\xbf \t\r\n\x00")
    if not head:
        return "an empty response"
    root = name_root(body)
    if root in ("html", "head", "body"):
        return "an HTML page"
    words = {"urlset": "a sitemap", "sitemapindex": "a sitemap index", "opml": "an OPML list", "error": "an XML error"}
    if root is not None:
        return words.get(root, "a feed")
    if head.startswith(b"<"):
        return "XML of another kind"
    if head.startswith((b"{", b"[")):
        return "JSON of another kind"
    signs = {b"%PDF": "a PDF file", b"\x89PNG": "an image", b"GIF8": "an image", b"\xff\xd8\xff": "an image"}
    return next(
        (name for sign, name in signs.items() if head.startswith(sign)),
        "plain text" if _is_text(head) else "binary data",
    )


def _is_text(head: bytes) -> bool:
    return not any(byte < 9 or 13 < byte < 27 for byte in head)
