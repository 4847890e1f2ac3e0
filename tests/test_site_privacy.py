"""Private bodies: whatever address is asked, the site gives no more of a text than its beginning."""

from __future__ import annotations

import asyncio
import base64
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, urljoin

import pytest
from datasette.app import Datasette

from db.connection import open_archive, utc_now
from db.folding import fold
from db.site.app import build_site
from db.site.privacy import PRIVATE_COLUMNS, hide_bodies
from tests.site_archive import Filler, fill_archive
from tests.site_process import Page, running_site

ASKED = "wolfram"
"""A word of the hidden half that readers search for; pages repeat what they were asked."""
SECRET = "Zinnober"
"""A word beside it, in the body, its folded form, the revision and the index: nobody asks for it."""
OPEN = "Everybody may read how this article begins. " * 30
BODY = f"{OPEN}\n\nThe second half speaks of {ASKED} {SECRET} and of nothing else. {'It goes on. ' * 120}"
FORMS = (SECRET, SECRET.lower(), base64.b64encode(SECRET.lower().encode()).decode().rstrip("="))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("private") / "watch.db"
    now = utc_now()
    fill_archive(path, now)
    fill = Filler(path, now)
    fill.made = 50
    ids = [fill.article(f"A long report, part {n}", BODY.replace("nothing", f"nothing {n}"), hours=2) for n in (1, 2)]
    fill.story(*ids)
    fill.match("moscow-talks", ids[0], 0.9)
    fill.insert(
        "revisions", article_id=ids[0], number=1, seen_at=now, title="An earlier headline", body=BODY[:-50],
        content_hash="x", kind="correction", words_added=3, words_removed=4, numbers_changed=1,
    )  # fmt: skip
    line = fill.insert("site_lines", source_id="steppe", place="below", line=SECRET, first_seen_at=now, learned_at=now)
    fill.insert("removed_lines", article_id=ids[0], position=1, site_line_id=line)
    fill.db.close()
    return path


@pytest.fixture(scope="module")
def article_id(database: Path) -> int:
    with closing(sqlite3.connect(database)) as db:
        return int(db.execute("SELECT min(id) FROM articles WHERE title LIKE 'A long report%'").fetchone()[0])


_PRIVATE_TABLES = {table for table, _ in PRIVATE_COLUMNS} | {"article_text_fts", "teasers", "articles"}


def _table_addresses(database: Path, article_id: int) -> Iterable[str]:
    """Yields Datasette's addresses of every table and view, in every form, asking for private columns in every way."""
    with closing(sqlite3.connect(database)) as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
        columns = {table: [row[1] for row in db.execute(f"PRAGMA table_info({table})")] for table in tables}
    for table in tables:
        yield from (f"/watch/{table}{form}" for form in ("", ".json", ".csv", ".blob", ".yaml", "/-/schema"))
        for shape in ("array", "arrays", "arrayfirst", "object", "objects"):
            yield f"/watch/{table}.json?_shape={shape}&_size=max"
        yield from (
            f"/watch/{table}{query}"
            for query in (".json?_nl=on&_shape=array", ".csv?_stream=on&_size=max", ".csv?_labels=on", ".csv?_trace=1",
                          ".json?_extra=query,count_sql,facet_results,display_rows,debug", f"?_search={ASKED}",
                          f".json?_search={ASKED}&_shape=array", "?_size=max&_labels=on")
        )  # fmt: skip
        for column in columns[table] if table in _PRIVATE_TABLES else ():
            name = quote(column)
            yield from (
                f"/watch/{table}.{form}?{query}"
                for form in ("json", "csv")
                for query in (f"_col={name}", f"_sort={name}", f"_sort_desc={name}&_size=1", f"_facet={name}",
                              f"{name}__contains={ASKED}", f"{name}__like=%25{ASKED}%25", f"{name}__notblank=1",
                              f"_search_{name}={ASKED}", f"_facet_array={name}", f"_facet_size=max&_facet={name}")
            )  # fmt: skip
            yield f"/watch/{table}?_facet={name}"
            yield f"/watch/{table}/{article_id}.blob?_blob_column={name}"
        for key in (article_id, 1, 2, 3):
            yield from (f"/watch/{table}/{key}{form}" for form in ("", ".json", ".csv", ".json?_shape=array"))
    through = quote('{"table": "article_text", "column": "id", "value": "1"}')
    yield f"/watch/articles.json?_through={through}"


