"""PriceService on the wire."""

from __future__ import annotations

from lianxiao.billing.v1 import price_pb2, price_service_pb2_grpc
from lianxiao.billing.v1 import price_service_pb2 as pb
from services.billing.actions import prices
from services.billing.models import Price
from services.billing.rpc.values import CURRENCY, date_pb, find_date, find_uuid, text, to_date
from shared.db import Tx
from shared.ids import as_uuid
from shared.listing import Field, Listing
from shared.rpc import Servicer, command, query

LISTING: Listing[Price] = Listing(
    Price,
    fields={
        "course_id": Field(Price.course_id),
        "campus_id": Field(Price.campus_id, sortable=False),
        "start_date": Field(Price.start_date),
        "create_time": Field(Price.create_time),
    },
)


class PriceService(Servicer, price_service_pb2_grpc.PriceServiceServicer):
    """Price list."""

    @command
    def CreatePrice(self, request: pb.CreatePriceRequest, tx: Tx) -> pb.CreatePriceResponse:
        wanted = request.price
        price = prices.create(
            tx,
            course_id=as_uuid(wanted.course_id),
            campus_id=find_uuid(wanted.campus_id),
            unit_price_fen=wanted.unit_price_fen,
            start_date=to_date(wanted.start_date, "price.start_date"),
            end_date=find_date(wanted, "end_date", "price"),
        )
        return pb.CreatePriceResponse(price=to_pb(price))

    @query
    def ListPrices(self, request: pb.ListPricesRequest, tx: Tx) -> pb.ListPricesResponse:
        page = LISTING.page(tx, request)
        return pb.ListPricesResponse(prices=[to_pb(row) for row in page.rows], next_page_token=page.next_page_token)


def to_pb(row: Price) -> price_pb2.Price:
    """Return the wire form."""
    return price_pb2.Price(
        price_id=str(row.id),
        course_id=str(row.course_id),
        campus_id=text(row.campus_id),
        unit_price_fen=row.unit_price_fen,
        currency=CURRENCY,
        start_date=date_pb(row.start_date),
        end_date=date_pb(row.end_date),
        create_time=row.create_time,
        update_time=row.update_time,
    )
