"""Rescoring: the loose question finds all that the exact one does; the archive says afterwards what a crawl would."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from db.connection import ArchiveError, open_archive, open_readonly
from db.records import Article
from db.topics import topics_to_apply
from pipelines import rescoring
from pipelines.loosening import could_hold, loosen, loosen_topic, write_candidates
from pipelines.relevance import Judge
from pipelines.rescoring import CHUNK, apply_topics, find_candidates, judge_archive
from pipelines.topic import Rule, Topic
from pipelines.topic_file import load_topic
from pipelines.topic_grammar import parse_expression, write_expression
from tests.topic_archive import fill_archive, make_article

FILE = """\
id = "ferry"
title = "The ferry"
accept = 0.5
review = 0.0
any = ["near(ferry, strike, 5)", "title(ferry) & !'museum'"]
require = "ferry | harbour"
not = ["'regatta'"]
[sets.ferry]
en = ["ferry", "ferries"]
fa = ["کشتی"]
[sets.strike]
en = ["strike*", "walk out"]
fa = ["اعتصاب*"]
[sets.harbour]
any = ["harbour*"]
[[entity]]
id = "captain"
name = "The captain"
en = ["captain lind"]
"""
ARTICLES = [
    make_article("Ferry strike goes on", "The ferry strike entered its third day. Captain Lind is on land."),
    make_article("A day at sea", "Nothing moved. " * 50 + "Ferries stood still after a walk out."),
    make_article("Regatta", "The ferry strike spared the regatta."),
    make_article("A portrait", "Captain Lind paints."),
    make_article("Bakers on strike", "No bread today."),
    make_article("اعتصاب", "اعتصاب کارکنان كشتي ادامه دارد.", "fa"),
    make_article("اعتصاب", "اعتصاب کارکنان كشتي ادامه دارد.", "de"),
    make_article("Unknown tongue", "ferry strike", None, day=None),
]


@pytest.fixture
def topic(tmp_path: Path) -> Topic:
    (tmp_path / "ferry.toml").write_text(FILE, encoding="utf-8")
    return load_topic(tmp_path / "ferry.toml")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Topic:
    path = tmp_path_factory.mktemp("topic") / "ferry.toml"
    path.write_text(FILE, encoding="utf-8")
    return load_topic(path)


@pytest.mark.parametrize(
    ("exact", "loose"),
    [
        ("a", "a"),
        ("'b c'", "'b c'"),
        ("!a", None),
        ("a & !b", "a"),
        ("!a & !b", None),
        ("a | !b", None),
        ("a | b & !c", "(a | b)"),
        ("near(a, b, 3)", "(a & b)"),
        ("near(a, b | c, 3) & d", "((a & (b | c)) & d)"),
        ("title(a & !b)", "title(a)"),
        ("title(!b)", None),
    ],
)
def test_loosening(exact: str, loose: str | None) -> None:
    expression = loosen(parse_expression(exact))
    assert (None if expression is None else write_expression(expression)) == loose


_WORDS = st.sampled_from(
    ["ferry", "Ferries", "strike", "strikers", "walk", "out", "harbour", "regatta", "museum", "captain", "Lind", "\n\n"]
)
_TEXTS = st.lists(_WORDS, max_size=8).map(" ".join)
_RULES = st.lists(
    st.sampled_from(["ferry", "title(strike)", "near(ferry, strike, 2)", "harbour & !'museum'", "!ferry | strike"]),
    min_size=1,
    max_size=3,
    unique=True,
)


def _with_rules(topic: Topic, any_: list[str], require: list[str]) -> Topic:
    rules = [tuple(Rule(text, parse_expression(text)) for text in texts) for texts in (any_, require)]
    return replace(topic, any=rules[0], require=rules[1])


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(title=_TEXTS, body=_TEXTS, any_=_RULES, require=_RULES)
def test_what_matches_passes_the_loose_question(
    shared: Topic, title: str, body: str, any_: list[str], require: list[str]
) -> None:
    topic = _with_rules(shared, any_, require)
    article = make_article(title, body)
    judge = Judge([topic])
    matched = bool(judge.judge(article))
    present = {term for term in topic.all_terms() if judge._read(article, None).hits.get(term)}
    loose = loosen_topic(topic)
    assert not matched or loose is None or could_hold(loose, topic.name_terms(), present)
    candidates = write_candidates(topic)
    if matched and candidates is not None:
        index = sqlite3.connect(":memory:")
        index.execute('CREATE VIRTUAL TABLE t USING fts5 (folded_title, folded, tokenize="unicode61")')
        index.execute("INSERT INTO t VALUES (?, ?)", (title.lower(), body.lower()))
        assert index.execute("SELECT 1 FROM t WHERE t MATCH ?", (candidates,)).fetchone() == (1,)


def _stored(path: Path) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    db = open_readonly(path)
    matches = "SELECT article_id, score, accepted, reasons, topic_version FROM topic_matches ORDER BY 1"
    mentions = "SELECT article_id, slug, n FROM mentions JOIN entities ON entities.id = entity_id ORDER BY 1"
    found = db.execute(matches).fetchall(), db.execute(mentions).fetchall()
    db.close()
    return found


def test_applying_gives_what_a_crawl_with_this_topic_would_have_given(tmp_path: Path, topic: Topic) -> None:
    fill_archive(tmp_path / "crawled.db", ARTICLES, [topic])
    fill_archive(tmp_path / "later.db", ARTICLES, [])
    matches, mentions = _stored(tmp_path / "crawled.db")
    assert [row[0] for row in matches] == [1, 2, 6, 8]
    assert mentions == [(1, "captain", 1), (4, "captain", 1)]
    (applied,) = apply_topics(tmp_path / "later.db", [topic], processes=1)
    assert _stored(tmp_path / "later.db") == (matches, mentions)
    assert applied.n_accepted == sum(bool(row[2]) for row in matches)
    assert applied.n_accepted + applied.n_review == len(matches)
    apply_topics(tmp_path / "later.db", [topic], processes=1)
    assert _stored(tmp_path / "later.db") == (matches, mentions)


def test_applying_replaces_what_an_older_version_said(tmp_path: Path, topic: Topic) -> None:
    path = tmp_path / "news.db"
    fill_archive(path, ARTICLES, [replace(topic, version="old", vetoes=(), entities=())])
    other = replace(topic, id="other", version="v1")
    db = open_archive(path)
    rescoring.record_topic(db, other, "2024-07-01T00:00:00Z")
    db.close()
    apply_topics(path, [topic], processes=1)
    db = open_readonly(path)
    assert {row[0] for row in db.execute("SELECT topic_version FROM topic_matches")} == {topic.version}
    assert db.execute("SELECT version FROM topics WHERE id = 'ferry'").fetchone() == (topic.version,)
    assert topics_to_apply(db) == ["other"]
    db.close()


def test_several_processes_say_the_same_in_order(tmp_path: Path, topic: Topic) -> None:
    path = tmp_path / "news.db"
    fill_archive(path, ARTICLES * (CHUNK // 3))
    alone = list(judge_archive(path, [topic], processes=1))
    assert len(find_candidates(path, [topic])) > CHUNK
    assert list(judge_archive(path, [topic], processes=2)) == alone
    assert [judgement.article_id for judgement in alone] == sorted(judgement.article_id for judgement in alone)


def test_candidates_are_few(tmp_path: Path, topic: Topic) -> None:
    path = tmp_path / "news.db"
    fill_archive(path, ARTICLES)
    assert find_candidates(path, [topic]) == [1, 2, 3, 4, 6, 7, 8]
    negative = _with_rules(topic, ["!ferry | strike"], ["harbour | !ferry"])
    assert find_candidates(path, [negative]) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_crash_amid_applying_leaves_the_old_judgements(
    tmp_path: Path, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "news.db"
    fill_archive(path, ARTICLES, [replace(topic, version="old", vetoes=())])
    before = _stored(path)
    written: list[int] = []

    def write_two(db: Database, article_id: int, relevance: object) -> None:
        written.append(article_id)
        if len(written) > 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(rescoring, "add_matches", write_two)
    with pytest.raises(KeyboardInterrupt):
        apply_topics(path, [topic], processes=1)
    assert _stored(path) == before
    db = open_readonly(path)
    assert db.execute("SELECT version FROM topics").fetchone() == ("old",)
    db.close()


def test_an_archive_that_is_not_there_is_told(tmp_path: Path, topic: Topic) -> None:
    with pytest.raises(ArchiveError, match="no such archive"):
        list(judge_archive(tmp_path / "none.db", [topic], processes=2))


def test_a_text_of_any_shape_is_judged_alike_from_the_archive(tmp_path: Path, topic: Topic) -> None:
    odd = [
        Article(
            "https://harbour.example/x",
            "Ferry\u2028strike",
            "ferry\x85strike\u2029\n\nferry \x0b strike",
            language="en",
        ),
        Article("https://harbour.example/x", "", "\n\n\nferry strike\n", language="en"),
    ]
    fill_archive(tmp_path / "news.db", odd)
    judge = Judge([topic])
    judged = {one.article_id: one.relevance for one in judge_archive(tmp_path / "news.db", [topic], processes=1)}
    assert judged == {1: judge.judge(odd[0]), 2: judge.judge(odd[1])}
