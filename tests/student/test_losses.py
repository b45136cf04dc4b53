"""Leaving needs a reason, and bringing another family is worth a gift, once, when it is honest."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import grpc
import pytest

from lianxiao.billing.v1.billing_events_pb2 import PaymentReceived, RefundPaid
from lianxiao.lead.v1.lead_events_pb2 import LeadCaptured
from lianxiao.student.v1 import referral_service_pb2, student_loss_pb2
from lianxiao.student.v1 import student_loss_service_pb2 as pb
from lianxiao.student.v1.referral_service_pb2_grpc import ReferralServiceStub
from lianxiao.student.v1.student_events_pb2 import ReferralRewardDue
from lianxiao.student.v1.student_loss_service_pb2_grpc import StudentLossServiceStub
from services.student.actions import losses, referrals, students
from services.student.actions.students import Profile
from services.student.consumers import CONSUMERS
from services.student.models import Referral
from services.student.rules import lifecycle
from services.student.server import SERVICERS
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import AlreadyExists, InvalidInput, LimitReached, NotFound, Refused
from shared.ids import uuid7
from shared.testing.bus import deliver
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal, serving
from tests.student import factories

NOON = datetime(2026, 6, 15, 4, tzinfo=UTC)
FRESH_PHONE = "13700001111"


def test_an_enquiry_whose_link_named_a_code_is_that_familys(
    database: Database, caller: Caller, institution: UUID
) -> None:
    with database.begin(caller, now=NOON) as tx:
        child = factories.student(tx)
        code = referrals.issue(tx, child.id)
    customers = [uuid7() for _ in range(3)]
    told = [
        LeadCaptured(lead_id=str(uuid7()), customer_id=str(each), campus_id=str(child.campus_id), referral_code=given)
        for each, given in ((customers[0], code), (customers[1], "ZZZZZZZZ"), (customers[2], ""), (child.id, code))
    ]
    for event in (*told, told[0]):
        deliver(database, CONSUMERS, event, institution)
    with database.begin(caller, now=NOON) as tx:
        [row] = tx.session.query(Referral).all()
        assert (row.customer_id, row.student_id, row.state) == (customers[0], child.id, "waiting")


@pytest.mark.parametrize("reason", ["", "太贵", "PRICE"])
def test_nobody_leaves_without_a_reason_of_the_catalogue(database: Database, caller: Caller, reason: str) -> None:
    with database.begin(caller) as tx:
        child = factories.student(tx)
        with pytest.raises(InvalidInput) as caught:
            students.change_state(tx, child.id, to_state="lapsed", reason=reason)
        assert caught.value.reason == "LEAVE_REASON_NEEDED"
        students.change_state(tx, child.id, to_state="paused", reason="出国两月")


def test_every_reason_of_the_wire_is_one_of_the_catalogue() -> None:
    words = {name.removeprefix("LEAVE_REASON_").lower() for name, _ in student_loss_pb2.LeaveReason.items()}
    assert words - {"unspecified"} == set(lifecycle.LEAVE_REASONS) == set(losses.REASON_NAMES)


def test_who_left_is_counted_by_reason_and_leaves_the_list_on_return(database: Database, caller: Caller) -> None:
    campus_id = uuid7()
    with database.begin(caller, now=NOON) as tx:
        for reason in ("price", "price", "move"):
            child = factories.student(tx, campus_id=campus_id)
            students.change_state(tx, child.id, to_state="lapsed", reason=reason)
    with database.begin(caller, now=NOON + timedelta(days=9)) as tx:
        students.change_state(tx, child.id, to_state="enrolled", reason="搬回来了")
        [moved, dear] = losses.report(tx, start=NOON, end=NOON + timedelta(seconds=1))
        assert (dear.reason, dear.lapsed, dear.returned) == ("price", 2, 0)
        assert (moved.reason, moved.lapsed, moved.returned) == ("move", 1, 1)
        assert losses.report(tx, start=NOON + timedelta(days=1), end=NOON + timedelta(days=2)) == []
        students.change_state(tx, child.id, to_state="lapsed", reason="time")


def test_the_recall_list_ends_at_the_border_and_is_safe_to_open(
    database: Database, caller: Caller, institution: UUID
) -> None:
    here = uuid7()
    with database.begin(caller, now=NOON) as tx:
        for name, campus_id in (("=cmd()", here), ("别校学员", uuid7())):
            child = factories.student(tx, name=name, campus_id=campus_id)
            students.change_state(tx, child.id, to_state="lapsed", reason="price")
    with database.begin(staff(institution), scope=Scope(frozenset({here})), now=NOON) as tx:
        text = losses.export(tx, "return_time = null AND reason = price")
        assert text.startswith("\ufeff")
        [_head, row] = csv.reader(text.removeprefix("\ufeff").splitlines())
        assert row == ["'=cmd()", "", "价格", "2026-06-15", ""]
        assert list(csv.reader(losses.export(tx, "reason = move").splitlines()))[1:] == []


def brought(tx: Tx) -> Referral:
    """Let a family bring a customer."""
    child = factories.student(tx)
    factories.guardian(tx, child)
    return referrals.use(tx, referrals.issue(tx, child.id), customer_id=uuid7(), phone=FRESH_PHONE)


def pay(database: Database, row: Referral, time: datetime) -> str:
    """Let billing tell of the first payment of whoever was brought."""
    event = PaymentReceived(order_id=str(uuid7()), customer_id=str(row.customer_id), campus_id=str(row.campus_id))
    event.receive_time.FromDatetime(time)
    deliver(database, CONSUMERS, event, row.institution_id)
    return event.order_id


def settled(database: Database, caller: Caller, now: datetime) -> list[ReferralRewardDue]:
    """Run the job and return what is to be given."""
    with database.begin(caller, now=now) as tx:
        referrals.step(tx)
        return factories.told(tx, ReferralRewardDue)


def test_the_gift_is_due_once_when_the_payment_has_stood(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        row = brought(tx)
    assert settled(database, caller, NOON + timedelta(days=30)) == [], "nothing was paid"
    pay(database, row, NOON)
    assert settled(database, caller, NOON + timedelta(days=30)) == [], "nobody was enrolled"
    with database.begin(caller, now=NOON) as tx:
        students.enrol(tx, row.customer_id, campus_id=row.campus_id, profile=Profile("新生", birth_year=2016))
    assert settled(database, caller, NOON + timedelta(days=13, hours=23)) == []
    [event] = settled(database, caller, NOON + timedelta(days=14))
    assert (event.student_id, event.gift_hundredths) == (str(row.student_id), 200)
    assert settled(database, caller, NOON + timedelta(days=15)) == []


def test_what_is_refunded_or_of_the_same_family_brings_nothing(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        refunded, related = brought(tx), None
        child = factories.student(tx, name="李雷")
        factories.guardian(tx, child, phone="13922223333")
        code = referrals.issue(tx, child.id)
        related = referrals.use(tx, code, customer_id=uuid7(), phone="13722223333")
        new = students.enrol(
            tx, related.customer_id, campus_id=child.campus_id, profile=Profile("李霞", birth_year=2018)
        )
        factories.guardian(tx, new, phone="13922223333")
    order_id = pay(database, refunded, NOON)
    pay(database, related, NOON)
    back = RefundPaid(order_id=order_id, customer_id=str(refunded.customer_id), campus_id=str(refunded.campus_id))
    deliver(database, CONSUMERS, back, refunded.institution_id)
    assert settled(database, caller, NOON + timedelta(days=20)) == []
    with database.begin(caller) as tx:
        rows = [tx.load(Referral, "referral", each.id) for each in (refunded, related)]
        assert [(row.state, row.refusal) for row in rows] == [("refused", "refunded"), ("refused", "same_family")]


def test_a_family_cannot_bring_itself_nor_whom_we_know_nor_anybody_twice(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        child, other = factories.student(tx), factories.student(tx, name="李雷")
        factories.guardian(tx, child)
        factories.guardian(tx, other, phone="13922223333")
        code, customer_id = referrals.issue(tx, child.id), uuid7()
        assert referrals.issue(tx, child.id) == code
        for phone, who, refused in (
            ("138 1234 5678", customer_id, "REFERRAL_SAME_FAMILY"),
            ("13922223333", customer_id, "REFERRAL_KNOWN_FAMILY"),
            (FRESH_PHONE, other.id, "REFERRAL_KNOWN_FAMILY"),
        ):
            with pytest.raises(Refused) as caught:
                referrals.use(tx, code, customer_id=who, phone=phone)
            assert caught.value.reason == refused
        with pytest.raises(NotFound):
            referrals.use(tx, "ZZZZZZZZ", customer_id=customer_id, phone=FRESH_PHONE)
        referrals.use(tx, code.lower(), customer_id=customer_id, phone=FRESH_PHONE)
    with database.begin(caller, now=NOON) as tx, pytest.raises(AlreadyExists):
        referrals.use(tx, code, customer_id=customer_id, phone=FRESH_PHONE)


def test_a_family_brings_so_many_a_month(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        referrals.set_policy(tx, gift_hundredths=100, stand_days=7, month_limit=2)
        code = referrals.issue(tx, factories.student(tx).id)
        for number in range(2):
            referrals.use(tx, code, customer_id=uuid7(), phone=f"1370000222{number}")
        with pytest.raises(LimitReached):
            referrals.use(tx, code, customer_id=uuid7(), phone="13700003333")
        tx.now = NOON + timedelta(days=30)
        assert referrals.use(tx, code, customer_id=uuid7(), phone="13700003333").gift_hundredths == 100


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    """Serve student for this module."""
    with serving("student", SERVICERS, database) as running:
        yield running


def test_losses_and_referrals_over_the_wire(wire: Wire, database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution), now=NOON) as tx:
        child = factories.student(tx)
        students.change_state(tx, child.id, to_state="lapsed", reason="effect")
    signed, stub = Wire.metadata(staff(institution)), StudentLossServiceStub(wire.channel)
    wanted = pb.ListStudentLossesRequest(filter="reason = LEAVE_REASON_EFFECT AND return_time = null")
    [loss] = stub.ListStudentLosses(wanted, metadata=signed).losses
    assert (loss.student_id, loss.student_name) == (str(child.id), "张小明")
    period = pb.GetLossReportRequest()
    period.start_time.FromDatetime(NOON)
    period.end_time.FromDatetime(NOON + timedelta(days=1))
    [count] = stub.GetLossReport(period, metadata=signed).counts
    assert count.lapsed_count == 1
    assert "张小明" in stub.ExportStudentLosses(pb.ExportStudentLossesRequest(), metadata=signed).content
    unseeing = Wire.metadata(staff(institution, ("student_loss.*",)))
    assert "张小明" not in stub.ExportStudentLosses(pb.ExportStudentLossesRequest(), metadata=unseeing).content

    bringing = ReferralServiceStub(wire.channel)
    issuing = referral_service_pb2.IssueReferralCodeRequest(student_id=str(child.id))
    code = bringing.IssueReferralCode(issuing, metadata=signed).code
    using = referral_service_pb2.UseReferralCodeRequest(code=code, customer_id=str(uuid7()), phone=FRESH_PHONE)
    made = bringing.UseReferralCode(using, metadata=signed).referral
    [listed] = bringing.ListReferrals(referral_service_pb2.ListReferralsRequest(), metadata=signed).referrals
    assert listed == made
    with pytest.raises(grpc.RpcError) as caught:
        bringing.UseReferralCode(using, metadata=signed)
    assert refusal(caught.value) == ("ALREADY_EXISTS", "REFERRAL_EXISTS")
