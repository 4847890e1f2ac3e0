"""How stored values read on a page. Pure functions; every result is plain text that the templates escape."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from difflib import Match, SequenceMatcher
from itertools import accumulate
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

from db.connection import from_text
from db.folding import fold_with_places
from db.plurals import plural

Piece = tuple[str, str]
"""A kind (``same``, ``mark``, ``added``, ``removed``, ``gap``) and the text it covers."""

_WORD = re.compile(r"[^\W_]+")  # as FTS5's unicode61 tokenizer cuts


def _parse(moment: object) -> datetime | None:
    try:
        return from_text(str(moment))
    except ValueError:
        return None


def say_ago(moment: str | None, now: str) -> str:
    """Returns how long ago a stored time was, in short words; the day itself after a week; `""` for None."""
    if not moment:
        return ""
    then, present = _parse(moment), _parse(now)
    if then is None or present is None or then.tzinfo is None or present.tzinfo is None:
        return str(moment)
    seconds = (present - then).total_seconds()
    if seconds < -60:
        return say_time(moment)
    for limit, unit, name in (
        (90, 0, "just now"),
        (3600, 60, "min ago"),
        (86400, 3600, "h ago"),
        (7 * 86400, 86400, "d ago"),
    ):
        if seconds < limit:
            return f"{round(seconds / unit)} {name}" if unit else name
    return say_day(moment)


def say_day(moment: str | None) -> str:
    """Returns the day of a stored time or day (``26 November 2018``); the text itself where it is no date."""
    parsed = _parse(moment) if moment else None
    return f"{parsed.day} {parsed:%B %Y}" if parsed else str(moment or "")


def say_time(moment: str | None) -> str:
    """Returns a stored time to the minute (``26 November 2018, 10:00 UTC``); the text itself where it is no date."""
    parsed = _parse(moment) if moment else None
    return f"{parsed.day} {parsed:%B %Y, %H:%M} UTC" if parsed else str(moment or "")


_ORIGINS = {
    "json-ld": "the page's JSON-LD",
    "meta": "the page's meta elements",
    "itemprop": "the page's microdata",
    "time": "a time element on the page",
    "script": "the state the page carries for its scripts",
    "url": "the day in the address",
    "text": "a date written on the page",
    "htmldate": "a guess over the whole page",
    "feed": "the feed",
}


def say_origin(origin: str | None) -> str:
    """Returns in words where a date was read (``articles.published_from``)."""
    return _ORIGINS.get(origin or "", origin or "")


_RELATIONS = {
    "exact": "word for word the same text",
    "near": "nearly the same text",
    "contained": "one text lies within the other",
    "related": "shares passages, but tells its own story",
}


def say_relation(pair: Mapping[str, Any]) -> str:
    """Returns in words why two articles were joined, or why not: by which measures."""
    relation, shared, changed = pair["relation"] or "", pair["containment"], pair["numbers_changed"]
    words = [_RELATIONS.get(relation, relation)]
    if relation != "exact" and shared is not None:
        words.append(f"{100 * shared:.0f} % of the shorter text is in the longer")
    if relation != "exact" and (lead := pair["lead_overlap"]) is not None:
        words.append(f"{100 * lead:.0f} % of the longer one's beginning is in the shorter")
    if relation != "exact" and changed is not None:
        words.append(f"{plural(changed, 'number', 'numbers')} changed" if changed else "no number changed")
    if (gap := pair["gap_days"]) is not None:
        words.append(f"{say_duration(86400 * gap)} apart" if gap * 1440 >= 1 else "in the same minute")
    return ", ".join(word for word in words if word)


def say_counters(text: str | None) -> list[tuple[str, int]]:
    """Returns the counters of a run as names in words and numbers, zeros left out, in alphabetical order."""
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return []
    pairs = value.items() if isinstance(value, dict) else ()
    return sorted((name.replace("_", " "), n) for name, n in pairs if isinstance(n, int) and n)


def seconds_between(begin: str | None, end: str | None) -> float | None:
    """Returns the seconds from one stored time to another, None where one is none."""
    then, later = _parse(begin), _parse(end)
    return (later - then).total_seconds() if then and later and bool(then.tzinfo) == bool(later.tzinfo) else None


def say_duration(seconds: float | None) -> str:
    """Returns a number of seconds in the largest fitting unit (``20 min``, ``6.5 h``), to two figures."""
    if seconds is None:
        return ""
    for size, smaller, unit in ((86400, 3600, "d"), (3600, 60, "h"), (60, 1, "min")):
        if seconds >= size - smaller / 2:  # 59.8 minutes would be rounded to 60
            return f"{_round(seconds / size)} {unit}"
    return f"{_round(seconds)} s"


def _round(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")


def safe_href(url: str | None) -> str:
    """Returns the URL when a link to it is harmless (http or https with a host), else ``""``."""
    try:
        parts = urlsplit((url or "").strip())
        return (url or "").strip() if parts.scheme in ("http", "https") and parts.hostname else ""
    except ValueError:
        return ""


def host_of(url: str | None) -> str:
    """Returns the host of a URL for display, without ``www.``; ``""`` where there is none."""
    try:
        return (urlsplit(url or "").hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def file_name(path: str | None) -> str:
    """Returns the last part of a path: where files of this machine lie is nobody else's business."""
    return PurePath(path or "").name


