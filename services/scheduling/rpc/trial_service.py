"""TrialService on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc

from lianxiao.lead.v1 import lead_pb2, lead_service_pb2, lead_service_pb2_grpc
from lianxiao.scheduling.v1 import trial_pb2
from lianxiao.scheduling.v1 import trial_service_pb2 as pb
from lianxiao.scheduling.v1 import trial_service_pb2_grpc as pb_grpc
from services.scheduling.actions import trial_bookings, trial_places, trials
from services.scheduling.actions.plans import Wish
from services.scheduling.actions.trial_places import Names, Slot, Wanted
from services.scheduling.actions.trials import Guest
from services.scheduling.models import Lesson, Trial, TrialStep
from services.scheduling.rules.trials import seen_as
from shared.client import ask, stub
from shared.db import Tx
from shared.errors import Refused
from shared.ids import as_uuid
from shared.rpc import Call, Servicer, call_of, command, query
from shared.wire_values import enum_value, id_text, instant, optional_id, optional_instant

Guests = pb.InviteToTrialRequest | pb.BookTrialRequest | pb.BookTrialSlotRequest


class TrialService(Servicer, pb_grpc.TrialServiceServicer):
    """Leads in seats of real lessons."""

    @query
    def ListTrialSeats(self, request: pb.ListTrialSeatsRequest, tx: Tx) -> pb.ListTrialSeatsResponse:
        page = trial_places.seats(
            tx,
            request,
            Wanted(request.subject, request.school_grade, request.age_years, optional_id(request.customer_id)),
            since=optional_instant(request, "start_time"),
            until=optional_instant(request, "end_time"),
        )
        called = trial_places.names(tx, page.rows)
        rows = [_seat_to_pb(row, called) for row in page.rows]
        return pb.ListTrialSeatsResponse(trial_seats=rows, next_page_token=page.next_page_token)

    @query
    def ListTrialSlots(self, request: pb.ListTrialSlotsRequest, tx: Tx) -> pb.ListTrialSlotsResponse:
        found = trial_places.search(
            tx,
            campus_id=as_uuid(request.campus_id),
            course_id=as_uuid(request.course_id),
            teacher_id=optional_id(request.teacher_id),
            since=optional_instant(request, "start_time"),
            until=optional_instant(request, "end_time"),
            limit=request.page_size,
        )
        return pb.ListTrialSlotsResponse(free_slots=[_slot_to_pb(slot) for slot in found])

    def InviteToTrial(
        self, request: pb.InviteToTrialRequest, context: grpc.ServicerContext
    ) -> pb.InviteToTrialResponse:
        call = call_of(context)
        guest = _guest(request, call)

        def work(tx: Tx) -> pb.InviteToTrialResponse:
            trial = trials.invite(tx, guest, campus_id=as_uuid(request.campus_id), course_id=as_uuid(request.course_id))
            return pb.InviteToTrialResponse(trial=_one(tx, trial))

        return call.command(self.database, request, work, pb.InviteToTrialResponse)

    def BookTrial(self, request: pb.BookTrialRequest, context: grpc.ServicerContext) -> pb.BookTrialResponse:
        call = call_of(context)
        guest = _guest(request, call)

        def work(tx: Tx) -> pb.BookTrialResponse:
            trial = trial_bookings.book_seat(
                tx, guest, lesson_id=as_uuid(request.lesson_id), previous_id=optional_id(request.previous_trial_id)
            )
            return pb.BookTrialResponse(trial=_one(tx, trial))

        return call.command(self.database, request, work, pb.BookTrialResponse)

    def BookTrialSlot(
        self, request: pb.BookTrialSlotRequest, context: grpc.ServicerContext
    ) -> pb.BookTrialSlotResponse:
        call = call_of(context)
        guest = _guest(request, call)
        wish = Wish(
            campus_id=as_uuid(request.campus_id),
            course_id=as_uuid(request.course_id),
            teacher_ids=[as_uuid(request.teacher_id)],
            room_id=optional_id(request.room_id),
        )

        def work(tx: Tx) -> pb.BookTrialSlotResponse:
            start, previous_id = instant(request.start_time), optional_id(request.previous_trial_id)
            trial = trial_bookings.book_slot(tx, guest, wish, start=start, previous_id=previous_id)
            return pb.BookTrialSlotResponse(trial=_one(tx, trial))

        return call.command(self.database, request, work, pb.BookTrialSlotResponse)

    @query
    def GetTrial(self, request: pb.GetTrialRequest, tx: Tx) -> pb.GetTrialResponse:
        return pb.GetTrialResponse(trial=_one(tx, trials.get(tx, as_uuid(request.trial_id))))

    @query
    def ListTrials(self, request: pb.ListTrialsRequest, tx: Tx) -> pb.ListTrialsResponse:
        page = trials.LISTING.page(tx, request)
        return pb.ListTrialsResponse(trials=_many(tx, page.rows), next_page_token=page.next_page_token)

    @command
    def RecordTrialResult(self, request: pb.RecordTrialResultRequest, tx: Tx) -> pb.RecordTrialResultResponse:
        trial = trials.record_result(
            tx,
            as_uuid(request.trial_id),
            attended=request.attended,
            result=request.result,
            feedback=request.feedback,
        )
        return pb.RecordTrialResultResponse(trial=_one(tx, trial))

    @command
    def CancelTrial(self, request: pb.CancelTrialRequest, tx: Tx) -> pb.CancelTrialResponse:
        return pb.CancelTrialResponse(
            trial=_one(tx, trial_bookings.cancel(tx, as_uuid(request.trial_id), reason=request.reason))
        )


def to_pb(tx: Tx, row: Trial, steps: Sequence[TrialStep]) -> trial_pb2.Trial:
    """Return the wire form."""
    return trial_pb2.Trial(
        trial_id=str(row.id),
        lead_id=str(row.lead_id),
        customer_id=str(row.customer_id),
        lesson_id=id_text(row.lesson_id),
        campus_id=str(row.campus_id),
        course_id=str(row.course_id),
        teacher_id=id_text(row.teacher_id),
        lesson_start_time=row.lesson_start_time,
        state=enum_value(trial_pb2.TrialState, seen_as(row.state, attended=row.attended)),
        attended=bool(row.attended),
        result=row.result,
        feedback=Trial.feedback.reveal(tx, row),
        cancel_reason=row.cancel_reason,
        child_name=Trial.child_name.reveal(tx, row),
        create_time=row.create_time,
        update_time=row.update_time,
        steps=[
            trial_pb2.TrialStep(
                state=enum_value(trial_pb2.TrialState, step.state),
                time=step.create_time,
                staff_id=id_text(step.staff_id),
                reason=step.reason,
            )
            for step in steps
        ],
        previous_trial_id=id_text(row.previous_trial_id),
        one_to_one=bool(row.one_to_one),
    )


def _one(tx: Tx, trial: Trial) -> trial_pb2.Trial:
    return _many(tx, [trial])[0]


def _many(tx: Tx, found: Sequence[Trial]) -> list[trial_pb2.Trial]:
    tx.session.flush()
    steps = trials.steps(tx, [trial.id for trial in found])
    return [to_pb(tx, trial, steps[trial.id]) for trial in found]


def _seat_to_pb(row: Lesson, called: Names) -> trial_pb2.TrialSeat:
    return trial_pb2.TrialSeat(
        lesson_id=str(row.id),
        campus_id=str(row.campus_id),
        course_id=str(row.course_id),
        course_name=called.courses.get(row.course_id, ""),
        class_group_ids=[str(each) for each in row.class_group_ids],
        teacher_id=id_text(row.teacher_id),
        teacher_name=called.teachers.get(row.teacher_id, "") if row.teacher_id else "",
        room_id=id_text(row.room_id),
        start_time=row.start_time,
        end_time=row.end_time,
        free_seats=row.seat_limit - row.seats_taken,
    )


def _slot_to_pb(slot: Slot) -> trial_pb2.FreeSlot:
    return trial_pb2.FreeSlot(
        teacher_id=str(slot.teacher.id),
        teacher_name=slot.teacher.display_name,
        room_id=id_text(slot.room_id),
        start_time=slot.span.start,
        end_time=slot.span.end,
    )


def _guest(request: Guests, call: Call) -> Guest:
    """Ask for the lead as the same caller: who may not see it cannot book for it."""
    service: Any = stub(lead_service_pb2_grpc.LeadServiceStub, "lead")
    answer: lead_service_pb2.GetLeadResponse = ask(
        service.GetLead, lead_service_pb2.GetLeadRequest(lead_id=request.lead_id), call
    )
    lead = answer.lead
    if lead.customer_id != request.customer_id:
        raise Refused("TRIAL_CUSTOMER_MISMATCH", "the lead is about another child", lead_id=request.lead_id)
    if lead.state != lead_pb2.LEAD_STATE_OPEN:
        raise Refused("LEAD_CLOSED", "trials are for leads that are open", lead_id=request.lead_id)
    return Guest(as_uuid(request.lead_id), as_uuid(request.customer_id), lead.child_name, optional_id(lead.owner_id))
