"""Books: balanced by the database, append-only, closed by the month, and read by the campus."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from services.billing.actions import consumptions, ledger, prices
from services.billing.models import Base
from services.billing.rules.postings import Line
from services.billing.rules.splits import HEAD_OFFICE
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import AlreadyExists, NotAllowed, NotFound, Refused
from shared.ids import uuid7
from tests.billing import factories
from tests.billing.books import broken

TODAY = date(2026, 3, 1)


def post(tx: Tx, lines: list[Line], *, source_id: UUID | None = None, day: date = TODAY) -> None:
    ledger.post(tx, kind="payment", source_id=source_id or uuid7(), campus_id=uuid7(), lines=lines, post_date=day)


def violated(error: DBAPIError) -> str:
    return str(getattr(getattr(error.orig, "diag", None), "constraint_name", ""))


def test_lines_that_do_not_sum_to_zero_are_refused_by_the_database(tx: Tx) -> None:
    with pytest.raises(DBAPIError) as refusal:
        post(tx, [Line("cash", uuid7(), 100), Line("revenue", uuid7(), -99)])
    assert violated(refusal.value) == "ck_journal_balances"


def test_a_document_posts_once(tx: Tx) -> None:
    source, campus = uuid7(), uuid7()
    lines = [Line("cash", campus, 1), Line("revenue", campus, -1)]
    post(tx, lines, source_id=source)
    with pytest.raises(DBAPIError) as refusal:
        post(tx, lines, source_id=source)
    assert violated(refusal.value) == "uq_journal_source"


def test_without_lines_there_is_no_journal(tx: Tx) -> None:
    post(tx, [])
    assert tx.run("select count(*) from journal").scalar() == 0


def test_a_locked_month_takes_no_posting(tx: Tx) -> None:
    period = ledger.lock_period(tx, date(2025, 2, 14))
    assert (period.start_date, period.end_date) == (date(2025, 2, 1), date(2025, 3, 1))
    lines = [Line("cash", uuid7(), 0)]
    post(tx, lines, day=date(2025, 1, 31))
    post(tx, lines, day=date(2025, 3, 1))
    with pytest.raises(DBAPIError) as refusal:
        post(tx, lines, day=date(2025, 2, 28))
    assert violated(refusal.value) == "ck_journal_open_period"


def test_what_concerns_the_whole_chain_needs_a_permission_that_holds_there(database: Database, caller: Caller) -> None:
    for work in (
        lambda tx: ledger.lock_period(tx, date(2025, 2, 14)),
        factories.split_rule,
        lambda tx: prices.create(tx, course_id=uuid7(), campus_id=None, unit_price_fen=1, start_date=TODAY),
    ):
        with pytest.raises(NotAllowed), database.begin(caller, scope=Scope(frozenset({uuid7()}))) as tx:
            work(tx)


def test_a_month_is_locked_once_and_only_when_it_is_over(tx: Tx) -> None:
    ledger.lock_period(tx, date(2025, 2, 14))
    with pytest.raises(AlreadyExists), tx.session.begin_nested():
        ledger.lock_period(tx, date(2025, 2, 1))
    for day in (tx.now.date(), date.max):
        with pytest.raises(Refused):
            ledger.lock_period(tx, day)


@pytest.mark.parametrize(
    "table", ["journal", "journal_line", "split_row", "lot_entry", "payment", "ledger_period", "threshold_notice"]
)
def test_the_app_changes_and_deletes_nothing_in_the_books(database: Database, caller: Caller, table: str) -> None:
    for verb in ("update {} set update_time = now()", "delete from {}", "truncate {}"):
        with pytest.raises(DBAPIError, match="permission denied"), database.begin(caller) as tx:
            tx.run(verb.format(table))


@pytest.mark.parametrize(
    "verb", ["insert into ledger_account default values", "update ledger_account set balance_fen = 1"]
)
def test_only_postings_move_balances(database: Database, caller: Caller, verb: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"), database.begin(caller) as tx:
        tx.run(verb)


def test_each_campus_reads_its_own_books_and_no_others(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        factories.split_rule(tx)
        bought = factories.paid_order(tx, unit_price_fen=10000)
        taught_at = factories.campus(tx)
        consumptions.consume(tx, factories.confirmed(bought, campus_id=taught_at))
        assert broken(tx) == []
        assert ledger.inter_campus_balances(tx) == [
            ledger.InterCampusBalance(bought.campus_id, HEAD_OFFICE, 1000),
            ledger.InterCampusBalance(bought.campus_id, taught_at, 7000),
        ]
        assert ledger.with_lines_in_reach(tx) == []
    for campus, owes in ((bought.campus_id, 2), (taught_at, 1), (uuid7(), 0)):
        with database.begin(caller, scope=Scope(frozenset({campus})), read_only=True) as tx:
            assert {account.campus_id for account in ledger.trial_balance(tx)} <= {campus}
            assert sum(account.balance_fen for account in ledger.trial_balance(tx)) == 0
            assert len(ledger.inter_campus_balances(tx)) == owes
            assert {row.campus_id for row in tx.run("select campus_id from split_row")} <= {campus}
            with pytest.raises(NotFound):
                ledger.trial_balance(tx, uuid7())
    with database.begin(caller, read_only=True) as tx:
        one = ledger.inter_campus_balances(tx, taught_at)
        assert one == [ledger.InterCampusBalance(bought.campus_id, taught_at, 7000)]
        journal_ids = list(tx.execute(text("select id from journal")).scalars())
        assert all(sum(line.amount_fen for line in lines) == 0 for lines in ledger.lines_of(tx, journal_ids).values())


def test_rows_of_another_institution_are_not_there(database: Database, caller: Caller, other_institution: UUID) -> None:
    with database.begin(caller) as tx:
        consumptions.consume(tx, factories.confirmed(factories.paid_order(tx)))
    with database.begin(Caller.system(other_institution), read_only=True) as tx:
        for table in (
            "sales_order",
            "payment",
            "lot",
            "lot_entry",
            "consumption",
            "journal",
            "journal_line",
            "split_row",
        ):
            assert tx.execute(select(func.count()).select_from(Base.metadata.tables[table])).scalar() == 0, table
        assert ledger.trial_balance(tx) == []
