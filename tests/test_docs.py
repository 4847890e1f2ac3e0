"""The documents say what is there: commands, settings, packages, files, links."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import shlex
import sqlite3
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from scrapy.settings import default_settings

from crawler import settings
from db.connection import insert, open_archive, transaction
from db.version import VERSION
from pipelines.relevance import judge_examples
from pipelines.topic_file import load_topics
from tests.command_lines import (
    ACTIONS,
    Wrong,
    check_command_line,
    global_options,
    make_command,
    own_commands,
    own_options,
)
from tests.project_files import PROJECT, project_files

PAGES = tuple(name for name in project_files() if name.endswith(".md"))
CODE = tuple(
    name for name in project_files() if name.endswith(".py") and name.startswith(("crawler/", "pipelines/", "db/"))
)
SETTINGS = tuple(name for name in dir(settings) if name.isupper() and name not in ("PROJECT", "VERSION"))
OWN_SETTINGS = tuple(name for name in SETTINGS if not hasattr(default_settings, name))
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.M | re.S)


def read(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def rows(text: str) -> list[list[str]]:
    """Returns the cells of every table row of a page, headings and rules left out."""
    lines = text.splitlines()
    out = []
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if line.startswith("|") and not is_rule(line) and not is_rule(following):
            out.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return out


def is_rule(line: str) -> bool:
    return re.fullmatch(r"\|(?:\s*:?-+:?\s*\|)+", line) is not None


def sections(text: str) -> dict[str, str]:
    """Returns heading of the second level -> the text below it."""
    parts = re.split(r"^## (.+)$", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def code(cell: str) -> list[str]:
    """Returns what stands in backticks in a cell."""
    return re.findall(r"`([^`]+)`", cell)


# --- commands ---------------------------------------------------------------------------------------------------------

COMMANDS = sections(read("docs/commands.md"))


def section_of(command: str) -> str:
    return COMMANDS["scrapy crawl news" if command == "crawl" else f"scrapy {command}"]


def documented(text: str) -> set[str]:
    """Returns the options in the first cells of a section's tables, without the names of their values."""
    cells = [word for row in rows(text) for word in code(row[0])]
    return {word.split()[0] for word in cells if word.startswith("-")}


@pytest.mark.parametrize("command", own_commands())
def test_every_command_has_its_options_and_exit_codes_documented(command: str) -> None:
    text = section_of(command)
    known = {option for action in own_options(command) for option in action.option_strings}
    assert documented(text) == known
    assert "xit code" in text


@pytest.mark.parametrize("command", own_commands())
def test_every_default_in_the_help_is_in_the_document(command: str) -> None:
    text = section_of(command)
    for action in own_options(command):
        default = re.search(r"\(default: ([^),]+)", action.help or "")
        if default:
            (line,) = [line for line in text.splitlines() if line.startswith(f"| `{action.option_strings[0]}")]
            assert f"default: {default[1]}" in line, action.option_strings


def test_every_documented_command_exists() -> None:
    names = {heading.split()[1] for heading in COMMANDS if heading.startswith("scrapy ")}
    assert names == set(own_commands())


def test_the_options_of_every_command_are_documented() -> None:
    text = COMMANDS["Options of every command"]
    assert documented(text) <= {option for action in global_options() for option in action.option_strings}
    for action in global_options():
        assert any(f"`{option}" in text for option in action.option_strings), action.option_strings


@pytest.mark.parametrize("command", ["source", "topic", "lines"])
def test_every_action_of_a_command_is_documented(command: str) -> None:
    found = {words[0].split()[0] for row in rows(section_of(command)) if (words := code(row[0]))}
    assert set(ACTIONS[command]) == {word for word in found if not word.startswith("-")}
    syntax = make_command(command).syntax()
    assert [part.split()[0] for part in syntax.split("|")] == list(ACTIONS[command])


def command_lines() -> Iterator[tuple[str, str]]:
    """Yields (page, line) for every `scrapy` or `parley` command in a code block of any page."""
    for page in PAGES:
        for _, _, block in FENCE.findall(read(page)):
            for line in block.replace("\\\n", " ").splitlines():
                if re.match(r"\s*(?:\$ )?(?:sudo -u \w+ )?(?:\S*/)?(?:scrapy|parley) ", line):
                    yield page, line.strip()


