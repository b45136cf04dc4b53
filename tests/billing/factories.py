"""Rows of billing for tests, made through its actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from lianxiao.lead.v1.lead_events_pb2 import CustomerRegistered
from lianxiao.org.v1.org_events_pb2 import CampusChanged
from lianxiao.scheduling.v1.scheduling_events_pb2 import AttendanceConfirmed, AttendanceUnconfirmed
from services.billing.actions import (
    campuses,
    contracts,
    instalment_policies,
    instalments,
    orders,
    partners,
    payments,
    quotes,
    splits,
)
from services.billing.actions.payments import Received
from services.billing.actions.pricing import Item
from services.billing.models import Order, SplitRule
from services.billing.rules import splits as rules
from services.billing.rules.instalments import Template
from services.billing.rules.splits import Share
from shared.db import Tx
from shared.ids import uuid7

# What the provider `sandbox` signs with.
SECRET = "a sandbox secret"
LONG_AGO = date(2020, 1, 1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
# Of each recognised fen: who teaches 70 %, who sells 20 %, headquarters the rest.
SEVENTY_TWENTY = (
    Share(rules.TEACHING, basis_points=7000),
    Share(rules.SELLING, basis_points=2000),
    Share(rules.HEADQUARTERS, is_remainder=True),
)


def registered(tx: Tx, customer_id: UUID, partner_id: UUID, *, outcome: str = "granted") -> None:
    """Have lead say what became of a partner's registration."""
    event = CustomerRegistered(
        registration_id=str(uuid7()), partner_id=str(partner_id), customer_id=str(customer_id), outcome=outcome
    )
    partners.project(tx, event)


@dataclass(frozen=True, slots=True)
class Purchase:
    """An order and whose it is."""

    order: Order
    student_id: UUID
    course_id: UUID
    campus_id: UUID


def campus(
    tx: Tx, campus_id: UUID | None = None, *, time_zone: str = "Asia/Shanghai", region_id: UUID | None = None
) -> UUID:
    """Return a campus that billing has heard of."""
    campus_id = campus_id or uuid7()
    event = CampusChanged(campus_id=str(campus_id), name="Pudong", time_zone=time_zone, active=True)
    event.region_id = str(region_id or "")
    campuses.project(tx, event)
    return campus_id


def order(
    tx: Tx,
    *,
    campus_id: UUID | None = None,
    student_id: UUID | None = None,
    course_id: UUID | None = None,
    owner_id: UUID | None = None,
    hours: int = 3000,
    gift: int = 0,
    unit_price_fen: int = 20000,
    discount_fen: int = 0,
    gift_policy: str = "diluted",
    expire_date: date | None = None,
    channel: str = "",
    partner_id: UUID | None = None,
    allocation: Sequence[tuple[UUID, int]] = (),
    item: Item | None = None,
    coupon_codes: Sequence[str] = (),
) -> Purchase:
    """Return a signed order of which nothing is paid."""
    campus_id = campus_id or campus(tx)
    student_id, course_id = student_id or uuid7(), course_id or uuid7()
    if partner_id is not None:
        registered(tx, student_id, partner_id)
    item = item or Item(course_id, hours, unit_price_fen, gift, discount_fen)
    quote = quotes.create(
        tx,
        customer_id=student_id,
        campus_id=campus_id,
        items=[item],
        coupon_codes=coupon_codes,
        owner_id=owner_id,
        channel=channel,
    )
    quotes.confirm(tx, quote.id)
    contract = contracts.create(tx, quote.id, gift_policy=gift_policy, expire_date=expire_date)
    contracts.sign(tx, contract.id)
    return Purchase(orders.create(tx, contract.id, allocation=allocation), student_id, course_id, campus_id)


def paid_order(tx: Tx, **wanted: object) -> Purchase:
    """Return an order that is paid in full in cash; its lots are open."""
    bought = order(tx, **wanted)  # type: ignore[arg-type]
    if bought.order.total_fen:
        pay(tx, bought.order.id, bought.order.total_fen)
    return bought


def planned_order(
    tx: Tx, *, count: int = 3, unpaid: str = "", first_date: date | None = None, **wanted: object
) -> Purchase:
    """Return an order that is to be paid in monthly instalments, by a policy for unpaid ones."""
    bought = order(tx, **wanted)  # type: ignore[arg-type]
    if unpaid:
        instalment_policies.create(tx, start_date=LONG_AGO, unpaid=unpaid, stage_days=instalment_policies.STAGES)
    template = Template(count, first_date or tx.now.astimezone(SHANGHAI).date(), 1)
    instalments.create(tx, bought.order.id, template=template)
    return bought


def pay(tx: Tx, order_id: UUID, amount_fen: int) -> None:
    """Cash at the desk."""
    payments.record(tx, order_id, Received(amount_fen, "cash", tx.now))


def split_rule(
    tx: Tx,
    shares: Sequence[Share] = SEVENTY_TWENTY,
    *,
    base: str = rules.CONSUMPTION,
    start_date: date = LONG_AGO,
    priority: int = 0,
    **matchers: object,
) -> SplitRule:
    """Return a rule that matches everything, but for the matchers given."""
    rule = rules.SplitRule(None, "standard", base, priority, tuple(shares), start_date, **matchers)  # type: ignore[arg-type]
    return splits.create_rule(tx, rule)


def confirmed(
    bought: Purchase,
    *,
    charge: int = 100,
    campus_id: UUID | None = None,
    attendance_id: UUID | None = None,
    revision: int = 1,
    teacher_id: UUID | None = None,
    start_time: datetime | None = None,
) -> AttendanceConfirmed:
    """Return what scheduling says when a roll call is confirmed."""
    event = AttendanceConfirmed(
        attendance_id=str(attendance_id or uuid7()),
        lesson_id=str(uuid7()),
        student_id=str(bought.student_id),
        course_id=str(bought.course_id),
        campus_id=str(campus_id or bought.campus_id),
        teacher_id=str(teacher_id or uuid7()),
        code="present",
        charge_hundredths=charge,
        revision=revision,
    )
    event.lesson_start_time.FromDatetime(start_time or datetime.now(UTC))
    return event


def unconfirmed(event: AttendanceConfirmed) -> AttendanceUnconfirmed:
    """Return what scheduling says when that confirmation is taken back."""
    return AttendanceUnconfirmed(
        attendance_id=event.attendance_id,
        lesson_id=event.lesson_id,
        student_id=event.student_id,
        campus_id=event.campus_id,
        revision=event.revision,
    )
