"""Addresses beside the pages: each list as a feed, JSON or CSV with validators; tables as guarded CSV."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette import NotFound, Response

from db.connection import from_text
from db.site import export_queries as sql
from db.site.exports import is_unchanged, sign_body, write_csv, write_json
from db.site.feeds import MEDIA_TYPE, Entry, Feed, mint_tag, render_feed
from db.site.listings import KINDS, MOST_ROWS, PAGE_ROWS, SHEET_ROWS, Listing, read_listing
from db.site.wording import read_names, safe_href

FEED_REACH = 50
"""Newest articles that a feed's stories are taken from: copies of one story are one entry."""
NUMBER = "[1-9][0-9]{0,17}"
"""An id as an address writes it: one way each, and no more digits than SQLite's integers hold for sure."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
View = Callable[..., Awaitable[Response]]


def list_routes() -> list[tuple[str, View]]:
    """Returns the routes, for Datasette's ``register_routes``."""
    keys = {"entity": r"/(?P<topic>[^/.]+)/(?P<slug>[^/.]+)", "story": rf"/(?P<id>{NUMBER})"}
    routes: list[tuple[str, View]] = []
    for name, kind in KINDS.items():
        key = keys.get(name, r"/(?P<id>[^/.]+)" if kind.title_statement else "")
        formats = "atom|json|csv" if kind.has_feed else "json|csv"
        routes.append((rf"/{name}{key}\.(?P<format>{formats})$", _view_of(name)))
    routes.append((rf"/article/(?P<id>{NUMBER})\.json$", answer_article))
    table = r"/(?!static/|-/)(?P<database>[^/.]+)/(?P<table>[^/.]+)(?:/(?P<pks>[^/.]+))?"
    routes.append((rf"{table}\.csv$", answer_table_csv))
    routes.append((rf"{table}\.(?!json$)[^/.]+$", answer_nothing))
    return routes


def _view_of(name: str) -> View:
    async def answer_listing(request: Any, datasette: Any) -> Response:
        keys = dict(request.url_vars)
        form = keys.pop("format")
        size = FEED_REACH if form == "atom" else _read_size(request.args.get("size"), form)
        args = {key: request.args[key] for key in request.args}
        listing = await read_listing(datasette.get_database(), name, keys, args, size)
        if listing is None:
            raise NotFound(f"There is no {name} {'/'.join(keys.values())}")
        if form == "atom":
            return await _answer_feed(request, datasette, listing)
        following = f"{request.path}?{listing.next_query}" if listing.next_query else None
        link = {"link": f'<{datasette.absolute_url(request, following)}>; rel="next"'} if following else {}
        if form == "csv":
            body = write_csv(listing.columns, [list(row.values()) for row in listing.rows])
            link |= _name_file(name, len(listing.rows), cut=following is not None)
            return _answer(request, body, "text/csv; charset=utf-8; header=present", link)
        url = datasette.absolute_url(request, following) if following else None
        page = datasette.absolute_url(request, datasette.urls.path(listing.page))
        document = {"title": listing.title, "page": page, "n": listing.n, "next": url, "rows": list(listing.rows)}
        body = write_json(document)
        return _answer(request, body, "application/json; charset=utf-8", link)

    return answer_listing


def _read_size(text: str | None, form: str) -> int:
    usual, most = (SHEET_ROWS, SHEET_ROWS) if form == "csv" else (PAGE_ROWS, MOST_ROWS)
    # Nine digits say more than enough; Python refuses to read thousands of them.
    return min(max(int(text[:9]), 1), most) if text and text.isascii() and text.isdigit() else usual


def _name_file(name: str, n: int, *, cut: bool) -> dict[str, str]:
    """Returns the header that names a CSV document; a name tells where it was cut, for who sees no other header."""
    whole = f"{name}-{n}-rows-and-more" if cut else name
    return {"content-disposition": f'attachment; filename="{whole}.csv"'}


def _answer(
    request: Any, body: bytes, media_type: str, headers: Mapping[str, str], changed_at: datetime | None = None
) -> Response:
    """Returns the document, or 304 for a reader that has it."""
    validators = sign_body(body, changed_at)
    sent = {**headers, **validators.headers(), "cache-control": "no-cache"}  # to be kept, and asked for each time
    if is_unchanged(validators, request.headers.get("if-none-match"), request.headers.get("if-modified-since")):
        return Response(b"", status=304, headers=sent, content_type=media_type)
    return Response(body, headers=sent, content_type=media_type)


