"""Reading one page, start to end, inside a worker process: extract, sign, judge."""

from __future__ import annotations

import resource
from datetime import UTC, datetime

import xxhash

from db.folding import fold
from db.records import Article, SignedArticle
from pipelines.extract import extract
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
    signed = sign(result)
    folded = signed.folded_title, signed.folded
    return Reading(signed, _judge.judge(result, folded), _judge.find_mentions(result, folded))


def sign(article: Article) -> SignedArticle:
    """Returns an article with its folded text and the hash that identifies its words."""
    folded = fold(article.body)
    words = " ".join("".join(c if c.isalnum() else " " for c in folded).split())
    digest = xxhash.xxh3_128_hexdigest(words.encode("utf-8", "surrogatepass"))
    return SignedArticle(article, fold(article.title), folded, digest)
