"""Plans become tasks, tasks are watched, and both end with the lead."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from lianxiao.org.v1.org_events_pb2 import StaffChanged, StaffRole
from services.lead.actions import (
    completions,
    follow_up_plans,
    follow_ups,
    leads,
    merges,
    plan_runs,
    policies,
    staff,
    task_watch,
    tasks,
)
from services.lead.actions.follow_ups import Contact
from services.lead.models import PlanRun, Task
from services.lead.rules import policy
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import DomainError, InvalidInput, NotFound, Refused
from shared.ids import uuid7
from shared.testing.bus import published
from tests.lead import factories

STEPS = [
    {"title": "发资料", "offset_minutes": 1440, "channel": "wechat"},
    {"title": "首次电话", "offset_minutes": 0, "channel": "phone"},
]


def _plan(tx: Tx, **details: Any) -> Any:
    return follow_up_plans.create(tx, **{"name": "新客七天", "steps": STEPS} | details)


def _principal(tx: Tx, campus: UUID) -> UUID:
    who = uuid7()
    role = StaffRole(role="principal", campus_ids=[str(campus)])
    staff.project(tx, StaffChanged(staff_id=str(who), display_name="校长", active=True, roles=[role]))
    return who


def _tasks(tx: Tx) -> list[Task]:
    return list(tx.session.scalars(select(Task).order_by(Task.due_time, Task.id)))


def test_a_plan_gives_the_owner_a_task_for_each_step(tx: Tx) -> None:
    campus = factories.campus(tx)
    advisor = factories.advisor(tx, campus)
    lead = factories.lead(tx, campus, owner_id=advisor)
    policies.change(tx, None, dict.fromkeys(policy.QUIET_HOURS, 0), None)
    run = plan_runs.start(tx, lead.id, _plan(tx).id)
    found = _tasks(tx)
    assert [(task.facts["title"], task.due_time - tx.now, task.owner_id) for task in found] == [
        ("首次电话", timedelta(), advisor),
        ("发资料", timedelta(days=1), advisor),
    ]
    for task in found:
        assert run.state == "running"
        completions.complete(tx, task.id, result="已做")
    assert (run.state, run.end_time) == ("done", tx.now)


def test_a_step_that_families_notice_is_due_when_they_are_not_at_rest(database: Database, caller: Caller) -> None:
    evening = datetime(2030, 3, 4, 14, tzinfo=UTC)
    steps = [
        {"title": "电话", "offset_minutes": 60, "channel": "phone"},
        {"title": "备课", "offset_minutes": 60, "channel": ""},
    ]
    with database.begin(caller, now=evening, keep=False) as tx:
        here, there = factories.campus(tx), factories.campus(tx)
        policies.change(tx, here, {policy.QUIET_START_MINUTE: 22 * 60, policy.QUIET_END_MINUTE: 9 * 60 + 30}, None)
        policies.change(tx, there, {policy.QUIET_START_MINUTE: 23 * 60 + 1}, None)
        plan = _plan(tx, steps=steps)
        for number, campus in enumerate((here, there)):
            plan_runs.start(tx, factories.lead(tx, campus, **factories.stranger(number)).id, plan.id)
        hour, morning = evening + timedelta(hours=1), datetime(2030, 3, 5, 1, 30, tzinfo=UTC)
        found = sorted((task.campus_id == there, task.facts["title"], task.due_time) for task in _tasks(tx))
        assert found == sorted(
            [(False, "电话", morning), (False, "备课", hour), (True, "电话", hour), (True, "备课", hour)]
        )


def test_a_plan_stops_with_the_lead(tx: Tx) -> None:
    lead = factories.lead(tx, factories.campus(tx))
    run = plan_runs.start(tx, lead.id, _plan(tx).id)
    completions.complete(tx, _tasks(tx)[0].id)
    follow_ups.add(tx, lead.id, Contact("phone", "?"), next_contact_time=factories.later(tx, 2))
    leads.lose(tx, lead.id, reason="price")
    tx.session.expire_all()
    assert (run.state, run.stop_reason) == ("stopped", "lost")
    assert sorted(task.state for task in _tasks(tx)) == ["cancelled", "cancelled", "done"]
    with pytest.raises(Refused) as error:
        completions.complete(tx, next(task.id for task in _tasks(tx) if task.state == "cancelled"))
    assert error.value.reason == "TASK_CANCELLED"


def test_a_plan_rests_while_its_lead_is_merged(tx: Tx) -> None:
    campus = factories.campus(tx)
    survivor, other = (factories.lead(tx, campus, **factories.stranger(number)) for number in (1, 2))
    run = plan_runs.start(tx, other.id, _plan(tx).id)
    completions.complete(tx, _tasks(tx)[0].id)
    tx.session.flush()
    merge = merges.merge(tx, survivor=leads.get_for_update(tx, survivor.id), merged=leads.get_for_update(tx, other.id))
    tx.session.expire_all()
    assert (run.state, run.stop_reason) == ("stopped", "merged")
    assert [task.state for task in _tasks(tx)] == ["done", "cancelled"]
    merges.undo(tx, merge.id)
    tx.session.expire_all()
    assert (run.state, run.stop_reason, run.end_time) == ("running", "", None)
    assert [task.state for task in _tasks(tx)] == ["done", "open"]


def test_a_run_can_be_stopped_once(tx: Tx) -> None:
    lead = factories.lead(tx, factories.campus(tx))
    run = plan_runs.start(tx, lead.id, _plan(tx).id)
    assert plan_runs.stop(tx, run.id).stop_reason == "by_hand"
    for call, reason in (
        (partial(plan_runs.stop, tx, run.id), "PLAN_RUN_ENDED"),
        (partial(plan_runs.stop, tx, uuid7()), "PLAN_RUN_NOT_FOUND"),
    ):
        with pytest.raises(DomainError) as error:
            call()
        assert error.value.reason == reason


def test_what_cannot_be_started(tx: Tx) -> None:
    campus = factories.campus(tx)
    lead = factories.lead(tx, campus)
    paused, elsewhere = _plan(tx, paused=True), _plan(tx, campus_id=factories.campus(tx))
    for plan_id, reason in (
        (paused.id, "PLAN_PAUSED"),
        (elsewhere.id, "FOLLOW_UP_PLAN_NOT_FOUND"),
        (uuid7(), "FOLLOW_UP_PLAN_NOT_FOUND"),
    ):
        with pytest.raises(DomainError) as error:
            plan_runs.start(tx, lead.id, plan_id)
        assert error.value.reason == reason


def test_plans_are_checked_and_changed(tx: Tx) -> None:
    for details, reason in (({"name": " "}, "NAME_MISSING"), ({"steps": []}, "PLAN_EMPTY")):
        with pytest.raises(InvalidInput) as error:
            _plan(tx, **details)
        assert error.value.reason == reason
    plan = _plan(tx)
    changed = follow_up_plans.update(tx, plan.id, {"name": "新", "steps": STEPS[:1], "paused": True})
    assert (changed.name, len(changed.steps), changed.paused) == ("新", 1, True)
    with pytest.raises(NotFound):
        follow_up_plans.update(tx, uuid7(), {"paused": True})


def test_a_campus_decides_for_itself_only(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campus, other = factories.campus(tx), factories.campus(tx)
        chains = _plan(tx).id
    with database.begin(caller, scope=Scope(frozenset({campus}))) as tx:
        assert _plan(tx, campus_id=campus).id
        for call in (
            partial(_plan, tx),
            partial(_plan, tx, campus_id=other),
            partial(follow_up_plans.update, tx, chains, {"paused": True}),
        ):
            with pytest.raises(DomainError) as error:
                call()
            assert error.value.reason in {"CHAIN_SCOPE_NEEDED", "CAMPUS_NOT_FOUND"}


def test_started_at_once_by_many_a_plan_runs_once(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        lead_id, plan_id = factories.lead(tx, factories.campus(tx)).id, _plan(tx).id

    def start(_number: int) -> str:
        try:
            with database.begin(caller) as tx:
                plan_runs.start(tx, lead_id, plan_id)
        except Refused as refused:
            return refused.reason
        return "started"

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(start, range(8)))
    assert sorted(said) == ["PLAN_RUNNING"] * 7 + ["started"]
    with database.begin(caller) as tx:
        assert len(_tasks(tx)) == len(STEPS)


def test_the_last_steps_done_at_once_end_the_plan(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        lead_id = factories.lead(tx, factories.campus(tx)).id
        plan_runs.start(tx, lead_id, _plan(tx).id)
        waiting = [task.id for task in _tasks(tx)]

    def done(task_id: UUID) -> None:
        with database.begin(caller) as tx:
            completions.complete(tx, task_id, next_contact_time=factories.later(tx, 1))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(done, waiting))
    with database.begin(caller) as tx:
        assert tx.session.scalars(select(PlanRun.state)).all() == ["done"]


def test_a_forgotten_task_is_announced_then_overdue_then_the_principals(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        advisor, principal = factories.advisor(tx, campus), _principal(tx, campus)
        lead = factories.lead(tx, campus, owner_id=advisor)
        follow_ups.add(tx, lead.id, Contact("phone", "?"), next_contact_time=factories.later(tx, 1))
        due = factories.later(tx, 1)
    for minutes in (-40, -20, -10, 1, 2, 1441, 1442):
        with database.begin(caller, now=due + timedelta(minutes=minutes)) as tx:
            task_watch.watch(tx)
    kinds = ("task_reminded", "task_overdue", "task_escalated")
    assert [len(published(database, caller.institution_id, f"lead.{kind}.v1")) for kind in kinds] == [1, 1, 1]
    with database.begin(caller) as tx:
        mine, told = sorted(_tasks(tx), key=lambda task: task.kind != tasks.FOLLOW_UP)
        assert (mine.state, mine.watch, mine.escalated_to_id) == ("open", "escalated", principal)
        assert mine.overdue_time == due + timedelta(minutes=1)
        assert (told.kind, told.owner_id, told.facts["task_id"]) == ("escalation", principal, str(mine.id))
    with database.begin(caller, now=due + timedelta(days=9)) as tx:
        task_watch.watch(tx)
        assert len(_tasks(tx)) == 2


def test_done_tasks_are_not_watched(tx: Tx) -> None:
    campus = factories.campus(tx)
    task = tasks.create_by_hand(
        tx, kind="visit", due_time=tx.now, campus_id=campus, owner_id=None, lead_id=None, note="?"
    )
    with pytest.raises(InvalidInput) as error:
        completions.complete(tx, task.id, next_contact_time=factories.later(tx, 1))
    assert error.value.reason == "TASK_WITHOUT_LEAD"
    completions.complete(tx, task.id)
    task_watch.watch(tx)
    assert task.watch == ""
    with pytest.raises(Refused) as refused:
        completions.complete(tx, task.id)
    assert refused.value.reason == "TASK_DONE"
