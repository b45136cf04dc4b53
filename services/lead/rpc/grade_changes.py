"""Changes of grades on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

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
        grade_reasons=reasons_to_pb(row.reasons),
        staff_id=id_text(row.staff_id),
        change_time=row.create_time,
    )


def reasons_to_pb(stored: Iterable[Sequence[Any]]) -> list[lead_pb2.GradeReason]:
    """Return the wire form of why a grade was given; reasons from before there were lines had points as values."""
    return [lead_pb2.GradeReason(code=code, value="" if value is None else str(value)) for code, value in stored]
