"""Does finding copies cost the same in a large archive as in a small one? Generated texts, the real code.

    python -m benchmarks.duplicates [--sizes 10000,100000,1000000] [--work FOLDER]

Stored articles are laid down as rows with fingerprints and signatures (20,000 a week, a few fingerprints of each being
phrases that many share); then articles arrive through `pipelines.stories.place_article`, a third of them copies, cut or
whole, and each step's CPU time is taken. The size of the index is that of articles which arrived. Laying down and
measuring are processes of their own, so the peak of memory is that of storing 2,000 articles and nothing else.

Last, one report on which 2,000 outlets run it, each with an edit of its own: what the next copy costs when so many are
there.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

from db.connection import open_archive, to_text, transaction
from db.folding import fold
from db.records import Article
from db.store import insert_article
from db.stories import find_candidates, read_filed
from pipelines.judging import sign
from pipelines.signature import pack_shingles, pick_fingerprints, sign_text
from pipelines.stories import place_article

PER_WEEK = 20_000
"""Articles a week: what some thousand feeds bring."""
ARRIVALS = 2_000
COPY_EVERY = 3
WORDS = 420
COMMON_PHRASES = 3_000
"""Fingerprints that many texts share; each stored article has two of them."""
FINGERPRINTS = 27
"""Others of a stored article."""
START = datetime(2020, 1, 2, tzinfo=UTC)
STEP = timedelta(weeks=1) / PER_WEEK
MS_MAX, FLAT_MAX, BYTES_MAX, MEMORY_FLAT_MAX = 1.0, 1.5, 2600, 1.25
COPIES_AT = (100, 1_000, 2_000)
"""Copies of one report that are there when the next is measured ..."""
COPIES_MEASURED = 50
"""... by the median of the last so many."""

_LAY_DOWN_FINGERPRINTS = """
WITH RECURSIVE article (id) AS (SELECT ?1 UNION ALL SELECT id + 1 FROM article WHERE id < ?2),
place (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM place WHERE n < ?3)
INSERT OR IGNORE INTO fingerprints (week, hash, article_id)
SELECT ?4, (((CASE WHEN n < ?5 THEN id * 32 + n ELSE id * 7919 % ?6 + n END) * 2654435761) >> 4) & 268435455 AS hash, id
FROM article CROSS JOIN place ORDER BY hash, id
"""
"""Hashes by multiplication (Knuth), evenly spread: a million articles' in a minute."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What an arriving article costs in an archive of some size: medians of CPU milliseconds."""

    n_stored: int
    sign_ms: float
    lookup_ms: float
    place_ms: float
    n_joined: int
    peak_mb: float
    """Of a process that did nothing else, its imports included."""

    @property
    def total_ms(self) -> float:
        """Returns signature and placing together; placing looks up too."""
        return self.sign_ms + self.place_ms


def write_article(rng: random.Random, words: Sequence[str], number: int, earlier: list[str]) -> Article:
    """Returns an arriving article: a text of its own, or a copy of an earlier one with another lead, cut or whole."""
    if number % COPY_EVERY == 0 and earlier:
        text = rng.choice(earlier).split()
        lead = rng.choices(words, k=15)
        body = " ".join(lead + text[: rng.choice((120, 250, len(text)))])
    else:
        body = " ".join(rng.choices(words, k=int(rng.lognormvariate(0, 0.4) * WORDS)))
        earlier[:] = [*earlier[-50:], body]
    return Article(f"https://site{number % 997}.example/{number}", "A headline", body, word_count=len(body.split()))


