"""Builds archives of any size from generated text, in the shape a crawl leaves: to measure the site, not to be read.

Words are made up from syllables and fall by Zipf's law, the commonest being real function words, so that searches for
``the`` meet as many articles as in a real archive. Six languages in four scripts; the same size gives the same archive
but for its clock, which ends at the time of building.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlite_utils import Database

from db.connection import open_archive, to_text, transaction
from db.folding import fold

N_SOURCES = 300
DAYS_COVERED = 1000
BATCH = 5000
"""Articles a transaction: a crawl takes one each, which would take a day here."""
MEAN_WORDS = 400
"""Of a usual news article."""
FINGERPRINTS = 4
"""Of the about 25 that dedup writes for an article of this length: no page reads them but the count on a row page."""


@dataclass(frozen=True, slots=True)
class Tongue:
    """A language to make text in: its commonest words as they are, syllables for the others, its share of articles."""

    code: str
    common: str
    syllables: str
    share: float
    joint: str = " "


TONGUES = (
    Tongue(
        "en",
        "the of to and a in is that for on said with was as by it",
        "ba con der el fi gra hu in jo ka lo men nor op pre qua re sta ter un vi wo ym zen",
        0.45,
    ),
    Tongue(
        "ru",
        "и в не на что с по как это из у за от о для он",
        "ба ве го до жи за ко ле ми но пра ро сто ту фи хо ци ше ры ня",
        0.2,
    ),
    Tongue(
        "de",
        "der die und in den von zu das mit sich des auf für ist im dem",
        "ab ber che dün ein fal gra hän ich kun lei mög neu öst pro rau sche tüm ver zwi",
        0.1,
    ),
    Tongue(
        "fa",
        "و در به از که این را با است برای آن یک خود تا بر بود",
        "با پر تو جا خو دی رز سی شه عا فر کا گو لی می نو ها یش",
        0.1,
    ),
    Tongue(
        "ar",
        "في من على أن إلى التي عن مع هذا ما لا كان الذي بين بعد كل",
        "با تر ثم جي حا خل دو ذا را سم شي صا طو عي قا كو لم نا",
        0.1,
    ),
    Tongue(
        "zh",
        "的 了 在 是 和 有 我 不 人 他 这 中 大 国 上 个",
        "北 京 会 谈 政 府 经 济 平 安 东 西 南 海 山 水 新 闻 报 道 天 地 年 月",
        0.05,
        "",
    ),
)


@dataclass
class Writer:
    """Makes words, headlines and bodies of one language."""

    tongue: Tongue
    random: np.random.Generator
    vocabulary: int = 60_000
    mean_words: int = MEAN_WORDS
    words: np.ndarray[Any, np.dtype[np.object_]] = field(init=False)
    cumulated: np.ndarray[Any, np.dtype[np.float64]] = field(init=False)

    def __post_init__(self) -> None:
        made: dict[str, None] = dict.fromkeys(self.tongue.common.split())
        syllables = self.tongue.syllables.split()
        n_words = min(self.vocabulary, 3000) if self.tongue.joint == "" else self.vocabulary
        while len(made) < n_words:
            chosen = self.random.integers(0, len(syllables), self.random.integers(2, 6))
            made["".join(syllables[i] for i in chosen)] = None
        self.words = np.array(list(made), dtype=object)
        weights = 1.0 / (np.arange(n_words) + 2.0)
        self.cumulated = np.cumsum(weights / weights.sum())

    def write(self, n: int) -> list[str]:
        """Returns so many words of running text."""
        found = np.searchsorted(self.cumulated, self.random.random(n))
        return self.words[np.minimum(found, len(self.words) - 1)].tolist()  # type: ignore[no-any-return]

    def headline(self) -> str:
        """Returns four to twelve words."""
        line = self.tongue.joint.join(self.write(int(self.random.integers(4, 13))))
        return line[:1].upper() + line[1:]

    def body(self, headline: str) -> str:
        """Returns paragraphs of 40 words, lognormal around ``mean_words`` together; the first is the headline again."""
        n = int(min(2000, max(30, self.random.lognormal(np.log(self.mean_words * 0.88), 0.5))))
        words = self.write(n)
        joint = self.tongue.joint
        paragraphs = [joint.join(words[i : i + 40]).capitalize() + "." for i in range(0, n, 40)]
        return "\n\n".join([f"{headline}.", *paragraphs])


@dataclass
class Builder:
    """Writes the rows of an archive of ``n`` articles."""

    db: Database
    n: int
    words: int = MEAN_WORDS
    seed: int = 6
    end: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        numbers = np.random.default_rng(self.seed)
        vocabulary = min(60_000, 100 + 10 * self.n)
        self.writers = [Writer(tongue, numbers, vocabulary, self.words) for tongue in TONGUES]
        self.recent: list[tuple[int, int]] = []
        self.n_stories = 0
        self.sources = [f"outlet-{i:03}.example" for i in range(N_SOURCES)]
        self.source_weights = [1 / (i + 3) for i in range(N_SOURCES)]

    def many(self, table: str, rows: Sequence[Sequence[object]], columns: str) -> None:
        """Inserts rows."""
        marks = ", ".join("?" * len(columns.split(",")))
        self.db.conn.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)

    def at(self, number: int, minutes: float = 0) -> str:
        """Returns when the article of this number came out, so many minutes later."""
        back = timedelta(days=DAYS_COVERED) * (1 - number / self.n)
        return to_text(self.end - back + timedelta(minutes=minutes - 60))

    def add_frame(self) -> None:
        """Adds what is there before articles: sources, seeds, runs, topics, entities."""
        self.many(
            "sources",
            [
                (
                    s,
                    f"Outlet {s[7:10]}",
                    f"https://{s}/",
                    s,
                    self.chance.choice(["AF", "RU", "DE", "US"]),
                    self.chance.choice(TONGUES).code,
                    self.at(self.n),
                )
                for s in self.sources
            ],
            "id, name, homepage, domain, country, language, last_ok_at",
        )
        self.many(
            "seeds",
            [
                (
                    i + 1,
                    self.sources[i // 2],
                    "feed",
                    f"https://{self.sources[i // 2]}/{i % 2}.xml",
                    self.sources[i // 2],
                    self.at(self.n, -5),
                    self.at(self.n, 30),
                )
                for i in range(2 * N_SOURCES)
            ],
            "id, source_id, kind, url, host, polled_at, next_poll_at",
        )
        self.n_runs = max(10, self.n // 500)
        self.many(
            "runs",
            [
                (
                    i + 1,
                    self.at(self.n * i // self.n_runs),
                    self.at(self.n * i // self.n_runs, 4),
                    "finished",
                    json.dumps({"articles": 500, "fetched": 700}),
                )
                for i in range(self.n_runs)
            ],
            "id, started_at, ended_at, outcome, counters",
        )
        self.topics = {"everything": 0.2, **{f"topic-{i}": 0.01 for i in range(4)}}
        self.many(
            "topics",
            [
                (t, t.capitalize(), "What is new?", "v1", 0.5, 0.25, f"{t}.toml", self.at(0), self.at(0))
                for t in self.topics
            ],
            "id, title, question, version, accept, review, file, loaded_at, applied_at",
        )
        self.many(
            "entities",
            [
                (i + 1, list(self.topics)[i // 12], f"entity-{i % 12}", f"Entity {i}", "envoy")
                for i in range(12 * len(self.topics))
            ],
            "id, topic_id, slug, name, role",
        )

    def add_articles(self, first: int, last: int) -> None:
        """Adds the articles numbered first to last with everything that hangs on them."""
        articles: list[tuple[object, ...]] = []
        texts: list[tuple[object, ...]] = []
        stories: list[tuple[object, ...]] = []
        hung: dict[str, list[tuple[object, ...]]] = {table: [] for table in _HUNG}
        shares = [tongue.share for tongue in TONGUES]
        for number in range(first, last + 1):
            writer = self.chance.choices(self.writers, shares)[0]
            source = self.chance.choices(self.sources, self.source_weights)[0]
            title = writer.headline()
            body = writer.body(title)
            url = f"https://{source}/{self.chance.randrange(10**9)}/{number}"
            copied = self.chance.choice(self.recent) if self.recent and self.chance.random() < 0.3 else None
            if copied is None:
                self.n_stories += 1
                story = self.n_stories
                stories.append((story, title, number))
                self.recent = [*self.recent[-199:], (story, number)]
            else:
                story = copied[0]
                hung["duplicates"].append((number, copied[1], "near", 0.9, 1.0, 0.1))
            dated = None if self.chance.random() < 0.02 else self.at(number, -self.chance.expovariate(1 / 60))
            seen = self.at(number)
            articles.append(
                (
                    number,
                    url,
                    source,
                    story,
                    title,
                    '["A. Writer"]',
                    dated,
                    "json-ld" if dated else None,
                    writer.tongue.code,
                    body.split("\n\n", 2)[1][:250] if number % 2 else None,
                    len(body.split()),
                    seen,
                    seen,
                    seen,
                    f"{number:x}",
                    copied is None,
                    "archive.warc.gz",
                    number * 900,
                    900,
                )
            )
            texts.append((number, title, body, fold(title), fold(body)))
            self._hang(hung, number, url, body, seen)
        self.many("stories", stories, "id, title, lead_article_id")
        self.many(
            "articles",
            articles,
            "id, url, source_id, story_id, title, authors, published_at, published_from,"
            " language, summary, word_count, first_seen_at, updated_at, last_seen_at, content_hash, is_lead,"
            " warc_file, warc_offset, warc_length",
        )
        self.many("article_text", texts, "id, title, body, folded_title, folded")
        for table, rows in hung.items():
            self.many(table, rows, _HUNG[table])

    def _hang(self, hung: dict[str, list[tuple[object, ...]]], number: int, url: str, body: str, seen: str) -> None:
        key, host = url.removeprefix("https://"), url.split("/")[2]
        seed = 2 * self.sources.index(host) + 1
        hung["article_urls"].append((key, number, "link"))
        hung["links"].append((url, key, host, seed, seen, "article", number))
        failed = self.chance.random() < 0.02
        hung["fetches"].append(
            (
                1 + self.n_runs * number // (self.n + 1),
                url,
                seen,
                503 if failed else 200,
                50_000,
                None if failed else number,
                seed if failed else None,
                "HTTP 503" if failed else None,
            )
        )
        for _ in range(FINGERPRINTS):
            hung["fingerprints"].append((2900 + 143 * number // self.n, self.chance.getrandbits(40), number))
        if self.chance.random() < 0.05:
            kind = self.chance.choice(["cosmetic", "minor", "correction", "update", "rewrite"])
            hung["revisions"].append(
                (number, 1, seen, "An earlier headline", body[: len(body) // 2], "0", kind, 9, 4, 1)
            )
        for place, (topic, share) in enumerate(self.topics.items()):
            if self.chance.random() < share:
                accepted = self.chance.random() < 0.7
                reasons = '[{"rule": "generated", "forms": ["word"], "where": "title", "n": 1}]'
                hung["topic_matches"].append((topic, number, self.chance.random(), accepted, reasons, "v1"))
                if accepted:
                    for entity in self.chance.sample(range(12), self.chance.randrange(4)):
                        hung["mentions"].append((12 * place + entity + 1, number, self.chance.randrange(1, 5)))

    def add_totals(self) -> None:
        """Brings every counter that the writer keeps to what the rows say."""
        for statement in _TOTALS:
            self.db.execute(statement)


_HUNG = {
    "duplicates": "article_id, of_article_id, relation, containment, number_overlap, gap_days",
    "article_urls": "url_key, article_id, kind",
    "links": "url, url_key, host, seed_id, found_at, fate, article_id",
    "fetches": "run_id, url, at, status, bytes, link_id, seed_id, error",
    "fingerprints": "week, hash, article_id",
    "revisions": "article_id, number, seen_at, title, body, content_hash, kind, words_added, words_removed,"
    " numbers_changed",
    "topic_matches": "topic_id, article_id, score, accepted, reasons, topic_version",
    "mentions": "entity_id, article_id, n",
}
_TOTALS = (
    "UPDATE stories SET (first_published_at, last_published_at, n_articles, n_sources) = (SELECT"
    " min(coalesce(published_at, first_seen_at)), max(coalesce(published_at, first_seen_at)), count(*),"
    " count(DISTINCT source_id) FROM articles WHERE story_id = stories.id)",
    "UPDATE sources SET n_articles = (SELECT count(*) FROM articles WHERE source_id = sources.id)",
    "UPDATE articles SET n_revisions = 1 WHERE id IN (SELECT article_id FROM revisions)",
    "INSERT INTO daily_totals (day, n_articles, n_stories) SELECT substr(coalesce(published_at, first_seen_at), 1, 10),"
    " count(*), sum(is_lead) FROM articles GROUP BY 1",
)


def build_archive(path: Path, n: int, words: int = MEAN_WORDS) -> Iterator[int]:
    """Makes an archive of ``n`` articles of about so many words each at ``path``, yielding how many are written.

    A file half made is made anew.

    One writer, no reader and no crash to fear: the journal is off while it grows.
    """
    growing = path.with_name(f"growing-{path.name}")
    for leftover in growing.parent.glob(f"{growing.name}*"):
        leftover.unlink()
    db = open_archive(growing)
    for pragma in ("foreign_keys = OFF", "journal_mode = OFF", "synchronous = OFF", "cache_size = -800000"):
        db.execute(f"PRAGMA {pragma}").fetchall()
    db.execute("INSERT INTO article_text_fts (article_text_fts, rank) VALUES ('hashsize', 33554432)")
    builder = Builder(db, n, words)
    with transaction(db):
        builder.add_frame()
    for first in range(1, n + 1, BATCH):
        last = min(n, first + BATCH - 1)
        with transaction(db):
            builder.add_articles(first, last)
        yield last
    with transaction(db):
        builder.add_totals()
    db.execute("INSERT INTO article_text_fts (article_text_fts, rank) VALUES ('hashsize', 1048576)")
    check_archive(db)
    db.execute("PRAGMA journal_mode = WAL").fetchall()
    db.close()
    growing.rename(path)


def check_archive(db: Database) -> None:
    """Raises `ValueError` where rows break what the schema promises: foreign keys, and every text in the index."""
    broken = db.execute("PRAGMA foreign_key_check").fetchone()
    if broken:
        raise ValueError(f"a row of {broken[0]} names one of {broken[2]} that is not there")
    n, indexed = db.execute(
        "SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM article_text_fts_docsize)"
    ).fetchone()
    if n != indexed:
        raise ValueError(f"{n} articles, but {indexed} in the full-text index")
