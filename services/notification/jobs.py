"""Timers of notification: send, give up what was lost, prune the feed."""

from __future__ import annotations

from uuid import UUID

from services.notification.actions import feed, messages, sending
from shared.caller import Caller
from shared.db import Database
from shared.jobs import AnyJob, Errand, Job
from shared.mail import Mailbox
from shared.settings import settings

_BATCH = 100


def send_due(database: Database, institution_id: UUID) -> bool:
    """Claim a batch, hand each letter over outside any transaction, write the outcomes; True when more may wait."""
    caller = Caller.system(institution_id)
    with database.begin(caller) as tx:
        letters = messages.claim(tx, _BATCH)
    mailbox = Mailbox.parse(settings().smtp_url) if settings().smtp_url else None
    for letter in letters:
        state, reason = sending.hand_over(letter, mailbox)
        with database.begin(caller) as tx:
            messages.finish(tx, letter.message_id, state=state, reason=reason)
    return len(letters) == _BATCH


JOBS: list[AnyJob] = [
    Errand("notification.send", 0.5, send_due),
    Job("notification.give_up_lost", 60, messages.give_up_lost),
    Job("notification.prune_feed", 300, feed.prune),
]
