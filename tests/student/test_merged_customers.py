"""Two customers who turn out to be one child, and two again: old ids resolve, nothing is rewritten."""

from __future__ import annotations

from uuid import UUID

from lianxiao.lead.v1.lead_events_pb2 import LeadMerged, LeadMergeUndone
from services.student.actions import guardians, students
from services.student.consumers import CONSUMERS
from shared import aliases
from shared.caller import Caller
from shared.db import Database, Tx
from shared.ids import as_uuid, uuid7
from shared.testing.bus import deliver
from tests.student import factories


def _pair(one: UUID, other: UUID) -> tuple[LeadMerged, LeadMergeUndone]:
    """Return the merge of one customer into another, and its undoing."""
    told = {"merge_id": str(uuid7()), "lead_id": str(uuid7()), "survivor_lead_id": str(uuid7())}
    ids = {"customer_id": str(one), "survivor_customer_id": str(other), "campus_id": str(uuid7())}
    return LeadMerged(**told, **ids), LeadMergeUndone(**told, **ids)


def test_the_old_id_finds_the_student_until_the_merge_is_undone(
    database: Database, caller: Caller, institution: UUID
) -> None:
    event = factories.lead_enrolled()
    deliver(database, CONSUMERS, event, institution)
    old, student = uuid7(), as_uuid(event.customer_id)
    merged, undone = _pair(old, student)
    deliver(database, CONSUMERS, merged, institution, times=2)
    with database.begin(caller) as tx:
        assert students.get(tx, old).id == student
        assert len(guardians.of_student(tx, old)) == 1
    deliver(database, CONSUMERS, undone, institution, times=2)
    with database.begin(caller) as tx:
        assert aliases.resolve(tx, old) == old


def test_chains_and_undoings_in_any_order(database: Database, caller: Caller, institution: UUID) -> None:
    a, b, c = uuid7(), uuid7(), uuid7()
    below, undone = _pair(a, b)
    above, _ = _pair(b, c)
    deliver(database, CONSUMERS, above, institution)
    deliver(database, CONSUMERS, below, institution)
    with database.begin(caller) as tx:
        assert aliases.resolve(tx, a) == c
        assert set(aliases.family(tx, b)) == {a, b, c}
    late, early_undone = _pair(a, c)
    deliver(database, CONSUMERS, undone, institution)
    deliver(database, CONSUMERS, early_undone, institution)
    deliver(database, CONSUMERS, late, institution)
    with database.begin(caller) as tx:
        assert _families(tx, a, b) == [{a}, {b, c}]


def _families(tx: Tx, *ids: UUID) -> list[set[UUID]]:
    return [set(aliases.family(tx, each)) for each in ids]
