"""HTTP/JSON to gRPC and back, for every route of the catalogue. No RPC has code of its own here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, cast
from urllib.parse import unquote_to_bytes
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from gateway.exchange import JSON, Exchange
from gateway.problems import Problem
from gateway.routes import Route
from gateway.schemas import is_required
from shared.codec.decode import decode
from shared.codec.encode import encoder
from shared.errors import InvalidInput

LARGEST_PAGE = 200
_KEY = re.compile(r"[\x21-\x7e]{1,200}\Z")
_TEXT_FORMS = {
    "google.protobuf.Timestamp",
    "google.protobuf.Duration",
    "google.protobuf.FieldMask",
    "google.type.Date",
}
_BARE = re.compile(r"(?:true|false|-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?)\Z", re.ASCII)
_WRITTEN_BARE = {
    FieldDescriptor.CPPTYPE_BOOL,
    FieldDescriptor.CPPTYPE_INT32,
    FieldDescriptor.CPPTYPE_UINT32,
    FieldDescriptor.CPPTYPE_DOUBLE,
    FieldDescriptor.CPPTYPE_FLOAT,
}
_WRAPPERS = "google/protobuf/wrappers.proto"

JsonObject = dict[str, Any]


class Transcoder:
    """Builds the request of one route and writes its response."""

    def __init__(self, route: Route, largest_body: int) -> None:
        self.route = route
        self._largest = largest_body
        self._kind = route.method.request
        self._descriptor: Descriptor = cast("Any", self._kind).DESCRIPTOR
        self._has_page = "page_size" in self._descriptor.fields_by_name
        self._has_request_id = route.method.endpoint.has_request_id
        self._paths = {variable.field_path: variable.field_path.split(".") for variable in route.variables}
        self._given_in_body = _required_around_variables(self._descriptor, self._paths.values())
        self._file = file_field(route)
        self._encode = _response_encoder(route) if self._file is None else None

    async def request(self, exchange: Exchange, values: dict[str, str]) -> Any:
        """Return the request message; raises InvalidInput or Problem for what cannot be one."""
        payload = await self._payload(exchange)
        for field_path, value in values.items():
            _put(payload, self._descriptor, self._paths[field_path], value)
        message: Any = decode(payload, self._kind)
        if self._has_page and message.page_size > LARGEST_PAGE:
            raise InvalidInput("pageSize", f"must be at most {LARGEST_PAGE}", "PAGE_TOO_LARGE", limit=LARGEST_PAGE)
        if self._has_request_id and not message.request_id:
            message.request_id = request_id_of(exchange)
        return message

    async def _payload(self, exchange: Exchange) -> JsonObject:
        body = self.route.body
        if body == "*":
            payload = await self._json(exchange)
            if payload.__class__ is not dict:
                raise InvalidInput("", "the body must be a JSON object")
            self._query(exchange, {}, allowed=False)
            for field in self._given_in_body:
                if _existing(payload, field, None) is None:
                    raise InvalidInput(field.json_name, "is required")
            return cast("JsonObject", payload)
        payload = {}
        if body:
            name = self._descriptor.fields_by_name[body].json_name
            payload[name] = await self._json(exchange)
            if payload[name] is None:
                raise InvalidInput(name, "must be an object")
        self._query(exchange, payload, allowed=True)
        return payload

    async def _json(self, exchange: Exchange) -> Any:
        raw = await exchange.body(self._largest)
        if not raw:
            return {}
        kind = exchange.header("content-type").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Problem(415, "NOT_JSON")
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise Problem(400, "MALFORMED_JSON", info={"line": str(error.lineno), "column": str(error.colno)}) from None

    def _query(self, exchange: Exchange, payload: JsonObject, *, allowed: bool) -> None:
        """Add the query parameters to a payload, as the JSON that they stand for."""
        raw = exchange.scope["query_string"]
        for pair in raw.split(b"&") if raw else ():
            if not pair:
                continue
            name, _, value = pair.partition(b"=")
            parameter, text = _plain(name), _plain(value)
            if not allowed:
                raise InvalidInput(parameter[:64], "is not a query parameter here", "UNKNOWN_FIELD")
            _add(payload, self._descriptor, parameter, text)

    def response(self, message: Message) -> tuple[bytes, bytes]:
        """Return a response as bytes and their kind: JSON, or the file that it is."""
        if self._encode is not None:
            return orjson.dumps(self._encode(message)), JSON
        file: HttpBody = getattr(message, self.route.response_body)
        return file.data, (file.content_type or "application/octet-stream").encode()


def file_field(route: Route) -> FieldDescriptor | None:
    """Return the field of the response that is a file to be sent as it is; None for an answer in JSON."""
    descriptor: Descriptor = cast("Any", route.method.response).DESCRIPTOR
    field = descriptor.fields_by_name.get(route.response_body)
    is_file = field is not None and field.message_type and field.message_type.full_name == "google.api.HttpBody"
    return field if is_file else None


def _required_around_variables(descriptor: Descriptor, paths: Iterable[list[str]]) -> list[FieldDescriptor]:
    """Return the required messages that a variable of the address would create if the body left them out."""
    names = {path[0] for path in paths if len(path) > 1}
    return [field for name in names if is_required(field := descriptor.fields_by_name[name])]


def _response_encoder(route: Route) -> Callable[[Any], Any]:
    descriptor: Descriptor = cast("Any", route.method.response).DESCRIPTOR
    if not route.response_body:
        return encoder(descriptor)
    field = descriptor.fields_by_name[route.response_body]
    # Only messages and lists are ever named there; a list of scalars would need a converter of its own.
    below = encoder(cast("Descriptor", field.message_type))
    if field.is_repeated:
        return lambda message: [below(item) for item in getattr(message, field.name)]
    return lambda message: below(getattr(message, field.name))


def request_id_of(exchange: Exchange) -> str:
    """Return the id that makes a command repeatable, out of `Idempotency-Key`; empty without the header."""
    key = exchange.header("idempotency-key")
    if not key:
        return ""
    if not _KEY.match(key):
        raise InvalidInput("Idempotency-Key", "must be 1 to 200 printable characters")
    try:
        return str(UUID(key))
    except ValueError:
        # Any text is a good key for the client; the services want a UUID, always the same one for the same text.
        return str(uuid5(NAMESPACE_URL, key))


def _plain(part: bytes) -> str:
    try:
        return unquote_to_bytes(part.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise Problem(400, "MALFORMED_QUERY") from None


def _field(descriptor: Descriptor, name: str) -> FieldDescriptor | None:
    field = descriptor.fields_by_name.get(name)
    if field is not None:
        return field
    return descriptor.fields_by_camelcase_name.get(name)


def _put(payload: JsonObject, descriptor: Descriptor, names: list[str], value: str) -> None:
    """Set a path variable. The body may repeat it, but not contradict it."""
    place: Any = payload
    for name in names[:-1]:
        field = descriptor.fields_by_name[name]
        place = _existing(place, field, {})
        if not isinstance(place, dict):
            return  # the decoder will say that this is not an object
        descriptor = cast("Descriptor", field.message_type)
    field = descriptor.fields_by_name[names[-1]]
    wanted = _json_value(field, ".".join(names), value)
    if _existing(place, field, wanted) not in (wanted, ""):
        raise InvalidInput(".".join(names), "differs from the address of the request", "PATH_MISMATCH")
    place[field.json_name] = wanted


def _existing(place: JsonObject, field: FieldDescriptor, otherwise: Any) -> Any:
    """Return what a payload holds under either spelling of a field, kept under its JSON name."""
    if field.name in place and field.name != field.json_name and field.json_name not in place:
        place[field.json_name] = place.pop(field.name)
    if place.get(field.json_name) is None:
        place[field.json_name] = otherwise
    return place[field.json_name]


def _add(payload: JsonObject, descriptor: Descriptor, parameter: str, text: str) -> None:
    """Set one query parameter such as `window.fromTime` in the payload."""
    place = payload
    names = parameter.split(".")
    for depth, name in enumerate(names):
        field = _field(descriptor, name)
        if field is None:
            raise InvalidInput(parameter[:64], "is not a query parameter here", "UNKNOWN_FIELD")
        if depth == len(names) - 1:
            _set(place, field, parameter, text)
            return
        if not field.message_type or field.is_repeated:
            raise InvalidInput(parameter[:64], "is not a query parameter here", "UNKNOWN_FIELD")
        place = place.setdefault(field.json_name, {})
        if not isinstance(place, dict):
            raise InvalidInput(parameter[:64], "is given twice")
        descriptor = field.message_type


def _set(place: JsonObject, field: FieldDescriptor, parameter: str, text: str) -> None:
    value = _json_value(field, parameter, text)
    if field.is_repeated:
        place.setdefault(field.json_name, []).append(value)
    elif field.json_name in place:
        raise InvalidInput(parameter, "is given twice")
    else:
        place[field.json_name] = value


def _json_value(field: FieldDescriptor, parameter: str, text: str) -> Any:
    """Return the JSON that a query parameter's text stands for; the decoder judges it."""
    kind = field.message_type
    if kind and kind.file.name == _WRAPPERS:
        field = kind.fields_by_name["value"]
    elif kind and kind.full_name not in _TEXT_FORMS:
        raise InvalidInput(parameter, "cannot be given as a query parameter")
    if field.cpp_type in _WRITTEN_BARE:
        # true, false and numbers are themselves; whatever else stands there, the decoder refuses as text.
        return orjson.loads(text) if _BARE.match(text) else text
    return text
