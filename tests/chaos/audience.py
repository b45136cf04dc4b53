"""Who listens to billing in the chaos run: counts how often each attendance and payment was told of."""

from __future__ import annotations

from alembic.operations import Operations
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from lianxiao.billing.v1 import billing_events_pb2 as events
from shared import chassis, rls
from shared.db import Tx
from shared.inbox import AnyConsumer, Consumer

_HEARD = (
    "create table heard (institution_id uuid not null, id uuid not null, kind text not null, times bigint not null,"
    " primary key (institution_id, id, kind))"
)
_HEAR = (
    "insert into heard as h (institution_id, id, kind, times) values (%(institution)s, %(id)s, %(kind)s, 1)"
    " on conflict (institution_id, id, kind) do update set times = h.times + 1"
)
_IDS = ("attendance_id", "payment_id")


def build(op: Operations) -> None:
    """Make the table of what was heard."""
    chassis.create(op)
    op.execute(_HEARD)
    rls.protect(op, "heard")


def hear(tx: Tx, event: Message) -> None:
    """Count an event that is about an attendance or a payment."""
    fields = event.DESCRIPTOR.fields_by_name
    for name in _IDS:
        if name in fields:
            row = {"institution": tx.institution_id, "id": getattr(event, name), "kind": event.DESCRIPTOR.name}
            tx.run(_HEAR, row)


CONSUMERS: list[AnyConsumer] = [
    Consumer(f"audience.{name}", GetMessageClass(descriptor), hear)
    for name, descriptor in events.DESCRIPTOR.message_types_by_name.items()
    if descriptor.GetOptions().ByteSize()
]
