"""Pure: the light markup of the newsroom's texts -> HTML, or -> the clean paragraphs a reader sees."""

from __future__ import annotations

import re
from html import escape

from tests.newsroom.records import Entry

_LINK = re.compile(r"\[([^\]]+)\]\((/[^)]*)\)")


def clean_paragraph(text: str) -> str:
    """Returns a paragraph without its light markup."""
    return _LINK.sub(r"\1", text).removeprefix("## ").removeprefix("> ")


def clean_paragraphs(entry: Entry) -> list[str]:
    """Returns the golden body: every paragraph of the text as read on the page, no boilerplate, newest update first."""
    lines = [clean_paragraph(text) for text in entry.paragraphs]
    for update in reversed(entry.updates):
        lines += [update.headline, update.text]
    return lines


def summarise(entry: Entry) -> str:
    """Returns the first words of the text, cut at a word before 160 characters; empty for a page without text."""
    text = clean_paragraph(entry.paragraphs[0]) if entry.paragraphs else ""
    return text if len(text) <= 160 else text[:160].rsplit(" ", 1)[0] + " …"


def render_inline(text: str) -> str:
    """Returns one paragraph's inner HTML."""
    return _LINK.sub(r'<a href="\2">\1</a>', escape(text, quote=False))


def render_block(text: str) -> str:
    """Returns one paragraph as the HTML element its mark asks for."""
    if text.startswith("## "):
        return f"<h2>{render_inline(text[3:])}</h2>\n"
    if text.startswith("> "):
        return f"<blockquote><p>{render_inline(text[2:])}</p></blockquote>\n"
    return f"<p>{render_inline(text)}</p>\n"


def render_paragraphs(entry: Entry, start: int = 0, stop: int | None = None) -> str:
    """Returns a slice of the body as HTML; the updates of a live blog follow the whole body."""
    html = "".join(render_block(text) for text in entry.paragraphs[start:stop])
    if stop is None:
        html += "".join(
            f'<article class="live-update" id="u{update.at:%d%H%M}"><time datetime="{update.at.isoformat()}">'
            f"{update.at:%H:%M}</time><h3>{escape(update.headline)}</h3><p>{escape(update.text)}</p></article>\n"
            for update in reversed(entry.updates)
        )
    return html
