"""Syllabi: versions that are never changed, and which one a class group follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert, select

from services.scheduling.actions import class_groups, courses
from services.scheduling.models import ClassGroup, ClassGroupSyllabus, Syllabus, SyllabusPoint
from services.scheduling.rules import syllabi as rules
from services.scheduling.rules.syllabi import Draft
from shared.db import Tx
from shared.errors import InvalidInput, NotFound, Refused
from shared.ids import uuid7
from shared.listing import Field, Listing
from shared.tables import stamped

LISTING: Listing[Syllabus] = Listing(
    Syllabus,
    fields={
        "course_id": Field(Syllabus.course_id, sortable=False),
        "version": Field(Syllabus.version),
        "create_time": Field(Syllabus.create_time),
    },
)


@dataclass(frozen=True, slots=True)
class Edition:
    """A version with its points in order."""

    syllabus: Syllabus
    points: Sequence[SyllabusPoint]

    @property
    def point_ids(self) -> list[UUID]:
        """Return the ids that its points have in every version."""
        return [point.point_id for point in self.points]


def put(tx: Tx, course_id: UUID, drafts: Sequence[Draft], *, base_version: int, reason: str) -> Edition:
    """Make the next version of a course's syllabus.

    CHAIN_SCOPE_NEEDED, SYLLABUS_CHANGED when base_version is not the newest, InvalidInput SYLLABUS_POINT_UNKNOWN for
    an id of no earlier version or given twice.
    """
    tx.check_chain()
    courses.get(tx, course_id)
    present = _newest(tx, course_id)
    if base_version != (present.version if present else 0):
        raise _changed()
    given = [each.point_id for each in drafts if each.point_id]
    if len(given) != len(set(given)):
        raise unknown_point()
    check_points(tx, course_id, given)
    row = Syllabus(
        id=uuid7(), course_id=course_id, version=base_version + 1, reason=reason, staff_id=tx.caller.subject_id
    )
    with tx.translating({"uq_syllabus_version": _changed}):
        tx.session.add(row)
    points = [
        stamped(
            tx,
            syllabus_id=row.id,
            point_id=each.point_id or uuid7(),
            position=position,
            title=each.title.strip(),
            lesson_number=each.lesson_number,
            lesson_hours_hundredths=each.lesson_hours_hundredths,
        )
        for position, each in enumerate(drafts)
    ]
    tx.execute(insert(SyllabusPoint), points)
    return edition(tx, row)


def draft(tx: Tx, course_id: UUID, text: str) -> list[Draft]:
    """Return the points of pasted lines, those of the newest version under their ids; SYLLABUS_LINE_INVALID."""
    courses.get(tx, course_id)
    present = _newest(tx, course_id)
    before: dict[str, UUID] = {}
    for point in edition(tx, present).points if present else ():
        before.setdefault(point.title, point.point_id)
    return rules.keep_ids(rules.read_lines(text), before)


def get(tx: Tx, syllabus_id: UUID) -> Edition:
    """Return a version, or raise NotFound."""
    return edition(tx, tx.load(Syllabus, "syllabus", syllabus_id))


def newest(tx: Tx, course_id: UUID) -> Edition:
    """Return the newest version of a course, or raise NotFound."""
    found = _newest(tx, courses.get(tx, course_id).id)
    if found is None:
        raise NotFound("syllabus", course_id)
    return edition(tx, found)


def assign(tx: Tx, class_group_id: UUID, *, syllabus_id: UUID, reason: str) -> Edition:
    """Move a class group to a version of its course's syllabus; NotFound for either."""
    group = class_groups.get(tx, class_group_id, for_update=True)
    found = get(tx, syllabus_id)
    if found.syllabus.course_id != group.course_id:
        raise NotFound("syllabus", syllabus_id)
    row = ClassGroupSyllabus(
        id=uuid7(),
        campus_id=group.campus_id,
        class_group_id=class_group_id,
        syllabus_id=syllabus_id,
        reason=reason,
        staff_id=tx.caller.subject_id,
    )
    tx.session.add(row)
    tx.session.flush()
    return found


def of_group(tx: Tx, group: ClassGroup) -> Edition:
    """Return the version that a class group follows, or raise NotFound.

    It is the one that the group was moved to, else the newest from before the group, else the first: a new version
    changes nothing for groups that run.
    """
    moved = (
        select(Syllabus)
        .join(ClassGroupSyllabus, ClassGroupSyllabus.syllabus_id == Syllabus.id)
        .where(ClassGroupSyllabus.class_group_id == group.id)
        .order_by(ClassGroupSyllabus.create_time.desc(), ClassGroupSyllabus.id.desc())
        .limit(1)
    )
    of_course = select(Syllabus).where(Syllabus.course_id == group.course_id)
    before = of_course.where(Syllabus.create_time <= group.create_time).order_by(Syllabus.version.desc()).limit(1)
    first = of_course.order_by(Syllabus.version).limit(1)
    for wanted in (moved, before, first):
        found = tx.session.scalars(wanted).one_or_none()
        if found is not None:
            return edition(tx, found)
    raise NotFound("syllabus", group.course_id)


def edition(tx: Tx, row: Syllabus) -> Edition:
    """Return a version with its points."""
    wanted = select(SyllabusPoint).where(SyllabusPoint.syllabus_id == row.id).order_by(SyllabusPoint.position)
    return Edition(row, tx.session.scalars(wanted).all())


def check_points(tx: Tx, course_id: UUID, point_ids: Sequence[UUID]) -> None:
    """Raise InvalidInput SYLLABUS_POINT_UNKNOWN unless all stand in some version of the course's syllabus."""
    if not point_ids:
        return
    known = (
        select(SyllabusPoint.point_id)
        .join(Syllabus, Syllabus.id == SyllabusPoint.syllabus_id)
        .where(Syllabus.course_id == course_id, SyllabusPoint.point_id.in_(list(point_ids)))
    )
    if set(point_ids) - set(tx.execute(known).scalars()):
        raise unknown_point()


def unknown_point() -> InvalidInput:
    """Return the refusal of a point that the course does not have."""
    return InvalidInput("syllabus_point_id", "the course has no such point", "SYLLABUS_POINT_UNKNOWN")


def _newest(tx: Tx, course_id: UUID) -> Syllabus | None:
    row = Syllabus
    wanted = select(row).where(row.course_id == course_id).order_by(row.version.desc()).limit(1)
    return tx.session.scalars(wanted).one_or_none()


def _changed() -> Refused:
    return Refused("SYLLABUS_CHANGED", "somebody has changed the syllabus meanwhile; look at it again")
