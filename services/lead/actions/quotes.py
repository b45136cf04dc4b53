"""Quotes of billing for families who have no file yet: lead knows how they are reached."""

from __future__ import annotations

from lianxiao.billing.v1.billing_events_pb2 import QuoteSent
from lianxiao.lead.v1.lead_events_pb2 import QuoteMessageDue
from services.lead.actions import customers, families
from shared.db import Tx
from shared.events import publish
from shared.ids import as_uuid


def on_sent(tx: Tx, event: QuoteSent) -> None:
    """Pass the link on with the family's address; a customer without a lead is told as a student."""
    lead = customers.find_lead(tx, as_uuid(event.customer_id)) if event.lead_id else None
    if lead is None:
        return
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
