"""``scrapy lines`` as a user runs it, on the archive of a real crawl of the newsroom."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from crawler.runs import locked
from tests.crawling import Desk
from tests.newsroom_crawls import Crawled, read_crawls

SOURCE = "dalil-khaleej"
CAPTION = "واجهة الدوحة البحرية عند الغروب. تصوير: الدليل"
PROSE = {
    ("frontier-dispatch", "head"): "In the hill towns a paper passes through nine pairs of hands before it lights a"
    " stove, and this one is folded for the tenth.",
    ("frontier-dispatch", "below"): "Two mules carried the first press over the pass in the spring of a hungry year,"
    " and the older of them was paid in oats.",
    ("neva-vestnik", "head"): "У окна на набережной горит лампа, и наборщик знает по её свету, сколько минут"
    " осталось до последнего моста.",
    ("neva-vestnik", "below"): "Первый трамвай увозит свежий тираж через три моста, и кондуктор успевает прочесть"
    " заголовки раньше всего города.",
}
"""Sentences under and above the stories of two outlets: read alone, no page tells that they are not its story's."""


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    return read_crawls(tmp_path_factory)


@pytest.fixture
def desk(crawled: Crawled, tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.database.write_bytes((crawled.folder_of(3) / "news.db").read_bytes())
    return desk


def number_of(desk: Desk, line: str) -> int:
    return int(desk.value("SELECT id FROM site_lines WHERE line = ?", line))


def run(desk: Desk, *words: str) -> subprocess.CompletedProcess[str]:
    return desk.run("lines", *words)


def test_a_crawl_leaves_out_what_its_outlets_repeat(crawled: Crawled) -> None:
    desk = crawled.desk
    found = {(source, line) for source, line in desk.rows("SELECT source_id, line FROM site_lines")}
    assert {
        (SOURCE, CAPTION),
        ("spin-ghar-news", "د ننګرهار یو کلی. انځور: ارشیف"),
    } <= found
    for (source, place), line in PROSE.items():
        n_articles = desk.value("SELECT count(*) FROM articles WHERE source_id = ?", source)
        assert desk.rows("SELECT source_id, place, status, n_articles FROM site_lines WHERE line = ?", line) == [
            (source, place, "removed", n_articles)
        ], "out of each of its articles, those stored before it was learned included"
        assert desk.value("SELECT count(*) FROM article_text WHERE instr(body, ?)", line) == 0
    truth = {paragraph for row in crawled.truth[1]["articles"].values() for paragraph in row["paragraphs"]}
    assert not {line for _, line in found} & truth, "no line of a story was taken for furniture"
    assert desk.value("SELECT count(*) FROM article_text WHERE instr(body, ?)", CAPTION) == 0
    assert desk.value("SELECT count(*) FROM removed_lines") >= 30
    assert desk.faults() == []


def test_learned_lines_make_no_revisions(crawled: Crawled) -> None:
    edited = {url for url, row in crawled.truth[1]["articles"].items() if row["corrected"] or row["live"]}
    revised = {url for (url,) in crawled.desk.rows("SELECT url FROM articles WHERE n_revisions > 0")}
    assert revised <= edited


def test_list_shows_what_is_left_out_and_why(desk: Desk) -> None:
    done = run(desk, "list")
    number = number_of(desk, CAPTION)
    n_articles = desk.value("SELECT n_articles FROM site_lines WHERE id = ?", number)
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = [line for line in done.stdout.splitlines() if line.split()[0] == str(number)]
    place = desk.value("SELECT place FROM site_lines WHERE id = ?", number)
    assert f"{SOURCE}  out of {n_articles} articles, {place}, learned 20" in line
    assert line.endswith(f": {CAPTION}")
    total = desk.value("SELECT count(*) FROM site_lines")
    noun = "line" if total == 1 else "lines"
    assert done.stdout.splitlines()[-1] == f"{total} {noun} that sites repeat, 0 of them kept in the text"
    of_one = run(desk, "list", SOURCE)
    assert {row.split()[1] for row in of_one.stdout.splitlines()[:-1]} == {SOURCE}


def test_keep_puts_a_line_back_and_remove_takes_it_out(desk: Desk) -> None:
    number = number_of(desk, CAPTION)
    before = desk.texts()
    n_articles = desk.value("SELECT n_articles FROM site_lines WHERE id = ?", number)
    done = run(desk, "keep", str(number))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"line {number} put back into {n_articles} articles: {CAPTION}")
    assert desk.value("SELECT count(*) FROM article_text WHERE instr(body, ?)", CAPTION) == n_articles
    assert desk.faults() == []
    assert "  kept, " in run(desk, "list", SOURCE).stdout
    assert run(desk, "keep", str(number)).stdout.startswith(f"line {number} put back into 0 articles")
    done = run(desk, "remove", str(number))
    assert done.stdout.startswith(f"line {number} left out of {n_articles} articles")
    assert desk.texts() == before
    assert desk.faults() == []


def test_reextraction_respects_the_analysts_word(desk: Desk, crawled: Crawled) -> None:
    run(desk, "keep", str(number_of(desk, CAPTION)))
    wanted = desk.texts()
    done = desk.run("reextract", ARCHIVE=crawled.desk.warcs)
    assert (done.returncode, done.stderr) == (0, "")
    assert desk.texts() == wanted
    assert desk.value("SELECT count(*) FROM article_text WHERE instr(body, ?)", CAPTION) > 0
    assert desk.faults() == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "say what to do: list [SOURCE] | keep NUMBER"),
        (("forget", "1"), "say what to do"),
        (("keep",), "keep needs numbers of lines"),
        (("remove", "first"), "remove needs numbers of lines"),
        (("keep", "9999"), "there is no line 9999"),
        (("list", "nobody"), 'no source "nobody"'),
        (("list", "a", "b"), "list takes one source, got: a b"),
        (("list", "--all"), "no such option: --all"),
    ],
)
def test_mistakes_end_with_2_and_change_nothing(desk: Desk, words: tuple[str, ...], message: str) -> None:
    before = desk.texts()
    done = run(desk, *words)
    assert done.returncode == 2
    assert message in done.stdout + done.stderr
    assert desk.texts() == before


def test_without_an_archive_it_says_so_and_makes_none(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for words in (("list",), ("keep", "1")):
        done = run(desk, *words)
        assert done.returncode == 2
        assert "no such archive" in done.stderr
    assert not desk.database.exists()


def test_a_running_crawl_is_not_disturbed(desk: Desk) -> None:
    with locked(desk.database):
        done = run(desk, "keep", "1")
        assert done.returncode == 75
        assert "another run is at work" in done.stderr
        assert run(desk, "list").returncode == 0
