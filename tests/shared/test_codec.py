"""The compiled codec against the slow one of the protobuf library."""

from __future__ import annotations

import base64
import math
from typing import Any, cast

import orjson
import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.codec.decode import decode
from shared.codec.encode import encode
from shared.errors import InvalidInput
from tests.gateway import sample

Everything: Any = sample.module("sample").Everything

_WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
_BY_TYPE: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: st.integers(0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_DOUBLE: st.floats(),
    FieldDescriptor.CPPTYPE_FLOAT: st.floats(width=32),
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
    FieldDescriptor.CPPTYPE_STRING: _WORDS,
}
_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | _WORDS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(_WORDS, below, max_size=3),
    max_leaves=6,
)


def _scalar(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    if field.enum_type:
        return st.sampled_from([0, 1, 2])
    return st.binary(max_size=9) if field.type == FieldDescriptor.TYPE_BYTES else _BY_TYPE[field.cpp_type]


def _fill_special(draw: st.DrawFn, message: Any) -> bool:
    """Fill a well-known type with a value that its JSON form can carry; say whether it was one."""
    match message.DESCRIPTOR.name:
        case "Timestamp":
            message.seconds = draw(st.integers(-62135596800, 253402300799))
            message.nanos = draw(st.sampled_from([0, 5, 120_000_000, 999_999_999]) | st.integers(0, 999_999_999))
        case "Duration":
            sign = draw(st.sampled_from([-1, 1]))
            message.seconds = sign * draw(st.integers(0, 315_575_999_999))
            message.nanos = sign * draw(st.sampled_from([0, 500_000_000, 1, 30_000]))
        case "FieldMask":
            message.paths.extend(draw(st.lists(st.sampled_from(["title", "due_date", "child.birth_date"]), max_size=3)))
        case "Struct":
            json_format.ParseDict(draw(st.dictionaries(_WORDS, _JSON, max_size=3)), message)
        case "ListValue":
            json_format.ParseDict(cast("Any", draw(st.lists(_JSON, max_size=3))), message)
        case "Value":
            json_format.ParseDict(draw(_JSON), message)
        case "Date":
            day = draw(st.dates())
            message.year, message.month, message.day = day.year, day.month, day.day
        case _:
            return False
    return True


@st.composite
def messages(draw: st.DrawFn, depth: int = 0) -> Any:
    """Build an Everything with any of its fields set."""
    message = Everything()
    for field in draw(st.lists(st.sampled_from(list(message.DESCRIPTOR.fields)), max_size=10)):
        _fill_field(draw, message, field, depth)
    return message


def _fill_map(draw: st.DrawFn, target: Any, entry: Any, depth: int) -> None:
    value = entry.fields_by_name["value"]
    for name in draw(st.lists(_scalar(entry.fields_by_name["key"]), max_size=2)):
        if value.message_type:
            _fill_message(draw, target[name], depth)
        else:
            target[name] = draw(_scalar(value))


def _fill_field(draw: st.DrawFn, message: Any, field: FieldDescriptor, depth: int) -> None:
    target = getattr(message, field.name)
    if field.message_type and field.message_type.GetOptions().map_entry:
        _fill_map(draw, target, field.message_type, depth)
    elif field.is_repeated and field.message_type:
        for _ in range(draw(st.integers(0, 2))):
            _fill_message(draw, target.add(), depth)
    elif field.is_repeated:
        target.extend(draw(st.lists(_scalar(field), max_size=2)))
    elif field.message_type:
        target.SetInParent()
        _fill_message(draw, target, depth)
    else:
        setattr(message, field.name, draw(_scalar(field)))


def _fill_message(draw: st.DrawFn, target: Any, depth: int) -> None:
    if target.DESCRIPTOR.file.name == "google/protobuf/wrappers.proto":
        target.value = draw(_scalar(target.DESCRIPTOR.fields_by_name["value"]))
    elif not _fill_special(draw, target) and depth < 2:
        target.CopyFrom(draw(messages(depth + 1)))


def _slow(message: Message) -> Any:
    return json_format.MessageToDict(message, always_print_fields_with_no_presence=True)


def _decoded(payload: Any) -> Any:
    """Return the message, or None for a payload that was refused in the proper way; anything else is a bug."""
    try:
        return decode(payload, Everything)
    except InvalidInput:
        return None


many = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


@many
@given(messages())
def test_the_compiled_encoder_writes_what_the_library_writes(message: Any) -> None:
    assert orjson.dumps(encode(message), option=orjson.OPT_SORT_KEYS) == orjson.dumps(
        _slow(message), option=orjson.OPT_SORT_KEYS
    )


@many
@given(messages(), st.booleans())
def test_what_was_encoded_decodes_to_the_same_message(message: Any, snake: bool) -> None:  # noqa: FBT001
    text = json_format.MessageToJson(message, preserving_proto_field_name=snake)
    assert encode(decode(orjson.loads(text), Everything)) == encode(message)


@many
@given(st.dictionaries(st.sampled_from([field.json_name for field in Everything.DESCRIPTOR.fields]), _JSON, max_size=4))
def test_whatever_we_accept_the_library_reads_alike(payload: dict[str, Any]) -> None:
    message = _decoded(payload)
    if message is None:
        return
    # The library fails on null for a list of Values.
    payload = {key: value for key, value in payload.items() if (key, value) != ("values", None)}
    assert message == json_format.ParseDict(payload, Everything())


@many
@given(st.dictionaries(_WORDS, _JSON, max_size=4) | _JSON | st.lists(_JSON))
def test_noise_is_refused_and_never_breaks(payload: Any) -> None:
    assert _decoded(payload) is None or isinstance(payload, dict)


@pytest.mark.parametrize(
    ("payload", "path", "words"),
    [
        ({"titel": "x"}, "titel", "is not a field"),
        ({"children": [{}, {"small": "x"}]}, "children[1].small", "whole number"),
        ({"childByFlag": {"true": {"title": 3}}}, "childByFlag.true.title", "must be a string"),
        ({"large": 2**63}, "large", "must be between"),
        ({"large": -9.223372036854775808e18}, "large", "whole number"),
        ({"large": 1.5}, "large", "whole number"),
        ({"small": True}, "small", "whole number"),
        ({"isSet": "true"}, "isSet", "true or false"),
        ({"title": "a\0b"}, "title", "NUL"),
        ({"small": "3"}, "small", "whole number"),
        ({"titleByNumber": {"x": "y"}}, "titleByNumber.x", "whole number"),
        ({"stage": 1}, "stage", "must be one of"),
        ({"stage": "STAGE_OTHER"}, "stage", "must be one of STAGE_NEW, STAGE_LOST"),
        ({"createTime": "2026-02-30T00:00:00Z"}, "createTime", "not a day"),
        ({"createTime": "2026-02-03"}, "createTime", "instant"),
        ({"lasting": "3 min"}, "lasting", "duration"),
        ({"birthDate": {"year": 2026, "month": 13, "day": 1}}, "birthDate", "not a day"),
        ({"birthDate": {}}, "birthDate", "not a day"),
        ({"payload": "§"}, "payload", "base64"),
        ({"titles": "x"}, "titles", "must be a list"),
        ({"titles": [None]}, "titles[0]", "must be a string"),
        ({"child": [1]}, "child", "must be an object"),
        ({"chosenTitle": "x", "chosenLarge": 1}, "chosenLarge", "only one of"),
        ({"maybeSmall": 1, "maybe_small": 1}, "maybe_small", "given twice"),
        ({"single": 1e39}, "single", "too large"),
        ({"updateMask": "a,,b"}, "updateMask", "field names"),
    ],
)
def test_a_wrong_value_is_named_by_its_path(payload: Any, path: str, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode(payload, Everything)
    assert caught.value.violations[0][0] == path
    assert words in caught.value.violations[0][1]


def test_twenty_levels_are_read_and_more_are_refused() -> None:
    def nested(levels: int) -> dict[str, Any]:
        return {} if levels == 1 else {"child": nested(levels - 1)}

    assert decode(nested(20), Everything).child.child.HasField("child")
    with pytest.raises(InvalidInput) as caught:
        decode(nested(21), Everything)
    assert caught.value.reason == "INPUT_TOO_DEEP"
    custom: Any = 1
    for _ in range(25):
        custom = [custom]
    with pytest.raises(InvalidInput):
        decode({"anything": custom}, Everything)


def test_both_spellings_and_loose_numbers_are_read() -> None:
    payload = {"large_unsigned": "7", "small": 3.0, "wide": "NaN", "payload": "-_8", "maybeTitle": None}
    message = decode(payload, Everything)
    assert message.large_unsigned == 7
    assert message.small == 3
    assert math.isnan(message.wide)
    assert message.payload == base64.b64decode("+/8=")
    assert not message.HasField("maybe_title")


def test_an_offset_and_a_short_date_are_read() -> None:
    message = decode({"createTime": "2026-01-01T08:00:00.25+08:00", "birthDate": "2020-02-29"}, Everything)
    assert encode(message)["createTime"] == "2026-01-01T00:00:00.250Z"
    assert encode(message)["birthDate"] == {"year": 2020, "month": 2, "day": 29}


def test_an_enum_number_from_a_newer_service_is_kept() -> None:
    assert encode(Everything(stage=77))["stage"] == 77
