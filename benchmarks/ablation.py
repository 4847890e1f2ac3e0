"""Scores extraction against gold with every step, then with each step switched off, and says what each step costs.

    python -m benchmarks.ablation --bench FOLDER [--pages FILE.warc.gz] [--processes 2] [--step NAME ...]

FOLDER holds ``extraction/gold/*.jsonl`` (one page a line: url, set and what its text must be) and
``extraction/evaluate_extraction.py`` (score_page, summarise, read_jsonl); neither is part of Parley. The pages come
from a WARC file, by default ``../newsroom/pages.warc.gz`` beside FOLDER. Prints a Markdown table.

A step is switched off where it is called, by putting a function that does nothing in its place; the code under test
knows nothing of it. Costs are CPU time inside the step, over all pages, in the run with every step. Lines that sites
repeat are learned from these pages alone, the exact copies among them counted once.
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
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

from benchmarks.extraction import read_pages
from db.records import Article
from db.urls import registrable_domain
from pipelines import boilerplate, pruning, site_lines
from pipelines import extract as extraction

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


def _nothing(*_args: object) -> None:
    return None


def _first(given: Any, *_rest: object) -> Any:
    return given


def _second(_first: object, given: Any, *_rest: object) -> Any:
    return given


def _none(*_args: object) -> list[Any]:
    return []


def _none_found(*_args: object) -> set[int]:
    return set()


STEPS: tuple[Step, ...] = (
    Step("layout tables become blocks", "flatten_layout_tables", _nothing),
    Step("blocks that surround a story", "find_furniture", _none, pruning),
    Step("format characters of a script stay", "hide_format_characters", _none),
    Step("what Trafilatura left behind: story", "find_missed", _none_found),
    Step("what Trafilatura left behind: standfirst", "find_standfirst", _none_found),
    Step("echo of the headline", "drop_echo", _first),
    Step("JSON-LD body", "_rescue", _first),
    Step("state of script-drawn pages", "_read_scripts", _second),
    Step("invitations to pay", "drop_wall_lines", _first),
    Step("lines told by label and place", "drop_boilerplate", _first),
    Step("lines a site repeats", "learn", lambda _articles: set(), site_lines),
)
"""In their order; a step that gains nothing does not belong in Parley."""


RULES: tuple[Step, ...] = tuple(
    Step(f"{module.__name__.rpartition('.')[2]}: {rule}", "RULES", module.RULES - {rule}, module)
    for module in (pruning, boilerplate)
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
def timed(steps: Sequence[Step], seconds: defaultdict[str, float]) -> Iterator[None]:
    """Adds the CPU time inside each step to ``seconds`` while the block lasts."""

    def watch(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            started = time.process_time()
            try:
                return call(*args, **kwargs)
            finally:
                seconds[name] += time.process_time() - started

        return watched

    with ExitStack() as stack:
        for step in steps:
            call = watch(step.name, getattr(step.module, step.function))
            stack.enter_context(patch.object(step.module, step.function, call))
        yield


def extract_all(path: Path, step: Step | None) -> tuple[dict[str, str], dict[str, float]]:
    """Returns address -> body of every page that is an article, without a step, and CPU seconds by step and in all."""
    logging.disable(logging.CRITICAL)
    extraction.warm_up()
    now = datetime.now(UTC)
    seconds: defaultdict[str, float] = defaultdict(float)
    articles: dict[str, Article] = {}
    n_pages = 0
    with without(step), timed(STEPS if step is None else (), seconds):
        for page in read_pages(path):
            n_pages += 1
            started = time.process_time()
            result = extraction.extract(page, latest=now)
            seconds[NO_STEP] += time.process_time() - started
            if isinstance(result, Article):
                articles[strip_scheme(page.url)] = result
        started = time.process_time()
        bodies = clean_bodies(articles)
        cleaning = time.process_time() - started
    seconds[NO_STEP] += cleaning
    seconds["lines a site repeats"] = cleaning
    return bodies, {name: spent / max(n_pages, 1) for name, spent in seconds.items()}


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


def score(scorer: Any, bench: Path, bodies: Mapping[str, str]) -> dict[tuple[str, str], float]:
    """Returns (set, measure) -> score; a page that is no article counts as empty."""
    scores = {}
    for name, measures in MEASURES.items():
        path = bench / "extraction" / "gold" / f"{name}.jsonl"
        if path.exists():
            gold = scorer.read_jsonl(path)
            rows = [
                scorer.score_page({**_ABSENT, **page}, {"text": bodies.get(strip_scheme(page["url"]))}) for page in gold
            ]
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
    # Fresh processes: what one run patches or warms up touches no other.
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        runs = {NO_STEP: pool.submit(run_step, pages, None)}
        runs.update({step.name: pool.submit(run_step, pages, step.name) for step in chosen})
        found = {name: run.result() for name, run in runs.items()}
    scores = {name: score(scorer, bench, bodies) for name, (bodies, _) in found.items()}
    print(write_table(scores, found[NO_STEP][1], sum(1 for _ in read_pages(pages))))
    return 0


def run_step(pages: Path, name: str | None) -> tuple[dict[str, str], dict[str, float]]:
    """Extracts all pages without the step of this name: what a process of its own does."""
    return extract_all(pages, next((step for step in (*STEPS, *RULES) if step.name == name), None))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
