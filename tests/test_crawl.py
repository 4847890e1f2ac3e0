"""A whole crawl of the newsroom, in its two stages and once more, against the truth about every page."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from itertools import pairwise
from statistics import mean
from typing import Any

import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType

from crawler.archive import read_page
from db.records import RawRef
from tests.newsroom_crawls import Crawled, read_crawls, stored

CRAWL_DELAY_HOST = "naya-ufaq.example"
CLOSED_HOST = "harirud-times.example"


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    return read_crawls(tmp_path_factory)


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def score_words(found: str, wanted: str) -> float:
    """Returns the F1 of two texts as bags of words."""
    have, want = Counter(words_of(found)), Counter(words_of(wanted))
    common = (have & want).total()
    return 2 * common / (have.total() + want.total()) if common else 0.0


def differences(found: dict[str, dict[str, Any]], truth: dict[str, Any], *fields: str) -> list[str]:
    """Returns the articles that a field tells otherwise than the truth does."""
    wrong = []
    for url, wanted in truth["articles"].items():
        for name in fields:
            have = found[url][name]
            have = json.loads(have) if name == "authors" else have
            if have != wanted[name]:
                wrong.append(f"{url}: {name} is {have!r}, not {wanted[name]!r}")
    return wrong


@pytest.mark.parametrize("stage", [1, 2])
def test_every_link_of_the_newsroom_has_its_fate(crawled: Crawled, stage: int) -> None:
    desk, truth = (crawled.first, crawled.second)[stage - 1], crawled.truth[stage - 1]
    rows = {url: (fate, article) for url, fate, article in desk.rows("SELECT url, fate, article_id FROM links")}
    missing = sorted(set(truth["links"]) - set(rows))
    assert not missing
    wrong = []
    for url, wanted in truth["links"].items():
        fate, article = rows[url]
        allowed = {wanted["fate"]}
        if wanted["temporary"]:
            allowed.add("pending")
        if wanted["fate"] == "paywalled" and fate == "article":
            assert desk.value("SELECT paywalled FROM articles WHERE id = ?", article) == 1, url
            allowed.add("article")
        if wanted["same_as"]:
            allowed |= {"article", "duplicate_url"}
        if fate not in allowed:
            wrong.append((url, wanted["kind"], fate))
    # A gallery or hub page with enough text of its own is hard to tell from an article.
    soft = [row for row in wrong if row[1] in ("gallery", "hub") and row[2] == "article"]
    assert [row for row in wrong if row not in soft] == []
    assert len(soft) <= 0.02 * len(truth["links"]), soft


@pytest.mark.parametrize("stage", [1, 2])
def test_addresses_of_one_article_share_one_row(crawled: Crawled, stage: int) -> None:
    desk, truth = (crawled.first, crawled.second)[stage - 1], crawled.truth[stage - 1]
    groups = defaultdict(list)
    for url, wanted in truth["links"].items():
        if wanted["same_as"] and wanted["fate"] != "blocked_by_robots":
            groups[wanted["same_as"]].append(url)
    assert groups
    for canonical, urls in groups.items():
        rows = [desk.rows("SELECT fate, article_id FROM links WHERE url = ?", url)[0] for url in urls]
        assert sorted(fate for fate, _ in rows) == ["article"] + ["duplicate_url"] * (len(urls) - 1), canonical
        (article,) = {article for _, article in rows}
        assert desk.value("SELECT url FROM articles WHERE id = ?", article) == canonical


def test_nothing_but_the_links_of_seeds_is_followed(crawled: Crawled) -> None:
    known = set(crawled.truth[1]["links"]) | set(crawled.truth[1]["bad_links"])
    extra = {url: fate for url, fate in crawled.desk.rows("SELECT url, fate FROM links") if url not in known}
    # A feed's "http:///path" is mended into a host of one word, which is refused; nothing else may be there.
    assert {fate for url, fate in extra.items() if url not in crawled.truth[1]["furniture"]} <= {"refused"}, extra
    fetched = [
        url
        for url in crawled.truth[1]["furniture"]
        if crawled.desk.value("SELECT count(*) FROM links WHERE url = ? AND fate = 'article'", url)
    ]
    assert fetched == [], "navigation of section pages became articles"


def test_bad_links_of_feeds_are_never_fetched(crawled: Crawled) -> None:
    for url, fate, reason in crawled.desk.rows("SELECT url, fate, reason FROM links WHERE url LIKE 'http://no-host%'"):
        assert (fate, bool(reason)) == ("refused", True), url
    hosts = {row["host"] for row in crawled.accesses}
    assert hosts <= {wanted.split("/")[2] for wanted in crawled.truth[1]["links"]} | {
        url.split("/")[2] for row in crawled.truth[1]["links"].values() for url in row["seeds"]
    } | {"newsroom.test"}


@pytest.mark.parametrize("stage", [1, 2])
def test_bodies_are_the_articles_own_words(crawled: Crawled, stage: int) -> None:
    found, truth = stored((crawled.first, crawled.second)[stage - 1]), crawled.truth[stage - 1]
    assert set(truth["articles"]) <= set(found)
    scores = {
        url: score_words(found[url]["body"], "\n".join(wanted["paragraphs"]))
        for url, wanted in truth["articles"].items()
        if not wanted["paywalled"]
    }
    assert mean(scores.values()) >= 0.95, sorted(scores.items(), key=lambda pair: pair[1])[:5]
    assert min(scores.values()) >= 0.7, sorted(scores.items(), key=lambda pair: pair[1])[:5]


def test_titles_languages_and_sources_are_right(crawled: Crawled) -> None:
    found = stored(crawled.second)
    assert differences(found, crawled.truth[1], "title", "language") == []
    assert [
        url for url, wanted in crawled.truth[1]["articles"].items() if found[url]["source_id"] != wanted["source"]
    ] == []


def test_moments_of_publication_are_right(crawled: Crawled) -> None:
    wrong = differences(stored(crawled.second), crawled.truth[1], "published_at")
    assert len(wrong) <= 0.03 * len(crawled.truth[1]["articles"]), wrong


def test_authors_are_right_or_left_out(crawled: Crawled) -> None:
    """Where nobody signed, the outlet's own name is as right as none (docs/extraction.md)."""
    found, truth = stored(crawled.second), crawled.truth[1]
    outlets = dict(crawled.second.rows("SELECT id, name FROM sources"))
    for url, wanted in truth["articles"].items():
        if not wanted["authors"] and json.loads(found[url]["authors"]) == [outlets[wanted["source"]]]:
            found[url] = {**found[url], "authors": "[]"}
    wrong = differences(found, truth, "authors")
    assert len(wrong) <= 0.05 * len(truth["articles"]), wrong
    names = {name for wanted in truth["articles"].values() for name in wanted["authors"]}
    invented = {name for row in found.values() for name in json.loads(row["authors"])} - names - {*outlets.values()}
    assert invented == set()


