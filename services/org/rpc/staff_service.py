"""StaffService on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from lianxiao.org.v1 import staff_pb2
from lianxiao.org.v1 import staff_service_pb2 as pb
from lianxiao.org.v1 import staff_service_pb2_grpc as pb_grpc
from services.org.actions import roles, staff
from services.org.models import Staff
from services.org.rpc.role_service import assignments_to_pb
from shared.db import Tx
from shared.ids import as_uuid
from shared.listing import named_fields
from shared.reveals import Asked
from shared.rpc import Servicer, command, query
from shared.wire_values import id_text, optional_id

_EDITABLE = ("display_name", "email", "phone", "campus_id")


class StaffService(Servicer, pb_grpc.StaffServiceServicer):
    """People who work for the chain."""

    @command
    def CreateStaff(self, request: pb.CreateStaffRequest, tx: Tx) -> pb.CreateStaffResponse:
        wanted = request.staff
        person = staff.create(
            tx,
            display_name=wanted.display_name,
            email=wanted.email,
            phone=wanted.phone,
            campus_id=optional_id(wanted.campus_id),
            password=request.password,
        )
        return pb.CreateStaffResponse(staff=_one(tx, person))

    @query
    def GetStaff(self, request: pb.GetStaffRequest, tx: Tx) -> pb.GetStaffResponse:
        return pb.GetStaffResponse(staff=_one(tx, staff.get(tx, as_uuid(request.staff_id))))

    @command
    def UpdateStaff(self, request: pb.UpdateStaffRequest, tx: Tx) -> pb.UpdateStaffResponse:
        wanted = request.staff
        details = staff.Details(
            display_name=wanted.display_name,
            email=wanted.email,
            phone=wanted.phone,
            campus_id=optional_id(wanted.campus_id),
        )
        fields = named_fields(request.update_mask.paths, _EDITABLE)
        return pb.UpdateStaffResponse(
            staff=_one(tx, staff.update(tx, as_uuid(wanted.staff_id), fields=fields, details=details))
        )

    @command
    def DeactivateStaff(self, request: pb.DeactivateStaffRequest, tx: Tx) -> pb.DeactivateStaffResponse:
        return pb.DeactivateStaffResponse(staff=_one(tx, staff.deactivate(tx, as_uuid(request.staff_id))))

    @command
    def SetPassword(self, request: pb.SetPasswordRequest, tx: Tx) -> pb.SetPasswordResponse:
        staff.set_password(tx, as_uuid(request.staff_id), password=request.password)
        return pb.SetPasswordResponse()

    @command
    def RevealStaff(self, request: pb.RevealStaffRequest, tx: Tx) -> pb.RevealStaffResponse:
        asked = Asked.of(request.field, request.reason, request.note)
        return pb.RevealStaffResponse(revealed=staff.reveal(tx, as_uuid(request.staff_id), asked))

    @query
    def ListStaff(self, request: pb.ListStaffRequest, tx: Tx) -> pb.ListStaffResponse:
        page = staff.LISTING.page(tx, request, staff.who_hold(request.role))
        return pb.ListStaffResponse(staff=to_pb(tx, page.rows), next_page_token=page.next_page_token)


def to_pb(tx: Tx, people: Sequence[Staff]) -> list[staff_pb2.Staff]:
    """Return the wire form of people with their roles, two queries for all of them."""
    held = roles.assignments(tx, [person.id for person in people])
    return [
        staff_pb2.Staff(
            staff_id=str(person.id),
            display_name=person.display_name,
            email=Staff.email.reveal(tx, person) or "",
            phone=Staff.phone.reveal(tx, person) or "",
            campus_id=id_text(person.campus_id),
            active=person.active,
            has_password=person.has_password,
            role_assignments=assignments_to_pb(tx, held[person.id]),
            deactivate_time=person.deactivate_time,
            create_time=person.create_time,
            update_time=person.update_time,
        )
        for person in people
    ]


def _one(tx: Tx, person: Staff) -> staff_pb2.Staff:
    tx.session.flush()
    return to_pb(tx, [person])[0]
