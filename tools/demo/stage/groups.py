"""Class groups and their lessons of the past and of the coming two weeks."""

from __future__ import annotations

from datetime import time, timedelta
from uuid import UUID

from services.scheduling.actions import class_groups
from services.scheduling.actions import timetable as lessons
from services.scheduling.actions.plans import Wish
from services.scheduling.actions.timetable import Pattern
from services.scheduling.rules.series import Slot
from tools.demo import timetable
from tools.demo.stage.known import Known
from tools.demo.stage.world import World, batches
from tools.demo.timetable import Group

_BEFORE = timedelta(days=5)


def schedule(world: World, known: Known, campus: int) -> Known:
    """Open the class groups of a campus and put their lessons into the timetable."""
    learned = Known()
    admin = planner(world, known, campus)
    mine = [group for group in world.story.groups if group.campus == campus]
    for batch in batches(mine, 5):
        with world.acts("scheduling") as acts:
            for group in batch:
                tx = acts.at(timetable.instant(group.start_date, time(11)) - _BEFORE, admin)
                row = class_groups.create(
                    tx,
                    campus_id=known.campuses[campus],
                    course_id=known.courses[group.course.key],
                    name=group.name,
                    capacity=group.capacity,
                    teacher_id=known.staff[group.teacher],
                    room_id=known.rooms[campus, group.room],
                )
                learned.groups[group.key] = row.id
                wish = Wish(campus_id=known.campuses[campus], class_group_ids=[row.id])
                made = lessons.create_series(tx, wish, _pattern(group))
                learned.lessons |= {(group.key, None, lesson.start_time): lesson.id for lesson in made.lessons}
    return learned


def planner(world: World, known: Known, campus: int) -> UUID:
    """Return the academic admin of a campus."""
    return next(
        known.staff[person.key]
        for person in world.story.staff
        if person.role == "academic_admin" and person.campus == campus
    )


def _pattern(group: Group) -> Pattern:
    slots = [Slot(weekday, start, 0) for weekday, start in group.slots]
    return Pattern(slots, group.start_date, group.end_date)
