"""What a run has to know of the timetable, read once, as plain facts for the engine's own process."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services.scheduling.actions import absences, regulations, rosters, student_times, students, teachers
from services.scheduling.actions import timetable_proposals as proposals
from services.scheduling.models import Campus, ClassGroup, Course, Lesson, Room, Teacher, TimetableRun
from services.scheduling.rules.loads import EXTRA
from services.scheduling.rules.regulations import Limits
from services.scheduling.rules.series import Slot, span_of
from services.scheduling.rules.timetabling.dated import Absence, as_weekly, is_most, pattern_dates
from services.scheduling.rules.timetabling.places import WeeklyPlace, first_date, weekly_pattern
from shared.db import Tx
from shared.wire_values import id_text

# Dates of a weekday that are asked whether the law allows a start: not all of them are holidays.
_WEEKS = 4
# What stands within the dates, less the lessons that the run may move. Ids and times only.
_BUSY = """
select distinct r.resource_id, r.campus_id, extract(isodow from r.start_time at time zone %(zone)s)::int as weekday,
  (extract(epoch from (r.start_time at time zone %(zone)s)::time) / 60)::int as start_minute,
  ceil(extract(epoch from r.end_time - r.start_time) / 60)::int as minutes
from lesson_resource r
where r.state = 'live' and r.start_time >= %(first)s and r.start_time < %(last)s
  and r.resource_id = any (%(ids)s::uuid[])
  and not exists (select from unnest(%(moving)s::uuid[]) as m (id) where m.id = r.lesson_id)"""


@dataclass(frozen=True, slots=True)
class Dated:
    """What teachers and rooms have on dates of the pattern, as weekly times in the run's zone."""

    #: Lessons that stay, [campus, weekday, start minute, minutes], by whom or what they hold.
    lessons: Mapping[UUID, list[list[Any]]]
    absences: Mapping[UUID, Absence]

    def busy(self) -> dict[str, list[list[int]]]:
        """Return the weekly times, [weekday, start minute, minutes], in which each is not to be had."""
        found = {str(key): [span for _, *span in some] for key, some in self.lessons.items()}
        for key, absence in self.absences.items():
            found.setdefault(str(key), []).extend(absence.blocked)
        return found


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
    olds, moving = _olds(tx, run, [group for group, _ in groups], sites)
    room_ids = [room.id for room in found_rooms]
    ids = {*taught, *room_ids, *(group.id for group, _ in groups)}
    ids |= {student_id for some in members.values() for student_id in some}
    dated = Dated(_lessons(tx, run, zone, ids, moving), _absences(tx, run, zone, list(taught), room_ids))
    ways = {way: minutes for campus_id in sites for way, minutes in absences.travel(tx, campus_id).items()}
    return {
        "weekdays": run.weekdays,
        "day_start_minute": run.day_start_minute,
        "day_end_minute": run.day_end_minute,
        "weights": run.weights,
        "preferred_times": run.preferred_times,
        "time_limit_seconds": run.time_limit_seconds,
        "improve_seconds": run.improve_seconds,
        "seed": int.from_bytes(run.id.bytes[-4:], "big") >> 1,
        "campuses": {str(key): _shift(run, zone, campus.time_zone) for key, campus in sites.items()},
        "travel": [[str(one), str(other), minutes] for (one, other), minutes in ways.items()],
        "rooms": [
            {"id": str(r.id), "campus": str(r.campus_id), "capacity": r.capacity, "equipment": r.equipment}
            for r in found_rooms
        ],
        "teachers": _teacher_facts(tx, taught, dated),
        "groups": _all_facts(tx, run, groups, members=members, olds=olds, sites=sites, taught=taught),
        "busy": dated.busy(),
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


def _teacher_facts(tx: Tx, taught: Mapping[UUID, Teacher], dated: Dated) -> list[dict[str, Any]]:
    ranges = teachers.availabilities(tx, list(taught))
    return [
        {
            "id": str(key),
            "campuses": [str(each) for each in teacher.campus_ids],
            "most_day_minutes": teacher.most_day_minutes,
            "most_week_minutes": teacher.most_week_minutes,
            "ranges": [
                [str(p.campus_id), p.range.weekday, p.range.start_minute, p.range.end_minute] for p in ranges[key]
            ],
            "styles": teacher.styles or [],
            "taught": dated.lessons.get(key, []),
            "missing": dated.absences[key].missing if key in dated.absences else [],
        }
        for key, teacher in taught.items()
    ]


def _olds(
    tx: Tx, run: TimetableRun, groups: Sequence[ClassGroup], sites: Mapping[UUID, Campus]
) -> tuple[dict[UUID, list[WeeklyPlace]], list[UUID]]:
    """Return the weekly places that each class group may leave, and the lessons there.

    As many as it wants, less the weekly lessons that a person planned for several class groups or teachers.
    """
    found: dict[UUID, list[WeeklyPlace]] = {}
    moving: list[UUID] = []
    for campus in sites.values():
        here = [group.id for group in groups if group.campus_id == campus.id]
        lessons: dict[UUID, list[Lesson]] = {}
        for lesson in proposals.coming_lessons(tx, run, here, campus.time_zone):
            lessons.setdefault(lesson.class_group_ids[0], []).append(lesson)
        for group_id in here:
            some = lessons.get(group_id, [])
            pattern = weekly_pattern(proposals.place_of(lesson, campus) for lesson in some)
            found[group_id] = pattern[: int(run.demands[str(group_id)]) or len(pattern)]
            moving += [lesson.id for lesson in some if proposals.place_of(lesson, campus) in found[group_id]]
    return found, moving


def _all_facts(
    tx: Tx,
    run: TimetableRun,
    groups: Sequence[tuple[ClassGroup, Course]],
    *,
    members: Mapping[UUID, Sequence[UUID]],
    olds: Mapping[UUID, Sequence[WeeklyPlace]],
    sites: Mapping[UUID, Campus],
    taught: Mapping[UUID, Teacher],
) -> list[dict[str, Any]]:
    law: dict[tuple[UUID, UUID], dict[str, Any]] = {}
    everybody = {each for some in members.values() for each in some}
    times, styles = _wishes(tx, everybody), students.wished_styles(tx, everybody)
    by_hand = _by_hand(tx, run, [group.id for group, _ in groups], sites)
    found = []
    for group, course in groups:
        campus, key = sites[group.campus_id], (group.campus_id, course.id)
        if key not in law:
            limits = regulations.limits(tx, campus, course)
            law[key] = {
                "unlawful": _unlawful(run, limits, course.lesson_minutes, campus.time_zone),
                "pause_minutes": _pause(run, limits, course.lesson_minutes, campus.time_zone),
                "teachers": [str(each.id) for each in taught.values() if _suits(each, campus.id, course)],
            }
        facts = _group_facts(run, group, course, olds[group.id], by_hand.get(group.id, 0))
        leader = taught.get(group.teacher_id) if group.teacher_id else None
        if leader is not None and teachers.is_level_too_low(leader, course):
            facts |= {"teacher": "", "teachers": []}
        mine = members.get(group.id, ())
        facts |= {"students": [str(each) for each in mine], "wishes": [times[each] for each in mine if each in times]}
        facts |= {"styles": [style for each in mine for style in styles.get(each, ())]}
        found.append(law[key] | facts)
    return found


def _wishes(tx: Tx, student_ids: Collection[UUID]) -> dict[UUID, list[list[Any]]]:
    """Return when students who said it can come, [weekday, start minute, end minute, liked]."""
    return {
        key: [[each.range.weekday, each.range.start_minute, each.range.end_minute, each.preferred] for each in said]
        for key, said in student_times.by_student(tx, student_ids).items()
        if said
    }


def _suits(teacher: Teacher, campus_id: UUID, course: Course) -> bool:
    here = not teacher.campus_ids or campus_id in teacher.campus_ids
    return here and teachers.can_teach(teacher, course) and not teachers.is_level_too_low(teacher, course)


def _by_hand(tx: Tx, run: TimetableRun, group_ids: Sequence[UUID], sites: Mapping[UUID, Campus]) -> dict[UUID, int]:
    """Return how many weekly lessons each class group has that a run leaves alone: merged and co-taught ones."""
    found: dict[UUID, int] = {}
    for campus in sites.values():
        weekly: dict[UUID, list[WeeklyPlace]] = {}
        for lesson in proposals.coming_lessons(tx, run, group_ids, campus.time_zone, by_hand=True):
            if lesson.campus_id == campus.id:
                for group_id in lesson.class_group_ids:
                    weekly.setdefault(group_id, []).append(proposals.place_of(lesson, campus))
        found |= {group_id: len(weekly_pattern(some)) for group_id, some in weekly.items()}
    return found


def _group_facts(
    run: TimetableRun, group: ClassGroup, course: Course, old: Sequence[WeeklyPlace], by_hand: int
) -> dict[str, Any]:
    wanted = max(0, (int(run.demands[str(group.id)]) or max(1, len(old) + by_hand)) - by_hand)
    return {
        "id": str(group.id),
        "campus": str(group.campus_id),
        "lesson_minutes": course.lesson_minutes,
        "lessons": max(wanted, len(old)),
        "teacher": str(group.teacher_id or ""),
        "room": str(group.room_id or ""),
        "equipment": course.equipment or [],
        "members": group.member_count,
        "kept": group.id in run.kept_class_group_ids,
        "old": [place.to_json() for place in old],
    }


def _days(run: TimetableRun, weekday: int) -> list[date]:
    first = run.start_date + timedelta(days=(weekday - run.start_date.isoweekday()) % 7)
    return [day for week in range(_WEEKS) if (day := first + timedelta(weeks=week)) <= run.end_date]


def _unlawful(run: TimetableRun, limits: Limits, minutes: int, time_zone: str) -> list[list[int]]:
    """Return the weekly starts, [weekday, minute], at which the law lets a course have no lesson on most dates."""
    if not limits.rules:
        return []
    found = []
    for weekday in run.weekdays:
        days = [day for day in _days(run, weekday) if not limits.days.day_off(day, keeps_breaks=limits.keeps_breaks)]
        for minute in range(run.day_start_minute - run.day_start_minute % 15, run.day_end_minute, 15):
            slot = Slot(weekday, time(minute // 60, minute % 60), minutes)
            broken = sum(bool(limits.breaches(span_of(day, slot, time_zone))) for day in days)
            if is_most(broken, len(days)):
                found.append([weekday, minute])
    return found


def _pause(run: TimetableRun, limits: Limits, minutes: int, time_zone: str) -> int:
    """Return the minutes that the children of a course have between lessons by law."""
    slot = Slot(run.start_date.isoweekday(), time(12), minutes)
    rule = limits.pause_rule(span_of(run.start_date, slot, time_zone))
    return rule.minutes if rule else 0


def _lessons(
    tx: Tx, run: TimetableRun, zone: str, ids: Collection[UUID], moving: Sequence[UUID]
) -> dict[UUID, list[list[Any]]]:
    within = proposals.period(tx, run, zone)
    parameters = {
        "zone": zone,
        "first": within.start,
        "last": within.end,
        "ids": [str(each) for each in sorted(ids)],
        "moving": [str(each) for each in moving],
    }
    found: dict[UUID, list[list[Any]]] = {}
    for row in tx.run(_BUSY, parameters):
        lesson = [id_text(row.campus_id), row.weekday, row.start_minute, row.minutes]
        found.setdefault(row.resource_id, []).append(lesson)
    return found


def _absences(
    tx: Tx, run: TimetableRun, zone: str, teacher_ids: Sequence[UUID], room_ids: Sequence[UUID]
) -> dict[UUID, Absence]:
    """Return when teachers are away and rooms closed on dates of the pattern."""
    within = proposals.period(tx, run, zone)
    away = absences.exceptions(tx, teacher_ids, within)
    spans = {key: [each.span for each in some if each.kind != EXTRA] for key, some in away.items()}
    dates = pattern_dates(first_date(run.start_date, tx.now, zone), run.end_date)
    taken = spans | dict(absences.blocks(tx, room_ids, within))
    return {key: as_weekly(some, dates, zone) for key, some in taken.items()}


def _shift(run: TimetableRun, zone: str, other: str) -> int:
    """Return the minutes to add to a local time of `other` to have it in `zone`, on the first day of the pattern."""
    noon = datetime.combine(run.start_date, time(12))
    offsets = [noon.replace(tzinfo=ZoneInfo(each)).utcoffset() or timedelta() for each in (zone, other)]
    return int((offsets[0] - offsets[1]).total_seconds()) // 60
