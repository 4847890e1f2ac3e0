"""Topic files: what they say, and what is said about wrong ones."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from pipelines.relevance import judge_examples
from pipelines.term import write_term
from pipelines.toml_file import ConfigError
from pipelines.topic import Topic, fold_language
from pipelines.topic_file import load_topic, load_topics, read_topics

TOPICS = Path(__file__).parent.parent / "topics"

GOOD = """\
id = "bridge-talks"
title = "Talks about the bridge"
question = "Who pays?"
window = { from = 2024-01-01, to = "2024-12-31" }
accept = 0.6
any = ["bridge & talks", "near(bridge, 'city council', 5)"]
require = "bridge | mayor"
not = ["title(cricket)"]

[sets.bridge]
en = ["bridge*", "crossing"]
de = ["Brücke*"]
any = ["B-17"]
[sets.talks]
en = ["talks"]
fa = ["مذاکرات"]
prs = ["مذاکره"]
[sets.cricket]
en = ["cricket"]

[[entity]]
id = "mayor"
name = "The Mayor"
role = "mayor"
en = ["mayor smith", "smith"]
[[entity]]
id = "engineer"
name = "The Engineer"
any = ["Ångström"]

[[example]]
expect = "reject"
title = "No bridge"
date = 2024-05-05
"""


def _write(folder: Path, text: str, name: str = "bridge.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def topic(tmp_path: Path) -> Topic:
    return load_topic(_write(tmp_path, GOOD))


def _terms(topic: Topic, name: str, language: str | None) -> list[str]:
    return sorted(map(write_term, topic.terms(name, language)))


def test_a_file_is_read_whole(topic: Topic) -> None:
    assert (topic.id, topic.title, topic.question) == ("bridge-talks", "Talks about the bridge", "Who pays?")
    assert (topic.window_from, topic.window_to) == ("2024-01-01", "2024-12-31")
    assert (topic.accept, topic.review) == (0.6, 0.25)
    assert [rule.text for rule in topic.any] == ["bridge & talks", "near(bridge, 'city council', 5)"]
    assert [rule.text for rule in topic.require] == ["bridge | mayor"]
    assert [(entity.id, entity.role) for entity in topic.entities] == [("mayor", "mayor"), ("engineer", None)]
    assert [(example.expect, example.date, example.line) for example in topic.examples] == [
        ("reject", "2024-05-05", 31)
    ]


def test_terms_count_in_their_language_and_any_in_all(topic: Topic) -> None:
    assert _terms(topic, "bridge", "en") == ["b 17", "bridge*", "crossing"]
    assert _terms(topic, "bridge", "de") == ["b 17", "brucke*"]
    assert _terms(topic, "bridge", "fr") == ["b 17"]
    assert _terms(topic, "bridge", None) == ["b 17", "bridge*", "brucke*", "crossing"]
    assert _terms(topic, "talks", "fa") == ["مذاکرات", "مذاکره"]  # Dari and Persian are one
    assert _terms(topic, "mayor", "en") == ["mayor smith", "smith"]
    assert _terms(topic, "entities", "en") == ["angstrom", "mayor smith", "smith"]


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en", "en"),
        ("EN-us", "en"),
        ("fa_AF", "fa"),
        ("prs", "fa"),
        ("pus", "ps"),
        ("", None),
        (None, None),
        ("und", None),
        ("ckb", "ku"),
        ("nb-NO", "no"),
        ("zz", None),
    ],
)
def test_languages(tag: str | None, language: str | None) -> None:
    assert fold_language(tag) == language


def test_a_topic_travels_to_the_workers(topic: Topic) -> None:
    assert pickle.loads(pickle.dumps(topic)) == topic


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# c", "# other comment"),
        ("Who pays?", "Who decides?"),
        ("Talks about the bridge", "The bridge"),
        ('"bridge & talks"', '"  bridge&talks "'),
        ('["bridge*", "crossing"]', '["Crossing", "BRIDGE*", "crossing"]'),
        ('title = "No bridge"', 'title = "No bridge at all"'),
        ('role = "mayor"', 'role = "former mayor"'),
        ('"2024-12-31"', "2024-12-31"),
    ],
)
def test_the_version_stays_when_nothing_can_be_judged_differently(tmp_path: Path, old: str, new: str) -> None:
    text = GOOD + "# c\n"
    assert old in text
    before = load_topic(_write(tmp_path, text)).version
    assert load_topic(_write(tmp_path, text.replace(old, new))).version == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("accept = 0.6", "accept = 0.61"),
        ("accept = 0.6", "accept = 0.6\nreview = 0.3"),
        ("2024-12-31", "2024-12-30"),
        ("bridge & talks", "bridge | talks"),
        ("city council', 5", "city council', 6"),
        ("title(cricket)", "cricket"),
        ("crossing", "crossings"),
        ('fa = ["', 'ur = ["'),
        ("mayor smith", "mayor schmidt"),
        ("bridge-talks", "bridge-talk"),
    ],
)
def test_the_version_changes_with_the_meaning(tmp_path: Path, old: str, new: str) -> None:
    before = load_topic(_write(tmp_path, GOOD)).version
    assert load_topic(_write(tmp_path, GOOD.replace(old, new))).version != before


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("question =", "qestion =", "3:1: qestion:", 'did you mean "question"'),
        ('title = "Talks about the bridge"', "", "title:", 'is missing; write title = "..."'),
        ('title = "Talks about the bridge"', "title = 3", "2:1: title:", "must be text in quotes"),
        ('id = "bridge-talks"', 'id = "Bridge talks"', "1:1: id:", "small letters"),
        ("2024-01-01", "2025-01-01", "4:31: window.to:", "ends (2024-12-31) before it begins"),
        ('"2024-12-31"', '"31.12.2024"', "4:31: window.to:", "must be a day such as"),
        ("2024-01-01", "2024-01-01T00:00:00Z", "4:12: window.from:", "must be a day such as"),
        (", to =", ", until =", "4:31: window.until:", "Allowed here: from, to"),
        ('{ from = 2024-01-01, to = "2024-12-31" }', "2024", "4:1: window:", "must be a table"),
        ("accept = 0.6", "accept = 6", "5:1: accept:", "from 0 to 1"),
        ("accept = 0.6", "accept = true", "5:1: accept:", "from 0 to 1"),
        ("accept = 0.6", "accept = nan", "5:1: accept:", "from 0 to 1"),
        ("accept = 0.6", "accept = 0.2\nreview = 0.3", "6:1: review:", "must not be above accept"),
        ("bridge & talks", "bridge & talk", "6:18: any[1]:", 'there is no set "talk"; did you mean "talks"?'),
        ("bridge & talks", "bridge & quay", "6:18: any[1]:", "for the word itself write 'quay'"),
        ("bridge & talks", "bridge and talks", "6:16: any[1]:", "write & for and"),
        ("bridge & talks", "!bridge", "6:8: any[1]:", "would match every article"),
        ("title(cricket)", "title(cricket", "8:22: not[1]:", "breaks off"),
        ('["title(cricket)"]', "3", "8:1: not:", "must be a list of expressions"),
        ('["title(cricket)"]', '["cricket", 3]', "8:1: not:", "must be a list of expressions"),
        ('any = ["bridge & talks", "near(bridge, \'city council\', 5)"]', "", "any:", "is missing"),
        ('"crossing"', '"cross*ing"', "11:19: sets.bridge.en[2]:", "only at the end of a word"),
        ('"crossing"', "7", "11:18: sets.bridge.en[2]:", "must be text in quotes"),
        ('["talks"]', '"talks"', "15:1: sets.talks.en:", "must be a list"),
        ('de = ["Brücke*"]', 'zz = ["Brücke*"]', "12:1: sets.bridge.zz:", "use a code such as en"),
        ("[sets.cricket]", "[sets.near]", "18:1: sets.near:", "cannot be the name"),
        ('en = ["cricket"]', "", "18:1: sets.cricket:", "has no words"),
        ('id = "engineer"', 'id = "mayor"', "27:1: entity[2].id:", "is taken"),
        ('id = "engineer"', 'id = "talks"', "27:1: entity[2].id:", "is taken"),
        ('name = "The Engineer"', "", "26:1: entity[2].name:", "is missing"),
        ('any = ["Ångström"]', 'rolle = "x"', "29:1: entity[2].rolle:", "is no language"),
        ('[[entity]]\nid = "engineer"', '[entity]\nid = "engineer"', "", "begun before"),
        ('"reject"', '"rejected"', "32:1: example[1].expect:", "must be one of accept, review, reject"),
        ("date = 2024-05-05", 'language = "zz"', "34:1: example[1].language:", '"zz" is no language'),
        ("date = 2024-05-05", "dat = 2024-05-05", "34:1: example[1].dat:", 'did you mean "date"'),
        ("date = 2024-05-05", "date = 2024-05", "", ""),
        ("[[example]]", 'not = "talks"\n[[example]]', "", "stands above the first [heading]"),
        ('title = "No bridge"', "title = “No bridge”", "", "quotes mark no text"),
        ("date = 2024-05-05", "date = 2024-13-05", "", "there is no such day"),
    ],
)
def test_mistakes_name_place_and_remedy(tmp_path: Path, old: str, new: str, place: str, words: str) -> None:
    assert old in GOOD
    path = _write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        load_topic(path)
    start = f"{path}:{place}" if place[:1].isdigit() else f"{path}: {place}" if place else f"{path}:"
    assert str(caught.value).startswith(start)
    assert words in str(caught.value)


def test_the_id_may_be_left_to_the_file_name(tmp_path: Path) -> None:
    text = GOOD.replace('id = "bridge-talks"', "")
    assert load_topic(_write(tmp_path, text, "old-bridge.toml")).id == "old-bridge"
    with pytest.raises(ConfigError, match=r'"Old Bridge" \(the file\'s name, as no id is given\): use small letters'):
        load_topic(_write(tmp_path, text, "Old Bridge.toml"))


@pytest.mark.parametrize("code", ["german", "deu", "ger", "DE", "de-AT"])
def test_every_code_of_a_language_means_that_language(tmp_path: Path, code: str) -> None:
    plain, other = load_topic(_write(tmp_path, GOOD)), GOOD.replace('de = ["Brücke*"]', f'{code} = ["Brücke*"]')
    assert load_topic(_write(tmp_path, other)).sets == plain.sets


def test_a_folder_of_topics(tmp_path: Path) -> None:
    assert load_topics(tmp_path) == ()
    assert load_topics(tmp_path / "missing") == ()
    _write(tmp_path, GOOD, "b.toml")
    _write(tmp_path, GOOD.replace("bridge-talks", "a-first"), "z.toml")
    _write(tmp_path, "not a topic", "notes.txt")
    (tmp_path / ".#b.toml").symlink_to("someone@somewhere.1234")  # Emacs's mark on a file with unsaved changes
    _write(tmp_path, "half a topic", "._b.toml")
    assert [topic.id for topic in load_topics(tmp_path)] == ["a-first", "bridge-talks"]
    _write(tmp_path, GOOD, "c.toml")
    with pytest.raises(ConfigError, match=r'c\.toml:1:1: id: "bridge-talks" is the id of .*b\.toml too'):
        load_topics(tmp_path)


@pytest.mark.parametrize("topic", load_topics(TOPICS), ids=lambda topic: topic.id)
def test_the_topics_we_ship_pass_their_own_examples(topic: Topic) -> None:
    results = judge_examples(topic)
    assert len(results) >= 5
    for example, verdict, relevance in results:
        assert verdict == example.expect, (example.line, relevance)


def test_the_topics_we_ship_know_six_languages() -> None:
    topics = load_topics(TOPICS)
    assert len(topics) == 2
    for topic in topics:
        for name, spellings in topic.sets.items():
            assert set(spellings) == {"en", "fa", "ps", "ru", "ar", "ur"}, (topic.id, name)


def test_the_example_of_the_manual_works(tmp_path: Path) -> None:
    manual = (TOPICS.parent / "docs" / "topics.md").read_text(encoding="utf-8")
    block = manual.split("```toml\n")[1].split("```")[0]
    (result,) = judge_examples(load_topic(_write(tmp_path, block)))
    assert result[1] == "accept"


def test_broken_files_leave_the_others(tmp_path: Path) -> None:
    good = "title = 'T'\nany = \"'ferry'\"\n"
    (tmp_path / "good.toml").write_text(good, "utf-8")
    (tmp_path / "one.toml").write_text("title = 3\nid = 'first'\n", "utf-8")
    (tmp_path / "two.toml").write_text("title = [", "utf-8")
    for name in ("twin-a", "twin-b"):
        (tmp_path / f"{name}.toml").write_text(f"id = 'twin'\n{good}", "utf-8")
    (tmp_path / "latin.toml").write_bytes(b"id = 'latin'\ntitle = '\xe9'\n")
    topics, wrong = read_topics(tmp_path)
    assert [topic.id for topic in topics] == ["good"]
    assert [one.topic_id for one in wrong] == ["latin", "first", "twin", "two"]
    assert wrong[2].error.path.name == "twin-b.toml"
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_topics(tmp_path)


def test_keys_below_a_heading_are_told(tmp_path: Path) -> None:
    path = _write(tmp_path, "title = 'T'\n[sets.talks]\nen = ['talks']\nany = ['talks']\n")
    with pytest.raises(ConfigError, match=r"toml: any: is missing; .* line 4 is a list of words: a key of the topic"):
        load_topic(path)
    path = _write(tmp_path, "title = 'T'\nany = 'talks'\n[sets]\ntalks = ['talks']\n")
    with pytest.raises(ConfigError, match=r":4:1: sets\.talks: needs languages; write \[sets\.talks\]"):
        load_topic(path)
    path = _write(tmp_path, "title = 'T'\nany = \"'talks'\"\n[entity]\nid = 'x'\n")
    with pytest.raises(ConfigError, match=r":3:1: entity: must be written as \[\[entity\]\]"):
        load_topic(path)


def test_the_id_of_a_broken_file_is_not_that_of_an_entity(tmp_path: Path) -> None:
    entity = "[[entity]]\nid = 'captain'\nname = 'C'\nen = ['captain']\n"
    (tmp_path / "ferry.toml").write_text(f"title = 'T'\nany = 'nothing'\n{entity}", "utf-8")
    (tmp_path / "other.toml").write_text(f"id = 'strike'\ntitle = 'T'\nany = 'nothing'\n{entity}", "utf-8")
    assert [one.topic_id for one in read_topics(tmp_path)[1]] == ["ferry", "strike"]


def test_a_wrong_term_is_told_with_its_column(tmp_path: Path) -> None:
    path = _write(tmp_path, "title = 'T'\nany = 'talks'\n[sets.talks]\nar = ['آتش‌بس', 'ب*']\n")
    with pytest.raises(ConfigError, match=r":4:18: sets\.talks\.ar\[2\]"):
        load_topic(path)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("window = { from = 2018-11-01, to = 2018-11-30", ":2:46: a { } is not closed"),
        ("window = { from = 2018-02-30 }", ":2:19: there is no such day"),
        ("window = { from = 2018-2-3 }", ":2:23: there is no such day"),
        ("question = 'since 2018-11-09", ":2:29: a string is not closed"),
        ("question = 2018-11-09x", ":2:22: something is left over"),
    ],
)
def test_only_days_of_no_calendar_are_no_days(tmp_path: Path, line: str, told: str) -> None:
    path = _write(tmp_path, f"title = 'T'\n{line}\nany = 'talks'\n")
    with pytest.raises(ConfigError) as caught:
        load_topic(path)
    assert str(caught.value).startswith(f"{path}{told}")
