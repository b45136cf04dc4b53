from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.scheduling.rules.availability import Place, Range, check_ranges, is_available
from services.scheduling.rules.spans import Span
from shared.errors import InvalidInput

HERE, THERE = UUID(int=1), UUID(int=2)
MONDAY_18 = datetime(2026, 3, 2, 10, tzinfo=UTC)  # 18:00 in Shanghai


def lesson(start: datetime = MONDAY_18, minutes: int = 90) -> Span:
    return Span(start, start + timedelta(minutes=minutes))


def at(*ranges: Range, campus: UUID = HERE) -> list[Place]:
    return [Place(campus, each) for each in ranges]


def available(places: list[Place], span: Span, zone: str = "Asia/Shanghai") -> bool:
    return is_available(places, campus_id=HERE, span=span, time_zone=zone)


def test_a_teacher_without_ranges_is_not_limited() -> None:
    assert available([], lesson())


def test_the_lesson_has_to_lie_within_the_range_of_its_day() -> None:
    evening = at(Range(1, 18 * 60, 20 * 60))
    assert available(evening, lesson())
    assert not available(evening, lesson(minutes=121))
    assert not available(evening, lesson(MONDAY_18 + timedelta(days=1)))


def test_ranges_at_another_campus_do_not_help() -> None:
    assert not available(at(Range(1, 18 * 60, 20 * 60), campus=THERE), lesson())


def test_the_clock_of_the_campus_counts() -> None:
    sixteen = at(Range(1, 16 * 60, 18 * 60))
    assert available(sixteen, lesson(), "Asia/Urumqi")
    assert not available(sixteen, lesson(), "Asia/Shanghai")


def test_ranges_that_adjoin_count_as_one() -> None:
    assert available(at(Range(1, 18 * 60, 19 * 60), Range(1, 19 * 60, 20 * 60)), lesson())
    assert not available(at(Range(1, 18 * 60, 19 * 60), Range(1, 19 * 60 + 1, 20 * 60)), lesson())


def test_a_lesson_over_midnight_needs_both_days() -> None:
    late = lesson(MONDAY_18 + timedelta(hours=5, minutes=30), 60)
    monday, tuesday = Range(1, 23 * 60, 24 * 60), Range(2, 0, 60)
    assert available(at(monday, tuesday), late)
    assert not available(at(monday), late)


def test_started_minutes_count_whole() -> None:
    half = Span(MONDAY_18, MONDAY_18 + timedelta(minutes=59, seconds=30))
    assert available(at(Range(1, 18 * 60, 19 * 60)), half)
    assert not available(at(Range(1, 18 * 60, 18 * 60 + 59)), half)


@pytest.mark.parametrize(
    "ranges",
    [
        [Range(1, 60, 60)],
        [Range(1, 0, 24 * 60 + 1)],
        [Range(1, -1, 10)],
        [Range(1, 0, 61), Range(1, 60, 90)],
    ],
)
def test_odd_ranges_are_refused(ranges: list[Range]) -> None:
    with pytest.raises(InvalidInput):
        check_ranges(ranges)


def test_ranges_that_touch_or_lie_on_other_days_are_fine() -> None:
    good = [Range(1, 0, 60), Range(1, 60, 90), Range(2, 0, 60)]
    check_ranges(good)
    assert available(at(*good), lesson(MONDAY_18 - timedelta(hours=18), 90))
