"""Mends the commonest faults of hand-made XML, so that a strict parser reads the addresses in it right.

A lenient parser would lose part of a URL at a bare ``&``, or take half an address for a whole one where a download
broke off.
"""

from __future__ import annotations

import html
import re
from xml.parsers import expat

from lxml import etree

_BARE = re.compile(rb"&(?!(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos);)([a-zA-Z][a-zA-Z0-9]{1,31};)?")
_VOID_TAG = re.compile(rb"<(?:br|hr|img|wbr)(?:\s[^<>]{0,2000})?(?<!/)>", re.IGNORECASE)
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


def find_fault(body: bytes) -> str | None:
    """Returns what is wrong with XML in the eyes of a strict parser, with line and column; None when nothing is."""
    parser = expat.ParserCreate(namespace_separator=" ")
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        return str(error)[:200]
    return None


def mend_tree(body: bytes) -> bytes:
    """Returns broken XML (UTF-8) mended as far as lxml reads it leniently; unchanged where that gives nothing.

    Undeclared prefixes become part of the names, HTML's tags without an end go.
    """
    body = _VOID_TAG.sub(b" ", _drop_stray_prefixes(mend_references(body)))
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        tree = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return body
    if tree is None:
        return body
    return mend_references(etree.tostring(tree, encoding="utf-8"))


def _drop_stray_prefixes(body: bytes) -> bytes:
    declared = {match[1] for match in re.finditer(rb"xmlns:([\w.-]+)\s*=", body)} | {b"xml", b"xmlns"}

    def respell(match: re.Match[bytes]) -> bytes:
        return match[0] if match[2] in declared else match[1] + match[2] + b"_"

    return re.sub(rb"(</?)([A-Za-z_][\w.-]{0,60}):(?=\w)", respell, body)
