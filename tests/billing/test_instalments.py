"""Orders in instalments: what payments fill, what hours open, what stops, what is owed, and who is told when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from google.type.date_pb2 import Date

from lianxiao.billing.v1 import instalment_pb2, instalment_service_pb2, instalment_service_pb2_grpc
from lianxiao.scheduling.v1.scheduling_events_pb2 import CourseChanged
from services.billing.actions import (
    charge_facts,
    charge_rules,
    consumptions,
    instalment_policies,
    instalments,
    lots,
    orders,
    payments,
    refund_payouts,
    refunds,
)
from services.billing.actions.refunds import Wish
from services.billing.rules.instalments import RECEIVABLE, STOP, Part
from services.billing.rules.refund_rules import SCHOOL
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import NotFound, Refused
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire
from tests.billing import factories
from tests.billing.books import broken
from tests.billing.outgoing import published

DAY = timedelta(days=1)


@pytest.fixture
def today(tx: Tx) -> date:
    return tx.now.astimezone(factories.SHANGHAI).date()


@pytest.fixture(autouse=True)
def sound(tx: Tx) -> Iterator[None]:
    yield
    assert broken(tx) == []


def plan_of(tx: Tx, bought: factories.Purchase) -> list[tuple[int, int, str]]:
    tx.session.expire_all()
    return [(row.amount_fen, row.paid_fen, row.state) for row in instalments.get(tx, bought.order.id)]


def account(tx: Tx, bought: factories.Purchase) -> lots.HourAccount:
    return lots.hour_account(tx, student_id=bought.student_id, course_id=bought.course_id)


def reason_of(tx: Tx, attendance_id: str) -> str:
    return str(tx.run("select reason from consumption where attendance_id = %s", (attendance_id,)).scalar())


def balance(tx: Tx, code: str) -> int:
    return int(tx.run("select coalesce(sum(balance_fen), 0) from ledger_account where code = %s", (code,)).scalar())


def test_payments_fill_the_oldest_instalment_first_and_open_the_hours_that_they_pay_for(tx: Tx) -> None:
    bought = factories.planned_order(tx, hours=1000, gift=100, unit_price_fen=10000)
    order_id = bought.order.id
    assert plan_of(tx, bought) == [(33334, 0, "due"), (33333, 0, "due"), (33333, 0, "due")]
    factories.pay(tx, order_id, 50000)
    assert plan_of(tx, bought) == [(33334, 33334, "paid"), (33333, 16666, "part"), (33333, 0, "due")]
    half = account(tx, bought)
    assert (half.bought_hundredths, half.gift_hundredths, half.remaining_fen) == (500, 50, 50000)
    assert len(published(tx, "order_activated")) == 1
    for _ in range(5):
        consumptions.consume(tx, factories.confirmed(bought))
    stopped = factories.confirmed(bought)
    consumptions.consume(tx, stopped)
    assert reason_of(tx, stopped.attendance_id) == "LOT_TOO_SMALL"
    factories.pay(tx, order_id, 50000)
    assert [state for _, _, state in plan_of(tx, bought)] == ["paid"] * 3
    whole = account(tx, bought)
    assert (whole.bought_hundredths, whole.gift_hundredths, whole.consumed_hundredths) == (1000, 100, 500)
    assert balance(tx, "contract_liability") + balance(tx, "revenue") == -100000
    assert len(published(tx, "order_activated")) == 1
    with pytest.raises(Refused) as refused:
        factories.pay(tx, order_id, 1)
    assert refused.value.reason == "ORDER_NOT_PAYABLE"


def test_no_fen_is_recognised_before_it_was_received(tx: Tx) -> None:
    bought = factories.planned_order(tx, count=2, hours=300, unit_price_fen=3333)
    total = orders.get(tx, bought.order.id).total_fen
    paid = 0
    for amount in (1, 40, 3291, 2000, total - 5332):
        factories.pay(tx, bought.order.id, amount)
        paid += amount
        for _ in range(8):
            consumptions.consume(tx, factories.confirmed(bought, charge=37))
        assert -balance(tx, "revenue") <= paid
        assert broken(tx) == []
    rest = account(tx, bought)
    consumptions.consume(tx, factories.confirmed(bought, charge=rest.remaining_hundredths))
    assert -balance(tx, "revenue") == total == 9999


def test_where_the_policy_says_so_lessons_go_on_and_what_is_unpaid_is_owed(tx: Tx) -> None:
    bought = factories.planned_order(tx, hours=1000, unit_price_fen=10000, unpaid=RECEIVABLE)
    factories.pay(tx, bought.order.id, 30000)
    assert account(tx, bought).remaining_hundredths == 1000
    assert balance(tx, "instalment_receivable") == 70000
    consumptions.consume(tx, factories.confirmed(bought, charge=900))
    assert -balance(tx, "revenue") == 90000
    factories.pay(tx, bought.order.id, 30000)
    assert balance(tx, "instalment_receivable") == 40000
    factories.pay(tx, bought.order.id, 40000)
    assert (balance(tx, "instalment_receivable"), balance(tx, "contract_liability")) == (0, -10000)


@pytest.mark.parametrize(
    ("unpaid", "used", "back"), [(STOP, 100, 30000), (RECEIVABLE, 100, 30000), (RECEIVABLE, 600, 0)]
)
def test_a_refund_before_all_is_paid_gives_back_what_was_paid_and_not_taught(
    tx: Tx, today: date, unpaid: str, used: int, back: int
) -> None:
    bought = factories.planned_order(tx, hours=1000, unit_price_fen=10000, unpaid=unpaid)
    factories.pay(tx, bought.order.id, 40000)
    consumptions.consume(tx, factories.confirmed(bought, charge=used))
    wish = Wish(SCHOOL, end_date=today)
    if not back:
        with pytest.raises(Refused) as refused:
            refunds.preview(tx, bought.order.id, wish)
        assert refused.value.reason == "ORDER_NOT_REFUNDABLE"
        return
    refund = refunds.request(tx, bought.order.id, wish, reason="搬家")
    assert refund.amount_fen == back
    refunds.approve(tx, refund.id)
    for payout in refund_payouts.of_refunds(tx, [refund.id])[refund.id]:
        refund_payouts.settle(tx, payout.id, succeeded=True)
    assert (balance(tx, "instalment_receivable"), balance(tx, "contract_liability")) == (0, 0)
    with pytest.raises(Refused, match="refunded"):
        factories.pay(tx, bought.order.id, 1)
    assert [state for _, _, state in plan_of(tx, bought)] == ["paid"]


def test_a_plan_is_replaced_until_money_comes(tx: Tx, today: date) -> None:
    bought = factories.planned_order(tx, hours=100, unit_price_fen=10000)
    parts = [Part(today + 5 * DAY, 4000), Part(today + 9 * DAY, 6000)]
    instalments.create(tx, bought.order.id, parts=parts)
    assert [row[0] for row in plan_of(tx, bought)] == [4000, 6000]
    with pytest.raises(Refused) as wrong:
        instalments.create(tx, bought.order.id, parts=parts[:1])
    assert (wrong.value.reason, wrong.value.info) == (
        "INSTALMENT_SUM_WRONG",
        {"planned_fen": "4000", "total_fen": "10000"},
    )
    factories.pay(tx, bought.order.id, 1)
    with pytest.raises(Refused) as late:
        instalments.create(tx, bought.order.id, parts=parts)
    assert late.value.reason == "INSTALMENT_ORDER_PAID"
    with pytest.raises(NotFound):
        instalments.get(tx, factories.order(tx).order.id)


def test_families_are_told_once_per_stage_by_the_date_of_their_campus(tx: Tx) -> None:
    east = factories.campus(tx, time_zone="Pacific/Kiritimati")
    west = factories.campus(tx, time_zone="Pacific/Pago_Pago")
    # Between these two there are always a day and an hour.
    later = tx.now.astimezone(factories.SHANGHAI).date() + DAY
    first = factories.planned_order(tx, campus_id=east, hours=100, first_date=later)
    factories.planned_order(tx, campus_id=west, hours=100, first_date=later)
    paid = factories.planned_order(tx, campus_id=east, count=1, hours=100, first_date=later)
    factories.pay(tx, paid.order.id, orders.get(tx, paid.order.id).total_fen)
    instalment_policies.create(tx, start_date=factories.LONG_AGO, unpaid=STOP, stage_days=[-1, 0, 7])
    instalments.remind(tx)
    told = published(tx, "instalment_due")
    assert str(first.order.id) in {event["order_id"] for event in told}
    assert str(paid.order.id) not in {event["order_id"] for event in told}
    before = len(told)
    instalments.remind(tx)
    assert len(published(tx, "instalment_due")) == before
    tx.session.expire_all()
    tx.run("update instalment set due_date = due_date - 9 where order_id = %s and number = 1", (first.order.id,))
    instalments.remind(tx)
    [late] = published(tx, "instalment_due")[before:]
    assert (late["stage_days"], int(str(late["open_fen"]))) == (7, 6667)
    assert int(str(late["late_days"])) in {8, 9}


def test_a_second_payment_waits_for_the_first_and_both_open_their_hours(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        bought = factories.planned_order(tx, hours=1000, unit_price_fen=10000)
    for amount in (30000, 70000):
        with database.begin(caller) as tx:
            payments.record(tx, bought.order.id, payments.Received(amount, "cash", tx.now))
    with database.begin(caller) as tx:
        assert account(tx, bought).remaining_fen == 100000
        assert broken(tx) == []


def test_a_plan_counts_each_hour_once_for_the_rules_about_charges(tx: Tx) -> None:
    bought = factories.planned_order(tx, hours=1000, unit_price_fen=10000)
    charge_rules.project(
        tx,
        CourseChanged(
            course_id=str(bought.course_id),
            category="subject",
            subject="maths",
            kind="class",
            lesson_hours_hundredths=100,
        ),
    )
    for paid, used in ((0, 0), (40000, 0), (0, 2)):
        if paid:
            factories.pay(tx, bought.order.id, paid)
        for _ in range(used):
            consumptions.consume(tx, factories.confirmed(bought))
        [standing] = charge_facts.standing(tx, bought.student_id, without=None).values()
        assert standing.lessons == 10 - used
        assert standing.fen == 100000 - used * 10000


def test_plans_and_policies_on_the_wire(wire: Wire, database: Database, caller: Caller, today: date) -> None:
    with database.begin(caller) as tx:
        bought = factories.order(tx, hours=100, unit_price_fen=10000)
    who = wire.metadata(staff(caller.institution_id))
    service = instalment_service_pb2_grpc.InstalmentServiceStub(wire.channel)
    first = today + 31 * DAY
    template = instalment_pb2.InstalmentTemplate(
        count=3, first_date=Date(year=first.year, month=first.month, day=first.day), months_between=1
    )
    asked = instalment_service_pb2.PreviewInstalmentPlanRequest(order_id=str(bought.order.id), template=template)
    shown = service.PreviewInstalmentPlan(asked, metadata=who).parts
    wanted = instalment_service_pb2.CreateInstalmentPlanRequest(
        order_id=str(bought.order.id), template=template, request_id=str(uuid7())
    )
    made = service.CreateInstalmentPlan(wanted, metadata=who).instalments
    assert [(part.due_date, part.amount_fen) for part in shown] == [(row.due_date, row.amount_fen) for row in made]
    assert service.CreateInstalmentPlan(wanted, metadata=who).instalments == made
    order = instalment_service_pb2.GetInstalmentPlanRequest(order_id=str(bought.order.id))
    assert service.GetInstalmentPlan(order, metadata=who).instalments == made
    listing = instalment_service_pb2.ListInstalmentsRequest(filter=f'order_id = "{bought.order.id}" AND state = due')
    assert service.ListInstalments(listing, metadata=who).instalments == made
    assert not any(row.overdue or row.HasField("stage_days") for row in made)
    policy = instalment_pb2.InstalmentPolicy(
        start_date=Date(year=2026, month=1, day=1),
        unpaid=instalment_pb2.UNPAID_INSTALMENTS_RECEIVABLE,
        stage_days=[-3, 1],
    )
    request = instalment_service_pb2.CreateInstalmentPolicyRequest(instalment_policy=policy)
    kept = service.CreateInstalmentPolicy(request, metadata=who).instalment_policy
    policies = service.ListInstalmentPolicies(instalment_service_pb2.ListInstalmentPoliciesRequest(), metadata=who)
    assert list(policies.instalment_policies) == [kept]
    assert kept.stage_days == [-3, 1]
