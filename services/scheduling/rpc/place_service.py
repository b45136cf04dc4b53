"""PlaceService on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from lianxiao.scheduling.v1 import class_group_pb2
from lianxiao.scheduling.v1 import place_service_pb2 as pb
from lianxiao.scheduling.v1 import place_service_pb2_grpc as pb_grpc
from services.scheduling.actions import memberships, students, suspensions, waiting_lists
from services.scheduling.models import Suspension, WaitingEntry
from services.scheduling.rpc.class_group_service import member_to_pb, proration_to_pb
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, instant, optional_instant


class PlaceService(Servicer, pb_grpc.PlaceServiceServicer):
    """Waiting for a place, and pausing."""

    @command
    def JoinWaitingList(self, request: pb.JoinWaitingListRequest, tx: Tx) -> pb.JoinWaitingListResponse:
        row = waiting_lists.wait(
            tx,
            as_uuid(request.class_group_id),
            student_id=as_uuid(request.student_id),
            override_reason=request.override_reason,
        )
        return pb.JoinWaitingListResponse(waiting_entry=_entry(tx, row))

    @query
    def ListWaitingList(self, request: pb.ListWaitingListRequest, tx: Tx) -> pb.ListWaitingListResponse:
        page = waiting_lists.page(tx, request, as_uuid(request.class_group_id), include_past=request.include_past)
        names = students.names(tx, [row.student_id for row in page.rows])
        rows = [to_pb(row, names) for row in page.rows]
        return pb.ListWaitingListResponse(waiting_entries=rows, next_page_token=page.next_page_token)

    @command
    def AcceptPlace(self, request: pb.AcceptPlaceRequest, tx: Tx) -> pb.AcceptPlaceResponse:
        entry = waiting_lists.check_offered(tx, as_uuid(request.waiting_entry_id))
        joined = memberships.join(
            tx, entry.class_group_id, student_id=entry.student_id, override_reason=request.override_reason
        )
        names = students.names(tx, [entry.student_id])
        return pb.AcceptPlaceResponse(
            membership=member_to_pb(joined.membership, names), proration=proration_to_pb(joined.proration)
        )

    @command
    def DeclinePlace(self, request: pb.DeclinePlaceRequest, tx: Tx) -> pb.DeclinePlaceResponse:
        row = waiting_lists.decline(tx, as_uuid(request.waiting_entry_id))
        return pb.DeclinePlaceResponse(waiting_entry=_entry(tx, row))

    @command
    def SuspendStudent(self, request: pb.SuspendStudentRequest, tx: Tx) -> pb.SuspendStudentResponse:
        row = suspensions.suspend(
            tx,
            student_id=as_uuid(request.student_id),
            campus_id=as_uuid(request.campus_id),
            return_time=instant(request.return_time),
            start_time=optional_instant(request, "start_time"),
            reason=request.reason,
        )
        return pb.SuspendStudentResponse(suspension=_suspension_to_pb(row))

    @command
    def ResumeStudent(self, request: pb.ResumeStudentRequest, tx: Tx) -> pb.ResumeStudentResponse:
        row = suspensions.resume(tx, as_uuid(request.suspension_id))
        return pb.ResumeStudentResponse(suspension=_suspension_to_pb(row))

    @command
    def EndSuspension(self, request: pb.EndSuspensionRequest, tx: Tx) -> pb.EndSuspensionResponse:
        row = suspensions.give_up(tx, as_uuid(request.suspension_id))
        return pb.EndSuspensionResponse(suspension=_suspension_to_pb(row))

    @query
    def ListSuspensions(self, request: pb.ListSuspensionsRequest, tx: Tx) -> pb.ListSuspensionsResponse:
        page = suspensions.LISTING.page(tx, request)
        rows = [_suspension_to_pb(row) for row in page.rows]
        return pb.ListSuspensionsResponse(suspensions=rows, next_page_token=page.next_page_token)


def to_pb(row: WaitingEntry, names: Mapping[UUID, str]) -> class_group_pb2.WaitingEntry:
    """Return the wire form with the student's name."""
    return class_group_pb2.WaitingEntry(
        waiting_entry_id=str(row.id),
        class_group_id=str(row.class_group_id),
        student_id=str(row.student_id),
        display_name=names.get(row.student_id, ""),
        state=enum_value(class_group_pb2.WaitingState, row.state),
        offer_expire_time=row.offer_expire_time,
        create_time=row.create_time,
    )


def _entry(tx: Tx, row: WaitingEntry) -> class_group_pb2.WaitingEntry:
    return to_pb(row, students.names(tx, [row.student_id]))


def _suspension_to_pb(row: Suspension) -> class_group_pb2.Suspension:
    return class_group_pb2.Suspension(
        suspension_id=str(row.id),
        student_id=str(row.student_id),
        campus_id=str(row.campus_id),
        class_group_ids=[str(each) for each in row.class_group_ids],
        start_time=row.start_time,
        return_time=row.return_time,
        end_time=row.end_time,
        state=enum_value(class_group_pb2.SuspensionState, row.state),
        reason=row.reason,
        return_problem=row.return_problem,
    )
