"""Trials as leads know them: any order of events, reminders once and for the right time, owners, no-shows."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from lianxiao.lead.v1 import contact_service_pb2, follow_up_plan_pb2, follow_up_plan_service_pb2
from lianxiao.lead.v1.lead_events_pb2 import TrialReminderDue, TrialReminderWithdrawn, TrialsFollowedLead
from lianxiao.org.v1.org_events_pb2 import Handover, StaffChanged
from lianxiao.scheduling.v1.scheduling_events_pb2 import (
    TrialBooked,
    TrialCancelled,
    TrialInvited,
    TrialMoved,
    TrialResultRecorded,
)
from services.lead.actions import (
    assignments,
    contacts,
    follow_up_plans,
    follow_ups,
    handovers,
    leads,
    merges,
    plan_runs,
    policies,
    teaching,
    timelines,
    trial_reminders,
    trials,
)
from services.lead.actions.follow_ups import Contact
from services.lead.actions.teaching import Told
from services.lead.models import Lead, Task, TeachingHandover, Trial
from services.lead.rules import policy
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import DomainError, Refused
from shared.ids import uuid7
from shared.testing.bus import told
from tests.lead import factories
from tests.lead.people import Person

NOON = datetime(2030, 3, 4, 4, tzinfo=UTC)
STEPS = [{"title": "发资料", "offset_minutes": 60, "channel": "wechat"}]
TOLD = Told("应用题丢分", "期末 90 分")


class Way:
    """One trial of one lead, event by event."""

    def __init__(self, lead: Lead, campus: UUID, start: datetime) -> None:
        self.id = uuid7()
        self.start = start
        self.who: dict[str, Any] = {
            "trial_id": str(self.id),
            "lead_id": str(lead.id),
            "customer_id": str(lead.customer_id),
            "campus_id": str(campus),
        }

    def invited(self, tx: Tx) -> None:
        trials.on_invited(tx, TrialInvited(**self.who, course_id=str(uuid7())))

    def booked(self, tx: Tx) -> None:
        told = {"lesson_id": str(uuid7()), "course_name": "数学思维"}
        trials.on_booked(tx, TrialBooked(**self.who, **told, start_time=self.start))

    def moved(self, tx: Tx, hours: int = 24) -> None:
        trials.on_moved(tx, TrialMoved(**self.who, start_time=self.start + timedelta(hours=hours)))

    def result(self, tx: Tx, result: str = "suitable") -> None:
        event = TrialResultRecorded(**self.who, attended=result != "no_show", result=result)
        event.lesson_start_time.FromDatetime(self.start.replace(tzinfo=None))
        trials.on_result_recorded(tx, event)

    def cancelled(self, tx: Tx) -> None:
        trials.on_cancelled(tx, TrialCancelled(**self.who, reason="生病"))


def tasks_of(tx: Tx) -> list[tuple[str, str, str]]:
    tx.session.flush()
    tx.session.expire_all()
    return [(t.kind, t.state, t.cancel_reason or "") for t in tx.session.scalars(select(Task).order_by(Task.kind))]


@pytest.mark.parametrize("end", ["result", "cancelled"])
def test_the_events_of_a_trial_may_come_in_any_order(tx: Tx, end: str) -> None:
    campus = factories.campus(tx)
    for number, order in enumerate(itertools.permutations(("invited", "booked", "moved", end))):
        lead = factories.lead(tx, campus, **factories.stranger(number))
        way = Way(lead, campus, tx.now + timedelta(days=3))
        for step in order:
            getattr(way, step)(tx)
        tx.session.flush()
        trial = tx.session.get_one(Trial, (tx.institution_id, way.id))
        assert trial.state == {"result": "attended", "cancelled": "cancelled"}[end], order
        assert trial.course_name == "数学思维"
        if order.index("moved") < order.index(end):
            assert trial.start_time == way.start + timedelta(days=1), order
        mine = [t for t in tx.session.scalars(select(Task).where(Task.lead_id == lead.id)) if t.state == "open"]
        assert [task.kind for task in mine] == (["trial_opinion"] if end == "result" else []), order


def test_an_invitation_is_seen_and_asks_for_nothing(tx: Tx) -> None:
    campus = factories.campus(tx)
    lead = factories.lead(tx, campus)
    way = Way(lead, campus, tx.now)
    way.invited(tx)
    tx.session.flush()
    (trial,) = [row for row in timelines.page(tx, lead.id, size=20).rows if isinstance(row, Trial)]
    assert (trial.state, trial.start_time, lead.stage, tasks_of(tx)) == ("invited", None, "enquiry", [])


def test_who_did_not_come_is_to_be_booked_anew_until_it_is(tx: Tx) -> None:
    campus = factories.campus(tx)
    lead = factories.lead(tx, campus)
    first, second = (Way(lead, campus, tx.now + timedelta(days=n)) for n in (1, 2))
    first.booked(tx)
    first.result(tx, "no_show")
    assert ("trial_no_show", "open", "") in tasks_of(tx)
    second.booked(tx)
    assert ("trial_no_show", "done", "") in tasks_of(tx)
    # The other way round: it was booked anew before the first one was noted.
    other = factories.lead(tx, campus, **factories.stranger(2))
    late, early = (Way(other, campus, tx.now + timedelta(days=n)) for n in (1, 2))
    early.booked(tx)
    late.result(tx, "no_show")
    assert ("trial_no_show", "open", "") not in tasks_of(tx)
    second.result(tx, "no_show")
    assert ("trial_no_show", "open", "") in tasks_of(tx)
    leads.lose(tx, lead.id, reason="price")
    assert ("trial_no_show", "cancelled", "lost") in tasks_of(tx)


def test_a_trial_that_the_merged_lead_has_booked_counts_for_the_child(tx: Tx) -> None:
    campus = factories.campus(tx)
    survivor, merged = (factories.lead(tx, campus, **factories.stranger(number)) for number in (1, 2))
    missed, booked = Way(survivor, campus, tx.now), Way(merged, campus, tx.now + timedelta(days=2))
    missed.booked(tx)
    booked.booked(tx)
    merges.merge(tx, survivor=leads.get_for_update(tx, survivor.id), merged=leads.get_for_update(tx, merged.id))
    missed.result(tx, "no_show")
    assert not [kind for kind, *_ in tasks_of(tx) if kind == "trial_no_show"]


def test_nobody_books_anew_for_a_child_who_came_later_whatever_is_heard_first(tx: Tx) -> None:
    campus = factories.campus(tx)
    for number, order in enumerate(itertools.permutations(("missed", "booked", "came"))):
        lead = factories.lead(tx, campus, **factories.stranger(number))
        first, second = (Way(lead, campus, tx.now + timedelta(hours=n)) for n in (-20, 1))
        first.booked(tx)
        heard = {
            "missed": lambda way=first: way.result(tx, "no_show"),
            "booked": lambda way=second: way.booked(tx),
            "came": lambda way=second: way.result(tx),
        }
        for step in order:
            heard[step]()
        tx.session.flush()
        mine = tx.session.scalars(select(Task).where(Task.lead_id == lead.id, Task.state == "open"))
        assert [task.kind for task in mine] == ["trial_opinion"], order


def test_what_was_long_ago_or_is_settled_asks_for_nothing(tx: Tx) -> None:
    campus = factories.campus(tx)
    for number, result in enumerate(("suitable", "no_show")):
        lead = factories.lead(tx, campus, **factories.stranger(number))
        Way(lead, campus, tx.now - timedelta(days=15)).result(tx, result)
        leads.enter(tx, leads.get_for_update(tx, lead.id), "enrolled")
        tx.session.flush()
        Way(lead, campus, tx.now).result(tx, result)
    assert tasks_of(tx) == []


def test_a_moved_trial_is_reminded_of_at_its_new_time(tx: Tx) -> None:
    campus = factories.campus(tx)
    way = Way(factories.lead(tx, campus), campus, tx.now + timedelta(days=3))
    way.booked(tx)
    task = tx.session.scalars(select(Task)).one()
    task.watch = "reminded"
    way.moved(tx, 48)
    assert (task.due_time, task.watch) == (tx.now + timedelta(days=4), "")
    assert task.facts["start_time"] == (way.start + timedelta(days=2)).isoformat()


def test_a_family_is_reminded_once_and_again_for_another_time(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        campus = factories.campus(tx)
        lead = factories.lead(tx, factories.campus(tx), guardian_name="王建国", guardian_email="w@example.com")
        way = Way(lead, campus, NOON + timedelta(days=2))
        way.booked(tx)
    for hours in (23, 24, 25):
        with database.begin(caller, now=NOON + timedelta(hours=hours)) as tx:
            trial_reminders.step(tx)
    (event,) = told(database, caller.institution_id, TrialReminderDue)
    family = event.family
    assert (family.guardian_name, family.guardian_email, family.child_name) == ("王建国", "w@example.com", "王小明")
    assert (event.campus_name, event.course_name, family.may_contact) == ("徐汇校区", "数学思维", True)
    with database.begin(caller, now=NOON + timedelta(hours=26)) as tx:
        way.moved(tx)
        contacts.set_opt_out(tx, lead.id, opted_out=True)
    with database.begin(caller, now=NOON + timedelta(hours=49)) as tx:
        trial_reminders.step(tx)
    again = told(database, caller.institution_id, TrialReminderDue)[-1]
    assert again.start_time.ToDatetime(UTC) == NOON + timedelta(days=3)
    assert not again.family.may_contact
    with database.begin(caller, now=NOON + timedelta(hours=50)) as tx:
        way.cancelled(tx)
        trial_reminders.step(tx)
    gone = [event.start_time.ToDatetime(UTC) for event in told(database, caller.institution_id, TrialReminderWithdrawn)]
    assert gone == [NOON + timedelta(days=2), NOON + timedelta(days=3)]
    due = [event.reminder_number for event in told(database, caller.institution_id, TrialReminderDue)]
    taken_back = [event.reminder_number for event in told(database, caller.institution_id, TrialReminderWithdrawn)]
    assert due == taken_back == [1, 2]


def test_how_early_is_the_campuss_to_say_and_a_lost_family_is_left_alone(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        late, never = factories.campus(tx), factories.campus(tx)
        policies.change(tx, late, {policy.TRIAL_REMINDER_HOURS: 2}, None)
        policies.change(tx, never, {policy.TRIAL_REMINDER_HOURS: 0}, None)
        for number, campus in enumerate((late, never, late)):
            lead = factories.lead(tx, campus, **factories.stranger(number))
            Way(lead, campus, NOON + timedelta(hours=5)).booked(tx)
        leads.lose(tx, lead.id, reason="price")
    counts = []
    for hours in (2, 3, 6):
        with database.begin(caller, now=NOON + timedelta(hours=hours)) as tx:
            trial_reminders.step(tx)
        counts.append(len(told(database, caller.institution_id, TrialReminderDue)))
    assert counts == [0, 1, 1]


def test_trials_follow_their_lead_to_its_new_owner(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        owner = factories.advisor(tx, campus)
        lead, other = (factories.lead(tx, campus, **factories.stranger(number)) for number in (1, 2))
        Way(lead, campus, tx.now).invited(tx)
    with database.begin(caller) as tx:
        for each in (lead, other):
            assignments.assign(tx, each.id, owner_id=owner)
    (event,) = told(database, caller.institution_id, TrialsFollowedLead)
    assert (event.lead_id, event.owner_id) == (str(lead.id), str(owner))


CAUSES: dict[str, Callable[[Tx, Lead], object]] = {
    "reply": lambda tx, lead: follow_ups.add(tx, lead.id, Contact("wechat", "想了解价格", direction="inbound")),
    "booking": lambda tx, lead: Way(lead, lead.campus_id, factories.later(tx, 1)).booked(tx),
    "enrolment": lambda tx, lead: leads.enter(tx, lead, "enrolled"),
    "opt_out": lambda tx, lead: contacts.set_opt_out(tx, lead.id, opted_out=True),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_a_plan_stops_by_itself_unless_it_goes_on(tx: Tx, cause: str) -> None:
    lead = factories.lead(tx, factories.campus(tx))
    stopping = follow_up_plans.create(tx, name="七天", steps=STEPS)
    going_on = follow_up_plans.create(tx, name="关怀", steps=STEPS, continues_after=[cause])
    runs = [plan_runs.start(tx, lead.id, plan.id) for plan in (stopping, going_on)]
    follow_ups.add(tx, lead.id, Contact("phone", "没接", result="no_answer"))
    tx.session.flush()
    tx.session.expire_all()
    assert [run.state for run in runs] == ["running", "running"], "what we do ourselves stops nothing"
    CAUSES[cause](tx, lead)
    tx.session.flush()
    tx.session.expire_all()
    reason = {"enrolment": "enrolled"}.get(cause, cause)
    assert [(run.state, run.stop_reason) for run in runs] == [("stopped", reason), ("running", "")]
    steps = {task.plan_run_id: task for task in tx.session.scalars(select(Task).where(Task.kind == "plan_step"))}
    found = [(steps[run.id].state, steps[run.id].cancel_reason) for run in runs]
    assert found == [("cancelled", reason), ("open", None)]


def test_nothing_is_started_on_a_family_that_opted_out_whichever_lead_carries_on(tx: Tx) -> None:
    campus = factories.campus(tx)
    survivor, other = (factories.lead(tx, campus, **factories.stranger(number)) for number in (1, 2))
    contacts.set_opt_out(tx, other.id, opted_out=True)
    merges.merge(tx, survivor=leads.get_for_update(tx, survivor.id), merged=leads.get_for_update(tx, other.id))
    plan = follow_up_plans.create(tx, name="七天", steps=STEPS)
    with pytest.raises(Refused) as error:
        plan_runs.start(tx, survivor.id, plan.id)
    assert error.value.reason == "LEAD_OPTED_OUT"
    contacts.set_opt_out(tx, survivor.id, opted_out=False)
    assert plan_runs.start(tx, survivor.id, plan.id).state == "running"


@pytest.mark.parametrize("receives", [True, False])
def test_a_handover_that_waits_for_a_teacher_who_leaves_finds_another(
    database: Database, caller: Caller, *, receives: bool
) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        owner, teacher, receiver = (factories.advisor(tx, campus) for _ in range(3))
        lead = factories.lead(tx, campus, owner_id=owner)
        leads.move(tx, lead.id, stage="signed")
        course = uuid7()
        teaching.hand_over(tx, lead.id, course_id=course, teacher_id=teacher, told=TOLD)
    plan = Handover(handover_id=str(uuid7()), teaching_receiver_id=str(receiver) if receives else "")
    left = StaffChanged(staff_id=str(teacher), display_name="教师", active=False, handover=plan)
    with database.begin(caller) as tx:
        handovers.on_staff_changed(tx, left)
    with database.begin(caller) as tx:
        row = tx.session.scalars(select(TeachingHandover)).one()
        assert row.owner_id == (receiver if receives else None)
        found = {(task.kind, task.owner_id) for task in tx.session.scalars(select(Task)) if task.state == "open"}
        assert found == {("first_lesson_plan", receiver) if receives else ("teaching_handover", owner)}
        if not receives:
            again = teaching.hand_over(tx, lead.id, course_id=course, teacher_id=receiver, told=TOLD)
            assert again.id == row.id
            kinds = [(kind, state) for kind, state, _ in tasks_of(tx)]
            assert kinds.count(("first_lesson_plan", "open")) == 1
            assert ("teaching_handover", "done") in kinds


@pytest.mark.parametrize("missing", [Told(" ", "90 分"), Told("丢分", "\u3000")])
def test_a_handover_says_what_hurts_and_what_is_hoped_for(tx: Tx, missing: Told) -> None:
    with pytest.raises(DomainError) as error:
        teaching.hand_over(tx, uuid7(), course_id=uuid7(), teacher_id=uuid7(), told=missing)
    assert error.value.reason == "TEXT_MISSING"


def test_opting_out_and_plans_that_go_on_on_the_wire(chief: Person, campus: UUID) -> None:
    lead_id = chief.capture(campus).lead.lead_id
    plan = follow_up_plan_pb2.FollowUpPlan(
        name="关怀",
        steps=[follow_up_plan_pb2.PlanStep(title="问候", offset_minutes=5)],
        continues_after=[follow_up_plan_pb2.PLAN_STOP_CAUSE_OPT_OUT],
    )
    create = follow_up_plan_service_pb2.CreateFollowUpPlanRequest(follow_up_plan=plan)
    made = chief.plans.CreateFollowUpPlan(create).follow_up_plan
    assert list(made.continues_after) == [follow_up_plan_pb2.PLAN_STOP_CAUSE_OPT_OUT]
    gone = contact_service_pb2.SetOptOutRequest(lead_id=lead_id, opted_out=True)
    assert chief.contacts.SetOptOut(gone).lead.HasField("opt_out_time")
    start = follow_up_plan_service_pb2.StartFollowUpPlanRequest(
        lead_id=lead_id, follow_up_plan_id=made.follow_up_plan_id
    )
    assert chief.plans.StartFollowUpPlan(start).plan_run.state == follow_up_plan_pb2.PLAN_RUN_STATE_RUNNING
    back = contact_service_pb2.SetOptOutRequest(lead_id=lead_id)
    assert not chief.contacts.SetOptOut(back).lead.HasField("opt_out_time")
