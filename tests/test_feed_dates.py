"""A feed's exact instant against a bare day on the page or in its address."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from pipelines.document import MAX_ATTRIBUTES, parse
from pipelines.head import read_head
from pipelines.metadata import merge_metadata


def date_page(head: str, hint: str, path: str = "a/observers") -> tuple[str | None, str | None]:
    tree = parse(f"<html><head><title>T</title>{head}</head><body><h1>T</h1><p>Some text.</p></body></html>")
    url = f"https://dispatch.example/{path}"
    moment = merge_metadata(tree, read_head(tree, url), datetime(2026, 1, 1, tzinfo=UTC), None, hint).published
    return (moment.to_utc(), moment.origin) if moment else (None, None)


def declare(day: str) -> str:
    return f'<meta name="date" content="{day}">'


@pytest.mark.parametrize("day", ["2018-11-08", "2018-11-10"])
def test_exact_instant_beats_a_declared_day_beside_it(day: str) -> None:
    assert date_page(declare(day), "2018-11-09T12:20:00Z") == ("2018-11-09T12:20:00Z", "feed")


def test_exact_instant_beats_a_day_in_the_address() -> None:
    found = date_page("", "2018-11-09T12:20:00Z", "a/2018-11-10-observers")
    assert found == ("2018-11-09T12:20:00Z", "feed")


def test_zone_of_the_feed_is_heard() -> None:
    found = date_page(declare("2018-11-10"), "Sat, 10 Nov 2018 03:20:00 +0500")
    assert found[0] == "2018-11-09T22:20:00Z"


def test_day_further_away_stays() -> None:
    assert date_page(declare("2018-11-06"), "2018-11-09T12:20:00Z") == ("2018-11-06T00:00:00Z", "meta")


def test_midnight_in_a_feed_is_only_a_day() -> None:
    assert date_page(declare("2018-11-08"), "2018-11-09T00:00:00Z") == ("2018-11-08T00:00:00Z", "meta")


def test_declared_instant_is_never_overruled() -> None:
    found = date_page(declare("2018-11-10T06:00:00+05:00"), "2018-11-09T12:20:00Z")
    assert found == ("2018-11-10T01:00:00Z", "meta")


@pytest.mark.parametrize("value", ['="x>"', "", '="<p>"', "='1' "])
def test_tag_with_endless_attributes_is_bounded(value: str) -> None:
    attributes = " ".join(f"a{number}{value}" for number in range(50_000))
    started = time.process_time()
    tree = parse(f"<html><body><div {attributes}><p>Hello, world.</p></div><p id='b'>After it.</p></body></html>")
    assert time.process_time() - started < 10
    assert len(tree.find(".//div").attrib) == MAX_ATTRIBUTES
    assert tree.text_content() == "Hello, world.After it."


def test_long_tag_with_few_attributes_is_left_alone() -> None:
    data = "data:image/png;base64," + "QUJD" * 5_000
    tree = parse(
        f"<html><body><img alt='a > b' src=\"{data}\" width=3><p class=x title=don't>It stays.</p></body></html>"
    )
    assert dict(tree.find(".//img").attrib) == {"alt": "a > b", "src": data, "width": "3"}
    assert tree.find(".//p").text == "It stays."
