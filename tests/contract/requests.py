"""Requests made from descriptors: valid by every rule, with ids taken from a pool by the names of their fields."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from gateway.schemas import is_required, rules_of

_DEEPEST = 5
_NUMBERS = {"int32", "int64", "uint32", "uint64", "double", "float"}
# Texts that mean something; whatever is not named here is generated from its rules.
_WORDS = {
    "role": "teacher",
    "permissions": "lead.read",
    "time_zone": "Asia/Shanghai",
    "email": "outsider@example.org",
    "phone": "13912345678",
    "password": "Quiet-meadow-42",
    "file_name": "outsider.csv",
    "method": "cash",
    "provider": "sandbox",
    "channel": "open_day",
    "source": "walk_in",
    "template_code": "hours_consumed",
    "steps": "hq_admin",
    "purpose": "marketing",
}
# A page of one row would hide the others; the shares of a split make up the whole.
_FIGURES = {"page_size": None, "basis_points": 10_000, "fixed_fen": None, "discount_fen": None, "lesson_minutes": 45}
# Filled though no rule asks for them: actions do.
_WANTED = {"name", "code", "label", "reason", "subject"}
# Another word for the same kind of row.
_SAME = {
    "owner_id": "staff_id",
    "teacher_id": "staff_id",
    "claimant_id": "staff_id",
    "survivor_lead_id": "lead_id",
    "moving_lesson_id": "lesson_id",
    "resource_id": "room_id",
    "student_id": "customer_id",
    "person_id": "customer_id",
}

# Never the row of the pool: a course does not pay for itself.
_OTHERS = {"paying_course_id"}


@dataclass(slots=True)
class Requests:
    """Makes one request of a type; ids that the pool lacks are nobody's."""

    pool: Mapping[str, str] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def make(self, kind: type[Message]) -> Message:
        """Return a request; its ids can be read back with `ids_in`."""
        message = kind()
        self._fill(message, 0)
        return message

    def _fill(self, message: Any, depth: int) -> None:
        descriptor: Descriptor = message.DESCRIPTOR
        # Two of a `oneof` would undo each other; the first is as good as any.
        seen = set()
        for one in descriptor.fields:
            choice = one.containing_oneof
            if (one.name == "request_id" and not is_required(one)) or (choice is not None and choice.name in seen):
                continue
            value = self._value(one, depth)
            if value is None:
                continue
            if choice is not None:
                seen.add(choice.name)
            _set(message, one, value)

    def _value(self, one: FieldDescriptor, depth: int) -> Any:
        rules = rules_of(one)
        needed = is_required(one)
        if one.message_type is not None:
            return self._message(one, depth, needed=needed)
        inner = rules.repeated.items if rules is not None and one.is_repeated else rules
        if one.enum_type is not None:
            return _enum(one, inner)
        if one.type == FieldDescriptor.TYPE_STRING:
            return self._text(one, inner, needed=needed)
        if one.type == FieldDescriptor.TYPE_BYTES:
            return b"outsider" if needed else None
        if one.type == FieldDescriptor.TYPE_BOOL:
            return one.name == "attended" or None
        return _FIGURES[one.name] if one.name in _FIGURES else _number(inner)

    def _message(self, one: FieldDescriptor, depth: int, *, needed: bool) -> Any:
        kind: Any = one.message_type
        if kind.GetOptions().map_entry or depth > _DEEPEST:
            return None
        if kind.full_name.startswith("google."):
            return self._well_known(one, needed=needed)
        message: Any = GetMessageClass(kind)()
        self._fill(message, depth + 1)
        return message

    def _well_known(self, one: FieldDescriptor, *, needed: bool) -> Any:
        kind: Any = one.message_type
        message: Any = GetMessageClass(kind)()
        ends = one.name.startswith("end")
        if kind.name == "Timestamp" and (needed or one.name == "due_time"):
            start = self.now.replace(minute=0, second=0, microsecond=0) + timedelta(days=2, hours=1 if ends else 0)
            message.FromDatetime(start.replace(tzinfo=None))
        elif kind.name == "Date" and needed:
            # Whole months that are over: a period can be locked only then.
            message.year, message.month, message.day = self.now.year - 1, 4 if ends else 3, 1
        elif kind.name == "TimeOfDay":
            message.hours = 12 if ends else 10
        elif kind.name == "FieldMask" and _has_remark(one):
            message.paths.append("remark")
        else:
            return None
        return message

    def _text(self, one: FieldDescriptor, rules: Any, *, needed: bool) -> str | None:
        if _is_id(one, rules):
            name = one.name.removesuffix("s") if one.is_repeated else one.name
            return self.id_for(name)
        allowed = list(getattr(rules.string, "in")) if rules is not None else []
        if allowed:
            return str(allowed[0])
        word = next((text for name, text in _WORDS.items() if one.name == name or one.name.endswith(f"_{name}")), None)
        if word is not None:
            return word
        return _by_rules(rules) if needed or one.name in _WANTED else None

    def id_for(self, name: str) -> str:
        """Return the id that the pool has for a field, or one that nobody has."""
        if name in _OTHERS:
            return str(uuid4())
        for known in (name, _SAME.get(name, name), f"{name.rsplit('_', 2)[-2]}_id" if name.count("_") > 1 else name):
            if known in self.pool:
                return self.pool[known]
        return str(uuid4())


