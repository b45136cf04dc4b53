"""An institution that lives through random commands: what the simulation remembers of it, and its clock."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from lianxiao.scheduling.v1.scheduling_events_pb2 import AttendanceConfirmed
from services.billing.actions import prices
from services.billing.rules.callbacks import Notice
from services.billing.rules.pay_plans import PayPlan
from services.billing.rules.splits import SplitRule
from shared.caller import Caller
from shared.db import Database, Tx
from shared.ids import uuid7
from tests.billing import factories

START = datetime(2026, 1, 5, 1, tzinfo=UTC)
_CAMPUSES = 3
_PARTNERS = 2
_TEACHERS = 3


class Violation(AssertionError):
    """Something that must always hold does not."""


@dataclass
class Sale:
    """An order, and what its attendances and providers have said so far."""

    bought: factories.Purchase
    owner_id: UUID | None
    confirmed: list[AttendanceConfirmed] = field(default_factory=list)
    standing: dict[str, AttendanceConfirmed] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)


@dataclass
class World:
    """One institution. Ids are random, everything that decides what happens comes from the seed."""

    database: Database
    seed: int
    institution: UUID = field(default_factory=uuid7)
    now: datetime = START
    sales: list[Sale] = field(default_factory=list)
    rules: list[SplitRule] = field(default_factory=list)
    plans: list[PayPlan] = field(default_factory=list)
    refunds: list[UUID] = field(default_factory=list)
    transfers: list[UUID] = field(default_factory=list)
    # What hours are moved to at the list price.
    course_id: UUID = field(default_factory=uuid7)
    unit_price_fen: int = 7_777
    # Hundredths that hours of `course_id` pay with for an hour of other courses.
    factors: dict[UUID, int] = field(default_factory=dict)
    posted: dict[str, UUID | None] = field(default_factory=dict)
    # Codes, and who used them; None: nobody yet.
    coupons: dict[str, UUID | None] = field(default_factory=dict)
    told: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.caller = Caller.system(self.institution)
        with self.begin() as tx:
            self.partners = [uuid7() for _ in range(_PARTNERS)]
            self.teachers = [uuid7() for _ in range(_TEACHERS)]
            self.campuses = [factories.campus(tx) for _ in range(_CAMPUSES)]
            prices.create(
                tx,
                course_id=self.course_id,
                campus_id=None,
                unit_price_fen=self.unit_price_fen,
                start_date=factories.LONG_AGO,
            )

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """Open a transaction of the institution at the simulated time; it is committed as in production."""
        with self.database.begin(self.caller, now=self.now) as tx:
            yield tx

    @property
    def today(self) -> date:
        """The date at the campuses."""
        return (self.now + timedelta(hours=8)).date()

    def pass_time(self) -> None:
        """Move the clock by minutes, hours, or now and then by days."""
        hours = self.random.choice([0.1, 0.5, 1, 1, 3, 8, 24, 24, 72])
        self.now += timedelta(hours=hours)

    def any_sale(self) -> Sale:
        """Return one of the sales; later ones are met more often."""
        span = len(self.sales)
        return self.sales[max(self.random.randrange(span), self.random.randrange(span))]

    def allocation(self) -> list[tuple[UUID, int]]:
        """Return how an order is allocated to campuses; most are not."""
        if self.random.random() < 0.8:
            return []
        share = self.random.randrange(1, 10_000)
        first, second = self.random.sample(self.campuses, 2)
        return [(first, share), (second, 10_000 - share)]

    def campus(self) -> UUID:
        """Return one of the campuses."""
        return self.random.choice(self.campuses)
