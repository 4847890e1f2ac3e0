"""What every table and column of the archive means: the words behind ``docs/schema.md`` and the site's table pages.

``python -m db.schema > docs/schema.md`` writes the page anew; a test fails when a column has no words or when the page
is old.
"""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableDoc:
    """The meaning of one table and of each of its columns, in the order of the schema."""

    text: str
    columns: Mapping[str, str]


_TIME = "UTC, ISO 8601 (`2018-11-09T08:30:00Z`)"
_DAY = "Day of publication, or where unknown of the first fetch, UTC, `YYYY-MM-DD`"
_WARC_FILE = "WARC file that holds the raw bytes, relative to the archive folder; NULL when they were not kept"
_WARC_OFFSET = "Offset of the record in that file, bytes"
_WARC_LENGTH = "Length of the compressed record, bytes"

DESCRIPTIONS: dict[str, TableDoc] = {
    "sources": TableDoc(
        "Outlets: those of `sources.toml`, and one for each unlisted domain whose articles an archive brought in.",
        {
            "id": "Short name from `sources.toml`, or the domain for a source with the status `seen`",
            "name": "Name shown to readers",
            "homepage": "Address of the outlet, http(s) only",
            "domain": "Registrable domain its articles are recognised by",
            "country": "Country code, ISO 3166-1 alpha-2",
            "language": "Main language, ISO 639-1",
            "status": "`active`, `disabled` in the file, `removed` from the file, or `seen` (nobody listed it)",
            "last_ok_at": f"Last time one of its seeds answered well, {_TIME}",
            "n_articles": "Articles stored, copies included",
            "note": "The analyst's remark",
        },
    ),
    "seeds": TableDoc(
        "Addresses that are polled for links, each with its validators and its own poll schedule.",
        {
            "id": "Key",
            "source_id": "The source it belongs to",
            "parent_id": "The sitemap index that named this sitemap; NULL for a seed of the file",
            "kind": "`feed`, `sitemap`, `section` or `archive`",
            "url": "Address, or path of a WARC file for an archive",
            "host": "Host name in lower case, the unit of politeness",
            "since": "Links dated before this day are refused, `YYYY-MM-DD`",
            "etag": "Validator of the last answer, sent back as If-None-Match",
            "last_modified": "Validator of the last answer, sent back as If-Modified-Since",
            "polled_at": f"Last poll, {_TIME}",
            "full_fetch_at": f"Last poll that was answered with the whole document, {_TIME}",
            "next_poll_at": f"When it is due again, {_TIME}; NULL is due now",
            "interval_seconds": "Current distance between polls, seconds",
            "rate_per_day": "New links a day, an average that forgets old days",
            "failures": "Polls failed in a row; 0 after a good one",
            "status": "`active`, `failing`, `gone` (the server said so), `disabled` or `removed`",
            "note": "Why it has this status, or the analyst's remark",
        },
    ),
    "links": TableDoc(
        "Every address a seed ever mentioned, and what became of it. The frontier: `pending` rows are the queue.",
        {
            "id": "Key",
            "url": "Address as found, http(s) only",
            "url_key": "Canonical form of the address; equal keys are one page",
            "host": "Host name in lower case",
            "seed_id": "The seed that mentioned it first",
            "found_at": f"When it was first seen, {_TIME}",
            "title_hint": "Title the seed gave",
            "published_hint": "Publication date the seed gave, as written there",
            "modified_hint": "Date of change the seed gave, as written there",
            "fate": "`pending`, `article`, `duplicate_url`, `not_article`, `refused`, `blocked_by_robots`, "
            "`paywalled`, `gone` or `failed`",
            "reason": "Why it has this fate, in words",
            "tries": "Fetches tried so far",
            "next_try_at": f"Not to be tried before, {_TIME}",
            "settled_at": f"When the fate was decided, {_TIME}",
            "article_id": "The article it led to",
            "dated_at": f"Links of a host are fetched newest first by this (publication, change, finding), {_TIME}",
            "recheck_pause_seconds": "Rest before it was last asked again, seconds; grows while that brings nothing",
        },
    ),
    "rechecks": TableDoc(
        "Articles that will be looked at again, and when ([revisions](revisions.md)); a row goes with its last look.",
        {
            "link_id": "The link whose article it is",
            "host": "Host name of the link, in lower case",
            "wanted": "1 when a topic accepts the article: these are looked at before the others of their host",
            "due_at": f"When it is due, {_TIME}",
            "etag": "Validator of the answer the stored text was read from, sent back as If-None-Match",
            "last_modified": "Validator of that answer, sent back as If-Modified-Since",
            "full_fetch_at": f"Last look that was answered with the whole page, {_TIME}",
        },
    ),
    "hosts": TableDoc(
        "What politeness remembers about each host between runs.",
        {
            "host": "Host name in lower case",
            "delay_seconds": "Least distance between two requests, seconds",
            "not_before": f"No request before this time (Retry-After, back-off), {_TIME}",
            "last_asked_at": f"Last request, kept for hosts with a long delay, {_TIME}",
            "failures": "Failures in a row",
            "robots_status": "HTTP status of the last robots.txt answer",
            "robots_at": f"When robots.txt was last asked for, {_TIME}",
            "robots_body": "The robots.txt in force",
            "robots_failing_since": f"Since when robots.txt cannot be had and no old copy serves, {_TIME}",
            "last_error": "The last failure in words",
            "rechecks_paid_to": f"Its re-checks are within the hourly budget while this is not in the future, {_TIME}",
        },
    ),
    "runs": TableDoc(
        "Runs of the crawl.",
        {
            "id": "Key",
            "started_at": f"Start, {_TIME}",
            "ended_at": f"End, {_TIME}; NULL while running, or after a crash",
            "outcome": "How it ended, one word",
            "counters": "What it counted: JSON object of name to number",
        },
    ),
    "fetches": TableDoc(
        "Every request that left this machine.",
        {
            "id": "Key",
            "run_id": "The run that made it",
            "url": "Address asked for",
            "at": f"When, {_TIME}",
            "status": "HTTP status; NULL when no answer came",
            "bytes": "Size of the body, bytes",
            "milliseconds": "Time to the whole answer, milliseconds",
            "warc_file": _WARC_FILE,
            "warc_offset": _WARC_OFFSET,
            "warc_length": _WARC_LENGTH,
            "error": "Failure in words; NULL when the answer was usable",
            "link_id": "The link it was made for",
            "seed_id": "The seed it was made for",
        },
    ),
    "stories": TableDoc(
        "Groups of articles that carry the same text, whole or in part: one row for each distinct story.",
        {
            "id": "Key",
            "title": "Title of the lead article",
            "lead_article_id": "The article that stands for the story: the one published first",
            "first_published_at": f"Earliest publication among its articles, {_TIME}",
            "last_published_at": f"Latest publication among its articles, {_TIME}",
            "n_articles": "Articles in it, the lead included",
            "n_sources": "Different outlets that ran it",
        },
    ),
    "story_aliases": TableDoc(
        "Ids of stories that became part of another one: an old id still leads to its articles.",
        {
            "id": "The id that vanished; never given to another story",
            "story_id": "The story its articles belong to now",
        },
    ),
    "articles": TableDoc(
        "Articles, each once: identity, dates and provenance. The text is in `article_text`.",
        {
            "id": "Key; grows with the time of arrival",
            "url": "Canonical address, http(s) only",
            "source_id": "The outlet that published it",
            "story_id": "The story it belongs to",
            "title": "Headline",
            "authors": "JSON array of names",
            "published_at": f"Publication, {_TIME}; NULL when unknown",
            "published_raw": "The date exactly as the page wrote it",
            "published_from": "Where the date came from: `json-ld`, `meta`, `itemprop`, `time` (a time element), "
            "`script` (page state), `url` (the day in the address), `text` (a written date), "
            "`htmldate` (a guess over the whole page) or `feed`",
            "modified_at": f"Last change by the page's own account, {_TIME}",
            "language": "Language of the text, ISO 639-1",
            "summary": "Summary the page gives",
            "image": "Address of the lead picture, http(s) only",
            "section": "Section of the outlet by the page's own account",
            "word_count": "Words of the body; scripts without spaces count each character",
            "paywalled": "1 when only a part of the text was open to read",
            "first_seen_at": "Earliest sight of it, a fetch or the capture of an imported page; stands for an unknown "
            f"date; {_TIME}",
            "updated_at": f"When its stored text last changed to one not seen before, {_TIME}",
            "last_seen_at": f"Latest sight of it, {_TIME}",
            "captured_at": f"Latest sight of its current text, which no earlier capture replaces, {_TIME}",
            "gone_at": f"When its outlet was seen to have taken it down (HTTP 404, 410), {_TIME}; NULL while it is up",
            "n_revisions": "Older versions kept in `revisions`",
            "content_hash": "Hash of the words of the current body",
            "is_lead": "1 for the article that stands for its story, 0 for copies",
            "extractor": "Name and version of the extraction that made the text",
            "warc_file": _WARC_FILE,
            "warc_offset": _WARC_OFFSET,
            "warc_length": _WARC_LENGTH,
        },
    ),
    "article_urls": TableDoc(
        "Every address known to lead to an article.",
        {
            "url_key": "Canonical form of the address",
            "article_id": "The article it leads to",
            "kind": "`link` from a seed, `final` after redirects, or `canonical` by the page's own account",
        },
    ),
    "article_text": TableDoc(
        "The text of each article, apart from `articles` so that lists stay fast.",
        {
            "id": "The article",
            "title": "Headline",
            "body": "Paragraphs joined by a blank line",
            "folded_title": "Headline folded for search (`db/folding.py`)",
            "folded": "Body folded for search",
        },
    ),
    "teasers": TableDoc(
        "The beginning of each article: never more than half of it. A view, all that a site with private bodies shows.",
        {"id": "The article", "teaser": "At most 400 characters"},
    ),
    "article_text_fts": TableDoc(
        "Full-text index (FTS5) over the folded text; `rowid` is the article. Fold the query with the same function.",
        {
            "folded_title": "Headline folded for search",
            "folded": "Body folded for search",
        },
    ),
    "revisions": TableDoc(
        "Versions of an article's text that a later one replaced, and truncated ones that replaced nothing.",
        {
            "id": "Key",
            "article_id": "The article",
            "number": "1 is the oldest version",
            "seen_at": f"When a later version replaced it; for a truncated one, when it was seen; {_TIME}",
            "title": "Headline of the replaced version",
            "body": "Body of the replaced version, paragraphs joined by a blank line",
            "content_hash": "Hash of the words of its body",
            "kind": "Next version: `cosmetic`, `minor`, `correction`, `update`, `rewrite` or `truncated`",
            "words_added": "Words the change added",
            "words_removed": "Words the change removed",
            "numbers_changed": "Numbers the change altered",
        },
    ),
    "duplicates": TableDoc(
        "Pairs of articles that share text, with the measures that decided: every join, and `related` pairs.",
        {
            "article_id": "The later article; for `contained` the excerpt",
            "of_article_id": "The article it matches; for `contained` the longer text",
            "relation": "`exact` (word for word), `near` (versions of one text), `contained` (an excerpt), or "
            "`related` (shares text and is another story)",
            "containment": "Share of the shorter text's runs of words found in the longer, 0 to 1",
            "number_overlap": "Share of the shorter text's numbers amid shared words found in the longer, 0 to 1",
            "numbers_changed": "Numbers of the shorter text amid shared words that the longer has not",
            "lead_overlap": "Share of the longer text's first 60 words found in the shorter, 0 to 1",
            "gap_days": "Distance between the two publications, days",
        },
    ),
    "signatures": TableDoc(
        "What each text is compared by; made from `article_text.folded`, so that it can be made again.",
        {
            "article_id": "The article",
            "week": "Week it is filed under in `fingerprints`",
            "shingles": "24 bits of hash for each run of words: the lowest byte of each, the next of each, the third",
            "numbers": "For each number 32 bits, little end first: its place among the words (upper 16), its hash",
        },
    ),
    "fingerprints": TableDoc(
        "Sampled runs of words of each text, by week: how candidates for copies are found.",
        {
            "week": "Week of publication, counted from 1970-01-01",
            "hash": "Hash of the run of words",
            "article_id": "The article that holds it",
        },
    ),
    "site_lines": TableDoc(
        "Lines a site repeats from story to story; left out of bodies, and put back by `scrapy lines keep`.",
        {
            "id": "Key",
            "source_id": "The outlet",
            "place": "Where it repeats and is left out: `head` (the first three lines) or `below`",
            "line": "The line as it appears",
            "status": "`removed`, or `kept` in the text because an analyst said so",
            "n_articles": "Articles whose body it is left out of",
            "first_seen_at": f"Earliest sight of an article known to have it, {_TIME}",
            "learned_at": f"When enough stories had it, {_TIME}",
        },
    ),
    "removed_lines": TableDoc(
        "What was left out of each body: with these lines put back, by position, it is the text as extracted.",
        {
            "article_id": "The article",
            "position": "Number of the line in the text as extracted, from 0",
            "site_line_id": "The line",
        },
    ),
    "line_sightings": TableDoc(
        "Which of the newest articles of each source have which line: how repeated lines are noticed.",
        {
            "source_id": "The outlet",
            "hash": "Hash of the place and the line, 48 bits",
            "article_id": "The article",
            "evidence": "What the article says of it: 1 furniture, -1 a part of the story, 0 nothing",
        },
    ),
    "topics": TableDoc(
        "Topic files the archive was judged by.",
        {
            "id": "Name of the file without `.toml`",
            "title": "Title shown to readers",
            "question": "What the analyst wants to know",
            "version": "Fingerprint of the file's rules; scores of another version are stale",
            "accept": "Score, 0 to 1, from which the file takes an article into the collection",
            "review": "Score, 0 to 1, from which an article waits for a reader",
            "file": "The file it was read from",
            "loaded_at": f"When this version was read, {_TIME}",
            "applied_at": f"When this version had judged all articles, {_TIME}; NULL: `scrapy topic apply` is due",
            "status": "`active`, or `removed` when the file is gone",
        },
    ),
    "topic_matches": TableDoc(
        "How each judged article fares against each topic, and why.",
        {
            "topic_id": "The topic",
            "article_id": "The article",
            "score": "0 to 1; comparable between topics",
            "accepted": "1 when the article counts as on topic, 0 when it is only worth a look",
            "reasons": "JSON array, an object for each rule that spoke: rule, forms, where, n",
            "topic_version": "Version of the topic that judged",
        },
    ),
    "entities": TableDoc(
        "People and bodies a topic file names.",
        {
            "id": "Key",
            "topic_id": "The topic that names it",
            "slug": "Short name from the topic file",
            "name": "Name shown to readers",
            "role": "What it is, in the analyst's words",
        },
    ),
    "mentions": TableDoc(
        "How often an article names an entity.",
        {
            "entity_id": "The person or body",
            "article_id": "The article",
            "n": "Times it is named, all spellings together",
        },
    ),
    "appearances_together": TableDoc(
        "Who appears with whom, when (a view): a row for each article and each ordered pair of entities it names.",
        {
            "topic_id": "The topic that names both",
            "entity": "Short name of the one",
            "other": "Short name of the other",
            "article_id": "An article that names both",
            "day": _DAY,
        },
    ),
    "daily_totals": TableDoc(
        "Articles a day, kept up to date by the writer so that charts cost nothing.",
        {
            "day": "Day, UTC, `YYYY-MM-DD`",
            "n_articles": "Articles of that day, copies included",
            "n_stories": "Distinct stories of that day",
        },
    ),
    "source_days": TableDoc(
        "Articles of each source a day, kept by triggers. A row that fell to 0 stays.",
        {"source_id": "The outlet", "day": _DAY, "n_articles": "Articles of that day, copies included"},
    ),
    "topic_days": TableDoc(
        "Accepted articles of each topic a day, kept by triggers. A row that fell to 0 stays.",
        {
            "topic_id": "The topic",
            "day": _DAY,
            "n_articles": "Accepted articles of that day, copies included",
            "n_stories": "Those of them that stand for their story",
        },
    ),
    "topic_source_days": TableDoc(
        "Accepted articles of each topic a day and source, kept by triggers. A row that fell to 0 stays.",
        {
            "topic_id": "The topic",
            "source_id": "The outlet",
            "day": _DAY,
            "n_articles": "Accepted articles of that day, copies included",
        },
    ),
    "entity_days": TableDoc(
        "In how many articles each entity is named a day, kept by triggers. A row that fell to 0 stays.",
        {"entity_id": "The entity", "day": _DAY, "n_articles": "Articles of that day that name it"},
    ),
}


if __name__ == "__main__":
    runpy.run_module("db.schema_page", run_name="__main__")
