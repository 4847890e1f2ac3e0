"""One visit of a link: the request with its validators, and what an answer without a page means for the link."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from scrapy import Request

from crawler.fates import Verdict, judge_status
from crawler.polls import conditions
from db.connection import utc_now
from db.frontier import note_reason, postpone_link, settle_link
from db.rechecks import note_back, note_gone, plan_recheck
from db.records import Fate, PendingLink
from db.store import touch_article

if TYPE_CHECKING:
    from scrapy.http import Response
    from scrapy.settings import BaseSettings
    from sqlite_utils import Database

UNCHANGED = "not modified"


def request(
    link: PendingLink,
    parse_article: Callable[..., Any],
    failed: Callable[..., Any],
    meta: dict[str, Any],
    settings: BaseSettings,
) -> Request:
    """Returns the request for a link's page; that of a re-check is conditional while its validators are fresh."""
    headers = conditions(link, settings.getint("FULL_FETCH_SECONDS"))
    return Request(link.address, parse_article, errback=failed, meta=meta, headers=headers)


def judge(response: Response, link: PendingLink) -> Verdict | None:
    """Returns what an answer means for a link, or None where it is a page to read."""
    if response.status == 304 and link.is_recheck:
        return Verdict("article", UNCHANGED)
    return judge_status(response)


def settle(db: Database, link: PendingLink, verdict: Verdict, tries_max: int) -> Counter[str]:
    """Writes the fate of a link that brought no page, or when it is tried again, and returns what to count.

    A stored article stays whatever its link answers now. Call inside a transaction.
    """
    now = utc_now()
    if link.is_recheck:
        return _settle_recheck(db, link, verdict, now)
    given_up = verdict.counts and link.tries + 1 >= tries_max
    if verdict.retry_at is not None and not given_up:
        postpone_link(db, link.id, verdict.retry_at(link.tries), verdict.reason, counts=verdict.counts)
        return Counter(postponed=1)
    fate: Fate = "article" if link.article_id is not None else verdict.fate
    settle_link(db, link.id, fate, now, reason=verdict.reason, article_id=link.article_id)
    if link.article_id is None:
        return Counter({fate: 1})
    return Counter({_look_again(db, link, link.article_id, verdict, now): 1})


def _settle_recheck(db: Database, link: PendingLink, verdict: Verdict, now: str) -> Counter[str]:
    assert link.article_id is not None
    is_unchanged = verdict.fate == "article"
    note_reason(db, link.id, None if is_unchanged else verdict.reason)
    if is_unchanged:
        touch_article(db, link.article_id, now)
        note_back(db, link.article_id)
    outcome = _look_again(db, link, link.article_id, verdict, now)
    return Counter({outcome: 1, "rechecks": 1, "rechecks_unchanged": int(is_unchanged)})


def _look_again(db: Database, link: PendingLink, article_id: int, verdict: Verdict, now: str) -> str:
    taken_down = verdict.fate == "gone" and note_gone(db, article_id, now)
    # A look that failed is lost, not made up for; a host that asked for patience is not asked before its time.
    not_before = None if verdict.counts or verdict.retry_at is None else verdict.retry_at(0)
    plan_recheck(db, link.id, article_id, now, not_before=not_before)
    return "taken_down" if taken_down else "same"
