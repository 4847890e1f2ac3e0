"""Suggestions: what sets the accepted articles apart, unknown to the topic; spellings near those of its people."""

from __future__ import annotations

from math import comb
from pathlib import Path
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.suggestion import SURE, Sample, be_sure, count_edits, suggest_spellings, suggest_terms
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
    assert "Pier Nine" in terms  # a name, as one
    assert "deckhands" in terms
    assert "Pier" not in terms  # hardly ever without nine
    assert "ferry" not in terms  # known
    assert "the ferry" not in terms  # known with a word around
    assert not {"the", "of", "town"} & set(terms)  # frequent in all articles


def test_words_of_every_page_are_no_terms(topic: Topic) -> None:
    accepted = _articles(9, "They will say which deckhands met. The ferry lies.")
    terms = {one.term for one in suggest_terms(topic, accepted, OTHERS[:6])}  # too few others to tell by counting
    assert "deckhands" in terms
    assert not {"they", "will", "which", "they will"} & terms


def test_a_suggestion_says_where_it_stands(topic: Topic) -> None:
    accepted = _articles(6, "The deckhands met. The ferry lies.")
    (found,) = [one for one in suggest_terms(topic, accepted, OTHERS) if one.term == "deckhands"]
    assert (found.language, found.kind, found.n_accepted, found.n_others) == ("en", "word", 6, 0)
    assert found.z == round(be_sure(6, 6, 0, 20), 2) > SURE


def test_languages_are_compared_each_with_itself(topic: Topic) -> None:
    accepted = _articles(6, "Линдквист стоит, а матросы бастуют.", "ru") + _articles(2, "The deckhands met.")
    terms = suggest_terms(topic, accepted, OTHERS + _articles(20, "Погода в городе.", "ru"))
    assert {one.language for one in terms} == {"ru"}  # two articles are an accident
    assert "матросы" in {one.term for one in terms}


def _terms(topic: Topic, accepted: list[Sample], others: list[Sample] = OTHERS) -> list[str]:
    return [one.term for one in suggest_terms(topic, accepted, others)]


def test_what_touches_a_known_term_would_find_nothing_new(topic: Topic) -> None:
    assert "jubilee" not in _terms(topic, _articles(6, "The jubilee ferry lies."))
    assert "jubilee" in _terms(topic, _articles(6, "The jubilee of the ferry is near."))


def test_terms_stand_where_the_topic_is_spoken_of(topic: Topic) -> None:
    accepted = _articles(6, "The ferry has deckhands.\n\nElsewhere a circus was burgled.")
    assert "deckhands" in _terms(topic, accepted)
    assert "circus" not in _terms(topic, accepted)


def test_one_source_is_not_enough_where_there_are_several(topic: Topic) -> None:
    text = "The ferry and its deckhands lie here."
    accepted = [Sample("en", text, "harbour")] * 6 + [Sample("en", "The ferry lies here.", "hill")]
    assert "deckhands" not in _terms(topic, accepted)
    assert "deckhands" in _terms(topic, [*accepted, Sample("en", text, "hill")])
    assert "deckhands" in _terms(topic, accepted[:6])


def test_numbers_and_words_with_small_words_around_are_no_terms(topic: Topic) -> None:
    terms = _terms(topic, _articles(6, "The ferry cost 2030 crowns. Effects of us to deckhands at 18 sharp."))
    assert "deckhands" in terms
    assert not {"2030", "Effects of", "us to", "at 18", "18 sharp"} & set(terms)


def test_forms_of_a_word_are_one_suggestion(topic: Topic) -> None:
    terms = _terms(topic, _articles(6, "The ferry has one deckhand, many deckhands."))
    assert "deckhand*" in terms
    assert not {"deckhand", "deckhands"} & set(terms)


def test_where_capitals_mark_nouns_other_words_are_none(topic: Topic) -> None:
    accepted = _articles(6, "Auf der Ferry schuften die Matrosen ohne Lohn und Brot im Regen.", "de")
    others = _articles(20, "Das Wetter im Ort ist gut.", "de")
    terms = _terms(topic, accepted, others)
    assert "Matrosen" in terms  # as written
    assert "schuften" not in terms


def test_parts_of_words_with_hyphens_have_shapes_too(topic: Topic) -> None:
    accepted = _articles(6, "Auf der Ferry ist das Hafen-Personal mit der Haus-Ordnung im Regen.", "de")
    terms = _terms(topic, accepted, _articles(20, "Das Wetter im Ort ist gut.", "de"))
    assert {"Personal", "Ordnung"} <= set(terms)


@pytest.mark.parametrize(("language", "word"), [("fa", "مذاکره‌های"), ("ar", "مُفاوَضات"), ("hi", "मंत्री")])
def test_words_are_told_with_their_joiners_and_signs(topic: Topic, language: str, word: str) -> None:
    accepted = [Sample(language, f"{word} x ferry {chr(97 + n)}") for n in range(6)]
    others = [Sample(language, f"y z {chr(97 + n)}") for n in range(20)]
    assert word in _terms(topic, accepted, others)


