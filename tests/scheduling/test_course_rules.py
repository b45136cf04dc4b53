import pytest

from services.scheduling.rules.courses import check
from shared.errors import InvalidInput

FINE = {"name": "数学", "subject": "math", "lesson_minutes": 90, "lesson_hours_hundredths": 150}


def test_every_odd_value_is_named() -> None:
    check(FINE)
    with pytest.raises(InvalidInput) as error:
        check(FINE | {"name": "", "lesson_minutes": 4, "total_lesson_hours_hundredths": -1})
    assert {field for field, _ in error.value.violations} == {
        "name",
        "lesson_minutes",
        "total_lesson_hours_hundredths",
    }


def test_values_that_are_not_given_are_not_looked_at() -> None:
    check({})
    with pytest.raises(InvalidInput):
        check({"lesson_hours_hundredths": 0})
