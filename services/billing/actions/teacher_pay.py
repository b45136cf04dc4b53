"""What teachers are paid: a month is computed whole, and only the difference to what stands is posted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

from services.billing.actions import ledger, rulebooks, splits
from services.billing.actions.settlement_runs import Period
from services.billing.rules import pay_plans as rules
from services.billing.rules import postings
from services.billing.rules.pay_plans import PayPlan, TaughtLesson
from services.billing.rules.splits import PAY, TEACHER, Part
from shared.db import Tx
from shared.errors import InvalidInput, Refused

MOST_LESSONS = 50_000
# No local midnight is further from that of UTC.
_FARTHEST = timedelta(hours=14)
# No lesson is older; the calendar of Python begins not long before.
_EARLIEST = date(2000, 1, 1)

_MARK = """
insert into pay_due (institution_id, id, create_time, update_time, teacher_id, start_date)
select %(institution)s, gen_random_uuid(), %(now)s, %(now)s, t.id, %(month)s from unnest(%(teachers)s::uuid[]) t (id)"""
_MARK_SINCE = """
insert into pay_due (institution_id, id, create_time, update_time, teacher_id, start_date)
select %(institution)s, gen_random_uuid(), %(now)s, %(now)s, teacher_id, month from (
  select distinct t.teacher_id,
    date_trunc('month', t.lesson_start_time at time zone coalesce(b.time_zone, %(zone)s))::date as month
  from (select teacher_id, campus_id, lesson_start_time from consumption
      where institution_id = %(institution)s and teacher_id is not null and lesson_start_time >= %(start)s
    union all select a.teacher_id, c.campus_id, a.lesson_start_time from lesson_assistant a join consumption c
        on c.institution_id = a.institution_id and c.lesson_id = a.lesson_id
      where a.institution_id = %(institution)s and a.lesson_start_time >= %(start)s) t
  left join campus b on b.institution_id = %(institution)s and b.id = t.campus_id) due"""
_DUE = "select id, teacher_id, start_date from pay_due order by id limit 1 for update skip locked"
_TAKE = "delete from pay_due where teacher_id = %(teacher)s and start_date = %(month)s"
_ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtextextended(%(institution)s::text || 'teacher_pay', 0))"
_OF_TEACHER = """
select lesson_id from consumption where institution_id = %(institution)s and teacher_id = %(teacher)s
  and lesson_start_time >= %(start)s and lesson_start_time < %(end)s
union select lesson_id from lesson_assistant where institution_id = %(institution)s and teacher_id = %(teacher)s
  and lesson_start_time >= %(start)s and lesson_start_time < %(end)s"""
_OF_ALL = """
select lesson_id from consumption where institution_id = %(institution)s
  and lesson_start_time >= %(start)s and lesson_start_time < %(end)s group by 1"""
# Who taught is who the last confirmation named: a substitute stands there instead of the regular teacher.
_LESSONS = """
with found as materialized ({}),
standing as materialized (
  select c.* from consumption c where c.institution_id = %(institution)s and c.state in ('consumed', 'uncovered')
    and c.lesson_id in (select lesson_id from found)),
figures as (
  select lesson_id, count(*) filter (where charge_hundredths > 0) as heads, sum(recognised_fen) as recognised_fen,
    max(lesson_hours_hundredths) as hours from standing group by lesson_id)
select distinct on (s.lesson_id) s.lesson_id, s.teacher_id, s.assistant_ids::text[] as assistant_ids, s.campus_id,
  s.course_id, s.lesson_start_time, f.hours, f.heads, f.recognised_fen
from standing s join figures f on f.lesson_id = s.lesson_id
order by s.lesson_id, s.create_time desc, s.id desc limit %(most)s"""
_STANDING = """
select id, source_id, campus_id, party_id, amount_fen, occur_time from split_row
where institution_id = %(institution)s and base = 'pay' and occur_time >= %(start)s and occur_time < %(end)s
  and (%(teacher)s::uuid is null or party_id = %(teacher)s)
