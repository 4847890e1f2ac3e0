"""Seeds, links and hosts in the archive: history is kept, every link has a fate, nothing is asked twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from db.connection import from_text, open_archive, to_text, transaction
from db.frontier import (
    Added,
    add_archive_link,
    add_child_seed,
    add_links,
    add_seen_source,
    due_seeds,
    fail_seed,
    find_link,
    find_source,
    keep_children,
    postpone_link,
    settle_link,
    settle_seed,
    sync_sources,
)
from db.hosts import Rest, note_asked, read_host, read_rest, write_host
from db.queue import _NEXT_LINK, _PENDING_HOSTS, count_pending, next_due_at, next_link, pending_hosts
from db.records import Host, Link, Seed, Source

NOW = "2026-11-22T12:00:00Z"
LATER = "2026-11-22T13:00:00Z"
WAITING = frozenset({"hill.example"})
"""What a poll says of hosts with links to fetch."""

VALLEY = Source(
    "valley",
    "Valley Post",
    homepage="https://www.valleypost.example/",
    country="AF",
    languages=("en", "fa"),
    feeds=("https://www.valleypost.example/rss",),
    sitemaps=("https://www.valleypost.example/index.xml",),
)
HILL = Source("hill", "Hill", feeds=("https://hill.example/a.xml",), archives=("old/hill.warc.gz",))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_archive(tmp_path / "news.db")
    yield database
    database.close()


def _sync(db: Database, *sources: Source) -> None:
    with transaction(db):
        sync_sources(db, sources)


def _seed(db: Database, url: str) -> Seed:
    return next(seed for seed in due_seeds(db, NOW, everything=True) if seed.url == url)


def _settle(db: Database, seed: Seed, next_poll_at: str = LATER) -> None:
    settle_seed(
        db,
        seed,
        polled_at=NOW,
        next_poll_at=next_poll_at,
        interval_seconds=1800,
        rate_per_day=3.5,
        etag='"e"',
        last_modified="Sun, 22 Nov 2026 11:00:00 GMT",
        full_fetch_at=NOW,
        note="a note",
    )


def _statuses(db: Database, table: str) -> dict[str, str]:
    column = "id" if table == "sources" else "url"
    return dict(db.execute(f"SELECT {column}, status FROM {table}").fetchall())


# --- sources ---


def _meet(db: Database, url: str, preferred: str | None = None) -> str:
    source_id = find_source(db, url, preferred)
    add_seen_source(db, source_id, url)
    return source_id


def test_sources_and_seeds_are_written_as_listed(db: Database) -> None:
    _sync(db, VALLEY, HILL)
    row = db.execute(
        "SELECT name, homepage, domain, country, language, status FROM sources WHERE id='valley'"
    ).fetchone()
    assert row == ("Valley Post", "https://www.valleypost.example/", "valleypost.example", "AF", "en, fa", "active")
    assert db.execute("SELECT homepage, domain FROM sources WHERE id='hill'").fetchone() == (None, "hill.example")
    assert [(s.kind, s.url, s.host) for s in due_seeds(db, NOW)] == [
        ("feed", "https://www.valleypost.example/rss", "www.valleypost.example"),
        ("sitemap", "https://www.valleypost.example/index.xml", "www.valleypost.example"),
        ("feed", "https://hill.example/a.xml", "hill.example"),
        ("archive", "old/hill.warc.gz", ""),
    ]


def test_syncing_again_keeps_validators_schedule_and_history(db: Database) -> None:
    _sync(db, VALLEY, HILL)
    _settle(db, _seed(db, "https://hill.example/a.xml"))
    fail_seed(db, _seed(db, VALLEY.feeds[0]), polled_at=NOW, next_poll_at=LATER, note="HTTP 500")
    before = db.execute("SELECT * FROM seeds ORDER BY id").fetchall()
    _sync(db, VALLEY, HILL)
    assert db.execute("SELECT * FROM seeds ORDER BY id").fetchall() == before


def test_what_leaves_the_file_is_removed_but_kept_and_comes_back_with_its_history(db: Database) -> None:
    _sync(db, VALLEY, HILL)
    _settle(db, _seed(db, "https://hill.example/a.xml"))
    _sync(db, VALLEY)
    assert _statuses(db, "sources") == {"valley": "active", "hill": "removed"}
    assert {seed.source_id for seed in due_seeds(db, LATER, everything=True)} == {"valley"}
    _sync(db, VALLEY, HILL)
    assert _statuses(db, "sources")["hill"] == "active"
    assert _seed(db, "https://hill.example/a.xml").etag == '"e"'


def test_a_seed_that_leaves_its_source_is_removed_alone(db: Database) -> None:
    _sync(db, VALLEY)
    _sync(db, replace(VALLEY, feeds=()))
    assert _statuses(db, "seeds") == {VALLEY.feeds[0]: "removed", VALLEY.sitemaps[0]: "active"}
    _sync(db, VALLEY)
    assert _statuses(db, "seeds")[VALLEY.feeds[0]] == "active"


def test_a_disabled_source_is_not_polled_and_wakes_with_its_validators(db: Database) -> None:
    _sync(db, HILL)
    _settle(db, _seed(db, "https://hill.example/a.xml"))
    _sync(db, replace(HILL, enabled=False))
    assert _statuses(db, "sources") == {"hill": "disabled"}
    assert due_seeds(db, LATER, everything=True) == []
    _sync(db, HILL)
    assert _seed(db, "https://hill.example/a.xml").etag == '"e"'


@pytest.mark.parametrize("gone", [False, True])
def test_a_failing_or_gone_seed_stays_so_through_a_sync_but_is_polled_again(db: Database, gone: bool) -> None:
    _sync(db, HILL)
    fail_seed(db, _seed(db, HILL.feeds[0]), polled_at=NOW, next_poll_at=LATER, note="HTTP 410", gone=gone)
    _sync(db, HILL)
    assert _statuses(db, "seeds")[HILL.feeds[0]] == ("gone" if gone else "failing")
    assert HILL.feeds[0] not in {seed.url for seed in due_seeds(db, NOW)}
    assert HILL.feeds[0] in {seed.url for seed in due_seeds(db, LATER)}
    _settle(db, _seed(db, HILL.feeds[0]))
    assert _statuses(db, "seeds")[HILL.feeds[0]] == "active"


def test_a_domain_once_met_becomes_a_listed_source(db: Database) -> None:
    with transaction(db):
        assert _meet(db, "https://www.hill.example/story") == "hill.example"
    _sync(db, Source("hill.example", "The Hill", homepage="https://hill.example/"))
    assert db.execute("SELECT id, name, status FROM sources").fetchall() == [("hill.example", "The Hill", "active")]


def test_seen_sources_are_not_removed_by_a_sync(db: Database) -> None:
    with transaction(db):
        _meet(db, "https://somewhere.example/story")
    _sync(db, HILL)
    assert _statuses(db, "sources") == {"somewhere.example": "seen", "hill": "active"}


def test_a_sync_is_all_or_nothing(db: Database) -> None:
    bad = Source("bad", "Bad", homepage="javascript:alert(1)")
    with pytest.raises(Exception, match="CHECK"):
        _sync(db, HILL, bad)
    assert _statuses(db, "sources") == {}
    assert _statuses(db, "seeds") == {}


# --- sitemaps in a sitemap index ---

CHILD = "https://www.valleypost.example/2026-11.xml"
GRANDCHILD = "https://www.valleypost.example/2026-11-a.xml"


def _grow(db: Database) -> None:
    _sync(db, VALLEY)
    add_child_seed(db, _seed(db, VALLEY.sitemaps[0]), CHILD, due=False)
    add_child_seed(db, _seed(db, CHILD), GRANDCHILD, due=False)


def test_a_child_is_due_at_once_and_again_only_when_its_index_says_so(db: Database) -> None:
    _grow(db)
    child = next(seed for seed in due_seeds(db, NOW) if seed.url == CHILD)
    _settle(db, child)
    parent = _seed(db, VALLEY.sitemaps[0])
    add_child_seed(db, parent, CHILD, due=False)
    assert CHILD not in {seed.url for seed in due_seeds(db, NOW)}
    add_child_seed(db, parent, CHILD, due=True)
    assert next(seed for seed in due_seeds(db, NOW) if seed.url == CHILD).etag == '"e"'


def test_children_and_theirs_share_the_fate_of_the_listed_sitemap(db: Database) -> None:
    _grow(db)
    _sync(db, replace(VALLEY, sitemaps=()))
    assert _statuses(db, "seeds") == {
        VALLEY.feeds[0]: "active",
        VALLEY.sitemaps[0]: "removed",
        CHILD: "removed",
        GRANDCHILD: "removed",
    }
    _sync(db, VALLEY)
    assert set(_statuses(db, "seeds").values()) == {"active"}
    _sync(db, replace(VALLEY, enabled=False))
    assert set(_statuses(db, "seeds").values()) == {"disabled"}
    _sync(db, VALLEY)
    assert set(_statuses(db, "seeds").values()) == {"active"}
    _sync(db)
    assert set(_statuses(db, "seeds").values()) == {"removed"}
    _sync(db, VALLEY)
    assert set(_statuses(db, "seeds").values()) == {"active"}


def test_a_failing_child_stays_failing_through_a_sync(db: Database) -> None:
    _grow(db)
    fail_seed(db, _seed(db, CHILD), polled_at=NOW, next_poll_at=LATER, note="HTTP 500")
    _sync(db, VALLEY)
    assert _statuses(db, "seeds")[CHILD] == "failing"


def test_a_child_that_is_listed_itself_outlives_its_index_and_leaves_with_its_own_line(db: Database) -> None:
    _grow(db)
    _sync(db, replace(VALLEY, sitemaps=(CHILD,)))
    _sync(db, replace(VALLEY, sitemaps=(CHILD,)))
    assert _statuses(db, "seeds")[CHILD] == "active"
    assert _statuses(db, "seeds")[VALLEY.sitemaps[0]] == "removed"
    _sync(db, replace(VALLEY, sitemaps=()))
    assert _statuses(db, "seeds")[CHILD] == "removed"


# --- what is due ---


def test_seeds_never_polled_come_first_then_those_waiting_longest(db: Database) -> None:
    _sync(db, VALLEY, HILL)
    _settle(db, _seed(db, VALLEY.feeds[0]), "2026-11-22T11:50:00Z")
    _settle(db, _seed(db, VALLEY.sitemaps[0]), "2026-11-22T11:40:00Z")
    assert [seed.url for seed in due_seeds(db, NOW)] == [
        HILL.feeds[0],
        HILL.archives[0],
        VALLEY.sitemaps[0],
        VALLEY.feeds[0],
    ]


def test_a_poll_that_worked_is_remembered_whole(db: Database) -> None:
    _sync(db, HILL)
    fail_seed(db, _seed(db, HILL.feeds[0]), polled_at=NOW, next_poll_at=NOW, note="HTTP 500")
    assert _seed(db, HILL.feeds[0]).failures == 1
    _settle(db, _seed(db, HILL.feeds[0]))
    seed = _seed(db, HILL.feeds[0])
    assert (seed.etag, seed.last_modified) == ('"e"', "Sun, 22 Nov 2026 11:00:00 GMT")
    assert (seed.polled_at, seed.full_fetch_at, seed.failures) == (NOW, NOW, 0)
    assert (seed.interval_seconds, seed.rate_per_day) == (1800, 3.5)
    assert db.execute("SELECT last_ok_at FROM sources").fetchone() == (NOW,)
    fail_seed(db, seed, polled_at=LATER, next_poll_at=LATER, note="HTTP 500")
    assert _seed(db, HILL.feeds[0]).etag == '"e"'
    assert db.execute("SELECT last_ok_at FROM sources").fetchone() == (NOW,)


# --- links ---


def _add(db: Database, *links: Link, since: str | None = None, now: str = NOW) -> Added:
    _sync(db, replace(HILL, since=since))
    with transaction(db):
        return add_links(db, _seed(db, HILL.feeds[0]), links, now)


def _fates(db: Database) -> dict[str, tuple[str, str | None]]:
    return {url: (fate, reason) for url, fate, reason in db.execute("SELECT url, fate, reason FROM links")}


def test_a_new_link_is_pending_with_its_hints(db: Database) -> None:
    link = Link("https://hill.example/a", "A title", "2026-11-21T08:00:00Z", "2026-11-21T09:00:00Z")
    assert _add(db, link) == Added(new=1, hosts=WAITING)
    row = db.execute(
        "SELECT url, url_key, host, title_hint, published_hint, modified_hint, fate, found_at, settled_at FROM links"
    ).fetchone()
    assert row == (
        *("https://hill.example/a", "hill.example/a", "hill.example"),
        *("A title", "2026-11-21T08:00:00Z", "2026-11-21T09:00:00Z", "pending", NOW, None),
    )
    pending = next_link(db, "hill.example", NOW, [])
    assert pending is not None
    assert (pending.title_hint, pending.published_hint, pending.tries) == ("A title", "2026-11-21T08:00:00Z", 0)


def test_the_same_link_again_is_known_and_untouched(db: Database) -> None:
    _add(db, Link("https://hill.example/a", "First"))
    assert _add(db, Link("https://hill.example/a", "Second"), Link("https://hill.example/a")) == Added(known=2)
    assert db.execute("SELECT title_hint FROM links").fetchall() == [("First",)]


def test_a_variant_of_a_known_link_is_a_duplicate_without_a_fetch(db: Database) -> None:
    _add(db, Link("https://hill.example/story-1"))
    added = _add(db, Link("https://www.hill.example/story-1/?utm_source=rss"), Link("http://m.hill.example/story-1"))
    assert added == Added(new=2)
    fates = _fates(db)
    assert fates.pop("https://hill.example/story-1") == ("pending", None)
    assert set(fates.values()) == {("duplicate_url", "same canonical URL as link 1")}
    assert pending_hosts(db, NOW) == ["hill.example"]


def test_variants_learn_the_article_when_the_first_is_stored(db: Database) -> None:
    _add(db, Link("https://hill.example/story-1"), Link("https://m.hill.example/story-1"))
    article = _article(db, "https://hill.example/story-1")
    settle_link(db, 1, "article", LATER, article_id=article)
    assert db.execute("SELECT fate, article_id FROM links ORDER BY id").fetchall() == [
        ("article", article),
        ("duplicate_url", article),
    ]
    _add(db, Link("https://www.hill.example/story-1"))
    assert db.execute("SELECT fate, article_id FROM links WHERE id = 3").fetchone() == ("duplicate_url", article)


def test_an_identity_of_an_article_makes_a_link_a_duplicate(db: Database) -> None:
    _sync(db, HILL)
    article = _article(db, "https://hill.example/story-1")
    db.table("article_urls").insert({"url_key": "hill.example/old-name", "article_id": article, "kind": "canonical"})
    _add(db, Link("https://hill.example/old-name?utm_medium=feed"))
    assert db.execute("SELECT fate, reason, article_id FROM links").fetchone() == (
        *("duplicate_url", f"same canonical URL as article {article}"),
        article,
    )


@pytest.mark.parametrize(
    ("hints", "fate"),
    [
        ((None, None), "pending"),
        (("2026-01-01T00:00:00Z", None), "pending"),
        (("2025-12-31T23:59:59Z", None), "refused"),
        ((None, "2025-12-31T23:59:59Z"), "refused"),
        (("2025-01-01T00:00:00Z", "2026-05-01T00:00:00Z"), "refused"),
        (("2026-05-01T00:00:00Z", "2025-01-01T00:00:00Z"), "pending"),
    ],
)
def test_links_dated_before_since_are_refused(db: Database, hints: tuple[str | None, str | None], fate: str) -> None:
    _add(db, Link("https://hill.example/a", None, *hints), since="2026-01-01")
    found, reason = _fates(db)["https://hill.example/a"]
    assert found == fate
    assert fate == "pending" or (reason is not None and "since = 2026-01-01" in reason)


@pytest.mark.parametrize("url", ["http://", "https://exa mple:port/x", "http://[::1/a", "https://?q"])
def test_a_link_that_can_never_be_fetched_is_refused_and_costs_no_other(db: Database, url: str) -> None:
    assert _add(db, Link("https://hill.example/a"), Link(url), Link("https://hill.example/b")) == Added(
        new=3, hosts=WAITING
    )
    assert _fates(db)[url] == ("refused", "not a URL that can be fetched")
    assert pending_hosts(db, NOW) == ["hill.example"]


# --- articles that were modified ---


def _article(db: Database, url: str, seen: str = NOW) -> int:
    article_id = (
        db.table("articles")
        .insert(
            {
                "url": url,
                "source_id": "hill",
                "title": "A",
                "first_seen_at": seen,
                "updated_at": seen,
                "last_seen_at": seen,
                "content_hash": "x",
            }
        )
        .last_pk
    )
    assert isinstance(article_id, int)
    return article_id


def _stored(db: Database, modified: str | None) -> str:
    url = "https://hill.example/a"
    _add(db, Link(url, modified_hint=modified))
    settle_link(db, 1, "article", NOW, article_id=_article(db, url))
    return url


@pytest.mark.parametrize(
    ("before", "after", "again"),
    [
        ("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z", True),
        ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z", False),
        ("2026-11-22T10:00:00Z", "2026-11-22T09:00:00Z", False),
        ("2026-11-22T10:00:00Z", None, False),
        (None, "2026-11-22T11:00:00Z", False),  # the page was fetched after that
        (None, "2026-11-22T12:30:00Z", True),
        (None, None, False),
    ],
)
def test_an_article_is_asked_again_when_its_seed_gives_a_newer_time(
    db: Database, before: str | None, after: str | None, again: bool
) -> None:
    url = _stored(db, before)
    assert _add(db, Link(url, modified_hint=after), now=LATER) == Added(
        known=1, again=int(again), hosts=WAITING if again else frozenset()
    )
    assert _fates(db)[url][0] == ("pending" if again else "article")
    link = next_link(db, "hill.example", NOW, [])
    assert (link is not None) == again
    assert link is None or link.article_id == 1
    assert _add(db, Link(url, modified_hint=after), now=LATER) == Added(known=1)


def test_a_seed_that_spells_an_address_otherwise_is_believed_as_well(db: Database) -> None:
    """A feed adds trackers, a sitemap has none; whichever knows of the change is heard, met before or not."""
    url = _stored(db, "2026-11-22T10:00:00Z")
    clean, mobile = f"{url}/?utm_source=map", url.replace("https://", "https://m.")
    assert _add(db, Link(clean, modified_hint="2026-11-22T10:00:00Z"), now=LATER) == Added(new=1)
    told = Link(clean, modified_hint="2026-11-22T11:00:00Z")
    assert _add(db, told, now=LATER) == Added(known=1, again=1, hosts=WAITING)
    assert _add(db, told, now=LATER) == Added(known=1), "it waits already"
    assert next_link(db, "hill.example", NOW, []) is not None
    settle_link(db, 1, "article", LATER, article_id=1)
    db.execute("UPDATE articles SET updated_at = ?", (LATER,))
    told = Link(mobile, modified_hint="2026-11-22T12:00:00Z")
    assert _add(db, told, now=LATER) == Added(new=1, again=1, hosts=WAITING)
    assert [fate for fate, _ in _fates(db).values()] == ["pending", "duplicate_url", "duplicate_url"]
    assert _add(db, Link(f"{url}?fbclid=1"), now=LATER) == Added(new=1), "one that says nothing of a change"


def _day(n: float) -> str:
    return to_text(from_text(NOW) + timedelta(days=n))


def _looks(db: Database, url: str, days: int, changes_at: frozenset[int] = frozenset()) -> list[float]:
    """Returns the hours at which an article is fetched again by a sitemap that says "changed now" every half hour."""
    hours = []
    for n in range(1, days * 48):
        now = _day(n / 48)
        if _add(db, Link(url, modified_hint=now), now=now).again:
            hours.append(n / 2)
            if len(hours) in changes_at:
                db.execute("UPDATE articles SET updated_at = ?", (now,))
            settle_link(db, 1, "article", now, article_id=1)
    return hours


def test_a_sitemap_that_always_says_now_is_believed_less_and_less(db: Database) -> None:
    hours = _looks(db, _stored(db, NOW), 60)
    assert hours[:6] == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert len(hours) == 10
    assert hours[-1] <= 30 * 24  # the article is a month old then


def test_a_look_that_brings_a_change_makes_the_next_one_soon_again(db: Database) -> None:
    assert _looks(db, _stored(db, NOW), 3, frozenset({3}))[:6] == [0.5, 1.5, 3.5, 4, 5, 7]


def test_a_change_told_during_the_pause_is_looked_at_after_it(db: Database) -> None:
    url = _stored(db, NOW)
    assert _add(db, Link(url, modified_hint=_day(0.01)), now=_day(0.01)).again == 1
    settle_link(db, 1, "article", _day(0.01), article_id=1)
    assert _add(db, Link(url, modified_hint=_day(0.02)), now=_day(0.02)) == Added(known=1)
    assert _add(db, Link(url, modified_hint=_day(0.02)), now=_day(0.1)).again == 1


def test_old_articles_are_not_looked_at_again_on_a_seeds_word(db: Database) -> None:
    url = _stored(db, NOW)
    db.execute("UPDATE articles SET published_at = ?", (_day(-29),))
    assert _add(db, Link(url, modified_hint=_day(1)), now=_day(1)).again == 1
    settle_link(db, 1, "article", _day(1), article_id=1)
    assert _add(db, Link(url, modified_hint=_day(5)), now=_day(5)).again == 0


# --- links that failed ---


def test_a_failed_link_that_a_feed_still_lists_is_tried_anew_after_a_day_then_after_two(db: Database) -> None:
    link = Link("https://hill.example/a")
    _add(db, link)
    tried = []
    settle_link(db, 1, "failed", NOW, reason="HTTP 500")
    for hour in range(1, 24 * 8):
        now = _day(hour / 24)
        if _add(db, link, now=now).again:
            tried.append(hour)
            again = next_link(db, "hill.example", now, [])
            assert again is not None and again.tries == 0
            settle_link(db, 1, "failed", now, reason="HTTP 500")
    assert tried == [24, 72, 168]


def test_a_failed_link_in_a_sitemap_stays_failed(db: Database) -> None:
    _sync(db, VALLEY)
    sitemap = _seed(db, VALLEY.sitemaps[0])
    with transaction(db):
        add_links(db, sitemap, [Link("https://www.valleypost.example/a")], NOW)
        settle_link(db, 1, "failed", NOW)
        assert add_links(db, sitemap, [Link("https://www.valleypost.example/a")], _day(9)) == Added(known=1)


@pytest.mark.parametrize("fate", ["gone", "failed", "refused", "not_article", "blocked_by_robots", "paywalled"])
def test_a_link_that_came_to_nothing_lets_one_of_its_variants_try(db: Database, fate: str) -> None:
    _add(db, *(Link(f"https://{sub}hill.example/story-1") for sub in ("", "m.", "www.")))
    assert pending_hosts(db, NOW) == ["hill.example"]
    settle_link(db, 1, fate, NOW)  # type: ignore[arg-type]
    assert [fate for _, (fate, _) in sorted(_fates(db).items())] == [fate, "pending", "duplicate_url"]
    assert pending_hosts(db, NOW) == ["m.hill.example"]
    article = _article(db, "https://m.hill.example/story-1")
    settle_link(db, 2, "article", NOW, article_id=article)
    rows = db.execute("SELECT fate, article_id FROM links ORDER BY id").fetchall()
    assert rows == [(fate, None), ("article", article), ("duplicate_url", article)]


@pytest.mark.parametrize("fate", ["gone", "failed", "refused", "not_article"])
def test_a_link_that_came_to_nothing_swallows_no_later_one(db: Database, fate: str) -> None:
    _add(db, Link("http://hill.example/story-1"))
    settle_link(db, 1, fate, NOW)  # type: ignore[arg-type]
    assert _add(db, Link("https://hill.example/story-1")) == Added(new=1, hosts=WAITING)


def test_a_failed_link_does_not_come_back_beside_a_variant_that_waits(db: Database) -> None:
    _add(db, Link("http://hill.example/story-1"), Link("https://hill.example/story-1"))
    settle_link(db, 1, "failed", NOW)
    assert _add(db, Link("http://hill.example/story-1"), now=_day(2)) == Added(known=1)


# --- the order of the queue ---


def _order(db: Database, now: str = NOW) -> list[str]:
    """Returns the paths of a host's links in the order they would be fetched."""
    paths: list[str] = []
    taken: list[int] = []
    while (link := next_link(db, "hill.example", now, taken)) is not None:
        paths.append(link.url.removeprefix("https://hill.example/"))
        taken.append(link.id)
    return paths


