"""The whole story, from a seed: the same seed, day and scale always tell the same one."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random

from tools.demo import staff, timetable
from tools.demo.catalogue import CAMPAIGNS, POOLED, SOURCES
from tools.demo.size import Size
from tools.demo.story import hours, onlookers
from tools.demo.story.attendance import Register
from tools.demo.story.beats import Enquiry, Story
from tools.demo.story.enrolments import Enrolling
from tools.demo.story.seats import Seats
from tools.demo.timetable import Occupancy

_THROUGH_CAMPAIGN = 0.85
_WAITS = timedelta(days=10)


def tell(seed: str, size: Size, today: date) -> Story:
    """Return everything that happens until the midnight with which `today` begins."""
    people = staff.hire(seed, size)
    occupancy = Occupancy()
    groups = timetable.plan(seed, size, people, today, occupancy)
    story = Story(seed, today, timetable.instant(today, time(0)), people, groups)
    world = Enrolling(story, Seats(groups), occupancy)
    chance = Random(f"{seed}|enrolments")
    for key in range(size.students):
        story.enquiries.append(world.enrol(chance, key))
    world.second_courses(Random(f"{seed}|second"))
    onlookers.add(world, Random(f"{seed}|onlookers"), size.leads - size.students)
    onlookers.tell_twice(world, Random(f"{seed}|twice"))
    onlookers.come_again(world, Random(f"{seed}|again"))
    _find_sources(story, Random(f"{seed}|sources"))
    story.renewals_from = len(story.sales)
    Register(story, world.seats, Random(f"{seed}|attendance")).fill()
    return story


def _find_sources(story: Story, chance: Random) -> None:
    first = story.first_day.toordinal()
    for enquiry in story.enquiries:
        if enquiry.source:
            continue
        source = chance.choices(SOURCES, [each.weight for each in SOURCES])[0]
        enquiry.source = source.code
        if source.code in POOLED and _is_fresh(enquiry, story):
            enquiry.contacts = []
        running = [key for key in source.campaigns if _runs(key, enquiry, first)]
        if running and chance.random() < _THROUGH_CAMPAIGN:
            enquiry.campaign = chance.choice(running)


def _is_fresh(enquiry: Enquiry, story: Story) -> bool:
    """Say whether an enquiry still waits in the pool: it came lately, and nothing has come of it."""
    waits = enquiry.trial is None and enquiry.quoted_time is None and enquiry.lost_time is None
    return waits and enquiry.time > story.cutoff - _WAITS


def _runs(campaign: int, enquiry: Enquiry, first: int) -> bool:
    plan = CAMPAIGNS[campaign]
    day = _day(enquiry.time) - first
    here = plan.campus is None or plan.campus == enquiry.campus
    return here and plan.first_day <= day < plan.first_day + plan.days


def _day(moment: datetime) -> int:
    return hours.local_day(moment).toordinal()
