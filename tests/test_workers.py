"""The worker processes, for real: pages that hang, kill or devour cost themselves only."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pebble import ProcessPool

import pipelines.workers
from db.records import Article
from pipelines.judging import sign
from pipelines.page import Page, Reading
from pipelines.topic import Topic
from pipelines.topic_file import load_topics
from pipelines.workers import PIPE_BYTES, RoomyPipes, Workers
from tests.command_lines import make_command, make_parser
from tests.crawling import is_alive, wait_until
from tests.forked_commands import run_scrapy

STORY = "The council of the valley met on Monday and agreed to mend the old bridge before winter comes to the hills. "
TOPIC = """\
id = "bridges"
title = "Bridges"
accept = 0.1
review = 0.05
any = ["works"]

[sets.works]
en = ["bridge", "mend*"]

[[entity]]
id = "council"
name = "The council"
en = ["the council"]
"""


def _page(n: int) -> Page:
    paragraphs = "".join(f"<p>{STORY * 2} It will cost {n + i} coins.</p>" for i in range(5))
    html = (
        f"<html lang=en><head><title>Story {n}</title></head><body><article><h1>Bridge {n}</h1>{paragraphs}</article>"
    )
    url = f"https://news.example/story-{n}"
    return Page(url, url, 200, (("Content-Type", "text/html"),), html.encode(), "2026-11-22T12:00:00Z")


def _slow_page() -> Page:
    """A page of many short paragraphs, on which extraction needs more than quadratic time."""
    body = b"<html><body>" + b"<p>a b c</p>" * 100_000 + b"</body></html>"
    return Page("https://n.example/slow", "https://n.example/slow", 200, (), body, "2026-11-22T12:00:00Z")


@pytest.fixture
def topics(tmp_path: Path) -> tuple[Topic, ...]:
    (tmp_path / "bridges.toml").write_text(TOPIC)
    return tuple(load_topics(tmp_path))


def _workers(topics: tuple[Topic, ...] = (), **options: Any) -> Workers:
    return Workers(topics, **{"count": 2, "deadline_seconds": 20.0, "memory_bytes": 640 << 20, **options})


@pytest.fixture
def workers() -> Iterator[Workers]:
    pool = _workers()
    yield pool
    pool.close()


def _processes(workers: Workers) -> list[int]:
    assert workers.pool is not None
    return list(workers.pool.result()._pool_manager.worker_manager.workers)


def _title(reading: Reading) -> str:
    assert reading.signed is not None, reading.refusal
    return reading.signed.article.title


def _reason(reading: Reading) -> str:
    assert reading.refusal is not None
    assert reading.refusal.fate == "failed"
    return reading.refusal.reason


async def _read(workers: Workers, *pages: Page) -> list[Reading]:
    return await asyncio.gather(*(workers.read(page) for page in pages))


def _run(coroutine: Any) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, 300))


async def _until(holds: Callable[[], bool]) -> None:
    """Waits until a condition holds; `_run` ends a wait that is in vain."""
    while not holds():
        await asyncio.sleep(0.02)


def _cpu_seconds(pid: int) -> float:
    """Returns the processor time that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_pages_are_extracted_signed_and_judged(topics: tuple[Topic, ...]) -> None:
    workers = _workers(topics)
    try:
        first, second, same = _run(_read(workers, _page(1), _page(2), _page(1)))
        assert [_title(first), _title(second)] == ["Bridge 1", "Bridge 2"]
        assert first.signed.content_hash == same.signed.content_hash != second.signed.content_hash
        (match,) = first.relevance
        assert match.topic_id == "bridges"
        assert match.accepted
        assert first.mentions["bridges"]["council"] >= 10
    finally:
        workers.close()


def test_a_page_that_is_no_article_says_why(workers: Workers) -> None:
    page = Page("https://n.example/", "https://n.example/", 200, (), b"<html></html>", "2026-11-22T12:00:00Z")
    (reading,) = _run(_read(workers, page))
    assert reading.signed is None
    assert reading.refusal.fate == "not_article"
    assert reading.refusal.reason