def ids_in(message: Any) -> set[str]:
    """Return every id that a message carries."""
    found: set[str] = set()
    for one, value in message.ListFields():
        values = list(value) if one.is_repeated else [value]
        if one.message_type is not None and not one.message_type.GetOptions().map_entry:
            found |= {each for part in values for each in ids_in(part)}
        elif one.type == FieldDescriptor.TYPE_STRING and _is_id(one, None):
            found |= set(values)
    return found


def _is_id(one: FieldDescriptor, rules: Any) -> bool:
    named = one.name.endswith(("_id", "_ids")) and one.name not in {"client_id", "wechat_id", "provider_transaction_id"}
    return bool(named or (rules is not None and rules.string.uuid))


def _by_rules(rules: Any) -> str:
    text = rules.string if rules is not None else None
    if text is not None and text.email:
        return _WORDS["email"]
    if text is not None and text.uuid:
        return str(uuid4())
    if text is not None and text.pattern:
        return _like(text.pattern)
    word = f"outsider{secrets.token_hex(4)}"
    if text is not None and text.HasField("len"):
        return word[-text.len :]
    return word[: text.max_len] if text is not None and text.HasField("max_len") else word


def _like(pattern: str) -> str:
    """Return a text that a pattern of ours accepts; the first of a few plain ones."""
    word = secrets.token_hex(4)
    words = (f"outsider_{word}", f"outsider{word}", f"OUTSIDER{word.upper()}", "outsider")
    plain = (*words, "O1", "1", "1001", "08:00", "o", "012345", "ab" * 32)
    return next(text for text in plain if re.search(pattern, text))


def _enum(one: FieldDescriptor, rules: Any) -> int:
    allowed = list(getattr(rules.enum, "in")) if rules is not None else []
    refused = set(rules.enum.not_in) if rules is not None else set()
    kind: Any = one.enum_type
    numbers = allowed or [value.number for value in kind.values]
    return int(next(number for number in numbers if number and number not in refused))


def _has_remark(mask: FieldDescriptor) -> bool:
    """Say whether the resource that a mask belongs to has a remark; an empty mask serves the others."""
    request: Any = mask.containing_type
    kinds = [one.message_type for one in request.fields if one.message_type is not None]
    return any("remark" in kind.fields_by_name for kind in kinds)


def _number(rules: Any) -> int | None:
    kind = rules.WhichOneof("type") if rules is not None else None
    if kind not in _NUMBERS:
        return None
    bounds = getattr(rules, kind)
    least = bounds.gte if bounds.HasField("gte") else bounds.gt + 1 if bounds.HasField("gt") else 1
    return int(next(number for number in (max(least, 1), 2) if number not in bounds.not_in))


def _set(message: Any, one: FieldDescriptor, value: Any) -> None:
    if one.is_repeated:
        rows = getattr(message, one.name)
        if one.message_type is not None:
            rules = rules_of(one)
            for _ in range(max(1, rules.repeated.min_items if rules is not None else 0)):
                rows.add().CopyFrom(value)
        else:
            rows.append(value)
    elif one.message_type is not None:
        getattr(message, one.name).CopyFrom(value)
    else:
        setattr(message, one.name, value)
