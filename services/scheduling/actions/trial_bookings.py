"""Trials booked into seats or one-to-one lessons, in place of others too, and cancelled."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.scheduling.actions import lessons, resources, timetable, trials
from services.scheduling.actions.plans import Wish
from services.scheduling.actions.trials import Guest
from services.scheduling.models import Trial
from services.scheduling.rules.trials import BOOKED, CLOSED, INVITED
from shared.db import Tx
from shared.errors import Refused

REBOOKED = "rebooked"


def book_seat(tx: Tx, guest: Guest, *, lesson_id: UUID, previous_id: UUID | None = None) -> Trial:
    """Give a lead a seat; what it replaces gives its own back. Refusals: as `trials.book`, and of `_replace`."""
    replaced_id = _replace(tx, guest, previous_id, lesson_id)
    return trials.book(tx, guest, lesson_id=lesson_id, previous_id=replaced_id)


def book_slot(tx: Tx, guest: Guest, wish: Wish, *, start: datetime, previous_id: UUID | None = None) -> Trial:
    """Plan a lesson for a lead alone. Refusals: as `timetable.create`, `trials.book`, and of `_replace`."""
    # Teachers and rooms are locked ahead of lessons; the one that is given up may hold the same teacher.
    resources.lock(tx, [*wish.teacher_ids, *([wish.room_id] if wish.room_id else [])])
    replaced_id = _replace(tx, guest, previous_id)
    lesson = timetable.create(tx, wish, start=start)
    return trials.book(tx, guest, lesson_id=lesson.id, previous_id=replaced_id, one_to_one=True)


def cancel(tx: Tx, trial_id: UUID, *, reason: str) -> Trial:
    """Take an invitation back, give the seat back, or cancel the one-to-one lesson. TRIAL_NOT_OPEN when it is over."""
    trial = trials.get(tx, trial_id)
    if not (trial.one_to_one and trial.lesson_id is not None and trial.state == BOOKED):
        return trials.cancel(tx, trial_id, reason=reason)
    timetable.cancel(tx, trial.lesson_id, reason=reason)
    return trials.get(tx, trial_id)


def _replace(tx: Tx, guest: Guest, previous_id: UUID | None, lesson_id: UUID | None = None) -> UUID | None:
    """End the trial that another one replaces, unless it is over; return its id, None where an invitation is answered.

    Raises TRIAL_LEAD_MISMATCH for a trial of another lead, TRIAL_TOOK_PLACE for one that was attended.
    """
    if previous_id is None:
        return None
    previous = trials.get(tx, previous_id)
    if previous.lead_id != guest.lead_id:
        raise Refused("TRIAL_LEAD_MISMATCH", "the trial that is replaced is another lead's")
    # Rows of lessons are locked by id, whichever is left and whichever is entered.
    for each in sorted(key for key in {lesson_id, previous.lesson_id} if key is not None):
        lessons.get(tx, each, for_update=True)
    previous = trials.get(tx, previous_id, for_update=True)
    if previous.state == BOOKED:
        cancel(tx, previous_id, reason=REBOOKED)
    elif previous.state == CLOSED and previous.attended:
        raise Refused("TRIAL_TOOK_PLACE", "a trial that took place is not replaced; book another one")
    return previous_id if previous.state != INVITED else None
