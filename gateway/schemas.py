"""Message types as JSON Schema: what the codec writes, what it reads, and what buf.validate demands."""

from __future__ import annotations

import re
from typing import Any, cast

from buf.validate import validate_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

Schema = dict[str, Any]

_DATE = "google.type.Date"
_FIELD_NAME = "[A-Za-z][A-Za-z0-9_]*"
_FIELD_PATH = f"{_FIELD_NAME}(\\.{_FIELD_NAME})*"
FIELD_MASK = f"^({_FIELD_PATH}(,{_FIELD_PATH})*)?$"
_WELL_KNOWN: dict[str, Schema] = {
    # Always a whole date here; no field of ours means a month or a yearly day.
    _DATE: {
        "type": "object",
        "required": ["year", "month", "day"],
        "properties": {
            "year": {"type": "integer", "minimum": 1, "maximum": 9999},
            "month": {"type": "integer", "minimum": 1, "maximum": 12},
            "day": {"type": "integer", "minimum": 1, "maximum": 31},
        },
        "additionalProperties": False,
    },
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": "^-?[0-9]{1,12}(\\.[0-9]{1,9})?s$"},
    "google.protobuf.FieldMask": {"type": "string", "pattern": FIELD_MASK},
    "google.protobuf.Struct": {"type": "object", "additionalProperties": True},
    "google.protobuf.Value": {},
    "google.protobuf.ListValue": {"type": "array", "items": {}},
    "google.protobuf.Any": {
        "type": "object",
        "properties": {"@type": {"type": "string"}},
        "additionalProperties": True,
    },
}
_WRAPPERS = "google/protobuf/wrappers.proto"
_WHOLE = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
}
_LONG = {
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1, "^-?[0-9]{1,19}$"),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1, "^[0-9]{1,20}$"),
}
_PLAIN: dict[int, Schema] = {
    FieldDescriptor.CPPTYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptor.CPPTYPE_FLOAT: {"type": "number", "format": "float"},
    FieldDescriptor.CPPTYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.CPPTYPE_STRING: {"type": "string"},
}


