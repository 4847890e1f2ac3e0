"""Where redirects lead: targets joined and normalised, circles and endless chains refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.redirects import RedirectUnusable, follow_redirect, read_location
from db.records import PendingLink, Seed
from db.urls import normalise

LINK = PendingLink(1, "https://hill.example/a", "hill.example")
SEED = Seed(1, "hill", "feed", "https://hill.example/rss", "hill.example")
ASKED = "https://hill.example/news/a?x=1"


@pytest.mark.parametrize(
    ("location", "target"),
    [
        (b"https://valley.example/b", "https://valley.example/b"),
        (b"/b", "https://hill.example/b"),
        (b"b", "https://hill.example/news/b"),
        (b"?y=2", "https://hill.example/news/a?y=2"),
        (b"//valley.example/b", "https://valley.example/b"),
        (b" /b#part ", "https://hill.example/b"),
        ("/größe".encode(), "https://hill.example/gr%C3%B6%C3%9Fe"),
        ("/größe".encode("latin-1"), "https://hill.example/gr%C3%B6%C3%9Fe"),
        (b"HTTP://Hill.Example:80/b", "http://hill.example/b"),
        (b"", None),
        (b"   ", None),
        (None, None),
        (b"javascript:alert(1)", None),
        (b"mailto:desk@hill.example", None),
        (b"file:///etc/passwd", None),
        (b"http://[::1", None),
        (b"http://", None),
    ],
)
def test_targets(location: bytes | None, target: str | None) -> None:
    assert read_location(ASKED, location) == target


@given(st.binary(max_size=60))
def test_any_header_gives_a_normalised_target_or_none(location: bytes) -> None:
    target = read_location(ASKED, location)
    assert target is None or normalise(target) == target


def test_a_hop_is_asked_of_its_own_host_and_the_link_keeps_its_url() -> None:
    there = follow_redirect(LINK, LINK.url, 302, b"https://valley.example:8080/b", 8)
    assert (there.url, there.address, there.host) == (LINK.url, "https://valley.example:8080/b", "valley.example:8080")
    back = follow_redirect(there, there.address, 301, b"https://hill.example/c", 8)
    assert (back.address, back.host, len(back.hops)) == ("https://hill.example/c", "hill.example", 2)
    assert (LINK.address, LINK.hops) == (LINK.url, ())


@pytest.mark.parametrize("location", [None, b"", b"mailto:desk@hill.example"])
def test_a_redirect_without_a_target_is_told(location: bytes | None) -> None:
    with pytest.raises(RedirectUnusable, match="redirect without a target"):
        follow_redirect(LINK, LINK.url, 302, location, 8)


def test_circles_are_refused() -> None:
    with pytest.raises(RedirectUnusable, match="in a circle"):
        follow_redirect(LINK, LINK.url, 302, b"/a", 8)
    there = follow_redirect(LINK, LINK.url, 302, b"/b", 8)
    there = follow_redirect(there, there.address, 302, b"/c", 8)
    for location in (b"/a", b"/b", b"/c#top"):
        with pytest.raises(RedirectUnusable, match="in a circle"):
            follow_redirect(there, there.address, 302, location, 8)


def test_no_more_hops_than_allowed() -> None:
    work = LINK
    for n in range(3):
        work = follow_redirect(work, work.address, 302, f"/hop-{n}".encode(), 3)
    with pytest.raises(RedirectUnusable, match="too many redirects"):
        follow_redirect(work, work.address, 302, b"/hop-3", 3)


def _moved(*hops: int) -> str | None:
    work = SEED
    for n, status in enumerate(hops):
        work = follow_redirect(work, work.address, status, f"/rss-{n}".encode(), 8)
    return work.moved_to


@pytest.mark.parametrize(
    ("hops", "moved_to"),
    [
        ((301,), "https://hill.example/rss-0"),
        ((308, 301), "https://hill.example/rss-1"),
        ((302,), None),
        ((307, 301), None),
        ((301, 302), None),
        ((301, 302, 301), None),
    ],
)
def test_a_seed_moved_only_if_every_hop_says_so(hops: tuple[int, ...], moved_to: str | None) -> None:
    assert _moved(*hops) == moved_to
