"""The SQL of searches; all values are bound. ``sought`` and ``answers``: see `db.site.searching.prepare_connection`."""

from __future__ import annotations

from db.site.queries import CARD, CARD_JOINS

_SHAPE = f"""
SELECT {CARD}, hits.n, t.body AS body
FROM hits JOIN articles AS a ON a.id = hits.id JOIN article_text AS t ON t.id = a.id {CARD_JOINS}
"""
FILTERS = """article_text_fts.rowid > :horizon
    AND (:source IS NULL OR f.source_id = :source) AND (:language IS NULL OR f.language = :language)
    AND (:first IS NULL OR coalesce(f.published_at, f.first_seen_at) >= :first)
    AND (:last IS NULL OR substr(coalesce(f.published_at, f.first_seen_at), 1, 10) <= :last)
    AND (:topic IS NULL OR EXISTS (
        SELECT 1 FROM topic_matches WHERE topic_id = :topic AND article_id = f.id AND accepted = 1))
    AND (:entity IS NULL OR EXISTS (
        SELECT 1 FROM mentions AS m JOIN entities AS e ON e.id = m.entity_id
        WHERE m.article_id = f.id AND e.slug = :entity))
    AND (:wider = :match OR answers(:match, (SELECT folded_title FROM article_text WHERE id = f.id),
        (SELECT folded FROM article_text WHERE id = f.id)))"""

# Of the newest articles that answer the wider expression, how many answer the one that was asked for.
SHARE = """
WITH newest AS MATERIALIZED (SELECT rowid AS id FROM article_text_fts WHERE article_text_fts MATCH sought(:wider)
    ORDER BY rowid DESC LIMIT :tried)
SELECT count(*) AS n FROM newest CROSS JOIN article_text AS t ON t.id = newest.id
WHERE answers(:match, t.folded_title, t.folded)
"""

# Filters are tried on each hit, so a narrowed search looks at so many of the newest and goes on from there if asked.
HORIZON = """
SELECT coalesce((SELECT rowid FROM article_text_fts WHERE article_text_fts MATCH sought(:wider) AND rowid < :before_id
    ORDER BY rowid DESC LIMIT 1 OFFSET :looked_at), 0) AS id
"""

# One look at the index for the page and for how many there are: a wide beginning makes each look expensive.
NEWEST = f"""
WITH found AS MATERIALIZED (
    SELECT article_text_fts.rowid AS id FROM article_text_fts JOIN articles AS f ON f.id = article_text_fts.rowid
    WHERE article_text_fts MATCH sought(:wider) AND article_text_fts.rowid < :before_id AND {FILTERS}
    ORDER BY article_text_fts.rowid DESC LIMIT max(:limit, :counted)
), hits AS (SELECT id, (SELECT count(*) FROM found) AS n FROM found ORDER BY id DESC LIMIT :limit)
{_SHAPE} ORDER BY a.id DESC
"""

# bm25 reads every hit, so only the newest 2,000 are ranked; a word of the headline counts four times.
BEST = f"""
WITH newest AS MATERIALIZED (
    SELECT article_text_fts.rowid AS id, bm25(article_text_fts, 4.0, 1.0) AS rank
    FROM article_text_fts JOIN articles AS f ON f.id = article_text_fts.rowid
    WHERE article_text_fts MATCH sought(:match) AND {FILTERS}
    ORDER BY article_text_fts.rowid DESC LIMIT 2000
), hits AS MATERIALIZED (
    SELECT id, rank, (SELECT count(*) FROM newest) AS n FROM newest ORDER BY rank, id DESC LIMIT :limit
)
{_SHAPE} ORDER BY hits.rank, a.id DESC
"""

COUNT = (
    "SELECT count(*) AS n FROM (SELECT 1 FROM article_text_fts WHERE article_text_fts MATCH sought(:match) LIMIT 1001)"
)
