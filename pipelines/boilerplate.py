"""Drops from an extracted body the lines that are no part of the story: bylines, credits, appeals, pointers elsewhere.

Pure functions over lines. What a line is depends on where it stands: a byline opens a page, an appeal closes it; a
sentence of the story may say the same words in its middle.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from pipelines import labels
from pipelines.titles import fold_title

HEAD_LINES = 6
"""First lines of a body in which bylines, dates and reading times may stand."""
TAIL_LINES = 6
"""Lines of the story after which the walk up from the end stops looking for desk notes and appeals."""
MIN_KEPT = 0.5
"""Share of a body's characters below which dropping is undone: the rules were wrong about such a page."""
MAX_REST = 0.25
"""Share of a body's characters that may stand below a heading such as "Related articles" and go with it."""
KICKER_LINES = 2
"""First lines of a body in which a kicker or the place of a dateline may stand on its own..."""
_KICKER_WORDS = 3
_KICKER_CHARACTERS = 30
_KICKER_WIDE = 8
"""...of so many words and characters, fewer where nearly every one is a syllable or a word..."""
_PARAGRAPH = 100
"""...above a line of so many characters (a third where they are wide); above shorter ones it may head a list."""
_HEADLINE = 15
"""Characters of a headline that a line is searched for; shorter ones end many a line by accident."""
_KICKER = 60
"""Characters of the longest kicker before a headline."""

_ADDRESS = re.compile(
    r"\W*(?:[\w.+-]+@[\w-]+\.[\w.]+|(?:https?://)?(?:www\.)?(?:twitter|facebook|instagram|x)\.com/\w+/?|@\w+)\W*$"
)
_URL = re.compile(r"https?://\S+$")
_BYLINE = re.compile(
    r"(?:by|von|par|por|door|av|af|di|от|автор|text|texte|texto|words|story|author)\b\W*", re.IGNORECASE
)
_DATE = re.compile(
    r"(?:(?:\w+day|mon|tue|wed|thu|fri|sat|sun)\W+)?(?:\d{1,2}:\d\d\b(?:\W*(?:[ap]\.?m|uhr)\b)?(?:\W*$|.{0,40}\d.{0,20})|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b.{0,60}"
    r"|\d{4}[-/.年]\s?\d{1,2}[-/.月]\s?\d{1,2}.{0,40}|\d{1,2}\.? [^\W\d]{3,12}\.? \d{4}\b.{0,60}"
    r"|[^\W\d]{3,12}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}\b.{0,60})$",
    re.IGNORECASE,
)
_AGENCY = re.compile(r"\b(?:dpa|afp|apa|reuters|sda|epd|kna|ansa|efe|ap)\b", re.IGNORECASE)
_INITIALS = re.compile(r"\W*(?:\b(?:reuters|ansa|mit|und|and|with|[a-z]{2,4})\b[\W_]*)+$", re.IGNORECASE)
_POINTS = re.compile(r"[^.!?]{0,25}[:|：]")
_WIDE_ENDS = ("。", "！", "？", "，", "；", "」", "』")
_SENTENCE_ENDS = (".", "!", "?", ",", ";", "”", '"', "؟", "،", "؛", "۔", "।", *_WIDE_ENDS)
_LONGEST = 1_000
"""Characters of the longest line that is looked at: words bound neither scripts without spaces nor rows of dots."""
_LONGEST_HEADING = 200
"""Characters of the longest heading of a rest."""
_DATE_WORDS = 5
"""Words of the longest date that may end like a sentence."""
_HALF_OF_DAY = re.compile(r"\b[ap]\.m\.$", re.IGNORECASE)


@dataclass(frozen=True)
class Story:
    """What lines are compared with."""

    headlines: tuple[str, ...]
    """Folded forms of the headline."""
    authors: tuple[str, ...]
    """Folded names."""


@dataclass(frozen=True)
class Line:
    """One line of a body."""

    text: str
    words: int
    """Words between spaces."""
    story: Story

    @cached_property
    def folded(self) -> str:
        """Its letters and digits."""
        return fold_title(self.text)


@dataclass(frozen=True, slots=True)
class Rule:
    """One class of lines, how long they get, and where in a body they are believed."""

    name: str
    matches: Callable[[Line], object]
    longest: int
    """Words."""
    head: bool = False
    middle: bool = False
    tail: bool = False


def _is_byline(line: Line) -> bool:
    if line.folded in line.story.authors or _ADDRESS.match(line.text):
        return True
    bare = fold_title(_BYLINE.sub("", line.text, count=1))
    return bare != line.folded and any(bare.startswith(name) for name in line.story.authors)


def _is_date(line: Line) -> bool:
    if labels.PAGE_DATE.match(line.text) or _URL.match(line.text):
        return True
    # A sentence may open with the day it tells of.
    is_long = line.words > _DATE_WORDS or line.text.endswith(_WIDE_ENDS)
    is_sentence = is_long and line.text.endswith(_SENTENCE_ENDS) and not _HALF_OF_DAY.search(line.text)
    return not is_sentence and _DATE.match(line.text) is not None


def _is_kicked_headline(line: Line) -> bool:
    """The headline again, after a kicker of a few words."""
    return any(
        len(headline) >= _HEADLINE and line.folded.endswith(headline) and len(line.folded) - len(headline) <= _KICKER
        for headline in line.story.headlines
    )


def _is_biography(line: Line) -> bool:
    """Begins with the whole name of the story's author, who is hardly its subject."""
    names = (name for name in line.story.authors if " " in name)
    return line.words > 4 and line.text[0].isalnum() and any(line.folded.startswith(f"{name} ") for name in names)


