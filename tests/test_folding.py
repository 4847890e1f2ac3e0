"""Folding joins spellings of one word and nothing else; it never fails, and folding twice changes nothing."""

from __future__ import annotations

import sqlite3
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.folding import count_words, fold, fold_with_places
from db.search import split_words

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Élysée", "elysee"),
        ("E\u0301lyse\u0301e", "ÉLYSÉE"),
        ("STRASSE", "Straße"),
        ("Королёв", "королев"),
        ("ﬁnal", "FINAL"),
        ("Ｍｏｓｃｏｗ", "moscow"),
        ("BARIŞ", "barış"),
        ("İstanbul", "istanbul"),
        ("كابل", "کابل"),  # Arabic kaf, Persian kaf
        ("طالباني", "طالبانی"),  # Arabic yeh, Persian yeh
        ("سولې", "سولی"),  # Pashto e, written with a Persian keyboard
        ("خبرې", "خبرے"),
        ("غونډه", "غونډة"),
        ("دوحہ", "دوحه"),  # Urdu heh goal
        ("دوحة", "دوحه"),
        ("أفغانستان", "افغانستان"),
        ("آتش‌بس", "اتشبس"),
        ("مؤتمر", "موتمر"),
        ("هيئة", "هیيه"),
        ("صلــــح", "صلح"),
        ("مُذاكَرات", "مذاکرات"),
        ("اعلیٰ", "اعلی"),
        ("گفت\u200cوگو", "گفتوگو"),  # ZWNJ joins, it does not split
        ("\u2067طالبان\u2069", "طالبان"),
        ("\ufeffKabul\u00ad\u2060", "kabul"),
        ("۲۰۱۸", "2018"),
        ("٢٠١٨", "2018"),
        ("२०१८", "2018"),
        ("ﷲ", "الله"),
        ("“peace”", '"peace"'),
        ("«мир»", '"мир"'),
        ("Taliban’s", "taliban's"),
        ("ﾊﾞﾙ", "バル"),
        ("각", "\u1100\u1161\u11a8"),
        ("तालिबान", "तलबन"),
    ],
)
def test_spellings_of_one_word_fold_together(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("talk", "talks"),
        ("گفت و گو", "گفت\u200cوگو"),  # a space is a space: topics list both
        ("か", "が"),
        ("سولې", "سوله"),
        ("мир", "мэр"),
        ("a\nb", "a b"),
        ("kabul\u200btalks", "kabultalks"),
    ],
)
def test_different_words_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("阿富汗和谈", "阿 富 汗 和 谈"),
        ("2018年11月9日", "2018 年 11 月 9 日"),
        ("タリバン", "タ リ ハ\u3099 ン"),
        ("和谈。莫斯科", "和 谈。莫 斯 科"),
        ("Kabul 喀布尔 talks", "kabul 喀 布 尔 talks"),
        ("카불 회담", "카불 회담"),
        ("", ""),
        ("a\x00b\x1fc", "a b c"),
        ("\ud800x\udfff", " x "),
        ("line one\n\nline two\r\n", "line one\n\nline two\r\n"),
        ("\u3099", ""),
    ],
)
def test_exact_folds(text: str, folded: str) -> None:
    assert fold(text) == unicodedata.normalize("NFC", folded)


def test_every_character_alone_folds_once_and_for_all() -> None:
    for code in range(sys.maxunicode + 1):
        folded = fold(chr(code))
        assert fold(folded) == folded, hex(code)
        assert fold_with_places(chr(code))[0] == folded, hex(code)


def test_the_index_splits_words_where_matching_does() -> None:
    marks_once = {*range(0x19B0, 0x19CA), 0x1CF2, 0x1CF3}  # to SQLite these vowels of New Tai Lue still are
    codes = [code for code in range(0x20000) if code not in marks_once]
    codes += range(0x20000, sys.maxunicode + 1, 997)  # Han, and what is unassigned or private
    table = sqlite3.connect(":memory:")
    table.execute('CREATE VIRTUAL TABLE t USING fts5 (x, tokenize="unicode61 remove_diacritics 0")')
    table.execute("CREATE VIRTUAL TABLE words USING fts5vocab (t, instance)")
    folded = {code: fold(f"xa{chr(code)}by") for code in codes}
    table.executemany("INSERT INTO t (rowid, x) VALUES (?, ?)", folded.items())
    stored: dict[int, list[tuple[int, str]]] = {}
    for word, code, place in table.execute("SELECT term, doc, offset FROM words"):
        stored.setdefault(code, []).append((place, word))
    wrong = [hex(code) for code in codes if [word for _, word in sorted(stored[code])] != split_words(folded[code])]
    assert wrong == []


@pytest.mark.parametrize("text", ["5000₽", "talks🤝", "🏏talks", "talks\ue001"])
def test_signs_that_sqlite_does_not_know_part_words(text: str) -> None:
    assert fold(text).split() == [text.strip("₽🤝🏏\ue001")]


def test_latin_text_takes_a_short_cut_to_the_same_fold() -> None:
    for code in range(sys.maxunicode + 1):
        assert fold("A" * 9 + f" {chr(code)} b") == fold_with_places("A" * 9 + f" {chr(code)} b")[0], hex(code)


@given(ANY_TEXT)
def test_folding_is_idempotent_and_storable(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    assert "\0" not in folded
    assert sqlite3.connect(":memory:").execute("SELECT ?", (folded,)).fetchone() == (folded,)


@given(st.text(max_size=30))
def test_normal_forms_and_case_fold_together(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))
    assert fold(text.casefold()) == fold(text)


@given(st.lists(ANY_TEXT, max_size=4))
def test_folding_lines_is_folding_the_whole(lines: list[str]) -> None:
    assert "\n\n".join(fold(line) for line in lines) == fold("\n\n".join(lines))


@given(ANY_TEXT)
def test_places_point_into_the_text(text: str) -> None:
    folded, places = fold_with_places(text)
    assert folded == fold(text)
    assert len(places) == len(folded)
    assert places == sorted(places)
    assert all(0 <= place < len(text) for place in places)


def test_places_lead_back_to_the_words_as_written() -> None:
    text = "Straße «Мо\u0301сква» ﷲ 阿富汗カ\u3099ル 각"
    folded, places = fold_with_places(text)
    places.append(len(text))
    for word, written in [
        ("strasse", "Straße"),
        ("москва", "Мо\u0301сква"),
        ("富 汗", "富汗"),
        ("ル", "ル"),
        ("각", "각"),
    ]:
        start = folded.index(word)
        assert text[places[start] : places[start + len(word)]] == written or word == "富 汗"
    assert text[places[folded.index("富")]] == "富"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        (" ... — !", 0),
        ("The Taliban's peace-talks delegation", 4),
        ("1,000.5 on 2018-11-09 at 10:30", 5),
        ("می‌شود گفت و گو", 4),
        ("तालिबान से बात", 3),
        ("阿富汗和谈", 5),
        ("莫斯科 talks 2018年", 6),
        ("ตาลีบัน", 5),
        ("카불 회담", 2),
        ("переговоры в Москве.", 3),
    ],
)
def test_words_are_counted_as_a_reader_would(text: str, count: int) -> None:
    assert count_words(text) == count


@given(ANY_TEXT)
def test_counting_never_fails(text: str) -> None:
    assert 0 <= count_words(text) <= 8 * len(text) + 1