def _own_addresses(article_id: int) -> Iterable[str]:
    """Yields our pages and their feeds and exports, and Datasette's pages about itself."""
    yield from ("/", "/?show=all", "/stories", "/sources", "/topics", "/entities", "/timeline", "/review", "/runs")
    for form in ("", ".atom", ".json", ".csv"):
        for order in ("newest", "best"):
            yield f"/search{form}?q={ASKED}&order={order}"
        yield from (f"/stories{form}", f"/topic/moscow-talks{form}", f"/source/steppe{form}", f"/sources{form}")
        yield from (f"/article/{article_id}{form}", f"/entity/moscow-talks/envoy{form}")
        yield from (f"/story/{n}{form}" for n in range(8, 13))
    sql = quote("with teasers as (select body from article_text) select * from teasers")
    yield from (f"/watch{form}?sql={sql}" for form in ("", ".json", ".csv"))
    yield from (f"/watch/-/query{form}?sql={sql}" for form in ("", ".json", ".csv"))
    shut = ("databases", "plugins.json", "config", "schema", "schema.json", "search?q=a", "jump.json?q=a", "threads")
    yield from (f"/-/{page}" for page in shut)  # fmt: skip
    yield from ("/watch/-/schema", "/watch/-/schema.json", "/watch/-/queries", "/watch.db", "/_memory", "/_internal")
    yield from (f"/watch/article_text/-/{page}" for page in ("schema", "fragment", "autocomplete?q=a", "facet"))
    yield f"/article/{article_id}/raw"


async def _ask_all(site: Datasette, addresses: Iterable[str]) -> tuple[dict[str, int], list[str]]:
    """Returns the status of every address and what our pages link to, and the addresses that tell the secret."""
    waiting = list(dict.fromkeys(addresses))
    given = set(waiting)
    status: dict[str, int] = {}
    leaking = []
    while waiting:
        address = waiting.pop()
        answer = await site.client.get(address, follow_redirects=False)
        status[address] = answer.status_code
        if any(form in answer.text or form.encode() in answer.content for form in FORMS):
            leaking.append(address)
        if address in given and not address.startswith("/watch/") and "html" in answer.headers.get("content-type", ""):
            for link in Page(answer.text).links():
                target = urljoin(address, link).split("#")[0]
                if target.startswith("/") and target not in status and len(status) + len(waiting) < 2500:
                    waiting.append(target)
    return status, leaking


def test_nothing_leaks_from_any_address(database: Path, article_id: int) -> None:
    addresses = [*_own_addresses(article_id), *_table_addresses(database, article_id)]
    status, leaking = asyncio.run(_ask_all(build_site(database, private_bodies=True), addresses))
    assert leaking == []
    assert sum(code == 200 for code in status.values()) > 500, "most of them are real pages"
    failed = [address for address, code in status.items() if code >= 500 and "_facet_array" not in address]
    assert failed == [], "but for Datasette's facets of arrays, which fail on what is no JSON"


def test_the_same_addresses_show_the_text_where_it_is_not_private(database: Path, article_id: int) -> None:
    addresses = [f"/article/{article_id}", f"/article/{article_id}.json", "/watch/article_text.csv",
                 "/watch/revisions.json?_shape=array", "/watch/article_text_fts_data.json"]  # fmt: skip
    status, leaking = asyncio.run(_ask_all(build_site(database), addresses))
    assert {address for address in addresses if address in leaking} == set(addresses) - {
        "/watch/article_text_fts_data.json"
    }, status


@pytest.mark.parametrize("column", ["body", "folded"])
def test_filters_on_a_private_column_find_nothing(database: Path, column: str) -> None:
    async def count(condition: str) -> int:
        site = build_site(database, private_bodies=True)
        answer = await site.client.get(f"/watch/article_text.json?_shape=array&{column}__{condition}")
        return len(answer.json())

    assert asyncio.run(count("contains=e")) == asyncio.run(count("notnull=1")) == asyncio.run(count("gt=")) == 0


def test_search_goes_on_and_shows_the_beginning(database: Path, article_id: int) -> None:
    async def ask(path: str) -> str:
        return str((await build_site(database, private_bodies=True).client.get(path)).text)

    found = asyncio.run(ask(f"/search?q={ASKED}"))
    assert f'href="/article/{article_id}"' in found and "Everybody may read" in found
    article = asyncio.run(ask(f"/article/{article_id}"))
    assert "Everybody may read" in article and "This site shows only how articles begin" in article
    assert "correction" in article, "that it changed is told"


