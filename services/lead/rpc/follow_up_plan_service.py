"""FollowUpPlanService on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lianxiao.lead.v1 import contact_pb2, follow_up_plan_pb2, lead_pb2
from lianxiao.lead.v1 import follow_up_plan_service_pb2 as pb
from lianxiao.lead.v1 import follow_up_plan_service_pb2_grpc as pb_grpc
from services.lead.actions import follow_up_plans, leads, plan_runs
from services.lead.models import FollowUpPlan, PlanRun
from services.lead.rules.plans import Trigger
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import as_uuid
from shared.listing import named_fields
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, optional_id, stored_word


class FollowUpPlanService(Servicer, pb_grpc.FollowUpPlanServiceServicer):
    """Plans by which advisors stay in touch with families."""

    @command
    def CreateFollowUpPlan(self, request: pb.CreateFollowUpPlanRequest, tx: Tx) -> pb.CreateFollowUpPlanResponse:
        wanted = request.follow_up_plan
        row = follow_up_plans.create(
            tx,
            name=wanted.name,
            steps=_steps(wanted),
            campus_id=optional_id(wanted.campus_id),
            paused=wanted.paused,
            continues_after=_causes(wanted),
            trigger=_trigger(wanted),
        )
        return pb.CreateFollowUpPlanResponse(follow_up_plan=to_pb(row))

    @query
    def ListFollowUpPlans(self, request: pb.ListFollowUpPlansRequest, tx: Tx) -> pb.ListFollowUpPlansResponse:
        page = follow_up_plans.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListFollowUpPlansResponse(follow_up_plans=rows, next_page_token=page.next_page_token)

    @command
    def UpdateFollowUpPlan(self, request: pb.UpdateFollowUpPlanRequest, tx: Tx) -> pb.UpdateFollowUpPlanResponse:
        wanted = request.follow_up_plan
        if not wanted.follow_up_plan_id:
            raise InvalidInput("follow_up_plan.follow_up_plan_id", "name the plan")
        names = named_fields(request.update_mask.paths, follow_up_plans.EDITABLE)
        told: dict[str, Any] = {
            "name": wanted.name,
            "steps": _steps(wanted),
            "paused": wanted.paused,
            "continues_after": _causes(wanted),
            "trigger": _trigger(wanted),
        }
        changes = {name: told[name] for name in names}
        row = follow_up_plans.update(tx, as_uuid(wanted.follow_up_plan_id), changes)
        return pb.UpdateFollowUpPlanResponse(follow_up_plan=to_pb(row))

    @command
    def StartFollowUpPlan(self, request: pb.StartFollowUpPlanRequest, tx: Tx) -> pb.StartFollowUpPlanResponse:
        run = plan_runs.start(tx, as_uuid(request.lead_id), as_uuid(request.follow_up_plan_id))
        return pb.StartFollowUpPlanResponse(plan_run=run_to_pb(run))

    @query
    def ListPlanRuns(self, request: pb.ListPlanRunsRequest, tx: Tx) -> pb.ListPlanRunsResponse:
        lead = leads.get(tx, as_uuid(request.lead_id))
        page = plan_runs.LISTING.page(tx, request, where=[PlanRun.lead_id == lead.id])
        rows = [run_to_pb(row) for row in page.rows]
        return pb.ListPlanRunsResponse(plan_runs=rows, next_page_token=page.next_page_token)

    @command
    def StopPlanRun(self, request: pb.StopPlanRunRequest, tx: Tx) -> pb.StopPlanRunResponse:
        return pb.StopPlanRunResponse(plan_run=run_to_pb(plan_runs.stop(tx, as_uuid(request.plan_run_id))))


def to_pb(row: FollowUpPlan) -> follow_up_plan_pb2.FollowUpPlan:
    """Return the wire form."""
    return follow_up_plan_pb2.FollowUpPlan(
        follow_up_plan_id=str(row.id),
        name=row.name,
        campus_id=id_text(row.campus_id),
        steps=[_step_to_pb(step) for step in row.steps],
        paused=row.paused,
        continues_after=[enum_value(follow_up_plan_pb2.PlanStopCause, word) for word in row.continues_after or ()],
        create_time=row.create_time,
        update_time=row.update_time,
        trigger=_trigger_to_pb(follow_up_plans.trigger_of(row)),
    )


def run_to_pb(row: PlanRun) -> follow_up_plan_pb2.PlanRun:
    """Return the wire form of a run."""
    return follow_up_plan_pb2.PlanRun(
        plan_run_id=str(row.id),
        follow_up_plan_id=str(row.plan_id),
        lead_id=str(row.lead_id),
        state=enum_value(follow_up_plan_pb2.PlanRunState, row.state),
        stop_reason=row.stop_reason,
        step_count=row.step_count,
        create_time=row.create_time,
        end_time=row.end_time,
    )


def _steps(plan: follow_up_plan_pb2.FollowUpPlan) -> list[dict[str, Any]]:
    return [_step(step, f"follow_up_plan.steps[{number}]") for number, step in enumerate(plan.steps)]


def _step(step: follow_up_plan_pb2.PlanStep, field: str) -> dict[str, Any]:
    told: dict[str, Any] = {"title": step.title, "offset_minutes": step.offset_minutes, "channel": step.channel}
    if step.HasField("message"):
        channel = stored_word(follow_up_plan_pb2.StepMessageChannel, step.message.channel, f"{field}.message.channel")
        message = {"subject": step.message.subject, "text": step.message.text}
        told |= {"channel": channel, "message": message | _role_texts(step.message, f"{field}.message.role_texts")}
    return told


def _role_texts(message: follow_up_plan_pb2.StepMessage, field: str) -> dict[str, Any]:
    """Return the texts by role, nothing when there are none. Raises InvalidInput ROLE_TWICE."""
    texts = {stored_word(contact_pb2.ContactRole, each.role, field): each.text for each in message.role_texts}
    if len(texts) < len(message.role_texts):
        raise InvalidInput(field, "a role is told one thing", "ROLE_TWICE")
    return {"role_texts": texts} if texts else {}


def _step_to_pb(step: Mapping[str, Any]) -> follow_up_plan_pb2.PlanStep:
    found = follow_up_plan_pb2.PlanStep(
        title=step["title"], offset_minutes=step["offset_minutes"], channel=step["channel"]
    )
    if "message" in step:
        channel = enum_value(follow_up_plan_pb2.StepMessageChannel, step["channel"])
        words = step["message"]
        texts = [
            follow_up_plan_pb2.RoleText(role=enum_value(contact_pb2.ContactRole, role), text=text)
            for role, text in words.get("role_texts", {}).items()
        ]
        found.message.CopyFrom(
            follow_up_plan_pb2.StepMessage(
                channel=channel, subject=words["subject"], text=words["text"], role_texts=texts
            )
        )
    return found


def _trigger(plan: follow_up_plan_pb2.FollowUpPlan) -> Trigger | None:
    if not plan.HasField("trigger"):
        return None
    told, field = plan.trigger, "follow_up_plan.trigger"
    return Trigger(
        stages=[stored_word(lead_pb2.LeadStage, stage, f"{field}.stages") for stage in told.stages],
        grades=[stored_word(lead_pb2.LeadGrade, grade, f"{field}.grades") for grade in told.grades],
        includes_imports=told.includes_imports,
    )


def _trigger_to_pb(trigger: Trigger | None) -> follow_up_plan_pb2.PlanTrigger | None:
    if trigger is None:
        return None
    return follow_up_plan_pb2.PlanTrigger(
        stages=[enum_value(lead_pb2.LeadStage, stage) for stage in trigger.stages],
        grades=[enum_value(lead_pb2.LeadGrade, grade) for grade in trigger.grades],
        includes_imports=trigger.includes_imports,
    )


def _causes(plan: follow_up_plan_pb2.FollowUpPlan) -> list[str]:
    field = "follow_up_plan.continues_after"
    return [stored_word(follow_up_plan_pb2.PlanStopCause, cause, field) for cause in plan.continues_after]
