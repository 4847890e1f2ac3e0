"""One fetched page in, one article out, or the reason why there is none.

Pure and deterministic; meant to run in a worker process with a deadline, because no bound on the time Trafilatura takes
can be promised for hostile pages.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from lxml.html import HtmlElement
from trafilatura import bare_extraction

from db.folding import count_words
from db.records import Article
from db.urls import is_article_like, same_site
from pipelines.app_state import find_paragraphs, find_published, read_state
from pipelines.blocks import Block, find_blocks, make_key, put_back
from pipelines.boilerplate import drop_boilerplate
from pipelines.dates import merge_moments, read_moment
from pipelines.document import NotHtmlError, decode, parse, refuse_other_formats
from pipelines.format_characters import (
    hide_format_characters,
    show_format_characters,
    unmask,
)
from pipelines.fragments import read_fragment, split_lines
from pipelines.head import Head, read_head
from pipelines.language import name_language
from pipelines.layout import flatten_layout_tables, flatten_ruby
from pipelines.line_length import estimate_words
from pipelines.live_updates import keep_hours
from pipelines.metadata import Metadata, merge_metadata
from pipelines.page import NoArticle, Page
from pipelines.pruning import pruned
from pipelines.recall import align, find_missed
from pipelines.refusal import MIN_WORDS, find_refusal
from pipelines.setting import Setting
from pipelines.standfirst import find_standfirst, is_second_headline
from pipelines.titles import fold_title
from pipelines.walls import drop_wall_lines

MIN_TEASER_WORDS = 25
"""Words a paywalled page must still show to be kept as an article."""
RESCUE_GAIN = 1.15
"""How many times longer JSON-LD ``articleBody`` must be than the extracted body to take its place."""
GRACE = timedelta(hours=24)
"""How far a page's clock may run ahead of the fetch."""
_SHORT = 40 * MIN_WORDS
"""Characters from which a body need not be counted to know that it has words enough."""
ECHO_LINES = 4
"""First lines of a body in which an echo of the headline is looked for."""


def extract(page: Page, latest: datetime | None = None) -> Article | NoArticle:
    """Returns the article on a page, or why there is none. Raises nothing.

    The body is Trafilatura's (balanced, no comments), its paragraphs joined by a blank line; the metadata are merged
    from JSON-LD, meta tags, microdata and the visible page in that order; docs/extraction.md has the measurements.
    Publication dates after ``latest`` (aware) are refused; by default a day after the fetch. Give a later one where the
    recorded time of the fetch cannot be trusted, as in foreign archives.
    """
    try:
        return _extract(page, latest)
    except NotHtmlError as error:
        return NoArticle("not_article", str(error))
    except (Exception, RecursionError, MemoryError) as error:
        return NoArticle("failed", f"extraction failed: {type(error).__name__}: {str(error)[:200]}".rstrip(": "))


def warm_up() -> None:
    """Does every import and first-call cost (language model, date parser, XPath tables) ahead of the first page."""
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    logging.getLogger("htmldate").setLevel(logging.CRITICAL)
    text = "The council met on Monday and agreed to mend the bridge before winter comes to the valley. " * 8
    html = f"<html><body><article><h1>A bridge is mended</h1><p>3 mars 2019</p><p>{text}</p></article></body></html>"
    # dateparser builds its tables at the first call: more than a second.
    read_moment("3 stycznia 2019", "meta", languages=("pl",))
    extract(Page("http://a.example/b", "http://a.example/b", 200, (), html.encode(), "2020-01-01T00:00:00Z"))