def test_command_lines_are_found() -> None:
    found = list(command_lines())
    assert len(found) > 15
    assert {page for page, _ in found} >= {"README.md", "docs/commands.md", "deploy/README.md"}


@pytest.mark.parametrize(("page", "line"), sorted(set(command_lines())))
def test_a_command_in_a_code_block_would_be_taken(page: str, line: str) -> None:
    words = shlex.split(line, comments=True)
    words = words[3:] if words[0] == "sudo" else words
    start = next(n for n, word in enumerate(words) if re.fullmatch(r"(?:\S*/)?(?:scrapy|parley)", word))
    assert check_command_line(words[start + 1 :]) is None, page


@pytest.mark.parametrize("page", PAGES)
def test_a_command_named_in_a_sentence_exists(page: str) -> None:
    text = FENCE.sub("", read(page))
    for name in re.findall(r"`(?:\S*/)?scrapy ([a-z]+)\b", text):
        make_command(name)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("crawl news --fast", "no option --fast"),
        ("crawl", "comes one of news"),
        ("source remove x", "comes one of list, add"),
        ("status now", "takes no arguments"),
        ("rescore", "no command"),
        ("watch --every soon", "invalid float"),
        ("crawl news -s DATABAS=x.db", "no setting DATABAS"),
    ],
)
def test_the_check_of_command_lines_finds_mistakes(line: str, message: str) -> None:
    assert message in (check_command_line(line.split()) or "")


def test_a_command_that_does_not_exist_is_wrong() -> None:
    with pytest.raises(Wrong, match="no command `scrapy doctor`"):
        make_command("doctor")


# --- settings ---------------------------------------------------------------------------------------------------------

SETTINGS_PAGE = sections(read("docs/settings.md"))


def settings_rows(section: str) -> dict[str, list[str]]:
    return {code(row[0])[0]: row for row in rows(SETTINGS_PAGE[section])}


def test_every_own_setting_is_documented_and_none_else() -> None:
    assert set(settings_rows("Parley's own")) == set(OWN_SETTINGS)


@pytest.mark.parametrize("name", OWN_SETTINGS)
def test_the_default_of_an_own_setting_is_the_documented_one(name: str) -> None:
    _, default, unit, meaning, example = settings_rows("Parley's own")[name]
    value = getattr(settings, name)
    shown = ast.literal_eval(code(default)[0])
    if unit == "path":
        shown = str(PROJECT / shown)
    assert (shown, type(shown)) == (value, type(value))
    assert unit
    assert meaning
    assert re.fullmatch(rf"`-s {name}=\S+`", example)
    assert check_command_line(["crawl", "news", *code(example)[0].split()]) is None


def test_every_changed_setting_of_scrapy_is_documented_and_none_else() -> None:
    assert set(settings_rows("Scrapy's, changed")) == set(SETTINGS) - set(OWN_SETTINGS)


@pytest.mark.parametrize("name", sorted(set(SETTINGS) - set(OWN_SETTINGS)))
def test_the_value_of_a_changed_setting_is_the_documented_one(name: str) -> None:
    _, shown, why = settings_rows("Scrapy's, changed")[name]
    value: Any = getattr(settings, name)
    assert why
    if isinstance(value, dict) and name != "DEFAULT_REQUEST_HEADERS":
        on, off = (sorted(_last(key) for key in value if (value[key] is None) == is_off) for is_off in (False, True))
        named_on, named_off = _named(shown)
        assert (named_on, named_off) == (on, off)
    elif shown.startswith("`") and shown.count("`") == 2 and shown.endswith("`"):
        assert ast.literal_eval(code(shown)[0]) == value


def test_settings_shown_in_words_are_few() -> None:
    in_words = {
        name
        for name, (_, shown, _) in settings_rows("Scrapy's, changed").items()
        if not re.fullmatch("`[^`]+`", shown) and not isinstance(getattr(settings, name), dict)
    }
    assert in_words == {"USER_AGENT", "LOG_FORMAT"}
    assert f"Parley/{VERSION}" == settings.USER_AGENT


