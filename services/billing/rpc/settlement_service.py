"""SettlementService on the wire."""

from __future__ import annotations

from google.api.httpbody_pb2 import HttpBody

from lianxiao.billing.v1 import settlement_pb2
from lianxiao.billing.v1 import settlement_service_pb2 as pb
from lianxiao.billing.v1 import settlement_service_pb2_grpc as pb_grpc
from services.billing.actions import settlement_runs, settlements
from services.billing.models import Settlement, SettlementDispute, SettlementLine, SettlementRun, SplitRow
from services.billing.rules.settlements import KIND
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text, local_date


class SettlementService(Servicer, pb_grpc.SettlementServiceServicer):
    """Settlement statements."""

    @command
    def CreateSettlementRun(self, request: pb.CreateSettlementRunRequest, tx: Tx) -> pb.CreateSettlementRunResponse:
        run = settlement_runs.create(tx, local_date(request.date, "date"))
        return pb.CreateSettlementRunResponse(settlement_run=_run_to_pb(run))

    @query
    def GetSettlementRun(self, request: pb.GetSettlementRunRequest, tx: Tx) -> pb.GetSettlementRunResponse:
        run = settlement_runs.get(tx, as_uuid(request.settlement_run_id))
        return pb.GetSettlementRunResponse(settlement_run=_run_to_pb(run))

    @query
    def ListSettlementRuns(self, request: pb.ListSettlementRunsRequest, tx: Tx) -> pb.ListSettlementRunsResponse:
        page = settlement_runs.LISTING.page(tx, request)
        rows = [_run_to_pb(row) for row in page.rows]
        return pb.ListSettlementRunsResponse(settlement_runs=rows, next_page_token=page.next_page_token)

    @query
    def GetSettlement(self, request: pb.GetSettlementRequest, tx: Tx) -> pb.GetSettlementResponse:
        return pb.GetSettlementResponse(settlement=to_pb(tx, settlements.get(tx, as_uuid(request.settlement_id))))

    @query
    def ListSettlements(self, request: pb.ListSettlementsRequest, tx: Tx) -> pb.ListSettlementsResponse:
        page = settlements.page(tx, request)
        disputes = settlements.disputes_of(tx, page.rows)
        rows = [_to_pb(row, disputes.get(row.id)) for row in page.rows]
        return pb.ListSettlementsResponse(settlements=rows, next_page_token=page.next_page_token)

    @query
    def ListSettlementLines(self, request: pb.ListSettlementLinesRequest, tx: Tx) -> pb.ListSettlementLinesResponse:
        page = settlements.lines(tx, as_uuid(request.settlement_id), request)
        splits = settlements.split_rows(tx, page.rows)
        rows = [_line_to_pb(row, splits.get(row.id)) for row in page.rows]
        return pb.ListSettlementLinesResponse(settlement_lines=rows, next_page_token=page.next_page_token)

    @query
    def GetSettlementFile(self, request: pb.GetSettlementFileRequest, tx: Tx) -> pb.GetSettlementFileResponse:
        found = settlements.file(tx, as_uuid(request.settlement_id), language=request.language or "zh")
        return pb.GetSettlementFileResponse(file=HttpBody(content_type=KIND, data=found))

    @command
    def AdjustSettlement(self, request: pb.AdjustSettlementRequest, tx: Tx) -> pb.AdjustSettlementResponse:
        key = as_uuid(request.settlement_id)
        row = settlements.adjust(tx, key, amount_fen=request.amount_fen, reason=request.reason)
        return pb.AdjustSettlementResponse(settlement=to_pb(tx, row))

    @command
    def DisputeSettlement(self, request: pb.DisputeSettlementRequest, tx: Tx) -> pb.DisputeSettlementResponse:
        row = settlements.dispute(tx, as_uuid(request.settlement_id), request.text)
        return pb.DisputeSettlementResponse(settlement=to_pb(tx, row))

    @command
    def AnswerSettlement(self, request: pb.AnswerSettlementRequest, tx: Tx) -> pb.AnswerSettlementResponse:
        row = settlements.answer(tx, as_uuid(request.settlement_id), request.answer)
        return pb.AnswerSettlementResponse(settlement=to_pb(tx, row))

    @command
    def ConfirmSettlement(self, request: pb.ConfirmSettlementRequest, tx: Tx) -> pb.ConfirmSettlementResponse:
        row = settlements.confirm(tx, as_uuid(request.settlement_id))
        return pb.ConfirmSettlementResponse(settlement=to_pb(tx, row))


def to_pb(tx: Tx, row: Settlement) -> settlement_pb2.Settlement:
    """Return the wire form."""
    return _to_pb(row, settlements.disputes_of(tx, [row]).get(row.id))


def _to_pb(row: Settlement, dispute: SettlementDispute | None) -> settlement_pb2.Settlement:
    return settlement_pb2.Settlement(
        settlement_id=str(row.id),
        party=enum_value(settlement_pb2.SettlementParty, row.party),
        party_id=id_text(row.party_id),
        campus_id=id_text(row.campus_id),
        start_date=date_pb(row.start_date),
        end_date=date_pb(row.end_date),
        state=enum_value(settlement_pb2.SettlementState, row.state),
        amount_fen=row.amount_fen,
        line_count=row.line_count,
        dispute=_dispute_to_pb(dispute) if dispute else None,
        staff_id=id_text(row.staff_id),
        confirm_time=row.confirm_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _dispute_to_pb(row: SettlementDispute) -> settlement_pb2.SettlementDispute:
    return settlement_pb2.SettlementDispute(
        text=row.text,
        staff_id=id_text(row.staff_id),
        create_time=row.create_time,
        answer=row.answer,
        answer_staff_id=id_text(row.answer_staff_id),
        answer_time=row.answer_time,
    )


def _line_to_pb(row: SettlementLine, split: SplitRow | None) -> settlement_pb2.SettlementLine:
    return settlement_pb2.SettlementLine(
        settlement_line_id=str(row.id),
        kind=enum_value(settlement_pb2.SettlementLineKind, row.kind),
        amount_fen=row.amount_fen,
        occur_time=row.occur_time,
        source_kind=split.source_kind if split else "",
        source_id=str(split.source_id) if split else "",
        rule_id=id_text(split.rule_id) if split else "",
        base_fen=split.base_fen if split else 0,
        explanation=split.explanation if split else row.reason,
        staff_id=id_text(row.staff_id),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _run_to_pb(row: SettlementRun) -> settlement_pb2.SettlementRun:
    return settlement_pb2.SettlementRun(
        settlement_run_id=str(row.id),
        start_date=date_pb(row.start_date),
        end_date=date_pb(row.end_date),
        state=enum_value(settlement_pb2.SettlementRunState, row.state),
        total_count=row.total_count or 0,
        row_count=row.row_count,
        line_count=row.line_count,
        staff_id=id_text(row.staff_id),
        finish_time=row.finish_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )
