"""LedgerService on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from lianxiao.billing.v1 import ledger_pb2
from lianxiao.billing.v1 import ledger_service_pb2 as pb
from lianxiao.billing.v1 import ledger_service_pb2_grpc as pb_grpc
from services.billing.actions import balances, book_checks, ledger, period_closing
from services.billing.actions.period_closing import OpenItem
from services.billing.models import Journal, JournalLine, LedgerAccount, LedgerPeriod, PeriodAcknowledgement
from shared.db import Tx
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, id_text, local_date, optional_date, optional_id


class LedgerService(Servicer, pb_grpc.LedgerServiceServicer):
    """Books."""

    @query
    def GetTrialBalance(self, request: pb.GetTrialBalanceRequest, tx: Tx) -> pb.GetTrialBalanceResponse:
        campus_id, day = optional_id(request.campus_id), optional_date(request, "as_of_date")
        if day is None:
            rows = [_account_to_pb(row) for row in ledger.trial_balance(tx, campus_id)]
        else:
            rows = [_as_of_to_pb(row) for row in balances.as_of(tx, day, campus_id)]
        return pb.GetTrialBalanceResponse(accounts=rows, total_fen=sum(row.balance_fen for row in rows))

    @query
    def ListJournals(self, request: pb.ListJournalsRequest, tx: Tx) -> pb.ListJournalsResponse:
        page = ledger.LISTING.page(tx, request, where=ledger.with_lines_in_reach(tx))
        lines = ledger.lines_of(tx, [row.id for row in page.rows])
        rows = [_journal_to_pb(row, lines[row.id]) for row in page.rows]
        return pb.ListJournalsResponse(journals=rows, next_page_token=page.next_page_token)

    @query
    def ListInterCampusBalances(
        self, request: pb.ListInterCampusBalancesRequest, tx: Tx
    ) -> pb.ListInterCampusBalancesResponse:
        balances = ledger.inter_campus_balances(tx, optional_id(request.campus_id))
        return pb.ListInterCampusBalancesResponse(balances=[_balance_to_pb(balance) for balance in balances])

    @query
    def ListBookChecks(self, request: pb.ListBookChecksRequest, tx: Tx) -> pb.ListBookChecksResponse:
        del request
        sums = book_checks.totals(tx)
        rows = [_check_to_pb(finding) for finding in book_checks.findings(tx)]
        return pb.ListBookChecksResponse(book_checks=rows, **sums._asdict())

    @query
    def ListPeriodOpenItems(self, request: pb.ListPeriodOpenItemsRequest, tx: Tx) -> pb.ListPeriodOpenItemsResponse:
        found = period_closing.open_items(tx, local_date(request.date, "date"))
        return pb.ListPeriodOpenItemsResponse(items=[_item_to_pb(item) for item in found])

    @query
    def ListLedgerPeriods(self, request: pb.ListLedgerPeriodsRequest, tx: Tx) -> pb.ListLedgerPeriodsResponse:
        page = period_closing.LISTING.page(tx, request)
        known = period_closing.acknowledged(tx, [row.id for row in page.rows])
        rows = [_period_to_pb(row, known[row.id]) for row in page.rows]
        return pb.ListLedgerPeriodsResponse(ledger_periods=rows, next_page_token=page.next_page_token)

    @command
    def LockPeriod(self, request: pb.LockPeriodRequest, tx: Tx) -> pb.LockPeriodResponse:
        reasons = {each.code: each.reason for each in request.acknowledgements}
        period = period_closing.close(tx, local_date(request.date, "date"), reasons)
        known = period_closing.acknowledged(tx, [period.id])
        return pb.LockPeriodResponse(ledger_period=_period_to_pb(period, known[period.id]))


def _item_to_pb(item: OpenItem) -> ledger_pb2.PeriodOpenItem:
    return ledger_pb2.PeriodOpenItem(
        code=item.kind.code,
        name_zh=item.kind.name_zh,
        name_en=item.kind.name_en,
        open_count=item.found,
        first_ids=[str(each) for each in item.first_ids],
    )


def _check_to_pb(finding: book_checks.Finding) -> ledger_pb2.BookCheck:
    return ledger_pb2.BookCheck(
        code=finding.check.code,
        name_zh=finding.check.name_zh,
        name_en=finding.check.name_en,
        invariant=finding.check in book_checks.INVARIANTS,
        found_count=finding.row_count,
        first_ids=[str(each) for each in finding.first_ids],
    )


def _account_to_pb(row: LedgerAccount) -> ledger_pb2.LedgerAccount:
    return ledger_pb2.LedgerAccount(
        ledger_account_id=str(row.id),
        code=row.code,
        campus_id=id_text(row.campus_id),
        party_id=id_text(row.party_id),
        balance_fen=row.balance_fen,
    )


def _as_of_to_pb(row: balances.Balance) -> ledger_pb2.LedgerAccount:
    return ledger_pb2.LedgerAccount(
        code=row.code, campus_id=id_text(row.campus_id), party_id=id_text(row.party_id), balance_fen=row.balance_fen
    )


def _journal_to_pb(row: Journal, lines: Sequence[JournalLine]) -> ledger_pb2.Journal:
    return ledger_pb2.Journal(
        journal_id=str(row.id),
        kind=row.kind,
        source_id=str(row.source_id),
        campus_id=id_text(row.campus_id),
        post_date=date_pb(row.post_date),
        reverses_id=id_text(row.reverses_id),
        lines=[_line_to_pb(line) for line in lines],
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _line_to_pb(line: JournalLine) -> ledger_pb2.JournalLine:
    return ledger_pb2.JournalLine(
        code=line.code,
        campus_id=id_text(line.campus_id),
        party_id=id_text(line.party_id),
        lot_id=id_text(line.lot_id),
        amount_fen=line.amount_fen,
    )


def _balance_to_pb(balance: ledger.InterCampusBalance) -> ledger_pb2.InterCampusBalance:
    return ledger_pb2.InterCampusBalance(
        debtor_campus_id=id_text(balance.debtor_campus_id),
        creditor_campus_id=id_text(balance.creditor_campus_id),
        amount_fen=balance.amount_fen,
    )


def _period_to_pb(row: LedgerPeriod, acknowledged: Sequence[PeriodAcknowledgement]) -> ledger_pb2.LedgerPeriod:
    return ledger_pb2.LedgerPeriod(
        ledger_period_id=str(row.id),
        start_date=date_pb(row.start_date),
        end_date=date_pb(row.end_date),
        lock_time=row.lock_time,
        staff_id=id_text(row.staff_id),
        acknowledgements=[
            ledger_pb2.PeriodAcknowledgement(code=each.code, reason=each.reason, open_count=each.open_count)
            for each in acknowledged
        ],
    )
