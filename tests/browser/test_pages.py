"""What a reader sees: pages in a real Chromium, wide and narrow, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from db.connection import utc_now
from tests.browser.chromium import Tab, find_chromium, open_browser
from tests.site_archive import fill_archive
from tests.site_process import Site, running_site

CHROMIUM = find_chromium()
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: install it to test the pages")

PAGES = [
    "/",
    "/?topic=moscow-talks&since=week",
    "/search",
    "/search?q=talks&topic=moscow-talks",
    "/search?q=talks+unheardof",
    "/search?q=unheardof",
    "/stories",
    "/topics",
    "/topic/moscow-talks",
    "/timeline",
    "/timeline?topic=moscow-talks&lanes=sources",
    "/entities",
    "/entity/moscow-talks/envoy",
    "/review",
    "/runs",
    "/sources",
    "/source/tribune",
    *(f"/article/{number}" for number in (1, 3, 5, 7)),
    "/story/1",
    "/story/1?compare=2",
    "/shown",
    "/shown/articles",
    "/shown/sources",
    "/shown/articles/1",
    "/nowhere",
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("browser") / "shown.db"
    fill_archive(path, utc_now())
    with running_site(path) as running:
        yield running


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    assert CHROMIUM is not None
    with open_browser(CHROMIUM) as opened:
        yield opened


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", PAGES)
def test_no_page_scrolls_sideways_or_complains(site: Site, tab: Tab, path: str, width: int) -> None:
    tab.open(site.url + path, width=width)
    assert tab.evaluate("innerWidth") == width
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert [text for text in tab.complaints() if path != "/nowhere" or "404" not in text] == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_barriers(site: Site, tab: Tab, path: str, width: int) -> None:
    tab.open(site.url + path, width=width, dark=width == 390)
    assert tab.find_barriers() == []


def test_the_check_for_barriers_finds_one(tab: Tab) -> None:
    tab.page.set_content("<main><h1>Form</h1><input><p style='color: #aaa; background: #bbb'>Faint</p></main>")
    assert {barrier.split(":")[0] for barrier in tab.find_barriers()} >= {"label", "color-contrast"}


def test_the_keyboard_reaches_the_text_first_and_shows_where_it_is(site: Site, tab: Tab) -> None:
    tab.open(site.url + "/", width=1280)
    tab.page.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    assert tab.evaluate("document.activeElement.getBoundingClientRect().width") > 50
    tab.page.keyboard.press("Enter")
    tab.page.keyboard.press("Tab")
    assert tab.evaluate("document.querySelector('main').contains(document.activeElement)")
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_review_queue_is_walked_by_links(site: Site, tab: Tab) -> None:
    tab.open(site.url + "/review", width=1280)
    assert tab.evaluate("document.querySelectorAll('.queue li .why, .queue li .quiet').length") > 0


def test_a_printed_article_is_text_and_no_furniture(site: Site, tab: Tab) -> None:
    tab.open(site.url + "/article/1", width=800, media="print")
    visible = "selector => document.querySelector(selector).checkVisibility()"
    assert [tab.page.evaluate(visible, selector) for selector in (".top nav", ".find", ".bottom")] == [False] * 3
    assert tab.page.evaluate(visible, ".body p")


def test_from_the_front_page_to_who_is_named_in_one_search_and_in_one_click(site: Site, tab: Tab) -> None:
    tab.open(site.url + "/", width=1280)
    tab.page.fill("input[name=q]", "who attended the talks")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/search?**")
    assert "The Envoy <x>" in tab.page.inner_text("aside")
    tab.open(site.url + "/", width=1280)
    tab.page.click("nav[aria-label=Topics] >> text=Moscow <talks>")
    assert "The Envoy <x>" in tab.page.inner_text("aside")


@pytest.mark.parametrize("width", [1280, 390])
def test_persian_runs_from_the_right_and_english_from_the_left(site: Site, tab: Tab, width: int) -> None:
    for number, direction in ((3, "rtl"), (4, "rtl"), (1, "ltr")):
        tab.open(f"{site.url}/article/{number}", width=width)
        for selector in (".text h1", ".body p"):
            assert tab.evaluate(f"getComputedStyle(document.querySelector('{selector}')).direction") == direction


def test_hostile_titles_run_nothing(site: Site, tab: Tab) -> None:
    tab.open(site.url + "/article/5", width=1280)
    assert tab.evaluate("document.title").startswith("<script>alert('title')</script>")
    assert tab.evaluate("document.scripts.length + document.images.length") == 0
    assert "</p><script>document.title='owned'</script>" in tab.evaluate("document.querySelector('.body').textContent")


def _contrast(tab: Tab, selector: str, pseudo: str = "") -> float:
    """Returns the contrast of an element's text, or what stands before it, with the page's background (WCAG 2.2)."""
    colours = tab.evaluate(
        f"[document.querySelector('{selector}'), document.body].map((e, i) =>"
        f" getComputedStyle(e, i ? '' : '{pseudo}')[i ? 'backgroundColor' : 'color'])"
    )

    def luminance(colour: str) -> float:
        parts = [float(part) / 255 for part in colour.removeprefix("rgb(").rstrip(")").split(",")]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted(map(luminance, colours))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_text_can_be_read_in_light_and_dark(site: Site, tab: Tab, dark: bool) -> None:
    tab.open(site.url + "/article/1", width=1280, dark=dark)
    background = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(20, 23, 26)") is dark
    for selector in (".body p", ".text h1", ".byline p", ".byline a", "aside h2", ".facts dt"):
        assert _contrast(tab, selector) >= 4.5, selector


def test_timeline_and_stylesheet_are_drawn(site: Site, tab: Tab, tmp_path: Path) -> None:
    tab.open(site.url + "/", width=1280)
    assert tab.evaluate("document.querySelectorAll('.timeline .wide rect.stories').length") == 40
    assert tab.evaluate("document.querySelector('.timeline .wide').getBoundingClientRect().width") > 800
    assert tab.evaluate("document.querySelector('.timeline .slim').checkVisibility()") is False
    tab.open(site.url + "/", width=390)
    assert tab.evaluate("document.querySelector('.timeline .slim').checkVisibility()") is True
    assert tab.evaluate("document.querySelector('.timeline .wide').checkVisibility()") is False
    assert tab.evaluate("document.querySelector('.columns > section').getBoundingClientRect().width") > 350
    tab.save_screenshot(tmp_path / "front.png")
    assert (tmp_path / "front.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("dark", [False, True])
def test_small_charts_are_drawn_in_the_colour_of_the_large_ones(site: Site, tab: Tab, dark: bool) -> None:
    colour = "selector => getComputedStyle(document.querySelector(selector)).fill"
    tab.open(site.url + "/sources", width=1280, dark=dark)
    spark = tab.page.evaluate(colour, ".spark path")
    tab.open(site.url + "/", width=1280, dark=dark)
    assert spark == tab.page.evaluate(colour, ".timeline .wide rect.stories")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("path", ["/shown/articles", "/shown/articles/1"])
def test_names_of_columns_can_be_read_on_a_phone(site: Site, tab: Tab, path: str, dark: bool) -> None:
    tab.open(site.url + path, width=390, dark=dark)
    assert tab.evaluate("getComputedStyle(document.querySelector('td'), '::before').content") == '"id"'
    assert _contrast(tab, "td", "::before") >= 4.5


def test_on_a_phone_a_run_says_what_came_of_it_without_being_pushed_sideways(site: Site, tab: Tab) -> None:
    tab.open(site.url + "/runs", width=390)
    told = tab.evaluate("document.querySelector('.list td:last-child').getBoundingClientRect().toJSON()")
    assert told["left"] >= 0 and told["right"] <= 390
