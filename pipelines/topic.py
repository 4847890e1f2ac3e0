"""``Topic``: one research question as judging knows it, what to look for, when, and how sure to be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipelines.language_codes import to_two_letters
from pipelines.term import Term, write_term
from pipelines.topic_grammar import Expression, Words, walk, write_expression

ENGINE = 5
"""Raised when matching or scoring changes, so that stored matches can be told from new ones."""

DEFAULT_ACCEPT = 0.5
DEFAULT_REVIEW = 0.25
ANY_LANGUAGE = "any"
ALL_ENTITIES = "entities"
"""In expressions: every spelling of every entity of the topic."""

Expect = Literal["accept", "review", "reject"]
Spellings = Mapping[str, tuple[Term, ...]]
"""Terms by language (ISO 639-1, or ``any``)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One expression of a topic: as written, and as a tree."""

    text: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class Entity:
    """A person or body of the topic with every spelling seen."""

    id: str
    name: str
    role: str | None
    spellings: Spellings


@dataclass(frozen=True, slots=True)
class Example:
    """A made-up or remembered article and what the topic must say to it."""

    expect: Expect
    title: str
    body: str = ""
    language: str | None = None
    date: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Topic:
    """One research question: what an article must say, and when, to be about it."""

    id: str
    title: str
    question: str | None
    window_from: str | None
    """First day (``YYYY-MM-DD``, UTC) of publication."""
    window_to: str | None
    """Last day, included."""
    accept: float
    review: float
    any: tuple[Rule, ...]
    """What the topic is about: one must hold, and their hits make the score."""
    require: tuple[Rule, ...]
    """All must hold; never scored."""
    vetoes: tuple[Rule, ...]
    """``not`` in the file: one that holds drops the article."""
    sets: Mapping[str, Spellings]
    entities: tuple[Entity, ...]
    examples: tuple[Example, ...]
    path: Path
    version: str = ""
    """Twelve hexadecimal digits that change exactly when articles could be judged differently."""

    def terms(self, name: str, language: str | None) -> tuple[Term, ...]:
        """Returns the terms of a set, an entity or all ``entities`` that count in a language; None: of all."""
        if name in self.sets:
            return _choose(self.sets[name], language)
        wanted = [entity for entity in self.entities if name in (entity.id, ALL_ENTITIES)]
        return tuple(dict.fromkeys(term for entity in wanted for term in _choose(entity.spellings, language)))

    def name_terms(self) -> dict[str, frozenset[Term]]:
        """Returns the terms of each name a rule may hold, in any language."""
        names = (*self.sets, *(entity.id for entity in self.entities), ALL_ENTITIES)
        return {name: frozenset(self.terms(name, None)) for name in names}

    def all_terms(self) -> set[Term]:
        """Returns every term the topic could look for, in any language."""
        rules = (*self.any, *self.require, *self.vetoes)
        quoted = {part.term for rule in rules for part in walk(rule.expression) if isinstance(part, Words)}
        return quoted.union(*(self.terms(name, None) for name in (*self.sets, ALL_ENTITIES)))


def _choose(spellings: Spellings, language: str | None) -> tuple[Term, ...]:
    if language is None:
        return tuple(dict.fromkeys(term for terms in spellings.values() for term in terms))
    return tuple(dict.fromkeys((*spellings.get(language, ()), *spellings.get(ANY_LANGUAGE, ()))))


def fold_language(language: str | None) -> str | None:
    """Returns a language tag as topics know it: ``fa-AF`` and ``prs`` (Dari) are ``fa``; None where it names none."""
    code = to_two_letters(language or "")
    return "no" if code in ("nb", "nn") else code


def hash_meaning(topic: Topic) -> str:
    """Returns a short hash of all that decides about articles; titles, comments, examples and order of words do not."""

    def spell(spellings: Spellings) -> dict[str, list[str]]:
        return {language: sorted(map(write_term, terms)) for language, terms in spellings.items() if terms}

    meaning = {
        "engine": ENGINE,
        "id": topic.id,
        "window": [topic.window_from, topic.window_to],
        "thresholds": [topic.accept, topic.review],
        "any": [write_expression(rule.expression) for rule in topic.any],
        "require": [write_expression(rule.expression) for rule in topic.require],
        "not": [write_expression(rule.expression) for rule in topic.vetoes],
        "sets": {name: spell(spellings) for name, spellings in topic.sets.items()},
        "entities": {entity.id: spell(entity.spellings) for entity in topic.entities},
    }
    text = json.dumps(meaning, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
