"""How often a host is asked, and what its robots.txt allows.

robots.txt follows RFC 9309; Retry-After follows RFC 9110 section 10.2.3. What is learned is kept in the table
``hosts``, so that a run every five minutes does not ask for the same robots.txt each time and a back-off outlives the
process.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import time
from typing import TYPE_CHECKING

from protego import Protego
from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http.request import NO_CALLBACK

from db.connection import from_text, to_text, transaction, utc_now
from db.hosts import read_host, write_host
from db.records import Host
from db.urls import host_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

ROBOTS_MAX_BYTES = 500 * 1024
"""RFC 9309 section 2.5: at least 500 KiB must be parsed; the rest is not read."""
ROBOTS_FRESH_SECONDS = 24 * 3600
"""RFC 9309 section 2.4: a copy should not be used for more than a day."""
ROBOTS_RETRY_SECONDS = 3600
"""How long a host whose robots.txt cannot be had stays closed before it is asked again."""
ROBOTS_STALE_SECONDS = 30 * 24 * 3600
"""RFC 9309 section 2.3.1.4: a cached copy may serve this long while robots.txt cannot be reached; links of a host that
never had one wait this long."""
ROBOTS_HOPS_MAX = 5
"""RFC 9309 section 2.3.1.2: so many redirects of a robots.txt are followed."""
RETRY_AFTER_MAX_SECONDS = 24 * 3600
BACKOFF_FIRST_SECONDS = 60
BACKOFF_MAX_SECONDS = 6 * 3600
CRAWL_DELAY_MAX_SECONDS = 300.0
"""A longer Crawl-delay is cut to this: a typo must not close a source for ever."""


class BlockedByRobots(IgnoreRequest):
    """robots.txt forbids this URL."""


class RobotsUnavailable(IgnoreRequest):
    """robots.txt could not be had, which forbids everything for a while."""


@dataclass(frozen=True, slots=True)
class Robots:
    """What one robots.txt means for one user agent."""

    rules: Protego | None
    """None: nothing may be fetched (the file could not be reached)."""
    delay_seconds: float = 0.0
    given_up: bool = False
    """Whether the file could not be reached for so long that its links wait no longer."""

    def allows(self, url: str, user_agent: str) -> bool:
        """Returns whether the URL may be fetched; ``/robots.txt`` itself always may."""
        return self.rules is not None and bool(self.rules.can_fetch(url, product_token(user_agent)))


def product_token(user_agent: str) -> str:
    """Returns the name that robots.txt groups are matched with (RFC 9309 section 2.2.1): ``Parley`` of
    ``Parley/0.1 (+https://desk.example/bot)``; the rest would match groups for other robots."""
    return user_agent.partition("/")[0].split(" ")[0].strip() or user_agent


def read_robots(status: int | None, body: str, user_agent: str) -> Robots:
    """Returns what a robots.txt answer means (RFC 9309 section 2.3.1).

    2xx: the rules; 3xx left after five hops and 4xx: everything is allowed; 5xx, 429 and no answer: nothing is.
    429 says "not now" and is read like 5xx, as the large crawlers do.
    """
    if status is None or not _was_had(status):
        return Robots(None)
    if status >= 300:
        return Robots(Protego.parse(""))
    rules = Protego.parse(body[:ROBOTS_MAX_BYTES])
    return Robots(rules, clamp_delay(rules.crawl_delay(product_token(user_agent))))


def clamp_delay(seconds: float | None) -> float:
    """Returns a Crawl-delay in seconds between 0 and `CRAWL_DELAY_MAX_SECONDS`; nonsense is 0."""
    if seconds is None or not math.isfinite(seconds):
        return 0.0
    return min(max(seconds, 0.0), CRAWL_DELAY_MAX_SECONDS)


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Returns the seconds a ``Retry-After`` header asks for, 0 to a day, or None where it is absent or nonsense."""
    if not value:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(min(int(value[:10]), RETRY_AFTER_MAX_SECONDS))
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), float(RETRY_AFTER_MAX_SECONDS))


def backoff_seconds(failures: int) -> float:
    """Returns how long to leave a host or link alone after its n-th failure in a row.

    One minute, doubling, up to six hours.
    """
    return float(min(BACKOFF_FIRST_SECONDS * 2 ** min(max(failures, 1) - 1, 20), BACKOFF_MAX_SECONDS))


def after(seconds: float, now: datetime | None = None) -> str:
    """Returns the moment that many seconds from now, as stored text, rounded up to a whole second."""
    start = time() if now is None else now.timestamp()
    return to_text(datetime.fromtimestamp(math.ceil(start + seconds), UTC))


class RobotsMiddleware:
    """Lets a request pass when its host's robots.txt allows it, asking for that file at most once a day a host."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.user_agent: str = crawler.settings["USER_AGENT"]
        self.known: dict[str, asyncio.Task[Robots]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RobotsMiddleware:
        """Scrapy's constructor."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raises `BlockedByRobots` or `RobotsUnavailable` where the request must not be sent."""
        if request.meta.get("robots_exempt") or not request.url.startswith("http"):
            return
        host = host_of(request.url)
        if host not in self.known:
            self.known[host] = asyncio.ensure_future(self._find(host, request))
        found = self.known[host]
        robots = await asyncio.shield(found)
        if robots.rules is None:
            if self.known.get(host) is found:  # the archive remembers for an hour; a long run asks again after that
                del self.known[host]
            if robots.given_up:
                raise BlockedByRobots(f"robots.txt of {host} could not be had for {ROBOTS_STALE_SECONDS // 86400} days")
            raise RobotsUnavailable(f"robots.txt of {host} could not be had; nothing is fetched there for a while")
        if not robots.allows(request.url, self.user_agent):
            raise BlockedByRobots("robots.txt forbids this URL")

    async def _find(self, host: str, request: Request) -> Robots:
        db = getattr(self.crawler.spider, "db", None)
        known = read_host(db, host) if db else Host(host)
        age = _age_seconds(known.robots_at)
        had = known.robots_status is not None and _was_had(known.robots_status)
        given_up = known.robots_failing_since is not None and (
            _age_seconds(known.robots_failing_since) >= ROBOTS_STALE_SECONDS
        )
        if age < (ROBOTS_FRESH_SECONDS if had else ROBOTS_RETRY_SECONDS):
            robots = read_robots(known.robots_status, known.robots_body or "", self.user_agent)
            return replace(robots, given_up=given_up and robots.rules is None)
        status, body = await self._ask(request)
        robots = read_robots(status, body, self.user_agent)
        if robots.rules is None and had and age < ROBOTS_STALE_SECONDS:
            return read_robots(known.robots_status, known.robots_body or "", self.user_agent)
        if db:
            with transaction(db):
                known = read_host(db, host)
                write_host(
                    db,
                    replace(
                        known,
                        delay_seconds=robots.delay_seconds,
                        robots_status=status if status is not None else 599,
                        robots_at=utc_now(),
                        robots_body=body,
                        robots_failing_since=(known.robots_failing_since or utc_now())
                        if robots.rules is None
                        else None,
                    ),
                )
        return replace(robots, given_up=given_up and robots.rules is None)

    async def _ask(self, request: Request) -> tuple[int | None, str]:
        scheme = request.url.partition("://")[0]
        robots_request = Request(
            f"{scheme}://{host_of(request.url)}/robots.txt",
            callback=NO_CALLBACK,
            meta={
                "robots_exempt": True,
                "archive_exempt": True,
                "redirect_ttl": ROBOTS_HOPS_MAX,
                "download_maxsize": 5 << 20,
            },
        )
        assert self.crawler.engine is not None
        try:
            response: Response = await self.crawler.engine.download_async(robots_request)
        except IgnoreRequest as error:
            # RFC 9309 section 2.3.1.2: a file that lies behind more than five redirects counts as not there.
            return (302, "") if "max redirections" in str(error) else (None, "")
        except Exception:  # no answer of any kind: the file cannot be had, and the caller says so
            return None, ""
        return response.status, response.body[:ROBOTS_MAX_BYTES].decode("utf-8-sig", errors="ignore")


def _was_had(status: int) -> bool:
    return status < 500 and status != 429


def _age_seconds(stored: str | None) -> float:
    return (datetime.now(UTC) - from_text(stored)).total_seconds() if stored else math.inf
