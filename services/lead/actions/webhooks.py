"""Doors for other programs: signed with a secret of their own, never taken in twice."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete

from services.lead.actions import bulk, campuses, doors, follow_up_plans
from services.lead.models import Webhook, WebhookCall
from services.lead.rules import doors as rules
from shared import signatures
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.listing import Field, Listing

EDITABLE = ("name", "mapping", "paused")
LISTING: Listing[Webhook] = Listing(
    Webhook,
    fields={
        "name": Field(Webhook.name),
        "campus_id": Field(Webhook.campus_id, sortable=False),
        "paused": Field(Webhook.paused, sortable=False),
        "create_time": Field(Webhook.create_time),
    },
)
_SECRET_BYTES = 32
_KEPT = timedelta(days=1)


def create(
    tx: Tx, *, name: str, campus_id: UUID | None, campaign_id: UUID | None, source: str, mapping: Mapping[str, str]
) -> tuple[Webhook, str]:
    """Add a door; return it with its secret, which is never shown again.

    Raises CAMPUS_NOT_FOUND, CAMPUS_CLOSED, InvalidInput NAME_MISSING, MAPPING_INVALID.
    """
    if campus_id is None:
        raise InvalidInput("webhook.campus_id", "name the campus that its leads go to")
    campuses.check_open(tx, campus_id)
    row = bulk.fresh(
        tx, Webhook, campus_id=campus_id, campaign_id=campaign_id, source=source or "webhook", paused=False
    )
    row.name, row.mapping = follow_up_plans.checked_name(name), _checked(mapping)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    Webhook.secret.seal(tx, row, secret)
    tx.session.add(row)
    tx.session.flush()
    return row, secret


def update(tx: Tx, webhook_id: UUID, changes: Mapping[str, Any]) -> Webhook:
    """Change a door. Raises WEBHOOK_NOT_FOUND, InvalidInput NAME_MISSING, MAPPING_INVALID."""
    row = tx.load(Webhook, "webhook", webhook_id, for_update=True)
    if "name" in changes:
        row.name = follow_up_plans.checked_name(changes["name"])
    if "mapping" in changes:
        row.mapping = _checked(changes["mapping"])
    row.paused = changes.get("paused", row.paused)
    tx.session.flush()
    return row


def receive(
    tx: Tx, institution_id: UUID, webhook_id: UUID, *, body: bytes, signature: str, timestamp: str, nonce: str
) -> bool:
    """Take in one enquiry; return whether it made a new lead.

    Raises WEBHOOK_NOT_FOUND, WEBHOOK_PAUSED, WEBHOOK_SIGNATURE_WRONG, WEBHOOK_OUTSIDE_WINDOW, WEBHOOK_REPLAYED,
    InvalidInput WEBHOOK_MALFORMED, FORM_FIELD_INVALID.
    """
    tx.enter(institution_id)
    door = tx.load(Webhook, "webhook", webhook_id)
    secret = (Webhook.secret.reveal(tx, door) or "").encode()
    signatures.verify(
        secret, kind="WEBHOOK", signature=signature, timestamp=timestamp, nonce=nonce, body=body, now=tx.now
    )
    if door.paused:
        raise Refused("WEBHOOK_PAUSED", "this door is closed for now")
    call = WebhookCall(webhook_id=door.id, campus_id=door.campus_id, nonce=nonce, lead_id=None)
    with tx.translating({"uq_webhook_call_nonce": lambda: Refused("WEBHOOK_REPLAYED", "this was sent before")}):
        tx.session.add(call)
    try:
        answers, content = rules.read(body, door.mapping)
    except rules.Refusal as refusal:
        raise InvalidInput("body", "the body is no JSON object", refusal.reason) from refusal
    lead_id, created = doors.take_in(
        tx, answers, campus_id=door.campus_id, source=door.source, campaign_id=door.campaign_id, payload=content
    )
    call.lead_id = lead_id
    return created


def forget_nonces(tx: Tx) -> None:
    """Delete nonces whose signatures have long ceased to hold."""
    tx.execute(delete(WebhookCall).where(WebhookCall.create_time < tx.now - _KEPT))


def _checked(mapping: Mapping[str, str]) -> dict[str, str]:
    unknown = next((name for name in sorted(mapping) if name not in rules.KNOWN or not mapping[name]), None)
    if unknown is not None:
        raise InvalidInput("webhook.mapping", f"{unknown[:40]} is no field of an enquiry", "MAPPING_INVALID")
    return dict(mapping)
