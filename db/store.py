"""Writing articles: one page in, one transaction, everything about it stored or nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlite_utils import Database

from db.records import Article, Fetch, RawRef, SignedArticle

Kind = Literal["cosmetic", "minor", "correction", "update", "rewrite", "truncated"]


@dataclass(frozen=True, slots=True)
class Change:
    """How the text of an article changed between two fetches."""

    kind: Kind
    words_added: int
    words_removed: int
    numbers_changed: int


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored state of an article that a page turned out to be."""

    id: int
    source_id: str
    story_id: int
    title: str
    body: str
    content_hash: str
    published_at: str | None
    first_seen_at: str
    updated_at: str
    captured_at: str


EXACT_MAX = 200
"""Copies word for word that are looked through: a notice may stand in thousands of articles."""
_STORED = (
    "a.id, a.source_id, a.story_id, t.title, t.body, a.content_hash, a.published_at, a.first_seen_at, a.updated_at,"
    " a.captured_at"
)


def find_article(db: Database, url_keys: Sequence[str]) -> Stored | None:
    """Returns the article that has one of these identities, the first key deciding."""
    for key in url_keys:
        row = db.execute(
            f"SELECT {_STORED} FROM article_urls u JOIN articles a ON a.id = u.article_id"
            " JOIN article_text t ON t.id = a.id WHERE u.url_key = ?",
            (key,),
        ).fetchone()
        if row:
            return Stored(*row)
    return None


def read_stored(db: Database, article_id: int) -> Stored:
    """Returns the stored state of an article."""
    row = db.execute(
        f"SELECT {_STORED} FROM articles a JOIN article_text t ON t.id = a.id WHERE a.id = ?",
        (article_id,),
    ).fetchone()
    return Stored(*row)


def find_exact(db: Database, content_hash: str, title: str) -> list[tuple[int, str, str | None]]:
    """Returns id, URL and date of the newest articles with a title whose text is word for word the same."""
    rows = db.execute(
        "SELECT id, url, published_at FROM (SELECT id, url, published_at, title FROM articles WHERE content_hash = ?"
        " ORDER BY id DESC LIMIT ?) WHERE title = ?",
        (content_hash, EXACT_MAX, title),
    )
    return rows.fetchall()


def insert_article(
    db: Database,
    signed: SignedArticle,
    *,
    source_id: str,
    now: str,
    extractor: str,
    raw: RawRef | None,
) -> int:
    """Inserts an article, seen at ``now``, with its text and a story of its own; `pipelines.stories` finds the one it
    belongs to."""
    article = signed.article
    at = article.published_at or now
    story_id = add_story(db, article.title, at)
    row = {
        "url": article.url,
        "source_id": source_id,
        "story_id": story_id,
        "first_seen_at": now,
        "updated_at": now,
        "last_seen_at": now,
        "captured_at": now,
        "content_hash": signed.content_hash,
        "extractor": extractor,
        **_metadata(article),
        **_extent(raw),
    }
    values = ", ".join(f":{column}" for column in row)
    article_id = db.execute(f"INSERT INTO articles ({', '.join(row)}) VALUES ({values})", row).lastrowid
    assert article_id is not None
    db.execute(
        "INSERT INTO article_text (id, title, body, folded_title, folded) VALUES (?, ?, ?, ?, ?)",
        (article_id, article.title, article.body, signed.folded_title, signed.folded),
    )
    db.execute("UPDATE stories SET lead_article_id = ? WHERE id = ?", (article_id, story_id))
    db.execute("UPDATE sources SET n_articles = n_articles + 1 WHERE id = ?", (source_id,))
    db.execute(
        "INSERT INTO daily_totals (day, n_articles, n_stories) VALUES (?, 1, 1)"
        " ON CONFLICT (day) DO UPDATE SET n_articles = n_articles + 1, n_stories = n_stories + 1",
        (at[:10],),
    )
    return article_id


