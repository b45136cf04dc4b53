"""Events from elsewhere: each delivered twice has its effect once, in any order that can happen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from lianxiao.billing.v1.billing_events_pb2 import ContractMessageDue, HoursBelowThreshold, OrderActivated, QuoteSent
from lianxiao.org.v1.org_events_pb2 import CampusChanged, StaffChanged, StaffRole
from lianxiao.scheduling.v1.scheduling_events_pb2 import TrialBooked, TrialResultRecorded
from services.lead.actions import customers, leads, merges
from services.lead.consumers import CONSUMERS
from services.lead.models import Assignment, Campus, Staff, StageChange, Task, Trial
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.testing.bus import deliver, published
from tests.lead import factories

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


class World:
    """A lead with an owner, committed, and a way to tell its service of events."""

    def __init__(self, database: Database, caller: Caller) -> None:
        self.database, self.caller = database, caller
        with database.begin(caller) as tx:
            self.campus = factories.campus(tx)
            self.advisor = factories.advisor(tx, self.campus)
            lead = factories.lead(tx, self.campus, owner_id=self.advisor, birth_date="2016-03-08", school="实验小学")
            self.lead, self.customer = lead.id, lead.customer_id

    def tell(self, event: Any) -> int:
        """Deliver an event twice; return how many handlings had an effect."""
        return deliver(self.database, CONSUMERS, event, self.caller.institution_id, times=2)

    def rows(self, model: Any) -> list[Any]:
        """Return all rows of a model."""
        with self.database.begin(self.caller, read_only=True) as tx:
            return list(tx.session.scalars(select(model)))

    def stage(self) -> str:
        """Return the lead's stage."""
        with self.database.begin(self.caller, read_only=True) as tx:
            return str(leads.get(tx, self.lead).stage)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Return what lead has published of a kind."""
        return published(self.database, self.caller.institution_id, kind)


@pytest.fixture
def world(database: Database, caller: Caller) -> World:
    return World(database, caller)


def _booked(world: World, trial: UUID) -> TrialBooked:
    return TrialBooked(
        trial_id=str(trial),
        lead_id=str(world.lead),
        customer_id=str(world.customer),
        lesson_id=str(uuid7()),
        campus_id=str(world.campus),
        course_id=str(uuid7()),
        teacher_id=str(uuid7()),
        start_time=NOW,
    )


def _result(world: World, trial: UUID, *, attended: bool = True) -> TrialResultRecorded:
    return TrialResultRecorded(
        trial_id=str(trial),
        lead_id=str(world.lead),
        customer_id=str(world.customer),
        campus_id=str(world.campus),
        attended=attended,
        result="suitable" if attended else "no_show",
        feedback="很专注",
        lesson_start_time=NOW,
    )


def _order(world: World, *, lead_id: str = "", customer: UUID | None = None) -> OrderActivated:
    return OrderActivated(
        order_id=str(uuid7()),
        customer_id=str(customer or world.customer),
        lead_id=lead_id,
        campus_id=str(world.campus),
        total_fen=300000,
        activate_time=NOW,
    )


def _hours(world: World, order: str, student: UUID | None = None) -> HoursBelowThreshold:
    return HoursBelowThreshold(
        student_id=str(student or world.customer),
        course_id=str(world.campus),
        campus_id=str(world.campus),
        remaining_hundredths=350,
        threshold_hundredths=400,
        order_id=order,
    )


def test_a_trial_is_booked_and_its_result_recorded(world: World) -> None:
    trial = uuid7()
    assert world.tell(_booked(world, trial)) == 1
    assert world.stage() == "trial_booked"
    assert world.tell(_result(world, trial)) == 1
    assert world.stage() == "trialled"
    rows = world.rows(Trial)
    assert [(row.id, row.state, row.result, row.lesson_id is not None) for row in rows] == [
        (trial, "attended", "suitable", True)
    ]
    assert [change.stage for change in world.rows(StageChange)].count("trialled") == 1


def test_a_result_that_comes_before_its_booking_stands(world: World) -> None:
    trial = uuid7()
    world.tell(_result(world, trial))
    world.tell(_booked(world, trial))
    assert world.stage() == "trialled"
    assert [(row.state, row.teacher_id is not None) for row in world.rows(Trial)] == [("attended", True)]


def test_a_child_that_did_not_come_was_not_trialled(world: World) -> None:
    world.tell(_result(world, uuid7(), attended=False))
    assert world.stage() == "trial_booked"
    assert [row.state for row in world.rows(Trial)] == ["no_show"]


@pytest.mark.parametrize("by_lead", [True, False])
def test_a_paid_order_enrols_the_lead_once_and_hands_its_profile_on(world: World, *, by_lead: bool) -> None:
    lead_id = str(world.lead) if by_lead else ""
    world.tell(_order(world, lead_id=lead_id))
    world.tell(_order(world, lead_id=lead_id))
    assert world.stage() == "enrolled"
    (event,) = world.events("lead_enrolled")
    assert (event["customer_id"], event["owner_id"]) == (str(world.customer), str(world.advisor))
    assert event["birth_date"] == {"year": 2016, "month": 3, "day": 8}
    assert "王小明" not in str(event)


def test_an_order_of_somebody_who_never_was_a_lead_is_not_ours(world: World) -> None:
    assert world.tell(_order(world, customer=uuid7())) == 1
    assert world.stage() == "enquiry"
    assert world.events("lead_enrolled") == []


def test_an_order_of_a_merged_lead_enrols_the_survivor(world: World) -> None:
    with world.database.begin(world.caller) as tx:
        other = factories.lead(tx, world.campus, **factories.stranger(1)).id
        merges.merge(tx, survivor=leads.get_for_update(tx, world.lead), merged=leads.get_for_update(tx, other))
        old = leads.get(tx, other).customer_id
        assert customers.resolve(tx, old) == world.customer
    world.tell(_order(world, lead_id=str(other), customer=old))
    assert world.stage() == "enrolled"


def test_few_hours_make_one_task_for_the_advisor_per_order(world: World) -> None:
    order = str(uuid7())
    for _ in range(2):
        world.tell(_hours(world, order))
    assert [(task.kind, task.owner_id, task.facts["remaining_hundredths"]) for task in world.rows(Task)] == [
        ("renewal", world.advisor, "350")
    ]
    world.tell(_hours(world, str(uuid7())))
    assert len(world.rows(Task)) == 2
    assert [event["owner_id"] for event in world.events("task_created")] == [str(world.advisor)] * 2


def test_few_hours_of_a_student_without_a_lead_are_the_campuss_task(world: World) -> None:
    world.tell(_hours(world, str(uuid7()), student=uuid7()))
    assert [(task.owner_id, task.lead_id, task.campus_id) for task in world.rows(Task)] == [(None, None, world.campus)]


def test_whoever_leaves_keeps_no_open_lead_and_no_open_task(world: World) -> None:
    world.tell(_hours(world, str(uuid7())))
    world.tell(StaffChanged(staff_id=str(world.advisor), display_name="顾问", active=False))
    with world.database.begin(world.caller, read_only=True) as tx:
        assert leads.get(tx, world.lead).owner_id is None
    assert [task.owner_id for task in world.rows(Task)] == [None]
    assert [row.previous_owner_id for row in world.rows(Assignment) if row.reason == "staff_left"] == [world.advisor]


def test_staff_and_campuses_follow_org(world: World) -> None:
    staff, campus = uuid7(), uuid7()
    roles = [
        StaffRole(role="teacher", campus_ids=[str(campus)]),
        StaffRole(role="course_advisor", campus_ids=[str(campus)]),
    ]
    world.tell(StaffChanged(staff_id=str(staff), display_name="王老师", active=True, roles=roles))
    world.tell(StaffChanged(staff_id=str(staff), display_name="王芳", active=False, roles=[StaffRole(role="hq_admin")]))
    world.tell(CampusChanged(campus_id=str(campus), name="旧名", time_zone="Asia/Shanghai", active=True))
    world.tell(CampusChanged(campus_id=str(campus), name="新名", time_zone="Asia/Urumqi", active=False))
    (person,) = [row for row in world.rows(Staff) if row.id == staff]
    (place,) = [row for row in world.rows(Campus) if row.id == campus]
    assert (person.display_name, person.active, person.roles, person.campus_ids) == ("王芳", False, ["hq_admin"], None)
    assert (place.name, place.time_zone, place.active) == ("新名", "Asia/Urumqi", False)


def test_the_link_to_a_quote_goes_on_with_the_address_of_the_family(world: World) -> None:
    sent = QuoteSent(
        quote_id=str(uuid7()),
        customer_id=str(world.customer),
        lead_id=str(world.lead),
        campus_id=str(world.campus),
        total_fen=5,
        path="/v1/publicQuotes/x/y",
        send_count=1,
    )
    assert world.tell(sent) == 1
    (event,) = world.events("quote_message_due")
    assert (event["lead_id"], event["quote_id"], event["total_fen"]) == (str(world.lead), sent.quote_id, "5")
    # A student is told by its guardians; a lead of nobody is nobody's.
    world.tell(QuoteSent(quote_id=str(uuid7()), customer_id=str(world.customer), campus_id=str(world.campus)))
    assert len(world.events("quote_message_due")) == 1


def test_the_code_to_sign_goes_on_with_the_address_of_the_family(world: World) -> None:
    due = ContractMessageDue(
        contract_id=str(uuid7()),
        customer_id=str(world.customer),
        lead_id=str(world.lead),
        campus_id=str(world.campus),
        cause="a code",
        path="/v1/publicContracts/x/y",
        code="012345",
    )
    assert world.tell(due) == 1
    (event,) = world.events("contract_notice_due")
    assert (event["lead_id"], event["contract_id"], event["cause"]) == (str(world.lead), due.contract_id, "a code")
    assert "012345" not in str(event)
    world.tell(ContractMessageDue(contract_id=str(uuid7()), customer_id=due.customer_id, campus_id=due.campus_id))
    assert len(world.events("contract_notice_due")) == 1
