"""Students who change class groups: what it means for their hours is proposed, and moves by transfers alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import grpc
import pytest

from lianxiao.billing.v1 import transfer_pb2, transfer_service_pb2_grpc
from lianxiao.billing.v1 import transfer_service_pb2 as pb
from lianxiao.scheduling.v1.scheduling_events_pb2 import StudentTransferred
from services.billing.actions import transfer_proposals, transfer_undos, transfers
from services.billing.actions.transfers import Wish
from services.billing.consumers import CONSUMERS
from services.billing.models import TransferProposal
from services.billing.rules.transfers import KEPT_VALUE
from services.billing.server import SERVICERS
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import NotFound
from shared.ids import uuid7
from shared.testing.bus import deliver
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal, serving
from tests.billing import factories
from tests.billing.books import broken
from tests.billing.test_expiry import lot_of


@pytest.fixture
def wire(database: Database) -> Iterator[Wire]:
    with serving("billing", SERVICERS, database) as served:
        yield served


def moved(
    bought: factories.Purchase, *, course_id: UUID | None = None, campus_id: UUID | None = None
) -> StudentTransferred:
    """Return the news that a student went to another class group of a course and campus."""
    event = StudentTransferred(
        transfer_id=str(uuid7()),
        student_id=str(bought.student_id),
        source_campus_id=str(bought.campus_id),
        source_course_id=str(bought.course_id),
        source_class_group_id=str(uuid7()),
        campus_id=str(campus_id or bought.campus_id),
        target_course_id=str(course_id or bought.course_id),
        target_class_group_id=str(uuid7()),
    )
    event.transfer_time.FromDatetime(datetime(2026, 3, 2, 9, tzinfo=UTC))
    return event


def state(tx: Tx, event: StudentTransferred) -> str:
    row = tx.session.get_one(TransferProposal, (tx.institution_id, UUID(event.transfer_id)), populate_existing=True)
    return row.state


def wish(tx: Tx, event: StudentTransferred, bought: factories.Purchase, hundredths: int = 0) -> Wish:
    """Return the transfer that follows a change of class groups."""
    course_id, campus_id = UUID(event.target_course_id), UUID(event.campus_id)
    return Wish(lot_of(tx, bought), bought.student_id, course_id, campus_id, KEPT_VALUE, hundredths=hundredths)


def test_within_a_course_and_campus_a_change_is_remembered_and_moves_nothing(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=1000)
    event = moved(bought)
    for _ in range(2):
        transfer_proposals.on_transferred(tx, event)
    assert state(tx, event) == "unchanged"
    assert tx.run("select count(*) from transfer").scalar() == 0
    assert broken(tx) == []


@pytest.mark.parametrize("change", ["course", "campus"])
def test_a_proposal_is_settled_by_transfers_of_all_hours_and_open_again_when_one_is_taken_back(
    tx: Tx, change: str
) -> None:
    bought = factories.paid_order(tx, hours=1000, unit_price_fen=10000)
    event = moved(bought, **{f"{change}_id": factories.campus(tx) if change == "campus" else uuid7()})
    transfer_proposals.on_transferred(tx, event)
    assert state(tx, event) == "proposed"
    first = transfers.create(tx, wish(tx, event, bought, 400), reason="转班")
    assert state(tx, event) == "proposed"
    transfers.create(tx, wish(tx, event, bought), reason="转班")
    assert state(tx, event) == "settled"
    transfer_undos.undo(tx, first.id, reason="选错")
    assert state(tx, event) == "proposed"
    assert broken(tx) == []


def test_hours_that_another_campus_sold_keep_a_proposal_open_out_of_its_sight(
    database: Database, caller: Caller, institution: UUID
) -> None:
    with database.begin(caller) as tx:
        here, far = factories.paid_order(tx, hours=1000), factories.campus(tx)
        there = factories.paid_order(
            tx, hours=1000, student_id=here.student_id, course_id=here.course_id, campus_id=far
        )
        event = moved(here, course_id=uuid7())
        transfer_proposals.on_transferred(tx, event)
    scope = Scope(campuses=frozenset([here.campus_id]), own=False)
    with database.begin(staff(institution), scope=scope) as tx:
        transfers.create(tx, wish(tx, event, here), reason="转班")
    with database.begin(caller) as tx:
        assert state(tx, event) == "proposed"
        transfers.create(tx, wish(tx, event, there), reason="转班")
        assert state(tx, event) == "settled"


def test_a_change_without_hours_left_behind_proposes_nothing(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        bought = factories.order(tx)
        event = moved(bought, course_id=uuid7())
    deliver(database, CONSUMERS, event, caller.institution_id, times=2)
    with database.begin(caller) as tx:
        assert state(tx, event) == "settled"


def test_a_campus_out_of_reach_sees_no_proposal_and_one_of_both_declines_none(
    database: Database, caller: Caller, institution: UUID
) -> None:
    with database.begin(caller) as tx:
        bought, far = factories.paid_order(tx, hours=1000), factories.campus(tx)
        event = moved(bought, campus_id=far)
        transfer_proposals.on_transferred(tx, event)
    for campus_id in (uuid7(), far, bought.campus_id):
        scope = Scope(campuses=frozenset([campus_id]), own=False)
        with pytest.raises(NotFound), database.begin(staff(institution), scope=scope) as tx:
            transfer_proposals.decline(tx, UUID(event.transfer_id), reason="x")


def test_proposals_are_listed_with_lots_and_amounts_and_declined_once(
    wire: Wire, database: Database, caller: Caller, institution: UUID
) -> None:
    with database.begin(caller) as tx:
        bought = factories.paid_order(tx, hours=1000, unit_price_fen=10000)
        event = moved(bought, course_id=uuid7())
        transfer_proposals.on_transferred(tx, event)
        lot_id = str(lot_of(tx, bought))
    who = wire.metadata(staff(institution))
    service = transfer_service_pb2_grpc.TransferServiceStub(wire.channel)
    listed = pb.ListTransferProposalsRequest(filter="state = TRANSFER_PROPOSAL_STATE_PROPOSED")
    (row,) = service.ListTransferProposals(listed, metadata=who).transfer_proposals
    assert [(lot.lot_id, lot.remaining_hundredths, lot.value_fen) for lot in row.lots] == [(lot_id, 1000, 100000)]
    assert (row.transfer_proposal_id, row.unit_price_fen) == (event.transfer_id, 0)
    asked = pb.DeclineTransferProposalRequest(transfer_proposal_id=row.transfer_proposal_id, reason="家长不转")
    declined = service.DeclineTransferProposal(asked, metadata=who).transfer_proposal
    assert (declined.state, declined.reason) == (transfer_pb2.TRANSFER_PROPOSAL_STATE_DECLINED, "家长不转")
    assert not service.ListTransferProposals(listed, metadata=who).transfer_proposals
    with pytest.raises(grpc.RpcError) as error:
        service.DeclineTransferProposal(asked, metadata=who)
    assert refusal(error.value) == ("FAILED_PRECONDITION", "TRANSFER_PROPOSAL_CLOSED")
