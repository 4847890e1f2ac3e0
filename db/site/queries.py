"""Every SQL statement of the site. Templates name them (``sql(queries.ARTICLE, {...})``); all values are bound.

Lists carry their own LIMIT before anything costly is joined; each statement runs over an index at a million articles.
"""

from __future__ import annotations

from db.reports import SOURCE_HEALTH

_CARD = """a.id, a.title, a.language, a.published_at, a.first_seen_at, a.source_id, a.paywalled, a.story_id,
    s.name AS source_name, st.n_articles, st.n_sources,
    coalesce(nullif(a.summary, ''), (SELECT substr(body, 1, 400) FROM article_text WHERE id = a.id)) AS teaser"""
_CARD_JOINS = "JOIN sources AS s ON s.id = a.source_id LEFT JOIN stories AS st ON st.id = a.story_id"

HEALTH = SOURCE_HEALTH

TOTALS = """
SELECT (SELECT coalesce(sum(n_articles), 0) FROM sources) AS n_articles,
    (SELECT count(*) FROM stories) AS n_stories,
    (SELECT count(*) FROM sources WHERE status = 'active') AS n_sources,
    (SELECT count(*) FROM topics WHERE status = 'active') AS n_topics,
    (SELECT max(first_seen_at) FROM articles) AS last_seen_at
"""

DAILY = """
SELECT day, n_articles, n_stories FROM daily_totals WHERE day <= substr(:now, 1, 10) ORDER BY day DESC LIMIT :days
"""

# The newest matches by arrival first, so that a large backlog of judged articles is not sorted for twelve rows.
LATEST_ON_TOPIC = f"""
WITH newest AS (
    SELECT DISTINCT article_id FROM topic_matches
    WHERE accepted = 1 AND topic_id IN (SELECT id FROM topics WHERE status = 'active')
    ORDER BY article_id DESC LIMIT 3000
)
SELECT {_CARD} FROM newest JOIN articles AS a ON a.id = newest.article_id {_CARD_JOINS}
WHERE a.is_lead = 1 ORDER BY a.published_at DESC, a.id DESC LIMIT :limit
"""

STORIES = f"""
SELECT {_CARD} FROM articles AS a {_CARD_JOINS}
WHERE a.is_lead = 1 AND a.published_at <= :before_at AND (a.published_at < :before_at OR a.id < :before_id)
ORDER BY a.published_at DESC, a.id DESC LIMIT :limit
"""

UNDATED = f"""
SELECT {_CARD} FROM articles AS a {_CARD_JOINS}
WHERE a.is_lead = 1 AND a.published_at IS NULL AND a.id < :before_id ORDER BY a.id DESC LIMIT :limit
"""

TOPICS = """
SELECT t.id, t.title, t.question,
    (SELECT count(*) FROM topic_matches WHERE topic_id = t.id AND accepted = 1) AS n_accepted,
    (SELECT count(*) FROM topic_matches WHERE topic_id = t.id AND accepted = 0) AS n_review
FROM topics AS t WHERE t.status = 'active' ORDER BY t.title COLLATE NOCASE
"""

TOPIC = "SELECT id, title, question, version, file, loaded_at, status FROM topics WHERE id = :id"

TOPIC_ARTICLES = f"""
WITH page AS (
    SELECT article_id, score FROM topic_matches
    WHERE topic_id = :id AND accepted = :accepted AND article_id < :before_id ORDER BY article_id DESC LIMIT :limit
)
SELECT {_CARD}, page.score, m.reasons FROM page JOIN articles AS a ON a.id = page.article_id {_CARD_JOINS}
JOIN topic_matches AS m ON m.topic_id = :id AND m.article_id = a.id
ORDER BY a.id DESC
"""

TOPIC_ENTITIES = """
SELECT e.name, e.role, count(m.article_id) AS n_articles
FROM entities AS e JOIN mentions AS m ON m.entity_id = e.id
WHERE e.topic_id = :id GROUP BY e.id ORDER BY n_articles DESC, e.name LIMIT 40
"""

ARTICLE = """
SELECT a.*, s.name AS source_name, t.body, st.n_articles, st.n_sources
FROM articles AS a JOIN sources AS s ON s.id = a.source_id
LEFT JOIN article_text AS t ON t.id = a.id LEFT JOIN stories AS st ON st.id = a.story_id
WHERE a.id = :id
"""

ARTICLE_MATCHES = """
SELECT m.topic_id, t.title, m.score, m.accepted, m.reasons FROM topic_matches AS m JOIN topics AS t ON t.id = m.topic_id
WHERE m.article_id = :id AND t.status = 'active' ORDER BY m.accepted DESC, m.score DESC
"""

ARTICLE_ENTITIES = """
SELECT e.name, max(e.role) AS role, max(m.n) AS n FROM mentions AS m JOIN entities AS e ON e.id = m.entity_id
WHERE m.article_id = :id GROUP BY e.name ORDER BY n DESC, e.name LIMIT 20
"""

REVISIONS = """
SELECT number, seen_at, title, body, kind, words_added, words_removed, numbers_changed
FROM revisions WHERE article_id = :id ORDER BY number DESC LIMIT 50
"""

