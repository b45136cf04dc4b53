"""Families that become students: from the first call to the first lesson."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from random import Random

from tools.demo import people, timetable
from tools.demo.catalogue import CAMP_COURSE, FEEDBACK, ONE_TO_ONE_COURSES, Course
from tools.demo.people import Family
from tools.demo.places import CAMPUSES, sister
from tools.demo.size import AHEAD_DAYS, HISTORY_DAYS
from tools.demo.story import contacts, hours, sales
from tools.demo.story.beats import Enquiry, Place, Private, Story, Trial
from tools.demo.story.seats import Seats
from tools.demo.timetable import Group, Occupancy

# Who was there from the start, and who came over the weeks.
_EARLY, _PRIVATE, _ELSEWHERE, _TRIED, _SECOND, _SIBLING = 0.34, 0.08, 0.06, 0.92, 0.08, 0.04
_EARLY_DAYS, _LAST_DAY = (2, 14), HISTORY_DAYS - 2
_IMPORTED = 0.5
_MORNING = time(9, 0)
IMPORT_SOURCE = "import"


@dataclass(slots=True)
class Enrolling:
    """What the enrolments are drawn from; `numbers` counts the families, `heard` children by phone."""

    story: Story
    seats: Seats
    occupancy: Occupancy
    numbers: int = 0
    heard: Counter[str] = field(default_factory=Counter)

    def enrol(self, chance: Random, key: int) -> Enquiry:
        """Let one family come, choose and pay; the story gets its sale and its place."""
        early = chance.random() < _EARLY
        day = chance.randint(*_EARLY_DAYS) if early else chance.randint(_EARLY_DAYS[1], _LAST_DAY)
        moment = hours.on_day(chance, self.story.first_day + timedelta(days=day))
        group = None if chance.random() < _PRIVATE else self.seats.draw(chance, lambda g: self._fits(g, moment))
        if group is None:
            enquiry = self._privately(chance, key, moment)
            if enquiry is not None:
                return enquiry
            group = self.seats.draw(chance, lambda g: self._fits(g, moment))
        if group is None:
            raise ValueError("the class groups have no place left: make more of them, or fewer students")
        return self._in_class(chance, key, group, moment, early=early)

    def second_courses(self, chance: Random) -> None:
        """Let some families buy a second course at the same campus."""
        for place in list(self.story.places):
            group = self.story.groups[place.group]
            if chance.random() >= _SECOND or group.course is CAMP_COURSE:
                continue
            enquiry = self.story.enquiries[place.enquiry]
            moment = hours.after(chance, place.join_time, hours=(24 * 10, 24 * 40))
            if enquiry.campus != group.campus or moment > self.story.cutoff - timedelta(days=2):
                continue
            other = self.seats.draw(chance, lambda g, at=moment, one=group: self._goes_with(g, one, at))  # type: ignore[misc]
            if other is not None:
                self._buy(chance, enquiry, other, moment)

    def _fits(self, group: Group, moment: datetime) -> bool:
        if not self.seats.has_lessons_after(group, moment):
            return False
        return group.course is not CAMP_COURSE or group.lessons()[0] > moment + timedelta(days=8)

    def _goes_with(self, other: Group, group: Group, moment: datetime) -> bool:
        apart = not {weekday for weekday, _ in other.slots} & {weekday for weekday, _ in group.slots}
        same_place = other.campus == group.campus and other.course not in (group.course, CAMP_COURSE)
        return apart and same_place and self._fits(other, moment)

    def _in_class(self, chance: Random, key: int, group: Group, moment: datetime, *, early: bool) -> Enquiry:
        campus = sister(group.campus) if chance.random() < _ELSEWHERE else group.campus
        trial = None
        if chance.random() < _TRIED:
            trial = self._trial(chance, key, group, moment)
            moment = hours.after(chance, trial.start, hours=(2, 60)) if trial else moment
            moment = min(moment, self.story.cutoff - timedelta(hours=6))
        enquiry = self._arrive(chance, key, campus, group.course, trial.book_time if trial else moment, early=early)
        enquiry.trial = trial
        self._buy(chance, enquiry, group, moment)
        return enquiry

    def _trial(self, chance: Random, key: int, group: Group, moment: datetime) -> Trial | None:
        """Find a seat in the class group itself, or in another one of the subject at the campus."""
        earliest = timetable.instant(self.story.first_day + timedelta(days=1), _MORNING)
        alike = [
            each
            for each in self.story.groups
            if each.campus == group.campus and each.course.subject == group.course.subject and each is not group
        ]
        chance.shuffle(alike)
        for each in (group, *alike):
            start = self.seats.trial(chance, each, max(earliest, moment - timedelta(days=12)), moment)
            if start is not None:
                book_time = max(start - timedelta(hours=chance.uniform(20, 60)), earliest - timedelta(hours=20))
                return Trial(key, each.key, start, book_time, True, "suitable", chance.choice(FEEDBACK))  # noqa: FBT003
        return None

    def _arrive(
        self, chance: Random, key: int, campus: int, course: Course, moment: datetime, *, early: bool
    ) -> Enquiry:
        begin = timetable.instant(self.story.first_day, _MORNING)
        lag = timedelta(hours=min(chance.expovariate(1 / 60) + 3, 24 * 20))
        arrival = max(begin + timedelta(minutes=chance.randint(30, 300)), moment - lag)
        arrival = min(arrival, moment - timedelta(minutes=10))
        family = self._family(chance, campus, course, arrival)
        source = IMPORT_SOURCE if early and chance.random() < _IMPORTED else ""
        if source:
            arrival = begin + timedelta(hours=1)
        return Enquiry(key, campus, arrival, source, None, course, family)

    def _family(self, chance: Random, campus: int, course: Course, arrival: datetime) -> Family:
        """Return a new family, or another child of one that came before."""
        earlier = chance.choice(self.story.enquiries) if self.story.enquiries else None
        knows = earlier is not None and earlier.campus == campus and earlier.time < arrival
        wanted = chance.random() < _SIBLING * len(CAMPUSES)
        if earlier is not None and knows and wanted and self.heard[earlier.family.phone] == 1:
            self.heard[earlier.family.phone] += 1
            return people.brother_or_sister(chance, earlier.family, CAMPUSES[campus], course.ages, self.story.today)
        self.numbers += 1
        family = people.meet(chance, CAMPUSES[campus], self.numbers, course.ages, self.story.today)
        self.heard[family.phone] += 1
        return family

    def _buy(self, chance: Random, enquiry: Enquiry, group: Group, moment: datetime) -> None:
        story = self.story
        buyer = sales.Buyer(enquiry.key, enquiry.campus, group.course)
        sale = sales.sell(story, chance, buyer, moment, story.cutoff)
        enquiry.quoted_time = enquiry.quoted_time or moment
        paid = sale.paid_time or moment
        story.places.append(Place(enquiry.key, group.key, sale.key, paid + timedelta(minutes=15)))
        self.seats.join(group)
        if not enquiry.contacts:
            enquiry.contacts = contacts.follow_up(chance, enquiry, moment, is_open=False)

    def _privately(self, chance: Random, key: int, moment: datetime) -> Enquiry | None:
        course = chance.choice(ONE_TO_ONE_COURSES)
        campus = chance.choices(CAMPUSES, [each.weight for each in CAMPUSES])[0]
        teachers = _teachers(self.story, campus.key)
        found = timetable.private_place(chance, teachers, course, self.occupancy)
        if found is None:
            return None
        teacher, slot = found
        enquiry = self._arrive(chance, key, campus.key, course, moment, early=False)
        story = self.story
        sale = sales.sell(story, chance, sales.Buyer(key, campus.key, course), moment, story.cutoff)
        enquiry.quoted_time = moment
        enquiry.contacts = contacts.follow_up(chance, enquiry, moment, is_open=False)
        first = hours.local_day(sale.paid_time or moment) + timedelta(days=2)
        last = story.today + timedelta(days=AHEAD_DAYS)
        number = len(story.privates)
        story.privates.append(Private(number, key, campus.key, course, sale.key, teacher, slot, first, last))
        return enquiry


def _teachers(story: Story, campus: int) -> Sequence[int]:
    return [each.key for each in story.staff if each.role == "teacher" and each.campus == campus]
