"""Which lots would have paid for the lessons of a period of the past under a policy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from services.billing.actions import rulebooks
from services.billing.rules import lot_policies, lot_previews
from services.billing.rules.lot_previews import Lesson, Preview, Taken
from services.billing.rules.lots import LotState
from shared.aliases import FAMILY_SQL
from shared.db import Tx
from shared.errors import InvalidInput, Refused

MOST_DAYS = 92
MOST_LESSONS = 50_000
# No local midnight is further from that of UTC.
_FARTHEST = timedelta(hours=14)

# Lessons of the same students at other campuses and in other courses draw on the same lots.
_LESSONS = f"""
with hit as (select distinct student_id from consumption where institution_id = %(institution)s
    and state in ('consumed', 'uncovered') and lesson_start_time >= %(start)s and lesson_start_time < %(end)s
    and (%(course)s::uuid is null or course_id = %(course)s) and (%(campus)s::uuid is null or campus_id = %(campus)s)),
  child as (select distinct f.id,
      min(f.id::text) over (partition by h.student_id)::uuid as one_id
    from hit h cross join lateral (select id from {FAMILY_SQL.format(id="h.student_id")} g) f)
select c.id, child.one_id as student_id, c.course_id, c.campus_id, c.lesson_start_time, c.charge_hundredths,
  coalesce(jsonb_agg(jsonb_build_array(e.lot_id, e.hundredths, e.amount_fen, e.explanation))
    filter (where e.id is not null), '[]') as taken
from consumption c join child on child.id = c.student_id
left join lot_entry e on e.institution_id = c.institution_id and e.source_id = c.id and e.kind = 'consume'
  and c.state = 'consumed'
where c.institution_id = %(institution)s and c.state in ('consumed', 'uncovered')
  and c.lesson_start_time >= %(start)s and c.lesson_start_time < %(end)s
group by c.id, child.one_id, c.course_id, c.campus_id, c.lesson_start_time, c.charge_hundredths
limit %(most)s"""  # noqa: S608 - constant texts
_LOTS = f"""
select s.id as one_id, l.id, l.kind, l.quantity_hundredths, l.remaining_hundredths, l.total_fen, l.released_fen,
  l.start_date, l.expire_date, l.contract_time, l.order_id, l.campus_id, l.advisor_id, l.channel, l.freeze_date,
  l.partner_id, l.sales_form, l.allocation, l.course_id
from unnest(%(students)s::uuid[]) s (id)
cross join lateral (select id from {FAMILY_SQL.format(id="s.id")} g) f
join lot l on l.institution_id = %(institution)s and l.student_id = f.id"""  # noqa: S608 - constant texts


def preview(tx: Tx, policy: lot_policies.LotPolicy, start: date, end: date) -> Preview:
    """Return what [start, end) would have been under a policy, had it held through it; local days of each campus.

    Needs the whole chain, because lots of every campus may pay. Raises CHAIN_SCOPE_NEEDED, DATES_REVERSED,
    LOT_PREVIEW_TOO_LARGE above 92 days or 50,000 lessons, and what is wrong with the policy.
    """
    tx.check_chain()
    lot_policies.check(policy)
    if end <= start:
        raise InvalidInput("end_date", "the last day is before the first", reason="DATES_REVERSED")
    if (end - start).days > MOST_DAYS:
        found = (end - start).days
        raise InvalidInput("end_date", "the period is too long", "LOT_PREVIEW_TOO_LARGE", found=found, most=MOST_DAYS)
    rules = rulebooks.load(tx)
    lessons = [each for each in _lessons(tx, rules, policy, start, end) if start <= each.day < end]
    lots = _lots(tx, {lesson.student_id for lesson in lessons})
    return lot_previews.replay(policy, rules.policies, lessons, lots, start)


def _lessons(
    tx: Tx, rules: rulebooks.Rules, policy: lot_policies.LotPolicy, start: date, end: date
) -> Sequence[Lesson]:
    values = {
        "institution": tx.institution_id,
        "start": datetime.combine(start, time(), UTC) - _FARTHEST,
        "end": datetime.combine(end, time(), UTC) + _FARTHEST,
        "course": policy.course_id,
        "campus": policy.campus_id,
        "most": MOST_LESSONS + 1,
    }
    rows = tx.run(_LESSONS, values).all()
    if len(rows) > MOST_LESSONS:
        text = f"more than {MOST_LESSONS} lessons in the period: choose a shorter one"
        raise Refused("LOT_PREVIEW_TOO_LARGE", text, found=len(rows), most=MOST_LESSONS)
    return [_lesson(rules, row) for row in rows]


def _lesson(rules: rulebooks.Rules, row: Any) -> Lesson:
    taken = tuple(Taken(UUID(lot_id), *rest) for lot_id, *rest in row.taken)
    day = rules.day(row.campus_id, row.lesson_start_time)
    start = row.lesson_start_time
    return Lesson(row.id, row.student_id, row.course_id, row.campus_id, start, day, row.charge_hundredths, taken)


def _lots(tx: Tx, student_ids: set[UUID]) -> dict[UUID, list[LotState]]:
    found: defaultdict[UUID, list[LotState]] = defaultdict(list)
    values = {"institution": tx.institution_id, "students": [str(each) for each in student_ids]}
    for one_id, *state in tx.run(_LOTS, values):
        found[one_id].append(LotState._make(state))
    return found