class Schemas:
    """Collects the named schemas that a document refers to.

    A type that occurs both in answers and in requests gets a second schema `…Input`: requests may write 64-bit
    numbers bare and leave fields null, answers never do.
    """

    def __init__(self, comments: dict[str, str], names: dict[str, str], answered: set[str]) -> None:
        self.components: dict[str, Schema] = {}
        self._comments = comments
        self._names = names
        self._answered = answered

    def message(self, descriptor: Descriptor, *, is_input: bool) -> Schema:
        """Return a schema, by reference for messages of ours."""
        known = _WELL_KNOWN.get(descriptor.full_name)
        if known is not None:
            return dict(known)
        if descriptor.file.name == _WRAPPERS:
            return self._single(descriptor.fields_by_name["value"], is_input=is_input)
        name = self._name(descriptor, is_input=is_input)
        if name not in self.components:
            self.components[name] = {}
            self.components[name].update(self._object(descriptor, is_input=is_input))
        return {"$ref": f"#/components/schemas/{name}"}

    def object_without(self, descriptor: Descriptor, names: set[str]) -> Schema:
        """Return the schema of a request body: a message without the fields that the address fills."""
        schema = self._object(descriptor, is_input=True)
        for name in names:
            schema["properties"].pop(name, None)
        schema["required"] = [name for name in schema.get("required", []) if name not in names]
        if not schema["required"]:
            del schema["required"]
        return schema

    def field(self, field: FieldDescriptor, *, is_input: bool) -> Schema:
        """Return the schema of one field with its rules and its comment."""
        schema = self._shape(field, is_input=is_input)
        comment = self._comments.get(field.full_name)
        if comment:
            schema["description"] = comment
        return schema

    def _name(self, descriptor: Descriptor, *, is_input: bool) -> str:
        name = self._names.get(descriptor.full_name) or _short(descriptor)
        return name + "Input" if is_input and descriptor.full_name in self._answered else name

    def _object(self, descriptor: Descriptor, *, is_input: bool) -> Schema:
        schema: Schema = {"type": "object", "additionalProperties": False, "properties": {}}
        comment = self._comments.get(descriptor.full_name)
        if comment:
            schema["description"] = comment
        for field in descriptor.fields:
            schema["properties"][field.json_name] = self.field(field, is_input=is_input)
        required = [field.json_name for field in descriptor.fields if is_input and is_required(field)]
        if required:
            schema["required"] = required
        for name in set(schema["properties"]) - set(required) if is_input else ():
            schema["properties"][name] = _or_null(schema["properties"][name])
        return schema

    def _shape(self, field: FieldDescriptor, *, is_input: bool) -> Schema:
        rules = rules_of(field)
        entry = field.message_type
        if entry and entry.GetOptions().map_entry:
            value = self._single(entry.fields_by_name["value"], is_input=is_input)
            schema: Schema = {"type": "object", "additionalProperties": value}
            if rules and rules.map.HasField("max_pairs") and is_input:
                schema["maxProperties"] = rules.map.max_pairs
            return schema
        if not field.is_repeated:
            return self._ruled(field, rules, is_input=is_input)
        items = self._ruled(field, rules.repeated.items if rules else None, is_input=is_input)
        schema = {"type": "array", "items": items}
        if rules and is_input:
            sizes = {"min_items": "minItems", "max_items": "maxItems"}
            schema |= {
                key: getattr(rules.repeated, name) for name, key in sizes.items() if rules.repeated.HasField(name)
            }
        return schema

    def _ruled(self, field: FieldDescriptor, rules: Any, *, is_input: bool) -> Schema:
        schema = self._single(field, is_input=is_input)
        if not is_input:
            return schema
        schema |= _constraints(field, rules)
        if field.cpp_type in _LONG and schema["minimum"] >= 0:
            # The same bound for numbers that are written as text.
            schema["pattern"] = "^0*[1-9][0-9]{0,18}$" if schema["minimum"] > 0 else "^[0-9]{1,20}$"
        return schema

    def _single(self, field: FieldDescriptor, *, is_input: bool) -> Schema:
        if field.message_type:
            return self.message(field.message_type, is_input=is_input)
        if field.enum_type:
            return self._enum(field.enum_type)
        return _scalar(field, is_input=is_input)

    def _enum(self, enum: EnumDescriptor) -> Schema:
        name = self._names.get(enum.full_name) or _short(enum)
        if name not in self.components:
            schema: Schema = {"type": "string", "enum": list(enum.values_by_name)}
            lines = [self._comments.get(enum.full_name, "")]
            for value in enum.values_by_name:
                # The comments of values stand in the scope of the enum, as protoc's own names do not.
                comment = self._comments.get(f"{enum.full_name}.{value}")
                lines += [f"- `{value}`: {comment}"] if comment else []
            schema["description"] = "\n".join(filter(None, lines))
            self.components[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}


def _short(descriptor: Descriptor | EnumDescriptor) -> str:
    return str(descriptor.full_name).removeprefix(descriptor.file.package + ".").replace(".", "")


def _or_null(schema: Schema) -> Schema:
    if "$ref" in schema:
        description = {"description": schema["description"]} if "description" in schema else {}
        return {"anyOf": [{"$ref": schema["$ref"]}, {"type": "null"}], **description}
    if "type" not in schema:
        return schema
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return {**schema, "type": [*kinds, "null"]}


def _scalar(field: FieldDescriptor, *, is_input: bool) -> Schema:
    if field.cpp_type in _WHOLE:
        low, high = _WHOLE[field.cpp_type]
        return {"type": "integer", "format": "int32", "minimum": low, "maximum": high}
    if field.cpp_type in _LONG:
        low, high, pattern = _LONG[field.cpp_type]
        if is_input:
            return {"type": ["string", "integer"], "pattern": pattern, "minimum": low, "maximum": high}
        return {"type": "string", "format": "int64", "pattern": pattern}
    if field.type == FieldDescriptor.TYPE_BYTES:
        return {"type": "string", "contentEncoding": "base64", "pattern": "^[A-Za-z0-9+/_-]*={0,2}$"}
    return dict(_PLAIN[field.cpp_type])


