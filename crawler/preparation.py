"""Everything that can be wrong before a run starts, told at once and in plain words."""

from __future__ import annotations

import re
from logging import ERROR, getLogger
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.sources import load_sources
from db.connection import open_archive
from db.version import VERSION
from pipelines.toml_file import ConfigError
from pipelines.topic_file import load_topics

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

_NUMBERS: dict[str, tuple[type[int] | type[float], float]] = {
    "HOST_DELAY_SECONDS": (float, 0),
    "RUN_SECONDS": (float, 1),
    "LINK_TRIES": (int, 1),
    "FULL_FETCH_SECONDS": (int, 0),
    "EXTRACT_WORKERS": (int, 1),
    "EXTRACT_DEADLINE_SECONDS": (float, 1),
    "EXTRACT_MEMORY_MB": (int, 0),
    "FEED_MAX_BYTES": (int, 1),
    "SITEMAP_MAX_BYTES": (int, 1),
    "IMPORT_MAX_BYTES": (int, 1),
}
"""Parley's settings that are numbers, each with its kind and the least it may be."""

_TOLD_BY_FATE = ("scrapy.downloadermiddlewares.httpcompression", "scrapy.core.downloader.handlers.http11")
"""Scrapy warns of every body beyond DOWNLOAD_MAXSIZE; that is the fate of one link and no news for whoever gets
cron's mail. With ``-s LOG_LEVEL=INFO`` they speak."""


def check_folders(settings: BaseSettings) -> None:
    """Raises `ConfigError` where the archive or the topics are looked for in a folder that does not exist.

    A mistyped path must not look like an archive without topics.
    """
    database, topics, archive = (Path(settings[name]) for name in ("DATABASE", "TOPICS", "ARCHIVE"))
    if database.is_dir():
        raise ConfigError(database, "is a folder; set DATABASE to a file, such as news.db")
    if not database.parent.is_dir():
        raise ConfigError(
            database, f"the folder {database.parent} does not exist; make it, or set DATABASE to another path"
        )
    if archive.exists() and not archive.is_dir():
        raise ConfigError(archive, "is no folder; set ARCHIVE to the folder that is to hold the raw pages")
    if not topics.is_dir():
        raise ConfigError(
            topics, "there is no such folder of topics; make it (it may be empty), or set TOPICS to another"
        )


def check_numbers(settings: BaseSettings) -> None:
    """Raises `ConfigError` where a setting of Parley's that is a number is none, or too small."""
    for name, (kind, least) in _NUMBERS.items():
        value, word = settings[name], "whole number" if kind is int else "number"
        try:
            fits = least <= kind(value) < float("inf")
        except (TypeError, ValueError):
            fits = False
        if not fits:
            raise ConfigError(Path(f"setting {name}"), f"{value!r} is no {word} of at least {least:g}")


def introduce(settings: BaseSettings) -> None:
    """Makes the User-Agent carry ``CONTACT``, so that outlets can write to whoever runs this crawl."""
    if settings["CONTACT"]:
        settings.set("USER_AGENT", f"Parley/{VERSION} (+{settings['CONTACT']})", priority="cmdline")


def check_settings(settings: BaseSettings, *, with_sources: bool = True) -> None:
    """Reads sources, topics and archive once, so that a broken one is refused before anything is fetched.

    ``with_sources``: False for work that polls nothing and needs no list of sources.

    Raises `ConfigError` or `db.connection.ArchiveError` naming place and remedy.
    """
    if settings["KEEP"] not in ("all", "matches"):
        raise ConfigError(Path("setting KEEP"), f"{settings['KEEP']!r} is not known; allowed: all, matches")
    try:
        settings.getbool("GATE")
    except ValueError:
        raise ConfigError(Path("setting GATE"), f"{settings['GATE']!r} is not known; allowed: 1, 0") from None
    check_numbers(settings)
    for pair in settings.getlist("ALLOW_PRIVATE"):
        if not re.fullmatch(r"\s*(\[[^\]]+\]|[^:\s]+):\d{1,5}\s*", pair):
            raise ConfigError(Path("setting ALLOW_PRIVATE"), f"{pair!r} is no host:port pair, such as 127.0.0.1:8099")
    if with_sources:
        load_sources(settings["SOURCES"])
    if not load_topics(settings["TOPICS"]) and settings["KEEP"] == "matches":
        remedy = f"add a topic to the folder {settings['TOPICS']} (setting TOPICS), or keep all"
        raise ConfigError(Path("setting KEEP"), f"'matches' keeps nothing where there is no topic; {remedy}")
    open_archive(Path(settings["DATABASE"])).close()
    introduce(settings)
    getLogger("scrapy").setLevel(settings["LOG_LEVEL"])  # else a record is made for every page and thrown away
    if settings["LOG_LEVEL"] == "WARNING":
        for name in _TOLD_BY_FATE:
            getLogger(name).setLevel(ERROR)
