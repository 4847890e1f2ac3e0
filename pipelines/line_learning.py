"""Learns the lines a source repeats, leaves them out of its articles, new and stored, and puts them back.

Everything here runs inside the transaction that stores an article, so no kill can part a body from its removed lines:
lines are learned at once, with the story that gives them away, and the few articles that had them before are rewritten
with it. An archive of any size costs a new article the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlite_utils import Database

from db.connection import transaction
from db.folding import count_words
from db.records import Article
from db.site_lines import (
    add_sightings,
    drop_sightings,
    find_removed,
    find_sightings,
    find_site_lines,
    hash_line,
    learn_line,
    prune_sightings,
    write_removed,
)
from db.store import read_article, rewrite_body
from db.topics import write_matches, write_mentions
from pipelines.judging import judge_article, sign, with_candidates
from pipelines.page import Reading
from pipelines.relevance import Judge
from pipelines.site_lines import (
    Candidate,
    find_candidates,
    find_removals,
    is_furniture,
    leave_out,
    put_back,
    split_body,
)
from pipelines.stories import place_article

BATCH = 100
"""Stored articles rewritten in one transaction when a person asks for it, so that a crawl's writes come between."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A reading without the lines its source repeats, and what must be noted when it is stored."""

    reading: Reading
    source_id: str
    candidates: tuple[Candidate, ...] = ()
    known: frozenset[tuple[str, str]] = frozenset()
    """Lines (place, line) of the article that were learned before, whether removed or kept."""
    removed: tuple[tuple[int, int], ...] = ()
    """Position and id of each line left out."""


def clean(db: Database, source_id: str, reading: Reading, judge: Judge | None) -> Cleaned:
    """Returns a reading without the lines its source is known to repeat; judged again where that left any out."""
    assert reading.signed is not None
    article = reading.signed.article
    lines = split_body(article.body)
    candidates = with_candidates(reading).candidates or ()
    known = find_site_lines(db, source_id, [candidate.line for candidate in candidates])
    removals = _choose(lines, candidates, known)
    if removals:
        reading = _read_again(article, lines, removals, reading, judge)
    removed = tuple((one.position, known[one.place, one.line][0]) for one in removals)
    return Cleaned(reading, source_id, candidates, frozenset(known), removed)


def note_lines(db: Database, article_id: int, cleaned: Cleaned, judge: Judge | None, now: str) -> None:
    """Notes what was left out of an article just written and which lines it has, and learns from them."""
    write_removed(db, article_id, cleaned.removed)
    hashes = {
        hash_line(one.place, one.line): one for one in cleaned.candidates if (one.place, one.line) not in cleaned.known
    }
    seen = [(line_hash, one.evidence) for line_hash, one in hashes.items()]
    shared = add_sightings(db, cleaned.source_id, article_id, seen)
    affected: set[int] = set()
    for line_hash in shared:
        if is_furniture(find_sightings(db, cleaned.source_id, line_hash)):
            one = hashes[line_hash]
            affected.update(learn_line(db, cleaned.source_id, one.place, one.line, now))
    for one_id in sorted(affected):
        refresh_body(db, one_id, judge)
    prune_sightings(db, cleaned.source_id)


def forget_lines(db: Database, article_id: int) -> None:
    """Forgets which lines the stored text of an article has, before another takes its place."""
    article, source_id = read_article(db, article_id)
    candidates = find_candidates(_raw_lines(db, article_id, article), article.title)
    drop_sightings(db, source_id, article_id, {hash_line(one.place, one.line) for one in candidates})


def raw_body(db: Database, article_id: int) -> str:
    """Returns the body of a stored article as it was extracted, with every removed line in its place."""
    return "\n\n".join(_raw_lines(db, article_id, read_article(db, article_id)[0]))


def refresh_body(db: Database, article_id: int, judge: Judge | None) -> bool:
    """Makes a stored body what it would be if it were stored now, by the lines known now; returns whether it changed.

    Its hash, word count, index and judgements follow. Dates and revisions do not: the outlet changed nothing.
    """
    article, source_id = read_article(db, article_id)
    before = find_removed(db, article_id)
    lines = put_back(split_body(article.body), [(position, line) for position, line, _ in before])
    candidates = find_candidates(lines, article.title)
    known = find_site_lines(db, source_id, [candidate.line for candidate in candidates])
    removals = _choose(lines, candidates, known)
    after = [(one.position, known[one.place, one.line][0]) for one in removals]
    if after == [(position, line_id) for position, _, line_id in before]:
        return False
    whole = replace(article, body="\n\n".join(lines))
    whole = replace(whole, word_count=count_words(whole.body))
    reading = _read_again(whole, lines, removals, Reading(), judge)
    assert reading.signed is not None
    rewrite_body(db, article_id, reading.signed)
    place_article(db, article_id, reading.signed.signature)
    write_removed(db, article_id, after)
    if judge is not None:
        write_matches(db, article_id, reading.relevance)
        write_mentions(db, article_id, reading.mentions)
    return True


def refresh_bodies(db: Database, article_ids: list[int], judge: Judge | None) -> int:
    """Refreshes stored bodies, some in one transaction; returns how many changed. A kill leaves the rest for later."""
    n_changed = 0
    for start in range(0, len(article_ids), BATCH):
        with transaction(db):
            n_changed += sum(refresh_body(db, one, judge) for one in article_ids[start : start + BATCH])
    return n_changed


def _choose(
    lines: list[str], candidates: Sequence[Candidate], known: dict[tuple[str, str], tuple[int, str]]
) -> list[Candidate]:
    furniture = {key for key, (_, status) in known.items() if status == "removed"}
    return find_removals(lines, candidates, furniture) if furniture else []


def _read_again(
    article: Article, lines: list[str], removals: list[Candidate], reading: Reading, judge: Judge | None
) -> Reading:
    """Returns the reading of an article without some lines; without a judge the judgements stay as they were."""
    body = "\n\n".join(leave_out(lines, {one.position for one in removals}))
    n_words = article.word_count - sum(count_words(one.line) for one in removals)
    cleaned = replace(article, body=body, word_count=n_words)
    return replace(reading, signed=sign(cleaned), candidates=None) if judge is None else judge_article(cleaned, judge)


def _raw_lines(db: Database, article_id: int, article: Article) -> list[str]:
    removed = [(position, line) for position, line, _ in find_removed(db, article_id)]
    return put_back(split_body(article.body), removed)
