"""``scrapy browse``: how it starts, refuses and ends."""

from __future__ import annotations

import gc
import signal
import socket
import sqlite3
from pathlib import Path

import pytest

from db.connection import ArchiveError, open_archive, utc_now
from db.site import app
from tests.command_lines import make_command, make_parser
from tests.site_archive import fill_archive
from tests.site_process import browse


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("site") / "watch.db"
    fill_archive(path, utc_now())
    return path


def test_ctrl_c_ends_it_quietly(database: Path) -> None:
    with browse(database, "--port", "0") as process:
        assert process.stdout is not None
        assert "http://127.0.0.1:" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=300)
        finally:
            process.kill()
    assert process.returncode == 0
    assert "Traceback" not in errors


def test_a_taken_port_is_a_clear_error(database: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = browse(database, "--port", str(port))
        output, errors = process.communicate(timeout=300)
    assert process.returncode == 2
    assert f"port {port} is taken; choose another with --port" in output + errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--port", "70000"], "a port is a number from 0 to 65535"),
        (["--host", "203.0.113.9"], "is no address of this machine"),
        (["surplus"], "browse takes no arguments, got: surplus"),
    ],
)
def test_bad_options_are_clear_errors(database: Path, options: list[str], message: str) -> None:
    process = browse(database, *options)
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 2
    assert message in output + errors
    assert "Traceback" not in errors


def test_missing_and_foreign_files_are_clear_errors(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as db:
        db.execute("CREATE TABLE t (a)")
    text = tmp_path / "text.db"
    text.write_text("no database " * 100)
    for path, message in (
        (tmp_path / "none.db", "no such archive"),
        (foreign, "no Parley archive"),
        (text, "cannot be read as an archive"),
    ):
        process = browse(path)
        output, errors = process.communicate(timeout=300)
        assert process.returncode == 2
        assert message in output + errors and str(path) in output + errors
        assert "Traceback" not in errors


def test_a_path_that_does_not_fit_a_uri_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "what?.db"
    open_archive(path).close()
    with pytest.raises(ArchiveError, match="rename the file"):
        app.build_site(path)


def test_what_the_start_loaded_is_not_collected_between_answers(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen = []
    monkeypatch.setattr("uvicorn.Server.run", lambda *_, **__: frozen.append(gc.get_freeze_count()))
    command = make_command("browse")
    command.settings.set("DATABASE", str(database), priority="cmdline")  # type: ignore[union-attr]
    try:
        command.run([], make_parser("browse").parse_args(["--port", "0"]))
    finally:
        gc.unfreeze()
    assert frozen and frozen[0] > 100_000  # Datasette and Jinja alone
