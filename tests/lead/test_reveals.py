"""Contacts of customers in clear (D8): for a reason, on record, within reach and within limits."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import grpc
import pytest
from sqlalchemy import text

from lianxiao.common.v1 import reveal_pb2
from lianxiao.lead.v1 import contact_pb2, contact_service_pb2
from lianxiao.lead.v1 import reveal_service_pb2 as pb
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.testing.wire import Wire, refusal
from tests.lead import people
from tests.lead.people import Person

PHONE = reveal_pb2.REVEAL_FIELD_PHONE
CONTACT = reveal_pb2.REVEAL_REASON_CONTACT


def asked(**more: Any) -> dict[str, Any]:
    """Return what every request says."""
    return {"field": PHONE, "reason": CONTACT, "request_id": str(uuid7())} | more


def test_a_phone_is_masked_for_everybody_and_shown_for_a_reason(
    database: Database, caller: Caller, chief: Person, campus: UUID
) -> None:
    lead = chief.capture(campus, guardian_name="王建国").lead
    assert (lead.guardian_name, lead.guardian_phone) == ("王建国", "138****8000")
    shown = chief.reveals.RevealLead(pb.RevealLeadRequest(lead_id=lead.lead_id, **asked())).revealed
    assert (shown.subject_id, shown.value) == (lead.lead_id, "+8613800138000")
    with database.begin(caller, read_only=True) as tx:
        entries = tx.execute(
            text("select actor_id, subject_id, facts from audit_entry where action = 'personal_data.reveal'")
        ).all()
    [entry] = [each for each in entries if each.subject_id == lead.lead_id]
    assert (entry.actor_id, entry.facts["field"], entry.facts["reason"]) == (chief.id, "phone", "contact")
    assert entry.facts["campus_id"] == str(campus)
    assert "13800138000" not in str(entry.facts)


def test_whoever_may_read_a_lead_is_not_shown_its_phone_nor_one_of_another_campus(
    wire: Wire, database: Database, caller: Caller, chief: Person, campus: UUID
) -> None:
    lead_id = chief.capture(campus).lead.lead_id
    stranger = people.advisor(wire, database, caller, campus)
    with pytest.raises(grpc.RpcError) as error:
        stranger.reveals.RevealLead(pb.RevealLeadRequest(lead_id=lead_id, **asked()))
    # Somebody else's lead does not exist for an advisor; nor does a list, whoever owns it.
    assert refusal(error.value)[1] == "LEAD_NOT_FOUND"
    with pytest.raises(grpc.RpcError) as error:
        stranger.reveals.RevealLeads(pb.RevealLeadsRequest(lead_ids=[lead_id], **asked()))
    assert refusal(error.value)[1] == "PERMISSION_MISSING"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"reason": reveal_pb2.REVEAL_REASON_OTHER, "note": " "}, "REVEAL_NOTE_NEEDED"),
        ({"field": reveal_pb2.REVEAL_FIELD_ALTERNATE_PHONE}, "REVEAL_FIELD_UNKNOWN"),
        ({"reason": reveal_pb2.REVEAL_REASON_UNSPECIFIED}, "INVALID_FIELD"),
    ],
)
def test_nothing_is_shown_without_a_reason(chief: Person, campus: UUID, more: dict[str, Any], reason: str) -> None:
    lead_id = chief.capture(campus).lead.lead_id
    person = contact_service_pb2.CreateContactRequest(
        lead_id=lead_id, name="李总", phone="13911112222", role=contact_pb2.CONTACT_ROLE_BUYER, weight_percent=60
    )
    contact_id = chief.contacts.CreateContact(person).contact.contact_id
    with pytest.raises(grpc.RpcError) as error:
        chief.reveals.RevealContact(pb.RevealContactRequest(contact_id=contact_id, **asked(**more)))
    assert refusal(error.value)[1] == reason
    shown = chief.reveals.RevealContact(pb.RevealContactRequest(contact_id=contact_id, **asked())).revealed
    assert shown.value == "+8613911112222"


def test_one_person_is_shown_sixty_within_an_hour_and_lists_count_apart(chief: Person, campus: UUID) -> None:
    lead_id = chief.capture(campus).lead.lead_id
    for _ in range(60):
        chief.reveals.RevealLead(pb.RevealLeadRequest(lead_id=lead_id, **asked()))
    with pytest.raises(grpc.RpcError) as error:
        chief.reveals.RevealLead(pb.RevealLeadRequest(lead_id=lead_id, **asked()))
    assert refusal(error.value)[1] == "REVEAL_LIMIT_REACHED"
    listed = chief.reveals.RevealLeads(pb.RevealLeadsRequest(lead_ids=[lead_id], **asked())).revealed
    assert [each.value for each in listed] == ["+8613800138000"]


def test_a_repeated_call_is_answered_again_and_counted_once(
    database: Database, caller: Caller, chief: Person, campus: UUID
) -> None:
    lead_id = chief.capture(campus).lead.lead_id
    request = pb.RevealLeadRequest(lead_id=lead_id, **asked())
    assert chief.reveals.RevealLead(request) == chief.reveals.RevealLead(request)
    with database.begin(caller, read_only=True) as tx:
        counted = text("select count(*) from audit_entry where action = 'personal_data.reveal' and actor_id = :who")
        assert tx.scalar(counted, {"who": chief.id}) == 1
