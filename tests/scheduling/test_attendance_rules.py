from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.rules.attendance import FIRST_CODES, charge_hundredths, is_too_early


@pytest.mark.parametrize(
    ("lesson_hours", "factor", "charge"),
    [(100, 100, 100), (150, 100, 150), (150, 0, 0), (75, 50, 38), (75, 10, 8), (74, 10, 7), (1, 50, 1), (1, 49, 0)],
)
def test_a_part_of_a_lesson_is_charged_rounded_half_up(lesson_hours: int, factor: int, charge: int) -> None:
    assert charge_hundredths(lesson_hours, factor) == charge


@given(st.integers(1, 10_000), st.integers(0, 100))
def test_a_charge_is_never_more_than_the_lesson(lesson_hours: int, factor: int) -> None:
    assert 0 <= charge_hundredths(lesson_hours, factor) <= lesson_hours


def test_an_excuse_charges_nothing_and_may_be_made_up() -> None:
    by_code = {code.code: code for code in FIRST_CODES}
    assert by_code["excused"].charge_factor_hundredths == by_code["sick"].charge_factor_hundredths == 0
    assert by_code["excused"].makeup_entitled
    assert not by_code["absent_unexcused"].makeup_entitled


def test_the_day_of_the_lesson_begins_at_midnight_of_the_campus() -> None:
    lesson = datetime(2026, 3, 2, 2, tzinfo=UTC)  # Monday 10:00 in Shanghai, 08:00 in Urumqi
    before_midnight_in_urumqi = datetime(2026, 3, 1, 17, tzinfo=UTC)
    assert not is_too_early(lesson, before_midnight_in_urumqi, "Asia/Shanghai")
    assert is_too_early(lesson, before_midnight_in_urumqi, "Asia/Urumqi")
