"""The timetable: lessons planned one by one or as a weekly series, previewed, and cancelled."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from lianxiao.scheduling.v1.scheduling_events_pb2 import LessonCancelled, LessonScheduled
from services.scheduling.actions import (
    lesson_changes,
    lessons,
    makeup_entitlements,
    objections,
    plans,
    resources,
    rosters,
    students,
    trials,
)
from services.scheduling.actions.objections import Objection
from services.scheduling.actions.plans import Plan, Wish
from services.scheduling.actions.resources import CLASS_GROUP, ROOM, STUDENT, TEACHER, Claim, Collision, Want
from services.scheduling.actions.rosters import Roster
from services.scheduling.models import Lesson, LessonSeries
from services.scheduling.rules.calendars import DayOff
from services.scheduling.rules.scopes import ONE
from services.scheduling.rules.series import Slot, days_off, expand
from services.scheduling.rules.spans import Span, lesson_span
from shared.db import Tx
from shared.events import publish
from shared.ids import uuid7
from shared.wire_values import id_text


@dataclass(frozen=True, slots=True)
class Pattern:
    """A weekly pattern between two local dates, both included; a slot of 0 minutes has the course's length."""

    slots: Sequence[Slot]
    start_date: date
    end_date: date
    holiday_dates: Collection[date] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """A series with its lessons, the days that it left out, and the years whose public holidays are not known."""

    series: LessonSeries
    lessons: list[Lesson]
    skipped: list[DayOff]
    unknown_years: list[int]


def create(tx: Tx, wish: Wish, *, start: datetime, end: datetime | None = None, override_reason: str = "") -> Lesson:
    """Put one lesson into the timetable.

    Refusals: LESSON_CONFLICT, TEACHER_UNAVAILABLE, ROOM_TOO_SMALL, CAMPUS_CLOSED_DAY, those of regulations, and
    COURSE_, TEACHER_ or ROOM_INACTIVE.
    """
    plan = _locked_plan(tx, wish)
    return _schedule(tx, plan, [lesson_span(start, end, plan.course.lesson_minutes)], None, override_reason)[0]


def create_series(tx: Tx, wish: Wish, pattern: Pattern, *, override_reason: str = "") -> Planned:
    """Put a weekly pattern into the timetable, all lessons or none; refusals as for one lesson.

    Days on which the campus is closed, public holidays, and school breaks where the course keeps them have no lesson.
    """
    plan = _locked_plan(tx, wish)
    length = plan.course.lesson_minutes
    slots = [Slot(slot.weekday, slot.start, slot.lesson_minutes or length) for slot in pattern.slots]
    limits = plan.limits
    skipped = days_off(slots, start_date=pattern.start_date, end_date=pattern.end_date, limits=limits)
    spans = expand(
        slots,
        start_date=pattern.start_date,
        end_date=pattern.end_date,
        holiday_dates={*pattern.holiday_dates, *(each.day for each in skipped)},
        time_zone=plan.campus.time_zone,
    )
    series = LessonSeries(
        id=uuid7(),
        campus_id=plan.campus.id,
        course_id=plan.course.id,
        start_date=pattern.start_date,
        end_date=pattern.end_date,
        slots=[{"weekday": s.weekday, "start": _clock(s.start), "lesson_minutes": s.lesson_minutes} for s in slots],
        holiday_dates=sorted(pattern.holiday_dates),
    )
    tx.session.add(series)
    tx.session.flush()
    unknown = limits.days.public.unknown_years(pattern.start_date, pattern.end_date)
    return Planned(series, _schedule(tx, plan, spans, series.id, override_reason), skipped, unknown)


def preview(
    tx: Tx, wish: Wish, *, start: datetime, end: datetime | None, moving_lesson_id: UUID | None
) -> tuple[list[Collision], list[Objection]]:
    """Say what a lesson would collide with and what speaks against it, without a lock: a hint, not a promise."""
    plan = plans.resolve(tx, wish)
    span = lesson_span(start, end, plan.course.lesson_minutes)
    expected = rosters.load(tx, plan.group_ids, [span], plan.student_ids).at(span.start)
    wanted = [*plan.group_ids, *plan.staff_and_room_ids, *expected]
    moving = [moving_lesson_id] if moving_lesson_id else []
    found = resources.collisions(tx, [Want(each, span) for each in wanted], ignoring=moving)
    against = objections.find(tx, plan, [span], attendants=lambda _: expected, ignoring=moving)
    return found, against


def cancel(tx: Tx, lesson_id: UUID, *, reason: str) -> Lesson:
    """Cancel one lesson; see `cancel_some`."""
    return cancel_some(tx, lesson_id, reason=reason)[0]


