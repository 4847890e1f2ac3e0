"""Puts an article into its story: candidates from the index, exact comparison, the rules of ``grouping.py``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from sqlite_utils import Database

from db.connection import transaction
from db.records import Duplicate, Signature
from db.stories import (
    FULL,
    Filed,
    clear_week,
    count_members,
    erase_pairs,
    erase_signature,
    find_candidates,
    find_first_copy,
    has_pair,
    is_one_core,
    join_story,
    leads_others,
    list_weeks,
    read_filed,
    read_neighbourhood,
    read_signatures,
    settle_stories,
    write_pairs,
    write_signature,
)
from pipelines.dedup import COPY_WORDS
from pipelines.grouping import RELATED_CONTAINMENT, Relation, group, relate
from pipelines.signature import Overlap, Reader, pick_fingerprints, sign_text

RELATED_MAX = 4
"""Notes of related articles an article adds, the closest ones: a daily template is related to all of its series."""

BATCH = 50
"""Articles regrouped in one transaction, so that a reader never waits and a kill costs little."""


def place_article(db: Database, article_id: int, signature: Signature, *, new: bool = False) -> bool:
    """Files an article, pairs it with its copies and mends the stories concerned; returns whether its story has others.

    Call inside a transaction, once for a ``new`` article and again whenever its text or date has changed.
    """
    article = read_filed(db, [article_id])[article_id]
    lost = [] if new else _take_out(db, article_id)
    fingerprints = pick_fingerprints(signature)
    candidates = find_candidates(db, article_id, article.week, fingerprints)
    # Beyond the bounds of the index only a pair tells of a partner, so that none may be forgotten.
    pairs = _compare(db, article, signature, {*candidates.articles, *_partners(article_id, lost)})
    free = [one for one in fingerprints if one not in candidates.full]
    write_signature(db, article_id, article.week, signature, free)
    write_pairs(db, pairs)
    joining = [pair for pair in pairs if pair.relation != "related"]
    story_id = _find_core(db, article_id, [*lost, *joining]) if joining else None
    if new and story_id is not None:
        join_story(db, article_id, story_id)
    elif story_id != article.story_id and (lost or joining or (not new and count_members(db, article_id) > 1)):
        touched = {article_id} | _partners(article_id, [*lost, *joining])
        _settle(db, touched, unseen=article.story_id if new else None)
    return bool(joining) and count_members(db, article_id) > 1


def _partners(article_id: int, pairs: Iterable[Duplicate]) -> set[int]:
    return {end for pair in pairs for end in (pair.article_id, pair.of_article_id)} - {article_id}


def _settle(db: Database, touched: Iterable[int], *, unseen: int | None = None) -> None:
    """Makes stories what the pairs make of them now, as far as a change of pairs of some articles reaches."""
    members, around, pairs = read_neighbourhood(db, touched)
    told = ([article for article in story if article in members] for story in group(around, pairs))
    settle_stories(db, [story for story in told if story], unseen=unseen)


def _find_core(db: Database, article_id: int, joining: Sequence[Duplicate]) -> int | None:
    """Returns the story of a core that an article is one more version of, or None where it may change other stories.

    ``joining``: the pairs it has, and those it had before its text changed. What `group` makes of all others stays as
    it is where each pair is `exact` or `near` and each partner of one core without it: no core is joined with another
    or parted, and none contains more or less than before. The story need not be read, however large.
    """
    if any(pair.relation == "contained" for pair in joining):
        return None
    partners = _partners(article_id, joining)
    stories = {one.story_id for one in read_filed(db, partners).values()}
    return stories.pop() if len(stories) == 1 and is_one_core(db, partners) else None


def place_again(db: Database, article_id: int) -> None:
    """Files an article anew whose date has changed and whose text has not."""
    for _, signature in read_signatures(db, [article_id]).values():
        place_article(db, article_id, signature)


def regroup(db: Database) -> Iterator[int]:
    """Compares every stored text anew, oldest first, some in one transaction; yields how many each time.

    First the index is made anew from the texts, a week in one transaction, so that nothing is left of another way to
    sample or to hash them. Then each article is taken out and placed as if its text had changed, so stories whose
    articles stay together keep their id, and a kill leaves a whole archive: what was not reached is as it was.
    """
    for week in list_weeks(db):
        with transaction(db):
            _refile(db, week)
        yield 0
    last = 0
    while True:
        with transaction(db):
            rows = db.execute(
                "SELECT id, folded FROM article_text WHERE id > ? ORDER BY id LIMIT ?", (last, BATCH)
            ).fetchall()
            for article_id, folded in rows:
                place_article(db, article_id, sign_text(folded))
                if leads_others(db, article_id):
                    _settle(db, [article_id])  # once a story, whatever another rule had made of it
        if not rows:
            return
        last = rows[-1][0]
        yield len(rows)


def _refile(db: Database, week: int) -> None:
    """Makes the fingerprints of a week anew, and the signatures of the articles they name."""
    n_filed: Counter[int] = Counter()
    for article_id in clear_week(db, week):
        row = db.execute("SELECT folded FROM article_text WHERE id = ?", (article_id,)).fetchone()
        erase_signature(db, article_id, week, ())
        if row is None:
            continue
        signature = sign_text(row[0])
        free = [one for one in pick_fingerprints(signature) if n_filed[one] < FULL]
        n_filed.update(free)
        write_signature(db, article_id, week, signature, free)


def _take_out(db: Database, article_id: int) -> list[Duplicate]:
    """Forgets an article's signature and pairs, and returns those that joined it with others.

    Copies that only it held together are paired with each other.
    """
    for week, signature in read_signatures(db, [article_id]).values():
        erase_signature(db, article_id, week, pick_fingerprints(signature))
    pairs = erase_pairs(db, article_id)
    ends = _partners(article_id, (pair for pair in pairs if pair.relation == "exact"))
    copies = sorted(read_filed(db, ends).values(), key=lambda copy: copy.article_id)
    for copy in copies[1:]:
        if not has_pair(db, copy.article_id, copies[0].article_id):
            write_pairs(db, [_pair_exact(copy, copies[0])])
    return [pair for pair in pairs if pair.relation != "related"]


def _compare(db: Database, article: Filed, signature: Signature, candidates: Iterable[int]) -> list[Duplicate]:
    """Returns the pairs an article makes: all that join, and the closest that are related."""
    copy = find_first_copy(db, article) if article.word_count >= COPY_WORDS else None
    signed = read_signatures(db, candidates)
    mine = Reader(signature)
    joining: list[Duplicate] = []
    related: list[Duplicate] = []
    for other in read_filed(db, {*signed, *([] if copy is None else [copy])}).values():
        if copy is not None and other.content_hash == article.content_hash:
            joining.append(_pair_exact(article, other))
            continue
        overlap = mine.overlap(Reader(signed[other.article_id][1]), RELATED_CONTAINMENT)
        relation = _relate(article, other, overlap) if overlap else None
        if overlap and relation == "related":
            related.append(_pair(article, other, relation, overlap))
        elif overlap and relation:
            joining.append(_pair(article, other, relation, overlap))
    related.sort(key=lambda pair: (-pair.containment, pair.article_id, pair.of_article_id))
    return joining + related[:RELATED_MAX]


def _relate(article: Filed, other: Filed, overlap: Overlap) -> Relation | None:
    return relate(overlap, abs(article.days - other.days), one_source=article.source_id == other.source_id)


def _pair(article: Filed, other: Filed, relation: Relation, overlap: Overlap) -> Duplicate:
    later, earlier = _order(article, other)
    if relation == "contained":
        later, earlier = (article, other) if overlap.first_is_shorter else (other, article)
    return Duplicate(
        later.article_id,
        earlier.article_id,
        relation,
        round(overlap.containment, 4),
        round(overlap.number_overlap, 4),
        overlap.numbers_changed,
        round(overlap.lead_overlap, 4),
        round(abs(article.days - other.days), 4),
    )


def _pair_exact(article: Filed, other: Filed) -> Duplicate:
    later, earlier = _order(article, other)
    gap_days = round(abs(article.days - other.days), 4)
    return Duplicate(later.article_id, earlier.article_id, "exact", 1.0, 1.0, 0, 1.0, gap_days)


def _order(one: Filed, other: Filed) -> tuple[Filed, Filed]:
    """Returns the later and the earlier of two articles."""
    earlier, later = sorted((one, other), key=lambda filed: (filed.days, filed.article_id))
    return later, earlier
