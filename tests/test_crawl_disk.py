"""A disk that fills up while a crawl runs: the run ends with a word for it, and the next one carries on."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

import pytest

from tests.crawling import Desk, wait_until
from tests.newsroom import start
from tests.newsroom_crawls import Crawled, read_crawls


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    return read_crawls(tmp_path_factory)


def limit_files(size: int) -> None:
    """Lets no file of this process grow beyond a size; a write past it fails as on a full disk, without a signal."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("room", [40_000, 150_000, 500_000])
def test_a_full_disk_ends_the_run_and_loses_nothing(tmp_path: Path, crawled: Crawled, room: int) -> None:
    """The limit lets the archive file be made and then grow by ``room`` bytes; raw pages or database hit it first."""
    with start() as newsroom:
        desk = Desk(tmp_path, newsroom.url)
        desk.sources.write_text("", "utf-8")
        desk.crawl()  # makes the archive file
        size = desk.database.stat().st_size + room
        desk.sources.write_text(newsroom.sources(), "utf-8")
        full = desk.run("crawl", "news", preexec=lambda: limit_files(size))
        assert full.returncode == 1, full.stdout + full.stderr
        assert full.stdout.startswith("trouble: ") and full.stdout.count("\n") == 1
        assert "cannot be written" in full.stderr and "stopping" in full.stderr
        assert "Traceback" not in full.stderr and len(full.stderr.splitlines()) <= 4, full.stderr
        assert desk.faults() == []
        kept = desk.texts()
        wanted = crawled.first.texts()
        # A line that its outlet repeats is known as that only once enough of its articles are stored.
        repeated = {line for (line,) in crawled.first.rows("SELECT line FROM site_lines")}
        for key, (title, body) in kept.items():
            own = "\n\n".join(line for line in body.split("\n\n") if line not in repeated)
            assert (title, own) == wanted[key], "what was stored is whole"
        assert wait_until(lambda: desk.run("status").returncode == 0, 1)
        later = desk.run("crawl", "news", "-a", "due=all")
        assert (later.returncode, later.stderr) == (0, ""), later.stdout
    assert desk.texts() == wanted
    assert desk.faults() == []


def test_a_disk_full_from_the_start_is_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.sources.write_text("", "utf-8")
    done = desk.run("crawl", "news", preexec=lambda: limit_files(20_000))
    assert done.returncode in (1, 2) and done.stdout == ""
    assert "news.db" in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert desk.run("crawl", "news").returncode == 0
