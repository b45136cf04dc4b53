"""InstitutionService on the wire."""

from __future__ import annotations

from dataclasses import replace

import grpc

from lianxiao.org.v1 import institution_pb2
from lianxiao.org.v1 import institution_service_pb2 as pb
from lianxiao.org.v1 import institution_service_pb2_grpc as pb_grpc
from services.org.actions import institutions
from services.org.models import Institution
from services.org.rules.institutions import id_of
from shared.caller import CHAIN, Caller
from shared.db import Tx
from shared.ids import as_uuid
from shared.listing import named_fields
from shared.rpc import Servicer, call_of, command, query

_EDITABLE = ("name", "time_zone")


class InstitutionService(Servicer, pb_grpc.InstitutionServiceServicer):
    """Reads and changes the caller's chain; opens new ones for the operator of the platform."""

    @query
    def GetInstitution(self, request: pb.GetInstitutionRequest, tx: Tx) -> pb.GetInstitutionResponse:
        return pb.GetInstitutionResponse(institution=to_pb(institutions.get(tx, as_uuid(request.institution_id))))

    def CreateInstitution(
        self, request: pb.CreateInstitutionRequest, context: grpc.ServicerContext
    ) -> pb.CreateInstitutionResponse:
        """Check the operator in their own institution, then open the new one in a transaction of its id."""
        call = call_of(context)
        call.query(self.database, _check_operator)
        code = request.institution.code

        def create(tx: Tx) -> pb.CreateInstitutionResponse:
            admin = institutions.create(
                tx,
                code=code,
                name=request.institution.name,
                time_zone=request.institution.time_zone,
                admin_name=request.admin_name,
                admin_email=request.admin_email,
                admin_password=request.admin_password,
            )
            made = institutions.get(tx, tx.institution_id)
            return pb.CreateInstitutionResponse(institution=to_pb(made), admin_staff_id=str(admin.id))

        inside = replace(call, caller=Caller.system(id_of(code)), scope=CHAIN)
        return inside.command(self.database, request, create, pb.CreateInstitutionResponse)

    @command
    def UpdateInstitution(self, request: pb.UpdateInstitutionRequest, tx: Tx) -> pb.UpdateInstitutionResponse:
        wanted = request.institution
        row = institutions.update(
            tx,
            as_uuid(wanted.institution_id),
            fields=named_fields(request.update_mask.paths, _EDITABLE),
            name=wanted.name,
            time_zone=wanted.time_zone,
        )
        return pb.UpdateInstitutionResponse(institution=to_pb(row))


def to_pb(row: Institution) -> institution_pb2.Institution:
    """Return the wire form."""
    return institution_pb2.Institution(
        institution_id=str(row.institution_id),
        code=row.code,
        name=row.name,
        time_zone=row.time_zone,
        active=row.active,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _check_operator(tx: Tx) -> pb.CreateInstitutionResponse:
    institutions.check_operator(tx)
    return pb.CreateInstitutionResponse()
