"""Students take their places, lessons are taught, roll calls confirmed; some buy again, some leave."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.scheduling.actions import memberships, roll_calls
from services.scheduling.actions import timetable as lessons
from services.scheduling.actions.attendances import Mark
from services.scheduling.actions.plans import Wish
from services.scheduling.actions.timetable import Pattern
from services.scheduling.rules.series import Slot
from tools.demo.stage import selling
from tools.demo.stage.groups import planner
from tools.demo.stage.known import Known
from tools.demo.stage.world import World, batches
from tools.demo.story.beats import Private, RollCall

_BATCH = 15


def place(world: World, known: Known, campus: int) -> Known:
    """Give the new students of a campus their class places, and their hours with a teacher."""
    learned, story = Known(), world.story
    tutor = next(known.staff[each.key] for each in story.staff if each.role == "class_tutor" and each.campus == campus)
    joining = [p for p in story.places if story.groups[p.group].campus == campus and p.enquiry in known.leads]
    for batch in batches(sorted(joining, key=lambda each: each.join_time), _BATCH):
        with world.acts("scheduling") as acts:
            for each in batch:
                tx = acts.at(each.join_time, tutor)
                student_id = known.leads[each.enquiry].customer_id
                memberships.join(tx, known.groups[each.group], student_id=student_id)
    for private in story.privates:
        if private.campus == campus and private.enquiry in known.leads:
            learned.learn(_begin(world, known, private))
    return learned


def _begin(world: World, known: Known, private: Private) -> Known:
    paid = world.story.sales[private.sale].paid_time or world.story.cutoff
    wish = Wish(
        campus_id=known.campuses[private.campus],
        course_id=known.courses[private.course.key],
        student_ids=[known.leads[private.enquiry].customer_id],
        teacher_ids=[known.staff[private.teacher]],
    )
    weekday, start = private.slot
    pattern = Pattern([Slot(weekday, start, 0)], private.first, private.last)
    with world.acts("scheduling") as acts:
        tx = acts.at(paid + timedelta(minutes=20), planner(world, known, private.campus))
        made = lessons.create_series(tx, wish, pattern)
        return Known(lessons={(None, private.key, lesson.start_time): lesson.id for lesson in made.lessons})


def teach(world: World, known: Known, campus: int, begin: datetime, end: datetime) -> Known:
    """Play the lessons of a campus in [begin, end), with what families decided before and between them."""
    story = world.story
    for refund in story.refunds:
        # What the last days charged is in the books by now.
        decided = refund.approve_time or refund.time
        if refund.campus == campus and begin <= decided + timedelta(days=7) < end:
            selling.refund(world, known, refund)
    _leave(world, known, campus, begin, end)
    again = [s for s in story.sales[story.renewals_from :] if s.campus == campus and begin <= s.quote_time < end]
    learned = selling.sell(world, known, sorted(again, key=lambda sale: sale.quote_time))
    calls = [call for call in story.roll_calls if call.campus == campus and begin <= call.start < end]
    _confirm(world, known, calls)
    return learned


def settle(world: World, known: Known, campus: int, begin: datetime) -> Known:
    """Decide about the refunds of the last days."""
    for refund in world.story.refunds:
        if refund.campus == campus and (refund.approve_time or refund.time) + timedelta(days=7) >= begin:
            selling.refund(world, known, refund)
    return Known()


def _leave(world: World, known: Known, campus: int, begin: datetime, end: datetime) -> None:
    story = world.story
    tutor = next(known.staff[each.key] for each in story.staff if each.role == "class_tutor" and each.campus == campus)
    with world.acts("scheduling") as acts:
        for place in story.places:
            leaves = place.leave_time is not None and begin <= place.leave_time < end and place.enquiry in known.leads
            if place.leave_time is not None and leaves and story.groups[place.group].campus == campus:
                tx = acts.at(place.leave_time, tutor)
                student_id = known.leads[place.enquiry].customer_id
                memberships.leave(tx, known.groups[place.group], student_id=student_id, reason=place.leave_reason)


def _confirm(world: World, known: Known, calls: Iterable[RollCall]) -> None:
    story = world.story
    for batch in batches(calls, _BATCH):
        with world.acts("scheduling") as acts:
            for call in batch:
                lesson_id = known.lessons[call.group, call.private, call.start]
                teacher = story.groups[call.group].teacher if call.group is not None else _teacher(world, call)
                tx = acts.at(call.start + timedelta(minutes=80), known.staff[teacher])
                marks = {
                    known.leads[mark.enquiry].customer_id: Mark(mark.code, mark.late_minutes)
                    for mark in call.marks
                    if mark.enquiry in known.leads
                }
                if marks:
                    roll_calls.confirm(tx, lesson_id, marks)


def _teacher(world: World, call: RollCall) -> int:
    return world.story.privates[call.private or 0].teacher
