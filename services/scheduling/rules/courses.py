"""What a course may look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.errors import InvalidInput

_RANGES = {
    "lesson_minutes": (5, 720),
    "lesson_hours_hundredths": (1, 10_000),
    "total_lesson_hours_hundredths": (0, 1_000_000),
}
_LONGEST = {"name": 100, "subject": 50}


def check(values: Mapping[str, Any]) -> None:
    """Raise InvalidInput that lists every value out of its range; values that are not given are not looked at."""
    wrong = [
        (name, f"must lie between {least} and {most}")
        for name, (least, most) in _RANGES.items()
        if name in values and not least <= values[name] <= most
    ]
    wrong += [
        (name, f"must have 1 to {longest} characters")
        for name, longest in _LONGEST.items()
        if name in values and not 1 <= len(values[name]) <= longest
    ]
    if wrong:
        raise InvalidInput.of(wrong)
