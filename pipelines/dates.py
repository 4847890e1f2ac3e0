"""Reads the dates pages write, in whatever form they write them, and merges them into one instant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime

from dateparser import parse as parse_freely

from pipelines.written_dates import build_day, read_written_date, read_zone, to_24_hours

_ISO = re.compile(
    r"^\s*(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})"
    r"(?:(?:\s*T\s*|\s+(?:at\s+)?|,\s*)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s*(am|pm|a\.m\.|p\.m\.)?"
    r"\s*(Z|UTC|GMT|[A-Z]{2,4}|(?:UTC|GMT)?\s?[+-]\d{1,2}:?(?:\d{2})?(?::\d{2})?)?)?\s*(?:\[[^\]]*\])?\s*$",
    re.IGNORECASE,
)
_BASIC = re.compile(r"^\s*(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?\s*(Z|[+-]\d{2}:?\d{2})?)?\s*$")
_EPOCH = re.compile(r"^\s*(\d{10}|\d{13})(?:\.\d+)?\s*$")
_RFC = re.compile(r"^\s*(?:[A-Za-z]{3,9},?\s+)?\d{1,2}\s+[A-Za-z]{3,9}\.?,?\s+\d{4}\b")
_HAS_CLOCK = re.compile(r"\d{1,2}[:.h]\d{2}|\d\s*[ap]\.?m\b", re.IGNORECASE)


OLDEST = date(1900, 1, 1)
_EPOCH_DAY = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Moment:
    """One date as one part of a page gave it."""

    raw: str
    """The text as written."""
    at: datetime
    """Aware when the page named a zone, else the wall clock; midnight when only a day is known."""
    has_time: bool
    origin: str
    """Which part of the page it came from."""

    @property
    def is_instant(self) -> bool:
        """Says whether both the time of day and its zone are known."""
        return self.has_time and self.at.tzinfo is not None

    def to_utc(self) -> str:
        """Returns ISO-8601 UTC text with ``Z``; a wall clock without a zone is read as UTC."""
        at = self.at.astimezone(UTC) if self.is_instant else self.at.replace(tzinfo=UTC)
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def read_moment(raw: object, origin: str, day_first: bool = True, languages: tuple[str, ...] = ()) -> Moment | None:
    """Returns the moment a page's date text names, or None when it names none.

    Reads ISO 8601 and its misspellings, RFC 2822, Unix seconds and milliseconds, Persian solar years, month names of
    eight languages and, through dateparser, those of the page's ``languages`` (ISO 639-1). ``day_first`` settles
    03/04/2020. Relative times ("2 hours ago") are refused: they say nothing once the page is stored. Never raises.
    """
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        return None
    text = " ".join(str(raw).split())
    if not 4 <= len(text) <= 100:
        return None
    try:
        found = _read(to_ascii_digits(text), day_first, languages)
        # A zone can push a moment at either end of the calendar over its edge: find out here, not in a sort.
        if found is not None and found[0].tzinfo is not None:
            found[0].astimezone(UTC)
    except (ValueError, OverflowError, OSError, TypeError, RecursionError):
        return None
    if found is None:
        return None
    at, has_time = found
    if has_time and at.tzinfo is not None and at.time() == time.min and at.utcoffset():
        # Midnight sharp in the site's own zone is a day in disguise; in UTC it would become the day before or stay.
        at, has_time = at.replace(tzinfo=None), False
    if at.date() < OLDEST or at.date() == _EPOCH_DAY:
        return None
    return Moment(text, at, has_time, origin)


def merge_moments(candidates: Iterable[Moment], latest: datetime, zones: Iterable[Moment] = ()) -> Moment | None:
    """Returns the first candidate not later than ``latest``, completed from the others, or None.

    ``candidates`` come most trusted first. A day or a wall clock borrows time and zone from another candidate within a
    day, failing that the wall clock of the same day; a wall clock borrows the bare offset from ``zones`` (dates of
    another kind, such as the last change). ``latest`` is aware: the time of the fetch and a day of grace for clocks
    that run ahead.
    """
    usable = [moment for moment in candidates if _as_aware(moment) <= latest]
    if not usable:
        return None
    best = usable[0]
    if best.is_instant:
        return best
    instants = [moment for moment in usable[1:] if moment.is_instant]
    for other in instants:
        completed = _complete(best, other)
        if completed is not None:
            return completed
    if not best.has_time:
        clocks = (other.at for other in usable[1:] if other.has_time and other.at.tzinfo is None)
        clock = next((at for at in clocks if at.date() == best.at.date()), None)
        best = Moment(best.raw, clock, True, best.origin) if clock else best
    if best.has_time:
        for other in zones:
            if other.is_instant and abs(_as_aware(other) - _as_aware(best)) <= timedelta(days=1):
                return Moment(best.raw, best.at.replace(tzinfo=other.at.tzinfo), True, best.origin)
    return best


def _complete(vague: Moment, exact: Moment) -> Moment | None:
    """The vague moment with what the exact one knows better, when both can mean the same publication."""
    wall = exact.at.replace(tzinfo=None)
    if not vague.has_time:
        same_day = vague.at.date() in (wall.date(), exact.at.astimezone(UTC).date())
        return Moment(vague.raw, exact.at, True, vague.origin) if same_day else None
    naive = vague.at.replace(tzinfo=None)
    utc_wall = exact.at.astimezone(UTC).replace(tzinfo=None)
    if abs(naive - utc_wall) < timedelta(minutes=1) or abs(naive - wall) < timedelta(minutes=1):
        return Moment(vague.raw, exact.at, True, vague.origin)
    if abs(naive - utc_wall) > timedelta(days=1):
        return None
    gap = naive - utc_wall
    # Zones differ from UTC by quarters of an hour: such a gap is one instant told in two clocks.
    if abs(gap) <= timedelta(hours=14) and gap % timedelta(minutes=15) < timedelta(minutes=1):
        return Moment(vague.raw, exact.at, True, vague.origin)
    return Moment(vague.raw, naive.replace(tzinfo=exact.at.tzinfo), True, vague.origin)


def _as_aware(moment: Moment) -> datetime:
    return moment.at if moment.at.tzinfo is not None else moment.at.replace(tzinfo=UTC)


def to_ascii_digits(text: str) -> str:
    """Returns text with the digits of every script as ASCII and without direction marks."""
    if text.isascii():
        return text
    text = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)
    # Direction marks stand around digits in right-to-left pages and break every pattern.
    return re.sub("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]", "", text).replace("\u2212", "-").strip()


def _read(text: str, day_first: bool, languages: tuple[str, ...]) -> tuple[datetime, bool] | None:
    match = _ISO.match(text)
    if match:
        year, month, day, hour, minute, second, _, half, zone = match.groups()
        moment = build_day(int(year), int(month), int(day))
        if hour is None:
            return moment, False
        hours = to_24_hours(int(hour), half)
        if hours == 24 and int(minute) == 0:
            moment, hours = moment + timedelta(days=1), 0
        moment = moment.replace(hour=hours, minute=int(minute), second=min(int(second or 0), 59))
        return moment.replace(tzinfo=read_zone(zone)), True
    match = _EPOCH.match(text)
    if match:
        seconds = int(match[1]) / (1000 if len(match[1]) == 13 else 1)
        return datetime.fromtimestamp(seconds, UTC), True
    match = _BASIC.match(text)
    if match:
        moment = build_day(int(match[1]), int(match[2]), int(match[3]))
        if match[4] is None:
            return moment, False
        moment = moment.replace(hour=int(match[4]), minute=int(match[5]), second=int(match[6] or 0))
        return moment.replace(tzinfo=read_zone(match[7])), True
    if _RFC.match(text) and ":" in text:
        try:
            moment = parsedate_to_datetime(text)
        except (TypeError, ValueError, IndexError):
            pass
        else:
            # "-0000" and an unknown zone both come back naive: RFC 2822 says the former is UTC of unknown place.
            zone = UTC if text.endswith("-0000") else read_zone(text.rsplit(maxsplit=1)[-1])
            return (moment.replace(tzinfo=zone) if moment.tzinfo is None else moment), True
    return read_written_date(text, day_first) or _read_freely(text, day_first, languages)


def _read_freely(text: str, day_first: bool, languages: tuple[str, ...]) -> tuple[datetime, bool] | None:
    """Month names of the page's languages by dateparser, absolute dates only. Unknown languages raise ValueError."""
    if not languages or not re.search(r"\d{4}|\d\d?[./-]\d\d?[./-]\d\d", text) or not re.search(r"\d", text):
        return None
    settings = {
        "PARSERS": ["absolute-time"],
        "STRICT_PARSING": True,
        "DATE_ORDER": "DMY" if day_first else "MDY",
        "PREFER_LOCALE_DATE_ORDER": False,
    }
    cleaned = re.sub(r"\s*[|•·]\s*|\s+[-–—]\s+", " ", text)
    moment = parse_freely(cleaned, languages=list(languages[:2]), settings=settings)
    if moment is None:
        return None
    has_time = bool(_HAS_CLOCK.search(text))
    if not has_time:
        return moment.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None), False
    return moment.replace(microsecond=0), True
