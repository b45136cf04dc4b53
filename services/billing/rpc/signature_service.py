"""SignatureService on the wire."""

from __future__ import annotations

import grpc

from lianxiao.billing.v1 import contract_pb2, signature_pb2
from lianxiao.billing.v1 import signature_service_pb2 as pb
from lianxiao.billing.v1 import signature_service_pb2_grpc as pb_grpc
from services.billing.actions import (
    campuses,
    contract_documents,
    contract_links,
    contracts,
    signature_flows,
    signature_providers,
    signature_requests,
    signatures,
)
from services.billing.models import SignatureEvidence, SignatureRequest
from services.billing.rules.callbacks import Callback
from shared.db import Tx
from shared.errors import Refused
from shared.ids import as_uuid
from shared.money import CURRENCY
from shared.rpc import Servicer, call_of, command, query
from shared.wire_values import enum_value, id_text, timestamp_pb


class SignatureService(Servicer, pb_grpc.SignatureServiceServicer):
    """Contracts signed by families."""

    @command
    def SendContract(self, request: pb.SendContractRequest, tx: Tx) -> pb.SendContractResponse:
        signer = signature_requests.Signer(request.signer_name.strip(), request.signer_phone)
        row = signatures.send(tx, as_uuid(request.contract_id), signer)
        return pb.SendContractResponse(signature_request=to_pb(row), path=contract_links.path(row))

    @command
    def WithdrawContract(self, request: pb.WithdrawContractRequest, tx: Tx) -> pb.WithdrawContractResponse:
        signatures.withdraw(tx, as_uuid(request.contract_id))
        return pb.WithdrawContractResponse()

    @query
    def ListSignatureRequests(
        self, request: pb.ListSignatureRequestsRequest, tx: Tx
    ) -> pb.ListSignatureRequestsResponse:
        page = signature_requests.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListSignatureRequestsResponse(signature_requests=rows, next_page_token=page.next_page_token)

    @query
    def GetSignatureProvider(self, _request: pb.GetSignatureProviderRequest, tx: Tx) -> pb.GetSignatureProviderResponse:
        return pb.GetSignatureProviderResponse(provider=signature_providers.chosen(tx))

    @command
    def SetSignatureProvider(self, request: pb.SetSignatureProviderRequest, tx: Tx) -> pb.SetSignatureProviderResponse:
        return pb.SetSignatureProviderResponse(provider=signature_providers.choose(tx, request.provider))

    @command
    def HandleSignatureCallback(
        self, request: pb.HandleSignatureCallbackRequest, tx: Tx
    ) -> pb.HandleSignatureCallbackResponse:
        institution_id = as_uuid(request.institution_id)
        told = Callback(request.body, request.signature, request.timestamp, serial=request.app_id)
        flow_id = signature_providers.of(institution_id, request.provider).flow_of(told)
        tx.enter(institution_id)
        return pb.HandleSignatureCallbackResponse(is_known=signature_flows.wake(tx, request.provider, flow_id))

    @query
    def GetSignatureEvidence(self, request: pb.GetSignatureEvidenceRequest, tx: Tx) -> pb.GetSignatureEvidenceResponse:
        row = signatures.evidence(tx, as_uuid(request.contract_id))
        return pb.GetSignatureEvidenceResponse(signature_evidence=_evidence_to_pb(tx, row))

    @query
    def GetPublicContract(self, request: pb.GetPublicContractRequest, tx: Tx) -> pb.GetPublicContractResponse:
        key = contract_links.opened(tx, as_uuid(request.institution_id), request.token)
        return pb.GetPublicContractResponse(public_contract=_page(tx, signature_requests.get(tx, key)))

    @command
    def RequestSignatureCode(self, request: pb.RequestSignatureCodeRequest, tx: Tx) -> pb.RequestSignatureCodeResponse:
        key = contract_links.opened(tx, as_uuid(request.institution_id), request.token)
        code = signatures.send_code(tx, key)
        return pb.RequestSignatureCodeResponse(expire_time=timestamp_pb(code.expire_time))

    def SignPublicContract(
        self, request: pb.SignPublicContractRequest, context: grpc.ServicerContext
    ) -> pb.SignPublicContractResponse:
        """Commit the count of a wrong code before the refusal is told."""
        call = call_of(context)
        refused: list[Refused] = []

        def work(tx: Tx) -> pb.SignPublicContractResponse:
            key = contract_links.opened(tx, as_uuid(request.institution_id), request.token)
            refusal = signatures.sign(tx, key, request.code, address=call.address)
            refused[:] = [refusal] if refusal else []
            if refusal:
                return pb.SignPublicContractResponse()
            return pb.SignPublicContractResponse(public_contract=_page(tx, signature_requests.get(tx, key)))

        answer = call.command(self.database, request, work, pb.SignPublicContractResponse)
        for refusal in refused:
            raise refusal
        return answer


def to_pb(row: SignatureRequest) -> signature_pb2.SignatureRequest:
    """Return the wire form."""
    return signature_pb2.SignatureRequest(
        signature_request_id=str(row.id),
        contract_id=str(row.contract_id),
        contract_document_id=str(row.contract_document_id),
        state=enum_value(signature_pb2.SignatureRequestState, row.state),
        expire_time=row.expire_time,
        send_count=row.send_count,
        sign_time=row.sign_time,
        provider=row.provider,
        provider_flow_id=row.provider_flow_id,
        failure=row.failure,
        next_poll_time=row.next_poll_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _evidence_to_pb(tx: Tx, row: SignatureEvidence) -> signature_pb2.SignatureEvidence:
    return signature_pb2.SignatureEvidence(
        signature_evidence_id=str(row.id),
        contract_id=str(row.contract_id),
        signature_request_id=str(row.signature_request_id),
        signature_code_id=id_text(row.signature_code_id),
        code_send_time=row.code_send_time,
        sign_time=row.sign_time,
        sha256_before=row.sha256_before,
        sha256_after=row.sha256_after,
        contract_document_id=str(row.contract_document_id),
        address=SignatureEvidence.address.reveal(tx, row) or "",
        certificate_sha256=row.certificate_sha256,
        provider=row.provider,
        provider_flow_id=row.provider_flow_id,
    )


def _page(tx: Tx, row: SignatureRequest) -> signature_pb2.PublicContract:
    contract = contracts.get(tx, row.contract_id)
    campus = campuses.check(tx, row.campus_id)
    document = signatures.shown(tx, row)
    return signature_pb2.PublicContract(
        campus_name=campus.name,
        time_zone=campus.time_zone,
        contract_number=contract_documents.number(contract),
        total_fen=contract.total_fen,
        currency=CURRENCY,
        contract_state=enum_value(contract_pb2.ContractState, contract.state),
        state=enum_value(signature_pb2.SignatureRequestState, row.state),
        expire_time=row.expire_time,
        sign_time=row.sign_time,
        media_type=document.media_type,
        content=contract_documents.content(tx, document),
        sha256=document.sha256,
        sign_url=(SignatureRequest.sign_url.reveal(tx, row) or "") if row.state == "open" else "",
        provider=row.provider,
    )
