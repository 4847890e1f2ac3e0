"""The killable worker processes in which pages are read.

One bad page costs one page: a worker that hangs is killed at the deadline, one that grows past its memory limit dies,
and a fresh one takes its place. Workers are forked from a server process that has everything imported and warmed up,
so a fresh one costs milliseconds and shares memory with the others.
"""

from __future__ import annotations

import asyncio
import fcntl
import multiprocessing
import os
import signal
import sys
import threading
import time
from concurrent.futures import Future, wait
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import TYPE_CHECKING

from pebble import ProcessExpired, ProcessPool

from pipelines.page import NoArticle, Page, Reading

if TYPE_CHECKING:
    from pipelines.topic import Topic

PROJECT = Path(__file__).resolve().parent.parent
TASKS_PER_WORKER = 500
"""After so many pages a worker is replaced: libxml2 and Trafilatura's caches grow slowly."""

ATTEMPTS = 3
"""Pools a page is given to; a pool may break under it through no fault of its own."""

TERMINATED = (signal.SIGTERM, -signal.SIGTERM, 255)
"""Exit codes of a worker that was ended together with the run: `timeout` and `kill` may signal a whole process group.

That is not the page's fault: it is read again. 255: the fork server died too, and nobody knows how the worker ended.
"""
START_SECONDS = 30.0
"""How long the end of a run waits for workers that are just starting."""
LOOK_SECONDS = 1.0
"""How often a waiting page looks whether its pool still runs."""
PIPE_BYTES = 1 << 20
"""Room in the pipe to the workers: the most Linux gives to everybody (pipe(7)). A page has 180 kB on average, of which
the usual 64 KiB hold no whole one: a worker would wait for the rest while the parent computes. Waiting between two
pages took a worker 3.7 ms, and takes 2.2 (median of six workers each, the archive of 738 pages, a busy machine)."""


