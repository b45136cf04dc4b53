"""Contracts on paper: the scan tells itself what it is, signs as of its day, and is replaced with its history kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import ProgrammingError

from lianxiao.billing.v1 import paper_contract_service_pb2 as pb
from lianxiao.billing.v1 import paper_contract_service_pb2_grpc
from services.billing.actions import contract_documents, contracts, orders, paper_contracts, payments
from services.billing.actions.paper_contracts import Paper
from services.billing.rules.scans import media_type
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import AlreadyExists, InvalidInput, NotFound
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal
from shared.wire_values import date_pb
from tests.billing.outgoing import published
from tests.billing.test_contract_documents import draft

pytestmark = pytest.mark.usefixtures("postgres")
PDF = b"%PDF-1.4\n1 0 obj\nendobj\ntrailer\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(40) + b"\xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40) + b"\x00\x00\x00\x00IEND\xaeB`\x82"


def paper(tx: Tx, scan: bytes = PDF, *, days: int = 0) -> Paper:
    return Paper("LX-2026-007", tx.now.date() - timedelta(days=days), "王芳", 600000, scan)


@pytest.mark.parametrize(
    ("scan", "kind"),
    [(PDF, "application/pdf"), (JPEG, "image/jpeg"), (PNG, "image/png"), (PDF + b"\n\n", "application/pdf")],
)
def test_a_scan_is_told_by_its_bytes(scan: bytes, kind: str) -> None:
    assert media_type(scan) == kind


@given(st.binary(max_size=60), st.sampled_from((PDF, JPEG, PNG)), st.integers(1, 30))
def test_what_is_no_whole_scan_is_refused(noise: bytes, scan: bytes, cut: int) -> None:
    for wrong in (b"MZ" + noise, b"<svg " + noise, noise[:4] + scan[9:], scan[: len(scan) // 2][: -cut or None]):
        with pytest.raises(InvalidInput) as refused:
            media_type(wrong)
        assert refused.value.reason == "SCAN_KIND_UNKNOWN"


def test_a_paper_signs_as_of_its_day_and_leads_to_orders_like_any_signature(tx: Tx) -> None:
    contract = draft(tx)
    row = paper_contracts.record(tx, contract.id, paper(tx, JPEG, days=3))
    assert (row.version, contract.state) == (1, "signed")
    assert contract.sign_time is not None
    # Midnight in Shanghai.
    assert contract.sign_time.isoformat() == f"{row.sign_date.isoformat()}T00:00:00+08:00"
    assert len(published(tx, "contract_signed")) == 1
    kept = contract_documents.get(tx, row.contract_document_id)
    assert (kept.kind, kept.media_type, contract_documents.content(tx, kept)) == ("scanned", "image/jpeg", JPEG)
    assert JPEG not in bytes(kept.content_sealed)
    assert "王芳".encode() not in bytes(row.signer_name_sealed)
    order = orders.create(tx, contract.id)
    payments.record(tx, order.id, payments.Received(600000, "cash", tx.now))
    assert orders.get(tx, order.id).state == "paid"


def test_another_paper_needs_a_reason_and_the_one_before_stays(tx: Tx) -> None:
    contract = draft(tx)
    with pytest.raises(NotFound):
        paper_contracts.record(tx, contract.id, paper(tx), reason="替换")
    first = paper_contracts.record(tx, contract.id, paper(tx))
    with pytest.raises(AlreadyExists) as taken:
        paper_contracts.record(tx, contract.id, paper(tx, PNG))
    assert taken.value.reason == "PAPER_CONTRACT_EXISTS"
    second = paper_contracts.record(tx, contract.id, replace(paper(tx, PNG), number="LX-8"), reason="漏扫第二页")
    held = paper_contracts.newest(tx, contract.id)
    assert held is not None
    assert (held.id, held.version, held.number, first.version) == (second.id, 2, "LX-8", 1)
    assert contract_documents.content(tx, contract_documents.get(tx, first.contract_document_id)) == PDF
    assert len(published(tx, "contract_signed")) == 1
    with pytest.raises(ProgrammingError):
        tx.run("delete from paper_contract")


def test_the_scan_of_a_signature_that_was_recorded_before_is_added_later(tx: Tx) -> None:
    contract = draft(tx)
    contracts.sign(tx, contract.id)
    signed = contract.sign_time
    assert paper_contracts.record(tx, contract.id, paper(tx, days=9)).version == 1
    assert contract.sign_time == signed


def test_a_day_to_come_is_refused_by_the_clock_of_the_campus(tx: Tx) -> None:
    contract = draft(tx)
    # Half past midnight in Shanghai is still yesterday in UTC.
    tx.now = tx.now.replace(hour=16, minute=30)
    today = paper(tx, days=-1)
    with pytest.raises(InvalidInput) as refused:
        paper_contracts.record(tx, contract.id, replace(today, sign_date=today.sign_date + timedelta(days=1)))
    assert refused.value.reason == "PAPER_DATE_IN_FUTURE"
    assert paper_contracts.record(tx, contract.id, today).sign_date == today.sign_date


def test_a_paper_crosses_the_wire_and_other_campuses_do_not_see_it(
    wire: Wire, database: Database, caller: Caller, finance: Caller
) -> None:
    with database.begin(caller) as tx:
        contract = draft(tx)
    stub = paper_contract_service_pb2_grpc.PaperContractServiceStub(wire.channel)
    who = wire.metadata(finance)
    request = pb.RecordPaperContractRequest(
        contract_id=str(contract.id),
        number="LX-1",
        sign_date=date_pb(date(2026, 3, 2)),
        signer_name="王芳",
        total_fen=600000,
        scan=PDF,
    )
    recorded = stub.RecordPaperContract(request, metadata=who).paper_contract
    assert (recorded.version, recorded.signer_name, recorded.staff_id) == (1, "王芳", str(finance.subject_id))
    asked = pb.ListPaperContractsRequest(filter=f'contract_id = "{contract.id}"')
    assert list(stub.ListPaperContracts(asked, metadata=who).paper_contracts) == [recorded]
    request.scan = b"GIF89a"
    with pytest.raises(grpc.RpcError) as refused:
        stub.RecordPaperContract(request, metadata=who)
    assert refusal(refused.value)[1] == "SCAN_KIND_UNKNOWN"
    elsewhere = wire.metadata(staff(finance.institution_id, campuses=(uuid7(),)))
    assert not stub.ListPaperContracts(asked, metadata=elsewhere).paper_contracts
