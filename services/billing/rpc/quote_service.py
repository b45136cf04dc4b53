"""QuoteService on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from lianxiao.billing.v1 import quote_pb2
from lianxiao.billing.v1 import quote_service_pb2 as pb
from lianxiao.billing.v1 import quote_service_pb2_grpc as pb_grpc
from services.billing.actions import quotes
from services.billing.models import Quote, QuoteLine
from shared.db import Tx
from shared.ids import as_uuid
from shared.money import CURRENCY
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, optional_id, optional_instant


class QuoteService(Servicer, pb_grpc.QuoteServiceServicer):
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
            lead_id=optional_id(wanted.lead_id),
            channel=wanted.channel,
            expire_time=optional_instant(wanted, "expire_time"),
        )
        return pb.CreateQuoteResponse(quote=_with_lines(tx, quote))

    @query
    def GetQuote(self, request: pb.GetQuoteRequest, tx: Tx) -> pb.GetQuoteResponse:
        return pb.GetQuoteResponse(quote=_with_lines(tx, quotes.get(tx, as_uuid(request.quote_id))))

    @query
    def ListQuotes(self, request: pb.ListQuotesRequest, tx: Tx) -> pb.ListQuotesResponse:
        page = quotes.LISTING.page(tx, request)
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
        lead_id=id_text(row.lead_id),
        campus_id=str(row.campus_id),
        channel=row.channel,
        lines=[_line_to_pb(line) for line in lines],
        gross_fen=row.gross_fen,
        discount_fen=row.discount_fen,
        total_fen=row.total_fen,
        currency=CURRENCY,
        state=enum_value(quote_pb2.QuoteState, row.state),
        expire_time=row.expire_time,
        owner_id=id_text(row.owner_id),
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


def _line_to_pb(line: QuoteLine) -> quote_pb2.QuoteLine:
    return quote_pb2.QuoteLine(
        course_id=str(line.course_id),
        lesson_hours_hundredths=line.lesson_hours_hundredths,
        gift_hundredths=line.gift_hundredths,
        unit_price_fen=line.unit_price_fen,
        discount_fen=line.discount_fen,
        gross_fen=line.gross_fen,
        net_fen=line.net_fen,
    )
