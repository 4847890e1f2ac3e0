"""What a command says of words it was given and does not know. Scrapy hands unknown options on as arguments."""

from __future__ import annotations

from collections.abc import Sequence

from scrapy.exceptions import UsageError


def refuse_options(command: str, args: Sequence[str]) -> None:
    """Raises `UsageError` where an argument is a mistyped option."""
    for arg in args:
        if arg.startswith("-") and arg != "-":
            raise UsageError(f"no such option: {arg}; `scrapy {command} -h` lists what there is", print_help=False)


def refuse_arguments(command: str, args: Sequence[str]) -> None:
    """Raises `UsageError` where a command that takes no arguments was given one."""
    refuse_options(command, args)
    if args:
        raise UsageError(f"{command} takes no arguments, got: {' '.join(args)}", print_help=False)
