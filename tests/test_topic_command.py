"""``scrapy topic`` as a user runs it: real processes, real files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
FILE = """\
id = "bridge"
title = "The bridge"
any = ["'bridge'"]
[[example]]
expect = "review"
title = "Bridge closes"
[[example]]
expect = "reject"
title = "Road closes"
"""


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scrapy", "topic", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bridge.toml").write_text(FILE, encoding="utf-8")
    return tmp_path


def test_list_and_test_of_the_shipped_topics() -> None:
    listed = _run("list")
    assert listed.returncode == 0, listed.stderr
    assert "afghan-peace-talks  Afghan peace talks" in listed.stdout
    tested = _run("test")
    assert tested.returncode == 0, tested.stdout
    assert "examples, 0 failed\n" in tested.stdout
    assert "scrapy reextract" in tested.stdout.splitlines()[-1]


def test_a_failing_example_is_shown_and_ends_with_1(folder: Path) -> None:
    path = folder / "bridge.toml"
    path.write_text(FILE.replace("Road closes", "Bridge opens"), encoding="utf-8")
    done = _run("test", "bridge", "-s", f"TOPICS={folder}")
    assert done.returncode == 1
    assert f"FAILED {path}:7: review 0.41: Bridge opens" in done.stdout
    assert "expected: reject" in done.stdout
    assert "title, 1 x 'bridge': Bridge" in done.stdout
    assert "2 examples, 1 failed" in done.stdout


def test_mistakes_end_with_2_and_a_plain_message(folder: Path, tmp_path: Path) -> None:
    unknown = _run("test", "tunnel", "-s", f"TOPICS={folder}")
    assert unknown.returncode == 2
    assert 'there is no topic "tunnel"' in unknown.stdout + unknown.stderr
    assert _run("dance").returncode == 2
    (folder / "bridge.toml").write_text(FILE.replace("any =", "ani ="), encoding="utf-8")
    wrong = _run("test", "-s", f"TOPICS={folder}")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith(f'{folder}/bridge.toml:3: ani: there is no such key; did you mean "any"?')


def test_an_empty_folder_is_fine(tmp_path: Path) -> None:
    done = _run("test", "-s", f"TOPICS={tmp_path}")
    assert done.returncode == 0
    assert "no topics" in done.stdout
