"""Orders: made from signed contracts, paid in parts, opened as lots when paid in full."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from lianxiao.billing.v1.billing_events_pb2 import OrderActivated
from lianxiao.org.v1.org_events_pb2 import ApprovalDecided
from services.billing.actions import amount_mismatches, approvals, charge_rules, contracts, lots, predecessors, quotes
from services.billing.models import Campus, Order, OrderLine, Quote
from services.billing.rules.splits import check_allocation
from shared.db import Tx
from shared.errors import AlreadyExists, NotFound, Refused
from shared.events import publish
from shared.ids import as_uuid, uuid7
from shared.listing import Field, Listing
from shared.wire_values import id_text

# The total bounds what is paid, whoever pays at the same time.
_ADD_PAID = """
update sales_order set paid_fen = paid_fen + %(amount)s, update_time = %(now)s,
  state = case when paid_fen + %(amount)s = total_fen then 'paid' else 'part_paid' end,
  activate_time = coalesce(activate_time, case when paid_fen + %(amount)s = total_fen then %(now)s::timestamptz end)
where institution_id = %(institution)s and id = %(order)s and state in ('open', 'part_paid')
  and paid_fen + %(amount)s <= total_fen and approval in ('not_needed', 'approved')
  and not exists (select from amount_mismatch m where m.institution_id = sales_order.institution_id
    and m.contract_id = sales_order.contract_id and m.state = 'open')
