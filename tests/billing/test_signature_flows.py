"""Contracts signed at a third party: told late, told falsely, lost answers, called off, signed twice."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import grpc
import pytest

from lianxiao.billing.v1 import signature_pb2, signature_service_pb2, signature_service_pb2_grpc
from services.billing.actions import (
    contract_documents,
    contracts,
    orders,
    signature_flows,
    signature_providers,
    signature_requests,
    signatures,
)
from services.billing.actions.signature_requests import Signer
from services.billing.models import Contract, SignatureRequest
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import InvalidInput, Refused
from shared.settings import settings
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal
from tests.billing import local_esign as local
from tests.billing.test_contract_documents import VALUES, draft, template

pytestmark = pytest.mark.usefixtures("postgres")
GUARDIAN = Signer("王芳", "13800000001")


@pytest.fixture(scope="module")
def server() -> Iterator[local.Desk]:
    with local.serving() as desk:
        yield desk


@pytest.fixture
def desk(
    server: local.Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database, caller: Caller
) -> Iterator[local.Desk]:
    """Have the institution sign at the local provider, which knows nothing yet."""
    institution = caller.institution_id
    local.install(tmp_path, institution, server.address)
    monkeypatch.setenv("LIANXIAO_SIGNING_KEYS_DIR", str(tmp_path))
    settings.cache_clear()
    server.flows.clear()
    server.files.clear()
    server.asked.clear()
    with database.begin(caller) as tx:
        tx.run(
            "insert into institution (institution_id, code, name) values (%s, %s, 'A') on conflict do nothing",
            (str(institution), institution.hex),
        )
        signature_providers.choose(tx, "esign")
    yield server
    server.down, server.lost = False, ""
    settings.cache_clear()


def sent(database: Database, caller: Caller) -> tuple[Contract, SignatureRequest]:
    """Return a contract that was sent, as far as the worker took it."""
    with database.begin(caller) as tx:
        contract = draft(tx)
        contract_documents.render(tx, contract.id, template(tx).id, VALUES)
        request = signatures.send(tx, contract.id, GUARDIAN)
    work(database, caller)
    return contract, request


def work(database: Database, caller: Caller, *, late: timedelta = timedelta()) -> None:
    """Let time pass and have the worker ask until nothing moves."""
    with database.begin(caller) as tx:
        tx.run(
            "update signature_request set next_poll_time = %s, expire_time = expire_time - %s"
            " where next_poll_time is not null",
            (tx.now, late),
        )
    while signature_flows.step(database, caller.institution_id):
        pass


def look(database: Database, caller: Caller, request: SignatureRequest) -> SignatureRequest:
    with database.begin(caller, read_only=True) as tx:
        return signature_requests.get(tx, request.id)


def link(database: Database, caller: Caller, request: SignatureRequest) -> str:
    with database.begin(caller, read_only=True) as tx:
        return SignatureRequest.sign_url.reveal(tx, signature_requests.get(tx, request.id)) or ""


def alerts(database: Database, caller: Caller) -> list[str]:
    with database.begin(caller, read_only=True) as tx:
        return [row.kind for row in tx.run("select kind from payment_alert where provider = 'esign' order by kind")]


def test_a_family_signs_at_the_provider_and_the_signed_file_is_kept(
    database: Database, caller: Caller, desk: local.Desk
) -> None:
    contract, request = sent(database, caller)
    (flow_id,) = desk.flows
    assert desk.flows[flow_id].state == local.SIGNING
    assert link(database, caller, request) == f"https://m.esign.cn/sign/{flow_id}"
    work(database, caller)
    desk.sign(flow_id)
    work(database, caller)
    work(database, caller)
    with database.begin(caller) as tx:
        types = [row.type for row in tx.run("select type from outbox order by id")]
        assert types.count("billing.contract_message_due.v1") == types.count("billing.contract_signed.v1") == 1
        row, evidence = signature_requests.get(tx, request.id), signatures.evidence(tx, contract.id)
        assert (row.state, row.next_poll_time, row.failure) == ("signed", None, "")
        assert (evidence.provider, evidence.provider_flow_id) == ("esign", flow_id)
        kept = signatures.shown(tx, row)
        assert (kept.kind, kept.sha256) == ("signed", evidence.sha256_after)
        assert contract_documents.content(tx, kept) == desk.files[desk.flows[flow_id].file_id]
        order = orders.create(tx, contract.id)
        assert order.contract_id == contract.id
    assert len(desk.flows) == 1


def test_answers_that_are_lost_lead_to_one_flow_that_can_be_signed(
    database: Database, caller: Caller, desk: local.Desk
) -> None:
    """What was made but not heard of stays a draft, which reaches nobody."""
    for lost in ("file-upload-url", "create-by-file", "start", "sign-url"):
        desk.lost = lost
        _, request = sent(database, caller)
        assert look(database, caller, request).failure == "HTTP_504"
        assert link(database, caller, request) == ""
        desk.lost = ""
        work(database, caller)
        assert look(database, caller, request).failure == ""
        assert sum(flow.state == local.SIGNING for flow in desk.flows.values()) == 1
        row = look(database, caller, request)
        assert desk.flows[row.provider_flow_id].state == local.SIGNING
        desk.sign(row.provider_flow_id)
        work(database, caller)
        assert look(database, caller, request).state == "signed"


@pytest.mark.parametrize(("end", "state"), [(local.DECLINED, "declined"), (local.EXPIRED, "withdrawn")])
def test_a_flow_that_ended_otherwise_is_closed_and_can_be_sent_again(
    database: Database, caller: Caller, desk: local.Desk, end: int, state: str
) -> None:
    contract, request = sent(database, caller)
    desk.flows[look(database, caller, request).provider_flow_id].state = end
    work(database, caller)
    assert look(database, caller, request).state == state
    with database.begin(caller) as tx:
        again = signatures.send(tx, contract.id, GUARDIAN)
        assert again.id != request.id


def test_a_withdrawn_contract_is_called_off_there_unless_it_was_signed_before(
    database: Database, caller: Caller, desk: local.Desk
) -> None:
    contract, request = sent(database, caller)
    signed_contract, signed = sent(database, caller)
    for each in (contract, signed_contract):
        with database.begin(caller) as tx:
            signatures.withdraw(tx, each.id)
    desk.sign(look(database, caller, signed).provider_flow_id)
    work(database, caller)
    assert desk.flows[look(database, caller, request).provider_flow_id].state == local.REVOKED
    assert look(database, caller, request).state == "withdrawn"
    assert look(database, caller, signed).state == "signed"
    with database.begin(caller, read_only=True) as tx:
        assert [contracts.get(tx, each.id).state for each in (contract, signed_contract)] == ["draft", "signed"]


def test_a_signature_on_paper_calls_the_flow_off(database: Database, caller: Caller, desk: local.Desk) -> None:
    contract, request = sent(database, caller)
    with database.begin(caller) as tx:
        contracts.sign(tx, contract.id)
    work(database, caller)
    assert look(database, caller, request).state == "withdrawn"
    assert [flow.state for flow in desk.flows.values()] == [local.REVOKED]


def test_a_file_that_came_back_unsigned_and_a_changed_agreement_want_a_person(
    database: Database, caller: Caller, desk: local.Desk
) -> None:
    contract, request = sent(database, caller)
    desk.sign(look(database, caller, request).provider_flow_id, really=False)
    work(database, caller)
    row = look(database, caller, request)
    assert (row.state, row.failure, row.next_poll_time) == ("open", "SIGNED_FILE_UNCHANGED", None)
    assert alerts(database, caller) == ["SIGNED_FILE_UNCHANGED"]
    with database.begin(caller) as tx:
        assert contracts.get(tx, contract.id).state == "draft"


def test_silence_is_borne_with_growing_pauses_until_a_person_is_asked(
    database: Database, caller: Caller, desk: local.Desk
) -> None:
    desk.down = True
    _, request = sent(database, caller)
    first = look(database, caller, request)
    assert (first.state, first.failure) == ("open", "HTTP_503")
    work(database, caller)
    second = look(database, caller, request)
    assert first.next_poll_time is not None
    assert second.next_poll_time is not None
    assert second.next_poll_time - second.update_time > first.next_poll_time - first.update_time
    work(database, caller, late=timedelta(days=16))
    assert look(database, caller, request).next_poll_time is None


def test_without_keys_the_provider_does_not_exist_and_a_signer_is_needed(
    tx: Tx, monkeypatch: pytest.MonkeyPatch, institution: UUID, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput) as unknown:
        signature_providers.choose(tx, "esign")
    assert unknown.value.reason == "SIGNATURE_PROVIDER_UNKNOWN"
    assert signature_providers.chosen(tx) == "builtin"
    local.install(tmp_path, institution, "http://127.0.0.1:9")
    monkeypatch.setenv("LIANXIAO_SIGNING_KEYS_DIR", str(tmp_path))
    settings.cache_clear()
    for _ in range(2):
        assert signature_providers.choose(tx, "esign") == "esign"
    contract = draft(tx)
    contract_documents.render(tx, contract.id, template(tx).id, VALUES)
    with pytest.raises(InvalidInput) as nobody:
        signatures.send(tx, contract.id)
    assert nobody.value.reason == "SIGNER_MISSING"
    request = signatures.send(tx, contract.id, GUARDIAN)
    assert signatures.send(tx, contract.id, GUARDIAN).id == request.id
    assert signatures.send(tx, contract.id, Signer("王强", "13800000002")).id != request.id
    assert request.state == "withdrawn"
    assert "王芳".encode() not in bytes(request.signer_sealed or b"")
    with pytest.raises(Refused) as elsewhere:
        signatures.send_code(tx, signature_requests.open_request(tx, contract.id).id)  # type: ignore[union-attr]
    assert elsewhere.value.reason == "SIGNATURE_ELSEWHERE"
    settings.cache_clear()


def test_signed_notices_wake_the_question_and_forged_ones_do_nothing(
    wire: Wire, database: Database, caller: Caller, desk: local.Desk, institution: UUID
) -> None:
    _, request = sent(database, caller)
    flow_id = look(database, caller, request).provider_flow_id
    desk.sign(flow_id)
    stub = signature_service_pb2_grpc.SignatureServiceStub(wire.channel)
    where = {"institution_id": str(institution), "provider": "esign"}

    def tell(body: bytes, parts: dict[str, str]) -> bool:
        told = signature_service_pb2.HandleSignatureCallbackRequest(**where, body=body, **parts)
        return bool(stub.HandleSignatureCallback(told).is_known)

    body, parts = local.notice(flow_id, local.COMPLETED)
    for forged in (local.notice(flow_id, 2, secret="x"), (body + b" ", parts), (body, parts | {"app_id": "1"})):
        with pytest.raises(grpc.RpcError) as denied:
            tell(*forged)
        assert refusal(denied.value)[1] == "CALLBACK_SIGNATURE_WRONG"
    assert not signature_flows.step(database, institution)
    assert look(database, caller, request).state == "open"
    assert not tell(*local.notice("of-somebody-else", 2))
    assert [tell(body, parts) for _ in range(3)] == [True] * 3
    signature_flows.step(database, institution)
    listed = stub.ListSignatureRequests(
        signature_service_pb2.ListSignatureRequestsRequest(filter="state = SIGNATURE_REQUEST_STATE_SIGNED"),
        metadata=wire.metadata(staff(institution)),
    ).signature_requests
    assert [(one.provider, one.provider_flow_id) for one in listed] == [("esign", flow_id)]
    assert listed[0].state == signature_pb2.SIGNATURE_REQUEST_STATE_SIGNED


def test_workers_do_without_the_library_that_signs_files() -> None:
    asked = "import sys, services.billing.worker; print('pyhanko' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
