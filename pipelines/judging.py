"""What follows from the text of an article, extracted just now or stored long ago: its signature and its judgements."""

from __future__ import annotations

import re
from dataclasses import replace

import xxhash

from db.folding import fold
from db.records import Article, SignedArticle
from pipelines.page import Reading
from pipelines.relevance import Judge
from pipelines.signature import sign_text
from pipelines.site_lines import find_candidates, split_body

_WORD = re.compile(r"[^\W_]+")


def judge_article(article: Article, judge: Judge) -> Reading:
    """Returns an article signed and judged."""
    signed = sign(article)
    folded = signed.folded_title, signed.folded
    return Reading(signed, judge.judge(article, folded), judge.find_mentions(article, folded))


def with_candidates(reading: Reading) -> Reading:
    """Returns a reading with the lines that its source may repeat, looked for where they are not there yet.

    Needs no archive: workers do it, so that the process that writes has less to do.
    """
    if reading.signed is None or reading.candidates is not None:
        return reading
    article = reading.signed.article
    return replace(reading, candidates=tuple(find_candidates(split_body(article.body), article.title)))


def sign(article: Article) -> SignedArticle:
    """Returns an article with its folded text, the hash that identifies its words, and its signature."""
    folded = fold(article.body)
    words = " ".join(_WORD.findall(folded))
    digest = xxhash.xxh3_128_hexdigest(words.encode("utf-8", "surrogatepass"))
    return SignedArticle(article, fold(article.title), folded, digest, sign_text(folded))
