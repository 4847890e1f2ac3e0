"""Imports run one way, crawler -> pipelines -> db, nothing imports tests or benchmarks, and no modules form a ring."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
LAYERS = ("crawler", "pipelines", "db")
"""From the top down: each may import itself and what stands behind it."""
OUTSIDE = ("tests", "benchmarks")


def _files(*tops: str) -> dict[str, Path]:
    """Module name -> file of every module of ours."""
    found = {}
    for top in tops:
        for path in sorted((PROJECT / top).rglob("*.py")):
            name = ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")
            found[name] = path
    return found


def _imports(source: str, module: str, is_package: bool = False) -> Iterator[tuple[int, str]]:
    """Yields (line, dotted name) of everything a module imports anywhere: in functions and TYPE_CHECKING blocks too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            package = module.split(".") if is_package else module.split(".")[:-1]
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            start = ".".join(filter(None, (base, node.module)))
            yield node.lineno, start
            for alias in node.names:
                yield node.lineno, f"{start}.{alias.name}"
        elif isinstance(node, ast.Call) and _is_import_call(node.func):
            for argument in node.args[:1]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield node.lineno, argument.value


def _is_import_call(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in ("import_module", "__import__")


def _forbidden(module: str, imported: str) -> bool:
    here, there = module.partition(".")[0], imported.partition(".")[0]
    if there in OUTSIDE:
        return here not in OUTSIDE
    return here in LAYERS and there in LAYERS and LAYERS.index(there) < LAYERS.index(here)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("db.store", "from pipelines.page import Page"),
        ("db.store", "import crawler.frontier as f"),
        ("pipelines.stages", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from crawler import archive"),
        ("pipelines.stages", "def f():\n    def g():\n        from crawler.guard import Refused"),
        ("crawler.polls", "from tests.newsroom import server"),
        ("crawler.polls", "import benchmarks"),
        ("db.site.plugin", "from ...crawler import runs"),
        ("db.store", "import importlib\nimportlib.import_module('pipelines.page')"),
    ],
)
def test_the_rule_catches_arrows_that_point_up(module: str, source: str) -> None:
    assert any(_forbidden(module, name) for _, name in _imports(source, module))


def test_the_rule_lets_arrows_down_and_sideways_pass() -> None:
    source = "from pipelines.page import Page\nfrom db import urls\nfrom . import polls\nimport crawlers, testing"
    assert not any(_forbidden("crawler.runs", name) for _, name in _imports(source, "crawler.runs"))


@pytest.mark.parametrize("layer", LAYERS)
def test_no_import_points_up(layer: str) -> None:
    files = _files(layer)
    assert files
    wrong = [
        f"{path.relative_to(PROJECT)}:{line} imports {name}"
        for module, path in files.items()
        for line, name in _imports(path.read_text(encoding="utf-8"), module, path.name == "__init__.py")
        if _forbidden(module, name)
    ]
    assert wrong == []


def test_no_modules_import_each_other_in_a_ring() -> None:
    files = _files(*LAYERS)
    graph = {
        module: {
            name
            for _, name in _imports(path.read_text(encoding="utf-8"), module, path.name == "__init__.py")
            if name in files and name != module and path.read_text(encoding="utf-8").strip()
        }
        for module, path in files.items()
    }
    assert _find_ring(graph) == []


def _find_ring(graph: dict[str, set[str]]) -> list[str]:
    """Returns the modules of one ring of imports, the first of them again at the end; empty where there is none."""
    done: set[str] = set()

    def walk(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return []
        for other in sorted(graph.get(module, ())):
            if ring := walk(other, [*path, module]):
                return ring
        done.add(module)
        return []

    return next((ring for module in sorted(graph) if (ring := walk(module, []))), [])


def test_a_ring_is_found() -> None:
    assert _find_ring({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["b", "c", "b"]
    assert _find_ring({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


HEAVY = {"sqlite_utils", "datasette", "trafilatura", "lxml.html", "numpy"}
"""A tenth of a second each, and more."""


def test_commands_are_listed_without_the_archive_and_the_extractor() -> None:
    """Scrapy imports every command before it runs one: what a command needs it imports when it runs."""
    list_ours = (
        "from scrapy.cmdline import _get_commands_from_module as find; assert 'crawl' in find('crawler.commands', 1)"
    )
    list_scrapys = "import scrapy.cmdline, scrapy.commands.crawl"
    ours, scrapys = (
        subprocess.run(
            [sys.executable, "-c", f"import sys; {code}; print(sorted({HEAVY!r} & set(sys.modules)))"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for code in (list_ours, list_scrapys)
    )
    assert ours == scrapys
