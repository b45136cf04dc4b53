"""JSON objects to messages, strictly: one compiled decoder per message type, errors that name the field.

Both spellings of a field name are read, null leaves a field unset, an unknown field is an error: a
misspelt field that is silently dropped costs a user more than a refusal does. Stricter than the proto3 mapping in
two points, so that an OpenAPI document can say what is read: enums by name only, digits as text for 64 bits only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from threading import RLock
from typing import Any, TypeVar, cast

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.type import date_pb2

from shared.codec.scalars import (
    WrongValue,
    check_day,
    converter,
    day,
    double,
    duration,
    field_mask,
    instant,
    key_converter,
    text,
)
from shared.errors import InvalidInput

M = TypeVar("M", bound=Message)
DEPTH = 20  # JSON objects and lists inside one another

Decoder = Callable[[Any, Any, int], None]  # (JSON value, message to fill, depth)
Setter = Callable[[Any, Any, int], None]  # (message, JSON value, depth)


def decode(payload: Any, kind: type[M]) -> M:
    """Build a message from a parsed JSON value; raises InvalidInput that names the path of the wrong field."""
    message = kind()
    try:
        _decoder(cast("Descriptor", message.DESCRIPTOR))(payload, message, 1)
    except WrongValue as wrong:
        raise InvalidInput(path_text(wrong.path), wrong.message, reason=_reason(wrong)) from None
    return message


def path_text(path: list[str | int]) -> str:
    """Write a path as `lines[2].priceFen`."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part[:64]}" for part in path]
    return "".join(parts).removeprefix(".")


class _UnknownField(WrongValue):
    pass


class _TooDeep(WrongValue):
    pass


def _reason(wrong: WrongValue) -> str:
    if isinstance(wrong, _UnknownField):
        return "UNKNOWN_FIELD"
    return "INPUT_TOO_DEEP" if isinstance(wrong, _TooDeep) else "INVALID_FIELD"


def _check_depth(depth: int) -> None:
    if depth > DEPTH:
        raise _TooDeep(f"is nested more than {DEPTH} levels deep")


_lock = RLock()


@cache
def _decoder(descriptor: Descriptor) -> Decoder:
    special = _SPECIAL.get(descriptor.full_name)
    if special is not None:
        return special
    if descriptor.file.name == "google/protobuf/wrappers.proto":
        convert = converter(descriptor.fields_by_name["value"])

        def wrapped(payload: Any, message: Any, _depth: int) -> None:
            message.value = convert(payload)

        return wrapped
    return _Fields(descriptor)


class _Fields:
    """Decoder of an ordinary message. Setters are made at first use: message types may contain themselves."""

    def __init__(self, descriptor: Descriptor) -> None:
        self._descriptor = descriptor
        self._by_name: dict[str, Setter] = {}
        self._aliases: dict[str, str] = {}
        self._ready = False

    def _prepare(self) -> None:
        with _lock:
            for field in self._descriptor.fields:
                self._by_name[field.json_name] = _setter(field)
                if field.name != field.json_name:
                    self._aliases[field.name] = field.json_name
            self._ready = True

    def __call__(self, payload: Any, message: Any, depth: int) -> None:
        if payload.__class__ is not dict:
            raise WrongValue("must be an object")
        _check_depth(depth)
        if not self._ready:
            self._prepare()
        for key, value in payload.items():
            setter = self._by_name.get(key) or self._aliased(key, payload)
            if value is None and setter.__class__ is not _NullIsAValue:
                continue
            try:
                setter(message, value, depth)
            except WrongValue as wrong:
                wrong.path.insert(0, key)
                raise

    def _aliased(self, key: str, payload: dict[str, Any]) -> Setter:
        name = self._aliases.get(key)
        if name is None:
            raise _UnknownField("is not a field here", key)
        if name in payload:
            raise WrongValue(f"is given twice, also as {name}", key)
        return self._by_name[name]


class _NullIsAValue:
    """Setter of a google.protobuf.Value field, the only kind where null is something to store."""

    def __init__(self, setter: Setter) -> None:
        self._setter = setter

    def __call__(self, message: Any, value: Any, depth: int) -> None:
        self._setter(message, value, depth)


def _setter(field: FieldDescriptor) -> Setter:
    made = _plain_setter(field)
    oneof = field.containing_oneof
    if oneof is not None and len(oneof.fields) > 1:
        made = _only_one(made, oneof.name, [member.json_name for member in oneof.fields])
    is_value = field.message_type and field.message_type.full_name == "google.protobuf.Value"
    return _NullIsAValue(made) if is_value and not field.is_repeated else made


