"""Each role has its own to-do list: of its people, and of what nobody owns."""

from __future__ import annotations

from uuid import UUID

import pytest

from lianxiao.lead.v1 import task_pb2, task_service_pb2
from lianxiao.org.v1.org_events_pb2 import StaffChanged, StaffRole
from services.lead.actions import staff, tasks
from services.lead.actions.tasks import Work
from shared.caller import Caller
from shared.db import Database, Tx
from shared.ids import uuid7
from shared.testing import callers
from shared.testing.wire import Wire
from tests.lead import factories, people
from tests.lead.people import Person


def _hire(tx: Tx, role: str, campus: UUID) -> UUID:
    who = uuid7()
    held = StaffRole(role=role, campus_ids=[str(campus)])
    staff.project(tx, StaffChanged(staff_id=str(who), display_name="某某", active=True, roles=[held]))
    return who


class Office:
    """A campus with an advisor, a tutor and a principal, another campus, and tasks named by their notes."""

    def __init__(self, wire: Wire, database: Database, caller: Caller) -> None:
        with database.begin(caller) as tx:
            here, there = factories.campus(tx), factories.campus(tx)
            advisor, tutor, principal = (
                _hire(tx, role, here) for role in ("course_advisor", "class_tutor", "principal")
            )
            tasks_ = (
                ("advisor", "follow_up", here, advisor),
                ("tutor", "visit", here, tutor),
                ("principal", "escalation", here, principal),
                ("pool", "follow_up", here, None),
                ("renewal", "renewal", here, None),
                ("far pool", "follow_up", there, None),
                ("far advisor", "follow_up", there, _hire(tx, "course_advisor", there)),
            )
            for note, kind, campus, owner in tasks_:
                tasks.create(tx, Work(kind, tx.now, campus, note=note, origin=f"test|{note}"), owner_id=owner)
        institution, may = caller.institution_id, ["task.*", "pii.read"]
        self.people = {
            "advisor": Person(wire, callers.staff(institution, may, [here], own=True, subject=advisor)),
            "tutor": Person(wire, callers.staff(institution, may, [here], subject=tutor)),
            "principal": Person(wire, callers.staff(institution, may, [here], subject=principal)),
            "chief": Person(wire, callers.staff(institution)),
        }

    def sees(self, who: str, role: str, text: str = "") -> list[task_pb2.Task]:
        request = task_service_pb2.ListTasksRequest(role=role, filter=text)
        return list(self.people[who].tasks.ListTasks(request).tasks)


@pytest.fixture
def office(wire: Wire, database: Database, caller: Caller) -> Office:
    return Office(wire, database, caller)


@pytest.mark.parametrize(
    ("who", "role", "notes"),
    [
        ("advisor", "", {"advisor"}),
        ("tutor", "class_tutor", {"tutor", "renewal"}),
        ("tutor", "course_advisor", {"advisor", "pool", "renewal"}),
        ("principal", "principal", {"principal"}),
        ("principal", "class_tutor", {"tutor", "renewal"}),
        ("chief", "course_advisor", {"advisor", "far advisor", "pool", "renewal", "far pool"}),
        ("chief", "night_desk", set()),
        # Who has not the role is shown no more than without it.
        ("advisor", "class_tutor", set()),
    ],
)
def test_a_role_has_the_tasks_of_its_people_and_what_nobody_owns(
    office: Office, who: str, role: str, notes: set[str]
) -> None:
    assert {task.note for task in office.sees(who, role)} == notes


def test_an_advisor_is_shown_what_waits_at_their_campus_but_not_what_was_written(office: Office) -> None:
    found = [(task.kind, task.note, bool(task.owner_id)) for task in office.sees("advisor", "course_advisor")]
    assert sorted(found) == [("follow_up", "", False), ("follow_up", "advisor", True), ("renewal", "", False)]
    (waiting,) = office.sees("advisor", "course_advisor", 'owner_id = null AND kind = "follow_up"')
    done = task_service_pb2.CompleteTaskRequest(task_id=waiting.task_id)
    advisor = office.people["advisor"]
    assert people.refused(lambda: advisor.tasks.CompleteTask(done)) == ("NOT_FOUND", "TASK_NOT_FOUND")


def test_a_role_is_a_code(office: Office) -> None:
    assert people.refused(lambda: office.sees("chief", "校长\0"))[0] == "INVALID_ARGUMENT"
