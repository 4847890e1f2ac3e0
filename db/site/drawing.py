"""Geometry of the charts: rows in, numbers out. The templates write the SVG; nothing runs in the reader's browser."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, get_args

Unit = Literal["day", "week", "month"]
UNITS: tuple[Unit, ...] = get_args(Unit)

FEWEST_BARS = 14
"""A shorter archive stands at the right of so many places: three bars as wide as the page say nothing."""
MOST_BARS = 120
"""More would be thinner than a finger or an eye can tell apart."""
WIDEST_BAR = 44.0
LABEL_EVERY = 64.0
"""Units of the drawing that a label needs, so that none touches the next."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One period: ``n_stories`` distinct stories at the foot, the copies on top. Lengths in units of the drawing."""

    day: str
    """Its first day."""
    last_day: str
    label: str
    x: float
    width: float
    stories_y: float
    stories_height: float
    copies_y: float
    copies_height: float
    n_articles: int
    n_stories: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """Bars for consecutive periods, labels under them and the highest count."""

    by: Unit
    width: float
    height: float
    step: float
    bars: tuple[Bar, ...]
    labels: tuple[tuple[float, str], ...]
    highest: int

    @property
    def first_day(self) -> str:
        """The first day shown, ``YYYY-MM-DD``."""
        return self.bars[0].day

    @property
    def last_day(self) -> str:
        """The last day shown, ``YYYY-MM-DD``."""
        return self.bars[-1].last_day

    @property
    def spans(self) -> str:
        """First and last day of each bar, a JSON array of pairs."""
        return json.dumps([(bar.day, bar.last_day) for bar in self.bars])

    def bar_of(self, day: str | None) -> Bar | None:
        """Returns the bar that a day lies in; the newest with articles where the day is none of the drawing's."""
        for bar in self.bars:
            if bar.day <= (day or "") <= bar.last_day:
                return bar
        return next((bar for bar in reversed(self.bars) if bar.n_articles), None)

    def next_to(self, bar: Bar, step: int) -> Bar | None:
        """Returns the nearest bar with articles before (-1) or after (1) one of them."""
        days = [other for other in self.bars if other.n_articles or other is bar]
        place = days.index(bar) + step
        return days[place] if 0 <= place < len(days) else None


@dataclass(frozen=True, slots=True)
class Lane:
    """One entity or source below a timeline: where in its bars it occurs, the darker the more often."""

    id: str
    name: str
    n_articles: int
    first_day: str
    last_day: str
    marks: tuple[tuple[float, float, float], ...]
    """Left edge, width, opacity from 0.25 to 1."""


@dataclass(frozen=True, slots=True)
class Spark:
    """The days of one source in bars 3 wide and 4 apart, at most 20 high, as the data of one SVG path."""

    path: str
    n_articles: int
    n_days: int
    """Days with an article."""


def read_day(text: object) -> date | None:
    """Returns the day of a stored day or time, None where it is neither."""
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None


def days_before(day: str | None, n: int) -> str:
    """Returns the day ``n`` days before a stored day or time (after it for a negative ``n``); `""` where it is none."""
    found = read_day(day)
    return date.fromordinal(max(1, found.toordinal() - n)).isoformat() if found else ""


def days_between(first: str | None, last: str | None) -> int:
    """Returns the days from one stored day to another; -1 where one is none."""
    begin, end = read_day(first), read_day(last)
    return (end - begin).days if begin and end else -1


def begin_period(day: date, by: Unit) -> date:
    """Returns the first day of the day, week (Monday, ISO 8601) or month that a day lies in."""
    if by == "week":
        return day - timedelta(days=min(day.weekday(), day.toordinal() - 1))
    return day.replace(day=1) if by == "month" else day


def end_period(first: date, by: Unit) -> date:
    """Returns the last day of the period that begins at ``first``."""
    if by == "month":
        return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return first + timedelta(days=6 if by == "week" else 0)


def choose_unit(days: Iterable[date]) -> Unit:
    """Returns the shortest unit that shows all of the days in `MOST_BARS` bars."""
    days = list(days)
    span = (max(days) - min(days)).days + 1 if days else 1
    return "day" if span <= MOST_BARS else "week" if span <= 7 * MOST_BARS else "month"