def _last(key: str) -> str:
    return key.rpartition(".")[2]


def _named(cell: str) -> tuple[list[str], list[str]]:
    """Returns the names a cell like ```A`, `B` on; `C` off`` gives as on and as off; without a word all are on."""
    on: list[str] = []
    off: list[str] = []
    for part in cell.split(";"):
        (off if part.endswith(" off") else on).extend(code(part))
    return sorted(on), sorted(off)


def test_settings_named_elsewhere_exist() -> None:
    """A word in capitals with an underscore in backticks is a setting, a variable, or a constant of the code."""
    variables = set(re.findall(r"`([A-Z_]+)`", SETTINGS_PAGE["Environment"]))
    words = {word for name in project_files() if name.endswith(".py") for word in re.findall(r"[A-Z_]{3,}", read(name))}
    for page in PAGES:
        for name in re.findall(r"`([A-Z]+_[A-Z_]+)`", read(page)):
            assert name in SETTINGS or name in variables or name in words, (page, name)


# --- packages ---------------------------------------------------------------------------------------------------------

PROJECT_FILE = tomllib.loads(read("pyproject.toml"))["project"]
RUNTIME = {canonicalize_name(Requirement(text).name): Requirement(text) for text in PROJECT_FILE["dependencies"]}
DEVELOPMENT = {
    canonicalize_name(Requirement(text).name): Requirement(text)
    for text in PROJECT_FILE["optional-dependencies"]["dev"]
}
PACKAGES_PAGE = sections(read("docs/dependencies.md"))
IMPORTED = "Imported, and part of another package"


def package_rows(section: str) -> dict[str, list[str]]:
    return {canonicalize_name(code(row[0])[0]): row for row in rows(PACKAGES_PAGE[section])}


