"""What Trafilatura leaves behind of a story is found again, and nothing else is."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.blocks import Block, find_anchors, find_blocks, make_key, put_back
from pipelines.document import parse
from pipelines.recall import align, find_missed

PEOPLE = ("Ana Holm", "The harbour master", "A deckhand", "Councillor Wray", "The cook", "An islander", "Nobody")
DEEDS = ("has mended the rail by the stern", "wants a second boat before winter", "counted the parcels on the quay")


def say(number: int) -> str:
    """One paragraph of a story, unlike every other."""
    person, deed = PEOPLE[number % 7], DEEDS[number % 3]
    return f"{person} {deed}, and said of day {number} that {number * 7} guests had come to see the ship leave."


def read(html: str) -> list[Block]:
    return find_blocks(parse(f"<html><body>{html}</body></html>"))


def restore(html: str, lines: list[str]) -> list[str]:
    """The lines with what a page has besides."""
    blocks = read(html)
    taken = align(lines, blocks)
    return put_back(lines, blocks, taken, find_missed(blocks, taken))


def paragraphs(*numbers: int) -> str:
    return "".join(f"<p>{say(number)}</p>" for number in numbers)


def test_text_that_stands_twice_is_found_in_the_order_of_the_page() -> None:
    assert align(
        [say(1), "Yes.", say(2), "Yes.", say(1)],
        read(f"<p>{say(1)}</p><p>Yes.</p>{paragraphs(2)}<p>Yes.</p><p>{say(1)}</p>"),
    ) == [0, 1, 2, 3, 4]


def test_cost_of_aligning_grows_with_the_page_not_with_its_square() -> None:
    lines = [say(number) for number in range(20_000)]
    blocks = [Block(parse("<p>"), "p", make_key(line)) for line in lines[:1]]
    blocks += [Block(blocks[0].element, "p", make_key(line)) for line in lines[1:]]
    started = time.process_time()
    assert align(lines, blocks) == list(range(20_000))
    assert time.process_time() - started < 15


def test_cost_of_aligning_text_that_is_no_story() -> None:
    """A megabyte of other text beside a long story: searching for each of its blocks would be quadratic."""
    element = parse("<p>")
    lines = [say(number) for number in range(8_000)]
    others = [Block(element, "p", make_key(f"{say(number)[::-1]} {number}")) for number in range(8_000)]
    short = [Block(element, "p", f"x{number}") for number in range(8_000)]
    started = time.process_time()
    taken = align(lines, [*others, *short, Block(element, "p", make_key(lines[-1]))])
    assert time.process_time() - started < 3
    assert taken == [None] * 16_000 + [7_999]


@pytest.mark.parametrize("n_others", [3, 3_000])
def test_long_pages_are_aligned_as_short_ones(n_others: int) -> None:
    lines = [say(number) for number in range(100)]
    blocks = read("".join(f"<p>{line}</p>" for line in lines[::-1]) + "<p>Nothing like it.</p>" * n_others)
    assert align(lines, blocks) == [*range(99, -1, -1), *[None] * n_others]


def test_lines_of_topics_come_back_and_lists_of_headlines_do_not() -> None:
    topics = "<p>Stops: <a href='/q'>Quay</a>, <a href='/m'>Upper Mill</a>, <a href='/f'>Far Bank</a></p>"
    story = f"<div class='story'>{paragraphs(1)}{topics}{paragraphs(2)}</div>"
    assert restore(story, [say(1), say(2)]) == [say(1), "Stops: Quay, Upper Mill, Far Bank", say(2)]
    headlines = "<p>Read: <a href='/q'>How the ferry was lost in fog</a>, <a href='/m'>The mill burns</a></p>"
    story = f"<div class='story'>{paragraphs(1)}{headlines}{paragraphs(2)}</div>"
    assert restore(story, [say(1), say(2)]) == [say(1), say(2)]


def test_answers_of_a_word_come_back_each_in_its_place() -> None:
    talk = "".join(f"<p>{say(number)}</p><p>Yes.</p>" for number in range(1, 4))
    expected = [line for number in range(1, 4) for line in (say(number), "Yes.")]
    assert restore(f"<div class='story'>{talk}{paragraphs(4)}</div>", [say(1), say(2), say(3), say(4)]) == [
        *expected,
        say(4),
    ]


def test_second_half_in_a_container_of_its_own() -> None:
    halves = [f"<div class='body'>{paragraphs(*numbers)}</div>" for numbers in ((1, 2), (3, 4))]
    html = f"<article>{halves[0]}<div class='ad'>Buy</div>{halves[1]}</article>"
    assert restore(html, [say(1), say(2)]) == [say(1), say(2), say(3), say(4)]


def test_first_half_in_a_container_of_its_own() -> None:
    html = f"<article><div class='body'>{paragraphs(1, 2)}</div><div class='body'>{paragraphs(3, 4)}</div></article>"
    assert restore(html, [say(3), say(4)]) == [say(1), say(2), say(3), say(4)]


def test_paragraphs_in_the_middle_go_where_they_stand() -> None:
    html = f"<div class='story'>{paragraphs(1, 2, 3, 4, 5)}</div>"
    assert restore(html, [say(1), say(3), say(5)]) == [say(number) for number in range(1, 6)]


def test_updates_of_a_live_page_in_order_with_their_headings() -> None:
    posts = "".join(
        f"<div class='post' id='post{number}'><h3>Update {number} of the day</h3>"
        f"<div class='text'><p>{say(number)}</p></div></div>"
        for number in (4, 3, 2, 1)
    )
    lines = ["Update 4 of the day", say(4), say(2)]
    expected = [line for number in (4, 3, 2, 1) for line in (f"Update {number} of the day", say(number))]
    assert restore(f"<main><div class='posts'>{posts}</div></main>", lines) == expected


def test_numbers_in_classes_part_nothing() -> None:
    html = "".join(
        f"<div class='block-{number}'><p class='text n{number}'>{say(number)}</p></div>" for number in (1, 2, 3)
    )
    assert restore(f"<article>{html}</article>", [say(1), say(3)]) == [say(1), say(2), say(3)]


def test_subheading_returns_only_above_text_of_the_story() -> None:
    html = (
        f"<div class='story'><p>{say(1)}</p><h2>What the islands say</h2><p>{say(2)}</p><h2>Where it all began</h2>"
        f"<p>{say(3)}</p><h2>More from the harbour</h2><ul><li><a href='/a'>{say(8)}</a></li></ul><p>{say(4)}</p></div>"
    )
    found = restore(html, [say(1), say(2), "Where it all began", say(3), say(4)])
    assert found == [say(1), "What the islands say", say(2), "Where it all began", say(3), say(4)]


@pytest.mark.parametrize(
    "rest",
    [
        f"<div class='comments'><div class='body'>{paragraphs(5, 6)}</div></div>",
        f"<aside><div class='body'>{paragraphs(5, 6)}</div></aside>",
        f"<footer><div class='body'>{paragraphs(5)}</div></footer>",
        f"<div class='body'><p><a href='/x'>{say(5)}</a></p></div>",
        f"<a href='/x'><div class='body'><p>{say(5)}</p></div></a>",
        f"<div hidden><div class='body'>{paragraphs(5)}</div></div>",
        f"<div aria-hidden='true'><div class='body'>{paragraphs(5)}</div></div>",
        f"<div class='teasers'><p>{say(5)}</p></div>",
        f"<figure class='body'><figcaption>{say(5)}</figcaption></figure>",
        "<div class='body'><p>Harbour street 5</p></div>",
        "<div class='body'><script>say(5)</script></div>",
    ],
)
def test_what_is_no_story_stays_out(rest: str) -> None:
    html = f"<main><div class='body'>{paragraphs(1, 2, 3)}</div>{rest}</main>"
    lines = [say(1), say(2), say(3)]
    assert restore(html, lines) == lines


def test_short_lines_return_between_paragraphs_but_not_behind_them() -> None:
    html = f"<div class='body'><p>{say(1)}</p><p>“Never.”</p><p>{say(2)}</p><p>© Harbour Press</p></div>"
    assert restore(html, [say(1), say(2)]) == [say(1), "“Never.”", say(2)]


def test_a_place_of_little_text_proves_nothing() -> None:
    story = "".join(f"<p>{say(number)}</p>" for number in range(1, 20))
    other = f"<div class='other'><h4>{say(30)}</h4><p>{say(31)}</p><p>{say(32)}</p></div>"
    html = f"<div class='body'>{story}</div>{other}"
    lines = [say(number) for number in range(1, 20)]
    assert restore(html, [*lines, say(31)]) == [*lines, say(31)]


def test_text_said_twice_returns_once() -> None:
    html = f"<div class='body'>{paragraphs(1, 2, 2, 3)}</div>"
    assert restore(html, [say(1), say(3)]) == [say(1), say(2), say(3)]


def test_a_paragraph_found_in_part_is_not_doubled() -> None:
    middle = f"<p>{say(2)} <span>(PORT.L), opens new tab</span> {say(3)}</p>"
    html = f"<div class='body'><p>{say(1)}</p>{middle}<p>{say(4)}</p></div>"
    lines = [say(1), f"{say(2)} (PORT.L) {say(3)}", say(4)]
    assert restore(html, lines) == lines


def test_a_block_that_became_several_lines_is_not_doubled() -> None:
    html = f"<div class='body'><p>{say(1)}</p><p>Ana Maria Holm<br>Northport</p><p>{say(2)}</p></div>"
    lines = [say(1), "Ana Maria Holm", "Northport", say(2)]
    assert restore(html, lines) == lines


def test_a_short_menu_word_is_not_the_start_of_a_line() -> None:
    blocks = read(f"<ul><li>The</li></ul><p>{say(1)}</p>")
    assert align([say(1)], blocks) == [None, 0]


def test_a_block_whose_words_stand_far_apart_in_the_story_is_not_held_by_it() -> None:
    first, last = "The boat had lain in dock since a storm", "so nobody on the islands saw it leave"
    lines = [f"{first} tore its side.", *(say(number) for number in range(1, 9)), f"It went by night, {last}."]
    digest = f"{first}, and when at last it was mended the tide had turned, {last}."
    assert align(lines, read(f"<p>{digest}</p>")) == [None]


def test_a_sentence_that_starts_alike_is_another() -> None:
    html = f"<p>{say(1)[:40]}; it had been idle since the storm of last spring took the pier.</p><p>{say(1)}</p>"
    assert align([say(1)], read(html)) == [None, 0]


def test_nothing_found_nothing_missed() -> None:
    blocks = read(f"<div class='body'>{paragraphs(1, 2)}</div>")
    assert find_missed(blocks, align([], blocks)) == set()
    headed = read(f"<div class='body'><h2>Of no story</h2>{paragraphs(1)}</div>")
    assert find_missed(headed, align([], headed)) == set()
    assert find_missed([], []) == set()


def test_headings_of_updates_that_are_boxes_of_their_own() -> None:
    posts = "".join(
        f"<div class='post'><h5>Minute {number}</h5><div class='box'>"
        f"<div class='text'>{paragraphs(number)}</div></div></div>"
        for number in (1, 2)
    )
    found = restore(f"<main><div class='posts'>{posts}</div><h2>Most read</h2></main>", [say(1), say(2)])
    assert found == [say(1), "Minute 2", say(2)]


def test_a_heading_far_from_the_next_block_heads_something_else() -> None:
    html = (
        f"<main><div><div class='story'>{paragraphs(1)}</div></div>"
        "<section><header><h2>Most read</h2></header></section>"
        f"<div><div class='story'>{paragraphs(2)}</div></div></main>"
    )
    assert restore(html, [say(1), say(2)]) == [say(1), say(2)]


def test_a_menu_word_that_is_also_a_line_moves_nothing() -> None:
    html = f"<ul><li>The end</li></ul><article>{paragraphs(1, 2, 3)}<p>The end</p></article>"
    assert restore(html, [say(1), say(3), "The end"]) == [say(1), say(2), say(3), "The end"]


@given(st.lists(st.none() | st.integers(0, 8)))
def test_anchors_never_go_back(taken: list[int | None]) -> None:
    run = sorted(find_anchors(taken))
    lines = [taken[number] for number in run]
    assert all(line is not None for line in lines)
    assert lines == sorted(line for line in lines if line is not None)
    assert bool(run) == any(line is not None for line in taken)


def test_breaks_start_lines_and_markup_parts_no_words() -> None:
    (block,) = read("<p>The <b>Har</b>bour<br>\n office &amp; <i>pier</i>\n said</p>")
    assert block.read_lines() == ["The Harbour", "office & pier said"]


def test_blocks_hold_no_blocks() -> None:
    blocks = read(
        "<div>loose <p>one</p></div><ul><li>two<ul><li>three</li></ul></li></ul><p> </p><p>…</p>"
        "<p>four <span><div>five</div></span></p><div><span>six</span></div><blockquote><p>seven</p></blockquote>"
    )
    assert [block.key for block in blocks] == ["one", "three", "five", "six", "seven"]


@given(st.text(), st.text())
def test_keys_join_like_texts(first: str, second: str) -> None:
    key = make_key(first + " " + second)
    assert key == make_key(first) + make_key(second)
    assert make_key(key) == make_key(key.upper().lower()) or not key.isascii()


@given(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)))
def test_lines_stay_and_only_text_of_the_page_comes(kept: set[int], extra: set[int]) -> None:
    html = f"<article><div class='body'>{paragraphs(*range(10))}</div></article>"
    lines = [say(number) for number in sorted(kept)]
    found = restore(html, [*lines, *(f"Line {number} of no page" for number in sorted(extra))])
    assert [line for line in found if "of no page" in line] == [f"Line {number} of no page" for number in sorted(extra)]
    story = [line for line in found if "of no page" not in line]
    assert story == [say(number) for number in range(10)] if kept else story == []