def rules_of(field: FieldDescriptor) -> Any:
    """Return the buf.validate rules of a field, or None."""
    options = field.GetOptions()
    extension = cast("Any", validate_pb2.field)
    return cast("Any", options.Extensions)[extension] if options.HasExtension(extension) else None


def is_required(field: FieldDescriptor) -> bool:
    """Say whether a request without this field breaks a rule."""
    rules = rules_of(field)
    if rules is None or rules.ignore == validate_pb2.IGNORE_ALWAYS:
        return False
    if rules.required:
        return True
    if rules.ignore == validate_pb2.IGNORE_IF_ZERO_VALUE or (field.has_presence and not field.is_repeated):
        return False
    refuses_empty = _refuses_empty(rules.string) or rules.bytes.min_len or 0 in rules.enum.not_in
    return bool(refuses_empty or rules.repeated.min_items or rules.map.min_pairs or _excludes_zero(rules))


def _refuses_empty(text: Any) -> bool:
    is_like_nothing = bool(text.pattern) and re.search(text.pattern, "") is None
    return bool(text.min_len or text.len or text.uuid or text.email or is_like_nothing)


def _excludes_zero(rules: Any) -> bool:
    kind = rules.WhichOneof("type")
    if kind not in {"int32", "int64", "uint32", "uint64", "double", "float"}:
        return False
    numbers = getattr(rules, kind)
    least = numbers.WhichOneof("greater_than")
    if least is None:
        return False
    return bool(getattr(numbers, least) > 0 or (least == "gt" and numbers.gt == 0))


def _constraints(field: FieldDescriptor, rules: Any) -> Schema:
    """Return the keywords of JSON Schema that say what the rules of a scalar say."""
    kind = rules.WhichOneof("type") if rules else None
    if kind == "string":
        return _text_constraints(rules)
    if kind in {"int32", "uint32", "int64", "uint64", "double", "float"}:
        return _number_constraints(getattr(rules, kind))
    if kind == "enum" and field.enum_type and 0 in rules.enum.not_in:
        return {"not": {"const": field.enum_type.values_by_number[0].name}}
    return {}


def _text_constraints(rules: Any) -> Schema:
    text = rules.string
    may_be_empty = rules.ignore == validate_pb2.IGNORE_IF_ZERO_VALUE
    found: Schema = {}
    pattern = _UUID if text.uuid else text.pattern
    if pattern:
        found["pattern"] = f"^$|(?:{pattern})" if may_be_empty else pattern
    if text.HasField("max_len"):
        found["maxLength"] = text.max_len
    if text.HasField("len"):
        found["maxLength"] = text.len
    if getattr(text, "in"):
        found["enum"] = [*getattr(text, "in"), *([""] if may_be_empty else ())]
    return found if may_be_empty else found | _nonempty_constraints(text)


def _nonempty_constraints(text: Any) -> Schema:
    """Return what holds only where the empty text is judged like any other."""
    found: Schema = {"minLength": max(text.min_len, text.len)} if text.min_len or text.len else {}
    if text.uuid or text.email:
        found["format"] = "uuid" if text.uuid else "email"
    return found


_UUID = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"


def _number_constraints(numbers: Any) -> Schema:
    keywords = {"gte": "minimum", "gt": "exclusiveMinimum", "lte": "maximum", "lt": "exclusiveMaximum"}
    found = {keyword: getattr(numbers, name) for name, keyword in keywords.items() if numbers.HasField(name)}
    if "exclusiveMinimum" in found:
        found["minimum"] = found["exclusiveMinimum"]
    return found
