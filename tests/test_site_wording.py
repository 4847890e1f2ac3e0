"""The pure parts of the site: words, marks, differences, drawings."""

from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.folding import fold
from db.plurals import plural, say_number
from db.schema import DESCRIPTIONS
from db.search import split_words
from db.site import wording
from db.site.headers import is_shut
from db.site.searching import LAST_ID, read_cursor, read_request

NOW = "2018-11-26T15:00:00Z"


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (None, ""),
        ("2018-11-26T15:00:00Z", "just now"),
        ("2018-11-26T14:59:00Z", "just now"),
        ("2018-11-26T14:40:00Z", "20 min ago"),
        ("2018-11-26T12:00:00Z", "3 h ago"),
        ("2018-11-24T15:00:00Z", "2 d ago"),
        ("2018-11-09T08:30:00Z", "9 November 2018"),
        ("2018-11-27T09:00:00Z", "27 November 2018, 09:00 UTC"),
        ("2018-11-26T15:00:30Z", "just now"),
        ("garbage", "garbage"),
        ("2018-11-26", "2018-11-26"),
    ],
)
def test_how_long_ago(moment: str | None, said: str) -> None:
    assert wording.say_ago(moment, NOW) == said


def test_days_times_durations_numbers() -> None:
    assert wording.say_day("2018-11-09") == "9 November 2018"
    assert wording.say_day("soon") == "soon"
    assert wording.say_time("2018-11-09T08:30:00Z") == "9 November 2018, 08:30 UTC"
    assert [wording.say_duration(s) for s in (None, 30, 300, 5400, 43200, 172800)] == [
        "",
        "30 s",
        "5 min",
        "1.5 h",
        "12 h",
        "2 d",
    ]
    assert [wording.say_duration(s) for s in (59.4, 59.7, 3569, 3590, 84000, 86000)] == [
        "59 s",
        "1 min",
        "59 min",
        "1 h",
        "23 h",
        "1 d",
    ]
    assert (say_number(1234567), say_number(None)) == ("1,234,567", "0")
    assert (plural(1, "copy", "copies"), plural(2000, "copy", "copies")) == ("1 copy", "2,000 copies")
    assert [plural(n, "poll") for n in (0, 1, 2, None)] == ["0 polls", "1 poll", "2 polls", "0 polls"]


@given(st.text())
def test_dates_never_raise(text: str) -> None:
    for say in (wording.say_day, wording.say_time):
        assert isinstance(say(text), str)
    assert isinstance(wording.say_ago(text, NOW), str)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "//host/path",
        "/path",
        "http://",
        "https:///path",
        "http://[::1",
        "",
        None,
    ],
)
def test_only_web_addresses_become_links(url: str | None) -> None:
    assert wording.safe_href(url) == ""


def test_web_addresses_stay_as_they_are() -> None:
    for url in ("https://a.example/x?y=1#z", "http://a.example:8080/", "https://xn--mgba3gch31f.example/صلح"):
        assert wording.safe_href(url) == url
    assert wording.host_of("https://www.a.example/x") == "a.example"
    assert wording.host_of("http://[::1") == ""


