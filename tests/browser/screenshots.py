"""``python -m tests.browser.screenshots``: pictures of the site over the demonstration's archive, for the README."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from db.connection import open_readonly
from tests.browser.chromium import find_chromium, open_browser
from tests.site_process import PROJECT, running_site

FOLDER = PROJECT / "docs" / "screenshots"
TALLEST = 900


def choose_pages(database: Path) -> list[tuple[str, str, int, bool]]:
    """Returns name, address, width in CSS pixels and darkness of each picture."""
    db = open_readonly(database)
    story, copy = db.execute(
        "SELECT s.id, (SELECT id FROM articles WHERE story_id = s.id AND NOT is_lead ORDER BY published_at LIMIT 1)"
        " FROM stories AS s ORDER BY s.n_sources DESC, s.id LIMIT 1"
    ).fetchone()
    (persian,) = db.execute(
        "SELECT a.id FROM articles AS a JOIN topic_matches AS m ON m.article_id = a.id AND m.accepted"
        " WHERE a.language = 'fa' ORDER BY m.score DESC, a.id LIMIT 1"
    ).fetchone()
    (topic,) = db.execute("SELECT topic_id FROM topic_matches GROUP BY topic_id ORDER BY count(*) LIMIT 1").fetchone()
    db.close()
    return [
        ("today", "/", 1280, False),
        ("search", "/search?q=who+attended+the+moscow+meeting", 1280, False),
        ("story", f"/story/{story}?compare={copy}", 1280, False),
        ("article", f"/article/{persian}", 1280, False),
        ("timeline", f"/timeline?topic={topic}", 1280, True),
        ("phone", "/", 390, True),
    ]


def main() -> int:
    """Crawls the demonstration's newsroom and writes the pictures; returns the exit code."""
    chromium = find_chromium()
    if chromium is None:
        print("no Chromium on this machine: `make browser` installs it on Debian", file=sys.stderr)
        return 1
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder) / "demo"
        subprocess.run([sys.executable, "-m", "scrapy", "demo", "--folder", str(demo)], cwd=PROJECT, check=True)
        database = demo / "news.db"
        with running_site(database) as site, open_browser(chromium) as tab:
            for name, address, width, dark in choose_pages(database):
                tab.open(site.url + address, width=width, dark=dark)
                tab.save_screenshot(FOLDER / f"{name}.png", TALLEST)
                print(f"{name}.png: {(FOLDER / f'{name}.png').stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
