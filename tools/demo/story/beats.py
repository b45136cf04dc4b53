"""What happens in the demo chain, as plain values: who asked, came, bought, sat in which lesson, and left."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tools.demo.catalogue import Course
from tools.demo.people import Family
from tools.demo.size import HISTORY_DAYS
from tools.demo.staff import Employee
from tools.demo.timetable import Group, Slot


@dataclass(frozen=True, slots=True)
class Contact:
    """An advisor spoke with the family; `next_time` is what was promised."""

    time: datetime
    channel: str
    text: str
    next_time: datetime | None


@dataclass(frozen=True, slots=True)
class Trial:
    """A seat in a lesson of a class group; `attended` is None while the lesson lies ahead."""

    enquiry: int
    group: int
    start: datetime
    book_time: datetime
    attended: bool | None
    result: str
    feedback: str


@dataclass(frozen=True, slots=True)
class Payment:
    """A part of the price in fen."""

    time: datetime
    amount_fen: int
    method: str


@dataclass(frozen=True, slots=True)
class Sale:
    """An offer and how far it came: without a sign time it stayed an offer, without all payments a deposit."""

    key: int
    enquiry: int
    campus: int
    course: Course
    quote_time: datetime
    sign_time: datetime | None
    hundredths: int
    gift_hundredths: int
    discount_fen: int
    payments: tuple[Payment, ...]

    @property
    def total_fen(self) -> int:
        """Price after discount."""
        return self.hundredths * self.course.price_fen // 100 - self.discount_fen

    @property
    def paid_time(self) -> datetime | None:
        """When the last fen came in; None for what is not paid in full."""
        paid = sum(payment.amount_fen for payment in self.payments) == self.total_fen
        return self.payments[-1].time if paid and self.payments else None


@dataclass(slots=True)
class Place:
    """A child's time in a class group, paid for by the sale; it ends with `leave_time`."""

    enquiry: int
    group: int
    sale: int
    join_time: datetime
    leave_time: datetime | None = None
    leave_reason: str = ""


@dataclass(frozen=True, slots=True)
class Private:
    """A weekly hour of one child with one teacher."""

    key: int
    enquiry: int
    campus: int
    course: Course
    sale: int
    teacher: int
    slot: Slot
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Refund:
    """Money asked back; without an approval it waits."""

    sale: int
    enquiry: int
    campus: int
    time: datetime
    approve_time: datetime | None
    cause: str
    fee_fen: int
    reason: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What the teacher marked for one child."""

    enquiry: int
    code: str
    late_minutes: int


@dataclass(slots=True)
class RollCall:
    """The marks of one lesson that was taught: of a class group, or of a private series."""

    campus: int
    group: int | None
    private: int | None
    start: datetime
    marks: list[Mark] = field(default_factory=list)


@dataclass(slots=True)
class Enquiry:
    """One lead: how it came, what was done about it, how it ended. `again` are later touches."""

    key: int
    campus: int
    time: datetime
    source: str
    campaign: int | None
    course: Course
    family: Family
    again: list[datetime] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    trial: Trial | None = None
    quoted_time: datetime | None = None
    lost_time: datetime | None = None
    lost_reason: str = ""


@dataclass(slots=True)
class Story:
    """All of it. `cutoff` is the midnight with which today begins: nothing happens after it."""

    seed: str
    today: date
    cutoff: datetime
    staff: list[Employee]
    groups: list[Group]
    enquiries: list[Enquiry] = field(default_factory=list)
    sales: list[Sale] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    privates: list[Private] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    roll_calls: list[RollCall] = field(default_factory=list)
    # Enquiries from this key on tell of a child that was there before; sales from this key on are renewals.
    told_twice_from: int = 0
    renewals_from: int = 0

    @property
    def first_day(self) -> date:
        """The local day on which the story begins."""
        return self.today - timedelta(days=HISTORY_DAYS)
