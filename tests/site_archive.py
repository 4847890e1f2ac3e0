"""Fills a migrated archive through plain SQL, for the tests of the site and the reports.

All texts are written for these tests; titles, names and addresses hold what a hostile page could send.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from db.connection import from_text, open_archive, to_text, transaction
from db.folding import fold

NOW = "2018-11-26T15:00:00Z"

PERSIAN_TITLE = "نشست مسکو دربارهٔ صلح افغانستان برگزار شد"
PERSIAN_BODY = (
    "نمایندگان چند کشور روز جمعه در مسکو گرد هم آمدند تا دربارهٔ گفت‌وگوهای صلح افغانستان رایزنی کنند.\n\n"
    "شورای عالی صلح می‌گوید هیئت آن با دست پُر بازگشته است. گفت‌وگوها در ۹ نوامبر آغاز شد."
)
PASHTO_TITLE = "د سولې عالي شورا پلاوی مسکو ته ورسېد"
PASHTO_BODY = "د سولې عالي شورا پلاوی د خبرو لپاره مسکو ته ورسېد.\n\nويل کېږي چې خبرې به دوه ورځې دوام وکړي."
HOSTILE_TITLE = "<script>alert('title')</script> & \"quotes\" <img src=x onerror=alert(1)>"
HOSTILE_BODY = "<b>Bold claim</b> & more.\n\n</p><script>document.title='owned'</script>"
HOSTILE_NAME = "Kabul <i>Tribune</i> & Sons"
LONG_WORD = "Verwaltungsgerichtshofentscheidungsbegründungsverzögerungsbeschwerdeverfahrensordnungsänderungsgesetz" * 2


class Filler:
    """Writes rows of an archive under construction; every method returns the key of its row."""

    def __init__(self, path: Path, now: str = NOW) -> None:
        self.db: Database = open_archive(path)
        self.now = now
        self.made = 0

    def at(self, hours: float) -> str:
        """Returns the time so many hours before the filler's clock."""
        return to_text(from_text(self.now) - timedelta(hours=hours))

    def insert(self, table: str, **values: Any) -> int:
        columns = ", ".join(values)
        marks = ", ".join("?" for _ in values)
        cursor = self.db.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(values.values()))
        return int(cursor.lastrowid or 0)

    def article(self, title: str, body: str, *, source: str = "steppe", hours: float | None = 5, **values: Any) -> int:
        self.made += 1
        row: dict[str, Any] = {
            "url": f"https://{source}.example/{self.made}",
            "source_id": source,
            "title": title,
            "authors": "[]",
            "published_at": None if hours is None else self.at(hours),
            "published_raw": None if hours is None else "Mon, 26 Nov 2018 14:30 +0430",
            "published_from": None if hours is None else "json-ld",
            "language": "en",
            "word_count": len(body.split()),
            "first_seen_at": self.at((hours or 3) - 1),
            "updated_at": self.at((hours or 3) - 1),
            "last_seen_at": self.at(1),
            "content_hash": f"hash-{self.made}",
            **values,
        }
        article_id = self.insert("articles", **row)
        self.insert(
            "article_text",
            id=article_id,
            title=title,
            body=body,
            folded_title=fold(title),
            folded=fold(body),
        )
        self.db.execute("UPDATE sources SET n_articles = n_articles + 1 WHERE id = ?", (source,))
        return article_id

    def story(self, lead: int, *copies: int) -> int:
        ids = (lead, *copies)
        marks = ", ".join("?" for _ in ids)
        story_id = self.insert("stories", title="", lead_article_id=lead)
        self.db.execute(
            f"UPDATE articles SET story_id = ?, is_lead = (id = ?) WHERE id IN ({marks})", (story_id, lead, *ids)
        )
        self.db.execute(
            "UPDATE stories SET (title, first_published_at, last_published_at, n_articles, n_sources) ="
            " (SELECT (SELECT title FROM articles WHERE id = ?), min(published_at), max(published_at), count(*),"
            f" count(DISTINCT source_id) FROM articles WHERE id IN ({marks})) WHERE id = ?",
            (lead, *ids, story_id),
        )
        return story_id

    def match(self, topic: str, article_id: int, score: float, *reasons: dict[str, Any], accepted: int = 1) -> None:
        self.insert(
            "topic_matches",
            topic_id=topic,
            article_id=article_id,
            score=score,
            accepted=accepted,
            reasons=json.dumps(reasons, ensure_ascii=False),
            topic_version="v1",
        )


