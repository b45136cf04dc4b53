"""TrialService on the wire."""

from __future__ import annotations

from typing import Any

import grpc

from lianxiao.lead.v1 import lead_pb2, lead_service_pb2, lead_service_pb2_grpc
from lianxiao.scheduling.v1 import trial_pb2
from lianxiao.scheduling.v1 import trial_service_pb2 as pb
from lianxiao.scheduling.v1 import trial_service_pb2_grpc as pb_grpc
from services.scheduling.actions import trials
from services.scheduling.actions.trials import Guest
from services.scheduling.models import Trial
from shared.client import ask, stub
from shared.db import Tx
from shared.errors import Refused
from shared.ids import as_uuid
from shared.rpc import Call, Servicer, call_of, command, query
from shared.wire_values import enum_value, id_text


class TrialService(Servicer, pb_grpc.TrialServiceServicer):
    """Leads in seats of real lessons."""

    def BookTrial(self, request: pb.BookTrialRequest, context: grpc.ServicerContext) -> pb.BookTrialResponse:
        call = call_of(context)
        guest = _guest(request, _lead(request, call))

        def work(tx: Tx) -> pb.BookTrialResponse:
            return pb.BookTrialResponse(trial=to_pb(tx, trials.book(tx, guest, lesson_id=as_uuid(request.lesson_id))))

        return call.command(self.database, request, work, pb.BookTrialResponse)

    @query
    def GetTrial(self, request: pb.GetTrialRequest, tx: Tx) -> pb.GetTrialResponse:
        return pb.GetTrialResponse(trial=to_pb(tx, trials.get(tx, as_uuid(request.trial_id))))

    @query
    def ListTrials(self, request: pb.ListTrialsRequest, tx: Tx) -> pb.ListTrialsResponse:
        page = trials.LISTING.page(tx, request)
        rows = [to_pb(tx, row) for row in page.rows]
        return pb.ListTrialsResponse(trials=rows, next_page_token=page.next_page_token)

    @command
    def RecordTrialResult(self, request: pb.RecordTrialResultRequest, tx: Tx) -> pb.RecordTrialResultResponse:
        trial = trials.record_result(
            tx,
            as_uuid(request.trial_id),
            attended=request.attended,
            result=request.result,
            feedback=request.feedback,
        )
        return pb.RecordTrialResultResponse(trial=to_pb(tx, trial))

    @command
    def CancelTrial(self, request: pb.CancelTrialRequest, tx: Tx) -> pb.CancelTrialResponse:
        return pb.CancelTrialResponse(
            trial=to_pb(tx, trials.cancel(tx, as_uuid(request.trial_id), reason=request.reason))
        )


def to_pb(tx: Tx, row: Trial) -> trial_pb2.Trial:
    """Return the wire form."""
    return trial_pb2.Trial(
        trial_id=str(row.id),
        lead_id=str(row.lead_id),
        customer_id=str(row.customer_id),
        lesson_id=str(row.lesson_id),
        campus_id=str(row.campus_id),
        course_id=str(row.course_id),
        teacher_id=id_text(row.teacher_id),
        lesson_start_time=row.lesson_start_time,
        state=enum_value(trial_pb2.TrialState, row.state),
        attended=bool(row.attended),
        result=row.result,
        feedback=Trial.feedback.reveal(tx, row),
        cancel_reason=row.cancel_reason,
        child_name=Trial.child_name.reveal(tx, row),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _lead(request: pb.BookTrialRequest, call: Call) -> lead_pb2.Lead:
    """Ask for the lead as the same caller: who may not see it cannot book for it."""
    service: Any = stub(lead_service_pb2_grpc.LeadServiceStub, "lead")
    wanted = lead_service_pb2.GetLeadRequest(lead_id=request.lead_id)
    answer: lead_service_pb2.GetLeadResponse = ask(service.GetLead, wanted, call)
    return answer.lead


def _guest(request: pb.BookTrialRequest, lead: lead_pb2.Lead) -> Guest:
    if lead.customer_id != request.customer_id:
        raise Refused("TRIAL_CUSTOMER_MISMATCH", "the lead is about another child", lead_id=request.lead_id)
    if lead.state != lead_pb2.LEAD_STATE_OPEN:
        raise Refused("LEAD_CLOSED", "trials are for leads that are open", lead_id=request.lead_id)
    return Guest(as_uuid(request.lead_id), as_uuid(request.customer_id), lead.child_name)
