"""How long lines are, in scripts with spaces and without."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.line_length import estimate_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        (" \t", 0),
        ("The council met on Monday.", 5),
        ("Der Rat tagte über die Brücke.", 6),
        ("市议会周一开会", 4),
        ("AI 技術の会議", 4),
        ("市议会 周一 开会", 4),
        ("골짜기 신문이 다시 나온다", 4),
        ("ชาวบ้านมายืนรอ", 4),
        ("شورای شهر روز دوشنبه", 4),
    ],
)
def test_words(text: str, words: int) -> None:
    assert estimate_words(text) == words


@pytest.mark.parametrize(
    ("english", "other"),
    [
        (
            "The council decided on Monday to mend the old bridge before the winter.",
            "市议会周一决定在冬天之前修好那座旧桥。",
        ),
        (
            "The council decided on Monday to mend the old bridge before the winter.",
            "市議会は月曜日、冬までに古い橋を直すことを決めた。",
        ),
        (
            "The council decided on Monday to mend the old bridge before the winter.",
            "สภาเมืองตัดสินใจเมื่อวันจันทร์ว่าจะซ่อมสะพานเก่าก่อนฤดูหนาว",
        ),
    ],
)
def test_a_sentence_is_about_as_long_as_its_translation(english: str, other: str) -> None:
    assert 0.6 <= estimate_words(other) / estimate_words(english) <= 1.5


@given(st.text())
def test_no_text_is_shorter_than_its_parts_between_spaces(text: str) -> None:
    assert len(text.split()) <= estimate_words(text) <= len(text)


@given(st.text(), st.text())
def test_more_text_is_no_shorter(one: str, other: str) -> None:
    assert estimate_words(f"{one} {other}") >= max(estimate_words(one), estimate_words(other))
