"""The benchmarks of extraction steps and site lines: what they say without files, and that a step is really off."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks import ablation
from benchmarks import site_lines as site_lines_benchmark
from benchmarks.ablation import (
    NO_STEP,
    RULES,
    STEPS,
    Scored,
    Step,
    clean_bodies,
    read_page,
    score,
    strip_scheme,
    without,
    write_table,
)
from db.records import Article
from pipelines import extract as extraction
from pipelines.page import Page
from tests.test_site_lines import BOX, story

TITLE = "A bridge is mended in the valley"
HTML = (
    f"<html><head><title>{TITLE}</title></head><body><article><h1>{TITLE}</h1><p>{TITLE}</p>"
    + "".join(f"<p>{line}</p>" for line in story(0))
    + "</article></body></html>"
)


def extract_body() -> str:
    url = "https://hill.example/bridge-1"
    article = extraction.extract(Page(url, url, 200, (), HTML.encode(), "2026-11-22T12:00:00Z"))
    assert isinstance(article, Article)
    return article.body


@pytest.mark.parametrize("step", [*STEPS, RULES[0], RULES[-1]], ids=lambda step: step.name)
def test_every_step_exists_where_it_is_called_and_a_page_is_read_without_it(step: Step) -> None:
    before = getattr(step.module, step.function)
    with without(step):
        assert getattr(step.module, step.function) is step.off
        assert story(0)[3] in extract_body()
    assert getattr(step.module, step.function) is before


def test_a_step_that_is_off_does_nothing() -> None:
    (echo,) = [step for step in STEPS if step.name == "echo of the headline"]
    lines = [TITLE, *story(0)]
    assert extraction.drop_echo(lines, (TITLE,)) == story(0)
    with without(echo):
        assert extraction.drop_echo(lines, (TITLE,)) == lines
    assert extraction.drop_echo(lines, (TITLE,)) == story(0)


def test_names_of_steps_differ() -> None:
    assert len({step.name for step in (*STEPS, *RULES)}) == len(STEPS) + len(RULES)


def test_a_page_is_read_again_without_the_steps_that_change_it() -> None:
    seconds: defaultdict[str, float] = defaultdict(float)
    url = "https://hill.example/bridge-1"
    page = Page(url, url, 200, (), HTML.encode(), "2026-11-22T12:00:00Z")
    readings = read_page(page, datetime(2027, 1, 1, tzinfo=UTC), (*STEPS, *RULES), seconds)
    assert set(readings) == {NO_STEP, "echo of the headline"}
    # The line would fall to the rules by label and place, too.
    whole = readings[NO_STEP]
    assert isinstance(whole, Article) and whole.body == extract_body()
    assert readings["echo of the headline"] == whole
    assert seconds["echo of the headline"] > 0
    assert seconds["layout tables become blocks"] > 0
    assert seconds[NO_STEP] > sum(seconds.values()) / 2
    assert "invitations to pay" not in seconds, "the page asks for no money"


def test_a_rule_is_taken_away_where_its_step_changes_the_page() -> None:
    html = HTML.replace("</article>", "<p>Photo: Ben Stone</p></article>")
    url = "https://hill.example/bridge-1"
    page = Page(url, url, 200, (), html.encode(), "2026-11-22T12:00:00Z")
    rules = [rule for rule in RULES if rule.name in ("boilerplate: picture_credits", "boilerplate: dates")]
    readings = read_page(page, datetime(2027, 1, 1, tzinfo=UTC), rules, defaultdict(float))
    credited = readings["boilerplate: picture_credits"]
    assert isinstance(credited, Article) and "Ben Stone" in credited.body
    assert readings["boilerplate: dates"] == readings[NO_STEP]


def test_lines_are_learned_by_domain() -> None:
    articles = {
        f"www.hill.example/{n}": Article(f"https://www.hill.example/{n}", f"H {n}", "\n\n".join([*story(n), BOX]))
        for n in range(3)
    }
    other = Article("https://lake.example/1", "Lake", "\n\n".join([*story(4), BOX]))
    bodies = clean_bodies({**articles, "lake.example/1": other})
    assert bodies["www.hill.example/1"] == "\n\n".join(story(1))
    assert bodies["lake.example/1"] == other.body


def test_addresses_are_compared_without_scheme_and_fragment() -> None:
    assert strip_scheme("https://hill.example/a#b") == strip_scheme("hill.example/a") == "hill.example/a"


def test_the_table_shows_scores_gains_and_costs() -> None:
    scores = {
        NO_STEP: {("zyte", "shingle_f1"): 0.96, ("zyte", "exact"): 0.5},
        "echo": {("zyte", "shingle_f1"): 0.95, ("zyte", "exact"): 0.52},
    }
    table = write_table(scores, {NO_STEP: 0.02, "echo": 0.0001}, 7)
    assert table.splitlines() == [
        "| step (7 pages) | zyte shingle_f1 | zyte exact | ms CPU a page |",
        "|---|---|---|---|",
        "| every step | 0.9600 | 0.5000 | 20.0 |",
        "| echo | +0.0100 | -0.0200 | 0.10 |",
    ]


class CountingScorer:
    """Scores a body by its length, and counts how often it is asked."""

    asked = 0

    def read_jsonl(self, path: Path) -> list[dict[str, str]]:
        return [{"url": f"https://hill.example/{path.stem}-{number}", "text": "gold"} for number in range(3)]

    def score_page(self, _page: dict[str, str], told: dict[str, str | None]) -> int:
        self.asked += 1
        return len(told["text"] or "")

    def summarise(self, rows: list[int]) -> dict[str, float]:
        return {"shingle_f1": sum(rows) / len(rows), "exact": max(rows)}


def test_a_page_is_scored_once_for_each_of_its_bodies(tmp_path: Path) -> None:
    (tmp_path / "extraction" / "gold").mkdir(parents=True)
    (tmp_path / "extraction" / "gold" / "zyte.jsonl").touch()
    scorer = CountingScorer()
    known: Scored = {}
    bodies = {f"hill.example/zyte-{number}": "abc" for number in range(2)}
    assert score(scorer, tmp_path, bodies, known) == {("zyte", "shingle_f1"): 2.0, ("zyte", "exact"): 3}
    assert scorer.asked == 3
    changed = {**bodies, "hill.example/zyte-1": "abcdef"}
    assert score(scorer, tmp_path, changed, known) == {("zyte", "shingle_f1"): 3.0, ("zyte", "exact"): 6}
    assert scorer.asked == 4
    assert score(scorer, tmp_path, changed) == score(scorer, tmp_path, changed, known)
    assert scorer.asked == 7


def test_what_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench = tmp_path / "bench"
    assert ablation.main(["--bench", str(bench)]) == 2
    assert f"{bench}/extraction/evaluate_extraction.py: not there. This must be the scorer" in capsys.readouterr().out
    (bench / "extraction" / "gold").mkdir(parents=True)
    (bench / "extraction" / "evaluate_extraction.py").touch()
    assert ablation.main(["--bench", str(bench)]) == 2
    assert f"{tmp_path}/newsroom/pages.warc.gz: not there. This must be the pages" in capsys.readouterr().out
    (tmp_path / "pages.warc.gz").touch()
    given = ["--bench", str(bench), "--pages", str(tmp_path / "pages.warc.gz"), "--step", "magic"]
    assert ablation.main(given) == 2
    assert "--step magic: no such step; there are: layout tables" in capsys.readouterr().out


def test_the_cost_of_lines_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert site_lines_benchmark.main(["--articles", "30", "--sources", "2"]) == 0
    told = capsys.readouterr().out
    assert "articles       1 to      10: median" in told and "for one that loses lines" in told
    assert "line_sightings" in told and "bytes an article" in told
    with pytest.raises(SystemExit):
        site_lines_benchmark.main(["--articles", "3"])
