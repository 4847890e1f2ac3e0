"""The lists that pages show, read for feeds and exports: an address -> rows, a title, and where the list goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from datasette.database import Database
from datasette.utils import tilde_decode, tilde_encode

from db.connection import utc_now
from db.reports import SOURCE_HEALTH, silent_before
from db.site import export_queries as sql
from db.site import searching
from db.site.busy import was_interrupted
from db.site.wording import read_names

PAGE_ROWS = 100
MOST_ROWS = 500
"""Rows of one answer that ``?size=`` may ask for: as many as a page of a table holds; a link leads to the next ones."""
SHEET_ROWS = 5000
"""Rows of a CSV document: a spreadsheet cannot follow a link. One statement reads them in half a second."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of list: its statement, and the one that names it where a name in the address picks it."""

    statement: str
    title: str
    title_statement: str | None = None
    cursor: str | None = None
    """The parameter by which it goes on, ``before`` or ``after``: the id of the row shown last. None: it is whole."""
    count: str | None = None
    """The statement that tells how many rows there are in all, where the list may be longer than an answer."""
    has_feed: bool = False


KINDS = {
    "stories": Kind(sql.STORIES, "Stories", None, "before", sql.N_STORIES, has_feed=True),
    "topic": Kind(sql.TOPIC_ARTICLES, "", sql.TOPIC_TITLE, "before", sql.N_OF_TOPIC, has_feed=True),
    "entity": Kind(sql.ENTITY_ARTICLES, "", sql.ENTITY_NAME, "before", sql.N_OF_ENTITY, has_feed=True),
    "source": Kind(sql.SOURCE_ARTICLES, "", sql.SOURCE_NAME, "before", sql.N_OF_SOURCE, has_feed=True),
    "search": Kind(sql.SEARCH, "Search", None, "before", has_feed=True),
    "story": Kind(sql.STORY_ARTICLES, "", sql.STORY_TITLE, "after", sql.N_OF_STORY),
    "topics": Kind(sql.TOPICS, "Topics"),
    "entities": Kind(sql.ENTITIES, "Entities"),
    "sources": Kind(SOURCE_HEALTH, "Sources"),
    "timeline": Kind(sql.TIMELINE, "Articles a day"),
}


@dataclass(frozen=True, slots=True)
class Listing:
    """A list as read. ``page`` is the path of the page that shows it, ``place`` what tells it from all other lists."""

    title: str
    page: str
    place: tuple[str, ...]
    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    next_query: str | None
    n: int | None = 0
    """How many rows there are in all; None for a search that goes on, whose hits are not counted."""


async def read_listing(
    db: Database, name: str, keys: Mapping[str, str], args: Mapping[str, str], size: int
) -> Listing | None:
    """Returns a list by its kind, the names in its path and its query string; None where it names nothing there is.

    Raises what `was_interrupted` knows where a search takes too long.
    """
    kind = KINDS[name]
    names = {key: tilde_decode(value) for key, value in keys.items()}
    title = kind.title
    if kind.title_statement:
        titles = (await db.execute(kind.title_statement, names)).rows
        if not titles:
            return None
        title = titles[0]["title"]
    question = searching.read_request(args)
    review = args.get("show") == "review"
    place = (name, *names.values(), *(["review"] if review and name == "topic" else []))
    query: dict[str, str] = {}
    if name == "search":
        title, query = f"Search: {question.text}", _ask_again(args)
        place = (name, urlencode(query))
    elif name in ("entities", "timeline") and args.get("topic"):
        query = {"topic": args["topic"]}
    elif review:
        query = {"show": "review"}
    if name == "search" and not question.match:
        return Listing(title, _page(name, names, query), place, ("id",), (), None)
    values: dict[str, Any] = {
        **searching.bind_question(question),
        **names,
        "after_id": searching.read_cursor(args, "after"),
        "limit": size + 1,
        "accepted": 0 if review else 1,
        "topic": names.get("topic") or args.get("topic") or None,
        "silent_before": silent_before(utc_now()),
    }
    try:
        if name == "search":
            values |= await searching.bind_search(db, question)
        found = await db.execute(kind.statement, values, truncate=False)
    except sqlite3.DatabaseError as error:
        if name != "search" or was_interrupted(error):
            raise
        return Listing(title, _page(name, names, query), place, ("id",), (), None)
    rows = [_read_row(row) for row in found.rows]
    more = kind.cursor is not None and len(rows) > size
    shown = rows[:size] if kind.cursor else rows
    last = shown[-1][_cursor(name)] if more else values["horizon"] + 1 if values["horizon"] else None
    following = {**query, "size": size, kind.cursor or "": last} if last is not None else None
    n: int | None = len(shown)
    if kind.count:
        n = int((await db.execute(kind.count, values)).rows[0]["n"])
    elif name == "search" and (following or question.before_id < searching.LAST_ID):
        n = None
    next_query = urlencode(following) if following else None
    return Listing(title, _page(name, names, query), place, list(found.columns), shown, next_query, n)


def _cursor(name: str) -> str:
    return "story_id" if name == "stories" else "id"


def _ask_again(args: Mapping[str, str]) -> dict[str, str]:
    """Returns what of a query string is the question, in one order: the same question has one address."""
    return {key: args[key] for key in ("q", *searching.FILTERS) if args.get(key)}


def _page(name: str, names: Mapping[str, str], query: Mapping[str, str]) -> str:
    path = "/".join(("", name, *map(tilde_encode, names.values())))
    return f"{path}?{urlencode(query, errors='replace')}" if query else path


def _read_row(row: sqlite3.Row) -> dict[str, Any]:
    values = dict(zip(row.keys(), tuple(row), strict=True))
    if "authors" in values:
        values["authors"] = read_names(values["authors"])
    return values
