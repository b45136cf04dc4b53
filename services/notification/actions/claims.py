"""Takes due messages for a sender: the gate judges each of them once more, as things stand at that moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select

from services.notification.actions import judgements, messages
from services.notification.models import Message
from shared.db import Tx


@dataclass(frozen=True, slots=True)
class Letter:
    """A claimed message, ready for a provider."""

    message_id: UUID
    channel: str
    address: str
    subject: str
    body: str


def claim(tx: Tx, limit: int) -> list[Letter]:
    """Mark due messages as being sent and return them; those that may not leave now wait or end as refused."""
    rows = _due(tx, limit)
    if not rows:
        return []
    judge = judgements.look_up(tx, rows)
    letters = []
    for row in rows:
        verdict = judge.judge(row)
        if verdict.allowed:
            row.state, row.claim_time = "sending", tx.now
            letters.append(_letter(tx, row))
        elif verdict.wait_until is not None:
            row.send_time = verdict.wait_until
        else:
            messages.finish(tx, row.id, state="refused", reason=verdict.reason)
    return letters


def _due(tx: Tx, limit: int) -> Sequence[Message]:
    query = select(Message).where(
        Message.institution_id == tx.institution_id,
        Message.state == "queued",
        or_(Message.send_time.is_(None), Message.send_time <= tx.now),
    )
    return tx.session.scalars(query.order_by(Message.id).limit(limit).with_for_update(skip_locked=True)).all()


def _letter(tx: Tx, row: Message) -> Letter:
    return Letter(
        row.id,
        row.channel,
        Message.address.reveal(tx, row) or "",
        Message.subject.reveal(tx, row) or "",
        Message.body.reveal(tx, row) or "",
    )
