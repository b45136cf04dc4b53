"""A family gets the link to a quote, once each time that somebody sends it."""

from __future__ import annotations

from lianxiao.billing.v1.billing_events_pb2 import QuoteSent
from lianxiao.lead.v1.lead_events_pb2 import QuoteMessageDue
from services.notification.actions import campuses, families, messages
from services.notification.rules.templates import QUOTE_SENT, fen_text
from shared.db import Tx
from shared.ids import as_uuid
from shared.settings import settings
from shared.wire_values import instant

# Nobody can open half a link: the public address of the gateway is a setting.
NO_ADDRESS = "NO_PUBLIC_ADDRESS"


def tell_students(tx: Tx, event: QuoteSent) -> None:
    """Tell the guardians of a student; lead passes on what is for the family of a lead."""
    if event.lead_id:
        return
    before = instant(event.expire_time)
    cause = _cause(event)
    if not settings().public_url:
        messages.refuse(tx, messages.new(QUOTE_SENT, event.customer_id, event.campus_id, cause), NO_ADDRESS)
        return
    messages.tell_guardians(
        tx, QUOTE_SENT, event.customer_id, event.campus_id, cause, _values(tx, event), before=before
    )


def tell_family(tx: Tx, event: QuoteMessageDue) -> None:
    """Tell the family of a lead; it waits for the offer, also at night. Why there is no message is on record."""
    row = messages.new(QUOTE_SENT, event.customer_id, event.campus_id, _cause(event))
    family = event.family
    refusal = families.refusal(tx, event.customer_id, family, family.guardian_email, family.guardian_phone)
    refusal = refusal or ("" if settings().public_url else NO_ADDRESS)
    if refusal:
        messages.refuse(tx, row, refusal)
        return
    told = families.values(family) | _values(tx, event)
    messages.queue(tx, row, told, email=family.guardian_email, phone=family.guardian_phone)


def _values(tx: Tx, event: QuoteSent | QuoteMessageDue) -> dict[str, str]:
    end = instant(event.expire_time).astimezone(campuses.zone(tx, as_uuid(event.campus_id)))
    link = settings().public_url.rstrip("/") + event.path
    return {"total": fen_text(event.total_fen), "expire_time": f"{end:%Y-%m-%d %H:%M}", "link": link}


def _cause(event: QuoteSent | QuoteMessageDue) -> str:
    return f"{event.quote_id}:{event.send_count}"
