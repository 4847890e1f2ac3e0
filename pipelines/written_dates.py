"""Reads dates written for people: month names, numbers with dots and slashes, clocks with and without zones."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

# Names whose offset is the same whoever writes them. IST, BST and CST mean different zones in different countries; the
# reading here is the one of English-language news sites.
_ZONES: dict[str, float] = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "EET": 2,
    "EEST": 3, "MSK": 3, "AFT": 4.5, "PKT": 5, "IST": 5.5, "HKT": 8, "SGT": 8, "JST": 9, "KST": 9, "AEST": 10,
    "AEDT": 11, "NZST": 12, "NZDT": 13, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8,
    "PDT": -7, "ET": -5, "PT": -8,
}  # fmt: skip

_OFFSET = re.compile(r"([+-])(\d{1,2}):?(\d{2})?(?::\d{2})?$")
_MONTHS: dict[str, int] = {
    name: month
    for month, names in enumerate(
        (
            "jan january januar jänner jän janvier janv enero ene gennaio gen janeiro januari ocak",
            "feb february februar feber februari février févr fév febrero febbraio fevereiro fev şubat",
            "mar march märz mär mrz maart mrt mars marzo março mart",
            "apr april avril avr abril abr aprile nisan",
            "may mai mei maj mayo maggio mag maio mayıs",
            "jun june juni juin junio giugno giu junho haziran",
            "jul july juli juillet juil julio luglio lug julho temmuz",
            "aug august augustus augusti août agosto ago ağustos",
            "sep sept september septembre septiembre settembre set setembro eylül",
            "oct okt october oktober octobre octubre ottobre ott outubro out ekim",
            "nov november novembre noviembre novembro kasım",
            "dec dez december dezember décembre déc diciembre dic dicembre dezembro desember aralık",
        ),
        start=1,
    )
    for name in names.split()
}
# Afghan, Iranian and Pashto months of the solar year, which begins in March; build_day() tells by the year.
_SOLAR_MONTHS: dict[str, int] = {
    name: month
    for month, names in enumerate(
        (
            "حمل فروردین وری",
            "ثور اردیبهشت غویی",
            "جوزا خرداد غبرګولی",
            "سرطان تیر چنګاښ",
            "اسد مرداد زمری",
            "سنبله شهریور وږی",
            "میزان مهر تله",
            "عقرب آبان لړم",
            "قوس آذر لیندۍ",
            "جدی دی مرغومی",
            "دلو بهمن سلواغه",
            "حوت اسفند کب",
        ),
        start=1,
    )
    for name in names.split()
}
_SOLAR_DATE = re.compile(
    r"(?<!\d)(?P<day>\d{1,2})\s+(?P<month>" + "|".join(_SOLAR_MONTHS) + r")\s*[،,]?\s+(?P<year>1[34]\d\d)(?!\d)"
)
_NAMED = re.compile(
    r"(?P<d1>\d{1,2})(?:st|nd|rd|th|er|º|\.)?\s+(?:de\s+|of\s+)?(?P<m1>[^\W\d_]{3,12})\.?,?\s+(?:de\s+|del\s+)?(?P<y1>\d{4})\b"
    r"|(?P<m2>[^\W\d_]{3,12})\.?\s+(?P<d2>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y2>\d{4})\b"
    # What Java and C print: Tue Jan 28 15:49:07 CET 2020
    r"|(?P<m3>[^\W\d_]{3})\s+(?P<d3>\d{1,2})\s+(?P<t3>\d\d:\d\d:\d\d)\s+(?:(?P<z3>[A-Z]{3,4})\s+)?(?P<y3>\d{4})$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(?<!\d)(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?!\d)")
_CLOCK = re.compile(
    r"(?<![\d:])(\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.,]\d+)?(?:\s*(?:uhr|h)\b)?\s*(am|pm|a\.m\.|p\.m\.)?"
    r"\s*((?:GMT|UTC)?\s?[+-]\d{2}:?\d{2}\b|Z\b|[A-Z]{2,4}\b)?",
    re.IGNORECASE,
)


def read_written_date(text: str, day_first: bool) -> tuple[datetime, bool] | None:
    """Returns the date a text for people names and whether it names a time of day, or None.

    Takes text in which the date stands once, among weekday names and words like "Published". ``day_first`` settles
    03/04/2020. Raises ValueError for days that do not exist.
    """
    solar = _SOLAR_DATE.search(text)
    if solar:
        day = build_day(int(solar["year"]), _SOLAR_MONTHS[solar["month"]], int(solar["day"]))
        return _add_clock(day, text[: solar.start()] + " ; " + text[solar.end() :])
    named = _NAMED.search(text)
    if named:
        groups = named.groupdict()
        form = next(n for n in "123" if groups[f"y{n}"])
        month = _MONTHS.get(groups[f"m{form}"].lower())
        if month is None:
            return None
        day = build_day(int(groups[f"y{form}"]), month, int(groups[f"d{form}"]))
        if form == "3":
            hour, minute, second = map(int, groups["t3"].split(":"))
            return day.replace(hour=hour, minute=minute, second=min(second, 59), tzinfo=read_zone(groups["z3"])), True
        rest = text[: named.start()] + " ; " + text[named.end() :]
    else:
        numbered = _NUMBERED.search(text)
        if numbered is None:
            return None
        first, second_number = int(numbered[1]), int(numbered[3])
        # Dots put the day first everywhere; slashes do not in the United States.
        if first > 12 or (second_number <= 12 and (day_first or numbered[2] == ".")):
            day = build_day(int(numbered[4]), second_number, first)
        else:
            day = build_day(int(numbered[4]), first, second_number)
        rest = text[: numbered.start()] + " ; " + text[numbered.end() :]
    return _add_clock(day, rest)


def find_solar_date(text: str) -> str | None:
    """Returns the first date of the solar calendar in a text whose digits are ASCII, as written."""
    found = _SOLAR_DATE.search(text)
    return found[0] if found else None


def _add_clock(day: datetime, rest: str) -> tuple[datetime, bool]:
    """The day with the time of day that stands beside it, and whether there was one."""
    clock = _CLOCK.search(rest)
    if clock is None:
        return day, False
    hours = to_24_hours(int(clock[1]), clock[4])
    at = day.replace(hour=hours, minute=int(clock[2]), second=min(int(clock[3] or 0), 59))
    return at.replace(tzinfo=read_zone(clock[5])), True


def build_day(year: int, month: int, day: int) -> datetime:
    """Returns midnight of a day; Persian solar years are converted. Raises ValueError for a day that does not exist."""
    # Solar years of Afghan and Iranian pages: 1300 to 1415 are 1921 to 2036, and no lunar year of the web falls there.
    if 1300 <= year <= 1415:
        return solar_to_gregorian(year, month, day)
    return datetime(year, month, day)  # noqa: DTZ001


def to_24_hours(hour: int, half: str | None) -> int:
    """Returns the hour of a 24-hour clock; ``half`` is "am", "p.m." or nothing."""
    if not half or hour > 12:
        return hour
    return hour % 12 + (12 if half.lower().startswith("p") else 0)


def read_zone(zone: str | None) -> timezone | None:
    """Returns the zone of an offset (``+0430``, ``GMT+2``) or of a common name (``CEST``); None when it is unknown."""
    if not zone:
        return None
    name = zone.upper().strip()
    match = _OFFSET.search(name)
    if match:
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        if minutes > 14 * 60:
            return None
        return timezone(timedelta(minutes=-minutes if match[1] == "-" else minutes))
    return timezone(timedelta(hours=_ZONES[name])) if name in _ZONES else None


def solar_to_gregorian(year: int, month: int, day: int) -> datetime:
    """Returns midnight of a Persian solar (Jalali) date in the Gregorian calendar.

    The 33-year arithmetic cycle, which equals the observed calendar for the years 1178 to 1633. Raises ValueError for a
    month or day that does not exist.
    """
    if not 1 <= month <= 12 or not 1 <= day <= (31 if month <= 6 else 30):
        raise ValueError(f"no such solar date: {year}-{month}-{day}")
    shifted = year - 979
    days = 365 * shifted + shifted // 33 * 8 + (shifted % 33 + 3) // 4
    days += (month - 1) * 31 if month <= 7 else 186 + (month - 7) * 30
    # 1 Farvardin 979 is 20 March 1600.
    return datetime(1600, 3, 20) + timedelta(days=days + day - 1)  # noqa: DTZ001
