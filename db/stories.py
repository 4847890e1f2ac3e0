"""Reads and writes behind stories: what texts are found and compared by, their pairs, and the stories they make."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from itertools import chain

from sqlite_utils import Database

from db.records import Duplicate, Signature
from db.store import add_story, move_day, refresh_story, remove_story

WEEKS_AROUND = 2
"""Weeks before and after an article's own in which copies are looked for: all that lies within 14 days."""
FULL = 32
"""Articles of one week that one fingerprint may name. What more share is a site's furniture, or a text that the first
ones stand for; without a bound each article would cost more than the one before."""
CANDIDATES_MAX = 32
"""Texts an article is compared with, those that share most first ..."""
OF_ONE_STORY = 24
"""... of which so many may be of one story: behind a story of fifty copies waits the short cut nobody else can join."""
LOOKED_THROUGH = 4 * CANDIDATES_MAX
"""Texts among which the candidates are chosen where there are more."""
REACH = 3
"""Steps between excerpt and longer text that a changed pair reaches: to a text that is a round-up now or no more, on to
its other parts, and to the texts that these belong to instead."""
GROUNDS = 2
"""Steps to all that an article's place hangs on: the texts it is a part of, and their other parts."""

_PAIR = ", ".join(field.name for field in fields(Duplicate))
_MARKS = ", ".join("?" * len(fields(Duplicate)))


@dataclass(frozen=True, slots=True)
class Candidates:
    """Articles that may share text with a new one."""

    articles: tuple[int, ...]
    """Those that share most, and the rarest, first."""
    full: frozenset[int]
    """Fingerprints that name enough articles of the new one's own week."""


