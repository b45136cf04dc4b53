"""What a run has to know of the timetable, read once, as plain facts for the engine's own process."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services.scheduling.actions import regulations, rosters, teachers
from services.scheduling.actions import timetable_proposals as proposals
from services.scheduling.models import Campus, ClassGroup, Course, Lesson, Room, Teacher, TimetableRun
from services.scheduling.rules.regulations import Limits
from services.scheduling.rules.series import Slot, span_of
from services.scheduling.rules.timetabling.places import WeeklyPlace, first_date, weekly_pattern
from shared.db import Tx

# Dates of a weekday that are asked whether the law allows a start: not all of them are holidays.
_WEEKS = 4
# What stands within the dates, less the lessons that the run may move. Ids and times only.
_BUSY = """
select distinct r.resource_id, extract(isodow from r.start_time at time zone %(zone)s)::int as weekday,
  (extract(epoch from (r.start_time at time zone %(zone)s)::time) / 60)::int as start_minute,
  ceil(extract(epoch from r.end_time - r.start_time) / 60)::int as minutes
from lesson_resource r
where r.state = 'live' and r.start_time >= %(first)s and r.start_time < %(last)s
  and r.resource_id = any (%(ids)s::uuid[])
  and not exists (select from unnest(%(moving)s::uuid[]) as m (id) where m.id = r.lesson_id)"""


def take(tx: Tx, run: TimetableRun) -> dict[str, Any]:
    """Return the facts of a run; times are minutes of a week in the zone of its first campus."""
    sites = {campus.id: campus for campus in tx.session.scalars(select(Campus).where(Campus.id.in_(run.campus_ids)))}
    zone = sites[run.campus_ids[0]].time_zone
    groups = _groups(tx, run)
    taught = _teachers(tx, sites)
    found_rooms = list(
        tx.session.scalars(select(Room).where(Room.campus_id.in_(list(sites)), Room.active.is_(True)).order_by(Room.id))
    )
    members = rosters.students_of(tx, [group.id for group, _ in groups])
    present = _present(tx, run, [group for group, _ in groups], sites)
    moving = [lesson.id for lessons in present.values() for lesson in lessons]
    ids = {*taught, *(room.id for room in found_rooms), *(group.id for group, _ in groups)}
    ids |= {student_id for some in members.values() for student_id in some}
    busy = _busy(tx, run, zone, ids, moving)
    return {
        "weekdays": run.weekdays,
        "day_start_minute": run.day_start_minute,
        "day_end_minute": run.day_end_minute,
        "weights": run.weights,
        "time_limit_seconds": run.time_limit_seconds,
        "seed": int.from_bytes(run.id.bytes[-4:], "big") >> 1,
        "campuses": {str(key): _shift(run, zone, campus.time_zone) for key, campus in sites.items()},
        "rooms": [{"id": str(r.id), "campus": str(r.campus_id), "capacity": r.capacity} for r in found_rooms],
        "teachers": _teacher_facts(tx, taught),
        "groups": _all_facts(tx, run, groups, members=members, present=present, sites=sites),
        "busy": {str(key): value for key, value in busy.items()},
    }


def _groups(tx: Tx, run: TimetableRun) -> list[tuple[ClassGroup, Course]]:
    """Return the class groups with their courses; one that closed since then is left out."""
    ids = [UUID(each) for each in run.demands]
    wanted = (
        select(ClassGroup, Course)
        .join(Course, Course.id == ClassGroup.course_id)
        .where(ClassGroup.id.in_(ids), ClassGroup.state == "open")
        .order_by(ClassGroup.id)
    )
    return [(group, course) for group, course in tx.session.execute(wanted)]


def _teachers(tx: Tx, sites: Collection[UUID]) -> dict[UUID, Teacher]:
    wanted = select(Teacher).where(Teacher.active.is_(True)).order_by(Teacher.id)
    here = set(sites)
    return {each.id: each for each in tx.session.scalars(wanted) if not each.campus_ids or here & set(each.campus_ids)}


def _teacher_facts(tx: Tx, taught: Mapping[UUID, Teacher]) -> list[dict[str, Any]]:
    ranges = teachers.availabilities(tx, list(taught))
    return [
        {
            "id": str(key),
            "campuses": [str(each) for each in teacher.campus_ids],
            "skills": [[skill["subject"], skill["level"]] for skill in teacher.skills],
            "ranges": [
                [str(p.campus_id), p.range.weekday, p.range.start_minute, p.range.end_minute] for p in ranges[key]
            ],
        }
        for key, teacher in taught.items()
    ]


def _present(
    tx: Tx, run: TimetableRun, groups: Sequence[ClassGroup], sites: Mapping[UUID, Campus]
) -> dict[UUID, list[Lesson]]:
    """Return the lessons of the weekly pattern that each class group has now."""
    found: dict[UUID, list[Lesson]] = {group.id: [] for group in groups}
    for campus in sites.values():
        here = [group.id for group in groups if group.campus_id == campus.id]
        lessons: dict[UUID, list[Lesson]] = {}
        for lesson in proposals.coming_lessons(tx, run, here, campus.time_zone):
            lessons.setdefault(lesson.class_group_ids[0], []).append(lesson)
        for group_id, some in lessons.items():
            pattern = set(weekly_pattern(proposals.place_of(lesson, campus) for lesson in some))
            found[group_id] = [lesson for lesson in some if proposals.place_of(lesson, campus) in pattern]
    return found


def _all_facts(
    tx: Tx,
    run: TimetableRun,
    groups: Sequence[tuple[ClassGroup, Course]],
    *,
    members: Mapping[UUID, Sequence[UUID]],
    present: Mapping[UUID, Sequence[Lesson]],
    sites: Mapping[UUID, Campus],
) -> list[dict[str, Any]]:
    law: dict[tuple[UUID, UUID], list[list[int]]] = {}
    found = []
    for group, course in groups:
        campus, key = sites[group.campus_id], (group.campus_id, course.id)
        if key not in law:
            limits = regulations.limits(tx, campus, course)
            law[key] = _unlawful(run, limits, course.lesson_minutes, campus.time_zone)
        old = weekly_pattern(proposals.place_of(lesson, campus) for lesson in present[group.id])
        facts = _group_facts(run, group, course, members.get(group.id, ()), old)
        found.append(facts | {"unlawful": law[key]})
    return found


def _group_facts(
    run: TimetableRun, group: ClassGroup, course: Course, students: Iterable[UUID], old: Sequence[WeeklyPlace]
) -> dict[str, Any]:
    wanted = int(run.demands[str(group.id)]) or max(1, len(old))
    return {
        "id": str(group.id),
        "campus": str(group.campus_id),
        "lesson_minutes": course.lesson_minutes,
        "lessons": wanted,
        "subject": course.subject,
        "level": course.level,
        "teacher": str(group.teacher_id or ""),
        "room": str(group.room_id or ""),
        "members": group.member_count,
        "students": [str(each) for each in students],
        "kept": group.id in run.kept_class_group_ids,
        "old": [place.to_json() for place in old[:wanted]],
    }


def _unlawful(run: TimetableRun, limits: Limits, minutes: int, time_zone: str) -> list[list[int]]:
    """Return the weekly starts, [weekday, minute], at which the law lets no lesson of a course be."""
    if not limits.rules:
        return []
    found = []
    for weekday in run.weekdays:
        first = run.start_date + timedelta(days=(weekday - run.start_date.isoweekday()) % 7)
        days = [
            first + timedelta(weeks=week) for week in range(_WEEKS) if first + timedelta(weeks=week) <= run.end_date
        ]
        for minute in range(run.day_start_minute - run.day_start_minute % 15, run.day_end_minute, 15):
            slot = Slot(weekday, time(minute // 60, minute % 60), minutes)
            spans = [span_of(day, slot, time_zone) for day in days]
            if spans and all(limits.breaches(span) for span in spans):
                found.append([weekday, minute])
    return found


def _busy(
    tx: Tx, run: TimetableRun, zone: str, ids: Collection[UUID], moving: Sequence[UUID]
) -> dict[UUID, list[list[int]]]:
    """Return the weekly times that are taken, [weekday, start minute, minutes], by resource."""
    first = datetime.combine(first_date(run.start_date, tx.now, zone), time.min, ZoneInfo(zone))
    parameters = {
        "zone": zone,
        "first": first,
        "last": datetime.combine(run.end_date, time.min, ZoneInfo(zone)) + timedelta(days=1),
        "ids": [str(each) for each in sorted(ids)],
        "moving": [str(each) for each in moving],
    }
    found: dict[UUID, list[list[int]]] = {}
    for row in tx.run(_BUSY, parameters):
        found.setdefault(row.resource_id, []).append([row.weekday, row.start_minute, row.minutes])
    return found


def _shift(run: TimetableRun, zone: str, other: str) -> int:
    """Return the minutes to add to a local time of `other` to have it in `zone`, on the first day of the pattern."""
    noon = datetime.combine(run.start_date, time(12))
    offsets = [noon.replace(tzinfo=ZoneInfo(each)).utcoffset() or timedelta() for each in (zone, other)]
    return int((offsets[0] - offsets[1]).total_seconds()) // 60