def test_todays_news_comes_before_the_backlog_and_looks_at_known_articles_last(db: Database) -> None:
    _sync(db, replace(HILL, sitemaps=("https://hill.example/map.xml",)))
    sitemap, feed = _seed(db, "https://hill.example/map.xml"), _seed(db, HILL.feeds[0])

    def link(path: str, **hints: str) -> Link:
        return Link(f"https://hill.example/{path}", **hints)

    with transaction(db):
        add_links(db, feed, [link("known", modified_hint=_day(-1))], _day(-1))
        settle_link(db, 1, "article", _day(-1), article_id=_article(db, "https://hill.example/known", _day(-1)))
        backlog = [link("undated-1"), link("undated-2"), link("old", modified_hint=_day(-400))]
        add_links(db, sitemap, [*backlog, link("known", modified_hint=NOW)], NOW)
        add_links(db, feed, [link("yesterday", published_hint=_day(-1)), link("now-1"), link("now-2")], NOW)
        add_links(db, feed, [link("a-clock-ahead", published_hint=_day(9))], NOW)
        add_links(db, feed, [link("fresh", published_hint=LATER)], LATER)
        add_links(db, feed, [link("undated-2", published_hint=_day(-2))], LATER)
    assert _order(db, LATER) == [
        *("fresh", "now-1", "now-2", "a-clock-ahead", "yesterday", "undated-2", "old", "undated-1"),
        "known",
    ]


