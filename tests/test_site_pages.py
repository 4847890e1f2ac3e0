"""What the pages say: on an archive whose every row is known."""

from __future__ import annotations

import asyncio
import re
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from db.connection import from_text, transaction, utc_now
from db.site import app, searching
from tests.site_archive import Filler, fill_archive
from tests.site_process import Site, running_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("pages") / "shown.db"
    fill_archive(path, utc_now())
    with running_site(path) as running:
        yield running


def text_of(site: Site, path: str) -> str:
    """Returns the words of a page's main part."""
    page = site.get(path).text
    main = page[page.index("<main") : page.index("</main>")]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())


def test_a_topic_picks_its_stories_people_and_changes(site: Site) -> None:
    text = text_of(site, "/?topic=moscow-talks")
    assert "Envoy reports progress in Moscow talks" in text and "2 copies in 2 outlets" in text
    assert "The Envoy <x> negotiator 1" in text
    assert "correction Steppe Dispatch" in text
    assert "1 article to review" in text
    assert "Something from last month" not in text
    assert text.count("Envoy reports progress") == 2, "once as news and once as edited: a copy is no story of its own"


def test_new_is_what_arrived_and_not_what_is_dated_so(tmp_path: Path) -> None:
    fill = Filler(tmp_path / "new.db", utc_now())
    fill.insert("sources", id="s", name="S")
    fill.insert("topics", id="t", title="Talks", version="1", file="f", loaded_at=fill.now)
    for title, seen, published in (("Long known", 400, 1), ("This week", 60, 70), ("Old and just found", 2, 9000)):
        article = fill.article(title, "Text.", source="s", hours=published, first_seen_at=fill.at(seen))
        fill.story(article)
        fill.match("t", article, 0.8)
    fill.db.close()
    with running_site(tmp_path / "new.db") as site:
        for kept in ("show=all", "topic=t", ""):
            latest, week, day = (text_of(site, f"/?{kept}&since={since}") for since in ("", "week", "day"))
            assert all(title in latest for title in ("Long known", "This week", "Old and just found"))
            assert "Long known" not in week and "This week" in week and "Old and just found" in week
            assert "This week" not in day and "Old and just found" in day
        assert "New in a day 1 New in a week 2" in text_of(site, "/?topic=t")


def test_an_imported_archive_is_not_new(tmp_path: Path) -> None:
    """Five hundred pages of years ago arrive among those of today: what is new is what was first seen today."""
    fill = Filler(tmp_path / "imported.db", utc_now())
    fill.insert("sources", id="s", name="S")
    fill.insert("topics", id="t", title="Talks", version="1", file="f", loaded_at=fill.now)
    pages = [("Before the import", 3.0), *[(f"Years ago {n}", 60_000.0 + n) for n in range(500)]]
    for title, seen in (*pages, ("After the import", 2.0), ("Captured today by others", 4.0)):
        article = fill.article(title, "Text.", source="s", hours=None, first_seen_at=fill.at(seen))
        fill.story(article)
        fill.match("t", article, 0.8)
    change = {"article_id": 1, "title": "x", "body": "x", "content_hash": "x", "kind": "correction"}
    fill.insert("revisions", number=1, seen_at=fill.at(1), **change)
    for n in range(400):
        fill.insert("revisions", number=n + 1, seen_at=fill.at(50_000 + n), **{**change, "article_id": 9})
    fill.db.close()
    with running_site(tmp_path / "imported.db") as site:
        for kept in ("show=all", "topic=t", ""):
            for since in ("day", "week"):
                text = text_of(site, f"/?{kept}&since={since}")
                news = text[text.index("New in a week") : text.index("Edited after publication")]
                assert "Years ago" not in news
                assert all(title in news for title in ("Before the import", "After the import", "Captured today"))
        text = text_of(site, "/?topic=t")
        assert "New in a day 3 New in a week 3" in text
        assert "Before the import" in text[text.index("Edited after publication") :], "the newest changes come first"
        assert "last arrival 2 h ago" in text


def test_a_copy_is_compared_when_asked(site: Site) -> None:
    plain, compared = text_of(site, "/story/1"), text_of(site, "/story/1?compare=2")
    joined = "nearly the same text, 93 % of the shorter text is in the longer, 1.9 h apart."
    assert f"Joined with Steppe Dispatch : {joined}" in plain
    assert '<a href="/article/1" title="' in site.get("/story/1").text
    assert "Steppe Dispatch had it first" in plain
    assert "Against the lead" not in plain and "Against the lead" in compared
    assert "Nothing: the texts are the same." in compared


