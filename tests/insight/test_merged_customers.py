"""Two customers who turn out to be one child, and two again: old ids resolve, nothing is rewritten."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from lianxiao.lead.v1.lead_events_pb2 import LeadMerged, LeadMergeUndone
from services.insight.actions import reports
from services.insight.actions.reports import Cohort
from services.insight.consumers import CONSUMERS
from shared.caller import Caller
from shared.db import Database
from shared.ids import as_uuid, uuid7
from shared.testing.bus import deliver
from tests.insight import factories


def _pair(one: UUID, other: UUID) -> tuple[LeadMerged, LeadMergeUndone]:
    """Return the merge of one customer into another, and its undoing."""
    told = {"merge_id": str(uuid7()), "lead_id": str(uuid7()), "survivor_lead_id": str(uuid7())}
    ids = {"customer_id": str(one), "survivor_customer_id": str(other), "campus_id": str(uuid7())}
    return LeadMerged(**told, **ids), LeadMergeUndone(**told, **ids)


MARCH = Cohort(date(2026, 3, 1), date(2026, 3, 31))


def test_two_enquiries_of_one_child_are_counted_as_one_until_they_are_parted(
    database: Database, caller: Caller, institution: UUID
) -> None:
    campus = uuid7()
    first: list[Any] = factories.way(campus)
    second: list[Any] = factories.way(campus, captured="2026-03-20T04:00:00Z")
    for event in (first[0], first[1], *second[:1], *second[2:], *factories.way(campus)):
        deliver(database, CONSUMERS, event, institution)
    merged, undone = _pair(as_uuid(second[0].customer_id), as_uuid(first[0].customer_id))
    with database.begin(caller) as tx:
        assert reports.funnel(tx, MARCH) == [3, 2, 2, 2, 2]
    deliver(database, CONSUMERS, merged, institution, times=2)
    with database.begin(caller) as tx:
        assert reports.funnel(tx, MARCH) == [2, 2, 2, 2, 2]
        assert reports.funnel(tx, Cohort(date(2026, 3, 15), date(2026, 3, 31))) == [0] * 5, "the first enquiry counts"
    deliver(database, CONSUMERS, undone, institution, times=2)
    with database.begin(caller) as tx:
        assert reports.funnel(tx, MARCH) == [3, 2, 2, 2, 2]