def _extract(page: Page, latest: datetime | None) -> Article | NoArticle:
    if page.status >= 400:
        return NoArticle("not_article", f"the server answered {page.status}")
    if is_article_like(page.url) and page.final_url and not is_article_like(page.final_url):
        return NoArticle("not_article", "the address leads to the front page: the article is gone")
    if not page.body.strip():
        return NoArticle("not_article", "the page is empty")
    content_type = page.header("content-type")
    refuse_other_formats(page.body, content_type)
    source = decode(page.body, content_type)
    tree = parse(source)
    # lxml makes an object of an element anew each time it is looked at, unless somebody holds it.
    _held = list(tree.iter())
    url = page.final_url or page.url
    head = read_head(tree, url)
    flatten_layout_tables(tree)
    flatten_ruby(tree)
    latest = latest or _read_fetch_time(page.fetched_at) + GRACE
    meta = merge_metadata(tree, head, latest, page.title_hint, page.published_hint)
    keep_hours(tree, source)
    with pruned(tree):
        lines = _body_lines(tree, url, source)
        lines = _restore(tree, lines, head, meta)
    lines = drop_echo(lines, meta.headlines)
    lines = _rescue(lines, meta)
    if meta.is_article and sum(map(len, lines)) < _SHORT and estimate_words(" ".join(lines)) < MIN_WORDS:
        lines = _read_scripts(tree, lines, meta, latest)
    if meta.paywalled:
        lines = drop_wall_lines(lines)
    lines = drop_boilerplate(lines, meta.headlines, meta.authors, Setting(tree))
    body = "\n\n".join(lines)
    words = estimate_words(body)
    title = meta.title or _first_words(lines)
    refusal = find_refusal(tree, title, lines, words, meta.is_article)
    if refusal and not (meta.paywalled and words >= MIN_TEASER_WORDS):
        if meta.paywalled:
            return NoArticle("paywalled", f"only {words} words are open to the public")
        return NoArticle("not_article", refusal)
    if meta.paywalled and words < MIN_TEASER_WORDS:
        return NoArticle("paywalled", f"only {words} words are open to the public")
    canonical = head.canonical
    published, modified = meta.published, meta.modified
    return Article(
        url=canonical if canonical and is_article_like(canonical) and same_site(canonical, url) else url,
        title=title,
        body=body,
        authors=meta.authors,
        published_at=published.to_utc() if published else None,
        published_raw=published.raw if published else None,
        published_from=published.origin if published else None,
        modified_at=modified.to_utc() if modified else None,
        language=name_language(f"{title}\n{body}", meta.languages),
        summary=meta.summary,
        image=meta.image,
        section=meta.section,
        paywalled=meta.paywalled,
        canonical=canonical,
        word_count=count_words(body),
    )


def _body_lines(tree: HtmlElement, url: str, source: str) -> list[str]:
    hidden = hide_format_characters(tree, source)
    document = bare_extraction(tree, url=url, include_comments=False, with_metadata=False)
    show_format_characters(hidden)
    text = getattr(document, "text", None)
    if not isinstance(text, str):
        return []
    return split_lines(unmask(text) if hidden else text)


def _restore(tree: HtmlElement, lines: list[str], head: Head, meta: Metadata) -> list[str]:
    """The lines with what Trafilatura left behind: parts of the story and its standfirst, where the page has them."""
    blocks = find_blocks(tree)
    taken = align(lines, blocks)
    descriptions = [*head.every("description", "og:description", "twitter:description"), meta.summary or ""]
    missed = find_missed(blocks, taken) | find_standfirst(blocks, taken, meta.headlines, descriptions)
    return drop_second_headline(put_back(lines, blocks, taken, missed), blocks)


def drop_second_headline(lines: list[str], blocks: Sequence[Block]) -> list[str]:
    """Returns the lines without what the page marks as another headline of the story, among the first few."""
    keys = {make_key(line) for line in lines[:ECHO_LINES]}
    marked = {block.key for block in blocks if block.key in keys and is_second_headline(block)}
    kept = [line for line in lines[:ECHO_LINES] if make_key(line) not in marked] if marked else lines[:ECHO_LINES]
    return [*kept, *lines[ECHO_LINES:]] if kept else lines


def drop_echo(lines: list[str], headlines: tuple[str, ...]) -> list[str]:
    """Returns the lines without repetitions of the headline among the first few; a body is never emptied by it."""
    folded = {fold for headline in headlines if (fold := fold_title(headline))}
    kept = [line for line in lines[:ECHO_LINES] if fold_title(line) not in folded]
    rest = lines[ECHO_LINES:]
    return [*kept, *rest] if kept or rest else lines


def _rescue(lines: list[str], meta: Metadata) -> list[str]:
    """JSON-LD ``articleBody`` instead of the extracted lines where those clearly lost text."""
    if not meta.article_body:
        return lines
    rescued = read_fragment(meta.article_body)
    if len(rescued) > len(lines) == 1 and " ".join(rescued).split() == lines[0].split():
        # Trafilatura took the same text and lost its paragraphs.
        return drop_echo(rescued, meta.headlines)
    if estimate_words("\n".join(rescued)) >= RESCUE_GAIN * estimate_words("\n".join(lines)):
        return drop_echo(rescued, meta.headlines)
    return lines


def _read_scripts(tree: HtmlElement, lines: list[str], meta: Metadata, latest: datetime) -> list[str]:
    """The paragraphs a script-drawn page keeps in its state; its date too, where the page has told none."""
    state = read_state(tree)
    found = [line for text in find_paragraphs(state) for line in read_fragment(text)]
    if estimate_words(" ".join(found)) < MIN_TEASER_WORDS:
        return lines
    if meta.published is None or meta.published.origin == "htmldate":
        moments = (read_moment(text, "script") for text in find_published(state))
        told = merge_moments([moment for moment in moments if moment], latest)
        meta.published = told or meta.published
    return drop_echo(found, meta.headlines)


def _first_words(lines: list[str]) -> str:
    words = " ".join(lines[:1]).split()
    return (" ".join(words[:12]) + ("…" if len(words) > 12 else ""))[:200] if words else "Untitled"


def _read_fetch_time(text: str) -> datetime:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
