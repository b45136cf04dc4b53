"""Who gets which part of the cash that is kept of an order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from services.billing.actions import orders, rulebooks, splits
from services.billing.models import Order, Payment
from services.billing.rules.commissions import Earner, difference, kept_of
from services.billing.rules.splits import CASH, Facts, Part, SplitRule, choose, divide
from shared.db import Tx

_STANDING = """
select id, source_id, rule_id, base_fen, party, party_id, campus_id, amount_fen from split_row
where institution_id = %(institution)s and base = 'cash_received' and source_id = any(array(
  select id from payment where institution_id = %(institution)s and order_id = %(order)s
  union all select id from refund where institution_id = %(institution)s and order_id = %(order)s))
order by create_time, id"""


@dataclass(slots=True)
class _Standing:
    """What was divided of an order so far: by which rule, how much, who has what, and the last row that gave it."""

    rule_id: UUID | None = None
    divided_fen: int = 0
    parts: Counter[Earner] = field(default_factory=Counter)
    last: dict[Earner, UUID] = field(default_factory=dict)


def receive(tx: Tx, order: Order, payment: Payment, rules: rulebooks.Rules) -> tuple[Part, ...]:
    """Divide the cash kept of an order after a payment and store the difference; returns it.

    The rule that the first payment of an order met divides all of its cash; where none held, none does until one
    holds, and what was received before stays undivided. Without a rule the allocation of the order divides it.
    """
    standing = _standing(tx, order.id)
    facts = _facts(tx, order, payment, rules)
    rule = _known(rules, standing) if standing.last else choose(rules.split_rules, facts)
    kept = standing.divided_fen + payment.amount_fen
    parts = difference(divide(rule, facts, kept), standing.parts, kept_fen=kept)
    entries = [splits.entry(part, rule, CASH, payment.amount_fen) for part in parts]
    splits.record(tx, entries, source_kind="payment", source_id=payment.id)
    return parts


def give_back(tx: Tx, order: Order, amount_fen: int, *, refund_id: UUID) -> list[Part]:
    """Divide what is kept after a refund and store the difference; returns it. To be called before it is counted."""
    standing = _standing(tx, order.id)
    rules = rulebooks.load(tx)
    if not standing.last:
        return []
    rule = _known(rules, standing)
    kept = kept_of(standing.divided_fen, kept_fen=order.paid_fen - order.refunded_fen, back_fen=amount_fen)
    parts = difference(divide(rule, _facts(tx, order, None, rules), kept), standing.parts, kept_fen=kept)
    base = kept - standing.divided_fen
    entries = [splits.entry(part, rule, CASH, base)._replace(reverses_id=_taken(standing, part)) for part in parts]
    splits.record(tx, entries, source_kind="refund", source_id=refund_id)
    return [entry.part for entry in entries]


def _standing(tx: Tx, order_id: UUID) -> _Standing:
    standing = _Standing()
    with tx.across_campuses():
        rows = tx.run(_STANDING, {"institution": tx.institution_id, "order": order_id}, prepared=True).all()
    bases: dict[UUID, int] = {}
    for row in rows:
        earner = row.party, row.party_id, row.campus_id
        standing.rule_id = standing.rule_id or row.rule_id
        standing.parts[earner] += row.amount_fen
        bases[row.source_id] = row.base_fen
        if row.amount_fen > 0:
            standing.last[earner] = row.id
    standing.divided_fen = sum(bases.values())
    return standing


def _known(rules: rulebooks.Rules, standing: _Standing) -> SplitRule | None:
    return next((rule for rule in rules.split_rules if rule.id == standing.rule_id), None)


def _taken(standing: _Standing, part: Part) -> UUID | None:
    if part.amount_fen > 0:
        return None
    return standing.last.get((part.party, part.party_id, part.home_campus_id))


def _facts(tx: Tx, order: Order, payment: Payment | None, rules: rulebooks.Rules) -> Facts:
    line: Any = orders.lines_of(tx, order.id)[0]
    return Facts(
        base=CASH,
        day=rules.day(order.campus_id, payment.receive_time if payment else tx.now),
        course_id=line.course_id,
        selling_campus_id=order.campus_id,
        advisor_id=order.owner_id,
        channel=order.channel,
        partner_id=order.partner_id,
        sales_form=order.sales_form,
        region_id=rules.regions.get(order.campus_id),
        allocation=rulebooks.to_allocation(order.allocation),
    )