def strip_markdown(text: str) -> str:
    """Returns a description of the schema as plain text: the words of its links, and no backticks."""
    return _LINK.sub(r"\1", text).replace("`", "")


_LINK = re.compile(r"\[([^\]]+)\]\([^)\s]+\)")


def split_paragraphs(body: str | None) -> list[str]:
    """Returns the paragraphs of a stored body, blank ones left out."""
    return [text for part in (body or "").split("\n\n") if (text := part.strip())]


def read_list(text: str | None) -> list[Any]:
    """Returns a stored JSON array; an empty list where it is anything else."""
    try:
        value = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return []
    return value if isinstance(value, list) else []


def read_names(text: str | None) -> list[str]:
    """Returns the names of a stored JSON array of authors."""
    return [name.strip() for name in read_list(text) if isinstance(name, str) and name.strip()]


_ID = re.compile("[1-9][0-9]{0,17}")


def read_id(text: str | None) -> int | None:
    """Returns the id that an address holds; None for anything else that SQLite or Python take for a number (`1e1`)."""
    return int(text) if text and _ID.fullmatch(text) else None


_PLACES = {"title": "in the headline", "lead": "in the first paragraphs", "body": "in the text"}


def explain_reasons(text: str | None) -> list[dict[str, Any]]:
    """Returns the stored reasons of a match as ``{"rule", "forms", "place", "n"}``, odd ones left out."""
    explained: list[dict[str, Any]] = []
    for reason in read_list(text):
        if not isinstance(reason, dict):
            continue
        forms = reason.get("forms")
        n = reason.get("n")
        where = str(reason.get("where") or "")
        explained.append(
            {
                "rule": str(reason.get("rule") or ""),
                "forms": [str(form) for form in forms] if isinstance(forms, list) else [],
                "place": _PLACES.get(where, where),
                "n": n if isinstance(n, int) else None,
            }
        )
    return explained


def say_verdict(match: Mapping[str, Any], topic: Mapping[str, Any]) -> str:
    """Returns, after its score, why a match waits for a reader; `""` where the archive does not tell the thresholds."""
    if match["topic_version"] != topic["version"]:
        return f", by an earlier version of the file: scrapy topic apply {topic['id']} judges it anew"
    if topic["accept"] is None or topic["review"] is None:
        return ""
    if match["score"] >= topic["accept"]:
        return f", enough for {topic['accept']:.2f}, but it has no date and the topic has a window of days"
    return f", between {topic['review']:.2f} (review) and {topic['accept']:.2f} (accept)"


def write_example(row: Mapping[str, Any]) -> str:
    """Returns an article with the beginning of its text as an ``[[example]]`` of a topic file, to be copied there."""
    day = str(row["published_at"] or "")[:10]
    lines = [
        "[[example]]",
        'expect = "accept"  # or "reject"',
        *([f"language = {_quote_toml(row['language'])}"] if row["language"] else []),
        *([f"date = {day}"] if day else []),
        f"title = {_quote_toml(row['title'])}",
        f"body = {_quote_toml(row['teaser'] or '')}",
    ]
    return "\n".join(lines)


