"""The benchmark of the site: its archives are sound, its figures are what they say."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from benchmarks.site import ASKS, fill_address, measure_archive, read_cpu, take_percentile
from benchmarks.site_archive import MEAN_WORDS, TONGUES, build_archive, check_archive

N = 400


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "site-400.db"
    assert list(build_archive(path, N)) == [N]
    return path


def test_an_archive_is_whole_and_its_counters_are_true(archive: Path) -> None:
    db = Database(archive)
    check_archive(db)

    def one(sql: str) -> int:
        return int(db.execute(sql).fetchone()[0])

    assert one("SELECT count(*) FROM articles") == one("SELECT sum(n_articles) FROM sources") == N
    assert one("SELECT sum(n_articles) FROM stories") == one("SELECT sum(n_articles) FROM daily_totals") == N
    assert one("SELECT sum(n_stories) FROM daily_totals") == one("SELECT count(*) FROM stories") < N
    assert one("SELECT count(*) FROM topic_matches WHERE accepted = 1") == one("SELECT sum(n_articles) FROM topic_days")
    assert one("SELECT count(*) FROM mentions") == one("SELECT sum(n_articles) FROM entity_days") > 0
    assert {row[0] for row in db.execute("SELECT DISTINCT language FROM articles")} == {t.code for t in TONGUES}
    the = one("SELECT count(*) FROM article_text_fts WHERE article_text_fts MATCH 'the'")
    assert the > N / 3, "a word that is everywhere is everywhere"
    assert [path.name for path in archive.parent.iterdir() if path.name.startswith("growing")] == []


def test_texts_are_as_long_as_asked_for(archive: Path, tmp_path: Path) -> None:
    list(build_archive(tmp_path / "short.db", N, 60))
    means = [
        Database(path).execute("SELECT avg(word_count) FROM articles WHERE language <> 'zh'").fetchone()[0]
        for path in (archive, tmp_path / "short.db")
    ]
    assert MEAN_WORDS * 0.85 < means[0] < MEAN_WORDS * 1.15 and 50 < means[1] < 75


def test_broken_archives_are_found(tmp_path: Path) -> None:
    path = tmp_path / "broken.db"
    list(build_archive(path, 50))
    db = Database(path)
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("UPDATE articles SET source_id = 'nobody' WHERE id = 1")
    with pytest.raises(ValueError, match="articles"):
        check_archive(db)


def test_every_page_is_measured_and_nothing_fails(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measure_archive(archive, N, asks=1, seconds=2)
    printed = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in printed.splitlines() if line.startswith("|")]
    assert [row[0] for row in rows[2:]] == [ask.name for ask in ASKS]
    assert [row[0] for row in rows[2:] if row[5] != "0"] == []
    assert ": 0 errors, write p95" in printed


def test_the_time_that_a_process_computed_is_told() -> None:
    before, began = read_cpu(os.getpid()), time.process_time()
    while time.process_time() < began + 0.3:
        pass
    # Its account is brought up to date at ticks, some of which are 10 ms apart.
    assert 250 < read_cpu(os.getpid()) - before < 3000
    assert read_cpu(2**22 + 1) == 0


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_a_percentile_is_one_of_the_values_and_covers_its_share(values: list[float]) -> None:
    found = take_percentile(values, 0.95)
    assert found in values
    assert sum(value <= found for value in values) >= 0.95 * len(values)
    assert take_percentile([1.0], 0.95) == 1.0
    with pytest.raises(ValueError, match="nothing"):
        take_percentile([], 0.95)


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_addresses_name_articles_that_exist(number: int, n: int) -> None:
    article = next(ask for ask in ASKS if ask.name == "article")
    assert 1 <= int(fill_address(article, Path("a.db"), n, number).rpartition("/")[2]) <= n
