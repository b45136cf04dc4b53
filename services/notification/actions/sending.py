"""Hands claimed letters to a provider and says what became of them. No transaction is open meanwhile."""

from __future__ import annotations

from services.notification.actions.messages import Letter
from shared.mail import Mailbox, MailRefusedError, MailUncertainError, MailUnreachableError


def hand_over(letter: Letter, mailbox: Mailbox | None) -> tuple[str, str]:
    """Return (final state, reason). Without a mailbox the sandbox takes everything; nothing leaves the machine."""
    if mailbox is None or "@" not in letter.address:
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
