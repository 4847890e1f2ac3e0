"""deploy/: units, crontab and Dockerfile are parsed, and what can run here runs."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from crawler import settings
from crawler.runs import EXIT_BUSY, EXIT_CONFIG, locked
from crawler.watching import GRACE_SECONDS
from tests.command_lines import check_command_line
from tests.project_files import PROJECT, project_files

DEPLOY = PROJECT / "deploy"
INSTALLED = "/opt/parley/deploy/parley"
DATA = "/var/lib/parley"
SERVICES = sorted(path.name for path in DEPLOY.glob("*.service"))


def read_unit(name: str) -> dict[str, dict[str, list[str]]]:
    """Returns section -> key -> every value, since keys of a unit may repeat."""
    parser = configparser.RawConfigParser(strict=True, interpolation=None, delimiters="=", comment_prefixes=("#", ";"))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((DEPLOY / name).read_text(encoding="utf-8"))
    return {section: {key: value.split() for key, value in parser[section].items()} for section in parser.sections()}


def run_parley(*arguments: str, data: Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [DEPLOY / "parley", *arguments],
        env={
            **os.environ,
            "PARLEY_DATA": str(data),
            "PARLEY_CONTACT": "",
            "PARLEY_BIN": str(Path(sys.executable).parent),
        },
        cwd=cwd or data,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_units_are_the_four_that_the_page_describes() -> None:
    page = (DEPLOY / "README.md").read_text(encoding="utf-8")
    assert SERVICES == ["parley-browse.service", "parley-watch.service", "parley.service"]
    for path in DEPLOY.iterdir():
        assert f"`{path.name}`" in page or path.name == "README.md", path.name


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_runs_a_command_that_exists(name: str) -> None:
    executable, *arguments = read_unit(name)["Service"]["ExecStart"]
    assert executable == INSTALLED
    assert check_command_line(arguments) is None


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_locked_in(name: str) -> None:
    service = read_unit(name)["Service"]
    assert service["User"] == ["parley"]
    for key in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome", "RestrictSUIDSGID"):
        assert service[key] == ["yes"], key
    assert service["ProtectSystem"] == ["strict"]
    assert service["ReadWritePaths"] == [DATA], "SQLite makes files beside the archive, also for readers"
    assert service["CapabilityBoundingSet"] == []
    assert re.fullmatch(r"\d+[MG]", service["MemoryMax"][0])
    assert set(service["RestrictAddressFamilies"]) == {"AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"}


def test_the_crawl_is_a_oneshot_for_which_busy_is_no_failure() -> None:
    service = read_unit("parley.service")["Service"]
    assert service["Type"] == ["oneshot"]
    assert service["SuccessExitStatus"] == [str(EXIT_BUSY)]
    assert "Restart" not in service, "the timer starts the next one"


@pytest.mark.parametrize("name", ["parley.service", "parley-watch.service"])
def test_stopping_leaves_time_to_store_what_is_being_read(name: str) -> None:
    service = read_unit(name)["Service"]
    assert service["KillMode"] == ["mixed"], "a signal to the workers would lose the pages they read"
    assert int(service["TimeoutStopSec"][0].removesuffix("s")) > GRACE_SECONDS


@pytest.mark.parametrize("name", ["parley.service", "parley-watch.service"])
def test_the_memory_bound_holds_all_workers(name: str) -> None:
    bound = int(read_unit(name)["Service"]["MemoryMax"][0].removesuffix("G")) * 1024
    assert bound >= settings.EXTRACT_WORKERS * settings.EXTRACT_MEMORY_MB + 512


def test_a_run_may_take_its_time_before_it_is_ended() -> None:
    hours = int(read_unit("parley.service")["Service"]["TimeoutStartSec"][0].removesuffix("h"))
    assert hours * 3600 > settings.RUN_SECONDS + 600


def test_the_timer_is_spread_and_catches_up() -> None:
    timer = read_unit("parley.timer")
    assert timer["Timer"]["OnCalendar"] == ["*:0/5"]
    assert timer["Timer"]["Persistent"] == ["true"]
    assert 0 < int(timer["Timer"]["RandomizedDelaySec"][0]) < 300
    assert timer["Install"]["WantedBy"] == ["timers.target"]


def test_watch_and_timer_exclude_each_other() -> None:
    assert read_unit("parley-watch.service")["Unit"]["Conflicts"] == ["parley.timer"]


def test_the_site_listens_on_loopback_and_cannot_write_the_archive() -> None:
    service = read_unit("parley-browse.service")["Service"]
    command = service["ExecStart"]
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert service["IPAddressDeny"] == ["any"]
    assert service["IPAddressAllow"] == ["localhost"]
    assert f"-{DATA}/news.db" in service["ReadOnlyPaths"]


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    names = [*SERVICES, "parley.timer"]
    if analyze is None:  # another system: every line is still a section or a key of a unit
        assert all(read_unit(name) for name in names)
        return
    for name in names:
        text = (DEPLOY / name).read_text(encoding="utf-8").replace(INSTALLED, str(DEPLOY / "parley"))
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", "--man=no", *(str(tmp_path / name) for name in names)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def cron_line() -> str:
    """Returns the shell command of the crontab as cron hands it to the shell: ``\\%`` is a per cent sign."""
    (line,) = [line for line in (DEPLOY / "parley.cron").read_text("utf-8").splitlines() if line.startswith("*")]
    *when, user, command = line.split(None, 6)[:7]
    assert when == ["*/5", "*", "*", "*", "*"]
    assert user == "parley"
    assert not re.search(r"(?<!\\)%", command), "cron reads a bare % as a line break"
    return command.replace(r"\%", "%")


def run_cron(data: Path) -> str:
    """Runs the crontab's command on a folder of data and returns what cron would mail."""
    command = cron_line().replace(INSTALLED, shlex.quote(str(DEPLOY / "parley")))
    environment = {**os.environ, "PARLEY_DATA": str(data), "PARLEY_BIN": str(Path(sys.executable).parent)}
    done = subprocess.run(
        ["/bin/sh", "-c", command], env=environment, cwd=data, capture_output=True, text=True, timeout=300, check=False
    )
    return done.stdout + done.stderr


