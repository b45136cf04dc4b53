"""Values between the wire and Python: ids that may be empty, instants, dates, enum names."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2

from shared.caller import NOBODY
from shared.errors import InvalidInput


def optional_id(text: str) -> UUID | None:
    """Return the id, or None for an empty text."""
    return UUID(text) if text else None


def id_text(key: UUID | None) -> str:
    """Return an id as text; empty for None and for the zero id that stands for nobody."""
    return str(key) if key and key != NOBODY else ""


def instant(value: Timestamp) -> datetime:
    """Return an instant in UTC; microseconds are the finest that is kept."""
    return value.ToDatetime(UTC)


def optional_instant(message: Message, field: str) -> datetime | None:
    """Return the instant in a field, or None when it is not set."""
    return instant(getattr(message, field)) if message.HasField(field) else None


def timestamp(moment: datetime | None) -> Timestamp | None:
    """Return the wire form of an instant, for a constructor's argument."""
    if moment is None:
        return None
    value = Timestamp()
    value.FromDatetime(moment)
    return value


def local_date(value: date_pb2.Date, field: str) -> date:
    """Return a whole date; raises InvalidInput for the 30th of February and for an empty one."""
    try:
        return date(value.year, value.month, value.day)
    except ValueError as error:
        raise InvalidInput(field, "there is no such date", "DATE_INVALID") from error


def optional_date(message: Any, field: str) -> date | None:
    """Return the date in a field, or None when it is not set."""
    return local_date(getattr(message, field), field) if message.HasField(field) else None


def date_pb(day: date | None) -> date_pb2.Date | None:
    """Return the wire form of a date, for a constructor's argument."""
    return date_pb2.Date(year=day.year, month=day.month, day=day.day) if day else None


def enum_value(wrapper: Any, prefix: str, stored: str) -> Any:
    """Return the enum value of a stored word: `paid` with LOT_KIND_ is LOT_KIND_PAID."""
    return wrapper.Value(prefix + (stored.upper() or "UNSPECIFIED"))


def stored_word(wrapper: Any, prefix: str, value: int) -> str:
    """Return the stored word of an enum value that validation has accepted."""
    return str(wrapper.Name(value)).removeprefix(prefix).lower()
