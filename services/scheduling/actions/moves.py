"""Moving lessons: to another time, room or teacher, with the students in them; one, or with its series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lianxiao.scheduling.v1.scheduling_events_pb2 import LessonMoved
from services.scheduling.actions import lesson_changes, lessons, objections, plans, resources, trials
from services.scheduling.actions.plans import Plan, Wish
from services.scheduling.actions.resources import ROOM, TEACHER, Claim, Want
from services.scheduling.models import Lesson
from services.scheduling.rules.scopes import ONE, shifted
from services.scheduling.rules.spans import Span, lesson_span
from shared.db import Tx
from shared.errors import Conflict, Refused
from shared.events import publish


@dataclass(frozen=True, slots=True)
class Target:
    """Where a lesson should go; without an end it keeps its length, without a room or teachers it keeps those."""

    start: datetime
    end: datetime | None = None
    room_id: UUID | None = None
    teacher_ids: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One lesson, locked, with the plan and time that it gets, and the students in it."""

    lesson: Lesson
    plan: Plan
    span: Span
    student_ids: Sequence[UUID]


def move(
    tx: Tx,
    lesson_id: UUID,
    *,
    start: datetime,
    end: datetime | None = None,
    room_id: UUID | None = None,
    teacher_ids: Sequence[UUID] = (),
    override_reason: str = "",
) -> Lesson:
    """Move one lesson; refusals as for `move_some`."""
    target = Target(start, end, room_id, teacher_ids)
    return move_some(tx, lesson_id, target, override_reason=override_reason)[0]


def move_some(
    tx: Tx,
    lesson_id: UUID,
    target: Target,
    *,
    scope: str = ONE,
    reason: str = "",
    override_reason: str = "",
    kind: str = "moved",
) -> list[Lesson]:
    """Move a lesson and as much of its series as the scope says, all or none; return them, that lesson first.

    Refusals: as for new lessons, LESSON_CANCELLED, LESSON_TAUGHT; Conflict LESSON_CHANGED when another change came in
    between.
    """
    anchor = lessons.get(tx, lesson_id)
    seen = lessons.in_scope(tx, anchor, scope)
    plans_of, locked = _held(tx, seen, dict.fromkeys((each.id for each in seen), target), anchor_id=lesson_id)
    return _carry_out(tx, _steps(tx, locked, plans_of, _along(locked, plans_of, target)), kind, reason, override_reason)


def move_each(
    tx: Tx, targets: Mapping[UUID, Target], *, reason: str, override_reason: str = "", kind: str = "moved"
) -> list[Lesson]:
    """Move lessons each to its own target, all or none; one may take the place that another one leaves.

    Refusals as for `move_some`.
    """
    seen = [lessons.get(tx, lesson_id) for lesson_id in sorted(targets)]
    plans_of, locked = _held(tx, seen, targets)
    spans = {each.id: _target_span(each, targets[each.id]) for each in locked}
    steps = _steps(tx, locked, plans_of, spans)
    _check_apart(steps)
    return _carry_out(tx, steps, kind, reason, override_reason)


def replace_teacher(tx: Tx, lesson_id: UUID, span: Span, *, leaving: UUID, coming: UUID, reason: str) -> Lesson:
    """Let one teacher take the place of another in a lesson that still has this time; nothing else changes.

    Refusals: SUBSTITUTE_LESSON_CHANGED, TEACHER_NOT_OF_LESSON, LESSON_CANCELLED, LESSON_TAUGHT, LESSON_CONFLICT, and
    whatever speaks against the teacher who comes; what was overridden for the lesson before stays so.
    """
    seen = lessons.get(tx, lesson_id)
    lessons.check_taught_by(seen, leaving)
    staff = [coming if each == leaving else each for each in seen.teacher_ids]
    target = Target(span.start, span.end, seen.room_id, staff)
    plans_of, locked = _held(tx, [seen], {lesson_id: target}, anchor_id=lesson_id)
    (step,) = steps = _steps(tx, locked, plans_of, {lesson_id: span})
    if Span(step.lesson.start_time, step.lesson.end_time) != span:
        raise Refused("SUBSTITUTE_LESSON_CHANGED", "the lesson has another time by now")
    resources.check_free(tx, [Want(coming, span)], ignoring=[lesson_id])
    against = objections.of_teachers(tx, step.plan, span, ignoring=[lesson_id])[coming]
    objections.check(tx, step.plan, against, "")
    return _changed(tx, steps, "substituted", reason)[0]


