"""GuardianService on the wire."""

from __future__ import annotations

from lianxiao.student.v1 import guardian_service_pb2 as pb
from lianxiao.student.v1 import guardian_service_pb2_grpc as pb_grpc
from lianxiao.student.v1 import student_pb2
from services.student.actions import guardians
from services.student.actions.guardians import Contact
from services.student.models import Guardian, GuardianLink
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query


class GuardianService(Servicer, pb_grpc.GuardianServiceServicer):
    """Guardians and their rights."""

    @query
    def ListGuardians(self, request: pb.ListGuardiansRequest, tx: Tx) -> pb.ListGuardiansResponse:
        pairs = guardians.of_student(tx, as_uuid(request.student_id))
        return pb.ListGuardiansResponse(guardians=[to_pb(tx, guardian, link) for guardian, link in pairs])

    @command
    def AddGuardian(self, request: pb.AddGuardianRequest, tx: Tx) -> pb.AddGuardianResponse:
        given = request.guardian
        contact = Contact(
            name=given.name,
            phone=given.phone,
            email=given.email,
            relation=given.relation,
            decision_weight=given.decision_weight,
            may_see=given.may_see,
            may_contact=given.may_contact,
        )
        guardian, link = guardians.add(tx, as_uuid(request.student_id), contact)
        return pb.AddGuardianResponse(guardian=to_pb(tx, guardian, link))

    @command
    def SetGuardianRights(self, request: pb.SetGuardianRightsRequest, tx: Tx) -> pb.SetGuardianRightsResponse:
        guardian, link = guardians.set_rights(
            tx,
            as_uuid(request.student_id),
            as_uuid(request.guardian_id),
            may_see=request.may_see,
            may_contact=request.may_contact,
        )
        return pb.SetGuardianRightsResponse(guardian=to_pb(tx, guardian, link))


def to_pb(tx: Tx, guardian: Guardian, link: GuardianLink) -> student_pb2.Guardian:
    """Return a guardian with the rights towards one student."""
    return student_pb2.Guardian(
        guardian_id=str(guardian.id),
        household_id=str(guardian.household_id),
        name=Guardian.name.reveal(tx, guardian) or "",
        phone=Guardian.phone.reveal(tx, guardian) or "",
        email=Guardian.email.reveal(tx, guardian) or "",
        relation=link.relation,
        decision_weight=link.decision_weight,
        may_see=link.may_see,
        may_contact=link.may_contact,
    )
