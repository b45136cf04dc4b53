"""Trials over real gRPC, with the real lead service beside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import pytest

from lianxiao.scheduling.v1 import trial_pb2
from lianxiao.scheduling.v1 import trial_service_pb2 as pb
from lianxiao.scheduling.v1.trial_service_pb2_grpc import TrialServiceStub
from services.lead.actions import leads
from services.lead.server import SERVICERS as LEAD
from services.scheduling.actions import lessons, teachers
from services.scheduling.rules.availability import Range
from services.scheduling.server import SERVICERS
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.settings import settings
from shared.testing.callers import staff
from shared.testing.wire import Wire, beside, refusal, serving
from tests.lead import factories as make_lead
from tests.scheduling import factories as make
from tests.scheduling.factories import START


@dataclass(frozen=True)
class House:
    """Both services and their databases."""

    wire: Wire
    scheduling: Database
    lead: Database

    @property
    def stub(self) -> TrialServiceStub:
        return TrialServiceStub(self.wire.channel)


@pytest.fixture(scope="module")
def house(database: Database, postgres: str, run_folder: Path) -> Iterator[House]:
    """Serve scheduling and lead, and tell scheduling where lead answers."""
    with beside("lead", LEAD, postgres, run_folder) as lead, serving("scheduling", SERVICERS, database) as wire:
        yield House(wire, database, lead)


@pytest.fixture
def request_(house: House, institution: UUID) -> pb.BookTrialRequest:
    """Return a request that can be fulfilled."""
    with house.scheduling.begin(Caller.system(institution)) as tx:
        campus = make.campus(tx)
        start = datetime.now(UTC) + timedelta(minutes=5)
        group = make.class_group(tx, campus, led_by=make.teacher(tx))
        lesson = make.lesson(tx, campus, groups=[group], start=start)
    with house.lead.begin(Caller.system(institution)) as tx:
        lead = make_lead.lead(tx, make_lead.campus(tx))
    return pb.BookTrialRequest(lead_id=str(lead.id), customer_id=str(lead.customer_id), lesson_id=str(lesson.id))


def refused(house: House, request: pb.BookTrialRequest, caller: Caller) -> tuple[str, str]:
    with pytest.raises(grpc.RpcError) as error:
        house.stub.BookTrial(request, metadata=Wire.metadata(caller))
    return refusal(error.value)


def test_a_trial_is_booked_found_and_closed(house: House, institution: UUID, request_: pb.BookTrialRequest) -> None:
    signed = Wire.metadata(staff(institution))
    request_.request_id = str(uuid7())
    booked = house.stub.BookTrial(request_, metadata=signed).trial
    assert house.stub.BookTrial(request_, metadata=signed).trial == booked
    assert (booked.state, booked.child_name) == (trial_pb2.TRIAL_STATE_BOOKED, "王小明")
    assert house.stub.GetTrial(pb.GetTrialRequest(trial_id=booked.trial_id), metadata=signed).trial == booked
    listed = house.stub.ListTrials(pb.ListTrialsRequest(filter=f"lead_id = {booked.lead_id}"), metadata=signed).trials
    assert [each.trial_id for each in listed] == [booked.trial_id]
    result = pb.RecordTrialResultRequest(trial_id=booked.trial_id, attended=True, result="suitable", feedback="认真")
    closed = house.stub.RecordTrialResult(result, metadata=signed).trial
    assert (closed.state, closed.result, closed.feedback) == (trial_pb2.TRIAL_STATE_ATTENDED, "suitable", "认真")
    assert [(step.state, step.staff_id) for step in closed.steps] == [
        (trial_pb2.TRIAL_STATE_BOOKED, booked.steps[0].staff_id),
        (trial_pb2.TRIAL_STATE_ATTENDED, closed.steps[1].staff_id),
    ]
    attended = pb.ListTrialsRequest(filter='state = "TRIAL_STATE_ATTENDED"')
    assert list(house.stub.ListTrials(attended, metadata=signed).trials) == [closed]
    assert not house.stub.ListTrials(pb.ListTrialsRequest(filter='state = "no_show"'), metadata=signed).trials


def test_a_family_is_invited_a_seat_is_found_and_exchanged_for_a_slot(
    house: House, institution: UUID, request_: pb.BookTrialRequest
) -> None:
    signed = Wire.metadata(staff(institution))
    with house.scheduling.begin(Caller.system(institution)) as tx:
        lesson = lessons.get(tx, UUID(request_.lesson_id))
        teacher = make.teacher(tx)
        ranges = [Range(weekday, 0, 1440) for weekday in range(1, 8)]
        teachers.set_availability(tx, teacher.id, campus_id=lesson.campus_id, ranges=ranges)
    who = {"lead_id": request_.lead_id, "customer_id": request_.customer_id}
    place: dict[str, Any] = {"campus_id": str(lesson.campus_id), "course_id": str(lesson.course_id)}
    invited = house.stub.InviteToTrial(pb.InviteToTrialRequest(**who, **place), metadata=signed).trial
    assert (invited.state, invited.lesson_id) == (trial_pb2.TRIAL_STATE_INVITED, "")
    (seat,) = house.stub.ListTrialSeats(pb.ListTrialSeatsRequest(subject="math"), metadata=signed).trial_seats
    assert (seat.lesson_id, seat.free_seats, seat.course_id) == (request_.lesson_id, 12, place["course_id"])
    assert seat.course_name
    assert seat.teacher_name
    booked = house.stub.BookTrial(request_, metadata=signed).trial
    assert (booked.trial_id, booked.state) == (invited.trial_id, trial_pb2.TRIAL_STATE_BOOKED)
    search = pb.ListTrialSlotsRequest(**place, teacher_id=str(teacher.id), page_size=2)
    slot, other = house.stub.ListTrialSlots(search, metadata=signed).free_slots
    assert (slot.teacher_id, slot.teacher_name) == (str(teacher.id), teacher.display_name)
    assert other.start_time.seconds - slot.start_time.seconds == 1800
    exchange = pb.BookTrialSlotRequest(
        **who,
        **place,
        teacher_id=slot.teacher_id,
        start_time=slot.start_time,
        previous_trial_id=booked.trial_id,
    )
    alone = house.stub.BookTrialSlot(exchange, metadata=signed).trial
    assert (alone.one_to_one, alone.previous_trial_id) == (True, booked.trial_id)
    assert house.stub.GetTrial(pb.GetTrialRequest(trial_id=booked.trial_id), metadata=signed).trial.steps[2].reason


def test_a_trial_is_cancelled(house: House, institution: UUID, request_: pb.BookTrialRequest) -> None:
    signed = Wire.metadata(staff(institution))
    booked = house.stub.BookTrial(request_, metadata=signed).trial
    cancel = pb.CancelTrialRequest(trial_id=booked.trial_id, reason="改期")
    assert house.stub.CancelTrial(cancel, metadata=signed).trial.state == trial_pb2.TRIAL_STATE_CANCELLED


def test_who_may_not_see_the_lead_cannot_book_for_it(
    house: House, institution: UUID, request_: pb.BookTrialRequest
) -> None:
    assert refused(house, request_, staff(institution, ["trial.*"])) == ("PERMISSION_DENIED", "PERMISSION_MISSING")
    assert refused(house, request_, staff(institution, campuses=[uuid7()])) == ("NOT_FOUND", "LEAD_NOT_FOUND")
    assert refused(house, request_, staff(uuid7())) == ("NOT_FOUND", "LEAD_NOT_FOUND")


def test_the_lead_has_to_be_about_that_child_and_open(
    house: House, institution: UUID, request_: pb.BookTrialRequest
) -> None:
    caller = staff(institution)
    with house.lead.begin(Caller.system(institution)) as tx:
        leads.lose(tx, UUID(request_.lead_id), reason="price")
    assert refused(house, request_, caller) == ("FAILED_PRECONDITION", "LEAD_CLOSED")
    request_.customer_id = str(uuid7())
    assert refused(house, request_, caller) == ("FAILED_PRECONDITION", "TRIAL_CUSTOMER_MISMATCH")


def test_nothing_is_booked_while_lead_is_away(
    house: House, institution: UUID, request_: pb.BookTrialRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIANXIAO_GRPC_ADDRESSES", f"lead=unix:{START.timestamp()}-nobody")
    settings.cache_clear()
    try:
        assert refused(house, request_, staff(institution)) == ("UNAVAILABLE", "SERVICE_UNAVAILABLE")
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    assert house.stub.BookTrial(request_, metadata=Wire.metadata(staff(institution))).trial.trial_id


def test_an_advisor_who_sees_only_their_own_does_all_of_it(house: House, institution: UUID) -> None:
    with house.scheduling.begin(Caller.system(institution)) as tx:
        campus, course, teacher = make.campus(tx), make.course(tx, kind="one_to_one"), make.teacher(tx)
        lesson = make.lesson(tx, campus, start=datetime.now(UTC) + timedelta(hours=1))
    with house.lead.begin(Caller.system(institution)) as tx:
        place = make_lead.campus(tx)
        who, colleague = (make_lead.advisor(tx, place) for _ in range(2))
        lead = make_lead.lead(tx, place, owner_id=who)
    does = ["trial.*", "lead.read", "pii.read"]
    mine, other = (
        Wire.metadata(staff(institution, does, [campus.id, place], own=True, subject=each)) for each in (who, colleague)
    )
    child: dict[str, Any] = {"lead_id": str(lead.id), "customer_id": str(lead.customer_id)}
    where: dict[str, Any] = {"campus_id": str(campus.id), "course_id": str(course.id)}
    house.stub.InviteToTrial(pb.InviteToTrialRequest(**child, **where), metadata=mine)
    book = pb.BookTrialRequest(**child, lesson_id=str(lesson.id))
    first = house.stub.BookTrial(book, metadata=mine).trial
    slot = pb.BookTrialSlotRequest(teacher_id=str(teacher.id), previous_trial_id=first.trial_id, **child, **where)
    slot.start_time.FromDatetime(START.replace(tzinfo=None))
    second = house.stub.BookTrialSlot(slot, metadata=mine).trial
    cancel = pb.CancelTrialRequest(trial_id=second.trial_id, reason="改期")
    with pytest.raises(grpc.RpcError) as error:
        house.stub.CancelTrial(cancel, metadata=other)
    assert refusal(error.value) == ("NOT_FOUND", "TRIAL_NOT_FOUND")
    assert house.stub.CancelTrial(cancel, metadata=mine).trial.state == trial_pb2.TRIAL_STATE_CANCELLED
    assert not house.stub.ListTrials(pb.ListTrialsRequest(), metadata=other).trials
    assert len(house.stub.ListTrials(pb.ListTrialsRequest(), metadata=mine).trials) == 2
