"""Stories whose text says what furniture says lose none of it; the furniture among them goes."""

from __future__ import annotations

import pytest

from db.records import Article
from pipelines.blocks import make_key
from pipelines.extract import extract
from pipelines.page import Page
from tests.trap_pages import FURNITURE, TEMPLATES, TrapStory, find_lost, read_stories

STORIES = list(read_stories())
URL = "https://valley.example/town/a-story-of-its-own"


def read_body(page: str) -> str:
    result = extract(Page(URL, URL, 200, (), page.encode(), "2026-01-01T00:00:00Z"))
    assert isinstance(result, Article), result
    return result.body


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_no_line_of_the_story_is_lost(story: TrapStory, template: str) -> None:
    assert find_lost(story, read_body(TEMPLATES[template](story))) == []


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_what_stands_around_it_goes(story: TrapStory) -> None:
    body = read_body(TEMPLATES["crowded"](story))
    assert [line for line in FURNITURE if line in body] == []


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_lines_keep_their_order(story: TrapStory) -> None:
    body = make_key(read_body(TEMPLATES["plain"](story)))
    places = [body.find(make_key(line)) for line in story.lines if len(make_key(line)) >= 25]
    assert places == sorted(places)
