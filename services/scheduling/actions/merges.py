"""Merged classes: one lesson takes the class groups of another one in, and gives them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from lianxiao.scheduling.v1.scheduling_events_pb2 import LessonCancelled, LessonsMerged, LessonsSplit
from services.scheduling.actions import (
    lesson_changes,
    lessons,
    makeup_entitlements,
    objections,
    plans,
    resources,
    rosters,
    timetable,
    trials,
)
from services.scheduling.actions.plans import Plan, Wish
from services.scheduling.actions.resources import CLASS_GROUP, STUDENT, Claim, Want
from services.scheduling.actions.rosters import Roster
from services.scheduling.models import Lesson, LessonResource
from services.scheduling.rules.spans import Span
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.events import publish


@dataclass(frozen=True, slots=True)
class Inside:
    """How somebody is in a lesson."""

    student_id: UUID
    origin: str
    class_group_id: UUID | None


def merge(tx: Tx, lesson_id: UUID, other_id: UUID, *, reason: str, override_reason: str = "") -> Lesson:
    """Let a lesson take in the class groups, students and trials of another one, which is cancelled meanwhile.

    Refusals: InvalidInput for lessons of two campuses or courses, LESSON_CANCELLED, LESSON_TAUGHT, LESSON_CONFLICT,
    ROOM_TOO_SMALL, and LESSON_FULL when the students of both do not fit into the places of the class groups.
    """
    seen = [lessons.get(tx, each) for each in (lesson_id, other_id)]
    if lesson_id == other_id:
        raise InvalidInput("other_lesson_id", "name two lessons")
    groups = list(dict.fromkeys(key for each in seen for key in each.class_group_ids))
    resources.lock(tx, groups)
    resources.lock(tx, {key for each in seen for key in lessons.staff_and_room_ids(each)})
    locked = lessons.lock(tx, [lesson_id, other_id])
    host, guest = locked[lesson_id], locked[other_id]
    _check_alike(host, guest)
    for each in (host, guest):
        lessons.check_changeable(tx, each)
    inside = _inside(tx, [host.id, guest.id])
    coming = [each for key, each in inside[guest.id].items() if key not in inside[host.id]]
    plan = plans.resolve(tx, _wish(host, groups))
    everybody = {*inside[host.id], *inside[guest.id]}
    resources.lock(tx, everybody)
    _check(tx, plan, host, guest, everybody=everybody, override_reason=override_reason)
    before = {each.id: lesson_changes.facts(each) for each in (host, guest)}
    _take_in(tx, host, guest, coming=coming, plan=plan, reason=reason)
    lesson_changes.record(tx, "merged", before, [host, guest], reason)
    return host


def split(tx: Tx, other_id: UUID, *, reason: str, override_reason: str = "") -> Lesson:
    """Give a lesson that another one took in its class groups back, at its own time; return it.

    Trials and make-ups stay where they were taken. Refusals: LESSON_NOT_MERGED, LESSON_TAUGHT, and as for a new lesson.
    """
    seen = lessons.get(tx, other_id)
    if seen.merged_into_id is None:
        raise Refused("LESSON_NOT_MERGED", "no other lesson has taken this one in")
    host = lessons.get(tx, seen.merged_into_id)
    resources.lock(tx, {*seen.class_group_ids, *host.class_group_ids})
    plan = plans.resolve(tx, _wish(seen, seen.class_group_ids))
    resources.lock(tx, [*plan.staff_and_room_ids, *lessons.staff_and_room_ids(host)])
    locked = lessons.lock(tx, [other_id, host.id])
    guest, host = locked[other_id], locked[host.id]
    if guest.merged_into_id != host.id:
        raise Refused("LESSON_NOT_MERGED", "no other lesson has taken this one in")
    lessons.check_changeable(tx, host)
    before = {each.id: lesson_changes.facts(each) for each in (host, guest)}
    _give_back(tx, host, guest, plan, override_reason)
    lesson_changes.record(tx, "split", before, [host, guest], reason)
    return guest


def _check_alike(host: Lesson, guest: Lesson) -> None:
    if (host.campus_id, host.course_id) != (guest.campus_id, guest.course_id):
        raise InvalidInput("other_lesson_id", "lessons of one campus and one course can be merged")


def _wish(lesson: Lesson, groups: Sequence[UUID]) -> Wish:
    return Wish(
        campus_id=lesson.campus_id,
        course_id=lesson.course_id,
        class_group_ids=groups,
        teacher_ids=lesson.teacher_ids,
        room_id=lesson.room_id,
    )


def _inside(tx: Tx, lesson_ids: Sequence[UUID]) -> dict[UUID, dict[UUID, Inside]]:
    row = LessonResource
    live = (row.lesson_id.in_(lesson_ids), row.resource_kind == STUDENT, row.state == "live")
    columns = (row.lesson_id, row.resource_id, row.origin, row.class_group_id)
    found: dict[UUID, dict[UUID, Inside]] = {lesson_id: {} for lesson_id in lesson_ids}
    for lesson_id, *one in tx.execute(select(*columns).where(*live).order_by(row.id)):
        found[lesson_id][one[0]] = Inside(*one)
    return found


def _check(tx: Tx, plan: Plan, host: Lesson, guest: Lesson, *, everybody: set[UUID], override_reason: str) -> None:
    span, both = Span(host.start_time, host.end_time), [host.id, guest.id]
    found = objections.find(tx, plan, [span], attendants=lambda _: everybody, ignoring=both)
    if objections.check(tx, plan, found, override_reason):
        host.override_reason, host.override_by = override_reason, tx.caller.subject_id
        tx.audit("lesson.override", "lesson", host.id, rules=sorted({each.reason for each in found}))
    limit = plan.seat_limit(len(everybody))
    if len(everybody) > limit:
        raise Refused("LESSON_FULL", "the class groups have fewer places", lesson_id=str(host.id), seat_limit=limit)
    wanted = [Want(each, span) for each in (*plan.group_ids, *everybody)]
    resources.check_free(tx, wanted, ignoring=both)


def _take_in(tx: Tx, host: Lesson, guest: Lesson, *, coming: Sequence[Inside], plan: Plan, reason: str) -> None:
    span = Span(host.start_time, host.end_time)
    resources.let_go(tx, guest.id)
    guest.state, guest.cancel_reason, guest.merged_into_id = "cancelled", reason, host.id
    fresh = [key for key in plan.group_ids if key not in host.class_group_ids]
    claims = [Claim(host.id, CLASS_GROUP, key, span) for key in fresh]
    claims += [Claim(host.id, STUDENT, one.student_id, span, one.origin, one.class_group_id) for one in coming]
    resources.claim(tx, claims)
    host.class_group_ids = plan.group_ids
    host.seats_taken += len(coming)
    host.seat_limit = plan.seat_limit(host.seats_taken)
    tx.session.flush()
    trials.move_with_lesson(tx, guest, to=host)
    makeup_entitlements.move_into(tx, guest, host)
    publish(tx, LessonCancelled(lesson_id=str(guest.id), campus_id=str(guest.campus_id), reason=reason))
    publish(
        tx,
        LessonsMerged(
            lesson_id=str(host.id),
            merged_lesson_id=str(guest.id),
            campus_id=str(host.campus_id),
            class_group_ids=[str(key) for key in host.class_group_ids],
            start_time=host.start_time,
        ),
    )


def _give_back(tx: Tx, host: Lesson, guest: Lesson, plan: Plan, override_reason: str) -> None:
    span, both = Span(guest.start_time, guest.end_time), [host.id, guest.id]
    inside = _inside(tx, [host.id])[host.id]
    assigned = lessons.cancelled_with(tx, guest.id)
    roster = rosters.load(tx, plan.group_ids, [span], assigned)
    back = roster.at(span.start)
    resources.lock(tx, back)
    found = objections.find(tx, plan, [span], attendants=lambda _: back, ignoring=both)
    overridden = objections.check(tx, plan, found, override_reason)
    if overridden:
        tx.audit("lesson.override", "lesson", guest.id, rules=sorted({each.reason for each in found}))
    leaving = _leaving(host, guest, inside, back)
    resources.check_free(tx, [Want(each, span) for each in (*plan.group_ids, *plan.staff_and_room_ids, *back)],
                         ignoring=both)  # fmt: skip
    resources.release(tx, [host.id], resource_ids=[*leaving, *_only_theirs(host, guest)])
    host.class_group_ids = [key for key in host.class_group_ids if key not in _only_theirs(host, guest)]
    host.seats_taken -= len(leaving)
    host.seat_limit = plans.resolve(tx, _wish(host, host.class_group_ids)).seat_limit(host.seats_taken)
    tx.session.flush()
    _revive(tx, guest, plan, roster, override_reason if overridden else "")
    publish(
        tx,
        LessonsSplit(lesson_id=str(host.id), split_lesson_id=str(guest.id), campus_id=str(host.campus_id)),
    )


def _only_theirs(host: Lesson, guest: Lesson) -> list[UUID]:
    return [key for key in host.class_group_ids if key in guest.class_group_ids]


def _leaving(
    host: Lesson, guest: Lesson, inside: Mapping[UUID, Inside], back: Mapping[UUID, UUID | None]
) -> list[UUID]:
    theirs = set(_only_theirs(host, guest))
    return [
        key for key, one in inside.items() if one.class_group_id in theirs or (one.origin == "assigned" and key in back)
    ]


def _revive(tx: Tx, guest: Lesson, plan: Plan, roster: Roster, override_reason: str) -> None:
    back = roster.at(guest.start_time)
    guest.state, guest.cancel_reason, guest.merged_into_id = "scheduled", "", None
    guest.override_reason = override_reason
    guest.override_by = tx.caller.subject_id if override_reason else None
    guest.seats_taken, guest.seat_limit = len(back), plan.seat_limit(len(back))
    resources.claim(tx, timetable.claims_of(plan, guest, roster))
    publish(tx, timetable.scheduled(guest))
