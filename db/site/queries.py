"""Every SQL statement of the pages. Templates name them (``sql(queries.ARTICLE, {...})``); all values are bound.

Lists carry their own LIMIT before anything costly is joined; each statement runs over an index at a million articles.
"""

from __future__ import annotations

from db.reports import LAST_RUNS, RECENT_FAILURES, SOURCE_HEALTH

CARD = """a.id, a.title, a.language, a.published_at, a.first_seen_at, a.source_id, a.paywalled, a.story_id,
    s.name AS source_name, st.n_articles, st.n_sources,
    CASE WHEN st.n_articles > 1 THEN
        (SELECT group_concat(DISTINCT language) FROM articles WHERE story_id = a.story_id) END AS languages,
    coalesce(nullif(a.summary, ''), (SELECT teaser FROM teasers WHERE id = a.id)) AS teaser"""
_DAY = "substr(coalesce(a.published_at, a.first_seen_at), 1, 10)"
CARD_JOINS = "JOIN sources AS s ON s.id = a.source_id LEFT JOIN stories AS st ON st.id = a.story_id"

HEALTH = SOURCE_HEALTH
HEALTH_OF_ONE = SOURCE_HEALTH.replace("WHERE s.status IN", "WHERE s.id = :id AND s.status IN")
SOURCE_NAMES = "SELECT id, name FROM sources WHERE status IN ('active', 'disabled') ORDER BY name COLLATE NOCASE, id"
RUNS = LAST_RUNS
FAILURES = RECENT_FAILURES

TOTALS = """
SELECT (SELECT coalesce(sum(n_articles), 0) FROM sources) AS n_articles,
    (SELECT coalesce(sum(n_stories), 0) FROM daily_totals) AS n_stories,
    (SELECT count(*) FROM sources WHERE status = 'active') AS n_sources,
    (SELECT max(first_seen_at) FROM articles) AS last_seen_at,
    (SELECT count(*) FROM articles WHERE first_seen_at >= :day_ago) AS n_day,
    (SELECT count(*) FROM articles WHERE first_seen_at >= :week_ago) AS n_week
"""

# Ids grow with the time of arrival, so what arrived on a topic since is a range of an index, less what an archive that
# was imported meanwhile had captured before. The plus keeps SQLite on the index: min(id) would read all articles.
SINCE_ID = """
SELECT coalesce((SELECT min(+id) FROM articles WHERE first_seen_at >= :since), 9223372036854775807) AS id
"""

DAILY = """
SELECT day, n_articles, n_stories FROM daily_totals WHERE day <= substr(:now, 1, 10) ORDER BY day DESC LIMIT :days
"""

TOPIC_DAILY = """
SELECT day, n_articles, n_stories FROM topic_days
WHERE topic_id = :topic AND day <= substr(:now, 1, 10) AND n_articles > 0 ORDER BY day DESC LIMIT :days
"""

# Each topic's newest arrivals, grouped into stories: never more than 400 rows a topic, however long its backlog.
HEADLINES = f"""
WITH arrived AS (
    SELECT m.article_id FROM topics AS t JOIN topic_matches AS m ON m.topic_id = t.id AND m.accepted = 1
    AND m.article_id >= coalesce((SELECT n.article_id FROM topic_matches AS n
        CROSS JOIN articles AS g ON g.id = n.article_id AND g.first_seen_at >= :since
        WHERE n.topic_id = t.id AND n.accepted = 1 AND n.article_id >= :since_id
        ORDER BY n.article_id DESC LIMIT 1 OFFSET 399), :since_id)
    WHERE t.status = 'active' AND (:topic IS NULL OR t.id = :topic)
), newest AS (
    SELECT coalesce(r.lead_article_id, f.id) AS id, max(coalesce(f.published_at, f.first_seen_at)) AS newest_at
    FROM arrived JOIN articles AS f ON f.id = arrived.article_id AND f.first_seen_at >= :since
    LEFT JOIN stories AS r ON r.id = f.story_id
    GROUP BY 1 ORDER BY newest_at DESC, 1 DESC LIMIT :limit
)
SELECT {CARD}, substr(newest.newest_at, 1, 10) AS day FROM newest JOIN articles AS a ON a.id = newest.id {CARD_JOINS}
ORDER BY newest.newest_at DESC, a.id DESC
"""

