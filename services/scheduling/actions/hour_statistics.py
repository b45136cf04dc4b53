"""Lesson hours that were planned, taught and consumed, out of the rows that charges come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.scheduling.actions import attendance_codes, statistic_periods
from services.scheduling.rules import hours as rules
from services.scheduling.rules.hours import Asked, Figures
from shared import aliases
from shared.db import Tx

_LOCAL = "(l.start_time at time zone c.time_zone)"
# What a lesson, a seat in it and an attendance count for, by dimension.
_KEYS = {
    "": ("null::uuid", "null::uuid", "null::uuid"),
    "student": ("null::uuid", "r.resource_id", "a.student_id"),
    "class_group": ("p.class_group_id", "r.class_group_id", "a.class_group_id"),
    "teacher": ("p.teacher_id", "p.teacher_id", "p.teacher_id"),
    "campus": ("p.campus_id", "p.campus_id", "p.campus_id"),
    "course": ("p.course_id", "p.course_id", "p.course_id"),
}
_OF_LESSON = {
    "campus_id": "l.campus_id = %(campus_id)s",
    "course_id": "l.course_id = %(course_id)s",
    "teacher_id": "l.teacher_id = %(teacher_id)s",
    "class_group_id": statistic_periods.HELD.format("= %(class_group_id)s"),
    "student_id": statistic_periods.HELD.format("= any (%(student_ids)s::uuid[])"),
}
# Sums of each kind by period and subject, so that few rows are left to be put together.
_SEATS = """
select p.start_date, {key}, sum(p.hours), 0, 0, 0, 0, 0 from picked p
join lesson_resource r on r.lesson_id = p.id and r.resource_kind = 'student' and r.state = 'live'
  and r.origin <> 'trial' {only} group by 1, 2"""
# The same where nobody asks whose seats they are: lessons count their seats, trials among them.
_SEATS_OF_LESSONS = """
select p.start_date, {key}, sum(p.hours * p.seats_taken), 0, 0, 0, 0, 0 from picked p group by 1, 2
union all
select p.start_date, {key}, - sum(p.hours), 0, 0, 0, 0, 0 from picked p
join lesson_resource r on r.lesson_id = p.id and r.origin = 'trial' and r.state = 'live'
  and r.start_time >= %(since)s and r.start_time < %(until)s group by 1, 2"""
_ATTENDANCES = """
select p.start_date, {key}, 0, sum(case when a.code = any (%(present)s::text[]) then p.hours else 0 end),
  sum(a.charge_hundredths), 0, 0, 0 from picked p
join attendance a on a.lesson_id = p.id and a.state = 'confirmed' {only} group by 1, 2"""
_LESSONS = """
select p.start_date, {key}, 0, 0, 0, sum(p.hours),
  sum(case when p.roll_call_state = 'confirmed' then p.hours else 0 end), count(*) from picked p {only} group by 1, 2"""
_STATEMENT = """
with picked as (
  select l.id, l.campus_id, l.course_id, l.teacher_id, l.class_group_ids[1] as class_group_id,
    l.lesson_hours_hundredths as hours, l.roll_call_state, l.seats_taken, {bucket} as start_date
  from lesson l join campus c on c.institution_id = l.institution_id and c.id = l.campus_id
  where l.state = 'scheduled' and l.start_time >= %(since)s and l.start_time < %(until)s
    and {local}::date between %(first)s and %(last)s {of_lesson}),
fact (start_date, key, planned, taught, consumed, planned_lesson, taught_lesson, lessons) as ({facts})
select grouping(start_date) = 1, start_date::text, key::text, sum(planned), sum(taught), sum(consumed),
  sum(planned_lesson), sum(taught_lesson), sum(lessons)
from fact group by grouping sets ((start_date, key), ()) order by 1, 2, 3 nulls first limit %(most)s"""


@dataclass(frozen=True, slots=True)
class Row:
    """The sums of one subject in one period; without a subject None."""

    start: date
    subject_id: UUID | None
    figures: Figures


def of(tx: Tx, asked: Asked) -> tuple[list[Row], Figures]:
    """Return the sums by period and subject, and that of all.

    InvalidInput PERIOD_INVALID, Refused HOUR_STATISTICS_TOO_MANY.
    """
    rules.check(asked)
    values = statistic_periods.bounds(asked)
    values["present"] = [code.code for code in attendance_codes.by_code(tx).values() if code.counts_as_present]
    if asked.student_id:
        values["student_ids"] = [str(each) for each in aliases.family(tx, asked.student_id)]
    found = tx.run(_statement(asked, statistic_periods.led(tx)), values).all()
    statistic_periods.check_few(found)
    sums = [
        (is_total, start, key, Figures(*(int(each or 0) for each in rest))) for is_total, start, key, *rest in found
    ]
    total = next(figures for is_total, _, _, figures in sums if is_total)
    rows = [
        Row(date.fromisoformat(start), UUID(key) if key else None, figures)
        for is_total, start, key, figures in sums
        if not is_total
    ]
    return rows, total


def _statement(asked: Asked, led: str) -> str:
    """Return the statement for a kind of question; it is put together from constants."""
    lesson, seat, attendance = _KEYS[asked.dimension]
    own_seats = asked.is_by_student or asked.class_group_id or asked.dimension == "class_group"
    facts = [
        (_SEATS if own_seats else _SEATS_OF_LESSONS).format(
            key=seat, only=_only(asked, "r.class_group_id", "r.resource_id")
        ),
        _ATTENDANCES.format(key=attendance, only=_only(asked, "a.class_group_id", "a.student_id")),
    ]
    if not asked.is_by_student:
        of_group = "where p.class_group_id = %(class_group_id)s" if asked.class_group_id else ""
        facts.append(_LESSONS.format(key=lesson, only=of_group))
    return _STATEMENT.format(
        bucket=statistic_periods.bucket(asked, _LOCAL),
        local=_LOCAL,
        of_lesson="".join(f" and {text}" for name, text in _OF_LESSON.items() if getattr(asked, name)) + led,
        facts=" union all ".join(facts),
    )


def _only(asked: Asked, class_group: str, student: str) -> str:
    """Return the condition that holds a seat or an attendance to one class group and student."""
    held = f" and {class_group} = %(class_group_id)s" if asked.class_group_id else ""
    return held + (f" and {student} = any (%(student_ids)s::uuid[])" if asked.student_id else "")
