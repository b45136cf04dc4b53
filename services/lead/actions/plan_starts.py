"""Plans that start by themselves, on leads that a trigger of the database has noted (plan_cue)."""

from __future__ import annotations

from sqlalchemy import delete, select

from services.lead.actions import follow_up_plans, plan_runs, timelines
from services.lead.models import FollowUpPlan, Lead, PlanCue, PlanRun, Touch
from services.lead.rules import stages
from shared.db import Tx

# Few, for a lead that is held keeps its advisor waiting.
_AT_ONCE = 20


def step(tx: Tx) -> bool:
    """Start what is to start; True when more waits. A lead that somebody works on is looked at again later."""
    waiting = select(PlanCue).where(PlanCue.institution_id == tx.institution_id)
    oldest = waiting.order_by(PlanCue.create_time, PlanCue.id).limit(_AT_ONCE)
    cues = tx.session.scalars(oldest.with_for_update(skip_locked=True)).all()
    mine = (Lead.institution_id == tx.institution_id, Lead.id.in_({cue.lead_id for cue in cues}))
    free = select(Lead).where(*mine).order_by(Lead.id).with_for_update(skip_locked=True) if cues else None
    held = {lead.id: lead for lead in tx.session.scalars(free)} if free is not None else {}
    looked_at = [cue for cue in cues if cue.lead_id in held]
    for cue in looked_at:
        plan = tx.session.get(FollowUpPlan, (tx.institution_id, cue.plan_id))
        if plan is not None and _starts(tx, held[cue.lead_id], plan):
            plan_runs.begin(tx, held[cue.lead_id], plan)
    if looked_at:
        tx.execute(delete(PlanCue).where(PlanCue.id.in_([cue.id for cue in looked_at])))
    return len(looked_at) == _AT_ONCE


def _starts(tx: Tx, lead: Lead, plan: FollowUpPlan) -> bool:
    """Say whether a plan is to start on a lead as both are now: once, and on nobody who is to be left alone."""
    trigger = follow_up_plans.trigger_of(plan)
    if trigger is None or plan.paused or not trigger.meets(lead.stage, lead.grade):
        return False
    if lead.state != stages.OPEN or lead.opt_out_time is not None or plan.campus_id not in {None, lead.campus_id}:
        return False
    if not trigger.includes_imports and _imported(tx, lead):
        return False
    earlier = select(PlanRun.id).where(PlanRun.institution_id == tx.institution_id, PlanRun.plan_id == plan.id)
    return tx.scalar(earlier.where(PlanRun.lead_id.in_(timelines.cluster(tx, [lead.id]))).limit(1)) is None


def _imported(tx: Tx, lead: Lead) -> bool:
    """Say whether a lead came with a file."""
    first = select(Touch.id).where(Touch.institution_id == tx.institution_id, Touch.lead_id == lead.id)
    return tx.scalar(first.where(Touch.import_id.is_not(None), Touch.create_time == lead.create_time)) is not None
