"""Links of billing to families who have no file yet, to quotes and contracts: lead knows how they are reached."""

from __future__ import annotations

from lianxiao.billing.v1.billing_events_pb2 import ContractMessageDue, QuoteSent
from lianxiao.lead.v1.lead_events_pb2 import ContractNoticeDue, QuoteMessageDue
from services.lead.actions import customers, families
from services.lead.models import Lead
from shared.db import Tx
from shared.events import publish
from shared.ids import as_uuid


def on_quote_sent(tx: Tx, event: QuoteSent) -> None:
    """Pass the link on with the family's address; a customer without a lead is told as a student."""
    lead = _lead_of(tx, event)
    if lead is not None:
        due = QuoteMessageDue(
            quote_id=event.quote_id,
            lead_id=str(lead.id),
            customer_id=event.customer_id,
            campus_id=event.campus_id,
            total_fen=event.total_fen,
            expire_time=event.expire_time,
            path=event.path,
            send_count=event.send_count,
            family=families.told(tx, lead),
        )
        publish(tx, due)


def on_contract_message_due(tx: Tx, event: ContractMessageDue) -> None:
    """Pass link or code on with the family's address; a customer without a lead is told as a student."""
    lead = _lead_of(tx, event)
    if lead is not None:
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


def _lead_of(tx: Tx, event: QuoteSent | ContractMessageDue) -> Lead | None:
    return customers.find_lead(tx, as_uuid(event.customer_id)) if event.lead_id else None