def test_a_page_over_its_deadline_is_stopped_and_its_neighbours_are_read() -> None:
    workers = _workers(deadline_seconds=8)  # the others are read in it on a slow and busy machine too
    try:
        readings = _run(_read(workers, _page(1), _slow_page(), _page(2), _page(3), _page(4)))
        assert _reason(readings.pop(1)) == "extraction took longer than 8 s and was stopped"
        assert [_title(reading) for reading in readings] == [f"Bridge {n}" for n in (1, 2, 3, 4)]
        assert _title(_run(_read(workers, _page(5)))[0]) == "Bridge 5"
    finally:
        workers.close()


def test_a_page_whose_worker_is_killed_is_failed_alone() -> None:
    workers = _workers(count=1)

    async def kill_while_reading() -> list[Reading]:
        await workers.read(_page(0))
        (pid,) = _processes(workers)
        before = _cpu_seconds(pid)
        reading = asyncio.create_task(workers.read(_slow_page()))
        others = [asyncio.create_task(workers.read(_page(n))) for n in (1, 2)]
        await _until(lambda: _cpu_seconds(pid) - before > 0.2)  # it is amid the slow page
        os.kill(pid, signal.SIGKILL)
        return await asyncio.gather(reading, *others)

    try:
        slow, first, second = _run(kill_while_reading())
        assert "process died" in _reason(slow)
        assert [_title(first), _title(second)] == ["Bridge 1", "Bridge 2"]
    finally:
        workers.close()


@pytest.mark.parametrize("with_server", [False, True], ids=["workers", "fork server too"])
def test_a_page_whose_worker_is_told_to_end_is_read_again(workers: Workers, with_server: bool) -> None:
    line = b"<p>The bridge is old, and the council knows it well enough.</p>"

    async def end_amid_reading() -> Reading:
        await workers.read(_page(2))
        pids = _processes(workers)
        size = 1500
        while True:
            before = sum(map(_cpu_seconds, pids))
            reading = asyncio.create_task(workers.read(replace(_page(1), body=_page(1).body + line * size)))
            await _until(lambda reading=reading, before=before: (  # type: ignore[misc]
                reading.done() or sum(map(_cpu_seconds, pids)) - before > 0.05))  # fmt: skip
            if not reading.done():
                break
            size *= 2  # it was read before we looked
        server = [forkserver._forkserver._forkserver_pid] if with_server else []  # type: ignore[attr-defined]
        for pid in pids + server:
            os.kill(pid, signal.SIGTERM)
        return await reading

    assert _title(_run(end_amid_reading())) == "Bridge 1"


def test_idle_workers_that_are_killed_cost_no_page(workers: Workers) -> None:
    async def kill_while_idle() -> list[Reading]:
        await _read(workers, _page(1), _page(2))
        await asyncio.sleep(0.3)
        killed, pool = _processes(workers), workers.pool
        assert pool is not None
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        # Until the pool has seen it: it puts others in their place, or breaks as a whole.
        await _until(lambda: not pool.result().active or not set(killed) & set(_processes(workers)))
        return await _read(workers, *(_page(n) for n in range(6)))

    assert [_title(reading) for reading in _run(kill_while_idle())] == [f"Bridge {n}" for n in range(6)]


def test_idle_workers_killed_at_the_moment_pages_arrive_cost_no_page(workers: Workers) -> None:
    async def kill_then_read() -> list[Reading]:
        await _read(workers, _page(1), _page(2))
        await asyncio.sleep(0.3)
        for pid in _processes(workers):
            os.kill(pid, signal.SIGKILL)
        return await _read(workers, *(_page(n) for n in range(6)))

    readings = _run(kill_then_read())
    assert len(readings) == 6
    lost = [reading for reading in readings if reading.signed is None]
    assert len(lost) <= 2, "no more than one page a killed worker"
    assert all("died" in _reason(reading) for reading in lost)


def test_a_page_that_needs_too_much_memory_is_failed_alone() -> None:
    workers = _workers(memory_bytes=300 << 20)
    body = b"<html><body>" + b"<i a=1 b=2 c=3 d=4>x</i>" * 400_000 + b"</body></html>"
    huge = Page("https://n.example/h", "https://n.example/h", 200, (), body, "2026-11-22T12:00:00Z")
    try:
        first, hog, second = _run(_read(workers, _page(1), huge, _page(2)))
        assert _reason(hog)  # libxml2 and Python name it differently
        assert [_title(first), _title(second)] == ["Bridge 1", "Bridge 2"]
        assert _title(_run(_read(workers, _page(3)))[0]) == "Bridge 3"
    finally:
        workers.close()


