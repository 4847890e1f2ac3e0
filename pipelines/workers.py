"""The killable worker processes in which pages are read.

One bad page costs one page: a worker that hangs is killed at the deadline, one that grows past its memory limit dies,
and a fresh one takes its place. Workers are forked from a server process that has everything imported and warmed up,
so a fresh one costs milliseconds and shares memory with the others.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import sys
from collections.abc import Mapping
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

import xxhash
from pebble import ProcessExpired, ProcessPool

from db.folding import fold
from db.records import Article, Relevance, SignedArticle
from pipelines.extract import NoArticle, extract
from pipelines.page import Page
from pipelines.relevance import Judge
from pipelines.topic import Topic

PROJECT = Path(__file__).resolve().parent.parent
TASKS_PER_WORKER = 2000
"""After so many pages a worker is replaced: libxml2 and Trafilatura's caches grow slowly."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a worker made of a page: an article with its judgements, or why it is none."""

    signed: SignedArticle | None = None
    relevance: tuple[Relevance, ...] = ()
    mentions: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Topic id -> entity slug -> how often it is named."""
    refusal: NoArticle | None = None


_judge: Judge | None = None


def start_worker(topics: tuple[Topic, ...], memory_bytes: int) -> None:
    """Prepares a worker process: limits its memory and compiles the topics."""
    global _judge
    if memory_bytes:
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    _judge = Judge(topics)


def read_page(page: Page) -> Reading:
    """Returns what a page is: extracted, signed and judged. Runs in a worker."""
    result = extract(page)
    if isinstance(result, NoArticle):
        return Reading(refusal=result)
    signed = sign(result)
    assert _judge is not None
    return Reading(signed, _judge.judge(result), _judge.find_mentions(result))


def sign(article: Article) -> SignedArticle:
    """Returns an article with its folded text and the hash that identifies its words."""
    folded = fold(article.body)
    words = " ".join(_letters(folded).split())
    digest = xxhash.xxh3_128_hexdigest(words.encode("utf-8", "surrogatepass"))
    return SignedArticle(article, fold(article.title), folded, digest)


def _letters(folded: str) -> str:
    return "".join(c if c.isalnum() else " " for c in folded)


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
                future = self._running().schedule(read_page, args=(page,), timeout=self.deadline_seconds)
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
            setattr(sys.modules["__main__"], "__file__", None)
            self.pool = ProcessPool(
                max_workers=self.count,
                max_tasks=TASKS_PER_WORKER,
                initializer=start_worker,
                initargs=self.initial,
                context=context,
            )
        return self.pool


def _failed(reason: str) -> Reading:
    return Reading(refusal=NoArticle("failed", reason))
