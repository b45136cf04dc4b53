"""ImportService on the wire."""

from __future__ import annotations

from collections.abc import Mapping

from lianxiao.lead.v1 import import_pb2
from lianxiao.lead.v1 import import_service_pb2 as pb
from lianxiao.lead.v1 import import_service_pb2_grpc as pb_grpc
from services.lead.actions import imports
from services.lead.models import Import, ImportRow
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, optional_id


class ImportService(Servicer, pb_grpc.ImportServiceServicer):
    """Takes in files of enquiries."""

    @command
    def CreateImport(self, request: pb.CreateImportRequest, tx: Tx) -> pb.CreateImportResponse:
        details = imports.Details(
            file_name=request.file_name,
            campus_id=optional_id(request.campus_id),
            source=request.source or "import",
            campaign_id=optional_id(request.campaign_id),
            dry_run=request.dry_run,
            mapping=dict(request.mapping),
        )
        return pb.CreateImportResponse(lead_import=to_pb(imports.create(tx, details)))

    @command
    def AppendImportData(self, request: pb.AppendImportDataRequest, tx: Tx) -> pb.AppendImportDataResponse:
        row = imports.append(tx, as_uuid(request.import_id), offset=request.offset, data=request.data)
        return pb.AppendImportDataResponse(size_bytes=row.size_bytes)

    @command
    def StartImport(self, request: pb.StartImportRequest, tx: Tx) -> pb.StartImportResponse:
        row = imports.start(tx, as_uuid(request.import_id), mapping=dict(request.mapping))
        return pb.StartImportResponse(lead_import=to_pb(row))

    @query
    def GetImport(self, request: pb.GetImportRequest, tx: Tx) -> pb.GetImportResponse:
        return pb.GetImportResponse(lead_import=to_pb(imports.get(tx, as_uuid(request.import_id))))

    @query
    def ListImports(self, request: pb.ListImportsRequest, tx: Tx) -> pb.ListImportsResponse:
        page = imports.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListImportsResponse(imports=rows, next_page_token=page.next_page_token)

    @query
    def ListImportRows(self, request: pb.ListImportRowsRequest, tx: Tx) -> pb.ListImportRowsResponse:
        row = imports.get(tx, as_uuid(request.import_id))
        page = imports.ROWS.page(tx, request, where=[ImportRow.import_id == row.id])
        letters = imports.letters(row)
        rows = [row_to_pb(each, letters) for each in page.rows]
        return pb.ListImportRowsResponse(rows=rows, next_page_token=page.next_page_token)

    @command
    def CancelImport(self, request: pb.CancelImportRequest, tx: Tx) -> pb.CancelImportResponse:
        return pb.CancelImportResponse(lead_import=to_pb(imports.cancel(tx, as_uuid(request.import_id))))


def to_pb(row: Import) -> import_pb2.Import:
    """Return the wire form."""
    return import_pb2.Import(
        import_id=str(row.id),
        campus_id=id_text(row.campus_id),
        file_name=row.file_name,
        state=enum_value(import_pb2.ImportState, row.state),
        dry_run=row.dry_run,
        source=row.source,
        campaign_id=id_text(row.campaign_id),
        size_bytes=row.size_bytes,
        total=row.total,
        created=row.created,
        merged=row.merged,
        in_review=row.in_review,
        rejected=row.rejected,
        columns=[import_pb2.ImportColumn(header=header, field=field) for header, field in row.columns],
        error_reason=row.error_reason,
        staff_id=str(row.staff_id),
        finish_time=row.finish_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def row_to_pb(row: ImportRow, letters: Mapping[str, str]) -> import_pb2.ImportRow:
    """Return the wire form of what became of a line; `letters` are the columns of the fields."""
    return import_pb2.ImportRow(
        line=row.line,
        outcome=enum_value(import_pb2.ImportOutcome, row.outcome),
        lead_id=id_text(row.lead_id),
        reason=row.reason,
        field=row.field,
        cell=f"{letters[row.field]}{row.line}" if row.field in letters else "",
    )
