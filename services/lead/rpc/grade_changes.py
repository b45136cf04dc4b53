"""Changes of grades on the wire."""

from __future__ import annotations

from lianxiao.lead.v1 import lead_pb2
from lianxiao.lead.v1 import lead_service_pb2 as pb
from services.lead.models import GradeChange
from shared.db import Tx
from shared.wire_values import enum_value, id_text


def to_pb(tx: Tx, row: GradeChange) -> pb.GradeChange:
    """Return the wire form."""
    return pb.GradeChange(
        grade=enum_value(lead_pb2.LeadGrade, row.grade),
        previous_grade=enum_value(lead_pb2.LeadGrade, row.previous_grade),
        by_hand=row.by_hand,
        reason=GradeChange.reason.reveal(tx, row) or "",
        grade_reasons=[lead_pb2.GradeReason(code=code, points=points) for code, points in row.reasons],
        staff_id=id_text(row.staff_id),
        change_time=row.create_time,
    )