# Revisions that changed what is said, among the newest 300.
EDITED = """
SELECT r.number, r.kind, r.seen_at, r.words_added, r.words_removed, r.numbers_changed, a.id, a.title, a.language,
    s.name AS source_name
FROM (SELECT * FROM revisions ORDER BY seen_at DESC LIMIT 300) AS r
JOIN articles AS a ON a.id = r.article_id JOIN sources AS s ON s.id = a.source_id
WHERE r.kind IN ('correction', 'update', 'rewrite') AND (:topic IS NULL OR EXISTS (
    SELECT 1 FROM topic_matches WHERE topic_id = :topic AND article_id = a.id AND accepted = 1))
ORDER BY r.kind <> 'correction', r.seen_at DESC, r.id DESC LIMIT :limit
"""

# The newest arrivals of the whole archive, as HEADLINES_SINCE has them of a topic.
ARRIVED = f"""
WITH arrived AS (
    SELECT id FROM articles WHERE first_seen_at >= :since AND is_lead = 1 ORDER BY first_seen_at DESC, id DESC LIMIT 400
)
SELECT {CARD}, {_DAY} AS day FROM arrived JOIN articles AS a ON a.id = arrived.id {CARD_JOINS}
ORDER BY day DESC, a.published_at DESC, a.id DESC LIMIT :limit
"""

# Who was named most since a day.
NAMED_LATELY = """
SELECT min(e.topic_id) AS topic_id, e.slug, e.name, max(e.role) AS role, max(e.n_articles) AS n_articles FROM (
    SELECT o.topic_id, o.slug, o.name, o.role, sum(d.n_articles) AS n_articles
    FROM topics AS t JOIN entities AS o ON o.topic_id = t.id
    JOIN entity_days AS d ON d.entity_id = o.id AND d.day >= :since AND d.n_articles > 0
    WHERE t.status = 'active' AND (:topic IS NULL OR t.id = :topic) GROUP BY o.id
) AS e GROUP BY e.slug ORDER BY n_articles DESC, e.name LIMIT 8
"""

STORIES = f"""
SELECT {CARD}, {_DAY} AS day FROM articles AS a {CARD_JOINS}
WHERE a.is_lead = 1 AND a.published_at <= :before_at AND (a.published_at < :before_at OR a.id < :before_id)
ORDER BY a.published_at DESC, a.id DESC LIMIT :limit
"""

UNDATED = f"""
SELECT {CARD} FROM articles AS a {CARD_JOINS}
WHERE a.is_lead = 1 AND a.published_at IS NULL AND a.id < :before_id ORDER BY a.id DESC LIMIT :limit
"""

TOPICS = """
SELECT t.id, t.title, t.question, t.version, t.accept, t.review, t.file,
    (SELECT coalesce(sum(n_articles), 0) FROM topic_days WHERE topic_id = t.id) AS n_accepted,
    (SELECT count(*) FROM (SELECT 1 FROM topic_matches WHERE topic_id = t.id AND accepted = 0 LIMIT 1001)) AS n_review,
    (SELECT count(*) FROM topic_matches AS m CROSS JOIN articles AS a ON a.id = m.article_id
        AND a.first_seen_at >= :day_ago WHERE m.topic_id = t.id AND m.accepted = 1
        AND m.article_id >= (SELECT min(+id) FROM articles WHERE first_seen_at >= :day_ago)) AS n_day,
    (SELECT count(*) FROM topic_matches AS m CROSS JOIN articles AS a ON a.id = m.article_id
        AND a.first_seen_at >= :week_ago WHERE m.topic_id = t.id AND m.accepted = 1
        AND m.article_id >= (SELECT min(+id) FROM articles WHERE first_seen_at >= :week_ago)) AS n_week
FROM topics AS t WHERE t.status = 'active' ORDER BY t.title COLLATE NOCASE
"""

TOPIC_REVIEWED = "SELECT count(*) FROM topic_matches WHERE topic_id = :id AND accepted = 0"

TOPIC = "SELECT id, title, question, version, file, loaded_at, status FROM topics WHERE id = :id"

TOPIC_ARTICLES = f"""
WITH page AS (
    SELECT article_id, score FROM topic_matches
    WHERE topic_id = :id AND accepted = :accepted AND article_id < :before_id ORDER BY article_id DESC LIMIT :limit
)
SELECT {CARD}, a.url, page.score, m.reasons, m.topic_version
FROM page JOIN articles AS a ON a.id = page.article_id {CARD_JOINS}
JOIN topic_matches AS m ON m.topic_id = :id AND m.article_id = a.id
ORDER BY a.id DESC
"""

