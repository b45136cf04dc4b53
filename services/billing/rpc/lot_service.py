"""LotService on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from lianxiao.billing.v1 import lot_pb2
from lianxiao.billing.v1 import lot_service_pb2 as pb
from lianxiao.billing.v1 import lot_service_pb2_grpc as pb_grpc
from services.billing.actions import freezes, lots
from services.billing.models import Consumption, Lot, LotEntry
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text


class LotService(Servicer, pb_grpc.LotServiceServicer):
    """Lesson hours."""

    @query
    def ListLots(self, request: pb.ListLotsRequest, tx: Tx) -> pb.ListLotsResponse:
        page = lots.LISTING.page(tx, request)
        return pb.ListLotsResponse(lots=[_lot_to_pb(row) for row in page.rows], next_page_token=page.next_page_token)

    @query
    def GetHourAccount(self, request: pb.GetHourAccountRequest, tx: Tx) -> pb.GetHourAccountResponse:
        student_id, course_id = as_uuid(request.student_id), as_uuid(request.course_id)
        account = lots.hour_account(tx, student_id=student_id, course_id=course_id)
        return pb.GetHourAccountResponse(
            hour_account=lot_pb2.HourAccount(
                student_id=request.student_id,
                course_id=request.course_id,
                bought_hundredths=account.bought_hundredths,
                gift_hundredths=account.gift_hundredths,
                consumed_hundredths=account.consumed_hundredths,
                refunded_hundredths=account.refunded_hundredths,
                remaining_hundredths=account.remaining_hundredths,
                remaining_fen=account.remaining_fen,
                expired_hundredths=account.expired_hundredths,
                frozen_hundredths=account.frozen_hundredths,
                transferred_hundredths=account.transferred_hundredths,
                forfeited_hundredths=account.forfeited_hundredths,
            )
        )

    @command
    def FreezeLot(self, request: pb.FreezeLotRequest, tx: Tx) -> pb.FreezeLotResponse:
        lot = freezes.freeze(tx, as_uuid(request.lot_id), reason=request.reason)
        return pb.FreezeLotResponse(lot=_lot_to_pb(lot))

    @command
    def UnfreezeLot(self, request: pb.UnfreezeLotRequest, tx: Tx) -> pb.UnfreezeLotResponse:
        lot = freezes.unfreeze(tx, as_uuid(request.lot_id), reason=request.reason)
        return pb.UnfreezeLotResponse(lot=_lot_to_pb(lot))

    @query
    def ListConsumptions(self, request: pb.ListConsumptionsRequest, tx: Tx) -> pb.ListConsumptionsResponse:
        page = lots.CONSUMPTIONS.page(tx, request)
        entries = lots.entries_of(tx, [row.id for row in page.rows])
        rows = [_consumption_to_pb(row, entries[row.id]) for row in page.rows]
        return pb.ListConsumptionsResponse(consumptions=rows, next_page_token=page.next_page_token)


def _lot_to_pb(row: Lot) -> lot_pb2.Lot:
    return lot_pb2.Lot(
        lot_id=str(row.id),
        student_id=str(row.student_id),
        course_id=str(row.course_id),
        order_id=str(row.order_id),
        campus_id=str(row.campus_id),
        kind=enum_value(lot_pb2.LotKind, row.kind),
        quantity_hundredths=row.quantity_hundredths,
        remaining_hundredths=row.remaining_hundredths,
        total_fen=row.total_fen,
        remaining_fen=row.total_fen - row.released_fen,
        start_date=date_pb(row.start_date),
        expire_date=date_pb(row.expire_date),
        freeze_date=date_pb(row.freeze_date),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _consumption_to_pb(row: Consumption, entries: Sequence[LotEntry]) -> lot_pb2.Consumption:
    return lot_pb2.Consumption(
        consumption_id=str(row.id),
        attendance_id=str(row.attendance_id),
        revision=row.revision,
        student_id=str(row.student_id),
        course_id=id_text(row.course_id),
        campus_id=str(row.campus_id),
        lesson_id=str(row.lesson_id),
        teacher_id=id_text(row.teacher_id),
        lesson_start_time=row.lesson_start_time,
        charge_hundredths=row.charge_hundredths,
        recognised_fen=row.recognised_fen,
        remaining_hundredths=row.remaining_hundredths,
        state=enum_value(lot_pb2.ConsumptionState, row.state),
        reason=row.reason,
        entries=[_entry_to_pb(entry) for entry in entries],
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _entry_to_pb(entry: LotEntry) -> lot_pb2.ConsumptionEntry:
    return lot_pb2.ConsumptionEntry(
        lot_id=str(entry.lot_id),
        consumed_hundredths=entry.hundredths,
        amount_fen=entry.amount_fen,
        explanation=entry.explanation,
    )