def test_pages_that_robots_forbids_are_never_asked_for(crawled: Crawled) -> None:
    forbidden = [url for url, row in crawled.truth[1]["links"].items() if row["fate"] == "blocked_by_robots"]
    asked = {f"http://{row['host']}{row['path']}" for row in crawled.accesses}
    assert len(forbidden) >= 3 and not asked & set(forbidden)
    closed = [row["path"] for row in crawled.accesses if row["host"] == CLOSED_HOST]
    assert set(closed) == {"/robots.txt"}
    reasons = crawled.desk.rows(
        "SELECT DISTINCT reason FROM links WHERE url LIKE ? AND reason IS NOT NULL", f"http://{CLOSED_HOST}/%"
    )
    assert len(reasons) == 1 and "robots.txt" in reasons[0][0]


def test_robots_is_asked_first_and_once_a_host(crawled: Crawled) -> None:
    asked = Counter(row["host"] for row in crawled.accesses if row["path"] == "/robots.txt")
    assert {host for host, n in asked.items() if n > 1} == set()
    for host in asked:
        first = next(row for row in crawled.accesses if row["host"] == host)
        assert first["path"] == "/robots.txt", host


def test_crawl_delay_is_kept(crawled: Crawled) -> None:
    for crawl in (1, 2):
        moments = [
            row["at"]
            for row in crawled.accesses_of(crawl)
            if row["host"] == CRAWL_DELAY_HOST and row["path"] != "/robots.txt"
        ]
        gaps = [later - earlier for earlier, later in pairwise(moments)]
        assert len(gaps) >= 1 and min(gaps) >= 0.95, (crawl, gaps)


