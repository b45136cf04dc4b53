"""Cells of imported files about people: read in whatever form they were written, or refused with a reason."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

GENDERS = {"女": "female", "男": "male", "女孩": "female", "男孩": "male", "female": "female", "male": "male",
            "f": "female", "m": "male", "girl": "female", "boy": "male", "": ""}  # fmt: skip
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})(?:月?$|[-/.月](\d{1,2})日?)?")
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})?")
_YEAR = re.compile(r"(\d{4})年?")
_EARLIEST_BIRTH = 1920


class Rejected(Exception):
    """A row that cannot be taken in: reason code, and the field at fault or an empty text."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


def clean(value: str) -> str:
    """Return a cell without width variants, control characters and blanks at its ends."""
    folded = unicodedata.normalize("NFKC", value)
    return "".join(" " if unicodedata.category(char) in {"Cc", "Cf"} else char for char in folded).strip()


def calendar_date(text: str) -> tuple[int, int, int] | None:
    """Read 2015-03-08, 2015/3/8, 2015年3月, 20150308 or 2015 as year, month and day, 0 for a part that is not said.

    None for an empty text. Raises Rejected DATE_INVALID for anything else; its field is to be named by the caller.
    """
    compact = text.replace(" ", "").removesuffix("00:00:00").removesuffix("T")
    if not compact:
        return None
    found = _DATE.fullmatch(compact) or _COMPACT_DATE.fullmatch(compact) or _YEAR.fullmatch(compact)
    if found is None:
        raise Rejected("DATE_INVALID", "")
    year, month, day = (int(part) if part else 0 for part in (*found.groups(), None, None)[:3])
    try:
        date(year, month or 1, day or 1)
    except ValueError:
        raise Rejected("DATE_INVALID", "") from None
    return year, month, day


def birth_date(text: str, *, today: date) -> str:
    """Read a date as `calendar_date` does, into its stored form. Raises Rejected for anything else and the future."""
    try:
        parts = calendar_date(text)
    except Rejected as wrong:
        raise Rejected(wrong.reason, "birth_date") from None
    if parts is None:
        return ""
    year, month, day = parts
    if date(year, month or 1, day or 1) > today or year < _EARLIEST_BIRTH:
        raise Rejected("DATE_IMPLAUSIBLE", "birth_date")
    return f"{year:04}" + (f"-{month:02}" if month else "") + (f"-{day:02}" if day else "")


def date_parts(text: str) -> tuple[int, int, int]:
    """Return year, month and day of a stored birth date; 0 for what is not known."""
    parts = [int(part) for part in text.split("-")] if text else []
    year, month, day = (*parts, 0, 0, 0)[:3]
    return year, month, day


def date_text(year: int, month: int, day: int, *, today: date) -> str:
    """Return a birth date as it is stored. Raises Rejected for one that cannot be."""
    if not year:
        return ""
    return birth_date("-".join(f"{part:02}" for part in (year, month, day) if part), today=today)
