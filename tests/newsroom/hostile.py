"""What a hostile host sends: bombs, endless and crawling bodies, monstrous pages, links to where no crawler may go."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Iterator
from functools import cache
from html import escape

from tests.newsroom.records import Answer

HOST = "hostile.example"
BOMB_BYTES = 2**30
NESTED_DIVS = 100_000
FORBIDDEN_LINKS = (
    "http://127.0.0.1:1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://[::1]/",
    "http://localhost/",
    "http://①②⑦.0.0.1/",
    "ftp://x",
    "file:///etc/passwd",
)
TORTURE_PATHS = ("/bomb", "/endless", "/slow", "/paragraphs", "/deep", "/nul", "/retry-after")
GOOD_TEXTS = {
    "/good-1": (
        "Ferry returns to the lake after seven dry summers",
        (
            "The little ferry that once carried schoolchildren across the lake has been put back into the water, seven"
            " summers after the shore retreated and left its jetty standing in a field of reeds and dust.",
            "Nasreen Halimi, who steers it as her father did, said the first crossing took eleven minutes and that"
            " nobody on board spoke until the engine stopped on the far side and the children began to clap.",
            "Water engineers credit two wet winters and a mended sluice gate. They warn that the level will fall again"
            " unless the upper valleys agree on how much each may pump in August, a quarrel older than the boat.",
            "For now the timetable is chalked on a board beside the ticket hut: four crossings a day, five on Thursdays"
            " for the market, none when the wind comes from the north.",
        ),
    ),
    "/good-2": (
        "Town library lends its first thousand seeds",
        (
            "A drawer that used to hold the card index of the town library now holds seeds, and last week a retired"
            " postman carried home the thousandth packet: black radish, to be sown under glass before the frost.",
            "Borrowers promise to bring back twice what they took once the plants have set seed. The librarian, Tomas"
            " Veil, says that about one in three keeps the promise, which is better than the figure for atlases.",
            "The most wanted variety is a tomato that three families claim to have saved from the same allotment. The"
            " library keeps all three, in separate packets, and declines to say which of them tastes best.",
            "Next spring the scheme will reach the two branch libraries, provided that somebody gives them a drawer.",
        ),
    ),
}


@cache
def make_bomb() -> bytes:
    """Returns about 1 MiB of gzip that inflates to 1 GiB of zeros (RFC 1952).

    One compressed MiB ends on a byte border without history (full flush), so that the same bytes serve 1,024 times.
    """
    mebibyte = bytes(2**20)
    block = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = block.compress(mebibyte) + block.flush(zlib.Z_FULL_FLUSH)
    last = zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    times = BOMB_BYTES // len(mebibyte)
    checksum = 0
    for _ in range(times):
        checksum = zlib.crc32(mebibyte, checksum)
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    return head + piece * times + last + struct.pack("<LL", checksum, BOMB_BYTES % 2**32)


def stream_endless() -> Iterator[bytes]:
    """Yields HTML for ever, about 6 MB a second."""
    yield b"<!doctype html><html><head><title>Without end</title></head><body>\n"
    line = b"<p>And then another thing happened, which led at once to the next, as things will.</p>\n" * 700
    while True:
        yield line
        time.sleep(0.01)


def stream_slowly(seconds: int = 600) -> Iterator[bytes]:
    """Yields one byte a second of a page that takes ten minutes."""
    page = b"<!doctype html><html><body><p>" + b"slow " * seconds
    for position in range(seconds):
        yield page[position : position + 1]
        time.sleep(1)


@cache
def build_hostile() -> dict[str, Answer]:
    """Returns path -> answer for everything on the hostile host that is one finished body."""
    html = "text/html; charset=utf-8"
    words = ("Rain again", "Nobody spoke", "The bus was late", "A dog barked twice", "Somebody laughed", "Doors closed")
    short = "".join(f"<p>{words[number % len(words)]} {number}.</p>\n" for number in range(12_000))[:250_000]
    good_1, good_2 = (f"http://{HOST}/good-{number}" for number in (1, 2))
    torture = [f"http://{HOST}{path}" for path in TORTURE_PATHS]
    text = GOOD_TEXTS["/good-1"][1][0]
    deep = f"<!doctype html><html><body>{'<div>' * NESTED_DIVS}<p>{text}</p>{'</div>' * NESTED_DIVS}</body></html>"
    return {
        **{path: Answer(200, _write_page(title, texts), html) for path, (title, texts) in GOOD_TEXTS.items()},
        "/": Answer(200, b"<!doctype html><title>Hostile</title><p>Nothing to see.</p>", html),
        "/robots.txt": Answer(404, b"not found\n", "text/plain"),
        "/feed.xml": _write_feed([*torture, good_1, *FORBIDDEN_LINKS, good_2]),
        "/addresses.xml": _write_feed([good_1, *FORBIDDEN_LINKS, good_2]),
        "/torture.xml": _write_feed([good_1, *torture, good_2]),
        "/paragraphs": Answer(
            200, f"<!doctype html><html><body><article>{short}</article></body></html>".encode(), html
        ),
        "/deep": Answer(200, deep.encode(), html),
        "/nul": Answer(
            200,
            _write_page(
                "A page\x00 with noughts", tuple(t.replace(", ", ",\x00 \ufffe", 1) for t in GOOD_TEXTS["/good-2"][1])
            ),
            html,
        ),
        "/retry-after": Answer(200, _write_page("Patience rewarded", GOOD_TEXTS["/good-1"][1]), html),
    }


def write_source(feed: str = "/feed.xml") -> str:
    """Returns a ``sources.toml`` with the hostile host as its only source and one of its feeds as the only seed."""
    return (
        f'[[source]]\nid = "hostile"\nname = "Hostile host"\nhomepage = "http://{HOST}/"\n'
        f'country = "ZZ"\nlanguages = ["en"]\nfeeds = ["http://{HOST}{feed}"]\n'
    )


def _write_page(title: str, texts: tuple[str, ...]) -> bytes:
    inner = "".join(f"<p>{escape(text, quote=False)}</p>\n" for text in texts)
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{escape(title)}</title>"
        "<meta property='article:published_time' content='2018-11-09T08:00:00+00:00'></head>"
        f"<body><main><article><h1>{escape(title)}</h1>\n{inner}</article></main></body></html>\n"
    ).encode()


def _write_feed(links: list[str]) -> Answer:
    date = "<pubDate>Fri, 09 Nov 2018 08:00:00 +0000</pubDate>"
    items = "".join(
        f"<item><title>Item {n}</title><link>{escape(url)}</link>{date}</item>\n" for n, url in enumerate(links, 1)
    )
    head = f"<title>Hostile</title><link>http://{HOST}/</link><description>Do not trust.</description>"
    xml = f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>{head}\n{items}</channel></rss>\n'
    return Answer(200, xml.encode(), "application/rss+xml")
