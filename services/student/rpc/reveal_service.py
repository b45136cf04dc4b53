"""RevealService on the wire."""

from __future__ import annotations

from typing import Any

from lianxiao.common.v1 import reveal_pb2
from lianxiao.student.v1 import reveal_service_pb2 as pb
from lianxiao.student.v1 import reveal_service_pb2_grpc as pb_grpc
from services.student.actions import reveals
from services.student.models import Reveal, RevealAlert
from shared.db import Tx
from shared.ids import as_uuid
from shared.reveals import Asked
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, ids


class RevealService(Servicer, pb_grpc.RevealServiceServicer):
    """Contacts of families in clear, and the record of what was shown."""

    @command
    def RevealGuardian(self, request: pb.RevealGuardianRequest, tx: Tx) -> pb.RevealGuardianResponse:
        shown = reveals.guardian(tx, as_uuid(request.student_id), as_uuid(request.guardian_id), _asked(request))
        return pb.RevealGuardianResponse(revealed=shown)

    @command
    def RevealGuardians(self, request: pb.RevealGuardiansRequest, tx: Tx) -> pb.RevealGuardiansResponse:
        shown = reveals.of_students(tx, ids(request.student_ids), _asked(request))
        return pb.RevealGuardiansResponse(revealed=shown)

    @query
    def ListReveals(self, request: pb.ListRevealsRequest, tx: Tx) -> pb.ListRevealsResponse:
        page = reveals.page(tx, request)
        rows = [to_pb(tx, row) for row in page.rows]
        return pb.ListRevealsResponse(reveals=rows, next_page_token=page.next_page_token)

    @query
    def ListRevealAlerts(self, request: pb.ListRevealAlertsRequest, tx: Tx) -> pb.ListRevealAlertsResponse:
        page = reveals.alerts(tx, request)
        rows = [alert_to_pb(tx, row) for row in page.rows]
        return pb.ListRevealAlertsResponse(reveal_alerts=rows, next_page_token=page.next_page_token)

    @command
    def SettleRevealAlert(self, request: pb.SettleRevealAlertRequest, tx: Tx) -> pb.SettleRevealAlertResponse:
        row = reveals.settle(tx, as_uuid(request.reveal_alert_id), request.finding)
        return pb.SettleRevealAlertResponse(reveal_alert=alert_to_pb(tx, row))


def to_pb(tx: Tx, row: Reveal) -> pb.Reveal:
    """Return what was shown, without the shown value: that is kept nowhere."""
    return pb.Reveal(
        reveal_id=str(row.id),
        staff_id=str(row.staff_id),
        campus_id=id_text(row.campus_id),
        subject_kind=row.subject_kind,
        subject_id=str(row.subject_id),
        person_id=id_text(row.person_id),
        field=enum_value(reveal_pb2.RevealField, row.field),
        reason=enum_value(reveal_pb2.RevealReason, row.reason),
        note=Reveal.note.reveal(tx, row) or "",
        bulk=row.bulk,
        reveal_time=row.reveal_time,
    )


def alert_to_pb(tx: Tx, row: RevealAlert) -> pb.RevealAlert:
    """Return an alert as callers see it."""
    return pb.RevealAlert(
        reveal_alert_id=str(row.id),
        staff_id=str(row.staff_id),
        most_in_hour=row.most_in_hour,
        first_time=row.first_time,
        last_time=row.last_time,
        settle_staff_id=id_text(row.settle_staff_id),
        finding=RevealAlert.finding.reveal(tx, row) or "",
        settle_time=row.settle_time,
    )


def _asked(request: Any) -> Asked:
    return Asked.of(request.field, request.reason, request.note)
