"""What a feed, a sitemap or a section page told us: the records its readers share.

The readers are pure, bytes in and a ``Discovery`` out: ``crawler/feeds.py``, ``crawler/sitemaps.py`` and
``crawler/sections.py``; ``crawler/seed_finding.py`` finds the feeds and sitemaps of a site nobody has listed yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from crawler.hints import clean_url
from crawler.sniffing import DiscoveryError as DiscoveryError
from db.plurals import plural
from db.records import Link, SeedKind

LINKS_MAX = 50_000
"""Links taken from one document; the limit the sitemap protocol sets (https://www.sitemaps.org/protocol.html)."""

PROBLEMS_MAX = 50
"""Problems reported one by one; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Child:
    """One sitemap that a sitemap index names, with the time it says it changed."""

    url: str
    modified_hint: str | None = None


@dataclass(frozen=True, slots=True)
class Discovery:
    """Everything one document pointed to, in its order and each URL once."""

    links: tuple[Link, ...] = ()
    children: tuple[Child, ...] = ()
    title: str | None = None
    """What the document calls itself."""
    problems: tuple[str, ...] = ()
    """What was left out, and why."""
    kind: str = ""
    """What the document turned out to be, in words: ``RSS 2.0``, ``Atom``, ``news sitemap`` ..."""

    def newest(self) -> str | None:
        """Returns the latest time any link or child carries, or None when none is dated."""
        hints = [link.published_hint or link.modified_hint for link in self.links]
        hints += [child.modified_hint for child in self.children]
        return max((hint for hint in hints if hint), default=None)


@dataclass(frozen=True, slots=True)
class Found:
    """One address where a seed may be, and ``via`` what it was found: link tag, page link, usual path, robots.txt."""

    kind: SeedKind
    url: str
    title: str | None = None
    via: str = ""


@dataclass(slots=True)
class Gathering:
    """Collects the links of one document: cleans each, keeps equal URLs once, and turns a bad one into a problem."""

    base: str
    links: dict[str, Link] = field(default_factory=dict)
    children: dict[str, Child] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    n_problems: int = 0

    def is_full(self) -> bool:
        """Returns whether the document has given as many links as one document may."""
        return len(self.links) >= LINKS_MAX or len(self.children) >= LINKS_MAX

    def note(self, problem: str) -> None:
        """Adds one problem; beyond ``PROBLEMS_MAX`` they are only counted."""
        self.n_problems += 1
        if len(self.problems) < PROBLEMS_MAX:
            # JSON may hold half characters (lone surrogates), which no database takes.
            self.problems.append(problem.encode("utf-8", "replace").decode("utf-8"))

    def add_link(
        self,
        raw: str,
        *,
        title: str | None = None,
        published: str | None = None,
        modified: str | None = None,
        base: str | None = None,
    ) -> None:
        """Adds one link; of a URL seen before only missing hints are taken. Past ``LINKS_MAX`` it is left out."""
        try:
            url = clean_url(raw, base or self.base)
        except ValueError as error:
            self.note(str(error))
            return
        known = self.links.get(url)
        if known is not None:
            self.links[url] = replace(
                known,
                title_hint=known.title_hint or title,
                published_hint=known.published_hint or published,
                modified_hint=known.modified_hint or modified,
            )
        elif len(self.links) < LINKS_MAX:
            self.links[url] = Link(url, title, published, modified)
        else:
            self.note_full()

    def add_child(self, raw: str, modified: str | None) -> None:
        """Adds one sub-sitemap."""
        try:
            url = clean_url(raw, self.base)
        except ValueError as error:
            self.note(str(error))
            return
        if len(self.children) < LINKS_MAX:
            self.children.setdefault(url, Child(url, modified))
        else:
            self.note_full()

    def note_full(self) -> None:
        """Says once that the document holds more than is taken."""
        words = f"more than {LINKS_MAX:,} links; the rest was left out"
        if words not in self.problems:
            self.note(words)

    def finish(self, kind: str, title: str | None = None) -> Discovery:
        """Returns what was gathered."""
        problems = list(self.problems)
        if self.n_problems > len(problems):
            problems.append(f"and {plural(self.n_problems - len(problems), 'more problem')}")
        return Discovery(tuple(self.links.values()), tuple(self.children.values()), title, tuple(problems), kind)
