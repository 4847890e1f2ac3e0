"""Every change of the archive's shape, in order. A migration that has shipped is never edited: add the next one.

What tables and columns mean is written in ``db/schema.py``; ``docs/schema.md`` is generated from it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from sqlite_utils import Database, Migrations

from db.day_counts import COUNTS_BY_DAY

migrations = Migrations("parley")

_HTTP = "({0} IS NULL OR {0} LIKE 'http://%' OR {0} LIKE 'https://%')"

_TABLES = f"""
CREATE TABLE sources (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    homepage TEXT CHECK {_HTTP.format("homepage")},
    domain TEXT,
    country TEXT,
    language TEXT,
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled', 'removed', 'seen')),
    last_ok_at TEXT,
    n_articles INTEGER NOT NULL DEFAULT 0,
    note TEXT
);
CREATE INDEX sources_domain ON sources (domain);

CREATE TABLE seeds (
    id INTEGER PRIMARY KEY,
    source_id TEXT NOT NULL REFERENCES sources (id),
    parent_id INTEGER REFERENCES seeds (id),
    kind TEXT NOT NULL CHECK (kind IN ('feed', 'sitemap', 'section', 'archive')),
    url TEXT NOT NULL,
    host TEXT NOT NULL,
    since TEXT,
    etag TEXT,
    last_modified TEXT,
    polled_at TEXT,
    full_fetch_at TEXT,
    next_poll_at TEXT,
    interval_seconds INTEGER NOT NULL DEFAULT 3600,
    rate_per_day REAL NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'failing', 'gone', 'disabled', 'removed')),
    note TEXT,
    UNIQUE (source_id, kind, url)
);
CREATE INDEX seeds_parent_id ON seeds (parent_id);
CREATE INDEX seeds_next_poll_at ON seeds (next_poll_at);

CREATE TABLE links (
    id INTEGER PRIMARY KEY,
    url TEXT NOT NULL UNIQUE CHECK {_HTTP.format("url")},
    url_key TEXT NOT NULL,
    host TEXT NOT NULL,
    seed_id INTEGER REFERENCES seeds (id),
    found_at TEXT NOT NULL,
    title_hint TEXT,
    published_hint TEXT,
    modified_hint TEXT,
    fate TEXT NOT NULL DEFAULT 'pending' CHECK (fate IN ('pending', 'article', 'duplicate_url', 'not_article',
        'refused', 'blocked_by_robots', 'paywalled', 'gone', 'failed')),
    reason TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    next_try_at TEXT,
    settled_at TEXT,
    article_id INTEGER REFERENCES articles (id),
    dated_at TEXT,
    recheck_pause_seconds INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX links_url_key ON links (url_key);
CREATE INDEX links_seed_id ON links (seed_id);
CREATE INDEX links_article_id ON links (article_id);
CREATE INDEX links_pending ON links (host, tries, next_try_at, (article_id IS NOT NULL), dated_at DESC, id, seed_id)
    WHERE fate = 'pending';
CREATE INDEX links_fate ON links (fate, id);

CREATE TABLE rechecks (
    link_id INTEGER PRIMARY KEY REFERENCES links (id),
    host TEXT NOT NULL,
    wanted INTEGER NOT NULL DEFAULT 0,
    due_at TEXT NOT NULL,
    etag TEXT,
    last_modified TEXT,
    full_fetch_at TEXT
);
CREATE INDEX rechecks_due ON rechecks (host, wanted, due_at);

CREATE TABLE hosts (
    host TEXT PRIMARY KEY,
    delay_seconds REAL NOT NULL DEFAULT 0,
    not_before TEXT,
    last_asked_at TEXT,
    failures INTEGER NOT NULL DEFAULT 0,
    robots_status INTEGER,
    robots_at TEXT,
    robots_body TEXT,
    robots_failing_since TEXT,
    last_error TEXT,
    rechecks_paid_to TEXT
);

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    outcome TEXT,
    counters TEXT NOT NULL DEFAULT '{{}}'
);

CREATE TABLE fetches (
    id INTEGER PRIMARY KEY,
    run_id INTEGER REFERENCES runs (id),
    url TEXT NOT NULL,
    at TEXT NOT NULL,
    status INTEGER,
    bytes INTEGER,
    milliseconds INTEGER,
    warc_file TEXT,
    warc_offset INTEGER,
    warc_length INTEGER,
    error TEXT,
    link_id INTEGER REFERENCES links (id),
    seed_id INTEGER REFERENCES seeds (id)
);
CREATE INDEX fetches_run_id ON fetches (run_id);
CREATE INDEX fetches_link_id ON fetches (link_id);
CREATE INDEX fetches_seed_id ON fetches (seed_id);
CREATE INDEX fetches_warc ON fetches (warc_file, warc_offset);

