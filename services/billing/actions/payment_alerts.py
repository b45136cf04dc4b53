"""What payment providers said that posted nothing and wants a person."""

from __future__ import annotations

import json
from uuid import UUID

from sqlalchemy import select

from services.billing.models import PaymentAlert, PaymentIntent
from shared.db import Tx
from shared.errors import DomainError, Refused, Unavailable
from shared.ids import uuid7
from shared.listing import Field, Listing

OPEN, RESOLVED = "open", "resolved"
LISTING: Listing[PaymentAlert] = Listing(
    PaymentAlert,
    fields={
        "provider": Field(PaymentAlert.provider),
        "kind": Field(PaymentAlert.kind),
        "reference": Field(PaymentAlert.reference),
        "state": Field(PaymentAlert.state, prefix="PAYMENT_ALERT_STATE_"),
        "last_time": Field(PaymentAlert.last_time),
    },
    default_order="last_time desc",
)
_KNOWN = "select true from institution where institution_id = %(institution)s and active"
_RECORD = """
insert into payment_alert (institution_id, id, create_time, update_time, campus_id, provider, kind, reference, facts,
  occurrences, last_time, state, note)
values (%(institution)s, %(id)s, %(now)s, %(now)s, %(campus)s, %(provider)s, %(kind)s, %(reference)s, %(facts)s, 1,
  %(now)s, 'open', '')
on conflict (institution_id, provider, kind, reference) where state = 'open' do update
  set occurrences = payment_alert.occurrences + 1, last_time = excluded.last_time, update_time = excluded.update_time"""


def wants_a_person(refusal: DomainError) -> bool:
    """Say whether a refusal is more than rivalry or an outage, after which the provider just comes again."""
    return not isinstance(refusal, Unavailable) and refusal.reason != "ROW_BUSY"


def record(tx: Tx, provider: str, refusal: DomainError, *, reference: str = "") -> None:
    """Write down why something of a provider was refused; the same thing again is counted.

    Nothing is written for an institution that does not exist: anybody can name one.
    """
    if not tx.run(_KNOWN, {"institution": tx.institution_id}).scalar():
        return
    where = (PaymentIntent.provider == provider, PaymentIntent.reference == reference)
    campus_id = tx.scalar(select(PaymentIntent.campus_id).where(*where)) if reference else None
    values: dict[str, object] = {
        "institution": tx.institution_id,
        "id": uuid7(),
        "now": tx.now,
        "campus": campus_id,
        "provider": provider,
        "kind": refusal.reason,
        "reference": reference,
        "facts": json.dumps(refusal.info),
    }
    tx.run(_RECORD, values)


def get(tx: Tx, payment_alert_id: UUID, *, for_update: bool = False) -> PaymentAlert:
    """Return an alert within reach."""
    return tx.load(PaymentAlert, "payment_alert", payment_alert_id, for_update=for_update)


def close(tx: Tx, payment_alert_id: UUID, *, note: str) -> PaymentAlert:
    """Say what was done about an alert; raises Refused PAYMENT_ALERT_RESOLVED when somebody did before."""
    alert = get(tx, payment_alert_id, for_update=True)
    if alert.state == RESOLVED:
        raise Refused("PAYMENT_ALERT_RESOLVED", "the alert is resolved already")
    alert.state, alert.note = RESOLVED, note
    alert.resolve_staff_id, alert.resolve_time = tx.caller.subject_id, tx.now
    tx.session.flush()
    return alert
