"""What an event tells of people is sealed at any depth, and is read back as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lianxiao.lead.v1.lead_events_pb2 import Family, TrialReminderDue
from lianxiao.lead.v1.partner_pb2 import Partner
from shared import events
from shared.ids import uuid7

INSTITUTION = uuid7()
# The keys of the run come with its database.
pytestmark = pytest.mark.usefixtures("postgres")


@pytest.mark.parametrize(
    "family", [Family(child_name="王小明", guardian_phone="+8613800138000", may_contact=True), None]
)
def test_personal_data_below_a_message_travels_sealed(family: Family | None) -> None:
    event = TrialReminderDue(lead_id=str(uuid7()), course_name="数学思维", family=family)
    body = events.encode(INSTITUTION, event, events.describe(event.DESCRIPTOR))
    assert not any(word in body for word in ("王小明", "13800138000"))
    assert json.loads(body)["course_name"] == "数学思维"
    assert events.decode(INSTITUTION, body, TrialReminderDue) == event


def test_personal_data_that_no_seal_reaches_is_refused() -> None:
    partner: Any = Partner.DESCRIPTOR
    with pytest.raises(TypeError, match="contacts"):
        list(events.sealed_paths(partner))
