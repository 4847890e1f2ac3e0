"""Errors of TOML files name the right file, line, column and key, whatever the file looks like."""

from __future__ import annotations

import pickle
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.toml_file import ConfigError, KeyPath, TomlFile, check_keys, parse_toml, read_toml, write_key_path

SAMPLE = """\
# A comment with [brackets] and "quotes"
id = "first"
window = { from = 2018-11-01, to = 2018-11-30 }

[sets.afghan]
en = ["afghan*", # a comment with "]"
      "kabul",
]
"a key" = '''
It's multi-line
'''
[sets."quoted.table"]
x.y."z z" = 1

[[example]]
title = "one # not a comment"
[example.more]
deep = true

[[example]]
title = 'two'
body = \"\"\"
First line.
Second \\"line\\" \\
    goes on.\"\"\"
[[example.inner]]
a = [[1, 2], [3,
  4]]
[[example.inner]]
a = []
"""


@pytest.fixture
def sample() -> TomlFile:
    return parse_toml(SAMPLE, "topic.toml")


@pytest.mark.parametrize(
    ("key_path", "line"),
    [
        (("id",), 2),
        (("window", "to"), 3),
        (("sets",), 5),
        (("sets", "afghan"), 5),
        (("sets", "afghan", "en"), 6),
        (("sets", "afghan", "en", 1), 7),
        (("sets", "afghan", "a key"), 9),
        (("sets", "quoted.table"), 12),
        (("sets", "quoted.table", "x", "y", "z z"), 13),
        (("example", 0), 15),
        (("example", 0, "title"), 16),
        (("example", 0, "more", "deep"), 18),
        (("example", 1, "title"), 21),
        (("example", 1, "inner", 0), 26),
        (("example", 1, "inner", 0, "a", 1, 1), 28),
        (("example", 1, "inner", 1, "a"), 30),
        (("nowhere",), None),
        (("example", 2), None),
    ],
)
def test_line_of_every_kind_of_key(sample: TomlFile, key_path: KeyPath, line: int | None) -> None:
    assert sample.line_of(key_path) == line


def test_an_error_reads_as_file_line_key_message(sample: TomlFile) -> None:
    error = sample.error(("example", 1, "title"), "is too short")
    assert str(error) == "topic.toml:21:1: example[2].title: is too short"
    assert (error.line, error.column, error.path) == (21, 1, Path("topic.toml"))


def test_an_error_about_a_missing_key_points_at_its_table(sample: TomlFile) -> None:
    assert str(sample.error(("example", 1, "expect"), "is missing")) == "topic.toml:20:1: example[2].expect: is missing"
    assert str(sample.error(("title",), "is missing")) == "topic.toml: title: is missing"


