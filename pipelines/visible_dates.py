"""Finds the date readers see beside the headline, or under a label such as "Published", where no markup states it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice
from typing import Any

from lxml import etree
from lxml.html import HtmlElement

from pipelines.dates import Moment, read_moment, to_ascii_digits
from pipelines.headline import enclose, find_headline, stands_apart
from pipelines.line_length import estimate_words

_BEHIND = 400
"""Characters behind the headline, about 60 words: a standfirst may stand between headline and dateline."""
_BEFORE = 130
"""Characters before it, about 20 words: a dateline, not the teaser of another piece."""
_LONGEST = 100
"""Characters of a dateline with its label, names and place; what is longer is running text."""
_LONGEST_LABELLED = 60
"""Characters of a line that is only a label and a date."""
_LONGEST_BARE = 40
"""Characters of a line that is little else than a date."""
_MOST_PARTS = 20
"""Pieces of text of a dateline: day, month, year, clock and the white space between them."""
_MOST = 40
"""Datelines looked at on one page."""

_DATE = re.compile(
    r"(?<![\d/.-])\d{1,2}\s?([./-])\s?\d{1,2}\s?\1\s?(?:\d{4}|\d\d)(?![\d/-])"
    r"|(?<!\d)(?:19|20)\d\d\s?[-./年]\s?\d\d?\s?[-./月]\s?\d\d?"
    r"|(?<!\d)\d{1,2}\.?(?:st|nd|rd|th|er|º)?,?\s+(?:de\s+|of\s+)?[^\W\d]{3,12}\.?,?\s+(?:de\s+|del\s+)?(?:19|20)\d\d(?!\d)"
    r"|[^\W\d]{3,12}\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+(?:19|20)\d\d(?!\d)"
)
_CLOCK = re.compile(
    r"^[\s,|·•/@–—-]*(?:(?:at|um|klo|à|a las|alle|om|kl\.?|ore|saat|T)[\s,]*)?"
    r"(\d{1,2}[:.h]\d{2}(?::\d{2})?(?:\s*[ap]\.?m\b\.?)?(?:\s*(?:GMT|UTC|CES?T|ME?S?Z|E[SD]?T|[+-]\d\d:?\d\d)\b)?)",
    re.IGNORECASE,
)
_HALF_OF_DAY = re.compile(r"\b[ap]\.m\.$", re.IGNORECASE)
_SHORT_YEAR = re.compile(r"^(\d\d?)\s?([./-])\s?(\d\d?)\s?\2\s?(\d\d)$")
_PUBLISHED = re.compile(
    r"\b(?:publish|publi[eéc]|pubbl|veröffentlich|erschienen|erstellt|posted|written|created|released|geplaatst"
    r"|gepubliceerd|publicer|publiser|udgivet|julkaistu|opublikowan|yayın|опубликован|дата публикации"
    r"|منتشر|تاریخ انتشار|نشر|تاريخ النشر)",
    re.IGNORECASE,
)
_CHANGED = re.compile(
    r"\b(?:updat|last (?:modified|edited|changed|reviewed)|modif|aktualisi|geändert|letzte änderung|mis à jour"
    r"|mise à jour|actualiz|atualizad|aggiorn|ultima modifica|bijgewerkt|gewijzigd|oppdatert|opdateret"
    r"|uppdaterad|päivitetty|aktualizac|güncel|обновлен|изменен|به ?روز|ویرایش|تحديث|عُدل)",
    re.IGNORECASE,
)
_CHANGED_CLASS = re.compile(r"modif|updat", re.IGNORECASE)
_PUBLISHED_CLASS = re.compile(
    r"publi(?:sh|c)|pub-?_?date|posted|created|entry-date|(?:article|post|news)-?_?date", re.IGNORECASE
)
_DATE_CLASS = re.compile(r"date|time|datum|fecha|published|posted|stamp", re.IGNORECASE)
_OTHER_CLASS = re.compile(r"clock|current|today|joined|registered|birth|expir|event", re.IGNORECASE)
"""Dates of something else: the site's clock, the day a user joined, a meeting."""
_read_texts = etree.XPath("//body//text()[string-length() > 3]")


@dataclass(frozen=True, slots=True)
class SeenDate:
    """A date that readers see."""

    moment: Moment
    is_update: bool
    """The page calls it the date of a change."""


class _Label(IntEnum):
    """What a line calls its date, the most trusted first."""

    PUBLISHED = 0
    NONE = 1
    CHANGED = 2


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    element: HtmlElement
    gap: int
    """Characters between the line and the headline, negative before it."""


