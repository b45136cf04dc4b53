"""Which lot pays for an attendance, and how much of its money goes with the hours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from services.billing.rules import lot_policies
from services.billing.rules.lot_policies import EVEN, LotPolicy
from shared.money import allocate, released

PAID = "paid"
GIFT = "gift"
DILUTED = "diluted"
ZERO = "zero"
KEEP = "keep"
INCOME = "income"

_FOR_EVER = date.max


class LotState(NamedTuple):
    """A lot as the resolver sees it. Quantities are hundredths of an hour, `released_fen` is what has left it."""

    id: UUID
    kind: str
    quantity_hundredths: int
    remaining_hundredths: int
    total_fen: int
    released_fen: int
    start_date: date | None
    expire_date: date | None
    contract_time: datetime
    order_id: UUID
    campus_id: UUID
    advisor_id: UUID | None
    channel: str
    freeze_date: date | None = None
    partner_id: UUID | None = None
    sales_form: str = ""
    allocation: Mapping[str, int] | None = None
    course_id: UUID | None = None


class Figures(Protocol):
    """What says how much a part of a lot is worth."""

    @property
    def quantity_hundredths(self) -> int: ...
    @property
    def remaining_hundredths(self) -> int: ...
    @property
    def total_fen(self) -> int: ...
    @property
    def released_fen(self) -> int: ...


@dataclass(frozen=True, slots=True)
class ExpiryPolicy:
    """What becomes of expired hours at a campus, or in the whole chain, from a date on."""

    campus_id: UUID | None
    start_date: date
    expiry: str
    notice_days: int


@dataclass(frozen=True, slots=True)
class Charge:
    """What one lot pays: hours, the money that goes with them, and why this lot."""

    lot: LotState
    hundredths: int
    amount_fen: int
    explanation: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """The lots that pay, or none of them and the reason; `remaining_hundredths` is what usable lots hold after it."""

    charges: tuple[Charge, ...]
    remaining_hundredths: int
    reason: str = ""


def resolve(
    lots: Sequence[LotState], hundredths: int, day: date, policy: LotPolicy = lot_policies.DEFAULT
) -> Resolution:
    """Choose lots for an attendance on a day: valid ones, in the order of the policy, of the own course before others.

    Lots of other courses pay by the policy's factor; what they hold counts in hours of the lesson. All or nothing: an
    attendance that the lots cannot pay for whole is not charged at all, so that a correction never has to guess which
    part of it was paid.
    """
    usable = sorted((lot for lot in lots if is_usable(lot, day)), key=_order(policy))
    factors = [policy.factors.get(lot.course_id, EVEN) if lot.course_id else EVEN for lot in usable]
    pairs = zip(usable, factors, strict=True)
    available = sum(lot_policies.covered_by(lot.remaining_hundredths, factor) for lot, factor in pairs)
    if available < hundredths:
        return Resolution((), available, _reason(lots, usable))
    charges: list[Charge] = []
    left = hundredths
    for rank, (lot, factor) in enumerate(zip(usable, factors, strict=True), start=1):
        part = min(left, lot_policies.covered_by(lot.remaining_hundredths, factor))
        if part:
            left -= part
            cost = lot_policies.cost_of(part, factor)
            why = f"{rank} of {len(usable)}: {_explain(lot)}{_explain_policy(lot, policy)}"
            charges.append(Charge(lot, cost, amount_of(lot, cost), why))
    return Resolution(tuple(charges), available - hundredths)


def is_usable(lot: LotState, day: date) -> bool:
    """Say whether a lot has hours left and is valid on a day; the last day of its range counts.

    A frozen lot pays for lessons of the days before its freeze alone.
    """
    started = lot.start_date is None or lot.start_date <= day
    open_on = started and day <= (lot.expire_date or _FOR_EVER) and day < (lot.freeze_date or _FOR_EVER)
    return lot.remaining_hundredths > 0 and open_on


def end_after_freeze(expire_date: date | None, freeze_date: date, day: date) -> date | None:
    """Return the end of a lot that was frozen from `freeze_date` until before `day`: as many days later."""
    if expire_date is None:
        return None
    return expire_date + max(timedelta(), day - freeze_date)


def policy_at(policies: Sequence[ExpiryPolicy], campus_id: UUID, day: date) -> ExpiryPolicy | None:
    """Return the policy that holds at a campus on a day: its own before the chain's, the latest before others."""
    held = [p for p in policies if p.campus_id in {None, campus_id} and p.start_date <= day]
    return max(held, key=lambda p: (p.campus_id is not None, p.start_date), default=None)


