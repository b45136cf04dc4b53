"""What the descriptors say about each RPC. Nobody writes permissions, routes or kinds a second time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from google.api import annotations_pb2
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message_factory import GetMessageClass

from lianxiao.options.v1 import options_pb2

PUBLIC = "public"
SIGNED_IN = "signed_in"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One RPC: its full method path, who may call it, and whether it only reads."""

    path: str
    service: str
    name: str
    permission: str
    is_query: bool
    has_request_id: bool
    subject_field: str
    # The reply shows personal data in clear.
    reveals: bool = False
    # What acknowledges a message of a stream; None for a call of one message.
    acknowledgement: Any = None

    @property
    def action(self) -> str:
        """Short name for logs, metrics and audit: `lead.AssignLead`."""
        return f"{self.service}.{self.name}"

    @property
    def subject_kind(self) -> str:
        """The kind of row that a call is about: `lead` for a route with {lead_id}."""
        return self.subject_field.removesuffix("_id") or self.service


def endpoints(service: ServiceDescriptor) -> dict[str, Endpoint]:
    """Return the endpoints of a proto service by method path; raises SystemExit when one lacks its permission.

    Streams go both ways, and every message is answered: see `shared.streams`.
    """
    return {_path(service, method): _endpoint(service, method) for method in service.methods}


def _path(service: ServiceDescriptor, method: MethodDescriptor) -> str:
    return f"/{service.full_name}/{method.name}"


def _endpoint(service: ServiceDescriptor, method: MethodDescriptor) -> Endpoint:
    options = method.GetOptions()
    permission: str = extension(options, options_pb2.permission)
    path = _path(service, method)
    if not permission:
        raise SystemExit(f"{path} has no (lianxiao.options.v1.permission); a server does not start with it")
    names = re.findall(r"{([a-z_.]+)", http_route(options)[1])
    has_request_id = "request_id" in method.input_type.fields_by_name
    streams = {method.client_streaming, method.server_streaming}
    answered = has_request_id and {"request_id", "refusal"} <= set(method.output_type.fields_by_name)
    if streams == {True, False} or (True in streams and not answered):
        raise SystemExit(f"{path} is no stream in which each message has a request id and an answer")
    return Endpoint(
        path=path,
        service=service.full_name.split(".")[1],
        name=method.name,
        permission=permission,
        is_query=options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS,
        has_request_id=has_request_id,
        subject_field=names[0] if names and "." not in names[0] else "",
        reveals=extension(options, options_pb2.reveals),
        acknowledgement=GetMessageClass(method.output_type) if True in streams else None,
    )


def extension(options: Any, handle: Any) -> Any:
    """Return the value of a proto option; the generated stubs cannot express an extension's type."""
    return options.Extensions[handle]


def http_route(options: MethodOptions) -> tuple[str, str]:
    """Return the verb and the path template of the google.api.http option, or two empty texts."""
    rule = options.Extensions[annotations_pb2.http]
    verb = rule.WhichOneof("pattern")
    return (verb.upper(), getattr(rule, verb)) if verb else ("", "")
