"""Drops from an extracted body the lines that are no part of the story: bylines, credits, appeals, pointers elsewhere.

Pure functions over lines. What a line is depends on where it stands: a byline opens a page, an appeal closes it; a
sentence of the story may say the same words in its middle.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import groupby, pairwise

from pipelines import labels
from pipelines.line_length import estimate_words
from pipelines.line_rules import (
    ALL_RULES,
    SENTENCE_ENDS,
    Line,
    Rule,
    Story,
    are_names,
    heads_story,
    matches,
    opens_comments,
    opens_section,
    read_line,
)
from pipelines.setting import Setting
from pipelines.titles import fold_title

HEAD_LINES = 6
"""First lines of a body in which bylines, dates and reading times may stand."""
TAIL_LINES = 6
"""Lines of the story after which the walk up from the end stops looking for desk notes and appeals."""
MIN_KEPT = 0.5
"""Share of a body's words below which dropping is undone: the rules were wrong about such a page."""
MAX_REST = 0.25
"""Share of a body's words that may stand below a heading such as "Related articles" and go with it."""
MAX_RUNS = 2
"""Places of a body where dates or names may stand alone, above and below the story; more are its own..."""
MAX_RUN = 3
"""...and so is a longer row of them: a calendar."""
KICKER_LINES = 2
"""First lines of a body in which a kicker or the place of a dateline may stand on its own..."""
_KICKER_WORDS = 3
_KICKER_CHARACTERS = 30
"""...of so many words and characters..."""
_PARAGRAPH = 100
"""...above a line of so many characters; above shorter ones it may head a list..."""
_PARAGRAPH_WORDS = 14
"""...or of so many words, where a character is a word or half of one."""
_LONGEST_HEADING = 200
"""Characters of the longest heading of a rest."""
_HEADING_WORDS = 10
_CLOCK = re.compile(r"\d{1,2}[:.]\d\d\b")
_STOPS = (".", ",", ";", "。", "，", "；", "،", "؛", "۔", "।")
RULES: frozenset[str] = frozenset((*(rule.name for rule in ALL_RULES), "rests", "kickers"))
"""What is looked for; a benchmark takes single rules away."""


def drop_boilerplate(
    lines: Sequence[str], headlines: Sequence[str], authors: Sequence[str], setting: Setting | None = None
) -> list[str]:
    """Returns the lines of the story; all lines where too little would be left.

    ``headlines`` are all forms of the headline, ``authors`` the names the page gives, ``setting`` is the page that
    shows the lines; without it they are judged by their words alone.
    """
    story = Story(lines, _fold_all(headlines), _fold_all(authors), setting)
    rules = [_believe_once(rule, story) if rule.once else rule for rule in ALL_RULES if rule.name in RULES]
    kept = _cut_rest(story) if "rests" in RULES else list(lines)
    kept = _filter(kept, story, [rule for rule in rules if rule.head], HEAD_LINES)
    kept = _drop_kickers(kept, story) if kept and "kickers" in RULES else kept
    kept = _filter_tail(kept, story, [rule for rule in rules if rule.tail])
    kept = _filter(kept, story, [rule for rule in rules if rule.middle], len(kept))
    return kept if kept and _measure(kept) >= MIN_KEPT * _measure(lines) else list(lines)


def _fold_all(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(folded for text in texts if (folded := fold_title(text)))


def _measure(lines: Sequence[str]) -> int:
    return sum(map(estimate_words, lines))


def _believe_once(rule: Rule, story: Story) -> Rule:
    """The rule, which knows no line where its lines stand all through the body; looked at when it first knows one."""
    recurs = cache(lambda: _recurs(rule, story))
    return replace(rule, matches=lambda line: rule.matches(line) and not recurs())


def _recurs(rule: Rule, story: Story) -> bool:
    """Says whether lines of a rule stand all through a body, as dates do in a calendar."""
    runs = [
        len(list(run))
        for found, run in groupby(matches(read_line(text, story), [rule]) for text in story.lines)
        if found
    ]
    return len(runs) > MAX_RUNS or max(runs, default=0) > MAX_RUN


def _filter(lines: list[str], story: Story, rules: Sequence[Rule], end: int) -> list[str]:
    """The lines without those above a position that some rule knows."""
    above = zip(lines[:end], [*lines[1:end], *lines[end : end + 1], ""], strict=False)
    return [line for line, below in above if not matches(read_line(line, story, below), rules)] + lines[end:]


def _drop_kickers(lines: list[str], story: Story) -> list[str]:
    """Without the few words above a paragraph that open a page: section, place of a dateline, name of the series."""
    opening = lines[: KICKER_LINES + 1]
    kept = [line for line, below in pairwise(opening) if not _is_kicker(line, below, story)]
    return kept + lines[len(opening) - 1 :]


def _is_kicker(line: str, below: str, story: Story) -> bool:
    if len(line) > _KICKER_CHARACTERS or estimate_words(line) > _KICKER_WORDS:
        return False
    if story.lines.count(line) > 1 or (story.setting is not None and opens_section(read_line(line, story, below))):
        return False
    if _CLOCK.match(line):
        # The hour of an update; where it is the page's it has gone with the dates.
        return False
    ends = line.endswith((*SENTENCE_ENDS, ":", "：", "…"))
    return (
        not ends
        and not line.startswith("- ")
        and (len(below) >= _PARAGRAPH or estimate_words(below) >= _PARAGRAPH_WORDS)
    )


def _filter_tail(lines: list[str], story: Story, rules: Sequence[Rule]) -> list[str]:
    kept: list[str] = []
    position = len(lines)
    while position > 1 and len(kept) < TAIL_LINES:
        position -= 1
        if not matches(read_line(lines[position], story, kept[-1] if kept else ""), rules):
            kept.append(lines[position])
    return lines[:position] + kept[::-1]


def _cut_rest(story: Story) -> list[str]:
    """Without the heading of a list of other stories, of comments or of an author's life, and what follows it."""
    lines = story.lines
    total = _measure(lines)
    rest = 0
    cut = len(lines)
    for number in range(len(lines) - 1, 0, -1):
        rest += estimate_words(lines[number])
        if rest > MAX_REST * total:
            break
        if _heads_rest(read_line(lines[number], story, lines[number + 1] if number + 1 < len(lines) else "")):
            cut = number
    return list(lines[:cut])


def _heads_rest(line: Line) -> bool:
    if len(line.text) > _LONGEST_HEADING or line.words > _HEADING_WORDS or line.text.endswith(_STOPS):
        return False
    if found := labels.CROSS_REFERENCE.match(line.text):
        return not heads_story(line, found)
    if opens_comments(line):
        return True
    found = labels.ABOUT.match(line.text)
    return found is not None and are_names(line.text[found.end() :])
