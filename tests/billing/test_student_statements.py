"""The statement of a student adds up to the accounts, on the clock of the campus, and reads well in every form."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from lianxiao.billing.v1 import student_statement_service_pb2 as pb
from lianxiao.billing.v1 import student_statement_service_pb2_grpc as pb_grpc
from lianxiao.billing.v1.refund_service_pb2 import ListRefundPayoutsRequest
from lianxiao.scheduling.v1.scheduling_events_pb2 import CourseChanged
from services.billing.actions import (
    charge_rules,
    consumptions,
    lots,
    refund_payouts,
    refunds,
    restorations,
    student_statements,
)
from services.billing.actions.refunds import Wish
from services.billing.rules.refund_rules import MUTUAL
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import InvalidInput, Refused
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal
from tests.billing import factories
from tests.billing.books import broken
from tests.billing.factories import Purchase

# Half an hour on both sides of midnight in Shanghai.
MARCH = datetime(2026, 3, 31, 15, 30, tzinfo=UTC)
APRIL = datetime(2026, 3, 31, 16, 30, tzinfo=UTC)


def told(tx: Tx, purchase: Purchase, name: str = "数学思维") -> None:
    """Let billing know the name of a course."""
    charge_rules.project(tx, CourseChanged(course_id=str(purchase.course_id), kind="class", name=name))


def agrees(tx: Tx, purchase: Purchase) -> bool:
    """Say whether the last line of the course leaves what the account says."""
    account = lots.hour_account(tx, student_id=purchase.student_id, course_id=purchase.course_id)
    found = [line for line in student_statements.lines(tx, purchase.student_id) if line.course_id is not None]
    return (found[-1].hundredths_after, found[-1].value_after_fen) == (
        account.remaining_hundredths,
        account.remaining_fen,
    )


def test_every_movement_stands_in_it_with_what_was_left(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=MARCH) as tx:
        bought = factories.paid_order(tx, hours=300, gift=100, gift_policy="zero", unit_price_fen=10001)
        told(tx, bought)
        first = factories.confirmed(bought, charge=50, start_time=MARCH)
        consumptions.consume(tx, first)
    with database.begin(caller, now=APRIL) as tx:
        restorations.restore(tx, factories.unconfirmed(first))
        consumptions.consume(tx, factories.confirmed(bought, charge=100, start_time=APRIL))
        found = student_statements.lines(tx, bought.student_id)
        assert [(line.kind, line.hundredths, line.value_fen, line.paid_fen) for line in found] == [
            ("payment", 0, 0, 30003),
            ("bought", 300, 30003, 0),
            ("gift", 100, 0, 0),
            ("consume", -50, -5001, 0),
            ("reverse", 50, 5001, 0),
            ("consume", -100, -10001, 0),
        ]
        assert [line.hundredths_after for line in found[1:]] == [300, 400, 350, 400, 300]
        assert {line.course_name for line in found} == {"", "数学思维"}
        assert found[3].local_time == datetime(2026, 3, 31, 23, 30)  # noqa: DTZ001 - a wall clock
        assert agrees(tx, bought)


def test_a_period_is_cut_at_the_midnight_of_the_campus_and_keeps_the_balances(
    database: Database, caller: Caller
) -> None:
    with database.begin(caller, now=MARCH) as tx:
        bought = factories.paid_order(tx, hours=300, unit_price_fen=10000)
    with database.begin(caller, now=APRIL) as tx:
        consumptions.consume(tx, factories.confirmed(bought, charge=100, start_time=APRIL))
        [line] = student_statements.lines(tx, bought.student_id, start=date(2026, 4, 1), end=date(2026, 4, 2))
        assert (line.kind, line.hundredths_after, line.value_after_fen, line.paid_after_fen) == (
            *("consume", 200, 20000),
            30000,
        )
        assert len(student_statements.lines(tx, bought.student_id, end=date(2026, 4, 1))) == 2
        assert student_statements.lines(tx, bought.student_id, course_id=UUID(int=1)) == []
        with pytest.raises(InvalidInput, match="before the first"):
            student_statements.lines(tx, bought.student_id, start=date(2026, 4, 2), end=date(2026, 4, 1))


def test_hours_that_come_by_instalments_stand_where_their_money_came(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=MARCH) as tx:
        bought = factories.planned_order(tx, hours=1000, gift=100, unit_price_fen=10000, unpaid="stop")
        factories.pay(tx, bought.order.id, 40000)
        consumptions.consume(tx, factories.confirmed(bought, charge=300, start_time=MARCH))
    with database.begin(caller, now=APRIL) as tx:
        factories.pay(tx, bought.order.id, 60000)
        found = [line for line in student_statements.lines(tx, bought.student_id) if line.course_id is not None]
        assert [(line.kind, line.hundredths, line.hundredths_after) for line in found] == [
            *(("bought", 400, 400), ("gift", 40, 440), ("consume", -300, 140)),
            *(("bought", 600, 740), ("gift", 60, 800)),
        ]
        assert agrees(tx, bought)
        assert broken(tx) == []


@settings(max_examples=8, deadline=None)
@given(
    paid=st.lists(st.integers(1, 40000), max_size=3),
    charge=st.integers(1, 900),
    unpaid=st.sampled_from(["stop", "receivable"]),
)
def test_no_line_of_a_plan_leaves_less_than_nothing(
    database: Database, paid: list[int], charge: int, unpaid: str
) -> None:
    with database.begin(staff(uuid7())) as tx:
        bought = factories.planned_order(tx, hours=1000, gift=100, unit_price_fen=12345, unpaid=unpaid)
        for fen in paid:
            factories.pay(tx, bought.order.id, fen)
        consumptions.consume(tx, factories.confirmed(bought, charge=charge))
        found = student_statements.lines(tx, bought.student_id)
        assert all(line.hundredths_after >= 0 for line in found if line.course_id is not None)
        assert not any(line.course_id for line in found) or agrees(tx, bought)
        assert broken(tx) == []


def test_a_refund_leaves_nothing_and_its_payout_is_money_that_went(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=300, unit_price_fen=10000)
    consumptions.consume(tx, factories.confirmed(bought, charge=100))
    asked = refunds.request(tx, bought.order.id, Wish(MUTUAL), reason="moves")
    refunds.approve(tx, asked.id)
    for payout in refund_payouts.LISTING.page(tx, ListRefundPayoutsRequest()).rows:
        refund_payouts.settle(tx, payout.id, succeeded=True)
    found = student_statements.lines(tx, bought.student_id)
    assert [line.kind for line in found][-2:] == ["refund", "payout"]
    assert (found[-2].hundredths_after, found[-2].value_after_fen, found[-1].paid_after_fen) == (0, 0, 10000)
    assert agrees(tx, bought)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 90), st.booleans()), max_size=8), st.integers(1, 99_999), st.integers(0, 200))
def test_it_always_agrees_with_the_account(
    database: Database, caller: Caller, lessons: list[tuple[int, bool]], price_fen: int, gift: int
) -> None:
    with database.begin(caller) as tx:
        bought = factories.paid_order(tx, hours=300, gift=gift, unit_price_fen=price_fen)
        for charge, taken_back in lessons:
            event = factories.confirmed(bought, charge=charge)
            consumptions.consume(tx, event)
            if taken_back:
                restorations.restore(tx, factories.unconfirmed(event))
        assert agrees(tx, bought)
        assert sum(line.paid_fen for line in student_statements.lines(tx, bought.student_id)) == bought.order.total_fen


def test_files_for_spreadsheets_and_for_paper(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=300, unit_price_fen=10000)
    told(tx, bought, "=SUM(A1)")
    found = student_statements.lines(tx, bought.student_id)
    data = student_statements.file(tx, bought.student_id, found, language="zh", kind="csv")
    head, payment, opened = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    assert (head[3], payment[3], opened[3], opened[4:8]) == (
        "摘要",
        "收款",
        "购买",
        ["3.00", "3.00", "300.00", "300.00"],
    )
    assert opened[2] == "'=SUM(A1)", "no formula for whoever opens it"
    book = load_workbook(io.BytesIO(student_statements.file(tx, bought.student_id, found, language="en", kind="xlsx")))
    assert [cell.value for cell in book.active[3]][3] == "Bought"  # type: ignore[index]
    assert student_statements.file(tx, bought.student_id, found, language="zh", kind="pdf").startswith(b"%PDF")


def test_a_statement_that_nobody_would_read_is_refused(tx: Tx, monkeypatch: pytest.MonkeyPatch) -> None:
    bought = factories.paid_order(tx)
    monkeypatch.setattr(student_statements, "MOST_LINES", 1)
    with pytest.raises(Refused) as refused:
        student_statements.lines(tx, bought.student_id)
    assert refused.value.reason == "STATEMENT_TOO_LONG"


def test_over_the_wire_within_ones_campuses(wire: Wire, database: Database, caller: Caller, finance: Caller) -> None:
    with database.begin(caller) as tx:
        bought = factories.paid_order(tx)
        elsewhere = factories.campus(tx)
    stub = pb_grpc.StudentStatementServiceStub(wire.channel)
    asked = pb.GetStudentStatementRequest(student_id=str(bought.student_id))
    lines = stub.GetStudentStatement(asked, metadata=Wire.metadata(finance)).lines
    assert [line.kind for line in lines] == ["payment", "bought"]
    assert lines[1].time.ToDatetime(UTC) - lines[0].time.ToDatetime(UTC) < timedelta(minutes=1)
    there = staff(finance.institution_id, ["student_statement.read"], campuses=[elsewhere])
    assert list(stub.GetStudentStatement(asked, metadata=Wire.metadata(there)).lines) == []
    teacher = staff(finance.institution_id, ["lesson.read"])
    with pytest.raises(grpc.RpcError) as error:
        stub.GetStudentStatementFile(
            pb.GetStudentStatementFileRequest(student_id=asked.student_id), metadata=Wire.metadata(teacher)
        )
    assert refusal(error.value)[1] == "PERMISSION_MISSING"
