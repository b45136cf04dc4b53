"""A handover is announced with the change, and done when every service has answered."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from lianxiao.common.v1.handover_pb2 import HandedOver
from lianxiao.lead.v1.lead_events_pb2 import LeadsHandedOver
from lianxiao.scheduling.v1.scheduling_events_pb2 import TeachingHandedOver
from lianxiao.student.v1.student_events_pb2 import StudentsHandedOver
from services.org.actions import handovers, staff
from services.org.actions.handovers import Plan
from services.org.consumers import CONSUMERS
from services.org.models import Staff
from services.org.rules.institutions import id_of
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import DomainError
from shared.testing.bus import deliver, published
from tests.org import factories


def _people(database: Database) -> tuple[Caller, UUID, UUID]:
    code, _ = factories.committed_institution(database)
    caller = Caller.system(id_of(code))
    with database.begin(caller) as tx:
        return caller, factories.person(tx).id, factories.person(tx).id


def test_a_handover_is_done_when_all_have_answered_whatever_the_order(database: Database) -> None:
    caller, leaver, receiver = _people(database)
    with database.begin(caller) as tx:
        row = staff.hand_over(tx, leaver, Plan(lead_receivers=(receiver,)), leaving=True)
        assert (row.state, row.leaving, staff.get(tx, leaver).active) == ("running", True, False)
    (told,) = (
        each
        for each in published(database, caller.institution_id)
        if each["type"] == "org.staff_changed.v1" and "handover" in each
    )
    assert told["handover"]["lead_receiver_ids"] == [str(receiver)]
    facts: dict[str, Any] = {"handover_id": str(row.id), "staff_id": str(leaver)}
    item = HandedOver(kind="lead", receiver_id=str(receiver), count=7)
    for event in (StudentsHandedOver(**facts), TeachingHandedOver(**facts), LeadsHandedOver(**facts, items=[item])):
        with database.begin(caller) as tx:
            assert handovers.get(tx, row.id).state == "running"
        deliver(database, CONSUMERS, event, caller.institution_id, times=2)
    with database.begin(caller) as tx:
        assert handovers.get(tx, row.id).state == "done"
        answers = {part.service: part.items for part in handovers.parts(tx, [row.id])[row.id]}
    assert answers == {"lead": [["lead", str(receiver), 7]], "student": [], "scheduling": []}


def test_deactivating_is_a_handover_to_the_pool(database: Database) -> None:
    caller, leaver, _ = _people(database)
    with database.begin(caller) as tx:
        staff.deactivate(tx, leaver)
    told = [each for each in published(database, caller.institution_id) if each["type"] == "org.staff_changed.v1"]
    assert "lead_receiver_ids" not in told[-1]["handover"]


def test_moving_leaves_the_account_open(database: Database) -> None:
    caller, mover, receiver = _people(database)
    with database.begin(caller) as tx:
        campus = factories.campus(tx).id
        row = staff.hand_over(tx, mover, Plan(campus_id=campus, student_receivers=(receiver,)), leaving=False)
        assert (row.campus_id, row.leaving, staff.get(tx, mover).active) == (campus, False, True)


def _refusal(tx: Tx, who: UUID, plan: Plan, *, leaving: bool = True) -> str:
    with pytest.raises(DomainError) as error:
        staff.hand_over(tx, who, plan, leaving=leaving)
    return error.value.reason


def test_what_cannot_be_handed_over(database: Database) -> None:
    caller, leaver, receiver = _people(database)
    with database.begin(caller, keep=False) as tx:
        assert _refusal(tx, leaver, Plan(lead_receivers=(leaver,))) == "INVALID_FIELD"
        assert _refusal(tx, leaver, Plan(campus_id=factories.campus(tx).id)) == "INVALID_FIELD"
        staff.deactivate(tx, receiver)
        assert _refusal(tx, leaver, Plan(teaching_receiver=receiver)) == "HANDOVER_RECEIVER_INACTIVE"
        assert _refusal(tx, receiver, Plan()) == "STAFF_INACTIVE"
        assert tx.session.get(Staff, (tx.institution_id, leaver)) is not None
