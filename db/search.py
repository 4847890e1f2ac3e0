"""What people type into a search box -> an FTS5 MATCH expression that is always valid.

Syntax of MATCH: https://www.sqlite.org/fts5.html#full_text_query_syntax. Every word reaches FTS5 folded and in quotes,
so its operators (AND, NOT, NEAR, ``-``, ``^``, ``:``) have no power in user input.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from db.folding import fold
from db.spellings import find_runs, spell, split_joined

_QUOTES = '"“”„‟«»″＂'
_PIECE = re.compile(rf"(-?)[{_QUOTES}]([^{_QUOTES}]*)(?:[{_QUOTES}]|\Z)(\*?)|(-?)([^\s,;()|{_QUOTES}]+)|(\|)")
_AS_ASCII = str.maketrans(
    "".join(map(chr, range(0xFF01, 0xFF5F))) + "、،؛「」『』《》｢｣",
    "".join(map(chr, range(0x21, 0x7F))) + ',,;""""""""',
)
_GERSHAYIM = re.compile(rf"(?<=[א-ת]{{2}})[{_QUOTES}](?=[א-ת])|(?<=[א-ת])[{_QUOTES}](?=[א-ת](?![א-ת]))")
"""The quote in a Hebrew acronym (``צה"ל``), which keyboards have for ``״``; a quotation after one letter (``ב"הארץ"``)
is longer than one."""
_WORD = re.compile(r"[^\W_]+")
_PHRASE = re.compile(r'"([^"]*)"( \*)?')
_LONG_BEGINNING = re.compile(r'(?<=[" ])([^" ]{3})[^" ]+(?=" \*)')
"""The last word of a beginning of more letters than the index keeps ready (``prefix='2 3'`` in the schema)."""
_FIRST_SYLLABLE = 0x0900
"""Scripts below it have letters, those from it on (Devanagari, Hangul, Han) mostly a syllable or more a character."""
_LONGEST_INPUT = 1000
"""Characters that are read: more than anybody types, few enough to stay cheap."""

_MOST_JOINED = 20
"""Words of a question that neighbours are joined to: it keeps what a thousand characters grow to in bounds."""


def split_words(text: str) -> list[str]:
    """Returns the words of text, folded, as FTS5's ``unicode61`` tokenizer sees them."""
    return _WORD.findall(fold(text))


def plain_signs(text: str) -> str:
    """Returns text of the same length, with the commas, quotes and brackets of other keyboards in ASCII."""
    return text.translate(_AS_ASCII)


def quote_phrase(words: Sequence[str], *, prefix: bool = False) -> str:
    """Returns folded words as one quoted FTS5 phrase; with ``prefix`` its last word may go on: ``"peace talk" *``."""
    return '"' + " ".join(words).replace('"', '""') + ('" *' if prefix else '"')


def match_expression(text: str, language: str | None = None) -> str:
    """Returns a MATCH expression over folded text for any input; "" when the input names nothing to find. Never raises.

    All words must occur. ``"several words"`` is a phrase, ``word*`` a beginning, ``-word`` or ``NOT word`` excludes,
    ``a OR b`` or ``a | b`` takes either (OR binds tighter than the space between words, as in web search). Words joined
    by hyphens, apostrophes or the quote of a Hebrew acronym are a phrase. Input that only excludes gives "": FTS5
    cannot answer it.

    Each word stands for its spellings (`db.spellings`): parts joined or not, and where the search is for articles of
    one ``language``, with what that language attaches to words.
    """
    wanted: list[list[str]] = []
    plain: list[str | None] = []
    """For each of these its word, where it is one bare word that a neighbour may be joined to."""
    unwanted: list[str] = []
    joins = excludes = False
    typed = _GERSHAYIM.sub("\u05f4", plain_signs(text[:_LONGEST_INPUT]))
    for quoted_minus, quoted, quoted_star, minus, bare, bar in _PIECE.findall(typed):
        if bar or (bare == "OR" and not minus):
            joins = True
            continue
        if bare in ("AND", "NOT") and not minus:
            excludes = bare == "NOT"
            continue
        words = split_joined(bare or quoted)
        if words:
            starred = bool(quoted_star) or bare.rstrip(".!?:'’").endswith("*")
            # One letter and a star is half the dictionary, and never what was meant.
            prefix = starred and (len(words[-1]) > 1 or ord(words[-1]) >= _FIRST_SYLLABLE)
            stars = (False,) * (len(words) - 1) + (prefix,)
            phrases = [quote_phrase(one, prefix=ends[-1]) for one, ends in spell(tuple(words), stars, language)]
            if minus or quoted_minus or excludes:
                unwanted += phrases
            elif joins and wanted:
                wanted[-1] += phrases
                plain[-1] = None
            else:
                wanted.append(phrases)
                plain.append(words[0] + "*" * prefix if bare and len(words) == 1 else None)
        joins = excludes = False
    if not wanted:
        return ""
    for at, word in enumerate(plain):
        for run in find_runs(plain, at) if word and at < _MOST_JOINED else ():
            spellings = spell((run.removesuffix("*"),), (run.endswith("*"),), language)
            wanted[at] += [quote_phrase(one, prefix=ends[-1]) for one, ends in spellings]
    expression = " AND ".join(either[0] if len(either) == 1 else f"({' OR '.join(either)})" for either in wanted)
    return f"({expression}) NOT ({' OR '.join(unwanted)})" if unwanted else expression


def widen(match: str) -> str:
    """Returns an expression that all answers to a `match_expression` answer too, and that the index has at hand.

    The expression itself where it has no beginning of more than three letters. FTS5 reads every word of a longer one
    from end to end before the first answer, be it one: half a second for `inter*` in a million articles.
    """
    wanted, joint, unwanted = match.partition(") NOT (")
    shorter = _LONG_BEGINNING.sub(r"\1", wanted)
    if not joint or not _LONG_BEGINNING.search(unwanted):
        return f"{shorter}{joint}{unwanted}"
    return f"{shorter})"


def scatter(match: str) -> str:
    """Returns a `match_expression` that takes the words of a phrase anywhere in a text, side by side or not.

    For texts that are not shown: asked for phrase after phrase, the index tells which word comes next until the whole
    text lies there. That a text has a word does not tell its place.
    """
    return _PHRASE.sub(_scatter_phrase, match)


def _scatter_phrase(phrase: re.Match[str]) -> str:
    words = phrase[1].split()
    if len(words) < 2:
        return phrase[0]
    last = quote_phrase(words[-1:], prefix=bool(phrase[2]))
    return f"({' AND '.join([*(quote_phrase([word]) for word in dict.fromkeys(words[:-1])), last])})"


def answers(match: str, *texts: str | None) -> bool:
    """Returns whether folded texts, the columns of one row, answer a `match_expression`, as FTS5 would say.

    False where one is None: it is private, and nobody can tell.
    """
    lines = [f" {' '.join(_WORD.findall(text))} " for text in texts if text is not None]
    if len(lines) < len(texts):
        return False
    wanted, unwanted = _list_needles(match)
    return all(any(needle in line for needle in either for line in lines) for either in wanted) and not any(
        needle in line for needle in unwanted for line in lines
    )


@lru_cache(maxsize=32)
def _list_needles(match: str) -> tuple[list[list[str]], list[str]]:
    """Returns the phrases of an expression, any of each list wanted, and those unwanted, as they stand in a line."""
    wanted, _, unwanted = match.partition(") NOT (")
    either, without = (
        [[f" {phrase}{'' if star else ' '}" for phrase, star in _PHRASE.findall(part)] for part in parts]
        for parts in (wanted.split(" AND "), [unwanted])
    )
    return either, without[0]


def find_forms(match: str, *texts: str | None) -> frozenset[str]:
    """Returns the folded words by which texts answer an expression of `match_expression`: those of its phrases that
    stand in one of them, beginnings in full.

    FTS5's ``highlight()`` would tell too, at the price of a second look at the index: 200 ms for a wide beginning.
    """
    forms: set[str] = set()
    lines = [split_words(text) for text in texts if text]
    for n_words, n_letters, star, phrases in _sort_phrases(match):
        for words in lines:
            for run in zip(*(words[at:] for at in range(n_words)), strict=False):
                written = " ".join(run)
                if written[:n_letters] in phrases and (star or len(written) == n_letters):
                    forms.update(run)
    return frozenset(forms)


@lru_cache(maxsize=32)
def _sort_phrases(match: str) -> list[tuple[int, int, bool, frozenset[str]]]:
    """Returns the phrases of an expression by number of words, of letters, and whether they are beginnings."""
    sorted_phrases: dict[tuple[int, int, bool], set[str]] = {}
    for phrase, star in _PHRASE.findall(match.partition(") NOT (")[0]):
        sorted_phrases.setdefault((phrase.count(" ") + 1, len(phrase), bool(star)), set()).add(phrase)
    return [(*shape, frozenset(phrases)) for shape, phrases in sorted_phrases.items()]
