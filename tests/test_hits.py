"""Hits: an expression holds for an article exactly where its MATCH text finds it in the archive's index."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from db.records import Article
from pipelines.hits import collect, holds, merge, read_text
from pipelines.term import parse_term
from pipelines.term_index import TermIndex
from pipelines.topic_grammar import compile_match, parse_expression
from tests.test_topic_grammar import _EXPRESSIONS, SETS, _fill, look_up

INDEX = TermIndex(parse_term(text) for terms in (*SETS.values(), ["peace process", "day"]) for text in terms)
_WORDS = st.sampled_from(
    [
        "Afghan",
        "Kabul",
        "talks",
        "peace",
        "process",
        "negotiators",
        "Moscow",
        "мирный",
        "процессу",
        "day",
        "said",
        "\n\n",
    ]
)
_TEXTS = st.lists(_WORDS, max_size=14).map(" ".join)
_NEARS = st.builds(
    lambda left, right, n, wrap: wrap.format(f"near({left}, {right}, {n})"),
    st.sampled_from(["afghan", "talks", "moscow | talks", "'peace process'"]),
    st.sampled_from(["afghan", "talks", "moscow", "'day'"]),
    st.integers(0, 6),
    st.sampled_from(["{}", "title({})", "!{}", "{} & !moscow", "title({} | moscow)"]),
)


@given(_EXPRESSIONS | _NEARS, _TEXTS, _TEXTS)
def test_holding_is_being_found(text: str, title: str, body: str) -> None:
    expression = parse_expression(text)
    article = read_text(Article("https://example.org/", title, body), INDEX)
    match = compile_match(expression, look_up)
    found = False
    if match.text is not None:
        table = _fill([(title, body)])
        found = table.execute("SELECT 1 FROM t WHERE t MATCH ?", (match.text,)).fetchone() is not None
    assert holds(expression, article, look_up) == (found != match.negated)


@given(_EXPRESSIONS | _NEARS, _TEXTS, _TEXTS)
def test_hits_are_places_of_the_text(text: str, title: str, body: str) -> None:
    article = read_text(Article("https://example.org/", title, body), INDEX)
    hits = merge(collect(parse_expression(text), article, look_up))
    assert hits == sorted(hits)
    for hit, following in pairwise(hits):
        assert hit.part != following.part or hit.end <= following.start
    for hit in hits:
        assert article.write_form(hit)
        assert article.words_of(hit)
    assert 0 <= article.share_hit(hits) <= 1
