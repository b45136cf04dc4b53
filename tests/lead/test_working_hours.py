"""The clock of a campus: opening hours, closed days, zones with and without summer time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lead.actions import working_hours as actions
from shared import working_hours
from shared.caller import Caller
from shared.db import Database
from shared.testing.bus import published
from shared.working_hours import Opening, WorkingHours

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
DAILY = tuple(Opening(weekday, time(9), time(20)) for weekday in range(7))
# A week around each change of clocks in Berlin, 2026.
STARTS = st.datetimes(datetime(2026, 3, 26), datetime(2026, 4, 2)) | st.datetimes(  # noqa: DTZ001 - made aware below
    datetime(2026, 10, 22),  # noqa: DTZ001 - made aware below
    datetime(2026, 10, 29),  # noqa: DTZ001 - made aware below
)
INSTANTS = STARTS.map(lambda moment: moment.replace(second=0, microsecond=0, tzinfo=UTC))


@st.composite
def hours(draw: st.DrawFn) -> WorkingHours:
    """Return hours without overlaps, closed on some days."""
    openings = []
    for weekday in draw(st.sets(st.integers(0, 6))):
        marks = sorted(draw(st.sets(st.integers(0, 24 * 4), min_size=2, max_size=4)))
        pairs = zip(marks[::2], marks[1::2], strict=False)
        openings += [Opening(weekday, _local(start), _local(end)) for start, end in pairs]
    closed = draw(st.frozensets(st.dates(date(2026, 3, 25), date(2026, 4, 3)), max_size=3))
    return WorkingHours(draw(st.sampled_from([SHANGHAI, BERLIN])), tuple(openings), closed)


def _local(quarter: int) -> time:
    return time(quarter // 4 % 24, quarter % 4 * 15)


def _is_open(clock: WorkingHours, minute: datetime) -> bool:
    local = minute.astimezone(clock.zone)
    now = local.time().replace(tzinfo=None)
    return local.date() not in clock.closed and any(
        opening.weekday == local.weekday() and opening.start <= now and (now < opening.end or opening.end == time())
        for opening in clock.openings
    )


@given(hours(), INSTANTS, st.integers(0, 3 * 24 * 60))
def test_minutes_are_those_in_which_somebody_was_there(clock: WorkingHours, start: datetime, minutes: int) -> None:
    night = any(opening.start < time(3) or opening.end <= time(3) for opening in clock.openings)
    if clock.zone is BERLIN and night:
        return  # between two and three the local time jumps; there is no telling what was meant
    span = (start + timedelta(minutes=each) for each in range(minutes))
    expected = sum(_is_open(clock, minute) for minute in span)
    assert working_hours.minutes_between(clock, start, start + timedelta(minutes=minutes)) == expected


@given(hours(), INSTANTS, st.integers(0, 4000), st.integers(0, 4000))
def test_minutes_add_up(clock: WorkingHours, start: datetime, first: int, second: int) -> None:
    middle = start + timedelta(minutes=first)
    end = middle + timedelta(minutes=second)
    parts = working_hours.minutes_between(clock, start, middle) + working_hours.minutes_between(clock, middle, end)
    assert working_hours.minutes_between(clock, start, end) == parts


@given(hours(), INSTANTS, st.integers(1, 2000))
def test_after_so_many_minutes_so_many_have_passed(clock: WorkingHours, start: datetime, minutes: int) -> None:
    end = working_hours.after(clock, start, minutes)
    if end is None:
        furthest = start + timedelta(days=working_hours.FURTHEST_DAYS)
        assert working_hours.minutes_between(clock, start, furthest) < minutes
        return
    assert working_hours.minutes_between(clock, start, end) == minutes
    assert working_hours.minutes_between(clock, start, end - timedelta(minutes=1)) == minutes - 1


@pytest.mark.parametrize(
    ("zone", "start", "end", "minutes"),
    [
        # 21:30 in Shanghai: the campus opens at nine the next morning.
        (SHANGHAI, "2026-03-02T13:30:00+00:00", "2026-03-03T01:10:00+00:00", 10),
        (SHANGHAI, "2026-03-02T11:50:00+00:00", "2026-03-03T01:05:00+00:00", 15),
        # The night of 28 March is an hour shorter in Berlin; the day is not.
        (BERLIN, "2026-03-28T18:50:00+00:00", "2026-03-29T07:05:00+00:00", 15),
        (BERLIN, "2026-10-24T17:50:00+00:00", "2026-10-25T08:05:00+00:00", 15),
    ],
)
def test_nights_do_not_count(zone: ZoneInfo, start: str, end: str, minutes: int) -> None:
    clock = WorkingHours(zone, DAILY)
    begin, stop = datetime.fromisoformat(start), datetime.fromisoformat(end)
    assert working_hours.minutes_between(clock, begin, stop) == minutes
    assert working_hours.after(clock, begin, minutes) == stop


def test_nobody_is_there_on_closed_days_and_time_does_not_run_backwards() -> None:
    clock = WorkingHours(SHANGHAI, DAILY, frozenset({date(2026, 10, 1)}))
    start = datetime(2026, 9, 30, 11, 0, tzinfo=UTC)
    assert working_hours.after(clock, start, 90) == datetime(2026, 10, 2, 1, 30, tzinfo=UTC)
    assert working_hours.minutes_between(clock, start, start - timedelta(hours=3)) == 0
    assert working_hours.after(WorkingHours(SHANGHAI, ()), start, 1) is None


def test_openings_that_overlap_or_end_before_they_begin_are_found() -> None:
    assert working_hours.overlapping(DAILY) is None
    midnight = Opening(0, time(20), time())
    assert working_hours.overlapping((*DAILY, midnight)) is None
    assert working_hours.overlapping((*DAILY, Opening(0, time(19), time(21)))) == Opening(0, time(19), time(21))
    assert working_hours.overlapping((Opening(1, time(9), time(8)),)) == Opening(1, time(9), time(8))


def test_hours_that_two_people_set_at_once_are_those_of_one(database: Database, caller: Caller, campus: UUID) -> None:
    def close(day: int) -> list[str]:
        with database.begin(caller) as tx:
            return list(actions.replace(tx, campus, openings=DAILY, closed=[date(2030, 1, day)]).closed_dates)

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(close, range(1, 5)))
    with database.begin(caller) as tx:
        found = actions.get(tx, campus).closed_dates
    heard = published(database, caller.institution_id, "closed_dates_changed")[-1]["closed_dates"]
    assert found in said
    assert [f"2030-01-{day['day']:02}" for day in heard] == found
