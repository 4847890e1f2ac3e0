"""Does a sentence announce a correction? Outlets do so under a label, or in words about their own text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from db.folding import fold

_LABELS = (
    *("correction", "corrections", "corrected", "clarification", "clarifications", "erratum", "errata"),
    *("editor's note", "editors' note", "editor’s correction"),
    *("berichtigung", "korrektur", "richtigstellung", "rectificatif", "correctif", "corrección", "fe de erratas"),
    *("rettifica", "errata corrige", "düzeltme"),
    *("исправление", "исправлено", "поправка", "уточнение"),
    *("اصلاح", "اصلاحیه", "اصلاحيه", "تصحیح", "تصحيح", "تصويب", "استدراك", "سمون", "درستي", "درستگی"),
)
"""What stands before a colon, a dash, a bracket or a date where a note begins; read folded, singular and plural."""
_SAID = (
    *("corrected", "correct", "corrects", "correction", "clarified", "clarifies", "clarification", "amended"),
    *("исправлен", "исправлена", "исправлено", "исправлены", "исправили", "исправила", "исправил"),
    *("уточнена", "уточнено", "уточнены", "уточнили", "уточнила", "поправка"),
    *("اصلاح", "تصحیح", "سمون", "درستی"),
)
_OF_ITSELF = (
    *("this article", "this story", "this post", "this page", "this piece", "this headline", "the headline"),
    *("an earlier version", "a previous version", "earlier versions", "the article has been", "the story has been"),
    *("в статье", "в тексте", "статья", "текст", "заметка", "в заметке", "в заголовке", "редакция"),
    *("предыдущей версии", "прежней версии", "ранней версии", "первой версии"),
    *("این خبر", "این گزارش", "این مطلب", "این مقاله", "این نوشته", "نسخه پیشین", "نسخه قبلی", "دا خبر", "دا لیکنه"),
    *("هذا الخبر", "هذا التقرير", "هذا المقال", "نسخة سابقة", "یہ خبر", "اس خبر"),
)
"""An outlet speaking of its own text. Without it the words above are news: markets correct, ministers clarify."""


def _any_of(words: Iterable[str]) -> str:
    return "|".join(sorted({re.escape(fold(word)) for word in words}, key=len, reverse=True))


_LABEL = re.compile(rf"\W*(?:{_any_of(_LABELS)})\s*(?:[:,;()\[\]–—-]|\d|$)")
_CHANGED = re.compile(
    "(?:" + "|".join(rf"{word[0]}(?<!\w{word[0]}){word[1:]}" for word in _any_of(_SAID).split("|")) + r")\b"
)
"""Whole words; each begins with a letter, so that `re` passes quickly over sentences that have none of these."""
_TEXT = re.compile(rf"\b(?:{_any_of(_OF_ITSELF)})\b")


def announces_correction(sentence: str) -> bool:
    """Returns whether a folded sentence is an outlet's note that its text was corrected or clarified.

    Known are the languages Parley ships topics for and a few more; a note in others is judged by what it changed.
    """
    return _LABEL.match(sentence) is not None or (
        _CHANGED.search(sentence) is not None and _TEXT.search(sentence) is not None
    )
