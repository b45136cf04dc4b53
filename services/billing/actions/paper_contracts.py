"""Contracts that were signed on paper: key fields and scan, by version. What follows is what follows any signature.

Locks: the contract, then its requests to sign.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services.billing.actions import amount_mismatches, campuses, contract_documents, contracts, signature_requests
from services.billing.models import Contract, PaperContract, SignatureEvidence
from services.billing.rules import scans
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, NotFound, Refused
from shared.ids import uuid7
from shared.listing import Field, Listing

LISTING: Listing[PaperContract] = Listing(
    PaperContract,
    fields={
        "contract_id": Field(PaperContract.contract_id),
        "campus_id": Field(PaperContract.campus_id),
        "number": Field(PaperContract.number, sortable=False),
        "sign_date": Field(PaperContract.sign_date),
        "version": Field(PaperContract.version),
        "create_time": Field(PaperContract.create_time),
    },
    default_order="create_time desc",
)


@dataclass(frozen=True, slots=True)
class Paper:
    """What stands on a paper, in fen, and its scan."""

    number: str
    sign_date: date
    signer_name: str
    total_fen: int
    scan: bytes


def record(tx: Tx, contract_id: UUID, paper: Paper, *, reason: str = "") -> PaperContract:
    """Keep a paper; an unsigned contract is signed by it as of the day on it, another version needs a reason.

    Raises InvalidInput SCAN_KIND_UNKNOWN, PAPER_DATE_IN_FUTURE, Refused CONTRACT_SIGNED_ELECTRONICALLY, AlreadyExists
    PAPER_CONTRACT_EXISTS, NotFound PAPER_CONTRACT_NOT_FOUND for a reason with nothing to replace.
    """
    media_type = scans.media_type(paper.scan)
    contract = contracts.get(tx, contract_id, for_update=True)
    moment = _moment(tx, contract, paper.sign_date)
    _check_paper(tx, contract)
    before = newest(tx, contract.id)
    if before is not None and not reason:
        raise AlreadyExists("PAPER_CONTRACT_EXISTS", "a paper is kept already; say why it is replaced")
    if before is None and reason:
        raise NotFound("paper_contract", contract.id)
    document = contract_documents.store(tx, contract, paper.scan, kind="scanned", media_type=media_type)
    row = PaperContract(
        id=uuid7(),
        campus_id=contract.campus_id,
        owner_id=contract.owner_id,
        contract_id=contract.id,
        version=before.version + 1 if before else 1,
        number=paper.number,
        sign_date=paper.sign_date,
        total_fen=paper.total_fen,
        contract_document_id=document.id,
        reason=reason,
        staff_id=tx.caller.subject_id,
    )
    PaperContract.signer_name.seal(tx, row, paper.signer_name)
    tx.session.add(row)
    tx.session.flush()
    if contract.state == "draft":
        _sign(tx, contract, moment)
    amount_mismatches.check(tx, contract.id)
    tx.audit("contract.paper_recorded", "contract", contract.id, version=row.version, sha256=document.sha256)
    return row


def newest(tx: Tx, contract_id: UUID) -> PaperContract | None:
    """Return the paper of a contract that holds."""
    query = select(PaperContract).where(PaperContract.contract_id == contract_id)
    return tx.session.scalars(query.order_by(PaperContract.version.desc()).limit(1)).one_or_none()


def _moment(tx: Tx, contract: Contract, day: date) -> datetime:
    """Return when a paper was signed: now on the same day, else the first moment of the day at the campus."""
    zone = ZoneInfo(campuses.check(tx, contract.campus_id).time_zone)
    today = tx.now.astimezone(zone).date()
    if day > today:
        raise InvalidInput("sign_date", f"it is only {today.isoformat()} at the campus", reason="PAPER_DATE_IN_FUTURE")
    return tx.now if day == today else datetime.combine(day, time(), zone)


def _check_paper(tx: Tx, contract: Contract) -> None:
    if contract.state == "void":
        raise Refused("CONTRACT_NOT_DRAFT", "the contract is void", state=contract.state)
    query = select(SignatureEvidence.id).where(SignatureEvidence.contract_id == contract.id)
    if tx.session.scalars(query).first() is not None:
        raise Refused("CONTRACT_SIGNED_ELECTRONICALLY", "the family signed this contract on its page already")


def _sign(tx: Tx, contract: Contract, moment: datetime) -> None:
    request = signature_requests.open_request(tx, contract.id)
    if request is not None:
        signature_requests.close(tx, request)
    contracts.mark_signed(tx, contract, moment)
