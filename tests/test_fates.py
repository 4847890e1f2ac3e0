"""What an answer, or the lack of one, means for a link."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotSupported,
)
from scrapy.http import Response

from crawler import guard
from crawler.fates import Verdict, judge_failure, judge_status, retry_seconds
from crawler.guard import Refused
from crawler.politeness import ROBOTS_RETRY_SECONDS, BlockedByRobots, RobotsUnavailable
from crawler.settings import LINK_TRIES
from db.connection import from_text
from db.records import FATES

URL = "https://news.example/a"


def _answer(status: int, **headers: str) -> Response:
    return Response(URL, status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})


def _verdict(status: int, **headers: str) -> Verdict:
    verdict = judge_status(_answer(status, **headers))
    assert verdict is not None
    return verdict


def _seconds(verdict: Verdict, tries: int = 0) -> float:
    assert verdict.retry_at is not None
    """Returns the pause from now on, less what a slow machine has let pass since it was set."""
    return (from_text(verdict.retry_at(tries)) - datetime.now(UTC)).total_seconds()


@pytest.mark.parametrize("status", [200, 203, 206])
@pytest.mark.parametrize(
    "kind",
    ["text/html", "TEXT/HTML; charset=utf-8", "application/xhtml+xml", "text/plain", "application/octet-stream", ""],
)
def test_a_page_is_read(status: int, kind: str) -> None:
    assert judge_status(_answer(status, Content_Type=kind) if kind else _answer(status)) is None


@pytest.mark.parametrize("kind", ["application/pdf", "image/png", "video/mp4", "application/json", "audio/mpeg; x=1"])
def test_what_is_no_page_is_no_article(kind: str) -> None:
    assert _verdict(200, Content_Type=kind) == Verdict("not_article", f"content type {kind.partition(';')[0]}")


@pytest.mark.parametrize(
    ("status", "fate"), [(404, "gone"), (410, "gone"), (402, "paywalled"), (400, "failed"), (301, "failed")]
)
def test_final_answers(status: int, fate: str) -> None:
    verdict = _verdict(status)
    assert (verdict.fate, verdict.reason, verdict.retry_at) == (fate, f"HTTP {status}", None)


@pytest.mark.parametrize("status", [401, 403, 451])
def test_a_refusal_is_asked_again_before_it_is_believed(status: int) -> None:
    verdict = _verdict(status)
    assert (verdict.fate, verdict.counts, verdict.hold_seconds) == ("refused", True, None)
    assert 580 <= _seconds(verdict) <= 601
    assert 5380 <= _seconds(verdict, 2) <= 5401


@pytest.mark.parametrize(("status", "hold"), [(408, None), (500, 0), (502, 0), (504, 0), (522, 0), (599, 0)])
def test_a_server_in_trouble_is_left_alone_and_asked_again_with_growing_pauses(status: int, hold: float | None) -> None:
    verdict = _verdict(status)
    assert (verdict.fate, verdict.counts, verdict.hold_seconds) == ("failed", True, hold)
    assert _seconds(verdict, 5) > _seconds(verdict, 1) > 100


def test_the_tries_of_a_link_span_most_of_a_day() -> None:
    pauses = [retry_seconds(tries) for tries in range(LINK_TRIES - 1)]
    assert pauses == sorted(pauses)
    assert 12 * 3600 <= sum(pauses) <= 24 * 3600
    assert retry_seconds(10**6) == pauses[-1] == 12 * 3600


@pytest.mark.parametrize("status", [429, 503])
def test_a_host_that_asks_for_patience_gets_it_and_the_link_is_not_blamed(status: int) -> None:
    verdict = _verdict(status, Retry_After="1800")
    assert (verdict.hold_seconds, verdict.counts) == (1800, False)
    assert 1780 <= _seconds(verdict, 4) <= 1801
    silent = _verdict(status)
    assert (silent.hold_seconds, silent.counts) == (0, True)  # else a page that always says 503 is asked for ever
    assert 580 <= _seconds(silent) <= 601


@given(
    st.integers(100, 599),
    st.sampled_from(["", "5", "soon", "99999999"]),
    st.sampled_from(["", "text/html", "x/y", "é"]),
)
def test_every_status_has_a_meaning(status: int, retry_after: str, kind: str) -> None:
    headers = {"Retry_After": retry_after, "Content_Type": kind}
    verdict = judge_status(_answer(status, **{name: value for name, value in headers.items() if value}))
    if verdict is None:
        assert status in (200, 203, 206)
        return
    assert verdict.fate in FATES
    assert verdict.fate not in ("pending", "article")
    assert verdict.reason
    assert verdict.sent
    if verdict.retry_at is not None:
        assert _seconds(verdict) <= 24 * 3600 + 1


# --- no answer ---


@pytest.mark.parametrize(
    ("error", "fate", "again", "holds", "sent"),
    [
        (BlockedByRobots("robots.txt forbids this URL"), "blocked_by_robots", False, None, False),
        (RobotsUnavailable("robots.txt could not be had"), "blocked_by_robots", True, 3600, False),
        (Refused("address 127.0.0.1 is not on the public internet"), "refused", False, None, False),
        (NotSupported("no handler"), "refused", False, None, False),
        (DownloadCancelledError("too large"), "failed", False, None, True),
        (IgnoreRequest("max redirections reached"), "failed", False, None, True),
        (CannotResolveHostError("no such name"), "failed", True, 0.0, True),
        (DownloadTimeoutError("slow"), "failed", True, None, True),
        (DownloadConnectionRefusedError("refused"), "failed", True, 0.0, True),
        (ConnectionResetError("reset"), "failed", True, 0.0, True),
        (socket.gaierror(-2, "Name or service not known"), "failed", True, 0.0, True),
    ],
)
def test_failures(error: Exception, fate: str, again: bool, holds: float | None, sent: bool) -> None:
    verdict = judge_failure(error, URL)
    assert (verdict.fate, verdict.retry_at is not None, verdict.hold_seconds, verdict.sent) == (
        fate,
        again,
        holds,
        sent,
    )
    assert verdict.reason


def test_a_name_whose_address_was_withheld_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_refused_hosts", {"rebind.example"})
    verdict = judge_failure(CannotResolveHostError("x"), "http://rebind.example:8080/a")
    assert (verdict.fate, verdict.retry_at) == ("refused", None)
    assert "not on the public internet" in verdict.reason
    assert judge_failure(CannotResolveHostError("x"), "http://other.example/a").fate == "failed"


def test_a_body_that_grows_when_decompressed_is_told_as_that() -> None:
    verdict = judge_failure(IgnoreRequest("Ignored response: decompressed size exceeds the limit"), URL)
    assert "once decompressed" in verdict.reason


@pytest.mark.parametrize("tries", [0, 5, 50])
def test_a_host_whose_robots_txt_cannot_be_had_rests_an_hour_and_its_link_is_not_blamed(tries: int) -> None:
    verdict = judge_failure(RobotsUnavailable("x"), URL)
    assert (verdict.counts, verdict.hold_seconds) == (False, ROBOTS_RETRY_SECONDS)
    assert 3580 <= _seconds(verdict, tries) <= 3602


@given(st.text(max_size=3000), st.sampled_from([ValueError, OSError, RuntimeError, KeyError]))
def test_any_error_has_a_short_reason(text: str, kind: Any) -> None:
    verdict = judge_failure(kind(text), URL)
    assert verdict.fate == "failed"
    assert 0 < len(verdict.reason) <= 200
