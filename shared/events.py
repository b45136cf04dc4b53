"""Events: how they are named, written and read.

An event's type is `<service>.<snake_name>.v1`, taken from its proto name; its aggregate and campus from its option.
Fields with the `pii` option travel sealed under a key that only the services of the institution's chain hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

import orjson
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from lianxiao.options.v1 import options_pb2
from shared.codec.decode import decode as decode_json
from shared.crypto import CannotOpen, open_from_bus, seal_for_bus
from shared.endpoints import extension
from shared.errors import InvalidInput

if TYPE_CHECKING:
    from shared.db import Tx

E = TypeVar("E", bound=Message)


@dataclass(frozen=True, slots=True)
class EventType:
    """What the chassis needs to know about an event message."""

    name: str
    service: str
    aggregate: str
    campus: str
    # Where personal data stands: the names that lead to each field.
    sealed_fields: tuple[tuple[str, ...], ...]


@cache
def describe(descriptor: Descriptor) -> EventType:
    """Read an event's options; raises TypeError for a message without the event option, or with unsealable fields."""
    options: Any = descriptor.GetOptions()
    if not options.HasExtension(options_pb2.event):
        raise TypeError(f"{descriptor.full_name} is not an event")
    package, version = descriptor.full_name.split(".")[1:3]
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", descriptor.name).lower()
    event = extension(options, options_pb2.event)
    return EventType(
        f"{package}.{snake}.{version}", package, event.aggregate, event.campus, tuple(sealed_paths(descriptor))
    )


def publish(tx: Tx, event: Message) -> UUID:
    """Write an event with the transaction; it leaves for the bus after the commit. Returns the event's id."""
    kind = describe(event.DESCRIPTOR)
    aggregate = getattr(event, kind.aggregate)
    campus = getattr(event, kind.campus) if kind.campus else ""
    if not aggregate:
        raise ValueError(f"{kind.name} needs its {kind.aggregate}")
    return tx.add_event(kind.name, aggregate, campus or None, encode(tx.institution_id, event, kind))


def encode(institution_id: UUID, event: Message, kind: EventType) -> str:
    """Return the event as proto JSON with its personal fields sealed."""
    if kind.sealed_fields:
        copy = type(event)()
        copy.CopyFrom(event)
        _change(copy, kind.sealed_fields, lambda text: seal_for_bus(institution_id, text))
        event = copy
    return json_format.MessageToJson(event, preserving_proto_field_name=True, indent=None, ensure_ascii=False)


def decode(institution_id: UUID, body: str, event_class: type[E]) -> E:
    """Rebuild an event; fields of a newer publisher are ignored."""
    try:
        event = decode_json(orjson.loads(body), event_class)
    except InvalidInput:
        # Something that our strict decoder does not know; the tolerant one is slower.
        event = json_format.Parse(body, event_class(), ignore_unknown_fields=True)
    _change(event, describe(event.DESCRIPTOR).sealed_fields, lambda text: open_from_bus(institution_id, text))
    return event


def without_personal(institution_id: UUID, body: str) -> str:
    """Return the body of a stored event with its sealed fields emptied; bodies without any come back as they were."""
    told = orjson.loads(body)
    return orjson.dumps(_bare(institution_id, told)).decode()


def _bare(institution_id: UUID, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _bare(institution_id, each) for name, each in value.items()}
    if isinstance(value, list):
        return [_bare(institution_id, each) for each in value]
    if isinstance(value, str) and value:
        try:
            open_from_bus(institution_id, value)
        except CannotOpen:
            return value
        return ""
    return value


def sealed_paths(descriptor: Descriptor) -> Iterator[tuple[str, ...]]:
    """Yield the names that lead to each personal field of a message; raises TypeError where one is repeated."""
    for field in descriptor.fields:
        is_personal = extension(field.GetOptions(), options_pb2.pii)
        below = [] if is_personal or not _is_ours(field) else list(sealed_paths(cast("Descriptor", field.message_type)))
        if (is_personal or below) and field.is_repeated:
            raise TypeError(f"{field.full_name} repeats personal data; an event has no seal for that")
        yield from [(field.name,)] if is_personal else [(field.name, *path) for path in below]


def _is_ours(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.full_name.startswith("lianxiao.")


def _change(event: Any, paths: Iterable[tuple[str, ...]], change: Callable[[str], str]) -> None:
    for *way, name in paths:
        holder = event
        for step in way:
            if not holder.HasField(step):
                break
            holder = getattr(holder, step)
        else:
            text = getattr(holder, name)
            if text:
                setattr(holder, name, change(text))
