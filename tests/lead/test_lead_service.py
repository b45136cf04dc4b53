"""LeadService on the wire: happy path, masks, borders, bad input."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.type.date_pb2 import Date

from lianxiao.lead.v1 import lead_pb2, lead_service_pb2, timeline_pb2
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.testing import callers
from shared.testing.wire import Wire
from tests.lead import factories, people
from tests.lead.people import Person


def test_a_lead_goes_its_way_on_the_wire(
    wire: Wire, database: Database, caller: Caller, campus: UUID, chief: Person
) -> None:
    advisor = people.advisor(wire, database, caller, campus, "pii.read")
    told = {"birth_date": Date(year=2016, month=3), "school": "实验小学", "utm": {"utm_source": "douyin"}}
    course = lead_pb2.IntendedCourse(name="英语", preferred_times=["周末上午"])
    made = chief.capture(campus, guardian_name="王建国", intended_courses=[course], **told)
    assert (made.created, made.outcome) == (True, lead_service_pb2.CAPTURE_OUTCOME_CREATED)
    assert (made.lead.child_name, made.lead.guardian_phone) == ("王小明", "138****8000")
    assert made.lead.birth_date == Date(year=2016, month=3)
    assert made.lead.intended_courses == [course]

    lead_id = made.lead.lead_id
    assign = lead_service_pb2.AssignLeadRequest(lead_id=lead_id, owner_id=str(advisor.id))
    assert chief.leads.AssignLead(assign).lead.owner_id == str(advisor.id)
    follow_up = lead_service_pb2.AddFollowUpRequest(
        lead_id=lead_id, channel=timeline_pb2.FOLLOW_UP_CHANNEL_PHONE, content="周六来试听"
    )
    assert advisor.leads.AddFollowUp(follow_up).follow_up.content == "周六来试听"
    move = lead_service_pb2.MoveLeadRequest(lead_id=lead_id, stage=lead_pb2.LEAD_STAGE_QUOTED)
    assert advisor.leads.MoveLead(move).lead.grade == lead_pb2.LEAD_GRADE_A
    lose = lead_service_pb2.LoseLeadRequest(lead_id=lead_id, reason="price")
    assert advisor.leads.LoseLead(lose).lead.state == lead_pb2.LEAD_STATE_LOST
    reopen = lead_service_pb2.ReopenLeadRequest(lead_id=lead_id)
    assert advisor.leads.ReopenLead(reopen).lead.stage == lead_pb2.LEAD_STAGE_QUOTED

    entries = advisor.leads.ListTimeline(lead_service_pb2.ListTimelineRequest(lead_id=lead_id)).entries
    assert {entry.WhichOneof("event") for entry in entries} == {"touch", "follow_up", "assignment", "stage_change"}
    times = [entry.time.ToDatetime() for entry in entries]
    assert times == sorted(times, reverse=True)
    touch = next(entry.touch for entry in entries if entry.HasField("touch"))
    assert dict(touch.utm) == {"utm_source": "douyin"}


def test_a_repeated_request_is_answered_alike_and_done_once(chief: Person, campus: UUID) -> None:
    request_id = str(uuid7())
    first, again = (chief.capture(campus, request_id=request_id) for _ in range(2))
    assert first == again
    assert chief.get(first.lead.lead_id).touch_count == 1
    other = people.refused(lambda: chief.capture(campus, request_id=request_id, child_name="李雷"))
    assert other == ("ABORTED", "REQUEST_ID_REUSED")


def test_an_update_touches_only_what_the_mask_names(chief: Person, campus: UUID) -> None:
    lead = chief.capture(campus, school="实验小学", remark="怕生").lead
    change = lead_pb2.Lead(lead_id=lead.lead_id, school="光明小学", remark="")
    mask = FieldMask(paths=["school"])
    changed = chief.leads.UpdateLead(lead_service_pb2.UpdateLeadRequest(lead=change, update_mask=mask)).lead
    assert (changed.school, changed.remark) == ("光明小学", "怕生")
    every = sorted(["birth_date", "intended_courses", "next_contact_time", "campus_id", "child_name"])
    change = lead_pb2.Lead(lead_id=lead.lead_id, campus_id=str(campus), child_name="王晓明", birth_date=Date(year=2015))
    request = lead_service_pb2.UpdateLeadRequest(lead=change, update_mask=FieldMask(paths=every))
    changed = chief.leads.UpdateLead(request).lead
    assert (changed.child_name, changed.birth_date.year, changed.HasField("next_contact_time")) == (
        "王晓明",
        2015,
        False,
    )


@pytest.mark.parametrize(
    ("change", "paths", "reason"),
    [
        ({"school": "x"}, [], "MASK_INVALID"),
        ({"stage": "LEAD_STAGE_LOST"}, ["stage"], "MASK_INVALID"),
        ({"guardian_phone": "123"}, ["guardian_phone"], "PHONE_INVALID"),
        ({"birth_date": Date(year=2016, month=2, day=31)}, ["birth_date"], "DATE_INVALID"),
        ({}, ["campus_id"], "INVALID_FIELD"),
    ],
)
def test_a_bad_update_changes_nothing(
    chief: Person, campus: UUID, change: dict[str, Any], paths: list[str], reason: str
) -> None:
    lead_id = chief.capture(campus).lead.lead_id
    request = lead_service_pb2.UpdateLeadRequest(
        lead=lead_pb2.Lead(lead_id=lead_id, **change), update_mask=FieldMask(paths=paths)
    )
    assert people.refused(lambda: chief.leads.UpdateLead(request)) == ("INVALID_ARGUMENT", reason)


@pytest.mark.parametrize(
    "told",
    [
        {"guardian_phone": ""},
        {"guardian_phone": "12345"},
        {"source": ""},
        {"child_name": "明" * 61},
        {"gender": "?"},
        {"campaign_id": "x"},
        {"birth_date": Date(year=3000)},
        {"guardian_email": "nobody"},
    ],
)
def test_a_bad_capture_is_refused_field_by_field(chief: Person, campus: UUID, told: dict[str, Any]) -> None:
    assert people.refused(lambda: chief.capture(campus, **told))[0] == "INVALID_ARGUMENT"


def test_without_pii_read_people_are_masked(wire: Wire, institution: UUID, campus: UUID, chief: Person) -> None:
    lead_id = chief.capture(campus, guardian_name="王建国", wechat_id="wx_ming", remark="怕生").lead.lead_id
    clerk = Person(wire, callers.staff(institution, ["lead.*"]))
    lead = clerk.get(lead_id)
    shown = (lead.child_name, lead.guardian_name, lead.guardian_phone, lead.wechat_id, lead.remark)
    assert shown == ("王**", "王**", "138****8000", "***", "***")
    found = clerk.leads.ListLeads(lead_service_pb2.ListLeadsRequest(search="小明")).leads
    assert [each.child_name for each in found] == ["王**"]


def test_other_campuses_owners_and_institutions_see_nothing(
    wire: Wire, database: Database, caller: Caller, campus: UUID, chief: Person
) -> None:
    with database.begin(caller) as tx:
        elsewhere = factories.campus(tx)
    lead_id = chief.capture(campus).lead.lead_id
    strangers = [
        people.advisor(wire, database, caller, campus),
        people.advisor(wire, database, caller, elsewhere),
        Person(wire, callers.staff(caller.institution_id, ["lead.*"], [elsewhere])),
        Person(wire, callers.staff(uuid7())),
    ]
    timeline = lead_service_pb2.ListTimelineRequest(lead_id=lead_id)
    lose = lead_service_pb2.LoseLeadRequest(lead_id=lead_id, reason="price")
    for stranger in strangers:
        refusals = [
            people.refused(partial(stranger.get, lead_id)),
            people.refused(partial(stranger.leads.ListTimeline, timeline)),
            people.refused(partial(stranger.leads.LoseLead, lose)),
        ]
        assert refusals == [("NOT_FOUND", "LEAD_NOT_FOUND")] * 3
        assert not stranger.leads.ListLeads(lead_service_pb2.ListLeadsRequest()).leads


def test_a_known_child_of_another_campus_is_touched_without_a_word_about_it(
    wire: Wire, database: Database, caller: Caller, campus: UUID, chief: Person
) -> None:
    with database.begin(caller) as tx:
        elsewhere = factories.campus(tx)
    first = chief.capture(campus, school="实验小学").lead
    answer = people.advisor(wire, database, caller, elsewhere, "pii.read").capture(elsewhere)
    assert (answer.created, answer.outcome) == (False, lead_service_pb2.CAPTURE_OUTCOME_TOUCHED)
    assert answer.lead == lead_pb2.Lead(lead_id=first.lead_id, customer_id=first.customer_id)
    assert chief.get(first.lead_id).touch_count == 2
