"""What changed between two versions of an article, and which kind of change it is."""

from __future__ import annotations

import random
from itertools import combinations
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.folding import fold
from db.store import Change
from pipelines.correction_notes import announces_correction
from pipelines.revision import CELLS_MAX, common_words, compare

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


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1,200", "1200"),
        ("1.200", "1,200"),
        ("1 200", "1\u202f200"),
        ("1'200", "1200"),
        ("۱۲۰۰", "1200"),
        ("١٬٢٠٠", "۱۲۰۰"),
        ("3,500,000", "3 500 000"),
        ("3,5", "3.5"),
        ("1,200.50", "1.200,50"),
        ("1234 567 890", "1234 567,890"),
    ],
)
def test_another_way_to_write_a_number_is_cosmetic(old: str, new: str) -> None:
    before, after = (BODY.replace("4000 coins", f"{number} coins") for number in (old, new))
    assert compare(TITLE, before, TITLE, after) == Change("cosmetic", 0, 0, 0)


@pytest.mark.parametrize(("old", "new"), [("1,200", "1,300"), ("3.5", "35"), ("1.5", "2.5"), ("12", "1.2"),
                                          ("1234,567", "1234567"), ("1.2.345", "12345")])  # fmt: skip
def test_another_number_is_none_of_spelling(old: str, new: str) -> None:
    before, after = (BODY.replace("4000 coins", f"{number} coins") for number in (old, new))
    assert compare(TITLE, before, TITLE, after) == Change("correction", 1, 1, 1)


def test_words_in_another_order_are_an_edit() -> None:
    change = compare("Hill sues Lake", BODY, "Lake sues Hill", BODY)
    assert change == Change("minor", 2, 2, 0)
    turned = BODY.replace("Farmers from the upper villages", "The villages from upper farmers")
    assert _kind(turned) == "minor"


def test_a_moved_paragraph_with_an_edit_elsewhere_counts_the_edit_only() -> None:
    moved = "\n\n".join([*SENTENCES[3:], *SENTENCES[:3]])
    change = compare(TITLE, BODY, TITLE, moved.replace("old bridge", "ancient bridge"))
    assert change == Change("minor", 1, 1, 0)


def test_a_paragraph_split_in_two_is_cosmetic() -> None:
    joined = " ".join(SENTENCES[:4]) + "\n\n" + " ".join(SENTENCES[4:])
    assert compare(TITLE, joined, TITLE, BODY) == Change("cosmetic", 0, 0, 0)


def test_a_figure_that_its_correction_quotes_is_changed_once() -> None:
    note = "Correction: an earlier version of this article said that 12 families would have to leave."
    change = compare(TITLE, BODY, TITLE, BODY.replace("12 families", "14 families") + f"\n\n{note}")
    assert change is not None
    assert (change.kind, change.words_added, change.words_removed, change.numbers_changed) == ("correction", 16, 1, 1)


def test_numbers_of_new_paragraphs_change_none() -> None:
    news = "On Tuesday 30 of the 44 farmers came with 7 carts, and the last 14 came with 9 on Wednesday evening."
    change = compare(TITLE, BODY, TITLE, f"{BODY}\n\n{news}")
    assert change is not None
    assert (change.kind, change.words_removed, change.numbers_changed) == ("update", 0, 0)


def test_a_figure_in_a_text_largely_new_is_an_update() -> None:
    news = " ".join(f"The {word} cart brought stones and beams to the eastern bank." for word in "abcdefghij")
    assert _kind(f"{BODY.replace('12 families', '14 families')}\n\n{news}") == "update"


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


@pytest.mark.parametrize(
    "news",
    [
        "Analysts expect a correction of the market in spring.",
        "The minister clarified that the plan stands.",
        "The teacher corrected 30 exercise books on Monday.",
        "В исправительной колонии начался ремонт.",
        "Редкий случай, уточнил собеседник агентства.",
        "По версии следствия, исправлен был только один документ.",
        "اصلاح طلبان در مجلس سخن گفتند.",
        "این طرح برای اصلاح قانون است.",
    ],
)
def test_news_of_corrections_is_no_correction(news: str) -> None:
    assert _kind(f"{BODY}\n\n{news}") == "minor"


@pytest.mark.parametrize(
    "note",
    ["CORRECTED-Council mends the bridge", "Correction, 22 November:", "Editor’s note: the name was wrong", "Erratum"],
)
def test_labels_announce(note: str) -> None:
    assert announces_correction(fold(note))
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


@given(texts, texts, st.randoms(use_true_random=False))
def test_moved_paragraphs_count_nothing(a: str, b: str, chance: random.Random) -> None:
    paragraphs = b.split("\n\n")
    chance.shuffle(paragraphs)
    moved = compare(TITLE, b, TITLE, "\n\n".join(paragraphs))
    assert moved is None or moved == Change("cosmetic", 0, 0, 0)
    straight, other = compare(TITLE, a, TITLE, b), compare(TITLE, a, TITLE, "\n\n".join(paragraphs))
    counts = [change.words_added - change.words_removed if change else 0 for change in (straight, other)]
    assert counts[0] == counts[1], "moving adds as much as it removes"


def _common_by_trial(a: str, b: str) -> int:
    """The definition itself: the longest subsequence of one that is one of the other."""

    def holds(text: str, part: tuple[str, ...]) -> bool:
        letters = iter(text)
        return all(letter in letters for letter in part)

    return max(n for n in range(len(a) + 1) for part in combinations(a, n) if holds(b, part))


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_common_words_are_the_longest_common_subsequence(a: str, b: str) -> None:
    assert common_words(a, b) == common_words(b, a) == _common_by_trial(a, b)


@given(st.integers(150, 400), st.randoms(use_true_random=False))
def test_common_words_of_long_texts_are_those_of_a_table(n: int, chance: random.Random) -> None:
    a = [str(chance.randrange(30)) for _ in range(n)]
    b = [word for word in a if chance.random() > 0.3] + [str(chance.randrange(30)) for _ in range(100)]
    row = [0] * (len(b) + 1)
    for word in a:
        row, last = [0], row
        for k, other in enumerate(b):
            row.append(last[k] + 1 if word == other else max(last[k + 1], row[k]))
    assert common_words(a, b) == row[-1]


@pytest.mark.parametrize("unit", ["a b ", "1.1", "1 234 ", "correction ", ".", "- ", "word. ", "\n1 "])
def test_hostile_texts_cost_no_more_than_their_length(unit: str) -> None:
    n = 64_000
    assert n * n > CELLS_MAX
    start = process_time()
    compare(TITLE, unit * n, TITLE, f"x {unit * n} y")
    assert process_time() - start < 20, "a step for each pair of words would take minutes"
