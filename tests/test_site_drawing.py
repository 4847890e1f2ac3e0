"""The charts: whatever the rows, the bars and marks stay inside and count what is there."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.site.drawing import (
    FEWEST_BARS,
    LABEL_EVERY,
    MOST_BARS,
    UNITS,
    begin_period,
    choose_unit,
    days_before,
    days_between,
    draw_lanes,
    draw_sparks,
    draw_timeline,
    end_period,
)

DAYS = st.dates(date(1999, 1, 1), date(2031, 1, 1))


def rows_of(days: dict[date, tuple[int, int]]) -> list[dict[str, Any]]:
    return [{"day": day.isoformat(), "n_articles": a, "n_stories": s} for day, (a, s) in days.items()]


def test_timeline_has_a_place_for_every_day() -> None:
    rows = [
        {"day": "2018-11-26", "n_articles": 10, "n_stories": 4},
        {"day": "2018-11-24", "n_articles": 5, "n_stories": 9},
        {"day": "2018-07-01", "n_articles": 99, "n_stories": 1},
        {"day": "not a day", "n_articles": 5, "n_stories": 5},
    ]
    line = draw_timeline(rows, "day", 300, 100, 30)
    assert line is not None
    assert (line.first_day, line.last_day, line.highest, len(line.bars)) == ("2018-10-28", "2018-11-26", 10, 30)
    last, gap, first = line.bars[-1], line.bars[-2], line.bars[-3]
    assert (last.stories_height, last.copies_height, last.copies_y) == (40, 60, 0)
    assert gap.n_articles == gap.stories_height == 0
    assert (first.n_stories, first.copies_height) == (5, 0), "there are never more stories than articles"
    assert draw_timeline([]) is None


def test_a_short_archive_fills_its_chart() -> None:
    line = draw_timeline([{"day": "2018-11-09", "n_articles": 3, "n_stories": 3}])
    assert line is not None and len(line.bars) == FEWEST_BARS
    assert line.bars[-1].width > 40
    assert [label for _, label in line.labels][-1] == "9 Nov"


def test_months_are_named_where_days_do_not_fit() -> None:
    rows = [{"day": f"2018-{month:02}-15", "n_articles": 1, "n_stories": 1} for month in (8, 9, 10, 11)]
    line = draw_timeline(rows)
    assert line is not None and line.by == "day"
    assert [label for _, label in line.labels] == ["Sep 2018", "Oct 2018", "Nov 2018"]


def test_weeks_begin_on_monday_and_months_on_their_first() -> None:
    friday = date(2018, 11, 9)
    assert begin_period(friday, "week") == date(2018, 11, 5) and end_period(date(2018, 11, 5), "week").day == 11
    assert begin_period(friday, "month").day == 1 and end_period(date(2018, 2, 1), "month").day == 28
    assert begin_period(date(1, 1, 3), "week") == date(1, 1, 1), "the calendar ends here"


@given(DAYS, st.sampled_from(UNITS))
def test_periods_hold_their_days_and_follow_each_other(day: date, by: Any) -> None:
    first = begin_period(day, by)
    last = end_period(first, by)
    assert first <= day <= last
    assert begin_period(last, by) == first
    assert begin_period(last + timedelta(days=1), by) == last + timedelta(days=1)


@given(
    st.dictionaries(DAYS, st.tuples(st.integers(-5, 10**6), st.integers(-5, 10**6))),
    st.sampled_from([*UNITS, None, "", "year"]),
)
def test_bars_stay_inside_the_drawing(days: dict[date, tuple[int, int]], by: str | None) -> None:
    line = draw_timeline(rows_of(days), by)
    assert (line is None) is not any(articles > 0 for articles, _ in days.values())
    if line is None:
        return
    assert FEWEST_BARS <= len(line.bars) <= MOST_BARS
    assert by not in UNITS or line.by == by
    for bar in line.bars:
        assert bar.x >= 0 and bar.x + bar.width <= 960.01
        assert 0 <= bar.copies_y <= bar.stories_y <= 120
        assert bar.copies_height >= 0 and bar.stories_y + bar.stories_height == pytest.approx(120)
    for (x, _), (following, _) in zip(line.labels, line.labels[1:], strict=False):
        assert following - x >= LABEL_EVERY - 0.02
    shown = [a for day, (a, _) in days.items() if a > 0 and line.first_day <= day.isoformat() <= line.last_day]
    assert sum(bar.n_articles for bar in line.bars) == sum(shown)
    assert line.bars[-1].n_articles > 0


@given(st.lists(DAYS, min_size=1))
def test_the_unit_chosen_shows_every_day(days: list[date]) -> None:
    line = draw_timeline(rows_of(dict.fromkeys(days, (1, 1))))
    assert line is not None and line.by == choose_unit(days)
    if (max(days) - min(days)).days < 28 * MOST_BARS:
        assert sum(bar.n_articles for bar in line.bars) == len(set(days))


def test_a_day_finds_its_bar_and_the_next_ones_with_articles() -> None:
    days = {date(2018, 11, 5): (1, 1), date(2018, 11, 9): (2, 1), date(2018, 11, 12): (3, 3)}
    line = draw_timeline(rows_of(days))
    assert line is not None
    ninth = line.bar_of("2018-11-09")
    assert ninth is not None and ninth.n_articles == 2
    before, after = line.next_to(ninth, -1), line.next_to(ninth, 1)
    assert before is not None and after is not None and (before.day, after.day) == ("2018-11-05", "2018-11-12")
    assert line.next_to(after, 1) is None and line.next_to(before, -1) is None
    for odd in (None, "", "yesterday", "1900-01-01"):
        assert line.bar_of(odd) == after, "else the newest with articles"
    empty = line.bar_of("2018-11-10")
    assert empty is not None and empty.n_articles == 0 and line.next_to(empty, -1) == ninth


def test_lanes_count_what_lies_below_the_bars() -> None:
    line = draw_timeline([{"day": "2018-11-12", "n_articles": 1, "n_stories": 1}], "month")
    assert line is not None

    @given(st.lists(st.tuples(st.sampled_from("abcdefgh"), DAYS, st.integers(1, 9)), max_size=40), st.integers(1, 6))
    def run(found: list[tuple[str, date, int]], most: int) -> None:
        rows = sum_to_bars(found)
        lanes = draw_lanes([*rows, lane_row("x", "1066-10-01", 5, "1066-10-14", "1066-10-14")], line, most)
        inside = [(name, day, n) for name, day, n in found if line.first_day <= day.isoformat() <= line.last_day]
        assert len(lanes) == min(most, len({name for name, *_ in inside}))
        assert [lane.n_articles for lane in lanes] == sorted((lane.n_articles for lane in lanes), reverse=True)
        for lane in lanes:
            own = [(day.isoformat(), n) for name, day, n in inside if name == lane.id]
            assert lane.n_articles == sum(n for _, n in own)
            assert (lane.first_day, lane.last_day) == (min(own)[0], max(own)[0])
            assert len(lane.marks) == len({day[:7] for day, _ in own})
            assert all(0.25 <= opacity <= 1 for _, _, opacity in lane.marks)

    run()


def lane_row(name: str, day: str, n: int, first: str, last: str) -> dict[str, Any]:
    return {"id": name, "name": name.upper(), "day": day, "n_articles": n, "first_day": first, "last_day": last}


def sum_to_bars(found: list[tuple[str, date, int]]) -> list[dict[str, Any]]:
    """Returns what the statements of the lanes give for days found, by month."""
    months = {(name, day.replace(day=1)) for name, day, _ in found}
    rows = []
    for name, month in months:
        days = [(day.isoformat(), n) for other, day, n in found if (other, day.replace(day=1)) == (name, month)]
        rows.append(lane_row(name, month.isoformat(), sum(n for _, n in days), min(days)[0], max(days)[0]))
    return rows


def test_a_timeline_tells_the_days_of_its_bars() -> None:
    line = draw_timeline(rows_of({date(2018, 11, 9): (1, 1)}), "week")
    assert line is not None
    spans = json.loads(line.spans)
    assert len(spans) == len(line.bars) == FEWEST_BARS
    assert spans[-1] == ["2018-11-05", "2018-11-11"]


@given(st.dictionaries(st.sampled_from("ab"), st.dictionaries(st.integers(-3, 32), st.integers(1, 9), min_size=1)))
def test_sparks_count_the_days_they_show(found: dict[str, dict[int, int]]) -> None:
    rows = [
        {"id": name, "days": json.dumps({days_before("2018-11-01", -place): n for place, n in days.items()})}
        for name, days in found.items()
    ]
    sparks = draw_sparks([*rows, {"id": "x", "days": '{"never": 5}'}], "2018-11-01", 30)
    inside = {name: {p: n for p, n in days.items() if 0 <= p < 30} for name, days in found.items()}
    assert set(sparks) == {name for name, days in inside.items() if days}
    for name, spark in sparks.items():
        assert spark.n_articles == sum(inside[name].values())
        assert spark.n_days == len(inside[name]) == spark.path.count("M")


def test_the_bars_of_a_spark_stand_on_the_ground() -> None:
    rows = [{"id": "s", "days": '{"2018-11-03": 9, "2018-11-01": 1}'}]
    assert draw_sparks(rows, "2018-11-01", 30)["s"].path == "M0 20V16.0h3V20M8 20V0.0h3V20"


def test_days_are_counted_from_whatever_is_stored() -> None:
    assert days_before("2018-11-09T12:00:00Z", 9) == "2018-10-31"
    assert days_before("2018-11-09", -1) == "2018-11-10"
    assert days_before("soon", 1) == days_before(None, 1) == ""
    assert days_between("2018-11-01", "2018-11-09") == 8
    assert days_between("2018-11-01", "x") == -1
