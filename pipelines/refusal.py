"""Tells pages without an article apart: error pages, consent and login walls, lists of links, empty shells."""

from __future__ import annotations

import re

from lxml.html import HtmlElement

from db.folding import count_words
from pipelines.titles import fold_title

MIN_WORDS = 8
"""Fewer words than this are no article in any language."""
_SHORT = 120
"""Words above which a page is never taken for an error, consent or login page by its wording."""
_LINK_SHARE = 0.75
"""Share of the body's words standing in links from which it counts as a list."""

# An error page says so in its title or first line; a story about error pages has more text than _SHORT.
_GONE = re.compile(
    r"(?:\b(?:404|410)\b.{0,40}(?:not found|error|fehler|erreur|gone|page)|(?:error|fehler|erreur"
    r"|errore)\s*:?\s*(?:404|410)\b|^404$"
    r"|page (?:you requested |you are looking for )?(?:was |is |could |can)?\s?(?:not|n t"
    r"|cannot) (?:be )?(?:found|exist)"
    r"|page (?:can t|cannot|could not|couldn t) be found|page (?:does not|doesn t|no longer) exists?"
    r"|page not found|not found$"
    r"|(?:article|story|content|page) (?:is )?(?:no longer|not) available|has been removed|nothing found"
    r"|seite (?:wurde )?(?:leider )?nicht gefunden|nicht gefunden|nicht mehr verfügbar|existiert nicht"
    r"|page (?:introuvable|non trouvée|n existe (?:pas|plus))|n est plus disponible|introuvable"
    r"|página no (?:encontrada|existe)|no encontrad[ao]|página não encontrada|não encontrad[ao]"
    r"|pagina non trovata|non trovata"
    r"|pagina niet gevonden|niet gevonden|sidan (?:kunde inte|hittades inte)|siden (?:ble|blev) ikke fundet|finnes ikke"
    r"|nie znaleziono|nie istnieje|stránka nenalezena|nem található|sayfa bulunamadı|bulunamadı"
    r"|страница не найдена|не найден[ао]?"
    r"|сторінку не знайдено|صفحه مورد نظر یافت نشد|یافت نشد|پیدا نشد|الصفحة غير موجودة|غير موجودة"
    r"|ونه موندل شو|صفحہ نہیں ملا"
    r"|ページが見つかりません|页面不存在|找不到|페이지를 찾을 수 없습니다)"
)
_WALL = re.compile(
    r"(?:before you continue|we value your privacy|your privacy (?:choices|matters)|cookie (?:consent"
    r"|settings|policy|preferences)"
    r"|(?:accept|manage) (?:all )?cookies|we (?:and our partners )?use cookies|privacy settings|consent to|your consent"
    r"|datenschutzeinstellungen|wir verwenden cookies|cookies (?:zu)?akzeptieren|mit werbung weiterlesen|zustimmung"
    r"|gestion des cookies|accepter (?:les|et)|nous utilisons des cookies|utilizamos cookies"
    r"|aceptar cookies|utilizziamo i cookie"
    r"|just a moment|checking your browser|verify (?:that )?you are (?:a )?human|are you a robot"
    r"|enable javascript|access denied"
    r"|attention required|security check|please (?:log|sign) in|log in to (?:continue|read)"
    r"|sign in to (?:continue|read)"
    r"|bitte (?:melden sie sich an|einloggen)|veuillez vous connecter|inicia sesión|unusual traffic"
    r"|captcha|403 forbidden)"
)


def find_refusal(tree: HtmlElement, title: str, lines: list[str], words: int, is_article: bool) -> str | None:
    """Returns why a page holds no article, or None when it holds one.

    Generous: ``is_article`` (the page calls itself one) outweighs the wording, and text of any length with sentences of
    its own passes.
    """
    if not lines:
        return "no text was found on the page"
    if words < MIN_WORDS:
        return f"only {words} words of text"
    if words <= _SHORT:
        start = " ".join(fold_title(text) for text in lines[:3])
        if _GONE.search(fold_title(title)) or (not is_article and words <= _SHORT // 2 and _GONE.search(start)):
            return "the page says that the article is gone or was never there"
        if _WALL.search(fold_title(title)) or (not is_article and _WALL.search(start)):
            return "only a consent, login or robot check was shown"
    if not is_article:
        share = link_share(tree, lines)
        if share >= _LINK_SHARE:
            return f"a list of links: {share:.0%} of its words are link texts"
    return None


def link_share(tree: HtmlElement, lines: list[str]) -> float:
    """Returns the share of a body's words that stand in lines which are nothing but link texts, 0 to 1."""
    anchors = {fold_title(" ".join(anchor.itertext())[:500]) for anchor in tree.iter("a")}
    total = linked = 0
    for line in lines:
        n = count_words(line)
        total += n
        folded = fold_title(line)
        if folded in anchors:
            linked += n
    return linked / total if total else 0.0
