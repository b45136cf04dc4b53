"""WalletService on the wire."""

from __future__ import annotations

from lianxiao.billing.v1 import wallet_pb2
from lianxiao.billing.v1 import wallet_service_pb2 as pb
from lianxiao.billing.v1 import wallet_service_pb2_grpc as pb_grpc
from services.billing.actions import wallets
from services.billing.models import WalletEntry, WalletPart
from shared.db import Tx
from shared.ids import as_uuid
from shared.money import CURRENCY
from shared.rpc import Servicer, query
from shared.wire_values import enum_value, id_text


class WalletService(Servicer, pb_grpc.WalletServiceServicer):
    """Wallets."""

    @query
    def GetWallet(self, request: pb.GetWalletRequest, tx: Tx) -> pb.GetWalletResponse:
        parts = wallets.parts_of(tx, as_uuid(request.customer_id))
        balance = sum(part.balance_fen for part in parts)
        return pb.GetWalletResponse(balance_fen=balance, currency=CURRENCY, parts=[_part_to_pb(row) for row in parts])

    @query
    def ListWalletEntries(self, request: pb.ListWalletEntriesRequest, tx: Tx) -> pb.ListWalletEntriesResponse:
        page = wallets.ENTRIES.page(tx, request)
        rows = [_entry_to_pb(row) for row in page.rows]
        return pb.ListWalletEntriesResponse(wallet_entries=rows, next_page_token=page.next_page_token)


def _part_to_pb(row: WalletPart) -> wallet_pb2.WalletPart:
    return wallet_pb2.WalletPart(
        wallet_part_id=str(row.id),
        customer_id=str(row.customer_id),
        campus_id=str(row.campus_id),
        order_id=str(row.order_id),
        balance_fen=row.balance_fen,
        currency=CURRENCY,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _entry_to_pb(row: WalletEntry) -> wallet_pb2.WalletEntry:
    return wallet_pb2.WalletEntry(
        wallet_entry_id=str(row.id),
        wallet_part_id=str(row.wallet_part_id),
        campus_id=str(row.campus_id),
        customer_id=str(row.customer_id),
        kind=enum_value(wallet_pb2.WalletEntryKind, row.kind),
        amount_fen=row.amount_fen,
        currency=CURRENCY,
        source_id=str(row.source_id),
        payment_id=id_text(row.payment_id),
        create_time=row.create_time,
    )