def _add_sources(fill: Filler) -> None:
    for source_id, name, country, last_ok in (
        ("steppe", "Steppe Dispatch", "KZ", fill.at(1)),
        ("herat", "Herat Gazette", "AF", fill.at(1)),
        ("tribune", HOSTILE_NAME, "AF", fill.at(30)),
        ("quiet", "Quiet Weekly", "GB", fill.at(2)),
        ("fresh", "Fresh Start", "FR", None),
    ):
        fill.insert(
            "sources",
            id=source_id,
            name=name,
            homepage=f"https://{source_id}.example/",
            domain=f"{source_id}.example",
            country=country,
            language="en",
            last_ok_at=last_ok,
        )
    fill.insert("sources", id="off", name="Switched Off", status="disabled")
    fill.insert("sources", id="stray.example", name="stray.example", status="seen")
    for source_id, status, failures, note, next_poll in (
        ("steppe", "active", 0, None, fill.at(-0.5)),
        ("herat", "active", 0, None, fill.at(0.5)),
        ("tribune", "failing", 4, "HTTP 503 <b>busy</b>", fill.at(0.2)),
        ("quiet", "active", 0, None, fill.at(-3)),
        ("fresh", "active", 0, None, None),
        ("off", "disabled", 0, None, fill.at(9)),
    ):
        fill.insert(
            "seeds",
            source_id=source_id,
            kind="feed",
            url=f"https://{source_id}.example/rss.xml",
            host=f"{source_id}.example",
            status=status,
            failures=failures,
            note=note,
            polled_at=fill.at(1) if next_poll else None,
            next_poll_at=next_poll,
        )


def _add_articles(fill: Filler) -> dict[str, int]:
    envoy = "The envoy said the talks in Moscow had made progress.\n\nA ceasefire was not discussed, delegates said."
    ids = {
        "lead": fill.article(
            "Envoy reports progress in Moscow talks",
            envoy,
            authors='["Ana Petrova", "J. Doe"]',
            summary="The envoy said the talks had made progress.",
            section="World",
            modified_at=fill.at(4.5),
            image="https://steppe.example/a.jpg",
            n_revisions=2,
        ),
        "copy": fill.article("Moscow talks: envoy reports progress", envoy, source="herat", hours=3),
        "persian": fill.article(PERSIAN_TITLE, PERSIAN_BODY, source="herat", hours=8, language="fa"),
        "pashto": fill.article(PASHTO_TITLE, PASHTO_BODY, source="herat", hours=9, language="ps"),
        "hostile": fill.article(HOSTILE_TITLE, HOSTILE_BODY, source="tribune", hours=30, authors='["<b>Eve</b>"]'),
        "undated": fill.article("A page without a date", "Nobody knows when this was written.", hours=None),
        "long": fill.article(f"Court on {LONG_WORD}", f"{LONG_WORD} was debated.", hours=50, language="de"),
        "paywalled": fill.article("Only the start is open", "The first lines.", hours=60, paywalled=1),
        "quiet": fill.article("Something from last month", "Old news.", source="quiet", hours=24 * 30),
        "stray": fill.article("Found in an archive", "Text of a stray page.", source="stray.example", hours=24 * 90),
    }
    fill.story(ids["lead"], ids["copy"])
    for name in ("persian", "pashto", "hostile", "undated", "long", "paywalled", "quiet", "stray"):
        fill.story(ids[name])
    fill.insert(
        "duplicates",
        article_id=ids["copy"],
        of_article_id=ids["lead"],
        relation="near",
        containment=0.93,
        number_overlap=1.0,
        gap_days=0.08,
    )
    for number, kind, text in ((1, "minor", "The envoy said talks had started."), (2, "correction", envoy[:60])):
        fill.insert(
            "revisions",
            article_id=ids["lead"],
            number=number,
            seen_at=fill.at(5 - number),
            title=f"Envoy in Moscow, version {number} <u>",
            body=text,
            content_hash=str(number),
            kind=kind,
            words_added=12,
            words_removed=3,
            numbers_changed=number - 1,
        )
    return ids