# A LEFT JOIN: who is looked for and never named is worth knowing too.
TOPIC_ENTITIES = """
SELECT e.id, e.topic_id, e.slug, e.name, e.role, coalesce(sum(d.n_articles), 0) AS n_articles,
    min(d.day) AS first_day, max(d.day) AS last_day
FROM entities AS e LEFT JOIN entity_days AS d ON d.entity_id = e.id AND d.n_articles > 0
WHERE e.topic_id = :id GROUP BY e.id ORDER BY n_articles DESC, e.name LIMIT :limit
"""

ENTITY = """
SELECT e.id, e.topic_id, e.slug, e.name, e.role, t.title AS topic_title
FROM entities AS e JOIN topics AS t ON t.id = e.topic_id WHERE e.topic_id = :topic AND e.slug = :slug
"""

ENTITY_DAILY = """
SELECT day, n_articles, n_articles AS n_stories FROM entity_days
WHERE entity_id = :id AND n_articles > 0 AND day <= substr(:now, 1, 10) ORDER BY day DESC LIMIT :days
"""

ENTITY_ARTICLES = f"""
WITH page AS (
    SELECT article_id, n FROM mentions WHERE entity_id = :id AND article_id < :before_id
    ORDER BY article_id DESC LIMIT :limit
)
SELECT {CARD}, page.n FROM page JOIN articles AS a ON a.id = page.article_id {CARD_JOINS} ORDER BY a.id DESC
"""

# Among the newest 1,000 articles that name it: the pairs of all of them would be a scan.
ENTITY_COMPANY = """
WITH latest AS (SELECT article_id FROM mentions WHERE entity_id = :id ORDER BY article_id DESC LIMIT 1000)
SELECT o.topic_id, o.slug, o.name, o.role, count(*) AS n_articles,
    min(substr(coalesce(a.published_at, a.first_seen_at), 1, 10)) AS first_day,
    max(substr(coalesce(a.published_at, a.first_seen_at), 1, 10)) AS last_day
FROM latest JOIN mentions AS w ON w.article_id = latest.article_id AND w.entity_id <> :id
JOIN entities AS o ON o.id = w.entity_id AND o.topic_id = :topic JOIN articles AS a ON a.id = latest.article_id
GROUP BY o.id ORDER BY n_articles DESC, o.name LIMIT 12
"""

NAMED_IN = """
SELECT min(e.topic_id) AS topic_id, e.slug, e.name, max(e.role) AS role, count(DISTINCT m.article_id) AS n_articles
FROM json_each(:ids) AS wanted JOIN mentions AS m ON m.article_id = wanted.value
JOIN entities AS e ON e.id = m.entity_id JOIN topics AS t ON t.id = e.topic_id AND t.status = 'active'
GROUP BY e.slug ORDER BY n_articles DESC, e.name LIMIT 12
"""

ALL_ENTITIES = """
SELECT e.slug, min(e.name) AS name FROM entities AS e JOIN topics AS t ON t.id = e.topic_id AND t.status = 'active'
GROUP BY e.slug ORDER BY name COLLATE NOCASE LIMIT 500
"""

# The busiest 24: the page draws twelve, and those of the few bars of a narrow screen may be others. Days are summed to
# bars here, for a year has more rows than a page has marks. `:bars`: a JSON array of first and last days.
_BARS = """bars AS MATERIALIZED (
    SELECT json_extract(value, '$[0]') AS first, json_extract(value, '$[1]') AS last FROM json_each(:bars)
)"""
_LANE_SUMS = "b.first AS day, sum(d.n_articles) AS n_articles, min(d.day) AS first_day, max(d.day) AS last_day"

LANES_BY_ENTITY = f"""
WITH {_BARS}, busiest AS MATERIALIZED (
    SELECT e.id, e.slug, e.name FROM entities AS e CROSS JOIN entity_days AS d ON d.entity_id = e.id
    WHERE e.topic_id = :topic AND d.day BETWEEN :first AND :last GROUP BY e.id ORDER BY sum(d.n_articles) DESC LIMIT 24
)
SELECT e.slug AS id, e.name, {_LANE_SUMS}
FROM busiest AS e CROSS JOIN bars AS b CROSS JOIN entity_days AS d ON d.entity_id = e.id
WHERE d.day BETWEEN b.first AND b.last AND d.n_articles > 0 GROUP BY e.id, b.first
"""

