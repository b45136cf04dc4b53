"""Pay plans over real gRPC: written down, previewed, let pay and ended by those of the whole chain alone."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import grpc
import pytest
from google.type.date_pb2 import Date

from lianxiao.billing.v1 import pay_plan_pb2 as plans
from lianxiao.billing.v1 import pay_plan_service_pb2 as pb
from lianxiao.billing.v1.pay_plan_service_pb2_grpc import PayPlanServiceStub
from services.billing.actions import consumptions, teacher_pay
from shared.caller import Caller, Grant
from shared.db import Database
from shared.ids import uuid7
from shared.testing.wire import Wire, refusal
from tests.billing import factories

MARCH = Date(year=2026, month=3, day=31)
PLAN = plans.PayPlan(
    name="小学语文课酬",
    basis=plans.PAY_BASIS_PER_HEAD,
    measure=plans.PAY_MEASURE_HEADS,
    tiers=[plans.PayTier(rate=500), plans.PayTier(from_quantity=2, rate=700)],
    role=plans.PAY_ROLE_MAIN,
    start_date=Date(year=2026, month=3, day=1),
)


def test_a_plan_is_previewed_activated_listed_and_ended(wire: Wire, finance: Caller, database: Database) -> None:
    who, service = wire.metadata(finance), PayPlanServiceStub(wire.channel)
    teacher_id = uuid7()
    with database.begin(finance) as tx:
        bought = factories.paid_order(tx)
        for day in (9, 10):
            when = datetime(2026, 3, day, tzinfo=UTC)
            consumptions.consume(tx, factories.confirmed(bought, teacher_id=teacher_id, start_time=when))
    (total,) = service.PreviewPayPlan(pb.PreviewPayPlanRequest(pay_plan=PLAN, date=MARCH), metadata=who).totals
    assert (total.teacher_id, total.head_count, total.preview_fen, total.actual_fen) == (str(teacher_id), 2, 1400, 0)
    draft = service.CreatePayPlan(pb.CreatePayPlanRequest(pay_plan=PLAN), metadata=who).pay_plan
    assert (draft.state, draft.version, list(draft.tiers)) == (plans.PAY_PLAN_STATE_DRAFT, 1, list(PLAN.tiers))
    wanted = pb.ActivatePayPlanRequest(pay_plan_id=draft.pay_plan_id)
    active = service.ActivatePayPlan(wanted, metadata=who).pay_plan
    assert list(service.ListPayPlans(pb.ListPayPlansRequest(), metadata=who).pay_plans) == [active]
    with database.begin(finance) as tx:
        while teacher_pay.step(tx):
            pass
    (total,) = service.PreviewPayPlan(pb.PreviewPayPlanRequest(pay_plan=PLAN, date=MARCH), metadata=who).totals
    assert (total.actual_fen, total.difference_fen) == (1400, 0)
    end = pb.EndPayPlanRequest(pay_plan_id=draft.pay_plan_id, end_date=Date(year=2026, month=5, day=1))
    assert service.EndPayPlan(end, metadata=who).pay_plan.version == 3


@pytest.mark.parametrize(
    "grant",
    [
        Grant(("settlement.read", "pay.read", "attendance.read"), own=True),
        Grant(("pay.read", "pay_plan.*"), frozenset({uuid4()})),
        Grant(("quote.*", "order.*", "split.read", "split_rule.read")),
    ],
    ids=["teacher", "campus", "advisor"],
)
def test_teachers_advisors_and_single_campuses_see_no_plan_and_no_preview(
    wire: Wire, finance: Caller, grant: Grant
) -> None:
    who = wire.metadata(Caller(finance.institution_id, uuid7(), "staff", (grant,)))
    service = PayPlanServiceStub(wire.channel)
    calls = (
        lambda: service.ListPayPlans(pb.ListPayPlansRequest(), metadata=who),
        lambda: service.PreviewPayPlan(pb.PreviewPayPlanRequest(pay_plan=PLAN, date=MARCH), metadata=who),
        lambda: service.CreatePayPlan(pb.CreatePayPlanRequest(pay_plan=PLAN), metadata=who),
    )
    for call in calls:
        with pytest.raises(grpc.RpcError) as error:
            call()
        assert refusal(error.value)[0] == "PERMISSION_DENIED"
