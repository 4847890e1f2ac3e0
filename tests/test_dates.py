"""Reading dates as pages write them, and merging them into one instant."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.dates import Moment, merge_moments, read_moment
from pipelines.written_dates import solar_to_gregorian

LATEST = datetime(2026, 1, 1, tzinfo=UTC)


def read(text: str, *, day_first: bool = True, languages: tuple[str, ...] = ()) -> Moment:
    moment = read_moment(text, "meta", day_first, languages)
    assert moment is not None, text
    return moment


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2018-11-09T01:30+04:30", "2018-11-08T21:00:00Z"),
        ("2018-11-09T08:30:00Z", "2018-11-09T08:30:00Z"),
        ("2018-11-09T08:30:00.123456+0100", "2018-11-09T07:30:00Z"),
        ("2018-11-09 08:30:00 -05:00", "2018-11-09T13:30:00Z"),
        ("2018-11-09 08:30:00 EST", "2018-11-09T13:30:00Z"),
        ("2018-11-09T08:30:00+01:00[Europe/Berlin]", "2018-11-09T07:30:00Z"),
        ("2018-11-09T24:00:00Z", "2018-11-10T00:00:00Z"),
        ("2018/11/9 8:30 pm", "2018-11-09T20:30:00Z"),
        ("2018-11-09", "2018-11-09T00:00:00Z"),
        ("2018.11.09 08:30", "2018-11-09T08:30:00Z"),
        ("20181109", "2018-11-09T00:00:00Z"),
        ("20181109T083000Z", "2018-11-09T08:30:00Z"),
        ("1541752200", "2018-11-09T08:30:00Z"),
        ("1541752200000", "2018-11-09T08:30:00Z"),
        ("Fri, 09 Nov 2018 08:30:00 GMT", "2018-11-09T08:30:00Z"),
        ("Fri, 9 Nov 2018 08:30:00 +0430", "2018-11-09T04:00:00Z"),
        ("Fri Nov 09 08:30:00 CET 2018", "2018-11-09T07:30:00Z"),
        ("Fri Nov 09 2018 08:30:00 GMT+0100 (Central European Standard Time)", "2018-11-09T07:30:00Z"),
        ("November 9th, 2018 8:30 a.m. EST", "2018-11-09T13:30:00Z"),
        ("Published: 9 November 2018", "2018-11-09T00:00:00Z"),
        ("9. November 2018, 8:30 Uhr MEZ", "2018-11-09T07:30:00Z"),
        ("9 de noviembre de 2018", "2018-11-09T00:00:00Z"),
        ("1er août 2018", "2018-08-01T00:00:00Z"),
        ("09.11.2018 08:30", "2018-11-09T08:30:00Z"),
        ("09/11/2018", "2018-11-09T00:00:00Z"),
        ("11/29/2018", "2018-11-29T00:00:00Z"),
        ("۲۰۱۸-۱۱-۰۹", "2018-11-09T00:00:00Z"),
        ("۱۳۹۷/۰۸/۱۸", "2018-11-09T00:00:00Z"),
        ("۱۸ عقرب ۱۳۹۷", "2018-11-09T00:00:00Z"),
        ("18 آبان 1397 ساعت 13:00", "2018-11-09T13:00:00Z"),
    ],
)
def test_dates_as_pages_write_them(text: str, utc: str) -> None:
    moment = read(text)
    assert moment.to_utc() == utc
    assert moment.raw == text


def test_american_order_on_american_pages() -> None:
    assert read("03/04/2020", day_first=False).to_utc() == "2020-03-04T00:00:00Z"
    assert read("03/04/2020", day_first=True).to_utc() == "2020-04-03T00:00:00Z"


def test_month_names_of_the_pages_language() -> None:
    assert read("9 listopada 2018", languages=("pl",)).to_utc() == "2018-11-09T00:00:00Z"
    assert read("9 ноября 2018 08:30", languages=("ru",)).to_utc() == "2018-11-09T08:30:00Z"
    assert read_moment("9 listopada 2018", "meta", languages=("zz",)) is None


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2 hours ago", "14:36", "2018", "2019-06", "PT15M",
     "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z",
     "2018-13-45", "31 February 2018", "99999999999999", "9999-12-31T23:59:59-12:00", "x" * 500],
)  # fmt: skip
def test_what_is_no_date(text: str) -> None:
    assert read_moment(text, "meta", languages=("en",)) is None


@pytest.mark.parametrize("value", [None, True, [], {}, object(), float("nan"), float("inf"), -1])
def test_what_is_no_text(value: object) -> None:
    assert read_moment(value, "json-ld") is None


@given(st.text(max_size=60))
def test_any_text_is_survived(text: str) -> None:
    moment = read_moment(text, "meta")
    assert moment is None or moment.to_utc().endswith("Z")


_SPAN = datetime(1990, 1, 1), datetime(2030, 1, 1)  # noqa: DTZ001
# Midnight sharp is a day in disguise.
_INSTANTS = st.datetimes(*_SPAN).map(lambda at: at.replace(microsecond=0)).filter(lambda at: at.time() != time.min)
_ZONES = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))


@pytest.mark.parametrize("zone", ["+01:00", "-0430", "+14:00"])
def test_midnight_sharp_of_a_zone_is_a_day(zone: str) -> None:
    moment = read_moment(f"2022-01-28T00:00:00{zone}", "meta")
    assert moment is not None
    assert (moment.has_time, moment.to_utc()) == (False, "2022-01-28T00:00:00Z")


def test_mail_date_with_a_named_zone() -> None:
    assert read("9 November 2018 14:30 CET").to_utc() == "2018-11-09T13:30:00Z"


def test_day_takes_the_wall_clock_of_the_same_day_only() -> None:
    day, clock, other = (read(text) for text in ("2018-11-09", "2018-11-09 14:30", "2018-11-10 08:00"))
    latest = datetime(2026, 1, 1, tzinfo=UTC)
    merged = [merge_moments([day, *rest], latest) for rest in ([other, clock], [other])]
    assert [moment.to_utc() for moment in merged if moment] == ["2018-11-09T14:30:00Z", "2018-11-09T00:00:00Z"]


@given(_INSTANTS, _ZONES)
def test_iso_and_mail_dates_round_trip(naive: datetime, zone: timezone) -> None:
    at = naive.replace(tzinfo=zone)
    expected = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert read(at.isoformat()).to_utc() == expected
    assert read(format_datetime(at)).to_utc() == expected


@given(st.integers(1300, 1414), st.integers(1, 12), st.integers(1, 29))
def test_solar_days_follow_one_another(year: int, month: int, day: int) -> None:
    today = solar_to_gregorian(year, month, day)
    assert solar_to_gregorian(year, month, day + 1 if day < 29 else 30 if month < 12 else 29) - today <= timedelta(
        days=1
    )
    assert timedelta(365) <= solar_to_gregorian(year + 1, month, day) - today <= timedelta(366)


@pytest.mark.parametrize(
    ("solar", "day"),
    [
        ((1400, 1, 1), "2021-03-21"),
        ((1399, 12, 30), "2021-03-20"),
        ((1358, 10, 6), "1979-12-27"),
        ((1403, 1, 1), "2024-03-20"),
    ],
)
def test_known_solar_days(solar: tuple[int, int, int], day: str) -> None:
    assert solar_to_gregorian(*solar).date().isoformat() == day


@pytest.mark.parametrize(
    ("dates", "utc"),
    [
        (["2018-11-09T08:30:00Z", "2018-11-01"], "2018-11-09T08:30:00Z"),
        (["2018-11-09", "2018-11-09T08:30:00+02:00"], "2018-11-09T06:30:00Z"),
        (["2018-11-09", "2018-11-12T08:30:00Z"], "2018-11-09T00:00:00Z"),
        (["2018-11-09T10:30:00", "2018-11-09T10:30:00+02:00"], "2018-11-09T08:30:00Z"),
        (["2018-11-09T10:30:00", "2018-11-09T08:30:00Z"], "2018-11-09T08:30:00Z"),
        (["2018-11-09T10:37:00", "2018-11-09T09:00:00+02:00"], "2018-11-09T08:37:00Z"),
        (["2018-11-09T10:30:00"], "2018-11-09T10:30:00Z"),
        (["2030-01-01T00:00:00Z", "2018-11-09T08:30:00Z"], "2018-11-09T08:30:00Z"),
    ],
)
def test_merge(dates: list[str], utc: str) -> None:
    merged = merge_moments([read(text) for text in dates], LATEST)
    assert merged is not None
    assert merged.to_utc() == utc


def test_merge_borrows_only_the_zone_of_a_change() -> None:
    merged = merge_moments([read("2018-11-09T10:30:00")], LATEST, [read("2018-11-09T18:00:00+04:30")])
    assert merged is not None
    assert merged.to_utc() == "2018-11-09T06:00:00Z"


def test_nothing_merges_to_nothing() -> None:
    assert merge_moments([], LATEST) is None
    assert merge_moments([read("2030-01-01")], LATEST) is None


@given(st.lists(st.tuples(_INSTANTS, st.none() | _ZONES, st.booleans()), min_size=1, max_size=5))
def test_merge_keeps_provenance_and_the_bound(parts: list[tuple[datetime, timezone | None, bool]]) -> None:
    moments = [Moment(f"raw {n}", at.replace(tzinfo=zone), timed, "meta") for n, (at, zone, timed) in enumerate(parts)]
    merged = merge_moments(moments, LATEST)
    if merged is not None:
        assert merged.raw in {moment.raw for moment in moments}
        assert merged.at.replace(tzinfo=merged.at.tzinfo or UTC) <= LATEST + timedelta(hours=28)
