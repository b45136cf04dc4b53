"""What speaks against lessons at some times, and whether a person overrides it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.scheduling.actions import absences, overrides, resources, teachers
from services.scheduling.actions.plans import Plan
from services.scheduling.actions.resources import Want
from services.scheduling.models import Teacher
from services.scheduling.rules import loads
from services.scheduling.rules.availability import Place, is_available
from services.scheduling.rules.loads import Away, Taught, Travel
from services.scheduling.rules.regulations import Breach
from services.scheduling.rules.seats import is_room_too_small
from services.scheduling.rules.spans import Span
from shared.db import Tx
from shared.errors import Refused

Attendants = Callable[[Span], Collection[UUID]]


@dataclass(frozen=True, slots=True)
class Objection:
    """A rule that a lesson would break and that a person with the permission may override."""

    reason: str
    resource_id: UUID
    wanted_start_time: datetime
    # What is allowed, as "20:30", minutes or equipment, and where a regulation is written; empty where there is none.
    limit: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Staff:
    """What is known of the teachers of a plan over the weeks of its lessons."""

    places: Mapping[UUID, Sequence[Place]]
    exceptions: Mapping[UUID, Sequence[Away]]
    taught: Mapping[UUID, Sequence[Taught]]
    travel: Travel


def find(
    tx: Tx, plan: Plan, spans: Sequence[Span], *, attendants: Attendants, ignoring: Collection[UUID] = ()
) -> list[Objection]:
    """Return what speaks against lessons at these times, in order of time; `ignoring` are the lessons that move."""
    within = loads.weeks_around(spans, plan.campus.time_zone)
    staff = _staff(tx, plan, within, ignoring)
    blocks = absences.blocks(tx, [plan.room.id], within) if plan.room else {}
    found = []
    for span in spans:
        if plan.limits.closed(span):
            found.append(Objection("CAMPUS_CLOSED_DAY", plan.campus.id, span.start))
        found += [_against_law(plan, span, breach) for breach in plan.limits.breaches(span)]
        others = [other for other in spans if other != span]
        for teacher in plan.teachers:
            found += _of_teacher(plan, teacher, span, others, staff)
        found += _of_room(plan, span, len(attendants(span)), blocks)
    return found + _short_pauses(tx, plan, spans, attendants, ignoring)


def of_teachers(tx: Tx, plan: Plan, span: Span, *, ignoring: Collection[UUID] = ()) -> dict[UUID, list[Objection]]:
    """Return what speaks against each teacher of a plan at a time."""
    staff = _staff(tx, plan, loads.weeks_around([span], plan.campus.time_zone), ignoring)
    return {teacher.id: list(_of_teacher(plan, teacher, span, (), staff)) for teacher in plan.teachers}


def check(tx: Tx, plan: Plan, found: Sequence[Objection], override_reason: str) -> bool:
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
    overrides.check_allowed(tx, overrides.OF_LESSONS, plan.campus.id)
    return True


def _staff(tx: Tx, plan: Plan, within: Span, ignoring: Collection[UUID]) -> Staff:
    people = [teacher.id for teacher in plan.teachers]
    travel = absences.travel(tx, plan.campus.id) if people else {}
    limited = any(teacher.most_day_minutes or teacher.most_week_minutes for teacher in plan.teachers)
    return Staff(
        teachers.availabilities(tx, people),
        absences.exceptions(tx, people, within) if people else {},
        absences.taught(tx, people, within, ignoring) if limited or travel else {},
        travel,
    )


def _of_teacher(plan: Plan, teacher: Teacher, span: Span, others: Sequence[Span], staff: Staff) -> Iterator[Objection]:
    zone, campus_id = plan.campus.time_zone, plan.campus.id
    exceptions = staff.exceptions.get(teacher.id, ())
    if teachers.is_level_too_low(teacher, plan.course):
        needed = str(plan.course.required_teacher_level)
        yield Objection("TEACHER_LEVEL_TOO_LOW", teacher.id, span.start, limit=needed)
    if loads.is_away(exceptions, span):
        yield Objection("TEACHER_ABSENT", teacher.id, span.start)
    at_campus = not teacher.campus_ids or campus_id in teacher.campus_ids
    usual = is_available(staff.places[teacher.id], campus_id=campus_id, span=span, time_zone=zone)
    if not (at_campus and (usual or loads.is_extra(exceptions, span))):
        yield Objection("TEACHER_UNAVAILABLE", teacher.id, span.start)
    taken = staff.taught.get(teacher.id, ())
    most = loads.load_exceeded(
        [*(each.span for each in taken), *others],
        span,
        most_day_minutes=teacher.most_day_minutes,
        most_week_minutes=teacher.most_week_minutes,
        time_zone=zone,
    )
    if most is not None:
        yield Objection("TEACHER_OVERLOADED", teacher.id, span.start, limit=str(most))
    way = loads.way_too_short(taken, span, campus_id, staff.travel)
    if way is not None:
        yield Objection("TEACHER_TRAVEL_TOO_SHORT", teacher.id, span.start, limit=str(way))


def _of_room(plan: Plan, span: Span, student_count: int, blocks: Mapping[UUID, Sequence[Span]]) -> Iterator[Objection]:
    room = plan.room
    if room is None:
        return
    if is_room_too_small(room_capacity=room.capacity, student_count=student_count):
        yield Objection("ROOM_TOO_SMALL", room.id, span.start)
    missing = sorted(set(plan.course.equipment or ()) - set(room.equipment))
    if missing:
        yield Objection("ROOM_EQUIPMENT_MISSING", room.id, span.start, limit="、".join(missing))
    if any(each.overlaps(span) for each in blocks.get(room.id, ())):
        yield Objection("ROOM_BLOCKED", room.id, span.start)


def _against_law(plan: Plan, span: Span, breach: Breach) -> Objection:
    return Objection(breach.reason, plan.campus.id, span.start, breach.limit, breach.regulation.source)


def _short_pauses(
    tx: Tx,
    plan: Plan,
    spans: Sequence[Span],
    attendants: Attendants,
    ignoring: Collection[UUID],
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
