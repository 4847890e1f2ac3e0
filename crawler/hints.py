"""Cleans what documents say about their links: addresses, titles and times."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

from db.urls import normalise

URL_MAX = 4096
"""Characters of a URL; longer ones are broken markup, and servers refuse them anyway."""

TITLE_MAX = 500
"""Characters of a title hint."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SPACES = re.compile(r"\s+")


def clean_url(raw: str, base: str) -> str:
    """Returns the absolute http(s) URL that ``raw`` means on a page at ``base``, spelled as ``db.urls.normalise`` does.

    Raises ValueError, worded for a report, for anything else than an http(s) URL with a possible host.
    """
    text = _CONTROLS.sub("", raw).strip()
    shown = text if len(text) <= 80 else text[:77] + "..."
    if not text:
        raise ValueError("an empty link")
    if len(text) > URL_MAX:
        raise ValueError(f"a link of {len(text):,} characters: {shown}")
    try:
        joined = urljoin(base, text)
    except ValueError:
        raise ValueError(f"not a URL: {shown}") from None
    url = normalise(joined)
    if url is None:
        is_web = joined.lower().startswith(("http:", "https:"))
        raise ValueError(f"not a URL: {shown}" if is_web else f"not an http(s) link: {shown}")
    return url


_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--.*?-->", re.DOTALL)


def clean_title(raw: str | None) -> str | None:
    """Returns a title as one line of plain text, without markup, control characters and entities; None if all goes."""
    if not raw:
        return None
    text = raw[: 8 * TITLE_MAX]
    for _ in range(2):  # feeds escape markup twice: &amp;lt;b&amp;gt;
        text = html.unescape(_TAG.sub(" ", text))
    # ZWNJ, which is spelling in Persian, stays.
    text = re.sub(r"[\x00-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ud800-\udfff]", " ", text)
    text = _SPACES.sub(" ", text).strip()
    if len(text) > TITLE_MAX:
        text = text[: TITLE_MAX - 1].rstrip() + "…"
    return text or None


_ISO = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})"
    r"(?:(?:[Tt]|\s+)(?P<time>\d{2}:\d{2}(?::\d{2})?)(?:[.,]\d+)?\s*(?P<zone>[Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?"
)
_ISO_PART = re.compile(r"(\d{4})(?:-(\d{2}))?")


def read_time(raw: str | None) -> str | None:
    """Returns a date of a feed or sitemap as ``YYYY-MM-DDTHH:MM:SSZ``, or None when it is none.

    Reads RFC 3339 and its W3C profile (https://www.w3.org/TR/NOTE-datetime) and RFC 5322; a time without a zone counts
    as UTC, a day as its first instant. The Unix epoch and years before 1600 are placeholders, not dates. Other forms
    are not guessed at: a sitemap has 50,000 dates, and ``pipelines/dates.py`` takes milliseconds for an odd one.
    """
    text = (raw or "").strip()
    moment: datetime | None = None
    try:
        if match := _ISO.fullmatch(text):
            zone = (match["zone"] or "Z").upper()
            zone = "+00:00" if zone in ("Z", "UTC", "GMT") else zone
            moment = datetime.fromisoformat(f"{match['day']}T{match['time'] or '00:00'}{zone}")
        elif match := _ISO_PART.fullmatch(text):
            moment = datetime(int(match[1]), int(match[2] or 1), 1, tzinfo=UTC)
        elif text:
            moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return None if moment is None else write_time(moment)


def write_time(moment: datetime) -> str | None:
    """Returns a moment as ``YYYY-MM-DDTHH:MM:SSZ``; None for the epoch, for years before 1600, and out of range."""
    try:
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    if moment.year < 1600 or (moment.year, moment.month, moment.day) in ((1970, 1, 1), (1969, 12, 31)):
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
