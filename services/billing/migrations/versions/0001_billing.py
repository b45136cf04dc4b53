"""The first tables of billing."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import app_role, protect

revision = "0001"
down_revision = None

_NOBODY = "'00000000-0000-0000-0000-000000000000'"

_TABLES = {
    "campus": "name text not null, time_zone text not null, active boolean not null",
    "rulebook": """version bigint not null, thresholds_hundredths bigint[] not null,
      constraint ck_rulebook_single check (id = institution_id)""",
    "price": """campus_id uuid, course_id uuid not null, unit_price_fen bigint not null, start_date date not null,
      end_date date, constraint ck_price_amount check (unit_price_fen >= 0),
      constraint ck_price_dates check (end_date is null or end_date > start_date),
      constraint uq_price_start unique nulls not distinct (institution_id, course_id, campus_id, start_date)""",
    "quote": """campus_id uuid not null, owner_id uuid, customer_id uuid not null, lead_id uuid,
      channel text not null, gross_fen bigint not null, discount_fen bigint not null, total_fen bigint not null,
      state text not null, expire_time timestamptz not null, confirm_time timestamptz,
      constraint ck_quote_total check (total_fen = gross_fen - discount_fen and total_fen >= 0),
      constraint ck_quote_state check (state in ('draft', 'confirmed', 'expired', 'void'))""",
    "quote_line": """quote_id uuid not null, line_number bigint not null, course_id uuid not null,
      lesson_hours_hundredths bigint not null, gift_hundredths bigint not null, unit_price_fen bigint not null,
      discount_fen bigint not null, gross_fen bigint not null, net_fen bigint not null,
      constraint uq_quote_line unique (institution_id, quote_id, line_number),
      constraint ck_quote_line_net check (net_fen = gross_fen - discount_fen and net_fen >= 0),
      foreign key (institution_id, quote_id) references quote (institution_id, id)""",
    "contract": """campus_id uuid not null, owner_id uuid, quote_id uuid not null, customer_id uuid not null,
      total_fen bigint not null, gift_policy text not null, state text not null, expire_date date,
      sign_time timestamptz, constraint uq_contract_quote unique (institution_id, quote_id),
      constraint ck_contract_gift_policy check (gift_policy in ('diluted', 'zero')),
      constraint ck_contract_state check (state in ('draft', 'signed', 'void')),
      foreign key (institution_id, quote_id) references quote (institution_id, id)""",
    "sales_order": """campus_id uuid not null, owner_id uuid, contract_id uuid not null, customer_id uuid not null,
      lead_id uuid, channel text not null, total_fen bigint not null, paid_fen bigint not null,
      refunded_fen bigint not null, state text not null, activate_time timestamptz,
      constraint uq_sales_order_contract unique (institution_id, contract_id),
      constraint ck_sales_order_paid check (paid_fen between 0 and total_fen),
      constraint ck_sales_order_refunded check (refunded_fen between 0 and paid_fen),
      constraint ck_sales_order_state check (state in ('open', 'part_paid', 'paid', 'refunded')),
      foreign key (institution_id, contract_id) references contract (institution_id, id)""",
    "order_line": """order_id uuid not null, line_number bigint not null, course_id uuid not null,
      lesson_hours_hundredths bigint not null, gift_hundredths bigint not null, unit_price_fen bigint not null,
      net_fen bigint not null, constraint uq_order_line unique (institution_id, order_id, line_number),
      foreign key (institution_id, order_id) references sales_order (institution_id, id)""",
    "payment": """campus_id uuid not null, owner_id uuid, order_id uuid not null, customer_id uuid not null,
      amount_fen bigint not null, method text not null, provider_transaction_id text, state text not null,
      receive_time timestamptz not null, constraint ck_payment_amount check (amount_fen > 0),
      constraint ck_payment_state check (state in ('applied', 'unapplied')),
      constraint uq_payment_provider_transaction unique (institution_id, method, provider_transaction_id),
      foreign key (institution_id, order_id) references sales_order (institution_id, id)""",
    "payment_intent": """campus_id uuid not null, owner_id uuid, order_id uuid not null, amount_fen bigint not null,
      provider text not null, reference text not null, state text not null,
      constraint uq_payment_intent_reference unique (institution_id, provider, reference),
      constraint ck_payment_intent_amount check (amount_fen > 0),
      constraint ck_payment_intent_state check (state in ('pending', 'succeeded')),
      foreign key (institution_id, order_id) references sales_order (institution_id, id)""",
    "lot": """campus_id uuid not null, student_id uuid not null, course_id uuid not null, order_id uuid not null,
      order_line_id uuid not null, kind text not null, quantity_hundredths bigint not null,
      remaining_hundredths bigint not null, total_fen bigint not null, released_fen bigint not null,
      start_date date, expire_date date, contract_time timestamptz not null, advisor_id uuid, channel text not null,
      constraint uq_lot_line unique (institution_id, order_line_id, kind),
      constraint ck_lot_kind check (kind in ('paid', 'gift')),
      constraint ck_lot_remaining check (quantity_hundredths > 0
        and remaining_hundredths between 0 and quantity_hundredths),
      constraint ck_lot_released check (released_fen between 0 and total_fen),
      constraint ck_lot_no_lost_fen check ((remaining_hundredths > 0 or released_fen = total_fen)
        and (remaining_hundredths < quantity_hundredths or released_fen = 0)),
      foreign key (institution_id, order_id) references sales_order (institution_id, id),
      foreign key (institution_id, order_line_id) references order_line (institution_id, id)""",
    "lot_entry": """campus_id uuid not null, lot_id uuid not null, kind text not null, hundredths bigint not null,
      amount_fen bigint not null, source_id uuid not null, reverses_id uuid, explanation text not null,
      constraint uq_lot_entry_source unique (institution_id, source_id, lot_id, kind),
      constraint uq_lot_entry_reverses unique (institution_id, reverses_id),
      constraint ck_lot_entry_kind check (kind in ('consume', 'reverse', 'refund')),
      constraint ck_lot_entry_sign check (case when kind = 'reverse'
        then hundredths < 0 and amount_fen <= 0 and reverses_id is not null
        else hundredths > 0 and amount_fen >= 0 and reverses_id is null end),
      foreign key (institution_id, lot_id) references lot (institution_id, id),
      foreign key (institution_id, reverses_id) references lot_entry (institution_id, id)""",
    "consumption": """campus_id uuid not null, attendance_id uuid not null, revision bigint not null,
      student_id uuid not null, course_id uuid, lesson_id uuid not null, teacher_id uuid,
      lesson_start_time timestamptz, charge_hundredths bigint not null, recognised_fen bigint not null,
      remaining_hundredths bigint not null, state text not null, reason text not null,
      constraint uq_consumption_revision unique (institution_id, attendance_id, revision),
      constraint ck_consumption_charge check (charge_hundredths >= 0),
      constraint ck_consumption_state check (state in ('consumed', 'uncovered', 'restored', 'skipped'))""",
    "threshold_notice": """student_id uuid not null, course_id uuid not null, order_id uuid not null,
      threshold_hundredths bigint not null,
      constraint uq_threshold_notice unique
        (institution_id, student_id, course_id, order_id, threshold_hundredths)""",
    "ledger_account": """campus_id uuid not null, code text not null, party_id uuid not null,
      balance_fen bigint not null,
      constraint uq_ledger_account unique (institution_id, code, campus_id, party_id)""",
    "journal": """campus_id uuid not null, kind text not null, source_id uuid not null, post_date date not null,
      reverses_id uuid, constraint uq_journal_source unique (institution_id, source_id, kind),
      constraint uq_journal_reverses unique (institution_id, reverses_id),
      foreign key (institution_id, reverses_id) references journal (institution_id, id)""",
    "journal_line": f"""campus_id uuid not null, journal_id uuid not null, code text not null,
      party_id uuid not null default {_NOBODY}, lot_id uuid not null default {_NOBODY}, amount_fen bigint not null,
      foreign key (institution_id, journal_id) references journal (institution_id, id)""",
    "ledger_period": """start_date date not null, end_date date not null, lock_time timestamptz not null,
      staff_id uuid not null, constraint uq_ledger_period_start unique (institution_id, start_date),
      constraint ck_ledger_period_dates check (end_date > start_date)""",
    "split_rule": """name text not null, base text not null, priority bigint not null, course_id uuid,
      selling_campus_id uuid, teaching_campus_id uuid, channel text not null, shares jsonb not null,
      start_date date not null, end_date date,
      constraint ck_split_rule_base check (base in ('consumption_recognised', 'cash_received')),
      constraint ck_split_rule_dates check (end_date is null or end_date > start_date)""",
    "split_row": """campus_id uuid not null, source_kind text not null, source_id uuid not null,
      row_number bigint not null, rule_id uuid, base text not null, base_fen bigint not null, party text not null,
      party_id uuid not null, amount_fen bigint not null, explanation text not null, reverses_id uuid,
      occur_time timestamptz not null,
      constraint uq_split_row_source unique (institution_id, source_id, source_kind, row_number),
      foreign key (institution_id, rule_id) references split_rule (institution_id, id),
      foreign key (institution_id, reverses_id) references split_row (institution_id, id)""",
    "refund": """campus_id uuid not null, owner_id uuid, order_id uuid not null, customer_id uuid not null,
      basis text not null, fee_fen bigint not null, lines jsonb not null, amount_fen bigint not null,
      state text not null, reason text not null, request_staff_id uuid not null, approve_staff_id uuid,
      pay_time timestamptz, constraint ck_refund_amounts check (fee_fen >= 0 and amount_fen >= 0),
      constraint ck_refund_basis check (basis in ('contract_price', 'list_price', 'full')),
      constraint ck_refund_state check (state in ('requested', 'paid')),
      foreign key (institution_id, order_id) references sales_order (institution_id, id)""",
}

_INDEXES = (
    "create index ix_quote_time on quote (institution_id, create_time, id)",
    "create index ix_contract_time on contract (institution_id, create_time, id)",
    "create index ix_sales_order_time on sales_order (institution_id, create_time, id)",
    "create index ix_sales_order_customer on sales_order (institution_id, customer_id)",
    "create index ix_payment_order on payment (institution_id, order_id)",
    "create index ix_payment_time on payment (institution_id, receive_time, id)",
    "create index ix_payment_intent_order on payment_intent (institution_id, order_id)",
    "create index ix_lot_student on lot (institution_id, student_id, course_id)",
    "create index ix_lot_order on lot (institution_id, order_id)",
    "create index ix_lot_entry_lot on lot_entry (institution_id, lot_id)",
    # An attendance has at most one consumption that stands.
    """create unique index uq_consumption_standing on consumption (institution_id, attendance_id)
       where state in ('consumed', 'uncovered')""",
    "create index ix_consumption_student on consumption (institution_id, student_id, course_id)",
    "create index ix_consumption_time on consumption (institution_id, create_time, id)",
    "create index ix_journal_time on journal (institution_id, create_time, id)",
    "create index ix_journal_line_journal on journal_line (institution_id, journal_id)",
    "create index ix_split_row_time on split_row (institution_id, occur_time, id)",
    "create index ix_split_row_campus on split_row (institution_id, campus_id, occur_time)",
    "create index ix_split_row_reverses on split_row (institution_id, reverses_id) where reverses_id is not null",
    "create unique index uq_refund_pending on refund (institution_id, order_id) where state = 'requested'",
    # Balances and lots change often and in place.
    "alter table ledger_account set (fillfactor = 50)",
    "alter table lot set (fillfactor = 80)",
)

_OWNED = ("quote", "contract", "sales_order", "payment_intent", "refund")
_BOOKS = ("journal", "journal_line", "split_row")

# Books are written for every campus that a posting touches and read by the campus: only SELECT is limited.
_READ_BY_CAMPUS = """create policy campus on {table} as restrictive for select using (
  (select current_setting('app.campuses', true)) = '*' or campus_id =
  any ((select string_to_array(nullif(current_setting('app.campuses', true), '*'), ',')::uuid[])::uuid[]))"""

# Checks that the lines of one INSERT balance and adds them to the accounts, always in the same order, so that two
# postings never wait for each other in a circle. Accounts of other campuses move too: the settings are widened for
# the moment. The function belongs to the owner role, so the app role needs no right to write balances.
_POST_LINES = """
create function post_lines() returns trigger language plpgsql security definer
set search_path = pg_catalog, public, pg_temp as $$
declare
  campuses text := current_setting('app.campuses', true);
