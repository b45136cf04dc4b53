"""Two customers who turn out to be one child, and two again: old ids resolve, nothing is rewritten."""

from __future__ import annotations

from uuid import UUID

from lianxiao.lead.v1.lead_events_pb2 import LeadMerged, LeadMergeUndone
from services.notification.actions import contacts
from services.notification.consumers import CONSUMERS
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.testing.bus import deliver
from tests.notification import factories


def _pair(one: UUID, other: UUID) -> tuple[LeadMerged, LeadMergeUndone]:
    """Return the merge of one customer into another, and its undoing."""
    told = {"merge_id": str(uuid7()), "lead_id": str(uuid7()), "survivor_lead_id": str(uuid7())}
    ids = {"customer_id": str(one), "survivor_customer_id": str(other), "campus_id": str(uuid7())}
    return LeadMerged(**told, **ids), LeadMergeUndone(**told, **ids)


def test_what_concerns_the_old_id_reaches_the_family_of_the_survivor(
    database: Database, caller: Caller, institution: UUID
) -> None:
    old, new = uuid7(), uuid7()
    for event in (factories.enrolled(str(new)), factories.contact(str(new))):
        deliver(database, CONSUMERS, event, institution)
    merged, undone = _pair(old, new)
    deliver(database, CONSUMERS, merged, institution, times=2)
    with database.begin(caller) as tx:
        assert contacts.name_of_student(tx, old) == "张小明"
        assert len(contacts.of_student(tx, old)) == 1
    deliver(database, CONSUMERS, undone, institution, times=2)
    with database.begin(caller) as tx:
        assert (contacts.name_of_student(tx, old), list(contacts.of_student(tx, old))) == ("", [])