def test_every_request_says_who_asks(crawled: Crawled) -> None:
    agents = {row["user_agent"] for row in crawled.accesses if row["host"] != "newsroom.test"}
    assert len(agents) == 1 and agents.pop().startswith("Parley/")


def test_second_stage_stores_only_what_is_new(crawled: Crawled) -> None:
    before, after = stored(crawled.first), stored(crawled.second)
    fresh = set(crawled.truth[1]["articles"]) - set(crawled.truth[0]["articles"])
    assert fresh and set(after) - set(before) == fresh
    edited = {url for url, wanted in crawled.truth[1]["articles"].items() if wanted["corrected"] or wanted["live"]}
    changed = {url for url in before if before[url]["body"] != after[url]["body"]}
    assert changed == edited
    assert {before[url]["id"] for url in before} <= {row["id"] for row in after.values()}


def test_a_correction_and_a_live_blog_are_told_apart(crawled: Crawled) -> None:
    edits = crawled.desk.rows("SELECT a.url, r.kind FROM revisions r JOIN articles a ON a.id = r.article_id")
    wanted = {
        url: "correction" if row["corrected"] else "update"
        for url, row in crawled.truth[1]["articles"].items()
        if row["corrected"] or row["live"]
    }
    assert len(edits) == len(wanted) and dict(edits) == wanted
    before = {url: row["body"] for url, row in stored(crawled.first).items()}
    for url, body, numbers in crawled.desk.rows(
        "SELECT a.url, r.body, r.numbers_changed FROM revisions r JOIN articles a ON a.id = r.article_id"
    ):
        assert body == before[url], "the revision keeps the text as it was"
        assert (numbers > 0) or wanted[url] == "update"


def test_wire_copies_are_all_stored(crawled: Crawled) -> None:
    found = stored(crawled.second)
    wires = defaultdict(list)
    for url, wanted in crawled.truth[1]["articles"].items():
        if wanted["wire"]:
            wires[wanted["wire"]].append(url)
    assert max(len(urls) for urls in wires.values()) >= 3
    for urls in wires.values():
        assert len({found[url]["source_id"] for url in urls}) == len(urls), (
            "each outlet's copy is an article of its own"
        )


def test_daily_templates_are_separate_articles(crawled: Crawled) -> None:
    found = stored(crawled.second)
    series = defaultdict(list)
    for url, wanted in crawled.truth[1]["articles"].items():
        if wanted["series"]:
            series[wanted["series"]].append(url)
    for urls in series.values():
        assert len(urls) >= 2
        assert len({found[url]["story_id"] for url in urls}) == len(urls), urls


def test_third_crawl_costs_nothing_and_adds_nothing(crawled: Crawled) -> None:
    assert crawled.second.texts() == crawled.desk.texts()
    for table in ("links", "articles", "revisions", "stories", "topic_matches"):
        assert crawled.second.value(f"SELECT count(*) FROM {table}") == crawled.desk.value(
            f"SELECT count(*) FROM {table}"
        )
    polls = [row for row in crawled.accesses_of(3) if row["path"] != "/robots.txt"]
    unchanged = [row for row in polls if row["status"] == 304]
    assert len(unchanged) >= 0.95 * len(polls) > 0
    assert all(row["conditional"] for row in polls)
    assert re.match(
        r"done: \d+ polls \(\d+ unchanged\), 0 new links, 0 pages, 0 new articles in \d+ s\n", crawled.lines[2]
    )


def test_the_fetch_log_is_the_access_log(crawled: Crawled) -> None:
    """Every request that reached an outlet is told, each hop of a redirect by its own address; robots.txt apart."""
    logged = Counter(url for (url,) in crawled.desk.rows("SELECT url FROM fetches"))
    asked = Counter(
        f"http://{row['host']}{row['path']}"
        for row in crawled.accesses
        if row["host"] != "newsroom.test" and row["path"] != "/robots.txt"
    )
    redirected = sum(row["status"] in (301, 302) for row in crawled.accesses)
    assert redirected >= 1
    assert logged == asked
    assert crawled.desk.value("SELECT count(*) FROM fetches WHERE run_id IS NULL OR status IS NULL") == 0
    assert crawled.desk.rows("SELECT id FROM fetches WHERE link_id IS NULL AND seed_id IS NULL") == []


