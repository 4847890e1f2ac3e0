"""Lists longer than a page: each says how many there are, and leads to the rest, on pages and in exports."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from db.connection import transaction, utc_now
from db.site import routes
from tests.site_archive import Filler
from tests.site_process import Page, Site, running_site
from tests.test_site_feeds import Ask, ask_site

N = 130
ADDRESSES = ["/stories", "/topic/t", "/entity/t/e", "/source/s", "/story/1"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One story with `N` copies, and `N` stories of one day, some without a date of their own."""
    path = tmp_path_factory.mktemp("long") / "long.db"
    fill = Filler(path, utc_now())
    with transaction(fill.db):
        for source in ("s", "other"):
            fill.insert("sources", id=source, name=source)
        fill.insert("topics", id="t", title="Talks", version="1", file="t.toml", loaded_at=fill.now)
        entity = fill.insert("entities", topic_id="t", slug="e", name="E")
        copies = [fill.article(f"Copy {n}", "Same.", source="other", hours=None if n < 3 else 900) for n in range(N)]
        fill.story(*copies)
        fill.db.execute("UPDATE stories SET n_articles = ?", (N,))
        for n in range(N):
            article = fill.article(f"Story {n}", "Talks.", source="s", hours=None, published_at=fill.at(24)[:10])
            fill.story(article)
            fill.match("t", article, 0.8)
            fill.insert("mentions", entity_id=entity, article_id=article, n=1)
            for number in range(60 if n == 0 else 0):
                fill.insert("revisions", article_id=article, number=number + 1, seen_at=fill.now, title="T", body="B",
                            content_hash=str(number), kind="minor")  # fmt: skip
        fill.db.execute("UPDATE articles SET n_revisions = 60 WHERE id = ?", (N + 1,))
        fill.db.execute("INSERT INTO daily_totals VALUES (?, ?, ?)", (fill.at(24)[:10], N, N + 1))
        fill.db.execute("INSERT INTO story_aliases VALUES (9999, 1)")
    fill.db.close()
    return path


@pytest.fixture(scope="module")
def site(archive: Path) -> Iterator[Site]:
    with running_site(archive) as running:
        yield running


@pytest.fixture(scope="module")
def ask(archive: Path) -> Ask:
    return ask_site(archive)


def follow(site: Site, path: str, label: str) -> tuple[list[int], list[str]]:
    """Returns the articles that a page and those behind its link of a label show, and the texts of these pages."""
    seen: list[int] = []
    pages: list[str] = []
    address: str | None = path
    while address:
        text = site.get(address.partition("#")[0]).text
        pages.append(text)
        main = text[text.index("<main") : text.index("<aside") if "<aside" in text else None]
        titles = [link for link in Page(main).links() if re.fullmatch(r"/article/[0-9]+", link)]
        seen += [int(link.rpartition("/")[2]) for link in titles]
        link = re.search(rf'href="([^"]*)"[^>]*>{label}', text)
        address = unescape(link[1]) if link else None
    return seen, pages


def test_a_story_of_many_copies_leads_on_in_the_order_of_publication(site: Site) -> None:
    seen, pages = follow(site, "/story/1", "Later copies")
    assert seen == [*range(4, N + 1), 1, 2, 3], "those without a date come last"
    assert len(pages) == 2
    assert f"{N} copies" in pages[0] and "had it first" in pages[0] and ">first<" in pages[0]
    assert "had it first" not in pages[1] and ">first<" not in pages[1] and "From the first copy" in pages[1]
    assert "No later copy." in site.get("/story/1?after=3").text
    assert follow(site, "/story/9999", "Later copies")[0] == seen
    for odd in ("x", "-1", "1_0", "1e1", "9" * 30, "0"):
        assert f"/article/{seen[0]}" in site.get(f"/story/1?after={odd}").text