@dataclass(frozen=True, slots=True)
class Filed:
    """An article as stories see it."""

    article_id: int
    days: float
    """When it came out, else when it was first seen: days since 1970-01-01."""
    content_hash: str
    word_count: int
    source_id: str
    story_id: int

    @property
    def week(self) -> int:
        """Returns the week it belongs to, counted from 1970-01-01."""
        return int(self.days // 7)


def read_filed(db: Database, articles: Iterable[int]) -> dict[int, Filed]:
    """Returns what stories need to know of each article."""
    wanted = list(articles)
    if not wanted:
        return {}
    rows = db.execute(
        "SELECT id, julianday(coalesce(published_at, first_seen_at)) - 2440587.5, content_hash, word_count, source_id,"
        " story_id FROM articles WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(wanted),),
    )
    return {row[0]: Filed(*row) for row in rows}


def find_candidates(db: Database, article_id: int, week: int, fingerprints: Sequence[int]) -> Candidates:
    """Returns the articles of the weeks around that share fingerprints with an article, itself left out."""
    weeks = list(range(week - WEEKS_AROUND, week + WEEKS_AROUND + 1))
    holders: dict[int, list[int]] = defaultdict(list)
    own_week: Counter[int] = Counter()
    # CROSS JOIN keeps the order of the loops: a seek for each week and hash, none wider than FULL rows.
    for found_week, fingerprint, holder in db.execute(
        "SELECT f.week, f.hash, f.article_id FROM json_each(?) AS w CROSS JOIN json_each(?) AS h"
        " CROSS JOIN fingerprints AS f ON f.week = w.value AND f.hash = h.value",
        (json.dumps(weeks), json.dumps(fingerprints)),
    ):
        if holder != article_id:
            holders[fingerprint].append(holder)
            own_week[fingerprint] += found_week == week
    weight: dict[int, float] = defaultdict(float)
    for found in holders.values():
        for holder in found:
            weight[holder] += 1 / len(found)
    best = sorted(weight, key=lambda holder: (-weight[holder], holder))
    if len(best) > CANDIDATES_MAX:
        best = _vary(db, best[:LOOKED_THROUGH])
    return Candidates(tuple(best), frozenset(f for f, n in own_week.items() if n >= FULL))


def _vary(db: Database, articles: Sequence[int]) -> list[int]:
    """Returns the first articles, but of each story no more than its share."""
    story_of = {one.article_id: one.story_id for one in read_filed(db, articles).values()}
    taken: Counter[int] = Counter()
    chosen: list[int] = []
    for article in articles:
        taken[story_of[article]] += 1
        if taken[story_of[article]] <= OF_ONE_STORY:
            chosen.append(article)
    return chosen[:CANDIDATES_MAX]


def find_first_copy(db: Database, article: Filed) -> int | None:
    """Returns the first other article with the same words, of whatever date."""
    row = db.execute(
        "SELECT min(id) FROM articles WHERE content_hash = ? AND id <> ?", (article.content_hash, article.article_id)
    ).fetchone()
    found: int | None = row[0]
    return found


def read_signatures(db: Database, articles: Iterable[int]) -> dict[int, tuple[int, Signature]]:
    """Returns for each article that has been filed the week it was filed under and its signature."""
    wanted = list(articles)
    if not wanted:
        return {}
    rows = db.execute(
        "SELECT article_id, week, shingles, numbers FROM signatures"
        " WHERE article_id IN (SELECT value FROM json_each(?))",
        (json.dumps(wanted),),
    )
    return {row[0]: (row[1], Signature(row[2], row[3])) for row in rows}


def write_signature(
    db: Database, article_id: int, week: int, signature: Signature, fingerprints: Iterable[int]
) -> None:
    """Files an article under its week; call `erase_signature` first where it has been filed before."""
    db.execute(
        "INSERT INTO signatures (article_id, week, shingles, numbers) VALUES (?, ?, ?, ?)",
        (article_id, week, signature.shingles, signature.numbers),
    )
    assert db.conn is not None
    db.conn.executemany(
        "INSERT INTO fingerprints (week, hash, article_id) VALUES (?, ?, ?)",
        [(week, fingerprint, article_id) for fingerprint in fingerprints],
    )


def erase_signature(db: Database, article_id: int, week: int, fingerprints: Iterable[int]) -> None:
    """Takes an article out of the index again."""
    assert db.conn is not None
    db.conn.executemany(
        "DELETE FROM fingerprints WHERE week = ? AND hash = ? AND article_id = ?",
        [(week, fingerprint, article_id) for fingerprint in fingerprints],
    )
    db.execute("DELETE FROM signatures WHERE article_id = ?", (article_id,))


def list_weeks(db: Database) -> list[int]:
    """Returns the weeks that have fingerprints, from one to the next over the index."""
    rows = db.execute(
        "WITH RECURSIVE weeks (week) AS (SELECT min(week) FROM fingerprints UNION ALL"
        " SELECT (SELECT min(week) FROM fingerprints WHERE week > weeks.week) FROM weeks WHERE week IS NOT NULL)"
        " SELECT week FROM weeks WHERE week IS NOT NULL"
    )
    return [row[0] for row in rows]


def clear_week(db: Database, week: int) -> list[int]:
    """Erases all fingerprints of a week, whatever made them; returns the articles they named, ascending."""
    rows = db.execute("SELECT DISTINCT article_id FROM fingerprints WHERE week = ? ORDER BY 1", (week,)).fetchall()
    db.execute("DELETE FROM fingerprints WHERE week = ?", (week,))
    return [row[0] for row in rows]


def write_pairs(db: Database, pairs: Iterable[Duplicate]) -> None:
    """Adds pairs."""
    assert db.conn is not None
    db.conn.executemany(f"INSERT INTO duplicates ({_PAIR}) VALUES ({_MARKS})", [astuple(pair) for pair in pairs])


def erase_pairs(db: Database, article_id: int) -> list[Duplicate]:
    """Removes every pair of an article and returns them."""
    ends = (article_id, article_id)
    pairs = [
        Duplicate(*row)
        for row in db.execute(f"SELECT {_PAIR} FROM duplicates WHERE article_id = ? OR of_article_id = ?", ends)
    ]
    if pairs:
        db.execute("DELETE FROM duplicates WHERE article_id = ? OR of_article_id = ?", ends)
    return pairs


def has_pair(db: Database, one: int, other: int) -> bool:
    """Returns whether two articles are a pair already."""
    row = db.execute(
        "SELECT 1 FROM duplicates WHERE (article_id, of_article_id) IN (VALUES (?, ?), (?, ?))",
        (one, other, other, one),
    ).fetchone()
    return row is not None


def read_neighbourhood(db: Database, articles: Iterable[int]) -> tuple[set[int], set[int], list[Duplicate]]:
    """Returns what the stories must be told anew from, once pairs of some articles have changed.

    The articles whose story may be another now, with all others of their stories; these and all that their place hangs
    on; and the pairs among the latter. Round-ups tie the stories of a week to each other, and weeks to weeks: so the
    walk goes no further than a change can reach.
    """
    known: dict[int, list[Duplicate]] = {}
    asked = json.dumps(sorted(_reach(db, articles, REACH, known)))
    members = {
        row[0]
        for row in db.execute(
            "SELECT id FROM articles WHERE story_id IN"
            " (SELECT story_id FROM articles WHERE id IN (SELECT value FROM json_each(?)))",
            (asked,),
        )
    }
    around = _reach(db, members, GROUNDS, known)
    pairs = {pair for one in around for pair in known[one] if {pair.article_id, pair.of_article_id} <= around}
    return members, around, list(pairs)


def _reach(db: Database, articles: Iterable[int], steps: int, known: dict[int, list[Duplicate]]) -> set[int]:
    """Returns the articles that so many steps lead to, from excerpts to longer texts or back; from version to version
    is none. The pairs of each are added to ``known``."""
    seen: set[int] = set()
    fresh = set(articles)
    for _ in range(steps + 1):
        aside: set[int] = set()
        while fresh:
            seen |= fresh
            _learn_pairs(db, fresh - known.keys(), known)
            ways: tuple[set[int], set[int]] = set(), aside
            for pair in chain.from_iterable(known[one] for one in fresh):
                if pair.relation != "related":
                    ways[pair.relation == "contained"].update((pair.article_id, pair.of_article_id))
            fresh = ways[0] - seen
        fresh = aside - seen
    return seen


def _learn_pairs(db: Database, articles: Collection[int], known: dict[int, list[Duplicate]]) -> None:
    known.update((one, []) for one in articles)
    asked = json.dumps(sorted(articles))
    for row in db.execute(
        f"SELECT {_PAIR} FROM duplicates WHERE article_id IN (SELECT value FROM json_each(?1))"
        f" UNION SELECT {_PAIR} FROM duplicates WHERE of_article_id IN (SELECT value FROM json_each(?1))",
        (asked,),
    ):
        pair = Duplicate(*row)
        for end in (pair.article_id, pair.of_article_id):
            if end in articles:
                known[end].append(pair)


def is_one_core(db: Database, articles: Collection[int]) -> bool:
    """Returns whether chains of `exact` and `near` pairs among some articles of one story lead from each to each."""
    asked = json.dumps(list(articles))
    links: dict[int, set[int]] = defaultdict(set)
    if len(articles) > 1:
        for one, other in db.execute(
            "SELECT article_id, of_article_id FROM duplicates WHERE article_id IN (SELECT value FROM json_each(?1))"
            " AND of_article_id IN (SELECT value FROM json_each(?1)) AND relation IN ('exact', 'near')",
            (asked,),
        ):
            links[one].add(other)
            links[other].add(one)
    reached: set[int] = set()
    fresh = set(list(articles)[:1])
    while fresh:
        reached |= fresh
        fresh = set().union(*(links[one] for one in fresh)) - reached
    return len(reached) == len(articles)


def count_members(db: Database, article_id: int) -> int:
    """Returns how many articles the story of an article has."""
    row = db.execute(
        "SELECT n_articles FROM stories WHERE id = (SELECT story_id FROM articles WHERE id = ?)", (article_id,)
    ).fetchone()
    return int(row[0])


def leads_others(db: Database, article_id: int) -> bool:
    """Returns whether an article is the lead of a story that has others."""
    (is_lead,) = db.execute("SELECT is_lead FROM articles WHERE id = ?", (article_id,)).fetchone()
    return bool(is_lead) and count_members(db, article_id) > 1


def settle_stories(db: Database, groups: Sequence[Sequence[int]], *, unseen: int | None = None) -> None:
    """Makes the stories of some articles these groups, and changes as few ids as can be.

    A story's id stays with the group that holds most of its articles; of several ids a group keeps the oldest, and the
    others lead there from now on (``story_aliases``), but for ``unseen``, a story nobody can have seen yet.
    ``groups`` must hold every article of every story they touch.
    """
    before = {one.article_id: one.story_id for one in read_filed(db, chain.from_iterable(groups)).values()}
    changed: set[int] = set()
    aliases: list[tuple[int, int]] = []
    for group, ids in zip(groups, choose_ids(groups, before), strict=True):
        moved = [article for article in group if not ids or before[article] != ids[0]]
        if not moved:
            continue
        story_id = ids[0] if ids else add_story(db, "")
        db.execute(
            "UPDATE articles SET story_id = ? WHERE id IN (SELECT value FROM json_each(?))",
            (story_id, json.dumps(moved)),
        )
        changed |= {story_id, *(before[article] for article in moved)}
        aliases += [(vanished, story_id) for vanished in ids[1:]]
    for vanished, story_id in aliases:
        db.execute("UPDATE story_aliases SET story_id = ? WHERE story_id = ?", (story_id, vanished))
        remove_story(db, vanished)
        if vanished != unseen:
            db.execute("INSERT INTO story_aliases (id, story_id) VALUES (?, ?)", (vanished, story_id))
    for story_id in sorted(changed - {vanished for vanished, _ in aliases}):
        refresh_story(db, story_id)


def join_story(db: Database, article_id: int, story_id: int) -> None:
    """Moves a new article from its own story, which nobody can have seen yet, to another at the cost of that article.

    `refresh_story` would read all articles of the other one.
    """
    title, source_id, at, own = db.execute(
        "SELECT title, source_id, coalesce(published_at, first_seen_at), story_id FROM articles WHERE id = ?",
        (article_id,),
    ).fetchone()
    lead, first = db.execute(
        "SELECT lead_article_id, first_published_at FROM stories WHERE id = ?", (story_id,)
    ).fetchone()
    (has_source,) = db.execute(
        "SELECT EXISTS (SELECT 1 FROM articles WHERE story_id = ? AND source_id = ?)", (story_id, source_id)
    ).fetchone()
    leads = at < first
    db.execute("UPDATE articles SET story_id = ?, is_lead = ? WHERE id = ?", (story_id, leads, article_id))
    remove_story(db, own)
    if leads:
        db.execute("UPDATE articles SET is_lead = 0 WHERE id = ?", (lead,))
        db.execute(
            "UPDATE stories SET lead_article_id = ?, title = ?, first_published_at = ? WHERE id = ?",
            (article_id, title, at, story_id),
        )
        move_day(db, "n_stories", first, at)
    db.execute(
        "UPDATE stories SET last_published_at = max(last_published_at, ?), n_articles = n_articles + 1,"
        " n_sources = n_sources + ? WHERE id = ?",
        (at, not has_source, story_id),
    )


def choose_ids(groups: Sequence[Sequence[int]], before: Mapping[int, int]) -> list[list[int]]:
    """Returns for each group the story ids that are its own, the oldest first; none for a group that split off."""
    shares: dict[int, Counter[int]] = defaultdict(Counter)
    for number, group in enumerate(groups):
        for article in group:
            shares[before[article]][number] += 1
    own: list[list[int]] = [[] for _ in groups]
    for story_id in sorted(shares):
        # Of equal shares the first group's: `groups` is ordered by its first article.
        own[max(shares[story_id], key=lambda number: (shares[story_id][number], -number))].append(story_id)
    return own
