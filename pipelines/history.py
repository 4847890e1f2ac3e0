"""The texts of one article in the order of time: what a capture of a known page adds, whenever it arrives.

A live page is the latest capture. Archives are imported in any order, and captures stand in a file in any order: an
earlier text finds its place among those that are known, and leaves the current one alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlite_utils import Database

from db.records import SignedArticle
from db.revisions import Revision, note_capture, read_revisions, write_revisions
from db.store import Change, Stored
from pipelines.revision import compare


@dataclass(frozen=True, slots=True)
class Version:
    """A text of an article, and its latest sight."""

    title: str
    body: str
    content_hash: str
    seen_at: str


@dataclass(frozen=True, slots=True)
class History:
    """The texts of an article."""

    revisions: tuple[Revision, ...]
    """What was replaced, and cuts that replaced nothing, in the order of time."""
    current: Version
    first_seen_at: str

    @property
    def standing(self) -> list[Revision]:
        """Returns the revisions that were current once."""
        return [one for one in self.revisions if one.change.kind != "truncated"]

    @property
    def current_since(self) -> str:
        """Returns when the current text took the place of the one before it."""
        return self.standing[-1].seen_at if self.standing else self.first_seen_at


@dataclass(frozen=True, slots=True)
class Told:
    """What a capture came to."""

    is_news: bool
    """Whether its text is one that was not seen before."""
    is_current: bool
    """Whether its text is the current one now and was not before."""
    is_read: bool
    """Whether it shows the current text."""


def place_capture(db: Database, stored: Stored, signed: SignedArticle, seen_at: str) -> Told:
    """Writes what a capture of a stored article makes of its history; writing a text that became current is left to the
    caller. Call inside a transaction."""
    current = Version(stored.title, stored.body, stored.content_hash, stored.captured_at)
    before = History(tuple(read_revisions(db, stored.id)), current, stored.first_seen_at)
    capture = Version(signed.article.title, signed.article.body, signed.content_hash, seen_at)
    after = add_capture(before, capture)
    is_current = after.current is capture
    is_changed = is_current or len(after.revisions) > len(before.revisions)
    is_news = is_changed and not _is_kept((*before.revisions, current), capture)
    write_revisions(db, stored.id, before.revisions, after.revisions)
    updated_at = seen_at if is_current and is_news else None
    if not is_changed and stored.updated_at == before.current_since:
        updated_at = after.current_since  # it was there earlier than was known
    note_capture(db, stored.id, seen_at, captured_at=after.current.seen_at, updated_at=updated_at)
    return Told(is_news, is_current, after.current is not current)


def add_capture(history: History, capture: Version) -> History:
    """Returns the history with a capture in its place; its ``current`` is the capture itself where that is current now.

    Each text is kept once: a cache may serve two in turn. A cut (``truncated``: a wall came up, the extractor failed)
    is kept and never replaces a whole text.
    """
    if capture.seen_at < history.current.seen_at:
        return _add_earlier(history, capture)
    into = _compare(history.current, capture)
    if into is None:
        return replace(history, current=replace(history.current, seen_at=capture.seen_at))
    if into.kind == "truncated":
        return replace(history, revisions=_with(history.revisions, capture, capture.seen_at, into))
    revisions = _with(history.revisions, history.current, capture.seen_at, into)
    return replace(history, revisions=revisions, current=capture)


def _add_earlier(history: History, capture: Version) -> History:
    """Returns the history with a capture that was seen before the latest sight of the current text.

    One like the text after it moves the moment of that change. Any other ends the text before it and lasts until the
    text after it, passing over those that are cuts of it; where the current text is one, the capture is current.
    """
    standing, current = history.standing, history.current
    texts: list[Revision | Version] = [*standing, current]
    place = bisect_right([one.seen_at for one in standing], capture.seen_at)
    before = texts[place] if capture.seen_at >= history.first_seen_at else None
    since = [history.first_seen_at, *(one.seen_at for one in standing), current.seen_at]
    place += before is not None
    history = replace(history, first_seen_at=min(history.first_seen_at, capture.seen_at))
    into = _compare(before, capture) if before else None
    if before and into is None:
        return history
    revisions = tuple(one for one in history.revisions if one is not before)
    onward = _compare(capture, texts[min(place, len(standing))])
    if into and into.kind == "truncated":
        return replace(history, revisions=_with(history.revisions, capture, capture.seen_at, into))
    while onward and onward.kind == "truncated" and place < len(standing):
        cut = standing[place]
        revisions = _with((one for one in revisions if one is not cut), cut, since[place], onward)
        place += 1
        onward = _compare(capture, texts[place])
    if onward and _is_kept(history.revisions, capture):
        return history
    if before and into:
        revisions = _with(revisions, before, capture.seen_at, into)
    if onward is None:
        return replace(history, revisions=revisions)
    if onward.kind == "truncated":
        return replace(history, revisions=_with(revisions, current, since[place], onward), current=capture)
    return replace(history, revisions=_with(revisions, capture, since[place], onward))


def _compare(old: Revision | Version, new: Revision | Version) -> Change | None:
    """The change from one text to another, None where it is worth no revision."""
    change = compare(old.title, old.body, new.title, new.body)
    return None if change is None or change.kind == "cosmetic" else change


def _with(
    revisions: Iterable[Revision], text: Revision | Version, seen_at: str, change: Change
) -> tuple[Revision, ...]:
    """Revisions with one more, in the order of time; one that is kept already is not added."""
    known = tuple(revisions)
    if _is_kept(known, text):
        return known
    added = Revision(text.title, text.body, text.content_hash, seen_at, change)
    return tuple(sorted((*known, added), key=lambda one: one.seen_at))


def _is_kept(texts: Iterable[Revision | Version], text: Revision | Version) -> bool:
    """Whether a text is one of those that are kept, but for case and punctuation of its body."""
    return any((one.title, one.content_hash) == (text.title, text.content_hash) for one in texts)