def test_an_address_that_fails_lets_all_others_go_first(db: Database) -> None:
    _add(db, *(Link(f"https://hill.example/{n}") for n in range(4)))
    postpone_link(db, 1, NOW, "HTTP 503", counts=False)
    assert _order(db) == ["1", "2", "3", "0"]
    postpone_link(db, 2, "2026-11-22T11:00:00Z", "HTTP 503", counts=False)
    assert _order(db) == ["2", "3", "1", "0"]
    postpone_link(db, 2, "2026-11-22T11:00:00Z", "HTTP 500")
    assert _order(db) == ["2", "3", "0", "1"]


def test_an_index_serves_the_queue_however_long(db: Database) -> None:
    plan = " ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {_NEXT_LINK}", ("a.example", NOW, "[]")))
    assert "SEARCH links USING INDEX links_pending (host=?)" in plan
    assert "TEMP B-TREE" not in plan and "SCAN links" not in plan
    plan = " ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {_PENDING_HOSTS} SELECT host FROM pending"))
    assert "INDEX links_pending (host>?)" in plan


# --- sources that rest ---


@pytest.mark.parametrize("status", ["disabled", "removed"])
def test_links_of_a_source_that_rests_wait_for_its_return(db: Database, status: str) -> None:
    _add(db, Link("https://hill.example/a"))
    _sync(db, *([replace(HILL, enabled=False)] if status == "disabled" else []))
    assert pending_hosts(db, NOW) == [] and next_link(db, "hill.example", NOW, []) is None
    assert next_due_at(db) is None
    assert _fates(db) == {"https://hill.example/a": ("pending", None)}
    _sync(db, HILL)
    assert pending_hosts(db, NOW) == ["hill.example"] and next_link(db, "hill.example", NOW, []) is not None


