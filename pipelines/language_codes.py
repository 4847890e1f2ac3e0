"""Language tags as pages and people write them -> the one code each language has here, of ISO 639-1."""

from __future__ import annotations

import re

_CODES = """
    aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en
    eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja
    jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb
    nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq
    sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
_ISO_639_1 = frozenset(_CODES.split())

# ISO 639-2/3 codes and old names of what ISO 639-1 has a code for. Dari (prs) is the Afghan form of Persian; the three
# Pashto dialect codes are one language to a reader.
_TWO_LETTERS = {
    "prs": "fa", "pes": "fa", "fas": "fa", "per": "fa", "dar": "fa", "dari": "fa", "pus": "ps", "pbt": "ps",
    "pbu": "ps",
    "pst": "ps", "eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "ita": "it", "por": "pt",
    "nld": "nl", "dut": "nl", "rus": "ru", "ukr": "uk", "ara": "ar", "arb": "ar", "urd": "ur", "hin": "hi", "ben": "bn",
    "tur": "tr", "zho": "zh", "chi": "zh", "cmn": "zh", "yue": "zh", "wuu": "zh", "arz": "ar", "ary": "ar",
    "uzs": "uz", "sdh": "ku", "jpn": "ja", "kor": "ko", "ell": "el", "gre": "el",
    "swe": "sv", "dan": "da", "nor": "no", "nob": "nb", "nno": "nn", "fin": "fi", "pol": "pl", "ces": "cs", "cze": "cs",
    "slk": "sk", "slo": "sk", "hun": "hu", "ron": "ro", "rum": "ro", "bul": "bg", "hrv": "hr", "srp": "sr", "bos": "bs",
    "heb": "he", "iw": "he", "in": "id", "ind": "id", "msa": "ms", "vie": "vi", "tha": "th", "uzb": "uz", "tgk": "tg",
    "tuk": "tk", "kaz": "kk", "kir": "ky", "aze": "az", "hye": "hy", "arm": "hy", "kat": "ka", "geo": "ka", "kur": "ku",
    "ckb": "ku", "kmr": "ku", "fil": "tl",
    "jp": "ja", "cn": "zh", "gr": "el", "ua": "uk", "dk": "da", "se": "sv",
    "cz": "cs",
    "sh": "sr", "ji": "yi", "jw": "jv", "mo": "ro",
    "english": "en", "german": "de", "deutsch": "de", "french": "fr", "spanish": "es", "pashto": "ps",
    "persian": "fa", "farsi": "fa", "arabic": "ar", "urdu": "ur", "russian": "ru",
}  # fmt: skip


def to_two_letters(tag: str) -> str | None:
    """Returns the ISO 639-1 code of a language tag (``de-AT``, ``prs``, ``fa_AF.UTF-8``), None when it names none."""
    code = re.split(r"[-_.,; ]", tag.strip().lower())[0]
    code = _TWO_LETTERS.get(code, code)
    return code if code in _ISO_639_1 else None
