"""Scores extraction against gold with every step, then with each step switched off, and says what each step costs.

    python -m benchmarks.ablation --bench FOLDER [--pages FILE.warc.gz] [--processes 2] [--step NAME ...]

FOLDER holds ``extraction/gold/*.jsonl`` (one page a line: url, set and what its text must be) and
``extraction/evaluate_extraction.py`` (score_page, summarise, read_jsonl); neither is part of Parley. The pages come
from a WARC file, by default ``../newsroom/pages.warc.gz`` beside FOLDER. Prints a Markdown table.

A step is switched off where it is called, by putting a function that does nothing in its place; the code under test
knows nothing of it. A page on which a step changed nothing is not read again without it, and what Trafilatura made of
a page is kept for the steps behind it. Costs are CPU time inside the step, over all pages, with every step. Lines that
sites repeat are learned from these pages alone, the exact copies among them counted once.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

from trafilatura import bare_extraction

from benchmarks.extraction import read_pages
from db.records import Article
from db.urls import registrable_domain
from pipelines import boilerplate, pruning, site_lines
from pipelines import extract as extraction
from pipelines.page import NoArticle, Page

Measure = tuple[str, str]
"""Set of gold and what is measured of it."""
Scored = dict[tuple[str, int, str | None], Any]
"""Set of gold, number of the page in it, body -> what the scorer says."""
Readings = dict[str, Article | NoArticle]
"""Name of a step -> what a page is without it; steps that change nothing are absent."""
MEASURES: dict[str, tuple[str, ...]] = {
    "zyte": ("shingle_f1", "exact"),
    "fundeval": ("rouge_f1", "exact"),
    "fundus": ("shingle_f1",),
    "traf": ("seg_f1",),
}
"""Set of gold -> what is measured of it, as its authors do."""
NO_STEP = "every step"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of extraction that can be switched off."""

    name: str
    function: str
    """What ``module`` calls it."""
    off: Any
    """What stands in for it: takes the same arguments and does nothing; for a set of rules, the set without one."""
    module: ModuleType = extraction
    ahead: bool = False
    """Whether it changes what Trafilatura is given."""
    part_of: str = ""
    """Of a rule: the step that applies it."""


def _no_tables(*_args: object) -> int:
    return 0


def _first(given: Any, *_rest: object) -> Any:
    return given


def _second(_first: object, given: Any, *_rest: object) -> Any:
    return given


def _none(*_args: object) -> list[Any]:
    return []


def _none_found(*_args: object) -> set[int]:
    return set()


STEPS: tuple[Step, ...] = (
    Step("layout tables become blocks", "flatten_layout_tables", _no_tables, ahead=True),
    Step("readings above characters", "flatten_ruby", _no_tables, ahead=True),
    Step("hours of updates", "keep_hours", _no_tables, ahead=True),
    Step("blocks that surround a story", "find_furniture", _none, pruning, ahead=True),
    Step("format characters of a script stay", "hide_format_characters", _none, ahead=True),
    Step("what Trafilatura left behind: story", "find_missed", _none_found),
    Step("what Trafilatura left behind: standfirst", "find_standfirst", _none_found),
    Step("second headline", "drop_second_headline", _first),
    Step("echo of the headline", "drop_echo", _first),
    Step("JSON-LD body", "_rescue", _first),
    Step("state of script-drawn pages", "_read_scripts", _second),
    Step("invitations to pay", "drop_wall_lines", _first),
    Step("lines told by label and place", "drop_boilerplate", _first),
    Step("lines a site repeats", "learn", lambda _articles: set(), site_lines),
)
"""In their order; a step that gains nothing does not belong in Parley."""


RULES: tuple[Step, ...] = tuple(
    Step(
        f"{module.__name__.rpartition('.')[2]}: {rule}", "RULES", module.RULES - {rule}, module, module is pruning, name
    )
    for module, name in ((pruning, STEPS[3].name), (boilerplate, STEPS[-2].name))
    for rule in sorted(module.RULES)
)
"""Single rules of two of the steps, for ``--rules``."""


@contextmanager
def without(step: Step | None) -> Iterator[None]:
    """Switches a step off while the block lasts; None: nothing."""
    if step is None:
        yield
        return
    with patch.object(step.module, step.function, step.off):
        yield


