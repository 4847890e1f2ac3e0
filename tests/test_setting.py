"""What a page tells of the lines of its body."""

from __future__ import annotations

from lxml.html import document_fromstring

from pipelines.setting import Setting

PAGE = Setting(
    document_fromstring(
        "<html><body><h2>The <i>old</i> bridge</h2><p>It is to be mended before winter.</p>"
        "<h2>More bridges</h2><ul><li><a href='/b'>The new one</a></li></ul><p>So says <a href='/c'>the council</a></p>"
        "<p>So says <a href='/c'>the council</a></p></body></html>"
    )
)


def test_links_of_a_line() -> None:
    assert PAGE.share_of_links("It is to be mended before winter.") == 0
    assert PAGE.share_of_links("The new one") == 1
    share = PAGE.share_of_links("So says the council")
    assert share is not None
    assert 0.5 < share < 0.7
    assert PAGE.share_of_links("Nowhere on the page") is None


def test_headings() -> None:
    assert PAGE.is_heading("The old bridge")
    assert not PAGE.is_heading("The new one")
    assert not PAGE.is_heading("Nowhere on the page")


def test_what_stands_right_below() -> None:
    assert PAGE.leads_to("The old bridge", "It is to be mended before winter.")
    assert not PAGE.leads_to("More bridges", "So says the council")
    assert not PAGE.leads_to("Nowhere on the page", "So says the council")
    # The last block of a page leads to nothing, its copy above it to the same words.
    assert PAGE.leads_to("So says the council", "So says the council")
