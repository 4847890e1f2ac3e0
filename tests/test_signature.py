"""What a text is compared by, and what two texts share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.folding import fold
from db.records import Signature
from pipelines.signature import (
    LEAD_SHINGLES,
    SIGNED_WORDS,
    Overlap,
    Reader,
    pack,
    pack_shingles,
    pick_fingerprints,
    sign_text,
    unpack,
    unpack_shingles,
)
from tests.texts import first_words, write_text

WORDS = st.lists(st.sampled_from(["one", "two", "three", "7", "8", "9,5", "четыре", "五六", "۷"]), max_size=60)


def _overlap(one: str, other: str) -> Overlap:
    found = Reader(sign_text(fold(one))).overlap(Reader(sign_text(fold(other))))
    assert found is not None
    return found


# --- signatures ---


def test_a_run_is_five_words_whatever_stands_between_them() -> None:
    plain = sign_text(fold("the old bridge of the valley is mended"))
    assert len(unpack_shingles(plain.shingles)) == 8 - 4
    assert sign_text(fold("The old — bridge, of\n\nthe «VALLEY» is mended!")) == plain
    assert sign_text(fold("the old bridge of the valley is closed")) != plain


@pytest.mark.parametrize("text", ["", "  ", "?!", "four words are few"])
def test_a_text_of_few_words_has_no_runs(text: str) -> None:
    assert unpack_shingles(sign_text(fold(text)).shingles) == ()
    assert pick_fingerprints(sign_text(fold(text))) == []


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("市议会星期二说旧桥今年冬天以前修好", 17 - 9),
        ("สะพานเก่าของหุบเขาได้รับการซ่อมแซมแล้ว", None),
        ("ひがしのむらではあたらしいがっこうがひらかれました", 25 - 9),
    ],
)
def test_scripts_without_spaces_have_runs_of_ten_characters(text: str, runs: int | None) -> None:
    found = unpack_shingles(sign_text(fold(text)).shingles)
    assert len(found) > 10 if runs is None else len(found) == runs


def test_arabic_script_is_compared_across_its_keyboards() -> None:
    persian, arabic = "شورای شهر کابل روز شنبه گفت که پل", "شوراي شهر كابل روز شنبه گفت كه پل"
    assert sign_text(fold(persian)) == sign_text(fold(arabic))
    assert len(unpack_shingles(sign_text(fold(persian)).shingles)) == 4


def test_numbers_are_kept_with_their_places_and_in_any_spelling() -> None:
    numbers = Reader(sign_text(fold("In 2018 the mayor paid 1,000 and 1.000 and ۱۰۰۰ afghani"))).numbers()
    assert [place for place, _ in numbers] == [1, 5, 7, 9]
    assert len({value for _, value in numbers}) == 2


def test_a_very_long_text_is_compared_by_its_beginning() -> None:
    text = write_text(1, SIGNED_WORDS + 500)
    assert len(unpack_shingles(sign_text(fold(text)).shingles)) == SIGNED_WORDS - 4
    assert sign_text(fold(text)) == sign_text(fold(text + " and more"))


@given(st.lists(st.integers(0, 2**32 - 1)))
def test_packing_loses_nothing(numbers: list[int]) -> None:
    assert list(unpack(pack(numbers))) == numbers


@given(st.lists(st.integers(0, 2**24 - 1)))
def test_packing_shingles_loses_nothing_and_takes_three_bytes_each(shingles: list[int]) -> None:
    packed = pack_shingles(shingles)
    assert list(unpack_shingles(packed)) == shingles
    assert len(packed) == 3 * len(shingles)


@given(st.text())
def test_any_text_can_be_signed(text: str) -> None:
    signature = sign_text(fold(text))
    assert len(signature.numbers) % 4 == 0
    assert pick_fingerprints(signature) == sorted(set(pick_fingerprints(signature)))


# --- fingerprints ---


def test_of_the_beginning_more_runs_are_fingerprints_and_small_enough_for_four_bytes() -> None:
    texts = [write_text(seed, 1200) for seed in range(20)]
    found = [one for text in texts for one in pick_fingerprints(sign_text(fold(text)))]
    assert 52 < len(found) / len(texts) < 72, "a sixth of 96 runs and a 24th of 1,100"
    short = [one for text in texts for one in pick_fingerprints(sign_text(fold(first_words(text, 100))))]
    assert 12 < len(short) / len(texts) < 20
    assert all(0 <= one < 2**28 for one in found)


def test_a_short_text_has_two_fingerprints_at_least() -> None:
    assert all(len(pick_fingerprints(sign_text(fold(write_text(seed, 8))))) >= 2 for seed in range(40))


def test_an_excerpt_shares_fingerprints_with_its_original() -> None:
    missed = 0
    for seed in range(200):
        text = write_text(seed, 300)
        cut = f"{write_text(seed + 1000, 20)} {first_words(text, 44)}"
        whole, part = (set(pick_fingerprints(sign_text(fold(t)))) for t in (text, cut))
        missed += not whole & part
    assert missed <= 2, "40 runs, each a fingerprint with odds of 1 to 5: one text in 1,500 has none"


def test_strangers_share_hardly_a_fingerprint() -> None:
    found = [one for seed in range(400) for one in pick_fingerprints(sign_text(fold(write_text(seed, 300))))]
    assert len(found) > 8_000
    assert len(set(found)) > 0.999 * len(found)


# --- overlaps ---


def test_a_text_shares_all_with_itself() -> None:
    text = write_text(1)
    same = _overlap(text, text)
    assert (same.containment, same.resemblance, same.lead_overlap, same.number_overlap) == (1, 1, 1, 1)


def test_an_excerpt_is_contained() -> None:
    text = write_text(1, 300)
    part = _overlap(first_words(text, 100), text)
    assert (part.containment, part.lead_overlap, part.shared, part.first_is_shorter) == (1.0, 1.0, 96, True)
    assert part.resemblance == pytest.approx(96 / 296)
    assert not _overlap(text, first_words(text, 100)).first_is_shorter


def test_strangers_share_nothing() -> None:
    strangers = _overlap(write_text(1), write_text(2))
    assert (strangers.shared, strangers.containment, strangers.lead_overlap) == (0, 0.0, 0.0)


def test_a_recycled_middle_is_not_a_shared_beginning() -> None:
    text = write_text(1, 300)
    follow_up = f"{write_text(2, 100)} {' '.join(text.split()[150:250])}"
    found = _overlap(follow_up, text)
    assert found.containment == pytest.approx(0.5, abs=0.05)
    assert found.lead_overlap == 0.0
    briefing = f"{write_text(3, 70)} {first_words(text, 90)} {write_text(4, 70)}"
    assert _overlap(first_words(text, 90), briefing).lead_overlap == 0.0, "it holds a story and begins otherwise"
    local_lead = f"{write_text(3, 30)} {first_words(text, 90)}"
    assert _overlap(local_lead, text).lead_overlap == 1.0, "a cut keeps the beginning, whatever is put before it"


def test_numbers_count_where_the_words_around_are_shared() -> None:
    text = f"{write_text(1, 60)} 1200 people {write_text(2, 60)} on 14 roads {write_text(3, 60)}"
    corrected = _overlap(text.replace("1200", "120"), text)
    assert (corrected.numbers_changed, corrected.number_overlap) == (1, 0.5)
    furniture = f"{text} {write_text(4, 30)} copyright 1999 all rights 2001 {write_text(5, 9)}"
    assert _overlap(furniture, text).numbers_changed == 0, "numbers of the site's furniture are not the story's"


def test_a_number_stays_the_same_wherever_it_stands() -> None:
    text = f"{write_text(1, 40)} 15 {write_text(2, 40)} 7 {write_text(3, 40)}"
    moved = f"{write_text(1, 40)} 7 {write_text(2, 40)} 15 {write_text(3, 40)}"
    assert _overlap(text, moved).numbers_changed == 0


def test_below_the_least_containment_nothing_more_is_computed() -> None:
    one, other = (Reader(sign_text(fold(write_text(seed)))) for seed in (1, 2))
    assert one.overlap(other, 0.2) is None
    assert one.overlap(Reader(Signature(b"", b""))) is None
    assert Reader(Signature(b"", b"")).overlap(one) is None


@given(WORDS, WORDS)
def test_what_two_texts_share_does_not_depend_on_who_asks(a: list[str], b: list[str]) -> None:
    one, other = (Reader(sign_text(fold(" ".join(words)))) for words in (a, b))
    there, back = one.overlap(other), other.overlap(one)
    if there is None or back is None:
        assert there == back
        return
    assert (there.shared, there.containment, there.resemblance) == (back.shared, back.containment, back.resemblance)
    assert (there.lead_overlap, there.number_overlap) == (back.lead_overlap, back.number_overlap)
    assert there.numbers_changed == back.numbers_changed
    if one.packed != other.packed:
        assert there.first_is_shorter != back.first_is_shorter
    assert 0 <= there.resemblance <= there.containment <= 1
    assert 0 <= there.lead_overlap <= 1 and 0 <= there.number_overlap <= 1


def test_the_lead_is_sixty_words() -> None:
    assert LEAD_SHINGLES == 60 - 4
