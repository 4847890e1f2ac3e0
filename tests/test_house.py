"""The rules of the house that a machine can check."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from db.version import VERSION

PROJECT = Path(__file__).parent.parent
CODE = [path for top in ("crawler", "pipelines", "db") for path in sorted((PROJECT / top).rglob("*.py"))]
TESTS = sorted((PROJECT / "tests").rglob("*.py"))
LINES_MAX = 400


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_file_is_longer_than_400_lines() -> None:
    assert CODE
    assert {str(path.relative_to(PROJECT)): n for path in CODE if (n := _lines(path)) > LINES_MAX} == {}


def test_there_are_more_lines_of_tests_than_of_code() -> None:
    assert sum(map(_lines, TESTS)) > sum(map(_lines, CODE))


def test_the_version_is_that_of_the_project_file() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == VERSION


def test_no_file_is_named_for_a_heap_of_things() -> None:
    vague = re.compile(r"utils?|helpers?|manager|misc|common|tools")
    assert [path.name for path in (*CODE, *TESTS) if vague.fullmatch(path.stem)] == []


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_file_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8").strip()
    assert not text or text.startswith(('"""', 'r"""', "#"))


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    mark = re.compile(r"pytest\.(?:skip|xfail|importorskip)\(|mark\.(?:skip|skipif|xfail)\b")
    # The tests in a real browser run only where one is installed.
    tests = [path for path in TESTS if path != Path(__file__) and path.parent.name != "browser"]
    assert [str(path) for path in tests if mark.search(path.read_text(encoding="utf-8"))] == []
