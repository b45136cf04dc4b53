"""CustodyService on the wire."""

from __future__ import annotations

from google.api.httpbody_pb2 import HttpBody

from lianxiao.billing.v1 import custody_pb2
from lianxiao.billing.v1 import custody_service_pb2 as pb
from lianxiao.billing.v1 import custody_service_pb2_grpc as pb_grpc
from services.billing.actions import custody_accounts, custody_releases
from services.billing.actions.custody_accounts import Wanted
from services.billing.models import CustodyAccount, CustodyEntry, CustodyRelease
from services.billing.rules import custody
from shared import table_files
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text, local_date, optional_date, optional_id, stored_word


class CustodyService(Servicer, pb_grpc.CustodyServiceServicer):
    """Money of families in custody."""

    @command
    def CreateCustodyAccount(self, request: pb.CreateCustodyAccountRequest, tx: Tx) -> pb.CreateCustodyAccountResponse:
        given = request.custody_account
        wanted = Wanted(
            campus_id=optional_id(given.campus_id),
            name=given.name,
            bank=given.bank,
            number=given.bank_account_number,
            mode=stored_word(custody_pb2.CustodyMode, given.mode, "custody_account.mode"),
            start_date=local_date(given.start_date, "custody_account.start_date"),
            end_date=optional_date(given, "end_date", "custody_account"),
            categories=tuple(given.categories),
            required_fen=given.required_fen,
        )
        return pb.CreateCustodyAccountResponse(custody_account=to_pb(tx, custody_accounts.create(tx, wanted)))

    @command
    def EndCustodyAccount(self, request: pb.EndCustodyAccountRequest, tx: Tx) -> pb.EndCustodyAccountResponse:
        end_date = local_date(request.end_date, "end_date")
        row = custody_accounts.end(tx, as_uuid(request.custody_account_id), end_date)
        held = custody_accounts.balances(tx, [row.id])
        return pb.EndCustodyAccountResponse(custody_account=to_pb(tx, row, held.get(row.id, 0)))

    @query
    def ListCustodyAccounts(self, request: pb.ListCustodyAccountsRequest, tx: Tx) -> pb.ListCustodyAccountsResponse:
        page = custody_accounts.LISTING.page(tx, request)
        held = custody_accounts.balances(tx, [row.id for row in page.rows])
        rows = [to_pb(tx, row, held.get(row.id, 0)) for row in page.rows]
        return pb.ListCustodyAccountsResponse(custody_accounts=rows, next_page_token=page.next_page_token)

    @query
    def ListCustodyEntries(self, request: pb.ListCustodyEntriesRequest, tx: Tx) -> pb.ListCustodyEntriesResponse:
        page = custody_releases.ENTRIES.page(tx, request)
        rows = [_entry_to_pb(row) for row in page.rows]
        return pb.ListCustodyEntriesResponse(custody_entries=rows, next_page_token=page.next_page_token)

    @command
    def MoveRiskDeposit(self, request: pb.MoveRiskDepositRequest, tx: Tx) -> pb.MoveRiskDepositResponse:
        row = custody_accounts.move(
            tx,
            as_uuid(request.custody_account_id),
            campus_id=as_uuid(request.campus_id),
            amount_fen=request.amount_fen,
            reference=request.reference,
        )
        return pb.MoveRiskDepositResponse(custody_entry=_entry_to_pb(row))

    @command
    def MakeCustodyRelease(self, request: pb.MakeCustodyReleaseRequest, tx: Tx) -> pb.MakeCustodyReleaseResponse:
        row = custody_releases.make(tx, as_uuid(request.custody_account_id))
        return pb.MakeCustodyReleaseResponse(custody_release=_release_to_pb(row))

    @command
    def ConfirmCustodyRelease(
        self, request: pb.ConfirmCustodyReleaseRequest, tx: Tx
    ) -> pb.ConfirmCustodyReleaseResponse:
        key = as_uuid(request.custody_release_id)
        row = custody_releases.confirm(tx, key, bank_reference=request.bank_reference)
        return pb.ConfirmCustodyReleaseResponse(custody_release=_release_to_pb(row))

    @command
    def CancelCustodyRelease(self, request: pb.CancelCustodyReleaseRequest, tx: Tx) -> pb.CancelCustodyReleaseResponse:
        row = custody_releases.cancel(tx, as_uuid(request.custody_release_id))
        return pb.CancelCustodyReleaseResponse(custody_release=_release_to_pb(row))

    @query
    def ListCustodyReleases(self, request: pb.ListCustodyReleasesRequest, tx: Tx) -> pb.ListCustodyReleasesResponse:
        page = custody_releases.LISTING.page(tx, request)
        rows = [_release_to_pb(row) for row in page.rows]
        return pb.ListCustodyReleasesResponse(custody_releases=rows, next_page_token=page.next_page_token)

    @query
    def GetCustodyReleaseFile(
        self, request: pb.GetCustodyReleaseFileRequest, tx: Tx
    ) -> pb.GetCustodyReleaseFileResponse:
        rows = custody_releases.rows(tx, as_uuid(request.custody_release_id))
        file = request.file or table_files.CSV
        data = custody.write(rows, language=request.language or "zh", file=file)
        return pb.GetCustodyReleaseFileResponse(file=HttpBody(content_type=table_files.KINDS[file], data=data))


def to_pb(tx: Tx, row: CustodyAccount, balance_fen: int = 0) -> custody_pb2.CustodyAccount:
    """Return an account as callers see it; the boundary masks its number for those without `pii.read`."""
    return custody_pb2.CustodyAccount(
        custody_account_id=str(row.id),
        campus_id=id_text(row.campus_id),
        name=row.name,
        bank=row.bank,
        bank_account_number=CustodyAccount.number.reveal(tx, row) or "",
        mode=enum_value(custody_pb2.CustodyMode, row.mode),
        categories=row.categories,
        required_fen=row.required_fen,
        start_date=date_pb(row.start_date),
        end_date=date_pb(row.end_date),
        balance_fen=balance_fen,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _entry_to_pb(row: CustodyEntry) -> custody_pb2.CustodyEntry:
    return custody_pb2.CustodyEntry(
        custody_entry_id=str(row.id),
        custody_account_id=str(row.account_id),
        campus_id=str(row.campus_id),
        order_id=id_text(row.order_id),
        kind=enum_value(custody_pb2.CustodyEntryKind, row.kind),
        amount_fen=row.amount_fen,
        source_id=str(row.source_id),
        reference=row.reference,
        create_time=row.create_time,
    )


def _release_to_pb(row: CustodyRelease) -> custody_pb2.CustodyRelease:
    return custody_pb2.CustodyRelease(
        custody_release_id=str(row.id),
        custody_account_id=str(row.account_id),
        state=enum_value(custody_pb2.CustodyReleaseState, row.state),
        amount_fen=row.amount_fen,
        item_count=row.item_count,
        waiting_fen=row.waiting_fen,
        bank_reference=row.bank_reference,
        finish_time=row.finish_time,
        create_time=row.create_time,
    )
