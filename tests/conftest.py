"""What holds for all tests: the same examples in every run, no clock on them, Ctrl-C means something, all are busy."""

from __future__ import annotations

import os
import signal

from hypothesis import HealthCheck, settings

settings.register_profile(
    "same", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
"""What ``make test`` uses: a test that passed passes again, however slow or busy the machine is."""
settings.register_profile(
    "search", deadline=None, max_examples=1000, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
"""Other examples in every run, and more of them, to look for faults: ``pytest --hypothesis-profile=search``."""
settings.load_profile("same")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # So it is in what a script starts in the background, and processes hand it on: the tests press Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int:
    """Returns how many processes `-n auto` is: one more than processors, for many tests wait for a host's delay."""
    return len(os.sched_getaffinity(0)) + 1
