"""Orders whose value several campuses share."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.billing.actions import consumptions, restorations
from services.billing.actions.refunds import Wish
from services.billing.rules import splits
from services.billing.rules.refund_rules import SCHOOL
from services.billing.rules.splits import Share
from shared.db import Tx
from shared.errors import InvalidInput, NotFound
from shared.ids import uuid7
from tests.billing import factories
from tests.billing.books import broken
from tests.billing.test_refunds import refund


def shared_by_campus(tx: Tx, campuses: list[UUID], source: str) -> list[int]:
    rows = "select campus_id, sum(amount_fen) as fen from split_row where party = 'selling_campus' and source_kind = %s"
    found = {row.campus_id: int(row.fen) for row in tx.run(f"{rows} group by campus_id", (source,))}
    return [found.get(campus_id, 0) for campus_id in campuses]


@pytest.mark.parametrize(
    ("points", "told"),
    [
        ((9_999,), "99.99 % of the order instead of 100.00 %"),
        ((5_000, 5_001), "100.01 %"),
    ],
)
def test_an_allocation_that_is_not_the_whole_is_refused_with_its_figures(
    tx: Tx, points: tuple[int, ...], told: str
) -> None:
    with pytest.raises(InvalidInput, match=told) as error:
        factories.order(tx, allocation=[(factories.campus(tx), each) for each in points])
    assert error.value.reason == "ORDER_ALLOCATION_SUM"


def test_an_allocation_names_known_campuses_once(tx: Tx) -> None:
    campus_id = factories.campus(tx)
    with pytest.raises(InvalidInput) as error:
        factories.order(tx, allocation=[(campus_id, 5_000), (campus_id, 5_000)])
    assert error.value.reason == "ORDER_ALLOCATION_TWICE"
    with pytest.raises(NotFound):
        factories.order(tx, allocation=[(uuid7(), 10_000)])


def test_campuses_share_what_is_received_and_what_goes_back_without_any_rule(tx: Tx) -> None:
    campuses = [factories.campus(tx) for _ in range(3)]
    bought = factories.order(
        tx,
        campus_id=campuses[0],
        hours=100,
        unit_price_fen=101,
        allocation=list(zip(campuses, (3333, 3333, 3334), strict=True)),
    )
    for part in (50, 51):
        factories.pay(tx, bought.order.id, part)
    assert sorted(shared_by_campus(tx, campuses, "payment")) == [33, 34, 34]
    assert broken(tx) == []
    refund(tx, bought, Wish(SCHOOL))
    assert [-fen for fen in shared_by_campus(tx, campuses, "refund")] == shared_by_campus(tx, campuses, "payment")
    assert broken(tx) == []


def test_campuses_share_the_part_of_the_selling_campus_in_every_lesson(tx: Tx) -> None:
    campuses = [factories.campus(tx) for _ in range(2)]
    factories.split_rule(tx, (Share(splits.SELLING, basis_points=3000), Share(splits.TEACHING, is_remainder=True)))
    bought = factories.paid_order(
        tx, campus_id=campuses[0], unit_price_fen=10_000, allocation=list(zip(campuses, (7_500, 2_500), strict=True))
    )
    event = factories.confirmed(bought, campus_id=factories.campus(tx))
    consumptions.consume(tx, event)
    assert shared_by_campus(tx, campuses, "consumption") == [2_250, 750]
    assert broken(tx) == []
    restorations.restore(tx, factories.unconfirmed(event))
    assert shared_by_campus(tx, campuses, "restoration") == [-2_250, -750]
    assert broken(tx) == []
