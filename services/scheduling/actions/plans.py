"""Who and what a lesson needs, loaded and checked, and what speaks against it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.scheduling.actions import campuses, class_groups, courses, regulations, resources, rooms, teachers
from services.scheduling.actions.resources import Want
from services.scheduling.models import Campus, ClassGroup, Course, Room, Teacher
from services.scheduling.rules.availability import is_available
from services.scheduling.rules.regulations import Breach, Limits
from services.scheduling.rules.seats import is_room_too_small, seat_limit
from services.scheduling.rules.spans import Span
from shared.db import Tx
from shared.errors import InvalidInput, NotAllowed, Refused

OVERRIDE = "lesson.override"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a caller asks for; empty parts are taken from the first class group."""

    campus_id: UUID
    course_id: UUID | None = None
    class_group_ids: Sequence[UUID] = ()
    student_ids: Sequence[UUID] = ()
    teacher_ids: Sequence[UUID] = ()
    room_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A wish with its rows; the main teacher comes first."""

    campus: Campus
    course: Course
    groups: list[ClassGroup]
    student_ids: list[UUID]
    teachers: list[Teacher]
    room: Room | None
    limits: Limits

    @property
    def group_ids(self) -> list[UUID]:
        """Class groups, as asked for."""
        return [group.id for group in self.groups]

    @property
    def staff_and_room_ids(self) -> list[UUID]:
        """Teachers and the room."""
        return [teacher.id for teacher in self.teachers] + ([self.room.id] if self.room else [])

    def seat_limit(self, student_count: int) -> int:
        """Seats of a lesson of this plan that has so many students."""
        capacity = self.room.capacity if self.room else None
        groups = [group.capacity for group in self.groups]
        return seat_limit(room_capacity=capacity, group_capacities=groups, student_count=student_count)


@dataclass(frozen=True, slots=True)
class Objection:
    """A rule that a lesson would break and that a person with the permission may override."""

    reason: str
    resource_id: UUID
    wanted_start_time: datetime
    # What a regulation allows, and where it is written; empty for other rules.
    limit: str = ""
    source: str = ""


def resolve(tx: Tx, wish: Wish) -> Plan:
    """Load what a wish names. Lock its class groups first where the answer will be acted on."""
    campus = campuses.get(tx, wish.campus_id)
    groups = class_groups.in_order(tx, wish.class_group_ids)
    for group in groups:
        if group.campus_id != campus.id:
            raise InvalidInput("plan.class_group_ids", "a lesson takes place at the campus of its class groups")
    first = groups[0] if groups else None
    course_id = wish.course_id or (first.course_id if first else None)
    if course_id is None:
        raise InvalidInput("plan.course_id", "name a course or a class group")
    teacher_ids = wish.teacher_ids or ([first.teacher_id] if first and first.teacher_id else [])
    room_id = wish.room_id or (first.room_id if first else None)
    room = rooms.get(tx, room_id) if room_id else None
    if room is not None and room.campus_id != campus.id:
        raise InvalidInput("plan.room_id", "the room is at another campus")
    if not groups and not teacher_ids:
        raise InvalidInput("plan.teacher_ids", "a lesson needs a teacher or a class group")
    course = courses.get(tx, course_id)
    staff = teachers.in_order(tx, teacher_ids)
    limits = regulations.limits(tx, campus, course)
    return Plan(campus, course, groups, list(wish.student_ids), staff, room, limits)


def check_active(plan: Plan) -> None:
    """Refuse to plan with what is out of use."""
    parts: list[tuple[str, Course | Room | Teacher]] = [("COURSE", plan.course)]
    parts += [("TEACHER", teacher) for teacher in plan.teachers]
    parts += [("ROOM", plan.room)] if plan.room else []
    for kind, part in parts:
        if not part.active:
            raise Refused(f"{kind}_INACTIVE", f"the {kind.lower()} is out of use", id=str(part.id))


def objections(
    tx: Tx,
    plan: Plan,
    spans: Sequence[Span],
    *,
    attendants: Callable[[Span], Collection[UUID]],
    ignoring: UUID | None = None,
) -> list[Objection]:
    """Return what speaks against lessons at these times, in order of time; `ignoring` is the lesson that moves."""
    found = []
    places = teachers.availabilities(tx, [teacher.id for teacher in plan.teachers])
    for span in spans:
        if plan.limits.closed(span):
            found.append(Objection("CAMPUS_CLOSED_DAY", plan.campus.id, span.start))
        found += [_against_law(plan, span, breach) for breach in plan.limits.breaches(span)]
        for teacher in plan.teachers:
            at_campus = not teacher.campus_ids or plan.campus.id in teacher.campus_ids
            free = is_available(
                places[teacher.id], campus_id=plan.campus.id, span=span, time_zone=plan.campus.time_zone
            )
            if not (at_campus and free):
                found.append(Objection("TEACHER_UNAVAILABLE", teacher.id, span.start))
        if plan.room and is_room_too_small(room_capacity=plan.room.capacity, student_count=len(attendants(span))):
            found.append(Objection("ROOM_TOO_SMALL", plan.room.id, span.start))
    return found + _short_pauses(tx, plan, spans, attendants, ignoring)


def _against_law(plan: Plan, span: Span, breach: Breach) -> Objection:
    return Objection(breach.reason, plan.campus.id, span.start, breach.limit, breach.regulation.source)


def _short_pauses(
    tx: Tx,
    plan: Plan,
    spans: Sequence[Span],
    attendants: Callable[[Span], Collection[UUID]],
    ignoring: UUID | None,
) -> list[Objection]:
    """Return the lessons that come too soon after or before another one of the same children."""
    ruled = [(span, rule) for span in spans if (rule := plan.limits.pause_rule(span))]
    wide = {span: Span(span.start - rule.pause, span.end + rule.pause) for span, rule in ruled}
    wants = [Want(each, wide[span]) for span, _ in ruled for each in (*plan.group_ids, *attendants(span))]
    beside: dict[datetime, list[Span]] = {}
    for each in resources.collisions(tx, wants, ignoring=ignoring):
        beside.setdefault(each.wanted_start_time, []).append(Span(each.start_time, each.end_time))
    found = []
    for span, rule in ruled:
        # What overlaps is a conflict, and named as one.
        others = [*beside.get(wide[span].start, ()), *(other for other in spans if other != span)]
        if any(wide[span].overlaps(other) and not span.overlaps(other) for other in others):
            found.append(_against_law(plan, span, Breach(rule)))
    return found


def check_objections(tx: Tx, plan: Plan, found: Sequence[Objection], override_reason: str) -> bool:
    """Refuse when something speaks against the plan, unless it is overridden; return whether it is.

    An override needs a reason and the permission lesson.override at the campus.
    """
    if not found:
        return False
    if not override_reason:
        first = found[0]
        raise Refused(
            first.reason,
            "this breaks a rule; it can be overridden with a reason",
            resource_id=str(first.resource_id),
            wanted_start_time=first.wanted_start_time.isoformat(),
            objection_count=len(found),
            limit=first.limit,
            source=first.source,
        )
    scope = tx.caller.scope(OVERRIDE)
    if scope is None or (scope.campuses is not None and plan.campus.id not in scope.campuses):
        raise NotAllowed("PERMISSION_MISSING", "your roles do not allow an override", permission=OVERRIDE)
    return True
