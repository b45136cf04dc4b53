"""Plans at work: a step is a task of the lead's owner, or a message to the family (plan_messages.py).

Locks are taken in the order lead, run, task.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from services.lead.actions import bulk, closings, follow_up_plans, leads, policies, staff, tasks, working_hours
from services.lead.models import FollowUpPlan, Lead, PlanRun, Task
from services.lead.rules import plans, policy
from services.lead.rules.plans import Message
from shared import daily_spans
from shared.db import Tx
from shared.errors import NotFound, Refused
from shared.listing import Field, Listing

LISTING: Listing[PlanRun] = Listing(
    PlanRun,
    fields={
        "state": Field(PlanRun.state, prefix="PLAN_RUN_STATE_", sortable=False),
        "create_time": Field(PlanRun.create_time),
    },
)


def start(tx: Tx, lead_id: UUID, plan_id: UUID) -> PlanRun:
    """Give the lead's owner a task for each step, and let those that are messages wait for their time.

    Raises PLAN_PAUSED, PLAN_RUNNING, FOLLOW_UP_PLAN_NOT_FOUND, LEAD_CLOSED, LEAD_MERGED, LEAD_OPTED_OUT.
    """
    lead = leads.get_open(tx, lead_id)
    plan = follow_up_plans.get(tx, plan_id)
    if plan.campus_id is not None and plan.campus_id != lead.campus_id:
        raise NotFound("follow_up_plan", plan_id)
    if plan.paused:
        raise Refused("PLAN_PAUSED", "this plan is paused")
    if lead.opt_out_time is not None and plans.OPT_OUT not in (plan.continues_after or ()):
        raise Refused("LEAD_OPTED_OUT", "the family does not want to be contacted")
    return begin(tx, lead, plan)


def begin(tx: Tx, lead: Lead, plan: FollowUpPlan) -> PlanRun:
    """Do so on an open lead, whose lock is held. Raises PLAN_RUNNING."""
    dues = _dues(tx, lead, plan)
    messages = _messages(plan, dues)
    run = bulk.fresh(
        tx,
        PlanRun,
        plan_id=plan.id,
        lead_id=lead.id,
        state="running",
        stop_reason="",
        step_count=len(plan.steps),
        staff_id=staff.actor(tx),
        end_time=None,
        continues_after=plan.continues_after or [],
        messages=[message.stored() for message in messages] or None,
        next_message_time=messages[0].due_time if messages else None,
    )
    with tx.translating({"uq_plan_run_running": lambda: Refused("PLAN_RUNNING", "this plan runs on the lead already")}):
        tx.session.add(run)
    for number, step in enumerate(plan.steps, 1):
        if "message" in step:
            continue
        work = tasks.Work(
            kind=tasks.PLAN_STEP,
            due_time=dues[number - 1],
            campus_id=lead.campus_id,
            lead=lead,
            facts={"step": str(number), "title": step["title"], "channel": step["channel"]},
            origin=f"plan|{run.id}|{number}",
            plan_run_id=run.id,
        )
        tasks.create(tx, work, owner_id=lead.owner_id)
    return run


def _messages(plan: FollowUpPlan, dues: Sequence[datetime]) -> list[Message]:
    """Return the messages of a plan in the order of time."""
    found = []
    for number, (step, due) in enumerate(zip(plan.steps, dues, strict=True), 1):
        if "message" in step:
            words = step["message"]
            subject = words["subject"] or step["title"]
            found.append(Message(number, due, step["channel"], subject, words["text"], words.get("role_texts", {})))
    return sorted(found, key=lambda message: message.due_time)


def _dues(tx: Tx, lead: Lead, plan: FollowUpPlan) -> list[datetime]:
    """Return when each step is due; one with a channel, on which the family hears of it, outside the quiet hours."""
    zone, settings = working_hours.zone(tx, lead.campus_id), policies.values(tx, lead.campus_id)
    quiet = {"start_minute": settings[policy.QUIET_START_MINUTE], "end_minute": settings[policy.QUIET_END_MINUTE]}
    planned = [(step, tx.now + timedelta(minutes=step["offset_minutes"])) for step in plan.steps]
    return [daily_spans.leave(due, zone, **quiet) if step["channel"] else due for step, due in planned]


def stop(tx: Tx, run_id: UUID) -> PlanRun:
    """Cancel what is left of a run. Raises PLAN_RUN_NOT_FOUND, PLAN_RUN_ENDED."""
    lead_id = tx.load(PlanRun, "plan_run", run_id).lead_id
    try:
        leads.get_for_update(tx, lead_id)
    except NotFound as error:
        raise NotFound("plan_run", run_id) from error
    run = tx.load(PlanRun, "plan_run", run_id, for_update=True)
    if run.state != "running":
        raise Refused("PLAN_RUN_ENDED", "this run is over", state=run.state)
    closings.stop_runs(tx, lead_id, "by_hand", run_id=run.id)
    tx.session.refresh(run)
    return run


def step_done(tx: Tx, run: PlanRun) -> None:
    """End a run, whose lock is held, when none of its tasks is open and none of its messages waits any more."""
    tx.session.flush()
    left = select(Task.id).where(Task.plan_run_id == run.id, Task.state == tasks.OPEN).limit(1)
    if run.state == "running" and run.next_message_time is None and tx.scalar(left) is None:
        run.state, run.end_time = "done", tx.now
