"""What stands under the extraction: language of a text, addresses, decoded bytes, flattened trees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.document import MAX_DEPTH, decode, parse
from pipelines.head import make_absolute
from pipelines.language import name_language
from pipelines.language_codes import to_two_letters

# ---- language -------------------------------------------------------------------------------------------------------

DARI = "وزارت خارجه می‌گوید که گفتگوها ادامه دارد و هیئت به زودی سفر خود را برای دیدار با همسایگان آغاز می‌کند."
PASHTO = "د بهرنیو چارو وزارت وایي چې خبرې روانې دي او پلاوی به ډېر ژر خپل سفر ته د ګاونډیانو د لیدو لپاره پیل وکړي."


@pytest.mark.parametrize(
    ("text", "claims", "code"),
    [
        (DARI, ("en",), "fa"),
        (DARI, ("prs",), "fa"),
        (DARI, ("fa-AF",), "fa"),
        (DARI.replace("ی", "ي").replace("ک", "ك"), (), "fa"),
        (PASHTO, ("fa",), "ps"),
        (PASHTO, ("ar",), "ps"),
        (
            "قالت وزارة الخارجية إن المحادثات مستمرة وإن الوفد سيبدأ زيارته إلى دول الجوار قريبا كما أعلن أمس.",
            ("en",),
            "ar",
        ),
        ("وزارت خارجہ نے کہا ہے کہ مذاکرات جاری ہیں اور وفد جلد ہی پڑوسی ممالک کا دورہ شروع کرے گا۔", (), "ur"),
        (
            "The ministry says the talks go on and the delegation will soon leave to visit its neighbours again.",
            ("de",),
            "en",
        ),
        (
            "Ministeren sier at samtalene fortsetter, og at delegasjonen snart reiser for å besøke sine naboer igjen.",
            ("nb-NO",),
            "nb",
        ),
        ("Ok.", ("sv-SE",), "sv"),
        ("", (), None),
        ("2 + 2", ("x-default",), None),
        ("外交部表示谈判仍在继续，代表团不久将出发访问邻国，这是今年以来的第三次访问。", ("en",), "zh"),
    ],
)
def test_language_of_a_text(text: str, claims: tuple[str, ...], code: str | None) -> None:
    assert name_language(text, claims) == code


@given(st.text(max_size=300), st.lists(st.text(max_size=10), max_size=3))
def test_language_is_two_letters_or_nothing(text: str, claims: list[str]) -> None:
    code = name_language(text, tuple(claims))
    assert code is None or (len(code) == 2 and code == to_two_letters(code))


# ---- addresses, bytes, trees ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("/a b", "https://x.example/a%20b"),
        ("//y.example/a#b", "https://y.example/a"),
        (" https://y.example/a\n", "https://y.example/a"),
        ("javascript:alert(1)", None),
        ("jAvAsCrIpT:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("http://", None),
        ("http://[::1", None),
        ("", None),
    ],
)
def test_addresses_are_absolute_http(href: str, url: str | None) -> None:
    assert make_absolute(href, "https://x.example/p/q") == url


@given(st.text(max_size=100))
def test_any_address_is_http_or_nothing(href: str) -> None:
    url = make_absolute(href, "https://x.example/")
    assert url is None or url.lower().startswith(("http://", "https://"))


@given(st.binary(max_size=300), st.none() | st.text(max_size=40))
def test_decoded_text_can_be_stored(body: bytes, content_type: str | None) -> None:
    text = decode(body, content_type)
    text.encode("utf-8")
    assert "\x00" not in text
    assert "\ufffe" not in text


@given(st.integers(min_value=1, max_value=400))
def test_trees_are_never_deeper_than_promised(depth: int) -> None:
    tree = parse("<html><body>" + "<div>" * depth + "deep down" + "</div>" * depth + "</body></html>")
    deepest = max(sum(1 for _ in element.iterancestors()) for element in tree.iter())
    assert deepest < MAX_DEPTH
    assert "deep down" in tree.text_content()
