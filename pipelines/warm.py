"""Importing this module makes a process ready to read pages; the fork server of ``pipelines/workers.py`` does so once."""

from __future__ import annotations

import pipelines.workers  # noqa: F401
from pipelines.extract import warm_up

warm_up()
