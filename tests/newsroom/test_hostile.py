"""The hostile host is as hostile as it says."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Iterator

import feedparser
import pytest
from lxml import html

from tests.newsroom import Newsroom, start
from tests.newsroom.hostile import BOMB_BYTES, FORBIDDEN_LINKS, GOOD_TEXTS, NESTED_DIVS, make_bomb


@pytest.fixture(scope="module")
def room() -> Iterator[Newsroom]:
    with start() as newsroom:
        yield newsroom


def test_bomb_inflates_to_a_gibibyte_of_zeros(room: Newsroom) -> None:
    reply = room.fetch("http://hostile.example/bomb")
    assert reply.headers["content-encoding"] == "gzip"
    assert reply.body == make_bomb() and len(reply.body) < 2**21
    inflater, size, rest = zlib.decompressobj(31), 0, reply.body
    while rest:
        size += len(inflater.decompress(rest, 2**22))
        rest = inflater.unconsumed_tail
    assert size == BOMB_BYTES and inflater.eof, "length and checksum hold to the end"


@pytest.mark.parametrize(("path", "at_least"), [("/endless", 2**20), ("/slow", 2)])
def test_streams_give_bytes_until_the_client_leaves(room: Newsroom, path: str, at_least: int) -> None:
    with socket.create_connection(("127.0.0.1", room.port), timeout=60) as connection:
        connection.sendall(f"GET http://hostile.example{path} HTTP/1.1\r\nHost: hostile.example\r\n\r\n".encode())
        got = b""
        while len(got.partition(b"\r\n\r\n")[2]) < at_least:
            got += connection.recv(65536)
        assert b"Transfer-Encoding: chunked" in got and not got.endswith(b"0\r\n\r\n")
    assert room.stage() in {1, 2}, "the newsroom lives on"


def test_hostile_pages_and_feeds(room: Newsroom) -> None:
    room.reset()
    host = "http://hostile.example"
    assert 249_000 <= len(room.fetch(f"{host}/paragraphs").body) <= 251_000
    assert room.fetch(f"{host}/paragraphs").body.count(b"<p>") > 5_000
    assert room.fetch(f"{host}/deep").body.count(b"<div>") == NESTED_DIVS
    nul = room.fetch(f"{host}/nul").body
    assert b"\x00" in nul and "\ufffe".encode() in nul
    first, second = room.fetch(f"{host}/retry-after"), room.fetch(f"{host}/retry-after")
    assert (first.status, first.headers["retry-after"], second.status) == (429, "2", 200)
    links = [entry.link for entry in feedparser.parse(room.fetch(f"{host}/feed.xml").body).entries]
    raw = room.fetch(f"{host}/feed.xml").body.decode()
    assert all(f"<link>{link}</link>" in raw for link in FORBIDDEN_LINKS)
    assert links.index(f"{host}/good-1") < links.index(f"{host}/good-2") == len(links) - 1
    for path, (title, texts) in GOOD_TEXTS.items():
        page = html.document_fromstring(room.fetch(host + path).body)
        assert page.xpath("string(//h1)") == title
        assert page.xpath("//article/p/text()") == list(texts)
