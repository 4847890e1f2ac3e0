"""Whatever is typed becomes a valid MATCH expression that finds what a reader would expect."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.folding import fold
from db.search import answers, find_forms, match_expression, quote_phrase, scatter, split_words, widen

TEXTS = (
    "Afghan peace talks open in Moscow",
    "Taliban's intra-Afghan dialogue in Doha; Khalilzad attends",
    "Afghanistan beat Ireland at cricket",
    "Переговоры о мире прошли в Москве",
    "گفت‌وگوهای صلح افغانستان",
    "阿富汗和平会谈在莫斯科举行",
    "AND OR NOT NEAR: how search engines talk",
)


def _fill(texts: tuple[str, ...]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute('CREATE VIRTUAL TABLE t USING fts5 (title, body, tokenize="unicode61 remove_diacritics 0")')
    connection.executemany("INSERT INTO t VALUES ('', ?)", [(fold(text),) for text in texts])
    connection.commit()
    return connection


TABLE = _fill(TEXTS)


@pytest.fixture
def table() -> Iterator[sqlite3.Connection]:
    yield TABLE


def _find(table: sqlite3.Connection, text: str) -> list[int]:
    rows = table.execute("SELECT rowid - 1 FROM t WHERE t MATCH ? ORDER BY rowid", (match_expression(text),))
    return [row[0] for row in rows]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("afghan", [0, 1]),
        ("AFGHAN talks", [0]),
        ("afghan*", [0, 1, 2]),
        ('"peace talks"', [0]),
        ("“peace talks”", [0]),
        ('"talks peace"', []),
        ('"peace talks', [0]),  # the closing quote forgotten
        ('"peace tal"*', [0]),
        ("afghan* -cricket", [0, 1]),
        ("afghan* NOT cricket", [0, 1]),
        ("afghan* AND NOT cricket", [0, 1]),
        ('afghan* -"peace talks" -cricket', [1]),
        ("moscow OR doha", [0, 1]),
        ("moscow | doha", [0, 1]),
        ("afghan moscow OR doha", [0, 1]),
        ("moscow OR doha khalilzad", [1]),
        ("(moscow OR doha) khalilzad", [1]),
        ("莫斯科，阿富汗", [5]),
        ("（莫斯科｜多哈）、－喀布尔", [5]),
        ("«peace talks»，moscow", [0]),
        ("「和平会谈」", [5]),
        ("「会谈和平」", []),
        ("افغانستان،صلح", [4]),
        ("OR moscow OR", [0]),
        ("moscow AND", [0]),
        ("intra-afghan", [1]),
        ("Taliban's", [1]),
        ("Taliban’s", [1]),
        ("title:moscow", []),
        ("near(afghan, talks)", []),
        ("search engines not near", [6]),
        ("переговоры Москве", [3]),
        ("گفتوگو*", [4]),
        ("گفت‌وگوهای", [4]),
        ("阿富汗", [5]),
        ("富阿", []),
        ("莫斯科 会谈", [5]),
        ("kabul,doha;moscow", []),
        ("doha,khalilzad", [1]),
    ],
)
def test_what_is_found(table: sqlite3.Connection, text: str, found: list[int]) -> None:
    assert _find(table, text) == found


@pytest.mark.parametrize(
    "text", ["", "   ", '"', '""', "-", "*", "...", "-cricket", "NOT cricket", "AND", "OR", "\0", "( )"]
)
def test_nothing_to_find_gives_nothing(text: str) -> None:
    assert match_expression(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "a AND AND b",
        "NOT NOT a b",
        "a OR OR b",
        "^a",
        "a:b",
        "{a b}: c",
        "+a + b",
        "a\0b",
        "a'b''c",
        '"a""b"',
        "\ud800 x",
        "NEAR(",
        "a*b*",
    ],
)
def test_syntax_of_fts5_has_no_power(table: sqlite3.Connection, text: str) -> None:
    assert match_expression(text)
    _find(table, text)


def test_endless_input_is_cut(table: sqlite3.Connection) -> None:
    assert _find(table, "moscow " * 5000) == [0]
    assert _find(table, "x OR " * 5000) == []
    assert _find(table, "moscow " + "-x " * 5000) == [0]


def test_a_lone_letter_with_a_star_is_the_letter() -> None:
    assert match_expression("a*") == '"a"'
    assert match_expression("阿*") == '"阿" *'
    assert match_expression("и* و*") == '"и" AND "و"'


_TYPED = st.text(st.characters(exclude_categories=()), max_size=50)
_NASTY = st.lists(
    st.sampled_from(
        [
            '"',
            "-",
            "*",
            "(",
            ")",
            "OR",
            "AND",
            "NOT",
            "NEAR",
            "kabul",
            "talks",
            " ",
            " ",
            "'",
            "^",
            ":",
            "{",
            "阿",
            "|",
            "+",
            "\0",
            "،",
        ]
    ),
    max_size=14,
).map("".join)


@given(_TYPED | _NASTY)
def test_any_input_is_valid_for_fts5(text: str) -> None:
    expression = match_expression(text)
    if expression:
        TABLE.execute("SELECT count(*) FROM t WHERE t MATCH ?", (expression,)).fetchone()
    if not split_words(text):
        assert expression == ""


_WORDS = st.text("aéßЁйкуم‌نی‎ك۲ 7阿富カ゛'-.", min_size=1, max_size=30)


@given(_WORDS)
def test_a_quoted_text_finds_itself(text: str) -> None:
    words = split_words(text)
    if words:
        found = _fill((text,)).execute("SELECT count(*) FROM t WHERE t MATCH ?", (quote_phrase(words),)).fetchone()
        assert found == (1,)
        match = match_expression(f'"{text}"')
        assert _fill((text,)).execute("SELECT count(*) FROM t WHERE t MATCH ?", (match,)).fetchone() == (1,)
        assert match == quote_phrase(words) or not text.isascii()


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("talks moscow", {"talks", "moscow"}),
        ('"peace talks"', {"peace", "talks"}),
        ('"talks peace"', set()),
        ('"talks peace" OR moscow', {"moscow"}),
        ('"peace ta"*', {"peace", "talks"}),
        ("mo* afghan* -doha", {"moscow", "afghan"}),
        ("peac", set()),
        ("afghan -moscow", {"afghan"}),
        ("", set()),
    ],
)
def test_forms_are_the_words_that_answer(text: str, forms: set[str]) -> None:
    assert find_forms(match_expression(text), None, TEXTS[0]) == forms


WORDS = st.sampled_from([word for text in TEXTS for word in text.split()] + ["mo*", "афг*", "صلح*", "OR", "-doha", "و"])
QUERIES = st.lists(st.one_of(WORDS, st.lists(WORDS, max_size=2).map(lambda words: f'"{" ".join(words)}"')), max_size=4)


@given(QUERIES.map(" ".join))
def test_forms_are_those_that_fts5_marks(text: str) -> None:
    match = match_expression(text)
    sql = "SELECT rowid - 1, highlight(t, 1, char(2), char(3)) FROM t WHERE t MATCH ?"
    for number, marked in TABLE.execute(sql, (match,)) if match else ():
        words = {word for run in re.findall("\x02([^\x03]*)\x03", marked) for word in split_words(run)}
        assert find_forms(match, TEXTS[number]) == words


@pytest.mark.parametrize(
    ("text", "wider"),
    [
        ("inter*", '"int" *'),
        ("int*", '"int" *'),
        ("interest", '"interest"'),
        ('"the interest of inter"*', '"the interest of int" *'),
        ("inter* OR govern* talks", '("int" * OR "gov" *) AND "talks"'),
        ("inter* -talks", '("int" *) NOT ("talks")'),
        ("inter* -governm*", '("int" *)'),
        ("talks -governm*", '("talks")'),
        ("переговоры моск*", '"переговоры" AND "мос" *'),
    ],
)
def test_long_beginnings_are_cut_to_what_the_index_has(text: str, wider: str) -> None:
    assert widen(match_expression(text)) == wider


_PLAIN = st.lists(
    st.sampled_from(["aaaa", "aaaab", "aaa", "bbbb", "bbbbc", "ccc", "-", "*", '"', " ", " ", " OR ", "дом", "дома"]),
    max_size=14,
).map("".join)
_LINES = st.lists(
    st.sampled_from(["aaaa", "aaaab", "aaa", "bbbb", "bbbbc", "ccc", "дом", "дома", "x."]), max_size=5
).map(" ".join)


@given(_PLAIN, st.lists(st.tuples(_LINES, _LINES), max_size=5))
def test_texts_answer_as_the_index_says(text: str, rows: list[tuple[str, str]]) -> None:
    match = match_expression(text)
    if not match:
        return
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5 (title, body, tokenize='unicode61 remove_diacritics 0')")
    connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
    found = {row[0] - 1 for row in connection.execute("SELECT rowid FROM t WHERE t MATCH ?", (match,))}
    wider = {row[0] - 1 for row in connection.execute("SELECT rowid FROM t WHERE t MATCH ?", (widen(match),))}
    connection.close()
    assert found == {number for number, row in enumerate(rows) if answers(match, *row)}
    assert found <= wider


def test_a_private_text_answers_nothing() -> None:
    assert answers('"talks"', "talks", "")
    assert not answers('"talks"', "talks", None)


@pytest.mark.parametrize(
    ("text", "scattered"),
    [
        ("talks", '"talks"'),
        ('"peace talk"*', '("peace" AND "talk" *)'),
        ('"to be or not to be"', '("to" AND "be" AND "or" AND "not" AND "be")'),
        ('moscow -"peace talks"', '("moscow") NOT (("peace" AND "talks"))'),
        ("", ""),
    ],
)
def test_a_scattered_phrase_is_its_words(text: str, scattered: str) -> None:
    assert scatter(match_expression(text)) == scattered


@given(text=st.text(alphabet='ab -"*|', max_size=14), bodies=st.lists(st.text(alphabet="ab ", max_size=12), max_size=4))
def test_a_scattered_question_does_not_hear_the_order_of_words(text: str, bodies: list[str]) -> None:
    match = match_expression(text)
    if not match:
        return
    found = []
    for written in (bodies, [" ".join(sorted(body.split())) for body in bodies]):
        table = _fill(tuple(written))
        found.append(table.execute("SELECT rowid FROM t WHERE t MATCH ?", (scatter(match),)).fetchall())
        whole = table.execute("SELECT rowid FROM t WHERE t MATCH ?", (match,)).fetchall()
        assert " NOT " in match or set(whole) <= set(found[-1]), "whoever has the phrase has its words"
        table.close()
    assert found[0] == found[1]
