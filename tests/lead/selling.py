"""Families that buy and get money back, as billing tells it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from lianxiao.billing.v1.billing_events_pb2 import OrderActivated, RefundPaid
from services.lead.actions import sales_targets
from services.lead.consumers import CONSUMERS
from services.lead.models import SalesTarget
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.testing.bus import deliver
from tests.lead import factories

# 1 April, half past midnight in Shanghai; still March in UTC.
APRIL = datetime(2026, 3, 31, 16, 30, tzinfo=UTC)
MONTH = date(2026, 4, 1)


class World:
    """Two advisors with a lead each, and billing's events about them."""

    def __init__(self, database: Database, caller: Caller) -> None:
        self.database, self.caller = database, caller
        with database.begin(caller) as tx:
            self.campus = factories.campus(tx)
            self.advisors = [factories.advisor(tx, self.campus) for _ in range(2)]
            self.leads = [
                factories.lead(tx, self.campus, owner_id=who, **factories.stranger(number))
                for number, who in enumerate(self.advisors)
            ]
        self.course = uuid7()

    def order(self, number: int, fen: int, time: datetime = APRIL) -> UUID:
        """Deliver a paid order of a family, twice."""
        order_id = uuid7()
        lead = self.leads[number]
        event = OrderActivated(
            order_id=str(order_id),
            customer_id=str(lead.customer_id),
            lead_id=str(lead.id),
            campus_id=str(self.campus),
            total_fen=fen,
            activate_time=time,
            course_id=str(self.course),
        )
        deliver(self.database, CONSUMERS, event, self.caller.institution_id, times=2)
        return order_id

    def refund(self, order_id: UUID, number: int, fen: int, time: datetime = APRIL) -> None:
        """Deliver a refund, twice."""
        event = RefundPaid(
            refund_id=str(uuid7()),
            order_id=str(order_id),
            customer_id=str(self.leads[number].customer_id),
            campus_id=str(self.campus),
            amount_fen=fen,
            pay_time=time,
        )
        deliver(self.database, CONSUMERS, event, self.caller.institution_id, times=2)

    def attained(self, **what: Any) -> int:
        """Set a target and say what has been reached of it."""
        wanted = {"month_date": MONTH, "measure": "amount_fen", "value": 1, "customer_type": ""} | what
        with self.database.begin(self.caller, keep=False) as tx:
            target = sales_targets.create(tx, SalesTarget(**wanted))
            return sales_targets.attained(tx, [target])[target.id]