def cancel_some(tx: Tx, lesson_id: UUID, *, reason: str, scope: str = ONE) -> list[Lesson]:
    """Cancel a lesson and as much of its series as the scope says; return them, that lesson first.

    Everybody and everything is free again, open trials are cancelled too. LESSON_CANCELLED, LESSON_TAUGHT.
    """
    seen = [each.id for each in lessons.in_scope(tx, lessons.get(tx, lesson_id), scope)]
    locked = lessons.lock(tx, seen)
    before = {key: lesson_changes.facts(lesson) for key, lesson in locked.items()}
    for lesson in locked.values():
        lessons.check_changeable(tx, lesson)
    cancelled = [_cancel(tx, locked[key], reason) for key in seen]
    lesson_changes.record(tx, "cancelled", before, cancelled, reason)
    return cancelled


def _cancel(tx: Tx, lesson: Lesson, reason: str) -> Lesson:
    lesson.state, lesson.cancel_reason = "cancelled", reason
    resources.let_go(tx, lesson.id)
    trials.cancel_with_lesson(tx, lesson)
    makeup_entitlements.cancel_with_lesson(tx, lesson)
    publish(tx, LessonCancelled(lesson_id=str(lesson.id), campus_id=str(lesson.campus_id), reason=reason))
    return lesson


def _locked_plan(tx: Tx, wish: Wish) -> Plan:
    resources.lock(tx, wish.class_group_ids)
    plan = plans.resolve(tx, wish)
    plans.check_active(plan)
    students.check_known(tx, plan.student_ids)
    resources.lock(tx, plan.staff_and_room_ids)
    return plan


def _schedule(tx: Tx, plan: Plan, spans: Sequence[Span], series_id: UUID | None, override_reason: str) -> list[Lesson]:
    roster = rosters.load(tx, plan.group_ids, spans, plan.student_ids)
    resources.lock(tx, roster.student_ids())
    found = objections.find(tx, plan, spans, attendants=lambda span: roster.at(span.start))
    overridden = objections.check(tx, plan, found, override_reason)
    planned = [_lesson(plan, span, len(roster.at(span.start)), series_id) for span in spans]
    if overridden:
        for lesson in planned:
            lesson.override_reason, lesson.override_by = override_reason, tx.caller.subject_id
        tx.audit("lesson.override", "lesson", planned[0].id, rules=sorted({each.reason for each in found}))
    claims = [claim for lesson in planned for claim in claims_of(plan, lesson, roster)]
    resources.check_free(tx, [Want(claim.resource_id, claim.span) for claim in claims])
    tx.session.add_all(planned)
    tx.session.flush()
    resources.claim(tx, claims)
    for lesson in planned:
        publish(tx, scheduled(lesson, plan.student_ids))
    return planned


def _lesson(plan: Plan, span: Span, student_count: int, series_id: UUID | None) -> Lesson:
    teacher_ids = [teacher.id for teacher in plan.teachers]
    return Lesson(
        id=uuid7(),
        campus_id=plan.campus.id,
        course_id=plan.course.id,
        series_id=series_id,
        class_group_ids=plan.group_ids,
        teacher_ids=teacher_ids,
        teacher_id=teacher_ids[0] if teacher_ids else None,
        room_id=plan.room.id if plan.room else None,
        start_time=span.start,
        end_time=span.end,
        state="scheduled",
        roll_call_state="open",
        lesson_hours_hundredths=plan.course.lesson_hours_hundredths,
        seat_limit=plan.seat_limit(student_count),
        seats_taken=student_count,
        cancel_reason="",
        override_reason="",
        override_by=None,
        original_start_time=None,
        merged_into_id=None,
    )


def claims_of(plan: Plan, lesson: Lesson, roster: Roster) -> list[Claim]:
    """Return all that a lesson of a plan holds."""
    span = Span(lesson.start_time, lesson.end_time)
    claims = [Claim(lesson.id, CLASS_GROUP, group_id, span) for group_id in plan.group_ids]
    claims += [Claim(lesson.id, TEACHER, teacher.id, span, campus_id=plan.campus.id) for teacher in plan.teachers]
    claims += [Claim(lesson.id, ROOM, plan.room.id, span)] if plan.room else []
    for student_id, group_id in roster.at(span.start).items():
        origin = "membership" if group_id else "assigned"
        claims.append(Claim(lesson.id, STUDENT, student_id, span, origin, group_id))
    return claims


def scheduled(lesson: Lesson, student_ids: Sequence[UUID] = ()) -> LessonScheduled:
    """Return what is told of a lesson that stands in the timetable; students are those who come by name."""
    return LessonScheduled(
        lesson_id=str(lesson.id),
        campus_id=str(lesson.campus_id),
        course_id=str(lesson.course_id),
        class_group_ids=[str(group_id) for group_id in lesson.class_group_ids],
        teacher_id=id_text(lesson.teacher_id),
        room_id=id_text(lesson.room_id),
        start_time=lesson.start_time,
        end_time=lesson.end_time,
        student_ids=[str(student_id) for student_id in student_ids],
    )


def _clock(moment: time) -> str:
    return moment.strftime("%H:%M")
