"""Money that no order could take: what is left of it, and orders of the same child that it pays."""

from __future__ import annotations

from uuid import UUID

from services.billing.actions import charge_rules, orders, payments, refund_payouts
from services.billing.models import Payment
from shared import aliases
from shared.db import Tx
from shared.errors import Refused
from shared.listing import Listing, ListRequest

LISTING: Listing[Payment] = Listing(Payment, fields=payments.LISTING.fields, default_order="receive_time desc")


def page(tx: Tx, request: ListRequest) -> tuple[list[tuple[Payment, int]], str]:
    """Return a page of receipts of which something is left, each with that, and the token of the next page."""
    left = Payment.amount_fen - refund_payouts.gone()
    found = LISTING.page(tx, request, where=[Payment.state == "unapplied", left > 0])
    # A receipt may be used up by an order that the caller does not see.
    rows = [(row, left_of(tx, row)) for row in found.rows]
    return [(row, fen) for row, fen in rows if fen], found.next_page_token


def left_of(tx: Tx, receipt: Payment) -> int:
    """Return the fen of a receipt that have neither been applied nor gone back."""
    known = refund_payouts.sources(tx, receipt.order_id, applied=False)
    return next(source.left_fen for source in known if source.payment_id == receipt.id)


def apply(tx: Tx, payment_id: UUID, order_id: UUID, amount_fen: int) -> tuple[Payment, int]:
    """Pay an order with a receipt of the same child; return the payment that it makes, and what is left.

    Raises RECEIPT_NOT_UNAPPLIED, RECEIPT_OTHER_FAMILY, RECEIPT_ABOVE_LEFT and what `payments.record` refuses.
    """
    receipt = payments.get(tx, payment_id)
    if receipt.state != "unapplied":
        raise Refused("RECEIPT_NOT_UNAPPLIED", f"the receipt is {receipt.state}", state=receipt.state)
    # What a receipt holds is guarded by the lock on the order that it came for, as refunds do.
    for each in sorted({receipt.order_id, order_id}):
        orders.get(tx, each, for_update=True)
    order = orders.get(tx, order_id)
    if order.customer_id not in aliases.family(tx, receipt.customer_id):
        raise Refused("RECEIPT_OTHER_FAMILY", "the order is another child's")
    left = left_of(tx, receipt)
    if amount_fen > left:
        raise Refused(
            "RECEIPT_ABOVE_LEFT",
            f"{amount_fen} fen are above the {left} fen left",
            amount_fen=amount_fen,
            left_fen=left,
        )
    charge_rules.check_payment(tx, order)
    payment = payments.apply_receipt(tx, order, receipt, amount_fen)
    tx.audit("receipt.applied", "payment", receipt.id, order_id=str(order.id), amount_fen=amount_fen)
    return payment, left - amount_fen
