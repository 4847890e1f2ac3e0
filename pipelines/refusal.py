"""Tells pages without an article apart: error pages, consent and login walls, lists of links, empty shells."""

from __future__ import annotations

import re
from itertools import islice

from lxml.html import HtmlElement

from pipelines.line_length import estimate_words
from pipelines.titles import fold_title

MIN_WORDS = 8
"""Fewer words than this are no article in any language."""
_SHORT = 120
"""Words above which a page is never taken for an error, consent or login page by its wording."""
_LIST_SHARE = 0.75
"""Share of the body's words in links, captions and teasers from which it counts as a list."""
_HEADLINE = 20
"""Letters from which a link text may be a headline."""
_TEASERS = 4
"""Teasers from which a page may be a list of them."""
_ANCHORS = 1_000
"""Links looked at for teasers."""
_TEASER_WORDS = 60
"""Longest teaser, headline included."""

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
        is_brief = not is_article and words <= _SHORT // 2
        if _GONE.search(fold_title(title)) or (is_brief and _GONE.search(start)):
            return "the page says that the article is gone or was never there"
        # A wall begins with what it asks; the first lines of a story may quote one.
        if _WALL.search(fold_title(title)) or (
            _WALL.search(start) if is_brief else not is_article and _WALL.match(start)
        ):
            return "only a consent, login or robot check was shown"
    if not is_article:
        share = furniture_share(tree, lines)
        if share >= _LIST_SHARE:
            return f"a list of links or a gallery: {share:.0%} of its words are links, teasers and captions"
    return None


def furniture_share(tree: HtmlElement, lines: list[str]) -> float:
    """Returns the share of a body's words that stand in link texts, captions and teasers, 0 to 1; 0 for running text.

    A teaser is a line that begins with a headline-like link, or the one short block below such a link. They count
    when there are four of them: a story may open a paragraph with a link.
    """
    counts = [estimate_words(line) for line in lines]
    total = sum(counts)
    if sum(n for n in counts if n > _TEASER_WORDS) > (1 - _LIST_SHARE) * total:
        # Running text; most pages end here, before any link is looked at.
        return 0.0
    links = {fold_title(" ".join(anchor.itertext())[:500]) for anchor in tree.iter("a")}
    summaries = _find_summaries(tree)
    captions = {fold_title(" ".join(caption.itertext())[:2_000]) for caption in tree.iter("figcaption", "caption")}
    openings: dict[tuple[str, ...], list[str]] = {}
    for link in links:
        if len(link) >= _HEADLINE:
            openings.setdefault(tuple(link.split()[:2]), []).append(link)
    plain = teased = teasers = 0
    below_headline = False
    for line, n in zip(lines, counts, strict=True):
        folded = fold_title(line)
        is_headline = folded in links and len(folded) >= _HEADLINE
        if folded in links or folded in captions:
            plain += n
            teasers += is_headline
        elif n <= _TEASER_WORDS and (below_headline or folded in summaries or _starts_with(folded, openings)):
            teased += n
            teasers += not below_headline
        below_headline = is_headline
    return (plain + (teased if teasers >= _TEASERS else 0)) / total if total else 0.0


def _starts_with(folded: str, openings: dict[tuple[str, ...], list[str]]) -> bool:
    return any(folded.startswith(link) for link in openings.get(tuple(folded.split()[:2]), ()))


def _find_summaries(tree: HtmlElement) -> set[str]:
    """The folded short texts that stand in one small block with a headline-like link, right after it."""
    found: set[str] = set()
    for anchor in islice(tree.iter("a"), _ANCHORS):
        title = "".join(anchor.itertext()).strip()
        if len(title) < _HEADLINE:
            continue
        block = anchor
        for _ in range(3):
            parent = block.getparent()
            if parent is None or len(parent) > 3 or (parent.text or "").strip():
                break
            after = block.getnext()
            if after is not None and isinstance(after.tag, str):
                text = " ".join(after.itertext())
                if parent.getchildren()[-1] is after and estimate_words(text) <= _TEASER_WORDS:
                    found.add(fold_title(text))
                break
            block = parent
    return found
