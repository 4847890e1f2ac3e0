"""Lists as CSV and JSON, and the validators of an answer. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256
from typing import Any

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A spreadsheet takes a cell that begins so for a formula (https://owasp.org/www-community/attacks/CSV_Injection)."""


def guard_cell(value: object) -> object:
    """Returns a cell that no spreadsheet runs: text that begins like a formula gets an apostrophe before it.

    Numbers stay numbers; lists and objects become JSON.
    """
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "")  # it would end the text for many a reader, and hide what comes first from others
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Returns a CSV document (RFC 4180, UTF-8, head line first) of guarded cells; NULL is an empty cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([guard_cell(column) for column in columns])
    for row in rows:
        writer.writerow([guard_cell(cell) for cell in row])
    return text.getvalue().encode("utf-8", "replace")


def write_json(value: Mapping[str, Any]) -> bytes:
    """Returns a JSON document in UTF-8, letters as they are."""
    try:
        return json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:  # a lone surrogate
        return json.dumps(value, default=str).encode()


@dataclass(frozen=True, slots=True)
class Validators:
    """What a reader sends back to ask whether anything changed (RFC 9110, section 8.8)."""

    etag: str
    last_modified: str | None

    def headers(self) -> dict[str, str]:
        """Returns them as headers."""
        return {"etag": self.etag, **({"last-modified": self.last_modified} if self.last_modified else {})}


def sign_body(body: bytes, changed_at: datetime | None = None) -> Validators:
    """Returns the validators of a document that last changed at a moment, if that is known."""
    stamp = format_datetime(changed_at.astimezone(UTC).replace(microsecond=0), usegmt=True) if changed_at else None
    return Validators(f'"{sha256(body).hexdigest()[:20]}"', stamp)


def is_unchanged(validators: Validators, none_match: str | None, modified_since: str | None) -> bool:
    """Tells whether the reader has this version already: its ETags decide, else its date (RFC 9110)."""
    if none_match is not None:
        known = [tag.strip().removeprefix("W/") for tag in none_match.split(",")]
        return "*" in known or validators.etag in known
    if modified_since is None or validators.last_modified is None:
        return False
    try:
        return parsedate_to_datetime(validators.last_modified) <= parsedate_to_datetime(modified_since)
    except (TypeError, ValueError):
        return False
