"""When a seed is polled next: often where much is published, never too often, never never."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.schedule import (
    FAILURE_MAX_SECONDS,
    INTERVAL_MAX_SECONDS,
    INTERVAL_MIN_SECONDS,
    MEMORY_DAYS,
    UNKNOWN_RATE_PER_DAY,
    failure_seconds,
    first_rate,
    interval_seconds,
    next_rate,
)
from db.connection import to_text

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
rates = st.floats(0, 1e6)


@pytest.mark.parametrize(
    ("rate", "seconds"),
    [(0, 12 * 3600), (-1, 12 * 3600), (1, 16200), (4, 8100), (100, 1620), (1e9, 300), (0.001, 43200)],
)
def test_the_interval_is_the_square_root_rule_within_its_bounds(rate: float, seconds: int) -> None:
    assert interval_seconds(rate) == seconds


@given(rates, rates)
def test_more_news_is_polled_no_less_often(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert INTERVAL_MIN_SECONDS <= interval_seconds(high) <= interval_seconds(low) <= INTERVAL_MAX_SECONDS


def test_a_seed_without_dates_is_polled_about_hourly() -> None:
    assert first_rate([], NOW) == first_rate([None, None], NOW) == UNKNOWN_RATE_PER_DAY
    assert interval_seconds(UNKNOWN_RATE_PER_DAY) == pytest.approx(3600, rel=0.05)


def test_the_first_rate_is_read_from_the_dates_a_feed_gives() -> None:
    daily = [to_text(NOW - timedelta(days=n + 0.5)) for n in range(60)]
    assert first_rate(daily, NOW) == pytest.approx(1, rel=0.02)
    hourly = [to_text(NOW - timedelta(hours=n + 0.5)) for n in range(24 * 40)]
    assert first_rate([*hourly, None], NOW) == pytest.approx(24, rel=0.02)


def test_a_feed_asleep_for_years_is_polled_rarely() -> None:
    old = [to_text(NOW - timedelta(days=700 + n)) for n in range(50)]
    assert interval_seconds(first_rate(old, NOW)) == INTERVAL_MAX_SECONDS


def test_dates_in_the_future_count_as_now() -> None:
    assert first_rate([to_text(NOW + timedelta(days=3))], NOW) == first_rate([to_text(NOW)], NOW) == 1 / MEMORY_DAYS


def test_a_steady_seed_keeps_its_rate_and_an_empty_one_loses_it() -> None:
    rate = 10.0
    for _ in range(400):
        rate = next_rate(rate, 3600 * 2.4, 1)
    assert rate == pytest.approx(10, rel=0.03)
    assert next_rate(rate, MEMORY_DAYS * 86400, 0) == pytest.approx(rate / math.e)


@given(rates, st.floats(-1e6, 1e9), st.integers(0, 100_000))
def test_a_rate_is_never_negative_and_new_links_never_lower_it(rate: float, elapsed: float, links: int) -> None:
    after = next_rate(rate, elapsed, links)
    assert after >= next_rate(rate, elapsed, 0) >= 0
    assert next_rate(rate, elapsed, 0) <= rate
    assert math.isfinite(after)


def test_a_failing_seed_is_left_alone_longer_each_time_up_to_a_day() -> None:
    assert [failure_seconds(n) for n in (1, 2, 3)] == [600, 1200, 2400]
    assert failure_seconds(0) == 600
    assert failure_seconds(50) == failure_seconds(10**6) == FAILURE_MAX_SECONDS == 86400
