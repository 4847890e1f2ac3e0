"""Whole pages through ``extract``: golden pages, pages that hold no article, encodings, hints."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import Article
from pipelines.extract import drop_echo, extract, warm_up
from pipelines.fragments import split_lines
from pipelines.page import NoArticle, Page

PAGES = Path(__file__).parent / "pages"
STORY = (
    "The council met on Monday and agreed to mend the old bridge before winter. "
    "Nobody spoke against the plan, though two members asked who would pay for it. "
)


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    warm_up()


def make_page(body: str | bytes, url: str = "https://news.example/town/bridge-story", **fields: Any) -> Page:
    raw = body.encode() if isinstance(body, str) else body
    given_fields: dict[str, Any] = {"status": 200, "headers": (), "fetched_at": "2026-01-01T00:00:00Z", **fields}
    return Page(url=url, final_url=url, body=raw, **given_fields)


def read_article(body: str | bytes, **fields: Any) -> Article:
    result = extract(make_page(body, **fields))
    assert isinstance(result, Article), result
    return result


def refuse(body: str | bytes, **fields: Any) -> NoArticle:
    result = extract(make_page(body, **fields))
    assert isinstance(result, NoArticle), result
    return result


@pytest.mark.parametrize("name", sorted(path.stem for path in PAGES.glob("*.json")))
def test_golden_page(name: str) -> None:
    expected = json.loads((PAGES / f"{name}.json").read_text(encoding="utf-8"))
    result = read_article((PAGES / f"{name}.html").read_bytes(), url=expected.pop("url"))
    for text in expected.pop("has"):
        assert text in result.body
    for text in expected.pop("lacks"):
        assert text not in result.body
    expected["authors"] = tuple(expected["authors"])
    assert {key: getattr(result, key) for key in expected} == expected
    assert not result.body.startswith(result.title)
    assert result.word_count > 0


def test_same_page_gives_the_same_article() -> None:
    page = make_page((PAGES / "graph.html").read_bytes())
    assert extract(page) == extract(page)


# ---- encodings ------------------------------------------------------------------------------------------------------


def write_german(charset: str | None) -> str:
    meta = f'<meta charset="{charset}">' if charset else ""
    text = "Die Brücke über den Fluß wird im März für drei Wochen gesperrt, teilte die Gemeinde mit. " * 4
    head = f"<head>{meta}<title>Brücke gesperrt</title></head>"
    return f"<html>{head}<body><h1>Brücke gesperrt</h1><p>{text}</p></body></html>"


@pytest.mark.parametrize(
    ("encoding", "declared", "header"),
    [
        ("utf-8", "utf-8", None),
        ("utf-8", None, None),
        ("utf-8", "iso-8859-1", "text/html; charset=iso-8859-1"),
        ("cp1252", "iso-8859-1", None),
        ("cp1252", None, "text/html; charset=windows-1252"),
        ("cp1252", None, None),
        ("utf-8-sig", None, "text/html; charset=iso-8859-1"),
        ("utf-16", None, None),
        ("utf-16-le", None, "text/html; charset=utf-16le"),
    ],
)
def test_page_is_decoded(encoding: str, declared: str | None, header: str | None) -> None:
    headers = (("Content-Type", header),) if header else ()
    article = read_article(write_german(declared).encode(encoding), headers=headers)
    assert article.title == "Brücke gesperrt"
    assert "über den Fluß wird im März" in article.body
    assert article.language == "de"


def test_russian_in_its_old_charset() -> None:
    text = "Мост через реку закроют на три недели, сообщила администрация города в понедельник. " * 4
    html = (
        f'<html><head><meta charset="windows-1251"><title>Мост закроют</title></head><body><p>{text}</p></body></html>'
    )
    article = read_article(html.encode("cp1251"))
    assert (article.title, article.language) == ("Мост закроют", "ru")
    assert "сообщила администрация города" in article.body


@pytest.mark.parametrize("junk", ["\x00", "\ufffe", "\uffff", "\x0b", "&#0;", "&#x1;", "&#11;", "&#xFFFE;", "&#xD800;"])
def test_forbidden_characters_cost_nothing(junk: str) -> None:
    article = read_article(f"<html><body><article><p>{junk}{STORY}{junk}</p><p>{STORY * 3}</p></article></body></html>")
    assert "agreed to mend the old bridge" in article.body
    assert all(char not in article.body for char in "\x00\ufffe\uffff\x0b\x01")


def test_lone_surrogates_are_dropped() -> None:
    body = b"<html><body><article><p>\xed\xa0\x80" + (STORY * 4).encode() + b"</p></article></body></html>"
    assert read_article(body).body.startswith("The council met")


# ---- no article -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "empty"),
        (b" \r\n\t ", "empty"),
        (b"<html><body></body></html>", "no text"),
        (b"<html><body><p>Coming soon.</p></body></html>", "words of text"),
        (b"%PDF-1.7 binary", "PDF"),
        (b"\x89PNG\r\n\x1a\n0000", "image"),
        (b'<?xml version="1.0"?><rss version="2.0"><channel></channel></rss>', "feed"),
        (b'{"error": "no such page"}', "JSON"),
        (bytes(range(32)) * 200, "binary"),
    ],
)
def test_what_is_no_page_is_no_article(body: bytes, word: str) -> None:
    result = refuse(body)
    assert result.fate == "not_article"
    assert word in result.reason


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Page not found", "Sorry, the page you were looking for could not be found. Try the search or go home."),
        (
            "404 - Seite nicht gefunden",
            "Die gewünschte Seite wurde leider nicht gefunden. Bitte nutzen Sie die Suche oben.",
        ),
        (
            "Page introuvable",
            "La page que vous cherchez n’existe plus ou a été déplacée. Retournez à la page d’accueil.",
        ),
        ("Página no encontrada", "La página que busca no existe o ha sido movida a otro lugar. Vuelva a la portada."),
        (
            "Страница не найдена",
            "Запрошенная вами страница не найдена. Попробуйте начать поиск с главной страницы сайта.",
        ),
        ("صفحه یافت نشد", "صفحه مورد نظر شما یافت نشد. لطفا به صفحه اصلی برگردید و دوباره جستجو کنید."),
        ("الصفحة غير موجودة", "عذرا الصفحة التي تبحث عنها غير موجودة، يرجى العودة إلى الصفحة الرئيسية أو البحث."),
    ],
)
def test_soft_404_is_no_article(title: str, text: str) -> None:
    result = refuse(f"<html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>")
    assert result.fate == "not_article"
    assert "gone" in result.reason


@pytest.mark.parametrize(
    ("title", "text"),
    [
        (
            "Just a moment...",
            "Checking your browser before you can enter the site. This takes only a few seconds, please wait.",
        ),
        (
            "Before you continue",
            "We and our partners use cookies to show you advertising. Accept all or manage your choices here.",
        ),
        (
            "Datenschutzeinstellungen",
            "Wir verwenden Cookies und bitten um Ihre Zustimmung, bevor Sie die Seite weiter nutzen können.",
        ),
        (
            "Sign in to continue",
            "Please sign in to continue reading this page. You can also create a new account with us for free.",
        ),
    ],
)
def test_wall_is_no_article(title: str, text: str) -> None:
    result = refuse(f"<html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>")
    assert (result.fate, "consent" in result.reason) == ("not_article", True)


@pytest.mark.parametrize("second", ["<h2 class='head__subline'>{}</h2>", "<p itemprop='alternativeHeadline'>{}</p>"])
def test_a_second_headline_is_no_text_of_the_story(second: str) -> None:
    line = "The masons will begin in October and hope for a low river"
    story = "".join(f"<p>{STORY} Arch {number}.</p>" for number in range(1, 7))
    html = f"<html><body><article><h1>The bridge is mended</h1>{second.format(line)}{story}</article></body></html>"
    assert read_article(html).body.startswith(STORY.split(".")[0])
    plain = html.replace("itemprop", "data-x").replace("head__subline", "head__text")
    assert read_article(plain).body.startswith(line)


def test_story_about_a_404_stays() -> None:
    article = read_article(
        "<html><head><title>Why the page not found error became art</title></head>"
        f"<body><article><p>{STORY * 6}</p></article></body></html>"
    )
    assert article.title == "Why the page not found error became art"


def test_list_of_links_is_no_article() -> None:
    items = "".join(
        f'<p><a href="/n/{n}">Number {n} of the stories that were told in the town this week</a></p>' for n in range(40)
    )
    result = refuse(f"<html><head><title>All stories</title></head><body><main>{items}</main></body></html>")
    assert "list of links" in result.reason


def test_front_page_with_text_of_its_own_stays() -> None:
    links = "".join(f'<p><a href="/n/{n}">Story number {n} of this week</a></p>' for n in range(10))
    article = read_article(f"<html><body><main><h1>Our town</h1><p>{STORY * 5}</p>{links}</main></body></html>")
    assert article.title == "Our town"


@pytest.mark.parametrize("status", [403, 404, 410, 500, 503])
def test_error_status_is_no_article(status: int) -> None:
    assert (
        str(status) in refuse(f"<html><body><article><p>{STORY * 5}</p></article></body></html>", status=status).reason
    )


def write_locked(words: int) -> str:
    node = '{"@type": "NewsArticle", "headline": "Locked tale", "isAccessibleForFree": "False"}'
    mark = f'<script type="application/ld+json">{node}</script>'
    text = " ".join((STORY * 3).split()[:words])
    return f"<html><head>{mark}</head><body><article><h1>Locked tale</h1><p>{text}</p></article></body></html>"


def test_paywalled_teaser_is_kept_when_it_says_something() -> None:
    article = read_article(write_locked(30))
    assert (article.paywalled, article.word_count) == (True, 30)


def test_paywalled_page_without_a_teaser() -> None:
    result = refuse(write_locked(12))
    assert result.fate == "paywalled"
    assert "12 words" in result.reason


# ---- the rest of the article ----------------------------------------------------------------------------------------


def test_hints_speak_where_the_page_is_silent() -> None:
    body = f"<html><body><article><p>{STORY * 4}</p></article></body></html>"
    article = read_article(body, title_hint="A bridge is mended", published_hint="Tue, 05 Mar 2024 08:30:00 +0430")
    assert article.title == "A bridge is mended"
    assert (article.published_at, article.published_from) == ("2024-03-05T04:00:00Z", "feed")


def test_title_falls_back_to_first_words() -> None:
    assert read_article(f"<html><body><div><p>{STORY * 4}</p></div></body></html>").title.startswith(
        "The council met on Monday"
    )


def test_date_after_the_fetch_is_refused_unless_the_caller_allows_it() -> None:
    body = (
        '<html><head><meta property="article:published_time" content="2027-05-01T10:00:00Z"></head>'
        f"<body><article><p>{STORY * 4}</p></article></body></html>"
    )
    assert read_article(body).published_at is None
    result = extract(make_page(body), latest=datetime(2028, 1, 1, tzinfo=UTC))
    assert isinstance(result, Article)
    assert result.published_at == "2027-05-01T10:00:00Z"


def test_canonical_of_another_site_does_not_become_the_url() -> None:
    link = '<link rel="canonical" href="https://agency.example.net/wire/story-1">'
    article = read_article(f"<html><head>{link}</head><body><article><p>{STORY * 4}</p></article></body></html>")
    assert article.url == "https://news.example/town/bridge-story"
    assert article.canonical == "https://agency.example.net/wire/story-1"


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "data:text/html,x", "mailto:a@b.example", "http://[bad", "ftp://a.example/x"]
)
def test_addresses_that_are_no_http_are_dropped(href: str) -> None:
    article = read_article(
        f'<html><head><link rel="canonical" href="{href}"><meta property="og:image" content="{href}"></head>'
        f"<body><article><p>{STORY * 4}</p></article></body></html>"
    )
    assert (article.canonical, article.image) == (None, None)


def test_full_text_in_json_ld_rescues_an_empty_shell() -> None:
    text = "\\n\\n".join([STORY.strip()] * 6)
    node = f'{{"@type":"NewsArticle","headline":"Shell","articleBody":"{text}"}}'
    script = f'<script type="application/ld+json">{node}</script>'
    article = read_article(
        f"<html><head>{script}</head><body><div id='app'><p>Loading the story, please wait.</p></div></body></html>"
    )
    assert article.body.count("agreed to mend") == 6
    assert "\n\n" in article.body


def test_echo_of_the_headline_is_dropped_only_near_the_top() -> None:
    lines = ["A Bridge is Mended!", "Text one.", "Text two.", "Text three.", "A bridge is mended"]
    assert drop_echo(lines, ("A bridge is mended",)) == lines[1:]
    assert drop_echo(["Only this"], ("only this",)) == ["Only this"]


@given(st.lists(st.text(max_size=40), max_size=12), st.lists(st.text(max_size=40), max_size=3))
def test_dropping_echoes_only_removes(lines: list[str], headlines: list[str]) -> None:
    kept = drop_echo(lines, tuple(headlines))
    remaining = iter(lines)
    assert all(line in remaining for line in kept)
    assert bool(kept) == bool(lines)


@given(st.text())
def test_split_lines_are_clean_and_stable(text: str) -> None:
    lines = split_lines(text)
    assert all(line and line == line.strip() for line in lines)
    assert split_lines("\n".join(lines)) == lines


def test_an_article_s_address_that_ends_on_the_front_page_is_gone() -> None:
    page = make_page(f"<html><body><h1>All the news</h1>{STORY}</body></html>")
    for front in ("https://news.example/", "https://news.example", "https://www.news.example/en"):
        result = extract(replace(page, final_url=front))
        assert isinstance(result, NoArticle)
        assert (result.fate, "front page" in result.reason) == ("not_article", True)
    for address in ("https://news.example/", "https://news.example/?p=4711"):
        assert isinstance(extract(replace(page, url=address, final_url=address)), Article)