def test_a_link_of_a_source_that_rests_is_fetched_when_another_mentions_it(db: Database) -> None:
    _add(db, Link("https://hill.example/a"))
    _sync(db, VALLEY)
    with transaction(db):
        add_links(db, _seed(db, VALLEY.feeds[0]), [Link("https://hill.example/a")], NOW)
    assert pending_hosts(db, NOW) == ["hill.example"]


@pytest.mark.parametrize("gone", [False, True])
def test_a_failing_child_of_a_source_that_rests_is_not_polled(db: Database, gone: bool) -> None:
    _grow(db)
    fail_seed(db, _seed(db, CHILD), polled_at=NOW, next_poll_at=NOW, note="HTTP 500", gone=gone)
    for sources in ([replace(VALLEY, enabled=False)], []):
        _sync(db, *sources)
        assert due_seeds(db, LATER, everything=True) == []
    _sync(db, VALLEY)
    assert CHILD in {seed.url for seed in due_seeds(db, LATER)}


def test_sitemaps_that_their_index_names_no_longer_are_removed_until_it_names_them_again(db: Database) -> None:
    _grow(db)
    index = _seed(db, VALLEY.sitemaps[0])
    with transaction(db):
        assert keep_children(db, index, [CHILD, "https://www.valleypost.example/new.xml"]) == 0
        assert keep_children(db, index, ["https://www.valleypost.example/new.xml"]) == 1
        assert keep_children(db, index, []) == 0
    removed = {VALLEY.feeds[0]: "active", VALLEY.sitemaps[0]: "active", CHILD: "removed", GRANDCHILD: "removed"}
    assert _statuses(db, "seeds") == removed
    _sync(db, VALLEY)
    assert _statuses(db, "seeds") == removed
    _sync(db, replace(VALLEY, enabled=False))
    _sync(db, VALLEY)
    assert _statuses(db, "seeds") == removed
    add_child_seed(db, index, CHILD, due=False)
    assert _statuses(db, "seeds") == {**removed, CHILD: "active"}
    _sync(db, VALLEY)
    assert _statuses(db, "seeds") == {**removed, CHILD: "active"}
    _sync(db, replace(VALLEY, sitemaps=(*VALLEY.sitemaps, GRANDCHILD)))
    with transaction(db):
        keep_children(db, _seed(db, CHILD), [])
    assert _statuses(db, "seeds") == {**removed, CHILD: "active", GRANDCHILD: "active"}


