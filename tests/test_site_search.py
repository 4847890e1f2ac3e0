"""The search page over HTTP: what people type, and what nobody should."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from db.connection import transaction, utc_now
from db.site import app, searching
from db.site.searching import Results, read_request, search_archive
from tests.site_archive import Filler, fill_archive
from tests.site_process import Page, Site, running_site

ODD_QUERIES = [
    "AND",
    "OR OR",
    "NOT",
    "NEAR(",
    'unbalanced "quote',
    "don't",
    "covid-19",
    "a:b",
    "folded_title:x",
    "^start",
    "*",
    "x*",
    "(((",
    ")",
    "{}",
    "+",
    "' OR 1=1 --",
    '"; DROP TABLE articles; --',
    "\x00",
    "\x02mark\x03",
    "مسکو",
    "گفت‌وگو",
    "北京 会谈",
    "🦆",
    "\ud7ff\ufffe",
    "<script>alert(1)</script>",
    "%",
    "\\",
    "a" * 3000,
    "talks " * 400,
    "e\u0301",
    "-talks",
    "talks -ceasefire",
]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("site") / "watch.db"
    fill_archive(path, utc_now())
    return path


@pytest.fixture(scope="module")
def site(database: Path) -> Iterator[Site]:
    with running_site(database) as running:
        yield running


def test_search_escapes_what_it_marks(site: Site) -> None:
    text = site.get("/search?q=alert").text
    assert "&lt;script&gt;<mark>alert</mark>(&#39;title&#39;)" in text
    echoed = site.get("/search?q=" + quote('"><script>x</script>')).text
    assert "<script" not in echoed
    assert "&lt;script&gt;x&lt;/script&gt;" in echoed


@pytest.mark.parametrize("text", ODD_QUERIES)
@pytest.mark.parametrize("order", ["newest", "best"])
def test_odd_search_input_is_answered(site: Site, text: str, order: str) -> None:
    answer = site.get(f"/search?order={order}&q=" + quote(text, errors="replace"))
    assert answer.status == 200
    assert "cannot be understood" not in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "q=talks&before=x",
        "q=talks&before=-1",
        "q=talks&before=" + "9" * 40,
        "q=%ff%fe",
        "q=talks&order=drop",
        "q=a&q=b",
        "q=talks&source=%27",
        "q=talks&language=%00",
        "before=٣&q=talks",
    ],
)
def test_odd_parameters_are_answered(site: Site, query: str) -> None:
    assert site.get("/search?" + quote(query, safe="=&%")).status == 200


def test_search_finds_across_spellings_and_scripts(site: Site) -> None:
    arabic_letters = site.get("/search?q=" + quote("مسكو")).text
    assert "/article/3" in arabic_letters and "<mark>مسکو</mark>" in arabic_letters
    assert "/article/4" in arabic_letters
    digits = site.get("/search?q=" + quote("9 نوامبر")).text
    assert "<mark>۹</mark> <mark>نوامبر</mark>" in digits
    assert "/article/1" in site.get("/search?q=ENVOY").text
    assert "No article has all of these words" in site.get("/search?q=zebra").text


def test_search_narrows_by_source_and_language(site: Site) -> None:
    text = site.get("/search?q=talks&source=herat").text
    assert "/article/2" in text and "/article/1" not in text
    assert "/article/1" not in site.get("/search?q=talks&language=fa").text


def test_search_pages_backwards_without_repeats(tmp_path: Path) -> None:
    path = tmp_path / "many.db"
    fill = Filler(path, utc_now())
    fill.insert("sources", id="s", name="S")
    ids = [fill.article(f"Bulletin {n}", "Same words each time.", source="s", hours=n) for n in range(45)]
    fill.db.close()
    seen: list[int] = []
    with running_site(path) as site:
        url: str | None = "/search?q=words"
        while url:
            page = Page(site.get(url).text)
            seen += [int(link.rpartition("/")[2]) for link in page.links() if link.startswith("/article/")]
            url = next((link for link in page.links() if "before=" in link), None)
        stories = Page(site.get("/stories").text)
        assert any("before=" in link for link in stories.links())
    assert seen == sorted(ids, reverse=True)


def test_a_search_out_of_time_says_so_and_never_raises(tmp_path: Path) -> None:
    path = tmp_path / "slow.db"
    fill = Filler(path, utc_now())
    fill.insert("sources", id="s", name="S")
    body = " ".join(f"word{n}" for n in range(300))
    with transaction(fill.db):
        for number in range(800):
            fill.article(f"Bulletin {number}", body, source="s", hours=number)
    fill.db.close()

    async def ask(order: str, limit_ms: int) -> Results:
        site = app.build_site(path)
        try:
            return await search_archive(
                site.get_database("slow"), read_request({"q": "word*", "order": order}), limit_ms
            )
        finally:
            site.close()

    for order in ("newest", "best"):
        hurried = asyncio.run(ask(order, 1))
        assert hurried.trouble == "This search takes too long. Try a rarer word, or fewer filters." or hurried.unranked
    assert asyncio.run(ask("best", 300_000)).unranked is False
    assert len(asyncio.run(ask("newest", 300_000)).hits) == 20


def test_the_count_is_of_all_answers_on_every_page(tmp_path: Path) -> None:
    path = tmp_path / "many.db"
    fill = Filler(path, utc_now())
    fill.insert("sources", id="s", name="S")
    for n in range(45):
        fill.article(f"Bulletin {n}", "Same words each time.", source="s", hours=n)
    fill.db.close()

    async def ask(**args: str) -> Results:
        site = app.build_site(path)
        try:
            return await search_archive(site.get_database("many"), read_request({"q": "wor*", **args}))
        finally:
            site.close()

    first = asyncio.run(ask())
    assert (first.n, len(first.hits), first.next_before) == (45, 20, 26)
    second = asyncio.run(ask(before="26"))
    assert (second.n, second.hits[0].row["id"]) == (45, 25)
    best = asyncio.run(ask(order="best"))
    assert (best.n, len(best.hits)) == (45, 20)
    assert asyncio.run(ask(source="s")).n is None
    assert asyncio.run(ask(q="absent")).n == 0
    assert ("mark", "words") in first.hits[0].excerpt


def test_a_wide_beginning_is_looked_for_in_the_newest_articles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "wide.db"
    fill = Filler(path, utc_now())
    fill.insert("sources", id="s", name="S")
    fill.insert("sources", id="other", name="Other")
    with transaction(fill.db):
        ids = [
            fill.article(f"Wordy {n}", "Talks." if n % 3 else "A word.", source="other" if n % 6 else "s", hours=n)
            for n in range(120)
        ]
    fill.db.close()
    monkeypatch.setattr(searching, "LOOKED_AT", 50)

    async def ask(args: dict[str, str], private: bool = False) -> Results:
        site = app.build_site(path, private_bodies=private)
        try:
            return await search_archive(site.get_database("wide"), read_request(args))
        finally:
            site.close()

    async def list_all(args: dict[str, str]) -> list[int]:
        seen: list[int] = []
        before: int | None = searching.LAST_ID
        while before:
            found = await ask({**args, "before": str(before)})
            seen += [hit.row["id"] for hit in found.hits]
            before = found.next_before
        return seen

    newest = asyncio.run(ask({"q": "wordy*"}))
    assert (newest.n, len(newest.hits), newest.hits[0].row["id"]) == (None, 20, ids[-1])
    assert ("mark", "Wordy") in newest.hits[0].title
    assert asyncio.run(list_all({"q": "wordy*"})) == ids[::-1]
    without = [i for n, i in enumerate(ids) if n % 3 == 0]
    assert asyncio.run(list_all({"q": "wordy* -talks"})) == without[::-1]
    assert asyncio.run(list_all({"q": "wordy*", "source": "s"})) == [i for n, i in enumerate(ids) if n % 6 == 0][::-1]
    best = asyncio.run(ask({"q": "wordy*", "order": "best"}))
    assert best.unranked and [hit.row["id"] for hit in best.hits] == ids[:-21:-1]
    rare = asyncio.run(ask({"q": "wordier*"}))
    assert (rare.n, rare.hits, rare.words) == (0, (), (("wordier*", 0),)), "the index reads what is rare to its end"
    private = asyncio.run(ask({"q": "wordy*"}, private=True))
    assert (private.n, len(private.hits)) == (120, 20), "counted by the index, which private texts do not hinder"


def test_an_excerpt_is_looked_for_in_no_more_than_the_beginning_of_a_giant(tmp_path: Path) -> None:
    """A page of a hostile outlet is in every search; its words are folded one by one."""
    path = tmp_path / "giant.db"
    fill_archive(path)
    fill = Filler(path)
    fill.made = 50
    reach = searching.EXCERPT_REACH
    for title, place in (("Near", reach // 2), ("Far", 3 * reach)):
        fill.article(title, f"{'Much ado. ' * (place // 10)} quokka {'Much ado. ' * (3 * reach // 10)}")
    fill.db.close()
    found = asyncio.run(search_archive(app.build_site(path).get_database(), read_request({"q": "quokka"})))
    marked = {hit.row["title"]: ("mark", "quokka") in hit.excerpt for hit in found.hits}
    assert marked == {"Near": True, "Far": False}
    assert all("".join(text for _, text in hit.excerpt).count("Much ado") > 3 for hit in found.hits)


def test_the_page_calls_its_order_what_it_is(tmp_path: Path) -> None:
    """What an archive brought in late is old and has arrived last: "newest first" would look like a mistake."""
    path = tmp_path / "late.db"
    fill_archive(path)
    fill = Filler(path)
    fill.made = 50
    for title, hours in (("Quokka seen again", 2), ("Quokka seen first", 900)):
        fill.article(title, "A quokka.", hours=hours)
    fill.db.close()
    text = asyncio.run(app.build_site(path).client.get("/search?q=quokka")).text
    assert text.index("seen first") < text.index("seen again")
    assert "last arrived first" in text and "newest first" not in text
