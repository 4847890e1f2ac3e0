"""Importing this module makes a process ready to read pages; the workers' fork server does so once."""

from __future__ import annotations

import pipelines.reading  # noqa: F401
from pipelines.extract import warm_up

warm_up()
