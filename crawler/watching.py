"""The loop of ``scrapy watch``: each round is a process of its own, so what goes wrong in one ends with it."""

from __future__ import annotations

import math
import signal
import subprocess
import threading
from pathlib import Path
from time import monotonic
from types import FrameType

from db.connection import ArchiveError, from_text, open_readonly, utc_now
from db.queue import next_due_at
from db.rechecks import next_recheck_due

PAUSE_MAX_SECONDS = 300.0
"""Looked at again at the latest after this: sources.toml may have got a new seed."""
GRACE_SECONDS = 60.0
"""A round that was asked to stop gets this long to store what it is reading."""


class Watch:
    """Runs a crawl command again and again until SIGTERM or SIGINT."""

    def __init__(
        self,
        command: list[str],
        database: Path,
        *,
        pause_seconds: float,
        rounds: int | None = None,
        rechecks: bool = True,
    ) -> None:
        self.command = command
        self.database = database
        self.pause_seconds = pause_seconds
        self.rounds = rounds
        self.rechecks = rechecks
        self.stopping = threading.Event()
        self.child: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Returns 0 when asked to stop or the rounds are used up; a failing round is told and outlived."""
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            done = 0
            while not self.stopping.is_set():
                code = self._round()
                done += 1
                if self.rounds is not None and done >= self.rounds:
                    break
                if code and not self.stopping.is_set():
                    print(f"round ended with exit code {code}; the next one tries again", flush=True)
                self.stopping.wait(seconds_until_due(self.database, self.pause_seconds, rechecks=self.rechecks))
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        return 0

    def _round(self) -> int:
        # A session of its own: Ctrl-C in the terminal reaches the round once, through this process.
        self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, start_new_session=True)
        if self.stopping.is_set():
            self.child.terminate()
        kill_at = math.inf
        while True:
            try:
                return self.child.wait(timeout=1.0)
            except subprocess.TimeoutExpired:
                if self.stopping.is_set():
                    kill_at = min(kill_at, monotonic() + GRACE_SECONDS)
                if monotonic() >= kill_at:
                    self.child.kill()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping.set()
        if self.child is not None and self.child.poll() is None:
            self.child.terminate()


def seconds_until_due(database: Path, pause_seconds: float, *, rechecks: bool = True) -> float:
    """Returns how long to wait for the next round: until something is due, within the pause and its bound.

    ``rechecks`` says whether articles are looked at again by schedule at all.
    """
    try:
        db = open_readonly(database)
        times = [next_due_at(db), next_recheck_due(db) if rechecks else None]
        due = min((time for time in times if time is not None), default=None)
        db.close()
    except ArchiveError:
        return pause_seconds
    if not due:
        return pause_seconds if due == "" else max(pause_seconds, PAUSE_MAX_SECONDS)
    wait = (from_text(due) - from_text(utc_now())).total_seconds()
    return min(max(wait, pause_seconds), max(PAUSE_MAX_SECONDS, pause_seconds))
