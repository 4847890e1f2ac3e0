"""Judging: what matches, how high, and for which reasons, as written in the article."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.folding import fold
from db.records import Article, Relevance
from pipelines.relevance import Judge, find_mentions, judge
from pipelines.topic import Rule, Topic
from pipelines.topic_file import load_topic, load_topics
from pipelines.topic_grammar import Match, compile_match, join_all, join_any, parse_expression

FILE = """\
id = "bridge"
title = "The bridge"
window = { from = 2024-01-01, to = 2024-12-31 }
accept = 0.5
review = 0.1
any = ["near(bridge, talks, 5)", "title(bridge)"]
require = "bridge | mayor"
not = ["title('cricket')"]
[sets.bridge]
en = ["bridge*"]
ru = ["мост*"]
fa = ["پل"]
[sets.talks]
en = ["talks", "peace talks", "negotiat*"]
ru = ["переговор*"]
fa = ["گفت‌وگو*"]
[[entity]]
id = "mayor"
name = "The Mayor"
en = ["mayor", "mayor smith", "smith"]
fa = ["شهردار"]
"""


@pytest.fixture(scope="module")
def topic(tmp_path_factory: pytest.TempPathFactory) -> Topic:
    path = tmp_path_factory.mktemp("topics") / "bridge.toml"
    path.write_text(FILE, encoding="utf-8")
    return load_topic(path)


def _article(
    title: str, body: str = "", language: str | None = "en", published_at: str | None = "2024-06-01"
) -> Article:
    if published_at:
        published_at += "T12:00:00Z"
    return Article("https://example.org/1", title, body, language=language, published_at=published_at)


def test_the_score_is_the_published_formula(topic: Topic) -> None:
    body = "\n\n".join(
        [
            "The bridge was the matter of talks on Monday.",  # 2 hits in the lead
            "word " * 70,
            "Nothing here.",
            "Negotiators met again at the bridge.",  # 2 more
        ]
    )
    relevance = judge(topic, _article("A quiet day", body))
    assert relevance is not None
    n_words = 9 + 70 + 2 + 6
    evidence = 4 / (0.5 + n_words / 1000)
    share = (9 + 6) / n_words  # of the words, in paragraphs with a hit
    expected = 0.4 * evidence / (evidence + 3) + 0.25 * 0 + 0.2 / (1 + 1 / 60) + 0.15 * min(1, 2 * share)
    assert relevance.score == pytest.approx(expected, abs=1e-4)
    assert relevance.reasons == (
        {"rule": "near(bridge, talks, 5)", "forms": ["bridge", "talks", "Negotiators"], "where": "lead", "n": 4},
    )
    assert relevance.accepted
    assert (relevance.topic_id, relevance.topic_version) == ("bridge", topic.version)


def test_many_words_of_one_side_do_not_hide_the_other(tmp_path: Path) -> None:
    sets = "[sets]\nrates.en = ['rate*']\npower.en = ['volt']\n"
    (tmp_path / "rates.toml").write_text(f"title = 'R'\nreview = 0\nany = 'rates & power'\n{sets}", "utf-8")
    body = " ".join(f"rate{letter}" for letter in "abcdefghijkl") + " Volt"
    relevance = judge(load_topic(tmp_path / "rates.toml"), _article("Quiet", body))
    assert relevance is not None
    (reason,) = relevance.reasons
    assert (reason["n"], len(reason["forms"])) == (13, 8)
    assert reason["forms"][:3] == ["ratea", "Volt", "rateb"]


def test_the_title_counts_and_is_named(topic: Topic) -> None:
    relevance = judge(topic, _article("Old Bridge closes"))
    assert relevance is not None
    assert relevance.score == pytest.approx(0.4 * 2 / 5 + 0.25)
    assert relevance.reasons == ({"rule": "title(bridge)", "forms": ["Bridge"], "where": "title", "n": 1},)
    assert not relevance.accepted


def _score(topic: Topic, title: str, body: str) -> float:
    relevance = judge(topic, _article(title, body))
    assert relevance is not None
    return relevance.score


def test_what_makes_an_article_more_about_a_topic(topic: Topic) -> None:
    filler = "word " * 200
    mention = "The bridge talks."
    passing = _score(topic, "x", f"{filler}\n\n{mention}")
    assert _score(topic, "x", f"{mention}\n\n{filler}") > passing  # sooner
    assert _score(topic, "x", f"{filler}\n\n{mention}\n\n{mention}") > passing  # more often
    assert _score(topic, "Bridge talks", f"{filler}\n\n{mention}") > passing + 0.2  # in the title
    assert _score(topic, "x", f"{filler}{filler}\n\n{mention}") < passing  # in a longer text
    assert _score(topic, "x", f"{filler}{mention}") > passing  # in a paragraph that is more of the text


def test_much_talk_around_one_required_word_counts_little(topic: Topic) -> None:
    strict = replace(topic, require=(Rule("mayor", parse_expression("mayor")),))
    talk = "Bridge talks. " * 10
    once, often = (judge(strict, _article("x", talk + "Mayor. " * n)) for n in (1, 10))
    assert once is not None and often is not None
    assert once.score < often.score
    assert once.reasons[-1] == {"rule": "require: mayor", "forms": ["Mayor"], "where": "lead", "n": 1}
    assert [reason["rule"] for reason in often.reasons] == ["near(bridge, talks, 5)"]
    barred = replace(topic, require=(Rule("!'cricket'", parse_expression("!'cricket'")),))
    plain = judge(replace(topic, require=()), _article("x", talk))
    assert plain is not None
    assert judge(barred, _article("x", talk)) == plain  # what only excludes has no hits to count by


def test_far_hits_of_a_near_are_no_hits(topic: Topic) -> None:
    body = "Bridge talks begin.\n\n" + "word " * 70 + "bridge " + "word " * 70 + "talks"
    relevance = judge(topic, _article("A quiet day", body))
    assert relevance is not None
    assert relevance.reasons[0]["n"] == 2


def test_overlapping_terms_are_one_hit(topic: Topic) -> None:
    relevance = judge(topic, _article("x", "The bridge peace talks."))
    assert relevance is not None
    assert relevance.reasons[0]["forms"] == ["bridge", "peace talks"]
    assert relevance.reasons[0]["n"] == 2


@pytest.mark.parametrize(
    ("article", "matches"),
    [
        (_article("x", "The bridge. Talks."), True),
        (_article("x", "The bridge and one two three four five six talks."), False),
        (_article("Cricket at the bridge", "The bridge. Talks."), False),  # vetoed
        (_article("x", "Nothing."), False),
        (_article("", ""), False),
        (_article("x", "Мост: переговоры начались.", "ru"), True),
        (_article("x", "Мост: переговоры начались.", "en"), False),  # a term counts in its language only
        (_article("x", "Мост: переговоры начались.", None), True),  # unknown language: all terms count
        (_article("x", "The bridge talks.", "de"), False),
        (_article("x", "گفت‌وگوها دربارهٔ پل", "fa"), True),
        (_article("x", "گفتوگوها درباره پل", "prs"), True),
        (_article("x", "The bridge. Talks.", published_at="2023-12-31"), False),
        (_article("x", "The bridge. Talks.", published_at="2024-01-01"), True),
        (_article("x", "The bridge. Talks.", published_at="2024-12-31"), True),
        (_article("x", "The bridge. Talks.", published_at="2025-01-01"), False),
    ],
)
def test_what_matches(topic: Topic, article: Article, matches: bool) -> None:
    assert (judge(topic, article) is not None) == matches


def test_of_alternatives_only_those_that_hold_are_evidence(topic: Topic) -> None:
    article = _article("A day", "Negotiators and talks. No council. The mayor left.")
    both = "(talks & bridge) | 'council'"

    def weigh(*texts: str) -> Relevance | None:
        rules = tuple(Rule(text, parse_expression(text)) for text in texts)
        return judge(replace(topic, any=rules, require=(), review=0.0), article)

    one, two, three = weigh(both), weigh("talks & bridge", "'council'"), weigh("talks | 'council'")
    assert one is not None
    assert two is not None
    assert three is not None
    assert one.score == two.score < three.score
    assert one.reasons == ({"rule": both, "forms": ["council"], "where": "lead", "n": 1},)
    assert weigh(f"title({both})") is None


def test_require_is_never_scored(topic: Topic) -> None:
    body = "The mayor spoke. Bridge talks begin. Smith, smith, smith."
    relevance = judge(topic, _article("x", body))
    assert relevance is not None
    assert relevance.reasons[0]["n"] == 2


def test_an_undated_article_waits_for_a_reader(topic: Topic) -> None:
    article = _article("Bridge talks", "Bridge talks begin. The bridge is old.", published_at=None)
    relevance = judge(topic, article)
    assert relevance is not None
    assert relevance.score > topic.accept
    assert not relevance.accepted
    assert relevance.reasons[-1]["rule"] == "undated"
    free = judge(replace(topic, window_from=None, window_to=None), article)
    assert free is not None and free.accepted


def test_below_review_is_no_match(topic: Topic) -> None:
    article = _article("x", "The bridge. Talks.")
    found = judge(topic, article)
    assert found is not None
    assert judge(replace(topic, review=found.score), article) == found
    assert judge(replace(topic, review=found.score + 0.01, accept=1.0), article) is None


def test_forms_are_as_written(topic: Topic) -> None:
    relevance = judge(topic, _article("МОСТЫ", "О «мосте» шли перегово\u0301ры.", "ru"))
    assert relevance is not None
    assert [reason["forms"] for reason in relevance.reasons] == [["мосте", "перегово\u0301ры"], ["МОСТЫ"]]
    relevance = judge(topic, _article("x", "\u2067گفت‌وگوهای\u2069 پل", "fa"))
    assert relevance is not None
    assert relevance.reasons[0]["forms"] == ["گفت‌وگوهای", "پل"]


def test_mentions_are_counted_once_a_place(topic: Topic) -> None:
    article = _article("Mayor Smith speaks", "The Mayor said no. Smith went.")
    assert find_mentions(topic, article) == {"mayor": 3}
    assert find_mentions(topic, _article("x", "y")) == {}
    assert find_mentions(topic, _article("x", "شهردار", "fa")) == {"mayor": 1}
    assert find_mentions(topic, _article("x", "شهردار", "en")) == {}


def test_one_judge_serves_many_articles_and_topics(topic: Topic) -> None:
    other = replace(topic, id="other", vetoes=())
    both = Judge([topic, other])
    cricket = _article("Cricket at the bridge", "The bridge. Talks.")
    for _ in range(3):
        assert [found.topic_id for found in both.judge(cricket)] == ["other"]
        assert [found.topic_id for found in both.judge(_article("x", "Bridge talks."))] == ["bridge", "other"]
        assert both.judge(_article("x", "Nothing")) == ()
        assert both.find_mentions(_article("x", "The mayor")) == {"bridge": {"mayor": 1}, "other": {"mayor": 1}}


def test_no_topics_no_matches() -> None:
    assert Judge([]).judge(_article("x", "y")) == ()
    assert Judge([]).find_mentions(_article("x", "y")) == {}


def test_a_huge_article_is_judged_in_reasonable_time(topic: Topic) -> None:
    relevance = judge(topic, _article("x", "bridge talks " * 20_000))
    assert relevance is not None
    assert relevance.reasons[0]["n"] == 40_000
    assert relevance.score <= 1


_PLAIN = ("bridge", "Bridges", "talks", "peace", "negotiators", "mayor", "Smith", "cricket", "the", "a", ".")
_WORDS = st.sampled_from(
    [*_PLAIN, "\n\n", "\n", "\u2028", "\x85", "\x0b", "’s", "мост", "پل", "گفت‌وگو", "阿富", "\ud800", "\0"]
)
_ARTICLES = st.builds(
    lambda title, body, language: _article(" ".join(title), " ".join(body), language),
    st.lists(_WORDS, max_size=6),
    st.lists(_WORDS, max_size=30),
    st.sampled_from(["en", "ru", "fa", "de", None]),
)


def _ask_archive(topic: Topic, article: Article) -> bool:
    """Whether the same topic, compiled whole, finds the article in an index like the archive's."""
    connection = sqlite3.connect(":memory:")
    connection.execute(
        'CREATE VIRTUAL TABLE t USING fts5 (folded_title, folded, tokenize="unicode61 remove_diacritics 0")'
    )
    connection.execute("INSERT INTO t VALUES (?, ?)", (fold(article.title), fold(article.body)))
    connection.commit()

    def compile_rules(rules: tuple[Rule, ...]) -> list[Match]:
        return [compile_match(rule.expression, lambda name: topic.terms(name, article.language)) for rule in rules]

    vetoes = [veto.invert() for veto in compile_rules(topic.vetoes)]
    match = join_all([join_any(compile_rules(topic.any)), *compile_rules(topic.require), *vetoes])
    if match.text is None:
        return False
    return connection.execute("SELECT 1 FROM t WHERE t MATCH ?", (match.text,)).fetchone() is not None


@given(_ARTICLES)
def test_the_judge_and_the_archive_agree(topic: Topic, article: Article) -> None:
    found = judge(replace(topic, review=0.0), article)
    assert (found is not None) == _ask_archive(topic, article)
    if found is not None:
        _check(found)


@given(_ARTICLES)
def test_text_folded_before_is_judged_alike(topic: Topic, article: Article) -> None:
    folded = fold(article.title), fold(article.body)
    one, other = Judge([topic]), Judge([topic])
    assert one.judge(article) == other.judge(article, folded)
    assert one.find_mentions(article) == other.find_mentions(article, folded)


def _check(relevance: Relevance) -> None:
    assert 0 <= relevance.score <= 1
    assert relevance.reasons
    for reason in relevance.reasons:
        assert set(reason) == {"rule", "forms", "where", "n"}
        assert reason["where"] in ("title", "lead", "body")
        assert 1 <= len(reason["forms"]) <= min(8, reason["n"])
        assert all(form == form.strip() and form for form in reason["forms"])


_ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=80)


@given(_ANY_TEXT, _ANY_TEXT)
def test_any_article_can_be_judged(topic: Topic, title: str, body: str) -> None:
    for words in ("", "Bridge talks ", "Bridge\n\n\u2029talks\x85", "мост переговоры "):
        found = judge(topic, _article(words + title, body + words, None))
        for relevance in [found] if found else []:
            _check(relevance)


