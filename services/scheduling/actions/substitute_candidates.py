"""Who could stand in for a teacher of a lesson, gathered for all teachers of its campus at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.actions import absences, lessons, objections, plans, resources, teachers
from services.scheduling.actions.objections import Objection
from services.scheduling.actions.plans import Plan, Wish
from services.scheduling.actions.resources import Want
from services.scheduling.models import Lesson, Teacher
from services.scheduling.rules import loads
from services.scheduling.rules.levels import level_for
from services.scheduling.rules.loads import Taught, Travel
from services.scheduling.rules.spans import Span
from services.scheduling.rules.substitutes import Facts, Ranked, rank
from shared.db import Tx

BEYOND_HOURS = "TEACHER_UNAVAILABLE"
# How far back it is looked who taught whom.
_LOOK_BACK = timedelta(days=366)
_GIVEN = """
select t.resource_id::text, count(distinct t.lesson_id)
from lesson_resource g join lesson_resource t on t.lesson_id = g.lesson_id
where g.resource_id = any (%(groups)s::uuid[]) and g.state = 'live' and g.start_time > %(since)s
  and g.start_time < %(now)s and t.resource_id = any (%(teachers)s::uuid[]) and t.state = 'live'
group by 1"""
_TAUGHT = """
select t.resource_id::text, count(distinct s.resource_id)
from lesson_resource s join lesson_resource t on t.lesson_id = s.lesson_id
where s.resource_id = any (%(students)s::uuid[]) and s.state = 'live' and s.start_time > %(since)s
  and s.start_time < %(now)s and t.resource_id = any (%(teachers)s::uuid[]) and t.state = 'live'
group by 1"""
_WISHED = "select unnest(wished_styles) from student where id = any (%(students)s::uuid[])"


def ranked(tx: Tx, lesson: Lesson) -> list[Ranked]:
    """Return the active teachers of a lesson's campus who do not teach it, best first."""
    span = Span(lesson.start_time, lesson.end_time)
    staff = [each for each in teachers.of_campus(tx, lesson.campus_id) if each.id not in lesson.teacher_ids]
    if not staff:
        return []
    plan = _plan(tx, lesson, staff)
    ids = [each.id for each in staff]
    against = objections.of_teachers(tx, plan, span, ignoring=[lesson.id])
    busy = {each.resource_id for each in resources.collisions(tx, [Want(each, span) for each in ids])}
    taught = absences.taught(tx, ids, loads.weeks_around([span], plan.campus.time_zone))
    students = lessons.students_in(tx, [lesson.id])[lesson.id]
    given, known = _counts(tx, _GIVEN, ids, groups=lesson.class_group_ids), _counts(tx, _TAUGHT, ids, students=students)
    wished = list(tx.run(_WISHED, {"students": [str(each) for each in students]}).scalars()) if students else []
    travel = absences.travel(tx, lesson.campus_id)
    return rank(
        replace(
            _of_teacher(plan, teacher, against[teacher.id], is_busy=teacher.id in busy),
            way_minutes=_way(taught.get(teacher.id, ()), span, plan, travel),
            left_minutes=_left(teacher, taught.get(teacher.id, ()), span, plan.campus.time_zone),
            group_lessons=given.get(teacher.id, 0),
            known_students=known.get(teacher.id, 0),
            students=len(students),
            wished_styles=len(wished),
            met_styles=sum(each in (teacher.styles or ()) for each in wished),
        )
        for teacher in staff
    )


def is_beyond_hours(tx: Tx, lesson: Lesson, teacher: Teacher) -> bool:
    """Say whether a lesson lies outside of the weekly times that a teacher has named."""
    span = Span(lesson.start_time, lesson.end_time)
    against = objections.of_teachers(tx, _plan(tx, lesson, [teacher]), span, ignoring=[lesson.id])
    return any(each.reason == BEYOND_HOURS for each in against[teacher.id])


def _plan(tx: Tx, lesson: Lesson, staff: list[Teacher]) -> Plan:
    wish = Wish(lesson.campus_id, lesson.course_id, lesson.class_group_ids, (), lesson.teacher_ids, lesson.room_id)
    return replace(plans.resolve(tx, wish), teachers=staff)


def _of_teacher(plan: Plan, teacher: Teacher, against: Sequence[Objection], *, is_busy: bool) -> Facts:
    obstacles = [("TEACHER_SKILL_MISSING", "")] if not teachers.can_teach(teacher, plan.course) else []
    obstacles += [("LESSON_CONFLICT", "")] if is_busy else []
    obstacles += [(each.reason, each.limit) for each in against if each.reason != BEYOND_HOURS]
    return Facts(
        teacher.id,
        tuple(obstacles),
        is_usual=all(each.reason != BEYOND_HOURS for each in against),
        level=level_for(teachers.levels_of(teacher), course_id=plan.course.id, subject=plan.course.subject),
        needed_level=plan.course.required_teacher_level or 0,
    )


def _way(taken: Collection[Taught], span: Span, plan: Plan, travel: Travel) -> int:
    """Return the longest way between this campus and where the teacher is on that local day."""
    zone = ZoneInfo(plan.campus.time_zone)
    day = span.start.astimezone(zone).date()
    places = {each.campus_id for each in taken if each.span.start.astimezone(zone).date() == day}
    return max((travel.get((each, plan.campus.id), 0) for each in places if each), default=0)


def _left(teacher: Teacher, taken: Collection[Taught], span: Span, time_zone: str) -> int | None:
    """Return the minutes that the week of a lesson still takes, that lesson counted; None: not limited."""
    if not teacher.most_week_minutes:
        return None
    zone = ZoneInfo(time_zone)
    week = loads.monday(span.start.astimezone(zone).date())
    used = sum(
        loads.minutes(each.span) for each in taken if loads.monday(each.span.start.astimezone(zone).date()) == week
    )
    return max(teacher.most_week_minutes - used - loads.minutes(span), 0)


def _counts(tx: Tx, sql: str, teacher_ids: Sequence[UUID], **others: Sequence[UUID]) -> dict[UUID, int]:
    values: dict[str, object] = {name: [str(each) for each in ids] for name, ids in others.items()}
    values |= {"teachers": [str(each) for each in teacher_ids], "now": tx.now, "since": tx.now - _LOOK_BACK}
    return {UUID(teacher_id): count for teacher_id, count in tx.run(sql, values)}
