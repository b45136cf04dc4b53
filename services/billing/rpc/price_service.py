"""PriceService on the wire."""

from __future__ import annotations

from lianxiao.billing.v1 import price_pb2
from lianxiao.billing.v1 import price_service_pb2 as pb
from lianxiao.billing.v1 import price_service_pb2_grpc as pb_grpc
from services.billing.actions import prices
from services.billing.models import Price
from shared.db import Tx
from shared.ids import as_uuid
from shared.money import CURRENCY
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, id_text, local_date, optional_date, optional_id


class PriceService(Servicer, pb_grpc.PriceServiceServicer):
    """Price list."""

    @command
    def CreatePrice(self, request: pb.CreatePriceRequest, tx: Tx) -> pb.CreatePriceResponse:
        wanted = request.price
        price = prices.create(
            tx,
            course_id=as_uuid(wanted.course_id),
            campus_id=optional_id(wanted.campus_id),
            unit_price_fen=wanted.unit_price_fen,
            start_date=local_date(wanted.start_date, "price.start_date"),
            end_date=optional_date(wanted, "end_date", "price."),
        )
        return pb.CreatePriceResponse(price=to_pb(price))

    @query
    def ListPrices(self, request: pb.ListPricesRequest, tx: Tx) -> pb.ListPricesResponse:
        page = prices.LISTING.page(tx, request)
        return pb.ListPricesResponse(prices=[to_pb(row) for row in page.rows], next_page_token=page.next_page_token)

    @query
    def ListCurrentPrices(self, request: pb.ListCurrentPricesRequest, tx: Tx) -> pb.ListCurrentPricesResponse:
        rows = prices.current(tx, as_uuid(request.campus_id), optional_date(request, "date"))
        return pb.ListCurrentPricesResponse(prices=[to_pb(row) for row in rows])


def to_pb(row: Price) -> price_pb2.Price:
    """Return the wire form."""
    return price_pb2.Price(
        price_id=str(row.id),
        course_id=str(row.course_id),
        campus_id=id_text(row.campus_id),
        unit_price_fen=row.unit_price_fen,
        currency=CURRENCY,
        start_date=date_pb(row.start_date),
        end_date=date_pb(row.end_date),
        create_time=row.create_time,
        update_time=row.update_time,
    )
