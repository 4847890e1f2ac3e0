"""The site over HTTP: a real process on a filled archive, asked what readers, robots and attackers ask."""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

import pytest

from db.connection import open_archive, utc_now
from db.schema import DESCRIPTIONS
from db.site import FOLDER, app, headers
from tests.site_archive import HOSTILE_TITLE, PASHTO_TITLE, PERSIAN_TITLE, Filler, fill_archive
from tests.site_process import Page, Site, running_site


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("site") / "watch.db"
    fill_archive(path, utc_now())
    return path


@pytest.fixture(scope="module")
def site(database: Path) -> Iterator[Site]:
    with running_site(database) as running:
        yield running


OUR_PAGES = [
    "/",
    "/?show=all",
    "/?show=all&since=week",
    "/?topic=moscow-talks",
    "/?topic=moscow-talks&since=day",
    "/?topic=none&since=year",
    "/timeline",
    "/timeline?by=month&at=2018-11-01",
    "/timeline?topic=moscow-talks",
    "/timeline?topic=moscow-talks&lanes=sources&by=week&at=x",
    "/entities",
    "/entities?topic=none",
    "/entity/moscow-talks/envoy",
    "/entity/moscow-talks/envoy?before=1",
    "/review",
    "/review?topic=moscow-talks&before=2",
    "/runs",
    "/story/1?compare=2",
    "/story/1?compare=x",
    "/article/1?change=1",
    "/article/1?change=x",
    "/search",
    "/search?q=talks&topic=moscow-talks&entity=envoy&from=2018-01-01&to=2099-01-01",
    "/search?q=talks+unheardof",
    "/search?q=talks&source=none&from=soon",
    "/search?q=talks",
    "/search?q=talks&order=best&source=steppe&language=en",
    "/stories",
    "/stories?undated=1",
    "/stories?at=2018-01-01&before=3",
    "/topics",
    "/topic/moscow-talks",
    "/topic/moscow-talks?show=review",
    "/topic/gone",
    "/sources",
    "/source/steppe",
    "/source/tribune",
    "/source/fresh",
    "/source/off",
    "/source/stray.example",
    *(f"/article/{number}" for number in range(1, 11)),
    *(f"/story/{number}" for number in range(1, 10)),
]
DATA_PAGES = ["/watch", "/watch/articles", "/watch/articles/1", "/watch/sources", "/watch/seeds", "/watch/revisions"]


