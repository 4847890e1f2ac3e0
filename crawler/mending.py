"""Mends the commonest faults of hand-made XML, so that a strict parser reads the addresses in it right.

A lenient parser would lose part of a URL at a bare ``&``, or take half an address for a whole one where a download
broke off.
"""

from __future__ import annotations

import html
import re

from lxml import etree

_BARE = re.compile(rb"&(?!(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos);)([a-zA-Z][a-zA-Z0-9]{1,31};)?")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def mend_references(body: bytes) -> bytes:
    """Returns XML with HTML's entities as numbers and every other bare ``&`` as ``&amp;``; sound XML as it is."""
    if body.startswith(_UTF16) or _BARE.search(body) is None or b"<!ENTITY" in body[:4096]:
        return body
    return _BARE.sub(_write_reference, body)


def _write_reference(match: re.Match[bytes]) -> bytes:
    name = match[1]
    if name is None:
        return b"&amp;"
    text = html.unescape(f"&{name.decode()}")
    if text.startswith("&"):
        return b"&amp;" + name
    return "".join(f"&#{ord(char)};" for char in text).encode()


def cut_broken_end(body: bytes, item_names: tuple[str, ...], root_names: tuple[str, ...]) -> tuple[bytes, bool]:
    """Returns (XML up to its last whole item, whether that cut something off) when the closing root tag is missing."""
    if body.startswith(_UTF16):
        return body, False
    roots = "|".join(root_names).encode()
    if re.search(rb"</(?:[\w.-]+:)?(?:" + roots + rb")\s*>", body[-4096:], re.IGNORECASE):
        return body, False
    items = "|".join(item_names).encode()
    end = None
    for end in re.finditer(rb"</(?:[\w.-]+:)?(?:" + items + rb")\s*>", body):  # noqa: B007 - the last one is wanted
        pass
    return (body[: end.end()], True) if end is not None else (body, False)


def mend_tree(body: bytes) -> bytes:
    """Returns broken XML as lxml reads it leniently, written out whole in UTF-8; unchanged where that gives nothing."""
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        tree = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return body
    return body if tree is None else etree.tostring(tree, encoding="utf-8", xml_declaration=True)
