"""Teachers: who they are comes from org, what they can and when they can is kept here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, or_, select, update

from lianxiao.org.v1.org_events_pb2 import StaffChanged
from services.scheduling.actions import campuses, courses
from services.scheduling.models import Course, Teacher, TeacherAvailability
from services.scheduling.rules.availability import Place, Range, check_ranges
from services.scheduling.rules.levels import Level, check_levels, level_for
from shared.db import Tx
from shared.errors import NotFound
from shared.listing import Field, Listing, ListRequest, Page
from shared.tables import stamped
from shared.wire_values import id_text, optional_id

ROLE = "teacher"
LISTING: Listing[Teacher] = Listing(
    Teacher,
    fields={"display_name": Field(Teacher.display_name), "active": Field(Teacher.active)},
    default_order="display_name",
)


def get(tx: Tx, teacher_id: UUID, *, for_update: bool = False) -> Teacher:
    """Return a teacher, or raise NotFound; also while org's word about a new one is on its way."""
    return tx.load(Teacher, "teacher", teacher_id, for_update=for_update)


def page(tx: Tx, request: ListRequest, *, campus_id: UUID | None) -> Page[Teacher]:
    """Return one page of teachers, of one campus if wanted."""
    where = []
    if campus_id is not None:
        tx.check_campus(campus_id)
        where = [or_(Teacher.campus_ids.any_() == campus_id, Teacher.campus_ids == [])]
    return LISTING.page(tx, request, where)


def in_order(tx: Tx, teacher_ids: Sequence[UUID]) -> list[Teacher]:
    """Return teachers in the order of their ids; NotFound for the first that is not there."""
    if not teacher_ids:
        return []
    found = {each.id: each for each in tx.session.scalars(select(Teacher).where(Teacher.id.in_(teacher_ids)))}
    for teacher_id in teacher_ids:
        if teacher_id not in found:
            raise NotFound("teacher", teacher_id)
    return [found[teacher_id] for teacher_id in teacher_ids]


def of_campus(tx: Tx, campus_id: UUID, course: Course | None = None) -> list[Teacher]:
    """Return active teachers of a campus, only those who can teach a course if one is given."""
    here = or_(Teacher.campus_ids.any_() == campus_id, Teacher.campus_ids == [])
    rows = tx.session.scalars(select(Teacher).where(Teacher.active, here).order_by(Teacher.id)).all()
    return [row for row in rows if course is None or can_teach(row, course)]


def can_teach(teacher: Teacher, course: Course) -> bool:
    """Say whether a skill of a teacher covers a course."""
    return any(_covers(skill, course) for skill in teacher.skills)


def availabilities(tx: Tx, teacher_ids: Collection[UUID]) -> dict[UUID, list[Place]]:
    """Return the present weekly ranges of each teacher, over all campuses, in order."""
    places: dict[UUID, list[Place]] = {teacher_id: [] for teacher_id in teacher_ids}
    if not places:
        return places
    row = TeacherAvailability
    columns = (row.teacher_id, row.campus_id, row.weekday, row.start_minute, row.end_minute)
    wanted = select(*columns).where(row.teacher_id.in_(list(places)), row.replace_time.is_(None))
    for teacher_id, campus_id, weekday, start, end in tx.session.execute(
        wanted.order_by(row.campus_id, row.weekday, row.start_minute)
    ):
        places[teacher_id].append(Place(campus_id, Range(weekday, start, end)))
    return places


def changeable(tx: Tx, teacher_id: UUID) -> Teacher:
    """Return a teacher, locked; NotFound for who teaches at other campuses only."""
    teacher = get(tx, teacher_id, for_update=True)
    if tx.scope.campuses is not None and teacher.campus_ids and tx.scope.campuses.isdisjoint(teacher.campus_ids):
        raise NotFound("teacher", teacher_id)
    return teacher


