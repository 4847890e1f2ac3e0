"""Finds a byline by the marks of templates: ``rel=author``, classes such as "byline" or "author"."""

from __future__ import annotations

import re
from itertools import islice

from lxml.html import HtmlElement

from pipelines.bylines import split_names, unite
from pipelines.headline import enclose, find_headline, stands_apart

_LONGEST = 120
"""Characters of a byline with its date and place; what is longer is a portrait of the author."""
_SEEN = 30
"""Marked elements looked at on one page."""
_LEVELS = 3
"""Elements up from a name within which the bylines of one article stand together."""
_NAME_WORDS = 5
_MARK = re.compile(r"(?<![a-z])(?:author|byline|autor(?:en)?|auteur|fn(?![a-z]))", re.IGNORECASE)
# Parts of a byline that hold no name: its label, its picture, the date beside it; and authors of pictures.
_NO_NAME = re.compile(
    r"image|avatar|photo|picture|bio\b|desc|role|title(?!-wrapper)|social|follow|date|time|licen[cs]e|credit",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"^\W*(?:(?:veröffentlicht|geschrieben|verfasst|artikel|beitrag|text|publié|publicado|posted|published|written"
    r"|article|story|words)\s+)?(?:von|by|par|por|door|di|author(?:\(s\))?|autor(?:in|en)?|auteure?)\b\s*:?\s*(?=\S)",
    re.IGNORECASE,
)
_END = re.compile(
    r"\s*(?:[|•·»]|\s[—–-](?=\s|$)|[,،]?\s*[(\[]?\b\d{1,4}[./:-]\d|,\s*[^\W\d]{2,10}\.?,?\s+\d"
    r"|,?\s+\d{1,2}\.?\s+[^\W\d]{3,}|\s(?:am|on|le|el|vom|at|updated|published|veröffentlicht)\s+\d).*",
    re.IGNORECASE | re.DOTALL,
)
_WEEKDAY = re.compile(r"\W*[^\W\d]{2,3}\.?,?\s+\d")
_FIELD = re.compile(r"^[^:\d]{2,30}:\s+(?=\S)")
_NO_BYLINE = re.compile(
    r"(?<!\w)\d{4}(?!\w)|^\W*(?:stand|datum|date|updated|published|posted on|publi[zs]iert am|veröffentlicht am|zuletzt"
    r"|alle|all|more|mehr|archiv|view|follow|about|über|author|autor|by|von)\b\W*(?:\w+\W*){0,2}$",
    re.IGNORECASE,
)


def find_marked_byline(tree: HtmlElement, title: str) -> list[str]:
    """Returns the names in the first byline that the page's template marks as one, and in those right beside it.

    Of marked elements inside each other the inner ones count: the outer hold labels and dates too.
    """
    marked = list(islice((element for element in tree.iter("*") if _is_marked(element)), _SEEN))
    if not marked:
        return []
    shared = enclose(find_headline(tree, title))
    own = (element for element in marked if element not in shared and not stands_apart(element, shared))
    named = [(element, names) for element in own if (names := _read(element))]
    outer = {parent for element, _ in named for parent in element.iterancestors()}
    inner = [pair for pair in named if pair[0] not in outer]
    if not inner:
        return []
    around = set(islice(inner[0][0].iterancestors(), _LEVELS))
    beside = [names for element, names in inner if around.intersection(islice(element.iterancestors(), _LEVELS))]
    return unite([name for names in beside for name in names])


def _is_marked(element: HtmlElement) -> bool:
    if element.tag in ("html", "body", "meta", "link"):
        return False
    if "author" in (element.get("rel") or ""):
        return True
    names = element.get("class") or ""
    return bool(_MARK.search(names)) and not _NO_NAME.search(names)


def _read(element: HtmlElement) -> list[str]:
    """The names in a marked element; nothing when it holds something else."""
    text = " ".join(" ".join(element.itertext()).split())
    if not 2 <= len(text) <= _LONGEST or _WEEKDAY.match(text):
        return []
    line = _END.sub("", _LABEL.sub("", text)).strip()
    if not line or _NO_BYLINE.search(line):
        return []
    line = _FIELD.sub("", line)
    names = split_names(line)
    return names if all(len(name.split()) <= _NAME_WORDS for name in names) else []
