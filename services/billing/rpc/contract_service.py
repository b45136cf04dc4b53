"""ContractService on the wire."""

from __future__ import annotations

from lianxiao.billing.v1 import contract_pb2
from lianxiao.billing.v1 import contract_service_pb2 as pb
from lianxiao.billing.v1 import contract_service_pb2_grpc as pb_grpc
from services.billing.actions import contracts
from services.billing.models import Contract
from shared.db import Tx
from shared.ids import as_uuid
from shared.money import CURRENCY
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text, optional_date, stored_word


class ContractService(Servicer, pb_grpc.ContractServiceServicer):
    """Agreements with families."""

    @command
    def CreateContract(self, request: pb.CreateContractRequest, tx: Tx) -> pb.CreateContractResponse:
        contract = contracts.create(
            tx,
            as_uuid(request.quote_id),
            gift_policy=stored_word(contract_pb2.GiftPolicy, request.gift_policy, "gift_policy"),
            expire_date=optional_date(request, "expire_date"),
        )
        return pb.CreateContractResponse(contract=to_pb(contract))

    @query
    def GetContract(self, request: pb.GetContractRequest, tx: Tx) -> pb.GetContractResponse:
        return pb.GetContractResponse(contract=to_pb(contracts.get(tx, as_uuid(request.contract_id))))

    @query
    def ListContracts(self, request: pb.ListContractsRequest, tx: Tx) -> pb.ListContractsResponse:
        page = contracts.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListContractsResponse(contracts=rows, next_page_token=page.next_page_token)

    @command
    def SignContract(self, request: pb.SignContractRequest, tx: Tx) -> pb.SignContractResponse:
        return pb.SignContractResponse(contract=to_pb(contracts.sign(tx, as_uuid(request.contract_id))))


def to_pb(row: Contract) -> contract_pb2.Contract:
    """Return the wire form."""
    return contract_pb2.Contract(
        contract_id=str(row.id),
        quote_id=id_text(row.quote_id),
        customer_id=str(row.customer_id),
        campus_id=str(row.campus_id),
        total_fen=row.total_fen,
        currency=CURRENCY,
        gift_policy=enum_value(contract_pb2.GiftPolicy, row.gift_policy),
        state=enum_value(contract_pb2.ContractState, row.state),
        expire_date=date_pb(row.expire_date),
        owner_id=id_text(row.owner_id),
        sign_time=row.sign_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )
