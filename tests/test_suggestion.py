"""Suggestions: what sets the accepted articles apart, unknown to the topic; spellings near those of its people."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.suggestion import Sample, count_edits, log_odds, suggest_spellings, suggest_terms
from pipelines.topic import Topic
from pipelines.topic_file import load_topic

FILE = """\
title = "The ferry"
any = ["'ferry'"]
[[entity]]
id = "lindqvist"
name = "Captain Lindqvist"
en = ["captain lindqvist"]
ru = ["линдквист*"]
"""


@pytest.fixture(scope="module")
def topic(tmp_path_factory: pytest.TempPathFactory) -> Topic:
    path = tmp_path_factory.mktemp("topic") / "ferry.toml"
    path.write_text(FILE, encoding="utf-8")
    return load_topic(path)


def _articles(n: int, text: str, language: str | None = "en") -> list[Sample]:
    return [Sample(language, f"{text} Report {chr(97 + number)}{chr(97 + number)}.") for number in range(n)]


OTHERS = _articles(20, "The council of the town spoke of the weather and the market.")


def test_terms_of_the_accepted_articles_come_first(topic: Topic) -> None:
    accepted = _articles(6, "The ferry of the town lay at Pier Nine. The deckhands of the ferry want more.")
    terms = [one.term for one in suggest_terms(topic, accepted, OTHERS)]
    assert "pier nine" in terms  # a name, as one
    assert "deckhands" in terms
    assert "pier" not in terms  # hardly ever without nine
    assert "ferry" not in terms  # known
    assert "the ferry" not in terms  # known with a word around
    assert not {"the", "of", "town"} & set(terms)  # frequent in all articles


def test_words_of_every_page_are_no_terms(topic: Topic) -> None:
    accepted = _articles(9, "They will say which deckhands met.")
    terms = {one.term for one in suggest_terms(topic, accepted, OTHERS[:3])}  # too few others to tell by counting
    assert "deckhands" in terms
    assert not {"they", "will", "which", "they will"} & terms


def test_a_suggestion_says_where_it_stands(topic: Topic) -> None:
    accepted = _articles(6, "The deckhands met.")
    (found,) = [one for one in suggest_terms(topic, accepted, OTHERS) if one.term == "deckhands"]
    assert (found.language, found.kind, found.n_accepted, found.n_others) == ("en", "word", 6, 0)
    assert found.z == round(log_odds(6, 6, 0, 20), 2) > 1.96


def test_languages_are_compared_each_with_itself(topic: Topic) -> None:
    accepted = _articles(5, "Паром стоит, матросы бастуют.", "ru") + _articles(2, "The deckhands met.")
    terms = suggest_terms(topic, accepted, OTHERS + _articles(20, "Погода в городе.", "ru"))
    assert {one.language for one in terms} == {"ru"}  # two articles are an accident
    assert "матросы" in {one.term for one in terms}


def test_spellings_near_an_entity_are_found(topic: Topic) -> None:
    accepted = _articles(1, "Captain Lindkvist spoke; Lindqvists did not, nor Lindqvist. The quilt.")
    accepted += _articles(2, "Капитан Линдквистом доволен, Линдкист нет.", "ru")
    found = {(one.entity_id, one.word, one.like, one.n_accepted) for one in suggest_spellings(topic, accepted, OTHERS)}
    assert ("lindqvist", "lindkvist", "lindqvist", 1) in found
    assert ("lindqvist", "lindqvists", "lindqvist", 1) in found
    assert ("lindqvist", "линдкист", "линдквист", 2) in found
    assert not {word for _, word, _, _ in found} & {"lindqvist", "линдквистом", "quilt", "captain"}


def test_a_form_that_a_beginning_covers_is_no_news(tmp_path: Path) -> None:
    (tmp_path / "ferry.toml").write_text(FILE.replace('"линдквист*"', '"линдквист* совет*"'), encoding="utf-8")
    accepted = _articles(3, "Решение линдквиста и линдкиста: совета нет.", "ru")
    words = {one.word for one in suggest_spellings(load_topic(tmp_path / "ferry.toml"), accepted, OTHERS)}
    assert "линдкиста" in words
    assert not {"линдквиста", "совета"} & words


def test_a_common_word_is_no_spelling(topic: Topic) -> None:
    accepted = _articles(2, "Lindkvist spoke.")
    others = _articles(20, "Lindkvist is the word of the day.")
    assert suggest_spellings(topic, accepted, others) == []


@pytest.mark.parametrize(
    ("one", "other", "edits"),
    [("abc", "abc", 0), ("abc", "abd", 1), ("abc", "acb", 1), ("abc", "bc", 1), ("abc", "", 3), ("ca", "abc", 3)],
)
def test_edits(one: str, other: str, edits: int) -> None:
    assert count_edits(one, other) == count_edits(other, one) == edits


_COUNTS = st.integers(0, 50)


@given(_COUNTS, _COUNTS, _COUNTS, _COUNTS)
def test_log_odds_are_finite_and_take_sides(n_in: int, more_in: int, n_out: int, more_out: int) -> None:
    z = log_odds(n_in, n_in + more_in, n_out, n_out + more_out)
    assert z == pytest.approx(-log_odds(n_out, n_out + more_out, n_in, n_in + more_in))


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_can_be_learned_from(topic: Topic, one: str, other: str) -> None:
    accepted, others = [Sample("en", one)] * 3, [Sample("en", other)] * 3
    assert all(two.z > 0 for two in suggest_terms(topic, accepted, others))
    assert suggest_spellings(topic, accepted, others) is not None
