"""Lines a site repeats from story to story, told from the text of its articles. Pure; `db/site_lines.py` keeps them.

A line is furniture when several stories of one source have it word for word and none of them is about it. The traps
are real: the paragraph of background that an agency puts into every story on a war, the questions of a weekly
interview, the first line of an article that others tease below their own text.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from math import ceil
from typing import Literal

from pipelines.line_length import estimate_words

Place = Literal["head", "below"]

MIN_STORIES = 3
"""Different stories of a source that must have a line: two may share one by chance or as follow-ups."""
HEAD_LINES = 3
"""First lines of a body in which its head is looked for, never more than the first half of it."""
TAIL_LINES = 3
"""Last lines in which, as at the head, a question or a line of few words is evidence; the midst of a body ends before
them and before its last third."""
MAX_WORDS = 60
"""Longer lines are paragraphs of a story; the longest furniture seen (an author's life) had 50 words."""
SHORT_WORDS = 4
"""A line of fewer words amid a body may be an answer, a name or a subheading, repeated by right."""
TOPICAL_SHARE = 0.25
"""A line is about its article when this share of its telling words stand in the midst of it. Paragraphs written for
their article reach it in 60 of 100 cases, furniture hardly ever."""
TOPICAL_WORDS = 3
"""...and at least so many of them: "More from The Herald" proves nothing."""
PLAIN_SHARE = 2 / 3
"""Share of the stories with evidence for a line that must not be about it."""
MAX_SHARE = 0.5
"""More of a body than this is never removed: where it is, the body is at fault and not its furniture."""

_TELLING = re.compile(r"\b(?![a-z]{1,5}\b)\w{4,}")
"""Words of four letters and more; in lower case, where names are told from others by it, of six."""
_SPACELESS = re.compile("[\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_ENDS = tuple(".!?…؟。！？")
_QUESTIONS = tuple("?؟？")
_OPENS_SPEECH = tuple("\"'“„«‘—–-「『")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A line of a body that could be furniture."""

    position: int
    """Its number among the lines of the body, from 0."""
    place: Place
    line: str
    evidence: int
    """What the article says of it: 1 furniture, -1 a part of the story, 0 nothing (an answer, a question, a name)."""


def split_body(body: str) -> list[str]:
    """Returns the lines (paragraphs) of a body; ``"\\n\\n".join`` undoes it for every text."""
    return body.split("\n\n")


def find_candidates(lines: Sequence[str], title: str) -> list[Candidate]:
    """Returns the lines of a body that are not too long for furniture, with what the article says of each.

    A line is learned and removed in the place where it repeats, at the head or below: the first line of one article may
    be a teaser at the end of others.
    """
    n_lines = len(lines)
    n_head = min(HEAD_LINES, ceil(n_lines / 2))
    tail = max(n_lines - max(TAIL_LINES, ceil(n_lines / 3)), n_head)
    words = [_telling_words(line) for line in lines]
    # In how many lines of the midst, and the headline, each word stands.
    core = Counter(chain(_telling_words(title), *words[n_head:tail]))
    found = []
    for position, line in enumerate(lines):
        if not line.strip() or estimate_words(line) > MAX_WORDS:
            continue
        place: Place = "head" if position < n_head else "below"
        own = n_head <= position < tail
        n_told = sum(core.get(word, 0) > own for word in words[position])
        if n_told >= TOPICAL_WORDS and n_told >= TOPICAL_SHARE * len(words[position]):
            evidence = -1
        else:
            at_edge = place == "head" or position >= n_lines - TAIL_LINES
            evidence = int(_is_no_speech(line, at_edge=at_edge))
        found.append(Candidate(position, place, line, evidence))
    return found


def is_furniture(sightings: Iterable[tuple[Hashable, int]]) -> bool:
    """Returns whether a line is furniture, from (story, evidence) of each article with it; stories count once."""
    told: dict[Hashable, set[int]] = defaultdict(set)
    for story, evidence in sightings:
        told[story].add(evidence)
    n_against = sum(-1 in evidence for evidence in told.values())
    n_for = sum(1 in evidence and -1 not in evidence for evidence in told.values())
    return n_for >= MIN_STORIES and n_for >= PLAIN_SHARE * (n_for + n_against)


def learn(articles: Iterable[tuple[Hashable, Sequence[Candidate]]]) -> set[tuple[Place, str]]:
    """Returns the furniture of one source: (place, line), from the story and the candidates of each of its articles."""
    sightings: dict[tuple[Place, str], list[tuple[Hashable, int]]] = defaultdict(list)
    for story, candidates in articles:
        for candidate in candidates:
            sightings[candidate.place, candidate.line].append((story, candidate.evidence))
    return {key for key, seen in sightings.items() if is_furniture(seen)}


def find_removals(
    lines: Sequence[str], candidates: Iterable[Candidate], furniture: Collection[tuple[str, str]]
) -> list[Candidate]:
    """Returns the lines to leave out of a body, in order; none where they would be most of it."""
    removals = [candidate for candidate in candidates if (candidate.place, candidate.line) in furniture]
    if sum(len(candidate.line) for candidate in removals) > MAX_SHARE * sum(map(len, lines)):
        return []
    return removals


def leave_out(lines: Sequence[str], positions: Collection[int]) -> list[str]:
    """Returns the lines without those at the given positions."""
    return [line for position, line in enumerate(lines) if position not in positions]


def put_back(lines: Sequence[str], removed: Iterable[tuple[int, str]]) -> list[str]:
    """Returns the lines as they were before (position, line) were left out: undoes `leave_out`."""
    whole = list(lines)
    for position, line in sorted(removed):
        whole.insert(position, line)
    return whole


def _is_no_speech(line: str, *, at_edge: bool) -> bool:
    """Returns whether a line is neither an answer nor, away from the edges of a body, a question or a subheading."""
    if estimate_words(line) < SHORT_WORDS:
        return at_edge and not line.endswith(_ENDS) and not line.startswith(_OPENS_SPEECH)
    return at_edge or not line.endswith(_QUESTIONS)


def _telling_words(line: str) -> set[str]:
    """Returns names and long words; of scripts without spaces, pairs of characters."""
    words = set(map(str.casefold, _TELLING.findall(line)))
    if line.isascii():
        return words
    runs = _SPACELESS.findall(line)
    if runs:
        words = {word for word in words if _SPACELESS.search(word) is None}
        words |= {run[i : i + 2] for run in runs for i in range(len(run) - 1)}
    return words
