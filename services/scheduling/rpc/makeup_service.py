"""MakeupService on the wire."""

from __future__ import annotations

from lianxiao.scheduling.v1 import leave_pb2
from lianxiao.scheduling.v1 import makeup_service_pb2 as pb
from lianxiao.scheduling.v1 import makeup_service_pb2_grpc as pb_grpc
from services.scheduling.actions import makeup_entitlements, makeups
from services.scheduling.models import MakeupEntitlement
from services.scheduling.rpc import lesson_service
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text


class MakeupService(Servicer, pb_grpc.MakeupServiceServicer):
    """Making absences up."""

    @query
    def ListMakeupEntitlements(
        self, request: pb.ListMakeupEntitlementsRequest, tx: Tx
    ) -> pb.ListMakeupEntitlementsResponse:
        page = makeup_entitlements.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListMakeupEntitlementsResponse(makeup_entitlements=rows, next_page_token=page.next_page_token)

    @query
    def ListMakeupLessons(self, request: pb.ListMakeupLessonsRequest, tx: Tx) -> pb.ListMakeupLessonsResponse:
        rows = makeups.offers(tx, as_uuid(request.makeup_entitlement_id))
        return pb.ListMakeupLessonsResponse(lessons=[lesson_service.to_pb(row, []) for row in rows])

    @command
    def BookMakeup(self, request: pb.BookMakeupRequest, tx: Tx) -> pb.BookMakeupResponse:
        row = makeups.book(tx, as_uuid(request.makeup_entitlement_id), lesson_id=as_uuid(request.lesson_id))
        return pb.BookMakeupResponse(makeup_entitlement=to_pb(row))

    @command
    def CancelMakeup(self, request: pb.CancelMakeupRequest, tx: Tx) -> pb.CancelMakeupResponse:
        row = makeups.cancel(tx, as_uuid(request.makeup_entitlement_id))
        return pb.CancelMakeupResponse(makeup_entitlement=to_pb(row))


def to_pb(row: MakeupEntitlement) -> leave_pb2.MakeupEntitlement:
    """Return the wire form."""
    return leave_pb2.MakeupEntitlement(
        makeup_entitlement_id=str(row.id),
        student_id=str(row.student_id),
        course_id=str(row.course_id),
        campus_id=str(row.campus_id),
        source_attendance_id=str(row.source_attendance_id),
        source_lesson_id=str(row.source_lesson_id),
        source_charge_hundredths=row.source_charge_hundredths,
        expire_time=row.expire_time,
        state=enum_value(leave_pb2.MakeupState, row.state),
        booked_lesson_id=id_text(row.booked_lesson_id),
    )