def _is_pointer(line: Line) -> bool:
    found = labels.CROSS_REFERENCE.match(line.text)
    if not found:
        return False
    return bool(_POINTS.match(line.text[found.end() - 1 :])) or (
        line.words <= 8 and not line.text.endswith(_SENTENCE_ENDS)
    )


def _is_appeal(line: Line) -> bool:
    if labels.CONTACT.match(line.text):
        return True
    return bool(labels.APPEAL.match(line.text) and labels.APPEAL_OBJECT.search(line.text))


def _is_desk_note(line: Line) -> bool:
    if labels.DESK_NOTE.match(line.text) or labels.CONTRIBUTED.search(line.text):
        return True
    return line.words <= 8 and bool(_INITIALS.match(line.text) and _AGENCY.search(line.text))


ALL_RULES: tuple[Rule, ...] = (
    Rule("bylines", _is_byline, 25, head=True, tail=True),
    Rule("dates", _is_date, 14, head=True, tail=True),
    Rule("reading_times", lambda line: labels.READING_TIME.match(line.text), 12, head=True),
    Rule("kicked_headlines", _is_kicked_headline, 40, head=True),
    Rule("biographies", _is_biography, 80, head=True, tail=True),
    Rule("picture_credits", lambda line: labels.CREDIT.match(line.text), 25, head=True, middle=True, tail=True),
    Rule("pointers", _is_pointer, 40, head=True, middle=True, tail=True),
    Rule("line_appeals", _is_appeal, 80, head=True, tail=True),
    Rule("disclosures", lambda line: labels.DISCLOSURE.match(line.text), 80, head=True, tail=True),
    Rule("desk_notes", _is_desk_note, 80, tail=True),
    Rule("rights", lambda line: labels.RIGHTS.match(line.text), 80, tail=True),
    Rule("filings", lambda line: labels.FILING.match(line.text), 40, head=True, tail=True),
    Rule("line_comments", lambda line: labels.COMMENTS.match(line.text), 12, tail=True),
)
RULES: frozenset[str] = frozenset((*(rule.name for rule in ALL_RULES), "rests", "kickers"))
"""What is looked for; a benchmark takes single rules away."""


def drop_boilerplate(lines: Sequence[str], headlines: Sequence[str], authors: Sequence[str]) -> list[str]:
    """Returns the lines of the story; all lines where too little would be left.

    ``headlines`` are all forms of the headline, ``authors`` the names the page gives.
    """
    story = Story(_fold_all(headlines), _fold_all(authors))
    rules = [rule for rule in ALL_RULES if rule.name in RULES]
    kept = _cut_rest(lines) if "rests" in RULES else list(lines)
    head = [rule for rule in rules if rule.head]
    kept = [line for line in kept[:HEAD_LINES] if not _matches(line, story, head)] + kept[HEAD_LINES:]
    kept = _drop_kickers(kept) if kept and "kickers" in RULES else kept
    kept = _filter_tail(kept, story, [rule for rule in rules if rule.tail])
    middle = [rule for rule in rules if rule.middle]
    kept = [line for line in kept if not _matches(line, story, middle)]
    return kept if kept and sum(map(len, kept)) >= MIN_KEPT * sum(map(len, lines)) else list(lines)


def _fold_all(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(folded for text in texts if (folded := fold_title(text)))


def _matches(text: str, story: Story, rules: Sequence[Rule]) -> bool:
    if len(text) > _LONGEST:
        return False
    plain = text.removeprefix("- ")
    line = Line(plain, len(plain.split()), story)
    return bool(plain) and any(line.words <= rule.longest and rule.matches(line) for rule in rules)


def _drop_kickers(lines: list[str]) -> list[str]:
    """Without the few words above a paragraph that open a page: section, place of a dateline, name of the series."""
    opening = lines[: KICKER_LINES + 1]
    kept = [line for line, below in pairwise(opening) if not _is_kicker(line, below)]
    return kept + lines[len(opening) - 1 :]


def _is_kicker(line: str, below: str) -> bool:
    wide = line > "\u2e7f"
    if len(line) > (_KICKER_WIDE if wide else _KICKER_CHARACTERS) or len(line.split()) > _KICKER_WORDS:
        return False
    ends = line.endswith((*_SENTENCE_ENDS, ":", "：", "…"))
    return not ends and not line.startswith("- ") and len(below) >= (_PARAGRAPH / 3 if wide else _PARAGRAPH)


def _filter_tail(lines: list[str], story: Story, rules: Sequence[Rule]) -> list[str]:
    kept: list[str] = []
    position = len(lines)
    while position > 1 and len(kept) < TAIL_LINES:
        position -= 1
        if not _matches(lines[position], story, rules):
            kept.append(lines[position])
    return lines[:position] + kept[::-1]


def _cut_rest(lines: Sequence[str]) -> list[str]:
    """Without the heading of a list of other stories, of comments or of an author's life, and what follows it."""
    total = sum(map(len, lines))
    rest = 0
    cut = len(lines)
    for number in range(len(lines) - 1, 0, -1):
        rest += len(lines[number])
        if rest > MAX_REST * total:
            break
        if _heads_rest(lines[number]):
            cut = number
    return list(lines[:cut])


def _heads_rest(line: str) -> bool:
    if (
        len(line) > _LONGEST_HEADING
        or len(line.split()) > 10
        or line.endswith((".", ",", ";", "。", "，", "；", "،", "؛", "۔", "।"))
    ):
        return False
    return any(label.match(line) for label in (labels.CROSS_REFERENCE, labels.COMMENTS, labels.ABOUT))