def test_the_memory_limit_holds_in_the_worker() -> None:
    workers = _workers(count=1, memory_bytes=300 << 20)

    async def grow() -> None:
        await workers.read(_page(1))
        future: Future[int] = (await workers._running()).schedule(_devour, args=(1 << 30,), timeout=60)
        with pytest.raises(MemoryError):
            await asyncio.wrap_future(future)
        assert _title(await workers.read(_page(2))) == "Bridge 2"

    try:
        _run(grow())
    finally:
        workers.close()


def _devour(size: int) -> int:
    return len(bytearray(size))


def test_closing_stops_every_process_and_reading_again_starts_new_ones(workers: Workers) -> None:
    _run(_read(workers, _page(1), _page(2)))
    before = _processes(workers)
    workers.close()
    workers.close()
    assert wait_until(lambda: not any(map(is_alive, before)))
    assert _title(_run(_read(workers, _page(3)))[0]) == "Bridge 3"


def test_a_pool_given_up_by_one_page_is_not_closed_under_another(workers: Workers) -> None:
    """Two pages meet the same broken pool; the second must not stop the new one that the first has started."""

    async def break_twice() -> list[Reading]:
        await workers.read(_page(0))
        broken: ProcessPool = await workers._running()
        first = asyncio.create_task(workers.read(_page(1)))
        second = asyncio.create_task(workers.read(_page(2)))
        await asyncio.sleep(0)
        broken.stop()
        return list(await asyncio.gather(first, second))

    assert [_title(reading) for reading in _run(break_twice())] == ["Bridge 1", "Bridge 2"]


def test_starting_returns_at_once_and_twice_is_once(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    may_start, start_server = threading.Event(), pipelines.workers.start_server

    def start_when_allowed() -> None:
        assert may_start.wait(60)
        start_server()

    monkeypatch.setattr("pipelines.workers.start_server", start_when_allowed)
    workers.start()
    starting = workers.pool
    workers.start()
    assert starting is not None and not starting.done(), "it has returned before anything was started"
    may_start.set()
    assert workers.pool is starting
    assert _title(_run(_read(workers, _page(1)))[0]) == "Bridge 1"
    assert workers.pool is starting


def test_a_pool_that_is_closed_amid_its_start_leaves_no_process(workers: Workers) -> None:
    workers.start()
    starting = workers.pool
    assert starting is not None
    workers.close()
    assert workers.pool is None
    _assert_stopped(starting)


def test_a_pool_that_starts_after_it_was_given_up_leaves_no_process(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up, start_server = threading.Event(), pipelines.workers.start_server

    def start_late() -> None:
        assert given_up.wait(60)
        start_server()

    monkeypatch.setattr("pipelines.workers.start_server", start_late)
    monkeypatch.setattr("pipelines.workers.START_SECONDS", 0.05)
    workers.start()
    starting = workers.pool
    assert starting is not None
    workers.close()
    assert workers.pool is None and not starting.done()
    given_up.set()
    _assert_stopped(starting)


def _assert_stopped(starting: Future[ProcessPool]) -> None:
    pool = starting.result(300)
    assert wait_until(lambda: not pool.active)
    assert wait_until(lambda: not any(map(is_alive, pool._pool_manager.worker_manager.workers)))


def test_processes_that_cannot_be_started_cost_their_page_and_are_tried_again(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError("no more processes")

    with monkeypatch.context() as patch:
        patch.setattr("pipelines.workers.start_server", refuse)
        assert _reason(_run(_read(workers, _page(1)))[0]) == (
            "the extraction processes cannot be started: no more processes"
        )
    assert _title(_run(_read(workers, _page(2)))[0]) == "Bridge 2"


def test_workers_are_children_of_a_fork_server_not_of_this_process(workers: Workers) -> None:
    _run(_read(workers, _page(1)))
    assert not {child.pid for child in multiprocessing.active_children()} & {os.getpid()}
    for pid in _processes(workers):
        parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        assert parent != os.getpid()


# --- the content hash ---


def _signed_hash(body: str) -> str:
    return sign(Article("https://n.example/a", "A", body)).content_hash


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("The bridge is mended.", "the  bridge is mended"),
        ("“The bridge”, he said", '"The bridge" he said'),
        ("One.\n\nTwo.", "One. Two."),
        ("كابل", "کابل"),
        ("Ёлка", "елка"),
        ("cafe\u0301", "café"),
    ],
)
def test_texts_that_differ_in_spelling_only_share_a_hash(a: str, b: str) -> None:
    assert _signed_hash(a) == _signed_hash(b)


@given(st.text(), st.text())
def test_the_hash_is_that_of_the_words(a: str, b: str) -> None:
    first, second = sign(Article("u", "t", a)), sign(Article("u", "t", b))
    words = ["".join(c if c.isalnum() else " " for c in signed.folded).split() for signed in (first, second)]
    assert (first.content_hash == second.content_hash) == (words[0] == words[1])


@pytest.mark.parametrize(
    ("args", "has_archive", "starts"),
    [(["news"], False, 1), (["news"], True, 0), ([], False, 0), (["nws"], False, 0)],
    ids=["first run", "later run", "no spider named", "mistyped"],
)
def test_the_first_run_starts_the_fork_server_beside_its_own_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], has_archive: bool, starts: int
) -> None:
    started: list[bool] = []
    policies: list[int] = []
    monkeypatch.setattr("pipelines.workers.start_server", lambda: started.append(True))
    monkeypatch.setattr("os.sched_setscheduler", lambda pid, policy, _: policies.append(policy))
    database = tmp_path / "news.db"
    if has_archive:
        database.touch()
    words = [*args, "-s", f"DATABASE={database}"]
    options, rest = make_parser("crawl").parse_known_args(words)
    make_command("crawl").process_options(rest, options)
    assert len(started) == starts
    assert policies == [os.SCHED_BATCH]