@pytest.mark.parametrize("fate", ["not_article", "gone", "refused", "failed"])
def test_only_articles_are_asked_again(db: Database, fate: str) -> None:
    _add(db, Link("https://hill.example/a", modified_hint="2026-11-22T10:00:00Z"))
    settle_link(db, 1, fate, NOW)  # type: ignore[arg-type]
    assert _add(db, Link("https://hill.example/a", modified_hint=LATER)) == Added(known=1)
    assert _fates(db)["https://hill.example/a"][0] == fate


# --- the queue ---


def test_the_queue_gives_the_oldest_link_of_a_host_that_is_not_under_way(db: Database) -> None:
    _add(db, *(Link(f"https://hill.example/{n}") for n in range(3)), Link("https://b.example/1"))
    assert sorted(pending_hosts(db, NOW)) == ["b.example", "hill.example"]
    assert [
        getattr(next_link(db, "hill.example", NOW, skip), "id", None) for skip in ([], [1], [2], [1, 2], [1, 2, 3])
    ] == [1, 2, 1, 3, None]
    assert next_link(db, "c.example", NOW, []) is None


def test_a_postponed_link_waits_and_counts_only_its_own_tries(db: Database) -> None:
    _add(db, Link("https://hill.example/a"))
    postpone_link(db, 1, LATER, "HTTP 429", counts=False)
    assert next_link(db, "hill.example", NOW, []) is None
    assert pending_hosts(db, NOW) == []
    link = next_link(db, "hill.example", LATER, [])
    assert link is not None
    assert link.tries == 0
    postpone_link(db, 1, LATER, "HTTP 500")
    link = next_link(db, "hill.example", LATER, [])
    assert link is not None
    assert link.tries == 1
    settle_link(db, 1, "failed", LATER, reason="HTTP 500")
    assert db.execute("SELECT fate, reason, tries, next_try_at, settled_at FROM links").fetchone() == (
        *("failed", "HTTP 500"),
        *(2, None, LATER),
    )


