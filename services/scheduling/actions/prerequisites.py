"""Courses that a student should have had before joining a class group or waiting for a place in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from services.scheduling.actions import courses, overrides
from services.scheduling.models import ClassGroup, Membership, WaitingEntry
from services.scheduling.rules.prerequisites import Had, missing
from shared import aliases
from shared.db import Tx
from shared.errors import Refused

# Over all campuses: a student may have had a course anywhere.
_HAD = """
select w.student_id::text, c.id::text, c.total_lesson_hours_hundredths,
  (select count(*) from membership m join class_group g on g.id = m.class_group_id
    where m.student_id = w.any_id and g.course_id = c.id and g.stage = 'finished' and m.leave_reason = 'finished'),
  (select coalesce(sum(l.lesson_hours_hundredths), 0) from attendance a join lesson l on l.id = a.lesson_id
    join attendance_code k on k.code = a.code
    where a.student_id = w.any_id and a.course_id = c.id and a.state = 'confirmed' and k.counts_as_present)
from unnest(%(students)s::uuid[], %(ids)s::uuid[]) as w (student_id, any_id) cross join course c
where c.id = any (%(courses)s::uuid[])"""
_WAS_MEMBER = "select exists (select from membership where class_group_id = %(group)s and student_id = %(student)s)"


def check(
    tx: Tx,
    group: ClassGroup,
    row: Membership | WaitingEntry,
    override_reason: str,
    *,
    waited: WaitingEntry | None = None,
) -> None:
    """Refuse a new membership or a wait for one with PREREQUISITE_MISSING, or note on it who overrode what and why.

    Who was in the group before is not asked again, nor is one who `waited` since somebody overrode the same.
    """
    required = courses.get(tx, group.course_id).prerequisite_course_ids or []
    if not required or _was_member(tx, row):
        return
    found = lacking(tx, [row.student_id], required)[row.student_id]
    if not found:
        return
    row.missing_course_ids = found
    if not override_reason.strip() and waited is not None and set(found) <= set(waited.missing_course_ids or ()):
        row.override_reason, row.override_by = waited.override_reason, waited.override_by
        return
    if not override_reason.strip():
        raise Refused(
            "PREREQUISITE_MISSING",
            "the student has not had a course that this one builds on",
            course_id=str(found[0]),
            course_name=courses.get(tx, found[0]).name,
            missing_count=len(found),
        )
    overrides.check_allowed(tx, overrides.OF_CLASS_GROUPS, group.campus_id)
    row.override_reason, row.override_by = override_reason.strip(), tx.caller.subject_id
    tx.audit("class_group.override", row.__tablename__, row.id, rules=["PREREQUISITE_MISSING"])


def lacking(tx: Tx, student_ids: Iterable[UUID], required: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Return which of the required courses each student has not had, under any of their ids."""
    found: dict[UUID, dict[UUID, Had]] = {each: {} for each in student_ids}
    pairs = [(each, one) for each in found for one in aliases.family(tx, each)]
    for student, course, total, finished, attended in _had(tx, pairs, required):
        known = found[UUID(student)].get(UUID(course), Had(0, 0, total))
        found[UUID(student)][UUID(course)] = Had(
            known.finished_groups + finished, known.attended_hundredths + int(attended), total
        )
    return {each: missing(required, had) for each, had in found.items()}


def _had(
    tx: Tx, pairs: Collection[tuple[UUID, UUID]], required: Sequence[UUID]
) -> Sequence[tuple[str, str, int, int, int]]:
    values = {
        "students": [str(student) for student, _ in pairs],
        "ids": [str(one) for _, one in pairs],
        "courses": [str(each) for each in required],
    }
    with tx.across_campuses():
        return [(row[0], row[1], row[2], row[3], row[4]) for row in tx.run(_HAD, values)]


def _was_member(tx: Tx, row: Membership | WaitingEntry) -> bool:
    values = {"group": str(row.class_group_id), "student": str(row.student_id)}
    return bool(tx.run(_WAS_MEMBER, values).scalar_one())
