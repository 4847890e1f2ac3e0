"""Time as the frontier sees it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic


class Clock:
    """Time as the frontier sees it; tests let hours pass in no time."""

    def now(self) -> datetime:
        """Returns the present moment, for what is stored."""
        return datetime.now(UTC)

    def seconds(self) -> float:
        """Returns seconds that only ever grow, for pauses within a run."""
        return monotonic()

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        """Returns when the event is set, or after so many seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)
