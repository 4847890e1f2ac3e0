"""The benchmark's own parts: what is measured is true, what is missing is said, what is counted is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.collection import ENVIRONMENT, ROOT, CollectionMissing, find_newsroom, lay_out_pages
from benchmarks.measure import Usage, run_measured
from benchmarks.peers.read_pages import SavedPage, load_pages, time_reader
from benchmarks.rows import (
    ROWS,
    Bench,
    Result,
    Row,
    RowFailed,
    crawl_newsroom,
    import_archive,
    read_with_parley,
    read_with_trafilatura,
    run_trafilatura_cli,
)
from benchmarks.throughput import draw_table, main, pick_rows, take_medians
from tests.crawling import is_alive, wait_until

_PARAGRAPH = (
    "The council of the valley met on Tuesday to decide who repairs the bridge before the snow comes. "
    "Engineers had warned since spring that two of its four pillars were washed out by the flood."
)


def _page(number: int) -> bytes:
    body = "".join(f"<p>{_PARAGRAPH} Report number {number}, part {part}.</p>" for part in range(6))
    return (
        f"<!doctype html><html lang='en'><head><title>Bridge report {number}</title>"
        f"<meta property='article:published_time' content='2021-03-0{number + 1}T08:00:00Z'></head>"
        f"<body><article><h1>Bridge report {number}</h1>{body}</article></body></html>"
    ).encode()


def _write_warc(path: Path, pages: int) -> None:
    records = []
    for number in range(pages):
        body = _page(number)
        http = (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(body)
            + body
        )
        head = (
            f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: https://valley.example/2021/bridge-{number}\r\n"
            f"WARC-Date: 2021-03-05T00:00:00Z\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012d}>\r\n"
            f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
        )
        records.append(head.encode() + http + b"\r\n\r\n")
    path.write_bytes(b"".join(records))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    newsroom = tmp_path / "newsroom"
    newsroom.mkdir()
    _write_warc(newsroom / "pages.warc.gz", 5)
    return Bench(newsroom, tmp_path / "work", timeout_seconds=300)


def _measure(program: str, tmp_path: Path, timeout_seconds: float = 300) -> Usage:
    return run_measured(
        [sys.executable, "-c", program], cwd=tmp_path, env=dict(os.environ), log=tmp_path / "log",
        timeout_seconds=timeout_seconds,
    )  # fmt: skip


# --- measuring --------------------------------------------------------------------------------------------------------


def test_memory_of_a_grandchild_counts_and_shared_memory_counts_once_in_pss(tmp_path: Path) -> None:
    program = (
        "import os, time\n"
        "block = bytearray(os.urandom(64 << 20))\n"
        "children = [os.fork() for _ in range(2)]\n"
        "time.sleep(6)\n"
        "if all(children):\n"
        "    [os.waitpid(child, 0) for child in children]\n"
    )
    usage = _measure(program, tmp_path)
    assert usage.exit_code == 0
    assert 64 << 20 < usage.pss_bytes < 160 << 20
    assert usage.rss_bytes > 3 * (64 << 20)


def test_processor_time_of_children_counts(tmp_path: Path) -> None:
    burn = "import time\nwhile time.process_time() < 0.6: pass"
    program = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])"
    usage = _measure(program, tmp_path)
    assert 0.6 <= usage.cpu_seconds < 5
    assert usage.seconds >= 0.5


def test_output_exit_code_and_start_failure_are_reported(tmp_path: Path) -> None:
    usage = _measure("import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)", tmp_path)
    assert usage.exit_code == 7
    assert sorted((tmp_path / "log").read_text().split()) == ["err", "out"]
    with pytest.raises(OSError, match="no-such-program"):
        run_measured([str(tmp_path / "no-such-program")], cwd=tmp_path, env={}, log=tmp_path / "log", timeout_seconds=5)


def test_a_command_that_takes_too_long_dies_with_its_children(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    # A shell, because it is up in no time however busy the machine is.
    usage = run_measured(
        ["/bin/sh", "-c", 'sleep 3000 & echo $! > "$0"; wait', str(note)],
        cwd=tmp_path, env=dict(os.environ), log=tmp_path / "log", timeout_seconds=6,
    )  # fmt: skip
    assert usage.exit_code == -9
    child = int(note.read_text())
    assert wait_until(lambda: not is_alive(child)), "the child outlived its command"


# --- the collection ---------------------------------------------------------------------------------------------------


def test_a_missing_collection_is_said_with_its_place_and_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CollectionMissing, match=r"no pages\.warc\.gz and no newsroom\.py") as caught:
        find_newsroom(str(tmp_path))
    assert str(tmp_path) in str(caught.value)
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "elsewhere"))
    assert main(["--only", "a"]) == 2
    said = capsys.readouterr().err
    assert "elsewhere" in said
    assert "--newsroom" in said


def test_the_option_wins_over_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pages.warc.gz", "newsroom.py"):
        (tmp_path / name).write_text("")
    monkeypatch.setenv(ENVIRONMENT, "/nowhere")
    assert find_newsroom(str(tmp_path)) == tmp_path.resolve()
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    assert find_newsroom(None) == tmp_path.resolve()


def test_pages_are_laid_out_byte_for_byte_and_again_only_when_the_warc_changed(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    assert lay_out_pages(bench.warc, folder) == 5
    pages = load_pages(folder)
    assert [page.url for page in pages] == [f"https://valley.example/2021/bridge-{number}" for number in range(5)]
    assert pages[3].body == _page(3)
    assert pages[0].status == 200
    assert ("Content-Type", "text/html; charset=utf-8") in pages[0].headers
    first = folder / "html" / "00000.html"
    first.write_text("kept")
    assert lay_out_pages(bench.warc, folder) == 5
    assert first.read_text() == "kept"
    _write_warc(bench.warc, 2)
    assert lay_out_pages(bench.warc, folder) == 2
    assert first.read_bytes() == _page(0)
    assert not (folder / "html" / "00004.html").exists()


# --- reading ----------------------------------------------------------------------------------------------------------


def test_every_page_is_read_once_whoever_takes_it_and_a_failure_costs_one_page() -> None:
    pages = [SavedPage(f"https://n.example/{n}", 200, (), "2021-01-01T00:00:00Z", bytes([n])) for n in range(40)]

    def read(page: SavedPage) -> bool:
        if page.body[0] == 13:
            raise ValueError("unreadable")
        return page.body[0] % 2 == 0

    counts = time_reader(read, pages, processes=3)
    assert (counts["pages"], counts["articles"], counts["failed"]) == (40, 20, 1)
    assert counts["seconds"] > 0


@pytest.mark.parametrize("run", [read_with_parley, read_with_trafilatura])
def test_the_bare_loops_read_pages_in_processes_of_their_own(bench: Bench, run: object) -> None:
    assert callable(run)
    result = run(bench)
    assert isinstance(result, Result)
    assert (result.pages, result.articles) == (5, 5)
    assert 0 < result.seconds < result.usage.seconds
    assert result.usage.cpu_seconds > 0
    assert result.usage.rss_bytes >= result.usage.pss_bytes > 10 << 20


def test_a_reader_that_is_not_installed_fails_with_its_last_words(bench: Bench) -> None:
    lay_out_pages(bench.warc, bench.work / "pages")
    program = ROOT / "benchmarks" / "peers" / "read_pages.py"
    done = subprocess.run(
        [sys.executable, str(program), "--reader", "newspaper4k", "--pages", str(bench.work / "pages")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "No module named 'newspaper'" in done.stderr


_NEWSROOM = '''
import http.server, sys
PAGE = """%(page)s"""
URL = "http://valley.example/2021/bridge-1"
ANSWERS = {
    "http://newsroom.test/sources.opml": ("text/x-opml", '<opml version="2.0"><body><outline type="rss" text="Valley" '
        'xmlUrl="http://valley.example/feed.xml" htmlUrl="http://valley.example/"/></body></opml>'),
    "http://valley.example/feed.xml": ("application/rss+xml", '<rss version="2.0"><channel><title>Valley</title>'
        f"<item><title>Bridge report 1</title><link>{URL}</link></item></channel></rss>"),
    "http://valley.example/robots.txt": ("text/plain", "User-agent: *\\nAllow: /\\n"),
    URL: ("text/html; charset=utf-8", PAGE),
}
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        kind, text = ANSWERS.get(self.path, ("text/plain", ""))
        self.send_response(200 if text else 404)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(text.encode())
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"newsroom: 1 page at http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
'''


def test_parley_crawls_a_replayed_newsroom_and_reads_the_same_pages_as_an_archive(bench: Bench) -> None:
    (bench.newsroom / "newsroom.py").write_text(_NEWSROOM % {"page": _page(1).decode()})
    crawled = crawl_newsroom(bench)
    assert (crawled.pages, crawled.articles) == (1, 1)
    imported = import_archive(bench)
    assert (imported.pages, imported.articles) == (5, 5)
    assert imported.seconds == imported.usage.seconds


def test_trafilaturas_command_line_leaves_texts_and_keeps_the_pages_as_they_are(bench: Bench) -> None:
    result = run_trafilatura_cli(bench)
    assert result.pages == 5
    assert 1 <= result.articles <= 5  # pages of much the same text share a file name
    assert any("bridge" in file.read_text() for file in (bench.work / "trafilatura-output").rglob("*.txt"))
    assert sorted(file.suffix for file in (bench.work / "pages" / "html").iterdir()) == [".html"] * 5


# --- the table --------------------------------------------------------------------------------------------------------


def test_rows_are_picked_by_letter_once_each_in_the_order_asked() -> None:
    assert [row.letter for row in pick_rows(None)] == list("abcdefg")
    assert [row.letter for row in pick_rows("e, A,e")] == ["e", "a"]
    for wrong in ("x", "a,xy", "", ","):
        with pytest.raises(ValueError, match="rows are a, b, c, d, e, f, g"):
            pick_rows(wrong)


def test_medians_and_table() -> None:
    usages = [Usage(0, seconds + 1, seconds * 2, 100 << 20, 200 << 20) for seconds in (4.0, 2.0, 10.0)]
    medians = take_medians([Result(80, 79, usage.seconds - 1, usage) for usage in usages])
    assert medians["pages_per_second"] == 20
    assert medians["pages_per_second_with_start"] == 16
    assert medians["seconds"] == 4
    assert medians["cpu_seconds"] == 8
    table = draw_table([["row", "what", "n"], ["a", "one", "10"]])
    assert table == "| row | what |  n |\n| --- | ---- | -: |\n| a   | one  | 10 |"


def test_a_row_that_fails_is_named_and_the_others_are_still_printed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (bench.newsroom / "newsroom.py").write_text("raise SystemExit('broken')\n")

    def fail(_: Bench) -> Result:
        raise RowFailed("the tool said no")

    rows = {row.letter: row for row in ROWS}
    monkeypatch.setattr("benchmarks.throughput.ROWS", (Row("z", "fails", fail), rows["b"], rows["c"]))
    runs = tmp_path / "runs.json"
    arguments = ["--newsroom", str(bench.newsroom), "--work", str(bench.work), "--repeat", "2", "--json", str(runs)]
    assert main(arguments) == 1
    printed = capsys.readouterr()
    assert "row z failed: the tool said no" in printed.err
    assert "row c failed: the newsroom did not start" in printed.err
    assert "Trafilatura bare_extraction" in printed.out
    assert [len(json.loads(runs.read_text())["rows"][letter]) for letter in "zbc"] == [0, 2, 0]