def test_related_stories_say_why_they_are_not_the_same(tmp_path: Path) -> None:
    fill = Filler(tmp_path / "weather.db", utc_now())
    fill.insert("sources", id="s", name="S")
    days = [fill.article(f"Weather {n}", "Text.", source="s", hours=24.0 * n) for n in range(3)]
    for article in days:
        fill.story(article)
    measures = {"relation": "related", "lead_overlap": 0.5, "number_overlap": 0.1}
    for later, changed, containment in ((days[0], 7, 0.66), (days[2], 9, 0.72)):
        pair = {"article_id": later, "of_article_id": days[1], "containment": containment}
        fill.insert("duplicates", numbers_changed=changed, gap_days=1.0, **pair, **measures)
    fill.db.close()
    with running_site(tmp_path / "weather.db") as site:
        text = text_of(site, "/story/2")
    said = (
        "tells its own story, {} % of the shorter text is in the longer, 50 % of the longer one's beginning is in the"
    )
    first, second = text.index(said.format(72)), text.index(said.format(66))
    assert first < text.index("9 numbers changed, ") < second < text.index("7 numbers changed")


def test_the_change_asked_for_is_shown_word_by_word(site: Site) -> None:
    assert site.get("/article/1").text.count("What changed, word by word") == 1
    first, second = site.get("/article/1?change=1").text, site.get("/article/1?change=2").text
    assert "<del>started.</del>" not in second and '<div class="diff"' in first
    assert first != second


def test_an_entity_tells_when_where_and_with_whom(tmp_path: Path) -> None:
    fill = Filler(tmp_path / "who.db", utc_now())
    fill.insert("sources", id="s", name="S")
    fill.insert("topics", id="t", title="Talks", version="1", file="f", loaded_at=fill.now)
    ids = {
        name: fill.insert("entities", topic_id="t", slug=name, name=name.title()) for name in ("ann", "bob", "nobody")
    }
    for number, named in enumerate((("ann", "bob"), ("ann", "bob"), ("ann",))):
        article = fill.article(f"Piece {number}", "Text.", source="s", hours=30 * number + 1)
        for name in named:
            fill.insert("mentions", entity_id=ids[name], article_id=article, n=2)
    fill.db.close()
    with running_site(tmp_path / "who.db") as site:
        text = text_of(site, "/entity/t/ann")
        assert "Named in 3 articles, from" in text and "Piece 2" in text and "named 2 times" in text
        assert "With whom Bob" in text and "Nobody" not in text
        listed = text_of(site, "/entities")
        assert listed.index("Ann") < listed.index("Bob") and "Looked for, and named nowhere: Nobody" in listed
        assert site.get("/entity/t/none").status == site.get("/entity/none/ann").status == 404


def test_review_shows_the_score_and_leads_on(site: Site) -> None:
    text = text_of(site, "/review")
    assert "Court on" in text and "0.31" in text and "Envoy reports progress" not in text
    assert "1 article waits" in text
    assert "moscow-talks.toml accepts from a score of 0.50 and leaves those from 0.25 on to a reader" in text
    assert "Score 0.31 , between 0.25 (review) and 0.50 (accept)" in text
    for command in ("test", "diff", "apply"):
        assert f"scrapy topic {command} moscow-talks" in text


def test_review_tells_a_missing_date_an_old_version_and_an_example_to_copy(tmp_path: Path) -> None:
    fill = Filler(tmp_path / "waiting.db", utc_now())
    fill.insert("sources", id="s", name="S")
    for topic, accept in (("t", 0.5), ("old", None)):
        fill.insert("topics", id=topic, title=topic, version="v1", accept=accept, review=accept and 0.25,
                    file=f"{topic}.toml", loaded_at=fill.now)  # fmt: skip
    title = 'Said "no": \\ a tab\t and \x7f'
    article = fill.article(title, "Body of it. " * 20, source="s", hours=None)
    fill.match("t", article, 0.8, {"rule": "undated", "forms": [], "where": "date", "n": 0}, accepted=0)
    stale = fill.article("Judged long ago", "Text.", source="s")
    fill.match("t", stale, 0.3, accepted=0)
    fill.db.execute("UPDATE topic_matches SET topic_version = 'v0' WHERE article_id = ?", (stale,))
    fill.match("old", article, 0.3, accepted=0)
    fill.db.close()
    with running_site(tmp_path / "waiting.db") as site:
        text = text_of(site, "/review?topic=t")
        assert "Score 0.80 , enough for 0.50, but it has no date" in text
        assert "Score 0.30 , by an earlier version of the file: scrapy topic apply t judges it anew" in text
        assert "Score 0.30" in text_of(site, "/review?topic=old")
        pasted = [
            unescape(found) for found in re.findall(r"<pre[^>]*>(.*?)</pre>", site.get("/review?topic=t").text, re.S)
        ]
    read = [tomllib.loads(text)["example"][0] for text in pasted]
    assert [example["title"] for example in read] == ["Judged long ago", title]
    assert "date" not in read[1] and read[0]["date"].isoformat() == fill.at(5)[:10]
    assert read[1]["body"].startswith("Body of it.") and read[1]["expect"] == "accept"


