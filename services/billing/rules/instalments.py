"""Instalments: how an order is divided over dates, what money fills, and what part of its hours the money opens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from services.billing.rules.charge_rules import months_later
from shared.errors import InvalidInput, Refused
from shared.money import allocate

# What happens to lessons that an unpaid instalment would pay for.
STOP = "stop"
RECEIVABLE = "receivable"
MOST = 36
_YEAR = 12


class Part(NamedTuple):
    """An amount in fen and the local day on which it is due."""

    due_date: date
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Template:
    """Equal parts, as many months from each other."""

    count: int
    first_date: date
    months_between: int


class Share(NamedTuple):
    """A lot of a planned order: its whole quantity and value, what is open of both, and the hours left in it."""

    lot_id: UUID
    quantity_hundredths: int
    total_fen: int
    open_hundredths: int
    open_fen: int
    remaining_hundredths: int


class Growth(NamedTuple):
    """What a lot grows by."""

    lot_id: UUID
    hundredths: int
    fen: int


def schedule(total_fen: int, *, count: int, first_date: date, months_between: int) -> list[Part]:
    """Divide an amount into equal parts by largest remainder, the earlier ones first; days follow the first one's.

    The 31st becomes the last day of shorter months. Raises INSTALMENT_TOO_SMALL where a part would be nothing.
    """
    if not 1 <= count <= MOST:
        raise InvalidInput("template.count", f"between 1 and {MOST} instalments")
    if not 1 <= months_between <= _YEAR:
        raise InvalidInput("template.months_between", "between 1 and 12 months")
    if first_date.year > date.max.year - MOST:
        raise InvalidInput("template.first_date", "the plan would end after the last day there is")
    parts = allocate(total_fen, {f"{number:02}": 1 for number in range(count)})
    days = (months_later(first_date, number * months_between) for number in range(count))
    return check(total_fen, [Part(*each) for each in zip(days, parts.values(), strict=True)], today=first_date)


def check(total_fen: int, parts: Sequence[Part], *, today: date) -> list[Part]:
    """Return parts that make a plan; refuses another sum than the total, with the figures.

    Days ascend and none lies before today.
    """
    if not 1 <= len(parts) <= MOST:
        raise InvalidInput("instalments", f"between 1 and {MOST} instalments")
    days = [part.due_date for part in parts]
    if days[0] < today or any(second <= first for first, second in pairwise(days)):
        raise InvalidInput("instalments", "the days ascend from today on")
    if any(part.amount_fen <= 0 for part in parts):
        raise Refused("INSTALMENT_TOO_SMALL", "an instalment is at least one fen", total_fen=total_fen)
    planned = sum(part.amount_fen for part in parts)
    if planned != total_fen:
        raise Refused(
            "INSTALMENT_SUM_WRONG",
            f"the instalments sum to {planned} fen, the order to {total_fen} fen",
            planned_fen=planned,
            total_fen=total_fen,
        )
    return list(parts)


def from_day(parts: Sequence[Part], day: date) -> list[Part]:
    """Return a plan as it stands on a day: what was due before is due then, together with what is due on it."""
    due_fen = sum(part.amount_fen for part in parts if part.due_date <= day)
    later = [part for part in parts if part.due_date > day]
    return [Part(day, due_fen), *later] if due_fen else later


def grow(shares: Sequence[Share], *, paid_fen: int, total_fen: int) -> list[Growth]:
    """Return what lots grow by so that their hours follow the money: never more value is open than was paid.

    Hours are rounded down; value goes by what lots lack, in largest remainders. A lot without new hours that is used
    up takes no value yet; the last fen of the order opens all that is left to the hundredth and the fen.
    """
    if not total_fen:
        return []
    hours = {
        share.lot_id: share.quantity_hundredths * paid_fen // total_fen - share.open_hundredths for share in shares
    }
    amount = paid_fen - sum(share.open_fen for share in shares)
    lacking = {str(share.lot_id): share.total_fen - share.open_fen for share in shares}
    parts = allocate(amount, lacking) if amount else dict.fromkeys(lacking, 0)
    return [
        Growth(share.lot_id, hours[share.lot_id], parts[str(share.lot_id)])
        for share in shares
        if hours[share.lot_id] or (share.remaining_hundredths and parts[str(share.lot_id)])
    ]
