"""Every raw page that was kept, for ``scrapy reextract``: which links have one, and where it lies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sqlite_utils import Database

from crawler.archive import ArchiveUnreadable, read_page
from db.records import RawRef
from db.urls import url_key
from pipelines.page import MATCHES_NO_TOPIC, Page

BATCH = 200
"""Links looked up at once, so that their writes come between."""


@dataclass(frozen=True, slots=True)
class StoredPage:
    """One link with the extent of its page, and what the record there must be of."""

    link_id: int
    url: str
    seed_id: int | None
    title_hint: str | None
    published_hint: str | None
    raw: RawRef
    known: bool
    """Whether it is an article already."""
    url_keys: frozenset[str]
    """Identities a record at the extent may have: of the link, the last hop of its fetch, and its article."""


def find_stored_pages(db: Database) -> Iterator[StoredPage]:
    """Yields the page of every link that has one: what an article's text was made of, else the newest fetch.

    Links that became no article are among them, because a better extraction or another topic may make them one.
    """
    last = 0
    while True:
        rows = db.execute(
            "SELECT l.id, l.url, l.seed_id, l.title_hint, l.published_hint, l.article_id, a.url, a.warc_file,"
            " a.warc_offset, a.warc_length FROM links l LEFT JOIN articles a ON a.id = l.article_id WHERE l.id > ?"
            " AND (l.fate IN ('article', 'not_article', 'paywalled', 'failed') OR (l.fate = 'refused' AND"
            " l.reason = ?)) ORDER BY l.id LIMIT ?",
            (last, MATCHES_NO_TOPIC, BATCH),
        ).fetchall()
        if not rows:
            return
        for link_id, url, seed_id, title_hint, published_hint, article_id, address, *extent in rows:
            last = link_id
            asked = address
            if extent[0] is None:
                fetch = db.execute(
                    "SELECT url, warc_file, warc_offset, warc_length FROM fetches WHERE link_id = ? AND"
                    " warc_file IS NOT NULL AND status BETWEEN 200 AND 299 ORDER BY id DESC LIMIT 1",
                    (link_id,),
                ).fetchone()
                if fetch is None:
                    continue
                asked, *extent = fetch
            keys = {url_key(one) for one in (url, asked) if one}
            keys |= {
                key for (key,) in db.execute("SELECT url_key FROM article_urls WHERE article_id = ?", (article_id,))
            }
            known = article_id is not None
            raw = RawRef(*extent)
            yield StoredPage(link_id, url, seed_id, title_hint, published_hint, raw, known, frozenset(keys))


def read_stored_page(folder: Path, stored: StoredPage) -> Page:
    """Returns the page of a link as it was fetched.

    Raises `ArchiveUnreadable` where the extent holds no response, or that of another page: after a power cut the
    archive file may name an extent that the WARC file has lost and given to another.
    """
    page = read_page(folder, stored.raw)
    if url_key(page.url) not in stored.url_keys:
        raise ArchiveUnreadable(
            f"{folder / stored.raw.file}: byte {stored.raw.offset} holds {page.url}, not the page of {stored.url}"
        )
    return replace(
        page,
        url=stored.url,
        link_id=stored.link_id,
        seed_id=stored.seed_id,
        title_hint=stored.title_hint,
        published_hint=stored.published_hint,
        known=stored.known,
        reextracted=True,
    )
