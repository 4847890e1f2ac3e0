"""What is wrong before a run starts is told by name, place and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from scrapy.settings import Settings

from crawler.preparation import check_numbers, check_settings, introduce
from pipelines.toml_file import ConfigError


def make_settings(tmp_path: Path, **changes: object) -> Settings:
    (tmp_path / "topics").mkdir(exist_ok=True)
    (tmp_path / "sources.toml").write_text('[[source]]\nid = "a"\nfeeds = ["https://a.example/rss"]\n')
    settings = Settings()
    settings.setmodule("crawler.settings")
    settings.setdict(
        {
            "DATABASE": str(tmp_path / "news.db"),
            "SOURCES": str(tmp_path / "sources.toml"),
            "TOPICS": str(tmp_path / "topics"),
            **changes,
        }
    )
    return settings


def test_the_project_s_own_settings_are_fine(tmp_path: Path) -> None:
    check_settings(make_settings(tmp_path))
    assert (tmp_path / "news.db").is_file()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EXTRACT_WORKERS", "x"),
        ("EXTRACT_WORKERS", "0"),
        ("EXTRACT_WORKERS", "1.5"),
        ("EXTRACT_DEADLINE_SECONDS", "-1"),
        ("EXTRACT_MEMORY_MB", None),
        ("HOST_DELAY_SECONDS", "nan"),
        ("HOST_DELAY_SECONDS", "-0.1"),
        ("RUN_SECONDS", "inf"),
        ("LINK_TRIES", "many"),
        ("FEED_MAX_BYTES", "0"),
        ("SITEMAP_MAX_BYTES", "5 MB"),
        ("IMPORT_MAX_BYTES", ""),
        ("FULL_FETCH_SECONDS", "-5"),
    ],
)
def test_a_setting_that_is_no_fitting_number_is_named(tmp_path: Path, name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"setting {name}: .*at least"):
        check_numbers(make_settings(tmp_path, **{name: value}))


@pytest.mark.parametrize(
    ("name", "value"), [("HOST_DELAY_SECONDS", "0"), ("EXTRACT_MEMORY_MB", "0"), ("RUN_SECONDS", "1.5")]
)
def test_the_least_value_is_allowed(tmp_path: Path, name: str, value: str) -> None:
    check_numbers(make_settings(tmp_path, **{name: value}))


def test_an_unknown_word_for_keep_is_told_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'some' is not known; allowed: all, matches"):
        check_settings(make_settings(tmp_path, KEEP="some"))


def test_keeping_matches_without_a_topic_is_refused(tmp_path: Path) -> None:
    """A mistyped folder of topics would else refuse every page for good."""
    with pytest.raises(
        ConfigError, match=r"setting KEEP: 'matches' keeps nothing .* folder .*/topics \(setting TOPICS\)"
    ):
        check_settings(make_settings(tmp_path, KEEP="matches"))
    assert not (tmp_path / "news.db").exists()
    (tmp_path / "topics" / "ferry.toml").write_text('title = "The ferry"\nany = ["\'ferry\'"]\n')
    check_settings(make_settings(tmp_path, KEEP="matches"))


def test_nothing_is_made_when_the_sources_are_broken(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    (tmp_path / "sources.toml").write_text('[[source]]\nidd = "a"\n')
    with pytest.raises(ConfigError, match=r"sources\.toml:2:1: .*idd.*did you mean"):
        check_settings(settings)
    assert not (tmp_path / "news.db").exists()


def test_the_contact_goes_into_the_user_agent(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, CONTACT="desk@a.example")
    introduce(settings)
    assert settings["USER_AGENT"].endswith("(+desk@a.example)")
    assert make_settings(tmp_path)["USER_AGENT"].startswith("Parley/")