def test_no_question_hears_the_order_of_words(database: Path) -> None:
    """Else a text is read through the index: `"half speaks of a"`, `"half speaks of b"`... until one answers."""

    async def ask(site: Datasette, phrase: str) -> list[object]:
        query = quote(f'"{phrase}"')
        answers = [await site.client.get(f"/search.{form}?q={query}&size=500") for form in ("json", "csv")]
        pages = [await site.client.get(f"/search?q={query}&order={order}") for order in ("newest", "best")]
        links = [link for page in pages for link in Page(page.text).links() if link.startswith("/article/")]
        return [[row["id"] for row in answers[0].json()["rows"]], answers[1].text, links]

    private, whole = build_site(database, private_bodies=True), build_site(database)
    told, other = "half speaks of wolfram", "wolfram half of speaks"
    assert asyncio.run(ask(private, told)) == asyncio.run(ask(private, other))
    assert asyncio.run(ask(private, told))[0] == asyncio.run(ask(whole, told))[0] != []
    assert asyncio.run(ask(whole, other))[0] == [], "where bodies are not private a phrase is a phrase"


@pytest.mark.parametrize(
    "address",
    [
        "article_text_fts",
        "article_text_fts?_search={}",
        "article_text_fts.json?_search=%22{}%22&_searchmode=raw",
        "article_text_fts.csv?_search_folded={}",
        "article_text_fts.json?article_text_fts=%22{}%22",
        "article_text_fts?article_text_fts__exact={}",
        "article_text_fts/1.json",
    ],
)
def test_the_index_is_no_table_of_a_site_with_private_bodies(database: Path, address: str) -> None:
    async def ask(site: Datasette) -> int:
        return int((await site.client.get("/watch/" + address.format(ASKED))).status_code)

    assert asyncio.run(ask(build_site(database, private_bodies=True))) == 403
    assert asyncio.run(ask(build_site(database))) == 200


def test_a_site_with_private_bodies_offers_nothing_that_it_refuses(database: Path) -> None:
    async def ask(site: Datasette) -> list[str]:
        return [str((await site.client.get(path)).text) for path in ("/search", "/watch")]

    search, tables = asyncio.run(ask(build_site(database, private_bodies=True)))
    assert "keep a phrase together" not in search and "_fts" not in tables
    search, tables = asyncio.run(ask(build_site(database)))
    assert "keep a phrase together" in search and "_fts" in tables


def test_private_columns_are_those_of_the_archive(tmp_path: Path) -> None:
    db = open_archive(tmp_path / "a.db")
    known = {(table, row[1]) for table in db.table_names() for row in db.execute(f"PRAGMA table_info({table})")}
    assert known >= PRIVATE_COLUMNS
    names = {"body", "folded", "text", "block", "term", "line", "shingles", "numbers"}
    wordy = {(table, column) for table, column in known if column in names and not table.endswith("_fts")}
    assert wordy | {("fingerprints", "hash")} == PRIVATE_COLUMNS, (
        "a new column with texts of articles must be private too"
    )


def test_a_view_or_trigger_on_bodies_is_no_way_around(tmp_path: Path) -> None:
    path = tmp_path / "views.db"
    ids = fill_archive(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE VIEW leak AS SELECT id, body || '' AS text FROM article_text")
        hide_bodies(db)
        read = "SELECT {} FROM {} WHERE id = ?"
        assert db.execute(read.format("text", "leak"), (ids["lead"],)).fetchone() == (None,)
        assert db.execute(read.format("max(body), count(folded)", "article_text"), (ids["lead"],)).fetchone() == (
            None,
            0,
        )
        teaser = db.execute(read.format("teaser", "teasers"), (ids["lead"],)).fetchone()[0]
        assert teaser.startswith("The envoy") and len(teaser) < 60
        with pytest.raises(sqlite3.DatabaseError, match="authorized"):
            db.execute("ATTACH ? AS other", (str(path),))
        word = fold("Moscow")
        hits = db.execute("SELECT count(*) FROM article_text_fts WHERE article_text_fts MATCH ?", (word,)).fetchone()
        assert hits[0] >= 2


@pytest.mark.parametrize("option", [["--private-bodies"], ["-s", "PRIVATE_BODIES=1"]])
def test_the_command_takes_it_as_option_and_as_setting(database: Path, article_id: int, option: list[str]) -> None:
    with running_site(database, *option) as site:
        assert SECRET not in site.get(f"/article/{article_id}").text
        assert SECRET not in site.get("/watch/article_text.csv").text
