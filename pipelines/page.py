"""What a spider yields, one fetched page, whole and raw; and what reading it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from db.records import RawRef, Relevance, SignedArticle
from pipelines.site_lines import Candidate


@dataclass(frozen=True, slots=True)
class Page:
    """The raw bytes of one page with everything known about how it was reached."""

    url: str
    """The URL that was asked for."""
    final_url: str
    """The URL that answered, after redirects."""
    status: int
    headers: tuple[tuple[str, str], ...]
    """Response headers in order; names as sent."""
    body: bytes = field(repr=False)
    """The payload with transfer and content encodings undone."""
    fetched_at: str
    link_id: int | None = None
    seed_id: int | None = None
    title_hint: str | None = None
    published_hint: str | None = None
    milliseconds: int | None = None
    raw: RawRef | None = None
    imported: bool = False
    """True when somebody else's archive holds the bytes: its clock is not ours to trust."""
    known: bool = False
    """True when its link is an article already: what it says now is read, whatever the topics say."""
    reextracted: bool = False
    """True when the bytes were read back from the raw archive to be extracted anew."""

    def header(self, name: str) -> str | None:
        """Returns the first value of a header, its name compared without case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


MATCHES_NO_TOPIC = "matches no topic (KEEP = matches)"
"""Why a page was refused that may be readable; another topic may want it."""


@dataclass(frozen=True, slots=True)
class NoArticle:
    """A page that became no article, and why."""

    fate: Literal["not_article", "paywalled", "failed", "refused"]
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a worker made of a page: an article with its judgements, or why it is none."""

    signed: SignedArticle | None = None
    relevance: tuple[Relevance, ...] = ()
    mentions: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Topic id -> entity slug -> how often it is named."""
    refusal: NoArticle | None = None
    candidates: tuple[Candidate, ...] | None = None
    """The lines of the article that its source may repeat; None: not looked for."""