def set_load(tx: Tx, teacher_id: UUID, *, most_day_minutes: int, most_week_minutes: int) -> Teacher:
    """Limit the minutes of lessons on a day and in a week; 0 for no limit. Lessons that stand stay."""
    teacher = changeable(tx, teacher_id)
    teacher.most_day_minutes = most_day_minutes or None
    teacher.most_week_minutes = most_week_minutes or None
    return teacher


def set_skills(tx: Tx, teacher_id: UUID, skills: Iterable[tuple[str, str]]) -> Teacher:
    """Replace the skills, pairs of subject and level code; NotFound as for `changeable`."""
    teacher = changeable(tx, teacher_id)
    teacher.skills = [{"subject": subject, "level": level} for subject, level in sorted(set(skills))]
    return teacher


def set_levels(tx: Tx, teacher_id: UUID, levels: Sequence[Level]) -> Teacher:
    """Replace the levels of a teacher; NotFound as for `changeable`, and for a course. InvalidInput."""
    check_levels(levels)
    teacher = changeable(tx, teacher_id)
    for each in levels:
        if each.course_id is not None:
            courses.get(tx, each.course_id)
    ordered = sorted((each.subject, id_text(each.course_id), each.level) for each in levels)
    teacher.levels = [{"subject": subject, "course_id": key, "level": level} for subject, key, level in ordered]
    return teacher


def set_styles(tx: Tx, teacher_id: UUID, styles: Iterable[str]) -> Teacher:
    """Replace the codes of how a teacher teaches; NotFound as for `changeable`."""
    teacher = changeable(tx, teacher_id)
    teacher.styles = sorted(set(styles))
    return teacher


def levels_of(teacher: Teacher) -> list[Level]:
    """Return the levels of a teacher."""
    return [Level(each["subject"], optional_id(each["course_id"]), each["level"]) for each in teacher.levels or ()]


def is_level_too_low(teacher: Teacher, course: Course) -> bool:
    """Say whether a course asks for a higher level than a teacher has in it."""
    has = level_for(levels_of(teacher), course_id=course.id, subject=course.subject)
    return has < (course.required_teacher_level or 0)


def set_availability(tx: Tx, teacher_id: UUID, *, campus_id: UUID, ranges: Sequence[Range]) -> Teacher:
    """Replace the weekly ranges of a teacher at one campus; the old ones stay as history."""
    campuses.get(tx, campus_id)
    check_ranges(ranges)
    teacher = get(tx, teacher_id, for_update=True)
    row = TeacherAvailability
    present = (row.teacher_id == teacher_id, row.campus_id == campus_id, row.replace_time.is_(None))
    tx.execute(update(row).where(*present).values(replace_time=tx.now, update_time=tx.now))
    if ranges:
        tx.execute(
            insert(row),
            [
                stamped(
                    tx,
                    teacher_id=teacher_id,
                    campus_id=campus_id,
                    weekday=each.weekday,
                    start_minute=each.start_minute,
                    end_minute=each.end_minute,
                    replace_time=None,
                )
                for each in ranges
            ],
        )
    return teacher


def project(tx: Tx, event: StaffChanged) -> None:
    """Keep what org says about staff who teach, or did."""
    teacher_id = UUID(event.staff_id)
    roles = [role for role in event.roles if role.role == ROLE]
    teacher = tx.session.get(Teacher, (tx.institution_id, teacher_id))
    if teacher is None:
        if not roles:
            return
        teacher = Teacher(id=teacher_id, skills=[])
        tx.session.add(teacher)
    teacher.display_name = event.display_name
    teacher.active = event.active and bool(roles)
    everywhere = any(not role.campus_ids for role in roles)
    named = {UUID(campus_id) for role in roles for campus_id in role.campus_ids}
    teacher.campus_ids = [] if everywhere else sorted(named)


def _covers(skill: dict[str, Any], course: Course) -> bool:
    return skill["subject"] == course.subject and skill["level"] in {"", course.level}
