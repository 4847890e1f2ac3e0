"""The standfirst is part of the body; captions, bylines and mottos beside it are not."""

from __future__ import annotations

import pytest

from pipelines.blocks import find_blocks
from pipelines.document import parse
from pipelines.recall import align
from pipelines.standfirst import find_standfirst

TITLE = "The northern ferry sails again"
LEAD = "After two years of repairs the boat to the islands is back, and half the town came to see it off."
STORY = [
    "When the horn sounded at nine on Monday, the quay was so full that the mayor gave up on her speech.",
    "The boat had lain in dock since a storm tore a hole in its side, and the islands had lived on parcels since.",
]


def find(between: str, *, descriptions: tuple[str, ...] = (), title: str = TITLE, before: str = "") -> list[str]:
    """The standfirst of a page with some markup between headline and story."""
    story = "".join(f"<p>{line}</p>" for line in STORY)
    html = (
        f"<html><body>{before}<article><h1>{title}</h1>{between}<div class='text'>{story}</div></article></body></html>"
    )
    blocks = find_blocks(parse(html))
    found = find_standfirst(blocks, align(STORY, blocks), (TITLE,), descriptions)
    return [line for number in found for line in blocks[number].read_lines()]


@pytest.mark.parametrize(
    "markup",
    [
        "<p class='standfirst'>{}</p>",
        "<p class='article-lead'>{}</p>",
        "<h2 class='sub-title'>{}</h2>",
        "<p class='article__subHeadline'>{}</p>",
        "<div class='HeaderDek-x7f'>{}</div>",
        "<div class='post-excerpt'><p>{}</p></div>",
        "<div itemprop='description'><p>{}</p></div>",
        "<header><div class='teaser-text news__teaser'><p>{}</p></div></header>",
        "<figure class='teaser'><img src='/a.jpg'><p>{}</p></figure>",
        "<p class='entradilla'>{}</p>",
        "<div id='lead'><p>{}</p></div>",
    ],
)
def test_known_by_its_name(markup: str) -> None:
    assert find(markup.format(LEAD)) == [LEAD]


@pytest.mark.parametrize(
    "markup", ["<p>{}</p>", "<div class='x1 y2'><div>{}</div></div>", "<h2 class='text-xl'>{}</h2>"]
)
def test_known_as_the_page_s_own_description(markup: str) -> None:
    assert find(markup.format(LEAD)) == []
    assert find(markup.format(LEAD), descriptions=("", LEAD[:50] + "…")) == [LEAD]


def test_the_description_goes_before_a_name() -> None:
    other = "<p class='teaser'>Here is what else you should know about the boats of the north this week.</p>"
    assert find(f"{other}<p>{LEAD}</p>", descriptions=(LEAD,)) == [LEAD]


@pytest.mark.parametrize(
    "markup",
    [
        "<figure><figcaption class='lead'>{}</figcaption></figure>",
        "<p class='lead caption'>{}</p>",
        "<div class='author-description'><p>{}</p></div>",
        "<nav><p class='lead'>{}</p></nav>",
        "<p class='teaser'><a href='/other'>{}</a></p>",
        "<a href='/other'><p class='teaser'>{}</p></a>",
        "<div class='newsletter-teaser'><p>{}</p></div>",
        "<p class='leading-tight'>{}</p>",
    ],
)
def test_what_else_stands_there_stays_out(markup: str) -> None:
    assert find(markup.format(LEAD)) == []


def test_a_caption_that_the_body_holds_is_not_where_the_story_starts() -> None:
    figure = f"<figure><figcaption>{STORY[1]}</figcaption></figure>"
    assert find(f"{figure}<p class='lead'>{LEAD}</p>") == [LEAD]


@pytest.mark.parametrize("box", ["div class='preamble'", "ul class='summary'"])
def test_of_several_sentences_in_one_box(box: str) -> None:
    tag = "p" if box.startswith("div") else "li"
    more = ["The old one had been sold for scrap in spring.", "Fares stay as they were until winter, says the council."]
    markup = "".join(f"<{tag}>{line}</{tag}>" for line in (LEAD, *more))
    assert find(f"<{box}>{markup}</{box.split()[0]}>") == [LEAD, *more]


@pytest.mark.parametrize(
    "markup",
    [
        "<h2 class='article-subline'>{}</h2>",
        "<div class='sub-headline'><h3>{}</h3></div>",
        "<p class='summary' itemprop='description alternativeHeadline'>{}</p>",
    ],
)
def test_a_second_headline_is_none(markup: str) -> None:
    assert find(markup.format(LEAD), descriptions=(LEAD,)) == []


def test_a_standfirst_that_shares_phrases_with_the_story_is_not_held_by_it() -> None:
    lead = f"{STORY[0][:30]}, half the town was there; and {STORY[1][-25:]}"
    assert find(f"<p class='lead'>{lead}</p>") == [lead]


def test_a_label_is_no_sentence() -> None:
    assert find("<p class='subtitle'>Ferries and boats</p>") == []


def test_a_motto_above_the_headline_is_not_it() -> None:
    motto = (
        "<div class='header'><p class='subtitle'>News of the north since eighteen ninety-four, every morning.</p></div>"
    )
    assert find("", before=motto) == []
    assert find("", before=motto, title="Another headline than the known one") == []


def test_without_the_headline_only_the_description_counts() -> None:
    lead = f"<p class='lead'>{LEAD}</p>"
    assert find(lead, title="Quite another headline") == []
    assert find(lead, title="Quite another headline", descriptions=(LEAD,)) == [LEAD]


def test_not_twice() -> None:
    assert find(f"<p class='lead'>{STORY[0]}</p>") == []


def test_a_page_without_story_has_none() -> None:
    blocks = find_blocks(parse(f"<html><body><h1>{TITLE}</h1><p class='lead'>{LEAD}</p></body></html>"))
    assert find_standfirst(blocks, align([], blocks), (TITLE,), (LEAD,)) == set()
    assert find_standfirst([], [], (TITLE,), (LEAD,)) == set()