def _held(
    tx: Tx, seen: Sequence[Lesson], targets: Mapping[UUID, Target], *, anchor_id: UUID | None = None
) -> tuple[dict[UUID, Plan], list[Lesson]]:
    """Return the plans that lessons get and the lessons, with all locks, in the order given."""
    before = {each.id: _kept(each, anchor_id) for each in seen}
    planned = _planned(tx, seen, targets)
    locked = lessons.lock(tx, [each.id for each in seen])
    for each in locked.values():
        if before[each.id] != _kept(each, anchor_id):
            raise Conflict("LESSON_CHANGED", "somebody changed the lesson just now; look again")
        lessons.check_changeable(tx, each)
    return planned, [locked[each.id] for each in seen]


def _carry_out(tx: Tx, steps: Sequence[Step], kind: str, reason: str, override_reason: str) -> list[Lesson]:
    _check(tx, steps, override_reason)
    return _changed(tx, steps, kind, reason or override_reason)


def _changed(tx: Tx, steps: Sequence[Step], kind: str, reason: str) -> list[Lesson]:
    """Do what was checked, and keep it."""
    facts = {step.lesson.id: lesson_changes.facts(step.lesson) for step in steps}
    _apply(tx, steps)
    changed = [step.lesson for step in steps]
    lesson_changes.record(tx, kind, facts, changed, reason)
    return changed


def _kept(lesson: Lesson, anchor_id: UUID | None) -> tuple[object, ...]:
    """Return what must not change between the first look and the lock; the lesson itself may be moved meanwhile."""
    start = lesson.start_time if lesson.id != anchor_id else None
    return lesson.room_id, tuple(lesson.teacher_ids), tuple(lesson.class_group_ids), start


def _planned(tx: Tx, seen: Sequence[Lesson], targets: Mapping[UUID, Target]) -> dict[UUID, Plan]:
    """Return the plan of each lesson, and hold class groups, teachers and rooms of before and after."""
    resources.lock(tx, {group for each in seen for group in each.class_group_ids})
    known: dict[object, Plan] = {}
    found = {}
    for each in seen:
        wish = _wish(each, targets[each.id])
        key = (wish.room_id, tuple(wish.teacher_ids), tuple(each.class_group_ids), each.course_id, each.campus_id)
        if key not in known:
            known[key] = plans.resolve(tx, wish)
        found[each.id] = known[key]
    held = {key for each in seen for key in lessons.staff_and_room_ids(each)}
    resources.lock(tx, held | {key for plan in known.values() for key in plan.staff_and_room_ids})
    return found


def _wish(lesson: Lesson, target: Target) -> Wish:
    return Wish(
        campus_id=lesson.campus_id,
        course_id=lesson.course_id,
        class_group_ids=lesson.class_group_ids,
        teacher_ids=list(target.teacher_ids) or lesson.teacher_ids,
        room_id=target.room_id or lesson.room_id,
    )


def _along(locked: Sequence[Lesson], planned: Mapping[UUID, Plan], target: Target) -> dict[UUID, Span]:
    """Return where the lessons of a series go when the first of them goes to a target."""
    anchor = locked[0]
    old, new = Span(anchor.start_time, anchor.end_time), _target_span(anchor, target)
    found = {
        each.id: shifted(
            Span(each.start_time, each.end_time), old=old, new=new, time_zone=planned[each.id].campus.time_zone
        )
        for each in locked[1:]
    }
    return found | {anchor.id: new}


def _target_span(lesson: Lesson, target: Target) -> Span:
    length = lesson.end_time - lesson.start_time
    return lesson_span(target.start, target.end or target.start + length, 0)