returning state"""
LISTING: Listing[Order] = Listing(
    Order,
    fields={
        "customer_id": Field(Order.customer_id, aliased=True),
        "lead_id": Field(Order.lead_id, sortable=False),
        "campus_id": Field(Order.campus_id),
        "state": Field(Order.state, prefix="ORDER_STATE_"),
        "owner_id": Field(Order.owner_id, sortable=False),
        "contract_id": Field(Order.contract_id),
        "approval": Field(Order.approval, prefix="ORDER_APPROVAL_", sortable=False),
        "create_time": Field(Order.create_time),
        "total_fen": Field(Order.total_fen),
    },
)


def create(
    tx: Tx,
    contract_id: UUID,
    *,
    allocation: Sequence[tuple[UUID, int]] = (),
    predecessor_id: UUID | None = None,
) -> Order:
    """Make the order of a signed contract; one that costs nothing and waits for nobody is active at once.

    `allocation` shares its value between campuses, in basis points. The order that it renews is found unless told.
    Raises CONTRACT_NOT_SIGNED, ORDER_EXISTS, CAMPUS_NOT_FOUND, ORDER_ALLOCATION_TWICE, ORDER_ALLOCATION_SUM,
    ORDER_NOT_FOUND, RENEWAL_OTHER_CHILD.
    """
    check_allocation(allocation)
    for campus_id, _ in allocation:
        tx.load(Campus, "campus", campus_id)
    contract = contracts.get(tx, contract_id)
    if contract.state != "signed":
        raise Refused("CONTRACT_NOT_SIGNED", f"the contract is {contract.state}", state=contract.state)
    quote = contracts.quote_of(tx, contract)
    charge_rules.check_order(tx, quote)
    order = Order(
        id=uuid7(),
        contract_id=contract.id,
        customer_id=contract.customer_id,
        lead_id=quote.lead_id,
        campus_id=contract.campus_id,
        owner_id=contract.owner_id,
        channel=quote.channel,
        partner_id=quote.partner_id,
        sales_form=quote.sales_form,
        allocation={str(campus_id): points for campus_id, points in allocation},
        total_fen=contract.total_fen,
        paid_fen=0,
        refunded_fen=0,
        state="open",
        approval="not_needed",
    )
    approvals.ask(tx, order, quote)
    with tx.translating({"uq_sales_order_contract": lambda: _exists(contract_id)}):
        tx.session.add(order)
    _copy_lines(tx, order, quote)
    tx.session.flush()
    _link(tx, order, predecessor_id)
    amount_mismatches.check(tx, contract.id)
    if not order.total_fen:
        activate_free(tx, order.id)
    return order


def _link(tx: Tx, order: Order, predecessor_id: UUID | None) -> None:
    if predecessor_id is None:
        order.predecessor_id = predecessors.find(tx, order)
    else:
        predecessors.check(tx, order, get(tx, predecessor_id))
        order.predecessor_id = predecessor_id


def _copy_lines(tx: Tx, order: Order, quote: Quote) -> None:
    tx.session.add_all(
        OrderLine(
            order_id=order.id,
            line_number=line.line_number,
            course_id=line.course_id,
            lesson_hours_hundredths=line.lesson_hours_hundredths,
            gift_hundredths=line.gift_hundredths,
            unit_price_fen=line.unit_price_fen,
            net_fen=line.net_fen,
            kind=line.kind,
            class_group_id=line.class_group_id,
        )
        for line in quotes.lines_of(tx, [quote.id])[quote.id]
    )


def request_approval(tx: Tx, order_id: UUID) -> Order:
    """Ask again for the approval of an order. Raises Refused ORDER_APPROVAL_NOT_REJECTED."""
    order = get(tx, order_id, for_update=True)
    approvals.ask_again(tx, order, contracts.quote_of(tx, contracts.get(tx, order.contract_id)))
    tx.session.flush()
    return order


def on_approval_decided(tx: Tx, event: ApprovalDecided) -> None:
    """Take the end of an approval; a free order is active then."""
    if event.subject != approvals.ORDER:
        return
    order = get(tx, as_uuid(event.subject_id), for_update=True)
    if approvals.conclude(tx, order, event) and not order.total_fen:
        activate_free(tx, order.id)


def activate_free(tx: Tx, order_id: UUID) -> None:
    """Open the lots of an order that costs nothing, unless something still holds it up."""
    if add_paid(tx, order_id, 0):
        activate(tx, get(tx, order_id))


def get(tx: Tx, order_id: UUID, *, for_update: bool = False) -> Order:
    """Return an order within reach as it stands in the database: payments and refunds pass the session by."""
    key = (tx.institution_id, order_id)
    order = tx.session.get(Order, key, with_for_update=for_update, populate_existing=True)
    if order is None:
        raise NotFound("order", order_id)
    return order


def lines_of(tx: Tx, order_id: UUID) -> Sequence[OrderLine]:
    """Return the lines of an order, in order."""
    query = select(OrderLine).where(OrderLine.order_id == order_id).order_by(OrderLine.line_number)
    return tx.session.scalars(query).all()


def add_paid(tx: Tx, order_id: UUID, amount_fen: int) -> str:
    """Count a payment towards an order and return the state after it; empty when the order cannot take it."""
    values = {"amount": amount_fen, "now": tx.now, "institution": tx.institution_id, "order": order_id}
    return tx.run(_ADD_PAID, values, prepared=True).scalar() or ""


def activate(tx: Tx, order: Order) -> None:
    """Open the lots of an order that was just paid in full."""
    lines = lines_of(tx, order.id)
    lots.open_for(tx, order, lines, contracts.get(tx, order.contract_id))
    announce(tx, order, lines)


def announce(tx: Tx, order: Order, lines: Sequence[OrderLine]) -> None:
    """Tell others that lots of an order are open for the first time."""
    event = OrderActivated(
        order_id=str(order.id),
        customer_id=str(order.customer_id),
        lead_id=id_text(order.lead_id),
        campus_id=str(order.campus_id),
        total_fen=order.total_fen,
        course_id=str(lines[0].course_id),
        activate_time=tx.now,
    )
    publish(tx, event)


def _exists(contract_id: UUID) -> AlreadyExists:
    return AlreadyExists("ORDER_EXISTS", "the contract has its order already", contract_id=str(contract_id))