def lay_down(path: Path, n_articles: int) -> None:
    """Fills an archive with rows of stored articles, week by week and in the order of each table's key."""
    db = open_archive(path)
    assert db.conn is not None
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF", "cache_size = -262144"):
        db.execute(f"PRAGMA {pragma}")
    rng = random.Random(n_articles)
    blobs = [pack_shingles([rng.randrange(2**24) for _ in range(WORDS)]) for _ in range(64)]
    db.execute("INSERT OR IGNORE INTO sources (id, name) VALUES ('stored', 'Stored')")
    for first in range(0, n_articles, PER_WEEK):
        ids = range(first + 1, min(first + PER_WEEK, n_articles) + 1)
        times = [START + one * STEP for one in ids]
        week = int((times[0] - datetime(1970, 1, 1, tzinfo=UTC)).days // 7)
        with transaction(db):
            db.conn.executemany("INSERT INTO stories (id, title) VALUES (?, '')", ((one,) for one in ids))
            db.conn.executemany(
                "INSERT INTO articles (id, url, source_id, story_id, title, published_at, first_seen_at, updated_at,"
                " last_seen_at, content_hash) VALUES (?1, 'http://s.example/' || ?1, 'stored', ?1, '', ?2, ?2, ?2, ?2,"
                " ?1)",
                ((one, to_text(at)) for one, at in zip(ids, times, strict=True)),
            )
            db.conn.executemany(
                "INSERT INTO signatures VALUES (?, ?, ?, x'')", ((one, week, blobs[one % 64]) for one in ids)
            )
            db.execute(_LAY_DOWN_FINGERPRINTS, (ids[0], ids[-1], FINGERPRINTS + 1, week, FINGERPRINTS, COMMON_PHRASES))
    db.close()


def measure(path: Path, n_stored: int) -> Cost:
    """Returns what arriving articles cost in an archive, each in a transaction of its own."""
    db, rng, at = open_archive(path), random.Random(1), START + n_stored * STEP
    words = [f"{chr(97 + n % 26)}{n:x}" for n in range(30_000)]
    db.execute("INSERT OR IGNORE INTO sources (id, name) VALUES ('new', 'New')")
    steps: list[tuple[float, float, float]] = []
    joined, earlier = 0, list[str]()
    for number in range(ARRIVALS):
        article = write_article(rng, words, number, earlier)
        signed = sign(article)
        published = to_text(at + timedelta(minutes=number))
        with transaction(db):
            article_id = insert_article(db, signed, source_id="new", now=published, extractor="", raw=None)
            folded = fold(article.body)
            clocks = [time.process_time()]
            signature = sign_text(folded)
            clocks.append(time.process_time())
            fingerprints = pick_fingerprints(signature)
            find_candidates(db, article_id, read_filed(db, [article_id])[article_id].week, fingerprints)
            clocks.append(time.process_time())
            joined += place_article(db, article_id, signature, new=True)
            clocks.append(time.process_time())
        steps.append((clocks[1] - clocks[0], clocks[2] - clocks[1], clocks[3] - clocks[2]))
    sign_ms, lookup_ms, place_ms = (1000 * statistics.median(column) for column in zip(*steps, strict=True))
    db.close()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Cost(n_stored, sign_ms, lookup_ms, place_ms, joined, peak_mb)


def write_copy(rng: random.Random, words: Sequence[str], report: Sequence[str]) -> str:
    """Returns a report as one more outlet runs it: with a lead of its own and a sentence told in other words."""
    start = rng.randrange(len(report) - 20)
    return " ".join([*rng.choices(words, k=15), *report[:start], *rng.choices(words, k=20), *report[start + 20 :]])


def measure_story(path: Path) -> list[tuple[int, float]]:
    """Returns (copies there, CPU milliseconds to place the next one) for one report that many outlets run.

    Each stretch takes a fifth of a second, and a shared machine is now fast, now slow: so each is weighed by how long
    signing its texts took, which is the same work everywhere.
    """
    db, rng = open_archive(path), random.Random(2)
    words = [f"{chr(97 + n % 26)}{n:x}" for n in range(30_000)]
    report = rng.choices(words, k=WORDS)
    db.execute("INSERT OR IGNORE INTO sources (id, name) VALUES ('new', 'New')")
    placing, signing = list[float](), list[float]()
    for number in range(max(COPIES_AT)):
        body = write_copy(rng, words, report)
        start = time.process_time()
        signed = sign(Article(f"https://site{number}.example/{number}", "A headline", body, word_count=WORDS))
        signing.append(time.process_time() - start)
        published = to_text(START + timedelta(minutes=number))
        with transaction(db):
            article_id = insert_article(db, signed, source_id="new", now=published, extractor="", raw=None)
            start = time.process_time()
            place_article(db, article_id, signed.signature, new=True)
            placing.append(1000 * (time.process_time() - start))
    (n_stories,) = db.execute("SELECT count(*) FROM stories").fetchone()
    assert n_stories == 1, f"the copies make {n_stories} stories"
    db.close()
    usual = statistics.median(signing)
    stretches = [(n, slice(n - COPIES_MEASURED, n)) for n in COPIES_AT]
    return [(n, statistics.median(placing[at]) * usual / statistics.median(signing[at])) for n, at in stretches]


def weigh(path: Path) -> float:
    """Returns the bytes of whole pages that the index takes for an article, where all articles arrived one by one."""
    db = open_archive(path)
    (n_bytes,) = db.execute(
        "SELECT sum(pgsize) FROM dbstat WHERE name IN ('signatures', 'fingerprints', 'duplicates',"
        " 'duplicates_of_article_id', 'sqlite_autoindex_duplicates_1')"
    ).fetchone()
    db.close()
    return float(n_bytes / ARRIVALS)


def run(sizes: Sequence[int], work: Path) -> Iterator[Cost]:
    """Yields the cost at each size, the smallest first."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as fresh:
        for size in sorted(sizes):
            path = work / f"{size}.db"
            path.unlink(missing_ok=True)
            fresh.submit(lay_down, path, size).result()
            yield fresh.submit(measure, path, size).result()
            path.unlink()


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; returns 1 where a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10000,100000,1000000", help="numbers of stored articles, with commas")
    parser.add_argument("--work", type=Path, help="folder for the archives; a temporary one by default")
    options = parser.parse_args(arguments)
    sizes = [int(size) for size in options.sizes.split(",")]
    print("   stored  signature   lookup  placing   in all  joined    peak")
    costs = []
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        empty = Path(folder) / "empty.db"
        measure(empty, 0)
        index_bytes = weigh(empty)
        for cost in run(sizes, Path(folder)):
            costs.append(cost)
            print(
                f"{cost.n_stored:>9,} {cost.sign_ms:>7.2f} ms {cost.lookup_ms:>5.2f} ms {cost.place_ms:>5.2f} ms"
                f" {cost.total_ms:>5.2f} ms {cost.n_joined:>7} {cost.peak_mb:>5.0f} MB",
                flush=True,
            )
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
            copies = fresh.submit(measure_story, Path(folder) / "story.db").result()
    for n_copies, ms in copies:
        print(f"one report of {n_copies:>5,} copies: the next is placed in {ms:.2f} ms")
    print(f"index: {index_bytes:.0f} bytes an article of {WORDS} words, pairs included")
    totals = [cost.total_ms for cost in costs]
    peaks = [cost.peak_mb for cost in costs]
    promises = {
        f"at most {MS_MAX} ms an article": max(totals) <= MS_MAX,
        f"flat within {FLAT_MAX} x": max(totals) <= FLAT_MAX * min(totals),
        f"one more copy of a report: flat within {FLAT_MAX} x": max(ms for _, ms in copies)
        <= FLAT_MAX * min(ms for _, ms in copies),
        f"memory flat within {MEMORY_FLAT_MAX} x": max(peaks) <= MEMORY_FLAT_MAX * min(peaks),
        f"at most {BYTES_MAX} bytes of index an article": index_bytes <= BYTES_MAX,
    }
    for promise, is_kept in promises.items():
        print(f"{'kept' if is_kept else 'NOT KEPT'}: {promise}")
    return 0 if all(promises.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
