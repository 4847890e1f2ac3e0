"""The SQL of feeds and exports: the lists that pages show, leaner and longer. All values are bound."""

from __future__ import annotations

from db.site.queries import STORY_PAGE, TOPIC_REVIEWED
from db.site.search_queries import FILTERS

_ROW = """a.id, a.title, a.url, a.source_id, s.name AS source_name, a.language, a.published_at, a.first_seen_at,
    a.updated_at, a.authors, a.story_id, st.n_articles, st.n_sources,
    coalesce(nullif(a.summary, ''), (SELECT teaser FROM teasers WHERE id = a.id)) AS summary"""
_JOINS = "JOIN sources AS s ON s.id = a.source_id LEFT JOIN stories AS st ON st.id = a.story_id"

ARCHIVE_BORN = "SELECT min(applied_at) AS born FROM _sqlite_migrations"

STORIES = f"""
SELECT {_ROW} FROM stories AS st JOIN articles AS a ON a.id = st.lead_article_id JOIN sources AS s ON s.id = a.source_id
WHERE st.id < :before_id ORDER BY st.id DESC LIMIT :limit
"""

TOPIC_ARTICLES = f"""
WITH page AS (
    SELECT article_id, score, accepted FROM topic_matches
    WHERE topic_id = :id AND accepted = :accepted AND article_id < :before_id ORDER BY article_id DESC LIMIT :limit
)
SELECT {_ROW}, page.score FROM page JOIN articles AS a ON a.id = page.article_id {_JOINS} ORDER BY a.id DESC
"""

ENTITY_ARTICLES = f"""
WITH page AS (
    SELECT article_id, n FROM mentions WHERE article_id < :before_id
    AND entity_id = (SELECT id FROM entities WHERE topic_id = :topic AND slug = :slug)
    ORDER BY article_id DESC LIMIT :limit
)
SELECT {_ROW}, page.n AS n_mentions FROM page JOIN articles AS a ON a.id = page.article_id {_JOINS} ORDER BY a.id DESC
"""

SOURCE_ARTICLES = f"""
WITH last AS (SELECT coalesce((SELECT first_seen_at FROM articles WHERE id = :before_id), '9999') AS at), page AS (
    SELECT id FROM articles, last WHERE source_id = :id AND first_seen_at <= last.at
    AND (first_seen_at < last.at OR id < :before_id)
    ORDER BY first_seen_at DESC, id DESC LIMIT :limit
)
SELECT {_ROW} FROM page JOIN articles AS a ON a.id = page.id {_JOINS} ORDER BY a.first_seen_at DESC, a.id DESC
"""

SEARCH = f"""
WITH page AS MATERIALIZED (
    SELECT article_text_fts.rowid AS id FROM article_text_fts JOIN articles AS f ON f.id = article_text_fts.rowid
    WHERE article_text_fts MATCH sought(:wider) AND article_text_fts.rowid < :before_id AND {FILTERS}
    ORDER BY article_text_fts.rowid DESC LIMIT :limit
)
SELECT {_ROW} FROM page JOIN articles AS a ON a.id = page.id {_JOINS} ORDER BY a.id DESC
"""

# In the order in which they were published, and so on after the one shown last.
STORY_ARTICLES = f"""
WITH page AS ({STORY_PAGE})
SELECT {_ROW}, a.word_count, a.is_lead, d.relation, d.containment, d.number_overlap, d.of_article_id
FROM page CROSS JOIN articles AS a ON a.id = page.id {_JOINS}
LEFT JOIN duplicates AS d ON d.article_id = a.id AND d.of_article_id = (SELECT p.of_article_id FROM duplicates AS p
    JOIN articles AS b ON b.id = p.of_article_id WHERE p.article_id = a.id AND p.relation <> 'related'
    AND b.story_id = a.story_id ORDER BY p.containment DESC, p.gap_days LIMIT 1)
ORDER BY a.published_at IS NULL, a.published_at, a.id
"""

# The lead that stands for each story, whichever of its articles was found.
LEADS = f"""
SELECT {_ROW}, st.first_published_at FROM json_each(:ids) AS wanted JOIN stories AS st ON st.id = wanted.value
JOIN articles AS a ON a.id = st.lead_article_id JOIN sources AS s ON s.id = a.source_id
ORDER BY st.id DESC
"""

TOPICS = "SELECT id, title, question, version, loaded_at, applied_at, status FROM topics ORDER BY id"

ENTITIES = """
SELECT e.topic_id, e.slug, e.name, e.role, e.id FROM entities AS e
WHERE :topic IS NULL OR e.topic_id = :topic ORDER BY e.topic_id, e.name, e.id
"""

TIMELINE = """
SELECT day, n_articles, n_stories FROM daily_totals WHERE :topic IS NULL
UNION ALL SELECT day, n_articles, n_stories FROM topic_days WHERE topic_id = :topic AND n_articles > 0
ORDER BY day DESC
"""

ARTICLE = f"""
SELECT {_ROW}, a.published_raw, a.published_from, a.modified_at, a.section, a.word_count, a.paywalled, a.gone_at,
    a.n_revisions, a.last_seen_at, t.body AS body
FROM articles AS a {_JOINS} LEFT JOIN article_text AS t ON t.id = a.id WHERE a.id = :id
"""

TOPIC_TITLE = "SELECT title, loaded_at FROM topics WHERE id = :id"
SOURCE_NAME = "SELECT name AS title, NULL AS loaded_at FROM sources WHERE id = :id"
ENTITY_NAME = "SELECT name AS title, NULL AS loaded_at FROM entities WHERE topic_id = :topic AND slug = :slug"
STORY_TITLE = """
SELECT title, NULL AS loaded_at FROM stories
WHERE id = coalesce((SELECT story_id FROM story_aliases WHERE id = :id), :id)
"""

# How many there are in all, read from counts that are kept.
N_STORIES = "SELECT coalesce(sum(n_stories), 0) AS n FROM daily_totals"
N_OF_TOPIC = f"""
SELECT CASE WHEN :accepted THEN (SELECT coalesce(sum(n_articles), 0) FROM topic_days WHERE topic_id = :id)
    ELSE ({TOPIC_REVIEWED}) END AS n
"""
N_OF_ENTITY = """
SELECT coalesce(sum(d.n_articles), 0) AS n FROM entities AS e JOIN entity_days AS d ON d.entity_id = e.id
WHERE e.topic_id = :topic AND e.slug = :slug
"""
N_OF_SOURCE = "SELECT n_articles AS n FROM sources WHERE id = :id"
N_OF_STORY = """
SELECT n_articles AS n FROM stories WHERE id = coalesce((SELECT story_id FROM story_aliases WHERE id = :id), :id)
"""
