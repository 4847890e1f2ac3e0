"""Lists, hubs and galleries against stories; the wall's words against the text's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import Article
from pipelines.document import parse
from pipelines.extract import extract
from pipelines.page import NoArticle, Page
from pipelines.refusal import furniture_share
from pipelines.walls import drop_wall_lines

STORY = (
    "The council met on Monday and agreed to mend the old bridge before winter. "
    "Nobody spoke against the plan, though two members asked who would pay for it. "
)
TOPICS = ["ferry", "bridge", "harbour", "lighthouse", "market", "school", "railway", "mill"]


def read(body: str, head: str = "") -> Article | NoArticle:
    url = "https://estuary.example/hub/crossings"
    html = f"<html><head><title>Crossings</title>{head}</head><body>{body}</body></html>"
    return extract(Page(url, url, 200, (), html.encode(), "2026-01-01T00:00:00Z"))


ITEMS = {
    "rows": '<div class="row"><a href="/{t}"><span>{title}</span></a><div>{summary}</div></div>',
    "cards": '<section class="item"><a href="/{t}"><h3>{title}</h3></a><p>{summary}</p></section>',
    "headings": '<div class="teaser"><h3><a href="/{t}">{title}</a></h3><p>{summary}</p></div>',
    "paragraphs": '<p><a href="/{t}">{title}</a> {summary}</p>',
    "breaks": '<p><a href="/{t}">{title}</a><br>{summary}</p>',
    "list": '<ul><li class="card"><a href="/{t}"><h2>{title}</h2></a><p>{summary}</p></li></ul>',
}


@pytest.mark.parametrize("item", sorted(ITEMS))
def test_hub_of_teasers_is_no_article(item: str) -> None:
    teasers = "".join(
        ITEMS[item].format(
            t=topic,
            title=f"What the old {topic} means to those who live beside it",
            summary=f"The {topic} has stood for two hundred years, and nobody who lives there can say who built it …",
        )
        for topic in TOPICS
    )
    result = read(f"<main><h1>Crossings</h1>{teasers}</main>", '<meta property="og:type" content="website">')
    assert isinstance(result, NoArticle), result.body
    assert "list of links" in result.reason or "no text" in result.reason


def test_gallery_is_no_article() -> None:
    figures = "".join(
        f'<figure><img src="/{topic}.jpg"><figcaption>The {topic} in the first snow of the year.</figcaption></figure>'
        for topic in TOPICS
    )
    result = read(f'<nav><ul><li><a href="/">Home</a></li></ul></nav><main><h1>Crossings</h1>{figures}</main>')
    assert isinstance(result, NoArticle)


@pytest.mark.parametrize("kind", ["ImageGallery", "CollectionPage"])
def test_page_that_calls_itself_a_list_is_one_even_if_og_type_says_article(kind: str) -> None:
    figures = "".join(
        f"<figure><img src='/{topic}.jpg'><figcaption>The {topic} in the first snow.</figcaption></figure>"
        for topic in TOPICS
    )
    head = (
        f'<meta property="og:type" content="article"><script type="application/ld+json">{{"@type": "{kind}"}}</script>'
    )
    assert isinstance(read(f"<main><h1>Crossings</h1>{figures}</main>", head), NoArticle)


def test_story_with_pictures_and_links_is_an_article() -> None:
    figures = "".join(
        f"<figure><img src='/{t}.jpg'><figcaption>The {t}, long ago.</figcaption></figure>" for t in TOPICS
    )
    links = "".join(f'<p><a href="/{t}">How the {t} came to the valley in a day</a></p>' for t in TOPICS)
    result = read(f"<main><h1>Crossings</h1><p>{STORY * 3}</p>{figures}<p>{STORY * 3}</p>{links}</main>")
    assert isinstance(result, Article)


def test_paragraphs_that_open_with_a_link_are_text() -> None:
    parts = "".join(
        f'<p><a href="/{topic}">The keeper of the {topic}</a> disagreed with all of them. {STORY * 3}</p>'
        for topic in TOPICS
    )
    assert isinstance(read(f"<main><h1>Crossings</h1>{parts}</main>"), Article)


def test_three_teasers_below_a_short_notice_make_no_list() -> None:
    lines = ["A notice of the council on the bridge.", *(f"How the {t} came to the valley" for t in TOPICS[:3])]
    tree = parse("<html><body>" + "".join(f"<a href='/x'>{line}</a> more" for line in lines[1:]) + "</body></html>")
    assert furniture_share(tree, [lines[0], *(f"{line} more" for line in lines[1:])]) == 0


@given(st.lists(st.text(min_size=1, max_size=60), max_size=12), st.lists(st.text(max_size=60), max_size=6))
def test_share_is_a_share(lines: list[str], links: list[str]) -> None:
    tree = parse("<html><body><p>x</p></body></html>")
    for link in links:
        anchor = tree.makeelement("a")
        anchor.text = "".join(char for char in link if char.isprintable())
        tree.append(anchor)
    assert 0 <= furniture_share(tree, lines) <= 1


@pytest.mark.parametrize(
    "line",
    [
        "Subscribe to Capital Plus to continue reading. Already a subscriber? Log in",
        "This article is for subscribers only.",
        "Sie sind noch kein Abonnent? Jetzt abonnieren",
        "Cet article est réservé aux abonnés.",
        "¿Ya eres suscriptor? Inicia sesión",
        "Чтобы дочитать, оформите подписку",
        "برای ادامه مطلب وارد شوید",
        "للمشتركين فقط، سجل الدخول لمتابعة القراءة",
        "この記事は有料会員限定です",
    ],
)
def test_wall_is_told_from_text(line: str) -> None:
    assert drop_wall_lines(["The ferry lost a quarter of its passengers.", line]) == [
        "The ferry lost a quarter of its passengers."
    ]


@pytest.mark.parametrize(
    "line",
    [
        "Its keeper says that subscribers to the season ticket would have to walk.",
        "The members voted to continue the ferry until spring.",
        "He signed up to fight the fire and read the names of the dead aloud.",
        "Das Abonnement der Fähre kostet achtzig Euro.",
    ],
)
def test_text_about_subscribers_stays(line: str) -> None:
    assert drop_wall_lines(["First line.", line]) == ["First line.", line]


@given(st.lists(st.text(max_size=80), max_size=8))
def test_dropping_walls_only_removes_and_never_empties(lines: list[str]) -> None:
    kept = drop_wall_lines(lines)
    remaining = iter(lines)
    assert all(line in remaining for line in kept)
    assert bool(kept) == bool(lines)