STORY = """
SELECT * FROM stories WHERE id = coalesce((SELECT story_id FROM story_aliases WHERE id = :id), :id)
"""

STORY_ARTICLES = """
SELECT a.id, a.title, a.language, a.published_at, a.first_seen_at, a.source_id, a.word_count, a.is_lead, a.url,
    s.name AS source_name, d.relation, d.containment, d.numbers_changed, d.gap_days
FROM articles AS a JOIN sources AS s ON s.id = a.source_id
LEFT JOIN duplicates AS d ON d.rowid = (
    SELECT p.rowid FROM duplicates AS p
    WHERE (p.article_id = a.id OR p.of_article_id = a.id) AND p.relation <> 'related'
    AND (SELECT count(*) FROM articles AS b WHERE b.id IN (p.article_id, p.of_article_id) AND b.story_id = :id) = 2
    ORDER BY p.containment DESC, p.gap_days LIMIT 1
)
WHERE a.story_id = :id ORDER BY a.published_at IS NULL, a.published_at, a.id LIMIT 200
"""

STORY_RELATED = """
WITH partners AS (
    SELECT d.of_article_id AS id, d.containment FROM articles AS a JOIN duplicates AS d ON d.article_id = a.id
    WHERE a.story_id = :id
    UNION ALL
    SELECT d.article_id, d.containment FROM articles AS a JOIN duplicates AS d ON d.of_article_id = a.id
    WHERE a.story_id = :id
)
SELECT st.id, st.title, max(p.containment) AS containment FROM partners AS p JOIN articles AS b ON b.id = p.id
JOIN stories AS st ON st.id = b.story_id
WHERE b.story_id <> :id GROUP BY st.id ORDER BY containment DESC, st.id LIMIT 10
"""

TEXT = "SELECT title, body FROM article_text WHERE id = :id"

SOURCE = "SELECT * FROM sources WHERE id = :id"

SOURCE_SEEDS = """
SELECT id, kind, url, status, failures, polled_at, next_poll_at, interval_seconds, rate_per_day, note
FROM seeds WHERE source_id = :id AND status <> 'removed' ORDER BY failures DESC, kind, url LIMIT 200
"""

SOURCE_ARTICLES = f"""
SELECT {_CARD} FROM articles AS a {_CARD_JOINS} WHERE a.source_id = :id
ORDER BY a.published_at DESC, a.id DESC LIMIT :limit
"""

SOURCE_ERRORS = """
SELECT at, url, status, error FROM (
    SELECT * FROM fetches WHERE seed_id IN (SELECT id FROM seeds WHERE source_id = :id) ORDER BY id DESC LIMIT 500
) WHERE error IS NOT NULL OR status >= 400 ORDER BY id DESC LIMIT 10
"""

_SEARCH_SHAPE = f"""
SELECT {_CARD}, hits.title_marks, hits.body_marks, t.body
FROM hits JOIN articles AS a ON a.id = hits.id JOIN article_text AS t ON t.id = a.id {_CARD_JOINS}
"""
_MARKS = """highlight(article_text_fts, 0, char(2), char(3)) AS title_marks,
        highlight(article_text_fts, 1, char(2), char(3)) AS body_marks"""
_FILTERS = "(:source IS NULL OR f.source_id = :source) AND (:language IS NULL OR f.language = :language)"

SEARCH_NEWEST = f"""
WITH hits AS MATERIALIZED (
    SELECT article_text_fts.rowid AS id, {_MARKS}
    FROM article_text_fts JOIN articles AS f ON f.id = article_text_fts.rowid
    WHERE article_text_fts MATCH :match AND article_text_fts.rowid < :before_id AND {_FILTERS}
    ORDER BY article_text_fts.rowid DESC LIMIT :limit
)
{_SEARCH_SHAPE} ORDER BY a.id DESC
"""

# bm25 reads every hit, so only the newest 2,000 are ranked; a word of the headline counts four times.
SEARCH_BEST = f"""
WITH newest AS MATERIALIZED (
    SELECT article_text_fts.rowid AS id, bm25(article_text_fts, 4.0, 1.0) AS rank
    FROM article_text_fts JOIN articles AS f ON f.id = article_text_fts.rowid
    WHERE article_text_fts MATCH :match AND {_FILTERS}
    ORDER BY article_text_fts.rowid DESC LIMIT 2000
), best AS MATERIALIZED (SELECT id, rank FROM newest ORDER BY rank, id DESC LIMIT :limit
), hits AS MATERIALIZED (
    SELECT article_text_fts.rowid AS id, {_MARKS} FROM article_text_fts
    WHERE article_text_fts MATCH :match AND article_text_fts.rowid IN (SELECT id FROM best)
)
{_SEARCH_SHAPE} JOIN best ON best.id = hits.id ORDER BY best.rank, a.id DESC
"""

SEARCH_COUNT = (
    "SELECT count(*) AS n FROM (SELECT 1 FROM article_text_fts WHERE article_text_fts MATCH :match LIMIT 1001)"
)

LANGUAGES = "SELECT DISTINCT language FROM articles WHERE language IS NOT NULL ORDER BY language"