def _quote_toml(text: str) -> str:
    """Returns a basic string of TOML: its escapes are those of JSON, and one more character needs one."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _find_places(text: str, forms: frozenset[str]) -> list[tuple[int, int]]:
    """Returns where words whose folded form is among ``forms`` begin and end in the text as written."""
    if not forms:
        return []
    folded, places = fold_with_places(text)
    found: list[tuple[int, int]] = []
    for match in _WORD.finditer(folded):
        if match[0] in forms:
            start, end = places[match.start()], places[match.end() - 1] + 1
            while end < len(text) and unicodedata.category(text[end])[0] == "M":
                end += 1
            if not found or start >= found[-1][1]:
                found.append((start, end))
    return found


def mark_words(text: str, forms: Iterable[str]) -> list[Piece]:
    """Returns the text cut into ``same`` and ``mark`` pieces; marked are words whose folded form is among ``forms``."""
    pieces: list[Piece] = []
    done = 0
    for start, end in _find_places(text, frozenset(forms)):
        pieces += [("same", text[done:start]), ("mark", text[start:end])]
        done = end
    return [piece for piece in (*pieces, ("same", text[done:])) if piece[1]]


def cut_excerpt(body: str | None, forms: Iterable[str], width: int = 280) -> list[Piece]:
    """Returns about ``width`` characters of a body around its first word among ``forms``, cut at words and marked."""
    text = " ".join((body or "").split())
    wanted = frozenset(forms)
    places = _find_places(text, wanted)
    first = places[0][0] if places else 0
    start = max(0, min(first - width // 3, len(text) - width))
    if start:
        space = text.find(" ", start, first)
        start = space + 1 if space >= 0 else start
    stop = min(len(text), start + width)
    if stop < len(text):
        space = text.rfind(" ", start + width // 2, stop)
        stop = space if space >= 0 else stop
    pieces = mark_words(text[start:stop], wanted)
    return [*([("gap", "… ")] if start else []), *pieces, *([("gap", " …")] if stop < len(text) else [])]


LONGEST_COMPARED = 6000
"""Words of the longest text that is compared."""
COMPARING_STEPS = 1_000_000
"""Pairs of equal words that a comparison looks at: a tenth of a second, far more than two versions of a story need.
Two texts made to keep `difflib` busy would hold up every reader for half a minute."""


class _BoundedMatcher(SequenceMatcher[str]):
    """Looks for no more common passages once `COMPARING_STEPS` are done; what is left counts as replaced."""

    b2j: dict[str, list[int]]

    def __init__(self, a: list[str], b: list[str]) -> None:
        super().__init__(None, a, b, autojunk=True)
        self._steps = list(accumulate((1 + len(self.b2j.get(word, ())) for word in a), initial=0))
        self._left = COMPARING_STEPS

    def find_longest_match(self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None) -> Match:
        self._left -= self._steps[ahi if ahi is not None else -1] - self._steps[alo]
        return super().find_longest_match(alo, ahi, blo, bhi) if self._left >= 0 else Match(alo, blo, 0)


def compare_texts(old: str | None, new: str | None, context: int = 12) -> list[Piece] | None:
    """Returns what changed between two texts, word by word, with ``context`` unchanged words around each change.

    None where a text has more than `LONGEST_COMPARED` words.
    """
    before, after = (re.findall(r"\S+\s*", text or "") for text in (old, new))
    if max(len(before), len(after)) > LONGEST_COMPARED:
        return None
    pieces: list[Piece] = []
    matcher = _BoundedMatcher([w.strip() for w in before], [w.strip() for w in after])
    steps = matcher.get_opcodes()
    for number, (tag, a0, a1, b0, b1) in enumerate(steps):
        if tag == "equal":
            words = after[b0:b1]
            head = 0 if number == 0 else context
            tail = 0 if number == len(steps) - 1 else context
            if len(words) > head + tail + 5:
                pieces += [
                    ("same", "".join(words[:head])),
                    ("gap", " … "),
                    ("same", "".join(words[len(words) - tail :])),
                ]
            else:
                pieces.append(("same", "".join(words)))
            continue
        pieces += [("removed", "".join(before[a0:a1])), ("added", "".join(after[b0:b1]))]
    return [piece for piece in pieces if piece[1]]
