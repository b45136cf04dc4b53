from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.rules.series import Slot, expand
from services.scheduling.rules.spans import Span, first_overlap
from shared.errors import InvalidInput

MONDAY = date(2026, 3, 2)


def dates_of(spans: list[Span], zone: str) -> list[date]:
    return [span.start.astimezone(ZoneInfo(zone)).date() for span in spans]


def test_holidays_are_skipped_and_both_ends_belong_to_the_series() -> None:
    spans = expand(
        [Slot(1, time(18), 90), Slot(3, time(18), 90)],
        start_date=MONDAY,
        end_date=date(2026, 3, 16),
        holiday_dates=[date(2026, 3, 9)],
        time_zone="Asia/Shanghai",
    )
    assert dates_of(spans, "Asia/Shanghai") == [MONDAY, date(2026, 3, 4), date(2026, 3, 11), date(2026, 3, 16)]
    assert spans[0] == Span(datetime(2026, 3, 2, 10, tzinfo=UTC), datetime(2026, 3, 2, 11, 30, tzinfo=UTC))


def test_the_same_clock_time_is_two_hours_later_in_urumqi() -> None:
    def first(zone: str) -> datetime:
        slots = [Slot(1, time(0, 30), 60)]
        return expand(slots, start_date=MONDAY, end_date=MONDAY, holiday_dates=[], time_zone=zone)[0].start

    assert first("Asia/Urumqi") - first("Asia/Shanghai") == timedelta(hours=2)
    assert first("Asia/Shanghai") == datetime(2026, 3, 1, 16, 30, tzinfo=UTC)


def test_lessons_keep_their_local_start_through_a_clock_change() -> None:
    spans = expand(
        [Slot(7, time(9), 60)],
        start_date=date(2026, 3, 22),
        end_date=date(2026, 4, 5),
        holiday_dates=[],
        time_zone="Europe/Berlin",
    )
    assert [span.start.hour for span in spans] == [8, 7, 7]
    assert {span.end - span.start for span in spans} == {timedelta(minutes=60)}


def test_a_start_that_the_clock_skips_moves_forward_and_keeps_its_length() -> None:
    spans = expand(
        [Slot(7, time(2, 30), 60)],
        start_date=date(2026, 3, 29),
        end_date=date(2026, 3, 29),
        holiday_dates=[],
        time_zone="Europe/Berlin",
    )
    local = spans[0].start.astimezone(ZoneInfo("Europe/Berlin"))
    assert (local.hour, local.minute) == (3, 30)
    assert spans[0].end - spans[0].start == timedelta(minutes=60)


def test_of_a_start_that_comes_twice_the_first_is_taken() -> None:
    spans = expand(
        [Slot(7, time(2, 30), 60)],
        start_date=date(2026, 10, 25),
        end_date=date(2026, 10, 25),
        holiday_dates=[],
        time_zone="Europe/Berlin",
    )
    assert spans[0].start == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


slots = st.builds(
    Slot,
    weekday=st.integers(min_value=1, max_value=7),
    start=st.times(min_value=time(0), max_value=time(22)).map(lambda t: t.replace(second=0, microsecond=0)),
    lesson_minutes=st.integers(min_value=15, max_value=120),
)
ZONES = st.sampled_from(["Asia/Shanghai", "Asia/Urumqi", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"])


@given(slot=slots, zone=ZONES, start=st.dates(date(2025, 1, 1), date(2027, 1, 1)), days=st.integers(7, 120))
def test_a_weekly_lesson_comes_once_on_each_of_its_days(slot: Slot, zone: str, start: date, days: int) -> None:
    end = start + timedelta(days=days)
    spans = expand([slot], start_date=start, end_date=end, holiday_dates=[], time_zone=zone)
    wanted = [start + timedelta(days=n) for n in range(days + 1)]
    assert dates_of(spans, zone) == [day for day in wanted if day.isoweekday() == slot.weekday]
    assert all(span.end - span.start == timedelta(minutes=slot.lesson_minutes) for span in spans)
    assert first_overlap(spans) is None


@pytest.mark.parametrize(
    ("pattern", "end", "holidays", "field"),
    [
        ([Slot(1, time(9), 60)], MONDAY - timedelta(days=1), [], "end_date"),
        ([Slot(1, time(9), 60)], MONDAY + timedelta(days=400), [], "end_date"),
        ([Slot(1, time(9), 60)], MONDAY, [MONDAY], "slots"),
        ([Slot(1, time(9), 60), Slot(1, time(9, 30), 60)], MONDAY, [], "slots"),
        (
            [Slot(day, time(9 + n), 60) for day in range(1, 8) for n in range(2)],
            MONDAY + timedelta(days=399),
            [],
            "slots",
        ),
    ],
)
def test_an_odd_series_is_refused(pattern: list[Slot], end: date, holidays: list[date], field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        expand(pattern, start_date=MONDAY, end_date=end, holiday_dates=holidays, time_zone="Asia/Shanghai")
    assert error.value.info["field"] == field
