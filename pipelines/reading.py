"""Reading one page, start to end, inside a worker process: extract, sign, judge."""

from __future__ import annotations

import resource
from datetime import UTC, datetime

from pipelines.extract import extract
from pipelines.judging import judge_article
from pipelines.page import NoArticle, Page, Reading
from pipelines.relevance import Judge
from pipelines.topic import Topic

_judge: Judge | None = None


def start(topics: tuple[Topic, ...], memory_bytes: int) -> None:
    """Prepares a worker process: limits its memory and compiles the topics."""
    global _judge
    if memory_bytes:
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    _judge = Judge(topics)


def read(page: Page) -> Reading:
    """Returns what a page is: extracted, signed and judged."""
    result = extract(page, datetime.now(UTC) if page.imported else None)
    if isinstance(result, NoArticle):
        return Reading(refusal=result)
    assert _judge is not None
    return judge_article(result, _judge)
