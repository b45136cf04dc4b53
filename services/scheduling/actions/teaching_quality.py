"""Indicators of teaching by teacher or class group, and the rows that each is made of, out of one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.scheduling.actions import attendance_codes, quality_thresholds, statistic_periods
from services.scheduling.rules import quality as rules
from services.scheduling.rules.hours import Asked
from services.scheduling.rules.quality import Threshold
from shared.db import Tx

_LOCAL = "(l.start_time at time zone c.time_zone)"
_OF_LESSON = {
    "campus_id": "l.campus_id = %(campus_id)s",
    "course_id": "l.course_id = %(course_id)s",
    "teacher_id": statistic_periods.HELD.format("= %(teacher_id)s"),
    "class_group_id": statistic_periods.HELD.format("= %(class_group_id)s"),
}
# Each row counts for 10000 basis points or for none, but for ratings, which are a share of the scale's highest.
_FACTS = {
    "attendance": """select p.*, a.student_id, a.class_group_id,
  case when a.code = any (%(present)s::text[]) then 10000 else 0 end
from picked p join attendance a on a.lesson_id = p.id and a.state = 'confirmed'""",
    "no_show": """select p.*, a.student_id, a.class_group_id,
  case when a.code = any (%(present)s::text[]) or a.notice_minutes is not null then 0 else 10000 end
from picked p join attendance a on a.lesson_id = p.id and a.state = 'confirmed'""",
    "late_start": """select p.id, p.campus_id, t.teacher_id, p.start_time, p.end_time, p.seats_taken, p.first_group,
  null::uuid, p.first_group, case when t.state = 'on_time' then 0 else 10000 end
from picked p join teacher_attendance t on t.lesson_id = p.id""",
    "late_roll_call": """select p.*, null::uuid, p.first_group,
  case when exists (select from roll_call_chase x where x.lesson_id = p.id) then 10000 else 0 end
from picked p where p.end_time <= %(now)s and p.seats_taken > 0""",
    "class_record": """select p.*, null::uuid, p.first_group,
  case when exists (select from class_record k where k.lesson_id = p.id and k.state = 'final') then 10000 else 0 end
from picked p where p.end_time <= %(now)s and p.seats_taken > 0""",
    "homework": """select p.*, r.resource_id, r.class_group_id,
  case when s.state in ('submitted', 'marked') then 10000 else 0 end
from picked p join class_record k on k.lesson_id = p.id and k.state = 'final' and k.homework <> ''
join lesson_resource r on r.lesson_id = p.id and r.resource_kind = 'student' and r.state = 'live'
  and r.origin <> 'trial'
left join homework_submission s on s.class_record_id = k.id and s.student_id = r.resource_id
where coalesce(s.state, 'open') <> 'open' or k.homework_due_time <= %(now)s""",
    "student_rating": """select p.*, m.student_id, r.class_group_id, m.rating * 10000 / m.rating_highest
from picked p join class_record k on k.lesson_id = p.id and k.state = 'final'
join student_remark m on m.class_record_id = k.id and m.rating > 0
left join lesson_resource r on r.lesson_id = p.id and r.resource_kind = 'student' and r.state = 'live'
  and r.origin <> 'trial' and r.resource_id = m.student_id""",
}
_BASE = """
with picked as (
  select l.id, l.campus_id, l.teacher_id, l.start_time, l.end_time, l.seats_taken, l.class_group_ids[1] as first_group
  from lesson l join campus c on c.institution_id = l.institution_id and c.id = l.campus_id
  where l.state = 'scheduled' and l.start_time >= %(since)s and l.start_time < %(until)s
    and {local}::date between %(first)s and %(last)s {of_lesson}),
fact (indicator, lesson_id, campus_id, teacher_id, start_time, end_time, seats_taken, first_group, student_id,
  class_group_id, value) as ({facts})"""
_FIGURES = """
select campus_id::text, {subject}::text, indicator, count(*), count(*) filter (where value = 10000),
  floor(avg(value) + 0.5) from fact where {only} group by 1, 2, 3 order by 1, 2, 3 limit %(most)s"""
_ROWS = """
select lesson_id::text, campus_id::text, teacher_id::text, class_group_id::text, student_id::text, start_time, value
from fact where {only} order by start_time, lesson_id, student_id, teacher_id limit %(most)s"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One indicator of a teacher or class group at a campus, on so many rows; with the threshold that holds."""

    campus_id: UUID
    subject_id: UUID
    indicator: str
    row_count: int
    hit_count: int
    basis_points: int
    threshold: Threshold | None

    @property
    def is_beyond(self) -> bool:
        """Say whether it is worse than the threshold."""
        return rules.is_beyond(self.indicator, self.basis_points, self.row_count, self.threshold)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One row that an indicator is made of: a student or teacher at a lesson, or a lesson."""

    lesson_id: UUID
    campus_id: UUID
    teacher_id: UUID | None
    class_group_id: UUID | None
    student_id: UUID | None
    lesson_start_time: datetime
    basis_points: int


def of(tx: Tx, asked: Asked) -> list[Figure]:
    """Return the indicators by campus and subject of `asked.dimension`, "teacher" or "class_group".

    InvalidInput PERIOD_INVALID, Refused HOUR_STATISTICS_TOO_MANY.
    """
    subject = f"{asked.dimension}_id"
    found = _run(tx, asked, rules.INDICATORS, _FIGURES, subject=subject)
    thresholds = quality_thresholds.live(tx)
    return [
        Figure(
            UUID(campus),
            UUID(key),
            indicator,
            rows,
            hits,
            int(mean),
            quality_thresholds.of(thresholds, UUID(campus), indicator),
        )
        for campus, key, indicator, rows, hits, mean in found
    ]


def evidence(tx: Tx, asked: Asked, indicator: str) -> list[Evidence]:
    """Return the rows that an indicator is made of; refusals of `of`."""
    return [
        Evidence(UUID(lesson), UUID(campus), _id(teacher), _id(group), _id(student), start, value)
        for lesson, campus, teacher, group, student, start, value in _run(
            tx, asked, [indicator], _ROWS, subject=f"{asked.dimension}_id"
        )
    ]


def _run(tx: Tx, asked: Asked, indicators: Any, end: str, *, subject: str) -> list[Any]:
    """Run a statement that is put together from constants."""
    rules.check(asked.first, asked.last, narrow=bool(asked.campus_id or asked.teacher_id or asked.class_group_id))
    values = statistic_periods.bounds(asked) | {"now": tx.now}
    values["present"] = [code.code for code in attendance_codes.by_code(tx).values() if code.counts_as_present]
    facts = [f"select '{each}', f.* from ({_FACTS[each]}) f" for each in indicators]  # noqa: S608 - constant texts
    statement = _BASE.format(
        local=_LOCAL,
        of_lesson="".join(f" and {text}" for name, text in _OF_LESSON.items() if getattr(asked, name))
        + statistic_periods.led(tx),
        facts=" union all ".join(facts),
    )
    only = [f"{subject} is not null"]
    only += [f"{name} = %({name})s" for name in ("teacher_id", "class_group_id") if getattr(asked, name)]
    found = tx.run(statement + end.format(subject=subject, only=" and ".join(only)), values).all()
    statistic_periods.check_few(found)
    return list(found)


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
