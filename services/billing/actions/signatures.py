"""Contracts signed by families: sent as a link, confirmed by a one-time code, sealed by the institution's certificate.

Where the institution chose a third party, the page behind the link leads there; `signature_flows` does the rest.
Locks: the contract, then its requests.
"""

from __future__ import annotations

import json
import secrets
from uuid import UUID

from sqlalchemy import select

from services.billing.actions import (
    campuses,
    contract_documents,
    contracts,
    pdf_signatures,
    signature_providers,
    signature_requests,
)
from services.billing.actions.signature_requests import Signer
from services.billing.models import Contract, ContractDocument, SignatureCode, SignatureEvidence, SignatureRequest
from services.billing.rules import signatures as rules
from shared.crypto import blind_index
from shared.db import Tx
from shared.errors import InvalidInput, NotFound, Refused
from shared.ids import uuid7


def send(tx: Tx, contract_id: UUID, signer: Signer | None = None) -> SignatureRequest:
    """Have the link to the newest file sent; one for an older file is withdrawn, for it was not what is agreed now.

    A third party is told who signs; the link goes out once the family can sign there. Raises Refused
    CONTRACT_NOT_DRAFT, CONTRACT_NOT_RENDERED, CONTRACT_DOCUMENT_OUTDATED, SIGNING_KEY_MISSING, InvalidInput
    SIGNER_MISSING, SIGNATURE_PROVIDER_UNKNOWN.
    """
    contract = contracts.get_draft(tx, contract_id)
    document = contract_documents.latest(tx, contract.id, "rendered")
    if document is None:
        raise Refused("CONTRACT_NOT_RENDERED", "nothing was printed from a template yet")
    contract_documents.check_current(tx, contract, document)
    provider = _check_provider(tx, signer)
    request = signature_requests.open_request(tx, contract.id)
    if request is not None and not _is_same(tx, request, document, provider, signer):
        signature_requests.close(tx, request)
        request = None
    if request is None:
        request = SignatureRequest(
            id=uuid7(),
            campus_id=contract.campus_id,
            owner_id=contract.owner_id,
            contract_id=contract.id,
            contract_document_id=document.id,
            state="open",
            send_count=0,
            expire_time=tx.now + rules.OPEN_FOR,
            provider=provider,
            provider_file_id="",
            provider_flow_id="",
            next_poll_time=None if provider == signature_providers.BUILT_IN else tx.now,
            poll_count=0,
            failure="",
        )
        if provider != signature_providers.BUILT_IN and signer:
            SignatureRequest.signer.seal(tx, request, json.dumps(signer, ensure_ascii=False))
        tx.session.add(request)
    request.send_count += 1
    if provider == signature_providers.BUILT_IN:
        # A third party keeps to the end that it was told first.
        request.expire_time = tx.now + rules.OPEN_FOR
    tx.session.flush()
    if provider == signature_providers.BUILT_IN or request.sign_url_sealed is not None:
        signature_requests.tell_link(tx, contract, request)
    return request


def withdraw(tx: Tx, contract_id: UUID) -> None:
    """Close the link of an unsigned contract; a second time changes nothing. Raises Refused CONTRACT_NOT_DRAFT."""
    contract = contracts.get_draft(tx, contract_id)
    request = signature_requests.open_request(tx, contract.id)
    if request is not None:
        signature_requests.close(tx, request)
        tx.audit("contract.withdrawn", "contract", contract.id)


def send_code(tx: Tx, signature_request_id: UUID) -> SignatureCode:
    """Have a new one-time code sent to the family; older ones are good no more.

    Raises Refused SIGNATURE_REQUEST_CLOSED, SIGNATURE_ELSEWHERE, SIGNATURE_CODE_TOO_SOON, SIGNATURE_CODE_TOO_MANY.
    """
    contract, request = signature_requests.locked(tx, signature_request_id)
    _check_open(tx, request)
    sent = select(SignatureCode.create_time).where(SignatureCode.signature_request_id == request.id)
    rules.check_pace(tx.session.scalars(sent).all(), tx.now)
    typed = f"{secrets.randbelow(10**rules.DIGITS):0{rules.DIGITS}}"
    code = SignatureCode(
        id=uuid7(),
        campus_id=request.campus_id,
        signature_request_id=request.id,
        code_hash=_hash(tx, request.id, typed),
        expire_time=min(tx.now + rules.GOOD_FOR, request.expire_time),
        failures=0,
        use_time=None,
    )
    tx.session.add(code)
    tx.session.flush()
    signature_requests.tell(tx, contract, request, cause=str(code.id), code=typed)
    return code


