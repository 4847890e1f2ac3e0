"""Turns the raw bytes of a page into one lxml tree that nothing later can stumble over."""

from __future__ import annotations

import codecs
import re
from itertools import islice

from charset_normalizer import from_bytes
from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

MAX_DEPTH = 220
"""Deepest nesting handed on, in elements. Extraction walks trees by recursion; real pages stay below 80."""

MAX_ATTRIBUTES = 500
"""Attributes of one tag that are read. libxml2 compares each with all before it; real tags have a few dozen."""
_LONG_TAG = 2 * MAX_ATTRIBUTES

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([a-zA-Z0-9_.:-]{2,40})", re.IGNORECASE)
_XML_CHARSET = re.compile(rb"^\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([a-zA-Z0-9_.:-]{2,40})", re.IGNORECASE)
_HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([a-zA-Z0-9_.:-]{2,40})", re.IGNORECASE)
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>", re.IGNORECASE)
_UNSAFE = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]")
# A character reference can name what no document may hold; libxml2 passes it on and every later writer stumbles.
_UNSAFE_REFERENCE = re.compile(
    r"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|6553[45])|x0*(?:[0-8bce-f]|1[0-9a-f]|fff[ef]|d[89a-f][0-9a-f]{2}))(?:;|(?![0-9a-f]))",
    re.IGNORECASE,
)
_CONTROLS = bytes(code for code in range(32) if code not in (9, 10, 12, 13, 27))
# A quotation mark means something only after an equals sign: https://html.spec.whatwg.org/#before-attribute-value-state
_TAG = re.compile(r"""<[a-zA-Z](?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+')?+)*+""")
_ATTRIBUTE = re.compile(r"""[^\s=/>]+\s*+(?:=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>]*+))?+""")
_REMOVED = bytes(code for code in range(128) if (code < 32 and code not in (9, 10, 13)) or code == 127)
_WRAPPERS = re.compile(
    r"</?(?:div|span|font|b|i|u|em|strong|small|big|center|section|main|figure|ins|del|s|sup|sub|bdo|bdi|table|tbody|tr|td|th"
    r"|ul|ol|li|dl|dd|dt|blockquote|article|aside|form|fieldset|details|[a-z]+-[a-z-]+)\b[^>]*>",
    re.IGNORECASE,
)
_IS_DEEP = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")
_ONE_CLASS = etree.ElementDefaultClassLookup(element=HtmlElement)
_SELF_CLOSED_ROOT = re.compile(r"(<html\b[^>]*?)\s*/>", re.IGNORECASE)
# The names browsers give to what was in truth encoded in a superset: https://encoding.spec.whatwg.org/#names-and-labels
_SUPERSETS = {
    "iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "ascii": "cp1252", "us-ascii": "cp1252",
    "iso-8859-9": "cp1254", "latin5": "cp1254", "tis-620": "cp874", "iso-8859-11": "cp874", "gb2312": "gb18030",
    "gbk": "gb18030", "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "shift_jis": "cp932", "shift-jis": "cp932",
    "x-sjis": "cp932", "windows-31j": "cp932", "big5": "big5hkscs",
}  # fmt: skip
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_BOM_STARTS = tuple(mark for mark, _ in _BOMS)


class NotHtmlError(ValueError):
    """The bytes are no HTML page; the message says what they are."""


def decode(body: bytes, content_type: str | None = None) -> str:
    """Returns the text of a page with characters removed that break XML or SQLite.

    Byte order mark first, then strict UTF-8 (text that is valid UTF-8 by accident does not occur in practice, wrong
    declarations do), the charset of ``content_type``, of the XML declaration, of ``<meta>``, detection by statistics,
    and at last UTF-8 with replacement characters. Never raises.
    """
    text = _decode_cleanly(body)
    if text is None:
        text = _UNSAFE.sub("", _decode(body, content_type)).replace("\x0c", " ")
    return _UNSAFE_REFERENCE.sub(" ", text) if "&#" in text else text


def _decode_cleanly(body: bytes) -> str | None:
    """The text of plain UTF-8 that holds nothing to remove, as most pages are; looking at bytes is the fast way."""
    if body.startswith(_BOM_STARTS) or len(body.translate(None, _REMOVED)) != len(body):
        return None
    # One byte is looked for twenty times faster than two, and most pages do not have this one.
    if b"\xef" in body and any(mark in body for mark in (b"\xef\xb7", b"\xef\xbf\xbe", b"\xef\xbf\xbf")):
        return None
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _decode(body: bytes, content_type: str | None) -> str:
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        # A page cut off by a size limit, or with a stray byte or two, is still UTF-8.
        if _is_nearly_utf8(body, error):
            return body.decode("utf-8", "replace")
    try:
        # Lone surrogates written as UTF-8 by careless software; decode() drops them.
        return body.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        pass
    start = body[:4096]
    names = [match[1] for match in (_HEADER_CHARSET.search(content_type or ""),) if match]
    names += [match[1].decode("ascii") for match in (_XML_CHARSET.search(start), _META_CHARSET.search(start)) if match]
    for name in names:
        encoding = _SUPERSETS.get(name.lower(), name)
        try:
            if codecs.lookup(encoding).name == "utf-8":
                continue
            text = body.decode(encoding, "replace")
        except (LookupError, ValueError, AssertionError):
            continue
        # A declaration is wrong when it leaves much unread; a handful of bad bytes is the page's fault.
        if text.count("\ufffd") <= 5 + len(text) // 500:
            return text
    best = from_bytes(body[:20_000] + body[-5_000:]).best()
    if best is not None:
        return body.decode(best.encoding, "replace")
    return body.decode("utf-8", "replace")


