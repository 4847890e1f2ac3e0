"""Reads TOML files so that every error names the file, the line and the key.

``tomllib`` gives values without places. A second, small scan of the same text (the grammar of
https://toml.io/en/v1.0.0) finds where each key and each value stands; it runs only on text that ``tomllib`` accepted.
"""

from __future__ import annotations

import bisect
import difflib
import re
import tomllib
import unicodedata
from collections.abc import Collection, Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

KeyPath = tuple[str | int, ...]
"""Keys and zero-based positions in arrays from the top of the file: ``("example", 0, "title")``."""


class ConfigError(Exception):
    """A mistake in a file the user wrote; its text is ``FILE:LINE:COLUMN: key.path: message`` and names the remedy."""

    def __init__(
        self, path: Path, message: str, *, line: int | None = None, column: int | None = None, key_path: KeyPath = ()
    ) -> None:
        self.path = path
        self.line = line
        self.column = column
        self.key_path = key_path
        self.message = message
        place = ":".join(str(part) for part in (path, line, column if line is not None else None) if part is not None)
        super().__init__(": ".join(part for part in (place, write_key_path(key_path), message) if part))

    def __reduce__(self) -> tuple[Any, ...]:
        """Returns what pickle needs: topics are loaded in worker processes, and their errors must travel back."""
        return _restore_error, (self.path, self.message, self.line, self.column, self.key_path)


def _restore_error(path: Path, message: str, line: int | None, column: int | None, key_path: KeyPath) -> ConfigError:
    return ConfigError(path, message, line=line, column=column, key_path=key_path)


def write_key_path(key_path: KeyPath) -> str:
    """Returns a key path as a reader would write it, ``example[2].title``: positions from 1, odd keys quoted."""
    text = ""
    for part in key_path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
            continue
        name = part if _BARE_KEY.fullmatch(part) else '"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"'
        text += f".{name}" if text else name
    return text


class TomlFile:
    """One TOML file that parsed: its path, its data, and where in the text each key stands."""

    def __init__(self, path: Path, text: str, data: dict[str, Any]) -> None:
        self.path = path
        self.text = text
        self.data = data

    def line_of(self, key_path: KeyPath) -> int | None:
        """Returns the line, from 1, on which a key or an item of an array begins; None when there is no such key."""
        offset = self._places[0].get(key_path)
        return None if offset is None else self._line_and_column(offset)[0]

    def error(self, key_path: KeyPath, message: str, *, at: int | None = None) -> ConfigError:
        """Returns (for raising) an error at a key; for a missing key, at the nearest table around it.

        ``at`` is a character position inside the string that is the key's value: the error is there.
        """
        keys, values = self._places
        known = key_path
        while known and known not in keys:
            known = known[:-1]
        if not known:
            return ConfigError(self.path, message, key_path=key_path)
        inside = at is not None and key_path in values
        line, column = self._line_and_column(
            _find_in_string(self.text, values[key_path], at or 0) if inside else keys[known]
        )
        return ConfigError(self.path, message, line=line, column=column, key_path=key_path)

    @cached_property
    def _places(self) -> tuple[dict[KeyPath, int], dict[KeyPath, int]]:
        scan = _Scan(self.text)
        scan.read_document()
        return scan.keys, scan.values

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def _line_and_column(self, offset: int) -> tuple[int, int]:
        line = bisect.bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1


