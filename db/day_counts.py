"""Counts a day of sources, topics and entities, kept by triggers: a chart sums few rows however large the archive is.

Triggers, because matches and mentions have several writers (a crawl, `scrapy topic apply`, a learned line), and a date
or the lead of a story moves long after them. Part of the first migration: once shipped, never edited.
"""

COUNTS_BY_DAY = """
CREATE TABLE source_days (
    source_id TEXT NOT NULL REFERENCES sources (id),
    day TEXT NOT NULL,
    n_articles INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (source_id, day)
) WITHOUT ROWID;

CREATE TABLE topic_days (
    topic_id TEXT NOT NULL REFERENCES topics (id),
    day TEXT NOT NULL,
    n_articles INTEGER NOT NULL DEFAULT 0,
    n_stories INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (topic_id, day)
) WITHOUT ROWID;

CREATE TABLE topic_source_days (
    topic_id TEXT NOT NULL REFERENCES topics (id),
    source_id TEXT NOT NULL,
    day TEXT NOT NULL,
    n_articles INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (topic_id, source_id, day)
) WITHOUT ROWID;

CREATE TABLE entity_days (
    entity_id INTEGER NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
    day TEXT NOT NULL,
    n_articles INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (entity_id, day)
) WITHOUT ROWID;

CREATE TRIGGER articles_ai AFTER INSERT ON articles BEGIN
    INSERT INTO source_days (source_id, day, n_articles)
    VALUES (new.source_id, substr(coalesce(new.published_at, new.first_seen_at), 1, 10), 1)
    ON CONFLICT DO UPDATE SET n_articles = n_articles + 1;
END;
CREATE TRIGGER articles_ad AFTER DELETE ON articles BEGIN
    UPDATE source_days SET n_articles = n_articles - 1
    WHERE source_id = old.source_id AND day = substr(coalesce(old.published_at, old.first_seen_at), 1, 10);
END;
CREATE TRIGGER topic_matches_ai AFTER INSERT ON topic_matches WHEN new.accepted BEGIN
    INSERT INTO topic_days (topic_id, day, n_articles, n_stories)
    SELECT new.topic_id, substr(coalesce(published_at, first_seen_at), 1, 10), 1, is_lead
    FROM articles WHERE id = new.article_id
    ON CONFLICT DO UPDATE SET n_articles = n_articles + 1, n_stories = n_stories + excluded.n_stories;
    INSERT INTO topic_source_days (topic_id, day, source_id, n_articles)
    SELECT new.topic_id, substr(coalesce(published_at, first_seen_at), 1, 10), source_id, 1
    FROM articles WHERE id = new.article_id
    ON CONFLICT DO UPDATE SET n_articles = n_articles + 1;
END;
CREATE TRIGGER topic_matches_ad AFTER DELETE ON topic_matches WHEN old.accepted BEGIN
    UPDATE topic_days SET n_articles = topic_days.n_articles - 1, n_stories = topic_days.n_stories - a.is_lead
    FROM articles AS a WHERE a.id = old.article_id AND topic_days.topic_id = old.topic_id
    AND topic_days.day = substr(coalesce(a.published_at, a.first_seen_at), 1, 10);
    UPDATE topic_source_days SET n_articles = topic_source_days.n_articles - 1
    FROM articles AS a WHERE a.id = old.article_id AND topic_source_days.topic_id = old.topic_id
    AND topic_source_days.day = substr(coalesce(a.published_at, a.first_seen_at), 1, 10)
    AND topic_source_days.source_id = a.source_id;
END;
CREATE TRIGGER topic_matches_au AFTER UPDATE OF accepted ON topic_matches WHEN old.accepted <> new.accepted BEGIN
    INSERT INTO topic_days (topic_id, day, n_articles, n_stories)
    SELECT new.topic_id, substr(coalesce(published_at, first_seen_at), 1, 10),
        new.accepted - old.accepted, is_lead * (new.accepted - old.accepted)
    FROM articles WHERE id = new.article_id
    ON CONFLICT DO UPDATE SET n_articles = n_articles + excluded.n_articles, n_stories = n_stories + excluded.n_stories;
    INSERT INTO topic_source_days (topic_id, day, source_id, n_articles)
    SELECT new.topic_id, substr(coalesce(published_at, first_seen_at), 1, 10), source_id, new.accepted - old.accepted
    FROM articles WHERE id = new.article_id
    ON CONFLICT DO UPDATE SET n_articles = n_articles + excluded.n_articles;
END;
CREATE TRIGGER mentions_ai AFTER INSERT ON mentions BEGIN
    INSERT INTO entity_days (entity_id, day, n_articles)
    SELECT new.entity_id, substr(coalesce(published_at, first_seen_at), 1, 10), 1
    FROM articles WHERE id = new.article_id
    ON CONFLICT DO UPDATE SET n_articles = n_articles + 1;
END;
CREATE TRIGGER mentions_ad AFTER DELETE ON mentions BEGIN
    UPDATE entity_days SET n_articles = entity_days.n_articles - 1
    FROM articles AS a WHERE a.id = old.article_id AND entity_days.entity_id = old.entity_id
    AND entity_days.day = substr(coalesce(a.published_at, a.first_seen_at), 1, 10);
END;
CREATE TRIGGER articles_day AFTER UPDATE OF published_at, first_seen_at, source_id, is_lead ON articles
WHEN old.published_at IS NOT new.published_at OR old.source_id <> new.source_id OR old.is_lead <> new.is_lead
OR new.published_at IS NULL AND old.first_seen_at <> new.first_seen_at BEGIN
    UPDATE source_days SET n_articles = n_articles - 1
    WHERE source_id = old.source_id AND day = substr(coalesce(old.published_at, old.first_seen_at), 1, 10);
    INSERT INTO source_days (source_id, day, n_articles)
    VALUES (new.source_id, substr(coalesce(new.published_at, new.first_seen_at), 1, 10), 1)
    ON CONFLICT DO UPDATE SET n_articles = n_articles + 1;
    UPDATE topic_days SET n_articles = n_articles - 1, n_stories = n_stories - old.is_lead
    WHERE day = substr(coalesce(old.published_at, old.first_seen_at), 1, 10)
    AND topic_id IN (SELECT topic_id FROM topic_matches WHERE article_id = old.id AND accepted);
    INSERT INTO topic_days (topic_id, day, n_articles, n_stories)
    SELECT topic_id, substr(coalesce(new.published_at, new.first_seen_at), 1, 10), 1, new.is_lead
    FROM topic_matches WHERE article_id = new.id AND accepted
    ON CONFLICT DO UPDATE SET n_articles = n_articles + 1, n_stories = n_stories + excluded.n_stories;
    UPDATE topic_source_days SET n_articles = n_articles - 1
    WHERE day = substr(coalesce(old.published_at, old.first_seen_at), 1, 10) AND source_id = old.source_id
    AND topic_id IN (SELECT topic_id FROM topic_matches WHERE article_id = old.id AND accepted);
    INSERT INTO topic_source_days (topic_id, day, source_id, n_articles)
    SELECT topic_id, substr(coalesce(new.published_at, new.first_seen_at), 1, 10), new.source_id, 1
    FROM topic_matches WHERE article_id = new.id AND accepted
    ON CONFLICT DO UPDATE SET n_articles = n_articles + 1;
    UPDATE entity_days SET n_articles = n_articles - 1
    WHERE day = substr(coalesce(old.published_at, old.first_seen_at), 1, 10)
    AND entity_id IN (SELECT entity_id FROM mentions WHERE article_id = old.id);
    INSERT INTO entity_days (entity_id, day, n_articles)
    SELECT entity_id, substr(coalesce(new.published_at, new.first_seen_at), 1, 10), 1
    FROM mentions WHERE article_id = new.id
    ON CONFLICT DO UPDATE SET n_articles = n_articles + 1;
END;
"""
