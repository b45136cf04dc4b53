"""QuoteService on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from lianxiao.billing.v1 import instalment_pb2, quote_pb2
from lianxiao.billing.v1 import quote_service_pb2 as pb
from lianxiao.billing.v1 import quote_service_pb2_grpc as pb_grpc
from services.billing.actions import campuses, quote_links, quotes
from services.billing.actions.pricing import LESSON_HOURS, Item
from services.billing.models import Quote, QuoteLine
from services.billing.rules import pricing_records
from services.billing.rules.instalments import Template
from services.billing.rules.pricing import APPLIED, Step
from shared.db import Tx
from shared.ids import as_uuid
from shared.money import CURRENCY
from shared.rpc import Servicer, command, query
from shared.wire_values import (
    date_pb,
    enum_value,
    id_text,
    ids,
    local_date,
    optional_date,
    optional_id,
    optional_instant,
    stored_word,
)


class QuoteService(Servicer, pb_grpc.QuoteServiceServicer):
    """Offers to families."""

    @command
    def CreateQuote(self, request: pb.CreateQuoteRequest, tx: Tx) -> pb.CreateQuoteResponse:
        wanted = request.quote
        quote = quotes.create(
            tx,
            customer_id=as_uuid(wanted.customer_id),
            campus_id=as_uuid(wanted.campus_id),
            items=[_item(index, line) for index, line in enumerate(wanted.lines)],
            bundle_ids=ids(wanted.bundle_ids),
            sibling_customer_id=optional_id(wanted.sibling_customer_id),
            coupon_codes=wanted.coupon_codes,
            owner_id=tx.caller.subject_id if tx.caller.kind == "staff" else None,
            lead_id=optional_id(wanted.lead_id),
            channel=wanted.channel,
            partner_id=optional_id(wanted.partner_id),
            sales_form=wanted.sales_form,
            expire_time=optional_instant(wanted, "expire_time"),
            plan=_plan(wanted),
        )
        return pb.CreateQuoteResponse(quote=_with_lines(tx, quote))

    @query
    def PreviewQuote(self, request: pb.PreviewQuoteRequest, tx: Tx) -> pb.PreviewQuoteResponse:
        wanted = request.quote
        quote, lines = quotes.preview(
            tx,
            customer_id=as_uuid(wanted.customer_id),
            campus_id=as_uuid(wanted.campus_id),
            items=[_item(index, line) for index, line in enumerate(wanted.lines)],
            bundle_ids=ids(wanted.bundle_ids),
            sibling_customer_id=optional_id(wanted.sibling_customer_id),
            coupon_codes=wanted.coupon_codes,
            plan=_plan(wanted),
        )
        shown = with_steps(quote, lines)
        shown.quote_id = ""
        return pb.PreviewQuoteResponse(quote=shown)

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

    @command
    def ApproveQuote(self, request: pb.ApproveQuoteRequest, tx: Tx) -> pb.ApproveQuoteResponse:
        return pb.ApproveQuoteResponse(quote=_with_lines(tx, quotes.approve(tx, as_uuid(request.quote_id))))

    @command
    def SendQuote(self, request: pb.SendQuoteRequest, tx: Tx) -> pb.SendQuoteResponse:
        quote = quotes.send(tx, as_uuid(request.quote_id))
        return pb.SendQuoteResponse(quote=_with_lines(tx, quote), path=quote_links.path(quote))

    @command
    def VoidQuote(self, request: pb.VoidQuoteRequest, tx: Tx) -> pb.VoidQuoteResponse:
        quote = quotes.void(tx, as_uuid(request.quote_id), reason=request.reason)
        return pb.VoidQuoteResponse(quote=_with_lines(tx, quote))

    @query
    def GetQuotePage(self, request: pb.GetQuotePageRequest, tx: Tx) -> pb.GetQuotePageResponse:
        return pb.GetQuotePageResponse(page=_page(tx, quotes.get(tx, as_uuid(request.quote_id))))

    @query
    def GetPublicQuote(self, request: pb.GetPublicQuoteRequest, tx: Tx) -> pb.GetPublicQuoteResponse:
        quote_id = quote_links.opened(tx, as_uuid(request.institution_id), request.token)
        return pb.GetPublicQuoteResponse(page=_page(tx, quotes.get(tx, quote_id)))

    @command
    def ConfirmPublicQuote(self, request: pb.ConfirmPublicQuoteRequest, tx: Tx) -> pb.ConfirmPublicQuoteResponse:
        quote = quotes.confirm_by_family(tx, quote_links.opened(tx, as_uuid(request.institution_id), request.token))
        return pb.ConfirmPublicQuoteResponse(page=_page(tx, quote))


def to_pb(row: Quote, lines: Sequence[QuoteLine]) -> quote_pb2.Quote:
    """Return the wire form."""
    return quote_pb2.Quote(
        quote_id=str(row.id),
        customer_id=str(row.customer_id),
        lead_id=id_text(row.lead_id),
        campus_id=str(row.campus_id),
        channel=row.channel,
        partner_id=id_text(row.partner_id),
        sales_form=row.sales_form,
        lines=[_line_to_pb(line) for line in lines],
        gross_fen=row.gross_fen,
        discount_fen=row.discount_fen,
        total_fen=row.total_fen,
        currency=CURRENCY,
        state=enum_value(quote_pb2.QuoteState, row.state),
        expire_time=row.expire_time,
        owner_id=id_text(row.owner_id),
        confirm_time=row.confirm_time,
        sibling_customer_id=id_text(row.sibling_customer_id),
        needs_approval=row.needs_approval,
        approve_staff_id=id_text(row.approve_staff_id),
        approve_time=row.approve_time,
        send_time=row.send_time,
        void_time=row.void_time,
        void_reason=row.void_reason,
        confirmed_by_family=row.confirmed_by_family,
        plan=_plan_to_pb(row),
        instalments=_instalments(row),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def with_steps(row: Quote, lines: Sequence[QuoteLine]) -> quote_pb2.Quote:
    """Return the wire form with the way to the total."""
    shown = to_pb(row, lines)
    steps = pricing_records.read_steps(row.pricing) if row.pricing else ()
    shown.steps.extend(_step_to_pb(step) for step in steps)
    return shown


def _with_lines(tx: Tx, row: Quote) -> quote_pb2.Quote:
    return with_steps(row, quotes.lines_of(tx, [row.id])[row.id])


def _item(index: int, line: quote_pb2.QuoteLine) -> Item:
    return Item(
        course_id=as_uuid(line.course_id),
        lesson_hours_hundredths=line.lesson_hours_hundredths,
        unit_price_fen=line.unit_price_fen if line.HasField("unit_price_fen") else None,
        gift_hundredths=line.gift_hundredths,
        discount_fen=line.discount_fen,
        kind=stored_word(quote_pb2.LineKind, line.kind, "kind") if line.kind else LESSON_HOURS,
        class_group_id=optional_id(line.class_group_id),
        start_date=optional_date(line, "start_date", f"quote.lines[{index}]."),
        title=line.title,
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
        kind=enum_value(quote_pb2.LineKind, line.kind),
        class_group_id=id_text(line.class_group_id),
        start_date=date_pb(line.start_date),
        bundle_id=id_text(line.bundle_id),
        price_id=id_text(line.price_id),
        title=line.title,
    )


def _step_to_pb(step: Step) -> quote_pb2.PricingStep:
    return quote_pb2.PricingStep(
        kind=enum_value(quote_pb2.PricingStepKind, step.kind),
        verdict=enum_value(quote_pb2.PricingVerdict, step.verdict),
        source_id=id_text(step.source_id),
        name=step.name,
        perk=step.perk,
        base_fen=step.base_fen,
        discount_fen=step.discount_fen,
        gift_hundredths=step.gift_hundredths,
        discounts_fen=step.discounts_fen,
        alone_fen=step.alone_fen,
        needs_approval=step.needs_approval,
    )


def _page(tx: Tx, row: Quote) -> quote_pb2.QuotePage:
    """Return what a family reads: nothing that tells who it is."""
    campus = campuses.check(tx, row.campus_id)
    steps = pricing_records.read_steps(row.pricing) if row.pricing else ()
    return quote_pb2.QuotePage(
        campus_name=campus.name,
        time_zone=campus.time_zone,
        lines=[_page_line(line) for line in quotes.lines_of(tx, [row.id])[row.id]],
        gross_fen=row.gross_fen,
        discount_fen=row.discount_fen,
        total_fen=row.total_fen,
        currency=CURRENCY,
        steps=[_page_step(step) for step in steps if step.verdict == APPLIED],
        state=enum_value(quote_pb2.QuoteState, row.state),
        expire_time=row.expire_time,
        confirm_time=row.confirm_time,
        instalments=_instalments(row),
    )


def _plan(wanted: quote_pb2.Quote) -> Template | None:
    if not wanted.HasField("plan"):
        return None
    first = local_date(wanted.plan.first_date, "quote.plan.first_date")
    return Template(wanted.plan.count, first, wanted.plan.months_between)


def _plan_to_pb(row: Quote) -> instalment_pb2.InstalmentTemplate | None:
    if row.plan_count is None:
        return None
    return instalment_pb2.InstalmentTemplate(
        count=row.plan_count, first_date=date_pb(row.plan_first_date), months_between=row.plan_months_between
    )


def _instalments(row: Quote) -> list[instalment_pb2.InstalmentPart]:
    return [
        instalment_pb2.InstalmentPart(due_date=date_pb(day), amount_fen=amount) for day, amount in quotes.plan_of(row)
    ]


def _page_line(line: QuoteLine) -> quote_pb2.QuotePageLine:
    return quote_pb2.QuotePageLine(
        title=line.title,
        kind=enum_value(quote_pb2.LineKind, line.kind),
        lesson_hours_hundredths=line.lesson_hours_hundredths,
        gift_hundredths=line.gift_hundredths,
        unit_price_fen=line.unit_price_fen,
        discount_fen=line.discount_fen,
        net_fen=line.net_fen,
        start_date=date_pb(line.start_date),
    )


def _page_step(step: Step) -> quote_pb2.QuotePageStep:
    return quote_pb2.QuotePageStep(
        kind=enum_value(quote_pb2.PricingStepKind, step.kind),
        name=step.name,
        perk=step.perk,
        discount_fen=step.discount_fen,
        gift_hundredths=step.gift_hundredths,
    )
