"""SplitService on the wire."""

from __future__ import annotations

from lianxiao.billing.v1 import split_pb2, split_service_pb2_grpc
from lianxiao.billing.v1 import split_service_pb2 as pb
from services.billing.models import SplitRow
from services.billing.rpc.values import enum_value, text
from shared.db import Tx
from shared.listing import Field, Listing
from shared.rpc import Servicer, query

_BASE = "SPLIT_BASE_"
_PARTY = "SPLIT_PARTY_"
LISTING: Listing[SplitRow] = Listing(
    SplitRow,
    fields={
        "source_id": Field(SplitRow.source_id),
        "party": Field(SplitRow.party, prefix=_PARTY),
        "party_id": Field(SplitRow.party_id),
        "campus_id": Field(SplitRow.campus_id),
        "rule_id": Field(SplitRow.rule_id, sortable=False),
        "occur_time": Field(SplitRow.occur_time),
        "create_time": Field(SplitRow.create_time),
    },
    default_order="occur_time desc",
)


class SplitService(Servicer, split_service_pb2_grpc.SplitServiceServicer):
    """Rows that rules made."""

    @query
    def ListSplitRows(self, request: pb.ListSplitRowsRequest, tx: Tx) -> pb.ListSplitRowsResponse:
        page = LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListSplitRowsResponse(split_rows=rows, next_page_token=page.next_page_token)


def to_pb(row: SplitRow) -> split_pb2.SplitRow:
    """Return the wire form."""
    return split_pb2.SplitRow(
        split_row_id=str(row.id),
        source_kind=row.source_kind,
        source_id=str(row.source_id),
        rule_id=text(row.rule_id),
        base=enum_value(split_pb2.SplitBase, row.base, _BASE),
        base_fen=row.base_fen,
        party=enum_value(split_pb2.SplitParty, row.party, _PARTY),
        party_id=text(row.party_id),
        campus_id=text(row.campus_id),
        amount_fen=row.amount_fen,
        explanation=row.explanation,
        reverses_id=text(row.reverses_id),
        occur_time=row.occur_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )
