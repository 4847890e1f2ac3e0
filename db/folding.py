"""The one folding of text for search and matching: what is indexed and what is asked for take the same way.

Folding is blind to case, accents and encodings: NFKC (https://www.unicode.org/reports/tr15/) and case folding (Unicode
3.13), all combining marks out, the letter forms of Arabic, Persian, Urdu and Pashto to one, digits to ASCII, quotes
straight, signs blank that SQLite's tokenizer would take for letters. Every run of Han or kana becomes single
characters, so that a phrase of them is a phrase of tokens.
"""

from __future__ import annotations

import re
import unicodedata

_LETTERS = {
    # Keyboards differ: the same Persian word arrives with Arabic, Persian, Urdu or Pashto code points. Hamza and madda
    # (أ إ آ ؤ ئ ۀ ۂ ۓ) are combining marks after decomposition and need no line here.
    "ك": "ک",
    "ڪ": "ک",
    "ګ": "گ",
    "ي": "ی",
    "ى": "ی",
    "ې": "ی",
    "ۍ": "ی",
    "ے": "ی",
    "ة": "ه",
    "ۃ": "ه",
    "ہ": "ه",
    "ھ": "ه",
    "ە": "ه",
    "ٱ": "ا",
    "ں": "ن",
    "ڕ": "ر",  # Sorani writes what it hears or what the keyboard has: ڕ and ڵ are left out as often as not
    "ڵ": "ل",
    "ؠ": "ی",
    "\u0674": "",  # the hamza of the Persian ezafe (خانهٴ), as a letter of its own; as a mark it goes anyway
    "ـ": "",  # tatweel only stretches a word
    "ё": "е",
    "ı": "i",  # else BARIŞ and barış would differ: case folding knows no Turkish
    "‘": "'",
    "’": "'",
    "‚": "'",
    "‛": "'",
    "′": "'",
    "ʼ": "'",
    "ʹ": "'",
    "`": "'",
    "´": "'",
    "“": '"',
    "”": '"',
    "„": '"',
    "‟": '"',
    "«": '"',
    "»": '"',
    "″": '"',
    "\u200b": " ",  # zero width space is where a word may end
    "\u2028": "\n",
    "\u2029": "\n",
    "\x85": "\n",
}
_VOICING = "\u3099\u309a"
"""Kana voicing marks: they make another letter (か, が), so they are composed instead of dropped."""

_HAN_KANA = (
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U0001aff0-\U0001b16f\U00020000-\U0003ffff"
)
_BETWEEN_HAN = re.compile(rf"(?<=[{_HAN_KANA}])(?=\w)|(?<=\w)(?=[{_HAN_KANA}])")
_ANY_HAN = re.compile(rf"[{_HAN_KANA}]")
_UNLIKE_ASCII = re.compile(r"[^\t\n\r -_a-~]+")
"""Runs of characters that folding may change in lower-case text; the backtick is one."""
_COMPOSABLE = re.compile("[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff\u3099\u309a]")
_SPACELESS = re.compile(rf"[{_HAN_KANA}\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_WORD = re.compile(r"[^\W_]+(?:['.,:/-][^\W_]+)*")


def _fold_character(character: str) -> str:
    """Returns what one character becomes, folded until nothing changes any more."""
    folded = _LETTERS.get(character)
    if folded is not None:
        return folded
    category = unicodedata.category(character)
    if category == "Cs" or (category == "Cc" and character not in "\t\n\r") or ord(character) & 0xFFFE == 0xFFFE:
        return " "  # cannot be stored as UTF-8, or ends a text for SQLite's functions
    if category == "Cf" or (category[0] == "M" and character not in _VOICING):
        return ""
    if category[0] in "CPS" and unicodedata.ucd_3_2_0.category(character) in ("Cn", "Co"):
        return " "  # a young or private sign (₽, 🤝): SQLite's tokenizer, of Unicode 6.1, would take it for a letter
    if category == "Nd":
        return str(unicodedata.decimal(character))
    wide = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    if wide == character:
        return character
    folded = "".join(_fold_character(part) if part != character else part for part in wide)
    return unicodedata.normalize("NFC", folded)


class _Table(dict[int, str]):
    """A table for ``str.translate`` that learns each character at its first sight."""

    def __missing__(self, key: int) -> str:
        folded = self[key] = _fold_character(chr(key))
        return folded


_TABLE = _Table()
for _code in range(0x700):  # the scripts of most articles, learned once at import
    _ = _TABLE[_code]


def fold(text: str) -> str:
    """Returns text folded for search: one form for spellings that differ only in case, marks or code points.

    Idempotent. Takes any ``str`` (lone surrogates and control characters become spaces); never raises. Line breaks
    stay.
    """
    n_ascii = len(text.encode("ascii", "ignore"))
    if len(text) - n_ascii < n_ascii // 8 and n_ascii < len(text):
        # Latin text with a few accents or quotes: several times faster than a look-up for every letter.
        folded = _UNLIKE_ASCII.sub(_translate_run, text.lower())
    else:
        folded = text.translate(_TABLE)
    if folded.isascii():
        return folded
    if _COMPOSABLE.search(folded):
        folded = _compose(folded)
    if _ANY_HAN.search(folded):
        folded = _BETWEEN_HAN.sub(" ", folded)
    return folded


def _translate_run(match: re.Match[str]) -> str:
    return match[0].translate(_TABLE)


def _compose(folded: str) -> str:
    """Puts jamo and voicing marks together with what they belong to, and drops the marks left over."""
    composed = unicodedata.normalize("NFC", folded)
    for mark in _VOICING:
        composed = composed.replace(mark, "")
    return composed


def fold_with_places(text: str) -> tuple[str, list[int]]:
    """Returns ``fold(text)`` and, for each of its characters, the index in ``text`` of the character it came from.

    Slower than ``fold``: for the few texts where a hit must be shown as it was written.
    """
    pieces = [_TABLE[ord(character)] for character in text]
    folded = "".join(pieces)
    places = [index for index, piece in enumerate(pieces) for _ in piece]
    if _COMPOSABLE.search(folded):
        composed = _compose(folded)
        places = _follow(folded, composed, places)
        folded = composed
    if _ANY_HAN.search(folded):
        cuts = [match.start() for match in _BETWEEN_HAN.finditer(folded)]
        for cut in reversed(cuts):
            places.insert(cut, places[cut])
        folded = _BETWEEN_HAN.sub(" ", folded)
    return folded, places


def _follow(before: str, after: str, places: list[int]) -> list[int]:
    """Returns the places of a composed text: each character of ``after`` takes the first part it was composed of."""
    followed: list[int] = []
    at = 0
    for character in after:
        parts = unicodedata.normalize("NFD", character)
        while at < len(before) and before[at] in _VOICING:
            at += 1
        followed.append(places[min(at, len(places) - 1)])
        at += 1 if at < len(before) and before[at] == character else len(parts)
    return followed


def count_words(text: str) -> int:
    """Returns the number of words; in scripts without spaces (Han, kana, Thai, Lao, Burmese, Khmer) of characters.

    Words joined by an apostrophe, a hyphen or ZWNJ, and numbers like 1,000.5 or 2018-11-09, count once.
    """
    folded = fold(text)
    spaceless = 0
    if not folded.isascii():
        folded, spaceless = _SPACELESS.subn(" ", folded)
    return sum(1 for _ in _WORD.finditer(folded)) + spaceless
