"""The commands of the simulation that pay teachers: plans come and end, months are computed whenever."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction
from math import floor
from typing import Any
from uuid import UUID

from services.billing.actions import pay_plans, teacher_pay
from services.billing.rules import pay_plans as rules
from services.billing.rules.pay_plans import PayPlan, PayTier
from shared.db import Tx
from tests.simulation import oracle
from tests.simulation.world import World

_TAUGHT = """
select lesson_id, teacher_id, (lesson_start_time at time zone 'Asia/Shanghai')::date as day,
  max(lesson_hours_hundredths) as hours, count(*) filter (where charge_hundredths > 0) as heads,
  sum(recognised_fen) as fen
from consumption where state in ('consumed', 'uncovered') group by lesson_id, teacher_id, day"""
_PAID = """
select party_id, date_trunc('month', occur_time at time zone 'Asia/Shanghai')::date as month, sum(amount_fen) as fen
from split_row where base = 'pay' group by party_id, month having sum(amount_fen) <> 0"""
_MEASURED = {"": "hours", rules.HOURS: "hours", rules.HEADS: "heads"}


def plan_pay(world: World) -> bool:
    """Write a plan down and let it pay, perhaps from a day that has passed."""
    rng = world.random
    basis = rng.choice([rules.PER_LESSON, rules.PER_HOUR, rules.PER_HEAD, rules.PER_AMOUNT])
    measure = rng.choice(["", rules.HOURS, rules.HEADS])
    edges = [0, rng.randrange(1, 600 if measure == rules.HOURS else 4)] if measure else [0]
    start = world.today - timedelta(days=rng.randrange(0, 40))
    wanted = PayPlan(
        id=None,
        name=f"plan {len(world.plans)}",
        basis=basis,
        tiers=tuple(PayTier(edge, rng.randrange(0, 9_999)) for edge in edges),
        start_date=start,
        end_date=rng.choice([None, start + timedelta(days=rng.randrange(1, 60))]),
        priority=len(world.plans),
        measure=measure,
    )
    with world.begin() as tx:
        pay_plans.activate(tx, pay_plans.create(tx, wanted).id)
    world.plans.append(wanted)
    return True


def compute_pay(world: World) -> bool:
    """Compute all pay that is due, and compare it with what the plans give."""
    more = True
    while more:
        with world.begin() as tx:
            more = teacher_pay.step(tx)
    with world.begin() as tx:
        check_pay(tx, world)
    return True


def check_pay(tx: Tx, world: World) -> None:
    """Expect every teacher's month to stand at what plans and confirmed attendances say (DOMAIN I-20)."""
    taught: defaultdict[tuple[UUID, date], list[Any]] = defaultdict(list)
    for row in tx.run(_TAUGHT):
        taught[row.teacher_id, row.day.replace(day=1)].append(row)
    expected = {month: _month(world, rows) for month, rows in taught.items()}
    found = {(row.party_id, row.month): int(row.fen) for row in tx.run(_PAID)}
    wrong = {month for month in expected.keys() | found.keys() if expected.get(month, 0) != found.get(month, 0)}
    oracle.expect(not wrong, f"{len(wrong)} months of teachers are paid other than plans and attendances say")


def _month(world: World, rows: list[Any]) -> int:
    of_plan: defaultdict[int, list[Any]] = defaultdict(list)
    for row in rows:
        holding = [plan for plan in world.plans if plan.start_date <= row.day < (plan.end_date or date.max)]
        if holding:
            of_plan[max(plan.priority for plan in holding)].append(row)
    return sum(_of_plan(world.plans[number], found) for number, found in of_plan.items())


def _of_plan(plan: PayPlan, rows: list[Any]) -> int:
    measured = sum(getattr(row, _MEASURED[plan.measure]) for row in rows)
    reached = [tier for tier in plan.tiers if tier.from_quantity <= measured]
    rate = reached[-1].rate
    return sum(floor(_exact(plan.basis, rate, row) + Fraction(1, 2)) for row in rows)


def _exact(basis: str, rate: int, row: Any) -> Fraction:
    if basis == rules.PER_LESSON:
        return Fraction(rate)
    if basis == rules.PER_HEAD:
        return Fraction(rate * row.heads)
    if basis == rules.PER_HOUR:
        return Fraction(rate * row.hours, 100)
    return Fraction(rate * int(row.fen), 10_000)
