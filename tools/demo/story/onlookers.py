"""Families that ask and do not enrol: they compare, come to a trial, wait, or are lost; and who calls twice."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from tools.demo import people
from tools.demo.catalogue import CLASS_COURSES, FEEDBACK, LOST_REASONS
from tools.demo.places import CAMPUSES
from tools.demo.size import HISTORY_DAYS
from tools.demo.story import contacts, hours, sales
from tools.demo.story.beats import Enquiry, Trial
from tools.demo.story.enrolments import Enrolling
from tools.demo.timetable import Group

_TRIED, _OFFERED, _LOST, _SIBLING, _AGAIN, _TOLD_TWICE = 0.2, 0.07, 0.52, 0.05, 0.06, 0.008
_CAME = 0.78
_RESULTS = (("suitable", 45), ("needs_other_level", 20), ("not_interested", 35))
_REACHES = (("quote", 75), ("contract", 18), ("deposit", 7))


def add(world: Enrolling, chance: Random, count: int) -> None:
    """Add so many enquiries to the story; the first of them come from families that we know."""
    story = world.story
    for _ in range(count):
        enquiry = _arrive(world, chance)
        world.heard[enquiry.family.phone] += 1
        story.enquiries.append(enquiry)
        if chance.random() < _TRIED:
            enquiry.trial = _trial(world, chance, enquiry)
        _end(world, chance, enquiry)


def tell_twice(world: Enrolling, chance: Random) -> None:
    """Let the other parent of some children call as well, weeks later, from another phone."""
    story = world.story
    story.told_twice_from = len(story.enquiries)
    known = [each for each in story.enquiries if len(each.family.birth_date) == len("2016-05-01")]
    for first in chance.sample(known, max(1, round(len(story.enquiries) * _TOLD_TWICE))):
        moment = hours.after(chance, first.time, hours=(24 * 2, 24 * 25))
        if moment >= story.cutoff:
            continue
        world.numbers += 1
        family = people.as_other_parent_tells(chance, first.family, world.numbers)
        key = len(story.enquiries)
        story.enquiries.append(Enquiry(key, first.campus, moment, "", None, first.course, family))


def come_again(world: Enrolling, chance: Random) -> None:
    """Let some families leave their number a second time while their lead is open."""
    for enquiry in world.story.enquiries:
        if chance.random() < _AGAIN:
            end = min(filter(None, (enquiry.quoted_time, enquiry.lost_time, world.story.cutoff)))
            moment = hours.after(chance, enquiry.time, hours=(5, 24 * 12))
            if moment < end:
                enquiry.again.append(moment)


def _arrive(world: Enrolling, chance: Random) -> Enquiry:
    story = world.story
    key = len(story.enquiries)
    # More come every month: campaigns begin to work.
    day = max(chance.randrange(HISTORY_DAYS), chance.randrange(HISTORY_DAYS) if chance.random() < 1 / 3 else 0)
    moment = hours.on_day(chance, world.story.first_day + timedelta(days=day))
    if chance.random() < _SIBLING:
        earlier = chance.choice(story.enquiries)
        campus = CAMPUSES[earlier.campus]
        course = chance.choice(CLASS_COURSES)
        family = people.brother_or_sister(chance, earlier.family, campus, course.ages, story.today)
        moment = max(moment, earlier.time + timedelta(hours=1))
        # Twins and third children of one phone would only make a heap of cases for a person to look at.
        if world.heard[family.phone] == 1:
            return Enquiry(key, campus.key, min(moment, story.cutoff - timedelta(hours=1)), "", None, course, family)
    campus = chance.choices(CAMPUSES, [each.weight for each in CAMPUSES])[0]
    course = chance.choices(CLASS_COURSES, [each.weight for each in CLASS_COURSES])[0]
    world.numbers += 1
    family = people.meet(chance, campus, world.numbers, course.ages, story.today)
    return Enquiry(key, campus.key, moment, "", None, course, family)


def _trial(world: Enrolling, chance: Random, enquiry: Enquiry) -> Trial | None:
    groups = [each for each in world.story.groups if each.campus == enquiry.campus and _suits(each, enquiry)]
    if not groups:
        return None
    group = chance.choice(groups)
    since = enquiry.time + timedelta(hours=20)
    start = world.seats.trial(chance, group, since, since + timedelta(days=9))
    if start is None:
        return None
    book_time = max(enquiry.time + timedelta(minutes=15), start - timedelta(hours=chance.uniform(18, 90)))
    # Who will come next week has booked by now.
    book_time = min(book_time, world.story.cutoff - timedelta(minutes=30))
    if start >= world.story.cutoff:
        return Trial(enquiry.key, group.key, start, book_time, None, "", "")
    if chance.random() >= _CAME:
        return Trial(enquiry.key, group.key, start, book_time, False, "no_show", "")  # noqa: FBT003
    result = chance.choices([name for name, _ in _RESULTS], [weight for _, weight in _RESULTS])[0]
    return Trial(enquiry.key, group.key, start, book_time, True, result, chance.choice(FEEDBACK))  # noqa: FBT003


def _suits(group: Group, enquiry: Enquiry) -> bool:
    return group.course is enquiry.course


def _end(world: Enrolling, chance: Random, enquiry: Enquiry) -> None:
    story = world.story
    trial = enquiry.trial
    seen = enquiry.time if trial is None else max(enquiry.time, trial.start)
    decided = hours.after(chance, seen, hours=(24 * 2, 24 * 30))
    waits = trial is not None and trial.attended is None
    end = min(decided, story.cutoff)
    if decided < story.cutoff and not waits:
        if chance.random() < _OFFERED:
            enquiry.quoted_time = decided
            reaches = chance.choices([name for name, _ in _REACHES], [weight for _, weight in _REACHES])[0]
            buyer = sales.Buyer(enquiry.key, enquiry.campus, enquiry.course)
            sales.offer(story, chance, buyer, decided, reaches=reaches)
        elif chance.random() < _LOST:
            enquiry.lost_time = decided
            enquiry.lost_reason = chance.choices([r for r, _ in LOST_REASONS], [w for _, w in LOST_REASONS])[0]
    is_open = enquiry.lost_time is None and enquiry.quoted_time is None
    enquiry.contacts = contacts.follow_up(chance, enquiry, end, is_open=is_open)
