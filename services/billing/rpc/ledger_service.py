"""LedgerService on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from lianxiao.billing.v1 import ledger_pb2, ledger_service_pb2_grpc
from lianxiao.billing.v1 import ledger_service_pb2 as pb
from services.billing.actions import ledger
from services.billing.models import Journal, JournalLine, LedgerAccount, LedgerPeriod
from services.billing.rpc.values import date_pb, find_uuid, text, to_date
from shared.db import Tx
from shared.listing import Field, Listing
from shared.rpc import Servicer, command, query

LISTING: Listing[Journal] = Listing(
    Journal,
    fields={
        "kind": Field(Journal.kind),
        "source_id": Field(Journal.source_id),
        "campus_id": Field(Journal.campus_id),
        "post_date": Field(Journal.post_date),
        "create_time": Field(Journal.create_time),
    },
)


class LedgerService(Servicer, ledger_service_pb2_grpc.LedgerServiceServicer):
    """Books."""

    @query
    def GetTrialBalance(self, request: pb.GetTrialBalanceRequest, tx: Tx) -> pb.GetTrialBalanceResponse:
        accounts = ledger.trial_balance(tx, find_uuid(request.campus_id))
        total = sum(account.balance_fen for account in accounts)
        return pb.GetTrialBalanceResponse(accounts=[_account_pb(row) for row in accounts], total_fen=total)

    @query
    def ListJournals(self, request: pb.ListJournalsRequest, tx: Tx) -> pb.ListJournalsResponse:
        page = LISTING.page(tx, request, where=ledger.with_lines_in_reach(tx))
        lines = ledger.lines_of(tx, [row.id for row in page.rows])
        rows = [_journal_pb(row, lines[row.id]) for row in page.rows]
        return pb.ListJournalsResponse(journals=rows, next_page_token=page.next_page_token)

    @query
    def ListInterCampusBalances(
        self, request: pb.ListInterCampusBalancesRequest, tx: Tx
    ) -> pb.ListInterCampusBalancesResponse:
        balances = ledger.inter_campus_balances(tx, find_uuid(request.campus_id))
        return pb.ListInterCampusBalancesResponse(balances=[_balance_pb(balance) for balance in balances])

    @command
    def LockPeriod(self, request: pb.LockPeriodRequest, tx: Tx) -> pb.LockPeriodResponse:
        period = ledger.lock_period(tx, to_date(request.date, "date"))
        return pb.LockPeriodResponse(ledger_period=_period_pb(period))


def _account_pb(row: LedgerAccount) -> ledger_pb2.LedgerAccount:
    return ledger_pb2.LedgerAccount(
        ledger_account_id=str(row.id),
        code=row.code,
        campus_id=text(row.campus_id),
        party_id=text(row.party_id),
        balance_fen=row.balance_fen,
    )


def _journal_pb(row: Journal, lines: Sequence[JournalLine]) -> ledger_pb2.Journal:
    return ledger_pb2.Journal(
        journal_id=str(row.id),
        kind=row.kind,
        source_id=str(row.source_id),
        campus_id=text(row.campus_id),
        post_date=date_pb(row.post_date),
        reverses_id=text(row.reverses_id),
        lines=[_line_pb(line) for line in lines],
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _line_pb(line: JournalLine) -> ledger_pb2.JournalLine:
    return ledger_pb2.JournalLine(
        code=line.code,
        campus_id=text(line.campus_id),
        party_id=text(line.party_id),
        lot_id=text(line.lot_id),
        amount_fen=line.amount_fen,
    )


def _balance_pb(balance: ledger.InterCampusBalance) -> ledger_pb2.InterCampusBalance:
    return ledger_pb2.InterCampusBalance(
        debtor_campus_id=text(balance.debtor_campus_id),
        creditor_campus_id=text(balance.creditor_campus_id),
        amount_fen=balance.amount_fen,
    )


def _period_pb(row: LedgerPeriod) -> ledger_pb2.LedgerPeriod:
    return ledger_pb2.LedgerPeriod(
        ledger_period_id=str(row.id),
        start_date=date_pb(row.start_date),
        end_date=date_pb(row.end_date),
        lock_time=row.lock_time,
    )
