"""Runs ``scrapy`` in processes forked from one that has imported it: each command costs a second less.

What a test meets is a process of its own all the same, with its own session, folder, environment, output and exit code;
deprecations are errors in it. Crawls that are killed or watched start from nothing (`tests.crawling.Desk.started`).
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("scrapy.commands", "crawler")
"""What commands import, or Scrapy for them; never Twisted's reactor, which each process makes for itself."""


def run_scrapy(words: Sequence[str], *, env: Mapping[str, str], timeout: float) -> subprocess.CompletedProcess[str]:
    """Runs ``scrapy WORDS`` in the project's folder and returns what it said.

    Raises `subprocess.TimeoutExpired` after so many seconds, and kills the command with all it started.
    """
    with (
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as errors,
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line,
    ):
        line.connect(f"\0{_server()}")
        order = json.dumps({"words": list(words), "env": dict(env)}).encode()
        socket.send_fds(line, [order], [output.fileno(), errors.fileno()])
        pid = int(line.recv(100))
        line.settimeout(timeout)
        try:
            code = int(line.recv(100))
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(list(words), timeout) from None
        said = []
        for file in (output, errors):
            file.seek(0)
            said.append(file.read().decode())
    return subprocess.CompletedProcess(list(words), code, *said)


@cache
def _server() -> str:
    """Starts the process that is forked, once, and returns the address of its socket; it ends with this process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.forked_commands"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    atexit.register(process.communicate)
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def _import_everything() -> None:
    """Imports what commands do, with deprecations as errors (``python -W`` knows no classes of Scrapy's)."""
    from scrapy.exceptions import ScrapyDeprecationWarning

    warnings.simplefilter("error", ScrapyDeprecationWarning)
    for package in map(importlib.import_module, PACKAGES):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    for name in ("scrapy.cmdline", "scrapy.crawler"):
        importlib.import_module(name)
    assert "twisted.internet.reactor" not in sys.modules
    gc.collect()
    gc.freeze()  # what all share is never looked at again, and so never copied


def _serve() -> list[str]:
    """Answers orders until standard input ends; returns only in a process that is to run a command, with its words."""
    address = f"parley-tests-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(f"\0{address}")  # in Linux's abstract namespace: no file, gone with this process
        listener.listen(64)
        print(address, flush=True)
        while True:
            ready, _, _ = select.select([listener, sys.stdin], [], [])
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            if sys.stdin in ready:
                sys.exit()
            line, _ = listener.accept()
            with line:
                if os.fork() == 0:
                    listener.close()
                    return _keep(line)


def _keep(line: socket.socket) -> list[str]:
    """Takes one order, and tells the id and then the exit code of its process; returns in that process, with its words.

    An exit code below 0 names the signal that ended it.
    """
    message, files, _, _ = socket.recv_fds(line, 1 << 20, 2)
    order = json.loads(message)
    pid = os.fork()
    if pid:
        line.send(str(pid).encode())
        _, status = os.waitpid(pid, 0)
        with suppress(OSError):  # whoever asked has given it up
            line.send(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    line.close()
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, file in enumerate((nothing, *files)):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(order["env"])
    words: list[str] = order["words"]
    return words


if __name__ == "__main__":
    _import_everything()
    sys.argv = ["scrapy", *_serve()]
    from scrapy.cmdline import execute

    execute()
