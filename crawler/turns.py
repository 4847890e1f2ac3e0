"""Whose turn it is among the hosts that may be asked now."""

from __future__ import annotations

import heapq
from itertools import count

AHEAD_MAX_SECONDS = 60.0
"""So much of a host's remaining work counts at most: no host waits longer than this behind later ones."""


class Turns:
    """A queue of hosts in which long work goes ahead of short work.

    Ten pages of one host at a delay of a second take ten seconds, however idle the machine is. A host is therefore
    placed as if it had come as many seconds earlier as its pages will take: begun in time, it ends with the others
    instead of after them (the longest remaining time first, Graham 1969, aged so that nobody starves).
    """

    def __init__(self) -> None:
        self._hosts: list[tuple[float, int, str]] = []
        self._number = count()

    def __len__(self) -> int:
        return len(self._hosts)

    def add(self, host: str, now: float, ahead_seconds: float = 0.0) -> None:
        """Adds a host that came at ``now`` (seconds of any clock) and whose work will take so many seconds more."""
        place = now - min(ahead_seconds, AHEAD_MAX_SECONDS)
        heapq.heappush(self._hosts, (place, next(self._number), host))

    def pop(self) -> str:
        """Returns the host whose turn it is, and takes it out."""
        return heapq.heappop(self._hosts)[2]
