"""Measures folding (MB/s) and judging (ms an article, ten topics): ``python -m benchmarks.topics``.

The articles are made up from the words of the topics and of ordinary reports in six languages, so that far more of them
match than in a real crawl: what is measured is closer to the worst case than to the usual one.
"""

from __future__ import annotations

import random
import statistics
import time
from dataclasses import replace
from pathlib import Path

from db.folding import fold
from db.records import Article
from pipelines.relevance import Judge
from pipelines.topic import Topic, load_topics

N_ARTICLES = 400
N_TOPICS = 10
ORDINARY = {
    "en": "The city council voted on Tuesday to repair the old bridge before winter, after complaints from drivers",
    "fa": "شهرداری روز سه‌شنبه اعلام کرد که پل قدیمی شهر پیش از زمستان بازسازی می‌شود و رانندگان باید راه دیگری بروند",
    "ps": "ښاروالۍ د سې‌شنبې په ورځ وویل چې د ښار زوړ پل به تر ژمي مخکې جوړ شي او موټرې به پر بله لاره ځي",
    "ru": "Городской совет во вторник решил отремонтировать старый мост до зимы после многих месяцев жалоб водителей",
    "ar": "قرر مجلس المدينة يوم الثلاثاء إصلاح الجسر القديم قبل الشتاء بعد شهور من شكاوى السائقين",
    "ur": "شہر کی کونسل نے منگل کو فیصلہ کیا کہ پرانے پل کی مرمت سردیوں سے پہلے کی جائے گی",
}


def make_articles(topics: tuple[Topic, ...], seed: int = 7) -> list[Article]:
    """Returns articles of 400 words in 10 paragraphs; every second speaks of a topic, with 1 to 12 of its terms."""
    dice = random.Random(seed)
    articles: list[Article] = []
    for number in range(N_ARTICLES):
        language = dice.choice(list(ORDINARY))
        words = [dice.choice(ORDINARY[language].split()) for _ in range(400)]
        topic = dice.choice(topics)
        if number % 2:
            terms = [term for name in topic.sets for term in topic.terms(name, language)]
            for _ in range(dice.randint(1, 12)):
                words[dice.randrange(len(words))] = " ".join(dice.choice(terms).words)
        paragraphs = [" ".join(words[start : start + 40]) for start in range(0, 400, 40)]
        day = topic.window_from or "2018-11-09"
        title = " ".join(words[:8])
        articles.append(
            Article("https://example.org/", title, "\n\n".join(paragraphs), language=language, published_at=day)
        )
    return articles


def measure_folding(text: str) -> float:
    """Returns MB of UTF-8 a second, best of five."""
    best = min(_time(lambda: fold(text)) for _ in range(5))
    return len(text.encode()) / best / 1e6


def _time(work: object) -> float:
    assert callable(work)
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Prints the figures."""
    for language, text in ORDINARY.items():
        print(f"fold {language}: {measure_folding((text + '. ’') * 8000):.0f} MB/s")
    print(f"fold ASCII: {measure_folding((ORDINARY['en'] + '. ') * 8000):.0f} MB/s")
    loaded = load_topics(Path(__file__).parent.parent / "topics")
    topics = tuple(replace(loaded[n % len(loaded)], id=f"topic-{n}") for n in range(N_TOPICS))
    articles = make_articles(topics)
    judge = Judge(topics)
    milliseconds: list[float] = []
    n_matches = 0
    for article in articles:
        start = time.process_time()
        n_matches += len(judge.judge(article))
        judge.find_mentions(article)
        milliseconds.append((time.process_time() - start) * 1000)
    plain, on_topic = milliseconds[0::2], milliseconds[1::2]
    print(
        f"judge and mentions, {N_TOPICS} topics: {statistics.fmean(milliseconds):.2f} ms CPU an article"
        f" (median {statistics.median(milliseconds):.2f}, worst {max(milliseconds):.2f};"
        f" ordinary {statistics.fmean(plain):.2f}, with terms {statistics.fmean(on_topic):.2f}); {n_matches} matches"
    )


if __name__ == "__main__":
    main()
