"""Warnings: each names a thing that bites, and a sound topic has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.frequent_words import FREQUENT
from pipelines.lint import find_traps
from pipelines.topic_file import load_topic, load_topics

SOUND = """\
title = "The ferry"
any = ["near(ferry, strike)"]
[sets.ferry]
en = ["ferry", "ferries"]
fa = ["کشتی"]
[sets.strike]
en = ["strike*"]
fa = ["اعتصاب*"]
[[entity]]
id = "lind"
name = "Captain Lind"
en = ["captain lind"]
[[example]]
expect = "accept"
title = "Ferry strike"
"""


def _lint(folder: Path, text: str) -> list[str]:
    path = folder / "ferry.toml"
    path.write_text(text, encoding="utf-8")
    return [line.removeprefix(f"{path}: ") for line in find_traps(load_topic(path))]


def test_a_sound_topic_has_no_warnings(tmp_path: Path) -> None:
    assert _lint(tmp_path, SOUND) == []


def test_the_shipped_topics_have_no_warnings() -> None:
    assert [line for topic in load_topics("topics") for line in find_traps(topic)] == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[sets.strike]", '[sets.boats]\nen = ["barge"]\n[sets.strike]', "sets.boats: no expression uses this set"),
        (
            'en = ["strike*"]',
            'any = ["deport*"]\nen = ["strike*"]',
            'sets.strike.any: "deport*" also finds the frequent word "deporte" (es); list it only'
            " in its own language, or make it longer",
        ),
        (
            'fa = ["کشتی"]',
            'fa = ["کشتی"]\ntr = ["kabul"]\nany = ["kabul"]',
            'sets.ferry.any: "kabul" also finds the frequent word "kabul" (tr); list it only'
            " in its own language, or make it longer",
        ),
        (
            '"ferries"]',
            '"wat*"]',
            'sets.ferry.en: "wat*" also finds the frequent word "water" (en); make it longer',
        ),
        (
            '["near(ferry, strike)"]',
            '["near(ferry, strike)", "\'kabul\' & ferry"]',
            'any, quoted: "kabul" also finds the frequent word "kabul" (tr); list it only'
            " in its own language, or make it longer",
        ),
        (
            'fa = ["اعتصاب*"]',
            'th = ["ประท้วง"]',
            'sets.strike.th: "ประทวง" is found only at the beginning of a clause or not at all: its script'
            " sets no spaces between words",
        ),
        (
            '"ferries"]',
            '"c++"]',
            'sets.ferry.en: only "c" is left of a term after folding; signs are not looked for',
        ),
        (
            'fa = ["اعتصاب*"]',
            "",
            "any: no expression can hold for an article in fa, though sets have words in it",
        ),
        (
            'en = ["strike*"]\nfa = ["اعتصاب*"]',
            'ru = ["забастовк*"]',
            'any: "near(ferry, strike)" can never hold: no language has words for all that it asks for',
        ),
        (
            "[sets.ferry]",
            'require = "harbour"\n[sets.harbour]\nen = ["harbour"]\n[sets.ferry]',
            'require: "harbour" can never hold for an article in fa: no words for it',
        ),
        (
            '"ferries"]',
            '"fer*", "boa*"]',
            'near(ferry, strike, 10): "boa*", "fer*" begin so many words that nearness to them means little',
        ),
        (
            '"ferries"]',
            '"xy*"]',
            'sets.ferry.en: "xy*" begins so many words that most are others; make it longer',
        ),
        (
            '"ferries"]',
            '"fеrries"]',  # the first e is Cyrillic
            'sets.ferry.en: "fеrries" mixes Cyrillic and Latin letters, which look alike; write it in one script',
        ),
        (
            'fa = ["کشتی"]',
            'fa = ["کشتی", "паром"]',
            'sets.ferry.fa: "паром" has Cyrillic letters, and articles in fa have not; list it in its own language',
        ),
        (
            "[[example]]",
            '[[entity]]\nid = "lind-2"\nname = "Another"\nen = ["captain lind"]\n[[example]]',
            'entities lind and lind-2 share the spelling "captain lind" (en)',
        ),
        (
            '[[example]]\nexpect = "accept"\ntitle = "Ferry strike"\n',
            "",
            "no [[example]]: nothing tells whether the next edit breaks the topic",
        ),
    ],
)
def test_what_bites_is_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in SOUND
    assert told in _lint(tmp_path, SOUND.replace(old, new, 1))


def test_what_never_holds_is_told_once(tmp_path: Path) -> None:
    warnings = _lint(tmp_path, SOUND.replace('en = ["strike*"]\nfa = ["اعتصاب*"]', 'ru = ["забастовк*"]'))
    assert warnings == ['any: "near(ferry, strike)" can never hold: no language has words for all that it asks for']


def test_few_signs_are_long_words_in_some_scripts(tmp_path: Path) -> None:
    text = SOUND.replace("[sets.strike]", 'ko = ["배*"]\nja = ["船*"]\n[sets.strike]\nko = ["파업*"]\nja = ["スト*"]')
    (warning,) = _lint(tmp_path, text)
    assert "배*" in warning
    assert "船" not in warning


def test_names_are_in_latin_letters_everywhere(tmp_path: Path) -> None:
    assert _lint(tmp_path, SOUND.replace('fa = ["کشتی"]', 'fa = ["کشتی", "MV Lind"]\nzh = ["渡轮", "паром"]')) == [
        "any: no expression can hold for an article in zh, though sets have words in it"
    ]


def test_a_word_that_looks_like_another_with_letters_attached_is_told(tmp_path: Path) -> None:
    text = """title = "T"
