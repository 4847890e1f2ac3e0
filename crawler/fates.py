"""What an answer, or the lack of one, means for a link: its fate, or when to try again."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotSupported,
    ResponseDataLossError,
)

from crawler.guard import Refused, was_refused
from crawler.politeness import (
    ROBOTS_RETRY_SECONDS,
    BlockedByRobots,
    RobotsUnavailable,
    after,
    parse_retry_after,
)
from db.records import Fate

if TYPE_CHECKING:
    from scrapy.http import Response

_DISK_ERRNOS = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EROFS,
    errno.EIO,
    errno.EACCES,
    errno.EPERM,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EEXIST,
)
_READABLE = ("html", "xml", "text/plain", "application/octet-stream")


RETRY_FIRST_SECONDS = 600
RETRY_MAX_SECONDS = 12 * 3600


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a link whose request brought no page."""

    fate: Fate
    """The fate when it is final, or once the tries are used up."""
    reason: str
    retry_at: Callable[[int], str] | None = None
    """Moment of the next try, from the number of tries so far; None: the fate is final."""
    counts: bool = True
    """Whether this was a try of the link's own; a host that asks for patience is not the link's failure."""
    hold_seconds: float | None = None
    """Leave the whole host alone this long; 0: for a growing while; None: do not."""
    sent: bool = True
    """Whether a request left this machine."""


def judge_status(response: Response) -> Verdict | None:
    """Returns what an answer's status and type mean for a link, or None where it is a page to read."""
    status = response.status
    if status in (200, 203, 206):
        kind = (response.headers.get("Content-Type") or b"text/html").decode("latin-1").lower()
        if any(word in kind for word in _READABLE):
            return None
        return Verdict("not_article", f"content type {kind.partition(';')[0].strip()}")
    if status in (404, 410):
        return Verdict("gone", f"HTTP {status}")
    if status == 402:
        return Verdict("paywalled", "HTTP 402")
    if status in (429, 503):
        asked = parse_retry_after(_header(response, "Retry-After"), datetime.now(UTC))
        if not asked:
            return Verdict("failed", f"HTTP {status}", _later, hold_seconds=0.0)
        return Verdict("failed", f"HTTP {status}", lambda _: after(asked), counts=False, hold_seconds=asked)
    if status >= 500:  # the server's trouble, so the host rests; else its whole queue is burnt at one a second
        return Verdict("failed", f"HTTP {status}", _later, hold_seconds=0.0)
    if status == 408:
        return Verdict("failed", f"HTTP {status}", _later)
    if status in (401, 403, 451):
        return Verdict("refused", f"HTTP {status}", _later)
    return Verdict("failed", f"HTTP {status}")


def judge_failure(error: BaseException, url: str) -> Verdict:
    """Returns what a request that brought no answer means for a link."""
    if isinstance(error, BlockedByRobots):
        return Verdict("blocked_by_robots", str(error), sent=False)
    if isinstance(error, RobotsUnavailable):
        return Verdict(
            "blocked_by_robots",
            str(error),
            lambda _: after(ROBOTS_RETRY_SECONDS),
            counts=False,
            hold_seconds=ROBOTS_RETRY_SECONDS,
            sent=False,
        )
    if isinstance(error, Refused):
        return Verdict("refused", str(error), sent=False)
    if isinstance(error, NotSupported):
        return Verdict("refused", "this kind of address is not fetched", sent=False)
    if isinstance(error, DownloadCancelledError):
        return Verdict("failed", "the body is larger than DOWNLOAD_MAXSIZE")
    if isinstance(error, IgnoreRequest):
        if "decompress" in str(error):
            return Verdict("failed", "the body is larger than DOWNLOAD_MAXSIZE once decompressed")
        return Verdict("failed", str(error))
    if isinstance(error, CannotResolveHostError):
        if was_refused(url):
            return Verdict("refused", "the host's name points to an address that is not on the public internet")
        return Verdict("failed", "the host's name cannot be resolved", _later, hold_seconds=0.0)
    if isinstance(error, DownloadTimeoutError):
        return Verdict("failed", "the answer took longer than DOWNLOAD_TIMEOUT", _later)
    return Verdict("failed", describe_failure(error), _later, hold_seconds=0.0)


def is_disk_trouble(error: BaseException) -> bool:
    """Returns whether a request failed because its answer could not be written here; no outlet is to blame for it."""
    return isinstance(error, sqlite3.Error) or (isinstance(error, OSError) and error.errno in _DISK_ERRNOS)


def describe_failure(error: BaseException) -> str:
    """Returns in words a person understands why a request brought no answer, 200 characters at most."""
    if isinstance(error, DownloadConnectionRefusedError):
        return "the host refuses connections"
    if isinstance(error, ResponseDataLossError):
        return "the answer broke off before its end"
    # Twisted wraps what happened in lists of failures, whose own text is of no use to anybody.
    causes = [cause for arg in error.args if isinstance(arg, list | tuple) for cause in arg]
    told = [str(getattr(cause, "value", cause)).strip() for cause in causes] or [str(error).strip()]
    words = "; ".join(dict.fromkeys(text for text in told if text and "<twisted." not in text))
    if isinstance(error, DownloadFailedError):
        return f"the connection failed: {words or 'the host broke it off'}"[:200]
    return f"{type(error).__name__}: {words}"[:200]


def retry_seconds(tries: int) -> float:
    """Returns how long a link rests after a failed try: ten minutes, then three times as long each time, to 12 hours.

    Six tries (the default of ``LINK_TRIES``) span most of a day, so an outlet's bad night loses nothing.
    """
    return min(RETRY_FIRST_SECONDS * 3.0 ** min(tries, 20), RETRY_MAX_SECONDS)


def _later(tries: int) -> str:
    return after(retry_seconds(tries))


def _header(response: Response, name: str) -> str | None:
    value = response.headers.get(name)
    return value.decode("latin-1") if value else None
