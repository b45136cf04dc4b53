"""ReconciliationService on the wire."""

from __future__ import annotations

from lianxiao.billing.v1 import reconciliation_pb2
from lianxiao.billing.v1 import reconciliation_service_pb2 as pb
from lianxiao.billing.v1 import reconciliation_service_pb2_grpc as pb_grpc
from services.billing.actions import reconciliations
from services.billing.models import Reconciliation, ReconciliationItem
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text, local_date, optional_id, stored_word

_LAYOUTS = reconciliation_pb2.StatementLayout


class ReconciliationService(Servicer, pb_grpc.ReconciliationServiceServicer):
    """Reconciliations."""

    @command
    def CreateReconciliation(self, request: pb.CreateReconciliationRequest, tx: Tx) -> pb.CreateReconciliationResponse:
        statement = reconciliations.Statement(
            method=request.method,
            layout=stored_word(_LAYOUTS, request.layout, "layout"),
            file_name=request.file_name,
            content=request.content,
            start_date=local_date(request.start_date, "start_date"),
            end_date=local_date(request.end_date, "end_date"),
            fee_basis_points=request.fee_basis_points if request.HasField("fee_basis_points") else None,
            mapping=dict(request.mapping),
            custody_account_id=optional_id(request.custody_account_id),
        )
        return pb.CreateReconciliationResponse(reconciliation=_to_pb(reconciliations.create(tx, statement)))

    @query
    def GetReconciliation(self, request: pb.GetReconciliationRequest, tx: Tx) -> pb.GetReconciliationResponse:
        row = reconciliations.get(tx, as_uuid(request.reconciliation_id))
        return pb.GetReconciliationResponse(reconciliation=_to_pb(row))

    @query
    def ListReconciliations(self, request: pb.ListReconciliationsRequest, tx: Tx) -> pb.ListReconciliationsResponse:
        page = reconciliations.LISTING.page(tx, request)
        rows = [_to_pb(row) for row in page.rows]
        return pb.ListReconciliationsResponse(reconciliations=rows, next_page_token=page.next_page_token)

    @command
    def CancelReconciliation(self, request: pb.CancelReconciliationRequest, tx: Tx) -> pb.CancelReconciliationResponse:
        row = reconciliations.cancel(tx, as_uuid(request.reconciliation_id))
        return pb.CancelReconciliationResponse(reconciliation=_to_pb(row))

    @query
    def ListReconciliationItems(
        self, request: pb.ListReconciliationItemsRequest, tx: Tx
    ) -> pb.ListReconciliationItemsResponse:
        page = reconciliations.ITEMS.page(tx, request)
        rows = [_item_to_pb(row) for row in page.rows]
        return pb.ListReconciliationItemsResponse(reconciliation_items=rows, next_page_token=page.next_page_token)

    @command
    def ExplainReconciliationItem(
        self, request: pb.ExplainReconciliationItemRequest, tx: Tx
    ) -> pb.ExplainReconciliationItemResponse:
        item_id = as_uuid(request.reconciliation_item_id)
        item = reconciliations.close_item(tx, item_id, state="explained", note=request.note)
        return pb.ExplainReconciliationItemResponse(reconciliation_item=_item_to_pb(item))

    @command
    def CloseReconciliationItem(
        self, request: pb.CloseReconciliationItemRequest, tx: Tx
    ) -> pb.CloseReconciliationItemResponse:
        item_id = as_uuid(request.reconciliation_item_id)
        item = reconciliations.close_item(tx, item_id, state="resolved", note=request.note)
        return pb.CloseReconciliationItemResponse(reconciliation_item=_item_to_pb(item))


def _to_pb(row: Reconciliation) -> reconciliation_pb2.Reconciliation:
    return reconciliation_pb2.Reconciliation(
        reconciliation_id=str(row.id),
        method=row.method,
        layout=enum_value(_LAYOUTS, row.layout),
        file_name=row.file_name,
        start_date=date_pb(row.start_date),
        end_date=date_pb(row.end_date),
        fee_basis_points=-1 if row.fee_basis_points is None else row.fee_basis_points,
        custody_account_id=id_text(row.custody_account_id),
        state=enum_value(reconciliation_pb2.ReconciliationState, row.state),
        line_count=row.line_count,
        match_count=row.match_count,
        difference_count=row.difference_count,
        staff_id=id_text(row.staff_id),
        finish_time=row.finish_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _item_to_pb(row: ReconciliationItem) -> reconciliation_pb2.ReconciliationItem:
    return reconciliation_pb2.ReconciliationItem(
        reconciliation_item_id=str(row.id),
        reconciliation_id=str(row.reconciliation_id),
        campus_id=id_text(row.campus_id),
        kind=enum_value(reconciliation_pb2.ReconciliationItemKind, row.kind),
        line_number=row.line_number or 0,
        transaction_id=row.transaction_id,
        reference=row.reference,
        is_refund=row.is_refund,
        statement_fen=row.statement_fen or 0,
        book_fen=row.book_fen or 0,
        source_id=id_text(row.source_id),
        state=enum_value(reconciliation_pb2.ReconciliationItemState, row.state),
        note=row.note,
        staff_id=id_text(row.staff_id),
        close_time=row.close_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )
