"""Every RPC of the product, read from the descriptor image: its types, its routes, its comments."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from google.api import annotations_pb2
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet
from google.protobuf.message import Message

from shared.endpoints import PUBLIC, Endpoint, endpoints

_PREFIX = "lianxiao/"
# Field numbers of FileDescriptorProto and its parts, of which the paths of comments are made.
_MESSAGES, _ENUMS, _SERVICES = 4, 5, 6
_FIELDS, _NESTED, _NESTED_ENUMS, _VALUES, _METHODS = 2, 3, 4, 2, 2


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC with the classes of its messages and its google.api.http rules."""

    endpoint: Endpoint
    descriptor: MethodDescriptor
    request: type[Message]
    response: type[Message]
    rules: tuple[Any, ...]

    @property
    def is_public(self) -> bool:
        """Say whether the RPC may be called without a token."""
        return self.endpoint.permission == PUBLIC


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Methods by full method path (`/lianxiao.lead.v1.LeadService/GetLead`), comments by full name."""

    methods: dict[str, Method] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)

    def find(self, service: str, name: str) -> Method | None:
        """Return one RPC, or None while no service offers it."""
        return self.methods.get(f"/{service}/{name}")


def load(image: Path) -> Catalogue:
    """Read an image and import the generated modules of its files."""
    if not image.exists():
        raise SystemExit(f"{image.name} is missing: run `make protos`")
    files = [file for file in FileDescriptorSet.FromString(image.read_bytes()).file if file.name.startswith(_PREFIX)]
    catalogue = Catalogue()
    for file in files:
        importlib.import_module(file.name.removesuffix(".proto").replace("/", ".") + "_pb2")
        catalogue.comments.update(_comments(file))
        for service in file.service:
            _add(catalogue, f"{file.package}.{service.name}")
    return catalogue


def _add(catalogue: Catalogue, name: str) -> None:
    service = descriptor_pool.Default().FindServiceByName(name)
    for path, endpoint in endpoints(service).items():
        descriptor = service.methods_by_name[endpoint.name]
        catalogue.methods[path] = Method(
            endpoint=endpoint,
            descriptor=descriptor,
            request=message_factory.GetMessageClass(descriptor.input_type),
            response=message_factory.GetMessageClass(descriptor.output_type),
            rules=_rules(descriptor),
        )


def _rules(descriptor: MethodDescriptor) -> tuple[Any, ...]:
    extensions = cast("Any", descriptor.GetOptions().Extensions)
    if not descriptor.GetOptions().HasExtension(cast("Any", annotations_pb2.http)):
        return ()
    rule = extensions[annotations_pb2.http]
    return (rule, *rule.additional_bindings)


def _comments(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    names = dict(_names(file))
    for location in file.source_code_info.location:
        text = location.leading_comments.strip() or location.trailing_comments.strip()
        name = names.get(tuple(location.path))
        if text and name:
            yield name, "\n".join(line.strip() for line in text.splitlines())


def _names(file: FileDescriptorProto) -> Iterator[tuple[tuple[int, ...], str]]:
    """Yield the path and the full name of all that can carry a comment."""
    for index, message in enumerate(file.message_type):
        yield from _message_names(message, (_MESSAGES, index), f"{file.package}.{message.name}")
    for index, enum in enumerate(file.enum_type):
        yield from _enum_names(enum, (_ENUMS, index), f"{file.package}.{enum.name}")
    for index, service in enumerate(file.service):
        yield (_SERVICES, index), f"{file.package}.{service.name}"
        for number, method in enumerate(service.method):
            yield (_SERVICES, index, _METHODS, number), f"{file.package}.{service.name}.{method.name}"


def _message_names(message: DescriptorProto, path: tuple[int, ...], name: str) -> Iterator[tuple[tuple[int, ...], str]]:
    yield path, name
    for index, one in enumerate(message.field):
        yield (*path, _FIELDS, index), f"{name}.{one.name}"
    for index, nested in enumerate(message.nested_type):
        yield from _message_names(nested, (*path, _NESTED, index), f"{name}.{nested.name}")
    for index, enum in enumerate(message.enum_type):
        yield from _enum_names(enum, (*path, _NESTED_ENUMS, index), f"{name}.{enum.name}")


def _enum_names(enum: Any, path: tuple[int, ...], name: str) -> Iterator[tuple[tuple[int, ...], str]]:
    yield path, name
    for index, value in enumerate(enum.value):
        yield (*path, _VALUES, index), f"{name}.{value.name}"
