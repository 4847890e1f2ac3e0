"""Feeds and exports: pure parts by laws, addresses on the real app."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.connection import open_archive
from db.site.app import build_site
from db.site.exports import guard_cell, is_unchanged, sign_body, write_csv, write_json
from db.site.feeds import Entry, Feed, clean_text, mint_tag, render_feed
from tests.site_archive import HOSTILE_TITLE, PERSIAN_TITLE, fill_archive

ATOM = "{http://www.w3.org/2005/Atom}"
ANY_TEXT = st.text(st.characters(exclude_categories=()))  # control characters and lone surrogates too
Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    path = tmp_path_factory.mktemp("feeds") / "watch.db"
    fill_archive(path)
    db = open_archive(path)
    db.execute("UPDATE articles SET title = '=HYPERLINK(\"http://evil.example\")' WHERE id = 7")
    db.close()

    return ask_site(path)


def ask_site(path: Path) -> Ask:
    """Returns what asks the site over an archive for an address."""

    def asked(address: str, **headers: str) -> Any:
        # A new site each time: its threads belong to one event loop.
        return asyncio.run(build_site(path).client.get(address, headers=headers))

    return asked


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, st.one_of(st.none(), ANY_TEXT))
def test_any_text_gives_a_wellformed_feed(title: str, url: str, summary: str, language: str | None) -> None:
    entry = Entry("tag:x,2026:1", title, url, "2026-01-01T00:00:00Z", None, url, (title,), title, summary, language)
    root = ElementTree.fromstring(render_feed(Feed("tag:x,2026:0", title, url, url, "2026-01-01T00:00:00Z", [entry])))
    found = root.find(f"{ATOM}entry/{ATOM}summary")
    kept = re.sub("\r\n?", "\n", clean_text(summary))  # as every parser reads them (XML 1.0, 2.11)
    assert kept == (found.text or "" if found is not None else "")
    assert root.findtext(f"{ATOM}title")
    for name in ("id", "title", "updated"):
        assert len(root.findall(f"{ATOM}entry/{ATOM}{name}")) == 1


def test_an_empty_feed_is_a_feed() -> None:
    parsed = feedparser.parse(render_feed(Feed("tag:x,2026:0", "", "http://a/", "http://b/", "2026-01-01T00:00:00Z")))
    assert not parsed.bozo and parsed.entries == [] and parsed.version == "atom10"


@given(st.lists(ANY_TEXT, min_size=1))
def test_tags_are_uris(path: list[str]) -> None:
    tag = mint_tag("abc", "2026-11-22", *path)
    assert re.fullmatch(r"tag:parley\.invalid,2026-11-22:abc/[A-Za-z0-9_.~%/-]*", tag)


@given(st.lists(st.lists(st.one_of(ANY_TEXT, st.integers(), st.none(), st.floats()), min_size=2, max_size=2)))
def test_no_cell_begins_a_formula(rows: list[list[Any]]) -> None:
    text = write_csv(["=head", "b"], rows).decode()
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert len(read) == len(rows) + 1
    for cells, values in zip(read, [["=head", "b"], *rows], strict=True):
        for cell, value in zip(cells, values, strict=True):
            if isinstance(value, str):
                assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
                assert cell.removeprefix("'") == value.replace("\0", "").encode(
                    "utf-8", "replace"
                ).decode().removeprefix("'")


@pytest.mark.parametrize("text", ["=1+1", "+49", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1"])
def test_text_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert guard_cell(text) == guard_cell(f"\0{text}") == f"'{text}"


def test_numbers_stay_numbers_and_lists_are_json() -> None:
    assert [guard_cell(value) for value in (-3, -0.5, None, "", "a=b")] == [-3, -0.5, None, "", "a=b"]
    assert guard_cell(["=a"]) == '["=a"]'


@given(ANY_TEXT)
def test_json_holds_any_text(text: str) -> None:
    assert json.loads(write_json({"a": text}))["a"] == text


def test_validators_follow_rfc_9110() -> None:
    validators = sign_body(b"abc", datetime(2026, 11, 22, 10, 0, 0, 5, tzinfo=UTC))
    assert validators.last_modified == "Sun, 22 Nov 2026 10:00:00 GMT"
    old, same, later = (f"Sun, 22 Nov 2026 {hour}:00:00 GMT" for hour in ("09", "10", "11"))
    assert [is_unchanged(validators, None, date) for date in (None, "rot", old, same, later)] == [False] * 3 + [
        True
    ] * 2
    for tags in (validators.etag, f"W/{validators.etag}", f'"x", {validators.etag}', "*"):
        assert is_unchanged(validators, tags, old)
    assert not is_unchanged(validators, '"x"', later), "an ETag decides alone"
    assert sign_body(b"abd").etag != validators.etag and sign_body(b"abc").etag == validators.etag


FEEDS = ["/stories.atom", "/topic/moscow-talks.atom", "/topic/gone.atom", "/source/herat.atom", "/search.atom?q=talks",
         "/search.atom?q=nothinglikeit", "/search.atom", "/search.atom?q=%00%01%22*&source=%ff",
         "/entity/moscow-talks/envoy.atom"]  # fmt: skip


@pytest.mark.parametrize("address", FEEDS)
def test_feeds_are_valid_and_ask_again_costs_nothing(ask: Ask, address: str) -> None:
    answer = ask(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    parsed = feedparser.parse(answer.content)
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert {link.rel for link in parsed.feed.links} == {"self", "alternate"}
    assert parsed.feed.id.startswith("tag:parley.invalid,") and parsed.feed.updated_parsed
    assert [entry.id for entry in parsed.entries] == list(dict.fromkeys(entry.id for entry in parsed.entries))
    for entry in parsed.entries:
        assert entry.updated_parsed and entry.title and entry.author
        assert {link.rel: link.href for link in entry.links}["alternate"].startswith("http://localhost/story/")
    for name, value in (
        ("If-None-Match", answer.headers["etag"]),
        ("If-Modified-Since", answer.headers["last-modified"]),
    ):
        again = ask(address, **{name: value})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == answer.headers["etag"]
    assert ask(address, **{"If-None-Match": '"other"'}).status_code == 200


def test_copies_of_one_story_are_one_entry_and_its_id_does_not_depend_on_the_address(ask: Ask) -> None:
    topic, search = (
        feedparser.parse(ask(path).content) for path in ("/topic/moscow-talks.atom", "/search.atom?q=envoy")
    )
    assert [entry.title for entry in topic.entries] == [PERSIAN_TITLE, "Envoy reports progress in Moscow talks"]
    there = feedparser.parse(ask("/topic/moscow-talks.atom", Host="news.example").content)
    assert {entry.id for entry in there.entries} == {entry.id for entry in topic.entries}
    assert {entry.id for entry in search.entries} <= {entry.id for entry in topic.entries}
    assert there.entries[0].link.startswith("http://news.example/")


def test_markup_of_a_headline_is_text_in_a_feed(ask: Ask) -> None:
    root = ElementTree.fromstring(ask("/source/tribune.atom").content)
    assert root.findtext(f"{ATOM}entry/{ATOM}title") == HOSTILE_TITLE.strip()


LISTS = ["/stories", "/topic/moscow-talks", "/source/steppe", "/search?q=talks", "/story/1", "/topics", "/entities",
         "/sources", "/timeline", "/entity/moscow-talks/envoy"]  # fmt: skip


@pytest.mark.parametrize("address", LISTS)
def test_json_and_csv_hold_the_same_rows(ask: Ask, address: str) -> None:
    path, _, query = address.partition("?")
    found, sheet = ask(f"{path}.json?{query}"), ask(f"{path}.csv?{query}")
    rows = found.json()["rows"]
    assert rows and found.json()["page"].startswith(f"http://localhost{path}")
    assert sheet.headers["content-disposition"].startswith("attachment")
    read = list(csv.DictReader(io.StringIO(sheet.text, newline="")))
    assert len(read) == len(rows) and list(read[0]) == list(rows[0])
    assert ask(f"{path}.csv?{query}", **{"If-None-Match": sheet.headers["etag"]}).status_code == 304


@pytest.mark.parametrize("path", ["/stories", "/source/steppe", "/search", "/topic/moscow-talks"])
def test_a_list_goes_on_behind_next_until_it_ends(ask: Ask, path: str) -> None:
    whole = [row["id"] for row in ask(f"{path}.json?q=the").json()["rows"]]
    assert len(whole) == len(set(whole)) > 1
    seen: list[int] = []
    address: str | None = f"{path}.json?q=the&size=1"
    while address:
        answer = ask(address)
        seen += [row["id"] for row in answer.json()["rows"]]
        address = (answer.json()["next"] or "").removeprefix("http://localhost") or None
        assert ("link" in answer.headers) == bool(address) and len(seen) <= len(whole)
    assert seen == whole


@pytest.mark.parametrize(
    "path", ["/watch/articles.csv", "/watch/articles.csv?_labels=on&_stream=on&_dl=1", "/watch/articles/7.csv",
             "/watch/articles.csv?_trace=1", "/topic/moscow-talks.csv?show=review", "/search.csv?q=debated"]
)  # fmt: skip
def test_formulas_are_quoted_in_every_csv(ask: Ask, path: str) -> None:
    answer = ask(path)
    assert answer.headers["content-type"].startswith("text/csv")
    cells = [cell for row in csv.reader(io.StringIO(answer.text, newline="")) for cell in row]
    assert '\'=HYPERLINK("http://evil.example")' in cells
    assert not [cell for cell in cells if cell.startswith(("=", "@", "+"))]


def test_csv_of_a_table_follows_its_filters_and_pages(ask: Ask) -> None:
    first = ask("/watch/articles.csv?_size=3&source_id=steppe")
    rows = list(csv.DictReader(io.StringIO(first.text)))
    assert len(rows) == 3 and {row["source_id"] for row in rows} == {"steppe"}
    following = re.fullmatch(r'<http://localhost(.+)>; rel="next"', first.headers["link"])
    assert following
    more = list(csv.DictReader(io.StringIO(ask(following[1]).text)))
    assert more and not {row["id"] for row in rows} & {row["id"] for row in more}
    assert ask("/watch/articles.csv?id=999").text.count("\r\n") == 1, "the head line alone"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/topic/none.atom", 404),
        ("/source/none.csv", 404),
        ("/story/99.json", 404),
        ("/story/99999999999999999999.json", 404),
        ("/entity/moscow-talks/no.json", 404),
        ("/article/99.json", 404),
        ("/topic/~00.json", 404),
        ("/watch/none.csv", 404),
        ("/watch/articles/99.csv", 404),
        ("/watch/articles.yaml", 404),
        ("/watch/articles.blob", 404),
        ("/watch/articles.csv?_where=1", 403),
        ("/watch/-/query.csv?sql=select+1", 403),
        ("/stories.json?size=x&before=-1", 200),
        (f"/stories.json?size={'9' * 5000}", 200),
        ("/search.json?q=-", 200),
        ("/search.json?q=" + "a" * 5000, 200),
    ],
)
def test_odd_addresses_have_their_answer(ask: Ask, path: str, status: int) -> None:
    assert ask(path).status_code == status


def test_an_article_is_json_too(ask: Ask) -> None:
    article = ask("/article/1.json").json()
    assert article["authors"] == ["Ana Petrova", "J. Doe"] and article["body"].startswith("The envoy said")
