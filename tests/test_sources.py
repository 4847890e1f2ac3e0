"""``sources.toml``: what is read, what is refused and where, and that edits leave the rest of the file alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.source_edits import add_source, add_sources
from crawler.sources import find_source, load_sources, make_free_id, make_id
from db.records import Source
from pipelines.toml_file import ConfigError

GOOD = """\
# The outlets of the valley.

[[source]]
id = "valley-post"   # the oldest
name = "Valley Post"
homepage = "https://www.valleypost.example/"
country = "AF"
languages = ["en", "fa"]
feeds = ["https://www.valleypost.example/rss"]

# The hill paper moved in 2024.
[[source]]
id = "hill"
feeds = [
    "https://hill.example/a.xml",  # English
    "https://hill.example/b.xml",
]
sitemaps = ["https://hill.example/news.xml"]
archives = ["old/hill.warc.gz", "https://hill.example/old.warc.gz"]
enabled = false
since = 2024-02-01
note = "slow"

# The end.
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "sources.toml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_reads_every_key(path: Path) -> None:
    post, hill = load_sources(path)
    assert post == Source(
        id="valley-post",
        name="Valley Post",
        homepage="https://www.valleypost.example/",
        country="AF",
        languages=("en", "fa"),
        feeds=("https://www.valleypost.example/rss",),
    )
    assert (hill.name, hill.enabled, hill.since, hill.note) == ("hill", False, "2024-02-01", "slow")
    assert hill.feeds == ("https://hill.example/a.xml", "https://hill.example/b.xml")
    assert hill.archives == (str(path.parent / "old/hill.warc.gz"), "https://hill.example/old.warc.gz")
    assert [kind for kind, _ in hill.seeds()] == ["feed", "feed", "sitemap", "archive", "archive"]


def test_an_archive_path_does_not_depend_on_the_working_directory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    assert load_sources("sources.toml") == load_sources(path)


def test_an_empty_file_has_no_sources(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text("# nothing yet\n")
    assert load_sources(tmp_path / "s.toml") == ()


def test_a_missing_file_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml.*scrapy source add URL.*-s SOURCES=FILE"):
        load_sources(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ('id = "hill"', 'id = "valley-post"', "13:1", r'"valley-post" is taken by source 1 \(line 4\)'),
        ('id = "hill"', 'id = "The Hill"', "13:1", "lower-case letters"),
        ('id = "hill"\n', "", "12:1", "has no id"),
        ('id = "hill"', "id = 8", "13:1", "expected text in quotes, not a number"),
        ("feeds = [\n", "feed = [\n", "14:1", 'did you mean "feeds"'),
        ('[[source]]\nid = "hill"', '[[sources]]\nid = "hill"', "12:1", 'did you mean "source"'),
        ("https://hill.example/b.xml", "hill.example/b.xml", "16:5", r"not an http\(s\) URL: hill.example/b.xml; all"),
        ("https://hill.example/b.xml", "ftp://hill.example/b", "16:5", "allowed: https://"),
        ("https://hill.example/b.xml", "https://me:pw@hill.example/b", "16:5", "without spaces and passwords"),
        ("https://hill.example/b.xml", "https://hill.example/a b", "16:5", "without spaces"),
        ("https://hill.example/b.xml", "https://HILL.example:443/a.xml", "16:5", "listed before, on line 15"),
        ("https://hill.example/news.xml", "https://www.valleypost.example/rss", "18:13", "listed before, on line 9"),
        ("https://hill.example/old.warc.gz", "file:///old.warc.gz", "19:33", "not an http"),
        ("enabled = false", 'enabled = "no"', "20:1", "expected true or false, without quotes, not text"),
        ("since = 2024-02-01", 'since = "2024-02-31"', "21:1", "no such day"),
        ("since = 2024-02-01", "since = 2024-02-01T10:00:00Z", "21:1", "YYYY-MM-DD"),
        ("since = 2024-02-01", 'since = "1 Feb 2024"', "21:1", "YYYY-MM-DD"),
        ('note = "slow"', 'note = "  "', "22:1", "the text is empty"),
        ('country = "AF"', 'country = "Afghanistan"', "7:1", "two capital letters"),
        ('["en", "fa"]', '["en", "Farsi"]', "8:20", 'not a language: "Farsi"'),
        ('["en", "fa"]', '"en"', "8:1", "expected a list in brackets"),
        ('["en", "fa"]', '["en", 3]', "8:20", "expected text in quotes, not a number"),
    ],
)
def test_a_mistake_is_named_with_its_place(path: Path, old: str, new: str, place: str, words: str) -> None:
    assert GOOD.count(old) == 1
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=words) as caught:
        load_sources(path)
    assert str(caught.value).startswith(f"{path}:{place}: ")


