"""The end of a month: what is open of it, and closing it by somebody who says why that may stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from services.billing.actions import ledger
from services.billing.models import LedgerPeriod, PeriodAcknowledgement
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.listing import Field, Listing

# Chains keep their books by the clock of Beijing.
_BEIJING = timezone(timedelta(hours=8))
_MOST = 1000
_SHOWN = 10
LISTING: Listing[LedgerPeriod] = Listing(
    LedgerPeriod,
    fields={"start_date": Field(LedgerPeriod.start_date)},
    default_order="start_date desc",
)


class Kind(NamedTuple):
    """A kind of what may be open at the end of a month.

    The query finds ids: of days before `end`, or of instants `before` its midnight in Beijing.
    """

    code: str
    name_zh: str
    name_en: str
    query: str


class OpenItem(NamedTuple):
    """What is open of a kind: how many (1,000 stands for more), and the first of them."""

    kind: Kind
    found: int
    first_ids: tuple[UUID, ...]


KINDS: tuple[Kind, ...] = (
    Kind(
        "lesson_without_cover",
        "已上课但没有可用课时",
        "lessons that no hours have paid for",
        "select id from consumption where state = 'uncovered' and lesson_start_time < %(before)s",
    ),
    Kind(
        "teacher_pay_due",
        "教师课酬尚未算完",
        "pay of teachers that is still to be computed",
        "select id from pay_due where start_date < %(end)s",
    ),
    Kind(
        "receipt_unapplied",
        "未匹配订单的收款",
        "receipts that paid no order and were not given back",
        """select p.id from payment p where p.state = 'unapplied' and p.receive_time < %(before)s and p.amount_fen >
          coalesce((select sum(o.amount_fen) from refund_payout o where o.institution_id = p.institution_id
            and o.payment_id = p.id and o.redirect_time is null and o.state <> 'failed'), 0)
          + coalesce((select sum(a.amount_fen) from payment a where a.institution_id = p.institution_id
            and a.origin_payment_id = p.id), 0)""",
    ),
    Kind(
        "refund_on_its_way",
        "未完成的退费",
        "refunds that wait for a decision or for their money",
        "select id from refund where state in ('requested', 'approved') and create_time < %(before)s",
    ),
    Kind(
        "statement_draft",
        "未确认的结算单",
        "statements of the month that nobody has confirmed",
        "select id from settlement where state = 'draft' and end_date <= %(end)s",
    ),
    Kind(
        "reconciliation_item",
        "未处理的对账差异",
        "differences with statements of banks and providers",
        """select i.id from reconciliation_item i join reconciliation r on r.institution_id = i.institution_id
          and r.id = i.reconciliation_id where i.state = 'open' and r.start_date < %(end)s""",
    ),
    Kind(
        "payment_alert",
        "未处理的支付异常",
        "what payment providers said and nobody could post",
        "select id from payment_alert where state = 'open' and create_time < %(before)s",
    ),
    Kind(
        "custody_release",
        "未拨付的监管资金",
        "orders in custody with earned money that no paid release has asked for",
        """select distinct c.id from custody_order c
          join lot l on l.institution_id = c.institution_id and l.order_id = c.order_id
          join lot_entry e on e.institution_id = l.institution_id and e.lot_id = l.id
            and e.kind in ('consume', 'reverse', 'expire', 'forfeit') and e.amount_fen <> 0
            and e.create_time < %(before)s
          where not exists (select from custody_release_item i join custody_release r
              on r.institution_id = i.institution_id and r.id = i.release_id and r.state = 'paid'
            where i.institution_id = e.institution_id and i.lot_entry_id = e.id)""",
    ),
)
_FIND = "select array_agg(id) from (select id from ({query}) as found (id) limit {most}) as rows"


def open_items(tx: Tx, day: date) -> list[OpenItem]:
    """Return what is open of the month of a day and those before. Raises CHAIN_SCOPE_NEEDED."""
    tx.check_chain()
    end = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    values = {"end": end, "before": datetime.combine(end, time(), _BEIJING)}
    found = []
    for kind in KINDS:
        ids = tx.run(_FIND.format(query=kind.query, most=_MOST), values).scalar() or []
        if ids:
            found.append(OpenItem(kind, len(ids), tuple(ids[:_SHOWN])))
    return found


def close(tx: Tx, day: date, reasons: Mapping[str, str]) -> LedgerPeriod:
    """Close the month of a day; `reasons` by kind say why what is open may stay so.

    Raises PERIOD_ITEMS_OPEN with the figures of what nobody acknowledged, PERIOD_NOT_OVER, PERIOD_LOCKED,
    CHAIN_SCOPE_NEEDED, InvalidInput for a kind that does not exist.
    """
    unknown = sorted(set(reasons) - {kind.code for kind in KINDS})
    if unknown:
        raise InvalidInput("acknowledgements", f"{unknown[0]} is no kind of what may be open")
    period = ledger.lock_period(tx, day)
    # After the lock: nothing is posted into the month any more.
    found = open_items(tx, day)
    left = [item for item in found if not reasons.get(item.kind.code, "").strip()]
    if left:
        figures = ", ".join(f"{item.kind.code} {item.found}" for item in left)
        raise Refused("PERIOD_ITEMS_OPEN", f"open and not acknowledged: {figures}", open=figures)
    tx.session.flush()
    for item in found:
        reason = reasons[item.kind.code].strip()
        kept = PeriodAcknowledgement(period_id=period.id, code=item.kind.code, open_count=item.found, reason=reason)
        tx.session.add(kept)
    tx.session.flush()
    tx.audit("ledger_period.lock", "ledger_period", period.id, start_date=period.start_date.isoformat())
    return period


def acknowledged(tx: Tx, period_ids: Sequence[UUID]) -> dict[UUID, list[PeriodAcknowledgement]]:
    """Return what was acknowledged when periods were closed, by code."""
    query = select(PeriodAcknowledgement).where(PeriodAcknowledgement.period_id.in_(period_ids))
    rows: dict[UUID, list[PeriodAcknowledgement]] = {period_id: [] for period_id in period_ids}
    for row in tx.session.scalars(query.order_by(PeriodAcknowledgement.code)):
        rows[row.period_id].append(row)
    return rows