def sign(tx: Tx, signature_request_id: UUID, code: str, *, address: str) -> Refused | None:
    """Sign for the family when the code is right; a second time changes nothing.

    A code that is not good is counted and the refusal returned, for the count must be kept: SIGNATURE_CODE_WRONG,
    SIGNATURE_CODE_SPENT. Raises Refused SIGNATURE_REQUEST_CLOSED, SIGNATURE_ELSEWHERE, CONTRACT_NOT_DRAFT,
    CONTRACT_DOCUMENT_OUTDATED, SIGNING_KEY_MISSING.
    """
    contract, request = signature_requests.locked(tx, signature_request_id)
    if request.state == "signed":
        return None
    _check_open(tx, request)
    known = _newest_code(tx, request.id)
    refusal = _try(tx, request, known, code)
    if known is None or refusal is not None:
        return refusal
    contracts.check_draft(contract)
    document = contract_documents.get(tx, request.contract_document_id)
    contract_documents.check_current(tx, contract, document)
    _seal(tx, contract, request, document, code=known, address=address)
    known.use_time = tx.now
    request.state, request.sign_time = "signed", tx.now
    tx.session.flush()
    contracts.mark_signed(tx, contract)
    return None


def evidence(tx: Tx, contract_id: UUID) -> SignatureEvidence:
    """Return what is kept of the signature of a contract. Raises NotFound SIGNATURE_EVIDENCE_NOT_FOUND."""
    contract = contracts.get(tx, contract_id)
    row = tx.session.scalars(
        select(SignatureEvidence).where(SignatureEvidence.contract_id == contract.id)
    ).one_or_none()
    if row is None:
        raise NotFound("signature_evidence", contract_id)
    return row


def shown(tx: Tx, request: SignatureRequest) -> ContractDocument:
    """Return the file behind a link: what is to be read, or what was signed."""
    signed = contract_documents.latest(tx, request.contract_id, "signed") if request.state == "signed" else None
    return signed or contract_documents.get(tx, request.contract_document_id)


def _seal(
    tx: Tx,
    contract: Contract,
    request: SignatureRequest,
    document: ContractDocument,
    *,
    code: SignatureCode,
    address: str,
) -> None:
    row = SignatureEvidence(
        id=uuid7(),
        campus_id=contract.campus_id,
        owner_id=contract.owner_id,
        contract_id=contract.id,
        signature_request_id=request.id,
        signature_code_id=code.id,
        code_send_time=code.create_time,
        sign_time=tx.now,
        sha256_before=document.sha256,
        provider=request.provider,
        provider_flow_id="",
    )
    signed = pdf_signatures.sign(
        tx.institution_id,
        contract_documents.content(tx, document),
        reason=f"家长以一次性验证码签署，证据 {row.id}，原文 SHA-256 {document.sha256}",
        location=campuses.check(tx, contract.campus_id).name,
    )
    kept = contract_documents.store(
        tx, contract, signed.content, kind="signed", template_id=document.contract_template_id
    )
    row.contract_document_id, row.sha256_after = kept.id, kept.sha256
    row.certificate_sha256 = signed.certificate_sha256
    SignatureEvidence.address.seal(tx, row, address)
    tx.session.add(row)
    tx.session.flush()


def _try(tx: Tx, request: SignatureRequest, known: SignatureCode | None, typed: str) -> Refused | None:
    if known is None:
        return Refused("SIGNATURE_CODE_SPENT", "no code was sent yet")
    is_right = secrets.compare_digest(bytes(known.code_hash), _hash(tx, request.id, typed))
    refusal = rules.refusal_of(
        expire_time=known.expire_time,
        failures=known.failures,
        is_used=known.use_time is not None,
        is_right=is_right,
        now=tx.now,
    )
    if refusal is not None and refusal.reason == "SIGNATURE_CODE_WRONG":
        known.failures += 1
        tx.session.flush()
    return refusal


def _check_open(tx: Tx, request: SignatureRequest) -> None:
    if request.state != "open" or request.expire_time <= tx.now:
        raise Refused("SIGNATURE_REQUEST_CLOSED", "this link is closed; ask for the contract again")
    if request.provider != signature_providers.BUILT_IN:
        raise Refused("SIGNATURE_ELSEWHERE", "this contract is signed at the provider that its page leads to")


def _newest_code(tx: Tx, request_id: UUID) -> SignatureCode | None:
    query = select(SignatureCode).where(SignatureCode.signature_request_id == request_id)
    return tx.session.scalars(query.order_by(SignatureCode.create_time.desc()).with_for_update()).first()


def _hash(tx: Tx, request_id: UUID, code: str) -> bytes:
    # Keyed: six digits are guessed at once from a bare hash.
    return blind_index(tx, "signature_code", f"{request_id}|{code}")


def _check_provider(tx: Tx, signer: Signer | None) -> str:
    provider = signature_providers.chosen(tx)
    if provider == signature_providers.BUILT_IN:
        pdf_signatures.check_key(tx.institution_id)
        return provider
    signature_providers.of(tx.institution_id, provider)
    if signer is None or not signer.name or not signer.phone:
        raise InvalidInput("signer_phone", "say name and phone of the guardian who signs", reason="SIGNER_MISSING")
    return provider


def _is_same(
    tx: Tx, request: SignatureRequest, document: ContractDocument, provider: str, signer: Signer | None
) -> bool:
    if request.contract_document_id != document.id or request.provider != provider or request.expire_time <= tx.now:
        return False
    return provider == signature_providers.BUILT_IN or signature_requests.signer_of(tx, request) == signer
