"""The frozen records that travel between the hops and are stored.

Times are ISO-8601 text in UTC with a trailing ``Z`` (``2018-11-09T08:30:00Z``), so that they sort as text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

SeedKind = Literal["feed", "sitemap", "section", "archive"]
SEED_KINDS: tuple[SeedKind, ...] = ("feed", "sitemap", "section", "archive")

Fate = Literal[
    "pending",
    "article",
    "duplicate_url",
    "not_article",
    "refused",
    "blocked_by_robots",
    "paywalled",
    "gone",
    "failed",
]
FATES: tuple[Fate, ...] = (
    "pending",
    "article",
    "duplicate_url",
    "not_article",
    "refused",
    "blocked_by_robots",
    "paywalled",
    "gone",
    "failed",
)


@dataclass(frozen=True, slots=True)
class Source:
    """One outlet as written in ``sources.toml``: who it is and which seeds to poll."""

    id: str
    name: str
    homepage: str | None = None
    country: str | None = None
    languages: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    enabled: bool = True
    since: str | None = None
    """Links dated before this day (``YYYY-MM-DD``) are refused without a fetch."""
    note: str | None = None

    def seeds(self) -> tuple[tuple[SeedKind, str], ...]:
        """Every (kind, URL or path) of this source, in the order of the file."""
        return (
            *(("feed", url) for url in self.feeds),
            *(("sitemap", url) for url in self.sitemaps),
            *(("section", url) for url in self.sections),
            *(("archive", url) for url in self.archives),
        )


@dataclass(frozen=True, slots=True)
class Link:
    """One URL a seed pointed to, with what the seed said about it."""

    url: str
    title_hint: str | None = None
    published_hint: str | None = None
    modified_hint: str | None = None


@dataclass(frozen=True, slots=True)
class RawRef:
    """Where the raw bytes of a fetch lie: a WARC file and the extent of one record in it, in bytes."""

    file: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Article:
    """One extracted article: clean text and merged metadata, before it has an identity in the archive."""

    url: str
    """Canonical URL claimed by the page, else the URL it was found at."""
    title: str
    body: str
    """Paragraphs joined by a blank line."""
    authors: tuple[str, ...] = ()
    published_at: str | None = None
    published_raw: str | None = None
    """The date exactly as the page wrote it."""
    published_from: str | None = None
    """Which part of the page the date came from (``json-ld``, ``meta``, ``itemprop``, ``htmldate``, ``feed`` ...)."""
    modified_at: str | None = None
    language: str | None = None
    summary: str | None = None
    image: str | None = None
    section: str | None = None
    paywalled: bool = False
    canonical: str | None = None
    """``rel=canonical`` as an absolute URL, trusted or not."""
    word_count: int = 0
    """Words of the body; scripts without spaces count a word per character."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a text is compared by, as it is stored."""

    shingles: bytes
    """A hash of 24 bits for each run of words, in order: the lowest byte of each, the next, the third."""
    numbers: bytes
    """For each number in the text 32 bits: its place among the words (upper 16) and a hash of its digits (lower 16)."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two articles that share text: how, and by which measures.

    ``article_id`` is the excerpt where one is ``contained`` in the other, else the later of both.
    """

    article_id: int
    of_article_id: int
    relation: Literal["exact", "near", "contained", "related"]
    containment: float
    number_overlap: float
    numbers_changed: int
    lead_overlap: float
    gap_days: float


@dataclass(frozen=True, slots=True)
class SignedArticle:
    """An article with all that its identity and its index need, computed off the reactor."""

    article: Article
    folded_title: str
    folded: str
    content_hash: str
    """Hash of the folded words of the body: equal for texts that differ in punctuation, case or spacing only."""
    signature: Signature


@dataclass(frozen=True, slots=True)
class Relevance:
    """How one article fares against one topic, and why."""

    topic_id: str
    topic_version: str
    score: float
    """0 to 1."""
    accepted: bool
    reasons: tuple[dict[str, Any], ...] = ()
    """One mapping per rule that spoke: ``rule``, ``forms`` as written, ``where`` (title, lead, body) and ``n`` hits."""


@dataclass(frozen=True, slots=True)
class Seed:
    """One polled address of a source with its validators and its poll schedule."""

    id: int
    source_id: str
    kind: SeedKind
    url: str
    host: str
    etag: str | None = None
    last_modified: str | None = None
    full_fetch_at: str | None = None
    polled_at: str | None = None
    interval_seconds: int = 3600
    rate_per_day: float = 0.0
    failures: int = 0
    since: str | None = None
    hops: tuple[str, ...] = field(default=(), kw_only=True)
    """Where redirects led in this run, in order; ``host`` is that of the last."""
    moved_to: str | None = field(default=None, kw_only=True)
    """Where it moved for good, when every redirect from its URL on said so (301, 308)."""

    @property
    def address(self) -> str:
        """Returns what is to be asked next: the URL, or where a redirect led."""
        return self.hops[-1] if self.hops else self.url


@dataclass(frozen=True, slots=True)
class PendingLink:
    """One link waiting to be fetched."""

    id: int
    url: str
    host: str
    seed_id: int | None = None
    title_hint: str | None = None
    published_hint: str | None = None
    tries: int = 0
    article_id: int | None = None
    """Set when the link is an article already and is asked again."""
    is_recheck: bool = field(default=False, kw_only=True)
    """Whether it is asked again by the schedule of `db.rechecks`; its fate is ``article`` meanwhile."""
    etag: str | None = field(default=None, kw_only=True)
    last_modified: str | None = field(default=None, kw_only=True)
    full_fetch_at: str | None = field(default=None, kw_only=True)
    hops: tuple[str, ...] = field(default=(), kw_only=True)
    """Where redirects led in this run, in order; ``host`` is that of the last."""

    @property
    def address(self) -> str:
        """Returns what is to be asked next: the URL, or where a redirect led."""
        return self.hops[-1] if self.hops else self.url


@dataclass(frozen=True, slots=True)
class Host:
    """What politeness must remember about one host between runs."""

    host: str
    delay_seconds: float = 0.0
    not_before: str | None = None
    failures: int = 0
    robots_status: int | None = None
    robots_at: str | None = None
    robots_body: str | None = None
    robots_failing_since: str | None = None
    last_asked_at: str | None = None


@dataclass(frozen=True, slots=True)
class Fetch:
    """One request that left this machine, for the log."""

    url: str
    at: str
    status: int | None = None
    bytes: int | None = None
    milliseconds: int | None = None
    raw: RawRef | None = None
    error: str | None = None
    link_id: int | None = None
    seed_id: int | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the crawl and what it counted."""

    id: int
    started_at: str
    ended_at: str | None = None
    outcome: str | None = None
    counters: dict[str, int] = field(default_factory=dict)
