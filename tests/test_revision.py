"""What changed between two versions of an article, and which kind of change it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.store import Change
from pipelines.revision import compare

TITLE = "Council mends the bridge"
SENTENCES = [
    "The council of the valley met on Monday to speak about the old bridge over the river.",
    "It agreed after four hours that the work must be done before the first snow falls.",
    "Farmers from the upper villages had waited for this decision since the spring floods.",
    "The chairwoman said that 12 families would have to leave their houses for a while.",
    "A carpenter from the next valley will deliver the beams at the end of the month.",
    "Nobody at the meeting spoke against the plan, which costs 4000 coins in all.",
    "The school will lend its hall to those who need a roof during the works.",
    "An engineer warned that the eastern pillar may be weaker than it looks.",
]
BODY = "\n\n".join(SENTENCES)


def _kind(body: str, title: str = TITLE) -> str:
    change = compare(TITLE, BODY, title, body)
    assert change is not None
    return change.kind


def test_the_same_text_is_no_change() -> None:
    assert compare(TITLE, BODY, TITLE, BODY) is None


@pytest.mark.parametrize(
    "body",
    [
        BODY.replace(".", "!"),
        BODY.replace("\n\n", "\n"),
        BODY.upper(),
        BODY.replace("four hours", "“four” hours"),
        "\n\n".join(reversed(SENTENCES)),
    ],
)
def test_spelling_and_order_are_cosmetic(body: str) -> None:
    assert compare(TITLE, BODY, TITLE, body) == Change("cosmetic", 0, 0, 0)


def test_a_few_words_are_minor() -> None:
    assert _kind(BODY.replace("old bridge", "ancient bridge")) == "minor"
    assert _kind(BODY, "Council will mend the bridge") == "minor"


def test_a_number_that_is_replaced_is_a_correction() -> None:
    change = compare(TITLE, BODY, TITLE, BODY.replace("12 families", "14 families"))
    assert change == Change("correction", 1, 1, 1)


@pytest.mark.parametrize(
    "note",
    [
        "Correction: an earlier version of this article named the wrong chairwoman.",
        "This story was corrected on Tuesday.",
        "Clarification: the beams are of oak.",
        "В статье исправлена ошибка.",
        "Редакция уточнила число семей.",
        "این خبر اصلاح شد.",
        "تصحیح: نام رئیس شورا در نسخهٔ پیشین نادرست بود.",
        "تصحيح: ورد اسم رئيسة المجلس خطأ في نسخة سابقة.",
        "سمون: د شورا د مشرې نوم ناسم و.",
    ],
)
def test_an_announced_correction_is_one(note: str) -> None:
    assert _kind(f"{BODY}\n\n{note}") == "correction"


def test_the_word_must_be_new_to_announce_anything() -> None:
    before = f"{BODY}\n\nCorrection: the beams are of oak."
    change = compare(TITLE, before, TITLE, f"{before}\n\nMore follows.")
    assert change is not None
    assert change.kind == "minor"


def test_new_paragraphs_are_an_update() -> None:
    news = "On Tuesday evening the carpenter told the council that the beams would come early because of the frost."
    more = "The farmers were glad and offered to carry them up the hill with their own oxen."
    assert _kind(f"{BODY}\n\n{news}\n\n{more}") == "update"


def test_another_text_under_the_same_address_is_a_rewrite() -> None:
    other = " ".join(f"Entirely different words fill sentence number {word} here." for word in "abcdefghijklmnop")
    assert _kind(other, "Nothing alike") == "rewrite"


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_a_cut_text_is_truncated(kept: int) -> None:
    change = compare(TITLE, BODY, TITLE, "\n\n".join(SENTENCES[:kept]))
    assert change is not None
    assert change.kind == "truncated"
    assert change.words_added == 0
    assert change.words_removed > 0


def test_a_teaser_with_an_offer_is_truncated() -> None:
    assert _kind(f"{SENTENCES[0]}\n\nSubscribe now to read on.") == "truncated"


def test_an_empty_text_is_truncated_and_a_text_from_nothing_is_no_truncation() -> None:
    assert _kind("") == "truncated"
    change = compare(TITLE, "", TITLE, BODY)
    assert change is not None
    assert change.kind in ("update", "rewrite")


texts = st.lists(
    st.sampled_from([*SENTENCES, "12", "13 of 14", "Correction", "слово", "سلام", "!", ""]), max_size=8
).map("\n\n".join)


@given(texts, texts)
def test_counts_mirror_each_other(a: str, b: str) -> None:
    forward, back = compare(TITLE, a, TITLE, b), compare(TITLE, b, TITLE, a)
    if a == b:
        assert forward is None
        assert back is None
        return
    assert forward is not None
    assert back is not None
    assert (forward.words_added, forward.words_removed) == (back.words_removed, back.words_added)
    assert forward.numbers_changed == back.numbers_changed
    assert (
        (forward.kind == "cosmetic") == (back.kind == "cosmetic") == (not forward.words_added + forward.words_removed)
    )
    assert not (forward.kind == "truncated" and back.kind == "truncated")


@given(st.text(), st.text(), st.text(), st.text())
def test_no_text_breaks_the_comparison(a: str, b: str, c: str, d: str) -> None:
    change = compare(a, b, c, d)
    assert (change is None) == ((a, b) == (c, d))
