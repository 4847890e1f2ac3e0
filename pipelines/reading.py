"""Reading one page, start to end, inside a worker process: extract, sign, judge."""

from __future__ import annotations

import resource
from datetime import UTC, datetime

from pipelines.extract import extract
from pipelines.gate import Gate
from pipelines.judging import judge_article, with_candidates
from pipelines.page import MATCHES_NO_TOPIC, NoArticle, Page, Reading
from pipelines.relevance import Judge
from pipelines.topic import Topic

_judge: Judge | None = None
_gate: Gate | None = None


def start(topics: tuple[Topic, ...], memory_bytes: int, *, gated: bool = False) -> None:
    """Prepares a worker process: limits its memory and compiles the topics.

    ``gated``: pages that no topic could match are refused before extraction.
    """
    global _judge, _gate
    if memory_bytes:
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    _judge = Judge(topics)
    _gate = Gate(topics) if gated else None


def read(page: Page) -> Reading:
    """Returns what a page is: extracted, signed and judged."""
    if _gate is not None and not page.known and not _gate.lets_pass(page):
        return Reading(refusal=NoArticle("refused", MATCHES_NO_TOPIC))
    result = extract(page, datetime.now(UTC) if page.imported else None)
    if isinstance(result, NoArticle):
        return Reading(refusal=result)
    assert _judge is not None
    return with_candidates(judge_article(result, _judge))
