"""How counts read, on the site and on a command line. Imports nothing, so that a command starts at once."""

from __future__ import annotations


def say_number(value: float | None) -> str:
    """Returns a whole number with thousands separated (``1,236``)."""
    return f"{round(value or 0):,}"


def say_count(n: int | None, most: int) -> str:
    """Returns a number that was counted no further than one beyond ``most`` (``1,000+``)."""
    return f"{say_number(most)}+" if n is not None and n > most else say_number(n)


def plural(n: int | None, one: str, many: str = "") -> str:
    """Returns a count with its noun (``1 outlet``, ``2,000 outlets``); ``many`` is the noun with an s if not given."""
    return f"{say_number(n)} {one if n == 1 else many or f'{one}s'}"
