"""What a plan tells a family by itself: once, in time, and not after the plan has stopped."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from lianxiao.lead.v1 import follow_up_plan_pb2, follow_up_plan_service_pb2, lead_service_pb2
from lianxiao.lead.v1.lead_events_pb2 import PlanMessageDue, PlanMessagesWithdrawn
from services.lead.actions import (
    completions,
    contacts,
    follow_up_plans,
    follow_ups,
    leads,
    merges,
    plan_messages,
    plan_runs,
)
from services.lead.actions.follow_ups import Contact
from services.lead.models import PlanMessage, PlanRun, Task
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import InvalidInput
from shared.testing.bus import told
from shared.testing.waiting import somebody_waits, until
from tests.lead import factories, people
from tests.lead.people import Person

NOON = datetime(2030, 3, 4, 4, tzinfo=UTC)
TEXT = "{guardian}您好：{student}的顾问{advisor}在{campus}等您。"


def message(days: int, channel: str = "email", **told_: Any) -> dict[str, Any]:
    words: dict[str, Any] = {"subject": "{student}的学习建议", "text": TEXT} | told_
    return {"title": f"第 {days} 天", "offset_minutes": days * 1440, "channel": channel, "message": words}


CALL = {"title": "电话", "offset_minutes": 1440, "channel": "phone"}


def begun(database: Database, caller: Caller, *steps: dict[str, Any], **plan: Any) -> tuple[UUID, UUID]:
    """Start a plan of these steps on a new lead at noon; return lead and run."""
    with database.begin(caller, now=NOON) as tx:
        campus = factories.campus(tx)
        owner = factories.advisor(tx, campus)
        known = {"guardian_name": "王建国", "guardian_email": "w@example.com", "wechat_id": "wang_88"}
        lead = factories.lead(tx, campus, owner_id=owner, **known)
        made = follow_up_plans.create(tx, name="七天", steps=steps or [message(0), message(1)], **plan)
        return lead.id, plan_runs.start(tx, lead.id, made.id).id


def go_on(database: Database, caller: Caller, **later: float) -> None:
    with database.begin(caller, now=NOON + timedelta(**later)) as tx:
        plan_messages.step(tx)


def handed_over(database: Database, caller: Caller) -> list[int]:
    return [event.step for event in told(database, caller.institution_id, PlanMessageDue)]


def withdrawn(database: Database, caller: Caller) -> list[list[int]]:
    return [list(event.steps) for event in told(database, caller.institution_id, PlanMessagesWithdrawn)]


def state(database: Database, caller: Caller) -> tuple[str, str]:
    with database.begin(caller) as tx:
        run = tx.session.scalars(select(PlanRun)).one()
        return run.state, run.stop_reason


def test_each_message_is_told_once_at_its_time_with_the_names_of_the_family(database: Database, caller: Caller) -> None:
    begun(database, caller, message(0), message(1, "sms"), message(2, "wechat", subject=""))
    counts = []
    for hours in (0, 0, 23, 24, 24, 48, 72):
        go_on(database, caller, hours=hours)
        counts.append(len(handed_over(database, caller)))
    assert counts == [1, 1, 1, 2, 2, 3, 3]
    first, _, last = told(database, caller.institution_id, PlanMessageDue)
    assert (first.subject, first.text) == ("王小明的学习建议", "王建国您好：王小明的顾问顾问在徐汇校区等您。")
    assert (first.channel, first.family.guardian_email, first.family.may_contact) == ("email", "w@example.com", True)
    assert (last.channel, last.subject, last.family.wechat_id) == ("wechat", "第 2 天", "wang_88")
    assert state(database, caller) == ("done", "")


@pytest.mark.parametrize(("role", "heard"), [("buyer", "给付款人"), ("user", "给大家"), ("", "给大家")])
def test_who_decides_is_told_what_is_for_them(database: Database, caller: Caller, role: str, heard: str) -> None:
    texts = {"buyer": "{guardian}：给付款人", "decision_maker": "{guardian}：给决策人"}
    lead_id, _ = begun(database, caller, message(0, text="{guardian}：给大家"), message(1))
    with database.begin(caller, now=NOON) as tx:
        run = tx.session.scalars(select(PlanRun)).one()
        run.messages = [each | {"role_texts": texts} for each in run.messages or ()]
        contacts.create(tx, lead_id, contacts.Details("李梅", "13900139000", "decision_maker", 90))
        if role:
            contacts.create(tx, lead_id, contacts.Details("王建国", factories.PHONE, role, 10))
    go_on(database, caller)
    (event,) = told(database, caller.institution_id, PlanMessageDue)
    assert event.text == f"王建国：{heard}"


def test_a_run_ends_with_the_last_of_its_tasks_and_messages(database: Database, caller: Caller) -> None:
    begun(database, caller, message(0), CALL, message(2))
    with database.begin(caller) as tx:
        (task,) = tx.session.scalars(select(Task)).all()
        completions.complete(tx, task.id)
    go_on(database, caller)
    assert state(database, caller) == ("running", "")
    go_on(database, caller, days=2)
    assert state(database, caller) == ("done", "")


def test_a_message_due_at_night_waits_for_the_morning(database: Database, caller: Caller) -> None:
    begun(database, caller, message(0) | {"offset_minutes": 12 * 60})
    go_on(database, caller, hours=19.9)
    assert handed_over(database, caller) == []
    go_on(database, caller, hours=20)
    assert handed_over(database, caller) == [1]


STOPS: dict[str, Callable[[Tx, UUID], object]] = {
    "reply": lambda tx, lead: follow_ups.add(tx, lead, Contact("wechat", "想了解", direction="inbound")),
    "enrolled": lambda tx, lead: leads.enter(tx, leads.get_for_update(tx, lead), "enrolled"),
    "lost": lambda tx, lead: leads.lose(tx, lead, reason="price"),
    "opt_out": lambda tx, lead: contacts.set_opt_out(tx, lead, opted_out=True),
}


@pytest.mark.parametrize("cause", STOPS)
def test_a_stopped_plan_tells_nothing_more_and_takes_back_what_waits(
    database: Database, caller: Caller, cause: str
) -> None:
    lead, _ = begun(database, caller)
    go_on(database, caller)
    with database.begin(caller, now=NOON + timedelta(hours=1)) as tx:
        STOPS[cause](tx, lead)
    go_on(database, caller, days=1)
    assert state(database, caller) == ("stopped", cause)
    assert handed_over(database, caller) == [1]
    assert withdrawn(database, caller) == [[1]]


def test_a_plan_that_goes_on_after_the_opt_out_does_not_write_to_the_family(database: Database, caller: Caller) -> None:
    lead, _ = begun(database, caller, message(0), message(1), CALL, continues_after=["opt_out"])
    go_on(database, caller)
    with database.begin(caller, now=NOON + timedelta(hours=1)) as tx:
        contacts.set_opt_out(tx, lead, opted_out=True)
    go_on(database, caller, days=1)
    assert state(database, caller) == ("running", "")
    assert withdrawn(database, caller) == [[1]]
    wanted = [event.family.may_contact for event in told(database, caller.institution_id, PlanMessageDue)]
    assert wanted == [True, False]


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_wish_to_be_left_alone_takes_back_what_is_handed_over_at_that_moment(
    database: Database, caller: Caller, *, goes_on: bool
) -> None:
    lead, _ = begun(database, caller, continues_after=["opt_out"] if goes_on else [])

    def opt_out() -> None:
        with database.begin(caller, now=NOON + timedelta(minutes=1)) as tx:
            contacts.set_opt_out(tx, lead, opted_out=True)

    with ThreadPoolExecutor(1) as pool:
        with database.begin(caller, now=NOON) as tx:
            plan_messages.step(tx)
            gone = pool.submit(opt_out)
            until(lambda: somebody_waits(database), what="the wish waits for the run that is held")
        gone.result(timeout=30)
    assert handed_over(database, caller) == [1]
    assert withdrawn(database, caller) == [[1]]


def test_many_workers_hand_each_message_over_once(database: Database, caller: Caller) -> None:
    begun(database, caller)

    def work(_number: int) -> None:
        go_on(database, caller, days=1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert sorted(handed_over(database, caller)) == [1, 2]


def test_what_rested_with_a_merge_is_told_afterwards_unless_its_time_is_over(
    database: Database, caller: Caller
) -> None:
    lead, _ = begun(database, caller, message(1), message(5))
    with database.begin(caller, now=NOON) as tx:
        survivor = factories.lead(tx, factories.campus(tx), **factories.stranger(1))
    with database.begin(caller, now=NOON) as tx:
        kept, gone = (leads.get_for_update(tx, each) for each in (survivor.id, lead))
        merge_id = merges.merge(tx, survivor=kept, merged=gone).id
    go_on(database, caller, days=3)
    with database.begin(caller, now=NOON + timedelta(days=3)) as tx:
        merges.undo(tx, merge_id)
    go_on(database, caller, days=3)
    go_on(database, caller, days=5)
    assert handed_over(database, caller) == [2]
    with database.begin(caller) as tx:
        rows = tx.session.scalars(select(PlanMessage).order_by(PlanMessage.step)).all()
        assert [(row.step, row.reason) for row in rows] == [(1, "TOO_LATE"), (2, "")]


@pytest.mark.parametrize(
    ("words", "field", "reason"),
    [
        ({"text": "{phone}"}, "text", "TEMPLATE_VARIABLE_UNKNOWN"),
        ({"subject": "{student"}, "subject", "TEMPLATE_BRACES"),
        ({"text": " \u3000"}, "text", "TEXT_MISSING"),
        ({"role_texts": {"buyer": "{phone}"}}, "role_texts", "TEMPLATE_VARIABLE_UNKNOWN"),
        ({"role_texts": {"buyer": " "}}, "role_texts", "TEXT_MISSING"),
    ],
)
def test_a_message_that_cannot_be_filled_in_is_refused_when_the_plan_is_saved(
    tx: Tx, words: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(InvalidInput) as error:
        follow_up_plans.create(tx, name="七天", steps=[CALL, message(1, **words)])
    assert (error.value.reason, error.value.info["field"]) == (reason, f"follow_up_plan.steps[1].message.{field}")


def test_a_message_on_the_wire_and_in_the_history_of_its_lead(
    database: Database, caller: Caller, chief: Person, campus: UUID
) -> None:
    buyer = {"role": "CONTACT_ROLE_BUYER", "text": "学费一览"}
    told_ = {"channel": "STEP_MESSAGE_CHANNEL_SMS", "text": TEXT, "role_texts": [buyer]}
    wanted = follow_up_plan_pb2.PlanStep(title="欢迎", message=told_)
    plan = follow_up_plan_pb2.FollowUpPlan(name="新客", steps=[wanted])
    create = follow_up_plan_service_pb2.CreateFollowUpPlanRequest(follow_up_plan=plan)
    made = chief.plans.CreateFollowUpPlan(create).follow_up_plan
    assert (made.steps[0].channel, made.steps[0].message) == ("sms", wanted.message)
    create.follow_up_plan.steps[0].message.role_texts.add().CopyFrom(wanted.message.role_texts[0])
    assert people.refused(lambda: chief.plans.CreateFollowUpPlan(create)) == ("INVALID_ARGUMENT", "ROLE_TWICE")
    wanted.message.channel = follow_up_plan_pb2.STEP_MESSAGE_CHANNEL_UNSPECIFIED
    create.follow_up_plan.steps[0].CopyFrom(wanted)
    assert people.refused(lambda: chief.plans.CreateFollowUpPlan(create))[0] == "INVALID_ARGUMENT"

    lead_id = chief.capture(campus).lead.lead_id
    start = follow_up_plan_service_pb2.StartFollowUpPlanRequest(
        lead_id=lead_id, follow_up_plan_id=made.follow_up_plan_id
    )
    run = chief.plans.StartFollowUpPlan(start).plan_run
    with database.begin(caller, now=datetime.now(UTC) + timedelta(hours=23)) as tx:
        plan_messages.step(tx)
    entries = chief.leads.ListTimeline(lead_service_pb2.ListTimelineRequest(lead_id=lead_id)).entries
    (shown,) = [entry.plan_message for entry in entries if entry.HasField("plan_message")]
    assert (shown.plan_run_id, shown.step, shown.reason) == (run.plan_run_id, 1, "")
    assert shown.channel == follow_up_plan_pb2.STEP_MESSAGE_CHANNEL_SMS
    assert (shown.subject, shown.text) == ("欢迎", "家长您好：王小明的顾问课程顾问在徐汇校区等您。")
