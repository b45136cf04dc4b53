"""The page on which a family reads and signs its contract."""

from __future__ import annotations

from uuid import UUID

from services.billing.models import SignatureRequest
from shared import public_links
from shared.db import Tx
from shared.errors import InvalidInput

_KIND = "contract"


def path(request: SignatureRequest) -> str:
    """Return where the page is, below the address of the gateway."""
    return public_links.path("publicContracts", request.institution_id, _KIND, request.id)


def opened(tx: Tx, institution_id: UUID, token: str) -> UUID:
    """Enter the institution of a link and return the signature request that it leads to.

    Raises InvalidInput CONTRACT_LINK_INVALID for a link of nothing or of another institution.
    """
    key = public_links.key_in(institution_id, _KIND, token)
    if key is not None:
        tx.enter(institution_id)
        if tx.session.get(SignatureRequest, (institution_id, key)) is not None:
            return key
    raise InvalidInput("token", "this link is not complete; open it as it was sent", "CONTRACT_LINK_INVALID")