def test_han_is_counted_in_runs(topic: Topic) -> None:
    accepted = [Sample("ja", f"FERRY は、甲板員 が働く。{chr(0x4E00 + n)}") for n in range(6)]
    others = [Sample("ja", f"天気がよい。{chr(0x5E00 + n)}") for n in range(20)]
    terms = _terms(topic, accepted, others)
    assert "甲板員" in terms
    assert not {"甲", "板", "員が", "は甲板"} & set(terms)


def test_runs_that_hold_a_piece_of_a_known_word_are_no_terms(tmp_path: Path) -> None:
    (tmp_path / "chips.toml").write_text("title = 'T'\nany = \"'芯片' | 'peace process'\"\n", encoding="utf-8")
    accepted = [Sample("zh", f"{chr(0x4E00 + n)}芯片{chr(0x5E00 + n)}。芯片工厂等光刻机。") for n in range(6)]
    others = [Sample("zh", f"天气很好。{chr(0x6E00 + n)}") for n in range(20)]
    terms = _terms(load_topic(tmp_path / "chips.toml"), accepted, others)
    assert {"工厂等光", "厂等光刻", "等光刻机"} & set(terms)
    assert not [term for term in terms if "片" in term]
    english = _terms(load_topic(tmp_path / "chips.toml"), _articles(6, "The peace process stalled near Pier Nine."))
    assert "Pier Nine" in english
    assert "process stalled" not in english


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
    accepted = _articles(3, "Решение Линдквиста и Линдкиста: Совета нет.", "ru")
    words = {one.word for one in suggest_spellings(load_topic(tmp_path / "ferry.toml"), accepted, OTHERS)}
    assert "линдкиста" in words
    assert not {"линдквиста", "совета"} & words


def test_names_have_capitals_where_there_are_any(topic: Topic) -> None:
    assert suggest_spellings(topic, _articles(3, "They saw a lindkvist and lindqvists."), OTHERS) == []
    (joined,) = suggest_spellings(topic, _articles(3, "They saw al-Lindkvist."), OTHERS)
    assert joined.word == "lindkvist"
    caseless = Path(topic.path).with_name("harbour.toml")
    caseless.write_text(FILE.replace('ru = ["линдквист*"]', 'fa = ["لیندکویست"]'), encoding="utf-8")
    found = suggest_spellings(load_topic(caseless), _articles(3, "او لیندکوییست را دید", "fa"), OTHERS)
    assert [one.word for one in found] == ["لیندکوییست"]


def test_spellings_are_compared_with_those_of_their_language(tmp_path: Path) -> None:
    text = FILE.replace('ru = ["линдквист*"]', 'ar = ["مجلس السلام"]\nur = ["امن کونسل"]')
    (tmp_path / "ferry.toml").write_text(text, encoding="utf-8")
    council = load_topic(tmp_path / "ferry.toml")
    assert suggest_spellings(council, _articles(3, "اسلام آباد میں", "ur"), OTHERS) == []
    (found,) = suggest_spellings(council, _articles(3, "اسلام در شهر", "fa"), OTHERS)  # no list of that language
    assert (found.word, found.like) == ("اسلام", "السلام")


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
def test_sureness_is_that_of_the_exact_test(n_in: int, more_in: int, n_out: int, more_out: int) -> None:
    all_in, everybody, n = n_in + more_in, n_in + more_in + n_out + more_out, n_in + n_out
    as_many = sum(comb(n, k) * comb(everybody - n, all_in - k) for k in range(n_in, min(n, all_in) + 1))
    chance = as_many / comb(everybody, all_in)
    sure = be_sure(n_in, all_in, n_out, n_out + more_out)
    assert sure == pytest.approx(max(0.0, NormalDist().inv_cdf(1 - chance)) if chance < 1 else 0, abs=1e-3) or sure > 7
    assert be_sure(n_in + 1, all_in + 1, n_out, n_out + more_out) >= sure - 1e-9
    assert be_sure(n_in, all_in, n_out + 1, n_out + 1 + more_out) <= sure + 1e-9


def test_sureness_has_no_ceiling() -> None:
    rising = [be_sure(n, 2000, 0, 2000) for n in range(300, 2000, 50)]
    assert rising == sorted(set(rising))
    assert rising[-1] > 40


def test_a_word_of_the_others_is_not_at_home() -> None:
    assert be_sure(0, 2000, 2000, 2000) == be_sure(1, 2000, 1, 2000) == be_sure(0, 0, 0, 0) == be_sure(5, 5, 0, 0) == 0


def test_few_articles_are_enough_for_a_word_of_no_other(topic: Topic) -> None:
    others = _articles(200, "The council of the town spoke of the weather.")
    assert "deckhands" in _terms(topic, _articles(3, "The ferry has deckhands."), others)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_can_be_learned_from(topic: Topic, one: str, other: str) -> None:
    accepted, others = [Sample("en", one)] * 3, [Sample("en", other)] * 3
    assert all(two.z > 0 for two in suggest_terms(topic, accepted, others))
    assert suggest_spellings(topic, accepted, others) is not None
