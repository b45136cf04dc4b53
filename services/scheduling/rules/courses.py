"""What a course may look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.errors import InvalidInput

_RANGES = {
    "lesson_minutes": (5, 720),
    "lesson_hours_hundredths": (1, 10_000),
    "total_lesson_hours_hundredths": (0, 1_000_000),
    "least_age_years": (0, 99),
    "most_age_years": (0, 99),
}
_LONGEST = {"name": 100, "subject": 50}
_MOST_GRADES, _LONGEST_GRADE = 20, 20


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
    grades = values.get("school_grades") or ()
    if len(grades) > _MOST_GRADES or not all(1 <= len(grade) <= _LONGEST_GRADE for grade in grades):
        wrong.append(("school_grades", f"must be at most {_MOST_GRADES} of 1 to {_LONGEST_GRADE} characters"))
    if wrong:
        raise InvalidInput.of(wrong)


def check_ages(least: int, most: int) -> None:
    """Raise InvalidInput for ages the wrong way round; 0 is no limit."""
    if 0 < most < least:
        raise InvalidInput("most_age_years", "the greatest age lies below the least")
