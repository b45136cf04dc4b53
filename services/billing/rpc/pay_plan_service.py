"""PayPlanService on the wire."""

from __future__ import annotations

from uuid import UUID

from lianxiao.billing.v1 import pay_plan_pb2
from lianxiao.billing.v1 import pay_plan_service_pb2 as pb
from lianxiao.billing.v1 import pay_plan_service_pb2_grpc as pb_grpc
from services.billing.actions import pay_plans, rulebooks, teacher_pay
from services.billing.models import PayPlan
from services.billing.rules import pay_plans as rules
from shared.db import Tx
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text, local_date, optional_date, optional_id, stored_word


class PayPlanService(Servicer, pb_grpc.PayPlanServiceServicer):
    """Plans by which teachers are paid."""

    @command
    def CreatePayPlan(self, request: pb.CreatePayPlanRequest, tx: Tx) -> pb.CreatePayPlanResponse:
        return pb.CreatePayPlanResponse(pay_plan=to_pb(pay_plans.create(tx, _plan(request.pay_plan))))

    @command
    def ActivatePayPlan(self, request: pb.ActivatePayPlanRequest, tx: Tx) -> pb.ActivatePayPlanResponse:
        return pb.ActivatePayPlanResponse(pay_plan=to_pb(pay_plans.activate(tx, UUID(request.pay_plan_id))))

    @command
    def EndPayPlan(self, request: pb.EndPayPlanRequest, tx: Tx) -> pb.EndPayPlanResponse:
        end_date = local_date(request.end_date, "end_date")
        return pb.EndPayPlanResponse(pay_plan=to_pb(pay_plans.end(tx, UUID(request.pay_plan_id), end_date)))

    @query
    def ListPayPlans(self, request: pb.ListPayPlansRequest, tx: Tx) -> pb.ListPayPlansResponse:
        page = pay_plans.page(tx, request)
        return pb.ListPayPlansResponse(
            pay_plans=[to_pb(row) for row in page.rows], next_page_token=page.next_page_token
        )

    @query
    def PreviewPayPlan(self, request: pb.PreviewPayPlanRequest, tx: Tx) -> pb.PreviewPayPlanResponse:
        found = teacher_pay.preview(tx, _plan(request.pay_plan), local_date(request.date, "date"))
        return pb.PreviewPayPlanResponse(totals=[_total_to_pb(total) for total in found])


def to_pb(row: PayPlan) -> pay_plan_pb2.PayPlan:
    """Return the wire form."""
    plan = rulebooks.to_plan(row)
    return pay_plan_pb2.PayPlan(
        pay_plan_id=str(row.id),
        name=plan.name,
        basis=enum_value(pay_plan_pb2.PayBasis, plan.basis),
        priority=plan.priority,
        measure=enum_value(pay_plan_pb2.PayMeasure, plan.measure) if plan.measure else None,
        tiers=[pay_plan_pb2.PayTier(from_quantity=tier.from_quantity, rate=tier.rate) for tier in plan.tiers],
        role=enum_value(pay_plan_pb2.PayRole, plan.role) if plan.role else None,
        assistant_basis_points=plan.assistant_basis_points,
        teacher_id=id_text(plan.teacher_id),
        campus_id=id_text(plan.campus_id),
        course_id=id_text(plan.course_id),
        start_date=date_pb(plan.start_date),
        end_date=date_pb(plan.end_date),
        state=enum_value(pay_plan_pb2.PayPlanState, row.state),
        version=plan.version,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _plan(wanted: pay_plan_pb2.PayPlan) -> rules.PayPlan:
    return rules.PayPlan(
        id=None,
        name=wanted.name,
        basis=stored_word(pay_plan_pb2.PayBasis, wanted.basis, "basis"),
        tiers=tuple(rules.PayTier(tier.from_quantity, tier.rate) for tier in wanted.tiers),
        start_date=local_date(wanted.start_date, "pay_plan.start_date"),
        end_date=optional_date(wanted, "end_date", "pay_plan."),
        priority=wanted.priority,
        measure=stored_word(pay_plan_pb2.PayMeasure, wanted.measure, "measure") if wanted.measure else "",
        role=stored_word(pay_plan_pb2.PayRole, wanted.role, "role") if wanted.role else "",
        assistant_basis_points=wanted.assistant_basis_points,
        teacher_id=optional_id(wanted.teacher_id),
        campus_id=optional_id(wanted.campus_id),
        course_id=optional_id(wanted.course_id),
    )


def _total_to_pb(total: teacher_pay.Total) -> pay_plan_pb2.PayTotal:
    return pay_plan_pb2.PayTotal(
        teacher_id=str(total.teacher_id),
        lesson_count=total.lesson_count,
        hours_hundredths=total.hours_hundredths,
        head_count=total.heads,
        actual_fen=total.actual_fen,
        preview_fen=total.preview_fen,
        difference_fen=total.preview_fen - total.actual_fen,
    )
