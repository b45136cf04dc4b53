"""Students of whoever leaves go to others, or to nobody; a new student never belongs to somebody who left."""

from __future__ import annotations

from uuid import UUID

from lianxiao.org.v1.org_events_pb2 import Handover, StaffChanged, StaffRole
from services.student.actions import handovers, students
from services.student.consumers import CONSUMERS
from shared.caller import Caller
from shared.db import Database
from shared.ids import as_uuid, uuid7
from shared.testing.bus import deliver, published
from tests.student import factories


def _works(database: Database, institution: UUID, who: UUID, *campuses: UUID) -> None:
    role = StaffRole(role="course_advisor", campus_ids=[str(each) for each in campuses])
    deliver(database, CONSUMERS, StaffChanged(staff_id=str(who), active=True, roles=[role]), institution)


def test_students_go_to_the_receivers_in_turn(database: Database, institution: UUID) -> None:
    campus, leaver, one, two, elsewhere = (uuid7() for _ in range(5))
    for who in (leaver, one, two):
        _works(database, institution, who, campus)
    _works(database, institution, elsewhere, uuid7())
    caller = Caller.system(institution)
    with database.begin(caller) as tx:
        mine = [factories.student(tx, campus_id=campus, owner_id=leaver).id for _ in range(4)]
        assert list(handovers.workload(tx, leaver)) == [("student", campus, 4)]
    plan = Handover(handover_id=str(uuid7()), student_receiver_ids=[str(each) for each in (one, elsewhere, two)])
    event = StaffChanged(staff_id=str(leaver), active=False, handover=plan)
    deliver(database, CONSUMERS, event, institution, times=2)
    with database.begin(caller) as tx:
        owners = [students.get(tx, student_id).owner_id for student_id in sorted(mine)]
    assert owners == [one, two, one, two]
    (report,) = (each for each in published(database, institution) if each["type"] == "student.students_handed_over.v1")
    assert sorted(item["count"] for item in report["items"]) == [2, 2]


def test_without_a_receiver_nobody_owns_them_also_those_who_enrol_late(database: Database, institution: UUID) -> None:
    late = factories.lead_enrolled()
    leaver = as_uuid(late.owner_id)
    caller = Caller.system(institution)
    with database.begin(caller) as tx:
        mine = factories.student(tx, owner_id=leaver).id
    deliver(database, CONSUMERS, StaffChanged(staff_id=str(leaver), active=False), institution)
    deliver(database, CONSUMERS, late, institution)
    with database.begin(caller) as tx:
        assert students.get(tx, mine).owner_id is None
        assert students.get(tx, as_uuid(late.customer_id)).owner_id is None
