"""The page that a family reads behind its link to a quote."""

from __future__ import annotations

from uuid import UUID

from services.billing.models import Quote
from shared.crypto import CannotOpen, open_from_bus, seal_for_bus
from shared.db import Tx
from shared.errors import InvalidInput

_KIND = "quote"


def path(quote: Quote) -> str:
    """Return where the page is, below the address of the gateway. A sealed id: nobody can guess another one."""
    token = seal_for_bus(quote.institution_id, f"{_KIND}|{quote.id}")
    return f"/v1/publicQuotes/{quote.institution_id}/{token}"


def opened(tx: Tx, institution_id: UUID, token: str) -> UUID:
    """Enter the institution of a link and return the quote that it leads to.

    Raises InvalidInput QUOTE_LINK_INVALID for a link of nothing, of another institution or of a quote never sent.
    """
    try:
        kind, quote_id = open_from_bus(institution_id, token).split("|")
        key = UUID(quote_id)
    except (CannotOpen, ValueError):
        raise _invalid() from None
    tx.enter(institution_id)
    quote = tx.session.get(Quote, (institution_id, key))
    if kind != _KIND or quote is None or not quote.send_count:
        raise _invalid()
    return key


def _invalid() -> InvalidInput:
    return InvalidInput("token", "this link is not complete; open it as it was sent", "QUOTE_LINK_INVALID")
