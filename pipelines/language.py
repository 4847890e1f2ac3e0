"""Names the language of a text, weighing what the page claims against what it is written in."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from pipelines.language_codes import to_two_letters

_SAMPLE = 1_500
_SURE_LETTERS = 80

# Pairs a statistical model confuses on short text: a page's own word decides inside such a family.
_FAMILIES = (
    {"no", "nb", "nn", "da"}, {"hr", "sr", "bs", "sl", "mk"}, {"id", "ms"}, {"pt", "gl", "es", "ca", "an", "oc"},
    {"cs", "sk"}, {"hi", "mr", "ne"}, {"nl", "af", "fy", "li"}, {"bg", "mk", "sr"}, {"ru", "uk", "be", "bg"},
    {"az", "tr"}, {"kk", "ky", "tt"}, {"de", "lb", "als"}, {"fr", "oc", "wa"}, {"it", "co", "sc"}, {"fi", "et"},
    {"sr", "hr"}, {"xh", "zu"}, {"uz", "tg"},
)  # fmt: skip

# Everyday words of the Arabic-script languages that the others do not share. Afghan pages type Persian with Arabic
# letters and Pashto with Persian ones, so letters alone mislead.
_ARABIC_SCRIPT_WORDS = {
    "fa": "است در که از را این برای بود شده شد کرد کرده می آن هم خود گفت هستند باید شود دارد کنند بر تا نیز",
    "ps": "په چې د او کې دی ته دي یې له وي سره شوي ده شول وه هم دا پر نه چی کړي کړه کړ څخه لپاره نو",
    "ar": "في من على التي الذي إلى عن أن هذا هذه كان لم بعد ذلك مع قال وقال بين كما قد التى إن",
    "ur": "کے میں ہے کی سے نے کو پر ہیں کا اور ہے۔ تھا کہا گیا بھی کر ایک یہ جو اس",
    "ku": "لە بۆ کە لەگەڵ ئەم ئەو بە دەکات بوو هەر یەک کردووە دەبێت ئەوە و",
}
_WORDS = {
    code: {word.translate(str.maketrans("يىكة", "ییکه")) for word in words.split()}
    for code, words in _ARABIC_SCRIPT_WORDS.items()
}
_OWN_LETTERS = {"ps": set("ځڅړږښګڼېۍټډ"), "ur": set("ٹڈڑےںھ"), "fa": set("ژ"), "ar": set("ةىؤإ"), "ku": set("ەێۆڕڵ")}
_ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f]")


@cache
def load_model() -> LanguageIdentifier:
    """Returns the language model, which takes half a second to unpack the first time."""
    return LanguageIdentifier.from_model_file(MODEL_FILE)


def name_language(text: str, claims: tuple[str, ...] = ()) -> str | None:
    """Returns the ISO 639-1 code of a text's language, or None when neither text nor page tells.

    ``claims`` are the tags of the page, most trusted first. The text outvotes them when it is long enough to be sure;
    templates often say "en" whatever they hold.
    """
    codes = [code for tag in claims if (code := to_two_letters(tag))]
    sample = text[:_SAMPLE]
    letters = sum(char.isalpha() for char in sample)
    if letters < 20:
        return codes[0] if codes else None
    arabic = len(_ARABIC.findall(sample))
    if arabic > letters / 2:
        found = _name_arabic_script(sample)
        if found:
            return found
    found, sure = _classify(sample)
    named = to_two_letters(found)
    if named is None:
        # A language without a two-letter code, or "zxx", the model's word for no language at all.
        return codes[0] if codes else None
    found = named
    if not codes:
        return found
    for code in codes:
        if code == found or any(code in family and found in family for family in _FAMILIES):
            return code
    wide = sum(1 for char in sample if char > "\u02ff")
    if wide > letters / 2 or (sure and letters >= _SURE_LETTERS):
        return found
    return codes[0]


def _name_arabic_script(sample: str) -> str | None:
    folded = sample.translate(str.maketrans("يىكة", "ییکه"))
    words = Counter(re.findall(r"[^\W\d_]+", folded))
    total = sum(words.values()) or 1
    chars = Counter(sample)
    scores = {
        code: sum(words[word] for word in known) / total
        + 3 * sum(chars[letter] for letter in _OWN_LETTERS[code]) / max(1, len(sample))
        for code, known in _WORDS.items()
    }
    ranked = sorted(scores, key=lambda code: scores[code], reverse=True)
    # Less than one known word in twenty is another language of the script: leave it to the model and the page.
    if scores[ranked[0]] < 0.05 or scores[ranked[0]] < 1.15 * scores[ranked[1]]:
        return None
    return ranked[0]


def _classify(sample: str) -> tuple[str, bool]:
    """The model's first choice, and whether it leads the second by a clear margin per letter."""
    ranked = load_model().rank(sample)
    lead = ranked[0][1] - ranked[1][1] if len(ranked) > 1 else math.inf
    return str(ranked[0][0]), lead > 20
