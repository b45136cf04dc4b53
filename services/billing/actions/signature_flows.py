"""What the worker asks third-party providers about contracts: to take a file, start its flow, and what became of it.

Each thing that a provider gives is kept before the next is asked for, and a flow reaches nobody before its number is
kept: who dies between asks again and nobody signs twice. A notice only makes the question come sooner. No transaction
is open while a provider answers.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from services.billing.actions import (
    contract_documents,
    contracts,
    payment_alerts,
    signature_providers,
    signature_requests,
)
from services.billing.actions.signature_providers import SignatureProvider
from services.billing.models import Contract, SignatureEvidence, SignatureRequest
from services.billing.rules import signature_flows as rules
from services.billing.rules.provider_orders import ProviderFailed, pause
from services.billing.rules.signature_flows import Flow, Progress
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import DomainError, Refused, Unavailable
from shared.ids import uuid7

log = logging.getLogger(__name__)
# Each may carry a file.
_BATCH = 5


class Question(NamedTuple):
    """One request to ask about, as it stood when it was claimed."""

    request_id: UUID
    provider: str
    flow: Flow
    now: datetime


def step(database: Database, institution_id: UUID) -> bool:
    """Ask about a batch of requests that are due; True when more may wait."""
    caller = Caller.system(institution_id)
    with database.begin(caller) as tx:
        questions = claim(tx)
    moved = False
    for question in questions:
        progress = ask(institution_id, question)
        moved = moved or progress.is_step
        try:
            with database.begin(caller) as tx:
                take(tx, question, progress)
        except DomainError as refusal:
            with database.begin(caller) as tx:
                _give_to_a_person(tx, question, refusal)
    return moved or len(questions) == _BATCH


def claim(tx: Tx) -> list[Question]:
    """Take the requests that are due and set their next time, so that a crash repeats the question later.

    A contract that was signed another way meanwhile is to be signed there no more.
    """
    query = select(SignatureRequest, Contract.state).join(
        Contract,
        (Contract.institution_id == SignatureRequest.institution_id) & (Contract.id == SignatureRequest.contract_id),
    )
    due = query.where(SignatureRequest.next_poll_time <= tx.now).order_by(SignatureRequest.next_poll_time)
    locked = due.limit(_BATCH).with_for_update(of=SignatureRequest, skip_locked=True)
    questions = []
    for request, contract_state in tx.session.execute(locked).all():
        if request.state == "open" and contract_state != "draft":
            request.state = "withdrawn"
        request.next_poll_time = tx.now + pause(request.poll_count)
        request.poll_count += 1
        flow = rules.called_off(_flow(tx, request), tx.now)
        questions.append(Question(request.id, request.provider, flow, tx.now))
    return questions


def ask(institution_id: UUID, question: Question) -> Progress:
    """Ask the provider for the next thing."""
    try:
        return _next(signature_providers.of(institution_id, question.provider), question.flow)
    except ProviderFailed as failure:
        log.warning("provider failed", extra={"facts": {"provider": question.provider, "code": failure.code}})
        return Progress(failure=failure.code)
    except DomainError as error:
        return Progress(failure=error.reason)


def take(tx: Tx, question: Question, progress: Progress) -> None:
    """Write down what the provider said.

    Raises Refused CONTRACT_NOT_DRAFT, CONTRACT_DOCUMENT_OUTDATED, SIGNED_FILE_UNCHANGED for a signature that cannot be
    taken, Unavailable SIGNATURE_PROVIDER_SILENT after long silence.
    """
    contract, request = signature_requests.locked(tx, question.request_id)
    request.failure = progress.failure
    if progress.end == rules.COMPLETED:
        _complete(tx, contract, request, progress.content)
    elif progress.end:
        if request.state == "open":
            request.state = "declined" if progress.end == rules.DECLINED else "withdrawn"
        request.next_poll_time = None
    elif progress.is_step:
        _keep(tx, contract, request, progress)
    elif tx.now >= request.expire_time + rules.PATIENCE:
        raise Unavailable("SIGNATURE_PROVIDER_SILENT", "the provider does not say what became of the contract")
    tx.session.flush()


def wake(tx: Tx, provider: str, flow_id: str) -> bool:
    """Have a flow asked about at once, as its provider gave a sign; False for one that is not known here."""
    where = (SignatureRequest.provider == provider, SignatureRequest.provider_flow_id == flow_id)
    request = tx.session.scalars(select(SignatureRequest).where(*where).with_for_update()).one_or_none()
    if request is None:
        return False
    if request.next_poll_time is not None:
        request.next_poll_time, request.poll_count = tx.now, 0
    return True


def _next(provider: SignatureProvider, flow: Flow) -> Progress:
    if not flow.flow_id:
        return Progress(end=rules.CLOSED) if flow.is_called_off else _prepared(provider, flow)
    state = provider.state(flow.flow_id)
    if flow.is_called_off:
        state = _called_off(provider, flow.flow_id, state)
    elif state == rules.DRAFT:
        provider.start(flow.flow_id)
    if state in {rules.DRAFT, rules.SIGNING}:
        is_new = not flow.is_called_off and not flow.sign_url
        return Progress(sign_url=provider.link(flow)) if is_new else Progress()
    return Progress(end=state, content=provider.signed(flow.flow_id) if state == rules.COMPLETED else b"")


def _prepared(provider: SignatureProvider, flow: Flow) -> Progress:
    if not flow.file_id:
        return Progress(file_id=provider.upload(flow))
    return Progress(flow_id=provider.draft(flow)) if provider.is_ready(flow.file_id) else Progress()


def _called_off(provider: SignatureProvider, flow_id: str, state: str) -> str:
    """Return the state of a flow that nobody is to sign any more; whoever signed before has signed."""
    if state == rules.SIGNING:
        provider.revoke(flow_id)
        return provider.state(flow_id)
    return rules.CLOSED if state == rules.DRAFT else state


def _keep(tx: Tx, contract: Contract, request: SignatureRequest, progress: Progress) -> None:
    request.provider_file_id = progress.file_id or request.provider_file_id
    request.provider_flow_id = progress.flow_id or request.provider_flow_id
    if progress.sign_url:
        SignatureRequest.sign_url.seal(tx, request, progress.sign_url)
    is_for_the_family = bool(progress.sign_url) and request.state == "open"
    if not is_for_the_family:
        # The next thing is asked for at once; one that was withdrawn meanwhile is called off.
        request.next_poll_time = tx.now
        return
    request.poll_count = 0
    tx.session.flush()
    signature_requests.tell_link(tx, contract, request)


def _complete(tx: Tx, contract: Contract, request: SignatureRequest, content: bytes) -> None:
    if request.state == "signed":
        return
    contracts.check_draft(contract)
    document = contract_documents.get(tx, request.contract_document_id)
    contract_documents.check_current(tx, contract, document)
    if hashlib.sha256(content).hexdigest() == document.sha256:
        raise Refused("SIGNED_FILE_UNCHANGED", "the provider gave back the file without a signature in it")
    other = signature_requests.open_request(tx, contract.id)
    if other is not None and other.id != request.id:
        signature_requests.close(tx, other)
    kept = contract_documents.store(tx, contract, content, kind="signed", template_id=document.contract_template_id)
    request.state, request.sign_time, request.next_poll_time = "signed", tx.now, None
    tx.session.add(
        SignatureEvidence(
            id=uuid7(),
            campus_id=contract.campus_id,
            owner_id=contract.owner_id,
            contract_id=contract.id,
            signature_request_id=request.id,
            signature_code_id=None,
            code_send_time=None,
            sign_time=tx.now,
            sha256_before=document.sha256,
            sha256_after=kept.sha256,
            contract_document_id=kept.id,
            certificate_sha256="",
            provider=request.provider,
            provider_flow_id=request.provider_flow_id,
        )
    )
    tx.session.flush()
    contracts.mark_signed(tx, contract)


def _flow(tx: Tx, request: SignatureRequest) -> Flow:
    signer = signature_requests.signer_of(tx, request)
    document = contract_documents.get(tx, request.contract_document_id)
    is_new = not request.provider_file_id and request.state == "open"
    return Flow(
        reference=str(request.id),
        title=f"合同 {contract_documents.number(contracts.get(tx, request.contract_id))}",
        name=signer.name,
        phone=signer.phone,
        expire_time=request.expire_time,
        file_id=request.provider_file_id,
        flow_id=request.provider_flow_id,
        sign_url=SignatureRequest.sign_url.reveal(tx, request) or "",
        content=contract_documents.content(tx, document) if is_new else b"",
        is_called_off=request.state != "open",
    )


def _give_to_a_person(tx: Tx, question: Question, refusal: DomainError) -> None:
    reference = question.flow.flow_id or question.flow.reference
    payment_alerts.record(tx, question.provider, refusal, reference=reference)
    _, request = signature_requests.locked(tx, question.request_id)
    request.failure, request.next_poll_time = refusal.reason, None
