"""Contracts on their way to be signed, wherever that is. Servers and workers come here; only servers sign.

Locks: the contract, then its requests.
"""

from __future__ import annotations

import json
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from lianxiao.billing.v1.billing_events_pb2 import ContractMessageDue
from services.billing.actions import contract_links, contracts, signature_providers
from services.billing.models import Contract, SignatureRequest
from services.billing.rules import signatures as rules
from shared.db import Tx
from shared.events import publish
from shared.listing import Field, Listing
from shared.wire_values import id_text


class Signer(NamedTuple):
    """The guardian whom a third party is to identify."""

    name: str
    phone: str


LISTING: Listing[SignatureRequest] = Listing(
    SignatureRequest,
    fields={
        "contract_id": Field(SignatureRequest.contract_id),
        "campus_id": Field(SignatureRequest.campus_id),
        "state": Field(SignatureRequest.state, prefix="SIGNATURE_REQUEST_STATE_"),
        "provider": Field(SignatureRequest.provider),
        "create_time": Field(SignatureRequest.create_time),
    },
)


def get(tx: Tx, signature_request_id: UUID) -> SignatureRequest:
    """Return a request within reach."""
    return tx.load(SignatureRequest, "signature_request", signature_request_id)


def locked(tx: Tx, signature_request_id: UUID) -> tuple[Contract, SignatureRequest]:
    """Return a request and its contract, locked in their order."""
    contract = contracts.get(tx, get(tx, signature_request_id).contract_id, for_update=True)
    return contract, tx.load(SignatureRequest, "signature_request", signature_request_id, for_update=True)


def open_request(tx: Tx, contract_id: UUID) -> SignatureRequest | None:
    """Return the open request of a contract, locked."""
    query = select(SignatureRequest).where(
        SignatureRequest.contract_id == contract_id, SignatureRequest.state == "open"
    )
    return tx.session.scalars(query.with_for_update()).one_or_none()


def close(tx: Tx, request: SignatureRequest) -> None:
    """Withdraw an open request that is locked; a third party is told soon."""
    request.state = "withdrawn"
    request.next_poll_time = None if request.provider == signature_providers.BUILT_IN else tx.now
    tx.session.flush()


def signer_of(tx: Tx, request: SignatureRequest) -> Signer:
    """Return who signs at a third party."""
    return Signer(*json.loads(SignatureRequest.signer.reveal(tx, request) or '["", ""]'))


def tell_link(tx: Tx, contract: Contract, request: SignatureRequest) -> None:
    """Have the link sent, once for each time that somebody asked for it."""
    tell(tx, contract, request, cause=f"{request.id}:{request.send_count}")


def tell(tx: Tx, contract: Contract, request: SignatureRequest, *, cause: str, code: str = "") -> None:
    """Have the link sent, or with a code the code; another cause for each message."""
    event = ContractMessageDue(
        contract_id=str(contract.id),
        customer_id=str(contract.customer_id),
        lead_id=id_text(contracts.quote_of(tx, contract).lead_id),
        campus_id=str(contract.campus_id),
        cause=cause,
        path=contract_links.path(request),
        code=code,
        expire_time=tx.now + rules.GOOD_FOR if code else request.expire_time,
    )
    publish(tx, event)
