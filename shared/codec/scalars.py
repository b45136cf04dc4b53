"""JSON values to protobuf scalars and to the well-known types that JSON writes as strings."""

from __future__ import annotations

import math
import re
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Callable
from datetime import date
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

Convert = Callable[[Any], Any]

_DIGITS = re.compile(r"-?[0-9]{1,20}\Z")
_BASE64 = re.compile(r"[A-Za-z0-9_-]*={0,2}\Z")
_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))\Z",
    re.ASCII,
)
_DURATION = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,9}))?s\Z", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)\Z", re.ASCII)
_PATH = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*\Z")
_UPPER = re.compile(r"[A-Z]")
_EPOCH = date(1970, 1, 1).toordinal()
_LAST_SECOND = (date.max.toordinal() - _EPOCH + 1) * 86_400 - 1
_FIRST_SECOND = (date.min.toordinal() - _EPOCH) * 86_400
_LONGEST_SECONDS = 315_576_000_000
_EXACT_FLOAT = 2.0**53
_LARGEST_FLOAT = 3.4028235677973362e38  # rounds to the largest 32-bit float


class WrongValue(Exception):
    """A value that does not fit; the path grows while the error leaves the nested decoders."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.message = message
        self.path: list[str | int] = list(path)


def text(value: Any) -> str:
    """Accept a string. NUL is refused here because PostgreSQL cannot store it."""
    if value.__class__ is not str:
        raise WrongValue("must be a string")
    if "\0" in value:
        raise WrongValue("must not contain the character NUL")
    return str(value)


def boolean(value: Any) -> bool:
    """Accept true and false."""
    if value is True or value is False:
        return bool(value)
    raise WrongValue("must be true or false")


def whole(low: int, high: int, *, as_text: bool = False) -> Convert:
    """Accept a whole number in [low, high]; with `as_text` also its digits, as 64 bits and keys need them."""

    def convert(value: Any) -> int:
        if value.__class__ is int:
            number = value
        elif (value.__class__ is float and _is_exact(value)) or (as_text and _is_digits(value)):
            number = int(value)
        else:
            raise WrongValue("must be a whole number")
        if low <= number <= high:
            return int(number)
        raise WrongValue(f"must be between {low} and {high}")

    return convert


def _is_digits(value: Any) -> bool:
    return value.__class__ is str and _DIGITS.match(value) is not None


def _is_exact(value: float) -> bool:
    """Say whether a float is one whole number; above 2**53 it may stand for several, or for digits that were lost."""
    return value.is_integer() and abs(value) <= _EXACT_FLOAT


def double(value: Any) -> float:
    """Accept a number, or one of the three words for what JSON cannot write."""
    if value.__class__ is float or value.__class__ is int:
        return _finite(value)
    if value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    raise WrongValue("must be a number")


def _finite(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise WrongValue("is too large")
    return number


def single(value: Any) -> float:
    """Accept a number that a 32-bit float can hold."""
    number = double(value)
    if math.isfinite(number) and abs(number) > _LARGEST_FLOAT:
        raise WrongValue("is too large")
    return number


def binary(value: Any) -> bytes:
    """Accept base64 in either alphabet, padded or not."""
    if value.__class__ is str:
        plain = value.replace("+", "-").replace("/", "_")
        if _BASE64.match(plain):
            try:
                return urlsafe_b64decode(plain.rstrip("=") + "=" * (-len(plain.rstrip("=")) % 4))
            except NotBase64:
                pass
    raise WrongValue("must be base64 text")


def enum(descriptor: EnumDescriptor) -> Convert:
    """Accept the name of a value."""
    numbers = {name: value.number for name, value in descriptor.values_by_name.items()}
    names = ", ".join(name for name, number in numbers.items() if number) or ", ".join(numbers)

    def convert(value: Any) -> int:
        if value.__class__ is str and value in numbers:
            return numbers[value]
        raise WrongValue(f"must be one of {names}")

    return convert


def instant(value: Any, target: Any) -> None:
    """Fill a Timestamp from RFC 3339."""
    match = _INSTANT.match(value) if value.__class__ is str else None
    if match is None:
        raise WrongValue("must be an instant such as 2026-01-31T08:00:00Z")
    year, month, day, hour, minute, second, fraction, sign, off_hour, off_minute = match.groups()
    days = check_day(int(year), int(month), int(day)) - _EPOCH
    seconds = days * 86_400 + int(hour) * 3600 + int(minute) * 60 + int(second)
    if sign:
        seconds -= (int(off_hour) * 3600 + int(off_minute) * 60) * (1 if sign == "+" else -1)
    if not _FIRST_SECOND <= seconds <= _LAST_SECOND:
        raise WrongValue("must lie in the years 1 to 9999")
    target.seconds = seconds
    target.nanos = int(fraction.ljust(9, "0")) if fraction else 0


def check_day(year: int, month: int, day: int) -> int:
    """Return the proleptic ordinal of a day; refuse one that no calendar has."""
    try:
        return date(year, month, day).toordinal()
    except (ValueError, OverflowError):
        raise WrongValue(f"{year:04}-{month:02}-{day:02} is not a day of the calendar") from None


def duration(value: Any, target: Any) -> None:
    """Fill a Duration from text such as `1.5s`."""
    match = _DURATION.match(value) if value.__class__ is str else None
    if match is None:
        raise WrongValue("must be a duration such as 90s")
    sign = -1 if match[1] else 1
    seconds = int(match[2])
    nanos = int((match[3] or "").ljust(9, "0"))
    if seconds > _LONGEST_SECONDS or (seconds == _LONGEST_SECONDS and nanos):
        raise WrongValue("is too long")
    target.seconds, target.nanos = sign * seconds, sign * nanos


def field_mask(value: Any, target: Any) -> None:
    """Fill a FieldMask from comma-separated paths in either spelling."""
    if value.__class__ is not str:
        raise WrongValue("must be field names separated by commas")
    if not value:
        return
    for path in value.split(","):
        if not _PATH.match(path):
            raise WrongValue("must be field names separated by commas")
        target.paths.append(_UPPER.sub(lambda upper: "_" + upper[0].lower(), path))


def day(value: Any, target: Any) -> None:
    """Fill a google.type.Date from `2026-01-31`, the form that query parameters use."""
    match = _DATE.match(value)
    if match is None:
        raise WrongValue("must be a date such as 2026-01-31")
    year, month, number = (int(part) for part in match.groups())
    check_day(year, month, number)
    target.year, target.month, target.day = year, month, number


_RANGES = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
_LONG = {FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64}
_BY_TYPE: dict[int, Convert] = {
    FieldDescriptor.CPPTYPE_DOUBLE: double,
    FieldDescriptor.CPPTYPE_FLOAT: single,
    FieldDescriptor.CPPTYPE_BOOL: boolean,
    FieldDescriptor.CPPTYPE_STRING: text,
}


def converter(field: FieldDescriptor) -> Convert:
    """Return the conversion for one scalar or enum field."""
    if field.enum_type:
        return enum(field.enum_type)
    if field.cpp_type in _RANGES:
        return whole(*_RANGES[field.cpp_type], as_text=field.cpp_type in _LONG)
    return binary if field.type == FieldDescriptor.TYPE_BYTES else _BY_TYPE[field.cpp_type]


def key_converter(field: FieldDescriptor) -> Convert:
    """Return the conversion for the key of a map, which JSON can only write as a string."""
    if field.type == FieldDescriptor.TYPE_BOOL:
        return _boolean_key
    return whole(*_RANGES[field.cpp_type], as_text=True) if field.cpp_type in _RANGES else text


def _boolean_key(key: str) -> bool:
    if key in ("true", "false"):
        return key == "true"
    raise WrongValue("must be true or false")