def _moment(text: str | None) -> datetime | None:
    try:
        moment = from_text(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _stamp(*texts: str | None, default: datetime) -> datetime:
    """Returns the latest of the stored times that are times."""
    return max((moment for text in texts if (moment := _moment(text))), default=default)


async def _answer_feed(request: Any, datasette: Any, listing: Listing) -> Response:
    db = datasette.get_database()
    born_text = str((await db.execute(sql.ARCHIVE_BORN)).rows[0]["born"])
    born = _moment(born_text) or _EPOCH
    archive = sha256(born_text.encode()).hexdigest()[:12]

    def tag(*path: str) -> str:
        return mint_tag(archive, f"{born:%Y-%m-%d}", *path)

    stories = list(dict.fromkeys(row["story_id"] for row in listing.rows if row["story_id"] is not None))
    leads = (await db.execute(sql.LEADS, {"ids": json.dumps(stories)}, truncate=False)).rows
    entries = [
        Entry(
            id=tag("story", str(row["story_id"])),
            title=row["title"],
            url=datasette.absolute_url(request, datasette.urls.path(f"/story/{row['story_id']}")),
            updated=_say(_stamp(row["updated_at"], row["first_seen_at"], default=born)),
            published=_say(moment) if (moment := _moment(row["first_published_at"])) else None,
            original_url=safe_href(row["url"]),
            authors=read_names(row["authors"]),
            outlet=row["source_name"],
            summary=row["summary"] or "",
            language=row["language"],
        )
        for row in leads
    ]
    changed_at = max((moment for entry in entries if (moment := _moment(entry.updated))), default=born)
    query = f"?{request.query_string}" if request.query_string else ""
    feed = Feed(
        id=tag(*listing.place),
        title=listing.title,
        self_url=datasette.absolute_url(request, f"{request.path}{query}"),
        page_url=datasette.absolute_url(request, datasette.urls.path(listing.page)),
        updated=_say(changed_at),
        entries=entries,
    )
    return _answer(request, render_feed(feed), MEDIA_TYPE, {}, changed_at)


def _say(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def answer_article(request: Any, datasette: Any) -> Response:
    """Answers ``/article/ID.json``: one article with its text (its beginning alone where bodies are private)."""
    rows = (await datasette.get_database().execute(sql.ARTICLE, {"id": int(request.url_vars["id"])})).rows
    if not rows:
        raise NotFound(f"There is no article {request.url_vars['id']}")
    row = dict(zip(rows[0].keys(), tuple(rows[0]), strict=True))
    row["authors"] = read_names(row["authors"])
    return _answer(request, write_json(row), "application/json; charset=utf-8", {})


async def answer_table_csv(request: Any, datasette: Any) -> Response:
    """Answers Datasette's addresses of tables and rows as CSV, from its own JSON of the same address.

    Its own CSV leaves cells as they are, formulas too. `SHEET_ROWS` rows, or those of the page that ``_size`` asks for;
    ``_next`` leads on.
    """
    asked = [(key, value) for key, value in parse_qsl(request.query_string, keep_blank_values=True)
             if key not in _SHAPING]  # fmt: skip
    labels = [("_labels", "on")] if request.args.get("_labels") == "on" else []
    size = [] if request.args.get("_size") else [("_size", "max")]
    path = request.path.removesuffix(".csv").removeprefix(datasette.setting("base_url").rstrip("/"))
    shape = [*labels, *size, ("_shape", "arrays"), ("_extra", "columns"), ("_nofacet", "1")]
    rows: list[list[object]] = []
    following: str | None = None
    while True:
        answer = await datasette.client.get(f"{path}.json?{urlencode([*asked, *shape])}", follow_redirects=False)
        found = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        if answer.status_code != 200 or "columns" not in found:
            status = answer.status_code if answer.status_code >= 400 else 404
            kept = {name: answer.headers[name] for name in ("retry-after", "cache-control") if name in answer.headers}
            return Response.text(f"{found.get('error') or 'There is no such table'}\n", status=status, headers=kept)
        rows += found["rows"]
        following = found.get("next")
        asked = [
            *[(key, value) for key, value in asked if key != "_next"],
            *([("_next", following)] if following else []),
        ]
        if not following or not size or len(rows) >= SHEET_ROWS:
            break
    headers = _name_file(request.url_vars["table"], len(rows), cut=bool(following))
    if following:
        url = datasette.absolute_url(request, f"{request.path}?{urlencode([*asked, *labels])}")
        headers["link"] = f'<{url}>; rel="next"'
    return _answer(request, write_csv(found["columns"], rows), "text/csv; charset=utf-8; header=present", headers)


_SHAPING = ("_shape", "_extra", "_stream", "_trace", "_dl", "_header", "_nl", "_labels", "_nofacet", "_facet")
"""Parameters of a table's address that say how rows are written, not which."""


async def answer_nothing() -> Response:
    """Answers a table in a form that there is not: Datasette would fail."""
    raise NotFound("There is no page at this address.")