def test_a_copy_of_a_later_page_is_compared_where_it_stands(site: Site) -> None:
    later = site.get("/story/1?after=103").text
    link = re.search(r'href="([^"]*compare=110[^"]*)"', later)
    assert link and "after=103" in link[1]
    assert "Against the lead" in site.get(unescape(link[1]).partition("#")[0]).text


def test_a_period_of_many_stories_leads_on(site: Site) -> None:
    for topic in ("", "&topic=t"):
        seen, pages = follow(site, f"/timeline?by=day{topic}", "Later stories")
        assert len(pages) == 2 and sorted(seen) == list(range(N + 1, 2 * N + 1)) == seen
        assert f"{N} articles" in pages[1] and "From the first story" in pages[1]


def test_an_article_of_many_versions_and_copies_says_how_many(site: Site) -> None:
    changed = site.get(f"/article/{N + 1}").text
    assert "changed 60×" in changed and "All 60 versions" in changed
    assert f"<h2>{N - 1} other copies</h2>" in site.get("/article/9").text


@pytest.mark.parametrize("address", ADDRESSES)
def test_exports_say_how_many_there_are_and_lead_to_all(ask: Ask, address: str) -> None:
    n = {"/stories": N + 1}.get(address, N)
    seen: list[int] = []
    following: str | None = f"{address}.json?size=50"
    while following:
        found = ask(following).json()
        assert found["n"] == n
        seen += [row["id"] for row in found["rows"]]
        following = (found["next"] or "").removeprefix("http://localhost") or None
    assert len(seen) == len(set(seen)) == n
    sheet = ask(f"{address}.csv")
    assert len(list(csv.DictReader(io.StringIO(sheet.text)))) == n and "link" not in sheet.headers
    assert sheet.headers["content-disposition"].endswith(f'"{address.split("/")[1]}.csv"')


def test_a_story_that_was_joined_to_another_is_exported_like_its_page(ask: Ask) -> None:
    old, new = ask("/story/9999.json").json(), ask("/story/1.json").json()
    assert old["rows"] == new["rows"] and old["n"] == new["n"] == N


def test_a_csv_that_is_cut_says_so_in_its_name(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "SHEET_ROWS", 100)
    for address in (*ADDRESSES, "/search"):
        sheet = ask(f"{address}.csv?q=talks")
        name = f"{address.split('/')[1]}-100-rows-and-more.csv"
        assert sheet.headers["content-disposition"] == f'attachment; filename="{name}"'
        following = re.fullmatch(r'<http://localhost(.+)>; rel="next"', sheet.headers["link"])
        assert following and ask(following[1]).text.count("\r\n") in (N - 99, N - 98)


def test_a_table_is_one_csv_beyond_a_page_of_it(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "many.db"
    fill = Filler(path)
    fill.insert("sources", id="s", name="S")
    with transaction(fill.db):
        for n in range(1203):
            fill.article(f"Article {n}", "Text.", source="s")
    fill.db.close()
    ask = ask_site(path)
    sheet = ask("/many/articles.csv")
    ids = [int(row["id"]) for row in csv.DictReader(io.StringIO(sheet.text))]
    assert ids == list(range(1203, 0, -1)) and "link" not in sheet.headers
    part = ask("/many/articles.csv?_size=500")
    assert part.text.count("\r\n") == 501 and part.headers["content-disposition"].endswith('-500-rows-and-more.csv"')


def test_the_timeline_of_a_topic_is_exported_as_its_page_shows_it(ask: Ask) -> None:
    whole, topic = ask("/timeline.json").json(), ask("/timeline.json?topic=t").json()
    assert [row["n_articles"] for row in topic["rows"]] == [N] == [row["n_articles"] for row in whole["rows"]]
    assert topic["page"].endswith("/timeline?topic=t") and topic["n"] == 1
    assert ask("/timeline.json?topic=none").json()["rows"] == []


def test_a_search_that_goes_on_is_not_counted(ask: Ask) -> None:
    assert ask("/search.json?q=talks").json()["n"] is None
    assert ask("/search.json?q=talks&size=200").json()["n"] == N
