"""How much of the homework of a period is done, counted out of class records and submissions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.scheduling.actions import statistic_periods
from services.scheduling.rules import hours as rules
from services.scheduling.rules.homework import share
from services.scheduling.rules.hours import Asked
from shared import aliases
from shared.db import Tx

_KEYS = {
    "": "null::uuid",
    "student": "r.resource_id",
    "class_group": "r.class_group_id",
    "teacher": "p.teacher_id",
    "campus": "p.campus_id",
    "course": "p.course_id",
}
_LOCAL = "(k.lesson_start_time at time zone c.time_zone)"
_ONLY = {
    "campus_id": "p.campus_id = %(campus_id)s",
    "course_id": "p.course_id = %(course_id)s",
    "teacher_id": "p.teacher_id = %(teacher_id)s",
    "class_group_id": "r.class_group_id = %(class_group_id)s",
    "student_id": "r.resource_id = any (%(student_ids)s::uuid[])",
}
_LESSON = "join lesson l on l.institution_id = k.institution_id and l.id = k.lesson_id"
_STATEMENT = """
with p as (
  select k.id, k.lesson_id, k.campus_id, k.course_id, k.teacher_id, k.homework_due_time as due, {bucket} as start_date
  from class_record k join campus c on c.institution_id = k.institution_id and c.id = k.campus_id
  {lesson}
  where k.state = 'final' and k.homework <> '' and k.lesson_start_time >= %(since)s and k.lesson_start_time < %(until)s
    and {local}::date between %(first)s and %(last)s {led}),
fact as (
  select p.start_date, {key} as key, coalesce(s.state, 'open') as state, s.first_submit_time > p.due as late,
    p.due <= %(now)s as over, s.score * 10000.0 / nullif(s.score_highest, 0) as score
  from p join lesson_resource r on r.lesson_id = p.lesson_id and r.resource_kind = 'student' and r.state = 'live'
    and r.origin <> 'trial'
  left join homework_submission s on s.class_record_id = p.id and s.student_id = r.resource_id
  where {only})
select grouping(start_date) = 1, start_date::text, key::text, count(*),
  count(*) filter (where state in ('submitted', 'marked')),
  count(*) filter (where state in ('submitted', 'marked') and late),
  count(*) filter (where state = 'marked'), count(*) filter (where state = 'returned'),
  count(*) filter (where state = 'open' and over), count(*) filter (where state = 'open' and over is not true),
  count(score), floor(avg(score) + 0.5)
from fact group by grouping sets ((start_date, key), ()) order by 1, 2, 3 nulls first limit %(most)s"""


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts; completed, returned, missing and pending make up assigned. The mean score in basis points."""

    assigned: int
    completed: int
    late: int
    marked: int
    returned: int
    missing: int
    pending: int
    scored: int
    score: int | None

    @property
    def completion(self) -> int | None:
        """Return the completed of what is not pending, in basis points; None of nothing."""
        return share(self.completed, self.assigned - self.pending)


@dataclass(frozen=True, slots=True)
class Row:
    """The counts of one subject in one period; without a subject None."""

    start: date
    subject_id: UUID | None
    figures: Figures


def of(tx: Tx, asked: Asked) -> tuple[list[Row], Figures]:
    """Return the counts by period and subject, and those of all, for lessons of the days asked for.

    InvalidInput PERIOD_INVALID, Refused HOUR_STATISTICS_TOO_MANY.
    """
    rules.check(asked)
    values = statistic_periods.bounds(asked) | {"now": tx.now}
    if asked.student_id:
        values["student_ids"] = [str(each) for each in aliases.family(tx, asked.student_id)]
    led = statistic_periods.led(tx)
    statement = _STATEMENT.format(
        bucket=statistic_periods.bucket(asked, _LOCAL),
        local=_LOCAL,
        lesson=_LESSON if led else "",
        led=led,
        key=_KEYS[asked.dimension],
        only=" and ".join(["true", *(text for name, text in _ONLY.items() if getattr(asked, name))]),
    )
    found = tx.run(statement, values).all()
    statistic_periods.check_few(found)
    rows, total = [], Figures(0, 0, 0, 0, 0, 0, 0, 0, None)
    for is_total, start, key, *rest in found:
        figures = Figures(*(None if each is None else int(each) for each in rest))  # type: ignore[arg-type]
        if is_total:
            total = figures
        else:
            rows.append(Row(date.fromisoformat(start), UUID(key) if key else None, figures))
    return rows, total
