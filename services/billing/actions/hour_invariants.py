"""What must hold of hours and of what they are worth: each query returns what breaks it.

Queries have one column: the row at fault, or 1 where a sum over the institution is.
"""

from __future__ import annotations

from services.billing.rules.invariants import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "lot_hours",
        "课时包剩余课时等于数量减去流水",
        "a lot's remaining hours are its quantity less its entries",
        """
      select l.id from lot l left join lot_entry e on e.institution_id = l.institution_id and e.lot_id = l.id
      group by l.id, l.quantity_hundredths, l.remaining_hundredths
      having l.remaining_hundredths <> l.quantity_hundredths - coalesce(sum(e.hundredths), 0)""",
    ),
    Invariant(
        "lot_opening",
        "课时包数量和金额等于到账记录之和",
        "a lot's quantity and value are what came into it",
        """
      select l.id from lot l left join lot_opening o on o.institution_id = l.institution_id and o.lot_id = l.id
      group by l.id, l.quantity_hundredths, l.total_fen
      having l.quantity_hundredths <> coalesce(sum(o.hundredths), 0)
        or l.total_fen <> coalesce(sum(o.amount_fen), 0)""",
    ),
    Invariant(
        "lot_money",
        "课时包已释放金额等于流水之和",
        "a lot's released money is the sum of its entries",
        """
      select l.id from lot l left join lot_entry e on e.institution_id = l.institution_id and e.lot_id = l.id
      group by l.id, l.released_fen having l.released_fen <> coalesce(sum(e.amount_fen), 0)""",
    ),
    Invariant(
        "lot_liability",
        "课时包的合同负债等于尚未释放的金额",
        "the liability of a lot is what it has not released",
        """
      select l.id from lot l left join journal_line j
        on j.institution_id = l.institution_id and j.lot_id = l.id and j.code = 'contract_liability'
      group by l.id, l.total_fen, l.released_fen
      having coalesce(-sum(j.amount_fen), 0) <> l.total_fen - l.released_fen""",
    ),
    Invariant(
        "split_of_consumption",
        "课消的分账之和等于确认金额，撤销后为零",
        "split rows of a consumption sum to what it recognised, and to nothing once it is taken back",
        """
      select c.id from consumption c left join split_row r
        on r.institution_id = c.institution_id and r.source_id = c.id
      group by c.id, c.recognised_fen, c.state
      having coalesce(sum(r.amount_fen), 0) <> case when c.state = 'consumed' then c.recognised_fen else 0 end""",
    ),
    Invariant(
        "revenue",
        "收入等于有效课消的确认金额",
        "revenue is what standing consumptions recognised",
        """
      select 1 from (select coalesce(sum(balance_fen), 0) as booked from ledger_account where code = 'revenue') a,
        (select coalesce(sum(recognised_fen), 0) as earned from consumption where state = 'consumed') c
      where a.booked + c.earned <> 0""",
    ),
    Invariant(
        "breakage_income",
        "过期收入等于过期课时的价值",
        "breakage income is what expired hours were worth",
        """
      select 1 from
        (select coalesce(sum(amount_fen), 0) as booked from journal_line where code = 'breakage_income') a,
        (select coalesce(sum(amount_fen), 0) as worth from lot_entry where kind = 'expire') e
      where a.booked + e.worth <> 0""",
    ),
    Invariant(
        "lot_freeze",
        "课时包的冻结状态与冻结流水一致",
        "a lot is frozen exactly while it has a freeze that nothing ended",
        """
      select l.id from lot l left join lot_entry e on e.institution_id = l.institution_id and e.lot_id = l.id
      group by l.id, l.freeze_date
      having count(*) filter (where e.kind = 'freeze') - count(*) filter (where e.kind = 'unfreeze')
        <> case when l.freeze_date is null then 0 else 1 end""",
    ),
    Invariant(
        "forfeit",
        "清零的课时计入收入且不计入别处",
        "what was given up is income, and nothing else of it",
        """
      select f.id from forfeit f left join lot_entry e
        on e.institution_id = f.institution_id and e.source_id = f.id and e.kind = 'forfeit'
      left join journal j on j.institution_id = f.institution_id and j.source_id = f.id and j.kind = 'forfeit'
      left join journal_line l on l.institution_id = f.institution_id and l.journal_id = j.id
        and l.code = 'forfeit_income' and l.campus_id = f.campus_id
      where (f.state = 'approved') <> (e.id is not null)
        or coalesce(e.amount_fen, 0) + coalesce(l.amount_fen, 0) <> 0
        or (e.id is not null and (e.hundredths, e.amount_fen) <> (f.hundredths, f.amount_fen))""",
    ),
    Invariant(
        "wallet_part",
        "电子钱包各部分等于其流水之和",
        "a part of a wallet holds the sum of its entries",
        """
      select w.id from wallet_part w left join wallet_entry e
        on e.institution_id = w.institution_id and e.wallet_part_id = w.id
      group by w.id, w.balance_fen having w.balance_fen <> coalesce(sum(e.amount_fen), 0) or w.balance_fen < 0""",
    ),
    Invariant(
        "wallet_in_books",
        "家庭钱包余额与账上一致",
        "the wallet of a family is in the books of the campuses that keep it",
        """
      select 1 from (select campus_id, customer_id, sum(balance_fen) as held from wallet_part
          group by campus_id, customer_id) w
        full join (select campus_id, party_id, balance_fen from ledger_account where code = 'wallet') a
          on a.campus_id = w.campus_id and a.party_id = w.customer_id
      where coalesce(w.held, 0) + coalesce(a.balance_fen, 0) <> 0""",
    ),
    Invariant(
        "transfer",
        "转出的课时和金额都已转入",
        "hours that move arrive, and their money does",
        """
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
    ),
    Invariant(
        "wallet_payment",
        "钱包支付等于钱包支出",
        "what wallets paid is what left them for payments",
        """
      select p.id from payment p left join wallet_entry e
        on e.institution_id = p.institution_id and e.payment_id = p.id and e.kind = 'spend'
      where p.method = 'wallet' group by p.id, p.amount_fen having p.amount_fen <> coalesce(-sum(e.amount_fen), 0)""",
    ),
    Invariant(
        "attendance_once",
        "每次出勤最多扣课一次",
        "an attendance is charged at most once",
        """
      select attendance_id from consumption where state in ('consumed', 'uncovered')
      group by attendance_id having count(*) > 1""",
    ),
    Invariant(
        "lots_paid_for",
        "除赊欠外，课时价值不超过已付金额",
        "lots of an order are worth no more than was paid, unless they were opened on credit",
        """
      select o.id from sales_order o join lot l on l.institution_id = o.institution_id and l.order_id = o.id
      where not exists (select from instalment i where i.institution_id = o.institution_id and i.order_id = o.id
        and i.unpaid = 'receivable') group by o.id, o.paid_fen having sum(l.total_fen) > o.paid_fen""",
    ),
)
