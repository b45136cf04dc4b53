"""Values between the wire and Python: ids that may be empty, instants, dates, times of day, enum names."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2, timeofday_pb2

from shared.errors import InvalidInput


def optional_id(text: str) -> UUID | None:
    """Return the id, or None for an empty text."""
    return UUID(text) if text else None


def ids(texts: Iterable[str]) -> list[UUID]:
    """Return ids that validation has accepted."""
    return [UUID(text) for text in texts]


def text_of(value: UUID | None) -> str:
    """Return an id as text, empty for None."""
    return "" if value is None else str(value)


def instant(value: Timestamp) -> datetime:
    """Return an instant in UTC; microseconds are the finest that is kept."""
    return value.ToDatetime(UTC)


def optional_instant(message: Message, field: str) -> datetime | None:
    """Return the instant in a field, or None when it is not set."""
    return instant(getattr(message, field)) if message.HasField(field) else None


def local_date(value: date_pb2.Date, field: str) -> date:
    """Return a whole date; InvalidInput names the field when there is no such day."""
    try:
        return date(value.year, value.month, value.day)
    except ValueError as error:
        raise InvalidInput(field, "there is no such date") from error


def local_time(value: timeofday_pb2.TimeOfDay, field: str) -> time:
    """Return a time of day in whole minutes; InvalidInput names the field when there is none such."""
    if value.seconds or value.nanos:
        raise InvalidInput(field, "lessons start at whole minutes")
    try:
        return time(value.hours, value.minutes)
    except ValueError as error:
        raise InvalidInput(field, "there is no such time of day") from error


def enum_value(enum: Any, prefix: str, stored: str) -> Any:
    """Return the enum value for a stored word: `one_to_one` is COURSE_KIND_ONE_TO_ONE."""
    return enum.Value(f"{prefix}_{stored.upper()}")


def stored_word(enum: Any, prefix: str, value: int, field: str) -> str:
    """Return the stored word of an enum value; InvalidInput for UNSPECIFIED and values from a newer caller."""
    known = enum.DESCRIPTOR.values_by_number.get(value)
    if value == 0 or known is None:
        raise InvalidInput(field, "name one of the defined values")
    return str(known.name).removeprefix(f"{prefix}_").lower()
