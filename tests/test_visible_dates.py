"""Dates that only readers see: beside the headline, labelled, or the only one of the page."""

from __future__ import annotations

from datetime import UTC, date, datetime
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.document import parse
from pipelines.visible_dates import SeenDate, find_seen_date

TITLE = "The ferry stays in port"
PROSE = "<p>" + "The council met on Monday and spoke of the ferry until late in the evening. " * 8 + "</p>"


def find(body: str, title: str = TITLE, *, day_first: bool = True, languages: tuple[str, ...] = ()) -> SeenDate | None:
    return find_seen_date(parse(f"<html><body>{body}</body></html>"), title, day_first, languages)


def find_day(body: str, title: str = TITLE, languages: tuple[str, ...] = ()) -> date | None:
    seen = find(body, title, languages=languages)
    return seen.moment.at.date() if seen else None


@pytest.mark.parametrize(
    "line",
    [
        "<p>9 November 2018</p>",
        "<span class=date>09.11.2018</span>",
        "<span>9.11.18, 14:30 Uhr</span>",
        "<div>Larkfield | 2018-11-09 | Ada Marsh</div>",
        "<p>Published on November 9, 2018 at 2:30 pm</p>",
        "<p>Written: 2018-11-09 15:03:30</p>",
        "<span>9. November 2018</span>",
        "<span>09 November, 2018</span>",
        "<p>Publié le 9 novembre 2018</p>",
        "<div>Publicado el 09/11/2018 a las 22h03</div>",
        "<time datetime='2018-11-09T08:30:00Z'>yesterday</time>",
        "<time>09.11.2018</time>",
        "<p class=date><b>9.</b> <b>November</b> <b>2018</b></p>",
        "<p>２０１８年１１月９日</p>",
        "By Ada Marsh<br>9 November 2018<br>",
    ],
)
def test_dateline_behind_the_headline(line: str) -> None:
    assert find_day(f"<h1>{TITLE}</h1>{line}{PROSE}") == date(2018, 11, 9)


def test_dateline_before_the_headline() -> None:
    assert find_day(f"<div>Press | 09.11.2018</div><h1>{TITLE}</h1>{PROSE}<p>1 May 2011</p>") == date(2018, 11, 9)


def test_months_of_the_pages_language() -> None:
    assert find_day(f"<h1>{TITLE}</h1><p>9 listopada 2018</p>{PROSE}", languages=("pl",)) == date(2018, 11, 9)


def test_time_of_day_and_zone_are_read() -> None:
    seen = find(f"<h1>{TITLE}</h1><p>9 November 2018, 14:30 CET</p>{PROSE}")
    assert seen is not None
    assert seen.moment.at.astimezone(UTC) == datetime(2018, 11, 9, 13, 30, tzinfo=UTC)


def test_day_order_follows_the_page() -> None:
    seen = find(f"<h1>{TITLE}</h1><p>11/09/2018</p>{PROSE}", day_first=False)
    assert seen is not None
    assert seen.moment.at.date() == date(2018, 11, 9)


def test_publication_beats_change_in_any_order() -> None:
    lines = ["<p>Updated 3 May 2020</p>", "<p>9 November 2018</p>"]
    for ordered in (lines, lines[::-1]):
        seen = find(f"<h1>{TITLE}</h1>{''.join(ordered)}{PROSE}")
        assert seen is not None
        assert (seen.moment.at.date(), seen.is_update) == (date(2018, 11, 9), False)


@pytest.mark.parametrize(
    "line",
    [
        "<p>Updated 9 November 2018</p>",
        "<p>Zuletzt aktualisiert am 09.11.2018</p>",
        "<i>Article mis à jour le 9 novembre 2018.</i>",
        "<label>Last modified:</label><b>9 November 2018</b>",
        "<time class='updated'>9 November 2018</time>",
    ],
)
def test_change_is_told_from_publication(line: str) -> None:
    seen = find(f"<h1>{TITLE}</h1>{line}{PROSE}")
    assert seen is not None
    assert (seen.moment.at.date(), seen.is_update) == (date(2018, 11, 9), True)