CREATE TABLE stories (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    lead_article_id INTEGER REFERENCES articles (id),
    first_published_at TEXT,
    last_published_at TEXT,
    n_articles INTEGER NOT NULL DEFAULT 0,
    n_sources INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX stories_lead_article_id ON stories (lead_article_id);
CREATE INDEX stories_first_published_at ON stories (first_published_at);
CREATE INDEX stories_last_published_at ON stories (last_published_at);

CREATE TABLE story_aliases (
    id INTEGER PRIMARY KEY,
    story_id INTEGER NOT NULL REFERENCES stories (id)
);
CREATE INDEX story_aliases_story_id ON story_aliases (story_id);

CREATE TABLE articles (
    id INTEGER PRIMARY KEY,
    url TEXT NOT NULL CHECK {_HTTP.format("url")},
    source_id TEXT NOT NULL REFERENCES sources (id),
    story_id INTEGER REFERENCES stories (id),
    title TEXT NOT NULL,
    authors TEXT NOT NULL DEFAULT '[]',
    published_at TEXT,
    published_raw TEXT,
    published_from TEXT,
    modified_at TEXT,
    language TEXT,
    summary TEXT,
    image TEXT CHECK {_HTTP.format("image")},
    section TEXT,
    word_count INTEGER NOT NULL DEFAULT 0,
    paywalled INTEGER NOT NULL DEFAULT 0,
    first_seen_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    captured_at TEXT NOT NULL DEFAULT '',
    gone_at TEXT,
    n_revisions INTEGER NOT NULL DEFAULT 0,
    content_hash TEXT NOT NULL,
    is_lead INTEGER NOT NULL DEFAULT 1,
    extractor TEXT,
    warc_file TEXT,
    warc_offset INTEGER,
    warc_length INTEGER
);
CREATE INDEX articles_source_id ON articles (source_id, published_at);
CREATE INDEX articles_source_seen ON articles (source_id, first_seen_at);
CREATE INDEX articles_story_id ON articles (story_id, source_id);
CREATE INDEX articles_published_at ON articles (published_at);
CREATE INDEX articles_first_seen_at ON articles (first_seen_at);
CREATE INDEX articles_updated_at ON articles (updated_at);
CREATE INDEX articles_gone_at ON articles (gone_at) WHERE gone_at IS NOT NULL;
CREATE INDEX articles_language ON articles (language);
CREATE INDEX articles_content_hash ON articles (content_hash);

CREATE TABLE article_urls (
    url_key TEXT PRIMARY KEY,
    article_id INTEGER NOT NULL REFERENCES articles (id),
    kind TEXT NOT NULL CHECK (kind IN ('link', 'final', 'canonical'))
) WITHOUT ROWID;
CREATE INDEX article_urls_article_id ON article_urls (article_id);

CREATE TABLE article_text (
    id INTEGER PRIMARY KEY REFERENCES articles (id),
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    folded_title TEXT NOT NULL,
    folded TEXT NOT NULL
);
CREATE VIEW teasers AS SELECT id, substr(body, 1, min(400, length(body) / 2)) AS teaser FROM article_text;
CREATE VIRTUAL TABLE article_text_fts USING fts5 (
    folded_title, folded, content='article_text', content_rowid='id', tokenize="unicode61 remove_diacritics 0",
    prefix='2 3'
);
CREATE TRIGGER article_text_ai AFTER INSERT ON article_text BEGIN
    INSERT INTO article_text_fts (rowid, folded_title, folded) VALUES (new.id, new.folded_title, new.folded);
END;
CREATE TRIGGER article_text_ad AFTER DELETE ON article_text BEGIN
    INSERT INTO article_text_fts (article_text_fts, rowid, folded_title, folded)
    VALUES ('delete', old.id, old.folded_title, old.folded);
END;
CREATE TRIGGER article_text_au AFTER UPDATE ON article_text
WHEN old.folded_title <> new.folded_title OR old.folded <> new.folded BEGIN
    INSERT INTO article_text_fts (article_text_fts, rowid, folded_title, folded)
    VALUES ('delete', old.id, old.folded_title, old.folded);
    INSERT INTO article_text_fts (rowid, folded_title, folded) VALUES (new.id, new.folded_title, new.folded);
END;

CREATE TABLE revisions (
    id INTEGER PRIMARY KEY,
    article_id INTEGER NOT NULL REFERENCES articles (id),
    number INTEGER NOT NULL,
    seen_at TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('cosmetic', 'minor', 'correction', 'update', 'rewrite', 'truncated')),
    words_added INTEGER NOT NULL DEFAULT 0,
    words_removed INTEGER NOT NULL DEFAULT 0,
    numbers_changed INTEGER NOT NULL DEFAULT 0,
    UNIQUE (article_id, number)
);
CREATE INDEX revisions_seen_at ON revisions (seen_at);

