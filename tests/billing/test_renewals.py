"""Renewals: which order renews which, which are due, and a rate whose denominator everybody can count again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import UUID

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianxiao.billing.v1 import order_service_pb2, order_service_pb2_grpc, renewal_service_pb2_grpc
from lianxiao.billing.v1 import renewal_service_pb2 as pb
from services.billing.actions import consumptions, predecessors, renewals
from services.billing.actions.renewals import Span
from services.billing.models import Course
from services.billing.rules.renewals import Count, Renewal, count, total, write
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import Refused
from shared.ids import uuid7
from shared.testing.wire import Wire, refusal
from shared.wire_values import date_pb
from tests.billing import factories

START = datetime(2026, 3, 1, 4, tzinfo=UTC)
MARCH = Span(date(2026, 3, 1), date(2026, 3, 31))


def course(tx: Tx, subject: str) -> UUID:
    row = Course(
        id=uuid7(),
        category="math",
        subject=subject,
        kind="one_to_one",
        lesson_minutes=60,
        lesson_hours_hundredths=100,
        online=False,
    )
    tx.session.add(row)
    tx.session.flush()
    return row.id


def attend(tx: Tx, bought: factories.Purchase, hundredths: int) -> None:
    consumptions.consume(tx, factories.confirmed(bought, charge=hundredths, start_time=tx.now))


def due(tx: Tx, span: Span = MARCH) -> list[tuple[UUID, date, UUID | None]]:
    return [(row.order_id, row.due_date, row.renewal_order_id) for row in renewals.every(tx, span)]


def test_an_order_of_the_same_child_and_subject_renews_the_last_one(tx: Tx) -> None:
    tx.now = START
    campus, first_course = factories.campus(tx), course(tx, "algebra")
    first = factories.paid_order(tx, campus_id=campus, course_id=first_course)
    assert first.order.predecessor_id is None
    tx.now += timedelta(days=20)
    child = partial(factories.order, tx, student_id=first.student_id, campus_id=campus)
    second = child(course_id=course(tx, "algebra"))
    factories.pay(tx, second.order.id, second.order.total_fen)
    assert second.order.predecessor_id == first.order.id
    assert child(course_id=course(tx, "english")).order.predecessor_id is None
    assert factories.order(tx, campus_id=campus, course_id=first_course).order.predecessor_id is None
    # Nothing was paid for the one before last.
    third = child(course_id=first_course)
    tx.now += timedelta(days=1)
    assert child(course_id=first_course).order.predecessor_id == second.order.id
    assert third.order.predecessor_id == second.order.id


@pytest.mark.parametrize(("days", "renews"), [(predecessors.DAYS - 1, True), (predecessors.DAYS + 1, False)])
def test_after_so_many_days_without_hours_it_is_a_new_beginning(tx: Tx, days: int, renews: bool) -> None:  # noqa: FBT001 - a case
    tx.now = START
    first = factories.paid_order(tx, hours=300)
    attend(tx, first, 300)
    tx.now += timedelta(days=days)
    again = factories.order(tx, student_id=first.student_id, course_id=first.course_id, campus_id=first.campus_id)
    assert (again.order.predecessor_id == first.order.id) is renews


def test_the_order_before_is_told_or_corrected_within_the_child(tx: Tx) -> None:
    tx.now = START
    first, stranger = factories.paid_order(tx), factories.paid_order(tx)
    tx.now += timedelta(days=1)
    second = factories.paid_order(tx, student_id=first.student_id, campus_id=first.campus_id)
    assert second.order.predecessor_id is None
    assert renewals.link(tx, second.order.id, first.order.id).predecessor_id == first.order.id
    assert renewals.link(tx, second.order.id, None).predecessor_id is None
    for wrong, reason in ((stranger, "RENEWAL_OTHER_CHILD"), (second, "RENEWAL_NOT_EARLIER")):
        with pytest.raises(Refused) as refused:
            renewals.link(tx, second.order.id, wrong.order.id)
        assert refused.value.reason == reason
    with pytest.raises(Refused) as refused:
        renewals.link(tx, first.order.id, second.order.id)
    assert refused.value.reason == "RENEWAL_NOT_EARLIER"


def test_an_order_is_due_when_its_hours_fell_to_the_threshold_by_the_clock_of_the_campus(tx: Tx) -> None:
    tx.now = START
    bought = factories.paid_order(tx, hours=800)
    attend(tx, bought, 200)
    assert due(tx) == []
    # Half past midnight in Shanghai is the evening before in UTC.
    tx.now = datetime(2026, 3, 10, 16, 30, tzinfo=UTC)
    attend(tx, bought, 100)
    tx.now += timedelta(days=2)
    attend(tx, bought, 100)
    assert due(tx) == [(bought.order.id, date(2026, 3, 11), None)]
    assert due(tx, Span(date(2026, 3, 1), date(2026, 3, 10))) == []
    assert due(tx, Span(date(2026, 3, 11), date(2026, 3, 11), threshold_hundredths=500)) != []
    assert due(tx, Span(date(2026, 3, 1), date(2026, 3, 31), threshold_hundredths=100)) == []


def test_an_end_that_is_near_makes_it_due_and_its_renewal_is_named(tx: Tx) -> None:
    tx.now = START
    bought = factories.paid_order(tx, expire_date=date(2026, 4, 20))
    assert due(tx) == [(bought.order.id, date(2026, 3, 21), None)]
    tx.now += timedelta(days=3)
    again = factories.paid_order(
        tx, student_id=bought.student_id, course_id=bought.course_id, campus_id=bought.campus_id
    )
    assert due(tx) == [(bought.order.id, date(2026, 3, 21), again.order.id)]
    assert due(tx, Span(date(2026, 4, 1), date(2026, 4, 30), notice_days=5)) == [
        (bought.order.id, date(2026, 4, 15), again.order.id)
    ]


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=30))
def test_counts_add_up_and_rates_are_rounded_half_up(orders_due: list[tuple[int, bool]]) -> None:
    campuses = [UUID(int=number + 1) for number in range(3)]
    day = date(2026, 3, 1)
    rows = [
        Renewal(uuid7(), uuid7(), campuses[place], None, day, 0, None, uuid7() if renewed else None, None)
        for place, renewed in orders_due
    ]
    counts = count(rows, by_advisor=False)
    whole = total(counts)
    assert (whole.due, whole.renewed) == (len(rows), sum(renewed for _, renewed in orders_due))
    assert all(each.renewed <= each.due and 0 <= each.rate_basis_points <= 10_000 for each in counts)
    assert Count(None, 3, 1).rate_basis_points == 3333
    assert Count(None, 3, 2).rate_basis_points == 6667


def test_the_file_has_headings_in_both_languages() -> None:
    row = Renewal(uuid7(), uuid7(), uuid7(), None, date(2026, 3, 1), 150, date(2026, 4, 1), None, None)
    zh, en = write([row], "zh").decode("utf-8-sig"), write([row], "en").decode("utf-8-sig")
    assert zh.startswith("订单,学员,校区,顾问,应续日期")
    assert zh.splitlines()[1] == en.splitlines()[1]
    assert zh.splitlines()[1].endswith(",,2026-03-01,1.5,2026-04-01,")


def test_renewals_cross_the_wire(wire: Wire, database: Database, caller: Caller, finance: Caller) -> None:
    with database.begin(caller) as tx:
        tx.now = START
        bought = factories.paid_order(tx, expire_date=date(2026, 4, 20))
        again = factories.paid_order(
            tx, student_id=bought.student_id, course_id=bought.course_id, campus_id=bought.campus_id
        )
    stub, who = renewal_service_pb2_grpc.RenewalServiceStub(wire.channel), wire.metadata(finance)
    span = pb.RenewalSpan(start_date=date_pb(date(2026, 3, 1)), end_date=date_pb(date(2026, 3, 31)))
    (row,) = stub.ListRenewals(pb.ListRenewalsRequest(span=span), metadata=who).renewals
    assert (row.order_id, row.renewal_order_id) == (str(bought.order.id), str(again.order.id))
    rate = pb.GetRenewalRateRequest(span=span, dimension=pb.RENEWAL_DIMENSION_CAMPUS)
    answer = stub.GetRenewalRate(rate, metadata=who)
    assert (answer.total.due_count, answer.total.renewed_count, answer.total.rate_basis_points) == (1, 1, 10_000)
    assert answer.counts[0].subject_id == str(bought.campus_id)
    file = stub.GetRenewalFile(pb.GetRenewalFileRequest(span=span), metadata=who).file
    assert str(again.order.id).encode() in file.data
    shown = order_service_pb2_grpc.OrderServiceStub(wire.channel).GetOrder(
        order_service_pb2.GetOrderRequest(order_id=str(again.order.id)), metadata=who
    )
    assert shown.order.predecessor_order_id == str(bought.order.id)
    unlink = pb.LinkRenewalRequest(order_id=str(again.order.id))
    assert stub.LinkRenewal(unlink, metadata=who).order.predecessor_order_id == ""
    span.end_date.CopyFrom(date_pb(date(2026, 2, 1)))
    with pytest.raises(grpc.RpcError) as refused:
        stub.ListRenewals(pb.ListRenewalsRequest(span=span), metadata=who)
    assert refusal(refused.value)[0] == "INVALID_ARGUMENT"
