"""Messages to families leave by the sandbox: nothing of a demo chain ever reaches a mail server."""

from __future__ import annotations

from datetime import datetime

from services.notification.actions import claims, messages, sending
from tools.demo.stage.known import Known
from tools.demo.stage.world import World

_BATCH = 200


def send(world: World, _known: Known, moment: datetime) -> Known:
    """Hand over all that waits, and note what became of it."""
    while True:
        with world.acts("notification") as acts:
            tx = acts.at(moment)
            letters = claims.claim(tx, _BATCH)
            for letter in letters:
                state, reason = sending.hand_over(letter, None)
                messages.finish(tx, letter.message_id, state=state, reason=reason)
        if not letters:
            return Known()