@given(st.text())
def test_a_link_is_a_web_address_or_nothing(text: str) -> None:
    href = wording.safe_href(text)
    assert href == "" or href.lower().startswith(("http:", "https:"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_stored_json_of_any_shape_is_read(value: object) -> None:
    text = json.dumps(value)
    assert all(isinstance(name, str) and name for name in wording.read_names(text))
    for reason in wording.explain_reasons(text):
        assert set(reason) == {"rule", "forms", "place", "n"}


def test_reasons_are_put_into_words() -> None:
    stored = (
        '[{"rule": "talks", "forms": ["Moscow"], "where": "lead", "n": 2}, "odd", {"where": "elsewhere", "n": "x"}]'
    )
    assert wording.explain_reasons(stored) == [
        {"rule": "talks", "forms": ["Moscow"], "place": "in the first paragraphs", "n": 2},
        {"rule": "", "forms": [], "place": "elsewhere", "n": None},
    ]


def test_marks_follow_the_text_as_written() -> None:
    assert wording.mark_words("Café in MOSCOW.", {"cafe", "moscow"}) == [
        ("mark", "Café"),
        ("same", " in "),
        ("mark", "MOSCOW"),
        ("same", "."),
    ]
    assert wording.mark_words("Cafe\u0301!", {"cafe"}) == [("mark", "Cafe\u0301"), ("same", "!")]
    assert wording.mark_words("گفت‌وگوهای صلح", {"صلح"})[-1] == ("mark", "صلح")
    assert wording.mark_words("在北京会谈", {"北", "京"}) == [
        ("same", "在"),
        ("mark", "北"),
        ("mark", "京"),
        ("same", "会谈"),
    ]
    assert wording.mark_words("", {"x"}) == []


@given(st.text(), st.text())
def test_marking_loses_nothing(text: str, other: str) -> None:
    forms = frozenset(split_words(text)[:2] + split_words(other)[:2])
    assert "".join(piece for _, piece in wording.mark_words(text, forms)) == text


@given(st.text(alphabet="abc é\u0301صلح北京 \u200c-'", max_size=60))
def test_every_word_of_a_text_can_be_marked(text: str) -> None:
    forms = frozenset(split_words(text))
    marked = {word for kind, piece in wording.mark_words(text, forms) if kind == "mark" for word in split_words(piece)}
    assert marked == forms


def test_excerpt_is_cut_around_the_first_hit() -> None:
    body = "start " * 100 + "needle " + "end " * 100
    pieces = wording.cut_excerpt(body, {"needle"}, width=60)
    assert pieces[0] == ("gap", "… ") and pieces[-1] == ("gap", " …")
    assert ("mark", "needle") in pieces
    assert len("".join(text for _, text in pieces)) <= 64
    assert wording.cut_excerpt(None, {"x"}) == []


@given(st.text(max_size=600), st.integers(10, 200))
def test_excerpts_are_short_and_from_the_text(body: str, width: int) -> None:
    forms = frozenset(split_words(body)[-1:])
    pieces = wording.cut_excerpt(body, forms, width=width)
    shown = "".join(text for kind, text in pieces if kind != "gap")
    assert shown in " ".join(body.split())
    assert len(shown) <= width


def test_differences_word_by_word() -> None:
    assert wording.compare_texts("ten people died", "twelve people died") == [
        ("removed", "ten "),
        ("added", "twelve "),
        ("same", "people died"),
    ]
    assert wording.compare_texts(None, "new") == [("added", "new")]
    assert wording.compare_texts("same", "same") == [("same", "same")]
    assert wording.compare_texts("a " * 7000, "b") is None


def test_long_unchanged_parts_are_left_out() -> None:
    old = " ".join(f"w{n}" for n in range(200))
    pieces = wording.compare_texts(old, old.replace("w100 ", "changed "))
    assert pieces is not None
    assert [kind for kind, _ in pieces] == ["gap", "same", "removed", "added", "same", "gap"]
    assert ("removed", "w100 ") in pieces and ("added", "changed ") in pieces


@given(st.lists(st.sampled_from(["a ", "b ", "c\n\n", "d "])), st.lists(st.sampled_from(["a ", "b ", "c\n\n", "e "])))
def test_a_difference_rebuilds_the_new_text(old: list[str], new: list[str]) -> None:
    pieces = wording.compare_texts("".join(old), "".join(new), context=100)
    assert pieces is not None
    assert "".join(text for kind, text in pieces if kind in ("same", "added")).split() == "".join(new).split()
    assert "".join(text for kind, text in pieces if kind in ("same", "removed")).split() == "".join(old).split()


def test_a_comparison_that_would_take_too_long_grows_coarse_and_stays_true() -> None:
    """Every second word shared, each many times: `difflib` alone takes the third power of the words."""
    n = wording.LONGEST_COMPARED // 2
    old = " ".join(f"shared{place % 60} old{place}" for place in range(n))
    new = " ".join(f"shared{place % 60} new{place}" for place in range(n))
    began = time.process_time()
    pieces = wording.compare_texts(old, new, context=2 * n)
    assert time.process_time() - began < 2
    assert pieces is not None and ("same", "shared0 ") in pieces
    assert "".join(text for kind, text in pieces if kind in ("same", "added")).split() == new.split()
    assert "".join(text for kind, text in pieces if kind in ("same", "removed")).split() == old.split()


def test_a_long_text_with_a_few_changes_is_compared_to_the_word() -> None:
    words = [f"w{place % 3000}" for place in range(wording.LONGEST_COMPARED - 1)]
    changed = [*words[:40], "put", "in", *words[40:4000], *words[4001:]]
    pieces = wording.compare_texts(" ".join(words), " ".join(changed)) or []
    assert [piece for piece in pieces if piece[0] in ("added", "removed")] == [
        ("added", "put in "),
        ("removed", "w1000 "),
    ]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("when ([revisions](revisions.md)); a `row`", "when (revisions); a row"),
        ("[a] list (of two)", "[a] list (of two)"),
    ],
)
def test_descriptions_are_shown_as_plain_text(text: str, plain: str) -> None:
    assert wording.strip_markdown(text) == plain


def test_why_two_articles_were_joined_in_words() -> None:
    pair = {
        "relation": "contained",
        "containment": 0.804,
        "lead_overlap": 0.25,
        "numbers_changed": 0,
        "gap_days": 0.0486,
    }
    said = (
        "one text lies within the other, 80 % of the shorter text is in the longer, 25 % of the longer one's beginning"
        " is in the shorter, no number changed, 1.2 h apart"
    )
    assert wording.say_relation(pair) == said
    assert "9 numbers changed" in wording.say_relation({**pair, "relation": "related", "numbers_changed": 9})
    exact = {"relation": "exact", "containment": 1.0, "numbers_changed": 0, "gap_days": 0.0}
    assert wording.say_relation(exact) == "word for word the same text, in the same minute"
    assert wording.say_relation({**dict.fromkeys(pair), "relation": "new kind"}) == "new kind"


def test_every_origin_of_a_date_has_words() -> None:
    named = re.findall("`([a-z-]+)`", DESCRIPTIONS["articles"].columns["published_from"])
    assert len(named) >= 9 and not [origin for origin in named if wording.say_origin(origin) == origin]
    assert (wording.say_origin("oracle"), wording.say_origin(None)) == ("oracle", "")


def test_counters_are_words_and_numbers() -> None:
    assert wording.say_counters('{"links_new": 2, "gone": 0, "note": "x"}') == [("links new", 2)]
    for odd in (None, "", "[1]", "not json", "3"):
        assert wording.say_counters(odd) == []


@given(st.text())
def test_counters_and_times_are_read_from_anything(text: str) -> None:
    assert isinstance(wording.say_counters(text), list)
    wording.seconds_between(text, NOW)
    assert "/" not in wording.file_name(text)


def test_seconds_between_two_times() -> None:
    assert wording.seconds_between("2018-11-26T14:59:00Z", NOW) == 60
    assert wording.seconds_between(None, NOW) is wording.seconds_between("2018-11-26", NOW) is None


@given(st.text())
def test_cursors_and_questions_are_read_from_anything(text: str) -> None:
    assert 0 <= read_cursor({"before": text}) <= LAST_ID
    question = read_request({"q": text, "before": text, "order": text, "source": text})
    assert question.order in ("newest", "best")
    assert len(question.text) <= 1000
    assert not question.match or fold(question.match)


def test_what_is_shut() -> None:
    assert is_shut("/-/databases.json") and is_shut("/-/") and is_shut("/-")
    assert not is_shut("/-/static/app.css")
    assert not is_shut("/news/-/schema")
