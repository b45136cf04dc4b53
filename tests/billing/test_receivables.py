"""What families owe at the end of a day, by how late it is, and what they have paid above."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from uuid import UUID

import pytest
from google.type.date_pb2 import Date

from lianxiao.billing.v1 import receivable_service_pb2 as pb
from lianxiao.billing.v1 import receivable_service_pb2_grpc as pb_grpc
from services.billing.actions import instalments, payments, receivables, refund_payouts, refunds
from services.billing.actions.refunds import Wish
from services.billing.rules.callbacks import Notice
from services.billing.rules.instalments import Part
from services.billing.rules.receivables import Buckets
from services.billing.rules.refund_rules import OVERPAYMENT, SCHOOL
from shared.caller import Caller
from shared.db import Database, Tx
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire
from tests.billing import factories

DAY = timedelta(days=1)


@pytest.fixture
def today(tx: Tx) -> date:
    return tx.now.astimezone(factories.SHANGHAI).date()


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-1, Buckets(not_due=10000)),
        (0, Buckets(not_due=10000)),
        (1, Buckets(to_30=10000)),
        (30, Buckets(to_30=10000)),
        (31, Buckets(to_60=10000)),
        (60, Buckets(to_60=10000)),
        (61, Buckets(to_90=10000)),
        (90, Buckets(to_90=10000)),
        (91, Buckets(above_90=10000)),
    ],
)
def test_the_day_itself_is_not_late_and_each_bucket_ends_with_its_last_day(
    tx: Tx, today: date, days: int, expected: Buckets
) -> None:
    bought = factories.order(tx, hours=100, unit_price_fen=10000)
    instalments.create(tx, bought.order.id, parts=[Part(today + DAY, 10000)])
    [row] = receivables.every(tx, today + (days + 1) * DAY)
    assert row.buckets == expected
    assert row.open_fen == 10000


def test_a_past_day_shows_what_was_open_then(tx: Tx, today: date) -> None:
    planned = factories.order(tx, hours=100, unit_price_fen=10000)
    instalments.create(tx, planned.order.id, parts=[Part(today, 4000), Part(today + 40 * DAY, 6000)])
    whole = factories.order(tx, hours=100, unit_price_fen=700, campus_id=planned.campus_id)
    factories.pay(tx, planned.order.id, 5000)
    factories.pay(tx, whole.order.id, 700)
    tx.run("update sales_order set create_time = create_time - interval '50 days'")
    found = {row.order_id: row.buckets for row in receivables.every(tx, today - DAY)}
    assert found == {
        planned.order.id: Buckets(not_due=10000),
        whole.order.id: Buckets(to_60=700),
    }
    found = {row.order_id: row.buckets for row in receivables.every(tx, today + 41 * DAY)}
    assert found == {planned.order.id: Buckets(to_30=5000)}
    assert receivables.every(tx, today - 51 * DAY) == []


def test_days_are_those_of_the_campus(tx: Tx) -> None:
    east = factories.campus(tx, time_zone="Pacific/Kiritimati")
    west = factories.campus(tx, time_zone="Pacific/Pago_Pago")
    for campus in (east, west):
        factories.order(tx, campus_id=campus, hours=100, unit_price_fen=10000)
    tx.run("update sales_order set create_time = '2026-03-01 10:30+00'")
    assert [row.campus_id for row in receivables.every(tx, date(2026, 2, 28))] == [west]
    late = {row.campus_id: row.buckets for row in receivables.every(tx, date(2026, 3, 30))}
    assert late == {east: Buckets(to_30=10000), west: Buckets(to_30=10000)}
    late = {row.campus_id: row.buckets for row in receivables.every(tx, date(2026, 3, 31))}
    assert late == {east: Buckets(to_30=10000), west: Buckets(to_60=10000)}


def test_a_refund_of_all_that_is_left_ends_what_is_owed_and_money_above_stands_beside(tx: Tx, today: date) -> None:
    advisor = uuid7()
    gone = factories.planned_order(tx, hours=1000, unit_price_fen=10000, owner_id=advisor)
    factories.pay(tx, gone.order.id, 40000)
    refund = refunds.request(tx, gone.order.id, Wish(SCHOOL), reason="搬家")
    refunds.approve(tx, refund.id)
    above = factories.order(tx, campus_id=gone.campus_id, owner_id=advisor, hours=100, unit_price_fen=5000)
    intent = payments.create_intent(tx, above.order.id, amount_fen=5000, provider="sandbox")
    for _ in range(2):
        payments.take_notice(tx, "sandbox", Notice(uuid7().hex, intent.reference, 5000, "CNY", "SUCCESS"))
    factories.order(tx, campus_id=gone.campus_id, hours=100, unit_price_fen=300)
    for by_advisor, key in ((True, advisor), (False, gone.campus_id)):
        sums = {each.subject_id: each for each in receivables.ageing(tx, today, by_advisor=by_advisor)}
        assert sums[key].credit_fen == 5000
        assert sums[None if by_advisor else key].buckets == Buckets(not_due=300)
    back = refunds.request(tx, above.order.id, Wish(OVERPAYMENT), reason="付了两次")
    refunds.approve(tx, back.id)
    assert refund_payouts.of_refunds(tx, [back.id])[back.id]
    assert receivables.total(receivables.ageing(tx, today, by_advisor=False)).credit_fen == 0


def test_lists_sums_and_files_show_what_the_caller_may_see(
    wire: Wire, database: Database, caller: Caller, institution: UUID
) -> None:
    advisor = uuid7()
    with database.begin(caller) as tx:
        here = [factories.order(tx, hours=100, unit_price_fen=price, owner_id=advisor) for price in (100, 250)]
        campuses = [bought.campus_id for bought in here]
        day = tx.now.astimezone(factories.SHANGHAI).date()
    service = pb_grpc.ReceivableServiceStub(wire.channel)
    asked = {"as_of_date": Date(year=day.year, month=day.month, day=day.day)}
    chain = wire.metadata(staff(institution))
    local = wire.metadata(staff(institution, ["receivable.*"], campuses=campuses[:1]))
    first = service.ListReceivables(pb.ListReceivablesRequest(**asked, page_size=1), metadata=chain)
    rest = service.ListReceivables(
        pb.ListReceivablesRequest(**asked, page_size=1, page_token=first.next_page_token), metadata=chain
    )
    assert sorted(row.open_fen for row in (*first.receivables, *rest.receivables)) == [100, 250]
    assert [
        row.open_fen for row in service.ListReceivables(pb.ListReceivablesRequest(**asked), metadata=local).receivables
    ] == [100]
    by_campus = pb.GetReceivableAgeingRequest(**asked, dimension=pb.RECEIVABLE_DIMENSION_CAMPUS)
    assert service.GetReceivableAgeing(by_campus, metadata=chain).total.open_fen == 350
    assert service.GetReceivableAgeing(by_campus, metadata=local).total.open_fen == 100
    by_advisor = pb.GetReceivableAgeingRequest(**asked, dimension=pb.RECEIVABLE_DIMENSION_ADVISOR)
    [mine] = service.GetReceivableAgeing(by_advisor, metadata=chain).sums
    assert (mine.subject_id, mine.order_count, mine.buckets.not_due_fen) == (str(advisor), 2, 350)
    file = service.GetReceivableFile(pb.GetReceivableFileRequest(**asked), metadata=chain).file
    lines = list(csv.reader(file.data.decode("utf-8-sig").splitlines()))
    assert lines[0][-5:] == ["未到期", "逾期1-30天", "逾期31-60天", "逾期61-90天", "逾期90天以上"]
    assert lines[-1] == ["合计", "", "", "", "3.50", "0.00", "3.50", "3.50", "0.00", "0.00", "0.00", "0.00"]
