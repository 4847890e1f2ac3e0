"""How long a line is, in words: the one measure for scripts that part words and scripts that do not."""

from __future__ import annotations

import re

_WIDE = re.compile(
    "[\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Han and kana."""
_NARROW = re.compile("[\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff]")
"""Thai, Lao, Burmese, Khmer: letters, vowel signs, tone marks."""
_UNSPACED = re.compile(f"{_WIDE.pattern}|{_NARROW.pattern}")
_WIDE_A_WORD = 2
"""Characters of Han and kana to a word: what news texts in Chinese and Japanese have on average, about."""
_NARROW_A_WORD = 4
"""The same of the scripts of South-East Asia."""


def estimate_words(text: str) -> int:
    """Returns about how many words a text has, for bounds: a Chinese sentence is as long as its translation.

    White space parts words. Where it does not, as in Chinese, Japanese, Thai, Lao, Burmese and Khmer, so many
    characters make one. ``db.folding.count_words`` counts for readers; this is far cheaper.
    """
    words = len(text.split())
    if text.isascii() or not _UNSPACED.search(text):
        return words
    wide = len(_WIDE.findall(text))
    narrow = len(_NARROW.findall(text))
    spaced = len(_NARROW.sub("", _WIDE.sub("", text)).split())
    unspaced = (wide + _WIDE_A_WORD - 1) // _WIDE_A_WORD + (narrow + _NARROW_A_WORD - 1) // _NARROW_A_WORD
    return max(words, spaced + unspaced)