order by create_time, row_number"""
_NUMBERS = """
select source_id, max(row_number) as number from split_row
where institution_id = %(institution)s and source_kind = 'pay' and source_id = any(%(lessons)s::uuid[])
group by source_id"""


class Place(NamedTuple):
    """A lesson at the campus in whose books its pay stands."""

    lesson_id: UUID
    campus_id: UUID


@dataclass(slots=True)
class _Paid:
    """What a teacher has for a lesson, when the lesson was, and the last row that gave it."""

    occur_time: datetime
    amount_fen: int = 0
    last_id: UUID | None = None


class Total(NamedTuple):
    """What a teacher got for a month and would have got; hours in hundredths."""

    teacher_id: UUID
    lesson_count: int
    hours_hundredths: int
    heads: int
    actual_fen: int
    preview_fen: int


@dataclass(slots=True)
class _Posting:
    lines: list[postings.Line] = field(default_factory=list)
    campus_id: UUID | None = None


def mark(tx: Tx, teacher_ids: Iterable[UUID], day: date) -> None:
    """Have the pay of teachers computed again for the month of a day."""
    values = {"teachers": [str(each) for each in teacher_ids], "month": day.replace(day=1)}
    if values["teachers"]:
        tx.run(_MARK, values | {"institution": tx.institution_id, "now": tx.now}, prepared=True)


def mark_since(tx: Tx, day: date) -> None:
    """Have all pay computed again for the months from that of a day on."""
    start = datetime.combine(max(day, _EARLIEST), time(), UTC) - _FARTHEST
    zone = rulebooks.TIME_ZONE
    tx.run(_MARK_SINCE, {"institution": tx.institution_id, "now": tx.now, "start": start, "zone": zone})


def step(tx: Tx) -> bool:
    """Compute one teacher's month that changed and post the difference; True when there may be more."""
    tx.run(_ONE_AT_A_TIME, {"institution": tx.institution_id}, prepared=True)
    due = tx.run(_DUE, prepared=True).one_or_none()
    if due is None:
        return False
    tx.run(_TAKE, {"teacher": due.teacher_id, "month": due.start_date}, prepared=True)
    books = rulebooks.load(tx)
    period = Period.of(due.start_date)
    lessons = _lessons(tx, books, period, due.teacher_id)
    wanted = rules.of_month(
        books.pay_plans, due.teacher_id, [each for each in lessons if _teaches(each, due.teacher_id)]
    )
    paid = _paid(tx, period, books, due.teacher_id)[due.teacher_id]
    _post(tx, due.id, due.teacher_id, wanted, paid)
    return True


def preview(tx: Tx, plan: PayPlan, day: date) -> list[Total]:
    """Return what the month of a day would have been for its teachers, had the plan held through it; changes nothing.

    Raises CHAIN_SCOPE_NEEDED, InvalidInput for a day to come, what `rules.check` refuses, and PAY_PREVIEW_TOO_LARGE
    above 50,000 lessons.
    """
    tx.check_chain()
    rules.check(plan)
    if not _EARLIEST <= day <= tx.now.date() + timedelta(days=1):
        raise InvalidInput("date", "choose a day of a month that has begun")
    books, period = rulebooks.load(tx), Period.of(day)
    lessons = _lessons(tx, books, period, None)
    if len(lessons) > MOST_LESSONS:
        text = f"more than {MOST_LESSONS} lessons in the month"
        raise Refused("PAY_PREVIEW_TOO_LARGE", text, found=len(lessons), most=MOST_LESSONS)
    plans = (*books.pay_plans, replace(plan, start_date=min(plan.start_date, period.start), end_date=None))
    by_teacher: defaultdict[UUID, list[TaughtLesson]] = defaultdict(list)
    for lesson in lessons:
        for teacher_id in lesson.teacher_ids:
            by_teacher[teacher_id].append(lesson)
    paid = _paid(tx, period, books, None)
    return [
        Total(
            teacher_id,
            len(by_teacher[teacher_id]),
            sum(lesson.hours_hundredths for lesson in by_teacher[teacher_id]),
            sum(lesson.heads for lesson in by_teacher[teacher_id]),
            sum(each.amount_fen for each in paid[teacher_id].values()),
            sum(each.amount_fen for each in rules.of_month(plans, teacher_id, by_teacher[teacher_id])),
        )
        for teacher_id in sorted(by_teacher.keys() | paid.keys())
    ]


def _teaches(lesson: TaughtLesson, teacher_id: UUID) -> bool:
    return teacher_id in lesson.teacher_ids


