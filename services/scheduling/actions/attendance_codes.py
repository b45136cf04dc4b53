"""Attendance codes of an institution."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.scheduling.models import AttendanceCode
from services.scheduling.rules.attendance import FIRST_CODES, Code
from shared.db import Tx
from shared.tables import stamped


def by_code(tx: Tx) -> dict[str, Code]:
    """Return the codes of the institution; before it has any, those it will start with."""
    columns = (
        AttendanceCode.code,
        AttendanceCode.name,
        AttendanceCode.charge_factor_hundredths,
        AttendanceCode.makeup_entitled,
        AttendanceCode.counts_as_present,
    )
    rows = tx.session.execute(select(*columns).order_by(AttendanceCode.id)).all()
    codes = [Code(*row) for row in rows] or FIRST_CODES
    return {code.code: code for code in codes}


def seed(tx: Tx) -> None:
    """Give the institution its first codes; codes that are there stay as they are."""
    rows = [
        stamped(
            tx,
            code=code.code,
            name=code.name,
            charge_factor_hundredths=code.charge_factor_hundredths,
            makeup_entitled=code.makeup_entitled,
            counts_as_present=code.counts_as_present,
        )
        for code in FIRST_CODES
    ]
    tx.execute(insert(AttendanceCode).values(rows).on_conflict_do_nothing())
