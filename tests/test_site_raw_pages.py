"""The archived page of an article: shown as text, from WARC files only, and never from elsewhere."""

from __future__ import annotations

import gzip
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.archive import pack_info, pack_response
from db.connection import open_archive, utc_now
from db.site.raw_pages import RECORD_MAX_BYTES, NoRawPage, read_raw_page
from tests.site_archive import fill_archive
from tests.site_process import PROJECT, Site, running_site

HTML = "<!doctype html><title>Raw</title><script>alert('raw')</script><p>Переговоры".encode()


def write_warc(folder: Path, name: str, body: bytes, *headers: tuple[str, str]) -> tuple[str, int, int]:
    """Writes a file with one page after its opening record; returns the page's extent."""
    folder.mkdir(exist_ok=True)
    opening = pack_info(name)
    page = pack_response("https://steppe.example/1", "HTTP/1.1 200 OK", list(headers), body)
    (folder / name).write_bytes(opening + page + pack_response("https://x.example/", "HTTP/1.1 200 OK", [], b"next"))
    return name, len(opening), len(page)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("raw")


@pytest.fixture(scope="module")
def site(archive: Path) -> Iterator[Site]:
    fill_archive(archive / "shown.db", utc_now())
    extent = write_warc(archive / "warc", "a.warc.gz", HTML, ("Content-Type", "text/html; charset=windows-1251"))
    db = open_archive(archive / "shown.db")
    set_extent = "UPDATE articles SET warc_file = ?, warc_offset = ?, warc_length = ? WHERE id = ?"
    db.execute(set_extent, (*extent, 1))
    db.execute(set_extent, (str(PROJECT / "README.md"), 0, 500, 2))
    db.execute(set_extent, ("../shown.db", 0, 500, 3))
    db.execute(set_extent, ("gone.warc.gz", 0, 500, 4))
    db.execute(set_extent, ("a.warc.gz", 3, 500, 5))
    db.close()
    with running_site(archive / "shown.db", "-s", f"ARCHIVE={archive / 'warc'}") as running:
        yield running


def test_the_raw_page_is_plain_text_with_all_headers(site: Site) -> None:
    answer = site.get("/article/1/raw")
    assert answer.status == 200 and answer.text == HTML.decode()
    assert answer.headers["content-type"] == "text/plain; charset=windows-1251"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["content-disposition"] == 'inline; filename="article-1.html.txt"'
    assert 'href="/article/1/raw">as archived' in site.get("/article/1").text


@pytest.mark.parametrize("number", [2, 3, 4, 5, 6, 999])
def test_nothing_but_pages_in_warc_files_is_shown(site: Site, archive: Path, number: int) -> None:
    answer = site.get(f"/article/{number}/raw")
    assert answer.status == 404 and "<h1>Not found</h1>" in answer.text
    assert str(archive) not in answer.text and str(PROJECT) not in answer.text


def test_the_page_alone_is_read_and_decompressed(tmp_path: Path) -> None:
    packed = gzip.compress(HTML)
    extent = write_warc(tmp_path, "b.warc.gz", packed, ("Content-Type", "text/html"), ("Content-Encoding", "gzip"))
    page = read_raw_page(tmp_path, *extent)
    assert (page.body, page.charset) == (HTML, "utf-8")


def test_the_encoding_is_read_from_the_page_where_its_server_is_silent(tmp_path: Path) -> None:
    body = b"<meta charset='koi8-r'>" + "Переговоры".encode("koi8-r")
    assert read_raw_page(tmp_path, *write_warc(tmp_path, "c.warc.gz", body)).charset == "koi8-r"
    odd = write_warc(tmp_path, "d.warc.gz", b"x", ("Content-Type", "text/html; charset=a\u00a0b;x=1"))
    assert read_raw_page(tmp_path, *odd).charset.isascii()


@given(st.binary(max_size=300), st.integers(-3, 400), st.integers(-3, 400))
def test_any_bytes_give_a_page_or_a_word(data: bytes, offset: int, length: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "odd.warc.gz").write_bytes(data)
        with pytest.raises(NoRawPage):
            read_raw_page(Path(folder), "odd.warc.gz", offset, length)


@pytest.mark.parametrize("kind", ["pipe", "folder", "link to a pipe"])
def test_what_is_no_file_is_not_opened(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "odd.warc.gz"
    if kind == "folder":
        path.mkdir()
    else:
        pipe = tmp_path / "pipe" if kind.startswith("link") else path
        os.mkfifo(pipe)
        if pipe != path:
            path.symlink_to(pipe)
    for name in (path.name, str(path), "/dev/zero", "/dev/stdin"):
        with pytest.raises(NoRawPage):
            read_raw_page(tmp_path, name, 0, 100)


def test_a_record_that_claims_to_be_endless_is_not_read(tmp_path: Path) -> None:
    name, offset, _ = write_warc(tmp_path, "e.warc.gz", HTML)
    with pytest.raises(NoRawPage):
        read_raw_page(tmp_path, name, offset, RECORD_MAX_BYTES + 1)