begin
  if exists (select 1 from added group by institution_id, journal_id having sum(amount_fen) <> 0) then
    raise exception 'the lines of a journal do not sum to zero'
      using errcode = 'check_violation', constraint = 'ck_journal_balances';
  end if;
  -- house: only_db_sets_scope - a posting moves balances of several campuses; set back below
  perform set_config('app.campuses', '*', true);
  insert into ledger_account
    (institution_id, id, create_time, update_time, campus_id, code, party_id, balance_fen)
  select institution_id, gen_random_uuid(), min(create_time), max(create_time), campus_id, code, party_id,
    sum(amount_fen)
  from added group by institution_id, code, campus_id, party_id order by institution_id, code, campus_id, party_id
  on conflict on constraint uq_ledger_account do update
    set balance_fen = ledger_account.balance_fen + excluded.balance_fen, update_time = excluded.update_time;
  -- house: only_db_sets_scope - as above
  perform set_config('app.campuses', coalesce(campuses, ''), true);
  return null;
end $$"""

_REFUSE_LOCKED = """
create function refuse_locked_period() returns trigger language plpgsql
set search_path = pg_catalog, public, pg_temp as $$
begin
  if exists (select 1 from ledger_period p where p.institution_id = new.institution_id
             and p.start_date <= new.post_date and p.end_date > new.post_date) then
    raise exception 'the period of % is locked', new.post_date
      using errcode = 'check_violation', constraint = 'ck_journal_open_period';
  end if;
  return new;
