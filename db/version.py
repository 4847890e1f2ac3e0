"""The one place that says which Parley this is."""

from __future__ import annotations

VERSION = "0.1.0"
"""Semantic version, also in pyproject.toml (a test keeps them equal)."""
