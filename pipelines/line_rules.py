"""What single lines around a story are: byline, date, credit, pointer, appeal ..., and what they are told by.

A word proves little: a story may be about newsletters. So each rule wants more than its label: no sentence behind it, a
link, names, the voice of the outlet. docs/extraction.md says which.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pipelines import labels
from pipelines.line_length import estimate_words
from pipelines.setting import Setting
from pipelines.titles import fold_title

_LONGEST = 1_000
"""Characters of the longest line that is looked at: words bound no rows of dots."""
_LABEL_WORDS = 5
"""Words of the longest line that may end like a sentence and still be a label: "Mar 20, 2005."."""
_POINTER_WORDS = 8
"""Words of the longest pointer without a colon."""
_NOTE_WORDS = 8
"""Words of the longest line of nothing but agencies and initials."""
_NAMES = 0.5
"""Share of the long words of a line that names and titles write with a capital."""
_LINKED = 0.3
"""Share of link text from which a line leads somewhere."""
_HEADLINE = 15
"""Characters of a headline that a line is searched for; shorter ones end many a line by accident."""
_KICKER = 60
"""Characters of the longest kicker before a headline."""

SENTENCE_ENDS = (".", "!", "?", ",", ";", "”", '"', "؟", "،", "؛", "۔", "।", "。", "！", "？", "，", "；", "」", "』")
_FULL_STOPS = (".", "!", "?", "…", "؟", "۔", "।", "。", "！", "？")
_AFTER_STOP = "\"'”’»)」』 "
"""What may stand behind the end of a sentence."""
_SPEECH = tuple('"“„«‘「『”')
_REPORTED = re.compile('[,;，；、،؛]|: ["“„«]|[.!?]["”»],? ')
"""Parts what somebody says from who says it."""
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_ADDRESS = re.compile(
    r"\W*(?:[\w.+-]+@[\w-]+\.[\w.]+|(?:https?://)?(?:www\.)?(?:twitter|facebook|instagram|x)\.com/\w+/?|@\w+)\W*$"
)
_URL = re.compile(r"https?://\S+$")
_BYLINE = re.compile(
    r"\W*(?:by|von|par|por|door|av|af|di|от|автор|text|texte|texto|words|story|author)\b\W*", re.IGNORECASE
)
_DATE = re.compile(
    r"(?:(?:\w+day|mon|tue|wed|thu|fri|sat|sun)\W+)?(?:\d{1,2}:\d\d\b(?:\W*(?:[ap]\.?m|uhr)\b)?(?:\W*$|.{0,40}\d.{0,20})|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b.{0,60}"
    r"|\d{4}[-/.年]\s?\d{1,2}[-/.月]\s?\d{1,2}.{0,40}|\d{1,2}\.? [^\W\d]{3,12}\.? \d{4}\b.{0,60}"
    r"|[^\W\d]{3,12}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}\b.{0,60})$",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"\d+")
_HALF_OF_DAY = re.compile(r"\b[ap]\.m\.$", re.IGNORECASE)
_AGENCY = re.compile(r"\b(?:dpa|afp|apa|reuters|sda|epd|kna|ansa|efe|ap)\b", re.IGNORECASE)
_INITIALS = re.compile(r"\W*(?:\b(?:reuters|ansa|mit|und|and|with|[a-z]{2,4})\b[\W_]*)+$", re.IGNORECASE)
_POINTS = re.compile(r"[^.!?]{0,25}[:|：]")


@dataclass(frozen=True)
class Story:
    """What lines are compared with."""

    lines: Sequence[str]
    """The whole body."""
    headlines: tuple[str, ...]
    """Folded forms of the headline."""
    authors: tuple[str, ...]
    """Folded names."""
    setting: Setting | None = None
    """Its page, where there is one."""
    _naming: dict[str, int] = field(default_factory=dict)

    @cached_property
    def folded(self) -> list[str]:
        """Its lines as letters and digits, each once."""
        return list(dict.fromkeys(map(fold_title, self.lines)))

    def count_naming(self, name: str) -> int:
        """Returns how many different lines hold a folded name and more than it and a word or two."""
        if name not in self._naming:
            found = [f" {line} ".find(f" {name} ") for line in self.folded if line.count(" ") > name.count(" ") + 2]
            self._naming[name] = sum(place >= 0 for place in found)
        return self._naming[name]


@dataclass(frozen=True)
class Line:
    """One line of a body."""

    text: str
    words: int
    """See ``estimate_words``."""
    story: Story
    below: str = ""
    """The next line."""

    @cached_property
    def folded(self) -> str:
        """Its letters and digits."""
        return fold_title(self.text)

    @cached_property
    def is_sentence(self) -> bool:
        """Says whether it ends as sentences do and is too long for a label that ends so."""
        ends = self.text.rstrip(_AFTER_STOP).endswith(_FULL_STOPS)
        return ends and self.words > _LABEL_WORDS and not _HALF_OF_DAY.search(self.text)

    @cached_property
    def links(self) -> float | None:
        """The share of its text in links; None where that is not known."""
        return self.story.setting.share_of_links(self.text) if self.story.setting else None

    @property
    def is_linked(self) -> bool:
        """Says whether it is known to lead somewhere."""
        return (self.links or 0.0) >= _LINKED


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
    once: bool = False
    """Whether such lines all through a body are its own: dates of a calendar, who speaks in a talk."""


def read_line(text: str, story: Story, below: str = "") -> Line:
    """Returns a line to be asked what it is; the mark of a list item does not count."""
    plain = text.removeprefix("- ")
    return Line(plain, estimate_words(plain), story, below)


def matches(line: Line, rules: Sequence[Rule]) -> bool:
    """Says whether some rule knows a line."""
    if not line.text or len(line.text) > _LONGEST:
        return False
    return any(line.words <= rule.longest and rule.matches(line) for rule in rules)


def opens_section(line: Line) -> bool:
    """Says whether a line is a subheading of the story: its text, a sentence, stands right below it.

    Without a page that shows it, the words below decide, and no line that is a label and nothing else is believed.
    """
    below = read_line(line.below, line.story)
    setting = line.story.setting
    return below.is_sentence and (
        setting is None or (setting.is_heading(line.text) and setting.leads_to(line.text, line.below))
    )


def are_names(text: str) -> bool:
    """Says whether a text is names rather than part of a sentence: short, or mostly capitalised where a script can."""
    words = _LONG_WORD.findall(text)
    cased = [word for word in words if word[0].lower() != word[0].upper()]
    if not cased:
        return estimate_words(text) <= _LABEL_WORDS
    return len(words) <= 2 or sum(not word[0].islower() for word in cased) >= _NAMES * len(cased)


def _is_byline(line: Line) -> bool:
    if line.folded in line.story.authors or _ADDRESS.match(line.text):
        return True
    found = _BYLINE.match(line.text)
    if not found or line.is_sentence:
        return False
    bare = fold_title(line.text[found.end() :])
    return any(f"{bare} ".startswith(f"{name} ") for name in line.story.authors)


def _is_date(line: Line) -> bool:
    # A sentence may open with the day it tells of.
    if line.is_sentence:
        return False
    found = labels.PAGE_DATE.match(line.text)
    # A page is of a day; a book is of a year.
    is_day = found and (line.words <= _LABEL_WORDS or len(_NUMBERS.findall(line.text)) > 1)
    return bool(is_day) or _DATE.match(line.text) is not None


def _is_kicked_headline(line: Line) -> bool:
    """The headline again, after a kicker of a few words."""
    return any(
        len(headline) >= _HEADLINE and line.folded.endswith(headline) and len(line.folded) - len(headline) <= _KICKER
        for headline in line.story.headlines
    )


def _is_biography(line: Line) -> bool:
    """Begins with the whole name of the story's author, whom no other line speaks of."""
    if line.words <= 4 or not line.text[0].isalnum():
        return False
    names = (name for name in line.story.authors if " " in name and line.folded.startswith(f"{name} "))
    return any(line.story.count_naming(name) <= 1 for name in names)