def read_toml(path: Path | str) -> TomlFile:
    """Returns the file parsed; a file that is missing, unreadable, not UTF-8 or not TOML raises ConfigError."""
    path = Path(path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(path, "there is no such file; create it or correct the path") from None
    except IsADirectoryError:
        raise ConfigError(path, "this is a folder; name a file in it") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(path, f"the file cannot be read ({reason}); check the path and its permissions") from error
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = "the text is not UTF-8; save the file as UTF-8 in your editor"
        raise ConfigError(path, message, line=line, column=column) from error
    return parse_toml(text, path)


def parse_toml(text: str, path: Path | str) -> TomlFile:
    """Returns TOML text parsed, its errors naming ``path``; wrong syntax raises ConfigError with line and column."""
    path = Path(path)
    text = text.replace("\r\n", "\n")
    try:
        return TomlFile(path, text, tomllib.loads(text))
    except RecursionError as error:
        raise ConfigError(path, "arrays or tables are nested too deeply; flatten them") from error
    except ValueError as error:
        raise _explain_syntax_error(path, text, error) from error


def check_keys(file: TomlFile, key_path: KeyPath, table: Mapping[str, Any], allowed: Collection[str]) -> None:
    """Raises ConfigError at the first key of ``table`` (which stands at ``key_path``) that is not allowed."""
    for key in table:
        if key not in allowed:
            names = sorted(allowed)
            close = difflib.get_close_matches(key.lower(), names, n=1, cutoff=0.6)
            guess = f'; did you mean "{close[0]}"?' if close else "."
            raise file.error((*key_path, key), f"there is no such key{guess} Allowed here: {', '.join(names)}")


_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")
_PLAIN_WORDS = (
    ("Cannot overwrite a value", "this key was given a value before; keep one of them"),
    ("Cannot declare", "this table was begun before; keep one [heading] and put all its keys under it"),
    ("Cannot mutate immutable namespace", "this table was closed before; keep all its keys in one place"),
    ("Duplicate inline table key", "this key is written twice in one { }; keep one of them"),
    ("Expected '=' after a key", "a key must be followed by = and a value"),
    ("Expected newline or end of document", "something is left over after the value; is a quote or a comma missing?"),
    ("Unclosed array", "a list is not closed, or a comma between its items is missing"),
    ("Unclosed inline table", "a { } is not closed, or a comma between its items is missing"),
    ("Unterminated string", "a string is not closed: its ending quote is missing"),
    ('Expected \'"""\'', 'a """string""" is not closed'),
    ("Expected \"'''\"", "a '''string''' is not closed"),
    ('Expected "\'"', "a 'string' is not closed: its ending quote is missing"),
    ("Illegal character '\\n'", "a string is not closed: its ending quote is missing on this line"),
    ("Found invalid character '\\n'", "a string is not closed: its ending quote is missing on this line"),
    (
        "Illegal character",
        "a character is not allowed here (tabs and other control characters must be written as \\t, \\u0000)",
    ),
    ("Found invalid character", "a character is not allowed here (control characters must be written as \\u0000)"),
    ("Unescaped '\\'", "a backslash in \"quotes\" must be doubled; or use 'single quotes'"),
    ("Escaped character", "an escape stands for no character"),
    ("Invalid hex value", "\\u needs four and \\U eight hexadecimal digits"),
    (
        "Invalid initial character for a key",
        'a key must begin here (letters, digits, - and _; quote anything else: "my key")',
    ),
    ("Invalid statement", "a line must be key = value, [table] or # comment; quote keys with other letters"),
    ("Invalid value", "this is not a value; put text in quotes"),
    ("Invalid date or datetime", "there is no such date or time"),
    ("Expected ']", "a [heading] is not closed"),
)


def _explain_syntax_error(path: Path, text: str, error: ValueError) -> ConfigError:
    words = str(error)
    place = _PLACE.search(words)
    line: int | None = None
    column: int | None = None
    if place is not None:
        words = words[: place.start()]
        if place[1] is not None:
            line, column = int(place[1]), int(place[2])
        else:
            last = text.rstrip("\n")
            line, column = last.count("\n") + 1, len(last) - last.rfind("\n")
    plain = _explain_sign(text, line, column) or next(
        (plain for start, plain in _PLAIN_WORDS if words.startswith(start)), None
    )
    return ConfigError(path, f"{plain} ({words})" if plain else f"this is not TOML ({words})", line=line, column=column)


_DAY = re.compile(r"\d{4}-\d\d?-\d\d?")
_QUOTE_INSIDE = re.compile(r'[^\s=,\["]\s?"$')
"""A text, not empty, that has just ended."""


def _explain_sign(text: str, line: int | None, column: int | None) -> str | None:
    """Returns what is wrong where the sign tells more than the parser: no day of a calendar, quotes, commas."""
    if line is None or column is None:
        return None
    written = text.split("\n")[line - 1]
    if any(day.start() < column <= day.end() + 1 and not _is_day(day[0]) for day in _DAY.finditer(written)):
        return "there is no such day; write it as 2018-11-09"
    sign = written[column - 1 : column]
    if sign in tuple("“”„‟«»‘’「」『』《》＂＇״׳"):
        return 'these quotes mark no text here; write straight ones, "text"'
    if sign in tuple("，、،；؛;"):
        return "items of a list are parted by a plain comma: ,"
    if sign and sign != " " and unicodedata.category(sign) in ("Cf", "Zs"):
        return f"an invisible character (U+{ord(sign):04X}) stands here; delete it"
    plain = str(unicodedata.decimal(sign)) if sign.isdecimal() else unicodedata.normalize("NFKC", sign)
    if sign and not sign.isascii() and plain.isascii() and not plain.isalpha():
        return f'"{sign}" is of another keyboard; write {plain}'
    if sign.isalnum() and _QUOTE_INSIDE.search(written[: column - 1]):
        return """the text ends at the quote before this; write a quote in it as \\", or the text in 'single quotes'"""
    return None


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_GAP = re.compile(r"(?:[ \t\n,]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\[\s\S]|"(?!""))*"{3,5}'
    r"|'''(?:[^']|'(?!''))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
)
_BARE_VALUE = re.compile(r"[^,\]}\n#]+")
_ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[ \t]*\n[ \t\n]*|.)")


