"""What a spider yields: one fetched page, whole and raw."""

from __future__ import annotations

from dataclasses import dataclass

from db.records import RawRef


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
    body: bytes
    """The payload with transfer and content encodings undone."""
    fetched_at: str
    link_id: int | None = None
    seed_id: int | None = None
    title_hint: str | None = None
    published_hint: str | None = None
    milliseconds: int | None = None
    raw: RawRef | None = None
    reextracted: bool = False
    """True when the bytes were read back from the raw archive to be extracted anew."""

    def header(self, name: str) -> str | None:
        """Returns the first value of a header, its name compared without case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)
