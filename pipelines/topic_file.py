"""A topic file -> ``Topic``; every complaint names line, key and remedy. The format is explained in docs/topics.md."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, get_args

from pipelines.term import Term, TermError, parse_term
from pipelines.toml_file import ConfigError, KeyPath, TomlFile, check_keys, read_toml
from pipelines.topic import (
    ALL_ENTITIES,
    ANY_LANGUAGE,
    DEFAULT_ACCEPT,
    DEFAULT_REVIEW,
    Entity,
    Example,
    Expect,
    Rule,
    Spellings,
    Topic,
    fold_language,
    hash_meaning,
)
from pipelines.topic_grammar import (
    Name,
    compile_match,
    parse_expression,
    walk,
)


@dataclass(frozen=True, slots=True)
class WrongFile:
    """A topic file that cannot be used: the id it has or would have, and why."""

    topic_id: str
    error: ConfigError


def read_topics(folder: Path | str) -> tuple[tuple[Topic, ...], tuple[WrongFile, ...]]:
    """Returns the topics of all ``*.toml`` files of a folder, by id, and the files that give none.

    Hidden files (``.#topic.toml``) are what editors keep while a topic is being edited. Of two files with one id
    neither is taken. Raises ConfigError where the folder cannot be read; one that is missing is empty.
    """
    topics: dict[str, Topic] = {}
    wrong: list[WrongFile] = []
    folder = Path(folder)
    try:
        paths = sorted(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise ConfigError(folder, f"the folder of topics cannot be read: {error.strerror}") from error
    for path in (path for path in paths if path.suffix.lower() == ".toml" and not path.name.startswith(".")):
        try:
            topic = load_topic(path)
            if topic.id in topics:
                message = f'"{topic.id}" is the id of {topics[topic.id].path} too; give each topic its own'
                wrong.append(WrongFile(topic.id, read_toml(path).error(("id",), message)))
            topics.setdefault(topic.id, topic)
        except ConfigError as error:
            wrong.append(WrongFile(_guess_id(path), error))
    taken = {one.topic_id for one in wrong}
    return tuple(topics[key] for key in sorted(topics) if key not in taken), tuple(wrong)


def _guess_id(path: Path) -> str:
    """Returns the id a file that cannot be used seems to give its topic, however broken it is."""
    try:
        text = path.read_text("utf-8-sig", errors="replace")
        written = _ID_LINE.search(_HEADING.split(text, maxsplit=1)[0])
    except OSError:
        written = None
    return written[1] if written else path.stem


def load_topics(folder: Path | str) -> tuple[Topic, ...]:
    """Returns the topics of a folder, by id; () when it is empty or missing.

    Raises ConfigError for the first file that is wrong, or when two files share an id.
    """
    topics, wrong = read_topics(folder)
    if wrong:
        raise wrong[0].error
    return topics


def load_topic(path: Path | str) -> Topic:
    """Returns the topic of one file; raises ConfigError naming line, key and remedy for anything it cannot use."""
    return _TopicReader(read_toml(path)).read()


_TOP_KEYS = (
    "id",
    "title",
    "question",
    "window",
    "accept",
    "review",
    "any",
    "require",
    "not",
    "sets",
    "entity",
    "example",
)
_BELOW_A_HEADING = "a key of the topic stands above the first [heading]: what is below one belongs to that heading"
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_HEADING = re.compile(r"^\s*\[", re.MULTILINE)
_ID_LINE = re.compile(r"""^id\s*=\s*["']([a-z0-9-]+)["']""", re.MULTILINE)
_SET_NAME = re.compile(r"[^\W\d][\w-]*")
_KIND: dict[type, str] = {str: "text in quotes", list: "a list in [ ]", dict: "a table"}


class _TopicReader:
    """Reads one parsed file key by key; every complaint knows where it stands."""

    def __init__(self, file: TomlFile) -> None:
        self.file = file

    def read(self) -> Topic:
        data = self.file.data
        check_keys(self.file, (), data, _TOP_KEYS)
        sets = self._read_sets()
        entities = self._read_entities(sets)
        window = self._get((), "window", dict, {})
        check_keys(self.file, ("window",), window, ("from", "to"))
        start, end = self._read_day(("window", "from")), self._read_day(("window", "to"))
        if start and end and start > end:
            raise self.file.error(("window", "to"), f"the window ends ({end}) before it begins ({start})")
        accept, review = self._read_share("accept", DEFAULT_ACCEPT), self._read_share("review", None)
        if review is not None and accept is not None and review > accept:
            raise self.file.error(("review",), f"review ({review}) must not be above accept ({accept})")
        assert accept is not None
        topic = Topic(
            id=self._read_id((), default=self.file.path.stem),
            title=self._require((), "title"),
            question=self._get((), "question", str, None),
            window_from=start,
            window_to=end,
            accept=accept,
            review=min(DEFAULT_REVIEW, accept) if review is None else review,
            any=self._read_rules("any"),
            require=self._read_rules("require"),
            vetoes=self._read_rules("not"),
            sets=sets,
            entities=entities,
            examples=self._read_examples(),
            path=self.file.path,
        )
        self._check_rules(topic)
        return replace(topic, version=hash_meaning(topic))

    def _get(self, table: KeyPath, key: str, kind: type, default: Any) -> Any:
        value: Any = self.file.data
        for part in table:
            value = value[part]
        if key not in value:
            return default
        if not isinstance(value[key], kind):
            raise self.file.error((*table, key), f"must be {_KIND[kind]}")
        return value[key]

    def _require(self, table: KeyPath, key: str) -> str:
        text: str = self._get(table, key, str, "").strip()
        if not text:
            raise self.file.error((*table, key), f'is missing; write {key} = "..."')
        return text

    def _read_id(self, table: KeyPath, default: str | None = None) -> str:
        text = self._require(table, "id") if default is None or "id" in self.file.data else default
        if not _SLUG.fullmatch(text):
            given = "" if "id" in self.file.data else " (the file's name, as no id is given)"
            raise self.file.error(
                (*table, "id"), f'"{text}"{given}: use small letters a-z, digits and hyphens, as in "my-topic"'
            )
        return text

    def _read_share(self, key: str, default: float | None) -> float | None:
        value = self.file.data.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float | None) or not 0 <= (value or 0) <= 1:
            raise self.file.error((key,), "must be a number from 0 to 1")
        return None if value is None else float(value)

    def _read_day(self, key_path: KeyPath) -> str | None:
        value: Any = self.file.data
        for part in key_path:
            value = value.get(part) if isinstance(value, dict) else value[part] if isinstance(part, int) else None
            if value is None:
                return None
        if isinstance(value, date) and not isinstance(value, datetime):
            return value.isoformat()
        try:
            return date.fromisoformat(value).isoformat()
        except (TypeError, ValueError):
            raise self.file.error(key_path, "must be a day such as 2018-11-09") from None

    def _read_terms(self, key_path: KeyPath, table: Mapping[str, Any], skip: tuple[str, ...] = ()) -> Spellings:
        spellings: dict[str, tuple[Term, ...]] = {}
        for key, listed in table.items():
            if key in skip:
                continue
            here = (*key_path, key)
            language = ANY_LANGUAGE if key == ANY_LANGUAGE else fold_language(key)
            if language is None:
                if key in _TOP_KEYS:
                    raise self.file.error(here, _BELOW_A_HEADING)
                raise self.file.error(
                    here, 'is no language; use a code such as en, fa, ps, ru, or "any" for all languages'
                )
            if not isinstance(listed, list):
                raise self.file.error(here, "must be a list in [ ]")
            terms = list(spellings.get(language, ()))
            for index, text in enumerate(listed):
                if not isinstance(text, str):
                    raise self.file.error((*here, index), "must be text in quotes")
                try:
                    terms.append(parse_term(text, language))
                except TermError as error:
                    raise self.file.error((*here, index), error.message, at=error.at) from error
            spellings[language] = tuple(dict.fromkeys(terms))
        if not any(spellings.values()):
            raise self.file.error(key_path, 'has no words; add a list such as en = ["word", "several words"]')
        return spellings

    def _read_sets(self) -> dict[str, Spellings]:
        sets: dict[str, Spellings] = {}
        for name in self._get((), "sets", dict, {}):
            here = ("sets", name)
            if not _SET_NAME.fullmatch(name) or name in ("near", "title", ALL_ENTITIES):
                raise self.file.error(
                    here, "cannot be the name of a set; use letters, digits, _ and - (not near, title, entities)"
                )
            if not isinstance(self.file.data["sets"][name], dict):
                raise self.file.error(here, f'needs languages; write [sets.{name}] and below it en = ["word"]')
            sets[name] = self._read_terms(here, self.file.data["sets"][name])
        return sets

    def _tables(self, key: str) -> list[KeyPath]:
        listed = self.file.data.get(key, [])
        if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
            raise self.file.error((key,), f"must be written as [[{key}]], one such heading for each")
        return [(key, index) for index in range(len(listed))]

    def _read_entities(self, sets: Mapping[str, Spellings]) -> tuple[Entity, ...]:
        entities: dict[str, Entity] = {}
        for here in self._tables("entity"):
            table = self.file.data["entity"][here[1]]
            key = self._read_entity_id(here)
            if key in entities or key in sets or key == ALL_ENTITIES:
                raise self.file.error((*here, "id"), f'"{key}" is taken by another entity or set; choose another')
            role = self._get(here, "role", str, None)
            terms = self._read_terms(here, table, skip=("id", "name", "role"))
            entities[key] = Entity(key, self._require(here, "name"), role, terms)
        return tuple(entities.values())

    def _read_entity_id(self, here: KeyPath) -> str:
        text = self._require(here, "id")
        if not _SLUG.fullmatch(text):
            raise self.file.error(
                (*here, "id"), f'"{text}": use small letters a-z, digits and hyphens, as in "my-person"'
            )
        return text

    def _read_rules(self, key: str) -> tuple[Rule, ...]:
        value = self.file.data.get(key, [])
        places: list[KeyPath] = [(key,)] if isinstance(value, str) else []
        if isinstance(value, list):
            places = [(key, index) for index in range(len(value))]
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise self.file.error((key,), 'must be a list of expressions, such as ["talks & afghan"]')
        rules: list[Rule] = []
        for here, text in zip(places, texts, strict=True):
            try:
                rules.append(Rule(text.strip(), parse_expression(text)))
            except TermError as error:
                raise self.file.error(here, error.message, at=error.at) from error
        return tuple(rules)

    def _check_rules(self, topic: Topic) -> None:
        if not topic.any:
            misplaced = [name for name in topic.sets if "any" in self.file.data["sets"][name]][:1]
            hint = "".join(
                f"; line {self.file.line_of(('sets', name, 'any'))} is a list of words: {_BELOW_A_HEADING}"
                for name in misplaced
            )
            raise self.file.error(("any",), f'is missing; say what the topic is about: any = ["set & other_set"]{hint}')
        known = [*topic.sets, *(entity.id for entity in topic.entities), *([ALL_ENTITIES] if topic.entities else [])]
        for key, rules in (("any", topic.any), ("require", topic.require), ("not", topic.vetoes)):
            for index, rule in enumerate(rules):
                here: KeyPath = (key,) if isinstance(self.file.data[key], str) else (key, index)
                for part in walk(rule.expression):
                    if isinstance(part, Name) and part.name not in known:
                        close = difflib.get_close_matches(part.name, known, n=1)
                        guess = f'did you mean "{close[0]}"?' if close else f"for the word itself write '{part.name}'."
                        message = (
                            f'there is no set "{part.name}"; {guess} Sets here: {", ".join(sorted(known)) or "none"}'
                        )
                        raise self.file.error(here, message, at=part.at)
                if key == "any" and compile_match(rule.expression, lambda name: topic.terms(name, None)[:1]).negated:
                    raise self.file.error(
                        here, "would match every article without a word; name what must be there (with &)"
                    )

    def _read_examples(self) -> tuple[Example, ...]:
        examples: list[Example] = []
        for here in self._tables("example"):
            check_keys(
                self.file, here, self.file.data["example"][here[1]], ("expect", "language", "date", "title", "body")
            )
            expect = self._require(here, "expect")
            if expect not in get_args(Expect):
                raise self.file.error((*here, "expect"), f'"{expect}" must be one of {", ".join(get_args(Expect))}')
            language = self._get(here, "language", str, None)
            if language is not None and fold_language(language) is None:
                raise self.file.error(
                    (*here, "language"), f'"{language}" is no language; use a code such as en, fa, ps'
                )
            examples.append(
                Example(
                    expect=expect,  # type: ignore[arg-type]  # checked against the literal above
                    title=self._require(here, "title"),
                    body=self._get(here, "body", str, ""),
                    language=fold_language(language),
                    date=self._read_day((*here, "date")),
                    line=self.file.line_of(here),
                )
            )
        return tuple(examples)
