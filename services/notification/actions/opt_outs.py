"""Addresses whose owners want no advertising: by a link or a keyword, and back again. Honoured by the next claim."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.notification.models import Message, OptOut
from services.notification.rules import opt_out_texts
from shared import public_links
from shared.crypto import blind_index
from shared.db import Tx
from shared.errors import InvalidInput
from shared.settings import settings
from shared.tables import stamped

_KIND = "opt_out"


def index(tx: Tx, address: str) -> bytes:
    """Return by what an address is found; upper and lower case are one."""
    return blind_index(tx, "address", address.strip().casefold())


def told_of(tx: Tx, row: Message, body: str) -> str:
    """Return an advertising text that says how to opt out of it; the row has its id."""
    link = link_of(tx, row.id) if row.channel == "email" else ""
    return opt_out_texts.add(body, link)


def link_of(tx: Tx, message_id: UUID) -> str:
    """Return where the recipient of a message opts out, or nothing without a public address of the gateway."""
    base = settings().public_url.rstrip("/")
    # The page for people is not below the API.
    page = public_links.path(_KIND, tx.institution_id, _KIND, message_id).removeprefix(f"/v1/{_KIND}/")
    return f"{base}/opt-out/{page}" if base else ""


def opened(tx: Tx, institution_id: UUID, token: str) -> bytes:
    """Enter the institution of a link and return its address; raises InvalidInput OPT_OUT_LINK_INVALID."""
    key = public_links.key_in(institution_id, _KIND, token)
    if key is not None:
        tx.enter(institution_id)
        query = select(Message.address_index).where(Message.institution_id == institution_id, Message.id == key)
        found: bytes | None = tx.scalar(query)
        if found is not None:
            return found
    raise InvalidInput("token", "this link is not complete; open it as it was sent", "OPT_OUT_LINK_INVALID")


def is_out(tx: Tx, address_index: bytes) -> bool:
    """Say whether an address gets no advertising."""
    mine = (OptOut.institution_id == tx.institution_id, OptOut.address_index == address_index)
    return bool(tx.scalar(select(OptOut.active).where(*mine)))


def put(tx: Tx, address_index: bytes, *, active: bool, source: str) -> None:
    """Send no advertising to an address from now on, or do so again. Saying it twice changes nothing."""
    told: dict[str, Any] = {"active": active, "source": source, "decide_time": tx.now}
    statement = insert(OptOut).values(stamped(tx, address_index=address_index, **told))
    changed = statement.on_conflict_do_update(
        constraint="uq_opt_out_address", set_=told | {"update_time": tx.now}, where=OptOut.active != active
    ).returning(OptOut.id)
    key = tx.scalar(changed)
    if key is not None:
        tx.audit("opt_out.changed", "opt_out", key, active=active, source=source)


def hear(tx: Tx, address: str, text: str) -> bool:
    """Take an answer to a message; True when it is a keyword that ends advertising to this address."""
    if not opt_out_texts.is_keyword(text):
        return False
    put(tx, index(tx, address), active=True, source="keyword")
    return True
