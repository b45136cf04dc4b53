"""Hours that are given up: two people, one entry, income to the fen."""

from __future__ import annotations

from uuid import UUID

import grpc
import pytest

from lianxiao.billing.v1 import forfeit_pb2, forfeit_service_pb2, forfeit_service_pb2_grpc
from services.billing.actions import consumptions, forfeits, freezes, lots, refund_figures, refunds
from services.billing.actions.refunds import Wish
from services.billing.models import Lot
from services.billing.rules.refund_rules import MUTUAL
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import AlreadyExists, Refused
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal
from tests.billing import factories
from tests.billing.books import broken
from tests.billing.outgoing import published


def lot_of(tx: Tx, bought: factories.Purchase) -> Lot:
    """Return the paid lot of an order."""
    return next(lot for lot in refund_figures.held(tx, bought.order.id) if lot.kind == "paid")


def test_a_request_changes_nothing_and_is_the_only_one_that_waits(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=300, unit_price_fen=3333)
    lot = lot_of(tx, bought)
    asked = forfeits.request(tx, lot.id, hundredths=100, reason="moved abroad")
    assert (asked.state, lot.remaining_hundredths) == ("requested", 300)
    with pytest.raises(AlreadyExists, match="waits for a decision"):
        forfeits.request(tx, lot.id, reason="again")


def test_the_parts_of_a_lot_that_is_given_up_sum_to_what_was_paid(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=300, unit_price_fen=3333, discount_fen=2)
    consumptions.consume(tx, factories.confirmed(bought))
    lot = lot_of(tx, bought)
    first = forfeits.approve(tx, forfeits.request(tx, lot.id, hundredths=100, reason="moved abroad").id)
    assert lots.hour_account(tx, student_id=bought.student_id, course_id=bought.course_id).forfeited_hundredths == 100
    left = refunds.preview(tx, bought.order.id, Wish(MUTUAL))
    assert [(line.kind, line.amount_fen) for line in left.lines if line.kind == "moved"] == [
        ("moved", -first.amount_fen)
    ]
    rest = forfeits.approve(tx, forfeits.request(tx, lot.id, reason="the rest").id)
    earned = tx.run("select recognised_fen from consumption").scalar()
    told = published(tx, "hours_forfeited")
    assert [row["forfeited_hundredths"] for row in told] == ["100", "100"]
    assert first.amount_fen + rest.amount_fen + int(earned or 0) == 9997
    with pytest.raises(Refused, match="nothing is left"):
        refunds.preview(tx, bought.order.id, Wish(MUTUAL))
    assert broken(tx) == []


def test_what_cannot_be_given_up_says_why(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=300)
    lot = lot_of(tx, bought)
    with pytest.raises(Refused, match="301 hundredths"):
        forfeits.request(tx, lot.id, hundredths=301, reason="no")
    asked = forfeits.request(tx, lot.id, hundredths=200, reason="moved abroad")
    with tx.session.begin_nested() as grown:
        lot.total_fen += 1
        with pytest.raises(Refused) as outdated:
            forfeits.approve(tx, asked.id)
        grown.rollback()
    assert outdated.value.reason == "FORFEIT_OUTDATED"
    freezes.freeze(tx, lot.id, reason="away")
    with pytest.raises(Refused, match="frozen"):
        forfeits.approve(tx, asked.id)
    assert forfeits.reject(tx, asked.id, reason="they come back").decision == "they come back"
    with pytest.raises(Refused, match="rejected"):
        forfeits.approve(tx, asked.id)
    freezes.unfreeze(tx, lot.id, reason="back")
    tx.run("update sales_order set total_fen = total_fen + 5 where id = %s", (bought.order.id,))
    with pytest.raises(Refused, match="5 fen of the order are not paid"):
        forfeits.request(tx, lot.id, reason="on credit")
    tx.run("update sales_order set total_fen = total_fen - 5 where id = %s", (bought.order.id,))
    forfeits.approve(tx, forfeits.request(tx, lot.id, reason="all").id)
    with pytest.raises(Refused, match="no hours"):
        forfeits.request(tx, lot.id, reason="again")
    assert broken(tx) == []


def test_who_asked_does_not_decide_and_a_retry_closes_nothing_twice(
    wire: Wire, database: Database, caller: Caller, institution: UUID
) -> None:
    with database.begin(caller) as tx:
        bought = factories.paid_order(tx, hours=300, unit_price_fen=10000)
        lot = lot_of(tx, bought)
    service = forfeit_service_pb2_grpc.ForfeitServiceStub(wire.channel)
    clerk, chief = wire.metadata(staff(institution)), wire.metadata(staff(institution))
    wanted = forfeit_service_pb2.RequestForfeitRequest(lot_id=str(lot.id), reason="已移民")
    asked = service.RequestForfeit(wanted, metadata=clerk).forfeit
    assert (asked.hundredths, asked.amount_fen) == (300, 30000)
    decide = forfeit_service_pb2.ApproveForfeitRequest(
        forfeit_id=asked.forfeit_id, request_id="0190a0a0-0000-7000-8000-000000000001"
    )
    with pytest.raises(grpc.RpcError) as error:
        service.ApproveForfeit(decide, metadata=clerk)
    assert refusal(error.value) == ("PERMISSION_DENIED", "FORFEIT_OWN_REQUEST")
    done = service.ApproveForfeit(decide, metadata=chief).forfeit
    assert service.ApproveForfeit(decide, metadata=chief).forfeit == done
    found = service.ListForfeits(
        forfeit_service_pb2.ListForfeitsRequest(filter=f'lot_id = "{lot.id}"'), metadata=chief
    ).forfeits
    assert [row.state for row in found] == [forfeit_pb2.FORFEIT_STATE_APPROVED]
    no = forfeit_service_pb2.RejectForfeitRequest(forfeit_id=asked.forfeit_id, reason="太晚")
    with pytest.raises(grpc.RpcError) as late:
        service.RejectForfeit(no, metadata=chief)
    assert refusal(late.value) == ("FAILED_PRECONDITION", "FORFEIT_NOT_REQUESTED")
    with database.begin(caller) as tx:
        assert broken(tx) == []
