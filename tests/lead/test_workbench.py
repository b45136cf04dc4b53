"""An advisor's home: today's tasks, own students and their hours, what is about to go wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from lianxiao.billing.v1.billing_events_pb2 import HoursBelowThreshold, HoursConsumed, HoursRestored
from lianxiao.lead.v1 import workbench_pb2, workbench_service_pb2
from services.lead.actions import leads, studies, tasks, workbenches
from services.lead.actions.tasks import Work
from services.lead.consumers import CONSUMERS
from services.lead.models import StudyConsumption
from shared.caller import Caller
from shared.db import Database
from shared.errors import NotFound
from shared.ids import uuid7
from shared.testing import callers
from shared.testing.bus import deliver
from shared.testing.wire import Wire
from tests.lead import factories, people
from tests.lead.people import Person
from tests.lead.selling import APRIL, MONTH, World

# Half past seven on the first of April, in the morning of Shanghai.
MORNING = APRIL + timedelta(hours=7)


@pytest.fixture
def world(database: Database, caller: Caller) -> World:
    found = World(database, caller)
    found.order(0, 100_00)
    return found


def _who(world: World) -> dict[str, Any]:
    customer = str(world.leads[0].customer_id)
    return {"student_id": customer, "course_id": str(world.course), "campus_id": str(world.campus)}


def _consumed(world: World, hundredths: int, left: int, *, at: datetime, key: UUID | None = None) -> UUID:
    key = key or uuid7()
    event = HoursConsumed(
        consumption_id=str(key), consumed_hundredths=hundredths, remaining_hundredths=left, **_who(world)
    )
    event.lesson_start_time.FromDatetime(at.replace(tzinfo=None))
    deliver(world.database, CONSUMERS, event, world.caller.institution_id, times=2)
    return key


def _restored(world: World, key: UUID, left: int) -> None:
    event = HoursRestored(consumption_id=str(key), restored_hundredths=100, remaining_hundredths=left, **_who(world))
    deliver(world.database, CONSUMERS, event, world.caller.institution_id, times=2)


def _hours(world: World) -> list[tuple[int, int]]:
    with world.database.begin(world.caller) as tx:
        found = studies.hours(tx, [world.leads[0].customer_id], MONTH)
        return [(each.consumed_hundredths, each.remaining_hundredths) for each in found]


def test_hours_follow_consumption_and_what_is_taken_back_in_any_order(world: World) -> None:
    # The last hour of March in Shanghai, and half past midnight of April.
    _consumed(world, 100, 900, at=APRIL - timedelta(hours=1))
    assert _hours(world) == [(0, 900)]
    taken = _consumed(world, 150, 750, at=APRIL)
    assert _hours(world) == [(150, 750)]
    _restored(world, taken, 900)
    assert _hours(world) == [(0, 900)]
    early = uuid7()
    _restored(world, early, 900)
    _consumed(world, 200, 700, at=APRIL, key=early)
    _consumed(world, 50, 850, at=APRIL)
    assert _hours(world) == [(50, 850)]
    with world.database.begin(world.caller) as tx:
        assert tx.session.query(StudyConsumption).count() == 4


def _task(tx: Any, world: World, owner: UUID, due: datetime, number: int) -> None:
    tasks.create(tx, Work("follow_up", due, world.campus, origin=f"test|{number}"), owner_id=owner)


def test_a_workbench_shows_today_own_students_and_what_is_about_to_go_wrong(world: World) -> None:
    one, two = world.advisors
    _consumed(world, 150, 350, at=APRIL)
    low = HoursBelowThreshold(remaining_hundredths=350, threshold_hundredths=500, order_id=str(uuid7()), **_who(world))
    deliver(world.database, CONSUMERS, low, world.caller.institution_id)
    with world.database.begin(world.caller, now=MORNING) as tx:
        for number, hours in enumerate((-1, 1, 16, 17)):
            _task(tx, world, one, MORNING + timedelta(hours=hours), number)
        fresh, quiet, forgotten = (
            leads.get_for_update(tx, factories.lead(tx, world.campus, owner_id=one, **factories.stranger(n)).id)
            for n in (5, 6, 7)
        )
        fresh.response_state, fresh.response_due_time = "waiting", MORNING + timedelta(minutes=30)
        quiet.response_state, quiet.warn_time = "exempt", MORNING
        quiet.owner_time = quiet.create_time = MORNING - timedelta(days=9)
        forgotten.response_state, forgotten.next_contact_time = "exempt", MORNING - timedelta(hours=2)
        wanted = {fresh.id: "unanswered", quiet.id: "recycled", forgotten.id: "promise_missed"}
    with world.database.begin(world.caller, now=MORNING) as tx:
        found = workbenches.get(tx, one)
        # The evening is that of Shanghai: the task of 23:30 is of today, that of half past midnight is not.
        assert found.day == MONTH
        assert (found.task_count, found.overdue_count, len(found.tasks)) == (3, 1, 3)
        (student,) = found.students
        assert (student.lead.id, found.student_count) == (world.leads[0].id, 1)
        assert [(each.consumed_hundredths, each.remaining_hundredths) for each in student.hours] == [(150, 350)]
        assert student.renewal is not None
        assert {each.lead.id: each.kind for each in found.warnings} == wanted
        assert [each.time for each in found.warnings] == sorted(each.time for each in found.warnings)
        other = workbenches.get(tx, two)
        assert (other.task_count, other.students, other.warnings) == (0, [], [])
        with pytest.raises(NotFound):
            workbenches.get(tx, uuid7())


def test_ones_own_workbench_on_the_wire(wire: Wire, database: Database, caller: Caller, campus: UUID) -> None:
    me = people.advisor(wire, database, caller, campus, "workbench.read", "pii.read")
    other = people.advisor(wire, database, caller, campus)
    for who, number in ((me, 1), (other, 2)):
        with database.begin(caller) as tx:
            told = factories.lead(tx, campus, owner_id=who.id, **factories.stranger(number))
            lead = leads.get_for_update(tx, told.id)
            lead.next_contact_time = tx.now - timedelta(hours=1)
    mine = me.workbench.GetWorkbench(workbench_service_pb2.GetWorkbenchRequest()).workbench
    assert [(each.kind, each.child_name) for each in mine.warnings] == [
        (workbench_pb2.WORKBENCH_WARNING_KIND_PROMISE_MISSED, factories.stranger(1)["child_name"])
    ]
    theirs = me.workbench.GetWorkbench(workbench_service_pb2.GetWorkbenchRequest(staff_id=str(other.id))).workbench
    assert not theirs.warnings
    chief = Person(wire, callers.staff(caller.institution_id))
    seen = chief.workbench.GetWorkbench(workbench_service_pb2.GetWorkbenchRequest(staff_id=str(other.id))).workbench
    assert len(seen.warnings) == 1
