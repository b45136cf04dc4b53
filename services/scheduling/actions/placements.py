"""Placing new students: proposals with reasons, and what a person made of them, kept with who and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services.scheduling.actions import (
    campuses,
    class_groups,
    courses,
    memberships,
    prerequisites,
    resources,
    student_times,
    students,
)
from services.scheduling.actions.resources import Want
from services.scheduling.actions.student_times import Time
from services.scheduling.models import ClassGroup, Course, Lesson, LessonResource, Placement, Teacher
from services.scheduling.rules.placement import Group, Newcomer, Proposal, Window, propose
from services.scheduling.rules.spans import Span
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import uuid7
from shared.listing import Field, Listing

LISTING: Listing[Placement] = Listing(
    Placement,
    fields={
        "student_id": Field(Placement.student_id, sortable=False, aliased=True),
        "class_group_id": Field(Placement.class_group_id, sortable=False),
        "campus_id": Field(Placement.campus_id, sortable=False),
        "manual": Field(Placement.manual, sortable=False),
        "create_time": Field(Placement.create_time),
    },
)
# Weekly times and collisions are read from the lessons of so many weeks.
_AHEAD = timedelta(weeks=4)
_MOST_GROUPS = 100


class Choice(NamedTuple):
    """Where a student is to go; the proposed group, if there was one, and why another was chosen."""

    student_id: UUID
    class_group_id: UUID
    proposed_class_group_id: UUID | None = None
    reason: str = ""
    # Why the student may join without a course that should have come before.
    override_reason: str = ""


def proposals(tx: Tx, *, campus_id: UUID, course_id: UUID, newcomers: Sequence[Newcomer]) -> list[Proposal]:
    """Propose class groups of a campus for new students of a course, or of another level of its subject.

    InvalidInput for somebody who is named twice.
    """
    campus = campuses.get(tx, campus_id)
    course = courses.get(tx, course_id)
    ids = [each.student_id for each in newcomers]
    if len(set(ids)) != len(ids):
        raise InvalidInput("students", "name each student once")
    students.check_known(tx, ids)
    times, styles = student_times.by_student(tx, ids), students.wished_styles(tx, ids)
    wanted = [
        Newcomer(
            each.student_id,
            each.level or course.level,
            each.windows or _windows(times[each.student_id]),
            styles.get(each.student_id, ()),
        )
        for each in newcomers
    ]
    found = _open_groups(tx, campus_id, course)
    spans = _spans(tx, [group.id for group, _ in found])
    unprepared = _unprepared(tx, ids, {group.course_id for group, _ in found})
    taught = _styles(tx, [group for group, _ in found])
    groups = [
        Group(
            group.id,
            level,
            group.capacity,
            group.capacity - group.member_count - group.held_count,
            sorted({_weekly(span, campus.time_zone) for span in spans[group.id]}, key=lambda each: each.weekday),
            _colliding(tx, ids, spans[group.id]),
            unprepared[group.course_id],
            taught[group.id],
        )
        for group, level in found
    ]
    return propose(wanted, groups)


def accept(tx: Tx, choices: Sequence[Choice]) -> list[Placement]:
    """Let students join the class groups that were chosen, all or none, and keep who chose and why.

    PLACEMENT_REASON_MISSING where another group than the proposed one is chosen without a reason; refusals of joining.
    """
    if len({each.student_id for each in choices}) != len(choices):
        raise InvalidInput("choices", "name each student once")
    resources.lock(tx, {each.class_group_id for each in choices})
    made = []
    for choice in choices:
        manual = choice.class_group_id != choice.proposed_class_group_id
        if manual and not choice.reason.strip():
            raise InvalidInput("reason", "say why another class group was chosen", "PLACEMENT_REASON_MISSING")
        group = class_groups.get(tx, choice.class_group_id)
        memberships.join(tx, group.id, student_id=choice.student_id, override_reason=choice.override_reason)
        row = Placement(
            id=uuid7(),
            campus_id=group.campus_id,
            student_id=choice.student_id,
            class_group_id=group.id,
            proposed_class_group_id=choice.proposed_class_group_id,
            manual=manual,
            reason=choice.reason.strip(),
            staff_id=tx.caller.subject_id,
        )
        tx.session.add(row)
        made.append(row)
    tx.session.flush()
    return made


def _open_groups(tx: Tx, campus_id: UUID, course: Course) -> list[tuple[ClassGroup, str]]:
    row = ClassGroup
    wanted = (
        select(row, Course.level)
        .join(Course, Course.id == row.course_id)
        .where(
            row.campus_id == campus_id,
            row.state == "open",
            row.stage.in_(("forming", "running")),
            (Course.id == course.id) | ((Course.subject == course.subject) & (Course.kind == course.kind)),
        )
        .order_by(row.id)
        .limit(_MOST_GROUPS)
    )
    return [(group, level) for group, level in tx.session.execute(wanted)]


def _styles(tx: Tx, groups: Sequence[ClassGroup]) -> dict[UUID, Sequence[str]]:
    """Return how the teacher of each class group teaches."""
    row = Teacher
    leaders = [group.teacher_id for group in groups if group.teacher_id]
    found = {key: styles or () for key, styles in tx.execute(select(row.id, row.styles).where(row.id.in_(leaders)))}
    return {group.id: found.get(group.teacher_id, ()) if group.teacher_id else () for group in groups}


def _windows(times: Sequence[Time]) -> list[Window]:
    return [Window(each.range.weekday, each.range.start_minute, each.range.end_minute) for each in times]


def _spans(tx: Tx, group_ids: Sequence[UUID]) -> dict[UUID, list[Span]]:
    row = LessonResource
    ahead = (
        select(row.resource_id, Lesson.start_time, Lesson.end_time)
        .join(Lesson, Lesson.id == row.lesson_id)
        .where(
            row.resource_id.in_(group_ids),
            row.state == "live",
            row.start_time > tx.now,
            row.start_time < tx.now + _AHEAD,
        )
        .order_by(row.start_time)
    )
    spans: dict[UUID, list[Span]] = {group_id: [] for group_id in group_ids}
    for group_id, start, end in tx.session.execute(ahead):
        spans[group_id].append(Span(start, end))
    return spans


def _weekly(span: Span, time_zone: str) -> Window:
    local = span.start.astimezone(ZoneInfo(time_zone))
    start = local.hour * 60 + local.minute
    return Window(local.isoweekday(), start, start + int((span.end - span.start).total_seconds()) // 60)


def _unprepared(tx: Tx, student_ids: Sequence[UUID], course_ids: Iterable[UUID]) -> dict[UUID, frozenset[UUID]]:
    """Return by course which students have not had the courses that it builds on."""
    required = {each: set(courses.get(tx, each).prerequisite_course_ids or ()) for each in course_ids}
    anything = sorted(set().union(*required.values()))
    lacking = prerequisites.lacking(tx, student_ids, anything) if anything else {}
    return {
        course_id: frozenset(student for student, missing in lacking.items() if wanted.intersection(missing))
        for course_id, wanted in required.items()
    }


def _colliding(tx: Tx, student_ids: Sequence[UUID], spans: Sequence[Span]) -> frozenset[UUID]:
    found = resources.collisions(tx, [Want(each, span) for each in student_ids for span in spans])
    return frozenset(each.resource_id for each in found)
