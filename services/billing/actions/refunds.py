"""Money given back: previewed, requested, decided by another person, closed in the books.

`refund_figures` reads what it is computed from, `refund_payouts` brings it back to the family.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from uuid import UUID

from services.billing.actions import (
    cash_splits,
    contracts,
    instalments,
    ledger,
    lots,
    orders,
    refund_figures,
    refund_payouts,
    refund_rules,
    rulebooks,
    wallets,
)
from services.billing.actions.refund_figures import Closing
from services.billing.models import Lot, Order, Refund, RefundItem
from services.billing.rules import postings
from services.billing.rules import refund_rules as rules
from services.billing.rules.postings import NOBODY
from services.billing.rules.refunds import Computed, Outcome, RefundLine, settle
from shared.db import Tx
from shared.errors import AlreadyExists, Conflict, InvalidInput, NotAllowed, Refused
from shared.ids import uuid7
from shared.listing import Field, Listing

_PAY = """
update sales_order set refunded_fen = refunded_fen + %(amount)s, update_time = %(now)s,
  state = case when %(whole)s then 'refunded' else state end
where institution_id = %(institution)s and id = %(order)s and refunded_fen + %(amount)s <= paid_fen
returning true"""
LISTING: Listing[Refund] = Listing(
    Refund,
    fields={
        "order_id": Field(Refund.order_id),
        "customer_id": Field(Refund.customer_id, aliased=True),
        "campus_id": Field(Refund.campus_id),
        "state": Field(Refund.state, prefix="REFUND_STATE_"),
        "cause": Field(Refund.cause, prefix="REFUND_CAUSE_"),
        "create_time": Field(Refund.create_time),
        "amount_fen": Field(Refund.amount_fen),
    },
)


@dataclass(frozen=True, slots=True)
class Wish:
    """Why and what a family wants back: all that is left, or {order line: hundredths of paid hours}.

    `end_date` is the local day on which the contract ends (None: today); interest runs from it. Age and consent of
    who paid count where the contract is said to be void.
    """

    cause: str
    fee_fen: int = 0
    wanted: Mapping[UUID, int] = field(default_factory=dict)
    end_date: date | None = None
    payer_age_years: int = 0
    guardian_consented: bool = False


class Due(NamedTuple):
    """What is due by a wish today; `law_fen` and `contract_fen` say what each way gives before interest."""

    order: Order
    best: Computed
    lines: tuple[RefundLine, ...]
    law_fen: int | None
    contract_fen: int | None
    interest_fen: int
    end_date: date
    rule: rules.RefundRule


def preview(tx: Tx, order_id: UUID, wish: Wish) -> Due:
    """Say what would be given back, line by line; changes nothing."""
    order = orders.get(tx, order_id)
    due = _due(tx, order, refund_figures.held(tx, order.id), wish)
    if wish.cause != rules.VOID:
        return due
    rules.check_void(due.rule, age_years=wish.payer_age_years, consented=wish.guardian_consented)
    facts = {"age_years": wish.payer_age_years, "consented": "yes" if wish.guardian_consented else "no"}
    return due._replace(lines=(*due.lines, RefundLine("void", 0, facts)))


def request(tx: Tx, order_id: UUID, wish: Wish, *, reason: str) -> Refund:
    """Ask for a refund; an order has one that waits for a decision at a time. Its figures are shown to who decides."""
    due = preview(tx, order_id, wish)
    order = due.order
    refund = Refund(
        order_id=order.id,
        customer_id=order.customer_id,
        campus_id=order.campus_id,
        owner_id=order.owner_id,
        cause=wish.cause,
        basis=due.best.basis,
        way=due.best.way,
        fee_fen=wish.fee_fen,
        lines=_to_json(due.lines),
        amount_fen=due.best.amount_fen,
        interest_fen=due.interest_fen,
        law_fen=due.law_fen,
        contract_fen=due.contract_fen,
        end_date=due.end_date,
        rule_version=due.rule.version,
        rule_source=due.rule.source,
        wanted={str(key): hundredths for key, hundredths in wish.wanted.items()},
        state="requested",
        reason=reason,
        decision="",
        request_staff_id=tx.caller.subject_id,
    )
    with tx.translating({"uq_refund_pending": lambda: _pending(order_id)}):
        tx.session.add(refund)
    return refund


def get(tx: Tx, refund_id: UUID, *, for_update: bool = False) -> Refund:
    """Return a refund within reach."""
    return tx.load(Refund, "refund", refund_id, for_update=for_update)


def approve(tx: Tx, refund_id: UUID) -> Refund:
    """Decide for a refund: close the lots, take cash splits back, post the journal, make its payouts.

    Refuses who requested it, an amount that only the chain may approve, and figures that have changed since the
    request: whoever approves has seen what the family gets. Interest is computed up to this day.
    """
    refund = _requested(tx, refund_id)
    order = orders.get(tx, refund.order_id, for_update=True)
    _check_approver(tx, refund)
    # The books of other campuses and of headquarters change too; from here on it is the institution that acts.
    tx.enter(tx.institution_id)
    held = lots.of_order_for_update(tx, order.id)
    wish = Wish(refund.cause, refund.fee_fen, _wanted(refund), refund.end_date)
    due = _due(tx, order, held, wish)
    if due.best.amount_fen != refund.amount_fen:
        raise Refused(
            "REFUND_OUTDATED",
            f"{refund.amount_fen} fen were requested, {due.best.amount_fen} fen are due now",
            requested_fen=refund.amount_fen,
            due_fen=due.best.amount_fen,
        )
    shown = [line for line in refund.lines["lines"] if line["kind"] == "void"]
    refund.lines = {"lines": _to_json(due.lines)["lines"] + shown}
    refund.interest_fen = due.interest_fen
    if refund.cause == rules.OVERPAYMENT:
        lines = postings.unapplied_refund(order.campus_id, refund.amount_fen)
    elif refund.cause == rules.WALLET:
        lines = _empty_wallet(tx, refund, order)
    else:
        lines = _close(tx, refund, order, held, due)
    refund.state, refund.approve_staff_id, refund.approve_time = "approved", tx.caller.subject_id, tx.now
    tx.session.flush()
    # Accounts are locked last, all at once.
    _post(tx, refund, postings.merge([*lines, *refund_payouts.open_for(tx, refund)]))
    return refund


def reject(tx: Tx, refund_id: UUID, *, reason: str) -> Refund:
    """Decide against a refund, with a reason; another one may be requested."""
    refund = _requested(tx, refund_id)
    _check_other(tx, refund)
    return _end(tx, refund, "rejected", reason)


def withdraw(tx: Tx, refund_id: UUID, *, reason: str) -> Refund:
    """Take a request back before it is decided."""
    return _end(tx, _requested(tx, refund_id), "withdrawn", reason)


def _end(tx: Tx, refund: Refund, state: str, reason: str) -> Refund:
    refund.state, refund.decision = state, reason
    tx.session.flush()
    tx.audit(f"refund.{state}", "refund", refund.id, amount_fen=refund.amount_fen)
    return refund


def _requested(tx: Tx, refund_id: UUID) -> Refund:
    refund = get(tx, refund_id, for_update=True)
    if refund.state != "requested":
        raise Refused("REFUND_NOT_REQUESTED", f"the refund is {refund.state}", state=refund.state)
    return refund


def _check_other(tx: Tx, refund: Refund) -> None:
    if tx.caller.kind != "system" and tx.caller.subject_id == refund.request_staff_id:
        raise NotAllowed("REFUND_OWN_REQUEST", "who requested a refund does not decide about it")


def _check_approver(tx: Tx, refund: Refund) -> None:
    _check_other(tx, refund)
    limit = refund_rules.policy(tx, refund.campus_id).chain_approval_from_fen
    if limit is not None and refund.amount_fen >= limit and tx.scope.campuses is not None:
        raise NotAllowed(
            "REFUND_NEEDS_CHAIN",
            f"from {limit} fen on the chain approves; this is {refund.amount_fen} fen",
            amount_fen=refund.amount_fen,
            from_fen=limit,
        )


def _due(tx: Tx, order: Order, held: Sequence[Lot], wish: Wish) -> Due:
    books = rulebooks.load(tx)
    today = books.day(order.campus_id, tx.now)
    end_date = wish.end_date or today
    contract = contracts.get(tx, order.contract_id)
    signed = books.day(order.campus_id, contract.sign_time or order.create_time)
    if not signed <= end_date <= today:
        raise InvalidInput(
            "end_date",
            f"the contract ends between {signed} and {today}",
            "REFUND_END_DATE",
            sign_date=signed.isoformat(),
            today=today.isoformat(),
        )
    province = refund_rules.policy(tx, order.campus_id).province
    rule = rules.choose((rule for _, rule in refund_rules.every(tx)), province=province, day=end_date)
    if wish.cause in {rules.OVERPAYMENT, rules.WALLET}:
        best = _overpaid(tx, order) if wish.cause == rules.OVERPAYMENT else _unspent(tx, order)
        return Due(order, best, best.lines, best.amount_fen, None, 0, end_date, rule)
    figures = refund_figures.read(tx, order, held, wanted=wish.wanted, end_date=end_date)
    agreed = refund_rules.to_terms(refund_rules.agreed(tx, contract.id))
    found = settle(figures, rule, agreed, cause=wish.cause, fee_fen=wish.fee_fen)
    interest = _interest(tx, rule, found, wish.cause, (signed, end_date, today))
    lines = (*found.best.lines, *interest)
    fen = sum(line.amount_fen for line in interest)
    return Due(order, found.best, lines, found.law_fen, found.contract_fen, fen, end_date, rule)


def _interest(
    tx: Tx, rule: rules.RefundRule, found: Outcome, cause: str, days: tuple[date, date, date]
) -> tuple[RefundLine, ...]:
    """Return the line of the interest from the end of the contract up to today; none where there is none."""
    signed, end_date, today = days
    kind = rule.of(cause).interest
    known = (rate for _, rate in refund_rules.rates(tx))
    # The loan prime rate is the one at signing, every other the one at the end of the contract (articles 16, 17).
    rate = rules.rate_on(known, kind, signed if kind == rules.LPR_AT_SIGNING else end_date)
    passed = (today - end_date).days
    amount = rules.interest_fen(found.best.amount_fen, rate, passed, rule.day_count)
    if not amount or rate is None:
        return ()
    facts: dict[str, int | str] = {
        "end_date": end_date.isoformat(),
        "days": passed,
        "rate": kind,
        "basis_points": rate.basis_points,
        "day_count": rule.day_count,
        "source": rate.source,
    }
    return (RefundLine("interest", amount, facts),)


def _overpaid(tx: Tx, order: Order) -> Computed:
    left = sum(source.left_fen for source in refund_payouts.sources(tx, order.id, applied=False))
    if not left:
        raise Refused("ORDER_NOT_REFUNDABLE", "no money was received above the order", left_fen=0)
    return Computed(rules.LAW, rules.FULL, (RefundLine("unapplied", left),), ())


def _unspent(tx: Tx, order: Order) -> Computed:
    part = wallets.of_order(tx, order.id)
    if part is None or not part.balance_fen:
        raise Refused("ORDER_NOT_REFUNDABLE", "the wallet holds nothing out of this order", left_fen=0)
    return Computed(rules.LAW, rules.FULL, (RefundLine("wallet", part.balance_fen),), ())


def _empty_wallet(tx: Tx, refund: Refund, order: Order) -> list[postings.Line]:
    """Owe the family what its wallet holds out of an order; the hours left the order when they were revalued."""
    amount = refund.amount_fen
    taken = cash_splits.give_back(tx, order, amount, refund_id=refund.id)
    _count(tx, order.id, amount, whole=False)
    share = wallets.empty(tx, order.id, refund_id=refund.id, amount_fen=amount)
    return postings.wallet_refund(share, taken)


def _count(tx: Tx, order_id: UUID, amount_fen: int, *, whole: bool) -> None:
    """Count a refund towards an order; never more than was paid."""
    keys = {"amount": amount_fen, "now": tx.now, "institution": tx.institution_id, "order": order_id, "whole": whole}
    if not tx.run(_PAY, keys).scalar():
        raise Conflict("REFUND_ABOVE_PAID", "more would go back than was paid")


def _close(tx: Tx, refund: Refund, order: Order, held: Sequence[Lot], due: Due) -> list[postings.Line]:
    """Close hours and money of a refund in lots, order and splits; return what the books say of it."""
    amount = refund.amount_fen
    taken = cash_splits.give_back(tx, order, amount, refund_id=refund.id)
    closed = refund_figures.closings(held, _wanted(refund))
    values = [(each.lot.id, each.amount_fen) for each in closed]
    # Before lots are open the liability stands at the order.
    beside = refund_figures.beside_lots(order, held) if order.activate_time else order.paid_fen
    on_credit = min(max(0, -beside), sum(value for _, value in values))
    values.append((NOBODY, max(0, beside)))
    whole = not refund.wanted or sum(each.hundredths for each in closed) == sum(
        lot.remaining_hundredths for lot in held
    )
    _take(tx, refund, closed)
    _count(tx, order.id, amount, whole=whole)
    if whole:
        instalments.end(tx, order)
    _keep_items(tx, refund, closed, due.best)
    return postings.refund(
        order.campus_id,
        values=values,
        amount_fen=amount,
        fee_fen=due.best.fee_fen,
        interest_fen=refund.interest_fen,
        on_credit_fen=on_credit,
        parts=taken,
    )


def _post(tx: Tx, refund: Refund, lines: Sequence[postings.Line]) -> None:
    day = rulebooks.load(tx).day(refund.campus_id, tx.now)
    ledger.post(tx, kind="refund", source_id=refund.id, campus_id=refund.campus_id, lines=lines, post_date=day)


def _take(tx: Tx, refund: Refund, closed: Sequence[Closing]) -> None:
    entries = [
        {
            "id": str(uuid7()),
            "campus_id": str(each.lot.campus_id),
            "lot_id": str(each.lot.id),
            "hundredths": each.hundredths,
            "amount_fen": each.amount_fen,
            "reverses_id": None,
            "explanation": f"closed by a refund at the {refund.basis.replace('_', ' ')}",
        }
        for each in closed
    ]
    values: dict[str, object] = {"institution": tx.institution_id, "now": tx.now, "source": refund.id}
    if entries:
        closing = {"entry_kind": "refund", "entries": json.dumps(entries)}
        tx.run_all(lots.MOVE_SQL, values | closing)
        lots.announce(tx, [each.lot.id for each in closed])


def _keep_items(tx: Tx, refund: Refund, closed: Sequence[Closing], best: Computed) -> None:
    """Remember what was closed of each line; an order whose lots were never open has its money there alone."""
    for item in best.items:
        mine = [each for each in closed if each.lot.order_line_id == item.line_id]
        if mine:
            row = RefundItem(
                campus_id=refund.campus_id,
                refund_id=refund.id,
                order_line_id=item.line_id,
                hundredths=sum(each.hundredths for each in mine),
                closed_fen=sum(each.amount_fen for each in mine),
                amount_fen=item.amount_fen,
                fee_fen=item.fee_fen,
            )
            tx.session.add(row)
    tx.session.flush()


def _wanted(refund: Refund) -> dict[UUID, int]:
    return {UUID(key): int(hundredths) for key, hundredths in refund.wanted.items()}


def _to_json(lines: Sequence[RefundLine]) -> dict[str, list[dict[str, object]]]:
    return {"lines": [{"kind": line.kind, "amount_fen": line.amount_fen, "facts": dict(line.facts)} for line in lines]}


def _pending(order_id: UUID) -> AlreadyExists:
    return AlreadyExists("REFUND_PENDING", "a refund of the order waits for approval", order_id=str(order_id))
