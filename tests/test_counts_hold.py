"""Whatever is stored, read again, rewritten or regrouped: all that is kept equals what a recount gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from db.connection import open_archive, transaction
from db.frontier import sync_sources
from db.records import Article, RawRef, Relevance, Source
from db.site_lines import find_articles_with, find_articles_without, list_site_lines, set_status
from db.topics import forget_judgements
from pipelines.judging import sign, with_candidates
from pipelines.line_learning import refresh_bodies
from pipelines.page import Page, Reading
from pipelines.stages import Extracted, store_page
from pipelines.stories import regroup
from tests import test_day_counts
from tests.test_store import check_totals
from tests.texts import first_words, write_text

WIRE = write_text(1, 120)
LINE = "Write to our desk at hill.example"
TEXTS = [
    WIRE,
    f"{WIRE}\n\n{write_text(2, 30)}",
    first_words(WIRE, 80),
    f"{first_words(write_text(3, 120), 70)}\n\n{WIRE}",
    write_text(3, 120),
    f"{first_words(write_text(4, 120), 60)}\n\n{first_words(write_text(3, 120), 60)}\n\n{first_words(WIRE, 60)}",
    *(f"{write_text(seed, 120)}\n\n{LINE}" for seed in (4, 5, 6, 7)),
]
N_PLAIN = 6
"""Texts without the line."""
URLS = [f"https://{host}.example/news/story-{n}" for host in ("hill", "lake") for n in (1, 2, 3, 4)]
N_OF_HOST = 4
DATES = [None, "2018-11-02T06:00:00Z", "2018-11-05T06:00:00Z", "2018-11-24T06:00:00Z"]


@dataclass(frozen=True)
class Seen:
    """One page as it comes to be stored."""

    url: int
    text: int
    date: int
    hour: int
    how: str
    """``live``, ``imported`` or ``again`` (re-extracted)."""
    titled: int
    topics: tuple[int, int]
    """Of two topics: 0 no match, 1 a match below acceptance, 2 accepted."""
    claims: int | None = None
    """The page of its outlet that it says it is."""


SEEN = st.builds(
    Seen,
    st.integers(0, len(URLS) - 1),
    st.integers(0, len(TEXTS) - 1) | st.integers(N_PLAIN, len(TEXTS) - 1),
    st.integers(0, len(DATES) - 1),
    st.integers(0, 30 * 24),
    st.sampled_from(("imported", "imported", "live", "again")),
    st.integers(0, 1),
    st.tuples(st.integers(0, 2), st.integers(0, 2)),
    st.sampled_from((None, None, None, 0, 1)),
)
STEPS = st.lists(SEEN | st.sampled_from(("regroup", "forget", "keep", "remove")), min_size=3, max_size=14)


def open_with_topics() -> Database:
    """Returns an empty archive with two sources and two topics."""
    db = open_archive(":memory:")
    with transaction(db):
        sync_sources(
            db,
            [
                Source(name, name, homepage=f"https://{name}.example/", archives=(f"{name}.warc.gz",))
                for name in ("hill", "lake")
            ],
        )
        for topic in "tu":
            db.execute(
                "INSERT INTO topics (id, title, version, file, loaded_at) VALUES (?1, ?1, '1', 'f', '2018')", (topic,)
            )
            db.execute("INSERT INTO entities (topic_id, slug, name) VALUES (?, 'e', 'E')", (topic,))
    return db


def store(db: Database, seen: Seen) -> str:
    """Stores a page in one transaction and returns its outcome."""
    url, body = URLS[seen.url], TEXTS[seen.text]
    title = f"{('Bridge', 'Mended')[seen.titled]} {seen.url}"
    canonical = None if seen.claims is None else URLS[seen.url // N_OF_HOST * N_OF_HOST + seen.claims]
    article = Article(url, title, body, published_at=DATES[seen.date], canonical=canonical)
    article = replace(article, word_count=len(body.split()))
    matched = [(topic, how) for topic, how in zip("tu", seen.topics, strict=True) if how]
    reading = Reading(
        sign(article),
        tuple(Relevance(topic, "1", how / 2, how == 2) for topic, how in matched),
        {topic: {"e": how} for topic, how in matched},
    )
    at = f"2018-11-{1 + seen.hour // 24:02}T{seen.hour % 24:02}:00:00Z"
    page = Page(url, url, 200, (), b"", at, seed_id=1 + seen.url // N_OF_HOST, raw=RawRef(f"/{at}.warc", seen.text, 9))
    page = replace(page, imported=seen.how != "live", milliseconds=5 if seen.how == "live" else None)
    if seen.how == "again":
        link = db.execute("SELECT id, article_id FROM links WHERE url = ?", (url,)).fetchone()
        if link is None:
            return "unknown"
        page = replace(page, link_id=link[0], known=link[1] is not None, reextracted=True)
    with transaction(db):
        return store_page(db, None, Extracted(page, with_candidates(reading)))


def check(db: Database) -> None:
    """Asserts that every count, lead and place that is kept is the one a recount gives."""
    check_totals(db)
    test_day_counts.check(db)
    assert (
        db.execute(
            "SELECT id, lead_article_id, title, first_published_at, last_published_at, n_articles, n_sources"
            " FROM stories ORDER BY id"
        ).fetchall()
        == db.execute(
            "SELECT story_id, id, title, at, latest, n, n_sources FROM (SELECT story_id, id, title,"
            " coalesce(published_at, first_seen_at) AS at, max(coalesce(published_at, first_seen_at)) OVER story AS"
            " latest, count(*) OVER story AS n, (SELECT count(DISTINCT source_id) FROM articles AS m WHERE m.story_id"
            " = a.story_id) AS n_sources, row_number() OVER (PARTITION BY story_id ORDER BY"
            " coalesce(published_at, first_seen_at), id) AS place FROM articles AS a WINDOW story AS"
            " (PARTITION BY story_id)) WHERE place = 1 ORDER BY story_id"
        ).fetchall()
    )
    for why, faults in FAULTS.items():
        assert db.execute(faults).fetchall() == [], why


FAULTS = {
    "the lead of a story is marked, and no other": "SELECT a.id FROM articles a JOIN stories s ON s.id = a.story_id"
    " WHERE a.is_lead <> (s.lead_article_id = a.id)",
    "revisions are counted and numbered from one": "SELECT a.id FROM articles a WHERE (n_revisions, n_revisions) IS NOT"
    " (SELECT count(*), coalesce(max(number), 0) FROM revisions WHERE article_id = a.id)",
    "revisions stand in the order of time": "SELECT * FROM revisions a JOIN revisions b USING (article_id)"
    " WHERE a.number < b.number AND a.seen_at > b.seen_at",
    "times go forward": "SELECT id FROM articles WHERE NOT (first_seen_at <= updated_at AND updated_at <= captured_at"
    " AND captured_at <= last_seen_at)",
    "no count is negative": "SELECT day FROM daily_totals WHERE n_articles < 0 OR n_stories < 0 UNION ALL"
    " SELECT day FROM source_days WHERE n_articles < 0 UNION ALL SELECT day FROM entity_days WHERE n_articles < 0"
    " UNION ALL SELECT day FROM topic_days WHERE n_articles < 0 OR n_stories < 0"
    " UNION ALL SELECT day FROM topic_source_days WHERE n_articles < 0",
    "lines count the articles that lack them": "SELECT id FROM site_lines l WHERE n_articles <>"
    " (SELECT count(DISTINCT article_id) FROM removed_lines WHERE site_line_id = l.id)",
    "sightings are of articles": "SELECT article_id FROM line_sightings WHERE article_id NOT IN"
    " (SELECT id FROM articles)",
    "each article is filed once, under its week": "SELECT a.id FROM articles a LEFT JOIN signatures s"
    " ON s.article_id = a.id WHERE s.week IS NOT"
    " CAST((julianday(coalesce(published_at, first_seen_at)) - 2440587.5) / 7 AS INTEGER)",
    "fingerprints are filed with their article": "SELECT f.article_id FROM fingerprints f LEFT JOIN signatures s"
    " USING (article_id) WHERE f.week IS NOT s.week",
    "an old id leads to a story, and is none": "SELECT id FROM story_aliases WHERE id IN (SELECT id FROM stories)"
    " OR story_id NOT IN (SELECT id FROM stories)",
    "pairs are of two articles": "SELECT * FROM duplicates WHERE article_id NOT IN (SELECT id FROM articles)"
    " OR of_article_id NOT IN (SELECT id FROM articles) OR article_id = of_article_id",
    "links lead to articles": "SELECT id FROM links WHERE fate = 'article' AND article_id NOT IN (SELECT id FROM"
    " articles)",
}


def _forget(db: Database) -> None:
    with transaction(db):
        forget_judgements(db, "t", ["e"])


def _mark_lines(db: Database, status: str) -> None:
    """Does what ``scrapy lines`` does to all lines learned so far."""
    for line in list_site_lines(db):
        with transaction(db):
            set_status(db, line.id, status)
        find = find_articles_without if status == "kept" else find_articles_with
        refresh_bodies(db, find(db, line.id), None)


CHORES: dict[str, Callable[[Database], object]] = {
    "regroup": lambda db: list(regroup(db)),
    "forget": _forget,
    "keep": lambda db: _mark_lines(db, "kept"),
    "remove": lambda db: _mark_lines(db, "removed"),
}


def list_stories(db: Database) -> list[tuple[int, ...]]:
    """Returns the stories, each as its articles."""
    rows = db.execute("SELECT group_concat(id) FROM (SELECT * FROM articles ORDER BY id) GROUP BY story_id ORDER BY 1")
    return sorted(tuple(int(one) for one in row[0].split(",")) for row in rows)


@settings(max_examples=60)
@given(STEPS)
def test_all_that_is_kept_is_what_a_recount_gives(steps: list[Seen | str]) -> None:
    db = open_with_topics()
    for n in (2, 3):  # the next other story of the first outlet with this line gives it away
        store(db, Seen(n, N_PLAIN + n, 1, 9, "imported", 0, (0, 2)))
    for step in steps:
        if isinstance(step, Seen):
            store(db, step)
        else:
            CHORES[step](db)
        check(db)
    before = list_stories(db)
    list(regroup(db))
    check(db)
    assert list_stories(db) == before, "regrouping finds the stories that stand"
    db.execute("INSERT INTO article_text_fts (article_text_fts, rank) VALUES ('integrity-check', 1)")
    db.close()


def test_what_is_drawn_reaches_what_it_is_meant_to() -> None:
    """Joins, lines that are learned, and outcomes of every kind."""
    db = open_with_topics()
    pages = [
        Seen(0, 0, 1, 50, "imported", 0, (2, 0)),
        Seen(4, 0, 0, 20, "imported", 0, (2, 1)),
        Seen(4, 1, 0, 30, "imported", 0, (2, 2)),
        Seen(4, 1, 0, 10, "imported", 0, (2, 2)),
        Seen(0, 0, 1, 0, "live", 0, (2, 0)),
        Seen(0, 0, 2, 0, "again", 0, (1, 0)),
        *(Seen(n, N_PLAIN - 1 + n, 1, 9, "imported", 0, (0, 2)) for n in (1, 2, 3)),
        Seen(5, 1, 0, 5, "imported", 0, (2, 2), claims=0),
    ]
    outcomes = [store(db, page) for page in pages]
    assert outcomes == [
        *("new", "copy", "revised", "same", "same", "reextracted", "new", "new", "new", "duplicate_url")
    ]
    check(db)
    assert db.execute("SELECT line, n_articles FROM site_lines").fetchall() == [(LINE, 3)]
    assert [len(story) for story in list_stories(db)] == [2, 1, 1, 1]
    assert set(chain.from_iterable(db.execute("SELECT relation FROM duplicates"))) >= {"near"}
    db.close()
