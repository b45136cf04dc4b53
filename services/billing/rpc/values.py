"""Small values between wire and table: dates, ids, enum names, the price of a place in a message."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from google.type import date_pb2

from shared.errors import InvalidInput
from shared.ids import as_uuid

NOBODY = UUID(int=0)
CURRENCY = "CNY"


def to_date(message: date_pb2.Date, field: str) -> date:
    """Return a local date; raises InvalidInput for the 30th of February and for an empty one."""
    try:
        return date(message.year, message.month, message.day)
    except ValueError:
        raise InvalidInput(field, "this is no date") from None


def find_date(message: Any, field: str, path: str) -> date | None:
    """Return the date of a field, or None where it is not set."""
    return to_date(getattr(message, field), f"{path}.{field}") if message.HasField(field) else None


def date_pb(day: date | None) -> date_pb2.Date | None:
    """Return the wire form of a date."""
    return date_pb2.Date(year=day.year, month=day.month, day=day.day) if day else None


def find_uuid(text: str) -> UUID | None:
    """Return an id, or None for an empty text."""
    return as_uuid(text) if text else None


def text(key: UUID | None) -> str:
    """Return an id as text; empty for none, and for the zero id that stands for headquarters or nobody."""
    return str(key) if key and key != NOBODY else ""


def enum_name(wrapper: Any, number: int, prefix: str) -> str:
    """Return the stored name of an enum value: `paid` for LOT_KIND_PAID."""
    return str(wrapper.Name(number)).removeprefix(prefix).lower()


def enum_value(wrapper: Any, name: str, prefix: str) -> Any:
    """Return the enum value of a stored name."""
    return wrapper.Value(prefix + name.upper())
