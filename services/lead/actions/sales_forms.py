"""What each form of selling brings about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.lead.actions import responses
from shared.db import Tx

# Ids carry the time of creation, so a range of ids is a range of time.
_FORMS = """select form, sum(leads)::bigint as leads, sum(enrolled)::bigint as enrolled, sum(orders)::bigint as orders,
    sum(revenue)::bigint as revenue, sum(refunded)::bigint as refunded
  from (
    select coalesce(sales_form, '') as form, count(*) as leads, count(*) filter (where state = 'enrolled') as enrolled,
        0 as orders, 0 as revenue, 0 as refunded
      from lead where institution_id = %(institution)s and id >= %(first)s and id < %(last)s and state <> 'merged'
        and not invalid and (%(campus)s::uuid is null or campus_id = %(campus)s::uuid) group by 1
    union all
    select coalesce(sales_form, ''), 0, 0, count(*) filter (where not is_refund),
        coalesce(sum(amount_fen) filter (where not is_refund), 0),
        coalesce(-sum(amount_fen) filter (where is_refund), 0)
      from sale where institution_id = %(institution)s and sale_time >= %(start)s and sale_time < %(end)s
        and (%(campus)s::uuid is null or campus_id = %(campus)s::uuid) group by 1) counted
  group by form order by revenue desc, form"""


@dataclass(frozen=True, slots=True)
class FormFigures:
    """Figures of one form; empty: nobody has said. Money in fen."""

    form: str
    leads: int
    enrolled: int
    orders: int
    revenue_fen: int
    refunded_fen: int

    @property
    def conversion_basis_points(self) -> int:
        """Enrolled of leads; 0 without leads."""
        return self.enrolled * 10_000 // self.leads if self.leads else 0


def report(tx: Tx, *, start: datetime, end: datetime, campus_id: UUID | None = None) -> list[FormFigures]:
    """Return the figures of a period, the most revenue first. Raises InvalidInput PERIOD_INVALID."""
    responses.check_period(start, end)
    values = {
        "institution": tx.institution_id,
        "campus": campus_id,
        "start": start,
        "end": end,
        "first": responses.first_id(start),
        "last": responses.first_id(end),
    }
    return [FormFigures(*row) for row in tx.run(_FORMS, values)]
