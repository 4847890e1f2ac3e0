"""robots.txt by RFC 9309, Retry-After by RFC 9110, and the clamps that keep a typo from closing a source."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.http import Response
from scrapy.utils.test import get_crawler
from sqlite_utils import Database

from crawler.politeness import (
    BACKOFF_MAX_SECONDS,
    CRAWL_DELAY_MAX_SECONDS,
    RETRY_AFTER_MAX_SECONDS,
    ROBOTS_MAX_BYTES,
    BlockedByRobots,
    RobotsMiddleware,
    RobotsUnavailable,
    after,
    backoff_seconds,
    clamp_delay,
    parse_retry_after,
    read_robots,
)
from db.connection import from_text, open_archive, to_text
from db.hosts import read_host, write_host
from db.records import Host

AGENT = "Parley/0.1.0 (+https://desk.example/bot)"
NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


# --- robots.txt ---


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        *((status, True) for status in (200, 204, 301, 401, 403, 404, 410)),
        *((status, False) for status in (429, 500, 503, 599, None)),
    ],
)
def test_a_status_decides_where_there_are_no_rules(status: int | None, allowed: bool) -> None:
    assert read_robots(status, "", AGENT).allows("https://news.example/story", AGENT) is allowed


def test_the_body_of_an_error_page_is_no_rules() -> None:
    assert read_robots(404, "User-agent: *\nDisallow: /", AGENT).allows("https://news.example/a", AGENT)
    assert not read_robots(503, "User-agent: *\nAllow: /", AGENT).allows("https://news.example/a", AGENT)


RULES = """\
User-agent: *
Disallow: /private/
Disallow: /*.pdf$
Disallow: /search?
Allow: /private/press
Crawl-delay: 7

User-agent: PARLEY
Disallow: /only-parley
Crawl-delay: 12.5
"""


@pytest.mark.parametrize(
    ("url", "other", "parley"),
    [
        ("https://n.example/story", True, True),
        ("https://n.example/private/x", False, True),
        ("https://n.example/private/press/1", True, True),
        ("https://n.example/a.pdf", False, True),
        ("https://n.example/a.pdf?x=1", True, True),
        ("https://n.example/search?q=1", False, True),
        ("https://n.example/only-parley/1", True, False),
    ],
)
def test_the_longest_match_wins_and_only_ones_own_group_counts(url: str, other: bool, parley: bool) -> None:
    assert read_robots(200, RULES, "Elsebot/2").allows(url, "Elsebot/2") is other
    assert read_robots(200, RULES, AGENT).allows(url, AGENT) is parley


def test_the_crawl_delay_is_that_of_the_own_group() -> None:
    assert read_robots(200, RULES, AGENT).delay_seconds == 12.5
    assert read_robots(200, RULES, "Elsebot/2").delay_seconds == 7


def test_a_group_for_a_word_of_the_contact_address_is_somebody_elses() -> None:
    robots = read_robots(200, "User-agent: bot\nDisallow: /\n\nUser-agent: desk\nDisallow: /", AGENT)
    assert robots.allows("https://news.example/story", AGENT)


def test_rules_after_500_kibibytes_are_not_read() -> None:
    head = "User-agent: *\nDisallow: /early\n"
    body = head + "#" * (ROBOTS_MAX_BYTES - len(head) - 1) + "\nDisallow: /late\n"
    robots = read_robots(200, body, AGENT)
    assert not robots.allows("https://n.example/early", AGENT)
    assert robots.allows("https://n.example/late", AGENT)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html><body>Not found</body></html>",
        "\x00\x01",
        "Disallow: /",
        "User-agent:\nDisallow: /a",
        "\ufeff",
        ":::",
    ],
)
def test_what_is_no_robots_txt_forbids_nothing(body: str) -> None:
    assert read_robots(200, body, AGENT).allows("https://n.example/story", AGENT)


def test_the_address_of_robots_txt_itself_is_always_allowed() -> None:
    assert read_robots(200, "User-agent: *\nDisallow: /", AGENT).allows("https://n.example/robots.txt", AGENT)


@given(st.text())
@example("User-agent: *\nCrawl-delay: 1e400")
@example("User-agent: *\nCrawl-delay: -4\nRequest-rate: 0/0")
@example("User-agent: *\nDisallow: /%zz*$*$")
def test_no_body_breaks_the_reader(body: str) -> None:
    robots = read_robots(200, f"User-agent: *\n{body}", AGENT)
    assert 0 <= robots.delay_seconds <= CRAWL_DELAY_MAX_SECONDS
    assert robots.allows("https://n.example/story?a=1", AGENT) in (True, False)


@pytest.mark.parametrize(
    ("seconds", "clamped"),
    [(None, 0), (0, 0), (-3, 0), (2.5, 2.5), (300, 300), (86400, 300), (float("inf"), 0), (float("nan"), 0)],
)
def test_delays_are_clamped(seconds: float | None, clamped: float) -> None:
    assert clamp_delay(seconds) == clamped


# --- Retry-After ---


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        ("120", 120),
        (" 120 ", 120),
        ("86400", 86400),
        ("999999", 86400),
        ("9" * 400, 86400),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("١٢", None),
        ("Sun, 22 Nov 2026 12:02:00 GMT", 120),
        ("Sunday, 22-Nov-26 12:02:00 GMT", 120),
        ("Sun Nov 22 12:02:00 2026", 120),
        ("Sun, 22 Nov 2026 14:02:00 +0200", 120),
        ("Sun, 22 Nov 2026 12:02:00 -0000", 120),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0),
        ("Fri, 31 Dec 2099 23:59:59 GMT", 86400),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("Fri, 32 Dec 2026 23:59:59 GMT", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{1,6} \d\d:\d\d:\d\d( [+-]\d{1,6})?"))
@example("Sun, 22 Nov 0001 00:00:00 +2359")
@example("Sun, 22 Nov 9999 23:59:59 -2359")
@example("Sun, 22 Nov 2026 12:02:00 +9999999")
def test_retry_after_is_a_second_count_within_a_day_or_nothing(value: str) -> None:
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or 0 <= seconds <= RETRY_AFTER_MAX_SECONDS


# --- back-off ---


def test_back_off_doubles_from_a_minute_to_six_hours() -> None:
    assert [backoff_seconds(n) for n in (1, 2, 3, 4)] == [60, 120, 240, 480]
    assert backoff_seconds(10) == backoff_seconds(10_000) == BACKOFF_MAX_SECONDS == 6 * 3600
    assert backoff_seconds(0) == backoff_seconds(-1) == 60


@given(st.integers(-5, 10**9))
def test_back_off_never_shrinks(n: int) -> None:
    assert 60 <= backoff_seconds(n) <= backoff_seconds(n + 1) <= BACKOFF_MAX_SECONDS


@given(st.floats(0, 10**7))
def test_after_is_never_too_early_and_less_than_a_second_late(seconds: float) -> None:
    before = datetime.now(UTC)
    moment = from_text(after(seconds))
    rest = timedelta(seconds=seconds)
    assert before + rest - timedelta(milliseconds=1) <= moment <= datetime.now(UTC) + rest + timedelta(seconds=1)


# --- the middleware, over a real archive file ---


class _Engine:
    """The network's end of the engine: answers for robots.txt, and remembers what was asked."""

    def __init__(self, answer: Callable[[Request], Response]) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def download_async(self, request: Request) -> Response:
        self.asked.append(request.url)
        await asyncio.sleep(0)
        return self.answer(request)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_archive(tmp_path / "news.db")
    yield database
    database.close()


def _ready(db: Database, answer: Callable[[Request], Response]) -> tuple[RobotsMiddleware, _Engine]:
    crawler: Any = get_crawler(settings_dict={"USER_AGENT": AGENT})
    crawler.spider = SimpleNamespace(db=db)
    crawler.engine = engine = _Engine(answer)
    return RobotsMiddleware.from_crawler(crawler), engine


def _rules(
    body: str = "User-agent: *\nDisallow: /no\nCrawl-delay: 3", status: int = 200
) -> Callable[[Request], Response]:
    return lambda request: Response(request.url, status=status, body=body.encode())


def _fail(request: Request) -> Response:
    raise ConnectionRefusedError(request.url)


def _pass(middleware: RobotsMiddleware, *urls: str) -> list[str]:
    """Returns what became of requests sent at the same time."""

    async def ask(url: str) -> str:
        try:
            await middleware.process_request(Request(url))
        except (BlockedByRobots, RobotsUnavailable) as error:
            return type(error).__name__
        return "passed"

    async def ask_all() -> list[str]:
        return await asyncio.gather(*map(ask, urls))

    return asyncio.run(ask_all())


def test_one_robots_txt_is_asked_for_many_requests_of_a_host(db: Database) -> None:
    middleware, engine = _ready(db, _rules())
    urls = ["https://n.example/a", "https://n.example/no/b", "https://n.example/c", "https://m.example:8443/no"]
    assert _pass(middleware, *urls) == ["passed", "BlockedByRobots", "passed", "BlockedByRobots"]
    assert engine.asked == ["https://n.example/robots.txt", "https://m.example:8443/robots.txt"]
    assert read_host(db, "n.example").delay_seconds == 3
    assert read_host(db, "n.example").robots_status == 200


def test_the_next_run_believes_a_fresh_copy(db: Database) -> None:
    _pass(_ready(db, _rules())[0], "https://n.example/a")
    middleware, engine = _ready(db, _fail)
    assert _pass(middleware, "https://n.example/a", "https://n.example/no") == ["passed", "BlockedByRobots"]
    assert engine.asked == []


def _age(db: Database, hours: float) -> None:
    stamp = to_text(datetime.now(UTC) - timedelta(hours=hours))
    write_host(db, replace(read_host(db, "n.example"), robots_at=stamp))


def test_a_copy_older_than_a_day_is_asked_for_again(db: Database) -> None:
    _pass(_ready(db, _rules())[0], "https://n.example/a")
    _age(db, 25)
    middleware, engine = _ready(db, _rules("User-agent: *\nDisallow: /a"))
    assert _pass(middleware, "https://n.example/a") == ["BlockedByRobots"]
    assert len(engine.asked) == 1
    assert read_host(db, "n.example").delay_seconds == 0


@pytest.mark.parametrize("answer", [_fail, _rules("", 503), _rules("", 429)])
@pytest.mark.parametrize("body", ["User-agent: *\nDisallow: /no", ""])
def test_an_old_copy_serves_while_robots_txt_cannot_be_had(
    db: Database, answer: Callable[[Request], Response], body: str
) -> None:
    _pass(_ready(db, _rules(body))[0], "https://n.example/a")
    _age(db, 24 * 20)
    middleware, _ = _ready(db, answer)
    expected = ["passed", "BlockedByRobots" if body else "passed"]
    assert _pass(middleware, "https://n.example/a", "https://n.example/no") == expected
    _age(db, 24 * 31)
    assert _pass(_ready(db, answer)[0], "https://n.example/a") == ["RobotsUnavailable"]


@pytest.mark.parametrize("answer", [_fail, _rules("", 503), _rules("", 500), _rules("", 429)])
def test_a_host_without_an_answer_is_closed_for_an_hour_then_asked_again(
    db: Database, answer: Callable[[Request], Response]
) -> None:
    middleware, engine = _ready(db, answer)
    assert _pass(middleware, "https://n.example/a") == ["RobotsUnavailable"]
    assert len(engine.asked) == 1
    middleware, engine = _ready(db, _rules())
    assert _pass(middleware, "https://n.example/a") == ["RobotsUnavailable"]
    assert engine.asked == []
    _age(db, 1.1)
    middleware, engine = _ready(db, _rules())
    assert _pass(middleware, "https://n.example/a") == ["passed"]
    assert len(engine.asked) == 1


def test_a_host_closed_for_thirty_days_blocks_its_links_for_good_until_it_answers(db: Database) -> None:
    _pass(_ready(db, _fail)[0], "https://n.example/a")
    since = read_host(db, "n.example").robots_failing_since
    assert since is not None
    _age(db, 2)
    assert _pass(_ready(db, _fail)[0], "https://n.example/a") == ["RobotsUnavailable"]
    assert read_host(db, "n.example").robots_failing_since == since
    long_ago = to_text(datetime.now(UTC) - timedelta(days=30, hours=1))
    write_host(db, replace(read_host(db, "n.example"), robots_failing_since=long_ago))
    assert _pass(_ready(db, _fail)[0], "https://n.example/a") == ["BlockedByRobots"]
    _age(db, 2)
    assert _pass(_ready(db, _fail)[0], "https://n.example/a") == ["BlockedByRobots"]
    _age(db, 2)
    assert _pass(_ready(db, _rules())[0], "https://n.example/a") == ["passed"]
    assert read_host(db, "n.example").robots_failing_since is None


def test_a_long_run_asks_a_closed_host_again_after_an_hour(db: Database) -> None:
    answers = [_fail, _rules()]
    middleware, engine = _ready(db, lambda request: answers[len(engine.asked) - 1](request))
    assert _pass(middleware, "https://n.example/a") == ["RobotsUnavailable"]
    assert _pass(middleware, "https://n.example/a") == ["RobotsUnavailable"]
    assert len(engine.asked) == 1
    _age(db, 1.1)
    assert _pass(middleware, "https://n.example/a") == ["passed"]
    assert len(engine.asked) == 2


def _redirecting(hops: int) -> Callable[[Request], Response]:
    """Returns what Scrapy's own redirect middleware makes of a robots.txt so many hops away."""
    redirects = RedirectMiddleware.from_crawler(get_crawler())

    def answer(request: Request) -> Response:
        for hop in range(hops):
            headers = {"Location": f"/robots-{hop}.txt"}
            request = redirects.process_response(request, Response(request.url, status=302, headers=headers))  # type: ignore[assignment]
        return Response(request.url, body=b"User-agent: *\nDisallow: /no")

    return answer


@pytest.mark.parametrize(("hops", "outcome"), [(5, "BlockedByRobots"), (6, "passed")])
def test_five_redirects_of_robots_txt_are_followed_and_after_that_all_is_allowed(
    db: Database, hops: int, outcome: str
) -> None:
    middleware, _ = _ready(db, _redirecting(hops))
    assert _pass(middleware, "https://n.example/no") == [outcome]


def test_a_missing_robots_txt_is_believed_for_a_day(db: Database) -> None:
    _pass(_ready(db, _rules("gone", 404))[0], "https://n.example/a")
    _age(db, 23)
    middleware, engine = _ready(db, _fail)
    assert _pass(middleware, "https://n.example/no") == ["passed"]
    assert engine.asked == []


def test_a_hold_of_the_host_survives_the_reading_of_its_robots_txt(db: Database) -> None:
    write_host(db, Host("n.example", not_before="2030-01-01T00:00:00Z", failures=2))
    _pass(_ready(db, _rules())[0], "https://n.example/a")
    known = read_host(db, "n.example")
    assert (known.not_before, known.failures, known.delay_seconds) == ("2030-01-01T00:00:00Z", 2, 3)


def test_exempt_and_local_requests_ask_nothing(db: Database) -> None:
    middleware, engine = _ready(db, _fail)
    for request in (Request("https://n.example/robots.txt", meta={"robots_exempt": True}), Request("file:///")):
        asyncio.run(middleware.process_request(request))
    assert engine.asked == []


def test_bytes_that_are_no_utf8_lose_their_line_only(db: Database) -> None:
    body = b"\xef\xbb\xbfUser-agent: *\nDisallow: /\xff\xfe\nDisallow: /no\n"
    middleware, _ = _ready(db, lambda request: Response(request.url, body=body))
    assert _pass(middleware, "https://n.example/no")[0] == "BlockedByRobots"