end $$"""

_TRIGGERS = (
    """create trigger post_lines after insert on journal_line referencing new table as added
       for each statement execute function post_lines()""",
    "create trigger refuse_locked_period before insert on journal for each row execute function refuse_locked_period()",
)


def upgrade() -> None:
    """Create the tables."""
    chassis.create(op)
    chassis.create_rows(op, _TABLES)
    for statement in _INDEXES:
        op.execute(statement)
    _protect()
    for statement in (_POST_LINES, _REFUSE_LOCKED, *_TRIGGERS):
        op.execute(statement)


def _protect() -> None:
    for table in ("campus", "rulebook", "quote_line", "order_line", "split_rule"):
        protect(op, table)
    protect(op, "price", campus="campus_id", campus_optional=True)
    for table in _OWNED:
        protect(op, table, campus="campus_id", owner="owner_id")
    for table in ("lot", "consumption"):
        protect(op, table, campus="campus_id")
    protect(op, "payment", campus="campus_id", owner="owner_id", append_only=True)
    protect(op, "lot_entry", campus="campus_id", append_only=True)
    for table in ("threshold_notice", "ledger_period", *_BOOKS):
        protect(op, table, append_only=True)
    for table in ("journal_line", "split_row"):
        op.execute(_READ_BY_CAMPUS.format(table=table))
    protect(op, "ledger_account", campus="campus_id", append_only=True)
    op.execute(f"revoke insert on ledger_account from {app_role(op)}")


def downgrade() -> None:
    """Drop the tables."""
    chassis.drop_tables(op, _TABLES)
    op.execute("drop function post_lines()")
    op.execute("drop function refuse_locked_period()")
    chassis.drop(op)
