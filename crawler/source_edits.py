"""Adds to ``sources.toml`` by program without losing a comment, an order or a blank line of its author."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

import tomlkit
from tomlkit.items import AoT, Array, Table

from crawler.sources import SEED_KEYS, find_source, make_free_id, read_sources, replace_seeds, seed_key
from db.records import SeedKind, Source
from pipelines.toml_file import ConfigError, parse_toml

_HEADER = """\
# The outlets to watch: what each key means is in docs/sources.md; `scrapy source add URL` adds one.
"""


def add_source(
    path: Path | str, source: Source, seeds: Iterable[tuple[SeedKind, str]] = (), *, dry_run: bool = False
) -> tuple[Source, ...]:
    """Adds a source, or its new seeds to the source of the same homepage or id, and returns what was written.

    See `add_sources`.
    """
    added: dict[SeedKind, tuple[str, ...]] = {}
    for kind, url in (*source.seeds(), *seeds):
        added[kind] = (*added.get(kind, ()), url)
    return add_sources(path, [replace_seeds(source, added)], dry_run=dry_run)


def add_sources(path: Path | str, sources: Iterable[Source], *, dry_run: bool = False) -> tuple[Source, ...]:
    """Adds sources to a file and returns those written, each with the id it got and only the seeds that were new.

    A source of a homepage already listed (or of its id, when neither says otherwise) only adds its seeds there. Seeds
    listed anywhere are left out; a source that brings no new seed is not written, so adding twice changes nothing.
    Every other byte of the file stays. The file is replaced at once or not at all; a missing one is made. ``dry_run``
    only returns what would be written.
    """
    path = Path(path)
    text = path.read_bytes().decode("utf-8") if path.exists() else _HEADER
    listed = list(read_sources(parse_toml(text.removeprefix("\ufeff"), path)))
    seeds = {seed_key(url) for source in listed for _kind, url in source.seeds()}
    written: list[Source] = []
    for source in sources:
        fresh = _keep_new_seeds(source, seeds)
        if source.seeds() and not fresh.seeds():
            continue
        home = (find_source(listed, fresh.homepage) if fresh.homepage else None) or _find_same_id(listed, fresh)
        if home is None:
            fresh = replace(fresh, id=make_free_id(fresh.id, {other.id for other in listed}))
            text = _append_table(text, fresh)
            listed.append(fresh)
        elif fresh.seeds():
            fresh = replace(fresh, id=home.id)
            text = _extend_table(text, fresh)
        else:
            continue
        written.append(fresh)
    if written:
        read_sources(parse_toml(text.removeprefix("\ufeff"), path))  # what cannot be read back is not written
        if not dry_run:
            _replace_file(path, text)
    return tuple(written)


def _keep_new_seeds(source: Source, seeds: set[str]) -> Source:
    kept: dict[SeedKind, tuple[str, ...]] = {}
    for kind, url in source.seeds():
        if seed_key(url) not in seeds:
            seeds.add(seed_key(url))
            kept[kind] = (*kept.get(kind, ()), url)
    return replace_seeds(source, kept)


def _find_same_id(sources: Iterable[Source], wanted: Source) -> Source | None:
    same = next((source for source in sources if source.id == wanted.id), None)
    if same is None or (same.homepage and wanted.homepage):
        return None
    return same


def _append_table(text: str, source: Source) -> str:
    table = tomlkit.table()
    table["id"] = source.id
    for key in ("name", "homepage", "country"):
        if (value := getattr(source, key)) and not (key == "name" and value == source.id):
            table[key] = value
    for key in ("languages", *SEED_KEYS.values()):
        if values := getattr(source, key):
            table[key] = _make_array(values, wide=key != "languages")
    if not source.enabled:
        table["enabled"] = False
    if source.since:
        table["since"] = date.fromisoformat(source.since)
    if source.note:
        table["note"] = source.note
    newline = "\r\n" if "\r\n" in text else "\n"
    block = "[[source]]\n" + tomlkit.dumps(table)
    gap = "" if not text else newline if text.endswith("\n") else newline * 2
    return text + gap + block.replace("\n", newline)


def _make_array(values: Iterable[str], *, wide: bool) -> Array:
    array = tomlkit.array()
    array.extend(values)
    return array.multiline(wide and len(array) > 1)


def _extend_table(text: str, source: Source) -> str:
    """Returns the text with the seeds of ``source`` added to the table of its id."""
    document = tomlkit.parse(text)
    tables = document["source"]
    assert isinstance(tables, AoT), "the text was read as a list of sources before"
    table = next(table for table in tables if str(table["id"]).strip() == source.id)
    for key in SEED_KEYS.values():
        values = getattr(source, key)
        if not values:
            continue
        if isinstance(array := table.get(key), Array):
            array.extend(values)
        else:
            _insert_after_last_key(table, key, _make_array(values, wide=True))
    return tomlkit.dumps(document)


def _insert_after_last_key(table: Table, key: str, array: Array) -> None:
    """Adds a key right behind the others: at the very end it would follow the comment of the next source."""
    last = [name for name, _item in table.value.body if name is not None][-1]
    table.value._insert_after(last, key, array)


def _replace_file(path: Path, text: str) -> None:
    target = path.resolve()
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as stream:
            temporary = Path(stream.name)
            stream.write(text.encode("utf-8"))
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise ConfigError(path, f"the file cannot be written ({error.strerror}); check its folder") from error
    try:
        temporary.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o644)
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise ConfigError(path, f"the file cannot be replaced ({error.strerror}); check its permissions") from error
