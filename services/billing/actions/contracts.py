"""Agreements with families."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from lianxiao.billing.v1.billing_events_pb2 import ContractSigned
from services.billing.actions import quotes
from services.billing.models import Contract, Quote
from shared.db import Tx
from shared.errors import AlreadyExists, Refused
from shared.events import publish
from shared.listing import Field, Listing

LISTING: Listing[Contract] = Listing(
    Contract,
    fields={
        "customer_id": Field(Contract.customer_id, aliased=True),
        "campus_id": Field(Contract.campus_id),
        "state": Field(Contract.state, prefix="CONTRACT_STATE_"),
        "owner_id": Field(Contract.owner_id, sortable=False),
        "quote_id": Field(Contract.quote_id),
        "create_time": Field(Contract.create_time),
        "total_fen": Field(Contract.total_fen),
    },
)


def create(tx: Tx, quote_id: UUID, *, gift_policy: str, expire_date: date | None = None) -> Contract:
    """Make the contract of a confirmed quote; what gift hours are worth is frozen here."""
    # The lock settles it with whoever takes the quote back.
    quote = quotes.get(tx, quote_id, for_update=True)
    if quote.state != "confirmed":
        raise Refused("QUOTE_NOT_CONFIRMED", f"the quote is {quote.state}", state=quote.state)
    contract = Contract(
        quote_id=quote.id,
        customer_id=quote.customer_id,
        campus_id=quote.campus_id,
        owner_id=quote.owner_id,
        total_fen=quote.total_fen,
        gift_policy=gift_policy,
        state="draft",
        expire_date=expire_date,
    )
    with tx.translating({"uq_contract_quote": lambda: _exists(quote_id)}):
        tx.session.add(contract)
    return contract


def get(tx: Tx, contract_id: UUID, *, for_update: bool = False) -> Contract:
    """Return a contract within reach."""
    return tx.load(Contract, "contract", contract_id, for_update=for_update)


def quote_of(tx: Tx, contract: Contract) -> Quote:
    """Return the quote of a contract; raises Refused CONTRACT_WITHOUT_QUOTE for hours that were brought along."""
    if contract.quote_id is None:
        raise Refused("CONTRACT_WITHOUT_QUOTE", "the contract stands for hours that the student brought along")
    return quotes.get(tx, contract.quote_id)


def get_draft(tx: Tx, contract_id: UUID) -> Contract:
    """Return a contract that nobody has signed, locked. Raises CONTRACT_NOT_DRAFT."""
    contract = get(tx, contract_id, for_update=True)
    check_draft(contract)
    return contract


def check_draft(contract: Contract) -> None:
    """Raise Refused CONTRACT_NOT_DRAFT unless nobody has signed a contract."""
    if contract.state != "draft":
        raise Refused("CONTRACT_NOT_DRAFT", f"the contract is {contract.state}", state=contract.state)


def sign(tx: Tx, contract_id: UUID) -> Contract:
    """Record a signature that was given elsewhere."""
    return mark_signed(tx, get_draft(tx, contract_id))


def mark_signed(tx: Tx, contract: Contract, sign_time: datetime | None = None) -> Contract:
    """Make a locked draft a signed contract, which never changes again; as of now unless a paper says earlier."""
    contract.state = "signed"
    contract.sign_time = sign_time or tx.now
    tx.session.flush()
    event = ContractSigned(
        contract_id=str(contract.id),
        customer_id=str(contract.customer_id),
        campus_id=str(contract.campus_id),
        total_fen=contract.total_fen,
        sign_time=contract.sign_time,
    )
    publish(tx, event)
    return contract


def _exists(quote_id: UUID) -> AlreadyExists:
    return AlreadyExists("CONTRACT_EXISTS", "the quote has its contract already", quote_id=str(quote_id))
