"""What a reader is told when a statement takes longer than ``sql_time_limit_ms``: to come back. It is no error."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import MutableMapping
from pathlib import PurePosixPath
from typing import Any

from datasette import Request
from datasette.database import QueryInterrupted

RETRY_AFTER_SECONDS = 5
"""By then what a cold disk gave to the first reader lies in memory for the next."""
TEXT = (
    "This takes longer than a reader should wait. Try again in a few seconds, or ask for less: a rarer word, a filter."
)


def was_interrupted(error: BaseException | None) -> bool:
    """Tells whether an error is, or was raised because of, a statement that ran out of time."""
    while error is not None:
        if isinstance(error, QueryInterrupted):
            return True
        # What SQLite says when time runs out while it opens the index of words.
        if isinstance(error, sqlite3.OperationalError) and "vtable constructor" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


async def write_busy(datasette: Any, scope: MutableMapping[str, Any]) -> tuple[str, bytes]:
    """Returns the media type and the body of the answer, in the form that the address asks for."""
    form = PurePosixPath(scope["path"]).suffix
    if form == ".json":
        document = {"ok": False, "error": TEXT, "status": 503}
        return "application/json; charset=utf-8", json.dumps(document).encode()
    if form in (".csv", ".atom"):
        return "text/plain; charset=utf-8", f"{TEXT}\n".encode()
    told = {"title": "The archive is busy", "error": TEXT, "status": 503}
    page = await datasette.render_template("error.html", told, request=Request(scope, None))
    return "text/html; charset=utf-8", page.encode()
