"""Offers to families."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from lianxiao.billing.v1.billing_events_pb2 import QuoteConfirmed, QuoteSent
from services.billing.actions import coupons, partners, quote_drafts, quote_links
from services.billing.actions.pricing import Item
from services.billing.models import Contract, Quote, QuoteLine
from services.billing.rules import instalments, pricing_records
from services.billing.rules.instalments import Part, Template
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, Refused
from shared.events import publish
from shared.listing import Field, Listing
from shared.wire_values import id_text

OPEN = frozenset({"draft", "sent"})
_OPEN_FOR = timedelta(days=30)
_EXPIRE = (
    "update quote set state = 'expired', update_time = %(now)s"
    " where state in ('draft', 'sent') and expire_time <= %(now)s"
)
_FREE = (
    "update coupon c set state = 'claimed', quote_id = null, discount_fen = 0, gift_hundredths = 0,"
    " update_time = %(now)s from quote q where c.state = 'held' and q.institution_id = c.institution_id"
    " and q.id = c.quote_id and q.state = 'expired'"
)
LISTING: Listing[Quote] = Listing(
    Quote,
    fields={
        "customer_id": Field(Quote.customer_id, aliased=True),
        "lead_id": Field(Quote.lead_id, sortable=False),
        "campus_id": Field(Quote.campus_id),
        "state": Field(Quote.state, prefix="QUOTE_STATE_"),
        "owner_id": Field(Quote.owner_id, sortable=False),
        "create_time": Field(Quote.create_time),
        "total_fen": Field(Quote.total_fen),
    },
)


def create(
    tx: Tx,
    *,
    customer_id: UUID,
    campus_id: UUID,
    items: Sequence[Item],
    bundle_ids: Sequence[UUID] = (),
    sibling_customer_id: UUID | None = None,
    coupon_codes: Sequence[str] = (),
    owner_id: UUID | None = None,
    lead_id: UUID | None = None,
    channel: str = "",
    partner_id: UUID | None = None,
    sales_form: str = "",
    expire_time: datetime | None = None,
    plan: Template | None = None,
) -> Quote:
    """Make a draft offer of items and bundles at their prices less what promotions take off; see `pricing.offer`.

    It stands for 30 days unless told, and keeps all that its figures were computed from. The partner is the last one
    to whom the customer was granted; PARTNER_NOT_REGISTERED for another one than that. The order takes the plan;
    INSTALMENT_TOO_SMALL for one that divides too little.
    """
    held = coupons.usable(tx, coupon_codes, customer_id, for_update=True)
    quote, lines = quote_drafts.build(
        tx,
        customer_id=customer_id,
        campus_id=campus_id,
        items=items,
        bundle_ids=bundle_ids,
        sibling_customer_id=sibling_customer_id,
        by_coupon=list(held),
    )
    quote.expire_time = expire_time or tx.now + _OPEN_FOR
    if quote.expire_time <= tx.now:
        raise InvalidInput("quote.expire_time", "the offer would be over before it is made")
    quote.owner_id, quote.lead_id, quote.channel = owner_id, lead_id, channel
    quote.partner_id, quote.sales_form = partners.of_customer(tx, customer_id, wanted=partner_id), sales_form
    offer_plan(quote, plan)
    tx.session.add(quote)
    tx.session.flush()
    tx.session.add_all(lines)
    tx.session.flush()
    if held:
        coupons.hold(tx, held, quote, pricing_records.read_steps(quote.pricing))
    return quote


def preview(
    tx: Tx,
    *,
    customer_id: UUID,
    campus_id: UUID,
    items: Sequence[Item],
    bundle_ids: Sequence[UUID] = (),
    sibling_customer_id: UUID | None = None,
    coupon_codes: Sequence[str] = (),
    plan: Template | None = None,
) -> tuple[Quote, list[QuoteLine]]:
    """Return what `create` would make, and keep nothing."""
    quote, lines = quote_drafts.build(
        tx,
        customer_id=customer_id,
        campus_id=campus_id,
        items=items,
        bundle_ids=bundle_ids,
        sibling_customer_id=sibling_customer_id,
        by_coupon=list(coupons.usable(tx, coupon_codes, customer_id, for_update=False)),
    )
    offer_plan(quote, plan)
    return quote, lines


def offer_plan(quote: Quote, plan: Template | None) -> None:
    """Let a draft carry a plan. Raises INSTALMENT_TOO_SMALL, InvalidInput for a plan that there is none of."""
    if plan is not None:
        quote.plan_count, quote.plan_first_date = plan.count, plan.first_date
        quote.plan_months_between = plan.months_between
        plan_of(quote)


def plan_of(quote: Quote) -> list[Part]:
    """Return the instalments that a quote offers, the same ones at any time; none where all is due at once."""
    if quote.plan_count is None or quote.plan_first_date is None or quote.plan_months_between is None:
        return []
    return instalments.schedule(
        quote.total_fen,
        count=quote.plan_count,
        first_date=quote.plan_first_date,
        months_between=quote.plan_months_between,
    )


def get(tx: Tx, quote_id: UUID, *, for_update: bool = False) -> Quote:
    """Return a quote within reach."""
    return tx.load(Quote, "quote", quote_id, for_update=for_update)


def lines_of(tx: Tx, quote_ids: Sequence[UUID]) -> dict[UUID, list[QuoteLine]]:
    """Return the lines of quotes, in order."""
    query = select(QuoteLine).where(QuoteLine.quote_id.in_(quote_ids)).order_by(QuoteLine.line_number)
    lines: dict[UUID, list[QuoteLine]] = {quote_id: [] for quote_id in quote_ids}
    for line in tx.session.scalars(query):
        lines[line.quote_id].append(line)
    return lines


def confirm(tx: Tx, quote_id: UUID, *, by_family: bool = False) -> Quote:
    """Record that the family accepted, while the offer stands.

    Raises QUOTE_NOT_OPEN, QUOTE_EXPIRED, QUOTE_NOT_APPROVED.
    """
    quote = get_open(tx, quote_id)
    _check_approved(quote)
    quote.state = "confirmed"
    quote.confirm_time = tx.now
    quote.confirmed_by_family = by_family
    coupons.redeem(tx, quote.id)
    tx.session.flush()
    event = QuoteConfirmed(
        quote_id=str(quote.id),
        customer_id=str(quote.customer_id),
        lead_id=id_text(quote.lead_id),
        campus_id=str(quote.campus_id),
        total_fen=quote.total_fen,
        confirm_time=tx.now,
        confirmed_by_family=by_family,
    )
    publish(tx, event)
    return quote


def confirm_by_family(tx: Tx, quote_id: UUID) -> Quote:
    """Record that the family accepted on its page; a second time changes nothing. Raises as `confirm` does."""
    quote = get(tx, quote_id, for_update=True)
    return quote if quote.state == "confirmed" else confirm(tx, quote_id, by_family=True)


def get_open(tx: Tx, quote_id: UUID) -> Quote:
    """Return a quote that may still be accepted, locked. Raises QUOTE_NOT_FOUND, QUOTE_NOT_OPEN, QUOTE_EXPIRED."""
    quote = get(tx, quote_id, for_update=True)
    if quote.state == "expired" or (quote.state in OPEN and quote.expire_time <= tx.now):
        raise Refused("QUOTE_EXPIRED", "the quote is over", expire_time=quote.expire_time.isoformat())
    if quote.state not in OPEN:
        raise Refused("QUOTE_NOT_OPEN", f"the quote is {quote.state}", state=quote.state)
    return quote


def send(tx: Tx, quote_id: UUID) -> Quote:
    """Have the link to a quote sent to the family. Raises QUOTE_NOT_OPEN, QUOTE_EXPIRED, QUOTE_NOT_APPROVED."""
    quote = get_open(tx, quote_id)
    _check_approved(quote)
    quote.state = "sent"
    quote.send_time = quote.send_time or tx.now
    quote.send_count += 1
    tx.session.flush()
    event = QuoteSent(
        quote_id=str(quote.id),
        customer_id=str(quote.customer_id),
        lead_id=id_text(quote.lead_id),
        campus_id=str(quote.campus_id),
        total_fen=quote.total_fen,
        expire_time=quote.expire_time,
        path=quote_links.path(quote),
        send_count=quote.send_count,
    )
    publish(tx, event)
    return quote


def void(tx: Tx, quote_id: UUID, *, reason: str) -> Quote:
    """Take a quote back for good; a second time changes nothing.

    Raises QUOTE_NOT_OPEN for one that expired, CONTRACT_EXISTS.
    """
    quote = get(tx, quote_id, for_update=True)
    if quote.state == "void":
        return quote
    if quote.state == "expired":
        raise Refused("QUOTE_NOT_OPEN", "the quote is expired", state=quote.state)
    if tx.scalar(select(Contract.id).where(Contract.quote_id == quote.id)) is not None:
        raise AlreadyExists("CONTRACT_EXISTS", "the quote has its contract already", quote_id=str(quote.id))
    quote.state, quote.void_time, quote.void_reason = "void", tx.now, reason
    coupons.give_back(tx, quote.id)
    tx.session.flush()
    tx.audit("quote.voided", "quote", quote.id, total_fen=quote.total_fen)
    return quote


def approve(tx: Tx, quote_id: UUID) -> Quote:
    """Agree to what promotions take off; a second time changes nothing.

    Raises QUOTE_NOT_DRAFT, QUOTE_NEEDS_NO_APPROVAL, QUOTE_APPROVAL_OWN for the maker of the quote.
    """
    quote = get(tx, quote_id, for_update=True)
    if quote.approve_time is not None:
        return quote
    if quote.state != "draft":
        raise Refused("QUOTE_NOT_DRAFT", f"the quote is {quote.state}", state=quote.state)
    if not quote.needs_approval:
        raise Refused("QUOTE_NEEDS_NO_APPROVAL", "nothing in the quote needs an approval")
    if quote.owner_id == tx.caller.subject_id:
        raise Refused("QUOTE_APPROVAL_OWN", "whoever made the quote does not approve it")
    quote.approve_time = tx.now
    quote.approve_staff_id = tx.caller.subject_id
    tx.session.flush()
    tx.audit("quote.approved", "quote", quote.id, discount_fen=quote.discount_fen, total_fen=quote.total_fen)
    return quote


def expire(tx: Tx) -> None:
    """Mark offers that are over and were not accepted; their customers may use the coupons again."""
    tx.run(f"{_EXPIRE}; {_FREE}", {"now": tx.now})


def _check_approved(quote: Quote) -> None:
    if quote.needs_approval and quote.approve_time is None:
        raise Refused("QUOTE_NOT_APPROVED", "somebody else must approve the promotions", total_fen=quote.total_fen)