def test_the_timeline_without_a_topic_says_how_to_get_lanes(site: Site, tmp_path: Path) -> None:
    text = site.get("/timeline").text
    assert "belong to a topic" in text and 'href="/timeline?topic=moscow-talks&amp;by=' in text
    published = re.search(r'datetime="([0-9-]{10})', site.get("/article/1").text)
    assert published and "/article/1" in site.get(f"/timeline?by=day&at={published[1]}").text, "its stories are there"
    fill = Filler(tmp_path / "bare.db", utc_now())
    fill.insert("daily_totals", day=fill.now[:10], n_articles=1, n_stories=1)
    fill.db.close()
    with running_site(tmp_path / "bare.db") as bare:
        assert "With a topic file, lanes show here" in text_of(bare, "/timeline")


def test_runs_tell_outcome_and_failures(site: Site) -> None:
    text = text_of(site, "/runs")
    assert "30 fetched" in text and "under way" in text and "connection refused" in text


def test_sources_tell_health_and_pace(site: Site) -> None:
    text = text_of(site, "/sources")
    assert re.search(r"Kabul <i>Tribune</i> & Sons AF failing 1 of 1 seed", text)
    assert "Thirty days" in site.get("/sources").text
    text = site.get("/sources").text
    assert text.count('class="spark"') == 6 and "1 article on 1 day of the last 30" in text


@pytest.mark.parametrize(
    ("hour", "shown"), [(20, ["3 articles, 2 stories"]), (4, ["2 articles", "1 article, 0 stories"])]
)
def test_the_timeline_leads_from_period_to_period(tmp_path: Path, hour: int, shown: list[str]) -> None:
    """At an hour when all articles of the last hours are of one day, and when midnight lies between them."""
    yesterday = (from_text(utc_now()) - timedelta(days=1)).strftime("%Y-%m-%d")
    fill_archive(tmp_path / "shown.db", f"{yesterday}T{hour:02}:00:00Z")
    with running_site(tmp_path / "shown.db") as site:
        text = text_of(site, "/timeline?topic=moscow-talks")
        assert "The Envoy <x> 1 article" in text
        assert re.findall(r"\d{4}: (\d+ articles?(?:, \d+ \w+)?)", text)[: len(shown)] == shown
        assert "Herat Gazette 2 articles," in text_of(site, "/timeline?topic=moscow-talks&lanes=sources")
        link = re.search(r'href="([^"]*)" rel="prev"', site.get("/timeline").text)
        assert link and site.get(unescape(link[1]).split("#")[0]).status == 200


@pytest.mark.parametrize("path", ["/nope", "/nope/articles", "/nowhere/at/all"])
def test_a_mistyped_address_reads_like_any_other(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status == 404 and "There is no page at this address." in answer.text


def test_filters_narrow_a_search(site: Site) -> None:
    everything = text_of(site, "/search?q=talks")
    assert "2 articles" in everything and "Named in these The Envoy <x>" in everything
    for address, shown in (
        ("entity=envoy", "1 shown"),
        ("topic=moscow-talks", "2 shown"),
        ("source=herat", "1 shown"),
        ("from=2099-01-01", "0 shown"),
        ("to=1999-01-01", "0 shown"),
        ("from=1999-01-01&to=2099-01-01", "2 shown"),
        ("language=fa", "0 shown"),
    ):
        assert shown in text_of(site, f"/search?q=talks&{address}"), address
    assert "Without “to 1999-01-01”" in text_of(site, "/search?q=talks&to=1999-01-01")


def test_words_in_no_article_are_told_and_left_out(site: Site) -> None:
    text = text_of(site, "/search?q=envoy+unheardof+talks")
    assert "unheardof in none" in text
    assert "Envoy reports progress" in text
    nothing = text_of(site, "/search?q=unheardof+neverwas")
    assert "unheardof is in none" in nothing and "neverwas is in none" in nothing
    apart = text_of(site, "/search?q=lines+debated")
    assert "Search with fewer words" in apart and "is in 1 article" in apart


def test_a_narrowed_search_stops_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill = Filler(tmp_path / "long.db", utc_now())
    fill.insert("sources", id="s", name="S")
    fill.insert("sources", id="rare", name="Rare")
    with transaction(fill.db):
        oldest = fill.article("Talks of old", "Talks.", source="rare", hours=900)
        for number in range(60):
            fill.article(f"Talks {number}", "Talks.", source="s", hours=60 - number)
    fill.db.close()
    monkeypatch.setattr(searching, "LOOKED_AT", 40)

    async def ask(**args: str) -> searching.Results:
        site = app.build_site(tmp_path / "long.db")
        try:
            return await searching.search_archive(site.get_database("long"), searching.read_request(args))
        finally:
            site.close()

    first = asyncio.run(ask(q="talks", source="rare"))
    assert first.stopped and not first.hits and first.next_before is not None
    second = asyncio.run(ask(q="talks", source="rare", before=str(first.next_before)))
    assert [hit.row["id"] for hit in second.hits] == [oldest] and not second.stopped
