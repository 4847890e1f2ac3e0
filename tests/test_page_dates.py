"""Which of a page's dates is the one of its first publication."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from pipelines.dates import Moment, read_moment
from pipelines.document import parse
from pipelines.head import read_head
from pipelines.jsonld import read_linked_data
from pipelines.page_dates import date_article

URL = "https://www.larkfield-courier.example/local/ferry"
TITLE = "The ferry stays in port"
LATEST = datetime(2026, 1, 1, tzinfo=UTC)
PROSE = "<p>" + "The council met on Monday and spoke of the ferry until late in the evening. " * 8 + "</p>"


def date_page(head: str, body: str, url: str = URL, tags: tuple[str, ...] = ("en",)) -> Moment:
    tree = parse(f"<html><head>{head}</head><body><h1>{TITLE}</h1>{body}{PROSE}</body></html>")
    read = read_head(tree, url)
    data = read_linked_data(read.scripts, lambda _: 1.0)
    published, _ = date_article(tree, read, data, TITLE, tags, LATEST)
    assert published is not None
    return published


def declare(published: str) -> str:
    node = {"@type": "NewsArticle", "headline": TITLE, "datePublished": published}
    return f'<script type="application/ld+json">{json.dumps(node)}</script>'


def test_dateline_beats_a_meta_that_does_not_say_which_date() -> None:
    published = date_page('<meta name="date" content="2020-02-12">', "<p>05.02.2020</p>")
    assert (published.to_utc(), published.origin) == ("2020-02-05T00:00:00Z", "text")


def test_dateline_settles_the_order_of_day_and_month() -> None:
    published = date_page('<meta name="date" content="11/01/2023 12:43:42">', "<p>Erstellt am: 01.11.2023</p>")
    assert published.to_utc() == "2023-11-01T00:00:00Z"


def test_vague_meta_completes_the_dateline() -> None:
    published = date_page('<meta name="date" content="2020-02-05T18:05:00+01:00">', "<p>5 February 2020</p>")
    assert (published.to_utc(), published.origin) == ("2020-02-05T17:05:00Z", "text")


def test_dateline_of_a_change_ranks_below_a_vague_meta() -> None:
    published = date_page('<meta name="date" content="2020-02-05">', "<p>Updated 12 February 2020</p>")
    assert published.to_utc() == "2020-02-05T00:00:00Z"


def test_dateline_of_a_change_is_better_than_none() -> None:
    published = date_page("", "<p>Updated 12 February 2020</p><p>Founded in 1911, on 3 May 2001 sold.</p>")
    assert (published.to_utc(), published.origin) == ("2020-02-12T00:00:00Z", "text")


def test_declared_publication_beats_a_later_dateline() -> None:
    assert date_page(declare("2020-02-05T08:00:00Z"), "<p>12 February 2020</p>").to_utc() == "2020-02-05T08:00:00Z"


def test_earlier_dateline_is_the_first_publication() -> None:
    body = "<time datetime='2022-03-09'>9 March 2022</time>"
    published = date_page('<meta property="article:published_time" content="2022-11-17T10:33:13Z">', body)
    assert (published.to_utc(), published.origin) == ("2022-03-09T00:00:00Z", "time")


def test_earlier_date_of_another_piece_is_not() -> None:
    body = (
        "<p>17 November 2022</p>" + PROSE + "<div class=related><time datetime='2022-03-09'>9 March 2022</time></div>"
    )
    assert date_page(declare("2022-11-17T10:33:13Z"), body).to_utc() == "2022-11-17T10:33:13Z"


@pytest.mark.parametrize(
    ("path", "at"),
    [
        ("/2017/7/12/ferry", "2017-07-12T00:00:00Z"),
        ("/2019-06-30-ferry.html", "2019-07-02T08:00:00Z"),
        ("/item/20170712/ferry", "2017-07-12T00:00:00Z"),
        ("/2017/13/40/ferry", "2019-07-02T08:00:00Z"),
        ("/ferry?day=2017-07-12", "2019-07-02T08:00:00Z"),
        ("/ferry-20170712345", "2019-07-02T08:00:00Z"),
    ],
)
def test_day_in_the_address_of_a_republished_page(path: str, at: str) -> None:
    assert date_page(declare("2019-07-02T08:00:00Z"), "", URL + path).to_utc() == at


def test_day_in_the_address_with_the_clock_of_the_dateline() -> None:
    published = date_page("", "<p>12.07.2017, 14:30 Uhr</p>", URL + "/2017/07/12/ferry")
    assert (published.to_utc(), published.origin) == ("2017-07-12T14:30:00Z", "url")


def test_lone_time_element_beats_a_guess() -> None:
    stamp = "<footer><time datetime='2022-01-26T09:00:00Z'>26 Jan</time></footer>"
    published = date_page("", f"{PROSE}<p>The ferry was bought on 3 May 2001.</p>{stamp}")
    assert (published.to_utc(), published.origin) == ("2022-01-26T09:00:00Z", "time")


def test_midnight_of_the_sites_own_zone_is_a_day() -> None:
    assert date_page(declare("2022-01-28T00:00:00+01:00"), "").to_utc() == "2022-01-28T00:00:00Z"


@pytest.mark.parametrize("raw", ["2022-01-28T00:00:00Z", "2022-01-28T00:01:00+01:00"])
def test_other_instants_stay(raw: str) -> None:
    moment = read_moment(raw, "meta")
    assert moment is not None
    assert moment.is_instant
