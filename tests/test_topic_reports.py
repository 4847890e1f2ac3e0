"""What ``scrapy topic`` says of the archive: changes with titles and scores, suggestions, meetings, what waits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.topic_reports import (
    CHANGES_SHOWN,
    Change,
    find_changes,
    find_waiting,
    write_diff,
    write_list,
    write_meetings,
    write_suggestions,
)
from db.records import Relevance
from db.topics import StoredMatch
from pipelines.rescoring import Judgement, apply_topics, judge_archive
from pipelines.topic import Topic
from pipelines.topic_file import load_topic
from tests.test_rescoring import ARTICLES, FILE
from tests.topic_archive import fill_archive, make_article


@pytest.fixture
def topic(tmp_path: Path) -> Topic:
    (tmp_path / "ferry.toml").write_text(FILE, encoding="utf-8")
    return load_topic(tmp_path / "ferry.toml")


@pytest.fixture
def archive(tmp_path: Path, topic: Topic) -> Path:
    fill_archive(tmp_path / "news.db", ARTICLES, [topic])
    return tmp_path / "news.db"


def _edit(topic: Topic, old: str, new: str) -> Topic:
    path = topic.path
    path.write_text(FILE.replace(old, new), encoding="utf-8")
    return load_topic(path)


def _match(score: float, accepted: bool) -> StoredMatch:
    return StoredMatch(1, score, accepted, "t", "s", None)


def test_changes_are_gains_first_and_what_touches_the_collection_before_the_rest() -> None:
    before = {1: _match(0.6, True), 2: _match(0.4, False), 3: _match(0.3, False), 4: _match(0.9, True)}
    after = {
        1: Relevance("x", "v", 0.3, False),
        2: Relevance("x", "v", 0.7, True),
        4: Relevance("x", "v", 0.8, True),
        5: Relevance("x", "v", 0.3, False),
        6: Relevance("x", "v", 0.9, True),
    }
    assert find_changes(before, after) == [
        Change(6, "out", "accepted", None, 0.9),
        Change(2, "for review", "accepted", 0.4, 0.7),
        Change(5, "out", "for review", None, 0.3),
        Change(1, "accepted", "for review", 0.6, 0.3),
        Change(3, "for review", "out", 0.3, None),
    ]


def test_an_unchanged_topic_changes_nothing(archive: Path, topic: Topic) -> None:
    lines = list(write_diff(archive, [topic], processes=1, everything=False))
    assert lines[0] == f"ferry: version {topic.version} -> {topic.version} (unchanged)"
    assert [line.split(", ", 1)[1] for line in lines[1:]] == ["0 more and 0 fewer than now"] * 2


def test_a_diff_names_gains_and_losses_and_writes_nothing(archive: Path, topic: Topic) -> None:
    edited = _edit(topic, "not = [\"'regatta'\"]", "not = [\"'captain lind'\"]")
    stored = archive.read_bytes()
    lines = list(write_diff(archive, [edited], processes=1, everything=False))
    assert lines[0] == f"ferry: version {topic.version} -> {edited.version}"
    (gain,) = [at for at, line in enumerate(lines) if line.endswith("(was out)  2024-06-01  harbour  Regatta")]
    assert lines[gain].startswith("  + ")
    assert lines[gain + 1].startswith("           for ") and "ferry" in lines[gain + 1].casefold()  # and why
    (loss,) = [at for at, line in enumerate(lines) if line.endswith("Ferry strike goes on")]
    assert lines[loss].startswith("  - ---- out (was 0.")
    assert lines[loss + 1] == "           because `not` holds: 'captain lind' (Captain Lind)"
    assert archive.read_bytes() == stored
    apply_topics(archive, [edited], processes=1)
    after = list(write_diff(archive, [edited], processes=1, everything=False))
    assert [line for line in after if line.startswith(("  +", "  -"))] == []
    assert sum("accepted: " in line for line in after) == 1


def test_articles_stored_meanwhile_are_no_change(archive: Path, topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    def judge_amid_a_crawl(path: Path, topics: Sequence[Topic], *, processes: int) -> Iterator[Judgement]:
        fill_archive(path, [make_article("Ferry strike again", "The ferry strike. Captain Lind.")], topics)
        yield from judge_archive(path, topics, processes=processes)

    monkeypatch.setattr("crawler.topic_reports.judge_archive", judge_amid_a_crawl)
    for edited in (topic, replace(topic, id="new")):
        lines = list(write_diff(archive, [edited], processes=1, everything=True))
        assert not any(f"Meanwhile: {edited.id}" in line for line in lines)


def test_a_new_topic_is_all_gain(archive: Path, topic: Topic) -> None:
    lines = list(write_diff(archive, [replace(topic, id="new")], processes=1, everything=False))
    assert lines[0] == f"new: new, version {topic.version}"
    assert sum(line.startswith("  + ") for line in lines) == 4


def test_long_lists_are_cut_evenly(tmp_path: Path, topic: Topic) -> None:
    path = tmp_path / "long.db"
    losses = [make_article(f"Loss {n}", "The ferry strike. Captain Lind.") for n in range(30)]
    gains = [make_article(f"Gain {n}", "The ferry strike and the regatta.") for n in range(30)]
    fill_archive(path, losses + gains, [topic])
    edited = _edit(topic, "not = [\"'regatta'\"]", "not = [\"'captain lind'\"]")
    lines = list(write_diff(path, [edited], processes=1, everything=False))
    signs = [line[2] for line in lines if line[2] in "+-"]
    assert signs == ["+"] * (CHANGES_SHOWN // 2) + ["-"] * (CHANGES_SHOWN // 2)
    assert lines[-1] == "  and 40 more changes (--all lists them)"
    everything = list(write_diff(path, [edited], processes=1, everything=True))
    assert sum(line[2] in "+-" for line in everything) == 60


def test_what_waits_is_told(archive: Path, tmp_path: Path, topic: Topic) -> None:
    assert find_waiting(archive, [topic]) == []
    assert find_waiting(tmp_path / "none.db", [topic]) == []
    edited = replace(topic, version="edited")
    assert find_waiting(archive, [edited]) == ["ferry"]
    assert "changed" in "\n".join(write_list([edited], ["ferry"]))
    assert "changed" not in "\n".join(write_list([topic], []))
    apply_topics(archive, [edited], processes=1)
    assert find_waiting(archive, [edited]) == []


def test_suggestions_are_drawn_from_the_archive(tmp_path: Path, topic: Topic) -> None:
    path = tmp_path / "much.db"
    some = [
        make_article(f"Ferry strike {n}", f"The deckhands and Captain Lynd strike at the ferry {n}.") for n in range(7)
    ]
    rest = [make_article(f"Council {n}", f"The council and the market met {n}.") for n in range(20)]
    fill_archive(path, some + rest, [topic])
    text = "\n".join(write_suggestions(path, topic))
    assert text.startswith("ferry: from 7 accepted articles and 20 others of their languages\n  en:\n")
    assert "    deckhands  (word; in 7 accepted, 0 others; z " in text


def test_nothing_to_suggest_is_told(tmp_path: Path, topic: Topic) -> None:
    path = tmp_path / "same.db"
    articles = [make_article(f"Ferry strike {n}", f"The ferry strike {n}.") for n in range(4)]
    fill_archive(path, [*articles, make_article("Council", "The council met.")], [topic])
    assert list(write_suggestions(path, topic))[1:] == ["  no word stands out that the file lacks"]


def test_too_little_to_learn_from_is_told(archive: Path, topic: Topic) -> None:
    assert "too few to learn from" in list(write_suggestions(archive, replace(topic, id="unknown")))[1]


def test_meetings(tmp_path: Path, topic: Topic) -> None:
    text = FILE + '[[entity]]\nid = "mayor"\nname = "The mayor"\nen = ["mayor"]\n'
    topic.path.write_text(text, encoding="utf-8")
    both = load_topic(topic.path)
    path = tmp_path / "met.db"
    fill_archive(path, [make_article("A", "Captain Lind met the mayor."), make_article("B", "The mayor left.")], [both])
    lines = list(write_meetings(path, [both]))
    assert lines[1:] == ["      1  2024-06-01 to 2024-06-01  The captain + The mayor"]
