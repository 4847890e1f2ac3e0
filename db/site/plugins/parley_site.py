"""The one plugin of the site: what templates may call, and the headers. The work is in ``db.site``."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from datasette import hookimpl
from datasette.utils import tilde_decode, tilde_encode
from jinja2 import Environment

from db.connection import utc_now
from db.reports import silent_before
from db.schema import DESCRIPTIONS
from db.site import FOLDER, drawing, headers, queries, searching, wording

_STYLE_VERSION = sha256((FOLDER / "static" / "parley.css").read_bytes()).hexdigest()[:8]
"""In the address of the style sheet, so that browsers never show a page with last month's."""

_FILTERS = {
    "day": wording.say_day,
    "moment": wording.say_time,
    "ago": wording.say_ago,
    "number": wording.say_number,
    "duration": wording.say_duration,
    "plural": wording.plural,
    "href": wording.safe_href,
    "host": wording.host_of,
    "paragraphs": wording.split_paragraphs,
    "names": wording.read_names,
    "reasons": wording.explain_reasons,
    # Datasette redirects percent signs in paths to its own escapes (~D8), so ids travel in those.
    "tilde": tilde_encode,
    "untilde": tilde_decode,
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
        "archive_name": datasette.get_database().name,
        "described": {table: doc.text.replace("`", "") for table, doc in DESCRIPTIONS.items()},
        "now": now,
        "silent_before": silent_before(now),
        "style_version": _STYLE_VERSION,
        "read_cursor": searching.read_cursor,
        "last_id": searching.LAST_ID,
        "most_counted": searching.MOST_COUNTED,
        "draw_timeline": drawing.draw_timeline,
        "compare_texts": wording.compare_texts,
        "run_search": run_search,
    }


@hookimpl  # type: ignore[untyped-decorator]
def asgi_wrapper() -> Any:
    """Hardens every answer."""
    return headers.wrap_app
