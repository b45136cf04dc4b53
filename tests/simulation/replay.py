"""`make replay-ledger`: commands over gRPC, then each again with its request id, then each altered under the same id.

Asked again, a command is answered with the same bytes and writes no row; altered, it is refused and writes no row.
Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import grpc
from google.protobuf.message import Message

from lianxiao.billing.v1 import contract_pb2, quote_pb2, refund_pb2
from lianxiao.billing.v1 import contract_service_pb2 as contract
from lianxiao.billing.v1 import order_service_pb2 as order
from lianxiao.billing.v1 import payment_service_pb2 as payment
from lianxiao.billing.v1 import quote_service_pb2 as quote
from lianxiao.billing.v1 import refund_service_pb2 as refund
from services.billing.server import SERVICERS
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.testing import callers
from shared.testing.wire import Wire, refusal, serving
from tests.billing import factories
from tests.billing.books import COUNTS, broken
from tests.simulation.ledger import standing_checks

_PACKAGE = "/lianxiao.billing.v1"
_DOCUMENTS = ("quote", "contract", "sales_order")
_ROWS = f"{COUNTS}, " + ", ".join(f"(select count(*) from {table}) as {table}" for table in _DOCUMENTS)  # noqa: S608 - constants


@dataclass
class Sent:
    """A command that was answered."""

    method: str
    request: Message
    reply: bytes


@dataclass
class Outcome:
    """What asking again brought."""

    commands: int = 0
    same: int = 0
    refused: int = 0
    new_rows: int = 0
    broken: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Say whether every command happened exactly once."""
        return self.same == self.refused == self.commands and not self.new_rows and not self.broken


class Desk:
    """Somebody who sells, takes money and gives it back, and keeps what was sent."""

    def __init__(self, wire: Wire, caller: Caller, campus_id: UUID, seed: int) -> None:
        self._wire, self._campus = wire, str(campus_id)
        self._metadata = wire.metadata(caller, 12 * 3600)
        self._random = random.Random(seed)
        self.sent: list[Sent] = []

    def call(self, method: str, request: Any) -> bytes:
        """Send a request and return the bytes of its answer."""
        raw: Callable[..., bytes] = self._wire.channel.unary_unary(
            f"{_PACKAGE}.{method}", request_serializer=type(request).SerializeToString
        )
        return raw(request, metadata=self._metadata, timeout=30)

    def do(self, method: str, request: Any, reply_type: Any) -> Any:
        """Send a command under a request id of its own and keep both sides."""
        request.request_id = str(uuid7())
        reply = self.call(method, request)
        self.sent.append(Sent(method, request, reply))
        return reply_type.FromString(reply)

    def sell(self) -> None:
        """Quote, sign, order, take the money in three parts, and give the rest of it back."""
        hours, price = self._random.randrange(1, 50) * 100, self._random.randrange(100, 30_000)
        line = quote_pb2.QuoteLine(course_id=str(uuid7()), lesson_hours_hundredths=hours, unit_price_fen=price)
        wanted = quote_pb2.Quote(customer_id=str(uuid7()), campus_id=self._campus, lines=[line])
        made = self.do(
            "QuoteService/CreateQuote", quote.CreateQuoteRequest(quote=wanted), quote.CreateQuoteResponse
        ).quote
        confirm = quote.ConfirmQuoteRequest(quote_id=made.quote_id)
        self.do("QuoteService/ConfirmQuote", confirm, quote.ConfirmQuoteResponse)
        draft = contract.CreateContractRequest(quote_id=made.quote_id, gift_policy=contract_pb2.GIFT_POLICY_ZERO)
        drafted = self.do("ContractService/CreateContract", draft, contract.CreateContractResponse).contract
        sign = contract.SignContractRequest(contract_id=drafted.contract_id)
        self.do("ContractService/SignContract", sign, contract.SignContractResponse)
        ordered = self.do(
            "OrderService/CreateOrder",
            order.CreateOrderRequest(contract_id=drafted.contract_id),
            order.CreateOrderResponse,
        ).order
        third = ordered.total_fen // 3
        for amount in (third, third, ordered.total_fen - 2 * third):
            pay = payment.RecordPaymentRequest(order_id=ordered.order_id, amount_fen=amount, method="cash")
            self.do("PaymentService/RecordPayment", pay, payment.RecordPaymentResponse)
        back = refund.RequestRefundRequest(
            order_id=ordered.order_id, cause=refund_pb2.REFUND_CAUSE_MUTUAL, reason="moved away"
        )
        self.do("RefundService/RequestRefund", back, refund.RequestRefundResponse)


def altered(request: Any) -> Any:
    """Return a request that says something else under the same id."""
    other = type(request)()
    other.CopyFrom(request)
    if "quote" in request.DESCRIPTOR.fields_by_name:
        other.quote.customer_id = str(uuid7())
        return other
    first = request.DESCRIPTOR.fields[0]
    setattr(other, first.name, str(uuid7()))
    return other


def replay(database: Database, commands: int, seed: int) -> Outcome:
    """Send at least so many commands, then each twice more."""
    institution = uuid7()
    system = Caller.system(institution)
    with database.begin(system) as tx:
        campus_id = factories.campus(tx)
    outcome = Outcome()
    with serving("billing", SERVICERS, database) as wire:
        desk = Desk(wire, callers.staff(institution), campus_id, seed)
        while len(desk.sent) < commands:
            desk.sell()
        before = _rows(database, system)
        outcome.commands = len(desk.sent)
        outcome.same = sum(desk.call(each.method, each.request) == each.reply for each in desk.sent)
        outcome.refused = sum(_is_refused(desk, each) for each in desk.sent)
        after = _rows(database, system)
    outcome.new_rows = sum(after[table] - count for table, count in before.items())
    with database.begin(system, read_only=True) as tx:
        outcome.broken = broken(tx)
    return outcome


def _is_refused(desk: Desk, sent: Sent) -> bool:
    try:
        desk.call(sent.method, altered(sent.request))
    except grpc.RpcError as error:
        return refusal(error)[1] == "REQUEST_ID_REUSED"
    return False


def _rows(database: Database, caller: Caller) -> dict[str, int]:
    with database.begin(caller, read_only=True) as tx:
        return {name: int(count) for name, count in tx.run(_ROWS).one()._asdict().items()}


def main(words: Sequence[str]) -> int:
    """Run and report."""
    parser = argparse.ArgumentParser(prog="make replay-ledger", description=__doc__)
    parser.add_argument("--commands", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(words)
    with standing_checks() as checked:
        database = Database(checked.database.engine.url)
        outcome = replay(database, options.commands, options.seed)
        database.dispose()
    sys.stdout.write(f"{json.dumps(vars(outcome) | {'clean': outcome.is_clean})}\n")
    return 0 if outcome.is_clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