def test_settling_keeps_the_article_a_link_has(db: Database) -> None:
    _stored(db, None)
    settle_link(db, 1, "article", LATER, reason="seen again without text")
    assert db.execute("SELECT article_id FROM links").fetchone() == (1,)


def test_an_archived_page_gets_a_link_or_the_one_it_has(db: Database) -> None:
    _add(db, Link("https://hill.example/a", "A title"))
    archive = _seed(db, HILL.archives[0])
    with transaction(db):
        assert add_archive_link(db, "https://hill.example/a", archive.id, LATER) == 1
        assert add_archive_link(db, "https://hill.example/b", archive.id, LATER) == 2
    rows = db.execute("SELECT seed_id, found_at FROM links ORDER BY id").fetchall()
    assert rows == [
        (3 - 2, NOW),
        (archive.id, LATER),
    ]
    assert find_link(db, "https://hill.example/a") == (1, "pending")
    assert find_link(db, "https://hill.example/c") is None


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["", "www.", "m."]).flatmap(
    lambda sub: st.builds(
        lambda n, tail: f"https://{sub}hill.example/story-{n}{tail}",
        st.integers(0, 3),
        st.sampled_from(["", "/", "?utm_source=x", "#top", "/amp"]),
    )), max_size=12))  # fmt: skip
