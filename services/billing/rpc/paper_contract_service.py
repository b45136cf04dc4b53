"""PaperContractService on the wire."""

from __future__ import annotations

from lianxiao.billing.v1 import paper_contract_pb2
from lianxiao.billing.v1 import paper_contract_service_pb2 as pb
from lianxiao.billing.v1 import paper_contract_service_pb2_grpc as pb_grpc
from services.billing.actions import paper_contracts
from services.billing.models import PaperContract
from shared.db import Tx
from shared.ids import as_uuid
from shared.money import CURRENCY
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, id_text, local_date


class PaperContractService(Servicer, pb_grpc.PaperContractServiceServicer):
    """Contracts that were signed on paper."""

    @command
    def RecordPaperContract(self, request: pb.RecordPaperContractRequest, tx: Tx) -> pb.RecordPaperContractResponse:
        paper = paper_contracts.Paper(
            request.number.strip(),
            local_date(request.sign_date, "sign_date"),
            request.signer_name,
            request.total_fen,
            request.scan,
        )
        row = paper_contracts.record(tx, as_uuid(request.contract_id), paper, reason=request.reason.strip())
        return pb.RecordPaperContractResponse(paper_contract=_to_pb(tx, row))

    @query
    def ListPaperContracts(self, request: pb.ListPaperContractsRequest, tx: Tx) -> pb.ListPaperContractsResponse:
        page = paper_contracts.LISTING.page(tx, request)
        rows = [_to_pb(tx, row) for row in page.rows]
        return pb.ListPaperContractsResponse(paper_contracts=rows, next_page_token=page.next_page_token)


def _to_pb(tx: Tx, row: PaperContract) -> paper_contract_pb2.PaperContract:
    return paper_contract_pb2.PaperContract(
        paper_contract_id=str(row.id),
        contract_id=str(row.contract_id),
        campus_id=str(row.campus_id),
        version=row.version,
        number=row.number,
        sign_date=date_pb(row.sign_date),
        signer_name=PaperContract.signer_name.reveal(tx, row) or "",
        total_fen=row.total_fen,
        currency=CURRENCY,
        contract_document_id=str(row.contract_document_id),
        reason=row.reason,
        staff_id=id_text(row.staff_id),
        create_time=row.create_time,
    )
