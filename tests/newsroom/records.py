"""The frozen records of the embedded newsroom: outlets, what they link to, and what they answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

EntryKind = Literal["article", "live", "paywalled", "gallery", "hub", "soft_404", "missing", "removed"]
Fate = Literal["article", "duplicate_url", "not_article", "blocked_by_robots", "paywalled", "gone"]

FATE_OF_KIND: dict[EntryKind, Fate] = {
    "article": "article",
    "live": "article",
    "paywalled": "paywalled",
    "gallery": "not_article",
    "hub": "not_article",
    "soft_404": "not_article",
    "missing": "gone",
    "removed": "gone",
}


def format_utc(moment: datetime) -> str:
    """Returns an aware moment as ISO-8601 in UTC with a trailing ``Z``, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Update:
    """One entry of a live blog."""

    at: datetime
    headline: str
    text: str
    stage: int


@dataclass(frozen=True, slots=True)
class Variant:
    """Another address of one article: an AMP page, a print view, tracker parameters or a redirect."""

    path: str
    kind: Literal["amp", "print", "tracker", "redirect"]
    seeds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """Anything an outlet's seeds link to. ``published`` keeps the outlet's own zone."""

    path: str
    kind: EntryKind
    title: str
    published: datetime
    authors: tuple[str, ...]
    paragraphs: tuple[str, ...]
    """With light markup: ``[text](/path)`` links, ``## `` sub-headings and ``> `` quotations."""
    on_topic: bool
    section: str
    stage: int
    seeds: tuple[str, ...]
    """Paths of the seeds that mention it; never empty."""
    caption: str
    modified: datetime | None = None
    correction: tuple[tuple[str, str], ...] = ()
    """(old, new) wordings that replace each other in stage 2; ("", note) appends a paragraph."""
    wire: str | None = None
    series: str | None = None
    variants: tuple[Variant, ...] = ()
    updates: tuple[Update, ...] = ()

    def at_stage(self, stage: int) -> Entry:
        """Returns the entry as readers see it in a stage: corrected and with the updates known by then."""
        updates = tuple(update for update in self.updates if update.stage <= stage)
        if updates:
            return replace(self, updates=updates, modified=max(update.at for update in updates))
        if stage < 2 or not self.correction:
            return replace(self, modified=None if self.correction else self.modified)
        paragraphs = list(self.paragraphs)
        for old, new in self.correction:
            paragraphs = [text.replace(old, new) for text in paragraphs] if old else [*paragraphs, new]
        return replace(self, paragraphs=tuple(paragraphs))

    @property
    def changed(self) -> datetime:
        """The moment of the last change known."""
        return self.modified or self.published


@dataclass(frozen=True, slots=True)
class Seed:
    """One polled address of an outlet."""

    path: str
    kind: Literal["feed", "sitemap", "section"]
    dialect: str
    title: str
    host: str
    full_text: bool = False
    bad_links: tuple[str, ...] = ()
    listed: bool = True
    """False for a sitemap that only its index names."""

    @property
    def url(self) -> str:
        """The seed's absolute URL."""
        return f"http://{self.host}{self.path}"


@dataclass(frozen=True, slots=True)
class Outlet:
    """One invented outlet: its identity, its manners and everything it ever publishes."""

    id: str
    name: str
    host: str
    country: str
    language: str
    robots_status: int
    robots: str
    charset: str
    declares_charset: bool
    gzip: bool
    json_ld: Literal["graph", "article", "none"]
    listing_item: str
    strings: dict[str, str]
    seeds: tuple[Seed, ...]
    entries: tuple[Entry, ...]
    template: str

    @property
    def home(self) -> str:
        """The front page's URL."""
        return f"http://{self.host}/"

    @property
    def right_to_left(self) -> bool:
        """Whether the outlet's script runs from right to left."""
        return self.language in {"fa", "ps", "ar", "ur"}

    def url(self, path: str) -> str:
        """Returns the absolute URL of a path of this outlet."""
        return f"http://{self.host}{path}"

    def forbids(self, path: str) -> bool:
        """Tells whether the outlet's robots.txt keeps a path from crawlers."""
        if self.robots_status >= 500:
            return True
        rules = [line.partition(":")[2].strip() for line in self.robots.splitlines() if line.startswith("Disallow:")]
        return self.robots_status == 200 and any(rule and path.startswith(rule) for rule in rules)

    def entries_at(self, stage: int) -> list[Entry]:
        """Returns what is out by a stage, newest first."""
        shown = [entry.at_stage(stage) for entry in self.entries if entry.stage <= stage]
        return sorted(shown, key=lambda entry: entry.published, reverse=True)

    def mentioned(self, seed: Seed, stage: int) -> list[tuple[str, Entry]]:
        """Returns (absolute URL, entry) for each link of a seed in a stage, newest first, variants after their page."""
        links: list[tuple[str, Entry]] = []
        for entry in self.entries_at(stage):
            if seed.path in entry.seeds:
                links.append((self.url(entry.path), entry))
            links += [(self.url(v.path), entry) for v in entry.variants if seed.path in v.seeds]
        return links


@dataclass(frozen=True, slots=True)
class Answer:
    """What the newsroom says to one request, before content coding."""

    status: int
    body: bytes
    content_type: str
    last_modified: datetime | None = None
    headers: tuple[tuple[str, str], ...] = ()
    gzip: bool = False
