"""What politeness remembers about each host between runs."""

from __future__ import annotations

from typing import NamedTuple

from sqlite_utils import Database

from db.records import Host


def read_host(db: Database, host: str) -> Host:
    """Returns what is remembered of a host; an unknown one has neither delay nor robots.txt."""
    row = db.execute(
        "SELECT host, delay_seconds, not_before, failures, robots_status, robots_at, robots_body, robots_failing_since,"
        " last_asked_at FROM hosts WHERE host = ?",
        (host,),
    ).fetchone()
    return Host(*row) if row else Host(host)


class Rest(NamedTuple):
    """What says how long a host is to be left alone; it is read at each hand-out, so without the robots.txt."""

    delay_seconds: float = 0.0
    not_before: str | None = None
    last_asked_at: str | None = None
    failures: int = 0


def read_rest(db: Database, host: str) -> Rest:
    """Returns how long a host is to be left alone; an unknown one need not be."""
    row = db.execute(
        "SELECT delay_seconds, not_before, last_asked_at, failures FROM hosts WHERE host = ?", (host,)
    ).fetchone()
    return Rest(*row) if row else Rest()


def write_host(db: Database, host: Host, last_error: str | None = None) -> None:
    """Stores what politeness must remember of a host; the last error stays until there is a newer one."""
    db.execute(
        "INSERT INTO hosts (host, delay_seconds, not_before, failures, robots_status, robots_at, robots_body,"
        " robots_failing_since, last_asked_at, last_error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (host) DO UPDATE SET delay_seconds = excluded.delay_seconds, not_before = excluded.not_before,"
        " failures = excluded.failures, robots_status = excluded.robots_status, robots_at = excluded.robots_at,"
        " robots_body = excluded.robots_body, robots_failing_since = excluded.robots_failing_since,"
        " last_asked_at = excluded.last_asked_at, last_error = coalesce(excluded.last_error, last_error)",
        (
            host.host,
            host.delay_seconds,
            host.not_before,
            host.failures,
            host.robots_status,
            host.robots_at,
            host.robots_body,
            host.robots_failing_since,
            host.last_asked_at,
            last_error,
        ),
    )


def note_asked(db: Database, host: str, at: str) -> None:
    """Notes when a host was last asked, so that its delay holds across runs."""
    db.execute(
        "INSERT INTO hosts (host, last_asked_at) VALUES (?, ?)"
        " ON CONFLICT (host) DO UPDATE SET last_asked_at = excluded.last_asked_at",
        (host, at),
    )
