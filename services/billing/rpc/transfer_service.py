"""TransferService on the wire."""

from __future__ import annotations

from lianxiao.billing.v1 import lot_pb2, transfer_pb2
from lianxiao.billing.v1 import transfer_service_pb2 as pb
from lianxiao.billing.v1 import transfer_service_pb2_grpc as pb_grpc
from services.billing.actions import transfer_proposals, transfer_undos, transfers
from services.billing.actions.transfer_proposals import Movable, Offered
from services.billing.actions.transfers import Figured, Wish
from services.billing.models import Transfer
from shared.db import Tx
from shared.ids import as_uuid
from shared.money import CURRENCY
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, stored_word


class TransferService(Servicer, pb_grpc.TransferServiceServicer):
    """Transfers of hours."""

    @query
    def PreviewTransfer(self, request: pb.PreviewTransferRequest, tx: Tx) -> pb.PreviewTransferResponse:
        wish = _wish(request)
        return pb.PreviewTransferResponse(transfer=_figured_to_pb(transfers.preview(tx, wish), wish))

    @command
    def CreateTransfer(self, request: pb.CreateTransferRequest, tx: Tx) -> pb.CreateTransferResponse:
        transfer = transfers.create(tx, _wish(request), reason=request.reason)
        return pb.CreateTransferResponse(transfer=to_pb(transfer))

    @query
    def GetTransfer(self, request: pb.GetTransferRequest, tx: Tx) -> pb.GetTransferResponse:
        return pb.GetTransferResponse(transfer=to_pb(transfers.get(tx, as_uuid(request.transfer_id))))

    @query
    def ListTransfers(self, request: pb.ListTransfersRequest, tx: Tx) -> pb.ListTransfersResponse:
        page = transfers.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListTransfersResponse(transfers=rows, next_page_token=page.next_page_token)

    @command
    def UndoTransfer(self, request: pb.UndoTransferRequest, tx: Tx) -> pb.UndoTransferResponse:
        transfer = transfer_undos.undo(tx, as_uuid(request.transfer_id), reason=request.reason)
        return pb.UndoTransferResponse(transfer=to_pb(transfer))

    @query
    def ListTransferProposals(
        self, request: pb.ListTransferProposalsRequest, tx: Tx
    ) -> pb.ListTransferProposalsResponse:
        page = transfer_proposals.LISTING.page(tx, request)
        rows = [_proposal_to_pb(each) for each in transfer_proposals.offered(tx, page.rows)]
        return pb.ListTransferProposalsResponse(transfer_proposals=rows, next_page_token=page.next_page_token)

    @command
    def DeclineTransferProposal(
        self, request: pb.DeclineTransferProposalRequest, tx: Tx
    ) -> pb.DeclineTransferProposalResponse:
        offered = transfer_proposals.decline(tx, as_uuid(request.transfer_proposal_id), reason=request.reason)
        return pb.DeclineTransferProposalResponse(transfer_proposal=_proposal_to_pb(offered))


def to_pb(row: Transfer) -> transfer_pb2.Transfer:
    """Return the wire form."""
    return transfer_pb2.Transfer(
        transfer_id=str(row.id),
        lot_id=str(row.lot_id),
        campus_id=str(row.campus_id),
        student_id=str(row.student_id),
        course_id=str(row.course_id),
        order_id=str(row.order_id),
        kind=enum_value(lot_pb2.LotKind, row.kind),
        hundredths=row.hundredths,
        value_fen=row.value_fen,
        pricing=enum_value(transfer_pb2.TransferPricing, row.pricing),
        target_campus_id=str(row.target_campus_id),
        target_student_id=str(row.target_student_id),
        target_course_id=str(row.target_course_id),
        unit_price_fen=row.unit_price_fen,
        target_hundredths=row.target_hundredths,
        target_fen=row.target_fen,
        from_wallet_fen=row.from_wallet_fen,
        to_wallet_fen=row.to_wallet_fen,
        currency=CURRENCY,
        target_order_id=str(row.target_order_id),
        target_lot_id=str(row.target_lot_id),
        state=enum_value(transfer_pb2.TransferState, row.state),
        reason=row.reason,
        staff_id=str(row.staff_id),
        undo_reason=row.undo_reason,
        undo_staff_id=id_text(row.undo_staff_id),
        undo_time=row.undo_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _figured_to_pb(figured: Figured, wish: Wish) -> transfer_pb2.Transfer:
    lot, deal = figured
    return transfer_pb2.Transfer(
        lot_id=str(lot.id),
        campus_id=str(lot.campus_id),
        student_id=str(lot.student_id),
        course_id=str(lot.course_id),
        order_id=str(lot.order_id),
        kind=enum_value(lot_pb2.LotKind, lot.kind),
        hundredths=deal.hundredths,
        value_fen=deal.value_fen,
        pricing=enum_value(transfer_pb2.TransferPricing, wish.pricing),
        target_campus_id=str(wish.target_campus_id),
        target_student_id=str(wish.target_student_id),
        target_course_id=str(wish.target_course_id),
        unit_price_fen=deal.unit_price_fen,
        target_hundredths=deal.target_hundredths,
        target_fen=deal.target_fen,
        from_wallet_fen=deal.from_wallet_fen,
        to_wallet_fen=deal.to_wallet_fen,
        short_fen=deal.short_fen,
        currency=CURRENCY,
    )


def _proposal_to_pb(offered: Offered) -> transfer_pb2.TransferProposal:
    row, found, unit_price_fen = offered
    return transfer_pb2.TransferProposal(
        transfer_proposal_id=str(row.id),
        student_id=str(row.student_id),
        source_campus_id=str(row.source_campus_id),
        source_course_id=str(row.source_course_id),
        source_class_group_id=str(row.source_class_group_id),
        target_campus_id=str(row.campus_id),
        target_course_id=str(row.target_course_id),
        target_class_group_id=str(row.target_class_group_id),
        move_time=row.move_time,
        state=enum_value(transfer_pb2.TransferProposalState, row.state),
        lots=[_movable_to_pb(each) for each in found],
        unit_price_fen=unit_price_fen or 0,
        currency=CURRENCY,
        reason=row.reason,
        staff_id=id_text(row.staff_id),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _movable_to_pb(movable: Movable) -> transfer_pb2.TransferableLot:
    lot, value_fen = movable
    return transfer_pb2.TransferableLot(
        lot_id=str(lot.id),
        campus_id=str(lot.campus_id),
        kind=enum_value(lot_pb2.LotKind, lot.kind),
        remaining_hundredths=lot.remaining_hundredths,
        value_fen=value_fen,
    )


def _wish(request: pb.PreviewTransferRequest | pb.CreateTransferRequest) -> Wish:
    return Wish(
        lot_id=as_uuid(request.lot_id),
        target_student_id=as_uuid(request.target_student_id),
        target_course_id=as_uuid(request.target_course_id),
        target_campus_id=as_uuid(request.target_campus_id),
        pricing=stored_word(transfer_pb2.TransferPricing, request.pricing, "pricing"),
        hundredths=request.hundredths,
        target_hundredths=request.target_hundredths,
    )
