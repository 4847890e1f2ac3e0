"""``sources.toml``: the outlets to watch, read with errors that name line and key; ``source_edits.py`` writes it."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from db.records import SeedKind, Source
from db.urls import host_of, normalise, registrable_domain
from pipelines.toml_file import ConfigError, KeyPath, TomlFile, check_keys, read_toml

SEED_KEYS: dict[SeedKind, str] = {"feed": "feeds", "sitemap": "sitemaps", "section": "sections", "archive": "archives"}
"""The key under which seeds of each kind are listed."""

_KEYS = ("id", "name", "homepage", "country", "languages", *SEED_KEYS.values(), "enabled", "since", "note")
_ID = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def load_sources(path: Path | str) -> tuple[Source, ...]:
    """Returns the sources of a file in its order; paths of archives come out relative to nothing, as absolute paths.

    The first mistake raises ConfigError with file, line, key and remedy; a missing file does, too.
    """
    path = Path(path)
    try:
        file = read_toml(path)
    except ConfigError as error:
        if path.exists():
            raise
        remedy = "there is no such file; make it with: scrapy source add URL, or name another with: -s SOURCES=FILE"
        raise ConfigError(path, remedy) from error
    return read_sources(file)


def read_sources(file: TomlFile) -> tuple[Source, ...]:
    """Returns the sources of a file that parsed; see `load_sources`."""
    check_keys(file, (), file.data, ("source",))
    tables = file.data.get("source", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise file.error(("source",), "write each source under a heading [[source]] of its own, with two brackets")
    sources: list[Source] = []
    ids: dict[str, int] = {}
    seeds: dict[str, KeyPath] = {}
    for position, table in enumerate(tables):
        source = _read_source(file, position, table, seeds)
        if source.id in ids:
            raise file.error(
                ("source", position, "id"),
                f'the id "{source.id}" is taken by source {ids[source.id] + 1} (line '
                f"{file.line_of(('source', ids[source.id], 'id'))}); give this one another",
            )
        ids[source.id] = position
        sources.append(source)
    return tuple(sources)


def _read_source(file: TomlFile, position: int, table: Mapping[str, Any], seeds: dict[str, KeyPath]) -> Source:
    at: KeyPath = ("source", position)
    check_keys(file, at, table, _KEYS)
    if "id" not in table:
        raise file.error(at, 'this source has no id; add one, such as: id = "daily-news"')
    source_id = _read_text(file, (*at, "id"), table["id"])
    if not _ID.fullmatch(source_id) or len(source_id) > 100:
        raise file.error(
            (*at, "id"),
            f'not an id: "{source_id}"; allowed: lower-case letters a-z, digits, and single - or . between them',
        )
    country = _read_text(file, (*at, "country"), table["country"]) if "country" in table else None
    if country is not None and not re.fullmatch(r"[A-Z]{2}", country):
        raise file.error(
            (*at, "country"), f'not a country: "{country}"; allowed: two capital letters (ISO 3166), as "AF"'
        )
    languages = _read_list(file, (*at, "languages"), table.get("languages", []))
    for number, language in enumerate(languages):
        if not _LANGUAGE.fullmatch(language):
            raise file.error(
                (*at, "languages", number),
                f'not a language: "{language}"; allowed: codes such as "en", "fa" or "zh-Hant"',
            )
    lists = {key: _read_seeds(file, (*at, key), table.get(key, []), seeds) for key in SEED_KEYS.values()}
    enabled = table.get("enabled", True)
    if not isinstance(enabled, bool):
        raise file.error((*at, "enabled"), f"expected true or false, without quotes, not {_name_type(enabled)}")
    return Source(
        id=source_id,
        name=_read_text(file, (*at, "name"), table["name"]) if "name" in table else source_id,
        homepage=_read_url(file, (*at, "homepage"), table["homepage"]) if "homepage" in table else None,
        country=country,
        languages=tuple(languages),
        enabled=enabled,
        since=_read_day(file, (*at, "since"), table["since"]) if "since" in table else None,
        note=_read_text(file, (*at, "note"), table["note"]) if "note" in table else None,
        **lists,
    )


def _read_text(file: TomlFile, at: KeyPath, value: object) -> str:
    if not isinstance(value, str):
        raise file.error(at, f"expected text in quotes, not {_name_type(value)}")
    if not value.strip():
        raise file.error(at, "the text is empty; fill it in or remove the key")
    return value.strip()


def _read_list(file: TomlFile, at: KeyPath, value: object) -> list[str]:
    if not isinstance(value, list):
        raise file.error(at, f'expected a list in brackets, such as ["..."], not {_name_type(value)}')
    return [_read_text(file, (*at, number), item) for number, item in enumerate(value)]


def _read_url(file: TomlFile, at: KeyPath, value: object) -> str:
    text = _read_text(file, at, value)
    if re.search(r"\s", text) or normalise(text) is None or "@" in urlsplit(text).netloc:
        raise file.error(at, f"not an http(s) URL: {text}; allowed: https://host/path, without spaces and passwords")
    return text


def _read_seeds(file: TomlFile, at: KeyPath, value: object, seeds: dict[str, KeyPath]) -> tuple[str, ...]:
    """Returns the addresses of one list; one that any source lists already is refused."""
    found: list[str] = []
    for number, item in enumerate(_read_list(file, at, value)):
        here = (*at, number)
        if at[-1] == "archives" and not re.match(r"[a-z][a-z0-9+.-]+:", item, re.IGNORECASE):
            address = os.path.normpath(file.path.absolute().parent / item)
        else:
            address = _read_url(file, here, item)
        key = seed_key(address)
        if key in seeds:
            raise file.error(here, f"listed before, on line {file.line_of(seeds[key])}: {item}; keep one of the two")
        seeds[key] = here
        found.append(address)
    return tuple(found)


def _read_day(file: TomlFile, at: KeyPath, value: object) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value.strip()):
        try:
            return date.fromisoformat(value.strip()).isoformat()
        except ValueError:
            raise file.error(at, f"there is no such day: {value}") from None
    raise file.error(at, "not a day; allowed: YYYY-MM-DD, as since = 2024-01-31")


def _name_type(value: object) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "a table"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "a date")


def seed_key(address: str) -> str:
    """Returns what two spellings of one seed address have in common."""
    return normalise(address) or address


def make_id(url: str, taken: Iterable[str] = ()) -> str:
    """Returns an id for the outlet at a URL, made from its host without public suffix; numbered where it is taken."""
    host = re.sub(r":\d+$", "", host_of(url))
    labels = host.strip("[]").split(".")
    domain = registrable_domain(host)
    if "." in domain and not re.fullmatch(r"[\d.]+", domain):
        labels = labels[: len(labels) - domain.count(".")]
    while len(labels) > 1 and labels[0] in ("www", "m", "feeds", "feed", "rss", "amp"):
        labels = labels[1:]
    base = re.sub(r"[^a-z0-9]+", "-", "-".join(labels).lower()).strip("-") or "source"
    return make_free_id(base, set(taken))


def make_free_id(wanted: str, taken: Collection[str]) -> str:
    """Returns the id itself when it is free, else with the first number that makes it so: ``daily-2``."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    return name


def find_source(sources: Iterable[Source], homepage: str) -> Source | None:
    """Returns the source that has this homepage, whatever its scheme, ``www.`` and last slash; None when none has."""
    wanted = _homepage_key(homepage)
    return next((source for source in sources if source.homepage and _homepage_key(source.homepage) == wanted), None)


def _homepage_key(url: str) -> str:
    return (normalise(url) or url).split("://", 1)[-1].removeprefix("www.").rstrip("/")


def replace_seeds(source: Source, seeds: Mapping[SeedKind, tuple[str, ...]]) -> Source:
    """Returns the source with these seeds instead of its own."""
    return replace(
        source,
        feeds=seeds.get("feed", ()),
        sitemaps=seeds.get("sitemap", ()),
        sections=seeds.get("section", ()),
        archives=seeds.get("archive", ()),
    )