@pytest.mark.parametrize(
    ("key_path", "at", "place"),
    [
        (("id",), 0, "2:7"),
        (("id",), 3, "2:10"),
        (("sets", "afghan", "en", 1), 2, "7:10"),
        (("sets", "afghan", "a key"), 0, "10:1"),
        (("example", 1, "body"), 0, "23:1"),
        (("example", 1, "body"), 12, "24:1"),
        (("example", 1, "body"), 19, "24:8"),  # the escaped quote
        (("example", 1, "body"), 20, "24:10"),
        (("window",), 3, "3:10"),  # not a string: the value's beginning
    ],
)
def test_an_error_inside_a_string_names_line_and_column(
    sample: TomlFile, key_path: KeyPath, at: int, place: str
) -> None:
    assert str(sample.error(key_path, "here", at=at)).startswith(f"topic.toml:{place}: ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1\na = 2\n", "f.toml:2:6: this key was given a value before"),
        ("[a]\nb = 'x\n", "f.toml:2:7: a 'string' is not closed"),
        ('a = "x\n', "f.toml:1:7: a string is not closed"),
        ("a = [1,\n2\n", "f.toml:2:2: a list is not closed"),
        ("a = { b = 1\n", "f.toml:1:12: a { } is not closed"),
        ("[a]\n[b]\n[a]\n", "f.toml:3:3: this table was begun before"),
        ("a = kabul\n", "f.toml:1:5: this is not a value; put text in quotes"),
        ('a = "\\d"\n', "f.toml:1:8: a backslash"),
        ("ключ = 1\n", "f.toml:1:1: a line must be key = value"),
        ("a = 1 2\n", "f.toml:1:7: something is left over"),
        ("a\n", "f.toml:1:2: a key must be followed by ="),
        ("a = '''x\n\n", "f.toml:1:9: a"),
        ('a = ["x"，"y"]', "f.toml:1:9: items of a list are parted by a plain comma: ,"),
        ('a = ["x"،\n"y"]', "f.toml:1:9: items of a list are parted by a plain comma: ,"),
        ('a = ["x"、"y"]', "f.toml:1:9: items of a list are parted by a plain comma: ,"),
        ("a = [「x」]", "f.toml:1:6: these quotes mark no text here"),
        ('a = ["צה"ל"]', 'f.toml:1:10: the text ends at the quote before this; write a quote in it as \\"'),
        ('a = "the "old" dam"', 'f.toml:1:11: the text ends at the quote before this; write a quote in it as \\"'),
        ('a = \u200f"x"', "f.toml:1:5: an invisible character (U+200F) stands here; delete it"),
        ('\u200ba = "x"', "f.toml:1:1: an invisible character (U+200B) stands here; delete it"),
        ('a\xa0= "x"', "f.toml:1:2: an invisible character (U+00A0) stands here; delete it"),
        ('a ＝ "x"', 'f.toml:1:3: "＝" is of another keyboard; write ='),
        ("a = ۰.5", 'f.toml:1:5: "۰" is of another keyboard; write 0'),
        ('a = ["x" "y"]', "f.toml:1:10: a list is not closed, or a comma"),
        ("a = 'x''y'", "f.toml:1:8: something is left over"),
    ],
)
def test_syntax_errors_name_line_and_column_in_plain_words(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_toml(text, "f.toml")
    assert str(caught.value).startswith(expected)


def test_a_number_too_long_for_python_is_an_error_not_a_crash() -> None:
    with pytest.raises(ConfigError, match="this is not TOML"):
        parse_toml("a = " + "9" * 5000, "f.toml")


def test_nesting_too_deep_is_an_error_not_a_crash() -> None:
    with pytest.raises(ConfigError, match="nested too deeply"):
        parse_toml("a = " + "[" * 20000 + "]" * 20000, "f.toml")


def test_missing_folder_and_encodings(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        read_toml(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="this is a folder"):
        read_toml(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_toml("a\0b")
    (tmp_path / "latin.toml").write_bytes(b"a = 1\nb = 'caf\xe9'\n")
    with pytest.raises(ConfigError, match=r"latin\.toml:2:9: the text is not UTF-8"):
        read_toml(tmp_path / "latin.toml")
    (tmp_path / "windows.toml").write_bytes(b"\xef\xbb\xbfa = 1\r\nb = '''x\r\ny'''\r\n[c]\r\n")
    file = read_toml(tmp_path / "windows.toml")
    assert file.data == {"a": 1, "b": "x\ny", "c": {}}
    assert file.line_of(("c",)) == 4


def test_unknown_keys_are_refused_with_a_guess_and_the_list(sample: TomlFile) -> None:
    with pytest.raises(ConfigError) as caught:
        check_keys(sample, (), {"id": "first", "windw": 1}, {"id", "window"})
    assert str(caught.value) == (
        'topic.toml: windw: there is no such key; did you mean "window"? Allowed here: id, window'
    )
    with pytest.raises(ConfigError, match=r"topic\.toml:6:1: sets\.afghan\.en: there is no such key\. Allowed"):
        check_keys(sample, ("sets", "afghan"), sample.data["sets"]["afghan"], {"zzzzz"})
    check_keys(sample, (), {"id": 1}, ("id", "title"))


def test_errors_travel_between_processes(sample: TomlFile) -> None:
    error = sample.error(("id",), "no", at=1)
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.line, copy.column, copy.key_path) == (str(error), 2, 8, ("id",))


def test_odd_keys_are_quoted() -> None:
    assert write_key_path(("a b", 0, "c", 'q"\\', "")) == '"a b"[1].c."q\\"\\\\".""'


# Any document: keys of all three kinds, strings of all four kinds, tables, arrays, inline tables, arrays of tables.

_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8) | st.sampled_from(
    ["", '"', "'", "''", '""', "\\", "a\nb", "\n", "]", "}", "#", "x = 1", "[t]", "'''", '"""', "ё", "\U0001f600"]
)


def _quote(text: str) -> str:
    out = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{out}"'


@st.composite
def _key_text(draw: st.DrawFn, name: str) -> str:
    forms = [_quote(name)]
    if name and all(c.isascii() and (c.isalnum() or c in "_-") for c in name):
        forms.append(name)
    if "'" not in name and "\n" not in name:
        forms.append(f"'{name}'")
    return draw(st.sampled_from(forms))


@st.composite
def _string_text(draw: st.DrawFn, text: str) -> str:
    forms = [_quote(text), '"""\n' + _quote(text)[1:-1].replace("\\n", "\n") + '"""']
    if "'" not in text:
        forms.append(f"'''\n{text}'''")
        if "\n" not in text:
            forms.append(f"'{text}'")
    return draw(st.sampled_from(forms))


_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.integers(-9, 9) | st.booleans() | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def _value_text(draw: st.DrawFn, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return draw(_string_text(value))
    if isinstance(value, list):
        gap = draw(st.sampled_from(["", " ", "\n  ", " # ] comment\n"]))
        return "[" + "".join(f"{gap}{draw(_value_text(item))}," for item in value) + gap + "]"
    pairs = [f"{draw(_key_text(key))} = {draw(_value_text(item))}" for key, item in value.items()]
    return "{ " + ", ".join(pairs) + " }"


@st.composite
def _documents(draw: st.DrawFn) -> str:
    lines: list[str] = []
    root = draw(st.dictionaries(_TEXT, _VALUES, max_size=3))
    for key, value in root.items():
        lines.append(f"{draw(_key_text(key))} = {draw(_value_text(value))}")
    for number in range(draw(st.integers(0, 3))):
        table = draw(st.dictionaries(_TEXT, _VALUES, max_size=3))
        # the prefix keeps the heading apart from the keys above
        heading = draw(_key_text(f"table {number}")) + "." + draw(_key_text(draw(_TEXT)))
        repeats = draw(st.integers(0, 2))
        for _ in range(max(1, repeats)):
            lines.append(f"[[ {heading} ]] # c" if repeats else f"\t[{heading}]")
            lines += [f"{draw(_key_text(key))}={draw(_value_text(value))}  # end" for key, value in table.items()]
    return draw(st.sampled_from(["\n", "\n\n", "\n# note [x]\n"])).join(lines)


def _walk(data: Any, path: KeyPath = ()) -> list[KeyPath]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [found for key, value in items for found in ((*path, key), *_walk(value, (*path, key)))]


@given(_documents())
def test_the_scan_finds_exactly_the_keys_tomllib_finds(text: str) -> None:
    file = parse_toml(text, "any.toml")
    keys, values = file._places
    assert set(keys) == set(_walk(tomllib.loads(text)))
    for path, offset in values.items():
        value: Any = file.data
        for part in path:
            value = value[part]
        if isinstance(value, str):  # every character of a string is found at a place where it can stand
            for at, character in enumerate(value):
                error = file.error(path, "x", at=at)
                assert error.line is not None and error.column is not None
                line = file.text.split("\n")[error.line - 1] + "\n"
                assert line[error.column - 1] in (character, "\\")
        assert offset <= len(file.text)


@given(st.text(max_size=60) | st.text(alphabet="ab=[]{}\"'\\#,.\n 1-:", max_size=60))
def test_any_text_is_read_or_refused_with_a_config_error(text: str) -> None:
    try:
        file = parse_toml(text, "any.toml")
    except ConfigError as error:
        assert str(error).startswith("any.toml")
    else:
        assert set(file._places[0]) == set(_walk(file.data))
