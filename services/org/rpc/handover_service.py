"""HandoverService on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lianxiao.lead.v1 import workload_service_pb2 as lead
from lianxiao.lead.v1.workload_service_pb2_grpc import WorkloadServiceStub as LeadStub
from lianxiao.org.v1 import handover_pb2
from lianxiao.org.v1 import handover_service_pb2 as pb
from lianxiao.org.v1 import handover_service_pb2_grpc as pb_grpc
from lianxiao.scheduling.v1 import workload_service_pb2 as scheduling
from lianxiao.scheduling.v1.workload_service_pb2_grpc import WorkloadServiceStub as SchedulingStub
from lianxiao.student.v1 import workload_service_pb2 as student
from lianxiao.student.v1.workload_service_pb2_grpc import WorkloadServiceStub as StudentStub
from services.org.actions import handovers, staff
from services.org.actions.handovers import Plan
from services.org.models import HandoverRecord
from shared.client import ask, stub
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, call_of, command, query
from shared.wire_values import enum_value, id_text, ids, optional_id

_ASKED: tuple[tuple[str, Any, Any], ...] = (
    ("lead", LeadStub, lead.GetWorkloadRequest),
    ("student", StudentStub, student.GetWorkloadRequest),
    ("scheduling", SchedulingStub, scheduling.GetWorkloadRequest),
)


class HandoverService(Servicer, pb_grpc.HandoverServiceServicer):
    """Handing over on leaving or moving."""

    def PreviewHandover(self, request: pb.PreviewHandoverRequest, context: Any) -> pb.PreviewHandoverResponse:
        call = call_of(context)
        # Who may not see the person hears nothing of them.
        seen = call.query(self.database, lambda tx: pb.PreviewHandoverRequest(staff_id=_seen(tx, request.staff_id)))
        items = []
        for service, stub_class, asking in _ASKED:
            answer = ask(stub(stub_class, service).GetWorkload, asking(staff_id=seen.staff_id), call)
            items += [
                handover_pb2.HandoverItem(service=service, kind=one.kind, count=one.count, campus_id=one.campus_id)
                for one in answer.items
            ]
        return pb.PreviewHandoverResponse(items=items)

    @command
    def HandOverStaff(self, request: pb.HandOverStaffRequest, tx: Tx) -> pb.HandOverStaffResponse:
        plan = Plan(
            campus_id=optional_id(request.campus_id),
            lead_receivers=tuple(ids(request.lead_receiver_ids)),
            student_receivers=tuple(ids(request.student_receiver_ids)),
            teaching_receiver=optional_id(request.teaching_receiver_id),
        )
        row = staff.hand_over(tx, as_uuid(request.staff_id), plan, leaving=request.leaving)
        tx.session.flush()
        return pb.HandOverStaffResponse(handover=to_pb(tx, [row])[0])

    @query
    def GetHandover(self, request: pb.GetHandoverRequest, tx: Tx) -> pb.GetHandoverResponse:
        row = handovers.get(tx, as_uuid(request.handover_id))
        return pb.GetHandoverResponse(handover=to_pb(tx, [row])[0])

    @query
    def ListHandovers(self, request: pb.ListHandoversRequest, tx: Tx) -> pb.ListHandoversResponse:
        page = handovers.LISTING.page(tx, request)
        return pb.ListHandoversResponse(handovers=to_pb(tx, page.rows), next_page_token=page.next_page_token)


def _seen(tx: Tx, staff_id: str) -> str:
    return str(staff.get(tx, as_uuid(staff_id)).id)


def to_pb(tx: Tx, rows: Sequence[HandoverRecord]) -> list[handover_pb2.HandoverReport]:
    """Return the wire form of handovers with their answers, one query for all of them."""
    answers = handovers.parts(tx, [row.id for row in rows])
    return [
        handover_pb2.HandoverReport(
            handover_id=str(row.id),
            staff_id=str(row.staff_id),
            leaving=row.leaving,
            campus_id=id_text(row.campus_id),
            state=enum_value(handover_pb2.HandoverState, row.state),
            items=[
                handover_pb2.HandoverItem(service=part.service, kind=kind, receiver_id=receiver, count=count)
                for part in answers[row.id]
                for kind, receiver, count in part.items
            ],
            waiting_for=sorted(set(handovers.SERVICES) - {part.service for part in answers[row.id]}),
            create_time=row.create_time,
            finish_time=row.finish_time,
        )
        for row in rows
    ]
