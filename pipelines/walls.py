"""Tells the invitation to pay or log in, which stands where a closed text breaks off, from the text."""

from __future__ import annotations

import re

from pipelines.line_length import estimate_words
from pipelines.titles import fold_title

_LONGEST = 60
"""Words of the longest line taken for an invitation."""
_INVITATION = re.compile(
    r"\b(?:(?:subscribe|sign up|register|log in|sign in|join|pay|upgrade)\b.{0,60}\b(?:to (?:continue|keep|read|unlock)"
    r"|for (?:full|unlimited) access|read (?:on|more|the (?:full|rest)))"
    r"|already (?:a )?(?:subscriber|subscribed|member|registered|have an account)|not a subscriber"
    r"|(?:this|the) (?:article|story|content) is (?:for|reserved for|only available to|exclusive to) (?:our )?"
    r"(?:paying |premium )?(?:subscribers|members)|to continue reading"
    r"|weiterlesen mit|jetzt (?:weiterlesen|abonnieren)|(?:artikel|text|inhalt) (?:ist|nur) (?:nur )?für abonnent"
    r"|bereits (?:abonnent|digitalabonnent|registriert|kunde)|sie (?:sind|haben) (?:noch kein|bereits) (?:abo|abonnent)"
    r"|(?:article|contenu) (?:est )?réservé aux abonnés|déjà abonnée?|abonnez vous|pour lire la suite"
    r"|(?:exclusivo|solo) para suscriptores|ya (?:eres|es|soy) suscriptor|suscríbete|para seguir leyendo"
    r"|riservato agli abbonati|sei già abbonat[oa]|abbonati (?:per|a)|per continuare a leggere"
    r"|exclusivo para assinantes|já (?:é|sou) assinante|para continuar (?:lendo|a ler)"
    r"|alleen voor abonnees|al abonnee|verder lezen|om verder te lezen"
    r"|(?:оформите|купите) подписку|уже (?:есть подписка|подписаны|подписчик)"
    r"|чтобы (?:дочитать|читать (?:дальше|далее))"
    r"|abone olun|zaten abone|okumaya devam etmek için"
    r"|برای ادامه (?:مطلب|خواندن)|اشتراک (?:بخرید|تهیه کنید)|مشترک هستید"
    r"|(?:اشترك|للمشتركين|سجل).{0,40}(?:للقراءة|لمتابعة|لإكمال)|لمتابعة القراءة|هل أنت مشترك"
    r"|مکمل (?:مضمون|خبر) پڑھنے کے لیے|مزید پڑھنے کے لیے"
    r")|会員登録|有料会員|続きを読むには|订阅后|登录后(?:阅读|继续)|구독하고|이어서 읽"
)


def drop_wall_lines(lines: list[str]) -> list[str]:
    """Returns the lines of a closed page without those that invite to subscribe or log in; at least one line stays.

    Meant for pages that mark themselves as paywalled: elsewhere a story may well speak of subscriptions.
    """
    kept = [line for line in lines if estimate_words(line) > _LONGEST or not _INVITATION.search(fold_title(line))]
    return kept or lines
