"""Class groups of a teacher who leaves go to another one; coming lessons are counted for somebody to solve."""

from __future__ import annotations

from uuid import UUID

from lianxiao.org.v1.org_events_pb2 import Handover, StaffChanged
from services.scheduling.actions import handovers
from services.scheduling.consumers import CONSUMERS
from services.scheduling.models import ClassGroup
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.testing.bus import deliver, published
from tests.scheduling import factories


def _leave(who: UUID, receiver: UUID | None) -> StaffChanged:
    plan = Handover(handover_id=str(uuid7()), teaching_receiver_id=str(receiver) if receiver else "")
    return StaffChanged(staff_id=str(who), display_name="教师", active=False, handover=plan)


def test_class_groups_go_to_the_receiver_where_they_work(database: Database, institution: UUID) -> None:
    caller = Caller.system(institution)
    with database.begin(caller) as tx:
        here, there = factories.campus(tx), factories.campus(tx)
        leaver, receiver = factories.teacher(tx, here, there).id, factories.teacher(tx, here).id
        ours, theirs = (factories.class_group(tx, each) for each in (here, there))
        for group in (ours, theirs):
            group.teacher_id = leaver
        groups = [ours.id, theirs.id]
        tx.session.flush()
        assert {(kind, count) for kind, _, count in handovers.workload(tx, leaver)} == {("class_group", 1)}
    deliver(database, CONSUMERS, _leave(leaver, receiver), institution, times=2)
    with database.begin(caller) as tx:
        found = [tx.load(ClassGroup, "class_group", each).teacher_id for each in groups]
    assert found == [receiver, None]
    (report,) = published(database, institution, "teaching_handed_over")
    assert {(item["kind"], item.get("receiver_id", "")) for item in report["items"]} == {
        ("class_group", str(receiver)),
        ("class_group", ""),
    }


def test_whoever_never_taught_is_answered_for_as_well(database: Database, institution: UUID) -> None:
    deliver(database, CONSUMERS, _leave(uuid7(), None), institution)
    (report,) = published(database, institution, "teaching_handed_over")
    assert not report.get("items")
