"""Which channel partner a customer came by; lead decides it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from lianxiao.lead.v1.lead_events_pb2 import CustomerRegistered
from services.billing.models import PartnerRegistration
from shared import aliases
from shared.db import Tx
from shared.errors import Refused
from shared.ids import as_uuid

_GRANTED = "granted"


def project(tx: Tx, event: CustomerRegistered) -> None:
    """Remember that a customer was granted to a partner; what was known already or refused gives no claim."""
    if event.outcome != _GRANTED:
        return
    row = PartnerRegistration(
        id=as_uuid(event.registration_id),
        customer_id=as_uuid(event.customer_id),
        partner_id=as_uuid(event.partner_id),
    )
    tx.session.merge(row)


def of_customer(tx: Tx, customer_id: UUID, *, wanted: UUID | None) -> UUID | None:
    """Return the partner to whom a customer was granted last; None where there is none.

    Raises Refused PARTNER_NOT_REGISTERED when the caller names another one.
    """
    query = select(PartnerRegistration.partner_id).where(
        PartnerRegistration.customer_id.in_(aliases.family(tx, customer_id))
    )
    found: UUID | None = tx.scalar(
        query.order_by(PartnerRegistration.create_time.desc(), PartnerRegistration.id.desc()).limit(1)
    )
    if wanted is not None and wanted != found:
        text = "the customer was not granted to this partner, or to another one since"
        raise Refused("PARTNER_NOT_REGISTERED", text, partner_id=str(wanted), customer_id=str(customer_id))
    return found