def amount_of(lot: Figures, hundredths: int) -> int:
    """Return the fen that leave a lot with some of its hours.

    The target is cumulative, so that nothing is lost by rounding and the last hour takes the remainder. After
    corrections out of order more may have left than the target says; then nothing leaves until it has caught up.
    """
    used = lot.quantity_hundredths - lot.remaining_hundredths + hundredths
    return max(0, released(lot.total_fen, lot.quantity_hundredths, used) - lot.released_fen)


def opening_totals(*, net_fen: int, hundredths: int, gift_hundredths: int, policy: str) -> tuple[int, int]:
    """Return what the paid and the gift lot of an order line are worth under the contract's gift policy."""
    if policy == ZERO or not gift_hundredths:
        return net_fen, 0
    parts = allocate(net_fen, {"1": hundredths, "2": gift_hundredths})
    return parts["1"], parts["2"]


def crossed(thresholds: Sequence[int], remaining_hundredths: int) -> list[int]:
    """Return the thresholds that the remaining hours lie below."""
    return [threshold for threshold in thresholds if remaining_hundredths < threshold]


_KEYS: Mapping[str, Callable[[LotState], Any]] = {
    lot_policies.PAID_FIRST: lambda lot: lot.kind != PAID,
    lot_policies.GIFT_FIRST: lambda lot: lot.kind != GIFT,
    lot_policies.EARLIEST_EXPIRY: lambda lot: lot.expire_date or _FOR_EVER,
    lot_policies.OLDEST_CONTRACT: lambda lot: lot.contract_time,
    lot_policies.NEWEST_CONTRACT: lambda lot: -lot.contract_time.timestamp(),
    lot_policies.LOWEST_PRICE: lambda lot: Fraction(lot.total_fen, lot.quantity_hundredths),
    lot_policies.HIGHEST_PRICE: lambda lot: -Fraction(lot.total_fen, lot.quantity_hundredths),
}


def _order(policy: LotPolicy) -> Callable[[LotState], tuple[Any, ...]]:
    keys = [_KEYS[criterion] for criterion in policy.criteria]
    return lambda lot: (lot.course_id in policy.factors, *(key(lot) for key in keys), lot.id)


def _reason(lots: Sequence[LotState], usable: Sequence[LotState]) -> str:
    if usable:
        return "LOT_TOO_SMALL"
    if any(lot.remaining_hundredths and lot.freeze_date for lot in lots):
        return "LOT_FROZEN"
    return "LOT_NOT_VALID" if any(lot.remaining_hundredths for lot in lots) else "NO_LOT"


def _explain(lot: LotState) -> str:
    expiry = lot.expire_date.isoformat() if lot.expire_date else "never"
    return f"{lot.kind}, expires {expiry}, contract of {lot.contract_time:%Y-%m-%d}"


def _explain_policy(lot: LotState, policy: LotPolicy) -> str:
    if policy is lot_policies.DEFAULT:
        return ""
    factor = policy.factors.get(lot.course_id) if lot.course_id else None
    other = f", {factor} of another course for {EVEN}" if factor else ""
    return f"{other}; policy of {policy.start_date.isoformat()}: {', '.join(policy.criteria)}"
