"""What an answer carries, in our records: the page of a link, the entry in the fetch log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.records import Fetch, PendingLink, Seed
from pipelines.page import Page

if TYPE_CHECKING:
    from scrapy.http import Response


def page_of(response: Response, link: PendingLink) -> Page:
    """Returns the page of a link that an answer carries, with what the link's seed said of it."""
    return Page(
        url=link.url,
        final_url=response.url,
        status=response.status,
        headers=tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, values in response.headers.items()
            for value in values
        ),
        body=response.body,
        fetched_at=response.meta["started_at"],
        link_id=link.id,
        seed_id=link.seed_id,
        title_hint=link.title_hint,
        published_hint=link.published_hint,
        milliseconds=_milliseconds(response) or 0,
        raw=response.meta.get("raw"),
        known=link.article_id is not None,
    )


def fetch_of(response: Response, work: Seed | PendingLink) -> Fetch:
    """Returns the log entry of an answer; its URL is the one that answered, redirects followed."""
    return Fetch(
        url=response.url,
        at=response.meta["started_at"],
        status=response.status,
        bytes=len(response.body),
        milliseconds=_milliseconds(response),
        raw=response.meta.get("raw"),
        link_id=work.id if isinstance(work, PendingLink) else None,
        seed_id=work.id if isinstance(work, Seed) else None,
    )


def _milliseconds(response: Response) -> int | None:
    latency = response.meta.get("download_latency")
    return round(latency * 1000) if latency is not None else None