def find_seen_date(
    tree: HtmlElement, title: str, day_first: bool = True, languages: tuple[str, ...] = ()
) -> SeenDate | None:
    """Returns the date that stands beside the headline, else the one that is labelled elsewhere, or None.

    Beside the headline a label of publication beats none, and none beats the label of a change; then the nearer line
    wins, lines behind the headline first. Away from it only labelled lines count, and lines of little else than a date
    when all name the same day.
    """
    headline = find_headline(tree, title)
    shared = enclose(headline)
    near: list[tuple[_Label, bool, int, SeenDate]] = []
    far: dict[_Label, list[SeenDate]] = {label: [] for label in _Label}
    for line in _find_lines(tree, headline):
        if line.gap > _BEHIND and any(label is not _Label.CHANGED for label, *_ in near):
            break
        is_near = headline is not None and -_BEFORE <= line.gap <= _BEHIND
        label = _read_label(line)
        if not is_near and len(line.text) > (_LONGEST_BARE if label is _Label.NONE else _LONGEST_LABELLED):
            continue
        if stands_apart(line.element, shared) or _OTHER_CLASS.search(_name_classes(line.element)):
            continue
        moment = _read_line(line, day_first, languages)
        if moment is None:
            continue
        seen = SeenDate(moment, is_update=label is _Label.CHANGED)
        if is_near:
            near.append((label, line.gap < 0, abs(line.gap), seen))
        else:
            far[label].append(seen)
    if near:
        best = min(near, key=lambda entry: entry[:3])
        if best[0] is not _Label.CHANGED or not far[_Label.PUBLISHED]:
            return best[3]
    bare = far[_Label.NONE]
    lone = bare if len({seen.moment.at.date() for seen in bare}) == 1 else []
    return next(iter((*far[_Label.PUBLISHED], *lone, *far[_Label.CHANGED])), None)


def _find_lines(tree: HtmlElement, headline: HtmlElement | None) -> Iterator[_Line]:
    """The short lines with a date, in order; those before the headline come when it has been met."""
    inside = set(headline.iter()) if headline is not None else set()
    before: list[tuple[str, HtmlElement, int]] = []
    at = 0
    end: int | None = None if inside else 0
    count = 0
    for text, element in _list_texts(tree):
        if element in inside:
            if end is None:
                yield from (_Line(line, one, start - at) for line, one, start in before)
            end = at = at + len(text)
            continue
        line = _read_whole(text, element) if count < _MOST else ""
        if line:
            count += 1
            if end is None:
                before.append((line, element, at))
            else:
                yield _Line(line, element, at - end)
        at += len(text)


def _list_texts(tree: HtmlElement) -> Iterator[tuple[str, HtmlElement]]:
    """The texts of the page without white space around them, each with the element it stands in."""
    found: Any = _read_texts(tree)
    for text in found:
        holder = text.getparent()
        element = holder.getparent() if holder is not None and text.is_tail else holder
        if element is not None and element.tag not in ("script", "style", "noscript", "template"):
            yield str(text).strip(), element


def _read_whole(text: str, element: HtmlElement) -> str:
    """The line of a text when it is short and holds a date; in an element made for dates, all the element's text."""
    stamp = element.get("datetime") if element.tag == "time" else None
    if stamp and _DATE.search(stamp):
        # What readers see may be "yesterday".
        return str(stamp[:_LONGEST])
    if len(text) > 4 * _LONGEST or not any(char.isdigit() for char in text):
        return ""
    line = to_ascii_digits(" ".join(text.split()))
    outer = element.getparent()
    for one in (element, outer) if outer is not None and not _DATE.search(line) else ():
        if one.tag == "time" or _DATE_CLASS.search(one.get("class") or ""):
            # A whole page in such an element would be read again for each of its texts.
            line = to_ascii_digits(" ".join(" ".join(islice(one.itertext(), _MOST_PARTS)).split()))
            break
    found = _DATE.search(line) if len(line) <= _LONGEST else None
    if not found:
        return ""
    around = line[: found.start()] + line[found.end() :]
    is_sentence = line.endswith((".", "!", "?", "。")) and estimate_words(around) > 3 and not _HALF_OF_DAY.search(line)
    return "" if is_sentence and not _PUBLISHED.search(around) and not _CHANGED.search(around) else line


def _read_label(line: _Line) -> _Label:
    found = _DATE.search(line.text)
    label = line.text[: found.start()] if found else ""
    before = line.element.getprevious()
    if not label.strip() and before is not None and isinstance(before.tag, str):
        label = "".join(before.itertext())
        label = label if len(label) <= _LONGEST and not re.search(r"\d", label) else ""
    if _PUBLISHED.search(label):
        return _Label.PUBLISHED
    if _CHANGED.search(label):
        return _Label.CHANGED
    # The hAtom microformat and the themes that follow it put "updated" beside "published" on one date.
    classes = line.element.get("class") or ""
    if _PUBLISHED_CLASS.search(classes):
        return _Label.PUBLISHED
    return _Label.CHANGED if _CHANGED_CLASS.search(classes) else _Label.NONE


def _name_classes(element: HtmlElement) -> str:
    """The classes of an element and of the one around it."""
    outer = element.getparent()
    return f"{element.get('class') or ''} {outer.get('class') or '' if outer is not None else ''}"


def _read_line(line: _Line, day_first: bool, languages: tuple[str, ...]) -> Moment | None:
    stamp = line.element.get("datetime") if line.element.tag == "time" else None
    moment = read_moment(stamp, "time", day_first) if stamp else None
    found = _DATE.search(line.text)
    if moment or not found:
        return moment
    day = _SHORT_YEAR.sub(r"\1\2\g<3>\g<2>20\4", re.sub(r"\s?[年月]\s?", "-", found[0]))
    clock = _CLOCK.match(line.text[found.end() :])
    whole = read_moment(f"{day} {clock[1]}", "text", day_first, languages) if clock else None
    return whole or read_moment(day, "text", day_first, languages)
