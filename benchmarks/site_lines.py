"""Measures what learning the lines a site repeats costs an article: CPU time, and bytes of the archive file.

    python -m benchmarks.site_lines [--articles 3000] [--sources 4]

Stores invented articles of 24 paragraphs in a new archive and times what `pipelines.stages.store_page` does to leave
out and learn lines, per article, as the archive grows. Every other source repeats five of its paragraphs; its articles
are signed again without them. No topics: judging an article again costs what its topics cost.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from sqlite_utils import Database

from db.connection import open_archive, transaction, utc_now
from db.frontier import add_seen_source, find_source
from db.records import Article
from db.site_lines import PRUNE_EVERY, WINDOW
from db.store import insert_article
from pipelines.judging import judge_article, with_candidates
from pipelines.line_learning import clean, note_lines
from pipelines.relevance import Judge

PARAGRAPHS = 24
WORDS = 30
FURNITURE = 5
PARTS = 3
"""Stretches of the run whose medians are shown, so that growth would be seen."""


def make_article(number: int, source: int, chance: random.Random) -> Article:
    """Returns an invented article; those of a source with an even number share their furniture."""
    words = [f"{chance.choice('bcdfghjklmnprst')}{chance.choice('aeiou')}{chance.randrange(10**5)}" for _ in range(900)]
    lines = [" ".join(chance.choices(words, k=WORDS)) for _ in range(PARAGRAPHS)]
    if source % 2 == 0:
        lines[-FURNITURE:] = [
            f"Furniture number {n} of outlet {source}, under every article." for n in range(FURNITURE)
        ]
    body = "\n\n".join(lines)
    url = f"https://outlet{source}.example/story-{number}"
    return Article(url, f"Headline {number}", body, language="en", word_count=len(body.split()))


def store(db: Database, article: Article, judge: Judge) -> float:
    """Stores an article and returns the CPU seconds that its lines took."""
    reading = with_candidates(judge_article(article, judge))
    now = utc_now()
    with transaction(db):
        source_id = find_source(db, article.url)
        add_seen_source(db, source_id, article.url)
        started = time.process_time()
        cleaned = clean(db, source_id, reading, judge)
        spent = time.process_time() - started
        assert cleaned.reading.signed is not None
        article_id = insert_article(
            db, cleaned.reading.signed, source_id=source_id, now=now, extractor="benchmark", raw=None
        )
        started = time.process_time()
        note_lines(db, article_id, cleaned, judge, now)
        return spent + time.process_time() - started


def count_bytes(db: Database) -> dict[str, int]:
    """Returns table or index -> bytes it takes in the file (https://www.sqlite.org/dbstat.html)."""
    rows = db.execute(
        "SELECT name, sum(pgsize) FROM dbstat WHERE name IN ('line_sightings', 'removed_lines',"
        " 'removed_lines_site_line_id', 'site_lines') GROUP BY name"
    )
    return dict(rows.fetchall())


def main(arguments: list[str]) -> int:
    """Prints the cost by stretch of the run, and the bytes; returns 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=3000, help="articles in all (default: 3000)")
    parser.add_argument("--sources", type=int, default=4, help="sources they come from (default: 4)")
    options = parser.parse_args(arguments)
    if options.sources < 2 or options.articles < PARTS * options.sources:
        parser.error(f"--sources must be at least 2, --articles {PARTS} times as many")
    chance = random.Random("site lines")
    judge = Judge(())
    with tempfile.TemporaryDirectory() as folder:
        db = open_archive(Path(folder) / "news.db")
        times = [
            store(db, make_article(number, number % options.sources, chance), judge)
            for number in range(options.articles)
        ]
        sizes = count_bytes(db)
        db.close()
    part = len(times) // PARTS
    for number in range(PARTS):
        stretch = range(number * part, (number + 1) * part)
        without, losing = ([times[n] for n in stretch if n % options.sources % 2 == odd] for odd in (1, 0))
        plain, cleaned = 1000 * statistics.median(without), 1000 * statistics.median(losing)
        span = f"articles {stretch.start + 1:>7} to {stretch.stop:>7}"
        print(f"{span}: median {plain:.2f} ms CPU an article, {cleaned:.2f} for one that loses lines")
    for name, size in sorted(sizes.items()):
        print(f"{name:28} {size / 1024:8.0f} kB, {size / options.articles:6.0f} bytes an article")
    remembered = min(options.articles, options.sources * (WINDOW + PRUNE_EVERY))
    print(f"lines of at most {remembered} articles are remembered ({WINDOW} to {WINDOW + PRUNE_EVERY} a source)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
