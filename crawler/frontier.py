"""What to fetch next. The database is the queue; this is the clerk who hands out one piece of work a host.

A host is busy from the moment a request for it is handed out until its answer came, and then rests for its delay: the
longer of ``HOST_DELAY_SECONDS`` and its Crawl-delay. At most ``in_flight_max`` pieces of work are on their way from
hand-out to their settled fate, so nothing piles up in memory however long the queue is.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic

from sqlite_utils import Database

from crawler.politeness import after, backoff_seconds
from db.connection import from_text, transaction, utc_now
from db.frontier import due_seeds
from db.hosts import read_host, write_host
from db.queue import next_link, pending_hosts
from db.records import PendingLink, Seed
from db.urls import host_of

PATIENCE_SECONDS = 45.0
"""A host that rests longer than this (Retry-After, a long Crawl-delay) does not keep the run alive; the next asks."""
LOOK_AGAIN_SECONDS = 30.0
"""How often a long run looks for seeds that have become due meanwhile."""

Work = Seed | PendingLink


class Frontier:
    """Hands out seeds and links, one at a time a host, until nothing is left to do."""

    def __init__(
        self,
        db: Database,
        *,
        delay_seconds: float,
        in_flight_max: int,
        run_seconds: float = math.inf,
        everything_due: bool = False,
    ) -> None:
        self.db = db
        self.delay_seconds = delay_seconds
        self.in_flight_max = in_flight_max
        self.ends_at = monotonic() + run_seconds
        self.everything_due = everything_due
        self.out_of_time = False
        self._seeds: dict[str, deque[Seed]] = defaultdict(deque)
        self._taken_seeds: set[int] = set()
        self._hops: dict[str, deque[Work]] = defaultdict(deque)
        self._under_way: dict[str, set[int]] = defaultdict(set)
        self._busy: dict[str, Work] = {}
        self._resting: list[tuple[float, str]] = []
        self._queued: set[str] = set()
        self._in_flight = 0
        self._looked_at = -math.inf
        self._changed = asyncio.Event()
        self._stored = asyncio.Event()

    async def next(self) -> Work | None:
        """Returns the next piece of work as soon as its host may be asked, or None when this run has nothing left."""
        while True:
            if monotonic() >= self.ends_at:
                self.out_of_time = self._has_work_left()
                return None
            self._look_for_due_work()
            work = self._take_ready() if self._in_flight < self.in_flight_max else None
            if work is not None:
                return work
            wait = self._seconds_to_wait()
            if wait is None:
                return None
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), wait)
            except TimeoutError:
                continue

    def answered(self, host: str) -> None:
        """Notes that a host's answer came (or failed): it rests for its delay and may then be asked again."""
        if self._busy.pop(host, None) is not None:
            self._queue(host)
            self._changed.set()

    def settled(self, work: Work) -> None:
        """Notes that a piece of work has its fate: its place is free."""
        if isinstance(work, PendingLink):
            self._under_way[host_of(work.url)].discard(work.id)  # redirects may have led to another host
        self._in_flight -= 1
        if self._busy.get(work.host) is work:  # else its host answered long ago and may be at the next piece of work
            del self._busy[work.host]
        for host in {work.host, host_of(work.url)}:
            self._queue(host)
        self._changed.set()

    def follow(self, work: Work) -> float:
        """Takes a redirected piece of work back, to be handed out again before anything else of its new host.

        Call after `answered` for the host that sent the redirect. Returns 0, or the seconds that the new host rests
        when that is more than this run has patience for: then the work is not queued, and the caller settles it.
        """
        rest = self._rest_of(work.host)
        if rest > PATIENCE_SECONDS:
            return rest
        self._in_flight -= 1  # it counts again when it is handed out; else hops could take every place and wait for one
        self._hops[work.host].append(work)
        self._queue(work.host)
        self._changed.set()
        return 0.0

    def take_back(self, host: str) -> list[Work]:
        """Returns the redirected work that waits for a host which now rests too long; the caller settles it."""
        if not self._hops.get(host) or self._rest_of(host) <= PATIENCE_SECONDS:
            return []
        works = list(self._hops.pop(host))
        self._in_flight += len(works)
        return works

    def rest_of(self, host: str) -> float:
        """Returns how many seconds a host still asks to be left alone."""
        return self._rest_of(host)

    def wake(self, hosts: Iterable[str], *, new_seeds: bool = False) -> None:
        """Notes that links of these hosts were added, and whether seeds were."""
        for host in hosts:
            self._queue(host)
        if new_seeds:
            self._looked_at = -math.inf
        self._changed.set()

    def close(self) -> None:
        """Hands out nothing more."""
        self.ends_at = -math.inf
        self._changed.set()

    async def drained(self, is_drained: Callable[[], bool]) -> None:
        """Waits until a condition holds that changes whenever a page is stored."""
        while not is_drained():
            self._stored.clear()
            await self._stored.wait()

    def page_stored(self) -> None:
        """Wakes whoever waits in `drained`."""
        self._stored.set()

    def hold(self, host: str, seconds: float, reason: str) -> float:
        """Leaves a host alone for ``seconds``, or for a while that grows with its failures when 0; kept across runs.

        Returns the seconds it will rest. Call inside a transaction.
        """
        known = read_host(self.db, host)
        rest = seconds or backoff_seconds(known.failures + 1)
        write_host(self.db, replace(known, failures=known.failures + 1, not_before=after(rest)), last_error=reason)
        return rest

    def forgive(self, host: str) -> None:
        """Forgets a host's failures once it answered well."""
        known = read_host(self.db, host)
        if known.failures or known.not_before:
            with transaction(self.db):
                write_host(self.db, replace(known, failures=0, not_before=None))

    def _look_for_due_work(self) -> None:
        if monotonic() - self._looked_at < LOOK_AGAIN_SECONDS:
            return
        self._looked_at = monotonic()
        now = utc_now()
        for seed in due_seeds(self.db, now, everything=self.everything_due):
            if seed.id not in self._taken_seeds:
                self._taken_seeds.add(seed.id)
                self._seeds[seed.host].append(seed)
                self._queue(seed.host)
        for host in pending_hosts(self.db, now):
            self._queue(host)

    def _queue(self, host: str) -> None:
        if host in self._queued or host in self._busy:
            return
        rest = self._rest_of(host)
        if host in self._under_way:
            rest = max(rest, self.delay_seconds, read_host(self.db, host).delay_seconds)
        if self._has_work(host, rest):
            self._rest(host, rest)

    def _rest(self, host: str, seconds: float) -> None:
        self._queued.add(host)
        heapq.heappush(self._resting, (monotonic() + seconds, host))

    def _rest_of(self, host: str) -> float:
        """How many seconds a hold of this host still lasts."""
        not_before = read_host(self.db, host).not_before
        return max((from_text(not_before) - datetime.now(UTC)).total_seconds(), 0.0) if not_before else 0.0

    def _has_work(self, host: str, within_seconds: float) -> bool:
        if self._hops.get(host) or self._seeds.get(host):
            return True
        return next_link(self.db, host, after(within_seconds), sorted(self._under_way.get(host, ()))) is not None

    def _has_work_left(self) -> bool:
        if any(self._hops.values()) or any(self._seeds.values()):
            return True
        return any(self._has_work(host, 0.0) for host in pending_hosts(self.db, utc_now()))

    def _take_ready(self) -> Work | None:
        while self._resting and self._resting[0][0] <= monotonic():
            _, host = heapq.heappop(self._resting)
            self._queued.discard(host)
            held = self._rest_of(host)
            if held > 0:  # asked for patience while it rested
                self._rest(host, held)
                continue
            work = self._take(host)
            if work is not None:
                return work
        return None

    def _take(self, host: str) -> Work | None:
        under_way = self._under_way[host]
        work: Work | None
        if self._hops[host]:
            work = self._hops[host].popleft()
        elif self._seeds[host]:
            work = self._seeds[host].popleft()
        else:
            work = next_link(self.db, host, utc_now(), sorted(under_way))
            if work is None:
                return None
            under_way.add(work.id)
        self._busy[host] = work
        self._in_flight += 1
        return work

    def _seconds_to_wait(self) -> float | None:
        """How long until something can change by itself; None when nothing will."""
        wait = max(self._resting[0][0] - monotonic(), 0.0) if self._resting else math.inf
        if self._in_flight:
            return min(wait if self._in_flight < self.in_flight_max else math.inf, LOOK_AGAIN_SECONDS)
        return min(wait, LOOK_AGAIN_SECONDS) if wait <= PATIENCE_SECONDS else None
