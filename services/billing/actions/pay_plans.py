"""Plans by which teachers are paid. They are kept for the whole chain and shown to nobody below it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from uuid import UUID

from services.billing.actions import rulebooks, teacher_pay
from services.billing.models import PayPlan
from services.billing.rules import pay_plans as rules
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.listing import Field, Listing, ListRequest, Page

LISTING: Listing[PayPlan] = Listing(
    PayPlan,
    fields={
        "state": Field(PayPlan.state, prefix="PAY_PLAN_STATE_", sortable=False),
        "teacher_id": Field(PayPlan.teacher_id, sortable=False),
        "campus_id": Field(PayPlan.campus_id, sortable=False),
        "course_id": Field(PayPlan.course_id, sortable=False),
        "start_date": Field(PayPlan.start_date),
        "priority": Field(PayPlan.priority),
        "create_time": Field(PayPlan.create_time),
    },
    default_order="priority desc,start_date desc",
)


def create(tx: Tx, plan: rules.PayPlan) -> PayPlan:
    """Add a draft; raises CHAIN_SCOPE_NEEDED and what `rules.check` refuses."""
    tx.check_chain()
    rules.check(plan)
    row = PayPlan(
        name=plan.name,
        basis=plan.basis,
        priority=plan.priority,
        measure=plan.measure,
        role=plan.role,
        assistant_basis_points=plan.assistant_basis_points,
        teacher_id=plan.teacher_id,
        campus_id=plan.campus_id,
        course_id=plan.course_id,
        tiers=[asdict(tier) for tier in plan.tiers],
        start_date=plan.start_date,
        end_date=plan.end_date,
        state="draft",
        version=1,
    )
    tx.session.add(row)
    tx.session.flush()
    tx.audit("pay_plan.created", "pay_plan", row.id, version=row.version)
    return row


def activate(tx: Tx, plan_id: UUID) -> PayPlan:
    """Let a draft pay all lessons since its start, those that were confirmed already as differences.

    Raises CHAIN_SCOPE_NEEDED, and PAY_PLAN_ACTIVE when it is no draft any more.
    """
    tx.check_chain()
    row = tx.load(PayPlan, "pay_plan", plan_id, for_update=True)
    if row.state != "draft":
        raise Refused("PAY_PLAN_ACTIVE", "the plan is active already")
    row.state = "active"
    _changed(tx, row, "pay_plan.activated", row.start_date)
    return row


def end(tx: Tx, plan_id: UUID, end_date: date) -> PayPlan:
    """Let a plan pay no lesson from a day on.

    Raises CHAIN_SCOPE_NEEDED, PAY_PLAN_EMPTY, PAY_PLAN_ENDED when it ends on or before that day already.
    """
    tx.check_chain()
    row = tx.load(PayPlan, "pay_plan", plan_id, for_update=True)
    if end_date <= row.start_date:
        raise InvalidInput("end_date", "the plan ends before it starts", reason="PAY_PLAN_EMPTY")
    if row.end_date is not None and row.end_date <= end_date:
        text = "the plan has an end already; it can only become earlier"
        raise Refused("PAY_PLAN_ENDED", text, end_date=row.end_date.isoformat())
    row.end_date = end_date
    _changed(tx, row, "pay_plan.ended", end_date)
    return row


def page(tx: Tx, request: ListRequest) -> Page[PayPlan]:
    """Return a page of plans; raises CHAIN_SCOPE_NEEDED."""
    tx.check_chain()
    return LISTING.page(tx, request)


def _changed(tx: Tx, row: PayPlan, verb: str, since: date) -> None:
    row.version += 1
    tx.session.flush()
    rulebooks.touch(tx)
    tx.audit(verb, "pay_plan", row.id, version=row.version)
    if row.state == "active":
        teacher_pay.mark_since(tx, since)