@cache
def imports_of(name: str) -> set[str]:
    """Returns the top-level names that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(read(name))):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def packages_of(module: str) -> set[str]:
    """Returns the distributions that a top-level module may come from."""
    return {str(canonicalize_name(name)) for name in modules_of_packages().get(module, [])}


@cache
def modules_of_packages() -> Mapping[str, list[str]]:
    """Returns top-level module -> the distributions that bring it."""
    return importlib.metadata.packages_distributions()


def test_every_runtime_package_has_a_reason() -> None:
    table = package_rows("What Parley runs on")
    assert set(table) == set(RUNTIME)
    assert all(len(row[2]) > 20 for row in table.values())


def importers_of(package: str) -> set[str]:
    """Returns the files of the code that import a package."""
    return {name for name in CODE if any(package in packages_of(module) for module in imports_of(name))}


MANY = 8
"""Files that import a package: from so many on the page names the chief one "and others"."""


def check_importers(package: str, where: str) -> None:
    """Fails where a cell of the page does not name all files that import a package, or not one of many."""
    named, importers = set(code(where)), importers_of(package)
    if where.endswith(" and others"):
        assert len(named) == 1 and named < importers and len(importers) >= MANY
    else:
        assert named == importers


@pytest.mark.parametrize("package", sorted(RUNTIME))
def test_a_runtime_package_is_imported_where_the_page_says(package: str) -> None:
    where = package_rows("What Parley runs on")[canonicalize_name(package)][1]
    if where.startswith("not imported:"):
        assert not importers_of(package), "it is imported: say where"
    else:
        check_importers(package, where)


def test_packages_that_are_not_imported_are_used_all_the_same() -> None:
    plugins = {
        str(canonicalize_name(point.dist.name))
        for point in importlib.metadata.entry_points(group="datasette")
        if point.dist is not None
    }
    exempt = {name for name, row in package_rows("What Parley runs on").items() if row[1].startswith("not imported:")}
    assert exempt == {"lxml-html-clean", "datasette-template-sql", "datasette-block-robots"}
    assert exempt - {"lxml-html-clean"} <= plugins
    assert any("sql(" in read(name) for name in project_files() if name.startswith("db/site/templates/"))
    assert "datasette-block-robots" in read("db/site/datasette.yaml")
    assert "justext" in {Requirement(text).name for text in importlib.metadata.requires("trafilatura") or []}
    justext = [path for path in importlib.metadata.files("justext") or [] if path.suffix == ".py"]
    assert any("lxml.html.clean" in path.read_text() or "lxml_html_clean" in path.read_text() for path in justext)


def test_every_import_is_a_declared_package_or_a_stated_part_of_one() -> None:
    parts = package_rows(IMPORTED)
    undeclared: dict[str, list[str]] = {}
    for name in CODE:
        for module in imports_of(name) - set(sys.stdlib_module_names) - {"crawler", "pipelines", "db", "__future__"}:
            if not packages_of(module) & {*RUNTIME, *parts}:
                undeclared.setdefault(module, []).append(name)
    assert undeclared == {}, "declare it in pyproject.toml and give its reason in docs/dependencies.md"


@pytest.mark.parametrize("package", sorted(package_rows(IMPORTED)))
def test_a_part_of_another_package_comes_with_it(package: str) -> None:
    _, carrier, where, _ = package_rows(IMPORTED)[canonicalize_name(package)]
    (carrier_name,) = code(carrier)
    assert carrier_name in RUNTIME
    needs = {canonicalize_name(Requirement(text).name) for text in importlib.metadata.requires(carrier_name) or []}
    assert package in needs
    check_importers(package, where)


def test_the_packages_for_development_have_reasons() -> None:
    assert set(package_rows("For development")) == set(DEVELOPMENT)


LOCK = read("requirements.lock")
LOCKED = [
    (str(canonicalize_name(match[1])), match[2])
    for match in re.finditer(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", LOCK, re.M)
]
"""A package may stand there twice, with versions for different Pythons."""


@pytest.mark.parametrize("package", sorted({**RUNTIME, **DEVELOPMENT}))
def test_the_lock_has_a_version_that_the_project_allows(package: str) -> None:
    requirement = {**RUNTIME, **DEVELOPMENT}[canonicalize_name(package)]
    versions = [version for name, version in LOCKED if name == package]
    assert versions
    assert [version for version in versions if not requirement.specifier.contains(version, prereleases=True)] == []


def test_everything_in_the_lock_has_hashes_and_nothing_names_an_index() -> None:
    entries = re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n?", "", LOCK, flags=re.M).strip())
    assert len(entries) == len(LOCKED) > 60
    for entry in entries:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry.splitlines()[0]
        assert "://" not in entry
        assert not entry.startswith("-")


def test_every_target_of_make_that_a_page_names_is_one() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.M))
    named = {target for name in PAGES for target in re.findall(r"(?:^|`)make ([a-z]+)", read(name), re.M)}
    assert len(named) > 4 and named <= targets
    (phony,) = re.findall(r"^\.PHONY: (.*)", makefile, re.M)
    assert set(phony.split()) == targets


# --- files, links, changelog ------------------------------------------------------------------------------------------


def anchors(name: str) -> set[str]:
    """Returns the anchors of a page's headings as Git forges make them."""
    text = FENCE.sub("", read(name))
    heads = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", head.replace("`", "").lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    text = FENCE.sub("", read(page))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            assert target.startswith("https://"), target
            continue
        path, _, anchor = target.partition("#")
        name = (PROJECT / page).parent.joinpath(path).resolve() if path else PROJECT / page
        assert name.exists(), target
        assert name.is_relative_to(PROJECT), target
        if anchor:
            assert anchor in anchors(name.relative_to(PROJECT).as_posix()), target


@pytest.mark.parametrize("page", PAGES)
def test_files_named_in_backticks_exist(page: str) -> None:
    known = {*project_files(), *(str(parent) for name in project_files() for parent in PurePosixPath(name).parents)}
    for name in re.findall(
        r"`((?:crawler|pipelines|db|tests|docs|deploy|benchmarks|topics)/[\w./-]*\w)/?`", read(page)
    ):
        assert name in known or name == "topics/river-dam.toml", name


def test_every_page_is_reached_from_the_readme() -> None:
    linked = set(re.findall(r"\]\(([^)#\s]+\.md)", read("README.md")))
    assert {page for page in PAGES if page != "README.md"} == linked


def test_every_file_of_the_code_has_its_place_on_the_map() -> None:
    named: set[str] = set()
    for row in rows(read("docs/architecture.md")):
        first, *others = [word for word in code(row[0]) if word.endswith(".py")]
        folder = first.rpartition("/")[0]
        named.update((first, *(f"{folder}/{other}" for other in others)))
    files = {name for name in CODE if not name.endswith("__init__.py")}
    assert named - files == set(), "docs/architecture.md names files that are gone"
    assert files - named == set(), "add a line to docs/architecture.md for these"


def test_the_changelog_begins_with_this_version() -> None:
    first = re.search(r"^## (\S+)", read("CHANGELOG.md"), re.M)
    assert first is not None
    assert first[1] == VERSION


REGISTRIES = tuple(".".join(parts) for parts in (
    ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("crates", "io"), ("rubygems", "org"),
    ("golang", "org"), ("anaconda", "org"), ("ghcr", "io"), ("quay", "io"), ("docker", "io"),
))  # fmt: skip
HOME = re.compile(r"(?<![\w./~-])/(?:home|root|Users)/\w")


@pytest.mark.parametrize("name", project_files())
def test_no_file_names_a_registry_or_somebodys_folder(name: str) -> None:
    text = (PROJECT / name).read_bytes().decode("utf-8", errors="replace")
    assert [host for host in REGISTRIES if host in text] == []
    assert HOME.search(text) is None


def test_the_check_for_folders_tells_paths_from_addresses() -> None:
    assert HOME.search("see " + "/home" + "/desk/x")
    assert not HOME.search("https://www.valleypost.example/home/page")


def test_measured_figures_have_a_command() -> None:
    """A page that says "measured" names the program that measures."""
    for page in ("README.md", "docs/operations.md", "docs/extraction.md", "docs/benchmarks.md"):
        text = read(page)
        if re.search(r"\bMeasured\b", text):
            modules = re.findall(r"python -m (benchmarks\.\w+)", text)
            assert modules, page
            for module in modules:
                assert (PROJECT / f"{module.replace('.', '/')}.py").exists()


def test_the_topic_of_the_readme_works(tmp_path: Path) -> None:
    (block,) = [body for _, language, body in FENCE.findall(read("README.md")) if language == "toml"]
    (tmp_path / "river-dam.toml").write_text(block, encoding="utf-8")
    (topic,) = load_topics(tmp_path)
    assert [verdict == example.expect for example, verdict, _ in judge_examples(topic)] == [True]


def test_the_sql_of_the_pages_runs(tmp_path: Path) -> None:
    db = open_archive(tmp_path / "news.db")
    statements = [sql for page in PAGES for sql in re.findall(r'sqlite3 \S+ "((?:SELECT|PRAGMA)[^"]+)"', read(page))]
    assert len(statements) >= 3
    for statement in statements:
        for one in statement.split("; "):
            db.execute(one).fetchall()
    db.close()


def test_the_backups_of_the_operations_page_are_whole_while_somebody_writes(tmp_path: Path) -> None:
    db = open_archive(tmp_path / "news.db")
    with transaction(db):
        insert(db, "runs", {"started_at": "2026-11-22T10:00:00Z"})
    db.execute("BEGIN IMMEDIATE")  # a crawl in the middle of a transaction
    insert(db, "runs", {"started_at": "2026-11-22T11:00:00Z"})
    (statement,) = re.findall(r'"(VACUUM INTO [^"]+)"', read("docs/operations.md"))
    (target,) = re.findall("'([^']+)'", statement)
    (tmp_path / target).parent.mkdir()
    reader = sqlite3.connect(tmp_path / "news.db", isolation_level=None)
    reader.execute(statement.replace(target, str(tmp_path / target)))
    reader.close()
    db.rollback()
    copy = open_archive(tmp_path / target)
    assert copy.execute("SELECT count(*) FROM runs").fetchone() == (1,)
    assert copy.execute("PRAGMA quick_check").fetchone() == ("ok",)
    db.close()
    copy.close()