def _is_credit(line: Line) -> bool:
    found = labels.CREDIT.match(line.text)
    return found is not None and not line.is_sentence and (are_names(line.text[found.end() :]) or line.is_linked)


def _is_pointer(line: Line) -> bool:
    found = labels.CROSS_REFERENCE.match(line.text)
    if not found or (line.is_sentence and not line.is_linked):
        return False
    if _POINTS.match(line.text[found.end() - 1 :]):
        return True
    if line.words > _POINTER_WORDS or line.text.endswith(SENTENCE_ENDS):
        return False
    return line.is_linked or not heads_story(line, found)


def heads_story(line: Line, label: re.Match[str]) -> bool:
    """Says whether a line that begins with a label is a subheading for all that."""
    is_whole = not re.search(r"\w", line.text[label.end() :])
    return opens_section(line) and not (is_whole and line.story.setting is None)


def _is_subheading(line: Line) -> bool:
    return line.story.setting is not None and opens_section(line)


def _is_appeal(line: Line) -> bool:
    """Asks its reader for something, in the voice of the outlet or by a link; what others say they asked is story."""
    if line.text.startswith(_SPEECH):
        return False
    if labels.CONTACT.match(line.text):
        return line.is_linked or not _REPORTED.search(line.text)
    if not labels.APPEAL.match(line.text):
        return False
    if line.links:
        return bool(labels.APPEAL_OBJECT.search(line.text) or labels.APPEAL_NOUN.search(line.text))
    if _REPORTED.search(line.text):
        return False
    speaks = labels.APPEAL_NOUN.search(line.text) and labels.OWN_VOICE.search(line.text)
    return bool(speaks or labels.APPEAL_OBJECT.search(line.text))


