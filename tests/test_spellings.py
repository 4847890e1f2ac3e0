"""What is written in one piece or not, and what scripts attach to words: matching and the search box agree on it."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.folding import fold
from db.search import answers, find_forms, match_expression, split_words, widen
from db.spellings import ATTACHED, find_runs, spell, split_joined
from pipelines.hits import holds, read_text
from pipelines.relevance import judge
from pipelines.term import Term, TermError, parse_term
from pipelines.term_index import TermIndex
from pipelines.topic_file import load_topic
from pipelines.topic_grammar import compile_match, parse_expression, terms_of
from tests.topic_archive import make_article

FOUND = [
    # a joiner, a space or nothing
    ("fa", "آتش‌بس", "آتش بس"),
    ("fa", "آتش بس", "آتش‌بس"),
    ("fa", "آتش بس", "آتشبس"),
    ("fa", "گفت و گو", "گفت‌وگو"),
    ("fa", "گفت و گو", "گفتگو و گفتوگو"),
    ("fa", "گفت‌وگو*", "گفت وگوهای"),
    ("fa", "گفت و گو*", "گفت‌وگوهای"),
    ("fa", "می‌شود", "می شود"),
    ("fa", "خانهٔ‌ما", "خانه ما"),
    ("fa", "می شود", "میشود"),
    ("fa", "نمی‌شود", "نمی شود"),
    ("ur", "خلیل زاد", "خلیلزاد"),
    ("ps", "پوله‌ځواک", "پوله ځواک"),
    ("ckb", "سه‌رۆك", "سهرۆک"),
    ("ar", "عبد الله", "وعبدالله"),
    # the Persian plural
    ("fa", "پل", "پل‌ها"),
    ("fa", "پل", "پلهای"),
    ("fa", "پل", "پل ها"),
    ("fa", "مذاکره", "مذاکره‌هایی"),
    ("fa", "شورای صلح", "شورای صلح‌ها"),
    # Arabic words attached
    ("ar", "طالبان", "والطالبان"),
    ("ar", "طالبان", "لطالبان"),
    ("ar", "طالبان", "وطالبان"),
    ("ar", "مفاوضات", "بالمفاوضات"),
    ("ar", "مفاوضات", "للمفاوضات"),
    ("ar", "مفاوضات", "وللمفاوضات"),
    ("ar", "مفاوضات", "فالمفاوضات"),
    ("ar", "مفاوضات", "كالمفاوضات"),
    ("ar", "المفاوضات", "بالمفاوضات"),
    ("ar", "اللجنة", "للجنة"),
    ("ar", "لجنة", "للجنة"),
    ("ar", "لجنة", "واللجنة"),
    ("ar", "غزة", "بغزة"),
    ("ar", "سد", "والسد"),
    ("ar", "ألمانيا", "لألمانيا"),
    ("ar", "أفغان*", "والأفغانية"),
    ("ar", "محادثات السلام", "ومحادثات السلام"),
    ("ar", "مجلس الأمن", "لمجلس الأمن"),
    # words that only begin like the article
    ("ar", "إلكتروني*", "الإلكترونية"),
    ("ar", "ألغام", "والألغام"),
    ("ar", "ألغام", "للألغام"),
    ("ar", "التزام", "بالالتزام"),
    ("he", "שלום", "לשלום"),
    ("he", "צה״ל", "בצה״ל"),
    ("he", "צה״ל", "שצה״ל"),
    ("he", "ישראל", "שבישראל"),
    # letters and ligatures
    ("fa", "خانه", "خانهٴ"),
    ("fa", "خانه", "خانۀ"),
    ("ar", "الله", "ﷲ"),
    ("ar", "لله", "لِلّٰه"),
    ("ar", "سلام", "ﺳﻼم"),
    ("ar", "سلام", "ســـلام"),
    ("ckb", "کوردستان", "كوردستان"),
    ("ckb", "ڕۆژ", "رۆژ"),
    ("ckb", "گوڵ", "گول"),
    ("ur", "دوحہ", "دوحه"),
    ("ps", "کې", "کي"),
]
NOT_FOUND = [
    ("ar", "مال", "كمال"),  # a name, not "like money"
    ("ar", "رد", "ورد"),  # too short for "and"
    ("ar", "ماء", "ما"),  # water, what
    ("ar", "طالبان", "مطالبان"),
    ("ar", "المفاوضات", "مفاوضات"),
    ("fa", "رای", "برای"),  # Persian attaches no words before others: vote, for
    ("ur", "رائے", "برائے"),
    ("ckb", "شێر", "شیر"),  # lion, milk
    ("he", "דבר", "מדבר"),  # thing, desert
    ("fa", "هیئت", "هیات"),  # hamza on another seat is another spelling: list both
    ("en", "peace talks", "peacetalks"),
]


def _topic_finds(folder: Path, language: str, term: str, text: str) -> bool:
    path = folder / "spellings.toml"
    path.write_text(f"title = 'T'\nreview = 0\nany = 'word'\n[sets.word]\n{language} = [{json.dumps(term)}]\n", "utf-8")
    return judge(load_topic(path), make_article("x", f"one {text} two", language)) is not None


def _box_finds(language: str | None, typed: str, text: str) -> bool:
    """Returns what the index says; the filter must say the same, and exactly what the index marks must be marked."""
    table = sqlite3.connect(":memory:")
    table.execute('CREATE VIRTUAL TABLE t USING fts5 (folded, tokenize="unicode61 remove_diacritics 0")')
    table.execute("INSERT INTO t VALUES (?)", (fold(f"one {text} two"),))
    match = match_expression(typed, language)
    marked = table.execute("SELECT highlight(t, 0, '[', ']') FROM t WHERE t MATCH ?", (match,)).fetchone()
    assert answers(match, fold(f"one {text} two")) == (marked is not None)
    if marked is not None:
        expected = {word for run in re.findall(r"\[([^]]*)\]", marked[0]) for word in split_words(run)}
        assert find_forms(match, f"one {text} two") == expected
    return marked is not None


@pytest.mark.parametrize(("language", "term", "text"), FOUND)
def test_one_word_is_found_however_it_is_set(tmp_path: Path, language: str, term: str, text: str) -> None:
    assert _topic_finds(tmp_path, language, term, text)
    assert _box_finds(language, term, text)
    assert _box_finds(language, f'"{term}"' if "*" not in term else term, text)


@pytest.mark.parametrize(
    "phrase", ["مذاکرات صلح افغانستان آغاز می‌شود", "می‌شود می‌شود می‌شود", "یک دو سه چهار پنج گفت‌وگو*"]
)
def test_long_phrases_find_themselves(tmp_path: Path, phrase: str) -> None:
    for text in (phrase.rstrip("*"), phrase.rstrip("*").replace("\u200c", "")):
        assert _topic_finds(tmp_path, "fa", phrase, text)
        assert _box_finds("fa", f'"{phrase}"', text)


def test_two_letters_are_enough_where_another_word_follows(tmp_path: Path) -> None:
    assert _topic_finds(tmp_path, "ar", "حق العودة", "بحق العودة")
    assert _box_finds("ar", '"حق العودة"', "بحق العودة")
    assert not _topic_finds(tmp_path, "ar", "حق", "بحق")
    assert not _box_finds("ar", "حق العودة", "بحق العودة")


@pytest.mark.parametrize(("language", "term", "text"), NOT_FOUND)
def test_other_words_stay_other_words(tmp_path: Path, language: str, term: str, text: str) -> None:
    assert not _topic_finds(tmp_path, language, term, text)
    assert not _box_finds(language, term, text)


@pytest.mark.parametrize(("language", "term", "text"), [row for row in FOUND if row[0] not in ATTACHED])
def test_joiners_need_no_language(language: str, term: str, text: str) -> None:
    assert _box_finds(None, term, text)


def test_attached_words_are_for_articles_of_their_language() -> None:
    assert not _box_finds(None, "طالبان", "والطالبان")
    assert not _box_finds("fa", "رای", "برای")
    assert parse_term("طالبان", "ar") != parse_term("طالبان", "fa")
    assert parse_term("talks", "en") == parse_term("talks", None)
    assert parse_term("گفت‌وگو", "ur") == parse_term("گفت وگو", "ur")


@pytest.mark.parametrize(
    "typed", ['צה"ל', "צה“ל", '"צה"ל"', 'בצה"ל', 'צה"ל לבנון', 'one -ארה"ב', 'או"ם OR צה"ל', 'צה"*']
)
def test_hebrew_acronyms_are_typed_with_any_quote(typed: str) -> None:
    for text in ("וכוחות צה״ל לבנון בצה״ל", 'וכוחות צה"ל לבנון בצה"ל'):
        assert _box_finds(None, typed, text)
        assert not _box_finds(None, typed.replace("one", "three").replace("צה", "צח"), text)


@pytest.mark.parametrize("typed", ['"עיתון הארץ"', 'ב"עיתון הארץ"', 'one "עיתון הארץ" two'])
def test_other_quotes_in_hebrew_hold_words_together(typed: str) -> None:
    assert _box_finds(None, typed, 'ב"עיתון הארץ"')
    assert not _box_finds(None, typed, 'ב"עיתון של הארץ"')


def test_a_word_excluded_is_excluded_in_every_spelling() -> None:
    assert not _box_finds("ar", "one -طالبان", "والطالبان")
    assert not _box_finds(None, "one -آتش‌بس", "آتش بس")


def test_a_question_grows_within_bounds() -> None:
    for text in ("و ا ل ب " * 130, '"ا ا ا ا ا" ' * 85, "مجلس " * 200, "مجل* " * 180):
        assert match_expression(text, "ar").count('"') < 2 * 10_000


def test_neighbours_are_joined_in_questions_of_twenty_words() -> None:
    words = " ".join(f"ا{'ب' * n}" for n in range(1, 19))
    assert _box_finds(None, f"{words} آتش بس", f"{words} آتش‌بس")


_LETTERS = st.text("ابلوفک ه", min_size=1, max_size=8)
_ANY = st.text(st.characters(exclude_categories=()), max_size=12)
_LANGUAGES = st.sampled_from(["ar", "fa", "he", "ur", None])


@given(st.lists(_LETTERS, min_size=1, max_size=5).map(" ".join), _LANGUAGES, _LETTERS, st.booleans())
def test_the_index_finds_what_matching_finds(written: str, language: str | None, text: str, starred: bool) -> None:
    try:
        term = parse_term(written + "*" * starred, language)
    except TermError:
        return
    table = sqlite3.connect(":memory:")
    table.execute('CREATE VIRTUAL TABLE t USING fts5 (folded_title, folded, tokenize="unicode61 remove_diacritics 0")')
    candidates = [text, *(" ".join(words) for words, _ in spell(term.words, term.starred, language))][:40]
    for number, candidate in enumerate(candidates):
        table.execute("INSERT INTO t (rowid, folded_title, folded) VALUES (?, '', ?)", (number, fold(candidate)))
    stored = {row[0] for row in table.execute("SELECT rowid FROM t WHERE t MATCH ?", (term.match_text(),))}
    index = TermIndex([term])
    assert stored == {n for n, one in enumerate(candidates) if next(index.find(split_words(one)), None)}
    assert stored >= set(range(1, len(candidates)))


_TYPED = st.lists(
    st.sampled_from(["ال", "لا", "שלום", "צה״ל", "آتش‌بس", "بس", "پل", "كا", " ", " ", '"', " -", "* ", " OR "]),
    max_size=10,
)


@given(_TYPED.map("".join), _LANGUAGES, st.lists(_LETTERS, max_size=4).map(" ".join), st.randoms())
def test_the_box_its_filter_and_its_marks_agree(typed: str, language: str | None, text: str, pick: Random) -> None:
    match = match_expression(typed, language)
    if not match:
        return
    phrases = re.findall(r'"([^"]*)"', match)
    table = sqlite3.connect(":memory:")
    table.execute('CREATE VIRTUAL TABLE t USING fts5 (folded, tokenize="unicode61 remove_diacritics 0")')
    rows = [fold(text), *(" ".join(pick.choices(phrases, k=3)) for _ in range(5))]
    table.executemany("INSERT INTO t VALUES (?)", [(row,) for row in rows])
    found = {row[0] - 1 for row in table.execute("SELECT rowid FROM t WHERE t MATCH ?", (match,))}
    wider = {row[0] - 1 for row in table.execute("SELECT rowid FROM t WHERE t MATCH ?", (widen(match),))}
    assert found == {number for number, row in enumerate(rows) if answers(match, row)}
    assert found <= wider
    assert all(find_forms(match, rows[number]) for number in found)


_WORDS = ["طالبان", "والطالبان", "سلام", "للسلام", "آتش", "بس", "آتش‌بس", "آتش‌بس‌ها", "پل‌های", "x"]
_SIDES = st.sampled_from(["war", "truce", "war | truce", "'بس'"])
_RULES = st.one_of(
    st.builds("near({}, {}, {})".format, _SIDES, _SIDES, st.integers(0, 4)),
    st.builds("title({})".format, _SIDES),
    st.builds("({}) & !({})".format, _SIDES, _SIDES),
)
_TEXTS = st.lists(st.sampled_from(_WORDS), max_size=8).map(" ".join)


@given(_RULES, st.sampled_from(["ar", "fa"]), _TEXTS, _TEXTS)
def test_rules_hold_where_the_index_finds_them(rule: str, language: str, title: str, body: str) -> None:
    sets = {"war": ["طالبان", "پل"], "truce": ["سلام*", "آتش بس"]}
    terms = {name: tuple(parse_term(text, language) for text in texts) for name, texts in sets.items()}
    expression = parse_expression(rule)
    match = compile_match(expression, terms.__getitem__)
    table = sqlite3.connect(":memory:")
    table.execute('CREATE VIRTUAL TABLE t USING fts5 (folded_title, folded, tokenize="unicode61 remove_diacritics 0")')
    table.execute("INSERT INTO t VALUES (?, ?)", (fold(title), fold(body)))
    found = table.execute("SELECT 1 FROM t WHERE t MATCH ?", (match.text,)).fetchone() is not None
    index = TermIndex(terms_of(parse_expression("war | truce | 'بس'"), terms.__getitem__))
    text = read_text(make_article(title, body, language), index)
    assert holds(expression, text, terms.__getitem__) == found


@given(_ANY, _LANGUAGES)
def test_any_text_has_spellings(text: str, language: str | None) -> None:
    words = tuple(split_joined(text))
    if not words:
        return
    spellings = spell(words, (False,) * len(words), language)
    assert spellings[0] == (words, (False,) * len(words))
    assert len(spellings) == len(set(spellings)) <= 400
    for spelled, starred in spellings:
        assert len(spelled) == len(starred)
        assert all(fold(word) == word for word in spelled)  # as the index has them


@given(st.lists(st.sampled_from(["صلح", "و", None, "peace", "گو"]), max_size=6))
def test_runs_are_neighbours(words: list[str | None]) -> None:
    for at in range(len(words)):
        for run in find_runs(words, at):
            assert run in "".join(word or "|" for word in words)
            assert (words[at] or "|") in run


def test_a_term_is_its_first_spelling() -> None:
    term = parse_term("طالبان", "ar")
    assert term.spellings()[0] == Term(("طالبان",), (False,))
