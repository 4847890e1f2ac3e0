"""The reading room: a Datasette site over the archive file. One template a page, all SQL in ``queries.py``."""

from pathlib import Path

FOLDER = Path(__file__).parent
"""Where the templates, the style sheet and the plugin lie."""
