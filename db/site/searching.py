"""The search page's question and answer: what the address bar may hold -> rows with marked words."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from datasette.database import Database, QueryInterrupted

from db.search import match_expression
from db.site import queries
from db.site.wording import Piece, cut_excerpt, find_forms, mark_words

PAGE_SIZE = 20
LAST_ID = 2**63 - 1
MOST_COUNTED = 1000
"""Hits are counted no further: beyond it the page says "more than"."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a reader asked for. ``match`` is the FTS5 expression, empty when there is nothing to look for."""

    text: str
    match: str
    order: Literal["newest", "best"]
    source: str | None
    language: str | None
    before_id: int


@dataclass(frozen=True, slots=True)
class Hit:
    """One found article: its row (see ``queries.SEARCH_NEWEST``), its headline and an excerpt with the words marked."""

    row: Any
    title: list[Piece]
    excerpt: list[Piece]


@dataclass(frozen=True, slots=True)
class Results:
    """The answer. ``n`` is None where it is not counted; ``trouble`` says why nothing could be answered."""

    question: Question
    hits: tuple[Hit, ...] = ()
    n: int | None = None
    next_before: int | None = None
    trouble: str | None = None
    unranked: bool = False
    """The best were asked for, but there are too many hits to rank in time: these are the newest."""


def read_cursor(args: Mapping[str, str], name: str = "before") -> int:
    """Returns the id a page of a list ends before; the largest possible where the address holds no such number."""
    text = args.get(name) or ""
    if not (text.isascii() and text.isdigit()) or len(text) > 19:
        return LAST_ID
    return min(int(text), LAST_ID)


def read_request(args: Mapping[str, str]) -> Question:
    """Returns the question in the query string of ``/search``; anything unknown falls back to the default."""
    text = (args.get("q") or "").replace("\x00", " ").strip()
    return Question(
        text=text[:1000],
        match=match_expression(text),
        order="best" if args.get("order") == "best" else "newest",
        source=args.get("source") or None,
        language=args.get("language") or None,
        before_id=read_cursor(args),
    )


async def search_archive(db: Database, question: Question, limit_ms: int | None = None) -> Results:
    """Returns the articles that answer a question, newest or best first. Never raises for what a reader typed.

    ``limit_ms``: time for one query, milliseconds; None takes the limit of ``datasette.yaml``.
    """
    if not question.match:
        return Results(question)
    values = {
        "match": question.match,
        "before_id": question.before_id,
        "source": question.source,
        "language": question.language,
        "limit": PAGE_SIZE + 1 if question.order == "newest" else PAGE_SIZE,
    }
    sql = queries.SEARCH_NEWEST if question.order == "newest" else queries.SEARCH_BEST
    try:
        rows = (await db.execute(sql, values, custom_time_limit=limit_ms)).rows
        narrowed = question.source or question.language
        n = None if narrowed else await _count(db, question.match, limit_ms)
    except QueryInterrupted:
        if question.order == "best":
            newest = await search_archive(db, replace(question, order="newest"), limit_ms)
            return newest if newest.trouble else replace(newest, unranked=True)
        return Results(question, trouble="This search takes too long. Try a rarer word, or fewer filters.")
    except (sqlite3.DatabaseError, UnicodeEncodeError):
        return Results(question, trouble="This search cannot be understood. Try plain words.")
    shown = rows[:PAGE_SIZE]
    hits = tuple(_present(row) for row in shown)
    more = len(rows) > PAGE_SIZE
    return Results(question, hits, n, next_before=shown[-1]["id"] if more else None)


async def _count(db: Database, match: str, limit_ms: int | None) -> int:
    return int((await db.execute(queries.SEARCH_COUNT, {"match": match}, custom_time_limit=limit_ms)).rows[0]["n"])


def _present(row: Any) -> Hit:
    forms = find_forms(row["title_marks"], row["body_marks"])
    return Hit(row, mark_words(row["title"], forms), cut_excerpt(row["body"], forms))
