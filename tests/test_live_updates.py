"""The hour of each update of a live page stays with its text, whatever element it is in."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import Article
from pipelines.document import parse
from pipelines.extract import extract
from pipelines.live_updates import keep_hours
from pipelines.page import Page

UPDATES = (
    ("14:32", "The harbour master counted the boats and found that two of them had left the quay before dawn."),
    ("14:20", "A deckhand said that the rope had been cut, and that nobody had heard the engine start."),
    ("13:05", "The ferry turned back at the buoy because the fog was too thick to see the far bank."),
    ("13:05", "Councillor Wray asked for a second pilot before the winter, and was told to wait."),
    ("12:40", "The cook saw three lights behind the island and rang the bell until somebody came."),
    ("11:15", "An islander rowed across and brought the parcels that had stood on the quay since Monday."),
)
OPENING = "The fog came in the night. What happened on the quay, told by those who were there, hour by hour."
MARKUP = {
    "headings": "<div class='update'><h3>{hour}</h3><p>{text}</p></div>",
    "flat headings": "<h3>{hour}</h3><p>{text}</p>",
    "paragraphs": "<p class='clock'>{hour}</p><p>{text}</p>",
    "bold": "<p><strong>{hour}</strong></p><p>{text}</p>",
    "time": "<article class='post'><time datetime='2024-05-03T{hour}:00Z'>{hour}</time><p>{text}</p></article>",
    "time in a heading": "<div class='post'><h3><time>{hour}</time></h3><p>{text}</p></div>",
    "time in a header": "<section class='post'><header><time>{hour}</time></header><p>{text}</p></section>",
    "span": "<div class='update'><span class='update-time'>{hour}</span><div class='text'><p>{text}</p></div></div>",
    "timestamp": "<div class='update'><div class='timestamp'>{hour}</div><p>{text}</p></div>",
    "opening": "<p><b>{hour}</b> {text}</p>",
    "time in the text": "<p><time>{hour}</time> {text}</p>",
}


def read_lines(feed: str) -> list[str]:
    html = (
        "<html><head><title>Fog over the harbour</title></head><body><main><h1>Fog over the harbour</h1>"
        f"<p>{OPENING}</p><div class='feed'>{feed}</div></main></body></html>"
    )
    url = "https://valley.example/live/fog-over-the-harbour"
    result = extract(Page(url, url, 200, (), html.encode(), "2026-01-01T00:00:00Z"))
    assert isinstance(result, Article), result
    return result.body.split("\n\n")


@pytest.mark.parametrize("markup", MARKUP)
def test_hours_stay_with_their_updates_in_order(markup: str) -> None:
    lines = read_lines("".join(MARKUP[markup].format(hour=hour, text=text) for hour, text in UPDATES))
    expected = [part for update in UPDATES for part in update]
    assert " ".join(lines) == " ".join([OPENING, *expected])


def test_hours_of_two_updates_that_have_headlines_too() -> None:
    markup = "<article class='post'><time>{hour}</time><h3>What {text:.20} saw</h3><p>{text}</p></article>"
    lines = read_lines("".join(markup.format(hour=hour, text=text) for hour, text in UPDATES))
    assert [line for line in lines if line[:2].isdigit()] == [hour for hour, _ in UPDATES]


@pytest.mark.parametrize("hour", ["14:32", "14.32 Uhr", "2:32 p.m.", "14h32", "14:32:07", "14:32 CET"])
def test_ways_to_write_an_hour(hour: str) -> None:
    source = "".join(f"<div class='u'><time>{hour}</time><p>{text}</p></div>" for _, text in UPDATES)
    tree = parse(f"<html><body><main>{source}</main></body></html>")
    assert keep_hours(tree, source) == len(UPDATES)
    assert [p.text for p in tree.iter("p")][::2] == [hour] * len(UPDATES)


@pytest.mark.parametrize(
    "source",
    [
        # the date of one page
        "<div><time>14:32</time><p>{text}</p></div>",
        # teasers are links
        "<ul>" + "<li><time>14:32</time> <a href='/a'>{text}</a></li>" * 5 + "</ul>",
        "<a href='/a'>" + "<div><time>14:32</time><p>{text}</p></div>" * 5 + "</a>",
        # several hours of one text
        "<div class='table'><p>{text}</p>" + "<span>14:32</span>" * 5 + "</div>",
        # no hour
        "<div><time>3 May</time><p>{text}</p></div>" * 5,
        "",
    ],
)
def test_other_hours_are_left_alone(source: str) -> None:
    source = source.format(text=UPDATES[0][1])
    tree = parse(f"<html><body>{source}</body></html>")
    before = len(list(tree.iter()))
    assert keep_hours(tree, source) == 0
    assert len(list(tree.iter())) == before


def test_cost_grows_with_the_page_not_with_its_square() -> None:
    source = "<div><span>14:32</span></div>" * 20_000 + f"<p>{OPENING}</p>"
    tree = parse(f"<html><body><main><div>{source}</div></main></body></html>")
    started = time.process_time()
    keep_hours(tree, source)
    assert time.process_time() - started < 2


@given(st.lists(st.sampled_from([*MARKUP.values(), "<p>{text}</p>", "<ul><li>{hour}</li></ul>"]), max_size=8))
def test_no_text_is_lost(parts: list[str]) -> None:
    source = "".join(part.format(hour=hour, text=text) for part, (hour, text) in zip(parts, UPDATES, strict=False))
    tree = parse(f"<html><body><main>{source}</main></body></html>")
    before = "".join(tree.text_content().split())
    keep_hours(tree, source)
    assert "".join(tree.text_content().split()) == before
