"""OpeningBalanceService on the wire."""

from __future__ import annotations

from lianxiao.billing.v1 import opening_balance_pb2
from lianxiao.billing.v1 import opening_balance_service_pb2 as pb
from lianxiao.billing.v1 import opening_balance_service_pb2_grpc as pb_grpc
from services.billing.actions import opening_balances
from services.billing.models import OpeningBalance
from shared.db import Tx
from shared.ids import as_uuid
from shared.money import CURRENCY
from shared.rpc import Servicer, query


class OpeningBalanceService(Servicer, pb_grpc.OpeningBalanceServiceServicer):
    """Hours that came with imports of students."""

    @query
    def ListOpeningBalances(self, request: pb.ListOpeningBalancesRequest, tx: Tx) -> pb.ListOpeningBalancesResponse:
        page = opening_balances.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListOpeningBalancesResponse(opening_balances=rows, next_page_token=page.next_page_token)

    @query
    def GetOpeningTotals(self, request: pb.GetOpeningTotalsRequest, tx: Tx) -> pb.GetOpeningTotalsResponse:
        found = opening_balances.totals(tx, as_uuid(request.student_import_id))
        return pb.GetOpeningTotalsResponse(
            totals=opening_balance_pb2.OpeningTotals(**found._asdict(), currency=CURRENCY)
        )


def to_pb(row: OpeningBalance) -> opening_balance_pb2.OpeningBalance:
    """Return the wire form."""
    return opening_balance_pb2.OpeningBalance(
        opening_balance_id=str(row.id),
        student_import_id=str(row.import_id),
        student_id=str(row.student_id),
        course_id=str(row.course_id),
        campus_id=str(row.campus_id),
        order_id=str(row.order_id),
        hundredths=row.hundredths,
        gift_hundredths=row.gift_hundredths,
        amount_fen=row.amount_fen,
        currency=CURRENCY,
        create_time=row.create_time,
    )
