"""Plans that start by themselves: when a lead comes to meet them, once, and on nobody who is to be left alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import select

from lianxiao.lead.v1 import follow_up_plan_pb2 as pb
from lianxiao.lead.v1 import follow_up_plan_service_pb2 as service_pb
from lianxiao.lead.v1 import lead_pb2
from services.lead.actions import (
    contacts,
    follow_up_plans,
    grades,
    intake,
    leads,
    merges,
    plan_runs,
    plan_starts,
)
from services.lead.models import PlanCue, PlanRun, Task
from services.lead.rules.plans import Trigger
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import Refused
from shared.ids import uuid7
from tests.lead import factories, people
from tests.lead.people import Person

STEPS = [{"title": "问候", "offset_minutes": 0, "channel": ""}]
CONTACTED = Trigger(stages=["contacted"])


def plan(tx: Tx, trigger: Trigger | None = CONTACTED, **details: Any) -> UUID:
    return follow_up_plans.create(tx, **{"name": "培育", "steps": STEPS, "trigger": trigger} | details).id


def lead(tx: Tx, campus: UUID, number: int = 1) -> Any:
    """Return a lead that is an enquiry of grade C."""
    found = factories.lead(tx, campus, **factories.stranger(number))
    return grades.by_hand(tx, found.id, grade="c", reason="起点")


def started(tx: Tx, lead_id: UUID) -> set[UUID]:
    tx.session.flush()
    plan_starts.step(tx)
    return set(tx.session.scalars(select(PlanRun.plan_id).where(PlanRun.lead_id == lead_id)))


def test_a_lead_that_enters_a_stage_or_gets_a_grade_has_the_plans_of_it_started(tx: Tx) -> None:
    campus = factories.campus(tx)
    fresh, contacted, of_b, both = (
        plan(tx, trigger)
        for trigger in (
            Trigger(stages=["enquiry"]),
            CONTACTED,
            Trigger(grades=["b"]),
            Trigger(stages=["contacted"], grades=["a"]),
        )
    )
    one = lead(tx, campus)
    assert started(tx, one.id) == {fresh}
    leads.move(tx, one.id, stage="contacted")
    assert started(tx, one.id) == {fresh, contacted}
    grades.by_hand(tx, one.id, grade="b", reason="有意向")
    assert started(tx, one.id) == {fresh, contacted, of_b}
    grades.by_hand(tx, one.id, grade="a", reason="很有意向")
    assert started(tx, one.id) == {fresh, contacted, of_b, both}
    assert len(tx.session.scalars(select(Task)).all()) == 4
    assert tx.session.scalars(select(PlanCue)).all() == []


def test_who_was_there_before_the_plan_is_left_alone_until_something_changes(tx: Tx) -> None:
    one = lead(tx, factories.campus(tx))
    leads.move(tx, one.id, stage="contacted")
    tx.session.flush()
    in_stage, in_both = plan(tx), plan(tx, Trigger(stages=["contacted"], grades=["b"]))
    grades.by_hand(tx, one.id, grade="b", reason="有意向")
    assert started(tx, one.id) == {in_both}
    leads.move(tx, one.id, stage="quoted")
    leads.move(tx, one.id, stage="contacted")
    assert started(tx, one.id) == {in_both, in_stage}


@pytest.mark.parametrize("end", ["stopped", "done", "by_hand", "merged"])
def test_a_plan_starts_by_itself_once_whatever_became_of_it(tx: Tx, end: str) -> None:
    campus = factories.campus(tx)
    one, wanted = lead(tx, campus), plan(tx)
    if end == "by_hand":
        run = plan_runs.start(tx, one.id, wanted)
    else:
        leads.move(tx, one.id, stage="contacted")
        assert started(tx, one.id) == {wanted}
        (run,) = tx.session.scalars(select(PlanRun)).all()
    if end == "merged":
        other = lead(tx, campus, 2)
        tx.session.flush()
        survivor, merged = (leads.get_for_update(tx, each.id) for each in (other, one))
        merges.merge(tx, survivor=survivor, merged=merged)
        one = survivor
    elif end == "done":
        run.state, run.end_time = "done", tx.now
    else:
        plan_runs.stop(tx, run.id)
    for stage in ("quoted", "contacted"):
        leads.move(tx, one.id, stage=stage)
    started(tx, one.id)
    assert len(tx.session.scalars(select(PlanRun)).all()) == 1
    if end == "stopped":
        assert plan_runs.start(tx, one.id, wanted).state == "running", "by hand it can be started again"


def _imported(tx: Tx, campus: UUID, number: int) -> Any:
    arrival = factories.arrival(campus, **factories.stranger(number))
    return intake.take_in(tx, [replace(arrival, import_id=uuid7())])[0].lead


def test_leads_of_files_have_only_plans_started_that_say_so(tx: Tx) -> None:
    campus = factories.campus(tx)
    everybody, _own = (
        plan(tx, Trigger(stages=["enquiry"], includes_imports=True)),
        plan(tx, Trigger(stages=["enquiry"])),
    )
    assert started(tx, _imported(tx, campus, 3).id) == {everybody}


def test_on_whom_a_plan_is_not_started(tx: Tx) -> None:
    campus = factories.campus(tx)
    one = lead(tx, campus)
    wanted = plan(tx)
    plan(tx, paused=True)
    plan(tx, campus_id=factories.campus(tx))
    plan(tx, None)
    contacts.set_opt_out(tx, one.id, opted_out=True)
    leads.move(tx, one.id, stage="contacted")
    assert started(tx, one.id) == set()
    contacts.set_opt_out(tx, one.id, opted_out=False)
    assert started(tx, one.id) == set(), "the moment is over"
    two = lead(tx, campus, 2)
    leads.move(tx, two.id, stage="contacted")
    leads.move(tx, two.id, stage="quoted")
    assert started(tx, two.id) == set(), "it has moved on"
    leads.move(tx, two.id, stage="contacted")
    leads.lose(tx, two.id, reason="price")
    assert started(tx, two.id) == set()
    three = lead(tx, campus, 3)
    leads.move(tx, three.id, stage="contacted")
    follow_up_plans.update(tx, wanted, {"trigger": None})
    assert started(tx, three.id) == set(), "the plan says otherwise by now"


def test_two_triggers_and_a_hand_at_once_start_one_run(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        one, both = lead(tx, factories.campus(tx)), plan(tx, Trigger(stages=["contacted"], grades=["a"]))
    with database.begin(caller) as tx:
        leads.move(tx, one.id, stage="contacted")
        grades.by_hand(tx, one.id, grade="a", reason="很有意向")

    def work(number: int) -> str:
        try:
            with database.begin(caller) as tx:
                if number % 2:
                    plan_runs.start(tx, one.id, both)
                else:
                    plan_starts.step(tx)
        except Refused as refused:
            return refused.reason
        return ""

    with ThreadPoolExecutor(8) as pool:
        said = set(pool.map(work, range(8)))
    assert said <= {"", "PLAN_RUNNING"}
    with database.begin(caller) as tx:
        plan_starts.step(tx)
        assert [run.state for run in tx.session.scalars(select(PlanRun))] == ["running"]
        assert tx.session.scalars(select(PlanCue)).all() == []


def test_a_lead_that_somebody_works_on_is_looked_at_later_and_the_others_now(
    database: Database, caller: Caller
) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        plan(tx)
        busy, free = (lead(tx, campus, number) for number in (1, 2))
        for each in (busy, free):
            leads.move(tx, each.id, stage="contacted")
    with database.begin(caller) as working:
        leads.get_for_update(working, busy.id)
        with database.begin(caller) as tx:
            assert plan_starts.step(tx) is False
    for found in ({free.id}, {busy.id, free.id}):
        with database.begin(caller) as tx:
            assert set(tx.session.scalars(select(PlanRun.lead_id))) == found
            plan_starts.step(tx)


def test_an_advisor_who_sees_only_own_leads_sets_plans_off_too(
    database: Database, caller: Caller, campus: UUID, wire: Any
) -> None:
    with database.begin(caller) as tx:
        wanted = plan(tx, Trigger(stages=["enquiry"]), campus_id=campus)
    advisor = people.advisor(wire, database, caller, campus)
    lead_id = UUID(advisor.capture(campus).lead.lead_id)
    with database.begin(caller) as tx:
        assert started(tx, lead_id) == {wanted}


def test_triggers_on_the_wire(chief: Person) -> None:
    trigger = pb.PlanTrigger(
        stages=[lead_pb2.LEAD_STAGE_CONTACTED], grades=[lead_pb2.LEAD_GRADE_A], includes_imports=True
    )
    wanted = pb.FollowUpPlan(name="培育", steps=[pb.PlanStep(title="问候")], trigger=trigger)
    create = service_pb.CreateFollowUpPlanRequest(follow_up_plan=wanted)
    made = chief.plans.CreateFollowUpPlan(create).follow_up_plan
    assert made.trigger == trigger
    for wrong, reason in (
        (pb.PlanTrigger(includes_imports=True), "PLAN_TRIGGER_EMPTY"),
        (pb.PlanTrigger(stages=[lead_pb2.LEAD_STAGE_LOST]), "PLAN_TRIGGER_CLOSED"),
    ):
        create.follow_up_plan.trigger.CopyFrom(wrong)
        assert people.refused(lambda: chief.plans.CreateFollowUpPlan(create)) == ("INVALID_ARGUMENT", reason)
    made.ClearField("trigger")
    change = service_pb.UpdateFollowUpPlanRequest(follow_up_plan=made, update_mask=FieldMask(paths=["name"]))
    assert chief.plans.UpdateFollowUpPlan(change).follow_up_plan.trigger == trigger
    change.update_mask.paths[:] = ["trigger"]
    assert not chief.plans.UpdateFollowUpPlan(change).follow_up_plan.HasField("trigger")
