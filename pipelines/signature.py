"""What a text is compared by: hashes of its runs of words, its numbers, and the few hashes it is found by.

Measured on 2,751 pages of known clusters (docs/duplicates.md); the sampling follows Manber (1994), containment
Broder (1997).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from itertools import accumulate

import xxhash

from db.records import Signature

SHINGLE_WORDS = 5
"""Words in a run. Shorter runs recur by chance, longer ones break at every edit."""
SHINGLE_CHARACTERS = 10
"""Characters in a run where a script has no spaces (Han, kana, Thai): a word there is about two of them."""
SIGNED_WORDS = 1_200
"""A longer text is compared by its first words: no page may cost more than a feature does."""
SHINGLE_BYTES = 3
"""Bytes of a hash that are kept: of strangers of 400 words one pair in a hundred shares a run by chance."""
SAMPLING = 24
"""One run in so many is a fingerprint ..."""
HEAD_SHINGLES = 96
HEAD_SAMPLING = 6
"""... and of the first 96 one in six, since a cut leaves the beginning: some 30 an article. Of 9,003 pairs known to be
copies fewer than one goes unfound; with one in 16 everywhere, as many fingerprints, it is 16."""
FINGERPRINTS_MIN = 2
"""A text in which sampling finds fewer is found by its smallest hashes."""
LEAD_SHINGLES = 56
"""The runs of the first 60 words: where a copy and its original begin alike, and a follow-up does not."""
CONTEXT = range(-12, 4)
"""Places of runs around a number, counted from it: what touches the few words before and after it."""

_SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
_TOKEN = re.compile(rf"\d+(?:[.,:]\d+)*|[{_SPACELESS}]|[^\W_{_SPACELESS}]+")
_SPACELESS_TOKEN = re.compile(rf"[{_SPACELESS}]")


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two texts have in common; the same whichever comes first, but for ``first_is_shorter``."""

    shared: int
    """Different runs of words in both."""
    containment: float
    """Share of the shorter text's runs found in the longer, 0 to 1."""
    resemblance: float
    """Share of the longer text's runs found in the shorter, 0 to 1."""
    lead_overlap: float
    """Share of the longer text's beginning found in the shorter, 0 to 1: a cut keeps it, a quotation does not."""
    number_overlap: float
    """Of the shorter text's numbers amid shared words, the share found in the longer, 0 to 1; 1 where there is none."""
    numbers_changed: int
    """Numbers of the shorter text amid shared words that the longer has not."""
    first_is_shorter: bool


def sign_text(folded: str) -> Signature:
    """Returns the signature of a folded body (``db/folding.py``); empty for fewer words than one run has."""
    tokens = _TOKEN.findall(folded)[:SIGNED_WORDS]
    spaceless = _SPACELESS_TOKEN.search(folded) and sum(1 for token in tokens if _SPACELESS_TOKEN.match(token))
    width = SHINGLE_CHARACTERS if spaceless and 2 * spaceless > len(tokens) else SHINGLE_WORDS
    numbers: list[int] = []
    digest = xxhash.xxh32_intdigest
    for place, token in enumerate(tokens):
        if token[0].isdecimal():
            # 1,000 and 1.000 and 1000 are one number.
            tokens[place] = number = token.replace(",", "").replace(".", "").replace(":", "")
            numbers.append(place << 16 | digest(number.encode()) & 0xFFFF)
    text = " ".join(tokens).encode("utf-8", "surrogatepass")
    words = tokens if text.isascii() else [token.encode("utf-8", "surrogatepass") for token in tokens]
    starts = list(accumulate((len(word) + 1 for word in words), initial=0))
    shingles = [digest(text[start : after - 1]) for start, after in zip(starts, starts[width:], strict=False)]
    return Signature(pack_shingles(shingles), pack(numbers))


def pick_fingerprints(signature: Signature) -> list[int]:
    """Returns the hashes a text is found by, 28 bits each and ascending.

    Each is a sampled run with what is left of the next: sampling leaves a run too few bits to be rare by itself.
    """
    shingles = unpack_shingles(signature.shingles)
    after = (*shingles[1:], 0)
    places = [place for place, shingle in enumerate(shingles) if shingle % SAMPLING == 0]
    places += [place for place, shingle in enumerate(shingles[:HEAD_SHINGLES]) if shingle % HEAD_SAMPLING == 0]
    if len({shingles[place] for place in places}) < FINGERPRINTS_MIN:
        places = sorted(range(len(shingles)), key=shingles.__getitem__)[:FINGERPRINTS_MIN]
    return sorted({shingles[place] // HEAD_SAMPLING << 6 | after[place] & 63 for place in places})


class Reader:
    """One text, unpacked once to be compared with many."""

    def __init__(self, signature: Signature) -> None:
        self.packed = signature.shingles
        self.shingles = unpack_shingles(signature.shingles)
        self.distinct = frozenset(self.shingles)
        self.packed_numbers = signature.numbers

    def numbers(self) -> list[tuple[int, int]]:
        """Returns the numbers in order, each as (place among the words, hash)."""
        return [(number >> 16, number & 0xFFFF) for number in unpack(self.packed_numbers)]

    def overlap(self, other: Reader, least: float = 0.0) -> Overlap | None:
        """Returns what two texts share, or None where the containment is below ``least`` or one text is empty."""
        if not self.distinct or not other.distinct:
            return None
        # Of two texts of one size either may be the shorter; the bytes decide, not who asks.
        swapped = (len(self.distinct), self.packed) > (len(other.distinct), other.packed)
        shorter, longer = (other, self) if swapped else (self, other)
        shared = len(shorter.distinct & longer.distinct)
        containment = shared / len(shorter.distinct)
        if containment < least:
            return None
        known = {number for _, number in longer.numbers()}
        held = [shingle in longer.distinct for shingle in shorter.shingles]
        amid = {
            number
            for place, number in shorter.numbers()
            if any(held[max(0, place + CONTEXT.start) : place + CONTEXT.stop])
        }
        changed = len(amid - known)
        return Overlap(
            shared,
            containment,
            shared / len(longer.distinct),
            longer.lead_in(shorter),
            1 - changed / len(amid) if amid else 1.0,
            changed,
            not swapped,
        )

    def lead_in(self, other: Reader) -> float:
        """Returns the share of this text's beginning that another holds."""
        lead = self.shingles[:LEAD_SHINGLES]
        return sum(1 for shingle in lead if shingle in other.distinct) / len(lead)


def pack_shingles(shingles: list[int]) -> bytes:
    """Returns what is kept of 32-bit hashes, as it is stored: the lowest byte of each, the next of each, the third."""
    packed = pack(shingles)
    return b"".join(packed[byte::4] for byte in range(SHINGLE_BYTES))


def unpack_shingles(packed: bytes) -> tuple[int, ...]:
    """Returns the hashes that `pack_shingles` packed, without what was not kept."""
    count = len(packed) // SHINGLE_BYTES
    whole = bytearray(4 * count)
    for byte in range(SHINGLE_BYTES):
        whole[byte::4] = packed[byte * count : (byte + 1) * count]
    return unpack(bytes(whole))


def pack(numbers: list[int]) -> bytes:
    """Returns 32-bit numbers as they are stored, little end first."""
    return struct.pack(f"<{len(numbers)}I", *numbers)


def unpack(packed: bytes) -> tuple[int, ...]:
    """Returns the numbers that `pack` packed."""
    return struct.unpack(f"<{len(packed) // 4}I", packed)
