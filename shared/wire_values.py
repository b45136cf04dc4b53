"""Values between the wire and Python: ids that may be empty, instants, dates, times of day, enum names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from functools import cache
from typing import Any
from uuid import UUID

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2, timeofday_pb2

from shared.caller import NOBODY
from shared.errors import InvalidInput

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS = range(1900, 3000)


def optional_id(text: str) -> UUID | None:
    """Return the id, or None for an empty text."""
    return UUID(text) if text else None


def ids(texts: Iterable[str]) -> list[UUID]:
    """Return ids that validation has accepted."""
    return [UUID(text) for text in texts]


def id_text(key: UUID | None) -> str:
    """Return an id as text; empty for None and for the zero id that stands for nobody or headquarters."""
    return str(key) if key and key != NOBODY else ""


def instant(value: Timestamp) -> datetime:
    """Return an instant in UTC; microseconds are the finest that is kept."""
    return value.ToDatetime(UTC)


def timestamp_pb(moment: datetime) -> Timestamp:
    """Return the wire form of an aware instant, for lists: protobuf's own way takes three times as long."""
    since = moment - _EPOCH
    return Timestamp(seconds=since.days * 86400 + since.seconds, nanos=since.microseconds * 1000)


def optional_instant(message: Message, field: str) -> datetime | None:
    """Return the instant in a field, or None when it is not set."""
    return instant(getattr(message, field)) if message.HasField(field) else None


def local_date(value: date_pb2.Date, field: str) -> date:
    """Return a whole date; raises InvalidInput for the 30th of February, an empty one, and ones that nobody lives in.

    At the ends of the calendar a day more, or another time zone, is no date any more.
    """
    try:
        day = date(value.year, value.month, value.day)
    except ValueError as error:
        raise InvalidInput(field, "there is no such date", "DATE_INVALID") from error
    if day.year not in _YEARS:
        raise InvalidInput(field, f"years are {_YEARS.start} to {_YEARS.stop - 1}", "DATE_INVALID")
    return day


def optional_date(message: Message, field: str, place: str = "") -> date | None:
    """Return the date in a field, or None when it is not set; `place` leads to the message in a refusal."""
    return local_date(getattr(message, field), f"{place}{field}") if message.HasField(field) else None


def date_pb(day: date | None) -> date_pb2.Date | None:
    """Return the wire form of a date, for a constructor's argument."""
    return date_pb2.Date(year=day.year, month=day.month, day=day.day) if day else None


def local_time(value: timeofday_pb2.TimeOfDay, field: str) -> time:
    """Return a time of day in whole minutes; raises InvalidInput when there is none such."""
    if value.seconds or value.nanos:
        raise InvalidInput(field, "give whole minutes", "TIME_INVALID")
    try:
        return time(value.hours, value.minutes)
    except ValueError as error:
        raise InvalidInput(field, "there is no such time of day", "TIME_INVALID") from error


def time_of_day_pb(text: str) -> timeofday_pb2.TimeOfDay:
    """Return the wire form of a stored time such as "09:00"."""
    local = time.fromisoformat(text)
    return timeofday_pb2.TimeOfDay(hours=local.hour, minutes=local.minute)


def enum_value(enum: Any, stored: str) -> Any:
    """Return the enum value of a stored word: `paid` of LotKind is LOT_KIND_PAID; empty is UNSPECIFIED."""
    return _numbers(enum)[stored or "unspecified"]


def stored_word(enum: Any, value: int, field: str) -> str:
    """Return the stored word of an enum value; raises InvalidInput for UNSPECIFIED and for values we do not know."""
    word = _words(enum).get(value)
    if not value or word is None:
        raise InvalidInput(field, "name one of the defined values")
    return word


@cache
def _words(enum: Any) -> dict[int, str]:
    """Return the stored words of an enum by number; a lint holds that values carry the name of their enum."""
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", enum.DESCRIPTOR.name).upper() + "_"
    return {value.number: value.name.removeprefix(prefix).lower() for value in enum.DESCRIPTOR.values}


@cache
def _numbers(enum: Any) -> dict[str, int]:
    return {word: number for number, word in _words(enum).items()}
