"""An embedded newsroom: a dozen invented outlets behind one local HTTP proxy, with the truth about every page.

>>> with start() as newsroom:
...     newsroom.fetch("http://hindukush-post.example/")
"""

from __future__ import annotations

import http.client
import json
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the newsroom as sent: names of headers in lower case, content coding not undone."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Newsroom:
    """A running newsroom. ``url`` serves as ``http_proxy``; every invented host is reachable through it."""

    port: int
    url: str
    pid: int
    log: Path | None = None

    def fetch(self, url: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> Reply:
        """Returns the answer to one request sent through the proxy."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)
        try:
            connection.request(method, url, headers=dict(headers or {}))
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, names, answer.read())
        finally:
            connection.close()

    def advance(self) -> int:
        """Moves to the next stage (the last one stays) and returns its number."""
        return int(json.loads(self.fetch("http://newsroom.test/advance", method="POST").body)["stage"])

    def reset(self) -> int:
        """Moves back to stage 1, forgets who was told to retry, and returns the stage."""
        return int(json.loads(self.fetch("http://newsroom.test/reset", method="POST").body)["stage"])

    def stage(self) -> int:
        """Returns the current stage, 1 or 2."""
        return int(json.loads(self.fetch("http://newsroom.test/stage").body)["stage"])

    def truth(self, stage: int | None = None) -> dict[str, Any]:
        """Returns the golden record of a stage (default: the current); its shape is told in ``truth.tell_truth``."""
        query = f"?stage={stage}" if stage else ""
        told: dict[str, Any] = json.loads(self.fetch(f"http://newsroom.test/truth.json{query}").body)
        return told

    def sources(self) -> str:
        """Returns the text of ``sources.toml`` for every outlet."""
        return self.fetch("http://newsroom.test/sources.toml").body.decode()

    def hostile_source(self) -> str:
        """Returns the text of a ``sources.toml`` that names only the hostile host."""
        return self.fetch("http://newsroom.test/hostile.toml").body.decode()

    def accesses(self) -> list[dict[str, Any]]:
        """Returns the access log so far, oldest first; empty when the newsroom was started without one."""
        if self.log is None or not self.log.exists():
            return []
        # The last line may be amid its writing.
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines(True) if line.endswith("\n")]


@contextmanager
def start(log: Path | None = None, latency_ms: float = 0.0) -> Iterator[Newsroom]:
    """Runs the newsroom in a process of its own on a free port, and ends it by its id when the block is left.

    Raises RuntimeError with the process's last words when it does not answer in time.
    """
    command = [sys.executable, "-m", "tests.newsroom", "--port", "0", "--latency-ms", str(latency_ms)]
    command += ["--log", str(log.resolve())] if log else []
    # A file, because a pipe nobody reads would block the newsroom once it is full.
    with tempfile.TemporaryFile("w+") as complaints:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=complaints, text=True)
        try:
            told = _await_start(process)
            if told is None:
                complaints.seek(0)
                raise RuntimeError(f"the newsroom did not start: {complaints.read()}")
            newsroom = Newsroom(told["port"], told["url"], process.pid, log)
            newsroom.stage()
            yield newsroom
        finally:
            process.terminate()
            try:
                process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def _await_start(process: subprocess.Popen[str]) -> dict[str, Any] | None:
    """Returns what the newsroom printed on start, or None when it said nothing in time."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    line = process.stdout.readline() if ready else ""
    return dict(json.loads(line)) if line else None
