"""Everything that can be wrong before a run starts, told at once and in plain words."""

from __future__ import annotations

from logging import ERROR, getLogger, root
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.runs import RedactingFilter
from crawler.sources import load_sources
from db.connection import open_archive
from db.version import VERSION
from pipelines.toml_file import ConfigError
from pipelines.topic import load_topics

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

_TOLD_BY_FATE = ("scrapy.downloadermiddlewares.httpcompression", "scrapy.core.downloader.handlers.http11")
"""Scrapy warns of every body beyond DOWNLOAD_MAXSIZE; that is the fate of one link and no news for whoever gets
cron's mail. With ``-s LOG_LEVEL=INFO`` they speak."""


def check_settings(settings: BaseSettings, *, with_sources: bool = True) -> None:
    """Reads sources, topics and archive once, so that a broken one is refused before anything is fetched.

    ``with_sources``: False for work that polls nothing and needs no list of sources.

    Raises `ConfigError` or `db.connection.ArchiveError` naming place and remedy.
    """
    if settings["KEEP"] not in ("all", "matches"):
        raise ConfigError(Path("setting KEEP"), f"{settings['KEEP']!r} is not known; allowed: all, matches")
    if with_sources:
        load_sources(settings["SOURCES"])
    load_topics(settings["TOPICS"])
    open_archive(Path(settings["DATABASE"])).close()
    if settings["CONTACT"]:
        settings.set("USER_AGENT", f"Parley/{VERSION} (+{settings['CONTACT']})", priority="cmdline")
    for handler in root.handlers:
        handler.addFilter(RedactingFilter())
    if settings["LOG_LEVEL"] == "WARNING":
        for name in _TOLD_BY_FATE:
            getLogger(name).setLevel(ERROR)
