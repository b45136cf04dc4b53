"""A family that brings another gets hours once, which cost nobody anything."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import select

from lianxiao.student.v1.student_events_pb2 import ReferralRewardDue
from services.billing.actions import consumptions, referral_gifts
from services.billing.consumers import CONSUMERS
from services.billing.models import Consumption, Lot
from shared.caller import Caller
from shared.db import Database
from shared.errors import Refused
from shared.ids import uuid7
from shared.testing.bus import deliver
from tests.billing import factories
from tests.billing.books import broken


def due(student_id: UUID, hundredths: int = 200) -> ReferralRewardDue:
    """Return what student says when a gift is due."""
    return ReferralRewardDue(
        referral_id=str(uuid7()),
        student_id=str(student_id),
        campus_id=str(uuid7()),
        referred_customer_id=str(uuid7()),
        gift_hundredths=hundredths,
    )


def test_a_gift_is_given_once_and_used_without_any_money(database: Database, caller: Caller, institution: UUID) -> None:
    with database.begin(caller) as tx:
        bought = factories.paid_order(tx, hours=100, expire_date=date(2099, 12, 31))
    event = due(bought.student_id)
    assert deliver(database, CONSUMERS, event, institution, times=2) == 1
    with database.begin(caller) as tx:
        referral_gifts.give(tx, event)
        rows = tx.session.scalars(
            select(Lot).where(Lot.student_id == bought.student_id).order_by(Lot.create_time)
        ).all()
        assert [(lot.kind, lot.quantity_hundredths, lot.total_fen) for lot in rows] == [
            ("paid", 100, 20_000),
            ("gift", 200, 0),
        ]
        assert broken(tx) == []
    for _ in range(3):
        with database.begin(caller) as tx:
            consumptions.consume(tx, factories.confirmed(bought))
    with database.begin(caller) as tx:
        rows = tx.session.scalars(select(Lot).where(Lot.student_id == bought.student_id)).all()
        assert sum(lot.remaining_hundredths for lot in rows) == 0
        used = tx.session.scalars(select(Consumption).where(Consumption.student_id == bought.student_id)).all()
        assert sorted(each.recognised_fen for each in used) == [0, 0, 20_000]
        assert broken(tx) == []


def test_whoever_never_bought_is_left_for_a_person_to_decide(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx, pytest.raises(Refused, match="bought no hours"):
        referral_gifts.give(tx, due(uuid7()))
