"""Invented texts for tests of copies: any number of them, none sharing a run of words with another unless asked to."""

from __future__ import annotations

import random

_STEMS = """
bridge council valley river market school harvest winter envoy talks border village road mayor farmer teacher water
snow train doctor window garden letter morning evening captain judge lawyer engineer soldier driver singer baker
minister region province district capital factory union worker strike wage price bread wheat apple grape cotton
""".split()  # noqa: SIM905 a list of fifty words reads better as words
_VERBS = (
    "said",
    "asked",
    "built",
    "closed",
    "opened",
    "counted",
    "promised",
    "refused",
    "carried",
    "mended",
    "crossed",
)


def write_words(seed: int, n: int) -> list[str]:
    """Returns ``n`` words of an invented report; another seed gives another report."""
    rng = random.Random(seed)
    return [f"{rng.choice(_STEMS)}{rng.randrange(60):x}" if k % 3 else rng.choice(_VERBS) for k in range(n)]


def write_text(seed: int, n: int = 300, paragraph: int = 50) -> str:
    """Returns an invented report of ``n`` words without numbers, in paragraphs."""
    words = [word.translate(str.maketrans("0123456789", "ghijklmnop")) for word in write_words(seed, n)]
    return "\n\n".join(" ".join(words[k : k + paragraph]) + "." for k in range(0, n, paragraph))


def first_words(text: str, n: int) -> str:
    """Returns the first words of a text."""
    return " ".join(text.split()[:n])
