"""Expressions of topic files: what they mean to FTS5, and what is said about wrong ones."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.folding import fold
from pipelines.term import Term, TermError, parse_term, write_term
from pipelines.topic_grammar import (
    Expression,
    compile_match,
    parse_expression,
    write_expression,
)

SETS = {
    "afghan": ["afghan*", "kabul", "taliban"],
    "talks": ["talks", "peace process", "negotiat*"],
    "moscow": ["moscow"],
    "мир": ["мирн* процесс*"],
    "nothing": [],
}


def look_up(name: str) -> Sequence[Term]:
    return [parse_term(text) for text in SETS[name]]


def _fill(rows: Sequence[tuple[str, str]]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute(
        'CREATE VIRTUAL TABLE t USING fts5 (folded_title, folded, tokenize="unicode61 remove_diacritics 0")'
    )
    connection.executemany("INSERT INTO t VALUES (?, ?)", [(fold(title), fold(body)) for title, body in rows])
    connection.commit()
    return connection


ROWS = [
    ("Afghan talks open", "Delegates met in Moscow."),
    ("A quiet day", "Kabul has seen no talks for a year."),
    ("A quiet day", "Kabul slept. " + "word " * 20 + "Elsewhere they negotiated."),
    ("Moscow", "Мирному процессу нужен мир."),
    ("Cricket", "Afghanistan won; the Taliban said nothing."),
    ("Мир", "Процессы мирные идут"),
]
TABLE = _fill(ROWS)


def _find(text: str) -> list[int]:
    match = compile_match(parse_expression(text), look_up)
    if match.text is None:
        found: set[int] = set()
    else:
        found = {row[0] - 1 for row in TABLE.execute("SELECT rowid FROM t WHERE t MATCH ?", (match.text,))}
    return sorted(set(range(len(ROWS))) - found) if match.negated else sorted(found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("afghan", [0, 1, 2, 4]),
        ("afghan & talks", [0, 1, 2]),
        ("near(afghan, talks, 5)", [0, 1]),
        ("near(talks, afghan, 5)", [0, 1]),
        ("near(afghan, talks, 0)", [0]),
        ("near(afghan, talks | moscow)", [0, 1]),
        ("title(afghan)", [0]),
        ("title(afghan | moscow)", [0, 3]),
        ("title(near(afghan, talks, 3))", [0]),
        ("afghan & !talks", [4]),
        ("afghan & !title(afghan)", [1, 2, 4]),
        ("!afghan", [3, 5]),
        ("!!afghan", [0, 1, 2, 4]),
        ("!afghan & !moscow", [5]),
        ("!afghan | talks", [0, 1, 2, 3, 5]),
        ("!afghan | !moscow", [1, 2, 3, 4, 5]),
        ("moscow | afghan & talks", [0, 1, 2, 3]),
        ("(moscow | afghan) & talks", [0, 1, 2]),
        ("'peace process' | 'no talks'", [1]),
        ("“no talks”", [1]),
        ('"afghanist*"', [4]),
        ("nothing", []),
        ("!nothing", [0, 1, 2, 3, 4, 5]),
        ("afghan & nothing", []),
        ("afghan | nothing", [0, 1, 2, 4]),
        ("title(nothing)", []),
        ("title(!afghan)", [1, 2, 3, 4, 5]),
        ("near(nothing, afghan)", []),
        ("мир", [3, 5]),  # two beginnings that touch: either way round, as documented
        ("near(мир, 'мир', 6)", [3]),
    ],
)
def test_what_an_expression_finds(text: str, found: list[int]) -> None:
    assert _find(text) == found


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("", 0, "the expression is empty"),
        ("   ", 0, "the expression is empty"),
        ("a and b", 2, "write & for and"),
        ("a OR b", 2, "write | for or"),
        ("not a", 4, "write ! for not"),
        ("a & not (b)", 8, "write ! for not"),
        ("a & 'people's party'", 12, "in quotes of the other kind"),
        ('"צה"ל" & a', 4, "in quotes of the other kind"),
        ("a & 'b | c'", 4, "one spelling"),
        ("a && b", 3, "one & or | is enough"),
        ("a & ", 3, "breaks off"),
        ("(a | b", 6, "breaks off"),
        ("a)", 1, "cannot stand here"),
        ("near(a)", 6, "near(a, b, 12)"),
        ("near(a, b, c)", 11, "a distance is a number"),
        ("near(a & b, c)", 0, "several joined by |"),
        ("x | near(title(a), c)", 4, "several joined by |"),
        ("x & near(near(a, b), c)", 4, "several joined by |"),
        ("x | near(a, b, 501)", 4, "at most 500"),
        ("NEAR(a, b)", 4, "write near in small letters"),
        ("word*", 4, "go in quotes ('word*')"),
        ("!" * 30 + "a", 0, "nested too deeply"),
        ("nearby & near (a, (b | c) | d", 29, "breaks off"),
        ("near(a, b, 501)", 0, "at most 500"),
        ("a & 'b", 4, "quotes are not closed"),
        ("a & '...'", 4, "there is no word in it"),
        ("a & 'b*c'", 4, "only at the end of a word"),
    ],
)
def test_mistakes_are_named_with_their_place(text: str, at: int, words: str) -> None:
    with pytest.raises(TermError) as caught:
        parse_expression(text)
    assert words in caught.value.message
    assert caught.value.at == at


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Kabul", "kabul"),
        ("peace negotiat*", "peace negotiat*"),
        ("intra-afghan", "intra afghan"),
        ("Intra-Afghan*", "intra afghan*"),
        ("МИД  РФ", "мид рф"),
        ("گفت‌وگو*", "گفت وگو*"),
        ("阿富汗", "阿 富 汗"),
        ("阿富*", "阿 富*"),
        ("мирн* процесс*", "мирн* процесс*"),
    ],
)
def test_terms_are_folded_words(text: str, written: str) -> None:
    assert write_term(parse_term(text)) == written


@pytest.mark.parametrize("text", ["", "...", "*", "a*", "п*", "é*", "ب*", "мир п*", "peace *", "ne*ver", "*end"])
def test_terms_without_use_are_refused(text: str) -> None:
    with pytest.raises(TermError):
        parse_term(text)


@pytest.mark.parametrize(
    "text",
    ["dam OR weir", "dam|weir", "سد | بند", "dam AND (weir OR lock)", "dam NOT beaver", "d?m", "дамба OR плотина"],
)
def test_a_term_is_one_spelling(text: str) -> None:
    with pytest.raises(TermError, match="one spelling") as caught:
        parse_term(text)
    assert text[caught.value.at] in "OAN|?"


@pytest.mark.parametrize(
    "text", ["dead or alive", "HEALTH AND SAFETY", "Portland, OR", "AT&T", "OR", "(un)safe", "NOT"]
)
def test_small_words_are_words(text: str) -> None:
    assert len(parse_term(text).words) == len(text.replace("&", " ").replace("(un)", "un ").split())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("near（afghan，talks，12）", "near(afghan, talks, 12)"),
        ("（afghan ｜ moscow）＆！talks", "(afghan | moscow) & !talks"),
        ("near(afghan، talks)", "near(afghan, talks)"),
        ("afghan & 「moscow」", "afghan & 'moscow'"),
    ],
)
def test_signs_may_come_from_other_keyboards(typed: str, meant: str) -> None:
    assert write_expression(parse_expression(typed)) == write_expression(parse_expression(meant))


def test_a_star_inside_a_phrase_holds_its_parts_together() -> None:
    table = _fill([("", "высшего совета мира"), ("", "высших чинов, советник, мира")])
    match = parse_term("высш* совет* мира").match_text()
    assert [row[0] for row in table.execute("SELECT rowid FROM t WHERE t MATCH ?", (match,))] == [1]


_EXPRESSIONS = st.recursive(
    st.sampled_from(
        ["afghan", "talks", "moscow", "nothing", "мир", "'peace process'", "near(afghan, talks | moscow, 7)"]
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" & ", " | ", "&", "|"]), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
        inner.map(lambda text: f"!{text}"),
        inner.map(lambda text: f"title({text})"),
    ),
    max_leaves=12,
)


def _evaluate(expression: Expression, *, title_only: bool = False) -> set[int]:
    """The meaning of an expression, straight from its tree; only single sets and quotes are asked of FTS5."""
    name = type(expression).__name__
    everything = set(range(len(ROWS)))
    if name == "And":
        return set.intersection(*(_evaluate(part, title_only=title_only) for part in expression.parts))  # type: ignore[union-attr]
    if name == "Or":
        return set.union(*(_evaluate(part, title_only=title_only) for part in expression.parts))  # type: ignore[union-attr]
    if name == "Not":
        return everything - _evaluate(expression.part, title_only=title_only)  # type: ignore[union-attr]
    if name == "Title":
        return _evaluate(expression.part, title_only=True)  # type: ignore[union-attr]
    text = write_expression(expression)
    return set(_find(f"title({text})" if title_only else text))


@given(_EXPRESSIONS)
def test_every_expression_is_valid_and_means_what_its_tree_says(text: str) -> None:
    assert set(_find(text)) == _evaluate(parse_expression(text))


@given(_EXPRESSIONS)
def test_an_expression_written_again_is_the_same(text: str) -> None:
    written = write_expression(parse_expression(text))
    assert write_expression(parse_expression(written)) == written
    assert _find(written) == _find(text)


@given(st.text(max_size=40) | st.text(alphabet="ab&|!()'\", near1*", max_size=40))
def test_any_text_is_an_expression_or_a_mistake_with_a_place(text: str) -> None:
    try:
        parse_expression(text)
    except TermError as error:
        assert 0 <= error.at <= len(text)
        assert error.message


def test_nesting_without_end_is_a_mistake_not_a_crash() -> None:
    with pytest.raises(TermError):
        parse_expression("(" * 30000 + "a" + ")" * 30000 + " b")
    for n in (21, 200, 400, 30000):
        with pytest.raises(TermError, match="too deeply"):
            parse_expression("!" * n + "a")
