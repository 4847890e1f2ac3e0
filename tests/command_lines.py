"""Reads command lines of documents and service files with the program's own parsers."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from functools import cache

import scrapy.commands
from scrapy.commands import ScrapyCommand
from scrapy.settings import Settings

import crawler.commands

ACTIONS = {
    "source": ("list", "add", "import", "export"),
    "topic": ("list", "test", "diff", "apply", "suggest", "who"),
    "lines": ("list", "keep", "remove"),
    "crawl": ("news",),
}
"""What must follow a command that is nothing without it."""


class Wrong(Exception):
    """A command line that the program would refuse; the text says why."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise Wrong(message)


@cache
def own_commands() -> tuple[str, ...]:
    """Returns the names of the commands in ``crawler/commands/``."""
    return tuple(module.name for module in pkgutil.iter_modules(crawler.commands.__path__))


@cache
def scrapy_commands() -> tuple[str, ...]:
    """Returns the names of Scrapy's own commands that are not replaced."""
    names = {module.name for module in pkgutil.iter_modules(scrapy.commands.__path__)}
    return tuple(sorted(names - set(own_commands())))


def make_command(name: str) -> ScrapyCommand:
    """Returns a command of the project or of Scrapy; raises `Wrong` where there is none of that name."""
    if name in own_commands():
        module = importlib.import_module(f"crawler.commands.{name}")
    elif name in scrapy_commands():
        module = importlib.import_module(f"scrapy.commands.{name}")
    else:
        raise Wrong(f"there is no command `scrapy {name}`")
    command: ScrapyCommand = module.Command()
    command.settings = Settings()
    command.settings.setmodule("crawler.settings", priority="project")
    return command


def make_parser(name: str) -> argparse.ArgumentParser:
    """Returns the parser of one command, as `scrapy.cmdline.execute` makes it."""
    command = make_command(name)
    parser = _Parser(prog=f"scrapy {name}", conflict_handler="resolve")
    command.add_options(parser)
    return parser


def own_options(name: str) -> list[argparse.Action]:
    """Returns the options of a command without those that every command has."""
    everywhere = {text for action in global_options() for text in action.option_strings}
    return [
        action
        for action in make_parser(name)._actions
        if action.option_strings
        and action.help != argparse.SUPPRESS
        and not everywhere.intersection(action.option_strings)
    ]


def global_options() -> list[argparse.Action]:
    """Returns the options that every command has."""

    class Bare(ScrapyCommand):
        def short_desc(self) -> str:
            return ""

        def run(self, args: list[str], opts: argparse.Namespace) -> None: ...

    bare = Bare()
    bare.settings = Settings()
    parser = argparse.ArgumentParser(conflict_handler="resolve")
    bare.add_options(parser)
    return [action for action in parser._actions if action.option_strings]


def check_command_line(words: list[str]) -> str | None:
    """Returns what is wrong with the words after ``scrapy``, or None where the program would take them."""
    try:
        name = next((word for word in words if not word.startswith("-")), None)
        if name is None:
            return None
        rest = list(words)
        rest.remove(name)
        options, arguments = make_parser(name).parse_known_args(rest)
        unknown = [word for word in arguments if word.startswith("-") and word != "-"]
        if unknown:
            raise Wrong(f"`scrapy {name}` has no option {unknown[0]}")
        if name in ACTIONS and (not arguments or arguments[0] not in ACTIONS[name]):
            raise Wrong(f"after `scrapy {name}` comes one of {', '.join(ACTIONS[name])}, not {arguments[:1]}")
        if name in own_commands() and name not in ACTIONS and arguments:
            raise Wrong(f"`scrapy {name}` takes no arguments, got {arguments}")
        known = make_command(name).settings
        assert known is not None
        for pair in options.set:
            if pair.partition("=")[0] not in known:
                raise Wrong(f"there is no setting {pair.partition('=')[0]}")
    except Wrong as wrong:
        return str(wrong)
    return None
