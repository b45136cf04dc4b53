"""What must hold of the books, orders, payments, refunds and settlements: each query returns what breaks it.

Queries have one column: the row at fault, or 1 where a sum over the institution is.
"""

from __future__ import annotations

from services.billing.rules import chart
from services.billing.rules.invariants import Invariant

_CASH_SPLITS = """
      with cash as (
        select coalesce(p.order_id, f.order_id) as order_id, r.source_kind, r.source_id, r.rule_id, r.party,
          r.amount_fen, r.base_fen
        from split_row r
          left join payment p on p.institution_id = r.institution_id and p.id = r.source_id
          left join refund f on f.institution_id = r.institution_id and f.id = r.source_id
        where r.base = 'cash_received'),
      kept as (
        select order_id, max(rule_id::text)::uuid as rule_id, sum(base_fen) as kept_fen, sum(amount_fen) as parts_fen,
          coalesce(sum(base_fen) filter (where source_kind = 'payment'), 0) as received_fen
        from (select order_id, source_kind, source_id, rule_id, min(base_fen) as base_fen,
            sum(amount_fen) as amount_fen from cash group by 1, 2, 3, 4) each group by order_id)"""

# Of each order in custody: what its lots have released, and what was earned and has not left custody.
_CUSTODY_WORTH = """
      from custody_order c join sales_order o on o.institution_id = c.institution_id and o.id = c.order_id
        cross join lateral (
          select coalesce(sum(l.released_fen), 0) as released_fen, coalesce(sum(left_fen), 0) as earned_fen
          from lot l cross join lateral (select sum(e.amount_fen) as left_fen from lot_entry e
            where e.institution_id = l.institution_id and e.lot_id = l.id
              and e.kind in ('consume', 'reverse', 'expire', 'forfeit') and not exists (
                select from custody_release_item i join custody_release r on r.institution_id = i.institution_id
                  and r.id = i.release_id and r.state = 'paid'
                where i.institution_id = e.institution_id and i.lot_entry_id = e.id)) as entries
          where l.institution_id = o.institution_id and l.order_id = o.id) as w"""

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "journal_sum",
        "每张分录合计为零",
        "every journal sums to zero",
        """
      select journal_id from journal_line group by journal_id having sum(amount_fen) <> 0""",
    ),
    Invariant(
        "journal_campus_sum",
        "每张分录在每个校区合计为零",
        "every journal sums to zero for each campus",
        """
      select journal_id from journal_line group by journal_id, campus_id having sum(amount_fen) <> 0""",
    ),
    Invariant(
        "account_balance",
        "科目余额等于其分录之和",
        "a balance is the sum of its lines",
        """
      select a.id from ledger_account a left join journal_line j on j.institution_id = a.institution_id
        and j.code = a.code and j.campus_id = a.campus_id and j.party_id = a.party_id
      group by a.id, a.balance_fen having a.balance_fen <> coalesce(sum(j.amount_fen), 0)""",
    ),
    Invariant(
        "custody_of_entries",
        "每个订单的监管余额等于其流水之和",
        "what is in custody of an order is the sum of its entries",
        """
      select c.id from custody_order c left join custody_entry e on e.institution_id = c.institution_id
        and e.order_id = c.order_id
      group by c.id, c.balance_fen having c.balance_fen <> coalesce(sum(e.amount_fen), 0)""",
    ),
    Invariant(
        "custody_of_books",
        "监管账户的账面余额等于其流水之和",
        "an account of custody in the books is the sum of its entries",
        """
      select 1 from (
        select campus_id, party_id as account_id, balance_fen from ledger_account where code = 'custody'
        union all select campus_id, account_id, -amount_fen from custody_entry) as each
      group by campus_id, account_id having sum(balance_fen) <> 0""",
    ),
    Invariant(
        "custody_covers_hours",
        "监管余额加应补缴金额不少于未消课时的价值",
        "what is in custody of an order, and what is to be paid in for lessons taken back, covers its hours",
        f"""
      select c.id {_CUSTODY_WORTH}
      where c.balance_fen + greatest(0, -w.earned_fen) < o.paid_fen - w.released_fen""",
    ),
    Invariant(
        "custody_release_cited",
        "每笔监管拨付都对应已消课时",
        "every fen that left custody cites what was earned",
        """
      select e.id from custody_entry e where e.kind = 'release' and -e.amount_fen <> coalesce((
        select sum(coalesce(t.amount_fen, i.amount_fen)) from custody_release_item i
          left join lot_entry t on t.institution_id = i.institution_id and t.id = i.lot_entry_id
            and t.kind = i.kind
        where i.institution_id = e.institution_id and i.release_id = e.source_id and i.order_id = e.order_id
          and not i.cancelled and (t.id is not null or i.kind = 'rest')), 0)""",
    ),
    Invariant(
        "turnover_of_lines",
        "已结账月份与已汇总日期的发生额等于其分录之和",
        "what is kept of locked months and summed days is the sum of its lines",
        """
      with period as (select id, start_date, end_date from ledger_period where has_turnover),
      summed as (select coalesce(max(end_time), '2000-01-01') as through from ledger_sum),
      kept as (
        select l.campus_id, l.code, l.party_id, j.post_date, l.amount_fen, p.id as period_id
        from journal j join journal_line l on l.institution_id = j.institution_id and l.journal_id = j.id
          cross join summed s left join period p on j.post_date >= p.start_date and j.post_date < p.end_date
        where p.id is not null or j.create_time <= s.through
        union all
        select campus_id, code, party_id, post_date, -amount_fen, period_id from ledger_turnover
        where post_date is not null
        union all
        select d.campus_id, d.code, d.party_id, d.post_date, -d.amount_fen, null from ledger_day d
        where not exists (select from period p where d.post_date >= p.start_date and d.post_date < p.end_date))
      select 1 from kept group by campus_id, code, party_id, post_date having sum(amount_fen) <> 0
      union all
      select 1 from ledger_turnover group by period_id, campus_id, code, party_id
      having sum(case when post_date is null then amount_fen else -amount_fen end) <> 0""",
    ),
    Invariant(
        "account_in_chart",
        "每个科目都在科目表中",
        "every account is in the chart of accounts",
        f"""
      select 1 from ledger_account where code not in ({", ".join(f"'{code}'" for code in chart.BY_CODE)})""",  # noqa: S608 - names of ours
    ),
    Invariant(
        "trial_balance",
        "全部科目余额合计为零",
        "all accounts sum to zero",
        """
      select 1 from ledger_account having coalesce(sum(balance_fen), 0) <> 0""",
    ),
    Invariant(
        "campus_debts_net",
        "校区间往来净额为零",
        "what campuses owe each other nets to zero",
        """
      select 1 from ledger_account where code in ('inter_campus_payable', 'inter_campus_receivable')
      having coalesce(sum(balance_fen), 0) <> 0""",
    ),
    Invariant(
        "campus_debts_mirror",
        "校区间往来在双方账上一致",
        "each debt between two campuses stands in both books",
        """
      select a.id from ledger_account a left join ledger_account b on b.institution_id = a.institution_id
        and b.code = 'inter_campus_receivable' and b.campus_id = a.party_id and b.party_id = a.campus_id
      where a.code = 'inter_campus_payable' and a.balance_fen + coalesce(b.balance_fen, 0) <> 0""",
    ),
    Invariant(
        "order_bounds",
        "订单实付不超过应付，退款不超过实付",
        "no order is paid above its total or refunded above what was paid",
        """
      select id from sales_order where paid_fen > total_fen or refunded_fen > paid_fen""",
    ),
    Invariant(
        "order_payments",
        "订单实付等于其收款之和",
        "an order's payments are what it counts as paid",
        """
      select o.id from sales_order o left join payment p
        on p.institution_id = o.institution_id and p.order_id = o.id and p.state = 'applied'
      group by o.id, o.paid_fen having o.paid_fen <> coalesce(sum(p.amount_fen), 0)""",
    ),
    Invariant(
        "cash_divided",
        "订单已分的现金等于实收减退款",
        "what is divided of an order's cash is what was received less what was refunded, and the parts make it up",
        f"""{_CASH_SPLITS}
      select o.id from kept k join sales_order o on o.id = k.order_id
      where k.parts_fen <> k.kept_fen or k.kept_fen not between 0 and o.paid_fen - o.refunded_fen
        or (k.received_fen = o.paid_fen and k.kept_fen <> o.paid_fen - o.refunded_fen)""",  # noqa: S608 - constant texts
    ),
    Invariant(
        "commission_of_cash_kept",
        "提成等于比例乘以实收减退款的累计额",
        "commissions are their rate of all cash kept of an order, not of single instalments",
        f"""{_CASH_SPLITS}, shares as (
        select r.id, s.share->>'party' as party, (s.share->>'basis_points')::bigint as basis_points
        from split_rule r cross join lateral jsonb_array_elements(r.shares->'shares') s (share)
        where r.shares @> '{{"shares": [{{"is_remainder": true}}]}}'
          and not exists (select 1 from jsonb_array_elements(r.shares->'shares') f (share)
            where (f.share->>'fixed_fen')::bigint > 0 or jsonb_array_length(coalesce(f.share->'tiers', '[]')) > 0))
      select k.order_id from kept k join sales_order o on o.id = k.order_id
        join shares s on s.id = k.rule_id and s.basis_points > 0
          and (s.party = 'advisor' and o.owner_id is not null or s.party = 'partner' and o.partner_id is not null)
      where div(k.kept_fen * s.basis_points * 2 + 10000, 20000)
        <> (select coalesce(sum(c.amount_fen), 0) from cash c where c.order_id = k.order_id and c.party = s.party)""",  # noqa: S608 - constant texts
    ),
    Invariant(
        "refund_payable",
        "应付退款等于尚未付出的退款",
        "what refunds owe is what their payouts have not brought back",
        """
      select 1 from
        (select coalesce(-sum(balance_fen), 0) as owed from ledger_account where code = 'refund_payable') a,
        (select coalesce(sum(amount_fen + interest_fen), 0) as due from refund where state in ('approved', 'paid')) r,
        (select coalesce(sum(amount_fen), 0) as gone from refund_payout where state = 'succeeded') p
      where a.owed <> r.due - p.gone""",
    ),
    Invariant(
        "payment_given_back",
        "每笔收款退回不超过收款金额",
        "a payment gets back at most what it brought in",
        """
      select p.id from payment p join refund_payout o on o.institution_id = p.institution_id and o.payment_id = p.id
      where o.state <> 'failed' group by p.id, p.amount_fen having sum(o.amount_fen) > p.amount_fen""",
    ),
    Invariant(
        "refund_payouts",
        "有效的退款付款之和等于退款金额",
        "payouts that stand or can be paid in another way are the refund",
        """
      select r.id from refund r left join refund_payout o on o.institution_id = r.institution_id
        and o.refund_id = r.id and o.redirect_time is null
      where r.state in ('approved', 'paid') group by r.id, r.amount_fen, r.interest_fen
      having r.amount_fen + r.interest_fen <> coalesce(sum(o.amount_fen), 0)""",
    ),
    Invariant(
        "refund_item",
        "退款与扣费之和不超过所关闭课时的价值",
        "no refund gives back or keeps more than the hours were worth that it closed",
        """
      select id from refund_item where amount_fen + fee_fen > closed_fen or least(amount_fen, fee_fen) < 0""",
    ),
    Invariant(
        "order_refunds",
        "订单退款等于其退款单之和",
        "an order's refunds are what it counts as refunded",
        """
      select o.id from sales_order o left join refund r on r.institution_id = o.institution_id and r.order_id = o.id
        and r.state in ('approved', 'paid') and r.cause <> 'overpayment'
      group by o.id, o.refunded_fen having o.refunded_fen <> coalesce(sum(r.amount_fen), 0)""",
    ),
    Invariant(
        "unapplied_receipts",
        "多收的款项在退回或使用前挂账",
        "money above orders is held until it goes back",
        """
      select 1 from
        (select coalesce(-sum(balance_fen), 0) as held from ledger_account where code = 'unapplied_receipts') a,
        (select coalesce(sum(amount_fen), 0) as above from payment where state = 'unapplied') p,
        (select coalesce(sum(amount_fen), 0) as gone from refund
         where state in ('approved', 'paid') and cause = 'overpayment') r,
        (select coalesce(sum(amount_fen), 0) as used from payment where origin_payment_id is not null) u
      where a.held <> p.above - r.gone - u.used""",
    ),
    Invariant(
        "receipt_bounds",
        "多收的款项使用和退回不超过其金额",
        "a receipt gives orders and families at most what it brought in",
        """
      select p.id from payment p where p.state = 'unapplied' and p.amount_fen
        < (select coalesce(sum(a.amount_fen), 0) from payment a
           where a.institution_id = p.institution_id and a.origin_payment_id = p.id)
        + (select coalesce(sum(o.amount_fen), 0) from refund_payout o
           where o.institution_id = p.institution_id and o.payment_id = p.id and o.state <> 'failed')""",
    ),
    Invariant(
        "settlement_sum",
        "结算单金额等于其明细之和",
        "a settlement statement is the sum of its lines",
        """
      select s.id from settlement s left join settlement_line l
        on l.institution_id = s.institution_id and l.settlement_id = s.id
      group by s.id, s.amount_fen, s.line_count
      having s.amount_fen <> coalesce(sum(l.amount_fen), 0) or s.line_count <> count(l.id)""",
    ),
    Invariant(
        "settlement_line",
        "结算明细对应同一方同一金额的分账，或说明原因",
        "a line of a statement is a split row of its party and amount, or says why it is there",
        """
      select l.id from settlement_line l
        join settlement s on s.institution_id = l.institution_id and s.id = l.settlement_id
        left join split_row r on r.institution_id = l.institution_id and r.id = l.id
      where case when l.kind = 'adjustment' then r.id is not null else r.id is null
        or (r.amount_fen, r.party_id, r.campus_id) <> (l.amount_fen, s.party_id, s.campus_id) end""",
    ),
    Invariant(
        "party_payable",
        "应付各方等于分账与调整减去已付和欠回",
        "what parties are owed is what split rows and adjustments gave them, less what was paid or is owed back",
        """
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
    ),
    Invariant(
        "party_receivable",
        "各方欠款等于负数结算单减去已扣回，且不为负",
        "what parties owe is what statements below zero left, less what was kept back, and never negative",
        """
      select a.id from ledger_account a
        left join lateral (select coalesce(sum(-s.amount_fen), 0) as left_fen from settlement s
          where s.institution_id = a.institution_id and s.campus_id = a.campus_id and s.party_id = a.party_id
            and s.amount_fen < 0 and s.state in ('confirmed', 'paid')
            and s.party not in ('campus', 'headquarters')) n on true
        left join lateral (select coalesce(sum(i.offset_fen), 0) as kept_fen from payout_item i
          join payout_batch b on b.institution_id = i.institution_id and b.id = i.payout_batch_id and b.state = 'paid'
          where i.institution_id = a.institution_id and i.campus_id = a.campus_id and i.party_id = a.party_id) k on true
      where a.code = 'party_receivable' and (a.balance_fen < 0 or a.balance_fen <> n.left_fen - k.kept_fen)""",
    ),
    Invariant(
        "contract_liability",
        "合同负债等于已收减已确认减已关闭",
        "the liability is received less recognised less closed",
        """
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
    ),
    Invariant(
        "instalment_sum",
        "有效分期之和等于订单金额",
        "instalments that stand sum to their order",
        """
      select o.id from sales_order o join instalment i on i.institution_id = o.institution_id and i.order_id = o.id
      where i.state <> 'ended' and o.state <> 'refunded' group by o.id, o.total_fen, o.paid_fen
      having sum(i.amount_fen) <> o.total_fen or sum(i.paid_fen) <> o.paid_fen""",
    ),
    Invariant(
        "instalment_order",
        "收款先填最早的一期",
        "payments fill the oldest instalment first",
        """
      select i.id from instalment i join sales_order o on o.institution_id = i.institution_id and o.id = i.order_id
      where i.state <> 'ended' and o.state <> 'refunded'
        and i.paid_fen <> least(i.amount_fen, greatest(0, o.paid_fen - i.cumulative_fen + i.amount_fen))""",
    ),
    Invariant(
        "instalment_receivable",
        "赊欠金额等于分期订单未付而已开通的部分",
        "what is on credit is what planned orders opened before it was paid",
        """
      select 1 from
        (select coalesce(sum(amount_fen), 0) as lent from journal_line where code = 'instalment_receivable') c,
        (select coalesce(sum(o.total_fen - o.paid_fen), 0) as unpaid from sales_order o where o.state = 'part_paid'
         and exists (select from instalment i where i.institution_id = o.institution_id and i.order_id = o.id
           and i.state <> 'ended' and i.unpaid = 'receivable')) o
      where c.lent < o.unpaid or (c.lent <> o.unpaid and not exists (select from sales_order r
        join instalment i on i.institution_id = r.institution_id and i.order_id = r.id and i.unpaid = 'receivable'
        where r.state = 'refunded'))""",
    ),
)
