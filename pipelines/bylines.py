"""Turns what pages write where an author belongs into names."""

from __future__ import annotations

import re
from typing import Any

from pipelines.jsonld import LinkedData, clean_text

_BY = re.compile(
    r"^\s*(?:(?:written |reported |posted |story |words |edited |(?:view )?all posts )?by\b"
    r"|(?-i:Von)(?=\s+[A-ZÄÖÜ])|par(?=\s+[A-ZÀ-Ý])|por(?=\s+[A-ZÀ-Ý])"
    r"|door(?=\s+[A-Z])|oleh\b|autore?s?\s*:|auteure?s?\s*:|authors?\s*:|autorin?\s*:|автор\s*:?"
    r"|نویسنده\s*:|لیکوال\s*:|بقلم\s*:?)[\s:]*",
    re.IGNORECASE,
)
_HARD = re.compile(r"\s*(?:;|\||\n|•|·|\s/\s)\s*")
_AND = re.compile(r"\s+(?:and|und|et|y|e|en|og|och|и|و|&|\+)\s+", re.IGNORECASE)
_COMMA = re.compile(r"\s*[,،、]\s*(?:and\s+|und\s+|&\s+)?")
_ROLE = re.compile(
    r"\b(?:editors?|reporters?|correspondents?|writers?|producers?|columnists?|contributors?|journalists?"
    r"|photographers?|chief|"
    r"redakteur(?:in)?|korrespondent(?:in)?|journaliste?|periodista|redactora?|staff|senior|special to|jr"
    r"|sr|phd|md)\b\.?",
    re.IGNORECASE,
)
# Where the office follows the name without a comma: Korean and Japanese "reporter", "correspondent".
_TITLE_BEHIND = re.compile(r"\s*(?:기자|특파원|記者|特派員)$")
_FULL_NAME = re.compile(r"[^\W\d_][^\W\d_.'’-]*(?:[\s.'’-]+[^\W\d_]+)+\.?")
_NOBODY = {
    "admin", "administrator", "null", "none", "undefined", "unknown", "n/a", "na", "author", "editor", "webmaster",
    "posted", "name", "auteurs", "autor", "auteur", "autore", "said", "user", "guest", "anonymous", "false", "true",
    "nan", "root", "author name",
}  # fmt: skip


def read_authors(value: Any, data: LinkedData) -> list[str]:
    """Returns the names in a schema.org ``author``: a string, an object, a reference by ``@id`` or a list of those."""
    names: list[str] = []
    stack = [value]
    budget = 60
    while stack and budget:
        budget -= 1
        item = data.resolve(stack.pop(0))
        if isinstance(item, list):
            stack[:0] = item[:60]
        elif isinstance(item, dict):
            name = item.get("name") or " ".join(
                str(item[key]) for key in ("givenName", "familyName") if isinstance(item.get(key), str)
            )
            if isinstance(name, str):
                names.extend(split_names(name))
            elif isinstance(name, list):
                stack[:0] = name[:60]
        elif isinstance(item, str):
            names.extend(split_names(item))
    return unite(names)


def split_names(text: str) -> list[str]:
    """Returns the clean names in one byline: "By", roles, addresses and handles gone, joined names apart."""
    text = clean_text(text[:1_000])
    names: list[str] = []
    for part in _HARD.split(_BY.sub("", text)):
        for piece in _split_commas(part):
            for name in _split_and(piece):
                cleaned = _clean_name(name)
                if cleaned:
                    names.append(cleaned)
    return unite(names)


def unite(names: list[str]) -> list[str]:
    """Returns the names once each, compared without case, in their first order."""
    return list({name.casefold(): name for name in reversed(names)}.values())[::-1]


def is_full_name(name: str) -> bool:
    """Says whether a name has the look of a person's full name: two words or more, letters only."""
    return bool(_FULL_NAME.fullmatch(name))


def _split_commas(text: str) -> list[str]:
    parts = [part for part in _COMMA.split(text) if part]
    if len(parts) == 2 and all(" " not in part for part in parts) and not _ROLE.search(text):
        # "Smith, John": one person in library order.
        return [f"{parts[1]} {parts[0]}"]
    if len(parts) < 2:
        return parts
    # What follows a name's comma is a role or a place when it does not look like a name.
    return [parts[0], *(part for part in parts[1:] if not _ROLE.search(part) and not part[:1].islower())]


def _split_and(text: str) -> list[str]:
    parts = [part for part in _AND.split(text) if part]
    if len(parts) < 2:
        return parts
    words = [len(part.split()) for part in parts]
    # "Food and Agriculture Organization", "Ortega y Gasset" stay whole; two full names, or two bare ones, part.
    return parts if min(words) >= 2 or max(words) == 1 else [text]


def _clean_name(name: str) -> str:
    name = re.sub(r"\s*[(\[][^)\]]*[)\]]?", " ", _BY.sub("", name)).strip(" \t-–—:,.*()[]\"'“”")
    name = _TITLE_BEHIND.sub("", re.sub(r"\s@\w+$", "", name))
    if "://" in name or name.startswith(("www.", "@", "/")) or re.search(r"\S@\S+\.\S", name):
        name = re.sub(r"\(?\S+@\S+\)?|https?://\S+|www\.\S+|(?:^|\s)@\w+", " ", name)
        name = " ".join(name.split()).strip(" -,()")
    if not 2 <= len(name) <= 80 or name.casefold() in _NOBODY or len(name.split()) > 9:
        return ""
    return name if re.search(r"[^\W\d_]", name) else ""