LANES_BY_SOURCE = f"""
WITH {_BARS}, busiest AS MATERIALIZED (
    SELECT source_id AS id FROM topic_source_days WHERE topic_id = :topic AND day BETWEEN :first AND :last
    GROUP BY source_id ORDER BY sum(n_articles) DESC LIMIT 24
)
SELECT e.id, s.name, {_LANE_SUMS}
FROM busiest AS e CROSS JOIN sources AS s ON s.id = e.id CROSS JOIN bars AS b
CROSS JOIN topic_source_days AS d ON d.topic_id = :topic AND d.source_id = e.id
WHERE d.day BETWEEN b.first AND b.last AND d.n_articles > 0 GROUP BY e.id, b.first
"""

PERIOD = f"""
SELECT {CARD} FROM articles AS a {CARD_JOINS}
WHERE a.published_at >= coalesce((SELECT published_at FROM articles WHERE id = :after_id), :first)
AND a.published_at < :after AND (a.published_at, a.id) > (
    SELECT published_at, id FROM articles WHERE id = :after_id UNION ALL SELECT '', 0 LIMIT 1)
AND a.is_lead = 1 AND (:topic IS NULL OR EXISTS (
    SELECT 1 FROM topic_matches WHERE topic_id = :topic AND article_id = a.id AND accepted = 1))
ORDER BY a.published_at, a.id LIMIT :limit
"""

ARTICLE = """
SELECT a.*, s.name AS source_name, t.body AS body, st.n_articles, st.n_sources,
    (SELECT teaser FROM teasers WHERE id = a.id) AS teaser
FROM articles AS a JOIN sources AS s ON s.id = a.source_id
LEFT JOIN article_text AS t ON t.id = a.id LEFT JOIN stories AS st ON st.id = a.story_id
WHERE a.id = :id
"""

ARTICLE_MATCHES = """
SELECT m.topic_id, t.title, m.score, m.accepted, m.reasons FROM topic_matches AS m JOIN topics AS t ON t.id = m.topic_id
WHERE m.article_id = :id AND t.status = 'active' ORDER BY m.accepted DESC, m.score DESC
"""

ARTICLE_ENTITIES = """
SELECT min(e.topic_id) AS topic_id, e.slug, e.name, max(e.role) AS role, max(m.n) AS n
FROM mentions AS m JOIN entities AS e ON e.id = m.entity_id JOIN topics AS t ON t.id = e.topic_id
WHERE m.article_id = :id AND t.status = 'active' GROUP BY e.slug ORDER BY n DESC, e.name LIMIT 20
"""

REVISIONS = """
SELECT number, seen_at, title, body AS body, kind, words_added, words_removed, numbers_changed
FROM revisions WHERE article_id = :id ORDER BY number DESC LIMIT 50
"""

REMOVED_LINES = """
SELECT l.line, l.place, l.n_articles FROM removed_lines AS r JOIN site_lines AS l ON l.id = r.site_line_id
WHERE r.article_id = :id ORDER BY r.position
"""

RAW_PAGE = "SELECT url, warc_file, warc_offset, warc_length FROM articles WHERE id = :id"

STORY = """
SELECT * FROM stories WHERE id = coalesce((SELECT story_id FROM story_aliases WHERE id = :id), :id)
"""

# The articles of a story in the order in which they were published, those after one of them; 0 begins.
STORY_PAGE = """
SELECT a.id FROM stories AS o CROSS JOIN articles AS a ON a.story_id = o.id
WHERE o.id = coalesce((SELECT story_id FROM story_aliases WHERE id = :id), :id)
AND (a.published_at IS NULL, coalesce(a.published_at, ''), a.id) > (
    SELECT published_at IS NULL, coalesce(published_at, ''), id FROM articles WHERE id = :after_id
    UNION ALL SELECT -1, '', 0 LIMIT 1)
ORDER BY a.published_at IS NULL, a.published_at, a.id LIMIT :limit
"""