@contextmanager
def watched(steps: Sequence[Step], seconds: defaultdict[str, float], acting: set[str]) -> Iterator[None]:
    """Adds the CPU time inside each step to ``seconds``, and the steps that change anything to ``acting``."""

    def watch(step: Step, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            started = time.process_time()
            result = call(*args)
            seconds[step.name] += time.process_time() - started
            if result != step.off(*args):
                acting.add(step.name)
            return result

        return run

    with ExitStack() as stack:
        for step in steps:
            stack.enter_context(
                patch.object(step.module, step.function, watch(step, getattr(step.module, step.function)))
            )
        yield


def read_page(page: Page, latest: datetime, steps: Sequence[Step], seconds: defaultdict[str, float]) -> Readings:
    """Returns what a page is with every step and without each of those that change it; adds to ``seconds``."""
    acting: set[str] = set()
    texts: list[Any] = []

    def keep(*args: Any, **kwargs: Any) -> Any:
        texts.append(bare_extraction(*args, **kwargs))
        return texts[-1]

    started = time.process_time()
    inside = [step for step in STEPS if step.module is not site_lines]
    with watched(inside, seconds, acting), patch.object(extraction, "bare_extraction", keep):
        readings: Readings = {NO_STEP: extraction.extract(page, latest=latest)}
    seconds[NO_STEP] += time.process_time() - started
    for step in steps:
        if (step.part_of or step.name) in acting:
            with without(step), ExitStack() as stack:
                if texts and not step.ahead:
                    stack.enter_context(patch.object(extraction, "bare_extraction", lambda *_, **__: texts[0]))
                readings[step.name] = extraction.extract(page, latest=latest)
    return readings


def read_part(path: Path, names: Sequence[str], part: int, parts: int) -> tuple[dict[str, Readings], dict[str, float]]:
    """Returns address -> readings of every ``parts``-th page, and CPU seconds by step and in all."""
    logging.disable(logging.CRITICAL)
    extraction.warm_up()
    now = datetime.now(UTC)
    steps = [step for step in (*STEPS, *RULES) if step.name in names]
    seconds: defaultdict[str, float] = defaultdict(float)
    pages = islice(read_pages(path), part, None, parts)
    return {strip_scheme(page.url): read_page(page, now, steps, seconds) for page in pages}, dict(seconds)


def find_bodies(readings: Mapping[str, Readings], step: Step | None) -> dict[str, str]:
    """Returns address -> body of every page that is an article without a step, the lines of its site left out."""
    found = {address: one.get(step.name if step else NO_STEP, one[NO_STEP]) for address, one in readings.items()}
    with without(step if step is not None and step.module is site_lines else None):
        return clean_bodies({address: one for address, one in found.items() if isinstance(one, Article)})


def clean_bodies(articles: Mapping[str, Article]) -> dict[str, str]:
    """Returns address -> body without the lines its source repeats; a source is a registrable domain."""
    sources: dict[str, list[tuple[str, list[str], list[site_lines.Candidate]]]] = defaultdict(list)
    for address, article in articles.items():
        lines = site_lines.split_body(article.body)
        candidates = site_lines.find_candidates(lines, article.title)
        sources[registrable_domain(f"http://{address}")].append((address, lines, candidates))
    bodies = {}
    for pages in sources.values():
        # The exact copies of a text are one story.
        furniture = site_lines.learn(("\n".join(lines), candidates) for _, lines, candidates in pages)
        for address, lines, candidates in pages:
            removals = site_lines.find_removals(lines, candidates, furniture)
            bodies[address] = "\n\n".join(site_lines.leave_out(lines, {one.position for one in removals}))
    return bodies


def strip_scheme(url: str) -> str:
    """Returns an address without scheme and fragment: the sets of gold write it either way."""
    return url.split("://", 1)[-1].split("#")[0]


def load_scorer(bench: Path) -> Any:
    """Returns the module that scores, from the bench folder."""
    path = bench / "extraction" / "evaluate_extraction.py"
    spec = importlib.util.spec_from_file_location("evaluate_extraction", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def score(scorer: Any, bench: Path, bodies: Mapping[str, str], known: Scored | None = None) -> dict[Measure, float]:
    """Returns (set, measure) -> score; a page that is no article counts as empty.

    ``known`` keeps what each page scored with each body: most steps leave most bodies as they are.
    """
    known = {} if known is None else known
    scores = {}
    for name, measures in MEASURES.items():
        path = bench / "extraction" / "gold" / f"{name}.jsonl"
        if path.exists():
            rows = []
            for number, page in enumerate(scorer.read_jsonl(path)):
                body = bodies.get(strip_scheme(page["url"]))
                key = name, number, body
                if key not in known:
                    known[key] = scorer.score_page({**_ABSENT, **page}, {"text": body})
                rows.append(known[key])
            summary = scorer.summarise(rows)
            scores.update({(name, measure): summary[measure] for measure in measures if measure in summary})
    return scores


_ABSENT: dict[str, Any] = dict.fromkeys(
    ("publisher", "domain", "text", "paragraphs", "optional", "with", "without", "title", "authors", "date")
)


def write_table(
    scores: Mapping[str, Mapping[tuple[str, str], float]], seconds: Mapping[str, float], n_pages: int
) -> str:
    """Returns the Markdown table: scores with every step, then what each step gains and costs."""
    everything = scores[NO_STEP]
    columns = list(everything)
    heads = [f"{name} {measure}" for name, measure in columns]
    lines = [
        f"| step ({n_pages} pages) | {' | '.join(heads)} | ms CPU a page |",
        "|---|" + "---|" * (len(heads) + 1),
        f"| {NO_STEP} | {' | '.join(f'{everything[key]:.4f}' for key in columns)} | {1000 * seconds[NO_STEP]:.1f} |",
    ]
    for name, found in scores.items():
        if name != NO_STEP:
            gains = [f"{everything[key] - found[key]:+.4f}" for key in columns]
            lines.append(f"| {name} | {' | '.join(gains)} | {1000 * seconds.get(name, 0.0):.2f} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Prints the table; returns 0, or 2 where something is not there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True, help="folder with extraction/gold/*.jsonl and its scorer")
    parser.add_argument("--pages", type=Path, help="WARC file (default: ../newsroom/pages.warc.gz beside the folder)")
    parser.add_argument("--processes", type=int, default=2, help="runs at a time (default: 2)")
    parser.add_argument("--step", action="append", help="only this step; may be repeated (default: all)")
    parser.add_argument("--rules", action="store_true", help="each rule of pruning and of boilerplate, too")
    options = parser.parse_args(arguments)
    bench: Path = options.bench
    pages: Path = options.pages or bench.resolve().parent / "newsroom" / "pages.warc.gz"
    wanted = {
        bench / "extraction" / "evaluate_extraction.py": "the scorer (score_page, summarise, read_jsonl)",
        bench / "extraction" / "gold": "the gold: one .jsonl file a set (" + ", ".join(MEASURES) + ")",
        pages: "the pages as a WARC file; say where they are with --pages",
    }
    for path, what in wanted.items():
        if not path.exists():
            print(f"{path}: not there. This must be {what}.")
            return 2
    steps = (*STEPS, *RULES)
    names = [step.name for step in steps]
    unknown = [name for name in options.step or () if name not in names]
    if unknown:
        print(f"--step {unknown[0]}: no such step; there are: {', '.join(names)}")
        return 2
    offered = steps if options.rules or options.step else STEPS
    chosen = [step for step in offered if not options.step or step.name in options.step]
    scorer = load_scorer(bench)
    parts = options.processes
    names = [step.name for step in chosen]
    with ProcessPoolExecutor(parts, mp_context=get_context("spawn")) as pool:
        runs = [pool.submit(read_part, pages, names, part, parts) for part in range(parts)]
        readings: dict[str, Readings] = {}
        spent: defaultdict[str, float] = defaultdict(float)
        for run in runs:
            found, seconds = run.result()
            readings.update(found)
            for name, more in seconds.items():
                spent[name] += more
    started = time.process_time()
    bodies = find_bodies(readings, None)
    spent["lines a site repeats"] = time.process_time() - started
    known: Scored = {}
    scores = {NO_STEP: score(scorer, bench, bodies, known)}
    scores.update({step.name: score(scorer, bench, find_bodies(readings, step), known) for step in chosen})
    each = {name: total / max(1, len(readings)) for name, total in spent.items()}
    print(write_table(scores, each, len(readings)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
