"""What a split rule would have made of a period of the past."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from services.billing.actions import pay, rulebooks
from services.billing.rules import split_previews, splits
from services.billing.rules.split_previews import Base, Earner, Preview, Source
from services.billing.rules.splits import CASH, CONSUMPTION, Facts, SplitRule
from shared.db import Tx
from shared.errors import InvalidInput, Refused

MOST_DAYS = 92
MOST_SOURCES = 50_000
# No local midnight is further from that of UTC.
_FARTHEST = timedelta(hours=14)

# Consumptions are found by their split rows, which have an index by the time of the lesson. Every lot of one is read,
# whoever sold it: rows are those of the whole consumption.
_CONSUMPTIONS = """
select c.id, c.lesson_start_time as occur_time, c.course_id, l.campus_id as selling_campus_id,
  c.campus_id as teaching_campus_id, l.advisor_id, c.teacher_id, l.channel,
  l.partner_id, l.sales_form, l.allocation, e.amount_fen, 0 as before_fen
from (select distinct source_id from split_row where institution_id = %(institution)s
      and source_kind = 'consumption' and occur_time >= %(start)s and occur_time < %(end)s) found
join consumption c on c.institution_id = %(institution)s and c.id = found.source_id and c.state = 'consumed'
join lot_entry e on e.institution_id = %(institution)s and e.source_id = c.id and e.kind = 'consume'
  and e.amount_fen > 0
join lot l on l.institution_id = %(institution)s and l.id = e.lot_id
where (%(course)s::uuid is null or c.course_id = %(course)s)
  and (%(teaching)s::uuid is null or c.campus_id = %(teaching)s)
order by c.lesson_start_time, c.id, l.id limit %(most)s"""
# The course of an order is that of its first line, as when the payment came in.
_PAYMENTS = """
select p.id, p.receive_time as occur_time, n.course_id, o.campus_id as selling_campus_id,
  null::uuid as teaching_campus_id, o.owner_id as advisor_id, null::uuid as teacher_id, o.channel,
  o.partner_id, o.sales_form, o.allocation, p.amount_fen,
  (select coalesce(sum(b.amount_fen), 0) from payment b where b.institution_id = p.institution_id
    and b.order_id = p.order_id and b.state = 'applied' and b.method <> 'wallet'
    and (b.receive_time, b.id) < (p.receive_time, p.id)) as before_fen
from payment p
join sales_order o on o.institution_id = %(institution)s and o.id = p.order_id
join order_line n on n.institution_id = %(institution)s and n.order_id = o.id and n.line_number = 1
where p.institution_id = %(institution)s and p.state = 'applied' and p.method <> 'wallet'
  and p.receive_time >= %(start)s and p.receive_time < %(end)s
  and (%(course)s::uuid is null or n.course_id = %(course)s)
  and (%(selling)s::uuid is null or o.campus_id = %(selling)s)
  and %(teaching)s::uuid is null
order by p.receive_time, p.id limit %(most)s"""
_ACTUAL = """
select source_id, party, party_id, sum(amount_fen) as amount_fen from split_row
where institution_id = %(institution)s and source_id = any(%(ids)s::uuid[]) and source_kind = %(kind)s
group by source_id, party, party_id"""
_PAST = {CONSUMPTION: ("consumption", _CONSUMPTIONS), CASH: ("payment", _PAYMENTS)}


def preview(tx: Tx, rule: SplitRule, start: date, end: date) -> Preview:
    """Return what [start, end) would have been, had the rule held through it; local days of each campus.

    What was taken back since is left out, and what refunds took back of cash is not counted. Needs the whole chain,
    because it shows the parts of every campus and, to callers who may see all pay, of every person.
    Raises CHAIN_SCOPE_NEEDED, DATES_REVERSED, SPLIT_PREVIEW_TOO_LARGE above 92 days or 50,000 lots and payments, and
    what the shares get wrong.
    """
    tx.check_chain()
    splits.check(rule)
    if end <= start:
        raise InvalidInput("end_date", "the last day is before the first", reason="DATES_REVERSED")
    days = (end - start).days
    if days > MOST_DAYS:
        raise InvalidInput("end_date", "the period is too long", "SPLIT_PREVIEW_TOO_LARGE", found=days, most=MOST_DAYS)
    rules = rulebooks.load(tx)
    found = (source for source in _sources(tx, rules, rule, start, end) if start <= source.bases[0].facts.day < end)
    whole = split_previews.compare(split_previews.holding_through(rule, start), rules.split_rules, found)
    return whole if pay.may_see_all(tx) else split_previews.without_pay(whole)


def _sources(tx: Tx, rules: rulebooks.Rules, rule: SplitRule, start: date, end: date) -> Iterator[Source]:
    kind, query = _PAST[rule.base]
    values = {
        "institution": tx.institution_id,
        "start": datetime.combine(start, time(), UTC) - _FARTHEST,
        "end": datetime.combine(end, time(), UTC) + _FARTHEST,
        "course": rule.course_id,
        "selling": rule.selling_campus_id,
        "teaching": rule.teaching_campus_id,
        "most": MOST_SOURCES + 1,
    }
    rows = tx.run(query, values).all()
    if len(rows) > MOST_SOURCES:
        text = f"more than {MOST_SOURCES} lots or payments in the period: choose a shorter one"
        raise Refused("SPLIT_PREVIEW_TOO_LARGE", text, found=len(rows), most=MOST_SOURCES)
    actual = _actual(tx, kind, {row.id for row in rows})
    for (source_id, occur_time), group in groupby(rows, key=lambda row: (row.id, row.occur_time)):
        bases = [Base(_facts(rules, rule.base, row), row.amount_fen, int(row.before_fen)) for row in group]
        yield Source(kind, source_id, occur_time, bases, actual[source_id] or _undivided(bases))


def _actual(tx: Tx, kind: str, ids: Iterable[UUID]) -> defaultdict[UUID, dict[Earner, int]]:
    sums: defaultdict[UUID, dict[Earner, int]] = defaultdict(dict)
    for row in tx.run(_ACTUAL, {"institution": tx.institution_id, "kind": kind, "ids": list(ids)}):
        sums[row.source_id][row.party, row.party_id] = int(row.amount_fen)
    return sums


def _undivided(bases: list[Base]) -> dict[Earner, int]:
    """Return who has money that no rule divided: it stays where it was received."""
    return {(splits.SELLING, base.facts.selling_campus_id): base.amount_fen for base in bases}


def _facts(rules: rulebooks.Rules, base: str, row: Any) -> Facts:
    return Facts(
        base=base,
        day=rules.day(row.teaching_campus_id or row.selling_campus_id, row.occur_time),
        course_id=row.course_id,
        selling_campus_id=row.selling_campus_id,
        teaching_campus_id=row.teaching_campus_id,
        advisor_id=row.advisor_id,
        teacher_id=row.teacher_id,
        channel=row.channel,
        partner_id=row.partner_id,
        sales_form=row.sales_form,
        region_id=rules.regions.get(row.selling_campus_id),
        allocation=rulebooks.to_allocation(row.allocation),
    )
