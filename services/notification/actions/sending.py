"""Hands claimed letters to a provider and says what became of them. No transaction is open meanwhile."""

from __future__ import annotations

from uuid import UUID

from services.notification.actions import claims, messages
from services.notification.actions.claims import Letter
from shared.caller import Caller
from shared.db import Database
from shared.mail import Mailbox, MailRefusedError, MailUncertainError, MailUnreachableError
from shared.settings import settings

_BATCH = 100


def send_due(database: Database, institution_id: UUID) -> bool:
    """Claim a batch, hand each letter over, write the outcomes; True when more may wait."""
    caller = Caller.system(institution_id)
    with database.begin(caller) as tx:
        letters = claims.claim(tx, _BATCH)
    mailbox = Mailbox.parse(settings().smtp_url) if settings().smtp_url else None
    for letter in letters:
        state, reason = hand_over(letter, mailbox)
        with database.begin(caller) as tx:
            messages.finish(tx, letter.message_id, state=state, reason=reason)
    return len(letters) == _BATCH


def hand_over(letter: Letter, mailbox: Mailbox | None) -> tuple[str, str]:
    """Return (final state, reason). The sandbox takes what is no mail, and without a mailbox everything."""
    if mailbox is None or letter.channel != messages.EMAIL:
        return "sent", "SANDBOX"
    try:
        mailbox.send(str(letter.message_id), letter.address, letter.subject, letter.body)
    except MailUnreachableError:
        return "failed", "PROVIDER_UNREACHABLE"
    except MailRefusedError:
        return "failed", "ADDRESS_REFUSED"
    except MailUncertainError:
        return "unknown", "PROVIDER_BROKE_OFF"
    return "sent", ""
