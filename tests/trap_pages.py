"""Invented stories whose own text says what furniture says, set as pages of several templates.

A file of ``tests/traps`` is a story: ``title:`` and ``author:``, then a line a paragraph. ``# `` opens a subheading,
``- `` and ``1. `` an item of a list, ``> `` a quotation, ``| `` a row of a table; ``~ `` is a line that is no story.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from pipelines.blocks import make_key

FOLDER = Path(__file__).parent / "traps"
_MARK = re.compile(r"(# |- |\d+\. |> |\| |~ )?(.*)")
_TAGS = {"# ": "h2", "- ": "li", "1. ": "li", "> ": "blockquote", "| ": "tr", "~ ": "p", "": "p"}
_LISTS = {"- ": "ul", "1. ": "ol", "| ": "table"}
_FOUND_ANYWHERE = 25
"""Letters of a line from which finding it inside a body is no accident."""
FURNITURE = (
    "Photo: Ben Stone/Valley Pictures",
    "Read more: The ferry that never came back",
    "Follow us on Facebook and Instagram for more.",
    "Sign up for our newsletter and get the best of the valley every morning.",
    "© 2024 Valley Press. All rights reserved.",
)
"""Lines of the template ``crowded`` that are no story, in the order of the page."""


@dataclass(frozen=True, slots=True)
class TrapStory:
    """One story and what a page says of it."""

    name: str
    title: str
    author: str
    parts: tuple[tuple[str, str], ...]
    """Mark and text of each line."""

    @property
    def lines(self) -> tuple[str, ...]:
        """Its own lines, subheadings too."""
        return tuple(text for mark, text in self.parts if mark != "~ ")

    @property
    def furniture(self) -> tuple[str, ...]:
        """Lines that stand among them and are not its own."""
        return tuple(text for mark, text in self.parts if mark == "~ ")


def read_stories() -> Iterator[TrapStory]:
    """Yields all stories, by name."""
    for path in sorted(FOLDER.glob("*.txt")):
        title, author, *lines = path.read_text(encoding="utf-8").splitlines()
        parts = []
        for line in lines:
            found = _MARK.match(line)
            assert found is not None
            mark = found[1] or ""
            parts.append(("1. " if mark[:1].isdigit() else mark, found[2]))
        yield TrapStory(path.stem, title.partition(": ")[2], author.partition(": ")[2], tuple(parts))


def find_lost(story: TrapStory, body: str) -> list[str]:
    """Returns the lines of a story that a body lacks."""
    keys = {make_key(line) for line in body.split("\n")}
    whole = make_key(body)
    lost = []
    for line in story.lines:
        key = make_key(line)
        if key not in keys and (len(key) < _FOUND_ANYWHERE or key not in whole):
            lost.append(line)
    return lost


def _write_parts(story: TrapStory) -> list[str]:
    """The lines as markup, one string a block."""
    written = []
    for mark, group in groupby(story.parts, key=lambda part: part[0]):
        texts = [html.escape(text, quote=False) for _, text in group]
        if mark == "| ":
            texts = ["".join(f"<td>{cell.strip()}</td>" for cell in text.split("|")) for text in texts]
        blocks = [f"<{_TAGS[mark]}>{text}</{_TAGS[mark]}>" for text in texts]
        around = _LISTS.get(mark)
        written += [f"<{around}>{''.join(blocks)}</{around}>"] if around else blocks
    return written


def _write_plain(story: TrapStory) -> str:
    title = html.escape(story.title)
    return f"""<html><head><title>{title}</title><meta name="author" content="{story.author}"></head><body>
    <article><h1>{title}</h1>{"".join(_write_parts(story))}</article></body></html>"""


def _write_boxes(story: TrapStory) -> str:
    title = html.escape(story.title)
    return f"""<html><head><title>{title} | Valley Press</title></head><body>
    <div id="top"><a href="/">Valley Press</a>
    <ul><li><a href="/a">News</a></li><li><a href="/b">Sport</a></li></ul></div>
    <div class="wrap"><div class="head"><h1>{title}</h1>
    <div>By <a rel="author" href="/x">{story.author}</a></div></div>
    <div class="text">{"".join(_write_parts(story))}</div></div>
    <div id="bottom"><a href="/imprint">Imprint</a> <a href="/privacy">Privacy</a></div></body></html>"""


def _write_crowded(story: TrapStory) -> str:
    title = html.escape(story.title)
    photo, pointer, *closing = FURNITURE
    parts = _write_parts(story)
    # No box stands between a subheading and its text.
    middle = next(number for number in range(len(parts) // 2, len(parts)) if not parts[number - 1].startswith("<h2"))
    ld = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": story.title,
        "author": {"@type": "Person", "name": story.author},
        "datePublished": "2024-05-03T10:00:00Z",
    }
    return f"""<html><head><title>{title}</title><script type="application/ld+json">{json.dumps(ld)}</script></head>
    <body><header><nav><a href="/">Valley Press</a></nav></header>
    <main><article class="post tag-cookies category-newsletter">
    <h1>{title}</h1><p class="meta">By {story.author}, 3 May 2024</p><div class="entry-content">
    {parts[0]}<p>{photo}</p>{"".join(parts[1:middle])}
    <p>Read more: <a href="/f">{pointer[11:]}</a></p>
    {"".join(parts[middle:])}{"".join(f"<p>{text}</p>" for text in closing)}</div></article>
    <section class="related"><h2>Related</h2><ul>
    <li><a href="/q">The quarry reopens after nine years</a></li></ul></section>
    </main><footer><p>Valley Press, Mill Street 4</p></footer></body></html>"""


TEMPLATES: dict[str, Callable[[TrapStory], str]] = {
    "plain": _write_plain,
    "boxes": _write_boxes,
    "crowded": _write_crowded,
}
"""Name -> what writes a story as a page."""