class RoomyPipes(ForkServerContext):
    """Processes forked from the server, whose pipes hold several pages where the system allows it."""

    def Pipe(self, duplex: bool = True) -> tuple[Connection, Connection]:  # noqa: N802
        """Returns the ends of a new pipe, as `multiprocessing.Pipe` does."""
        reader, writer = super().Pipe(duplex)
        if not duplex:
            with suppress(OSError):  # more than this user or container may have
                fcntl.fcntl(writer.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        return reader, writer


def _start(topics: tuple[Topic, ...], memory_bytes: int, gated: bool) -> None:
    # Imported here: what reads pages (Trafilatura, the language model) stays out of the parent, 60 MB and a second.
    from pipelines.reading import start

    start(topics, memory_bytes, gated=gated)


def _tell_pid() -> int:
    time.sleep(0.02)  # long enough that the next task goes to another worker
    return os.getpid()


def _read(page: Page) -> Reading:
    from pipelines.reading import read

    return read(page)


class Workers:
    """A pool of worker processes that answers with a `Reading` for every page, whatever the page does to them."""

    def __init__(
        self,
        topics: tuple[Topic, ...],
        *,
        count: int,
        deadline_seconds: float,
        memory_bytes: int,
        gated: bool = False,
    ) -> None:
        self.count = count
        self.deadline_seconds = deadline_seconds
        self.initial = (topics, memory_bytes, gated)
        self.pool: Future[ProcessPool] | None = None
        """The pool, or the one that is being started."""
        self.closed = False
        self.answered = False
        """Whether the pool has answered, so that its workers are up."""

    def start(self) -> None:
        """Begins to start the processes, unless they run already; returns at once.

        What they import takes a second, and the fork server answers no sooner: a thread waits for it, while the caller
        goes on. A page that comes meanwhile waits for it too.
        """
        if self.pool is None:
            self.closed = self.answered = False
            self.pool = Future()
            threading.Thread(target=self._start_pool, args=(self.pool,), name="starts workers", daemon=True).start()

    async def read(self, page: Page) -> Reading:
        """Returns what a worker made of the page; a page that hangs or kills its worker is `failed` with the reason."""
        trouble = "keep dying"
        for _ in range(ATTEMPTS):
            try:
                pool = await self._running()
            except Exception as error:
                trouble = f"cannot be started: {error}"
                continue
            try:
                future = pool.schedule(_read, args=(page,), timeout=self.deadline_seconds)
            except RuntimeError:  # pebble noticed that the pool is broken
                if self.closed:
                    raise asyncio.CancelledError from None
                self._give_up(pool)
                continue
            try:
                reading = await _wait_for(pool, future)
                self.answered = True
                return reading
            except (TimeoutError, FutureTimeoutError):
                return _failed(f"extraction took longer than {self.deadline_seconds:g} s and was stopped")
            except MemoryError:
                return _failed("extraction needed more memory than EXTRACT_MEMORY_MB")
            except ProcessExpired as expired:
                if expired.exitcode in TERMINATED:
                    continue
                return _failed(f"the extraction process died (exit code {expired.exitcode})")
            except BrokenProcessPool:
                if self.closed:
                    raise asyncio.CancelledError from None
                self._give_up(pool)
            except Exception as error:  # a fault of ours must not leave the link without a fate
                return _failed(f"reading failed: {type(error).__name__}: {str(error)[:200]}".rstrip(": "))
        return _failed(f"the extraction processes {trouble}")

    def close(self) -> None:
        """Stops the workers at once."""
        self.closed = True
        if self.pool is not None:
            ends_at = time.monotonic() + START_SECONDS
            if wait([self.pool], START_SECONDS).not_done:
                self.pool.add_done_callback(_stop_late)  # nobody else will ever know of it
            with suppress(Exception):  # one that could not be started needs no stopping
                pool = self.pool.result(0)
                self._let_start(pool, ends_at)
                self._give_up(pool)
            self.pool = None

    def _let_start(self, pool: ProcessPool, ends_at: float) -> None:
        """Waits for workers amid their start: stopped there, they miss the pool's locks and die with a traceback."""
        if not self.answered:
            seen: set[int] = set()
            with suppress(Exception):  # a pool that cannot start is stopped all the same
                while len(seen) < self.count and time.monotonic() < ends_at:
                    asked = [pool.schedule(_tell_pid, timeout=START_SECONDS) for _ in range(self.count)]
                    seen.update(future.result(max(ends_at - time.monotonic(), 0.0)) for future in asked)

    def _give_up(self, pool: ProcessPool) -> None:
        """Stops a pool, so that the next page starts a new one: pebble breaks the whole when an idle worker is killed.

        Several pages meet the same broken pool; only the first stops it, lest another's new one is stopped under it.
        """
        if self.pool is not None and self.pool.done() and not self.pool.exception() and self.pool.result() is pool:
            self.pool = None
            _stop(pool)

    async def _running(self) -> ProcessPool:
        """Returns the pool, started if need be. Raises what kept it from starting."""
        self.start()
        starting = self.pool
        assert starting is not None
        try:
            return await asyncio.shield(asyncio.wrap_future(starting))
        except Exception:
            if self.pool is starting:
                self.pool = None  # the next page tries anew
            raise

    def _start_pool(self, started: Future[ProcessPool]) -> None:
        try:
            start_server()
            pool = ProcessPool(
                max_workers=self.count,
                max_tasks=TASKS_PER_WORKER,
                initializer=_start,
                initargs=self.initial,
                context=RoomyPipes(),
            )
            _ = pool.active  # pebble starts the processes when first asked
            started.set_result(pool)
        except BaseException as error:
            started.set_exception(error)


def start_server() -> None:
    """Starts the server that workers are forked from, unless it runs; returns at once, it takes a second to warm up.

    SIGINT is blocked in it, which its workers inherit: Ctrl-C reaches every process of a terminal, an interpreter amid
    its start included, which would die with a traceback; the parent alone answers it and ends the others. The server
    ends by itself with the parent.
    """
    multiprocessing.get_context("forkserver").set_forkserver_preload(["pipelines.warm"])
    # It is started by name from a plain interpreter, and finds the project by this variable.
    paths = [str(PROJECT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    # Workers must not import the parent's main script (all of Scrapy and Twisted, 0.4 s and 40 MB each).
    sys.modules["__main__"].__file__ = None
    resource_tracker.ensure_running()  # first, because starting it unblocks SIGINT
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


async def _wait_for(pool: ProcessPool, future: Future[Reading]) -> Reading:
    """Returns a worker's answer; raises `BrokenProcessPool` also where the pool stopped and forgot the page."""
    waiting = asyncio.wrap_future(future)
    while not waiting.done():
        await asyncio.wait({waiting}, timeout=LOOK_SECONDS)
        if not waiting.done() and not pool.active:
            waiting.cancel()
            raise BrokenProcessPool
    if waiting.cancelled():
        raise BrokenProcessPool
    return waiting.result()


def _stop(pool: ProcessPool) -> None:
    pool.stop()
    pool.join(timeout=5)


def _stop_late(started: Future[ProcessPool]) -> None:
    """Stops a pool that was given up before it had started."""
    with suppress(Exception):
        _stop(started.result())


def _failed(reason: str) -> Reading:
    return Reading(refusal=NoArticle("failed", reason))
