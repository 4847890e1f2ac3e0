"""Which pairs of texts are one story, and which articles the pairs make one: rules without a database.

A story is a function of the set of its pairs, so it does not matter in which order articles arrive. The thresholds are
measured (docs/duplicates.md); none knows a publisher or a language.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from math import fsum, inf
from typing import Literal

from db.records import Duplicate
from pipelines.signature import Overlap

Relation = Literal["near", "contained", "related"]
"""How two texts stand to each other that are not the same word for word."""

SHINGLES_MIN = 36
"""Runs of the shorter text, those of 40 words: shorter texts recur by chance and prove nothing."""
SHARED_MIN = 28
"""Runs that two texts must share; some of a short cut's are lost to edits."""
RELATED_CONTAINMENT = 0.2
"""From here on a pair is worth a note."""
NEAR_RESEMBLANCE = 0.5
"""With so much of the longer text shared two texts are versions of each other; with less one is an excerpt."""
WINDOW_DAYS = 14.0
"""Only texts published this close to each other are compared; copies word for word are found at any distance."""
LEAD_MIN = 0.25
"""Share of the longer text's beginning in the shorter that counts as its beginning: local edits spoil much of it."""
CONTAINMENT_MIN = ((1.0, 0.4, 0.6), (4.0, 0.45, 0.7), (WINDOW_DAYS, 0.6, 0.7))
"""(days apart, containment that joins where the shorter text has the longer's beginning, and where it has not). A cut
keeps the beginning, whatever is put around it; follow-ups, digests and other agencies recycle the middle."""
ONE_SOURCE_CONTAINMENT_MIN = 0.75
"""Two texts of one outlet that share less are made from one mould, or are a report and its sequel."""
NUMBERS_MIN = 0.8
"""Share of the numbers amid shared words that must agree ..."""
SHINGLES_PER_CHANGED_NUMBER = 40
"""... or at most one in so many shared runs differs: a correction changes a number, a daily template all of them."""


def relate(overlap: Overlap, gap_days: float, *, one_source: bool = False) -> Relation | None:
    """Returns how two texts are related that were published ``gap_days`` apart; None: not worth a note."""
    if overlap.containment < RELATED_CONTAINMENT or overlap.shared < SHARED_MIN:
        return None
    if round(overlap.shared / overlap.containment) < SHINGLES_MIN:
        return None
    least = _least_containment(overlap.lead_overlap >= LEAD_MIN, gap_days)
    if one_source:
        least = max(least, ONE_SOURCE_CONTAINMENT_MIN)
    if overlap.containment < least or not _numbers_agree(overlap):
        return "related"
    return "near" if overlap.resemblance >= NEAR_RESEMBLANCE else "contained"


def group(articles: Collection[int], pairs: Iterable[Duplicate]) -> list[list[int]]:
    """Returns the articles in stories, each ascending, the stories by their first article.

    Versions of each other (exact, near) are one core. A core of excerpts joins one core that contains it, the one that
    holds most of it and begins like it: a text that holds an excerpt of a story is not thereby a version of that story,
    so an excerpt never ties two longer texts together. Pairs with others than ``articles`` do not count.
    """
    wanted = frozenset(articles)
    known = [pair for pair in pairs if pair.article_id in wanted and pair.of_article_id in wanted]
    core_of = _join(wanted, ((p.article_id, p.of_article_id) for p in known if p.relation in ("exact", "near")))
    parents = _find_parents(known, core_of)
    story_of = _join(set(core_of.values()), parents.items())
    stories: dict[int, list[int]] = defaultdict(list)
    for article in sorted(wanted):
        stories[story_of[core_of[article]]].append(article)
    return sorted(stories.values())


def _least_containment(has_lead: bool, gap_days: float) -> float:
    """Returns the containment that joins two texts; infinite where they are too far apart."""
    for days, with_lead, without in CONTAINMENT_MIN:
        if gap_days <= days:
            return with_lead if has_lead else without
    return inf


def _numbers_agree(overlap: Overlap) -> bool:
    return (
        overlap.number_overlap >= NUMBERS_MIN or overlap.numbers_changed * SHINGLES_PER_CHANGED_NUMBER <= overlap.shared
    )


def _join(members: Collection[int], links: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Returns for each member the smallest of those it is linked with, over any number of links."""
    root = {member: member for member in members}

    def find(member: int) -> int:
        while root[member] != member:
            root[member] = member = root[root[member]]
        return member

    for one, other in links:
        low, high = sorted((find(one), find(other)))
        root[high] = low
    return {member: find(member) for member in members}


def _find_parents(pairs: Iterable[Duplicate], core_of: Mapping[int, int]) -> dict[int, int]:
    """Returns the core that each core of excerpts belongs to: that which holds most of it, and begins like it."""
    contained: dict[tuple[int, int], list[Duplicate]] = defaultdict(list)
    linked: dict[int, set[int]] = defaultdict(set)
    held_by: dict[int, set[int]] = defaultdict(set)
    for pair in pairs:
        if pair.relation == "related":
            continue
        ends = core_of[pair.article_id], core_of[pair.of_article_id]
        linked[ends[0]].add(ends[1])
        linked[ends[1]].add(ends[0])
        if pair.relation == "contained" and ends[0] != ends[1]:
            contained[ends].append(pair)
            held_by[pair.of_article_id].add(ends[0])
    round_ups = _find_round_ups(held_by, core_of, linked)
    best: dict[int, tuple[tuple[float, float, int], int]] = {}
    for (part, whole), found in contained.items():
        evidence = [pair for pair in found if round_ups.isdisjoint((pair.article_id, pair.of_article_id))]
        if not evidence:
            continue
        rank = (
            fsum(pair.containment + (pair.lead_overlap or 0.0) for pair in evidence),
            -min(pair.gap_days or 0.0 for pair in evidence),
            -whole,
        )
        best[part] = max(best.get(part, (rank, whole)), (rank, whole))
    return {part: whole for part, (_, whole) in best.items()}


def _find_round_ups(
    held_by: Mapping[int, set[int]], core_of: Mapping[int, int], linked: Mapping[int, set[int]]
) -> set[int]:
    """Returns the articles that are round-ups, from the cores each holds parts of.

    Three strangers make one, and its copies are told with it, cut ones that hold only two as well. But a report that a
    round-up has in full is a version of it, too, and holds no strangers: its own excerpts stay with it.
    """
    parts: dict[int, set[int]] = defaultdict(set)
    for article, held in held_by.items():
        parts[core_of[article]] |= held
    suspects = {core for core, held in parts.items() if _holds_strangers(held, linked, 3)}
    return {
        article
        for article, held in held_by.items()
        if core_of[article] in suspects and _holds_strangers(held, linked, 2)
    }


def _holds_strangers(parts: Collection[int], linked: Mapping[int, set[int]], n: Literal[2, 3]) -> bool:
    """Tells whether ``n`` of some cores have no text in common, each with none of the others.

    Pairs of strangers first, then what is strange to both: a text may have hundreds of excerpts, all alike.
    """
    strangers = {one: set(parts) - linked[one] - {one} for one in parts}
    if n == 2:
        return any(strangers.values())
    return any(strangers[one] & strangers[other] for one in parts for other in strangers[one])
