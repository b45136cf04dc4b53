"""The three ways into the product: a service's own port, the partner port, and REST."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import quote

import grpc
import httpx
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2

from shared.client import address_of
from shared.testing.waiting import until
from shared.testing.wire import refusal
from tests.contract.rpcs import Rpc

_SECONDS = 30.0
_AWAY = {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
# HTTP says less than gRPC: three refusals share 409.
_CODES = {200: "OK", 202: "OK", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 503: "UNAVAILABLE"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a gRPC code (or HTTP status), the reason, and every text of the answer."""

    code: str
    reason: str
    text: str
    reply: Any = None

    @property
    def is_ok(self) -> bool:
        """Say whether the call succeeded."""
        return self.code == "OK"


@dataclass(slots=True)
class Wires:
    """Open connections to a running system."""

    http: httpx.Client
    addresses: str
    partner: grpc.Channel
    services: dict[str, grpc.Channel] = field(default_factory=dict)

    def call(self, channel: str, rpc: Rpc, request: Message, token: str = "") -> Answer:
        """Call an RPC; a system that is only busy is asked again."""
        answer = Answer("UNAVAILABLE", "", "")

        def attempt() -> bool:
            nonlocal answer
            answer = self._rest(rpc, request, token) if channel == "rest" else self._grpc(channel, rpc, request, token)
            return answer.code not in _AWAY

        until(attempt, seconds=_SECONDS, what=f"{rpc.name} answers")
        return answer

    def _grpc(self, channel: str, rpc: Rpc, request: Message, token: str) -> Answer:
        wire = self.partner if channel == "partner" else self.service(rpc.method.endpoint.service)
        metadata = (("authorization", f"Bearer {token}"),) if token else ()
        method, forms = rpc.method, (type(request).SerializeToString, rpc.method.response.FromString)
        reply: Any
        try:
            if method.endpoint.acknowledgement is not None:
                asked = wire.stream_stream(method.endpoint.path, *forms)
                reply = next(asked(iter([request]), timeout=_SECONDS, metadata=metadata))
                if reply.refusal.code:
                    return Answer(*_refused(reply.refusal), json.dumps(MessageToDict(reply), ensure_ascii=False))
            else:
                asking = wire.unary_unary(method.endpoint.path, *forms)
                reply = asking(request, timeout=_SECONDS, metadata=metadata)
        except grpc.RpcError as error:
            failed: Any = error
            trailing = [bytes(v) if isinstance(v, bytes) else str(v).encode() for _, v in failed.trailing_metadata()]
            details = b" ".join(trailing).decode("utf-8", "replace")
            return Answer(*refusal(failed), f"{failed.details()} {details}")
        return Answer("OK", "", json.dumps(MessageToDict(reply), ensure_ascii=False), reply)

    def _rest(self, rpc: Rpc, request: Message, token: str) -> Answer:
        verb, path, parameters, body = rest_form(rpc, request)
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = self.http.request(verb, path, params=parameters, json=body, headers=headers)
        code = _CODES.get(answer.status_code, str(answer.status_code))
        reason = "" if answer.is_success else str(answer.json().get("reason", ""))
        headers_too = " ".join(answer.headers.values())
        return Answer(code, reason, f"{answer.text} {headers_too}")

    def service(self, service: str) -> grpc.Channel:
        """Return the channel to a service's own port."""
        if service not in self.services:
            self.services[service] = grpc.insecure_channel(address_of(service, self.addresses))
        return self.services[service]


@contextmanager
def connected(url: str, addresses: str, partner_port: int) -> Iterator[Wires]:
    """Hold connections for the length of a block."""
    with (
        httpx.Client(base_url=url, timeout=_SECONDS) as http,
        grpc.insecure_channel(f"127.0.0.1:{partner_port}") as port,
    ):
        wires = Wires(http, addresses, port)
        yield wires
        for channel in wires.services.values():
            channel.close()


def _refused(refusal: Any) -> tuple[str, str]:
    """Return code and reason of a message that was refused within a stream."""
    info = error_details_pb2.ErrorInfo()
    refusal.details[0].Unpack(info)
    return code_pb2.Code.Name(refusal.code), info.reason


def rest_form(rpc: Rpc, request: Message) -> tuple[str, str, dict[str, Any], Any]:
    """Return verb, path, query parameters and JSON body that stand for a request."""
    route = rpc.route
    assert route is not None, f"{rpc.name} has no route"
    payload: dict[str, Any] = MessageToDict(request)
    path = route.template
    for variable in route.variables:
        owner, name = payload, ""
        for part in variable.field_path.split("."):
            owner = owner.get(name, owner) if name else owner
            name = json_name(part)
        value = str(owner.pop(name, ""))
        path = path.replace(f"{{{variable.field_path}}}", quote(value, safe=""))
    if route.body == "*":
        return route.verb, path, {}, payload
    body = payload.pop(json_name(route.body), {}) if route.body else None
    return route.verb, path, dict(_flat(request, payload)), body


def json_name(name: str) -> str:
    """Return a field's name in JSON."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _flat(message: Any, payload: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield query parameters; dates and masks are texts there."""
    fields: dict[str, FieldDescriptor] = {one.json_name: one for one in message.DESCRIPTOR.fields}
    for name, value in payload.items():
        kind = fields[name].message_type
        if kind is not None and kind.full_name == "google.type.Date":
            yield name, date(value["year"], value["month"], value["day"]).isoformat()
        elif isinstance(value, dict):
            yield from ((f"{name}.{inner}", each) for inner, each in _flat(getattr(message, fields[name].name), value))
        else:
            yield name, value
