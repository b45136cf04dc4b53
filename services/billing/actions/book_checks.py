"""The checks of a controller: one query each over the books of an institution, which finds nothing when all is well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from services.billing.actions import hour_invariants, money_invariants
from services.billing.rules.invariants import Invariant
from services.billing.rules.postings import NOBODY
from shared import telemetry
from shared.db import Tx

INVARIANTS = (*hour_invariants.INVARIANTS, *money_invariants.INVARIANTS)
# Not wrong in itself, but somebody has to see to it.
TO_DO = (
    Invariant(
        "lesson_without_cover",
        "已上课但没有可用课时",
        "every lesson that charges hours has cover",
        "select id from consumption where state = 'uncovered'",
    ),
    Invariant(
        "payment_without_schedule",
        "已付费两周以上的班课学员均已分班",
        "whoever paid for a class two weeks ago sits in a class group",
        """
      select l.id from lot l join course c on c.institution_id = l.institution_id and c.id = l.course_id
      where c.kind in ('class', 'camp') and l.kind = 'paid' and l.remaining_hundredths > 0 and l.freeze_date is null
        and (l.start_date is null or l.start_date <= current_date)
        and (l.expire_date is null or l.expire_date >= current_date)
        and l.create_time < now() - interval '14 days' and not exists (
          select from class_seat s where s.institution_id = l.institution_id and s.course_id = l.course_id
            and s.leave_time is null and s.student_id in (select l.student_id
              union select a.target_id from alias a
                where a.institution_id = l.institution_id and a.id = l.student_id and not a.undone
              union select a.id from alias a
                where a.institution_id = l.institution_id and a.target_id = l.student_id and not a.undone))""",
    ),
    Invariant(
        "risk_deposit_short",
        "风险保证金已足额缴存",
        "a risk deposit holds what it must",
        """
      select a.id from custody_account a where a.mode = 'risk_deposit' and a.start_date <= current_date
        and (a.end_date is null or a.end_date > current_date) and a.required_fen > coalesce((
          select sum(e.amount_fen) from custody_entry e
          where e.institution_id = a.institution_id and e.account_id = a.id), 0)""",
    ),
    Invariant(
        "custody_owed",
        "撤销课消后应补缴的监管资金已补缴",
        "what lessons taken back owe to custody was paid in",
        """
      select c.id from custody_order c join sales_order o on o.institution_id = c.institution_id and o.id = c.order_id
      where c.balance_fen < o.paid_fen - coalesce((select sum(l.released_fen) from lot l
        where l.institution_id = o.institution_id and l.order_id = o.id), 0)""",
    ),
    Invariant(
        "alert_open",
        "支付渠道的异常已处理",
        "what payment providers said and nobody could post is seen to",
        "select id from payment_alert where state = 'open'",
    ),
    Invariant(
        "amount_mismatch_open",
        "合同、订单与收款金额不符已处理",
        "amounts of contracts, orders and payments that differ are seen to",
        "select id from amount_mismatch where state = 'open'",
    ),
)
CHECKS = (*INVARIANTS, *TO_DO)
# Enough to see what is wrong and how much of it; a count beyond is no news.
_MOST = 1000
_SHOWN = 10
_FIND = "select array_agg(id) from (select id::text from ({query}) as found (id) limit {most}) as rows"
_TOTALS = """
select coalesce((select sum(balance_fen) from ledger_account), 0)::bigint,
  coalesce((select sum(-amount_fen) from journal_line
      where code = 'contract_liability' and lot_id <> %(nobody)s), 0)::bigint
    - coalesce((select sum(total_fen - released_fen) from lot), 0)::bigint,
  coalesce((select sum(balance_fen) from ledger_account
    where code in ('inter_campus_payable', 'inter_campus_receivable')), 0)::bigint"""


class Finding(NamedTuple):
    """What a check found: how many rows (1,000 stands for more), and the first of them (none for a sum)."""

    check: Invariant
    row_count: int
    first_ids: tuple[UUID, ...]


class Totals(NamedTuple):
    """Three sums in fen, each of which is 0: all accounts, the liability beside the lots, debts of campuses."""

    trial_balance_fen: int
    liability_difference_fen: int
    campus_debts_fen: int


def findings(tx: Tx) -> Iterator[Finding]:
    """Yield what each check finds now, one query after the other. Raises CHAIN_SCOPE_NEEDED."""
    tx.check_chain()
    for check in CHECKS:
        found = tx.run(_FIND.format(query=check.query, most=_MOST)).scalar() or []
        rows = tuple(UUID(each) for each in found[:_SHOWN] if each != "1")
        yield Finding(check, len(found), rows)


def totals(tx: Tx) -> Totals:
    """Return the three sums. Raises CHAIN_SCOPE_NEEDED."""
    tx.check_chain()
    return Totals._make(tx.run(_TOTALS, {"nobody": str(NOBODY)}).one())


class Report(NamedTuple):
    """The checks in words; `wrong` counts invariants that do not hold, not what only waits for somebody."""

    wrong: int
    lines: tuple[str, ...]


def report(tx: Tx) -> Report:
    """Return the three totals and a line for whatever a check found."""
    sums = totals(tx)
    lines = [", ".join(f"{name} {amount}" for name, amount in sums._asdict().items())]
    wrong = sum(1 for amount in sums if amount)
    for finding in findings(tx):
        if finding.row_count:
            wrong += finding.check in INVARIANTS
            kind = "WRONG" if finding.check in INVARIANTS else "to do"
            shown = " ".join(str(each) for each in finding.first_ids)
            lines.append(f"{kind} {finding.check.code}: {finding.row_count} against: {finding.check.name_en}; {shown}")
    return Report(wrong, tuple(lines))


def observe(tx: Tx) -> None:
    """Set a gauge for each check."""
    for finding in findings(tx):
        telemetry.BOOK_FINDINGS.labels(str(tx.institution_id), finding.check.code).set(finding.row_count)