def test_the_shipped_topics_count_people() -> None:
    topics = load_topics(Path(__file__).parent.parent / "topics")
    article = _article("خلیلزاد در دوحه", "زلمی خليل زاد با عباس ستانکزی دیدار کرد.", "fa")
    mentions = Judge(topics).find_mentions(article)
    assert mentions["afghan-peace-talks"] == {"khalilzad": 2, "stanikzai": 1}


@pytest.mark.parametrize(
    ("article", "why"),
    [
        (_article("Bridge", published_at="2023-12-31"), "it was published on 2023-12-31, outside the window"),
        (_article("A quiet day", "Nothing here."), "no word of `any` stands there"),
        (
            _article("A quiet day", "Мост и bridges.", "ru"),
            "no expression of `any` holds; its words there: Мост",
        ),
        (_article("A quiet day", "A bridge.", "ru"), "its words there are listed for other languages than ru: bridge"),
        (
            _article("A quiet day", "The bridge. " + "word " * 20 + "Talks."),
            "no expression of `any` holds; its words there: bridge, Talks",
        ),
        (_article("Cricket on the bridge"), "`not` holds: title('cricket') (Cricket)"),
        (_article("Мост", "x " * 20, None, "2024-01-01"), "its score is 0.41, below review (0.5)"),
    ],
)
def test_why_an_article_does_not_match_is_told(topic: Topic, article: Article, why: str) -> None:
    strict = replace(topic, review=0.5)
    assert judge(strict, article) is None
    assert Judge([strict]).explain_absence(strict, article) == why


def test_what_is_required_and_missing_is_told(topic: Topic) -> None:
    lacking = replace(topic, require=(Rule("mayor", parse_expression("mayor")),))
    assert Judge([lacking]).explain_absence(lacking, _article("Bridge")) == "`require` does not hold: mayor"
