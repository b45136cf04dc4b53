"""Two customers who turn out to be one child, and two again: old ids resolve, nothing is rewritten."""

from __future__ import annotations

from types import SimpleNamespace
from uuid import UUID

from lianxiao.lead.v1.lead_events_pb2 import LeadMerged, LeadMergeUndone
from services.scheduling.actions import trials
from services.scheduling.consumers import CONSUMERS
from services.scheduling.models import Trial
from shared.caller import Caller
from shared.db import Database, Tx
from shared.ids import uuid7
from shared.testing.bus import deliver
from tests.scheduling import factories as make


def _pair(one: UUID, other: UUID) -> tuple[LeadMerged, LeadMergeUndone]:
    """Return the merge of one customer into another, and its undoing."""
    told = {"merge_id": str(uuid7()), "lead_id": str(uuid7()), "survivor_lead_id": str(uuid7())}
    ids = {"customer_id": str(one), "survivor_customer_id": str(other), "campus_id": str(uuid7())}
    return LeadMerged(**told, **ids), LeadMergeUndone(**told, **ids)


def _trials(tx: Tx, customer: UUID) -> set[UUID]:
    asked = SimpleNamespace(page_size=0, page_token="", filter=f'customer_id = "{customer}"', order_by="")
    return {row.id for row in trials.LISTING.page(tx, asked).rows}


def _lesson_trial(tx: Tx, guest: trials.Guest) -> Trial:
    campus = make.campus(tx)
    return make.trial(
        tx, make.lesson(tx, campus, groups=[make.class_group(tx, campus, led_by=make.teacher(tx))]), by=guest
    )


def test_trials_of_both_are_the_survivors_and_each_has_the_own_again(
    database: Database, caller: Caller, institution: UUID
) -> None:
    with database.begin(caller) as tx:
        old, new = make.guest(), make.guest()
        one = _lesson_trial(tx, old).id
    merged, undone = _pair(old.customer_id, new.customer_id)
    deliver(database, CONSUMERS, merged, institution, times=2)
    with database.begin(caller) as tx:
        assert _trials(tx, new.customer_id) == _trials(tx, old.customer_id) == {one}
    deliver(database, CONSUMERS, undone, institution, times=2)
    with database.begin(caller) as tx:
        assert (_trials(tx, old.customer_id), _trials(tx, new.customer_id)) == ({one}, set())