def test_whatever_a_seed_lists_one_link_of_an_identity_is_fetched_and_all_have_a_fate(urls: list[str]) -> None:
    db = open_archive(":memory:")
    try:
        added = _add(db, *map(Link, urls))
        rows = db.execute("SELECT url, url_key, fate FROM links").fetchall()
        assert added.new == len(rows) == len(set(urls))
        assert added.new + added.known == len(urls)
        pending = [key for _, key, fate in rows if fate == "pending"]
        assert sorted(pending) == sorted({key for _, key, _ in rows})
        assert {fate for _, _, fate in rows} <= {"pending", "duplicate_url"}
    finally:
        db.close()


# --- hosts ---


def test_a_host_is_remembered_whole(db: Database) -> None:
    assert read_host(db, "a.example") == Host("a.example")
    host = Host("a.example", 2.5, LATER, 3, 200, NOW, "User-agent: *", NOW)
    write_host(db, host, last_error="HTTP 429")
    assert read_host(db, "a.example") == host
    write_host(db, replace(host, failures=0, not_before=None))
    assert read_host(db, "a.example") == replace(host, failures=0, not_before=None)
    assert db.execute("SELECT last_error FROM hosts").fetchall() == [("HTTP 429",)]  # until there is a newer one
    note_asked(db, "a.example", LATER)
    assert read_host(db, "a.example") == replace(host, failures=0, not_before=None, last_asked_at=LATER)
    note_asked(db, "b.example", LATER)
    assert read_host(db, "b.example") == Host("b.example", last_asked_at=LATER)


