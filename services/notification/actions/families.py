"""Families who have no file yet: all that is known of them is what an event of lead tells."""

from __future__ import annotations

from lianxiao.lead.v1.lead_events_pb2 import Family
from services.notification.actions import contacts
from shared.db import Tx
from shared.ids import as_uuid


def refusal(tx: Tx, customer_id: str, family: Family, *addresses: str) -> str:
    """Return why a family gets no message at any of these addresses, or nothing."""
    known = contacts.of_student(tx, as_uuid(customer_id))
    unwanted = bool(known) and not any(contact.may_contact for contact in known)
    if unwanted or not family.may_contact:
        return "CONTACT_NOT_WANTED"
    return "" if any(addresses) else "NO_CONTACT"


def values(family: Family) -> dict[str, str]:
    """Return what every text may call the people."""
    return {"guardian": family.guardian_name, "student": family.child_name or "孩子"}
