"""QuoteService on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from lianxiao.billing.v1 import quote_pb2, quote_service_pb2_grpc
from lianxiao.billing.v1 import quote_service_pb2 as pb
from services.billing.actions import quotes
from services.billing.models import Quote, QuoteLine
from services.billing.rpc.values import CURRENCY, enum_value, find_uuid, text
from shared.db import Tx
from shared.ids import as_uuid
from shared.listing import Field, Listing
from shared.rpc import Servicer, command, query

_STATE = "QUOTE_STATE_"
LISTING: Listing[Quote] = Listing(
    Quote,
    fields={
        "customer_id": Field(Quote.customer_id),
        "lead_id": Field(Quote.lead_id, sortable=False),
        "campus_id": Field(Quote.campus_id),
        "state": Field(Quote.state, prefix=_STATE),
        "owner_id": Field(Quote.owner_id, sortable=False),
        "create_time": Field(Quote.create_time),
        "total_fen": Field(Quote.total_fen),
    },
)


class QuoteService(Servicer, quote_service_pb2_grpc.QuoteServiceServicer):
    """Offers to families."""

    @command
    def CreateQuote(self, request: pb.CreateQuoteRequest, tx: Tx) -> pb.CreateQuoteResponse:
        wanted = request.quote
        quote = quotes.create(
            tx,
            customer_id=as_uuid(wanted.customer_id),
            campus_id=as_uuid(wanted.campus_id),
            items=[_item(line) for line in wanted.lines],
            owner_id=tx.caller.subject_id if tx.caller.kind == "staff" else None,
            lead_id=find_uuid(wanted.lead_id),
            channel=wanted.channel,
            expire_time=wanted.expire_time.ToDatetime(UTC) if wanted.HasField("expire_time") else None,
        )
        return pb.CreateQuoteResponse(quote=_with_lines(tx, quote))

    @query
    def GetQuote(self, request: pb.GetQuoteRequest, tx: Tx) -> pb.GetQuoteResponse:
        return pb.GetQuoteResponse(quote=_with_lines(tx, quotes.get(tx, as_uuid(request.quote_id))))

    @query
    def ListQuotes(self, request: pb.ListQuotesRequest, tx: Tx) -> pb.ListQuotesResponse:
        page = LISTING.page(tx, request)
        lines = quotes.lines_of(tx, [row.id for row in page.rows])
        rows = [to_pb(row, lines[row.id]) for row in page.rows]
        return pb.ListQuotesResponse(quotes=rows, next_page_token=page.next_page_token)

    @command
    def ConfirmQuote(self, request: pb.ConfirmQuoteRequest, tx: Tx) -> pb.ConfirmQuoteResponse:
        return pb.ConfirmQuoteResponse(quote=_with_lines(tx, quotes.confirm(tx, as_uuid(request.quote_id))))


def to_pb(row: Quote, lines: Sequence[QuoteLine]) -> quote_pb2.Quote:
    """Return the wire form."""
    return quote_pb2.Quote(
        quote_id=str(row.id),
        customer_id=str(row.customer_id),
        lead_id=text(row.lead_id),
        campus_id=str(row.campus_id),
        channel=row.channel,
        lines=[_line_pb(line) for line in lines],
        gross_fen=row.gross_fen,
        discount_fen=row.discount_fen,
        total_fen=row.total_fen,
        currency=CURRENCY,
        state=enum_value(quote_pb2.QuoteState, row.state, _STATE),
        expire_time=row.expire_time,
        owner_id=text(row.owner_id),
        confirm_time=row.confirm_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _with_lines(tx: Tx, row: Quote) -> quote_pb2.Quote:
    return to_pb(row, quotes.lines_of(tx, [row.id])[row.id])


def _item(line: quote_pb2.QuoteLine) -> quotes.Item:
    return quotes.Item(
        course_id=as_uuid(line.course_id),
        lesson_hours_hundredths=line.lesson_hours_hundredths,
        unit_price_fen=line.unit_price_fen,
        gift_hundredths=line.gift_hundredths,
        discount_fen=line.discount_fen,
    )


def _line_pb(line: QuoteLine) -> quote_pb2.QuoteLine:
    return quote_pb2.QuoteLine(
        course_id=str(line.course_id),
        lesson_hours_hundredths=line.lesson_hours_hundredths,
        gift_hundredths=line.gift_hundredths,
        unit_price_fen=line.unit_price_fen,
        discount_fen=line.discount_fen,
        gross_fen=line.gross_fen,
        net_fen=line.net_fen,
    )
