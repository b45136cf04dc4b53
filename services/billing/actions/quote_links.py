"""The page that a family reads behind its link to a quote."""

from __future__ import annotations

from uuid import UUID

from services.billing.models import Quote
from shared import public_links
from shared.db import Tx
from shared.errors import InvalidInput

_KIND = "quote"


def path(quote: Quote) -> str:
    """Return where the page is, below the address of the gateway."""
    return public_links.path("publicQuotes", quote.institution_id, _KIND, quote.id)


def opened(tx: Tx, institution_id: UUID, token: str) -> UUID:
    """Enter the institution of a link and return the quote that it leads to.

    Raises InvalidInput QUOTE_LINK_INVALID for a link of nothing, of another institution or of a quote never sent.
    """
    key = public_links.key_in(institution_id, _KIND, token)
    if key is not None:
        tx.enter(institution_id)
        quote = tx.session.get(Quote, (institution_id, key))
        if quote is not None and quote.send_count:
            return key
    raise InvalidInput("token", "this link is not complete; open it as it was sent", "QUOTE_LINK_INVALID")