def write_desk(data: Path) -> None:
    """Writes the least that a crawl needs: a source without seeds and a folder for topics."""
    (data / "sources.toml").write_text('[[source]]\nid = "desk"\n')
    (data / "topics").mkdir()


def test_cron_mails_nothing_after_a_run_that_worked(tmp_path: Path) -> None:
    write_desk(tmp_path)
    assert run_cron(tmp_path) == ""
    assert (tmp_path / "news.db").exists()


def test_cron_mails_nothing_while_another_run_is_at_work(tmp_path: Path) -> None:
    write_desk(tmp_path)
    with locked(tmp_path / "news.db"):
        busy = run_parley("crawl", "news", data=tmp_path)
        assert busy.returncode == EXIT_BUSY
        assert "another run is at work" in busy.stderr
        assert run_cron(tmp_path) == ""


def test_cron_mails_what_a_failed_run_said(tmp_path: Path) -> None:
    write_desk(tmp_path)
    (tmp_path / "sources.toml").write_text('[[source]]\nid = "desk"\nfeed = "x"\n')
    mail = run_cron(tmp_path)
    assert "sources.toml:3" in mail
    assert mail.endswith(f"parley crawl news: exit code {EXIT_CONFIG}\n")


def test_parley_fills_in_the_paths_of_the_data(tmp_path: Path) -> None:
    (tmp_path / "sources.toml").write_text('[[source]]\nid = "desk"\nname = "The 100 % Desk"\n')
    for name in ("DATABASE", "ARCHIVE", "SOURCES", "TOPICS"):
        done = run_parley("settings", "--get", name, data=tmp_path)
        assert done.stdout.strip() == str(
            tmp_path
            / {"DATABASE": "news.db", "ARCHIVE": "archive", "SOURCES": "sources.toml", "TOPICS": "topics"}[name]
        )
    assert "The 100 % Desk" in run_parley("source", "list", data=tmp_path).stdout


def test_parley_lets_the_command_line_win_and_keeps_the_callers_folder(tmp_path: Path) -> None:
    data, here = tmp_path / "data of the desk", tmp_path / "here"
    data.mkdir()
    here.mkdir()
    (here / "mine.toml").write_text('[[source]]\nid = "mine"\n')
    done = run_parley("source", "list", "-s", "SOURCES=mine.toml", data=data, cwd=here)
    assert done.stdout.splitlines()[0].startswith("mine ")


