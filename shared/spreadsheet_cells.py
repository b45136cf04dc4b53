"""Cells of files that people open with a spreadsheet program."""

from __future__ import annotations

# A cell that begins so would be taken for a formula.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def safe_text(text: str) -> str:
    """Return a text that no spreadsheet program takes for a formula: an apostrophe goes before one that looks so."""
    return f"'{text}" if text.startswith(_FORMULAS) else text
