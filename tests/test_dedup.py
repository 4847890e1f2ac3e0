"""Is a page a new article, or one known already?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from db.connection import open_archive, transaction
from db.frontier import add_seen_source, find_source
from db.records import Article, SignedArticle
from db.store import add_urls, insert_article
from db.urls import url_key
from pipelines.dedup import agrees, decide, identities, shingles, trusts_canonical
from pipelines.judging import sign

NOW = "2026-11-22T12:00:00Z"
TEXT = " ".join(f"Sentence {n} says how the council of the valley agreed to mend its old bridge." for n in range(8))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_archive(tmp_path / "news.db")
    yield database
    database.close()


def _signed(url: str, body: str = TEXT, title: str = "A", day: str | None = "2026-11-21") -> SignedArticle:
    published = f"{day}T08:00:00Z" if day else None
    return sign(Article(url, title, body, published_at=published, word_count=len(body.split())))


def _insert(db: Database, url: str, body: str = TEXT, title: str = "A", day: str | None = "2026-11-21") -> int:
    with transaction(db):
        source = find_source(db, url)
        add_seen_source(db, source, url)
        signed = _signed(url, body, title, day)
        article = insert_article(db, signed, source_id=source, now=NOW, extractor="test", raw=None)
        add_urls(db, article, {url_key(url): "link"})
    return article


# --- identities ---


def test_a_page_answers_to_its_link_its_end_and_its_trusted_canonical_url() -> None:
    assert identities(
        "http://www.hill.example/a-1?utm_source=x", "https://hill.example/b-1/", "https://m.hill.example/c-1"
    ) == {"hill.example/a-1": "link", "hill.example/b-1": "final", "hill.example/c-1": "canonical"}


def test_identities_that_agree_are_one() -> None:
    url = "https://hill.example/a-1"
    assert identities(url, url, url) == {"hill.example/a-1": "link"}
    assert identities(url, url, None) == {"hill.example/a-1": "link"}


@pytest.mark.parametrize(
    ("canonical", "trusted"),
    [
        ("https://hill.example/story-2", True),
        ("https://amp.hill.example/story-2", True),
        ("https://hill.example/", False),
        ("https://hill.example/index.html", False),
        ("https://hill.example/en", False),
        ("https://elsewhere.example/story-1", False),
        ("https://hill.example.evil.example/story-1", False),
        ("javascript:void(0)", False),
        ("", False),
        ("/story-1", False),
    ],
)
def test_a_canonical_url_is_believed_within_its_domain_and_for_articles(canonical: str, trusted: bool) -> None:
    assert trusts_canonical("https://www.hill.example/story-1", canonical) is trusted


@given(st.text(), st.text(), st.none() | st.text())
def test_no_url_breaks_the_identities(url: str, final: str, canonical: str | None) -> None:
    keys = identities(url, final, canonical)
    assert keys[url_key(url)] == "link"
    assert set(keys.values()) <= {"link", "final", "canonical"}


# --- the same text ---


def test_a_longer_version_agrees_with_a_shorter_one() -> None:
    assert agrees(TEXT, f"{TEXT} And then a good deal more was said about the matter on Tuesday.")
    assert agrees(TEXT[:200], TEXT)
    assert agrees(TEXT.upper(), TEXT)


def test_different_texts_do_not_agree() -> None:
    assert not agrees(TEXT, "The weather in the valley will be fine tomorrow with some wind from the west. " * 4)
    assert not agrees("Too short", "Another one")
    assert agrees("Too short", "Too  short")
    assert not agrees("", TEXT)
    assert agrees("", " ")


@given(st.lists(st.sampled_from("abcdefgh"), max_size=30), st.lists(st.sampled_from("abcdefgh"), max_size=30))
def test_agreement_is_mutual_and_a_text_agrees_with_itself(a: list[str], b: list[str]) -> None:
    first, second = " ".join(a), " ".join(b)
    assert agrees(first, second) == agrees(second, first)
    assert agrees(first, first)


@given(st.lists(st.sampled_from("abc"), max_size=30))
def test_shingles_are_the_runs_of_five_words(words: list[str]) -> None:
    runs = {tuple(words[i : i + 5]) for i in range(len(words) - 4)}
    assert shingles(" ".join(words).upper()) == runs


# --- decisions ---


def test_an_empty_archive_knows_nothing(db: Database) -> None:
    decision = decide(db, {"hill.example/a-1": "link"}, _signed("https://hill.example/a-1"))
    assert (decision.kind, decision.stored) == ("new", None)


def test_a_known_url_decides_whatever_the_text(db: Database) -> None:
    article = _insert(db, "https://hill.example/a-1")
    for kind in ("link", "final"):
        decision = decide(db, {"hill.example/a-1": kind}, _signed("https://hill.example/a-1", "Quite other words."))
        assert (decision.kind, decision.stored and decision.stored.id) == ("same", article)
        assert decision.reason == f"same URL as article {article}"


def test_the_link_decides_before_a_claimed_canonical_url(db: Database) -> None:
    linked, claimed = _insert(db, "https://hill.example/a-1"), _insert(db, "https://hill.example/b-1", TEXT + " More.")
    keys = {"hill.example/a-1": "link", "hill.example/b-1": "canonical"}
    decision = decide(db, keys, _signed("https://hill.example/a-1"))
    assert decision.stored is not None
    assert decision.stored.id == linked != claimed


def test_a_claim_counts_only_where_the_text_agrees(db: Database) -> None:
    article = _insert(db, "https://hill.example/a-1")
    keys = {"hill.example/z-9": "link", "hill.example/a-1": "canonical"}
    agreeing = decide(db, keys, _signed("https://hill.example/z-9", f"Printed. {TEXT}"))
    assert (agreeing.kind, agreeing.stored and agreeing.stored.id) == ("same", article)
    other = decide(db, keys, _signed("https://hill.example/z-9", "Nothing like it is said in this other piece. " * 5))
    assert other.kind == "new"


@pytest.mark.parametrize(
    ("url", "title", "day", "kind"),
    [
        ("https://hill.example/z-9", "A", "2026-11-21", "same"),
        ("https://blog.hill.example/z-9", "A", "2026-11-21", "same"),
        ("https://hill.example/z-9", "A", None, "same"),
        ("https://hill.example/z-9", "B", "2026-11-21", "new"),
        ("https://hill.example/z-9", "A", "2026-11-20", "new"),
        ("https://lake.example/z-9", "A", "2026-11-21", "new"),
    ],
)
def test_the_same_words(db: Database, url: str, title: str, day: str | None, kind: str) -> None:
    article = _insert(db, "https://hill.example/a-1")
    decision = decide(db, {url_key(url): "link"}, _signed(url, TEXT.replace(".", " !"), title, day))
    assert (decision.kind, decision.stored and decision.stored.id) == (kind, article if kind == "same" else None)


@pytest.mark.parametrize("elsewhere", ["hill.example", "lake.example"])
def test_a_one_line_notice_that_recurs_proves_nothing(db: Database, elsewhere: str) -> None:
    notice = "This is a developing story and more will follow shortly."
    _insert(db, "https://hill.example/a-1", notice)
    decision = decide(db, {f"{elsewhere}/z-9": "link"}, _signed(f"https://{elsewhere}/z-9", notice))
    assert (decision.kind, decision.stored) == ("new", None)
