"""The search page's question and answer: what the address bar may hold -> rows with marked words."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlencode

from datasette.database import Database, QueryInterrupted

from db.search import answers, find_forms, match_expression, scatter, widen
from db.site import search_queries
from db.site.busy import was_interrupted
from db.site.drawing import read_day
from db.site.wording import Piece, cut_excerpt, mark_words

PAGE_SIZE = 20
LAST_ID = 2**63 - 1
MOST_COUNTED = 1000
"""Hits are counted no further: beyond it the page says "more than"."""
LOOKED_AT = 10_000
"""Hits that filters are tried on, newest first: about 50 ms at a million articles. A link goes on from there."""
TRIED = 200
WIDE_SHARE = 0.05
"""A long beginning that so many of the newest `TRIED` articles with its first letters have is looked for among these;
a rarer one has so few articles that the index reads them all in 100 ms at a million."""
WORDS_EXPLAINED = 8
EXCERPT_REACH = 50_000
"""Characters of a text in which an excerpt is looked for: all of nearly every article, 20 ms of the longest."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a reader asked for. ``match`` is the FTS5 expression, empty when there is nothing to look for."""

    text: str
    match: str
    order: Literal["newest", "best"]
    source: str | None
    language: str | None
    topic: str | None
    entity: str | None
    first: str | None
    """Earliest day of publication, ``YYYY-MM-DD``."""
    last: str | None
    """Latest day of publication."""
    before_id: int

    @property
    def filters(self) -> dict[str, str]:
        """The filters that are set, by their names in the address."""
        found = {name: getattr(self, attribute) for name, attribute in FILTERS.items()}
        return {name: value for name, value in found.items() if value}

    def address(self, **changes: object) -> str:
        """Returns the query string that asks this question again, without its place in the list."""
        order = {"order": "best"} if self.order == "best" else {}
        args = {"q": self.text, **self.filters, **order, **changes}
        return urlencode({name: value for name, value in args.items() if value is not None}, errors="replace")


FILTERS = {
    "source": "source",
    "language": "language",
    "topic": "topic",
    "entity": "entity",
    "from": "first",
    "to": "last",
}


@dataclass(frozen=True, slots=True)
class Hit:
    """One found article: its row (see ``search_queries.NEWEST``), its headline and an excerpt with the words marked."""

    row: Any
    title: list[Piece]
    excerpt: list[Piece]


@dataclass(frozen=True, slots=True)
class Results:
    """The answer. ``n`` is None where hits are looked at one by one; ``trouble`` says why nothing could be answered."""

    question: Question
    hits: tuple[Hit, ...] = ()
    n: int | None = None
    next_before: int | None = None
    trouble: str | None = None
    unranked: bool = False
    """The best were asked for, but there are too many hits to rank in time: these are the newest."""
    stopped: bool = False
    """`LOOKED_AT` hits were looked at; ``next_before`` goes on from there."""
    words: tuple[tuple[str, int], ...] = ()
    """Where nothing was found: each word of the question and in how many articles it is, the rarest first."""
    instead: str = ""
    """The words that were looked for instead, because the others are in no article."""

    @property
    def ids(self) -> str:
        """The ids of the articles shown, a JSON array."""
        return json.dumps([hit.row["id"] for hit in self.hits])

    @property
    def fewer_words(self) -> str:
        """The words of a question without an answer that are in some article, the rarest left out: `""` for none."""
        found = {word for word, n in self.words if n and (word, n) != self.words[0]}
        return " ".join(word for word in self.question.text.split() if word in found)


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
        match=match_expression(text, args.get("language")),
        order="best" if args.get("order") == "best" else "newest",
        source=args.get("source") or None,
        language=args.get("language") or None,
        topic=args.get("topic") or None,
        entity=args.get("entity") or None,
        first=_read_day(args.get("from")),
        last=_read_day(args.get("to")),
        before_id=read_cursor(args),
    )


def _read_day(text: str | None) -> str | None:
    day = read_day((text or "").strip())
    return day.isoformat() if day else None


def prepare_connection(connection: sqlite3.Connection, *, private_bodies: bool = False) -> None:
    """Adds the functions that the statements of a search call; ``sought`` makes of an expression what is asked."""
    connection.create_function("answers", 3, answers, deterministic=True)
    connection.create_function("sought", 1, scatter if private_bodies else str, deterministic=True)


def bind_question(question: Question) -> dict[str, Any]:
    """Returns what the statements of a search bind of a question, as `bind_search` does where no index is asked."""
    return {
        "match": question.match,
        "wider": question.match,
        "before_id": question.before_id,
        **{attribute: getattr(question, attribute) for attribute in FILTERS.values()},
        "horizon": 0,
    }


