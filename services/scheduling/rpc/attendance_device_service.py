"""AttendanceDeviceService on the wire."""

from __future__ import annotations

import grpc

from lianxiao.scheduling.v1 import attendance_device_pb2
from lianxiao.scheduling.v1 import attendance_device_service_pb2 as pb
from lianxiao.scheduling.v1 import attendance_device_service_pb2_grpc as pb_grpc
from services.scheduling.actions import attendance_devices
from services.scheduling.models import AttendanceDevice
from services.scheduling.rules.device_events import CARD_READER
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, call_of, command, query
from shared.wire_values import enum_value, stored_word

KIND = attendance_device_pb2.AttendanceDeviceKind


class AttendanceDeviceService(Servicer, pb_grpc.AttendanceDeviceServiceServicer):
    """Card readers, cards and meeting providers."""

    def RegisterDevice(
        self, request: pb.RegisterDeviceRequest, context: grpc.ServicerContext
    ) -> pb.RegisterDeviceResponse:
        """Add the secret to the reply after the transaction: replies are stored for repeats, secrets are not."""
        shown = ""

        def work(tx: Tx) -> pb.RegisterDeviceResponse:
            nonlocal shown
            kind = stored_word(KIND, request.kind, "kind") if request.kind else CARD_READER
            row, shown = attendance_devices.register(
                tx, campus_id=as_uuid(request.campus_id), name=request.name, kind=kind
            )
            return pb.RegisterDeviceResponse(device=to_pb(row))

        response = call_of(context).command(self.database, request, work, pb.RegisterDeviceResponse)
        response.secret = shown
        return response

    @query
    def ListDevices(self, request: pb.ListDevicesRequest, tx: Tx) -> pb.ListDevicesResponse:
        page = attendance_devices.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListDevicesResponse(devices=rows, next_page_token=page.next_page_token)

    @command
    def RetireDevice(self, request: pb.RetireDeviceRequest, tx: Tx) -> pb.RetireDeviceResponse:
        row = attendance_devices.retire(tx, as_uuid(request.attendance_device_id))
        return pb.RetireDeviceResponse(device=to_pb(row))

    @command
    def AssignCard(self, request: pb.AssignCardRequest, tx: Tx) -> pb.AssignCardResponse:
        attendance_devices.assign_card(tx, student_id=as_uuid(request.student_id), card_number=request.card_number)
        return pb.AssignCardResponse()

    @command
    def ReceiveDeviceEvent(self, request: pb.ReceiveDeviceEventRequest, tx: Tx) -> pb.ReceiveDeviceEventResponse:
        matched = attendance_devices.receive(
            tx,
            as_uuid(request.institution_id),
            as_uuid(request.attendance_device_id),
            body=request.body,
            signature=request.signature,
            timestamp=request.timestamp,
            nonce=request.nonce,
        )
        return pb.ReceiveDeviceEventResponse(matched=matched)


def to_pb(row: AttendanceDevice) -> attendance_device_pb2.AttendanceDevice:
    """Return the wire form."""
    return attendance_device_pb2.AttendanceDevice(
        attendance_device_id=str(row.id),
        campus_id=str(row.campus_id),
        name=row.name,
        active=row.active,
        kind=enum_value(KIND, row.kind),
        create_time=row.create_time,
    )