# --- whose page is it ---


@pytest.mark.parametrize(
    ("url", "preferred", "source"),
    [
        ("https://www.valleypost.example/a", None, "valley"),
        ("https://news.valleypost.example/a", "other", "valley"),
        ("https://fa.valleypost.example/a", None, "valley-fa"),
        ("https://m.fa.valleypost.example/a", "valley", "valley-fa"),
        ("https://fax.valleypost.example/a", None, "valley"),
        ("https://hill.example/a", "hill", "hill"),
        ("https://hill.example/a", "hill-2", "hill-2"),
        ("https://hill.example:8443/a", "hill", "hill"),
        ("https://unlisted.example/a", "hill", "unlisted.example"),
        ("https://deep.unlisted.co.uk/a", None, "unlisted.co.uk"),
        ("https://alice.wordpress.com/a", None, "alice.wordpress.com"),
        ("http://203.0.113.7:8080/a", None, "203.0.113.7"),
        ("http://[2001:db8::7]:8080/a", None, "2001:db8::7"),
    ],
)
def test_a_page_belongs_to_the_closest_source_of_its_domain(
    db: Database, url: str, preferred: str | None, source: str
) -> None:
    _sync(
        db,
        VALLEY,
        Source("valley-fa", "Valley Post Farsi", homepage="https://fa.valleypost.example/"),
        HILL,
        Source("hill-2", "Hill again", feeds=("https://hill.example/b.xml",)),
    )
    with transaction(db):
        assert _meet(db, url, preferred) == source
        assert _meet(db, url, preferred) == source
    assert db.execute("SELECT count(*) FROM sources WHERE id = ?", (source,)).fetchone() == (1,)


def test_an_unlisted_source_has_a_homepage_and_the_status_seen(db: Database) -> None:
    with transaction(db):
        _meet(db, "https://news.unlisted.example/a/b?c")
    assert db.execute("SELECT id, homepage, domain, status FROM sources").fetchall() == [
        ("unlisted.example", "http://news.unlisted.example/", "unlisted.example", "seen")
    ]


def test_what_waits_at_a_host_is_counted_to_a_limit(db: Database) -> None:
    _add(db, *(Link(f"https://hill.example/{n}") for n in range(5)), Link("https://dale.example/1"))
    assert [count_pending(db, "hill.example", NOW, most) for most in (0, 1, 4, 5, 99)] == [0, 1, 4, 5, 5]
    assert count_pending(db, "dale.example", NOW, 99) == 1
    assert count_pending(db, "moor.example", NOW, 99) == 0
    postpone_link(db, 1, LATER, "not now")
    settle_link(db, 2, "gone", NOW)
    assert count_pending(db, "hill.example", NOW, 99) == 3
    assert count_pending(db, "hill.example", LATER, 99) == 4


def test_the_rest_of_a_host_is_read_without_its_robots(db: Database) -> None:
    assert read_rest(db, "hill.example") == Rest()
    host = Host("hill.example", delay_seconds=3.0, not_before=LATER, failures=2, robots_body="User-agent: *")
    write_host(db, host)
    note_asked(db, "hill.example", NOW)
    assert read_rest(db, "hill.example") == Rest(3.0, LATER, NOW, 2)
