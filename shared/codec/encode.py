"""Messages to JSON objects, through one compiled function per message type.

The result equals `json_format.MessageToDict(message, always_print_fields_with_no_presence=True)`; reflection
over every field of every row makes that one four times slower on lists.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from keyword import iskeyword
from threading import RLock
from typing import Any, cast

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.internal import type_checkers
from google.protobuf.message import Message

_shortest: Callable[[float], float] = cast("Any", type_checkers).ToShortestFloat
JsonObject = dict[str, Any]
Encoder = Callable[[Any], Any]

_SECONDS_OF_DAY = 86_400
_INT64 = {
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_UINT64,
    FieldDescriptor.TYPE_SINT64,
    FieldDescriptor.TYPE_FIXED64,
    FieldDescriptor.TYPE_SFIXED64,
}


def encode(message: Message) -> JsonObject:
    """Return the JSON object of a message."""
    return cast("JsonObject", encoder(cast("Descriptor", message.DESCRIPTOR))(message))


def encoder(descriptor: Descriptor) -> Encoder:
    """Return the compiled encoder of a message type; keep it where a type is encoded often."""
    known = _encoders.get(descriptor)
    if known is not None:
        return known
    with _lock:
        return _compile(descriptor)


class _Names(dict[int, Any]):
    """Names of one enum by number; a number that we do not know yet stands for itself."""

    def __missing__(self, number: int) -> int:
        return number


class _Days(dict[int, str]):
    """Text of a day by days since 1970. Rows of one page share few days."""

    def __missing__(self, day: int) -> str:
        text = datetime.fromtimestamp(day * _SECONDS_OF_DAY, UTC).strftime("%Y-%m-%dT").rjust(11, "0")
        if len(self) < 20_000:  # noqa: PLR2004 - 55 years of days; more is an odd caller, not worth memory
            self[day] = text
        return text


_days = _Days()
_minutes = [f"{minute // 60:02}:{minute % 60:02}:" for minute in range(1440)]
_seconds = [f"{second:02}" for second in range(60)]


def _instant(moment: Any) -> str:
    """Return RFC 3339 in UTC with 0, 3, 6 or 9 digits of fraction; raises ValueError outside the years 1 to 9999."""
    seconds: int = moment.seconds
    nanos: int = moment.nanos
    day, rest = divmod(seconds, _SECONDS_OF_DAY)
    minute, second = divmod(rest, 60)
    head = _days[day] + _minutes[minute] + _seconds[second]
    if not nanos:
        return head + "Z"
    if nanos % 1_000_000 == 0:
        return f"{head}.{nanos // 1_000_000:03}Z"
    return f"{head}.{nanos // 1000:06}Z" if nanos % 1000 == 0 else f"{head}.{nanos:09}Z"


def _json_text(message: Any) -> str:
    return cast("str", message.ToJsonString())


def _reflected(message: Message) -> Any:
    return json_format.MessageToDict(message, always_print_fields_with_no_presence=True)


def _double(number: float) -> float | str:
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _float(number: float) -> float | str:
    return _shortest(number) if math.isfinite(number) else _double(number)


def _value(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    if kind is None or kind == "null_value":
        return None
    if kind == "struct_value":
        return _struct(value.struct_value)
    if kind == "list_value":
        return _list_value(value.list_value)
    if kind == "number_value" and not math.isfinite(value.number_value):
        raise ValueError("a Value holds a number that JSON cannot")
    return getattr(value, kind)


def _struct(struct: Any) -> JsonObject:
    return {key: _value(value) for key, value in struct.fields.items()}


def _list_value(values: Any) -> list[Any]:
    return [_value(value) for value in values.values]


_SPECIAL: dict[str, Encoder] = {
    "google.protobuf.Timestamp": _instant,
    "google.protobuf.Duration": _json_text,
    "google.protobuf.FieldMask": _json_text,
    "google.protobuf.Struct": _struct,
    "google.protobuf.Value": _value,
    "google.protobuf.ListValue": _list_value,
    "google.protobuf.Any": _reflected,
}
_WRAPPERS = "google/protobuf/wrappers.proto"

_lock = RLock()
_encoders: dict[Descriptor, Encoder] = {}
# Names that generated functions see. Encoders of types that refer to one another meet here.
_scope: dict[str, Any] = {"b64": b64encode, "double": _double, "single": _float}
_function_names: dict[Descriptor, str] = {}
_enum_names: dict[EnumDescriptor, str] = {}


def _compile(descriptor: Descriptor) -> Encoder:
    """Generate the functions of a type and of all types below it; the caller holds the lock."""
    pending = [descriptor]
    made: dict[Descriptor, Encoder] = {}
    while pending:
        current = pending.pop()
        if current in _encoders or current in made:
            continue
        made[current] = _scope[_function_name(current)] = _make(current)
        pending += [field.message_type for field in current.fields if field.message_type and not _is_special(current)]
    # Published together: another thread must not meet an encoder whose callees are not there yet.
    _encoders.update(made)
    return _encoders[descriptor]


def _is_special(descriptor: Descriptor) -> bool:
    return descriptor.full_name in _SPECIAL or descriptor.file.name == _WRAPPERS


def _function_name(descriptor: Descriptor) -> str:
    return _function_names.setdefault(descriptor, f"m{len(_function_names)}")


def _enum_name(enum: EnumDescriptor) -> str:
    name = _enum_names.get(enum)
    if name is None:
        name = _enum_names[enum] = f"e{len(_enum_names)}"
        if enum.full_name == "google.protobuf.NullValue":
            _scope[name] = _Names({0: None})
        else:
            _scope[name] = _Names({number: value.name for number, value in enum.values_by_number.items()})
    return name


def _make(descriptor: Descriptor) -> Encoder:
    special = _SPECIAL.get(descriptor.full_name)
    if special is not None:
        return special
    if descriptor.file.name == _WRAPPERS:
        return _run(f"def encode(m): return {_expression(descriptor.fields_by_name['value'], 'm.value')}")
    plain = [field for field in descriptor.fields if not field.has_presence]
    present = [field for field in descriptor.fields if field.has_presence]
    lines = ["def encode(m):", "    d = {"]
    lines += [f"        {field.json_name!r}: {_field(field)}," for field in plain]
    lines += ["    }"]
    for field in present:
        lines += [
            f"    if m.HasField({field.name!r}):",
            f"        d[{field.json_name!r}] = {_field(field)}",
        ]
    return _run("\n".join([*lines, "    return d"]))


def _run(source: str) -> Encoder:
    made: dict[str, Encoder] = {}
    # The text holds only names out of a compiled descriptor, each written by repr().
    exec(source, _scope, made)  # noqa: S102
    return made["encode"]


def _field(field: FieldDescriptor) -> str:
    # A field named like a Python keyword cannot be written as an attribute.
    access = f"getattr(m, {field.name!r})"
    if field.name.isidentifier() and not iskeyword(field.name):
        access = f"m.{field.name}"
    if field.message_type and field.message_type.GetOptions().map_entry:
        key, value = (field.message_type.fields_by_name[part] for part in ("key", "value"))
        return f"{{{_key(key)}: {_expression(value, 'v')} for k, v in {access}.items()}}"
    if field.is_repeated:
        expression = _expression(field, "v")
        return f"[*{access}]" if expression == "v" else f"[{expression} for v in {access}]"
    return _expression(field, access)


def _key(field: FieldDescriptor) -> str:
    if field.type == FieldDescriptor.TYPE_STRING:
        return "k"
    return "('true' if k else 'false')" if field.type == FieldDescriptor.TYPE_BOOL else "str(k)"


def _expression(field: FieldDescriptor, value: str) -> str:
    if field.message_type:
        return f"{_function_name(field.message_type)}({value})"
    if field.enum_type:
        return f"{_enum_name(field.enum_type)}[{value}]"
    if field.type in _INT64:
        return f"str({value})"
    wrapped = {
        FieldDescriptor.TYPE_BYTES: f"b64({value}).decode()",
        FieldDescriptor.TYPE_DOUBLE: f"double({value})",
        FieldDescriptor.TYPE_FLOAT: f"single({value})",
    }
    return wrapped.get(field.type, value)