def test_class_of_both_is_publication() -> None:
    seen = find(f"<h1>{TITLE}</h1><time class='entry-date published updated'>9 November 2018</time>{PROSE}")
    assert seen is not None
    assert not seen.is_update


def test_labelled_line_far_from_the_headline() -> None:
    footer = "<p>Letzte Änderung: 01.12.2018</p><p>Erschienen am: 09.11.2018</p><p>05.01.2019</p>"
    assert find_day(f"<h1>{TITLE}</h1>{PROSE}{footer}") == date(2018, 11, 9)


def test_only_bare_date_of_the_page() -> None:
    assert find_day(f"<h1>{TITLE}</h1>{PROSE}<p>9 November 2018</p>") == date(2018, 11, 9)


def test_two_bare_dates_far_away_name_none() -> None:
    assert find_day(f"<h1>{TITLE}</h1>{PROSE}<p>9 November 2018</p><p>10 November 2018</p>") is None


def test_headline_is_the_heading_that_says_the_title() -> None:
    body = f"<h1>Larkfield Courier</h1><p>1 May 2011</p>{PROSE}<h2>{TITLE}</h2><p>9 November 2018</p>{PROSE}"
    assert find_day(body) == date(2018, 11, 9)


@pytest.mark.parametrize(
    "other",
    [
        "<div class=related><span>1 May 2011</span></div>",
        "<aside>1 May 2011</aside>",
        "<ul class=main-menu><li>1 May 2011</li></ul>",
        "<form>1 May 2011</form>",
        "<dl><dd class=profile-joined>1 May 2011</dd></dl>",
        "<div class=current-date>Sunday, 1 May 2011</div>",
        "<script>var published = '2011-05-01';</script>",
        "<p>On 1 May 2011 the first ferry came, and with it two hundred guests, a band and a goat.</p>",
        "<p>Founded on 1 May 2011 in Larkfield.</p>",
        "<p>2011-2018</p>",
        "<p>192.168.1.2018</p>",
        "<p>99.99.2018</p>",
    ],
)
def test_dates_of_other_things_are_passed_over(other: str) -> None:
    assert find_day(f"<h1>{TITLE}</h1>{other}<p>9 November 2018</p>{PROSE}") == date(2018, 11, 9)


def test_classes_of_the_whole_page_mean_nothing() -> None:
    page = f'<html><body class="has-sidebar comments-open"><h1>{TITLE}</h1><p>9 November 2018</p></body></html>'
    seen = find_seen_date(parse(page), TITLE)
    assert seen is not None


def test_page_inside_an_element_for_dates_is_read_in_linear_time() -> None:
    tree = parse(f"<html><body><h1>{TITLE}</h1><div class=updates>{'1 a 2<br>' * 30_000}</div></body></html>")
    start = process_time()
    assert find_seen_date(tree, TITLE) is None
    # 0.3 s where each text is read once; minutes where the whole element is read for each.
    assert process_time() - start < 20


def test_page_without_dates() -> None:
    assert find(f"<h1>{TITLE}</h1>{PROSE}") is None
    assert find("") is None


@given(st.text(max_size=200), st.text(max_size=40))
def test_no_text_breaks_the_search(text: str, title: str) -> None:
    tree = parse(f"<html><body><h1>x</h1><p>{text}</p></body></html>")
    assert find_seen_date(tree, title) == find_seen_date(tree, title)


@given(
    st.dates(min_value=date(1990, 1, 1), max_value=date(2030, 1, 1)),
    st.sampled_from(["%d.%m.%Y", "%Y-%m-%d", "%d %B %Y"]),
)
def test_every_day_is_found_as_written(day: date, form: str) -> None:
    assert find_day(f"<h1>{TITLE}</h1><p>{day.strftime(form)}</p>{PROSE}") == day