def _steps(tx: Tx, locked: Sequence[Lesson], planned: Mapping[UUID, Plan], spans: Mapping[UUID, Span]) -> list[Step]:
    inside = lessons.students_in(tx, [each.id for each in locked])
    resources.lock(tx, {student for students in inside.values() for student in students})
    return [Step(each, planned[each.id], spans[each.id], inside[each.id]) for each in locked]


def _check_apart(steps: Sequence[Step]) -> None:
    """Refuse when two of the lessons would take the same person, class group or room at once."""
    taken: dict[UUID, list[Step]] = {}
    for step in sorted(steps, key=lambda each: each.span):
        for each in (*step.plan.group_ids, *step.plan.staff_and_room_ids, *step.student_ids):
            before = taken.setdefault(each, [])
            if before and before[-1].span.overlaps(step.span):
                raise Refused(
                    "LESSON_CONFLICT",
                    "two of the lessons would be there at once",
                    resource_id=str(each),
                    lesson_id=str(before[-1].lesson.id),
                    wanted_start_time=step.span.start.isoformat(),
                )
            before.append(step)


def _check(tx: Tx, steps: Sequence[Step], override_reason: str) -> None:
    moving = [step.lesson.id for step in steps]
    by_plan: dict[int, list[Step]] = {}
    for step in steps:
        by_plan.setdefault(id(step.plan), []).append(step)
    rules: set[str] = set()
    for group in by_plan.values():
        inside = {step.span: step.student_ids for step in group}
        spans = [step.span for step in group]
        found = objections.find(tx, group[0].plan, spans, attendants=inside.__getitem__, ignoring=moving)
        overridden = objections.check(tx, group[0].plan, found, override_reason)
        rules |= {each.reason for each in found}
        for step in group:
            step.lesson.override_reason = override_reason if overridden else ""
            step.lesson.override_by = tx.caller.subject_id if overridden else None
    if rules:
        tx.audit("lesson.override", "lesson", moving[0], rules=sorted(rules))
    wanted = [
        Want(each, step.span)
        for step in steps
        for each in (*step.plan.group_ids, *step.plan.staff_and_room_ids, *step.student_ids)
    ]
    resources.check_free(tx, wanted, ignoring=moving)


def _apply(tx: Tx, steps: Sequence[Step]) -> None:
    for step in steps:
        gone = set(lessons.staff_and_room_ids(step.lesson)) - set(step.plan.staff_and_room_ids)
        resources.release(tx, [step.lesson.id], resource_ids=gone)
    resources.retime(tx, {step.lesson.id: step.span for step in steps})
    for step in steps:
        _apply_one(tx, step)


def _apply_one(tx: Tx, step: Step) -> None:
    lesson, plan, span = step.lesson, step.plan, step.span
    old, old_start = set(lessons.staff_and_room_ids(lesson)), lesson.start_time
    teacher_ids = [teacher.id for teacher in plan.teachers]
    room_id = plan.room.id if plan.room else None
    kinds = dict.fromkeys(teacher_ids, TEACHER) | ({room_id: ROOM} if room_id else {})
    resources.claim(
        tx,
        [
            Claim(lesson.id, kind, each, span, campus_id=lesson.campus_id)
            for each, kind in kinds.items()
            if each not in old
        ],
    )
    if lesson.original_start_time is None and span.start != old_start:
        lesson.original_start_time = old_start
    lesson.start_time, lesson.end_time = span.start, span.end
    lesson.teacher_ids, lesson.teacher_id = teacher_ids, teacher_ids[0] if teacher_ids else None
    lesson.room_id = room_id
    lesson.seat_limit = plan.seat_limit(lesson.seats_taken)
    trials.move_with_lesson(tx, lesson)
    publish(
        tx,
        LessonMoved(
            lesson_id=str(lesson.id),
            campus_id=str(lesson.campus_id),
            old_start_time=old_start,
            start_time=span.start,
            end_time=span.end,
        ),
    )
