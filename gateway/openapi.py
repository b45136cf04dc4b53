"""The OpenAPI 3.1 document of everything under /v1, made from the descriptors; nobody writes it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway import problems
from gateway.catalogue import Catalogue, Method
from gateway.routes import Route, routes_of
from gateway.schemas import FIELD_MASK, Schema, Schemas, is_required
from gateway.transcode import LARGEST_PAGE, file_field

STATUSES = (400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503)
_UPLOADS = "lianxiao.lead.v1.ImportService"
_ABOUT = """Calls that are not public need `Authorization: Bearer <access token>`, got by `POST /v1/auth:signIn`.

Money is a whole number of fen, lesson hours are hundredths of an hour, instants are UTC, 64-bit numbers travel as text.
Commands that carry an `Idempotency-Key` (or `requestId`) can be repeated safely. Refusals are problem documents with a
stable `reason`; the sentence follows `Accept-Language` (zh, en). `GET /v1/events` is a stream of server-sent events."""
_PROBLEM: Schema = {
    "type": "object",
    "description": "A refusal (RFC 9457).",
    "required": ["type", "title", "status", "reason", "detail", "info", "violations", "trace_id", "retryable"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "reason": {"type": "string", "description": "Stable code, such as `LEAD_CLOSED`."},
        "detail": {"type": "string", "description": "A sentence in the language that was asked for."},
        "info": {"type": "object", "additionalProperties": {"type": "string"}},
        "violations": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
        "trace_id": {"type": "string"},
        "retryable": {"type": "boolean", "description": "The same call may succeed later."},
    },
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes a repetition of this call safe.",
    # No bound here: HTTP strips blanks at both ends, so what a client counts is not what arrives.
    "schema": {"type": "string"},
}


def document(catalogue: Catalogue) -> dict[str, Any]:
    """Return the document."""
    return _Document(catalogue).write()


class _Document:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        served = [method for method in catalogue.methods.values() if method.rules]
        self._routes = list(routes_of(served))
        self._schemas = Schemas(catalogue.comments, _names(served), set(_reach(served, answers=True)))
        self._operation_ids: Counter[str] = Counter()
        self._method_names = Counter(method.endpoint.name for method in served)

    def write(self) -> dict[str, Any]:
        paths: dict[str, dict[str, Any]] = {}
        names: dict[str, str] = {}
        for route in self._routes:
            address, variables = _address(route)
            # Two routes that differ only in the name of a variable are one path to OpenAPI.
            address = names.setdefault(re.sub(r"{[^}]*}", "{}", address), address)
            fitting = dict(zip(re.findall(r"{([^}]*)}", address), variables.values(), strict=True))
            paths.setdefault(address, {})[route.verb.lower()] = self._operation(route, fitting)
        self._add_upload(paths)
        self._schemas.components["Problem"] = _PROBLEM
        return {
            "openapi": "3.1.0",
            "info": {"title": "Lianxiao", "version": "1", "description": _ABOUT},
            "servers": [{"url": "/"}],
            "tags": [{"name": name, "description": text} for name, text in self._tags()],
            "security": [{"bearer": []}],
            "paths": dict(sorted(paths.items())),
            "components": {
                "schemas": dict(sorted(self._schemas.components.items())),
                "responses": {f"Problem{status}": _response(status) for status in STATUSES},
                "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            },
        }

    def _tags(self) -> Iterator[tuple[str, str]]:
        services = {route.method.descriptor.containing_service for route in self._routes}
        for service in sorted(services, key=lambda each: str(each.name)):
            yield service.name, self._catalogue.comments.get(service.full_name, "")

    def _operation(self, route: Route, variables: dict[str, FieldDescriptor]) -> dict[str, Any]:
        method = route.method
        comment = self._catalogue.comments.get(method.descriptor.full_name, "")
        operation: dict[str, Any] = {
            "operationId": self._operation_id(method),
            "tags": [method.descriptor.containing_service.name],
            "summary": comment.split(". ")[0].split("\n")[0].rstrip(".") or method.endpoint.name,
            "description": comment,
            "x-permission": method.endpoint.permission,
            "parameters": [self._parameter(name, field, "path") for name, field in variables.items()],
            "responses": self._responses(route),
        }
        if method.is_public:
            operation["security"] = []
        if route.body != "*":
            operation["parameters"] += self._query(route)
        if method.endpoint.has_request_id:
            operation["parameters"].append(_IDEMPOTENCY_KEY)
        if route.body:
            content = {"application/json": {"schema": self._body(route)}}
            operation["requestBody"] = {"required": _needs_body(route), "content": content}
        return operation

    def _operation_id(self, method: Method) -> str:
        name = method.endpoint.name
        if self._method_names[name] > 1 and not self._operation_ids[name]:
            same = {
                each.descriptor.full_name for each in self._catalogue.methods.values() if each.endpoint.name == name
            }
            if len(same) > 1:
                name = f"{method.descriptor.containing_service.name}_{name}"
        self._operation_ids[name] += 1
        count = self._operation_ids[name]
        return name if count == 1 else f"{name}_{count}"

    def _body(self, route: Route) -> Schema:
        descriptor, filled = _body_type(route)
        if not filled:
            return self._schemas.message(descriptor, is_input=True)
        return self._schemas.object_without(descriptor, filled)

    def _query(self, route: Route) -> Iterator[dict[str, Any]]:
        filled = {variable.field_path.split(".")[0] for variable in route.variables} | {route.body}
        for field in _request(route.method).fields:
            if field.name not in filled:
                yield from self._parameters(field, "")

    def _parameters(self, field: FieldDescriptor, prefix: str) -> Iterator[dict[str, Any]]:
        kind = field.message_type
        if kind and kind.file.package.startswith("lianxiao.") and not field.is_repeated and not prefix:
            for below in kind.fields:
                yield from self._parameters(below, f"{field.json_name}.")
        elif not kind or kind.full_name in _TEXT_PARAMETERS:
            yield self._parameter(prefix + field.json_name, field, "query")

    def _parameter(self, name: str, field: FieldDescriptor, place: str) -> dict[str, Any]:
        schema = dict(_TEXT_PARAMETERS.get(field.message_type.full_name, {})) if field.message_type else {}
        schema = schema or self._schemas.field(field, is_input=True)
        if field.json_name == "pageSize":
            schema |= {"maximum": LARGEST_PAGE}
        if "string" in (kinds := schema.get("type", "")) and isinstance(kinds, list):
            schema["type"] = "string"  # an address is text; only its form can be wrong
        parameter: dict[str, Any] = {"name": name, "in": place, "schema": schema}
        description = schema.pop("description", "")
        if description:
            parameter["description"] = description
        if place == "path" or is_required(field):
            parameter["required"] = True
        return parameter

    def _responses(self, route: Route) -> dict[str, Any]:
        descriptor = cast("Any", route.method.response).DESCRIPTOR
        if file_field(route) is not None:
            content = {"*/*": {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}}
            return {"200": {"description": "The file.", "content": content}, **_refusals()}
        if route.response_body:
            schema = self._schemas.field(descriptor.fields_by_name[route.response_body], is_input=False)
        else:
            schema = self._schemas.message(descriptor, is_input=False)
        success = {"description": "Done.", "content": {"application/json": {"schema": schema}}}
        return {"200": success, **_refusals()}

    def _add_upload(self, paths: dict[str, Any]) -> None:
        create = self._catalogue.find(_UPLOADS, "CreateImport")
        start = self._catalogue.find(_UPLOADS, "StartImport")
        if create is None or start is None:
            return
        answer: Descriptor = cast("Any", start.response).DESCRIPTOR.fields[0].message_type
        form = {
            "type": "object",
            "required": ["file"],
            "properties": {
                "options": self._schemas.object_without(_request(create), {"fileName"}),
                "file": {"type": "string", "contentMediaType": "application/octet-stream"},
            },
        }
        content = {"application/json": {"schema": self._schemas.message(answer, is_input=False)}}
        accepted = {"description": "Accepted; the import goes on by itself.", "content": content}
        encoding = {"options": {"contentType": "application/json"}}
        paths["/v1/leads/imports:upload"] = {
            "post": {
                "operationId": "UploadImport",
                "tags": ["ImportService"],
                "summary": "Upload a file of enquiries",
                "description": "A form: first `options`, then `file` (.csv or .xlsx, at most 32 MB).",
                "x-permission": create.endpoint.permission,
                "parameters": [_IDEMPOTENCY_KEY],
                "requestBody": {
                    "required": True,
                    "content": {"multipart/form-data": {"schema": form, "encoding": encoding}},
                },
                "responses": {"202": accepted, **_refusals()},
            }
        }


_TEXT_PARAMETERS: dict[str, Schema] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": "^-?[0-9]{1,12}(\\.[0-9]{1,9})?s$"},
    "google.protobuf.FieldMask": {"type": "string", "pattern": FIELD_MASK},
    "google.type.Date": {"type": "string", "format": "date"},
}


def _request(method: Method) -> Descriptor:
    return cast("Descriptor", cast("Any", method.request).DESCRIPTOR)


def _body_type(route: Route) -> tuple[Descriptor, set[str]]:
    """Return the message type that the body holds, and the JSON names of its fields that the address fills."""
    descriptor = _request(route.method)
    prefix = ""
    if route.body != "*":
        descriptor = cast("Descriptor", descriptor.fields_by_name[route.body].message_type)
        prefix = f"{route.body}."
    paths = [variable.field_path for variable in route.variables if variable.field_path.startswith(prefix)]
    names = {path.removeprefix(prefix) for path in paths}
    return descriptor, {
        descriptor.fields_by_name[name].json_name for name in names if name in descriptor.fields_by_name
    }


def _needs_body(route: Route) -> bool:
    descriptor, filled = _body_type(route)
    return any(is_required(field) for field in descriptor.fields if field.json_name not in filled)


def _refusals() -> dict[str, Any]:
    return {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in STATUSES}


def _response(status: int) -> dict[str, Any]:
    headers = {"Retry-After": {"schema": {"type": "integer"}}} if status in {429, 503} else {}
    return {
        "description": problems.titles("en")[str(status)],
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        **({"headers": headers} if headers else {}),
    }


def _address(route: Route) -> tuple[str, dict[str, FieldDescriptor]]:
    """Return the path as OpenAPI writes it, and the field behind each of its variables."""
    segments = list(route.segments)
    variables: dict[str, FieldDescriptor] = {}
    for variable in route.variables:
        field = _request(route.method).fields_by_name[variable.field_path.split(".")[0]]
        for name in variable.field_path.split(".")[1:]:
            field = cast("Descriptor", field.message_type).fields_by_name[name]
        for index in range(variable.start, variable.end or len(segments)):
            if segments[index].startswith("*"):
                segments[index] = f"{{{field.json_name}}}"
                variables[field.json_name] = field
    return "/" + "/".join(segments) + (f":{route.custom}" if route.custom else ""), variables


def _reach(methods: list[Method], *, answers: bool) -> Iterator[str]:
    """Yield the full names of all message types that requests, or answers, are made of."""
    seen: set[str] = set()
    pending = [cast("Any", method.response if answers else method.request).DESCRIPTOR for method in methods]
    while pending:
        descriptor: Descriptor = pending.pop()
        if descriptor.full_name in seen:
            continue
        seen.add(descriptor.full_name)
        yield descriptor.full_name
        pending += [field.message_type for field in descriptor.fields if field.message_type]


def _enums(methods: list[Method]) -> Iterator[str]:
    """Yield the full names of all enums of ours that stand in requests or answers."""
    pending = [cast("Any", kind).DESCRIPTOR for method in methods for kind in (method.request, method.response)]
    seen: set[str] = set()
    while pending:
        descriptor: Descriptor = pending.pop()
        if descriptor.full_name in seen:
            continue
        seen.add(descriptor.full_name)
        yield from (field.enum_type.full_name for field in descriptor.fields if field.enum_type)
        pending += [field.message_type for field in descriptor.fields if field.message_type]


def _names(methods: list[Method]) -> dict[str, str]:
    """Give types of different services that share a name the service's name as well."""
    full = {*_reach(methods, answers=True), *_reach(methods, answers=False), *_enums(methods)}
    shared = Counter(name.rpartition(".")[2] for name in full if name.startswith("lianxiao."))
    return {
        name: name.split(".")[1].capitalize() + name.rpartition(".")[2]
        for name in full
        if name.startswith("lianxiao.") and shared[name.rpartition(".")[2]] > 1
    }
