"""A family gets the link to a contract, or the code to sign it that it has asked for on the page."""

from __future__ import annotations

from lianxiao.billing.v1.billing_events_pb2 import ContractMessageDue
from lianxiao.lead.v1.lead_events_pb2 import ContractNoticeDue
from services.notification.actions import campuses, families, messages
from services.notification.rules.templates import CONTRACT_SENT, SIGNATURE_CODE
from shared.db import Tx
from shared.ids import as_uuid
from shared.settings import settings
from shared.wire_values import instant

# Nobody can open half a link: the public address of the gateway is a setting.
NO_ADDRESS = "NO_PUBLIC_ADDRESS"


def tell_students(tx: Tx, event: ContractMessageDue) -> None:
    """Tell the guardians of a student; lead passes on what is for the family of a lead."""
    if event.lead_id:
        return
    template = _template(event)
    if template == CONTRACT_SENT and not settings().public_url:
        messages.refuse(tx, messages.new(template, event.customer_id, event.campus_id, event.cause), NO_ADDRESS)
        return
    messages.tell_guardians(
        tx,
        template,
        event.customer_id,
        event.campus_id,
        event.cause,
        _values(tx, event),
        before=instant(event.expire_time),
        asked_for=template == SIGNATURE_CODE,
    )


def tell_family(tx: Tx, event: ContractNoticeDue) -> None:
    """Tell the family of a lead, also at night: it waits for it. Why there is no message is on record."""
    template, family = _template(event), event.family
    row = messages.new(template, event.customer_id, event.campus_id, event.cause)
    refusal = families.refusal(tx, event.customer_id, family, family.guardian_email, family.guardian_phone)
    if template == CONTRACT_SENT and not settings().public_url:
        refusal = refusal or NO_ADDRESS
    if refusal:
        messages.refuse(tx, row, refusal)
        return
    told = families.values(family) | _values(tx, event)
    messages.queue(tx, row, told, email=family.guardian_email, phone=family.guardian_phone)


def _template(event: ContractMessageDue | ContractNoticeDue) -> str:
    return SIGNATURE_CODE if event.code else CONTRACT_SENT


def _values(tx: Tx, event: ContractMessageDue | ContractNoticeDue) -> dict[str, str]:
    end = instant(event.expire_time).astimezone(campuses.zone(tx, as_uuid(event.campus_id)))
    link = settings().public_url.rstrip("/") + event.path
    values = {"code": event.code} if event.code else {"link": link}
    return values | {"expire_time": f"{end:%Y-%m-%d %H:%M}"}
