"""Tests that look at the site with a real browser."""
