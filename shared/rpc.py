"""What a servicer method stands on: `@command` and `@query` open its transaction.

    class LeadService(Servicer, pb_grpc.LeadServiceServicer):
        @command
        def AssignLead(self, request: pb.AssignLeadRequest, tx: Tx) -> pb.AssignLeadResponse:
            lead = leads.assign(tx, as_uuid(request.lead_id), owner_id=optional_id(request.owner_id))
            return pb.AssignLeadResponse(lead=to_pb(tx, lead))

A method that has to ask another service first is a plain one and takes its call with `call_of`.
"""

from __future__ import annotations

import functools
import hashlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, cast, get_type_hints

import grpc
from google.protobuf.message import Message
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared import status
from shared.caller import NOBODY, Caller, Scope
from shared.crypto import blind_index
from shared.db import Database, Tx
from shared.endpoints import PUBLIC, Endpoint
from shared.errors import Conflict
from shared.keks import keks
from shared.masking import View, mask

S = TypeVar("S", bound="Servicer")
Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)
A = TypeVar("A")
_ATTEMPTS = 4
_CLAIM = (
    "insert into stored_reply (institution_id, request_id, method, subject_id, fingerprint, create_time)"
    " values (%(institution)s, %(request)s, %(method)s, %(subject)s, %(fingerprint)s, %(now)s)"
    " on conflict do nothing returning true"
)
_RECALL = (
    "select method, subject_id, fingerprint, reply from stored_reply where institution_id = %s and request_id = %s"
)
_KEEP = "update stored_reply set reply = %s where institution_id = %s and request_id = %s"


class Servicer:
    """Base of all servicers: holds the service's database."""

    def __init__(self, database: Database) -> None:
        self.database = database


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated, validated request, as the boundary hands it to a servicer method."""

    endpoint: Endpoint
    caller: Caller
    scope: Scope
    deadline: float
    token: str = ""
    # From where a request reached the gateway, for public calls; empty when it did not come that way.
    address: str = ""

    def timeout_ms(self) -> int:
        """Return the milliseconds that are left, at least one."""
        return max(1, int((self.deadline - time.monotonic()) * 1000))

    def query(self, database: Database, work: Callable[[Tx], A]) -> A:
        """Run a read in a read-only transaction."""
        return self._repeat(database, work, read_only=True)

    def command(self, database: Database, request: Message, work: Callable[[Tx], R], reply_type: type[R]) -> R:
        """Run a change once per request id: the reply is stored with it, and replayed to whoever asks again."""
        request_id = getattr(request, "request_id", "") if self.endpoint.has_request_id else ""

        def once(tx: Tx) -> R:
            if request_id and self.caller.institution_id != NOBODY:
                stored = self._claim(tx, request_id, request)
                if stored is not None:
                    return reply_type.FromString(stored)
            response = work(tx)
            if tx.institution_id != NOBODY:
                self._conclude(tx, request, request_id, response)
            return response

        return self._repeat(database, once, read_only=False)

    def _repeat(self, database: Database, work: Callable[[Tx], A], *, read_only: bool) -> A:
        public = self.endpoint.permission == PUBLIC
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with database.begin(
                    self.caller, scope=self.scope, read_only=read_only, system=public, timeout_ms=self.timeout_ms()
                ) as tx:
                    return work(tx)
            except (DBAPIError, PoolTimeout) as error:
                if attempt < _ATTEMPTS and isinstance(error, DBAPIError) and status.is_worth_repeating(error):
                    time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - spreads rivals, keeps no secret
                    continue
                meaning = status.from_database(error)
                if meaning is None:
                    raise
                raise meaning from error
        raise Conflict("ROW_BUSY", "others are changing the same rows; try again")

    def _claim(self, tx: Tx, request_id: str, request: Message) -> bytes | None:
        """Reserve the request id, or return the reply that is stored under it."""
        # Keyed and without secrets: a bare hash, kept for days, would be a way to guess a phone number or password.
        bare = mask(request, View.CLEAR).SerializeToString(deterministic=True)
        fingerprint = blind_index(tx, "request", hashlib.sha256(bare).hexdigest())
        who = {"institution": str(tx.institution_id), "request": request_id, "method": self.endpoint.path}
        rest = {"subject": str(self.caller.subject_id), "fingerprint": fingerprint, "now": tx.now}
        if tx.run(_CLAIM, who | rest).scalar():
            return None
        method, subject, known, reply = tx.run(_RECALL, (str(tx.institution_id), request_id)).one()
        same = method == self.endpoint.path and bytes(known) == fingerprint
        if not same or str(subject) != str(self.caller.subject_id) or reply is None:
            raise Conflict("REQUEST_ID_REUSED", "this request id was used for another request", request_id=request_id)
        return keks(bytes(reply)).open(_sealed_for(tx), bytes(reply))

    def _conclude(self, tx: Tx, request: Message, request_id: str, response: Message) -> None:
        endpoint = self.endpoint
        tx.audit(endpoint.action, endpoint.subject_kind, getattr(request, endpoint.subject_field, "") or "-")
        if request_id:
            # Replies name people; they lie sealed like everything else that does.
            sealed = keks().seal(_sealed_for(tx), response.SerializeToString(), institution_id=tx.institution_id)
            tx.later(_KEEP, sealed, str(tx.institution_id), request_id)


def _sealed_for(tx: Tx) -> str:
    return f"reply|{tx.institution_id}"


def command(method: Callable[[S, Q, Tx], R]) -> Callable[[S, Q, grpc.ServicerContext], R]:
    """Make a servicer method a change: one read-write transaction, idempotent by request id, audited."""
    reply_type = _reply_type(method)

    @functools.wraps(method)
    def run(self: S, request: Q, context: grpc.ServicerContext) -> R:
        call = cast("Call", context)
        return call.command(self.database, request, lambda tx: method(self, request, tx), reply_type())

    return run


def stream(
    method: Callable[[S, Q, Tx], R],
) -> Callable[[S, Iterator[Q], grpc.ServicerContext], Iterator[R]]:
    """Make a servicer method answer the messages of a stream: each is a `command` of its own.

    The boundary hands it one message after the other, so it is written as if there were only one.
    """
    return cast("Callable[[S, Iterator[Q], grpc.ServicerContext], Iterator[R]]", command(method))


def query(method: Callable[[S, Q, Tx], R]) -> Callable[[S, Q, grpc.ServicerContext], R]:
    """Make a servicer method a read: one read-only transaction."""

    @functools.wraps(method)
    def run(self: S, request: Q, context: grpc.ServicerContext) -> R:
        call = cast("Call", context)
        return call.query(self.database, lambda tx: method(self, request, tx))

    return run


def _reply_type(method: Callable[..., R]) -> Callable[[], type[R]]:
    @functools.cache
    def resolve() -> type[R]:
        return cast("type[R]", get_type_hints(method)["return"])

    return resolve


def call_of(context: Any) -> Call:
    """Return the call behind a plain servicer method's context: caller, scope, deadline, token."""
    return cast("Call", context)
