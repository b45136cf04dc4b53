"""What families buy, and how they pay."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from tools.demo.catalogue import CAMP, ONE_TO_ONE, Course
from tools.demo.story import hours
from tools.demo.story.beats import Payment, Sale, Story

# Lesson hours, gift hours, share.
_CLASS_PACKS = ((1200, 0, 14), (2000, 0, 26), (3200, 200, 36), (4800, 400, 18), (6400, 600, 6))
_PRIVATE_PACKS = ((2000, 0, 40), (3000, 100, 60))
_CAMP_PACK = ((3200, 0, 1),)
_METHODS = (("wechat_pay", 52), ("alipay", 21), ("transfer", 8), ("card", 9), ("cash", 10))
_IN_PARTS, _CHEAPER, _HAGGLES = 0.22, 3200, 0.35
_DISCOUNTS = (10_000, 20_000, 30_000, 50_000)
_HUNDRED_YUAN = 10_000


class Buyer(NamedTuple):
    """Who buys, where, and what."""

    enquiry: int
    campus: int
    course: Course


def sell(story: Story, chance: Random, who: Buyer, quote_time: datetime, cutoff: datetime) -> Sale:
    """Add a sale that is signed and paid in full before `cutoff`, and return it."""
    hundredths, gift, discount = pack(chance, who.course)
    sign_time = min(quote_time + timedelta(minutes=chance.randint(10, 90)), cutoff - timedelta(minutes=20))
    total = hundredths * who.course.price_fen // 100 - discount
    payments = _payments(chance, total, sign_time + timedelta(minutes=chance.randint(1, 9)), cutoff)
    return _keep(story, who, quote_time, sign_time, hundredths, gift, discount, payments)


def offer(story: Story, chance: Random, who: Buyer, quote_time: datetime, *, reaches: str) -> Sale:
    """Add an offer that went no further than `reaches`: "quote", "contract" or "deposit"; return it."""
    hundredths, gift, discount = pack(chance, who.course)
    sign_time = None if reaches == "quote" else quote_time + timedelta(minutes=chance.randint(10, 60))
    payments: tuple[Payment, ...] = ()
    if sign_time is not None and reaches == "deposit":
        payments = (Payment(sign_time + timedelta(minutes=3), 50_000, _method(chance)),)
    return _keep(story, who, quote_time, sign_time, hundredths, gift, discount, payments)


def _keep(story: Story, who: Buyer, quote_time: datetime, *terms: Any) -> Sale:
    sale = Sale(len(story.sales), who.enquiry, who.campus, who.course, quote_time, *terms)
    story.sales.append(sale)
    return sale


def pack(chance: Random, course: Course) -> tuple[int, int, int]:
    """Return hours and gift hours in hundredths, and the discount in fen."""
    packs = {ONE_TO_ONE: _PRIVATE_PACKS, CAMP: _CAMP_PACK}.get(course.kind, _CLASS_PACKS)
    hundredths, gift, _ = chance.choices(packs, [weight for *_, weight in packs])[0]
    haggles = hundredths >= _CHEAPER or chance.random() < _HAGGLES / 3
    return hundredths, gift, chance.choice(_DISCOUNTS) if haggles and chance.random() < _HAGGLES else 0


def _payments(chance: Random, total: int, first: datetime, cutoff: datetime) -> tuple[Payment, ...]:
    second = hours.after(chance, first, hours=(40, 200))
    if chance.random() >= _IN_PARTS or second >= cutoff - timedelta(hours=2):
        return (Payment(first, total, _method(chance)),)
    part = total * chance.choice((30, 40, 50)) // 100 // _HUNDRED_YUAN * _HUNDRED_YUAN
    return (Payment(first, part, _method(chance)), Payment(second, total - part, _method(chance)))


def _method(chance: Random) -> str:
    return chance.choices([name for name, _ in _METHODS], [weight for _, weight in _METHODS])[0]