CREATE TABLE duplicates (
    article_id INTEGER NOT NULL REFERENCES articles (id),
    of_article_id INTEGER NOT NULL REFERENCES articles (id),
    relation TEXT NOT NULL CHECK (relation IN ('exact', 'near', 'contained', 'related')),
    containment REAL,
    number_overlap REAL,
    numbers_changed INTEGER,
    lead_overlap REAL,
    gap_days REAL,
    PRIMARY KEY (article_id, of_article_id)
);
CREATE INDEX duplicates_of_article_id ON duplicates (of_article_id);

CREATE TABLE signatures (
    article_id INTEGER PRIMARY KEY REFERENCES articles (id),
    week INTEGER NOT NULL,
    shingles BLOB NOT NULL,
    numbers BLOB NOT NULL
);

CREATE TABLE fingerprints (
    week INTEGER NOT NULL,
    hash INTEGER NOT NULL,
    article_id INTEGER NOT NULL,
    PRIMARY KEY (week, hash, article_id)
) WITHOUT ROWID;

CREATE TABLE site_lines (
    id INTEGER PRIMARY KEY,
    source_id TEXT NOT NULL REFERENCES sources (id),
    place TEXT NOT NULL CHECK (place IN ('head', 'below')),
    line TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'removed' CHECK (status IN ('removed', 'kept')),
    n_articles INTEGER NOT NULL DEFAULT 0,
    first_seen_at TEXT NOT NULL,
    learned_at TEXT NOT NULL,
    UNIQUE (source_id, line, place)
);

CREATE TABLE removed_lines (
    article_id INTEGER NOT NULL REFERENCES articles (id),
    position INTEGER NOT NULL,
    site_line_id INTEGER NOT NULL REFERENCES site_lines (id),
    PRIMARY KEY (article_id, position)
) WITHOUT ROWID;
CREATE INDEX removed_lines_site_line_id ON removed_lines (site_line_id);

CREATE TABLE line_sightings (
    source_id TEXT NOT NULL,
    hash INTEGER NOT NULL,
    article_id INTEGER NOT NULL,
    evidence INTEGER NOT NULL,
    PRIMARY KEY (source_id, hash, article_id)
) WITHOUT ROWID;

CREATE TABLE topics (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    question TEXT,
    version TEXT NOT NULL,
    accept REAL,
    review REAL,
    file TEXT NOT NULL,
    loaded_at TEXT NOT NULL,
    applied_at TEXT,
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'removed'))
);

CREATE TABLE topic_matches (
    topic_id TEXT NOT NULL REFERENCES topics (id),
    article_id INTEGER NOT NULL REFERENCES articles (id),
    score REAL NOT NULL CHECK (score BETWEEN 0 AND 1),
    accepted INTEGER NOT NULL,
    reasons TEXT NOT NULL DEFAULT '[]',
    topic_version TEXT NOT NULL,
    PRIMARY KEY (topic_id, article_id)
);
CREATE INDEX topic_matches_article_id ON topic_matches (article_id);
CREATE INDEX topic_matches_accepted ON topic_matches (topic_id, accepted, article_id);

CREATE TABLE entities (
    id INTEGER PRIMARY KEY,
    topic_id TEXT NOT NULL REFERENCES topics (id),
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT,
    UNIQUE (topic_id, slug)
);

CREATE TABLE mentions (
    entity_id INTEGER NOT NULL REFERENCES entities (id),
    article_id INTEGER NOT NULL REFERENCES articles (id),
    n INTEGER NOT NULL,
    PRIMARY KEY (entity_id, article_id)
);
CREATE INDEX mentions_article_id ON mentions (article_id);
CREATE VIEW appearances_together AS
SELECT e.topic_id, e.slug AS entity, o.slug AS other, m.article_id,
    substr(coalesce(a.published_at, a.first_seen_at), 1, 10) AS day
FROM mentions AS m
JOIN mentions AS w ON w.article_id = m.article_id AND w.entity_id <> m.entity_id
JOIN entities AS e ON e.id = m.entity_id
JOIN entities AS o ON o.id = w.entity_id AND o.topic_id = e.topic_id
JOIN articles AS a ON a.id = m.article_id;

CREATE TABLE daily_totals (
    day TEXT PRIMARY KEY,
    n_articles INTEGER NOT NULL DEFAULT 0,
    n_stories INTEGER NOT NULL DEFAULT 0
);
"""


def _statements(script: str) -> Iterator[str]:
    """Yields the statements of a script one by one: ``executescript`` would commit the migration's transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@migrations()
def m001_archive(db: Database) -> None:
    """The archive file of the first release."""
    for statement in _statements(_TABLES + COUNTS_BY_DAY):
        db.execute(statement)
