"""Statistics of hours as a file, with the names that the caller may read."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from lianxiao.options.v1.options_pb2 import PII_NAME
from services.scheduling.actions import hour_statistics, students
from services.scheduling.models import Campus, ClassGroup, Course, Teacher
from services.scheduling.rules import hour_files
from services.scheduling.rules.hours import Asked
from shared.caller import NOBODY
from shared.db import Tx
from shared.masking import mask_text
from shared.wire_values import id_text

_NAMES = {
    "class_group": (ClassGroup.id, ClassGroup.name),
    "teacher": (Teacher.id, Teacher.display_name),
    "campus": (Campus.id, Campus.name),
    "course": (Course.id, Course.name),
}


def write(tx: Tx, asked: Asked, *, language: str) -> bytes:
    """Return the CSV file of statistics; refusals of `hour_statistics.of`.

    Names of students are masked for callers without pii.read.
    """
    rows, total = hour_statistics.of(tx, asked)
    names = _names(tx, asked.dimension, {row.subject_id for row in rows if row.subject_id})
    lines = [
        (row.start.isoformat(), id_text(row.subject_id), names.get(row.subject_id or NOBODY, ""), row.figures)
        for row in rows
    ]
    return hour_files.write(lines, total, dimension=asked.dimension, language=language)


def _names(tx: Tx, dimension: str, ids: Collection[UUID]) -> dict[UUID, str]:
    if dimension == "student":
        known = students.names(tx, list(ids))
        if tx.caller.allows("pii.read"):
            return known
        return {student_id: mask_text(PII_NAME, name) for student_id, name in known.items()}
    if dimension not in _NAMES or not ids:
        return {}
    key, name = _NAMES[dimension]
    found = tx.execute(select(key, name).where(key.in_(list(ids))))
    return {row[0]: row[1] for row in found}
