"""HandoverService on the wire."""

from __future__ import annotations

import json

from lianxiao.lead.v1 import handover_pb2
from lianxiao.lead.v1 import handover_service_pb2 as pb
from lianxiao.lead.v1 import handover_service_pb2_grpc as pb_grpc
from services.lead.actions import teaching
from services.lead.models import TeachingHandover, Trial
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text


class HandoverService(Servicer, pb_grpc.HandoverServiceServicer):
    """Trials as families saw them, and handovers from selling to teaching."""

    @command
    def CreateTeachingHandover(
        self, request: pb.CreateTeachingHandoverRequest, tx: Tx
    ) -> pb.CreateTeachingHandoverResponse:
        row = teaching.hand_over(
            tx,
            as_uuid(request.lead_id),
            course_id=as_uuid(request.course_id),
            teacher_id=as_uuid(request.teacher_id),
            told=teaching.Told(request.pain_points, request.goals, request.promises),
        )
        return pb.CreateTeachingHandoverResponse(teaching_handover=to_pb(tx, row))

    @query
    def ListTeachingHandovers(
        self, request: pb.ListTeachingHandoversRequest, tx: Tx
    ) -> pb.ListTeachingHandoversResponse:
        page = teaching.LISTING.page(tx, request)
        rows = [to_pb(tx, row) for row in page.rows]
        return pb.ListTeachingHandoversResponse(teaching_handovers=rows, next_page_token=page.next_page_token)

    @command
    def AcknowledgeTeachingHandover(
        self, request: pb.AcknowledgeTeachingHandoverRequest, tx: Tx
    ) -> pb.AcknowledgeTeachingHandoverResponse:
        row = teaching.acknowledge(tx, as_uuid(request.teaching_handover_id), plan=request.first_lesson_plan)
        return pb.AcknowledgeTeachingHandoverResponse(teaching_handover=to_pb(tx, row))

    @command
    def RecordTrialOpinion(self, request: pb.RecordTrialOpinionRequest, tx: Tx) -> pb.RecordTrialOpinionResponse:
        lead_id, trial_id = as_uuid(request.lead_id), as_uuid(request.trial_id)
        row = teaching.opine(tx, lead_id, trial_id, rating=request.rating, feedback=request.feedback)
        opinion = handover_pb2.TrialOpinion(
            trial_id=str(row.id),
            lead_id=str(row.lead_id),
            rating=row.rating,
            feedback=Trial.opinion.reveal(tx, row) or "",
            opinion_time=row.opinion_time,
        )
        return pb.RecordTrialOpinionResponse(trial_opinion=opinion)


def to_pb(tx: Tx, row: TeachingHandover) -> handover_pb2.TeachingHandover:
    """Return the wire form."""
    told = json.loads(TeachingHandover.told.reveal(tx, row) or "{}")
    return handover_pb2.TeachingHandover(
        teaching_handover_id=str(row.id),
        lead_id=str(row.lead_id),
        customer_id=str(row.customer_id),
        campus_id=str(row.campus_id),
        course_id=str(row.course_id),
        staff_id=id_text(row.staff_id),
        teacher_id=id_text(row.owner_id),
        state=enum_value(handover_pb2.HandoverState, row.state),
        first_lesson_plan=TeachingHandover.plan.reveal(tx, row) or "",
        acknowledge_time=row.acknowledge_time,
        create_time=row.create_time,
        update_time=row.update_time,
        **told,
    )
