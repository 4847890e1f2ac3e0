"""Blocks that are taken out of a tree while the body is read, and blocks that only look like them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from lxml.html import HtmlElement, document_fromstring

from pipelines import pruning
from pipelines.pruning import find_furniture, pruned

SENTENCE = "The council met on Monday and agreed to mend the old bridge before the first frost reaches the valley. "
STORY = "".join(f"<p>{SENTENCE}Arch number {number} comes first.</p>" for number in range(1, 9))


def make_tree(*parts: str) -> HtmlElement:
    return document_fromstring(f"<html><body><article>{''.join(parts)}</article></body></html>")


def read_pruned(*parts: str) -> str:
    tree = make_tree(*parts)
    with pruned(tree):
        return " ".join(tree.text_content().split())


@pytest.mark.parametrize(
    "block",
    [
        '<div class="photo-caption">FURNITURE</div>',
        '<span class="Image__Credit">FURNITURE</span>',
        '<span class="visually-hidden">FURNITURE</span>',
        '<span class="go-vh">FURNITURE</span>',
        '<div class="c-inlineSignup">FURNITURE</div>',
        '<div id="newsletter-box">FURNITURE</div>',
        '<section class="RelatedStories"><p>FURNITURE</p></section>',
        '<div class="read_more">FURNITURE</div>',
        '<div class="author-bio"><p>FURNITURE</p></div>',
        '<div id="comments"><p>FURNITURE</p></div>',
        '<div class="cookie-notice"><p>FURNITURE</p></div>',
        '<div class="ad ad--wide">FURNITURE</div>',
        '<div class="share-bar">FURNITURE</div>',
        '<div class="info-box"><p>FURNITURE</p></div>',
        '<div class="login-modal"><p>FURNITURE</p></div>',
        '<div aria-modal="true"><p>FURNITURE</p></div>',
        '<div role="complementary"><p>FURNITURE</p></div>',
        '<div class="donate"><p>FURNITURE</p></div>',
        '<blockquote class="pullquote">FURNITURE</blockquote>',
        '<div class="table-of-contents"><a href="#a">FURNITURE</a></div>',
        '<ul><li><a href="/a">FURNITURE one and two</a></li><li><a href="/b">The ferry that never came</a></li></ul>',
        '<p><a href="/a">FURNITURE is a headline of its own</a></p>',
        '<p>See also: <a href="/a">FURNITURE is another story</a></p>',
        '<p><b>Unknown words |</b> <a href="/a">FURNITURE is another story</a></p>',
        '<h3>Lesen Sie auch: <a href="/a">FURNITURE kam nie</a></h3>',
    ],
)
def test_furniture(block: str) -> None:
    text = read_pruned(STORY, block, STORY)
    assert "FURNITURE" not in text
    assert text.count(SENTENCE.strip()) == 16


@pytest.mark.parametrize(
    "block",
    [
        # what a block has or looks like is not what it is
        '<div class="has-newsletter"><p>STAYS</p></div>',
        '<div class="text text--with-ad"><p>STAYS</p></div>',
        '<div class="md:ad-gap"><p>STAYS</p></div>',
        # parts of words
        '<div class="shadow header-lead"><p>STAYS</p></div>',
        '<p class="biotope">STAYS</p>',
        # the id of a heading is made of its words
        '<h2 id="newsletter">STAYS</h2>',
        '<h3 id="comments">STAYS</h3>',
        # words of the story itself
        '<section class="social-policy"><p>STAYS</p></section>',
        '<div id="consent"><p>STAYS</p></div>',
        '<div class="bio"><p>STAYS</p></div>',
        '<div class="social-embed"><blockquote><p>STAYS</p></blockquote></div>',
        # a sentence with a link, a list of things with a link, a name with a link
        '<p>The council said so in <a href="/a">a letter that STAYS</a>, and the mayor agreed with it.</p>',
        '<ul><li>STAYS: <a href="/a">flour</a> from the mill, sifted twice</li><li>2 eggs</li></ul>',
        '<p>Account: <a href="/a">STAYS</a></p>',
        '<ul><li><a href="/a">STAYS</a></li><li><a href="/b">The miller</a></li></ul>',
        "<ul><li>STAYS</li><li>Two eggs</li></ul>",
        "<ol><li>STAYS</li></ol>",
        "<table><tr><td>STAYS</td></tr></table>",
        "<p>STAYS</p>",
    ],
)
def test_parts_of_a_story_stay(block: str) -> None:
    assert "STAYS" in read_pruned(STORY, block, STORY)


@pytest.mark.parametrize("name", ["newsletter", "comments", "related", "sponsored", "modal"])
def test_a_name_around_the_whole_story_says_nothing(name: str) -> None:
    assert SENTENCE.strip() in read_pruned(f'<div class="{name}">', STORY, "</div>")


@pytest.mark.parametrize("name", ["caption", "social", "bio", "rail"])
def test_a_name_that_every_paragraph_of_the_story_bears_says_nothing(name: str) -> None:
    story = STORY.replace("<p>", f'<p class="{name}">')
    assert read_pruned(story) == read_pruned(STORY)


def test_a_story_in_bare_text_stays() -> None:
    assert "Arch one" in read_pruned(f'<div class="social">{SENTENCE}<br>Arch one.<br>{SENTENCE}</div>')


def test_an_unclosed_box_does_not_take_the_story_with_it() -> None:
    assert read_pruned(f'{STORY}<div class="cta">', STORY).count("Arch number 8") == 2


@pytest.mark.parametrize("language", ["شورای شهر پل کهنه را بازسازی کرد. ", "市議会は古い橋を直すことを決めた。"])
def test_other_scripts(language: str) -> None:
    text = read_pruned(f"<p>{language * 9}</p>", '<div class="related">FURNITURE</div>', f"<p>{language * 9}</p>")
    assert "FURNITURE" not in text
    assert text.count(language.strip()) == 18


def test_the_text_after_a_block_stays() -> None:
    assert "before  after" in read_pruned(f"{STORY}<p>before <span class='credit'>FURNITURE</span> after</p>").replace(
        "before after", "before  after"
    )


def test_everything_is_put_back() -> None:
    tree = make_tree(STORY, 'a <b class="ad">b</b> c <i class="share">d</i><div class="promo">e</div> f', STORY)
    before = etree.tostring(tree)
    with pruned(tree):
        assert etree.tostring(tree) != before
    assert etree.tostring(tree) == before


def test_everything_is_put_back_after_an_error() -> None:
    tree = make_tree(STORY, '<div class="promo">e</div> f')
    before = etree.tostring(tree)
    with pytest.raises(ValueError, match="amid"), pruned(tree):
        raise ValueError("amid")
    assert etree.tostring(tree) == before


def test_single_rules_can_be_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = make_tree(STORY, '<div class="promo">e</div><div id="comments">f</div>')
    assert len(find_furniture(tree)) == 2
    monkeypatch.setattr(pruning, "RULES", pruning.RULES - {"comments"})
    assert [element.get("class") for element in find_furniture(tree)] == ["promo"]
    monkeypatch.setattr(pruning, "RULES", frozenset())
    assert find_furniture(tree) == []


NAMES = st.sampled_from(["ad", "related", "text", "share", "story", "newsletter", "caption"])
TREES = st.recursive(
    st.text(alphabet="ab ö字", max_size=20),
    lambda inner: st.tuples(NAMES, st.lists(inner, max_size=4), st.text(alphabet="xy ", max_size=8)).map(
        lambda made: f'<div class="{made[0]}">{"".join(made[1])}</div>{made[2]}'
    ),
    max_leaves=25,
)


@given(TREES)
def test_any_tree_comes_back_as_it_was(markup: str) -> None:
    tree = make_tree(STORY, markup)
    before = etree.tostring(tree)
    with pruned(tree):
        pass
    assert etree.tostring(tree) == before
