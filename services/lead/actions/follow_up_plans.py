"""Templates of tasks and messages by which families are stayed in touch with."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from services.lead.actions import campuses
from services.lead.models import FollowUpPlan
from services.lead.rules import plans, stages
from services.lead.rules.plans import Trigger
from shared import placeholders
from shared.db import Tx
from shared.errors import InvalidInput
from shared.listing import Field, Listing

EDITABLE = ("name", "steps", "paused", "continues_after", "trigger")
LISTING: Listing[FollowUpPlan] = Listing(
    FollowUpPlan,
    fields={
        "name": Field(FollowUpPlan.name),
        "campus_id": Field(FollowUpPlan.campus_id, sortable=False),
        "paused": Field(FollowUpPlan.paused, sortable=False),
        "create_time": Field(FollowUpPlan.create_time),
    },
)


def get(tx: Tx, plan_id: UUID, *, for_update: bool = False) -> FollowUpPlan:
    """Return a plan. Raises FOLLOW_UP_PLAN_NOT_FOUND."""
    return tx.load(FollowUpPlan, "follow_up_plan", plan_id, for_update=for_update)


def create(
    tx: Tx,
    *,
    name: str,
    steps: Sequence[Mapping[str, Any]],
    campus_id: UUID | None = None,
    paused: bool = False,
    continues_after: Collection[str] = (),
    trigger: Trigger | None = None,
) -> FollowUpPlan:
    """Add a plan, for one campus or all of them.

    Raises CHAIN_SCOPE_NEEDED, CAMPUS_NOT_FOUND, CAMPUS_CLOSED, InvalidInput NAME_MISSING, PLAN_EMPTY, TEXT_MISSING,
    TEMPLATE_BRACES, TEMPLATE_VARIABLE_UNKNOWN, PLAN_TRIGGER_EMPTY, PLAN_TRIGGER_CLOSED.
    """
    check_reach(tx, campus_id)
    if campus_id is not None:
        campuses.check_open(tx, campus_id)
    row = FollowUpPlan(
        name=checked_name(name),
        campus_id=campus_id,
        steps=_steps(steps),
        paused=paused,
        continues_after=sorted(continues_after),
        **_starting(trigger),
    )
    tx.session.add(row)
    tx.session.flush()
    return row


def update(tx: Tx, plan_id: UUID, changes: Mapping[str, Any]) -> FollowUpPlan:
    """Change a plan; runs that have started keep their tasks. Raises what `create` does."""
    row = get(tx, plan_id, for_update=True)
    check_reach(tx, row.campus_id)
    if "name" in changes:
        row.name = checked_name(changes["name"])
    if "steps" in changes:
        row.steps = _steps(changes["steps"])
    row.paused = changes.get("paused", row.paused)
    if "continues_after" in changes:
        row.continues_after = sorted(changes["continues_after"])
    if "trigger" in changes:
        for name, value in _starting(changes["trigger"]).items():
            setattr(row, name, value)
    tx.session.flush()
    return row


def trigger_of(row: FollowUpPlan) -> Trigger | None:
    """Return what starts a plan by itself; None: it is started by hand only."""
    if row.start_stages is None:
        return None
    return Trigger(row.start_stages, row.start_grades or (), bool(row.start_imports))


def check_reach(tx: Tx, campus_id: UUID | None) -> None:
    """Raise unless the caller may decide for that campus, or for the chain where none is named."""
    if campus_id is None:
        tx.check_chain()
    else:
        tx.check_campus(campus_id)


def checked_name(name: str) -> str:
    """Return a name without spaces around it. Raises InvalidInput NAME_MISSING."""
    if not name.strip():
        raise InvalidInput("name", "give it a name", "NAME_MISSING")
    return name.strip()


def _starting(trigger: Trigger | None) -> dict[str, Any]:
    """Return the columns of a trigger."""
    if trigger is None:
        return dict.fromkeys(("start_stages", "start_grades", "start_imports"))
    if not trigger.stages and not trigger.grades:
        raise InvalidInput("follow_up_plan.trigger", "name a stage or a grade", "PLAN_TRIGGER_EMPTY")
    if not set(trigger.stages) <= set(stages.OPEN_STAGES):
        message = "a plan runs on open leads only"
        raise InvalidInput("follow_up_plan.trigger.stages", message, "PLAN_TRIGGER_CLOSED")
    return {
        "start_stages": sorted(trigger.stages),
        "start_grades": sorted(trigger.grades),
        "start_imports": trigger.includes_imports,
    }


def _steps(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if not steps:
        raise InvalidInput("follow_up_plan.steps", "a plan has at least one step", "PLAN_EMPTY")
    for number, step in enumerate(steps):
        if "message" in step:
            _check_message(step["message"], f"follow_up_plan.steps[{number}].message")
    return sorted(map(dict, steps), key=lambda step: step["offset_minutes"])


def _check_message(message: Mapping[str, Any], field: str) -> None:
    placeholders.check(message["subject"], plans.VARIABLES, f"{field}.subject")
    for name, text in [("text", message["text"]), *(("role_texts", each) for each in _role_texts(message))]:
        if not text.strip():
            raise InvalidInput(f"{field}.{name}", "say something", "TEXT_MISSING")
        placeholders.check(text, plans.VARIABLES, f"{field}.{name}")


def _role_texts(message: Mapping[str, Any]) -> Collection[str]:
    texts: Mapping[str, str] = message.get("role_texts", {})
    return texts.values()
