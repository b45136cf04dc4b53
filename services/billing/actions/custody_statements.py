"""What the statement of a custody account's bank may speak of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from services.billing.rules.reconciliations import Entry
from shared.db import Tx

# Money in is told by what the payer's bank called it, money out by what the bank called the release.
_MOVED = """
select e.source_id, e.campus_id, e.order_id, sum(e.amount_fen)::bigint as amount_fen, min(e.create_time) as moved,
  coalesce(max(p.provider_transaction_id), max(r.bank_reference), max(nullif(e.reference, '')), '') as transaction_id,
  max(p.reference) as reference, max(o.provider_refund_id) as refund_reference,
  exists (select from reconciliation_match m where m.institution_id = e.institution_id and m.source_id = e.source_id)
    as confirmed
from (select e.institution_id, e.source_id, e.amount_fen, e.create_time, e.reference, e.kind, e.account_id,
    (min(e.campus_id::text) over (partition by e.source_id))::uuid as campus_id,
    case when e.kind = 'release' then null else e.order_id end as order_id
  from custody_entry e where e.institution_id = %(institution)s and e.account_id = %(account)s) e
  left join payment p on p.institution_id = e.institution_id and p.id = e.source_id
  left join custody_release r on r.institution_id = e.institution_id and r.id = e.source_id
  left join refund_payout o on o.institution_id = e.institution_id and o.id = e.source_id
where e.create_time >= %(start)s and e.create_time < %(end)s
group by e.institution_id, e.source_id, e.campus_id, e.order_id, e.kind having sum(e.amount_fen) <> 0"""


def entries(
    tx: Tx, account_id: UUID, *, around: tuple[datetime, datetime], within: tuple[datetime, datetime]
) -> Iterator[Entry]:
    """Yield what moved an account around the days of a statement; what an earlier one confirmed need not be in it."""
    values = {"institution": str(tx.institution_id), "account": str(account_id), "start": around[0], "end": around[1]}
    for row in tx.run(_MOVED, values).all():
        references = (row.reference, row.refund_reference, str(row.order_id or ""), str(row.source_id))
        yield Entry(
            row.source_id,
            row.campus_id,
            row.transaction_id,
            tuple(filter(None, references)),
            abs(row.amount_fen),
            is_within=within[0] <= row.moved < within[1] and not row.confirmed,
            is_refund=row.amount_fen < 0,
        )
