"""Runs one command and measures its whole process tree: wall time, CPU time and peak memory. Linux only (``/proc``)."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
SAMPLE_SECONDS = 0.1
"""Least time between two looks at a process tree."""
SAMPLE_SHARE = 0.04
"""Share of a core that looking may take: PSS is summed over every page of memory, some 20 ms of CPU for 1.2 GB in eight
processes, and what looking takes the measured processes lack."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one command took, with all its descendants."""

    exit_code: int
    """Negative: killed by that signal."""
    seconds: float
    cpu_seconds: float
    """User and system time."""
    pss_bytes: int
    """Peak of the sum of PSS, where memory shared by n processes counts 1/n in each: what the machine really holds."""
    rss_bytes: int
    """Peak of the sum of RSS, where shared memory counts once per process."""


@dataclass(frozen=True, slots=True)
class _Process:
    pid: int
    parent: int
    session: int
    cpu_seconds: float
    rss_bytes: int


def _list_processes() -> list[_Process]:
    found = []
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            with suppress(OSError, IndexError, ValueError):
                # The name in parentheses may hold spaces and parentheses of its own (proc_pid_stat(5)).
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                found.append(
                    _Process(
                        pid=int(entry.name),
                        parent=int(fields[1]),
                        session=int(fields[3]),
                        cpu_seconds=(int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND,
                        rss_bytes=int(fields[21]) * PAGE_BYTES,
                    )
                )
    return found


def _pick_tree(processes: Sequence[_Process], root: int) -> list[_Process]:
    """Returns the root, its descendants, and orphans that stayed in the session it leads."""
    members = {root} | {process.pid for process in processes if process.session == root}
    grown = True
    while grown:
        children = {process.pid for process in processes if process.parent in members} - members
        members |= children
        grown = bool(children)
    return [process for process in processes if process.pid in members]


def _read_pss(pid: int) -> int:
    with suppress(OSError, ValueError, IndexError):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


class _Sampler(threading.Thread):
    """Looks at a process tree until stopped, as often as ``SAMPLE_SECONDS`` and ``SAMPLE_SHARE`` allow."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.root = root
        self.pss_bytes = 0
        self.rss_bytes = 0
        self.cpu_by_pid: dict[int, float] = {}
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.is_set():
            before = time.thread_time()
            tree = _pick_tree(_list_processes(), self.root)
            self.rss_bytes = max(self.rss_bytes, sum(process.rss_bytes for process in tree))
            self.pss_bytes = max(self.pss_bytes, sum(_read_pss(process.pid) for process in tree))
            self.cpu_by_pid.update((process.pid, process.cpu_seconds) for process in tree)
            self.stopped.wait(max(SAMPLE_SECONDS, (time.thread_time() - before) / SAMPLE_SHARE))


def _kill_session(root: int) -> None:
    for process in _pick_tree(_list_processes(), root):
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)


def run_measured(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path, timeout_seconds: float
) -> Usage:
    """Runs a command to its end and returns what it and its descendants took; output and errors go to ``log``.

    A command that takes longer than ``timeout_seconds`` is killed with all its descendants. Raises `OSError` where it
    cannot be started.
    """
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip
        sampler = _Sampler(process.pid)
        alarm = threading.Timer(timeout_seconds, _kill_session, [process.pid])
        alarm.daemon = True
        sampler.start()
        alarm.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
        except BaseException:
            _kill_session(process.pid)
            raise
        finally:
            alarm.cancel()
            sampler.stopped.set()
            sampler.join()
        _kill_session(process.pid)  # whatever the command left behind
    # The kernel adds up descendants that were waited for; the samples know those that were not.
    cpu_seconds = max(usage.ru_utime + usage.ru_stime, sum(sampler.cpu_by_pid.values()))
    return Usage(process.returncode, seconds, cpu_seconds, sampler.pss_bytes, sampler.rss_bytes)
