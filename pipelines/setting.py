"""How the lines of a body are set on their page: which are links, which headings stand right above their text."""

from __future__ import annotations

from functools import cached_property

from lxml.html import HtmlElement

from pipelines.blocks import Block, find_blocks, make_key

_OPENING = 25
"""Characters of a key by which the block below a heading is known as the line below it."""


class Setting:
    """The page behind some lines. It is read when something is first asked: few bodies need it."""

    def __init__(self, tree: HtmlElement) -> None:
        self._tree = tree

    def share_of_links(self, line: str) -> float | None:
        """Returns how much of a line is the text of links, 0 to 1; None where no block of the page is that line."""
        numbers = self._numbers.get(make_key(line))
        return max(min(1.0, self._blocks[number].share_of_links()) for number in numbers) if numbers else None

    def is_heading(self, line: str) -> bool:
        """Says whether the page marks a line as a heading."""
        return any(self._blocks[number].is_heading for number in self._numbers.get(make_key(line), ()))

    def leads_to(self, line: str, below: str) -> bool:
        """Says whether nothing stands on the page between a line and the one below it in the body.

        Between the heading of a box and the next paragraph of the story stands what the box holds.
        """
        start = make_key(below)[:_OPENING]
        following = (number + 1 for number in self._numbers.get(make_key(line), ()))
        return any(number < len(self._keys) and self._keys[number].startswith(start) for number in following)

    @cached_property
    def _blocks(self) -> list[Block]:
        return find_blocks(self._tree)

    @cached_property
    def _keys(self) -> list[str]:
        return [block.key or make_key("".join(block.element.itertext())) for block in self._blocks]

    @cached_property
    def _numbers(self) -> dict[str, list[int]]:
        numbers: dict[str, list[int]] = {}
        for number, key in enumerate(self._keys):
            numbers.setdefault(key, []).append(number)
        return numbers
