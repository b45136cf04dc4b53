"""Families sign contracts: the link, the one-time code, the signed file and what is kept of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from lianxiao.billing.v1 import signature_pb2, signature_service_pb2, signature_service_pb2_grpc
from services.billing.actions import (
    contract_documents,
    contract_links,
    contracts,
    orders,
    pdf_signatures,
    refund_rules,
    signatures,
)
from services.billing.models import Contract, SignatureCode, SignatureRequest
from services.billing.rules import signatures as rules
from services.billing.rules.refund_rules import AgreedTerms
from shared.caller import Caller
from shared.crypto import open_from_bus
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotFound, Refused
from shared.ids import uuid7
from shared.settings import settings
from shared.testing.wire import Wire, refusal
from tests.billing import signing
from tests.billing.outgoing import published
from tests.billing.test_contract_documents import VALUES, draft, template

pytestmark = pytest.mark.usefixtures("postgres")
NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, institution: UUID) -> Iterator[Path]:
    """Give the institution a key; returns the folder of it."""
    signing.install(tmp_path, institution)
    monkeypatch.setenv("LIANXIAO_SIGNING_KEYS_DIR", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


def rendered(tx: Tx) -> Contract:
    contract = draft(tx)
    contract_documents.render(tx, contract.id, template(tx).id, VALUES)
    return contract


def code_in(tx: Tx) -> str:
    sealed = published(tx, "contract_message_due")[-1]["code"]
    return open_from_bus(tx.institution_id, sealed)


def refused(reason: str, step: object, *arguments: object) -> Refused:
    with pytest.raises(Refused) as caught:
        step(*arguments)  # type: ignore[operator]  # any action
    assert caught.value.reason == reason
    return caught.value


def test_a_family_signs_what_it_has_read_and_every_later_change_shows(tx: Tx, keys: Path) -> None:
    contract = rendered(tx)
    request = signatures.send(tx, contract.id)
    assert contract_links.opened(tx, tx.institution_id, contract_links.path(request).rsplit("/", 1)[1]) == request.id
    read = signatures.shown(tx, request)
    signatures.send_code(tx, request.id)
    for _ in range(2):
        assert signatures.sign(tx, request.id, code_in(tx), address="203.0.113.7") is None
    assert (contract.state, contract.sign_time, request.state) == ("signed", tx.now, "signed")
    assert len(published(tx, "contract_signed")) == 1
    evidence = signatures.evidence(tx, contract.id)
    signed = signatures.shown(tx, request)
    assert (evidence.sha256_before, evidence.sha256_after) == (read.sha256, signed.sha256)
    assert b"203.0.113.7" not in bytes(evidence.address_sealed or b"")
    content = contract_documents.content(tx, signed)
    said = signing.verdict(keys, tx.institution_id, content)
    assert (said.is_intact, said.is_trusted) == (True, True)
    assert str(evidence.id) in said.reason
    assert read.sha256 in said.reason
    broken = bytearray(content)
    broken[content.find(b"stream") + 40] ^= 1
    assert not signing.verdict(keys, tx.institution_id, bytes(broken)).is_intact
    # The chain goes on as from paper.
    assert orders.create(tx, contract.id).contract_id == contract.id


def test_a_file_is_signed_in_a_thread_that_runs_an_event_loop(tx: Tx, keys: Path) -> None:
    content = contract_documents.content(tx, signatures.shown(tx, signatures.send(tx, rendered(tx).id)))

    async def inside() -> bytes:
        return pdf_signatures.sign(tx.institution_id, content, reason="同意", location="上海").content

    with ThreadPoolExecutor(1) as pool:
        signed = pool.submit(asyncio.run, inside()).result()
    assert signing.verdict(keys, tx.institution_id, signed).is_intact


@pytest.mark.usefixtures("keys")
def test_neither_link_nor_code_travels_in_clear(tx: Tx) -> None:
    request = signatures.send(tx, rendered(tx).id)
    code = signatures.send_code(tx, request.id)
    events = json.dumps(published(tx, "contract_message_due"))
    assert contract_links.path(request) not in events
    assert f'"{code_in(tx)}"' not in events
    assert code_in(tx).encode() not in bytes(code.code_hash)
    assert ["code" in event for event in published(tx, "contract_message_due")] == [False, True]


@pytest.mark.usefixtures("keys")
def test_a_wrong_code_is_counted_and_five_spend_it(tx: Tx) -> None:
    request = signatures.send(tx, rendered(tx).id)
    first = signatures.sign(tx, request.id, "000000", address="")
    assert first is not None
    assert first.reason == "SIGNATURE_CODE_SPENT"
    signatures.send_code(tx, request.id)
    right = code_in(tx)
    wrong = f"{(int(right) + 1) % 10**6:06}"
    said = [signatures.sign(tx, request.id, wrong, address="") for _ in range(5)]
    assert [each.info["left"] for each in said if each] == ["4", "3", "2", "1", "0"]
    spent = signatures.sign(tx, request.id, right, address="")
    assert spent is not None
    assert (spent.reason, request.state) == ("SIGNATURE_CODE_SPENT", "open")
    tx.now += timedelta(minutes=1)
    signatures.send_code(tx, request.id)
    assert signatures.sign(tx, request.id, code_in(tx), address="") is None


@pytest.mark.usefixtures("keys")
def test_an_older_code_and_one_of_another_link_do_not_sign(tx: Tx) -> None:
    one, other = (signatures.send(tx, rendered(tx).id) for _ in range(2))
    signatures.send_code(tx, one.id)
    old = code_in(tx)
    tx.now += timedelta(minutes=2)
    signatures.send_code(tx, one.id)
    signatures.send_code(tx, other.id)
    if old != code_in(tx):
        assert signatures.sign(tx, other.id, old, address="") is not None
        assert signatures.sign(tx, one.id, code_in(tx), address="") is not None
    tx.now += rules.GOOD_FOR
    late = signatures.sign(tx, other.id, code_in(tx), address="")
    assert late is not None
    assert late.reason == "SIGNATURE_CODE_SPENT"


@pytest.mark.usefixtures("keys")
def test_what_changed_since_it_was_printed_is_neither_sent_nor_signed(tx: Tx) -> None:
    bare = draft(tx)
    refused("CONTRACT_NOT_RENDERED", signatures.send, tx, bare.id)
    contract = rendered(tx)
    request = signatures.send(tx, contract.id)
    refund_rules.agree(tx, contract.id, AgreedTerms({}, fee_fen=100))
    refused("CONTRACT_DOCUMENT_OUTDATED", signatures.send, tx, contract.id)
    signatures.send_code(tx, request.id)
    with pytest.raises(Refused) as caught:
        signatures.sign(tx, request.id, code_in(tx), address="")
    assert caught.value.reason == "CONTRACT_DOCUMENT_OUTDATED"
    contract_documents.render(tx, contract.id, template(tx).id, VALUES)
    again = signatures.send(tx, contract.id)
    assert (request.state, again.state, again.send_count) == ("withdrawn", "open", 1)
    assert signatures.send(tx, contract.id).send_count == 2
    refused("SIGNATURE_REQUEST_CLOSED", signatures.send_code, tx, request.id)


@pytest.mark.usefixtures("keys")
def test_a_closed_link_signs_nothing(tx: Tx) -> None:
    contract = rendered(tx)
    request = signatures.send(tx, contract.id)
    signatures.send_code(tx, request.id)
    for _ in range(2):
        signatures.withdraw(tx, contract.id)
    for step in (signatures.send_code, lambda tx, key: signatures.sign(tx, key, code_in(tx), address="")):
        refused("SIGNATURE_REQUEST_CLOSED", step, tx, request.id)
    again = signatures.send(tx, contract.id)
    tx.now += timedelta(minutes=2)
    signatures.send_code(tx, again.id)
    contracts.sign(tx, contract.id)
    refused("CONTRACT_NOT_DRAFT", lambda: signatures.sign(tx, again.id, code_in(tx), address=""))
    with pytest.raises(NotFound):
        signatures.evidence(tx, contract.id)
    with pytest.raises(InvalidInput):
        contract_links.opened(tx, uuid7(), contract_links.path(again).rsplit("/", 1)[1])


def test_without_a_key_nothing_is_sent(tx: Tx) -> None:
    contract = rendered(tx)
    refused("SIGNING_KEY_MISSING", signatures.send, tx, contract.id)
    assert tx.session.scalars(select(SignatureRequest)).all() == []


@pytest.mark.usefixtures("keys")
def test_the_family_signs_over_the_wire_and_wrong_codes_stay_counted(
    wire: Wire, database: Database, caller: Caller
) -> None:
    with database.begin(caller) as tx:
        request = signatures.send(tx, rendered(tx).id)
        institution, token = contract_links.path(request).rsplit("/", 2)[1:]
    stub = signature_service_pb2_grpc.SignatureServiceStub(wire.channel)
    where = {"institution_id": institution, "token": token}
    page = stub.GetPublicContract(signature_service_pb2.GetPublicContractRequest(**where)).public_contract
    assert (page.total_fen, page.content[:5]) == (600000, b"%PDF-")
    stub.RequestSignatureCode(signature_service_pb2.RequestSignatureCodeRequest(**where))
    with pytest.raises(grpc.RpcError) as soon:
        stub.RequestSignatureCode(signature_service_pb2.RequestSignatureCodeRequest(**where))
    assert refusal(soon.value)[1] == "SIGNATURE_CODE_TOO_SOON"
    with database.begin(caller) as tx:
        (code,) = tx.session.scalars(select(SignatureCode)).all()
        typed = next(f"{n:06}" for n in range(10**6) if signatures._hash(tx, request.id, f"{n:06}") == code.code_hash)  # noqa: SLF001 - nobody else knows it
    wrong = f"{(int(typed) + 1) % 10**6:06}"
    with pytest.raises(grpc.RpcError) as denied:
        stub.SignPublicContract(signature_service_pb2.SignPublicContractRequest(**where, code=wrong))
    assert refusal(denied.value)[1] == "SIGNATURE_CODE_WRONG"
    with database.begin(caller) as tx:
        assert tx.scalar(select(SignatureCode.failures)) == 1
    signed = stub.SignPublicContract(signature_service_pb2.SignPublicContractRequest(**where, code=typed))
    assert signed.public_contract.state == signature_pb2.SIGNATURE_REQUEST_STATE_SIGNED
    assert signed.public_contract.sha256 != page.sha256


@given(st.lists(st.integers(0, 2 * 86400), max_size=12))
def test_codes_keep_their_pace(ages: list[int]) -> None:
    sent = [NOON - timedelta(seconds=age) for age in ages]
    recent = [age for age in ages if age < 86400]
    try:
        rules.check_pace(sent, NOON)
        passed = True
    except Refused:
        passed = False
    assert passed == (len(recent) < 10 and all(age >= 60 for age in recent))