def _bounds(tx: Tx, period: Period, teacher_id: UUID | None) -> dict[str, object]:
    return {
        "institution": tx.institution_id,
        "teacher": teacher_id,
        "start": datetime.combine(period.start, time(), UTC) - _FARTHEST,
        "end": datetime.combine(period.end, time(), UTC) + _FARTHEST,
        "most": MOST_LESSONS + 1,
    }


def _lessons(tx: Tx, books: rulebooks.Rules, period: Period, teacher_id: UUID | None) -> list[TaughtLesson]:
    found = _OF_ALL if teacher_id is None else _OF_TEACHER
    rows = tx.run(_LESSONS.format(found), _bounds(tx, period, teacher_id))
    lessons = (
        TaughtLesson(
            lesson_id=row.lesson_id,
            main_id=row.teacher_id,
            assistant_ids=tuple(UUID(each) for each in row.assistant_ids),
            campus_id=row.campus_id,
            course_id=row.course_id,
            day=books.day(row.campus_id, row.lesson_start_time),
            start_time=row.lesson_start_time,
            hours_hundredths=row.hours,
            heads=row.heads,
            recognised_fen=int(row.recognised_fen),
        )
        for row in rows
    )
    return [lesson for lesson in lessons if period.start <= lesson.day < period.end]


def _paid(
    tx: Tx, period: Period, books: rulebooks.Rules, teacher_id: UUID | None
) -> defaultdict[UUID, dict[Place, _Paid]]:
    paid: defaultdict[UUID, dict[Place, _Paid]] = defaultdict(dict)
    for row in tx.run(_STANDING, _bounds(tx, period, teacher_id)):
        if not period.start <= books.day(row.campus_id, row.occur_time) < period.end:
            continue
        each = paid[row.party_id].setdefault(Place(row.source_id, row.campus_id), _Paid(row.occur_time))
        each.amount_fen += row.amount_fen
        if row.amount_fen > 0:
            each.last_id, each.occur_time = row.id, row.occur_time
    return paid


def _post(tx: Tx, due_id: UUID, teacher_id: UUID, wanted: Sequence[rules.Pay], paid: dict[Place, _Paid]) -> None:
    posting = _Posting()
    changes = list(_changes(teacher_id, wanted, paid))
    numbers = _numbers(tx, {place.lesson_id for place, *_ in changes})
    for place, occur_time, entry in changes:
        numbers[place.lesson_id] += 1
        values = splits.values(
            tx,
            [entry],
            source_kind=PAY,
            source_id=place.lesson_id,
            occur_time=occur_time,
            first_number=numbers[place.lesson_id],
        )
        tx.run(splits.ROWS_SQL, values)
        posting.lines += postings.teacher_pay(place.campus_id, teacher_id, entry.part.amount_fen)
        posting.campus_id = posting.campus_id or place.campus_id
    lines = postings.merge(posting.lines)
    if lines and posting.campus_id:
        day = rulebooks.load(tx).day(posting.campus_id, tx.now)
        ledger.post(tx, kind="teacher_pay", source_id=due_id, campus_id=posting.campus_id, lines=lines, post_date=day)


def _changes(
    teacher_id: UUID, wanted: Sequence[rules.Pay], paid: dict[Place, _Paid]
) -> Iterator[tuple[Place, datetime, splits.Entry]]:
    """Return what brings each lesson to its pay; lessons that are no longer the teacher's go back to nothing."""
    target = {Place(pay.lesson.lesson_id, pay.lesson.campus_id): pay for pay in wanted}
    for place in sorted(target.keys() | paid.keys()):
        pay, before = target.get(place), paid.get(place)
        amount = (pay.amount_fen if pay else 0) - (before.amount_fen if before else 0)
        if not amount:
            continue
        occur_time = pay.lesson.start_time if pay else paid[place].occur_time
        why = pay.explanation if pay else "the lesson is not paid to this teacher any more"
        if before and before.amount_fen:
            why = f"{why}; {before.amount_fen} fen before"
        part = Part(TEACHER, teacher_id, place.campus_id, amount, why)
        reverses = before.last_id if before and amount < 0 else None
        yield place, occur_time, splits.Entry(part, None, PAY, amount, reverses)


def _numbers(tx: Tx, lessons: Iterable[UUID]) -> defaultdict[UUID, int]:
    values = {"institution": tx.institution_id, "lessons": [str(each) for each in lessons]}
    return defaultdict(int, {row.source_id: row.number for row in tx.run(_NUMBERS, values)})
