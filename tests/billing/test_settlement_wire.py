"""Settlement statements over real gRPC: made, read, disputed, answered, confirmed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import grpc
import pytest
from google.type.date_pb2 import Date

from lianxiao.billing.v1 import netting_service_pb2 as netting_pb
from lianxiao.billing.v1 import (
    netting_service_pb2_grpc,
    payout_batch_service_pb2_grpc,
    settlement_pb2,
    settlement_service_pb2_grpc,
)
from lianxiao.billing.v1 import payout_batch_service_pb2 as batch_pb
from lianxiao.billing.v1 import settlement_service_pb2 as pb
from services.billing.actions import consumptions, settlement_runs
from services.billing.rules import splits
from services.billing.rules.splits import Share
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.testing.wire import Wire, refusal
from tests.billing import factories

PAY = settlement_pb2.SETTLEMENT_PARTY_TEACHER
Stub = settlement_service_pb2_grpc.SettlementServiceStub


@pytest.fixture
def teacher(finance: Caller, campus: str, database: Database) -> str:
    """Return a teacher who gets 40 yuan for a lesson in March."""
    teacher = uuid7()
    with database.begin(finance) as tx:
        factories.split_rule(tx, (Share(splits.TEACHER, basis_points=4000), Share(splits.TEACHING, is_remainder=True)))
        bought = factories.paid_order(tx, campus_id=UUID(campus), unit_price_fen=10000)
        when = datetime(2026, 3, 9, tzinfo=UTC)
        consumptions.consume(tx, factories.confirmed(bought, teacher_id=teacher, start_time=when))
    return str(teacher)


def test_a_month_is_made_and_read(wire: Wire, finance: Caller, campus: str, teacher: str, database: Database) -> None:
    who, service = wire.metadata(finance), Stub(wire.channel)
    begin = pb.CreateSettlementRunRequest(date=Date(year=2026, month=3, day=9))
    run = service.CreateSettlementRun(begin, metadata=who).settlement_run
    assert (run.start_date.day, run.end_date.month) == (1, 4)
    with pytest.raises(grpc.RpcError) as error:
        service.CreateSettlementRun(begin, metadata=who)
    assert refusal(error.value)[1] == "SETTLEMENT_RUN_BUSY"
    with database.begin(Caller.system(finance.institution_id)) as tx:
        assert not settlement_runs.step(tx)
    asked = pb.GetSettlementRunRequest(settlement_run_id=run.settlement_run_id)
    run = service.GetSettlementRun(asked, metadata=who).settlement_run
    assert (run.state, run.line_count) == (settlement_pb2.SETTLEMENT_RUN_STATE_DONE, 2)
    assert list(service.ListSettlementRuns(pb.ListSettlementRunsRequest(), metadata=who).settlement_runs) == [run]
    listing = pb.ListSettlementsRequest(filter="party = SETTLEMENT_PARTY_TEACHER AND start_date = 2026-03-01")
    (pay,) = service.ListSettlements(listing, metadata=who).settlements
    assert (pay.party_id, pay.campus_id, pay.amount_fen, pay.line_count) == (teacher, campus, 4000, 1)
    asked_lines = pb.ListSettlementLinesRequest(settlement_id=pay.settlement_id)
    (line,) = service.ListSettlementLines(asked_lines, metadata=who).settlement_lines
    assert (line.kind, line.amount_fen) == (settlement_pb2.SETTLEMENT_LINE_KIND_SPLIT, 4000)
    assert (line.base_fen, line.explanation, line.source_kind) == (10000, "standard v1: 40 %", "consumption")
    begin.date.CopyFrom(Date(year=2999, month=12, day=31))
    with pytest.raises(grpc.RpcError) as error:
        service.CreateSettlementRun(begin, metadata=who)
    assert refusal(error.value)[1] == "PERIOD_NOT_OVER"


def test_a_statement_is_disputed_answered_and_confirmed(
    wire: Wire, finance: Caller, teacher: str, database: Database
) -> None:
    who, service = wire.metadata(finance), Stub(wire.channel)
    with database.begin(Caller.system(finance.institution_id)) as tx:
        settlement_runs.create(tx, date(2026, 3, 1))
        settlement_runs.step(tx)
    listing = pb.ListSettlementsRequest(filter=f"party_id = {teacher}")
    (pay,) = service.ListSettlements(listing, metadata=who).settlements
    key = pay.settlement_id
    disputed = service.DisputeSettlement(pb.DisputeSettlementRequest(settlement_id=key, text="少一节"), metadata=who)
    assert disputed.settlement.dispute.text == "少一节"
    service.AdjustSettlement(
        pb.AdjustSettlementRequest(settlement_id=key, amount_fen=-1, reason="rounding"), metadata=who
    )
    answered = service.AnswerSettlement(pb.AnswerSettlementRequest(settlement_id=key, answer="已补"), metadata=who)
    assert answered.settlement.dispute.answer == "已补"
    confirmed = service.ConfirmSettlement(pb.ConfirmSettlementRequest(settlement_id=key), metadata=who).settlement
    assert (confirmed.state, confirmed.amount_fen) == (settlement_pb2.SETTLEMENT_STATE_CONFIRMED, 3999)
    assert service.GetSettlement(pb.GetSettlementRequest(settlement_id=key), metadata=who).settlement == confirmed
    file = service.GetSettlementFile(pb.GetSettlementFileRequest(settlement_id=key, language="en"), metadata=who).file
    assert file.data.decode("utf-8-sig").splitlines()[-1] == "Total,,,,39.99,"


def test_a_batch_is_paid_and_campuses_settle(wire: Wire, finance: Caller, teacher: str, database: Database) -> None:
    who = wire.metadata(finance)
    service = payout_batch_service_pb2_grpc.PayoutBatchServiceStub(wire.channel)
    wanted = batch_pb.CreatePayoutBatchRequest(party=PAY)
    with pytest.raises(grpc.RpcError) as error:
        service.CreatePayoutBatch(wanted, metadata=who)
    assert refusal(error.value)[1] == "PAYOUT_BATCH_EMPTY"
    with database.begin(Caller.system(finance.institution_id)) as tx:
        settlement_runs.create(tx, date(2026, 3, 1))
        settlement_runs.step(tx)
    listing = pb.ListSettlementsRequest(filter=f"party_id = {teacher}")
    (pay,) = Stub(wire.channel).ListSettlements(listing, metadata=who).settlements
    Stub(wire.channel).ConfirmSettlement(pb.ConfirmSettlementRequest(settlement_id=pay.settlement_id), metadata=who)
    key = service.CreatePayoutBatch(wanted, metadata=who).payout_batch.payout_batch_id
    service.CancelPayoutBatch(batch_pb.CancelPayoutBatchRequest(payout_batch_id=key), metadata=who)
    batch = service.CreatePayoutBatch(wanted, metadata=who).payout_batch
    key = batch.payout_batch_id
    assert [(item.settlement_id, item.pay_fen) for item in batch.items] == [(pay.settlement_id, 4000)]
    file = service.GetPayoutBatchFile(batch_pb.GetPayoutBatchFileRequest(payout_batch_id=key), metadata=who).file
    assert file.data.decode("utf-8-sig").splitlines()[1] == f"{teacher},{pay.campus_id},40.00,0.00,40.00"
    paid = service.PayPayoutBatch(batch_pb.PayPayoutBatchRequest(payout_batch_id=key), metadata=who).payout_batch
    assert (
        service.GetPayoutBatch(batch_pb.GetPayoutBatchRequest(payout_batch_id=key), metadata=who).payout_batch == paid
    )
    assert len(service.ListPayoutBatches(batch_pb.ListPayoutBatchesRequest(), metadata=who).payout_batches) == 2
    nettings = netting_service_pb2_grpc.NettingServiceStub(wire.channel)
    with pytest.raises(grpc.RpcError) as error:
        nettings.CreateNetting(netting_pb.CreateNettingRequest(), metadata=who)
    assert refusal(error.value)[1] == "NETTING_EMPTY"


def test_a_netting_is_given_up_or_paid(wire: Wire, finance: Caller, campus: str, database: Database) -> None:
    who = wire.metadata(finance)
    with database.begin(finance) as tx:
        factories.split_rule(tx)
        bought = factories.paid_order(tx, unit_price_fen=10000)
        consumptions.consume(tx, factories.confirmed(bought, campus_id=UUID(campus)))
    service = netting_service_pb2_grpc.NettingServiceStub(wire.channel)
    row = service.CreateNetting(netting_pb.CreateNettingRequest(), metadata=who).netting
    assert {payment.campus_id: payment.amount_fen for payment in row.payments} == {
        campus: 7000, str(bought.campus_id): -8000, "": 1000
    }  # fmt: skip
    with pytest.raises(grpc.RpcError) as error:
        service.CreateNetting(netting_pb.CreateNettingRequest(), metadata=who)
    assert refusal(error.value)[1] == "NETTING_OPEN"
    service.CancelNetting(netting_pb.CancelNettingRequest(netting_id=row.netting_id), metadata=who)
    row = service.CreateNetting(netting_pb.CreateNettingRequest(), metadata=who).netting
    paid = service.PayNetting(netting_pb.PayNettingRequest(netting_id=row.netting_id), metadata=who).netting
    assert service.GetNetting(netting_pb.GetNettingRequest(netting_id=row.netting_id), metadata=who).netting == paid
    listed = service.ListNettings(netting_pb.ListNettingsRequest(filter="state = NETTING_STATE_PAID"), metadata=who)
    assert list(listed.nettings) == [paid]
    with pytest.raises(grpc.RpcError) as error:
        service.PayNetting(netting_pb.PayNettingRequest(netting_id=row.netting_id), metadata=who)
    assert refusal(error.value)[1] == "NETTING_FINISHED"
