"""VoucherService on the wire."""

from __future__ import annotations

from google.api.httpbody_pb2 import HttpBody

from lianxiao.billing.v1 import voucher_pb2
from lianxiao.billing.v1 import voucher_service_pb2 as pb
from lianxiao.billing.v1 import voucher_service_pb2_grpc as pb_grpc
from services.billing.actions import voucher_layouts, vouchers
from services.billing.models import VoucherBatch
from services.billing.rules.vouchers import Column, Layout
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, local_date, stored_word


class VoucherService(Servicer, pb_grpc.VoucherServiceServicer):
    """Vouchers for accounting programs."""

    @command
    def CreateVoucherBatch(self, request: pb.CreateVoucherBatchRequest, tx: Tx) -> pb.CreateVoucherBatchResponse:
        batch = vouchers.create(
            tx,
            start_date=local_date(request.start_date, "start_date"),
            end_date=local_date(request.end_date, "end_date"),
            grouping=stored_word(voucher_pb2.VoucherGrouping, request.grouping, "grouping"),
        )
        return pb.CreateVoucherBatchResponse(voucher_batch=_batch_to_pb(batch))

    @query
    def GetVoucherBatch(self, request: pb.GetVoucherBatchRequest, tx: Tx) -> pb.GetVoucherBatchResponse:
        batch = vouchers.get(tx, as_uuid(request.voucher_batch_id))
        return pb.GetVoucherBatchResponse(voucher_batch=_batch_to_pb(batch))

    @query
    def ListVoucherBatches(self, request: pb.ListVoucherBatchesRequest, tx: Tx) -> pb.ListVoucherBatchesResponse:
        tx.check_chain()
        page = vouchers.LISTING.page(tx, request)
        rows = [_batch_to_pb(row) for row in page.rows]
        return pb.ListVoucherBatchesResponse(voucher_batches=rows, next_page_token=page.next_page_token)

    @query
    def GetVoucherFile(self, request: pb.GetVoucherFileRequest, tx: Tx) -> pb.GetVoucherFileResponse:
        layout = voucher_layouts.get(tx, request.layout)
        found = vouchers.file(
            tx,
            as_uuid(request.voucher_batch_id),
            request.part_number or 1,
            layout,
            language=request.language or "zh",
        )
        return pb.GetVoucherFileResponse(file=HttpBody(content_type=layout.content_type, data=found))

    @query
    def ListVoucherLayouts(self, request: pb.ListVoucherLayoutsRequest, tx: Tx) -> pb.ListVoucherLayoutsResponse:  # noqa: ARG002 - has no fields
        return pb.ListVoucherLayoutsResponse(voucher_layouts=[_layout_to_pb(row) for row in voucher_layouts.every(tx)])

    @command
    def SetVoucherLayout(self, request: pb.SetVoucherLayoutRequest, tx: Tx) -> pb.SetVoucherLayoutResponse:
        wanted = request.voucher_layout
        columns = [Column(column.field, column.heading) for column in wanted.columns]
        layout = voucher_layouts.set_own(tx, wanted.code, voucher_word=wanted.voucher_word, columns=columns)
        return pb.SetVoucherLayoutResponse(voucher_layout=_layout_to_pb(layout))


def _batch_to_pb(row: VoucherBatch) -> voucher_pb2.VoucherBatch:
    return voucher_pb2.VoucherBatch(
        voucher_batch_id=str(row.id),
        start_date=date_pb(row.start_date),
        end_date=date_pb(row.end_date),
        grouping=enum_value(voucher_pb2.VoucherGrouping, row.grouping),
        state=enum_value(voucher_pb2.VoucherBatchState, row.state),
        part_count=row.part_count,
        voucher_count=row.voucher_count,
        journal_count=row.journal_count,
        debit_fen=row.debit_fen,
        staff_id=str(row.staff_id),
        finish_time=row.finish_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _layout_to_pb(layout: Layout) -> voucher_pb2.VoucherLayout:
    columns = [voucher_pb2.VoucherColumn(field=column.field, heading=column.heading) for column in layout.columns]
    return voucher_pb2.VoucherLayout(
        code=layout.code, name=layout.name, voucher_word=layout.voucher_word, columns=columns
    )