def _is_desk_note(line: Line) -> bool:
    if labels.CONTRIBUTED.search(line.text) or labels.DESK_NOTE.match(line.text):
        return True
    found = labels.DESK_NAMES.match(line.text)
    if found and not line.is_sentence:
        return are_names(line.text[found.end() :]) or bool(line.links)
    return line.words <= _NOTE_WORDS and bool(_INITIALS.match(line.text) and _AGENCY.search(line.text))


def _is_reading_time(line: Line) -> bool:
    found = labels.READING_TIME.match(line.text)
    return found is not None and not line.is_sentence and not _is_subheading(line)


def _is_right(line: Line) -> bool:
    found = labels.RIGHTS.match(line.text)
    return found is not None and not _REPORTED.match(line.text[found.end() :])


def _is_filing(line: Line) -> bool:
    return labels.FILING.match(line.text) is not None and not line.is_sentence


def opens_comments(line: Line) -> bool:
    """Says whether a line opens or invites comments and is no subheading."""
    return labels.COMMENTS.match(line.text) is not None and not _is_subheading(line)


ALL_RULES: tuple[Rule, ...] = (
    Rule("bylines", _is_byline, 25, head=True, tail=True, once=True),
    Rule("dates", _is_date, 14, head=True, tail=True, once=True),
    Rule("addresses", lambda line: _URL.match(line.text), 1, head=True),
    Rule("reading_times", _is_reading_time, 12, head=True),
    Rule("kicked_headlines", _is_kicked_headline, 40, head=True),
    Rule("biographies", _is_biography, 80, head=True, tail=True),
    Rule("picture_credits", _is_credit, 25, head=True, middle=True, tail=True),
    Rule("pointers", _is_pointer, 40, head=True, middle=True, tail=True),
    Rule("line_appeals", _is_appeal, 80, head=True, tail=True),
    Rule("disclosures", lambda line: labels.DISCLOSURE.match(line.text), 80, head=True, tail=True),
    Rule("desk_notes", _is_desk_note, 80, tail=True),
    Rule("rights", _is_right, 80, tail=True),
    Rule("filings", _is_filing, 40, head=True, tail=True),
    Rule("line_comments", opens_comments, 12, tail=True),
)
