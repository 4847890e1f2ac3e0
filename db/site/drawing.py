"""Geometry of the charts: rows in, numbers out. The templates write the SVG; nothing runs in the reader's browser."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: ``n_stories`` distinct stories at the foot, the copies on top. Lengths in units of the drawing."""

    day: str
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
    """Bars for consecutive days, the labels of months and the highest count."""

    width: float
    height: float
    bars: tuple[Bar, ...]
    months: tuple[tuple[float, str], ...]
    highest: int

    @property
    def first_day(self) -> str:
        """The first day shown, ``YYYY-MM-DD``."""
        return self.bars[0].day

    @property
    def last_day(self) -> str:
        """The last day shown, ``YYYY-MM-DD``."""
        return self.bars[-1].day


def draw_timeline(
    rows: Iterable[Mapping[str, Any]], days: int = 120, width: float = 960.0, height: float = 120.0
) -> Timeline | None:
    """Returns the timeline of daily totals (``day``, ``n_articles``, ``n_stories``) up to the newest day among them.

    Days without a row are empty places; rows with an unreadable day are left out. None where nothing is left.
    """
    counts: dict[date, tuple[int, int]] = {}
    for row in rows:
        try:
            day = date.fromisoformat(row["day"])
        except (TypeError, ValueError):
            continue
        articles = max(0, row["n_articles"] or 0)
        counts[day] = (articles, min(articles, max(0, row["n_stories"] or 0)))
    if not counts:
        return None
    last = max(counts)
    highest = max(1, *(n for day, (n, _) in counts.items() if (last - day).days < days), 1)
    step = width / days
    bars: list[Bar] = []
    months: list[tuple[float, str]] = []
    for place in range(days):
        day = last - timedelta(days=days - 1 - place)
        articles, stories = counts.get(day, (0, 0))
        upper = round(height * articles / highest, 2)
        lower = round(height * stories / highest, 2)
        x = round(place * step, 2)
        bars.append(
            Bar(
                day=day.isoformat(),
                x=x,
                width=round(step * 0.86, 2),
                stories_y=round(height - lower, 2),
                stories_height=lower,
                copies_y=round(height - upper, 2),
                copies_height=round(upper - lower, 2),
                n_articles=articles,
                n_stories=stories,
            )
        )
        if day.day == 1 and place < days - 6:
            months.append((x, f"{day:%b %Y}"))
    return Timeline(width, height, tuple(bars), tuple(months), highest)
