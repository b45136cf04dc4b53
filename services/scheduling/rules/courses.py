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
    "required_teacher_level": (0, 9),
}
_LONGEST = {"name": 100, "subject": 50}
_MOST_GRADES, _LONGEST_GRADE = 20, 20
_MOST_EQUIPMENT, _LONGEST_EQUIPMENT = 50, 50


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
    equipment = values.get("equipment") or ()
    if len(equipment) > _MOST_EQUIPMENT or not all(1 <= len(each) <= _LONGEST_EQUIPMENT for each in equipment):
        wrong.append(("equipment", f"must be at most {_MOST_EQUIPMENT} of 1 to {_LONGEST_EQUIPMENT} characters"))
    if len(values.get("prerequisite_course_ids") or ()) > _MOST_EQUIPMENT:
        wrong.append(("prerequisite_course_ids", f"must be at most {_MOST_EQUIPMENT}"))
    if wrong:
        raise InvalidInput.of(wrong)


def check_ages(least: int, most: int) -> None:
    """Raise InvalidInput for ages the wrong way round; 0 is no limit."""
    if 0 < most < least:
        raise InvalidInput("most_age_years", "the greatest age lies below the least")