@pytest.mark.parametrize("path", OUR_PAGES + DATA_PAGES)
def test_every_page_answers_safely(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status == 200
    for name, value in headers.HEADERS.items():
        assert answer.headers[name.decode()] == value.decode()
    page = Page(answer.text)
    for link in page.links():
        assert urlsplit(link).scheme in ("", "http", "https"), link


@pytest.mark.parametrize("path", OUR_PAGES)
def test_our_pages_hold_no_script_no_foreign_resource_and_leak_no_template_error(site: Site, path: str) -> None:
    page = Page(site.get(path).text)
    names = [tag for tag, _ in page.tags]
    assert not {"script", "img", "iframe", "object", "embed", "u", "i", "b"} & set(names)
    assert names.count("h1") == 1
    assert not [attrs for _, attrs in page.tags for name in attrs if name.startswith("on")]
    sheets = [str(attrs.get("href")) for tag, attrs in page.tags if tag == "link" and attrs.get("rel") == "stylesheet"]
    assert sheets and all(sheet.startswith("/static/parley.css?") for sheet in sheets)


@pytest.mark.parametrize("path", OUR_PAGES)
def test_links_between_our_pages_lead_somewhere(site: Site, path: str) -> None:
    for link in {link for link in Page(site.get(path).text).links() if link.startswith("/")}:
        assert site.get(urldefrag(link).url).status == 200, link


def test_the_page_of_the_data_names_every_table_and_view_in_plain_words(site: Site, database: Path) -> None:
    text = site.get("/watch").text
    links = Page(text).links()
    with closing(sqlite3.connect(database)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
    shadows = {name for name in names if name.startswith(("article_text_fts_", "sqlite_"))}
    assert {name for name in names if f"/watch/{name}" not in links} == shadows
    assert "](" not in text and "`" not in text
    assert "](" not in site.get("/watch/rechecks").text


@pytest.mark.parametrize(
    "path", ["/topic/{id}", "/article/{id}", "/story/{id}", "/source/{id}", "/entity/{topic}/{slug}"]
)
def test_the_name_of_a_template_is_no_page(site: Site, path: str) -> None:
    assert site.get(path).status == 404


def test_policy_lets_no_script_run() -> None:
    directives = dict(part.strip().split(" ", 1) for part in headers.POLICY.split(";"))
    assert directives["default-src"] == "'none'"
    assert "script-src" not in directives
    assert directives["frame-ancestors"] == directives["base-uri"] == "'none'"


def test_hostile_text_is_shown_as_text(site: Site) -> None:
    answer = site.get("/article/5")
    assert "&lt;script&gt;alert(&#39;title&#39;)&lt;/script&gt; &amp; &#34;quotes&#34;" in answer.text
    assert "&lt;b&gt;Bold claim&lt;/b&gt; &amp; more." in answer.text
    assert HOSTILE_TITLE not in answer.text
    assert '<bdi class="author">&lt;b&gt;Eve&lt;/b&gt;</bdi>' in answer.text


def test_a_reasons_list_that_is_no_list_and_other_rot_do_not_break_a_page(tmp_path: Path) -> None:
    path = tmp_path / "rot.db"
    ids = fill_archive(path, utc_now())
    db = open_archive(path)
    db.execute("UPDATE topic_matches SET reasons = '{\"rule\": 1}' WHERE article_id = ?", (ids["lead"],))
    db.execute("UPDATE topic_matches SET reasons = 'not json' WHERE article_id = ?", (ids["copy"],))
    db.execute(
        "UPDATE articles SET authors = '[1, null, {\"a\": 2}]', published_at = 'yesterday' WHERE id = ?", (ids["lead"],)
    )
    db.execute("DELETE FROM article_text WHERE id = ?", (ids["copy"],))
    db.execute("INSERT INTO daily_totals VALUES ('not a day', 5, 5)")
    db.execute("UPDATE seeds SET polled_at = 'never'")
    db.close()
    with running_site(path) as site:
        for page in ("/", "/article/1", "/article/2", "/story/1", "/topic/moscow-talks", "/source/steppe", "/sources"):
            assert site.get(page).status == 200, page


def test_javascript_links_cannot_be_stored_and_would_not_be_shown(tmp_path: Path) -> None:
    path = tmp_path / "links.db"
    fill_archive(path, utc_now())
    db = open_archive(path)
    with pytest.raises(sqlite3.IntegrityError):
        db.execute("UPDATE articles SET url = 'javascript:alert(1)' WHERE id = 1")
    # A file from elsewhere may lack the CHECK: the page must not rely on it. Seeds hold paths too and have none.
    db.execute("PRAGMA ignore_check_constraints = ON")
    db.execute("UPDATE articles SET url = 'javascript:alert(1)' WHERE id = 1")
    db.execute("UPDATE sources SET homepage = 'JaVaScRiPt:alert(2)' WHERE id = 'steppe'")
    db.execute("UPDATE seeds SET url = 'data:text/html,<script>alert(3)</script>' WHERE source_id = 'steppe'")
    db.close()
    with running_site(path) as site:
        for page in ("/article/1", "/story/1", "/source/steppe", "/watch", "/links/articles/1", "/links/seeds/1"):
            schemes = {urlsplit(link).scheme for link in Page(site.get(page).text).links()}
            assert schemes <= {"", "http", "https"}, page


def test_right_to_left_texts_say_their_language_and_find_their_own_direction(site: Site) -> None:
    for number, lang, title in ((3, "fa", PERSIAN_TITLE), (4, "ps", PASHTO_TITLE)):
        text = site.get(f"/article/{number}").text
        assert f'<h1 dir="auto" lang="{lang}">{title}</h1>' in text
        assert f'<p dir="auto" lang="{lang}">' in text


def test_article_page_tells_where_everything_came_from(site: Site) -> None:
    text = site.get("/article/1").text
    for expected in (
        "Mon, 26 Nov 2018 14:30 +0430",
        "json-ld",
        "Ana Petrova",
        "Moscow &lt;talks&gt;",
        "in the headline, 3 times",
        'href="/article/2"',
        "1 number changed",
        'rel="noreferrer noopener external">Read at steppe.example',
        "The Envoy &lt;x&gt;",
    ):
        assert expected in text


def test_front_page_shows_what_is_on_topic_and_can_show_all(site: Site) -> None:
    front, everything = site.get("/").text, site.get("/?show=all").text
    assert "2 copies in 2 outlets" in front
    assert "/article/5" not in front
    assert "/article/5" in everything
    assert "/article/2" not in everything, "a copy is not a story of its own"
    assert '<svg class="wide" viewBox="0 -18 960.0 158.0" role="img"' in front


def test_source_health_is_on_its_pages(site: Site) -> None:
    assert "HTTP 503 &lt;b&gt;busy&lt;/b&gt;" in site.get("/sources").text
    text = site.get("/source/tribune").text
    assert ">failing</span>" in text and "Kabul &lt;i&gt;Tribune&lt;/i&gt; &amp; Sons" in text


ODD_IDS = ["1e0", "01", "+1", "-1", "1_0", "1.0", "1~20", "0x1", "~D9~A1", "~EF~BC~91", "9" * 18, "9" * 19, "9" * 400]
"""What SQLite or Python would take for a number, or for the number of an article that is there."""


@pytest.mark.parametrize("path", ["/watch/-/schema", "/watch/-/schema.json", "/watch/articles/-/schema"])
def test_pages_of_the_schema_show_no_data(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status == 200 and "CREATE TABLE articles" in answer.text
    assert "Envoy" not in answer.text and "steppe" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/article/999",
        "/article/abc",
        "/article/1~20OR~201=1",
        "/article/~00",
        *(f"/{kind}/{odd}{form}" for kind in ("article", "story") for form in ("", ".json") for odd in ODD_IDS),
        *(f"/article/{odd}/raw" for odd in ODD_IDS),
        "/story/0",
        "/topic/none",
        "/source/none",
        "/nowhere",
    ],
)
def test_unknown_addresses_are_404_and_still_hardened(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status == 404
    assert "<h1>Not found</h1>" in answer.text or path.endswith(".json")
    assert answer.headers["content-security-policy"] == headers.POLICY


@pytest.mark.parametrize(
    "path", ["/watch/-/query?sql=select+1", "/watch/-/query.json?sql=select+1", "/watch/articles?_where=1"]
)
def test_there_is_no_sql_prompt(site: Site, path: str) -> None:
    assert site.get(path).status == 403


def test_sql_in_the_database_address_leads_to_the_shut_prompt(site: Site) -> None:
    for path in ("/watch?sql=select+1", "/watch.json?sql=select+1"):
        answer = site.get(path)
        if answer.status == 302:
            answer = site.get(answer.headers["location"])
        assert answer.status in (400, 403) and '"rows"' not in answer.text


@pytest.mark.parametrize("path", ["/watch.db", "/watch/articles.db", "/watch.sqlite"])
def test_the_file_cannot_be_downloaded(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status >= 400
    assert "SQLite format 3" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/-/databases",
        "/-/databases.json",
        "/-/config",
        "/-/settings.json",
        "/-/plugins",
        "/-/actor",
        "/-/permissions",
        "/-/create-token",
        "/-/auth-token",
        "/-/messages",
        "/-",
        "/-/",
        "/-/patterns",
        "/-/jump",
        "/-/static/../../app.py",
    ],
)
def test_pages_about_the_machine_are_shut(site: Site, path: str, database: Path) -> None:
    answer = site.get(path)
    assert answer.status == 404
    assert str(database.parent) not in answer.text


@pytest.mark.parametrize(
    "path", ["/watch/articles/-/insert", "/watch/-/create", "/watch/articles/1/-/delete", "/watch/-/execute-write"]
)
def test_nothing_can_be_written(site: Site, path: str) -> None:
    assert site.get(path, "POST", b"{}").status in (400, 403, 405)


def test_robots_are_sent_away(site: Site) -> None:
    assert site.get("/robots.txt").text == "User-agent: *\nDisallow: /"


def test_json_and_csv_of_a_table_are_there_for_tools(site: Site) -> None:
    assert '"Envoy reports progress in Moscow talks"' in site.get("/watch/articles.json?_shape=array").text
    assert site.get("/watch/articles.csv").status == 200


def test_table_pages_explain_their_columns_and_carry_no_script_file(site: Site) -> None:
    text = site.get("/watch/articles").text
    assert DESCRIPTIONS["articles"].columns["word_count"] in text
    assert not [attrs for tag, attrs in Page(text).tags if tag == "script" and attrs.get("src")]
    assert DESCRIPTIONS["revisions"].text in unescape(site.get("/watch").text)


def test_an_id_in_any_script_has_a_page(tmp_path: Path) -> None:
    path = tmp_path / "ids.db"
    fill = Filler(path, utc_now())
    for topic in ("صلح", "a b%c", "x/y"):
        fill.insert("topics", id=topic, title=f"T {topic}", version="1", file="f", loaded_at=fill.now)
    fill.db.close()
    with running_site(path) as site:
        links = [link for link in Page(site.get("/topics").text).links() if link.startswith("/topic/")]
        assert len(links) == 3
        for link in links:
            assert site.get(link).status == 200, link


def test_a_page_that_breaks_says_so_with_all_headers(tmp_path: Path) -> None:
    path = tmp_path / "broken.db"
    fill_archive(path, utc_now())
    with running_site(path) as site:
        db = sqlite3.connect(path)
        db.execute("DROP TABLE duplicates")
        db.close()
        answer = site.get("/story/1")
        assert answer.status == 500
        assert answer.headers["content-security-policy"] == headers.POLICY
        assert "Traceback" not in answer.text and "duplicates" not in answer.text
        assert site.get("/").status == 200


def test_the_crawl_can_write_while_the_site_reads(site: Site, database: Path) -> None:
    db = open_archive(database)
    try:
        db.execute("INSERT INTO sources (id, name) VALUES ('late', 'Latecomer')")
        assert "Latecomer" in site.get("/sources").text
    finally:
        db.execute("DELETE FROM sources WHERE id = 'late'")
        db.close()


def test_an_empty_archive_says_what_to_do(tmp_path: Path) -> None:
    open_archive(tmp_path / "empty.db").close()
    with running_site(tmp_path / "empty.db") as site:
        assert "scrapy crawl news" in site.get("/").text
        for path in ("/stories", "/search?q=x", "/topics", "/sources", "/empty", "/empty/articles"):
            assert site.get(path).status == 200


def test_a_file_name_with_spaces_and_dots_works(tmp_path: Path) -> None:
    path = tmp_path / "my news.2018.db"
    fill_archive(path, utc_now())
    with running_site(path) as site:
        for link in (link for link in Page(site.get("/article/1").text).links() if link.startswith("/")):
            assert site.get(link).status == 200, link


def test_sql_is_in_one_place_and_templates_mark_nothing_safe() -> None:
    for template in (FOLDER / "templates").rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe\b|autoescape", text), template.name
        assert not re.search(r"\bselect\b.+\bfrom\b", text, re.IGNORECASE), template.name
        assert not re.search(r"\son\w+=|javascript:|<script", text, re.IGNORECASE), template.name


def test_configuration_names_real_tables_in_every_archive() -> None:
    config = app.site_config("any")
    tables = config["databases"]["any"]["tables"]
    assert set(tables) - {"_sqlite_migrations"} == set(DESCRIPTIONS)
    assert config["settings"]["default_allow_sql"] is config["settings"]["allow_download"] is False
    assert sys.modules["db.site"].FOLDER == FOLDER
