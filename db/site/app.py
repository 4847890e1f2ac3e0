"""Builds the site over one archive file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datasette.app import Datasette
from datasette.utils import parse_metadata

from db.connection import ArchiveError, open_readonly
from db.schema import DESCRIPTIONS
from db.site import FOLDER


def site_config(name: str) -> dict[str, Any]:
    """Returns Datasette's configuration for an archive whose database is called ``name`` (the stem of the file).

    ``datasette.yaml`` with the meanings of tables and columns added from `db.schema.DESCRIPTIONS`.
    """
    config: dict[str, Any] = parse_metadata((FOLDER / "datasette.yaml").read_text(encoding="utf-8"))
    archive = config.pop("archive")
    for table, doc in DESCRIPTIONS.items():
        entry = archive["tables"].setdefault(table, {})
        entry["description"] = doc.text
        entry["columns"] = dict(doc.columns)
    config["databases"] = {name: archive}
    return config


def build_site(path: str | Path) -> Datasette:
    """Returns the site over the archive at ``path``, which is opened read-only; a crawl may write it meanwhile.

    Raises `ArchiveError` where the file is missing, is no archive, or has a path that does not fit a SQLite URI.
    """
    path = Path(path).resolve()
    open_readonly(path).close()
    if set("?#%") & set(str(path)):
        raise ArchiveError(f"{path}: a path with one of ? # % cannot be browsed; rename the file or link to it")
    return Datasette(
        [str(path)],
        config=site_config(path.stem),
        template_dir=str(FOLDER / "templates"),
        plugins_dir=str(FOLDER / "plugins"),
        static_mounts=[("static", str(FOLDER / "static"))],
    )