async def bind_search(db: Database, question: Question, limit_ms: int | None = None) -> dict[str, Any]:
    """Returns what the statements of a search bind. ``wider`` is what the index is asked: where it is not ``match``
    itself, each of its hits is looked at. ``horizon`` is the id beyond which the newest `LOOKED_AT` hits lie, 0 where
    there are no more or none is looked at.

    Private bodies cannot be looked at: there, long beginnings take as long as the index needs.
    """
    values = bind_question(question)
    wider = widen(question.match)
    if wider != question.match and (horizon := await _find_horizon(db, question, wider, limit_ms)):
        tried = {"wider": wider, "match": question.match, "tried": TRIED}
        if (await _ask(db, search_queries.SHARE, tried, limit_ms))[0]["n"] >= WIDE_SHARE * TRIED:
            return {**values, "wider": wider, "horizon": horizon}
    if question.filters:
        values["horizon"] = await _find_horizon(db, question, question.match, limit_ms)
    return values


async def _find_horizon(db: Database, question: Question, wider: str, limit_ms: int | None) -> int:
    place = {"wider": wider, "before_id": question.before_id, "looked_at": LOOKED_AT}
    return int((await _ask(db, search_queries.HORIZON, place, limit_ms))[0]["id"])


async def search_archive(db: Database, question: Question, limit_ms: int | None = None) -> Results:
    """Returns the articles that answer a question, newest or best first. Never raises for what a reader typed.

    ``limit_ms``: time for one query, milliseconds; None takes the limit of ``datasette.yaml``.
    """
    if not question.match:
        return Results(question)
    try:
        values = await bind_search(db, question, limit_ms)
        looks = bool(question.filters) or values["wider"] != question.match
        if question.order == "best" and values["wider"] != question.match:
            return await _show_unranked(db, question, limit_ms)
        values["limit"] = PAGE_SIZE + 1 if question.order == "newest" else PAGE_SIZE
        values["counted"] = 0 if looks or question.before_id < LAST_ID else MOST_COUNTED + 1
        sql = search_queries.NEWEST if question.order == "newest" else search_queries.BEST
        rows = await _ask(db, sql, values, limit_ms)
        n = None if looks else await _count_all(db, question, rows, limit_ms)
        words = () if rows else await _explain(db, question, limit_ms)
        present = " ".join(word for word in question.text.split() if word in {known for known, n in words if n})
        if words and not words[0][1] and present:
            fewer = replace(question, text=present, match=match_expression(present, question.language))
            found = await search_archive(db, fewer, limit_ms)
            return replace(found, question=question, words=found.words or words, instead=present)
    except QueryInterrupted:
        if question.order == "best":
            return await _show_unranked(db, question, limit_ms)
        return Results(question, trouble="This search takes too long. Try a rarer word, or fewer filters.")
    except (sqlite3.DatabaseError, UnicodeEncodeError):
        return Results(question, trouble="This search cannot be understood. Try plain words.")
    shown = rows[:PAGE_SIZE]
    more = shown[-1]["id"] if len(rows) > PAGE_SIZE else None
    stopped = more is None and question.order == "newest" and values["horizon"] > 0
    return Results(
        question,
        tuple(_present(question.match, row) for row in shown),
        n,
        next_before=values["horizon"] + 1 if stopped else more,
        stopped=stopped,
        words=words,
    )


async def _show_unranked(db: Database, question: Question, limit_ms: int | None) -> Results:
    newest = await search_archive(db, replace(question, order="newest"), limit_ms)
    return newest if newest.trouble else replace(newest, question=question, unranked=True)


async def _ask(db: Database, sql: str, values: Mapping[str, object], limit_ms: int | None) -> list[Any]:
    try:
        return list((await db.execute(sql, values, custom_time_limit=limit_ms)).rows)
    except sqlite3.OperationalError as error:
        if was_interrupted(error):
            raise QueryInterrupted(error, sql, values) from error
        raise


async def _explain(db: Database, question: Question, limit_ms: int | None) -> tuple[tuple[str, int], ...]:
    """Returns in how many articles each word of a question is, at most `MOST_COUNTED` + 1, the rarest first."""
    words = dict.fromkeys(question.text.split())
    asked = [(word, match) for word in words if (match := match_expression(word, question.language))][:WORDS_EXPLAINED]
    counted = [(word, await _count(db, match, limit_ms)) for word, match in asked]
    return tuple(sorted(counted, key=lambda pair: pair[1]))


async def _count(db: Database, match: str, limit_ms: int | None) -> int:
    return int((await _ask(db, search_queries.COUNT, {"match": match}, limit_ms))[0]["n"])


async def _count_all(db: Database, question: Question, rows: list[Any], limit_ms: int | None) -> int:
    """Returns how many articles answer, at most `MOST_COUNTED` + 1."""
    if question.order == "newest" and question.before_id < LAST_ID:
        return await _count(db, question.match, limit_ms)
    return min(int(rows[0]["n"]), MOST_COUNTED + 1) if rows else 0


def _present(match: str, row: Any) -> Hit:
    body = (row["body"] or "")[:EXCERPT_REACH]
    forms = find_forms(match, row["title"], body)
    return Hit(row, mark_words(row["title"], forms), cut_excerpt(body, forms))
