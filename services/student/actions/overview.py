"""All of a child that a caller may see, in one answer (ST-01). What a caller may not see is named, not shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, union_all

from services.student.actions import (
    guardians,
    homework_works,
    learning_records,
    student_levels,
    students,
    tags,
    teaching,
    timeline,
)
from services.student.actions.learning_records import SubjectScores
from services.student.actions.tags import Borne
from services.student.actions.teaching import Learner
from services.student.models import (
    Course,
    GroupMember,
    Guardian,
    GuardianLink,
    HourLot,
    Lesson,
    LessonPlace,
    Student,
    StudentLevel,
    TaughtGroup,
    Ticket,
    TimelineEntry,
)
from services.student.rules import overview as rules
from services.student.rules import risks
from services.student.rules.overview import Attendance, Happening, Spending
from services.student.rules.risks import Due, Left, Risk
from shared import aliases
from shared.caller import Scope
from shared.db import Tx
from shared.errors import NotFound

# What one must be allowed to read to be shown a section.
SECTIONS: Mapping[str, str] = {
    "guardians": "guardian.read",
    "lessons": "lesson.read",
    "hours": "lot.read",
    "money": "payment.read",
    "learning": "learning_record.read",
    "tickets": "ticket.read",
}
_FILE = "select * from student where institution_id = %(institution)s and id = %(id)s"
# Behind row-level security these take longer to plan than to run.
_PLANNED = {"prepared": True}
_MOST = 10
_MOST_LESSONS = 5
_SCORES = timedelta(days=365)
# A lesson that has begun is shown until it is over.
_LONGEST = timedelta(days=1)


class Learning(NamedTuple):
    """The level of each subject, scores of the last year, and homework of late."""

    levels: Sequence[StudentLevel]
    scores: Sequence[SubjectScores]
    homework: homework_works.Figures


@dataclass(frozen=True, slots=True)
class Overview:
    """One screenful about a child; sections that are hidden from the caller are empty and named in `hidden`."""

    student: Student
    siblings: Sequence[Student]
    guardians: Sequence[tuple[Guardian, GuardianLink]]
    groups: Sequence[tuple[GroupMember, TaughtGroup]]
    next_lessons: Sequence[Lesson]
    lots: Sequence[HourLot]
    spending: Spending | None
    attendance: Attendance | None
    learning: Learning | None
    touches: Sequence[TimelineEntry]
    tickets: Sequence[Ticket]
    tags: Sequence[Borne]
    risks: Sequence[Risk]
    courses: Mapping[UUID, str]
    hidden: Sequence[str]


def get(tx: Tx, student_id: UUID) -> Overview:
    """Return what the caller may see of a child whom they see or teach, whichever of its ids is given.

    Raises NotFound.
    """
    student, learner = _child(tx, student_id)
    ids = learner.ids
    scopes = {name: tx.caller.scope(permission) for name, permission in SECTIONS.items()}
    hidden = [name for name, scope in scopes.items() if not _reaches(scope, learner.campus_id)]
    happened = _happened(tx, ids)
    visited = rules.visits(happened)
    groups = [] if "lessons" in hidden else _groups(tx, ids)
    next_lessons = _next_lessons(tx, [*ids, *(member.class_group_id for member, _ in groups)])
    lots = _within(tx, "hours", HourLot, HourLot.student_id.in_(ids), HourLot.remaining_hundredths > 0)
    return Overview(
        student=student,
        siblings=_siblings(tx, student),
        guardians=[] if "guardians" in hidden else guardians.linked(tx, ids),
        groups=groups,
        next_lessons=next_lessons,
        lots=lots,
        spending=None if "money" in hidden else rules.spending(happened),
        attendance=None if "lessons" in hidden else rules.attendance(visited),
        learning=None if "learning" in hidden else _learning(tx, learner),
        touches=_touches(tx, ids),
        tickets=_tickets(tx, ids),
        tags=tags.borne_now(tx, ids),
        risks=[
            *([] if "learning" in hidden else risks.homework(_due(tx, ids))),
            *risks.absence(visited, tx.now),
            *([] if {"hours", "lessons"} & {*hidden} else risks.hours(_left(groups, lots))),
        ],
        courses=_names(
            tx, {*(each.course_id for _, each in groups), *(each.course_id for each in (*next_lessons, *lots))}
        ),
        hidden=hidden,
    )


def _child(tx: Tx, student_id: UUID) -> tuple[Student, Learner]:
    """Return the file of a child within reach, and its ids; who teaches it gets a copy that no session holds."""
    try:
        student = students.get(tx, student_id)
    except NotFound:
        learner = teaching.learner(tx, student_id)
        with tx.across_campuses():
            keys = {"institution": str(tx.institution_id), "id": str(aliases.resolve(tx, student_id))}
            found = tx.run(_FILE, keys).mappings()
        if not found:
            raise
        return Student(**found[0]), learner
    others = [each for each in aliases.family(tx, student.id) if each != student.id]
    return student, Learner((student.id, *others), student.campus_id)


def _reaches(scope: Scope | None, campus_id: UUID) -> bool:
    return scope is not None and (scope.campuses is None or campus_id in scope.campuses)


def _groups(tx: Tx, ids: Sequence[UUID]) -> list[tuple[GroupMember, TaughtGroup]]:
    """Return the class groups that a child is in, the first joined first."""
    row = GroupMember
    joined = (TaughtGroup.institution_id == row.institution_id) & (TaughtGroup.id == row.class_group_id)
    there = (row.student_id.in_(ids), row.join_time.is_not(None), row.leave_time.is_(None))
    query = select(row, TaughtGroup).join(TaughtGroup, joined).where(row.institution_id == tx.institution_id, *there)
    ordered = query.order_by(row.join_time, row.id).execution_options(**_PLANNED)
    return [(member, group) for member, group in tx.session.execute(ordered)]


def _learning(tx: Tx, learner: Learner) -> Learning:
    tomorrow = tx.now.date() + timedelta(days=1)  # which is today at some campus
    scores = learning_records.scores_of(tx, learner.ids, tomorrow - _SCORES, tomorrow)
    # The latest of each subject comes first and is put down last.
    levels = {each.subject: each for each in reversed(student_levels.history(tx, learner.ids))}
    return Learning(
        sorted(levels.values(), key=lambda each: each.subject),
        scores,
        homework_works.figures(tx, learner.ids, tx.now - rules.RECENT, tx.now),
    )


def _happened(tx: Tx, ids: Sequence[UUID]) -> list[Happening]:
    """Return the entries that figures are made of, as far as the caller may see them."""
    row = TimelineEntry
    mine = (row.institution_id == tx.institution_id, row.student_id.in_(ids), *timeline.visible(tx))
    wanted = select(row.id, row.kind, row.occur_time, row.facts).where(*mine)
    lasting = wanted.where(row.kind.in_(rules.LASTING_KINDS))
    recent = wanted.where(row.kind.in_(rules.RECENT_KINDS), row.occur_time > tx.now - rules.RECENT)
    found = tx.execute(union_all(lasting, recent).execution_options(**_PLANNED))
    return [Happening(*each) for each in found]


def _touches(tx: Tx, ids: Sequence[UUID]) -> Sequence[TimelineEntry]:
    row = TimelineEntry
    mine = (row.institution_id == tx.institution_id, row.student_id.in_(ids), *timeline.visible(tx))
    return tx.session.scalars(
        select(row).where(*mine).order_by(row.occur_time.desc(), row.id.desc()).limit(_MOST)
    ).all()


def _siblings(tx: Tx, student: Student) -> Sequence[Student]:
    theirs = (Student.household_id == student.household_id, Student.id != student.id)
    query = select(Student).where(Student.institution_id == tx.institution_id, *theirs).order_by(Student.enrol_time)
    return tx.session.scalars(query.limit(_MOST).execution_options(**_PLANNED)).all()


def _next_lessons(tx: Tx, participants: Sequence[UUID]) -> Sequence[Lesson]:
    place = LessonPlace
    comes = (place.institution_id == tx.institution_id, place.participant_id.in_(participants))
    ahead = (*comes, place.start_time > tx.now - _LONGEST)
    found = select(place.lesson_id).where(*ahead)
    order = (Lesson.start_time, Lesson.id)
    return _within(
        tx, "lessons", Lesson, Lesson.id.in_(found), Lesson.end_time > tx.now, order=order, most=_MOST_LESSONS
    )


def _tickets(tx: Tx, ids: Sequence[UUID]) -> Sequence[Ticket]:
    undone = (Ticket.student_id.in_(ids), Ticket.state.in_(("open", "in_progress")))
    scope = tx.caller.scope(SECTIONS["tickets"])
    mine = [Ticket.owner_id == tx.caller.subject_id] if scope is not None and scope.own else []
    return _within(tx, "tickets", Ticket, *undone, *mine, order=(Ticket.resolve_due_time, Ticket.id))


def _within(
    tx: Tx,
    section: str,
    model: Any,
    *where: ColumnElement[bool],
    order: Sequence[Any] = (),
    most: int = 10 * _MOST,
) -> Sequence[Any]:
    """Return rows of campuses where the caller may read a section."""
    scope = tx.caller.scope(SECTIONS[section])
    if scope is None:
        return []
    here = [] if scope.campuses is None else [model.campus_id.in_(scope.campuses)]
    query = select(model).where(and_(model.institution_id == tx.institution_id, *where, *here))
    ordered = query.order_by(*(order or (model.id,))).limit(most)
    return tx.session.scalars(ordered.execution_options(**_PLANNED)).all()


def _due(tx: Tx, ids: Sequence[UUID]) -> Sequence[Due]:
    days = risks.THRESHOLDS[risks.HOMEWORK].days
    return homework_works.due_since(tx, ids, tx.now - timedelta(days=days))


def _left(groups: Sequence[tuple[GroupMember, TaughtGroup]], lots: Sequence[HourLot]) -> list[Left]:
    """Return what is left of the courses of class groups; frozen hours count."""
    found = {group.course_id: [lot for lot in lots if lot.course_id == group.course_id] for _, group in groups}
    return [
        Left(course_id, sum(lot.remaining_hundredths for lot in held), [lot.id for lot in held])
        for course_id, held in found.items()
    ]


def _names(tx: Tx, wanted: set[UUID]) -> dict[UUID, str]:
    if not wanted:
        return {}
    query = select(Course.id, Course.name).where(Course.institution_id == tx.institution_id, Course.id.in_(wanted))
    return {row.id: row.name for row in tx.execute(query.execution_options(**_PLANNED))}
