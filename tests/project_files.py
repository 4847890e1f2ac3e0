"""The files that make up the project."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
_MADE = {"__pycache__", "demo", "archive", "build", "node_modules"}


@cache
def project_files() -> tuple[str, ...]:
    """Returns the paths of all files of the project, from its folder, sorted: those git tracks or would.

    In a copy without git (an unpacked release) those that are neither hidden nor made by running it.
    """
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        names = [name for name in done.stdout.splitlines() if (PROJECT / name).is_file()]
    else:
        paths = (path.relative_to(PROJECT) for path in PROJECT.rglob("*") if path.is_file())
        names = [path.as_posix() for path in paths if not any(_is_made(part) for part in path.parts)]
    return tuple(sorted(names))


def _is_made(part: str) -> bool:
    return part in _MADE or (part.startswith(".") and part not in (".ci", ".gitignore")) or part.endswith(".db")