def _add_topics(fill: Filler, ids: dict[str, int]) -> None:
    fill.insert(
        "topics",
        id="moscow-talks",
        title="Moscow <talks>",
        question="Who met whom & where?",
        version="v1",
        accept=0.5,
        review=0.25,
        file="moscow-talks.toml",
        loaded_at=fill.at(100),
    )
    fill.insert(
        "topics",
        id="gone",
        title="Removed topic",
        version="v1",
        file="gone.toml",
        loaded_at=fill.at(9),
        status="removed",
    )
    fill.match(
        "moscow-talks",
        ids["lead"],
        0.82,
        {"rule": "talks", "forms": ["talks", "Moscow"], "where": "title", "n": 3},
        {"rule": "<script>", "forms": ["<i>envoy</i>"], "where": "body", "n": 1},
    )
    fill.match("moscow-talks", ids["copy"], 0.8)
    fill.match("moscow-talks", ids["persian"], 0.71, {"rule": "talks", "forms": ["مسکو"], "where": "title", "n": 2})
    fill.match("moscow-talks", ids["long"], 0.31, accepted=0)
    fill.match("gone", ids["pashto"], 0.9)
    entity = fill.insert("entities", topic_id="moscow-talks", slug="envoy", name="The Envoy <x>", role="negotiator")
    fill.insert("mentions", entity_id=entity, article_id=ids["lead"], n=2)


def _add_runs(fill: Filler, ids: dict[str, int]) -> None:
    for hours, ended, outcome in ((3, fill.at(2.9), "finished"), (2, fill.at(1.9), "finished"), (1, None, None)):
        fill.insert(
            "runs",
            started_at=fill.at(hours),
            ended_at=ended,
            outcome=outcome,
            counters=json.dumps({"fetched": int(hours * 10)}),
        )
    link = fill.insert(
        "links",
        url="https://steppe.example/1",
        url_key="steppe.example/1",
        host="steppe.example",
        seed_id=1,
        found_at=fill.at(6),
        fate="article",
        article_id=ids["lead"],
    )
    for number, fate in enumerate(("pending", "pending", "gone", "refused")):
        fill.insert(
            "links",
            url=f"https://herat.example/{number}",
            url_key=f"herat.example/{number}",
            host="herat.example",
            seed_id=2,
            found_at=fill.at(4),
            fate=fate,
        )
    fill.insert("fetches", run_id=1, url="https://steppe.example/1", at=fill.at(5), status=200, bytes=900, link_id=link)
    fill.insert(
        "fetches",
        run_id=2,
        url="https://tribune.example/rss.xml",
        at=fill.at(2),
        status=503,
        error="HTTP 503",
        seed_id=3,
    )
    fill.insert(
        "fetches", run_id=2, url="https://steppe.example/2", at=fill.at(1.9), error="connection refused", link_id=link
    )
    for day in range(40):
        moment = fill.at(24 * day)
        fill.insert("daily_totals", day=moment[:10], n_articles=2 + day % 5, n_stories=1 + day % 3)


def fill_archive(path: Path, now: str = NOW) -> dict[str, int]:
    """Makes a small archive with every kind of row, as seen at ``now``; returns the ids of its articles by nickname."""
    fill = Filler(path, now)
    with transaction(fill.db):
        _add_sources(fill)
        ids = _add_articles(fill)
        _add_topics(fill, ids)
        _add_runs(fill, ids)
    fill.db.close()
    return ids