def _is_nearly_utf8(body: bytes, error: UnicodeDecodeError) -> bool:
    if error.start >= len(body) - 3:
        return True
    text = body.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    wide = sum(1 for char in text[:200_000] if char > "\x7f" and char != "\ufffd")
    return bad * 20 <= wide


def refuse_other_formats(body: bytes, content_type: str | None = None) -> None:
    """Raises NotHtmlError when the bytes are an image, a PDF, an archive, a feed or plain data."""
    start = body[:512].lstrip(b"\xef\xbb\xbf\x00 \t\r\n")
    for mark, name in (
        (b"%PDF", "a PDF"), (b"\x89PNG", "an image"), (b"\xff\xd8\xff", "an image"), (b"GIF8", "an image"),
        (b"RIFF", "a media file"), (b"PK\x03\x04", "a ZIP file"), (b"\x1f\x8b", "compressed data"),
        (b"ID3", "a media file"), (b"\x00\x00\x00", "a media file"), (b"OggS", "a media file"),
    ):  # fmt: skip
        if start.startswith(mark):
            raise NotHtmlError(f"the page is {name}, no HTML")
    lowered = re.sub(rb"^(?:<\?xml[^>]*\?>|<!--.*?-->|\s)+", b"", start.lower(), flags=re.DOTALL)
    if lowered.startswith((b"<rss", b"<feed", b"<rdf:rdf", b"<urlset", b"<sitemapindex", b"<opml")):
        raise NotHtmlError("the page is a feed or sitemap, no HTML")
    if start[:1] in (b"{", b"[") and b"<" not in body[:4096]:
        raise NotHtmlError("the page is JSON data, no HTML")
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or "utf-16" in (content_type or "").lower():
        return
    sample = body[:4096]
    if len(sample) - len(sample.translate(None, _CONTROLS)) > 0.03 * len(sample):
        raise NotHtmlError("the page is binary data, no HTML")


def parse(text: str) -> HtmlElement:
    """Returns the tree of a page, at most ``MAX_DEPTH`` elements deep.

    libxml2 drops everything below 2,048 levels, so a page that reaches them is parsed again without its wrapping
    elements. Raises NotHtmlError when no element is left.
    """
    text = _SELF_CLOSED_ROOT.sub(r"\1>", _XML_DECLARATION.sub("", _cut_attributes(text)), count=1)
    tree, deep = _parse_once(text)
    if deep:
        tree, deep = _parse_once(_WRAPPERS.sub(" ", text))
        if deep:
            raise NotHtmlError("the page nests its elements without end")
    if _IS_DEEP(tree):
        _flatten(tree)
    return tree


def _cut_attributes(text: str) -> str:
    """Without the attributes of a tag beyond ``MAX_ATTRIBUTES``."""
    kept: list[str] = []
    done = 0
    for tag in _TAG.finditer(text):
        start, end = tag.span()
        if end - start < _LONG_TAG:
            continue
        found = islice(_ATTRIBUTE.finditer(text, start + 1, end), MAX_ATTRIBUTES + 1, MAX_ATTRIBUTES + 2)
        first = next(found, None)
        if first:
            kept.append(text[done : first.start()])
            done = end
    return "".join([*kept, text[done:]]) if done else text


def _parse_once(text: str) -> tuple[HtmlElement, bool]:
    parser = HTMLParser(collect_ids=False, encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    # One class for every element: lxml.html asks a function for it, element by element, each time one is looked at.
    parser.set_element_class_lookup(_ONE_CLASS)
    try:
        tree = document_fromstring(text.encode("utf-8", "ignore"), parser=parser, ensure_head_body=False)
    except etree.ParserError:
        raise NotHtmlError("the page is empty") from None
    deep = any("depth" in entry.message.lower() for entry in parser.error_log.filter_from_fatals())
    return tree, deep


def _flatten(tree: HtmlElement) -> None:
    """Unwraps every element below ``MAX_DEPTH``; its text stays."""
    deep: list[HtmlElement] = []
    depth = 0
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        if event == "start":
            depth += 1
            if depth > MAX_DEPTH:
                deep.append(element)
        else:
            depth -= 1
    for element in deep:
        if isinstance(element.tag, str) and element.tag not in ("script", "style"):
            element.drop_tag()
