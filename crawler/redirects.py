"""Where a redirect leads a piece of work next: each hop is asked for in its host's own turn, as any link is."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar
from urllib.parse import urljoin

from db.records import PendingLink, Seed
from db.urls import host_of, normalise

REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""RFC 9110 section 15.4: the answers that name another address to ask (300 and 304 do not)."""
_PERMANENT = (301, 308)


class RedirectUnusable(Exception):
    """A redirect leads nowhere; the text says why."""


W = TypeVar("W", bound=Seed | PendingLink)


def follow_redirect(work: W, url: str, status: int, location: bytes | None, hops_max: int) -> W:
    """Returns a piece of work as it stands after a redirect: at its target, which is asked of the target's host.

    ``url`` answered with ``status`` and ``location``. Raises `RedirectUnusable` where there is no target that can be
    fetched, where redirects go in a circle, and after ``hops_max`` of them.
    """
    target = read_location(url, location)
    if target is None:
        raise RedirectUnusable("redirect without a target")
    if target in (normalise(work.url) or work.url, *work.hops):
        raise RedirectUnusable(f"redirects in a circle, back to {target}"[:300])
    if len(work.hops) >= hops_max:
        raise RedirectUnusable("too many redirects")
    hops, host = (*work.hops, target), host_of(target)
    if isinstance(work, PendingLink):
        return replace(work, hops=hops, host=host)
    so_far = not work.hops or work.moved_to is not None
    return replace(work, hops=hops, host=host, moved_to=target if so_far and status in _PERMANENT else None)


def read_location(url: str, location: bytes | None) -> str | None:
    """Returns the absolute, normalised target of a ``Location`` header, or None where it names none to fetch.

    Relative ones are joined to the URL that answered (RFC 9110 section 10.2.2). Servers write UTF-8 as it is.
    """
    if not location or not location.strip():
        return None
    try:
        text = location.decode("utf-8")
    except UnicodeDecodeError:
        text = location.decode("latin-1")
    try:
        return normalise(urljoin(url, text.strip()))
    except ValueError:
        return None