def test_every_article_reads_back_from_the_raw_archive(crawled: Crawled) -> None:
    rows = crawled.desk.rows("SELECT url, title, warc_file, warc_offset, warc_length FROM articles")
    assert len(rows) >= len(crawled.truth[1]["articles"])
    known = {
        row[1]: row[0] for row in crawled.desk.rows("SELECT article_id, url FROM links WHERE article_id IS NOT NULL")
    }
    for url, _title, *extent in rows:
        assert extent[0] is not None, url
        page = read_page(crawled.desk.warcs, RawRef(*extent))
        assert page.url in known and page.status == 200 and len(page.body) > 500


def test_raw_files_are_whole_to_their_end(crawled: Crawled) -> None:
    extents = {
        (row[0], row[1], row[2])
        for row in crawled.desk.rows(
            "SELECT warc_file, warc_offset, warc_length FROM fetches WHERE warc_file IS NOT NULL"
        )
    }
    files = list(crawled.desk.warcs.glob("*.warc.gz"))
    assert files and {path.name for path in files} == {file for file, _, _ in extents}
    for path in files:
        with path.open("rb") as file:
            starts = [
                record.stream_pos
                for record in ArchiveIterator(file, record_types=WarcRecordType.any_type, verify_digests=False)
                if record.record_type == WarcRecordType.response and record.reader.read() is not None
            ]
        ends = [*starts[1:], path.stat().st_size]
        found = {(path.name, start, end - start) for start, end in zip(starts, ends, strict=True)}
        assert {extent for extent in extents if extent[0] == path.name} <= found


def test_topics_find_what_they_are_about_and_say_why(crawled: Crawled) -> None:
    truth, found = crawled.truth[1], stored(crawled.desk)
    by_id = {row["id"]: url for url, row in found.items()}
    matches = crawled.desk.rows(
        "SELECT article_id, score, accepted, reasons FROM topic_matches WHERE topic_id = ?", "afghan-peace-talks"
    )
    accepted = {by_id[article] for article, _, yes, _ in matches if yes} & set(truth["articles"])
    noticed = {by_id[article] for article, score, _, _ in matches if score > 0}
    wanted = {url for url, row in truth["articles"].items() if row["on_topic"]}
    recall, precision = len(accepted & wanted) / len(wanted), len(accepted & wanted) / len(accepted)
    assert recall >= 0.8 and precision >= 0.9, (sorted(wanted - accepted), sorted(accepted - wanted))
    assert len(noticed & wanted) / len(wanted) >= 0.9, sorted(wanted - noticed)
    for article, score, yes, reasons in matches:
        assert 0 <= score <= 1
        assert not yes or json.loads(reasons), by_id[article]


def test_articles_off_topic_are_kept(crawled: Crawled) -> None:
    found = stored(crawled.desk)
    off = [url for url, row in crawled.truth[1]["articles"].items() if not row["on_topic"]]
    assert len(off) >= 10 and all(url in found for url in off)


def test_the_archive_is_sound_and_the_runs_are_told(crawled: Crawled) -> None:
    assert crawled.desk.faults() == []
    runs = crawled.desk.rows("SELECT outcome, counters, ended_at >= started_at FROM runs ORDER BY id")
    assert [(outcome, ordered) for outcome, _, ordered in runs] == [("done", 1)] * 3
    counted = [json.loads(counters) for _, counters, _ in runs]
    articles = [desk.value("SELECT count(*) FROM articles") for desk in (crawled.first, crawled.second, crawled.desk)]
    new = [row.get("new", 0) + row.get("copy", 0) for row in counted]
    assert [sum(new[:n]) for n in (1, 2, 3)] == articles
    for line, row in zip(crawled.lines, counted, strict=True):
        assert line.count("\n") == 1 and line.startswith(f"done: {row['polls']} polls (")
