"""Copies of messages that hide personal data, driven by the `pii` option of each field.

Compiled per message type; a type without personal data below it costs one dictionary look-up.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any, TypeVar, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from lianxiao.options.v1 import options_pb2 as options

M = TypeVar("M", bound=Message)
HIDDEN = "***"
# What nobody needs to see in passing; it is shown by calls that reveal (`shared.reveals`).
ON_DEMAND = frozenset((options.PII_PHONE, options.PII_ID_NUMBER, options.PII_ADDRESS))

_Step = Callable[[Any], None]


class View(Enum):
    """What a reader may see: nothing personal; all but what is shown on demand only; everything but secrets."""

    MASKED = frozenset(options.Pii.values())
    PERMITTED = ON_DEMAND | {options.PII_SECRET}
    CLEAR = frozenset((options.PII_SECRET,))


def mask(message: M, view: View = View.MASKED) -> M:
    """Return the message as this reader may see it; the original stays untouched.

    Secrets are dropped in every view, so a reply that hands out a token must not pass through here.
    """
    steps = _steps(message.DESCRIPTOR, view)
    if not steps:
        return message
    copy = type(message)()
    copy.CopyFrom(message)
    for step in steps:
        step(copy)
    return copy


def mask_text(kind: int, value: str) -> str:
    """Mask one value of a `Pii` kind; masking twice changes nothing more."""
    if not value:
        return value
    return _BY_KIND.get(kind, _everything)(value)


def _everything(_value: str) -> str:
    return HIDDEN


def _name(value: str) -> str:
    return value[0] + "**"


def _phone(value: str) -> str:
    local = value.removeprefix("+86").strip()
    if len(local) >= 11:  # noqa: PLR2004 - a mobile number
        return f"{local[:3]}****{local[-4:]}"
    return f"****{local[-2:]}" if len(local) > 4 else "****"  # noqa: PLR2004 - extensions say too much whole


def _email(value: str) -> str:
    person, _, host = value.rpartition("@")
    return f"{person[:1]}***@{host}" if person else HIDDEN


def _id_number(value: str) -> str:
    return "*" * (len(value) - 2) + value[-2:] if len(value) > 6 else HIDDEN  # noqa: PLR2004 - no ID number is so short


def _address(value: str) -> str:
    return value[:6] + HIDDEN if len(value) > 6 else HIDDEN  # noqa: PLR2004 - as far as the district


_BY_KIND: dict[int, Callable[[str], str]] = {
    options.PII_NAME: _name,
    options.PII_PHONE: _phone,
    options.PII_EMAIL: _email,
    options.PII_ID_NUMBER: _id_number,
    options.PII_ADDRESS: _address,
}


@cache
def _steps(descriptor: Descriptor, view: View) -> tuple[_Step, ...]:
    if not _holds(descriptor, (), view):
        return ()
    return tuple(step for field in descriptor.fields for step in _field_steps(field, view))


def _kind(field: FieldDescriptor, view: View) -> int:
    kind = int(cast("Any", field.GetOptions().Extensions)[options.pii])
    return kind if kind in view.value else 0


def _holds(descriptor: Descriptor, above: tuple[Descriptor, ...], view: View) -> bool:
    """Say whether any field at or below this type is to be changed; types may contain themselves."""
    if descriptor in above:
        return False
    return any(
        _kind(field, view) or (field.message_type and _holds(field.message_type, (*above, descriptor), view))
        for field in descriptor.fields
    )


def _field_steps(field: FieldDescriptor, view: View) -> list[_Step]:
    kind = _kind(field, view)
    if kind:
        return [_hide(field, kind)]
    below = field.message_type
    if not below or not _holds(below, (), view):
        return []
    name = field.name
    value = _value_field(field)
    if value and value.message_type:
        return [_each(lambda message: getattr(message, name).values(), value.message_type, view)]
    if field.is_repeated:
        return [_each(lambda message: getattr(message, name), below, view)]
    return [_each(lambda message: (getattr(message, name),) if message.HasField(name) else (), below, view)]


def _each(pick: Callable[[Any], Any], below: Descriptor, view: View) -> _Step:
    def step(message: Any) -> None:
        for part in pick(message):
            for inner in _steps(below, view):
                inner(part)

    return step


def _hide(field: FieldDescriptor, kind: int) -> _Step:
    name = field.name
    if kind == options.PII_SECRET or field.type != FieldDescriptor.TYPE_STRING:
        value = _value_field(field)
        if kind != options.PII_SECRET and value and value.type == FieldDescriptor.TYPE_STRING:
            return _hide_map(name, kind)
        return lambda message: message.ClearField(name)

    def one(message: Any) -> None:
        value = getattr(message, name)
        if value:
            setattr(message, name, mask_text(kind, value))

    def many(message: Any) -> None:
        values = getattr(message, name)
        values[:] = [mask_text(kind, value) for value in values]

    return many if field.is_repeated else one


def _value_field(field: FieldDescriptor) -> FieldDescriptor | None:
    """Return the field that holds the values when this field is a map."""
    entry = field.message_type
    return entry.fields_by_name["value"] if entry and entry.GetOptions().map_entry else None


def _hide_map(name: str, kind: int) -> _Step:
    def step(message: Any) -> None:
        values = getattr(message, name)
        for key in list(values):
            values[key] = mask_text(kind, values[key])

    return step
