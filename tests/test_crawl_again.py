"""The same newsroom by other ways: what matches only, from OPML, from raw archives, and extracted anew."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from db.plurals import plural
from db.urls import registrable_domain, url_key
from tests.crawling import Desk, made_once
from tests.newsroom import start
from tests.newsroom_crawls import Crawled, read_crawls, stored


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    return read_crawls(tmp_path_factory)


def make_kept(folder: Path) -> None:
    with start() as newsroom:
        desk = Desk(folder, newsroom.url)
        desk.sources.write_text(newsroom.sources(), "utf-8")
        desk.crawl(KEEP="matches")


def test_keep_matches_keeps_only_what_matches(crawled: Crawled, tmp_path_factory: pytest.TempPathFactory) -> None:
    desk = Desk(made_once(tmp_path_factory, "newsroom-keep", make_kept))
    full = crawled.first
    matching = {
        url
        for (url,) in full.rows(
            "SELECT url FROM articles WHERE id IN (SELECT article_id FROM topic_matches WHERE score > 0)"
        )
    }
    assert 0 < len(matching) < len(stored(full))
    assert set(stored(desk)) == matching
    refused = desk.rows("SELECT url, reason FROM links WHERE fate = 'refused' AND reason LIKE '%KEEP%'")
    assert len(refused) >= len(stored(full)) - len(matching)
    assert desk.faults() == []


def make_imported(folder: Path) -> None:
    with start() as newsroom:
        (folder / "outlets.opml").write_bytes(newsroom.fetch("http://newsroom.test/sources.opml").body)
        desk = Desk(folder, newsroom.url)
        done = desk.run("source", "import", str(folder / "outlets.opml"))
        assert done.returncode == 0, done.stderr
        desk.crawl()


def test_opml_import_leads_to_the_same_articles(crawled: Crawled, tmp_path_factory: pytest.TempPathFactory) -> None:
    desk = Desk(made_once(tmp_path_factory, "newsroom-opml", make_imported))
    of_feeds = {
        url
        for url, row in crawled.truth[0]["links"].items()
        if any(crawled.first.rows("SELECT 1 FROM seeds WHERE url = ? AND kind = 'feed'", seed) for seed in row["seeds"])
    }
    expected = {url for url in stored(crawled.first) if url in of_feeds}
    found = desk.texts()
    wanted = crawled.first.texts()
    assert len(expected) >= 30
    for url in expected:
        assert found[url_key(url)] == wanted[url_key(url)], url


def list_archives(desk: Desk, *paths: Path) -> None:
    """Writes a list of sources whose one source reads WARC files."""
    names = ", ".join(f'"{path}"' for path in paths)
    desk.sources.write_text(f'[[source]]\nid = "own-archive"\narchives = [{names}]\n', "utf-8")


def make_import(folder: Path, crawled: Crawled) -> None:
    desk = Desk(folder)
    files = sorted(crawled.desk.warcs.glob("*.warc.gz"))
    list_archives(desk, *files)
    first = desk.crawl()
    second = desk.crawl("-a", "due=all")
    (folder / "lines").write_text(first + second, "utf-8")


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory, crawled: Crawled) -> Desk:
    return Desk(made_once(tmp_path_factory, "newsroom-import", lambda folder: make_import(folder, crawled)))


def test_own_raw_archive_imports_as_the_same_articles(crawled: Crawled, imported: Desk) -> None:
    found, wanted = imported.texts(), crawled.desk.texts()
    assert {key: found.get(key) for key in wanted} == wanted
    # The section pages that were polled are in the archive, too; a list of teasers is hard to tell from an article.
    extra = set(found) - set(wanted)
    assert extra <= {url_key(url) for url in crawled.truth[1]["furniture"]} and len(extra) <= 6
    assert imported.faults() == []


def test_import_keeps_what_was_edited_between_two_captures(crawled: Crawled, imported: Desk) -> None:
    sql = (
        "SELECT a.url, r.number, r.kind, r.body FROM revisions r JOIN articles a ON a.id = r.article_id"
        " WHERE r.article_id IN (SELECT article_id FROM links WHERE url IN (SELECT value FROM json_each(?)))"
        " ORDER BY a.url, r.number"
    )
    urls = json.dumps(sorted(crawled.truth[1]["links"]))
    assert imported.rows(sql, urls) == crawled.desk.rows(sql, urls) != []


def test_import_fetches_nothing_and_archives_nothing(crawled: Crawled, imported: Desk) -> None:
    assert imported.value("SELECT count(*) FROM fetches") == 0
    assert not imported.warcs.exists() or not list(imported.warcs.rglob("*.warc.gz"))
    files = {file for (file,) in imported.rows("SELECT DISTINCT warc_file FROM articles")}
    assert files == {str(path) for path in crawled.desk.warcs.glob("*.warc.gz")}


def test_import_gives_every_page_its_link_and_source(crawled: Crawled, imported: Desk) -> None:
    assert imported.value("SELECT count(*) FROM links WHERE fate = 'pending'") == 0
    sources = dict(imported.rows("SELECT id, status FROM sources"))
    assert sources.pop("own-archive") == "active" and set(sources.values()) == {"seen"}
    assert set(sources) == {registrable_domain(url) for url in stored(imported)}


def test_second_import_reads_nothing(imported: Desk) -> None:
    first, second = (imported.folder / "lines").read_text("utf-8").splitlines()
    n = imported.value("SELECT count(*) FROM seeds")
    assert re.match(
        rf"done: {plural(n, 'poll')} \({n} unchanged\), 0 new links, 0 pages, 0 new articles in \d+ s$", second
    )
    assert " 0 pages" not in first


def test_a_broken_archive_is_told_and_its_whole_pages_are_kept(crawled: Crawled, tmp_path: Path) -> None:
    # One file a day: there are two where midnight fell between the crawls.
    data = b"".join(path.read_bytes() for path in sorted(crawled.desk.warcs.glob("*.warc.gz")))
    desk = Desk(tmp_path)
    half, lost, folder = (tmp_path / f"{name}.warc.gz" for name in ("half", "lost", "folder"))
    folder.mkdir()
    half.write_bytes(data[: len(data) // 2])
    list_archives(desk, half, lost, folder)
    done = desk.run("crawl", "news")
    notes = dict(desk.rows("SELECT url, note FROM seeds"))
    assert desk.value("SELECT count(*) FROM articles") >= 10
    for path, word in ((half, "ends in the middle"), (lost, "No such file"), (folder, "")):
        assert word in notes[str(path)] and path.name in notes[str(path)] and path.name in done.stderr
    assert desk.faults() == []
    assert done.returncode == 1, "every poll failed: somebody should look"
    half.write_bytes(data)
    mended = desk.run("crawl", "news", "-a", "due=all")
    assert mended.returncode == 0, "one of the archives could be read"
    wanted = crawled.desk.texts()
    assert {key: text for key, text in desk.texts().items() if key in wanted} == wanted


def test_reextract_restores_texts_without_a_fetch(crawled: Crawled, tmp_path: Path) -> None:
    desk = Desk(tmp_path, proxy="http://127.0.0.1:9")  # nobody listens there: a fetch would fail and be told
    desk.database.write_bytes((crawled.folder_of(3) / "news.db").read_bytes())
    wanted = desk.texts()
    victim = desk.value("SELECT id FROM articles ORDER BY word_count DESC LIMIT 1")
    desk.write("UPDATE article_text SET body = 'damaged', folded = 'damaged' WHERE id = ?", victim)
    desk.write("UPDATE articles SET content_hash = 'damaged' WHERE id = ?", victim)
    fetches = desk.value("SELECT count(*) FROM fetches")
    done = desk.run("reextract", ARCHIVE=crawled.desk.warcs)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert desk.texts() == wanted
    assert desk.value("SELECT count(*) FROM fetches") == fetches
    for table in ("articles", "stories", "links", "topic_matches", "revisions"):
        assert desk.value(f"SELECT count(*) FROM {table}") == crawled.desk.value(f"SELECT count(*) FROM {table}"), table
    assert desk.value("SELECT counters FROM runs ORDER BY id DESC LIMIT 1").count('"reextracted"') == 1
    assert desk.faults() == []
    again = desk.run("reextract", "news")
    assert again.returncode == 2 and "takes no arguments" in again.stderr + again.stdout
