"""Finds a byline that readers see and no markup names: a short line that begins with "By", "Von", "تحریر:" ..."""

from __future__ import annotations

import re
from itertools import islice

from lxml import etree
from lxml.html import HtmlElement

from pipelines.bylines import split_names
from pipelines.headline import enclose, find_headline, stands_apart

_LONGEST = 200
"""Characters of a byline with its date and place; what is longer is running text."""
_SEEN = 1_200
"""Elements below the headline among which a byline is looked for."""
# With a colon the word can only be a label; without one, names must follow that look like names.
_COLON_LABEL = re.compile(
    r"\s*(?:(?:(?:written|reported|story|words|text) )?by|authors?|autore?s?|autorin|auteure?s?|text|texte|texto"
    r"|автор|текст|تحریر|تحرير|رپورٹ|مصنف|نویسنده|نويسنده|گزارشگر|خبرنگار|لیکوال|ليکوال|كتب|كتبت|بقلم|الكاتب|إعداد)\s*[:：]",
    re.IGNORECASE,
)
_BARE_LABEL = re.compile(
    r"\s*(?:(?:(?:Written|Reported|Story|Words|Posted|Report) )?[Bb]y|BY|Von|VON|von|Par|PAR|par|Por|POR|por|Door|بقلم)"
    r"(?=\s|$)"
)
_END = re.compile(r"\s*(?:[|•·/]|[—–]|\s-\s|[,،]?\s*[(\[]?\d).*", re.DOTALL)
_CAPITAL = r"[^\W\d_a-zß-ÿа-я]\S*"
_NAME = re.compile(rf"{_CAPITAL}(?:\s+(?:{_CAPITAL}|de|da|di|del|der|den|van|von|bin|ibn|al|el|la|le|dos|du|y)){{1,4}}")
_COLON_NAME_WORDS = 5


def find_byline(tree: HtmlElement, title: str = "") -> list[str]:
    """Returns the names in the first labelled byline below the headline, or on a page without headings; else none."""
    headline = find_headline(tree, title)
    shared = enclose(headline)
    elements = tree.iter(etree.Element)
    if headline is not None:
        # The iterator stands behind the headline afterwards.
        next(element for element in elements if element is headline)
    for element in islice(elements, _SEEN):
        for text in (element.text, element.tail):
            # Most texts are white space between elements.
            if text and not text.isspace() and (_COLON_LABEL.match(text) or _BARE_LABEL.match(text)):
                block = element if text == element.text else element.getparent()
                if block is None or stands_apart(block, shared):
                    continue
                names = _read_byline(block, " ".join(text.split()), block is element)
                if names:
                    return names
    return []


def _read_byline(block: HtmlElement, own: str, opens: bool) -> list[str]:
    """The names in a block one of whose texts, ``own``, begins with a label; ``opens``: it is the block's first."""
    label = _COLON_LABEL.match(own) or _BARE_LABEL.match(own)
    is_alone = label is not None and not own[label.end() :].strip()
    parent = block.getparent()
    if is_alone and not len(block) and parent is not None:
        # "<span>By</span> <span>Name</span>": the name stands beside the label.
        block = parent
    whole = own
    if opens or is_alone:
        whole = " ".join(" ".join(block.itertext()).split())
        whole = whole[max(0, whole.find(own)) :]
    colon = _COLON_LABEL.match(whole)
    label = colon or _BARE_LABEL.match(whole)
    if not label or len(whole) > _LONGEST:
        return []
    names = split_names(_END.sub("", whole[label.end() :].strip()))
    if colon:
        return names if all(len(name.split()) <= _COLON_NAME_WORDS for name in names) else []
    return names if all(_NAME.fullmatch(name) for name in names) else []
