"""What must hold in the books of an institution, after anything."""

from __future__ import annotations

from psycopg2.extensions import QuotedString

from services.billing.rules import chart
from shared.db import Tx

# Each query returns the rows that break an invariant.
_BROKEN = {
    "a lot's remaining hours are its quantity less its entries": """
      select l.id from lot l left join lot_entry e on e.institution_id = l.institution_id and e.lot_id = l.id
      group by l.id, l.quantity_hundredths, l.remaining_hundredths
      having l.remaining_hundredths <> l.quantity_hundredths - coalesce(sum(e.hundredths), 0)""",
    "a lot's released money is the sum of its entries": """
      select l.id from lot l left join lot_entry e on e.institution_id = l.institution_id and e.lot_id = l.id
      group by l.id, l.released_fen having l.released_fen <> coalesce(sum(e.amount_fen), 0)""",
    "the liability of a lot is what it has not released": """
      select l.id from lot l left join journal_line j
        on j.institution_id = l.institution_id and j.lot_id = l.id and j.code = 'contract_liability'
      group by l.id, l.total_fen, l.released_fen
      having coalesce(-sum(j.amount_fen), 0) <> l.total_fen - l.released_fen""",
    "every journal sums to zero": """
      select journal_id from journal_line group by journal_id having sum(amount_fen) <> 0""",
    "every journal sums to zero for each campus": """
      select journal_id from journal_line group by journal_id, campus_id having sum(amount_fen) <> 0""",
    "a balance is the sum of its lines": """
      select a.id from ledger_account a left join journal_line j on j.institution_id = a.institution_id
        and j.code = a.code and j.campus_id = a.campus_id and j.party_id = a.party_id
      group by a.id, a.balance_fen having a.balance_fen <> coalesce(sum(j.amount_fen), 0)""",
    "every account is in the chart of accounts": f"""
      select 1 from ledger_account where code not in ({", ".join(f"'{code}'" for code in chart.BY_CODE)})""",  # noqa: S608 - names of ours
    "all accounts sum to zero": """
      select 1 from ledger_account having coalesce(sum(balance_fen), 0) <> 0""",
    "what campuses owe each other nets to zero": """
      select 1 from ledger_account where code in ('inter_campus_payable', 'inter_campus_receivable')
      having coalesce(sum(balance_fen), 0) <> 0""",
    "each debt between two campuses stands in both books": """
      select a.id from ledger_account a left join ledger_account b on b.institution_id = a.institution_id
        and b.code = 'inter_campus_receivable' and b.campus_id = a.party_id and b.party_id = a.campus_id
      where a.code = 'inter_campus_payable' and a.balance_fen + coalesce(b.balance_fen, 0) <> 0""",
    "split rows of a consumption sum to what it recognised, and to nothing once it is taken back": """
      select c.id from consumption c left join split_row r
        on r.institution_id = c.institution_id and r.source_id = c.id
      group by c.id, c.recognised_fen, c.state
      having coalesce(sum(r.amount_fen), 0) <> case when c.state = 'consumed' then c.recognised_fen else 0 end""",
    "revenue is what standing consumptions recognised": """
      select 1 from (select coalesce(sum(balance_fen), 0) as booked from ledger_account where code = 'revenue') a,
        (select coalesce(sum(recognised_fen), 0) as earned from consumption where state = 'consumed') c
      where a.booked + c.earned <> 0""",
    "breakage income is what expired hours were worth": """
      select 1 from
        (select coalesce(sum(amount_fen), 0) as booked from journal_line where code = 'breakage_income') a,
        (select coalesce(sum(amount_fen), 0) as worth from lot_entry where kind = 'expire') e
      where a.booked + e.worth <> 0""",
    "a lot is frozen exactly while it has a freeze that nothing ended": """
      select l.id from lot l left join lot_entry e on e.institution_id = l.institution_id and e.lot_id = l.id
      group by l.id, l.freeze_date
      having count(*) filter (where e.kind = 'freeze') - count(*) filter (where e.kind = 'unfreeze')
        <> case when l.freeze_date is null then 0 else 1 end""",
    "what was given up is income, and nothing else of it": """
      select f.id from forfeit f left join lot_entry e
        on e.institution_id = f.institution_id and e.source_id = f.id and e.kind = 'forfeit'
      left join journal j on j.institution_id = f.institution_id and j.source_id = f.id and j.kind = 'forfeit'
      left join journal_line l on l.institution_id = f.institution_id and l.journal_id = j.id
        and l.code = 'forfeit_income' and l.campus_id = f.campus_id
      where (f.state = 'approved') <> (e.id is not null)
        or coalesce(e.amount_fen, 0) + coalesce(l.amount_fen, 0) <> 0
        or (e.id is not null and (e.hundredths, e.amount_fen) <> (f.hundredths, f.amount_fen))""",
    "a part of a wallet holds the sum of its entries": """
      select w.id from wallet_part w left join wallet_entry e
        on e.institution_id = w.institution_id and e.wallet_part_id = w.id
      group by w.id, w.balance_fen having w.balance_fen <> coalesce(sum(e.amount_fen), 0) or w.balance_fen < 0""",
    "the wallet of a family is in the books of the campuses that keep it": """
      select 1 from (select campus_id, customer_id, sum(balance_fen) as held from wallet_part
          group by campus_id, customer_id) w
        full join (select campus_id, party_id, balance_fen from ledger_account where code = 'wallet') a
          on a.campus_id = w.campus_id and a.party_id = w.customer_id
      where coalesce(w.held, 0) + coalesce(a.balance_fen, 0) <> 0""",
    "hours that move arrive, and their money does": """
      select t.id from transfer t join lot s on s.institution_id = t.institution_id and s.id = t.lot_id
        join lot n on n.institution_id = t.institution_id and n.id = t.target_lot_id
        join lot_entry e on e.institution_id = t.institution_id and e.source_id = t.id
      group by t.id, t.hundredths, t.value_fen, t.target_hundredths, t.target_fen, t.state, n.quantity_hundredths,
        n.total_fen, t.lot_id, t.target_lot_id, s.kind, n.kind
      having s.kind <> n.kind or n.quantity_hundredths <> t.target_hundredths or n.total_fen <> t.target_fen
        or coalesce(sum(e.amount_fen) filter (where e.lot_id = t.lot_id), 0)
          <> case when t.state = 'done' then t.value_fen else 0 end
        or coalesce(sum(e.hundredths) filter (where e.lot_id = t.lot_id), 0)
          <> case when t.state = 'done' then t.hundredths else 0 end
        or coalesce(sum(e.hundredths) filter (where e.lot_id = t.target_lot_id), 0)
          <> case when t.state = 'done' then 0 else t.target_hundredths end""",
    "what wallets paid is what left them for payments": """
      select p.id from payment p left join wallet_entry e
        on e.institution_id = p.institution_id and e.payment_id = p.id and e.kind = 'spend'
      where p.method = 'wallet' group by p.id, p.amount_fen having p.amount_fen <> coalesce(-sum(e.amount_fen), 0)""",
    "an attendance is charged at most once": """
      select attendance_id from consumption where state in ('consumed', 'uncovered')
      group by attendance_id having count(*) > 1""",
    "no order is paid above its total or refunded above what was paid": """
      select id from sales_order where paid_fen > total_fen or refunded_fen > paid_fen""",
    "an order's payments are what it counts as paid": """
      select o.id from sales_order o left join payment p
        on p.institution_id = o.institution_id and p.order_id = o.id and p.state = 'applied'
      group by o.id, o.paid_fen having o.paid_fen <> coalesce(sum(p.amount_fen), 0)""",
    "commissions on cash that went back are taken back": """
      select o.id from sales_order o
        join payment p on p.institution_id = o.institution_id and p.order_id = o.id and p.state = 'applied'
        join split_row r on r.institution_id = o.institution_id
          and (r.source_id = p.id or r.reverses_id in (select s.id from split_row s
            where s.institution_id = o.institution_id and s.source_id = p.id))
      where o.refunded_fen > 0 group by o.id, o.paid_fen, o.refunded_fen having sum(r.amount_fen) * o.paid_fen
        > sum(r.amount_fen) filter (where r.reverses_id is null) * (o.paid_fen - o.refunded_fen)""",
    "what refunds owe is what their payouts have not brought back": """
      select 1 from
        (select coalesce(-sum(balance_fen), 0) as owed from ledger_account where code = 'refund_payable') a,
        (select coalesce(sum(amount_fen + interest_fen), 0) as due from refund where state in ('approved', 'paid')) r,
        (select coalesce(sum(amount_fen), 0) as gone from refund_payout where state = 'succeeded') p
      where a.owed <> r.due - p.gone""",
    "a payment gets back at most what it brought in": """
      select p.id from payment p join refund_payout o on o.institution_id = p.institution_id and o.payment_id = p.id
      where o.state <> 'failed' group by p.id, p.amount_fen having sum(o.amount_fen) > p.amount_fen""",
    "payouts that stand or can be paid in another way are the refund": """
      select r.id from refund r left join refund_payout o on o.institution_id = r.institution_id
        and o.refund_id = r.id and o.redirect_time is null
      where r.state in ('approved', 'paid') group by r.id, r.amount_fen, r.interest_fen
      having r.amount_fen + r.interest_fen <> coalesce(sum(o.amount_fen), 0)""",
    "no refund gives back or keeps more than the hours were worth that it closed": """
      select id from refund_item where amount_fen + fee_fen > closed_fen or least(amount_fen, fee_fen) < 0""",
    "an order's refunds are what it counts as refunded": """
      select o.id from sales_order o left join refund r on r.institution_id = o.institution_id and r.order_id = o.id
        and r.state in ('approved', 'paid') and r.cause <> 'overpayment'
      group by o.id, o.refunded_fen having o.refunded_fen <> coalesce(sum(r.amount_fen), 0)""",
    "money above orders is held until it goes back": """
      select 1 from
        (select coalesce(-sum(balance_fen), 0) as held from ledger_account where code = 'unapplied_receipts') a,
        (select coalesce(sum(amount_fen), 0) as above from payment where state = 'unapplied') p,
        (select coalesce(sum(amount_fen), 0) as gone from refund
         where state in ('approved', 'paid') and cause = 'overpayment') r,
        (select coalesce(sum(amount_fen), 0) as used from payment where origin_payment_id is not null) u
      where a.held <> p.above - r.gone - u.used""",
    "a receipt gives orders and families at most what it brought in": """
      select p.id from payment p where p.state = 'unapplied' and p.amount_fen
        < (select coalesce(sum(a.amount_fen), 0) from payment a
           where a.institution_id = p.institution_id and a.origin_payment_id = p.id)
        + (select coalesce(sum(o.amount_fen), 0) from refund_payout o
           where o.institution_id = p.institution_id and o.payment_id = p.id and o.state <> 'failed')""",
    "a settlement statement is the sum of its lines": """
      select s.id from settlement s left join settlement_line l
        on l.institution_id = s.institution_id and l.settlement_id = s.id
      group by s.id, s.amount_fen, s.line_count
      having s.amount_fen <> coalesce(sum(l.amount_fen), 0) or s.line_count <> count(l.id)""",
    "a line of a statement is a split row of its party and amount, or says why it is there": """
      select l.id from settlement_line l
        join settlement s on s.institution_id = l.institution_id and s.id = l.settlement_id
        left join split_row r on r.institution_id = l.institution_id and r.id = l.id
      where case when l.kind = 'adjustment' then r.id is not null else r.id is null
        or (r.amount_fen, r.party_id, r.campus_id) <> (l.amount_fen, s.party_id, s.campus_id) end""",
    "what parties are owed is what split rows and adjustments gave them, less what was paid or is owed back": """
      select 1 from
        (select coalesce(-sum(balance_fen), 0) as owed from ledger_account
         where code in ('split_payable', 'party_receivable')) a,
        (select coalesce(sum(amount_fen), 0) as given from split_row
         where party in ('advisor', 'teacher', 'partner')) r,
        (select coalesce(sum(amount_fen), 0) as adjusted from settlement_line where kind = 'adjustment') l,
        (select coalesce(sum(i.amount_fen - i.offset_fen), 0) as paid from payout_item i
         join payout_batch b on b.institution_id = i.institution_id and b.id = i.payout_batch_id
         where b.state = 'paid') p
      where a.owed <> r.given + l.adjusted - p.paid""",
    "what parties owe is what statements below zero left, less what was kept back, and never negative": """
      select a.id from ledger_account a
        left join lateral (select coalesce(sum(-s.amount_fen), 0) as left_fen from settlement s
          where s.institution_id = a.institution_id and s.campus_id = a.campus_id and s.party_id = a.party_id
            and s.amount_fen < 0 and s.state in ('confirmed', 'paid')
            and s.party not in ('campus', 'headquarters')) n on true
        left join lateral (select coalesce(sum(i.offset_fen), 0) as kept_fen from payout_item i
          join payout_batch b on b.institution_id = i.institution_id and b.id = i.payout_batch_id and b.state = 'paid'
          where i.institution_id = a.institution_id and i.campus_id = a.campus_id and i.party_id = a.party_id) k on true
      where a.code = 'party_receivable' and (a.balance_fen < 0 or a.balance_fen <> n.left_fen - k.kept_fen)""",
    "the liability is received less recognised less closed": """
      select 1 from
        (select coalesce(-sum(balance_fen), 0) as owed from ledger_account where code = 'contract_liability') a,
        (select coalesce(sum(paid_fen), 0) as paid from sales_order) o,
        (select coalesce(sum(amount_fen), 0) as gone from lot_entry) e,
        (select coalesce(sum(paid_fen), 0) as closed from sales_order
         where state = 'refunded' and activate_time is null) u,
        (select coalesce(sum(l.amount_fen), 0) as lent from journal_line l join journal j
         on j.institution_id = l.institution_id and j.id = l.journal_id
         where l.code = 'instalment_receivable' and j.kind <> 'refund') c,
        (select coalesce(sum(greatest(0, o.paid_fen - l.value)), 0) as carried from sales_order o
         join (select institution_id, order_id, sum(total_fen) as value from lot group by 1, 2) l
           on l.institution_id = o.institution_id and l.order_id = o.id where o.state = 'refunded') s
      where a.owed <> o.paid + c.lent - e.gone - u.closed - s.carried""",
    "instalments that stand sum to their order": """
      select o.id from sales_order o join instalment i on i.institution_id = o.institution_id and i.order_id = o.id
      where i.state <> 'ended' and o.state <> 'refunded' group by o.id, o.total_fen, o.paid_fen
      having sum(i.amount_fen) <> o.total_fen or sum(i.paid_fen) <> o.paid_fen""",
    "payments fill the oldest instalment first": """
      select i.id from instalment i join sales_order o on o.institution_id = i.institution_id and o.id = i.order_id
      where i.state <> 'ended' and o.state <> 'refunded'
        and i.paid_fen <> least(i.amount_fen, greatest(0, o.paid_fen - i.cumulative_fen + i.amount_fen))""",
    "lots of an order are worth no more than was paid, unless they were opened on credit": """
      select o.id from sales_order o join lot l on l.institution_id = o.institution_id and l.order_id = o.id
      where not exists (select from instalment i where i.institution_id = o.institution_id and i.order_id = o.id
        and i.unpaid = 'receivable') group by o.id, o.paid_fen having sum(l.total_fen) > o.paid_fen""",
    "what is on credit is what planned orders opened before it was paid": """
      select 1 from
        (select coalesce(sum(amount_fen), 0) as lent from journal_line where code = 'instalment_receivable') c,
        (select coalesce(sum(o.total_fen - o.paid_fen), 0) as unpaid from sales_order o where o.state = 'part_paid'
         and exists (select from instalment i where i.institution_id = o.institution_id and i.order_id = o.id
           and i.state <> 'ended' and i.unpaid = 'receivable')) o
      where c.lent < o.unpaid or (c.lent <> o.unpaid and not exists (select from sales_order r
        join instalment i on i.institution_id = r.institution_id and i.order_id = r.id and i.unpaid = 'receivable'
        where r.state = 'refunded'))""",
}

# One statement that names every broken invariant.
BROKEN = " union all ".join(
    f"select {QuotedString(sentence).getquoted().decode()} where exists ({query})"
    for sentence, query in _BROKEN.items()
)
# Rows of what only ever grows; a repeated command must leave these as they are.
COUNTS = "select " + ", ".join(  # noqa: S608 - constant texts
    f"(select count(*) from {table}) as {table}"  # noqa: S608 - constant texts
    for table in ("payment", "lot_entry", "consumption", "journal", "journal_line", "split_row", "refund")
)


def broken(tx: Tx) -> list[str]:
    """Return the invariants that do not hold; an empty list is what a test wants."""
    return [row[0] for row in tx.run(BROKEN, prepared=True)]