def draw_timeline(
    rows: Iterable[Mapping[str, Any]],
    by: str | None = None,
    width: float = 960.0,
    height: float = 120.0,
    most: int = MOST_BARS,
) -> Timeline | None:
    """Returns the timeline of daily totals (``day``, ``n_articles``, ``n_stories``) up to the newest day among them.

    ``by``: one of `UNITS`; anything else takes `choose_unit`. Periods without a row are empty places; rows with an
    unreadable day are left out. None where nothing is left.
    """
    counts = {day: row for row in rows if (day := read_day(row["day"])) and (row["n_articles"] or 0) > 0}
    if not counts:
        return None
    unit = next((known for known in UNITS if known == by), None) or choose_unit(counts)
    articles: Counter[date] = Counter()
    stories: Counter[date] = Counter()
    for day, row in counts.items():
        first = begin_period(day, unit)
        articles[first] += row["n_articles"]
        stories[first] += min(row["n_articles"], max(0, row["n_stories"] or 0))
    places = list(_periods(min(articles), max(articles), unit, most))
    highest = max(articles[first] for first in places)
    step = width / len(places)
    thick = round(min(step * 0.86, WIDEST_BAR), 2)
    bars = []
    for place, first in enumerate(places):
        upper = round(height * articles[first] / highest, 2)
        lower = round(height * stories[first] / highest, 2)
        bars.append(
            Bar(
                day=first.isoformat(),
                last_day=end_period(first, unit).isoformat(),
                label=_name_period(first, unit),
                x=round(place * step + (step - thick) / 2, 2),
                width=thick,
                stories_y=round(height - lower, 2),
                stories_height=lower,
                copies_y=round(height - upper, 2),
                copies_height=round(upper - lower, 2),
                n_articles=articles[first],
                n_stories=stories[first],
            )
        )
    return Timeline(unit, width, height, step, tuple(bars), tuple(_label(places, unit, step, width)), highest)


def _periods(first: date, last: date, by: Unit, most: int) -> Iterator[date]:
    """Yields the first days of at most ``most`` periods that end with the last one, at least `FEWEST_BARS`."""
    back = [last]
    while len(back) < most and (back[-1] > first or len(back) < FEWEST_BARS) and back[-1].year > 1:
        back.append(begin_period(back[-1] - timedelta(days=1), by))
    return reversed(back)


def _name_period(first: date, by: Unit) -> str:
    if by == "month":
        return f"{first:%B %Y}"
    return f"{'week of ' if by == 'week' else ''}{first.day} {first:%B %Y}"


def _label(places: list[date], by: Unit, step: float, width: float) -> Iterator[tuple[float, str]]:
    """Yields the middle and the text of each label: days where they fit, else months, else years."""
    free = 0.0
    single = by == "day" and len(places) * LABEL_EVERY <= 2.5 * width
    for place, first in enumerate(places):
        middle = (place + 0.5) * step
        begins = single or (first.day <= 7 if by == "week" else first.day == 1)
        if begins and middle >= free and middle + step / 2 >= LABEL_EVERY / 2 and middle <= width - LABEL_EVERY / 2.5:
            yield round(middle, 2), f"{first.day} {first:%b}" if single else f"{first:%b %Y}"
            free = middle + LABEL_EVERY


def draw_lanes(rows: Iterable[Mapping[str, Any]], line: Timeline, most: int = 12) -> tuple[Lane, ...]:
    """Returns a lane for each of the commonest names of rows ``id``, ``name``, ``day`` (the first of a bar),
    ``n_articles``, ``first_day``, ``last_day``; rows of bars that the timeline has not are left out.
    """
    place_of = {bar.day: place for place, bar in enumerate(line.bars)}
    found: defaultdict[str, dict[int, Mapping[str, Any]]] = defaultdict(dict)
    for row in rows:
        if (place := place_of.get(row["day"])) is not None:
            found[row["id"]][place] = row
    totals = {lane: sum(row["n_articles"] for row in marks.values()) for lane, marks in found.items()}
    names = {lane: str(next(iter(marks.values()))["name"]) for lane, marks in found.items()}
    busiest = sorted(found, key=lambda lane: (-totals[lane], names[lane], lane))[:most]
    highest = max((row["n_articles"] for lane in busiest for row in found[lane].values()), default=1)
    return tuple(
        Lane(
            id=lane,
            name=names[lane],
            n_articles=totals[lane],
            first_day=min(row["first_day"] for row in found[lane].values()),
            last_day=max(row["last_day"] for row in found[lane].values()),
            marks=tuple(
                (line.bars[place].x, line.bars[place].width, round(0.25 + 0.75 * row["n_articles"] / highest, 2))
                for place, row in sorted(found[lane].items(), key=lambda mark: mark[0])
            ),
        )
        for lane in busiest
    )


def draw_sparks(rows: Iterable[Mapping[str, Any]], first: str, n: int) -> dict[str, Spark]:
    """Returns for each ``id`` of rows (``id``, ``days``: a JSON object of counts by day) its ``n`` days from ``first``.

    One path and not a bar each: a page of hundreds of sources has thousands of bars.
    """
    place_of = {days_before(first, -place): place for place in range(n)}
    sparks = {}
    for row in rows:
        counts = {place_of[day]: count for day, count in json.loads(row["days"]).items() if day in place_of}
        if counts:
            sparks[row["id"]] = Spark(_write_bars(counts), sum(counts.values()), len(counts))
    return sparks


def _write_bars(counts: Mapping[int, int]) -> str:
    """Returns path data: each bar from the ground up, across and down again; any article is at least 2 high."""
    highest = max(counts.values())
    return "".join(f"M{4 * place} 20V{18 - 18 * n / highest:.1f}h3V20" for place, n in sorted(counts.items()))