def _allows_batch_work() -> bool:
    code = "import os; os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_crawls_and_their_workers_run_as_batch_work_where_the_system_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "news.db").touch()
    options, rest = make_parser("crawl").parse_known_args(["news", "-s", f"DATABASE={tmp_path / 'news.db'}"])

    def refuse(*_: object) -> None:
        raise PermissionError("not here")

    with monkeypatch.context() as patch:
        patch.setattr("os.sched_setscheduler", refuse)
        make_command("crawl").process_options(rest, options)
    code = (
        "import os, sys; from tests.command_lines import make_command, make_parser;"
        " options, rest = make_parser('crawl').parse_known_args(['news', '-s', f'DATABASE={sys.argv[1]}']);"
        " make_command('crawl').process_options(rest, options); print(os.sched_getscheduler(0))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "news.db")]
    done = subprocess.run(command, cwd=pipelines.workers.PROJECT, capture_output=True, text=True, check=True)
    assert int(done.stdout) == (os.SCHED_BATCH if _allows_batch_work() else os.sched_getscheduler(0))


def test_what_keeps_the_fork_server_from_an_early_start_is_left_to_be_told_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that no file can have, as a folder that nobody may enter; and a system that starts no more processes."""
    words = ["news", "-s", f"DATABASE={tmp_path / ('a' * 300)}"]
    options, rest = make_parser("crawl").parse_known_args(words)
    make_command("crawl").process_options(rest, options)
    done = run_scrapy(["crawl", *words], env=os.environ, timeout=300)
    assert done.returncode == 2
    assert "File name too long; check the path" in done.stderr and "Traceback" not in done.stderr

    def refuse() -> None:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr("pipelines.workers.start_server", refuse)
    options, rest = make_parser("crawl").parse_known_args(["news", "-s", f"DATABASE={tmp_path / 'news.db'}"])
    make_command("crawl").process_options(rest, options)


def test_the_pipe_to_the_workers_holds_several_pages() -> None:
    allowed = int(Path("/proc/sys/fs/pipe-max-size").read_text())
    reader, writer = RoomyPipes().Pipe(duplex=False)
    with reader, writer:
        room = fcntl.fcntl(writer.fileno(), fcntl.F_GETPIPE_SZ)
        assert room >= PIPE_BYTES or (os.geteuid() and allowed < PIPE_BYTES)


def test_a_pipe_that_may_not_grow_serves_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipelines.workers, "PIPE_BYTES", 1 << 31)  # beyond what the system has at all
    reader, writer = RoomyPipes().Pipe(duplex=False)
    with reader, writer:
        writer.send(b"page")
        assert reader.recv() == b"page"
