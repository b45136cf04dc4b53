"""Two customers who turn out to be one child, and two again: old ids resolve, nothing is rewritten."""

from __future__ import annotations

from types import SimpleNamespace
from uuid import UUID

from lianxiao.lead.v1.lead_events_pb2 import LeadMerged, LeadMergeUndone
from services.billing.actions import lots, orders, payments
from services.billing.consumers import CONSUMERS
from shared.caller import Caller
from shared.db import Database, Tx
from shared.ids import uuid7
from shared.testing.bus import deliver, published
from tests.billing import factories
from tests.billing.books import broken
from tests.billing.factories import Purchase


def _pair(one: UUID, other: UUID) -> tuple[LeadMerged, LeadMergeUndone]:
    """Return the merge of one customer into another, and its undoing."""
    told = {"merge_id": str(uuid7()), "lead_id": str(uuid7()), "survivor_lead_id": str(uuid7())}
    ids = {"customer_id": str(one), "survivor_customer_id": str(other), "campus_id": str(uuid7())}
    return LeadMerged(**told, **ids), LeadMergeUndone(**told, **ids)


def _asked(customer: UUID) -> SimpleNamespace:
    return SimpleNamespace(page_size=0, page_token="", filter=f'customer_id = "{customer}"', order_by="")


def _counts(tx: Tx, customer: UUID, course: UUID) -> tuple[int, int, int]:
    """Return orders and payments of a customer, and the hours left of a course."""
    asked = _asked(customer)
    found = (orders.LISTING.page(tx, asked).rows, payments.LISTING.page(tx, asked).rows)
    hours = lots.hour_account(tx, student_id=customer, course_id=course).remaining_hundredths
    return len(found[0]), len(found[1]), hours


def test_money_of_both_is_the_survivors_and_each_has_the_own_again(
    database: Database, caller: Caller, institution: UUID
) -> None:
    course = uuid7()
    with database.begin(caller) as tx:
        old, new = (factories.paid_order(tx, course_id=course, hours=hours) for hours in (1000, 2000))
    merged, undone = _pair(old.student_id, new.student_id)
    deliver(database, CONSUMERS, merged, institution, times=2)
    with database.begin(caller) as tx:
        for customer in (old.student_id, new.student_id):
            assert _counts(tx, customer, course) == (2, 2, 3000)
        between = factories.paid_order(tx, student_id=old.student_id, course_id=course, hours=500)
        assert between.order.customer_id == new.student_id, "what is sold now is sold to the survivor"
    # The lots of the old customer are consumed by lessons of the survivor, the oldest contract first.
    survivor = Purchase(new.order, new.student_id, course, new.campus_id)
    deliver(database, CONSUMERS, factories.confirmed(survivor, charge=1100), institution)
    assert len(published(database, institution, "hours_consumed")) == 1
    deliver(database, CONSUMERS, undone, institution, times=2)
    with database.begin(caller) as tx:
        assert _counts(tx, old.student_id, course) == (1, 1, 0)
        assert _counts(tx, new.student_id, course) == (2, 2, 2400)
        assert broken(tx) == []