def test_a_single_bracket_is_explained(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('[source]\nid = "a"\n')
    with pytest.raises(ConfigError, match="two brackets"):
        load_sources(tmp_path / "s.toml")


def test_the_default_file_is_sound() -> None:
    sources = load_sources(Path(__file__).parent.parent / "sources.toml")
    assert len(sources) >= 20
    assert all(source.seeds() and source.homepage and source.languages for source in sources)


NEW = Source(id="river", name="River Daily", homepage="https://river.example/", feeds=("https://river.example/feed",))


def test_a_new_source_is_appended_and_the_rest_stays(path: Path) -> None:
    assert add_source(path, NEW) == (NEW,)
    text = path.read_text(encoding="utf-8")
    assert text.startswith(GOOD)
    assert text.removeprefix(GOOD) == (
        '\n[[source]]\nid = "river"\nname = "River Daily"\nhomepage = "https://river.example/"\n'
        'feeds = ["https://river.example/feed"]\n'
    )
    assert load_sources(path)[2] == NEW


def test_adding_twice_changes_nothing(path: Path) -> None:
    add_source(path, NEW)
    before = path.read_bytes(), path.stat().st_mtime_ns
    assert add_source(path, NEW) == ()
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_seeds_go_to_the_source_of_the_same_homepage(path: Path) -> None:
    found = Source(
        id="valleypost", name="VP", homepage="http://valleypost.example", sections=("https://valleypost.example/world",)
    )
    seeds = [("feed", "https://www.valleypost.example/rss"), ("feed", "https://www.valleypost.example/fa/rss")]
    (written,) = add_source(path, found, seeds)  # type: ignore[arg-type]
    assert (written.id, written.feeds) == ("valley-post", ("https://www.valleypost.example/fa/rss",))
    want = GOOD.replace(
        'feeds = ["https://www.valleypost.example/rss"]\n',
        'feeds = ["https://www.valleypost.example/rss", "https://www.valleypost.example/fa/rss"]\n'
        'sections = ["https://valleypost.example/world"]\n',
    )
    assert path.read_text(encoding="utf-8") == want


def test_comments_inside_a_list_stay(path: Path) -> None:
    add_source(path, Source(id="hill", name="hill"), [("feed", "https://hill.example/c.xml")])
    text = path.read_text(encoding="utf-8")
    assert '    "https://hill.example/a.xml",  # English\n    "https://hill.example/b.xml",\n' in text
    assert text.count("\n") == GOOD.count("\n") + 1
    assert load_sources(path)[1].feeds[2] == "https://hill.example/c.xml"


def test_an_id_taken_by_another_outlet_is_numbered(path: Path) -> None:
    other = Source(
        id="valley-post", name="Other", homepage="https://other.example/", feeds=("https://other.example/f",)
    )
    assert add_source(path, other)[0].id == "valley-post-2"
    assert [source.id for source in load_sources(path)] == ["valley-post", "hill", "valley-post-2"]


def test_a_missing_file_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    add_source(path, NEW)
    assert load_sources(path) == (NEW,)
    assert path.read_text().startswith("# The outlets to watch")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_line_ends_mode_and_links_are_kept(path: Path, tmp_path: Path) -> None:
    path.write_bytes(GOOD.replace("\n", "\r\n").encode())
    path.chmod(0o600)
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    add_source(link, NEW)
    raw = path.read_bytes()
    assert link.is_symlink()
    assert raw.count(b"\r\n") == raw.count(b"\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["link.toml", "sources.toml"]


def test_a_file_with_a_mistake_is_not_touched(path: Path) -> None:
    path.write_text(GOOD.replace('id = "hill"', "id = 8"), encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=":13:1: "):
        add_source(path, NEW)
    assert path.read_bytes() == before


def test_what_could_not_be_read_back_is_not_written(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="not an http"):
        add_source(path, Source(id="x", name="X", feeds=("gopher://x.example/",)))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("url", "id_"),
    [
        ("https://www.bbc.co.uk/", "bbc"),
        ("https://tolonews.com/", "tolonews"),
        ("https://gandhara.rferl.org/", "gandhara-rferl"),
        ("https://feeds.daily.example/", "daily"),
        ("https://alice.wordpress.com/x", "alice"),
        ("http://127.0.0.1:8099/", "127-0-0-1"),
        ("http://localhost/", "localhost"),
        ("https://новости.рф/", "xn-b1amnebsh"),
    ],
)
def test_ids_come_from_the_host(url: str, id_: str) -> None:
    assert make_id(url) == id_


def test_ids_are_numbered_and_homepages_compared_loosely() -> None:
    assert make_free_id("a", {"a", "a-2"}) == "a-3"
    assert make_id("https://daily.example/", ["daily"]) == "daily-2"
    assert find_source([NEW], "http://www.river.example") is NEW
    assert find_source([NEW], "http://www.river.example/fa") is None


_WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=30).filter(
    lambda t: bool(t.strip())
)
_SLUGS = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,5})?", fullmatch=True)


@st.composite
def _source_lists(draw: st.DrawFn) -> list[Source]:
    sources = []
    for number, slug in enumerate(draw(st.lists(_SLUGS, unique=True, max_size=5))):
        host = f"https://{slug}.h{number}.example"
        sources.append(
            Source(
                id=slug,
                name=draw(_WORDS).strip(),
                homepage=draw(st.sampled_from([None, f"{host}/"])),
                languages=tuple(draw(st.lists(st.sampled_from(["en", "fa", "ps"]), unique=True))),
                feeds=tuple(f"{host}/f{n}" for n in range(draw(st.integers(0, 3)))),
                sitemaps=tuple(f"{host}/s{n}" for n in range(draw(st.integers(0, 2)))),
                enabled=draw(st.booleans()),
                since=draw(st.sampled_from([None, "2024-02-29"])),
                note=draw(st.none() | _WORDS.map(str.strip)),
            )
        )
    return sources


@given(_source_lists())
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, sources: list[Source]) -> None:
    path = tmp_path_factory.mktemp("s") / "sources.toml"
    add_sources(path, [])
    assert not path.exists()
    written = add_sources(path, sources)
    assert written == tuple(sources)
    if sources:
        assert load_sources(path) == tuple(sources)
        before = path.read_bytes()
        add_sources(path, [source for source in sources if source.seeds()])
        assert path.read_bytes() == before
