"""Whose turn it is: long work ahead of short work, in the order of coming otherwise, and nobody starves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawler.turns import AHEAD_MAX_SECONDS, Turns

seconds = st.floats(0, 10_000, allow_nan=False)
arrivals = st.lists(st.tuples(seconds, seconds), max_size=30)


def _drain(turns: Turns) -> list[str]:
    return [turns.pop() for _ in range(len(turns))]


def test_hosts_without_work_ahead_come_in_order() -> None:
    turns = Turns()
    for number, host in enumerate(["c.example", "a.example", "b.example"]):
        turns.add(host, float(number))
    assert _drain(turns) == ["c.example", "a.example", "b.example"]
    assert not turns


def test_hosts_that_came_at_one_moment_keep_their_order() -> None:
    turns = Turns()
    for host in ("b.example", "a.example", "c.example"):
        turns.add(host, 5.0, 3.0)
    assert _drain(turns) == ["b.example", "a.example", "c.example"]


def test_the_host_with_most_left_to_do_is_first() -> None:
    turns = Turns()
    turns.add("one.example", 0.0, 1.0)
    turns.add("ten.example", 0.0, 10.0)
    turns.add("four.example", 0.0, 4.0)
    assert _drain(turns) == ["ten.example", "four.example", "one.example"]


def test_a_host_that_waited_longer_than_the_other_will_take_is_first() -> None:
    turns = Turns()
    turns.add("ten.example", 9.5, 10.0)
    turns.add("one.example", 0.0, 1.0)
    turns.add("late.example", 12.5, 10.0)
    assert _drain(turns) == ["one.example", "ten.example", "late.example"]


@given(arrivals)
def test_every_host_has_its_turn_once(hosts: list[tuple[float, float]]) -> None:
    turns = Turns()
    for number, (now, ahead) in enumerate(hosts):
        turns.add(str(number), now, ahead)
    assert sorted(_drain(turns)) == sorted(map(str, range(len(hosts))))


@given(arrivals)
def test_nobody_waits_behind_a_host_that_came_much_later(hosts: list[tuple[float, float]]) -> None:
    turns = Turns()
    for number, (now, ahead) in enumerate(hosts):
        turns.add(str(number), now, ahead)
    order = [hosts[int(host)][0] for host in _drain(turns)]
    for place, came in enumerate(order):
        assert all(other > came - AHEAD_MAX_SECONDS - 1e-6 for other in order[place:])