class _Scan:
    """Walks valid TOML once and notes the offset of every key and of every value."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.keys: dict[KeyPath, int] = {}
        self.values: dict[KeyPath, int] = {}
        self._table_counts: dict[KeyPath, int] = {}

    def read_document(self) -> None:
        table: KeyPath = ()
        while self._skip(_GAP) < len(self.text):
            if self.text[self.at] == "[":
                table = self._read_heading()
            else:
                self._read_pair(table)

    def _read_heading(self) -> KeyPath:
        start = self.at
        is_array = self.text.startswith("[[", start)
        self.at += 2 if is_array else 1
        names = self._read_key()
        self.at += 2 if is_array else 1
        path: KeyPath = ()
        for position, name in enumerate(names):
            path = (*path, name)
            self.keys.setdefault(path, start)
            if is_array and position == len(names) - 1:
                self._table_counts[path] = self._table_counts.get(path, 0) + 1
            if path in self._table_counts:
                path = (*path, self._table_counts[path] - 1)
                self.keys.setdefault(path, start)
        return path

    def _read_pair(self, table: KeyPath) -> None:
        start = self.at
        path = table
        for name in self._read_key():
            path = (*path, name)
            self.keys.setdefault(path, start)
        self.at += 1  # the equals sign
        self._skip(_SPACE)
        self._read_value(path)

    def _read_key(self) -> list[str]:
        """Reads ``a . "b.c" . 'd'`` and leaves the position at the sign after it."""
        names: list[str] = []
        while True:
            self._skip(_SPACE)
            match = _BARE_KEY.match(self.text, self.at) or self._match(_STRING)
            self.at = match.end()
            names.append(match[0] if match[0][0] not in "\"'" else tomllib.loads(f"k = {match[0]}")["k"])
            self._skip(_SPACE)
            if self.text[self.at] != ".":
                return names
            self.at += 1

    def _read_value(self, path: KeyPath) -> None:
        self.keys.setdefault(path, self.at)
        self.values[path] = self.at
        sign = self.text[self.at]
        if sign == "[":
            self.at += 1
            item = 0
            while self.text[self._skip(_GAP)] != "]":
                self._read_value((*path, item))
                item += 1
            self.at += 1
        elif sign == "{":
            self.at += 1
            while self.text[self._skip(_GAP)] != "}":
                self._read_pair(path)
            self.at += 1
        else:
            self.at = self._match(_STRING if sign in "\"'" else _BARE_VALUE).end()

    def _skip(self, pattern: re.Pattern[str]) -> int:
        self.at = self._match(pattern).end()
        return self.at

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self.text, self.at)
        assert match is not None, "tomllib accepted this text"
        return match


def _find_in_string(text: str, start: int, index: int) -> int:
    """Returns the offset in ``text`` of the character ``index`` of the string whose opening quote is at ``start``."""
    quote = text[start]
    if quote not in "\"'":
        return start
    tripled = text.startswith(quote * 3, start)
    offset = start + (3 if tripled else 1)
    if tripled and text[offset] == "\n":  # a line break right after the opening quotes is not part of the value
        offset += 1
    while index > 0:
        escape = _ESCAPE.match(text, offset) if quote == '"' and text[offset] == "\\" else None
        if escape is None:
            offset += 1
            index -= 1
        else:
            offset = escape.end()
            index -= 0 if "\n" in escape[0] else 1
    return offset
