"""Spellings that readers take for one are one in matching and in the search box, either way round."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from db.folding import fold
from db.search import match_expression
from pipelines.relevance import judge
from pipelines.topic_file import load_topic
from tests.topic_archive import make_article

VARIANTS = {
    "Latin": [
        ("Élysée", "elysee"),
        ("Straße", "STRASSE"),
        ("İstanbul", "istanbul"),
        ("BARIŞ", "barış"),
        ("São Paulo", "Sa\u0303o Paulo"),
        ("Ｍｏｓｃｏｗ", "Moscow"),
        ("ﬁnance", "finance"),
        ("intra-Afghan", "intra Afghan"),
        ("cease\u2010fire", "cease-fire"),
        ("d’asile", "d'asile"),
        ("Kosovo\u00ad", "Kosovo"),
        ("Zełenski", "ZEŁENSKI"),
        ("Ⅳ", "IV"),
    ],
    "Cyrillic": [
        ("Королёв", "королев"),
        ("ЙОД", "и\u0306од"),
        ("перегово\u0301ры", "переговоры"),
        ("Київ", "Ки\u0456\u0308в"),
        ("«Талибан»", "Талибан"),
    ],
    "Greek": [("Ειρήνη", "ειρηνη"), ("ΌΣΛΟ", "όσλο"), ("λόγος", "ΛΟΓΟΣ")],
    "Arabic": [
        ("أفغانستان", "افغانستان"),
        ("إسرائيل", "اسراييل"),
        ("مؤتمر", "موتمر"),
        ("دوحة", "دوحه"),
        ("مستشفى", "مستشفي"),
        ("مُذاكَرات", "مذاكرات"),
        ("ســـلام", "سلام"),
        ("ﻻهاي", "لاهاي"),
        ("٢٠١٨", "2018"),
        ("\u2067طالبان\u2069", "طالبان"),
    ],
    "Persian, Pashto and Urdu": [
        ("كابل", "کابل"),
        ("طالباني", "طالبانی"),
        ("آتش‌بس", "آتشبس"),
        ("گفت‌وگو", "گفتوگو"),
        ("۲۰۱۸", "2018"),
        ("هیأت", "هیات"),
        ("خانۀ", "خانه"),
        ("سولې", "سولی"),
        ("خبرې", "خبرے"),
        ("ګوند", "گوند"),
        ("دوحہ", "دوحه"),
        ("اعلیٰ", "اعلی"),
        ("افغان\u200dها", "افغانها"),
        ("ھیئت", "هییت"),
    ],
    "Hebrew": [("שָׁלוֹם", "שלום"), ("ירושלים\u200f", "ירושלים")],
    "Devanagari": [("शान्ति", "शान्\u200dति"), ("\u0958ाबुल", "क\u093cाबुल"), ("२०१८", "2018")],
    "Han": [("阿富汗", "阿 富 汗"), ("２０１８年", "2018年"), ("⾦", "金")],
    "Kana": [("ﾀﾘﾊﾞﾝ", "タリバン"), ("タリハ\u3099ン", "タリバン"), ("ｶﾌﾞｰﾙ", "カブール")],
    "Hangul": [
        ("평화", "\u1111\u1167\u11bc\u1112\u116a"),
        ("탈레반", "\u1110\u1161\u11af\u1105\u1166\u1107\u1161\u11ab"),
    ],
}
PAIRS = [
    (script, one, other) for script, pairs in VARIANTS.items() for pair in pairs for one, other in (pair, pair[::-1])
]


@pytest.mark.parametrize(("script", "one", "other"), PAIRS)
def test_one_spelling_of_a_topic_finds_the_other_in_an_article(
    tmp_path: Path, script: str, one: str, other: str
) -> None:
    path = tmp_path / "variants.toml"
    path.write_text(f"title = 'V'\nreview = 0\nany = 'word'\n[sets.word]\nany = [{json.dumps(one)}]\n", "utf-8")
    found = judge(load_topic(path), make_article("x", f"one {other} two", None))
    assert found is not None, script


@pytest.mark.parametrize(("script", "one", "other"), PAIRS)
def test_one_spelling_in_the_search_box_finds_the_other(script: str, one: str, other: str) -> None:
    table = sqlite3.connect(":memory:")
    table.execute('CREATE VIRTUAL TABLE t USING fts5 (folded, tokenize="unicode61 remove_diacritics 0")')
    table.execute("INSERT INTO t VALUES (?)", (fold(f"one {other} two"),))
    typed = match_expression(one)
    assert table.execute("SELECT 1 FROM t WHERE t MATCH ?", (typed,)).fetchone() == (1,), script


def test_at_least_seven_scripts_are_in_the_table() -> None:
    assert len(VARIANTS) >= 7
    assert all(one != other for pairs in VARIANTS.values() for one, other in pairs)
