"""Measures topics: folding, judging, rescoring, the gate, the order of scores: ``python -m benchmarks.topics``.

What is asked stands beside what was found; the exit code is 1 where one misses. Made-up articles hold far more of the
topics' words than a real crawl; the gate and the order of scores are measured on real pages, where these are at hand.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.collection import CollectionMissing, find_newsroom
from crawler.archive import read_pages
from db.connection import open_archive, transaction
from db.folding import fold
from db.records import Article
from pipelines.extract import extract, warm_up
from pipelines.gate import Gate
from pipelines.page import NoArticle, Page
from pipelines.relevance import Judge
from pipelines.rescoring import apply_topics
from pipelines.topic import Topic
from pipelines.topic_file import load_topics

ROOT = Path(__file__).parent.parent
N_ARTICLES = 400
N_TOPICS = 10
VOCABULARY = 30_000
"""Different words of the made-up archive; drawn as in real text, the n-th word 1/n as often as the first."""
ON_TOPIC = 0.1
"""Share of its articles that hold words of the topic."""
EXTRACTED = 10
"""Every so many pages one is extracted, to compare the gate's cost with."""
ORDINARY = {
    "en": "The city council voted on Tuesday to repair the old bridge before winter, after complaints from drivers",
    "fa": "شهرداری روز سه‌شنبه اعلام کرد که پل قدیمی شهر پیش از زمستان بازسازی می‌شود و رانندگان باید راه دیگری بروند",
    "ps": "ښاروالۍ د سې‌شنبې په ورځ وویل چې د ښار زوړ پل به تر ژمي مخکې جوړ شي او موټرې به پر بله لاره ځي",
    "ru": "Городской совет во вторник решил отремонтировать старый мост до зимы после многих месяцев жалоб водителей",
    "ar": "قرر مجلس المدينة يوم الثلاثاء إصلاح الجسر القديم قبل الشتاء بعد شهور من شكاوى السائقين",
    "ur": "شہر کی کونسل نے منگل کو فیصلہ کیا کہ پرانے پل کی مرمت سردیوں سے پہلے کی جائے گی",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One measured figure beside what was asked of it."""

    name: str
    found: float
    unit: str
    asked: float | None = None
    at_most: bool = True
    note: str = ""

    def holds(self) -> bool:
        """Returns whether the figure is as good as asked."""
        if self.asked is None:
            return True
        return self.found <= self.asked if self.at_most else self.found >= self.asked

    def write(self) -> str:
        """Returns the figure as a line."""
        verdict = "    " if self.asked is None else "ok  " if self.holds() else "MISS"
        asked = "" if self.asked is None else f" (asked: {'at most' if self.at_most else 'at least'} {self.asked:g})"
        return f"{verdict} {self.name}: {self.found:.4g} {self.unit}{asked}{f'; {self.note}' if self.note else ''}"


def make_articles(topics: tuple[Topic, ...], seed: int = 7) -> list[Article]:
    """Returns articles of 400 words in 10 paragraphs; every second speaks of a topic, with 1 to 12 of its terms."""
    dice = random.Random(seed)
    articles: list[Article] = []
    for number in range(N_ARTICLES):
        language = dice.choice(list(ORDINARY))
        words = [dice.choice(ORDINARY[language].split()) for _ in range(400)]
        topic = dice.choice(topics)
        if number % 2:
            _strew(words, topic, language, dice)
        day = topic.window_from or "2018-11-09"
        articles.append(_write(words, language, day))
    return articles


def _strew(words: list[str], topic: Topic, language: str, dice: random.Random) -> None:
    terms = [term for name in topic.sets for term in topic.terms(name, language)]
    for _ in range(dice.randint(1, 12)):
        words[dice.randrange(len(words))] = " ".join(dice.choice(terms).words)


def _write(words: Sequence[str], language: str, day: str) -> Article:
    paragraphs = [" ".join(words[start : start + 40]) for start in range(0, len(words), 40)]
    return Article(
        "https://example.org/", " ".join(words[:8]), "\n\n".join(paragraphs), language=language, published_at=day
    )


def measure_folding() -> Iterable[Finding]:
    """Yields MB of UTF-8 a second by language, best of five."""
    for language, text in ORDINARY.items():
        long = (text + ". ’") * 8000
        best = min(_time(lambda long=long: fold(long)) for _ in range(5))  # type: ignore[misc]
        yield Finding(f"folding {language}", len(long.encode()) / best / 1e6, "MB/s")


def _time(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def measure_judging() -> Iterable[Finding]:
    """Yields the CPU time one new article costs with ten topics, mentions included."""
    loaded = load_topics(ROOT / "topics")
    topics = tuple(replace(loaded[n % len(loaded)], id=f"topic-{n}") for n in range(N_TOPICS))
    articles = make_articles(topics)
    judge = Judge(topics)

    def work(article: Article) -> float:
        return 1000 * _time(lambda: (judge.judge(article), judge.find_mentions(article)))

    milliseconds = [work(article) for article in articles]
    note = (
        f"median {statistics.median(milliseconds):.2f}, worst {max(milliseconds):.2f}; every second holds their words"
    )
    yield Finding(f"judging a new article, {N_TOPICS} topics", statistics.fmean(milliseconds), "ms CPU", 2, note=note)
    yield Finding("  articles without their words", statistics.fmean(milliseconds[0::2]), "ms CPU")


def measure_rescoring(n_articles: int) -> Iterable[Finding]:
    """Yields how long an edited topic takes to be applied to a made-up archive."""
    topic = load_topics(ROOT / "topics")[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "news.db"
        _fill(path, topic, n_articles)
        edited = replace(topic, version="edited", accept=topic.accept + 0.05)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        clock, own = time.monotonic(), time.process_time()
        (applied,) = apply_topics(path, [edited], processes=os.cpu_count() or 1)
        took, own = time.monotonic() - clock, time.process_time() - own
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    children = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    note = f"{own + children:.1f} s CPU; {applied.n_accepted + applied.n_review} matches among {n_articles} articles"
    yield Finding("applying an edited topic", took, "s", 30 * n_articles / 100_000, note=note)


def _fill(path: Path, topic: Topic, n_articles: int, seed: int = 7) -> None:
    """Writes articles straight into the tables that rescoring reads, in words as frequent as those of real text."""
    dice = random.Random(seed)
    languages = {
        language: ["".join(dice.choices(text.replace(" ", ""), k=dice.randint(3, 9))) for _ in range(VOCABULARY)]
        for language, text in ORDINARY.items()
    }
    frequency = [1 / rank for rank in range(1, VOCABULARY + 1)]
    # Drawn once and cut anew for each article: drawing is slower than all the rest.
    streams = {key: dice.choices(words, frequency, k=200_000) for key, words in languages.items()}
    db = open_archive(path)
    with transaction(db):
        db.execute("INSERT INTO sources (id, name, status) VALUES ('s', 'S', 'active')")
        for number in range(1, n_articles + 1):
            language = dice.choice(list(streams))
            start = dice.randrange(199_000)
            words = streams[language][start : start + dice.randint(100, 700)]
            if dice.random() < ON_TOPIC:
                _strew(words, topic, language, dice)
            article = _write(words, language, "2019-06-01")
            db.execute(
                "INSERT INTO articles (id, url, source_id, title, language, published_at, first_seen_at, updated_at,"
                " last_seen_at, content_hash) VALUES (?, 'https://example.org/', 's', ?, ?, ?, '', '', '', '')",
                (number, article.title, language, article.published_at),
            )
            db.execute(
                "INSERT INTO article_text (id, title, body, folded_title, folded) VALUES (?, ?, ?, ?, ?)",
                (number, article.title, article.body, fold(article.title), fold(article.body)),
            )
    db.close()


def measure_gate(
    pages: Sequence[Page], articles: Mapping[str, Article], topics: tuple[Topic, ...], labels: Path
) -> Iterable[Finding]:
    """Yields how much of what matches the gate keeps, how much of the rest it turns away, and at what cost.

    ``labels``: see ``read_labels``; of pages that somebody called related to a topic (1) or about it (2).
    """
    gate, judge = Gate(topics), Judge([replace(topic, review=0.0) for topic in topics])
    matched = {url for url, article in articles.items() if judge.judge(article)}
    passed: set[str] = set()
    spent = _time(lambda: passed.update(page.url for page in pages if gate.lets_pass(page)))
    some = pages[::EXTRACTED]
    full = _time(lambda: [extract(page) for page in some]) / len(some)
    kept = len(matched & passed) / len(matched)
    yield Finding("gate keeps of pages that match", 100 * kept, "%", 99, False, f"{len(matched)} of {len(pages)} match")
    related = set().union(*read_labels(labels, least=1).values()) & {page.url for page in pages}
    if related:
        kept = len(related & passed) / len(related)
        note = f"{len(related)} pages are related to a topic, or about it"
        yield Finding("gate keeps of labelled pages", 100 * kept, "%", 99, False, note)
    away = sum(page.url not in passed and page.url not in matched for page in pages) / (len(pages) - len(matched))
    yield Finding("gate turns away of the others", 100 * away, "%", note=f"with {len(topics)} topics of wide interest")
    note = f"{1000 * spent / len(pages):.1f} of {1000 * full:.1f} ms CPU a page"
    yield Finding("gate's cost against extraction", 100 * spent / len(pages) / full, "%", 15, note=note)


def measure_order(articles: Mapping[str, Article], topics: tuple[Topic, ...], labels: Path) -> Iterable[Finding]:
    """Yields the average precision of scores against hand-read labels, of all topics together and each alone."""
    labelled = read_labels(labels, least=2)
    about = {topic.id: labelled.get(topic.id, set()) for topic in topics}
    judge = Judge([replace(topic, review=0.0) for topic in topics])
    scored: dict[str, list[tuple[float, bool]]] = {topic.id: [] for topic in topics}
    for url, article in articles.items():
        for match in judge.judge(article):
            scored[match.topic_id].append((match.score, url in about[match.topic_id]))
    each = {key: average_precision(scored[key], len(urls)) for key, urls in about.items() if urls}
    together = [one for several in scored.values() for one in several]
    pooled = average_precision(together, sum(map(len, about.values())))
    yield Finding("average precision, all topics together", pooled, "", 0.86, False)
    yield Finding("average precision, mean of topics", statistics.fmean(each.values()), "", 0.87, False)
    for key, value in each.items():
        yield Finding(f"  {key}", value, "", note=f"{len(about[key])} articles about it")


def read_labels(labels: Path, *, least: int) -> dict[str, set[str]]:
    """Returns the URLs by topic that carry at least a label; {} without the file.

    ``labels``: a line of JSON each with ``topic``, ``url`` and ``label``: 1 is related to the topic, 2 about it.
    """
    found: dict[str, set[str]] = {}
    for row in map(json.loads, labels.read_text("utf-8").splitlines() if labels.is_file() else ()):
        if row["label"] >= least:
            found.setdefault(row["topic"], set()).add(row["url"])
    return found


def average_precision(scored: Iterable[tuple[float, bool]], n_about: int) -> float:
    """Returns the mean, over the articles about a topic, of the precision down to each; one not scored counts 0."""
    n_found, total = 0, 0.0
    for rank, (_, is_about) in enumerate(sorted(scored, key=lambda one: -one[0]), 1):
        if is_about:
            n_found += 1
            total += n_found / rank
    return total / n_about if n_about else 0.0


def _measure_pages(newsroom: Path, labels: Path) -> Iterable[Finding]:
    topics = load_topics(ROOT / "benchmarks" / "topics")
    warm_up()
    pages = list(read_pages(newsroom / "pages.warc.gz"))
    read = {page.url: extract(page) for page in pages}
    articles = {url: article for url, article in read.items() if not isinstance(article, NoArticle)}
    yield from measure_gate(pages, articles, topics, labels)
    if labels.is_file():
        yield from measure_order(articles, topics, labels)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the figures; returns 1 where one misses what is asked of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=100_000, help="size of the made-up archive (default: 100000)")
    parser.add_argument("--newsroom", help="folder with pages.warc.gz (docs/benchmarks.md)")
    parser.add_argument(
        "--labels", type=Path, help="labels of its pages (default: ../bench/relevance/gold.jsonl there)"
    )
    options = parser.parse_args(arguments)
    findings: list[Finding] = []

    def show(found: Iterable[Finding]) -> None:
        for finding in found:
            findings.append(finding)
            print(finding.write(), flush=True)

    show(measure_folding())
    show(measure_judging())
    show(measure_rescoring(options.articles))
    try:
        newsroom = find_newsroom(options.newsroom)
        show(_measure_pages(newsroom, options.labels or newsroom.parent / "bench" / "relevance" / "gold.jsonl"))
    except CollectionMissing as missing:
        print(f"not measured: the gate and the order of scores: {missing}")
    return 0 if all(finding.holds() for finding in findings) else 1


if __name__ == "__main__":
    sys.exit(main())