STORY_ARTICLES = f"""
WITH page AS MATERIALIZED ({STORY_PAGE})
SELECT a.id, a.title, a.language, a.published_at, a.first_seen_at, a.source_id, a.word_count, a.is_lead, a.url,
    s.name AS source_name, d.relation, d.containment, d.lead_overlap, d.numbers_changed, d.gap_days,
    p.id AS partner_id, p.title AS partner_title, ps.name AS partner_source
FROM page CROSS JOIN articles AS a ON a.id = page.id JOIN sources AS s ON s.id = a.source_id
LEFT JOIN duplicates AS d ON d.rowid = (
    SELECT p.rowid FROM duplicates AS p
    WHERE (p.article_id = a.id OR p.of_article_id = a.id) AND p.relation <> 'related'
    AND (SELECT count(*) FROM articles AS b WHERE b.id IN (p.article_id, p.of_article_id) AND b.story_id = :id) = 2
    ORDER BY p.containment DESC, p.gap_days LIMIT 1
)
LEFT JOIN articles AS p ON p.id = iif(d.article_id = a.id, d.of_article_id, d.article_id)
LEFT JOIN sources AS ps ON ps.id = p.source_id
ORDER BY a.published_at IS NULL, a.published_at, a.id
"""

# Of each story the closest pair: SQLite takes the other columns from the row of the maximum.
STORY_RELATED = """
WITH partners AS (
    SELECT d.of_article_id AS id, d.* FROM articles AS a JOIN duplicates AS d ON d.article_id = a.id
    WHERE a.story_id = :id
    UNION ALL
    SELECT d.article_id, d.* FROM articles AS a JOIN duplicates AS d ON d.of_article_id = a.id
    WHERE a.story_id = :id
)
SELECT st.id, st.title, p.relation, max(p.containment) AS containment, p.lead_overlap, p.numbers_changed, p.gap_days
FROM partners AS p JOIN articles AS b ON b.id = p.id
JOIN stories AS st ON st.id = b.story_id
WHERE b.story_id <> :id GROUP BY st.id ORDER BY containment DESC, st.id LIMIT 10
"""

TEXT = "SELECT title, body AS body FROM article_text WHERE id = :id"

SOURCE = "SELECT * FROM sources WHERE id = :id"

SOURCE_SEEDS = """
SELECT id, kind, url, status, failures, polled_at, next_poll_at, interval_seconds, rate_per_day, note
FROM seeds WHERE source_id = :id AND status <> 'removed' ORDER BY failures DESC, kind, url LIMIT :limit
"""

SOURCE_ARTICLES = f"""
SELECT {CARD} FROM articles AS a {CARD_JOINS} WHERE a.source_id = :id
ORDER BY a.published_at DESC, a.id DESC LIMIT :limit
"""

# The 120 days that end with the newest: more than that is another page.
SOURCE_DAILY = """
SELECT day, n_articles, n_articles AS n_stories FROM source_days
WHERE source_id = :id AND n_articles > 0 AND day <= substr(:now, 1, 10) AND day > (SELECT date(max(day), '-120 days')
    FROM source_days WHERE source_id = :id AND n_articles > 0 AND day <= substr(:now, 1, 10))
"""

# A row a source: its days one by one would be thousands of rows.
COVERAGE = """
SELECT s.id, json_group_object(d.day, d.n_articles) AS days
FROM sources AS s CROSS JOIN source_days AS d ON d.source_id = s.id
WHERE s.status IN ('active', 'disabled') AND d.day BETWEEN :first AND substr(:now, 1, 10) AND d.n_articles > 0
GROUP BY s.id
"""

POLLING = """
SELECT source_id, min(interval_seconds) AS interval_seconds FROM seeds
WHERE status IN ('active', 'failing') GROUP BY source_id
"""

SOURCE_ERRORS = """
SELECT at, url, status, error FROM (
    SELECT * FROM fetches WHERE seed_id IN (SELECT id FROM seeds WHERE source_id = :id) ORDER BY id DESC LIMIT 500
) WHERE error IS NOT NULL OR status >= 400 ORDER BY id DESC LIMIT 10
"""

# From one language to the next over the index: DISTINCT would read it whole.
LANGUAGES = """
WITH RECURSIVE known (language) AS (
    SELECT min(language) FROM articles
    UNION ALL SELECT (SELECT min(language) FROM articles WHERE language > known.language) FROM known
    WHERE known.language IS NOT NULL
)
SELECT language FROM known WHERE language IS NOT NULL
"""
