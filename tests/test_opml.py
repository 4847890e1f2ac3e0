"""OPML in and out: nested folders, missing attributes, broken files, and the round trip through sources.toml."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from crawler.opml import parse_opml, read_opml, write_opml
from crawler.source_edits import add_sources
from crawler.sources import load_sources
from db.records import Source
from pipelines.toml_file import ConfigError

NESTED = b"""<?xml version="1.0"?>
<opml version="1.0"><head><title>Mine</title></head><body>
  <outline text="Asia">
    <outline text="Valleys">
      <outline text="Valley &amp; Post - World" type="rss" xmlUrl="https://valleypost.example/world.xml"
        htmlUrl="https://www.valleypost.example/" language="fa-AF"/>
      <outline title="Valley &amp; Post - Sport" type="rss" XMLURL="https://feeds.valleypost.example/sport.xml"
        htmlUrl="http://valleypost.example"/>
    </outline>
    <outline type="rss" xmlUrl="feed://hill.example/rss?a=1&b=2"/>
  </outline>
  <outline text="Broken" type="rss" xmlUrl="javascript:alert(1)"/>
  <outline text="No address" type="rss"/>
  <outline text="Home page is no URL" xmlUrl="http://lake.example:8080/feed" htmlUrl="mailto:me"/>
  <outline text="Just a folder"/>
</body></opml>"""


def test_nested_folders_and_missing_attributes() -> None:
    sources, problems = parse_opml(NESTED)
    assert sources == (
        Source(
            id="valleypost",
            name="Valley & Post",
            homepage="https://www.valleypost.example/",
            languages=("fa",),
            feeds=("https://valleypost.example/world.xml", "https://feeds.valleypost.example/sport.xml"),
        ),
        Source(id="hill", name="hill", homepage="http://hill.example/", feeds=("http://hill.example/rss?a=1&b=2",)),
        Source(
            id="lake",
            name="Home page is no URL",
            homepage="http://lake.example:8080/",
            feeds=("http://lake.example:8080/feed",),
        ),
    )
    assert problems == (
        "line 12: not an http(s) link: javascript:alert(1)",
        "line 13: a feed without xmlUrl: No address",
    )


def test_one_host_with_two_homepages_is_two_sources() -> None:
    body = b"""<opml version="2.0"><body>
      <outline xmlUrl="https://feeds.world.example/a" htmlUrl="https://world.example/pashto" text="Pashto"/>
      <outline xmlUrl="https://feeds.world.example/b" htmlUrl="https://world.example/" text="World"/>
    </body></opml>"""
    sources, _ = parse_opml(body)
    assert [(source.id, source.name) for source in sources] == [("world", "Pashto"), ("world-2", "World")]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "an empty response where an OPML file was expected"),
        (b"<html><body>Sign in</body></html>", "an HTML page where an OPML"),
        (b"<rss version='2.0'><channel/></rss>", "a feed where an OPML"),
        (b"https://a.example/feed\n", "plain text where an OPML"),
    ],
)
def test_another_file_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_opml(body, "list.opml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.opml.*check the path"):
        read_opml(tmp_path / "none.opml")


def test_entities_do_not_open_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("https://secret.example/")
    body = f"""<?xml version="1.0"?><!DOCTYPE opml [<!ENTITY x SYSTEM "{secret.as_uri()}">]>
    <opml><body><outline text="&x;" xmlUrl="https://a.example/feed"/></body></opml>"""
    sources, _ = parse_opml(body.encode())
    assert "secret" not in repr(sources)


def test_importing_the_same_file_twice_adds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    (tmp_path / "in.opml").write_bytes(NESTED)
    assert len(add_sources(path, read_opml(tmp_path / "in.opml")[0])) == 3
    before = path.read_bytes()
    assert add_sources(path, read_opml(tmp_path / "in.opml")[0]) == ()
    assert path.read_bytes() == before


def test_other_readers_find_the_feeds() -> None:
    source = Source(
        id="a",
        name='A & "B"',
        homepage="https://a.example/",
        languages=("en",),
        feeds=("https://a.example/f?x=1&y=2",),
        sitemaps=("https://a.example/s.xml",),
        archives=("folder/file.warc.gz",),
    )
    root = etree.fromstring(write_opml([source]))
    (feed,) = root.findall(".//outline[@type='rss']")
    assert {str(key): str(value) for key, value in feed.attrib.items()} == {
        "text": 'A & "B"',
        "title": 'A & "B"',
        "type": "rss",
        "xmlUrl": "https://a.example/f?x=1&y=2",
        "htmlUrl": "https://a.example/",
        "language": "en",
    }
    assert root.get("version") == "2.0"
    assert b"warc" not in write_opml([source])


def test_the_default_list_survives_the_round_trip(tmp_path: Path) -> None:
    sources = load_sources(Path(__file__).parent.parent / "sources.toml")
    again, problems = parse_opml(write_opml(sources))
    assert (again, problems) == (sources, ())
    add_sources(tmp_path / "s.toml", again)
    assert load_sources(tmp_path / "s.toml") == sources


_NAMES = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=20).map(
    lambda text: " ".join(text.replace("<", "").replace("&", "").split()) or "x"
)


@given(st.lists(st.tuples(_NAMES, st.booleans(), st.integers(0, 3)), max_size=4))
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_back(rows: list[tuple[str, bool, int]]) -> None:
    sources = tuple(
        Source(
            id=f"s{number}",
            name=name,
            homepage=f"https://h{number}.example/" if with_home else None,
            country="AF",
            languages=("fa", "ps"),
            feeds=tuple(f"https://h{number}.example/{n}" for n in range(n_feeds)),
            sections=(f"https://h{number}.example/world",),
            enabled=with_home,
            since="2024-01-01",
            note="a note",
        )
        for number, (name, with_home, n_feeds) in enumerate(rows)
    )
    assert parse_opml(write_opml(sources)) == (sources, ())


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        sources, problems = parse_opml(b"<opml><body>" + body + b"</body></opml>")
    except ConfigError:
        return
    assert isinstance(sources, tuple)
    assert isinstance(problems, tuple)
