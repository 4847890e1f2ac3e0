"""The one plugin of the site: what templates may call, and the headers. The work is in ``db.site``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from datasette import NotFound, Response, hookimpl
from datasette.utils import tilde_decode, tilde_encode
from jinja2 import Environment

from db.connection import from_text, to_text, utc_now
from db.plurals import plural, say_count, say_number
from db.reports import silent_before
from db.schema import DESCRIPTIONS
from db.site import FOLDER, busy, drawing, headers, privacy, queries, raw_pages, routes, searching, wording

_STYLE_VERSION = sha256((FOLDER / "static" / "parley.css").read_bytes()).hexdigest()[:8]
"""In the address of the style sheet, so that browsers never show a page with last month's."""

_FILTERS = {
    "day": wording.say_day,
    "moment": wording.say_time,
    "ago": wording.say_ago,
    "number": say_number,
    "count_to": say_count,
    "duration": wording.say_duration,
    "plural": plural,
    "href": wording.safe_href,
    "host": wording.host_of,
    "paragraphs": wording.split_paragraphs,
    "names": wording.read_names,
    "reasons": wording.explain_reasons,
    "verdict": wording.say_verdict,
    "example": wording.write_example,
    "filename": wording.file_name,
    "origin": wording.say_origin,
    "relation": wording.say_relation,
    "counters": wording.say_counters,
    # Datasette redirects percent signs in paths to its own escapes (~D8), so ids travel in those.
    "tilde": tilde_encode,
    # An address may spell the name of a template, `/topic/{id}`: then there is no part to read.
    "untilde": lambda part: tilde_decode(str(part)),
    "record_id": wording.read_id,
}


@hookimpl  # type: ignore[untyped-decorator]
def prepare_jinja2_environment(env: Environment) -> None:
    """Adds the filters of `db.site.wording`."""
    env.filters.update(_FILTERS)


@hookimpl  # type: ignore[untyped-decorator]
def extra_template_vars(datasette: Any) -> dict[str, Any]:
    """Adds the queries, the clock, the search and the drawings."""
    now = utc_now()

    async def run_search(args: Any) -> searching.Results:
        return await searching.search_archive(datasette.get_database(), searching.read_request(args))

    return {
        "queries": queries,
        "raw_pages": _archive_folder(datasette) is not None,
        "archive_name": datasette.get_database().name,
        "described": {table: wording.strip_markdown(doc.text) for table, doc in DESCRIPTIONS.items()},
        "now": now,
        "clock": {
            "now": now,
            "day_ago": to_text(from_text(now) - timedelta(days=1)),
            "week_ago": to_text(from_text(now) - timedelta(days=7)),
            "silent_before": silent_before(now),
        },
        "style_version": _STYLE_VERSION,
        "read_cursor": searching.read_cursor,
        "last_id": searching.LAST_ID,
        "looked_at": searching.LOOKED_AT,
        "units": drawing.UNITS,
        "took": wording.seconds_between,
        "most_counted": searching.MOST_COUNTED,
        "draw_timeline": drawing.draw_timeline,
        "draw_lanes": drawing.draw_lanes,
        "draw_sparks": drawing.draw_sparks,
        "days_before": drawing.days_before,
        "days_between": drawing.days_between,
        "compare_texts": wording.compare_texts,
        "run_search": run_search,
        "private_bodies": _is_private(datasette),
    }


def _archive_folder(datasette: Any) -> Path | None:
    folder = (datasette.plugin_config("parley-site") or {}).get("archive")
    return Path(folder) if folder else None


async def show_raw_page(datasette: Any, request: Any) -> Response:
    """Answers with the archived bytes of an article's page: its source as plain text, which no browser runs."""
    article_id, folder = int(request.url_vars["id"]), _archive_folder(datasette)
    rows = (await datasette.get_database().execute(queries.RAW_PAGE, {"id": article_id})).rows
    if not rows or folder is None:
        raise NotFound(f"There is no article {article_id}" if not rows else "Archived pages are not shown here")
    if not rows[0]["warc_file"]:
        raise NotFound("The raw page of this article was not kept")
    extent = (rows[0][column] or 0 for column in ("warc_offset", "warc_length"))
    try:
        page = await asyncio.to_thread(raw_pages.read_raw_page, folder, rows[0]["warc_file"], *extent)
    except raw_pages.NoRawPage as error:
        raise NotFound(f"The raw page of article {article_id} cannot be shown: {error}") from error
    named = {"content-disposition": f'inline; filename="article-{article_id}.html.txt"'}
    return Response(page.body, headers=named, content_type=f"text/plain; charset={page.charset}")


@hookimpl  # type: ignore[untyped-decorator]
def prepare_connection(conn: Connection, datasette: Any) -> None:
    """Adds what searches call; keeps the texts of articles from every statement of a site with private bodies."""
    private = _is_private(datasette)
    searching.prepare_connection(conn, private_bodies=private)
    if private:
        privacy.hide_bodies(conn)


def _is_private(datasette: Any) -> bool:
    return bool((datasette.plugin_config("parley-site") or {}).get("private_bodies"))


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, routes.View]]:
    """Adds the addresses of archived pages, feeds and exports."""
    return [(rf"^/article/(?P<id>{routes.NUMBER})/raw$", show_raw_page), *routes.list_routes()]


@hookimpl  # type: ignore[untyped-decorator]
def handle_exception(exception: Exception) -> Callable[[], Awaitable[None]] | None:
    """Hands what ran out of time on to `asgi_wrapper`; Datasette would log a traceback and call it an error."""
    if not busy.was_interrupted(exception):
        return None

    async def hand_on() -> None:
        raise exception

    return hand_on


@hookimpl  # type: ignore[untyped-decorator]
def asgi_wrapper(datasette: Any) -> Callable[[headers.App], headers.App]:
    """Hardens every answer."""
    return partial(headers.wrap_app, write_busy=partial(busy.write_busy, datasette))
