"""ContractDocumentService on the wire."""

from __future__ import annotations

from lianxiao.billing.v1 import contract_document_pb2
from lianxiao.billing.v1 import contract_document_service_pb2 as pb
from lianxiao.billing.v1 import contract_document_service_pb2_grpc as pb_grpc
from services.billing.actions import contract_documents, prints
from services.billing.models import ContractDocument
from services.billing.rules.print_texts import LANGUAGES
from shared.db import Tx
from shared.ids import as_uuid
from shared.printing import MEDIA_TYPE
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text


class ContractDocumentService(Servicer, pb_grpc.ContractDocumentServiceServicer):
    """Files of contracts, and what is printed from quotes and payments."""

    @command
    def RenderContract(self, request: pb.RenderContractRequest, tx: Tx) -> pb.RenderContractResponse:
        document = contract_documents.render(
            tx,
            as_uuid(request.contract_id),
            as_uuid(request.contract_template_id),
            {each.variable: each.value for each in request.values},
        )
        return pb.RenderContractResponse(contract_document=to_pb(document))

    @query
    def GetContractDocument(self, request: pb.GetContractDocumentRequest, tx: Tx) -> pb.GetContractDocumentResponse:
        document = contract_documents.get(tx, as_uuid(request.contract_document_id))
        return pb.GetContractDocumentResponse(
            contract_document=to_pb(document), content=contract_documents.content(tx, document)
        )

    @query
    def ListContractDocuments(
        self, request: pb.ListContractDocumentsRequest, tx: Tx
    ) -> pb.ListContractDocumentsResponse:
        page = contract_documents.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListContractDocumentsResponse(contract_documents=rows, next_page_token=page.next_page_token)

    @query
    def GetQuotePrint(self, request: pb.GetQuotePrintRequest, tx: Tx) -> pb.GetQuotePrintResponse:
        content = prints.quote(tx, as_uuid(request.quote_id), request.language or LANGUAGES[0])
        return pb.GetQuotePrintResponse(media_type=MEDIA_TYPE, content=content)

    @query
    def GetPaymentReceipt(self, request: pb.GetPaymentReceiptRequest, tx: Tx) -> pb.GetPaymentReceiptResponse:
        content = prints.receipt(tx, as_uuid(request.payment_id), request.language or LANGUAGES[0])
        return pb.GetPaymentReceiptResponse(media_type=MEDIA_TYPE, content=content)


def to_pb(row: ContractDocument) -> contract_document_pb2.ContractDocument:
    """Return the wire form."""
    return contract_document_pb2.ContractDocument(
        contract_document_id=str(row.id),
        contract_id=str(row.contract_id),
        campus_id=str(row.campus_id),
        kind=enum_value(contract_document_pb2.ContractDocumentKind, row.kind),
        contract_template_id=id_text(row.contract_template_id),
        sha256=row.sha256,
        media_type=row.media_type,
        size_bytes=row.size_bytes,
        create_time=row.create_time,
    )
