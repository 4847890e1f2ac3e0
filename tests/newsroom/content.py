"""Reads the outlets from their TOML files and HTML templates in ``outlets/``.

To add an outlet write ``outlets/ID.toml`` and ``outlets/ID.html``; nothing else knows the list. In the TOML: name,
host, country, language, listing_item (a teaser of section pages), ``[strings]``, then ``[[seed]]`` (kind, path,
dialect: rss091 rss10 rss20 atom json, index urlset news, or the section's name), ``[[article]]`` (path, title,
published with zone, body as paragraphs between blank lines; by default every feed and sitemap mentions it, and the
section page of its section) and ``[[series]]`` with ``[[series.row]]`` for daily templates. ``stage = 2`` holds
back; ``wire`` takes a shared text from ``wire.toml``, whose first paragraph the own body replaces and which
``keep`` cuts.
"""

from __future__ import annotations

import tomllib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from tests.newsroom.records import Entry, Outlet, Seed, Update, Variant

FOLDER = Path(__file__).with_name("outlets")


@cache
def load_outlets() -> tuple[Outlet, ...]:
    """Returns every outlet, ordered by id. Raises ValueError naming file and entry where the content is malformed."""
    wires = tomllib.loads((FOLDER / "wire.toml").read_text("utf-8"))["wire"]
    paths = sorted(path for path in FOLDER.glob("*.toml") if path.stem != "wire")
    return tuple(_read_outlet(path, {wire["id"]: wire for wire in wires}) for path in paths)


def _read_outlet(path: Path, wires: dict[str, dict[str, Any]]) -> Outlet:
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name}: {error}") from error
    host = data["host"]
    seeds = tuple(
        Seed(
            path=seed["path"],
            kind=seed["kind"],
            dialect=seed.get("dialect", ""),
            title=seed.get("title", data["name"]),
            host=seed.get("host", host),
            full_text=seed.get("full_text", False),
            bad_links=tuple(seed.get("bad_links", ())),
            listed=seed.get("listed", True),
        )
        for seed in data["seed"]
    )
    entries: list[Entry] = []
    for item in [*data.get("article", ()), *_expand_series(data)]:
        try:
            entries.append(_read_entry(item, data, seeds, wires))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path.name}: {item.get('path', 'an article without path')}: {error!r}") from error
    return Outlet(
        id=path.stem,
        name=data["name"],
        host=host,
        country=data["country"],
        language=data["language"],
        robots_status=data.get("robots_status", 200),
        robots=data.get("robots", "User-agent: *\nDisallow:\n"),
        charset=data.get("charset", "utf-8"),
        declares_charset=data.get("declares_charset", True),
        gzip=data.get("gzip", False),
        json_ld=data.get("json_ld", "none"),
        listing_item=data["listing_item"],
        strings=data["strings"],
        seeds=seeds,
        entries=tuple(entries),
        template=path.with_suffix(".html").read_text("utf-8"),
    )


def _read_entry(
    item: dict[str, Any], data: dict[str, Any], seeds: tuple[Seed, ...], wires: dict[str, dict[str, Any]]
) -> Entry:
    section = item.get("section", "news")
    own = tuple(seed.path for seed in seeds if seed.kind != "section" or seed.dialect in {section, ""})
    wire = wires[item["wire"]] if "wire" in item else None
    paragraphs = _split(item.get("body", ""))
    if wire is not None:
        told = _split(wire["body"])[: item.get("keep")]
        paragraphs = (*paragraphs, *(told[1:] if paragraphs else told))
    return Entry(
        path=item["path"],
        kind=item.get("kind", "article"),
        title=item["title"],
        published=_read_moment(item["published"]),
        authors=tuple(item.get("authors", wire["authors"] if wire else ())),
        paragraphs=paragraphs,
        on_topic=item.get("on_topic", wire["on_topic"] if wire else False),
        section=section,
        stage=item.get("stage", 1),
        seeds=tuple(item["seeds"]) if "seeds" in item else own,
        caption=item.get("caption", data["strings"]["caption"]),
        modified=_read_moment(item["modified"]) if "modified" in item else None,
        correction=tuple((old, new) for old, new in item.get("correction", ())),
        wire=item.get("wire"),
        series=item.get("series"),
        variants=tuple(Variant(v["path"], v["kind"], tuple(v["seeds"])) for v in item.get("variant", ())),
        updates=tuple(
            Update(_read_moment(u["at"]), u["headline"], u["text"], u.get("stage", 1)) for u in item.get("update", ())
        ),
    )


def _expand_series(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns one article per row of each daily template: the same words around other numbers."""
    expanded = []
    for series in data.get("series", ()):
        for row in series["row"]:
            fields = {**series, **row}
            for key in ("path", "title", "body", "published"):
                fields[key] = series[key].format(**row)
            expanded.append({**fields, "series": series["id"]})
    return expanded


def _split(body: str) -> tuple[str, ...]:
    return tuple(" ".join(block.split()) for block in body.split("\n\n") if block.strip())


def _read_moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"the moment {text} needs a zone such as +04:30")
    return moment
