"""What each advisor has to do, does and brings about; score cards, and what families answer."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.lead.actions import customers, policies, responses, staff
from services.lead.models import NpsAnswer
from services.lead.rules import policy, scorecard
from services.lead.rules.scorecard import Input
from shared.db import Tx
from shared.errors import NotFound
from shared.listing import Field, Listing

NPS: Listing[NpsAnswer] = Listing(
    NpsAnswer,
    fields={
        "answer_time": Field(NpsAnswer.create_time),
        "owner_id": Field(NpsAnswer.owner_id, sortable=False),
        "campus_id": Field(NpsAnswer.campus_id, sortable=False),
        "customer_id": Field(NpsAnswer.customer_id, sortable=False),
    },
    default_order="answer_time desc",
)
_PROMOTER, _DETRACTOR = 9, 6
# Each part is (who, what, how many); ids carry the time of creation, so ranges of ids are ranges of time.
_ADVISORS = """
  select owner_id as who, 'open_leads' as what, count(*) as n from lead
    where institution_id = %(institution)s and state = 'open' group by 1
  union all select owner_id, 'open_tasks', count(*) from task
    where institution_id = %(institution)s and state = 'open' group by 1
  union all select owner_id, 'overdue_tasks', count(*) from task
    where institution_id = %(institution)s and state = 'open' and due_time < %(now)s group by 1
  union all select owner_id, 'done_tasks', count(*) from task where institution_id = %(institution)s
    and state = 'done' and complete_time >= %(start)s and complete_time < %(end)s group by 1
  union all select owner_id, 'new_leads', count(*) from lead where institution_id = %(institution)s
    and id >= %(first)s and id < %(last)s and state <> 'merged' group by 1
  union all select owner_id, 'breached_responses', count(*) from lead where institution_id = %(institution)s
    and id >= %(first)s and id < %(last)s and response_state = 'breached' and state <> 'merged' group by 1
  union all select f.staff_id, 'follow_ups', count(*) from follow_up f
    join lead l on l.institution_id = f.institution_id and l.id = f.lead_id
    where f.institution_id = %(institution)s and f.id >= %(first)s and f.id < %(last)s group by 1
  union all select l.owner_id, 'trials', count(*) from trial t
    join lead l on l.institution_id = t.institution_id and l.id = t.lead_id
    where t.institution_id = %(institution)s and t.start_time >= %(start)s and t.start_time < %(end)s
      and t.state = 'attended' group by 1
  union all select owner_id, 'orders', count(*) from sale where institution_id = %(institution)s
    and sale_time >= %(start)s and sale_time < %(end)s and not is_refund group by 1
  union all select owner_id, 'amount_fen', sum(amount_fen)::bigint from sale where institution_id = %(institution)s
    and sale_time >= %(start)s and sale_time < %(end)s group by 1"""
# Renewals: of the customers whose hours ran low, who bought again afterwards within the period.
_INPUTS = """
  select owner_id as who, 'conversion' as what, count(*) filter (where state = 'enrolled') as good, count(*) as n
    from lead where institution_id = %(institution)s and id >= %(first)s and id < %(last)s and state <> 'merged'
      and (%(count_invalid)s or not invalid)
    group by 1
  union all select owner_id, 'referral', count(*) filter (where source in ('referral', '转介绍')), count(*)
    from lead where institution_id = %(institution)s and id >= %(first)s and id < %(last)s and state <> 'merged'
    group by 1
  union all select t.owner_id, 'renewal', count(*) filter (where exists (select from sale s
      where s.institution_id = t.institution_id and s.customer_id = t.customer_id and not s.is_refund
        and s.sale_time > t.create_time and s.sale_time < %(end)s)), count(*)
    from task t where t.institution_id = %(institution)s and t.kind = 'renewal' and t.create_time >= %(start)s
      and t.create_time < %(end)s group by 1
  union all select owner_id, 'nps', count(*) filter (where score >= %(promoter)s)
      - count(*) filter (where score <= %(detractor)s), count(*)
    from nps_answer where institution_id = %(institution)s and create_time >= %(start)s and create_time < %(end)s
    group by 1"""


@dataclass(slots=True)
class Advisor:
    """Figures of one advisor; None: what has no owner."""

    owner_id: UUID | None
    figures: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Card:
    """A score card; inputs in the order of rules.scorecard.MEASURES."""

    owner_id: UUID
    score: float
    inputs: tuple[Input, ...]


def advisors(tx: Tx, *, start: datetime, end: datetime) -> list[Advisor]:
    """Return figures per advisor, most open leads first. Raises InvalidInput PERIOD_INVALID."""
    found: dict[UUID | None, Advisor] = {}
    for row in tx.run(_ADVISORS, _values(tx, start, end)):
        found.setdefault(row.who, Advisor(row.who)).figures[row.what] = row.n
    return sorted(found.values(), key=lambda each: (-each.figures.get("open_leads", 0), str(each.owner_id)))


def cards(tx: Tx, *, start: datetime, end: datetime) -> list[Card]:
    """Return score cards, best first. Raises InvalidInput PERIOD_INVALID."""
    counted: dict[UUID, dict[str, Input]] = defaultdict(dict)
    values = _values(tx, start, end) | {"promoter": _PROMOTER, "detractor": _DETRACTOR}
    values["count_invalid"] = bool(policies.value(tx, policy.COUNT_INVALID, None))
    for row in tx.run(_INPUTS, values):
        if row.who is not None:
            counted[row.who][row.what] = Input(row.what, row.good, row.n)
    weights = policies.weights(tx)
    found = []
    for owner_id, inputs in counted.items():
        whole = tuple(inputs.get(measure, Input(measure, 0, 0)) for measure in scorecard.MEASURES)
        found.append(Card(owner_id, scorecard.score(whole, weights), whole))
    return sorted(found, key=lambda card: (-card.score, str(card.owner_id)))


def answer(tx: Tx, customer_id: UUID, *, score: int) -> NpsAnswer:
    """Note what a family answered, for whoever cares for them now. Raises CUSTOMER_NOT_FOUND."""
    lead = customers.find_lead(tx, customer_id)
    if lead is None:
        raise NotFound("customer", customer_id)
    row = NpsAnswer(
        customer_id=lead.customer_id,
        owner_id=lead.owner_id,
        campus_id=lead.campus_id,
        score=score,
        staff_id=staff.actor(tx),
    )
    tx.session.add(row)
    tx.session.flush()
    return row


def _values(tx: Tx, start: datetime, end: datetime) -> dict[str, object]:
    responses.check_period(start, end)
    return {
        "institution": tx.institution_id,
        "now": tx.now,
        "start": start,
        "end": end,
        "first": responses.first_id(start),
        "last": responses.first_id(end),
    }
