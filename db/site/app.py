"""Builds the site over one archive file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datasette.app import Datasette
from datasette.utils import parse_metadata

from db.connection import ArchiveError, open_readonly
from db.schema import DESCRIPTIONS
from db.site import FOLDER
from db.site.privacy import INDEX
from db.site.wording import strip_markdown


def site_config(name: str, *, private_bodies: bool = False) -> dict[str, Any]:
    """Returns Datasette's configuration for an archive whose database is called ``name`` (the stem of the file).

    The text of ``datasette.yaml`` with its entry for the archive moved under that name; with ``private_bodies``
    the table `INDEX` is shut.
    """
    config: dict[str, Any] = parse_metadata((FOLDER / "datasette.yaml").read_text(encoding="utf-8"))
    archive = config.pop("archive")
    if private_bodies:
        archive["tables"][INDEX] = {"allow": False}
    config["databases"] = {name: archive}
    return config


def site_metadata(name: str) -> dict[str, Any]:
    """Returns Datasette's metadata for the archive: what tables and columns mean, from `db.schema.DESCRIPTIONS`."""
    tables = {
        table: {
            "description": strip_markdown(doc.text),  # Datasette shows plain text
            "columns": {column: strip_markdown(text) for column, text in doc.columns.items()},
        }
        for table, doc in DESCRIPTIONS.items()
    }
    return {"title": "Parley", "databases": {name: {"tables": tables}}}


def build_site(path: str | Path, archive: str | Path | None = None, *, private_bodies: bool = False) -> Datasette:
    """Returns the site over the archive at ``path``, which is opened read-only; a crawl may write it meanwhile.

    ``archive``: the folder of its WARC files; without it no archived page is shown. With ``private_bodies`` no page
    shows more of an article than its beginning, and none as it was fetched.

    Raises `ArchiveError` where the file is missing, is no archive, or has a path that does not fit a SQLite URI.
    """
    path = Path(path).resolve()
    open_readonly(path).close()
    if set("?#%") & set(str(path)):
        raise ArchiveError(f"{path}: a path with one of ? # % cannot be browsed; rename the file or link to it")
    config = site_config(path.stem, private_bodies=private_bodies)
    config.setdefault("plugins", {})["parley-site"] = {
        "archive": str(Path(archive).resolve()) if archive and not private_bodies else None,
        "private_bodies": private_bodies,
    }
    return Datasette(
        [str(path)],
        config=config,
        metadata=site_metadata(path.stem),
        template_dir=str(FOLDER / "templates"),
        plugins_dir=str(FOLDER / "plugins"),
        static_mounts=[("static", str(FOLDER / "static"))],
    )
