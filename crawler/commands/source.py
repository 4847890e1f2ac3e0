"""``scrapy source``: list, find, import and export the outlets to watch."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.usage import refuse_options
from db.plurals import plural

if TYPE_CHECKING:
    from db.records import Source


class Command(ScrapyCommand):
    """Works on the file of the setting ``SOURCES``."""

    requires_project = True

    def syntax(self) -> str:
        """Returns the arguments."""
        return "list | add URL [URL ...] | import FILE.opml | export [FILE.opml]"

    def short_desc(self) -> str:
        """Returns one line for ``scrapy -h``."""
        return "List the outlets to watch, find the feeds of a new one, import and export OPML"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Adds --id, --name and --dry-run."""
        super().add_options(parser)
        parser.add_argument("--id", help="add: the id of the new source (default: from its host)")
        parser.add_argument("--name", help="add: the name of the new source (default: what its page says)")
        parser.add_argument("--dry-run", action="store_true", help="add, import: only say what would be written")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Runs one of the four actions; a mistake in a file or an argument ends with its message and exit code 2."""
        from pipelines.toml_file import ConfigError

        assert self.settings is not None
        path = Path(self.settings["SOURCES"])
        refuse_options("source", args)
        action, *rest = args or [""]
        actions = {"list": self.list_sources, "add": self.add, "import": self.import_opml, "export": self.export_opml}
        if action not in actions:
            raise UsageError(f"say what to do: {self.syntax()}", print_help=False)
        try:
            actions[action](path, rest, opts)
        except ConfigError as error:
            print(error, file=sys.stderr)
            self.exitcode = 2
        except OSError as error:
            print(f"{error.filename or path}: {error.strerror}; check the path and its permissions", file=sys.stderr)
            self.exitcode = 2

    def list_sources(self, path: Path, args: list[str], _opts: argparse.Namespace) -> None:
        """Prints a line for each source: id, name, languages, how many seeds of each kind."""
        from crawler.sources import SEED_KEYS, load_sources

        if args:
            raise UsageError(f"source list takes no arguments, got: {' '.join(args)}", print_help=False)
        sources = load_sources(path)
        width = max((len(source.id) for source in sources), default=0)
        for source in sources:
            counts = [
                plural(len(urls), key.removesuffix("s"), key)
                for key in SEED_KEYS.values()
                if (urls := getattr(source, key))
            ]
            words = [source.name, " ".join(source.languages), ", ".join(counts) or "no seeds"]
            words += [] if source.enabled else ["disabled"]
            print(f"{source.id:<{width}}  " + "  ".join(word for word in words if word))
        n_seeds = sum(len(source.seeds()) for source in sources)
        print(f"{plural(len(sources), 'source')} with {plural(n_seeds, 'seed')} in {path}")

    def add(self, path: Path, args: list[str], opts: argparse.Namespace) -> None:
        """Looks at each address, prints a verdict on all it finds, and adds what is worth polling."""
        from crawler.preparation import introduce
        from crawler.probe import Probe, Verdict, choose
        from crawler.seed_finding import Site
        from crawler.sources import load_sources
        from db.urls import normalise

        if not args:
            raise UsageError("add needs the address of a site, a feed or a sitemap", print_help=False)
        if len(args) > 1 and (opts.id or opts.name):
            raise UsageError("--id and --name go with one address only", print_help=False)
        urls = [url if "://" in url else f"https://{url}" for url in args]
        for url in urls:
            if normalise(url) is None:
                raise UsageError(f"not an http(s) URL: {url}; allowed: https://host/path", print_help=False)
        if path.exists():
            load_sources(path)  # a mistake in the file is told before the network is asked
        probes: list[tuple[str, list[Verdict], list[Site]]] = [(url, [], []) for url in urls]
        assert self.crawler_process is not None and self.settings is not None
        introduce(self.settings)
        for url, verdicts, sites in probes:
            self.crawler_process.crawl(Probe, url=url, verdicts=verdicts, sites=sites)
        self.crawler_process.start()
        for url, verdicts, sites in probes:
            for verdict in verdicts:
                print(verdict.line())
            chosen = choose(verdicts)
            if not chosen:
                print(f"nothing to poll was found at {url}; if you know a feed or a section page, add it to {path}")
                self.exitcode = 1
                continue
            site = sites[0] if sites else Site(None, url)
            self.write(path, self.make_source(site, opts), [(verdict.kind, verdict.url) for verdict in chosen], opts)

    def make_source(self, site: Any, opts: argparse.Namespace) -> Source:
        """Returns the source for a site, without seeds yet."""
        from crawler.sources import make_id
        from db.records import Source

        source_id = opts.id or make_id(site.homepage)
        name = opts.name or site.name or source_id
        return Source(id=source_id, name=name, homepage=site.homepage, languages=site.languages)

    def write(self, path: Path, source: Source, seeds: list[Any], opts: argparse.Namespace) -> None:
        """Adds one source and says what became of it."""
        from crawler.source_edits import add_source

        written = add_source(path, source, seeds, dry_run=opts.dry_run)
        for one in written:
            done = "would be added" if opts.dry_run else "added"
            print(f"{done} to {one.id} in {path}: {', '.join(url for _kind, url in one.seeds())}")
        if not written:
            print(f"{path} lists these already; nothing was added")

    def import_opml(self, path: Path, args: list[str], opts: argparse.Namespace) -> None:
        """Adds the feeds of an OPML file that are not listed yet."""
        from crawler.opml import read_opml
        from crawler.source_edits import add_sources

        if len(args) != 1:
            raise UsageError("import needs one OPML file", print_help=False)
        sources, problems = read_opml(args[0])
        for problem in problems:
            print(f"{args[0]}: left out: {problem}", file=sys.stderr)
        n_seeds = sum(len(source.seeds()) for source in sources)
        if not sources:
            print(f"{args[0]} holds no feeds; nothing was added")
            self.exitcode = 1
            return
        written = add_sources(path, sources, dry_run=opts.dry_run)
        for source in written:
            print(f"{source.id}: {', '.join(url for _kind, url in source.seeds())}")
        n_new = sum(len(source.seeds()) for source in written)
        done = "would be added" if opts.dry_run else "added"
        print(f"{n_new} of {plural(n_seeds, 'seed')} {done} to {path}, {n_seeds - n_new} were listed already")

    def export_opml(self, path: Path, args: list[str], _opts: argparse.Namespace) -> None:
        """Writes all sources as OPML, to a file or to standard output."""
        from crawler.opml import write_opml
        from crawler.sources import load_sources

        if len(args) > 1:
            raise UsageError("export takes one file name, or none for standard output", print_help=False)
        body = write_opml(load_sources(path), title="Parley's sources")
        if not args or args[0] == "-":
            sys.stdout.write(body.decode("utf-8"))
            return
        Path(args[0]).write_bytes(body)
        print(f"{args[0]} written", file=sys.stderr)
