"""SplitService on the wire."""

from __future__ import annotations

from lianxiao.billing.v1 import split_pb2
from lianxiao.billing.v1 import split_service_pb2 as pb
from lianxiao.billing.v1 import split_service_pb2_grpc as pb_grpc
from services.billing.actions import splits
from services.billing.models import SplitRow
from shared.db import Tx
from shared.rpc import Servicer, query
from shared.wire_values import enum_value, id_text


class SplitService(Servicer, pb_grpc.SplitServiceServicer):
    """Rows that rules made."""

    @query
    def ListSplitRows(self, request: pb.ListSplitRowsRequest, tx: Tx) -> pb.ListSplitRowsResponse:
        page = splits.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListSplitRowsResponse(split_rows=rows, next_page_token=page.next_page_token)


def to_pb(row: SplitRow) -> split_pb2.SplitRow:
    """Return the wire form."""
    return split_pb2.SplitRow(
        split_row_id=str(row.id),
        source_kind=row.source_kind,
        source_id=str(row.source_id),
        rule_id=id_text(row.rule_id),
        rule_version=row.rule_version or 0,
        base=enum_value(split_pb2.SplitBase, row.base),
        base_fen=row.base_fen,
        party=enum_value(split_pb2.SplitParty, row.party),
        party_id=id_text(row.party_id),
        campus_id=id_text(row.campus_id),
        amount_fen=row.amount_fen,
        explanation=row.explanation,
        reverses_id=id_text(row.reverses_id),
        occur_time=row.occur_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )
