"""Tables that lay out a page against tables that hold data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.document import parse
from pipelines.layout import flatten_layout_tables, flatten_ruby, is_layout

LONG = "The ferry crossed twice a day until the bridge was opened, and nobody has missed it since. " * 6


def read_table(inner: str, attributes: str = "") -> bool:
    tree = parse(f"<html><body><table {attributes}>{inner}</table></body></html>")
    return is_layout(next(tree.iter("table")))


@pytest.mark.parametrize(
    ("inner", "attributes"),
    [
        ("<tr><td>menu</td><td><h1>Title</h1>text</td></tr>", ""),
        ("<tr><td>menu</td><td><table><tr><td>1</td><td>2</td></tr></table></td></tr>", ""),
        ("<tr><td>one cell only</td></tr>", ""),
        (f"<tr><td>menu</td><td>{LONG}</td></tr>", ""),
        ("<tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr>", 'role="presentation"'),
        ("<thead><tr><th>x</th></tr></thead><tr><td><article><p>Text</p></article></td></tr>", ""),
        ("", ""),
    ],
)
def test_layout(inner: str, attributes: str) -> None:
    assert read_table(inner, attributes)


@pytest.mark.parametrize(
    ("inner", "attributes"),
    [
        ("<tr><th>Year</th><th>Tons</th></tr><tr><td>1999</td><td>12</td></tr>", ""),
        ("<thead><tr><td>Year</td><td>Tons</td></tr></thead><tr><td>1999</td><td>12</td></tr>", ""),
        (f"<caption>Ferries</caption><tr><td>Note</td><td>{LONG}</td></tr>", ""),
        ("<tr><td>1999</td><td>12</td></tr><tr><td>2000</td><td>14</td></tr>", ""),
        (f"<tr><td>{LONG}</td><td>{LONG}</td></tr><tr><td>{LONG}</td><td>{LONG}</td></tr>", ""),
        (f"<tr><td>Note</td><td>{LONG}</td></tr>", 'role="table"'),
        (f"<tr><td>Note</td><td>{LONG}</td></tr>", 'summary="Notes on ferries"'),
    ],
)
def test_data(inner: str, attributes: str) -> None:
    assert not read_table(inner, attributes)


def test_only_the_layout_table_is_flattened() -> None:
    tree = parse(
        "<html><body><table><tbody><tr><td class='menu'>menu</td><td><h1>T</h1>"
        "<table><tr><th>a</th></tr><tr><td>1</td></tr></table></td></tr></tbody></table></body></html>"
    )
    assert flatten_layout_tables(tree) == 1
    tags = [element.tag for element in tree.find("body").iter()]
    assert tags == ["body", "div", "div", "div", "p", "div", "h1", "table", "tr", "th", "tr", "td"]
    assert tree.find(".//p[@class='menu']") is not None


@given(st.recursive(st.sampled_from(["x", "<h1>y</h1>", "<th>z</th>"]), lambda inner: st.lists(inner, max_size=4)))
def test_text_is_never_lost(shape: object) -> None:
    def write(part: object) -> str:
        if isinstance(part, list):
            return "<table><tr>" + "".join(f"<td>{write(item)}</td>" for item in part) + "</tr></table>"
        return str(part)

    tree = parse(f"<html><body>{write(shape)}</body></html>")
    before = tree.text_content()
    flatten_layout_tables(tree)
    assert tree.text_content() == before
    assert not any(is_layout(table) for table in tree.iter("table"))


@pytest.mark.parametrize(
    ("ruby", "text"),
    [
        ("<ruby>橋<rp>（</rp><rt>はし</rt><rp>）</rp></ruby>を直す", "橋（はし）を直す"),
        ("<ruby><rb>橋</rb><rp>(</rp><rt>はし</rt><rp>)</rp></ruby>を直す", "橋(はし)を直す"),
        ("<ruby>橋<rt>はし</rt></ruby>を<ruby>直<rt>なお</rt></ruby>す", "橋を直す"),
        ("<ruby>北<rt>ほく</rt>京<rt>きょう</rt></ruby>に行く", "北京に行く"),
        ("<a href='/b'><ruby>橋<rt>はし</rt></ruby></a>を直す", "橋を直す"),
        ("<ruby><ruby>橋<rt>はし</rt></ruby><rt>bridge</rt></ruby>を直す", "橋を直す"),
        ("<ruby></ruby>橋", "橋"),
        ("橋", "橋"),
    ],
)
def test_readings_above_characters(ruby: str, text: str) -> None:
    tree = parse(f"<html><body><p>{ruby}</p></body></html>")
    assert flatten_ruby(tree) == ruby.count("<ruby>")
    assert next(tree.iter("p")).text_content() == text
    assert next(tree.iter("ruby", "rb", "rt", "rp"), None) is None
