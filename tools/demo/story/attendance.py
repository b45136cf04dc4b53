"""What happens in the lessons: who came, whose hours run out, who buys again, and who leaves."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from tools.demo.catalogue import CAMP_COURSE, LEAVE_REASONS, REFUND_REASONS
from tools.demo.story import hours, sales
from tools.demo.story.beats import Mark, Place, Private, Refund, RollCall, Sale, Story
from tools.demo.story.seats import Seats
from tools.demo.timetable import starts

_CODES = (("present", 860), ("late", 50), ("excused", 45), ("sick", 20), ("absent_unexcused", 25))
_FREE = frozenset({"excused", "sick"})
_LOW, _RENEWS, _QUITS, _WANTS_MONEY, _WAITS = 300, 0.62, 0.006, 0.65, 0.2
_UNCOVERED = 0.3
_FEES = (0, 0, 20_000, 30_000)


class Register:
    """Fills the roll calls of the story, lesson by lesson."""

    def __init__(self, story: Story, seats: Seats, chance: Random) -> None:
        self._story = story
        self._seats = seats
        self._chance = chance
        self._calls: dict[tuple[int | None, int | None, datetime], RollCall] = {}

    def fill(self) -> None:
        """Let everybody attend until today; the roll calls come out in the order of time."""
        for place in self._story.places:
            self._attend(place)
        for private in self._story.privates:
            self._alone(private)
        calls = sorted(self._calls.values(), key=lambda call: (call.start, call.campus, call.group or -1))
        self._story.roll_calls = calls

    def _attend(self, place: Place) -> None:
        story, group = self._story, self._story.groups[place.group]
        bought = story.sales[place.sale]
        left = bought.hundredths + bought.gift_hundredths
        coming: Sale | None = None
        asked = False
        for start in self._seats.between(place.group, place.join_time, story.cutoff - timedelta(minutes=1)):
            if coming is not None and coming.paid_time is not None and coming.paid_time <= start:
                left, bought = left + coming.hundredths + coming.gift_hundredths, coming
                coming, asked = None, False
            if coming is None and self._goes(place, bought, left, start):
                return
            mark = self._mark(place.enquiry)
            self._call(group.campus, place.group, None, start).marks.append(mark)
            if mark.code not in _FREE and left >= group.course.hours_hundredths:
                left -= group.course.hours_hundredths
            if left < _LOW and not asked:
                asked = True
                coming = self._renewal(bought, start) if self._chance.random() < _RENEWS else None

    def _goes(self, place: Place, bought: Sale, left: int, start: datetime) -> bool:
        """Say whether the child leaves before this lesson: hours used up, or another reason."""
        course = self._story.groups[place.group].course
        empty = left < course.hours_hundredths and self._chance.random() >= _UNCOVERED
        quits = course is not CAMP_COURSE and self._chance.random() < _QUITS
        if not (empty or quits):
            return False
        place.leave_time = start - timedelta(hours=self._chance.randint(14, 40))
        if place.leave_time <= place.join_time:
            place.leave_time = None
            return False
        place.leave_reason = LEAVE_REASONS[0] if empty else self._chance.choice(LEAVE_REASONS[1:])
        if left > bought.gift_hundredths + course.hours_hundredths:
            self._refund(place, bought)
        return True

    def _refund(self, place: Place, sale: Sale) -> None:
        story, chance = self._story, self._chance
        moment = hours.after(chance, place.leave_time or place.join_time, hours=(20, 90))
        approval = hours.after(chance, moment, hours=(2, 40))
        if chance.random() >= _WANTS_MONEY or approval >= story.cutoff:
            return
        story.refunds.append(
            Refund(
                sale=sale.key,
                enquiry=place.enquiry,
                campus=sale.campus,
                time=moment,
                approve_time=None if chance.random() < _WAITS else approval,
                cause="mutual",
                fee_fen=chance.choice(_FEES),
                reason=chance.choice(REFUND_REASONS),
            )
        )

    def _renewal(self, bought: Sale, start: datetime) -> Sale | None:
        """Sell hours anew early in the following week, after the reminder."""
        story, chance = self._story, self._chance
        day = hours.local_day(start)
        monday = day + timedelta(days=8 - day.isoweekday())
        moment = hours.on_day(chance, monday + timedelta(days=chance.randint(0, 1)))
        if moment >= story.cutoff - timedelta(days=1):
            return None
        buyer = sales.Buyer(bought.enquiry, bought.campus, bought.course)
        return sales.sell(story, chance, buyer, moment, moment + timedelta(hours=3))

    def _alone(self, private: Private) -> None:
        end = hours.local_day(self._story.cutoff) - timedelta(days=1)
        for start in starts([private.slot], private.first, min(end, private.last)):
            self._call(private.campus, None, private.key, start).marks.append(self._mark(private.enquiry))

    def _mark(self, enquiry: int) -> Mark:
        code = self._chance.choices([name for name, _ in _CODES], [weight for _, weight in _CODES])[0]
        return Mark(enquiry, code, self._chance.randint(3, 25) if code == "late" else 0)

    def _call(self, campus: int, group: int | None, private: int | None, start: datetime) -> RollCall:
        return self._calls.setdefault((group, private, start), RollCall(campus, group, private, start))
