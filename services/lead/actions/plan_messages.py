"""Steps of plans that tell the family something: handed over to notification when they are due, once."""

from __future__ import annotations

from sqlalchemy import select

from lianxiao.lead.v1.lead_events_pb2 import Family, PlanMessageDue
from services.lead.actions import bulk, contacts, families, plan_runs, staff
from services.lead.models import Campus, Lead, PlanMessage, PlanRun
from services.lead.rules import plans
from services.lead.rules.plans import Message
from shared.db import Tx
from shared.events import publish

# Few, for whoever does a task of a run that is held waits.
_AT_ONCE = 20


def step(tx: Tx) -> bool:
    """Hand over what is due; True when more waits."""
    mine = (PlanRun.institution_id == tx.institution_id, PlanRun.state == "running")
    due = select(PlanRun).where(*mine, PlanRun.next_message_time <= tx.now).order_by(PlanRun.next_message_time)
    found = tx.session.scalars(due.limit(_AT_ONCE).with_for_update(skip_locked=True)).all()
    for run in found:
        # Read behind the lock of the run: a wish to be left alone takes that lock too (closings.opt_out).
        lead = tx.load(Lead, "lead", run.lead_id)
        family = families.told(tx, lead)
        messages = [Message.of(stored) for stored in run.messages or ()]
        waiting = [message for message in messages if message.due_time > tx.now]
        for message in messages:
            if message not in waiting:
                _hand_over(tx, run, lead, family, message)
        run.messages = [message.stored() for message in waiting]
        run.next_message_time = waiting[0].due_time if waiting else None
        plan_runs.step_done(tx, run)
    return len(found) == _AT_ONCE


def _hand_over(tx: Tx, run: PlanRun, lead: Lead, family: Family, message: Message) -> None:
    """Put a message into the history of the lead and, unless its time is long over, tell notification."""
    role = contacts.role_of(tx, lead, family.guardian_phone) if message.role_texts else ""
    subject, text = message.filled(_names(tx, lead, family), role)
    late = tx.now - message.due_time > plans.LATE
    row = bulk.fresh(
        tx,
        PlanMessage,
        lead_id=lead.id,
        plan_run_id=run.id,
        step=message.step,
        channel=message.channel,
        reason=plans.TOO_LATE if late else "",
    )
    PlanMessage.subject.seal(tx, row, subject)
    PlanMessage.body.seal(tx, row, text)
    tx.session.add(row)
    if late:
        return
    publish(
        tx,
        PlanMessageDue(
            plan_run_id=str(run.id),
            step=message.step,
            lead_id=str(lead.id),
            customer_id=str(lead.customer_id),
            campus_id=str(lead.campus_id),
            channel=message.channel,
            subject=subject,
            text=text,
            family=family,
        ),
    )


def _names(tx: Tx, lead: Lead, family: Family) -> dict[str, str]:
    """Return what stands for the variables of a message; where nobody is known, what families call them."""
    advisor = staff.find(tx, lead.owner_id) if lead.owner_id is not None else None
    campus = tx.session.get(Campus, (tx.institution_id, lead.campus_id))
    return {
        "student": family.child_name or "孩子",
        "guardian": family.guardian_name or "家长",
        "advisor": advisor.display_name if advisor is not None else "课程顾问",
        "campus": campus.name if campus is not None else "校区",
    }