def test_parley_works_through_a_link(tmp_path: Path) -> None:
    link = tmp_path / "parley"
    link.symlink_to(DEPLOY / "parley")
    done = subprocess.run(
        [link, "status"],
        env={**os.environ, "PARLEY_DATA": str(tmp_path), "PARLEY_BIN": str(Path(sys.executable).parent)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == EXIT_CONFIG
    assert str(tmp_path / "news.db") in done.stderr


def dockerfile() -> list[tuple[str, str]]:
    """Returns (instruction, arguments) of the Dockerfile, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def ignored(path: str) -> bool:
    """Returns whether the .dockerignore keeps a path out of the build; the last pattern that fits wins."""
    out = False
    for line in (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!")
        inner = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
        if re.fullmatch(f"{inner}(?:/.*)?", path):
            out = not line.startswith("!")
    return out


def copied() -> list[str]:
    """Returns the sources of every COPY from the build context."""
    lines = [arguments.split() for name, arguments in dockerfile() if name == "COPY"]
    return [source for words in lines if not words[0].startswith("--from") for source in words[:-1]]


def test_the_image_copies_what_is_there_and_not_ignored() -> None:
    for source in copied():
        assert (PROJECT / source).exists(), source
        assert not ignored(source), source


def test_the_image_holds_every_file_of_the_program_and_nothing_else() -> None:
    names = project_files()
    program = [
        name for name in names if name.startswith(("crawler/", "pipelines/", "db/", "tests/newsroom/", "topics/"))
    ]
    assert len(program) > 90
    for name in program:
        assert not ignored(name), name
        assert any(name == source or name.startswith(f"{source}/") for source in copied()), name
    for name in ("news.db", "db/x.db-wal", "archive/x.warc.gz", ".git/config", ".venv/bin/python", "sources.toml"):
        assert ignored(name), name
    for name in ("tests/test_deploy.py", "crawler/__pycache__/settings.pyc"):
        assert ignored(name), name


def test_the_image_installs_as_make_does() -> None:
    make = (PROJECT / "Makefile").read_text(encoding="utf-8")
    flags = re.search(r"-m pip install (.*)", make)
    assert flags is not None
    (line,) = [arguments for name, arguments in dockerfile() if name == "RUN" and "pip install" in arguments]
    words = line.split("pip install ")[1].split()
    assert "--require-hashes" in words
    assert [word for word in words if word != "--no-cache-dir"] == flags[1].split()


def test_the_image_runs_as_nobody_special() -> None:
    instructions = dockerfile()
    stages = [arguments for name, arguments in instructions if name == "FROM"]
    assert len(stages) == 2
    assert all(re.fullmatch(r"python:3\.\d+-slim(?: AS \w+)?", stage) for stage in stages)
    last = max(position for position, (name, _) in enumerate(instructions) if name == "FROM")
    final = dict(instructions[last:])
    assert final["USER"] == "parley"
    assert final["VOLUME"] == "/data"
    assert "PARLEY_DATA=/data" in final["ENV"]
    assert final["ENTRYPOINT"] == f'["{INSTALLED}"]'
    assert check_command_line([word.strip(' "') for word in final["CMD"].strip("[]").split(",")]) is None


def test_the_demonstration_needs_nothing_that_the_image_lacks(tmp_path: Path) -> None:
    for name in project_files():
        if not ignored(name):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, tmp_path / name)
    done = subprocess.run(
        [tmp_path / "deploy" / "parley", "demo", "--folder", str(tmp_path / "shown")],
        env={**os.environ, "PARLEY_BIN": str(Path(sys.executable).parent), "PARLEY_DATA": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "The best matches, and why:" in done.stdout
    assert "7 articles: Two mules carried the first press" in done.stdout
    browse = next(line for line in done.stdout.splitlines() if " browse " in line)
    assert browse.endswith("shown/archive") and " -s ARCHIVE=" in browse  # else it shows no raw page
    assert (tmp_path / "shown" / "news.db").exists()
