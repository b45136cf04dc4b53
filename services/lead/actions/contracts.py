"""Contracts of billing for families who have no file yet: lead knows how they are reached."""

from __future__ import annotations

from lianxiao.billing.v1.billing_events_pb2 import ContractMessageDue
from lianxiao.lead.v1.lead_events_pb2 import ContractNoticeDue
from services.lead.actions import customers, families
from shared.db import Tx
from shared.events import publish
from shared.ids import as_uuid


def on_message_due(tx: Tx, event: ContractMessageDue) -> None:
    """Pass link or code on with the family's address; a customer without a lead is told as a student."""
    lead = customers.find_lead(tx, as_uuid(event.customer_id)) if event.lead_id else None
    if lead is None:
        return
    due = ContractNoticeDue(
        contract_id=event.contract_id,
        lead_id=str(lead.id),
        customer_id=event.customer_id,
        campus_id=event.campus_id,
        cause=event.cause,
        path=event.path,
        code=event.code,
        expire_time=event.expire_time,
        family=families.told(tx, lead),
    )
    publish(tx, due)