def add_story(db: Database, title: str, at: str | None = None) -> int:
    """Returns the id of a new story, with one article of the time ``at`` or (None) with none as yet.

    No id that ever led to another story is given again.
    """
    cursor = db.execute(
        "INSERT INTO stories (id, title, first_published_at, last_published_at, n_articles, n_sources) VALUES (1 + max("
        "coalesce((SELECT max(id) FROM stories), 0), coalesce((SELECT max(id) FROM story_aliases), 0)),"
        " ?1, ?2, ?2, ?3, ?3)",
        (title, at, int(at is not None)),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def refresh_story(db: Database, story_id: int) -> None:
    """Recomputes what a story says of itself from its articles; the lead is the one published first."""
    before = db.execute("SELECT first_published_at FROM stories WHERE id = ?", (story_id,)).fetchone()[0]
    lead = db.execute(
        "SELECT id, title, coalesce(published_at, first_seen_at) AS at FROM articles WHERE story_id = ?"
        " ORDER BY at, id LIMIT 1",
        (story_id,),
    ).fetchone()
    db.execute(
        "UPDATE articles SET is_lead = (id = ?1) WHERE story_id = ?2 AND is_lead <> (id = ?1)", (lead[0], story_id)
    )
    db.execute(
        "UPDATE stories SET lead_article_id = ?, title = ?, (first_published_at, last_published_at, n_articles,"
        " n_sources) = (SELECT min(coalesce(published_at, first_seen_at)), max(coalesce(published_at, first_seen_at)),"
        " count(*), count(DISTINCT source_id) FROM articles WHERE story_id = stories.id) WHERE id = ?",
        (lead[0], lead[1], story_id),
    )
    move_day(db, "n_stories", before, lead[2])


def remove_story(db: Database, story_id: int) -> None:
    """Removes a story that no article belongs to any more."""
    (first,) = db.execute("SELECT first_published_at FROM stories WHERE id = ?", (story_id,)).fetchone()
    db.execute("DELETE FROM stories WHERE id = ?", (story_id,))
    db.execute("UPDATE daily_totals SET n_stories = n_stories - 1 WHERE day = ?", (first[:10],))


def replace_text(db: Database, article_id: int, signed: SignedArticle, *, extractor: str, raw: RawRef | None) -> None:
    """Overwrites text and metadata of an article: an edit by its outlet, or a better extraction of the same bytes."""
    article = signed.article
    row = {"content_hash": signed.content_hash, "extractor": extractor, **_metadata(article), **_extent(raw)}
    if article.published_at is None:
        row = {key: value for key, value in row.items() if not key.startswith("published")}
    before, story_id = db.execute(
        "SELECT coalesce(published_at, first_seen_at), story_id FROM articles WHERE id = ?", (article_id,)
    ).fetchone()
    assignments = ", ".join(f"{column} = :{column}" for column in row)
    db.execute(f"UPDATE articles SET {assignments} WHERE id = :id", {**row, "id": article_id})
    db.execute(
        "UPDATE article_text SET title = ?, body = ?, folded_title = ?, folded = ? WHERE id = ?",
        (article.title, article.body, signed.folded_title, signed.folded, article_id),
    )
    move_day(db, "n_articles", before, article.published_at or before)
    if story_id is not None:
        refresh_story(db, story_id)


def read_article(db: Database, article_id: int) -> tuple[Article, str]:
    """Returns a stored article, as far as its judgement needs it, and the id of its source."""
    row = db.execute(
        "SELECT a.url, a.title, t.body, a.authors, a.published_at, a.language, a.word_count, a.source_id"
        " FROM articles a JOIN article_text t ON t.id = a.id WHERE a.id = ?",
        (article_id,),
    ).fetchone()
    url, title, body, authors, published_at, language, word_count, source_id = row
    article = Article(
        url=url,
        title=title,
        body=body,
        authors=tuple(json.loads(authors)),
        published_at=published_at,
        language=language,
        word_count=word_count,
    )
    return article, source_id


def rewrite_body(db: Database, article_id: int, signed: SignedArticle) -> None:
    """Overwrites the body of an article and what follows from it; everything else stays."""
    db.execute(
        "UPDATE articles SET content_hash = ?, word_count = ? WHERE id = ?",
        (signed.content_hash, signed.article.word_count, article_id),
    )
    db.execute(
        "UPDATE article_text SET body = ?, folded = ? WHERE id = ?", (signed.article.body, signed.folded, article_id)
    )


def move_day(db: Database, column: str, before: str | None, after: str) -> None:
    """Moves one article or story from its day in ``daily_totals`` to another; ``before`` None: it had none."""
    if before is not None and before[:10] == after[:10]:
        return
    if before is not None:
        db.execute(f"UPDATE daily_totals SET {column} = {column} - 1 WHERE day = ?", (before[:10],))
    db.execute(
        f"INSERT INTO daily_totals (day, {column}) VALUES (?, 1)"
        f" ON CONFLICT (day) DO UPDATE SET {column} = {column} + 1",
        (after[:10],),
    )


def touch_article(db: Database, article_id: int, seen_at: str, *, has_text: bool = True) -> None:
    """Notes that an article was seen, ``has_text``: as it is stored."""
    db.execute(
        "UPDATE articles SET last_seen_at = max(last_seen_at, ?1),"
        " captured_at = CASE WHEN ?2 THEN max(captured_at, ?1) ELSE captured_at END WHERE id = ?3",
        (seen_at, has_text, article_id),
    )


def note_first_sight(db: Database, article_id: int, seen_at: str) -> bool:
    """Returns whether an article was seen earlier than was known; without a date it moves to the day of that sight."""
    first, published, story_id = db.execute(
        "SELECT first_seen_at, published_at, story_id FROM articles WHERE id = ?", (article_id,)
    ).fetchone()
    if first <= seen_at:
        return False
    db.execute("UPDATE articles SET first_seen_at = ? WHERE id = ?", (seen_at, article_id))
    if published is None:
        move_day(db, "n_articles", first, seen_at)
        refresh_story(db, story_id)
    return True


def add_urls(db: Database, article_id: int, keys: Mapping[str, str]) -> None:
    """Adds identities (URL key -> link, final or canonical) to an article; a key that is taken stays where it is."""
    for key, kind in keys.items():
        db.execute(
            "INSERT INTO article_urls (url_key, article_id, kind) VALUES (?, ?, ?) ON CONFLICT (url_key) DO NOTHING",
            (key, article_id, kind),
        )


def write_fetch(db: Database, run_id: int | None, fetch: Fetch) -> None:
    """Adds one request to the fetch log."""
    raw = fetch.raw
    db.execute(
        "INSERT INTO fetches (run_id, url, at, status, bytes, milliseconds, warc_file, warc_offset, warc_length, error,"
        " link_id, seed_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run_id,
            fetch.url,
            fetch.at,
            fetch.status,
            fetch.bytes,
            fetch.milliseconds,
            raw.file if raw else None,
            raw.offset if raw else None,
            raw.length if raw else None,
            fetch.error,
            fetch.link_id,
            fetch.seed_id,
        ),
    )


def _metadata(article: Article) -> dict[str, object]:
    return {
        "title": article.title,
        "authors": json.dumps(article.authors, ensure_ascii=False),
        "published_at": article.published_at,
        "published_raw": article.published_raw,
        "published_from": article.published_from,
        "modified_at": article.modified_at,
        "language": article.language,
        "summary": article.summary,
        "image": article.image,
        "section": article.section,
        "word_count": article.word_count,
        "paywalled": int(article.paywalled),
    }


def _extent(raw: RawRef | None) -> dict[str, object]:
    return (
        {"warc_file": raw.file, "warc_offset": raw.offset, "warc_length": raw.length}
        if raw
        else {"warc_file": None, "warc_offset": None, "warc_length": None}
    )
