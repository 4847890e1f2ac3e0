"""What is allowed in a topic file and bites later: unused sets, terms that find too much, rules that never hold."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pipelines.frequent_words import FREQUENT, LOOKALIKES
from pipelines.term import Term, write_term
from pipelines.topic import ANY_LANGUAGE, Spellings, Topic
from pipelines.topic_grammar import (
    Lookup,
    Name,
    Near,
    Words,
    compile_match,
    terms_of,
    walk,
    write_expression,
)

SHORTEST_BEGINNING = 3
SHORTEST_NEAR_BEGINNING = 4
"""Letters: shorter beginnings find mostly other words; inside near() so many that nearness means little."""

_SPACELESS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
"""Thai, Lao, Burmese, Khmer: the index splits at spaces, which these scripts set between clauses only."""
_SIGN_BY_SIGN = re.compile("[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
"""Han and kana are words of one sign each to the index: a star after one adds nothing."""
_ALIKE = frozenset(("Latin", "Cyrillic", "Greek"))


@dataclass(frozen=True, slots=True)
class _List:
    """One list of terms of the file: where it stands, and the language it counts in."""

    place: str
    language: str
    terms: tuple[Term, ...]


def find_traps(topic: Topic) -> Iterator[str]:
    """Yields one line for each thing in a topic that is likely not what its author meant."""
    for text in (
        *_find_unused(topic),
        *_find_broad_terms(topic),
        *_find_lost_terms(topic),
        *_find_foreign_letters(topic),
        *_find_rules_that_never_hold(topic),
        *_find_loose_nears(topic),
        *_find_shared_spellings(topic),
    ):
        yield f"{topic.path}: {text}"
    if not topic.examples:
        yield f"{topic.path}: no [[example]]: nothing tells whether the next edit breaks the topic"


def _lists(topic: Topic) -> Iterator[_List]:
    named: list[tuple[str, Spellings]] = [(f"sets.{name}", spellings) for name, spellings in topic.sets.items()]
    named += [(f"entity {entity.id}", entity.spellings) for entity in topic.entities]
    for place, spellings in named:
        for language, terms in spellings.items():
            yield _List(f"{place}.{language}", language, terms)
    for key, rules in (("any", topic.any), ("require", topic.require), ("not", topic.vetoes)):
        quoted = {part.term for rule in rules for part in walk(rule.expression) if isinstance(part, Words)}
        if quoted:
            yield _List(f"{key}, quoted", ANY_LANGUAGE, tuple(sorted(quoted, key=write_term)))


def _in_language(topic: Topic, language: str) -> Lookup:
    """Returns a lookup of one term of each set, enough to tell which sets have words in a language."""
    return lambda name: topic.terms(name, language)[:1]


def _find_unused(topic: Topic) -> Iterator[str]:
    used = {
        part.name
        for rules in (topic.any, topic.require, topic.vetoes)
        for rule in rules
        for part in walk(rule.expression)
        if isinstance(part, Name)
    }
    for name in topic.sets:
        if name not in used:
            yield f"sets.{name}: no expression uses this set"


def _find_broad_terms(topic: Topic) -> Iterator[str]:
    """Yields terms that also find a frequent word, of any language their list counts in."""
    for listed in _lists(topic):
        for term in listed.terms:
            yield from _find_lookalikes(listed, term)
            if len(term.words) > 1:
                continue
            word, star = term.words[0], term.starred[0]
            for language, frequent in _languages_of(listed.language):
                met = sorted(
                    one
                    for one in frequent
                    if (one.startswith(word) if star else one == word) and (one != word or language != listed.language)
                )
                if met:
                    remedy = "make it longer"
                    if listed.language == ANY_LANGUAGE:
                        remedy = f"list it only in its own language, or {remedy}"
                    yield (
                        f'{listed.place}: "{write_term(term)}" also finds the frequent word "{met[0]}" ({language});'
                        f" {remedy}"
                    )
                    break
            else:
                if _count_letters(term) < SHORTEST_BEGINNING:
                    yield (
                        f'{listed.place}: "{write_term(term)}" begins so many words that most are others;'
                        " make it longer"
                    )


def _count_letters(term: Term) -> float:
    """Returns the letters a term that is one beginning has, those of Hangul each by itself; of others infinity."""
    if len(term.words) > 1 or not term.starred[0] or _SIGN_BY_SIGN.match(term.words[0]):
        return math.inf
    return len(unicodedata.normalize("NFD", term.words[0]))


def _find_lookalikes(listed: _List, term: Term) -> Iterator[str]:
    """Yields a term that with letters attached is a frequent word in which nothing is attached, or begins one."""
    lookalikes = sorted(LOOKALIKES.get(term.attaching or "", ()))
    for spelling in term.spellings()[1:] if lookalikes else ():
        word, star = spelling.words[0], spelling.starred[0]
        met = next((one for one in lookalikes if one == word or (star and one.startswith(word))), None)
        if len(spelling.words) == 1 and met is not None:
            yield (
                f'{listed.place}: "{write_term(term)}" with letters attached is the frequent word "{met}";'
                " use a longer phrase, or list it under any, where words stand as they are"
            )
            return


def _languages_of(language: str) -> list[tuple[str, frozenset[str]]]:
    return [(one, words) for one, words in FREQUENT.items() if language in (one, ANY_LANGUAGE)]


def _find_lost_terms(topic: Topic) -> Iterator[str]:
    for listed in _lists(topic):
        for term in listed.terms:
            written = write_term(term)
            if _SPACELESS.search(written):
                yield (
                    f'{listed.place}: "{written}" is found only at the beginning of a clause or not at all: its script'
                    " sets no spaces between words"
                )
            elif len(term.words) == 1 and len(written) == 1 and written.isascii():
                yield f'{listed.place}: only "{written}" is left of a term after folding; signs are not looked for'


def _find_foreign_letters(topic: Topic) -> Iterator[str]:
    """Yields terms that mix letters of scripts that look alike, or have letters their language is not written in."""
    for listed in _lists(topic):
        home = set().union(*map(_scripts_of, FREQUENT.get(listed.language, ())))
        for term in listed.terms:
            for found in map(_scripts_of, term.words):
                if len(found & _ALIKE) > 1:
                    scripts = " and ".join(sorted(found & _ALIKE))
                    yield (
                        f'{listed.place}: "{write_term(term)}" mixes {scripts} letters, which look alike;'
                        " write it in one script"
                    )
                    break
                if home and not found <= home | {"Latin"}:
                    yield (
                        f'{listed.place}: "{write_term(term)}" has {min(found - home)} letters, and articles in'
                        f" {listed.language} have not; list it in its own language"
                    )
                    break


@lru_cache(maxsize=10_000)
def _scripts_of(word: str) -> frozenset[str]:
    """Returns the scripts of a word's letters, by their names in Unicode: ``Cyrillic``, ``Arabic``."""
    return frozenset(unicodedata.name(sign, "?").split()[0].capitalize() for sign in word if sign.isalpha())


