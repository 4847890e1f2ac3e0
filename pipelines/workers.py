"""The killable worker processes in which pages are read.

One bad page costs one page: a worker that hangs is killed at the deadline, one that grows past its memory limit dies,
and a fresh one takes its place. Workers are forked from a server process that has everything imported and warmed up,
so a fresh one costs milliseconds and shares memory with the others.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from pipelines.page import NoArticle, Page, Reading
from pipelines.topic import Topic

PROJECT = Path(__file__).resolve().parent.parent
TASKS_PER_WORKER = 2000
"""After so many pages a worker is replaced: libxml2 and Trafilatura's caches grow slowly."""


def _start(topics: tuple[Topic, ...], memory_bytes: int) -> None:
    # Imported here: what reads pages (Trafilatura, the language model) stays out of the parent, 60 MB and a second.
    from pipelines.reading import start

    start(topics, memory_bytes)


def _read(page: Page) -> Reading:
    from pipelines.reading import read

    return read(page)


class Workers:
    """A pool of worker processes that answers with a `Reading` for every page, whatever the page does to them."""

    def __init__(self, topics: tuple[Topic, ...], *, count: int, deadline_seconds: float, memory_bytes: int) -> None:
        self.count = count
        self.deadline_seconds = deadline_seconds
        self.initial = (topics, memory_bytes)
        self.pool: ProcessPool | None = None

    async def read(self, page: Page) -> Reading:
        """Returns what a worker made of the page; a page that hangs or kills its worker is `failed` with the reason."""
        for _ in range(2):
            try:
                future = self._running().schedule(_read, args=(page,), timeout=self.deadline_seconds)
                reading: Reading = await asyncio.wrap_future(future)
                return reading
            except (TimeoutError, FutureTimeoutError):
                return _failed(f"extraction took longer than {self.deadline_seconds:g} s and was stopped")
            except MemoryError:
                return _failed("extraction needed more memory than EXTRACT_MEMORY_MB")
            except ProcessExpired as expired:
                return _failed(f"the extraction process died (exit code {expired.exitcode})")
            except BrokenProcessPool:
                # An idle worker was killed from outside: pebble gives the pool up, so a new one takes its place.
                self.close()
        return _failed("the extraction processes keep dying")

    def close(self) -> None:
        """Stops the workers at once."""
        if self.pool is not None:
            self.pool.stop()
            self.pool.join(timeout=5)
            self.pool = None

    def _running(self) -> ProcessPool:
        if self.pool is None:
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(["pipelines.warm"])
            # The fork server is started by name from a plain interpreter; it finds the project by this variable.
            os.environ["PYTHONPATH"] = os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])])
            # Workers must not import the parent's main script (all of Scrapy and Twisted, 0.4 s and 40 MB each).
            sys.modules["__main__"].__file__ = None
            self.pool = ProcessPool(
                max_workers=self.count,
                max_tasks=TASKS_PER_WORKER,
                initializer=_start,
                initargs=self.initial,
                context=context,
            )
        return self.pool


def _failed(reason: str) -> Reading:
    return Reading(refusal=NoArticle("failed", reason))
