"""What to fetch next. The database is the queue; this is the clerk who hands out one piece of work a host.

A host is busy from the moment a request for it is handed out until its answer came, and then rests for its delay: the
longer of ``HOST_DELAY_SECONDS`` and its Crawl-delay. At most ``in_flight_max`` pieces of work are on their way from
hand-out to their settled fate, so nothing piles up in memory however long the queue is.

Articles due for a re-check come last: after all seeds and links of their host, and while no host that is ready has any.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import sqlite3
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count

from sqlite_utils import Database

from crawler.clock import Clock
from crawler.politeness import CRAWL_DELAY_MAX_SECONDS, after, backoff_seconds
from crawler.turns import AHEAD_MAX_SECONDS, Turns
from db.connection import from_text, to_text, transaction
from db.frontier import due_seeds
from db.hosts import Rest, note_asked, read_host, read_rest, write_host
from db.queue import count_pending, next_link, pending_hosts
from db.rechecks import next_recheck, recheck_hosts, spend_recheck
from db.records import PendingLink, Seed
from db.urls import host_of

PATIENCE_SECONDS = 45.0
"""A host that rests longer than this (Retry-After, a long Crawl-delay) does not keep the run alive; the next asks."""
LOOK_AGAIN_SECONDS = 30.0
"""How often a long run looks for seeds that have become due meanwhile."""

KEPT_DELAY_SECONDS = 2.0
"""A host with a longer delay than this is not asked too early by the next run either."""
_KIND_ORDER = {"feed": 0, "sitemap": 1, "section": 2, "archive": 3}

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
        rechecks_per_hour: float = 0,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.db = db
        self.delay_seconds = delay_seconds
        self.in_flight_max = in_flight_max
        self.ends_at = self.clock.seconds() + run_seconds
        self.everything_due = everything_due
        self.rechecks_per_hour = rechecks_per_hour
        self.out_of_time = False
        self._seeds: dict[str, list[tuple[int, int, Seed]]] = defaultdict(list)
        self._was_seed: set[str] = set()
        self._polled: dict[int, float] = {}
        self._asked: dict[str, float] = {}
        self._found = count()
        self._taken_seeds: set[int] = set()
        self._hops: dict[str, deque[Work]] = defaultdict(deque)
        self._under_way: dict[str, set[int]] = defaultdict(set)
        self._busy: dict[str, Work] = {}
        self._resting: list[tuple[float, str]] = []
        self._ready = Turns()
        self._ready_to_poll = Turns()
        self._only_rechecks: dict[str, None] = {}
        self._poll_next = False
        self._pages = 0
        self._queued: set[str] = set()
        self._in_flight = 0
        self._looked_at = -math.inf
        self._changed = asyncio.Event()
        self._stored = asyncio.Event()

    async def next(self) -> Work | None:
        """Returns the next piece of work as soon as its host may be asked, or None when this run has nothing left."""
        while True:
            self._look_for_due_work()  # first, so that a run without any time says what it leaves
            if self.clock.seconds() >= self.ends_at:
                self.out_of_time = self._has_work_left()
                return None
            work = self._take_ready() if self._in_flight < self.in_flight_max else None
            if work is not None:
                return work
            wait = self._seconds_to_wait()
            if wait is None:
                if self._look():  # a variant of a link that failed may wait at another host
                    continue
                return None
            self._changed.clear()
            await self.clock.wait(self._changed, max(min(wait, self.ends_at - self.clock.seconds()), 0.0))

    def answered(self, host: str) -> None:
        """Notes that a host's answer came (or failed): it rests for its delay and may then be asked again."""
        if self._busy.pop(host, None) is not None:
            self._note_asked(host)
            self._queue(host)
            self._changed.set()

    def settled(self, work: Work) -> None:
        """Notes that a piece of work has its fate: its place is free."""
        if isinstance(work, PendingLink):
            self._under_way[host_of(work.url)].discard(work.id)  # redirects may have led to another host
            self._pages -= 1
        elif not self.everything_due:  # a long run polls it again when it is due again
            self._taken_seeds.discard(work.id)
            self._polled[work.id] = self.clock.seconds()
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
        rest = self._hold_of(work.host)
        if rest > PATIENCE_SECONDS:
            return rest
        self._in_flight -= 1  # it counts again when it is handed out; else hops could take every place and wait for one
        self._hops[work.host].append(work)
        self._queue(work.host)
        self._changed.set()
        return 0.0

    def take_back(self, host: str) -> list[Work]:
        """Returns the redirected work that waits for a host which now rests too long; the caller settles it."""
        if not self._hops.get(host) or self._hold_of(host) <= PATIENCE_SECONDS:
            return []
        works = list(self._hops.pop(host))
        self._in_flight += len(works)
        return works

    def rest_of(self, host: str) -> float:
        """Returns how many seconds a host still asks to be left alone."""
        return self._hold_of(host)

    def wake(self, hosts: Iterable[str], *, new_seeds: bool = False) -> None:
        """Notes that links of these hosts were added, and whether seeds were."""
        for host in hosts:
            self._leave_rechecks(host)
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
        not_before = after(rest, self.clock.now())
        write_host(self.db, replace(known, failures=known.failures + 1, not_before=not_before), last_error=reason)
        return rest

    def forgive(self, host: str) -> None:
        """Forgets a host's failures once it answered well."""
        rest = read_rest(self.db, host)
        if rest.failures or rest.not_before:
            known = read_host(self.db, host)
            with transaction(self.db):
                write_host(self.db, replace(known, failures=0, not_before=None))

    def _look_for_due_work(self) -> None:
        if self.clock.seconds() - self._looked_at >= LOOK_AGAIN_SECONDS:
            self._look()

    def _look(self) -> bool:
        """Returns whether a host was found that has work and was not queued yet."""
        self._looked_at = self.clock.seconds()
        queued = set(self._queued)
        now = to_text(self.clock.now())
        for seed in due_seeds(self.db, now, everything=self.everything_due):
            # A sitemap index may call its sitemaps changed at each poll: once an interval is enough for them too.
            polled = self._polled.get(seed.id)
            if seed.id in self._taken_seeds or (
                polled is not None and self._looked_at - polled < seed.interval_seconds
            ):
                continue
            self._taken_seeds.add(seed.id)
            heapq.heappush(self._seeds[seed.host], (_KIND_ORDER[seed.kind], next(self._found), seed))
            self._queue(seed.host)
        for host in pending_hosts(self.db, now):
            self._leave_rechecks(host)
            self._queue(host)
        for host in self._recheck_hosts(now):
            self._queue(host)
        return not self._queued <= queued

    def _queue(self, host: str) -> None:
        if host in self._queued or host in self._busy:
            return
        rest = self._rest_of(host)
        if self._has_work(host, rest):
            self._rest(host, rest)

    def _rest(self, host: str, seconds: float) -> None:
        self._queued.add(host)
        heapq.heappush(self._resting, (self.clock.seconds() + seconds, host))

    def _rest_of(self, host: str) -> float:
        """How many seconds this host must still be left alone: its hold, or the delay since it was last asked."""
        known = read_rest(self.db, host)
        asked = self._asked.get(host)
        if asked is not None:
            ago = self.clock.seconds() - asked
        elif known.last_asked_at:
            ago = max((self.clock.now() - from_text(known.last_asked_at)).total_seconds(), 0.0)
        else:
            ago = math.inf
        return max(self._left_of(known), max(self.delay_seconds, known.delay_seconds) - ago, 0.0)

    def _hold_of(self, host: str) -> float:
        """How many seconds a hold of this host still lasts."""
        return self._left_of(read_rest(self.db, host))

    def _left_of(self, rest: Rest) -> float:
        not_before = rest.not_before
        return max((from_text(not_before) - self.clock.now()).total_seconds(), 0.0) if not_before else 0.0

    def _note_asked(self, host: str) -> None:
        self._asked[host] = self.clock.seconds()
        if max(self.delay_seconds, read_rest(self.db, host).delay_seconds) > KEPT_DELAY_SECONDS:
            # A database that cannot be written is told by the next write of substance, which ends the run in order.
            with suppress(sqlite3.Error):
                note_asked(self.db, host, after(0, self.clock.now()))

    def _has_work(self, host: str, within_seconds: float) -> bool:
        if self._hops.get(host) or self._seeds.get(host):
            return True
        return (self._next_link(host, within_seconds) or self._next_recheck(host, within_seconds)) is not None

    def _next_link(self, host: str, within_seconds: float = 0.0) -> PendingLink | None:
        return next_link(self.db, host, self._moment(within_seconds), sorted(self._under_way.get(host, ())))

    def _next_recheck(self, host: str, within_seconds: float = 0.0) -> PendingLink | None:
        if not self.rechecks_per_hour:
            return None
        return next_recheck(self.db, host, self._moment(within_seconds), sorted(self._under_way.get(host, ())))

    def _moment(self, within_seconds: float) -> str:
        now = self.clock.now() + timedelta(seconds=within_seconds)
        # Times are stored in whole seconds; a pause that is over by the end of a rest counts as over.
        return after(0, now) if within_seconds else to_text(now)

    def _has_work_left(self) -> bool:
        if any(self._hops.values()) or any(self._seeds.values()):
            return True
        now = to_text(self.clock.now())
        return any(self._has_work(host, 0.0) for host in (*pending_hosts(self.db, now), *self._recheck_hosts(now)))

    def _recheck_hosts(self, now: str) -> list[str]:
        return recheck_hosts(self.db, now) if self.rechecks_per_hour else []

    def _take_ready(self) -> Work | None:
        while self._resting and self._resting[0][0] <= self.clock.seconds():
            since, host = heapq.heappop(self._resting)
            if self._seeds.get(host):
                self._ready_to_poll.add(host, since)
            else:
                self._ready.add(host, since, self._seconds_ahead(host))
        return self._take_from_ready() or self._take_recheck()

    def _take_from_ready(self) -> Work | None:
        while self._ready or self._ready_to_poll:
            host = self._turns().pop()
            self._queued.discard(host)
            held = self._rest_of(host)
            if held > 0:  # asked for patience while it rested
                self._rest(host, held)
                continue
            work = self._take(host)
            if work is not None:
                return work
            if self._next_recheck(host) is not None:
                self._queued.add(host)
                self._only_rechecks[host] = None
        return None

    def _take_recheck(self) -> Work | None:
        """Work of a host that had nothing but re-checks when it was looked at; what came meanwhile goes before."""
        while self._only_rechecks:
            host = next(iter(self._only_rechecks))
            self._leave_rechecks(host)
            held = self._rest_of(host)
            if held > 0:
                self._rest(host, held)
                continue
            work = self._take(host)
            if work is not None:
                return work
            link = self._next_recheck(host)
            if link is not None:
                # As with the note of when a host was asked: a database that refuses is told by the next write.
                with suppress(sqlite3.Error):
                    spend_recheck(self.db, host, to_text(self.clock.now()), self.rechecks_per_hour)
                return self._hand_out(host, link)
        return None

    def _leave_rechecks(self, host: str) -> None:
        """Takes a host out of the line of those with nothing but re-checks, where it stands there."""
        if host in self._only_rechecks:
            del self._only_rechecks[host]
            self._queued.discard(host)

    def _turns(self) -> Turns:
        """Returns the queue whose turn it is: hosts to poll, or hosts with pages.

        They take turns, so that pages are read while hundreds of feeds are polled; but what pages come to is known
        from polls only, so pages take no more than half of the places from polls that could go on.
        """
        if not self._ready or not self._ready_to_poll:
            return self._ready or self._ready_to_poll
        self._poll_next = not self._poll_next
        return self._ready_to_poll if self._poll_next or self._pages >= self.in_flight_max / 2 else self._ready

    def _seconds_ahead(self, host: str) -> float:
        """How long the waiting pages of a host will take, however idle this machine is: a delay each."""
        delay = max(self.delay_seconds, read_rest(self.db, host).delay_seconds)
        if not delay:
            return 0.0
        most = math.ceil(AHEAD_MAX_SECONDS / delay)
        return delay * count_pending(self.db, host, to_text(self.clock.now()), most)

    def _take(self, host: str) -> Work | None:
        work: Work
        if self._hops[host]:
            work = self._hops[host].popleft()
        else:
            seeds = self._seeds[host]
            # Seeds and links take turns: five hundred sitemaps must not keep an article waiting.
            link = self._next_link(host) if not seeds or host in self._was_seed else None
            if link is not None:
                self._was_seed.discard(host)
                work = link
            elif seeds:
                self._was_seed.add(host)
                work = heapq.heappop(seeds)[2]
            else:
                return None
        return self._hand_out(host, work)

    def _hand_out(self, host: str, work: Work) -> Work:
        if isinstance(work, PendingLink) and not work.hops:
            self._under_way[host].add(work.id)
            self._pages += 1
        self._note_asked(host)
        self._busy[host] = work
        self._in_flight += 1
        return work

    def _seconds_to_wait(self) -> float | None:
        """How long until something can change by itself; None when nothing will."""
        wait = max(self._resting[0][0] - self.clock.seconds(), 0.0) if self._resting else math.inf
        # What was redirected has no other run to go on in: it would start anew, and never arrive.
        patience = CRAWL_DELAY_MAX_SECONDS if any(self._hops.values()) else PATIENCE_SECONDS
        if self._in_flight:
            return min(wait if self._in_flight < self.in_flight_max else math.inf, LOOK_AGAIN_SECONDS)
        return min(wait, LOOK_AGAIN_SECONDS) if wait <= patience else None