def _find_rules_that_never_hold(topic: Topic) -> Iterator[str]:
    languages = sorted({language for spellings in topic.sets.values() for language in spellings} - {ANY_LANGUAGE})
    languages = languages or [ANY_LANGUAGE]
    silent: Mapping[str, list[str]] = defaultdict(list)
    for rule in topic.any:
        held = [
            language
            for language in languages
            if compile_match(rule.expression, _in_language(topic, language)).text is not None
        ]
        if not held:
            yield f'any: "{rule.text}" can never hold: no language has words for all that it asks for'
        for language in set(languages) - set(held):
            silent[language].append(rule.text)
    mute = [language for language in languages if len(silent[language]) == len(topic.any)]
    for language in mute if len(mute) < len(languages) else ():
        yield f"any: no expression can hold for an article in {language}, though sets have words in it"
    for rule in topic.require:
        for language in languages:
            match = compile_match(rule.expression, _in_language(topic, language))
            if match.text is None and not match.negated and language not in mute:
                yield f'require: "{rule.text}" can never hold for an article in {language}: no words for it'


def _find_loose_nears(topic: Topic) -> Iterator[str]:
    def look_up(name: str) -> tuple[Term, ...]:
        return topic.terms(name, None)

    for rules in (topic.any, topic.require, topic.vetoes):
        for near in (part for rule in rules for part in walk(rule.expression) if isinstance(part, Near)):
            sides = [terms_of(side, look_up) for side in (near.left, near.right)]
            terms = {term for side in sides for term in side}
            bounds = range(SHORTEST_BEGINNING, SHORTEST_NEAR_BEGINNING)
            short = sorted(f'"{write_term(term)}"' for term in terms if _count_letters(term) in bounds)
            if short:
                yield (
                    f"{write_expression(near)}: {', '.join(short)} {'begins' if len(short) == 1 else 'begin'} so many"
                    f" words that nearness to {'it' if len(short) == 1 else 'them'} means little"
                )


def _find_shared_spellings(topic: Topic) -> Iterator[str]:
    owners: dict[tuple[str, Term], list[str]] = defaultdict(list)
    for entity in topic.entities:
        for language, terms in entity.spellings.items():
            for term in terms:
                owners[language, term].append(entity.id)
    for (language, term), entities in owners.items():
        if len(entities) > 1:
            yield f'entities {" and ".join(entities)} share the spelling "{write_term(term)}" ({language})'
