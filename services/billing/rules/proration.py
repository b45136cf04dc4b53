"""How much of a price belongs to a part of what it buys: of its lessons, of its days, of its billing cycles.

Everything is exact: shares are fractions, money is rounded once, and the rest is what remains of the price.
Days are half-open, [start, end). Cycles are paid in advance and counted as Kill Bill (killbill/killbill on GitHub)
counts them, whose published tests `invoice/proRations/inAdvance` are the vectors.
"""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from itertools import count
from typing import NamedTuple

from services.billing.rules.charge_rules import months_later
from shared.money import round_half_up


class Prorated(NamedTuple):
    """A price in fen, divided: what is to be paid for the part, and the rest; together exactly the price."""

    due_fen: int
    rest_fen: int


class Cycles(NamedTuple):
    """Billing cycles that are due: the part before the first whole one, whole ones, the part after the last."""

    leading: Fraction
    whole: int
    trailing: Fraction

    @property
    def total(self) -> Fraction:
        """Return all of them together; times the price of one cycle it is what is due."""
        return self.leading + self.whole + self.trailing


def prorate(price_fen: int, part: Fraction | int, whole: Fraction | int = 1) -> Prorated:
    """Divide a price by a part of what it buys: lessons that are left of all lessons, days left of all days.

    The part is rounded to the nearest fen, half a fen upwards, as the largest remainder of the two wants it; the rest
    takes what is left. Raises ValueError when the part is outside 0..whole or the whole is nothing.
    """
    if whole <= 0 or not 0 <= part <= whole:
        raise ValueError(f"{part} is no part of {whole}")
    due_fen = round_half_up(Fraction(price_fen) * Fraction(part) / Fraction(whole))
    return Prorated(due_fen, price_fen - due_fen)


def cycles(start: date, end: date | None, *, target: date, cycle_day: int, months: int = 1) -> Cycles:
    """Return the cycles that are due by a target day of something that runs over [start, end), or on without an end.

    A cycle begins on `cycle_day` (in a shorter month: on its last day) every so many months, from the month of `start`
    on, and is due on the day it begins; the days before the first one are due at once.
    Raises ValueError when `end` is not after `start`.
    """
    if end is not None and end <= start:
        raise ValueError(f"{end} is not after {start}")
    first = next(day for step in count(0, months) if (day := _on_day(start, step, cycle_day)) >= start)
    if end is not None and end < first:
        length = (first - months_later(first, -months)).days
        return Cycles(Fraction((end - start).days, length), 0, Fraction(0))
    leading, begin, whole = before_first_cycle(start, first, months=months), first, 0
    while begin <= target and (end is None or begin < end):
        after = _on_day(first, (whole + 1) * months, cycle_day)
        if end is not None and end < after:
            return Cycles(leading, whole, Fraction((end - begin).days, (after - begin).days))
        begin, whole = after, whole + 1
    return Cycles(leading, whole, Fraction(0))


def before_first_cycle(start: date, first: date, *, months: int = 1, month_days: int = 0) -> Fraction:
    """Return the part of a cycle from `start` until the first cycle begins; its length is that of the cycle before."""
    length = month_days * months or (first - months_later(first, -months)).days
    return Fraction(days_between(start, first, month_days), length)


def after_last_cycle(last: date, end: date, *, months: int = 1, month_days: int = 0) -> Fraction:
    """Return the part of the cycle that begins on `last` until `end`; more than one when it ends later."""
    length = month_days * months or (months_later(last, months) - last).days
    return Fraction(days_between(last, end, month_days), length)


def days_between(start: date, end: date, month_days: int = 0) -> int:
    """Return the days of [start, end); with `month_days` each month that is passed counts as that many days."""
    if not month_days:
        return (end - start).days
    return ((end.year - start.year) * 12 + end.month - start.month) * month_days + end.day - start.day


def _on_day(start: date, months: int, day: int) -> date:
    """Return that day of the month so many months later, or the month's last one."""
    month = months_later(start.replace(day=1), months)
    return min(month + timedelta(days=day - 1), months_later(month, 1) - timedelta(days=1))
