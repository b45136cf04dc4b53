"""Weekly ranges on the wire."""

from __future__ import annotations

from google.type import timeofday_pb2

from lianxiao.scheduling.v1 import teacher_pb2
from services.scheduling.rules.availability import Range


def range_of(value: teacher_pb2.WeeklyRange) -> Range:
    """Return a range; days and minutes that do not exist are refused with the ranges as a whole."""
    return Range(value.day_of_week, _minute(value.start), _minute(value.end))


def range_to_pb(value: Range) -> teacher_pb2.WeeklyRange:
    """Return a range as a message."""
    return teacher_pb2.WeeklyRange(
        day_of_week=value.weekday, start=_time_of_day(value.start_minute), end=_time_of_day(value.end_minute)
    )


def _minute(value: timeofday_pb2.TimeOfDay) -> int:
    return int(value.hours * 60 + value.minutes)


def _time_of_day(minute: int) -> timeofday_pb2.TimeOfDay:
    return timeofday_pb2.TimeOfDay(hours=minute // 60, minutes=minute % 60)