any = "talks"
[sets.talks]
ar = ["سلام", "جنة", "مفاوضات"]
any = ["جهة"]
fa = ["تن", "صلح"]
[[example]]
expect = "accept"
title = "صلح"
"""
    warnings = _lint(tmp_path, text)
    assert [line.split("; ")[0] for line in warnings] == [
        'sets.talks.ar: "جنه" with letters attached is the frequent word "لجنه"',
        'sets.talks.fa: "تن" with letters attached is the frequent word "تنها"',
    ]


@pytest.mark.parametrize(
    ("language", "term", "met"),
    [
        ("ar", "طاقة", "بطاقه"),  # energy, card
        ("ar", "آيات", "ولایات"),  # verses, states
        ("ar", "حوث*", "بحوث"),  # Houthis, studies
        ("he", "חירות", "בחירות"),  # liberty, elections
        ("he", "ריאות", "בריאות"),  # lungs, health
    ],
)
def test_words_of_the_news_that_look_like_others(tmp_path: Path, language: str, term: str, met: str) -> None:
    text = f"title = 'T'\nany = 'word'\n[sets.word]\n{language} = ['{term}']\n"
    text += f"[[example]]\nexpect = 'accept'\ntitle = '{term.rstrip('*')}'\nlanguage = '{language}'\n"
    (warning,) = _lint(tmp_path, text)
    assert f'with letters attached is the frequent word "{met}"' in warning


def test_a_beginning_that_with_letters_attached_begins_another_word_is_told(tmp_path: Path) -> None:
    text = """title = "T"
any = "talks"
[sets.talks]
ar = ["كال*", "مفاوض*"]
[[example]]
expect = "accept"
title = "مفاوضات"
language = "ar"
"""
    (warning,) = _lint(tmp_path, text)
    assert warning.startswith('sets.talks.ar: "کال*" with letters attached is the frequent word "وکاله"; ')


def test_a_word_in_its_own_language_is_no_trap(tmp_path: Path) -> None:
    assert _lint(tmp_path, SOUND.replace('"ferries"]', '"market"]')) == []


def test_frequent_words_are_single_folded_words() -> None:
    assert len(FREQUENT) == 16
    for language, words in FREQUENT.items():
        assert len(words) > 40, language
        assert all(word.isalpha() for word in words), language
