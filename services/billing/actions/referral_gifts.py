"""Hours that a family is given for bringing another: an order of its own for nothing, with a gift lot."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from lianxiao.student.v1.student_events_pb2 import ReferralRewardDue
from services.billing.actions import lots
from services.billing.models import Lot, Order, OrderLine
from services.billing.rules.lots import GIFT
from shared import aliases
from shared.db import Tx
from shared.errors import Refused
from shared.ids import as_uuid, uuid7

_CHANNEL = "referral"


def give(tx: Tx, event: ReferralRewardDue) -> None:
    """Give hours of the course that the student bought last, under its contract; they do not expire.

    The order names the referral, once by constraint. The lot is worth
    nothing: no liability, no revenue, no refund. Raises Refused REFERRAL_WITHOUT_HOURS for a student who never bought.
    """
    referral_id = as_uuid(event.referral_id)
    given = select(Order.id).where(Order.institution_id == tx.institution_id, Order.referral_id == referral_id)
    if tx.scalar(given) is not None:
        return
    family = aliases.family(tx, as_uuid(event.student_id))
    bought = select(Lot).where(Lot.institution_id == tx.institution_id, Lot.student_id.in_(family))
    last = tx.session.scalars(bought.order_by(Lot.create_time.desc(), Lot.id.desc()).limit(1)).first()
    if last is None:
        raise Refused("REFERRAL_WITHOUT_HOURS", "the student has bought no hours that a gift could be of")
    order = _order(last, tx.load(Order, "order", last.order_id).contract_id, referral_id)
    order.activate_time = tx.now
    line = OrderLine(
        id=uuid7(),
        order_id=order.id,
        line_number=1,
        course_id=last.course_id,
        lesson_hours_hundredths=0,
        gift_hundredths=event.gift_hundredths,
        unit_price_fen=0,
        net_fen=0,
        kind="lesson_hours",
    )
    gift = _lot(last, line)
    for row in (order, line, gift):
        tx.session.add(row)
        tx.session.flush()
    lots.announce(tx, [gift.id])
    tx.audit("referral.reward", "order", order.id, hundredths=event.gift_hundredths)


def _order(last: Lot, contract_id: UUID, referral_id: UUID) -> Order:
    return Order(
        id=uuid7(),
        campus_id=last.campus_id,
        owner_id=last.advisor_id,
        contract_id=contract_id,
        customer_id=last.student_id,
        channel=_CHANNEL,
        total_fen=0,
        paid_fen=0,
        refunded_fen=0,
        state="paid",
        referral_id=referral_id,
    )


def _lot(last: Lot, line: OrderLine) -> Lot:
    return Lot(
        id=uuid7(),
        campus_id=last.campus_id,
        student_id=last.student_id,
        course_id=last.course_id,
        order_id=line.order_id,
        order_line_id=line.id,
        kind=GIFT,
        quantity_hundredths=line.gift_hundredths,
        remaining_hundredths=line.gift_hundredths,
        total_fen=0,
        released_fen=0,
        contract_time=last.contract_time,
        advisor_id=last.advisor_id,
        channel=_CHANNEL,
    )