def _only_one(setter: Setter, oneof: str, members: list[str]) -> Setter:
    sentence = f"only one of {', '.join(members)} may be given"

    def only_one(message: Any, value: Any, depth: int) -> None:
        if message.WhichOneof(oneof) is not None:
            raise WrongValue(sentence)
        setter(message, value, depth)

    return only_one


def _plain_setter(field: FieldDescriptor) -> Setter:
    name = field.name
    if field.message_type and field.message_type.GetOptions().map_entry:
        return _map_setter(field.name, field.message_type)
    if field.is_repeated:
        return _list_setter(field)
    if field.message_type:
        below = _decoder(field.message_type)

        def nested(message: Any, value: Any, depth: int) -> None:
            target = getattr(message, name)
            target.SetInParent()
            below(value, target, depth + 1)

        return nested
    convert = converter(field)

    def scalar(message: Any, value: Any, _depth: int) -> None:
        setattr(message, name, convert(value))

    return scalar


def _list_setter(field: FieldDescriptor) -> Setter:
    name = field.name
    below = _decoder(field.message_type) if field.message_type else None
    convert = None if field.message_type else converter(field)

    def fill(message: Any, value: Any, depth: int) -> None:
        if value.__class__ is not list:
            raise WrongValue("must be a list")
        _check_depth(depth + 1)
        target = getattr(message, name)
        for index, item in enumerate(value):
            try:
                if convert is not None:
                    target.append(convert(item))
                elif below is not None:
                    below(item, target.add(), depth + 2)
            except WrongValue as wrong:
                wrong.path.insert(0, index)
                raise

    return fill


def _map_setter(name: str, entry: Descriptor) -> Setter:
    key_field, value_field = entry.fields_by_name["key"], entry.fields_by_name["value"]
    convert_key = key_converter(key_field)
    below = _decoder(value_field.message_type) if value_field.message_type else None
    convert = None if value_field.message_type else converter(value_field)

    def fill(message: Any, value: Any, depth: int) -> None:
        if value.__class__ is not dict:
            raise WrongValue("must be an object")
        _check_depth(depth + 1)
        target = getattr(message, name)
        for key, item in value.items():
            try:
                if convert is not None:
                    target[convert_key(key)] = convert(item)
                elif below is not None:
                    below(item, target[convert_key(key)], depth + 2)
            except WrongValue as wrong:
                wrong.path.insert(0, key)
                raise

    return fill


def _value(payload: Any, message: Any, depth: int) -> None:
    kind = payload.__class__
    if payload is None:
        message.null_value = 0
    elif kind is bool:
        message.bool_value = payload
    elif kind is str:
        message.string_value = text(payload)
    elif kind is dict:
        message.struct_value.SetInParent()
        _struct(payload, message.struct_value, depth)
    elif kind is list:
        message.list_value.SetInParent()
        _list_value(payload, message.list_value, depth)
    else:
        message.number_value = double(payload)


def _struct(payload: Any, message: Any, depth: int) -> None:
    if payload.__class__ is not dict:
        raise WrongValue("must be an object")
    _check_depth(depth)
    for key, value in payload.items():
        try:
            _value(value, message.fields[text(key)], depth + 1)
        except WrongValue as wrong:
            wrong.path.insert(0, key)
            raise


def _list_value(payload: Any, message: Any, depth: int) -> None:
    if payload.__class__ is not list:
        raise WrongValue("must be a list")
    _check_depth(depth)
    for index, value in enumerate(payload):
        try:
            _value(value, message.values.add(), depth + 1)
        except WrongValue as wrong:
            wrong.path.insert(0, index)
            raise


def _any(payload: Any, message: Any, _depth: int) -> None:
    try:
        json_format.ParseDict(payload, message)
    except (json_format.ParseError, TypeError, ValueError, AttributeError, KeyError):
        raise WrongValue("must be an object with a known @type") from None


_date_fields = _Fields(date_pb2.Date.DESCRIPTOR)


def _date(payload: Any, message: Any, depth: int) -> None:
    """Read a whole date, as an object or as `2026-01-31`. No field of ours means a month or a yearly day."""
    if payload.__class__ is str:
        day(payload, message)
        return
    _date_fields(payload, message, depth)
    check_day(message.year, message.month, message.day)


def _text_form(fill: Callable[[Any, Any], None]) -> Decoder:
    return lambda payload, message, _depth: fill(payload, message)


_SPECIAL: dict[str, Decoder] = {
    "google.protobuf.Timestamp": _text_form(instant),
    "google.protobuf.Duration": _text_form(duration),
    "google.protobuf.FieldMask": _text_form(field_mask),
    "google.protobuf.Struct": _struct,
    "google.protobuf.Value": _value,
    "google.protobuf.ListValue": _list_value,
    "google.protobuf.Any": _any,
    "google.type.Date": _date,
}
