"""Attendance codes of an institution, and what each one was before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.scheduling.models import AttendanceCode, AttendanceCodeChange
from services.scheduling.rules.attendance import FIRST_CODES, Code
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput
from shared.ids import uuid7
from shared.listing import Field, Listing, ListRequest, Page
from shared.tables import stamped

EDITABLE = ("name", "charge_factor_hundredths", "makeup_entitled", "counts_as_present", "active")
CHANGES: Listing[AttendanceCodeChange] = Listing(
    AttendanceCodeChange, fields={"create_time": Field(AttendanceCodeChange.create_time)}
)


def get(tx: Tx, code_id: UUID, *, for_update: bool = False) -> AttendanceCode:
    """Return a code, or raise NotFound."""
    return tx.load(AttendanceCode, "attendance_code", code_id, for_update=for_update)


def by_code(tx: Tx) -> dict[str, Code]:
    """Return the codes of the institution, also those out of use; before it has any, those it will start with."""
    rows = tx.session.scalars(select(AttendanceCode).order_by(AttendanceCode.id)).all()
    codes = [of(row) for row in rows] or FIRST_CODES
    return {code.code: code for code in codes}


def of(row: AttendanceCode) -> Code:
    """Return what rules know of a code."""
    return Code(
        row.code,
        row.name,
        row.charge_factor_hundredths,
        makeup_entitled=row.makeup_entitled,
        counts_as_present=row.counts_as_present,
        active=row.active,
        id=row.id,
    )


def create(tx: Tx, code: Code) -> AttendanceCode:
    """Add a code; ATTENDANCE_CODE_TAKEN when there is one of that word, InvalidInput for a name of blanks.

    CHAIN_SCOPE_NEEDED: codes are those of the whole chain.
    """
    tx.check_chain()
    seed(tx)
    row = AttendanceCode(
        id=uuid7(),
        code=code.code,
        name=_checked(code.name),
        charge_factor_hundredths=code.charge_factor_hundredths,
        makeup_entitled=code.makeup_entitled,
        counts_as_present=code.counts_as_present,
        active=True,
    )
    taken = AlreadyExists("ATTENDANCE_CODE_TAKEN", "there is an attendance code of that word", code=code.code)
    with tx.translating({"uq_attendance_code_code": lambda: taken}):
        tx.session.add(row)
    _note(tx, row)
    return row


def update(tx: Tx, code_id: UUID, changes: Mapping[str, Any]) -> AttendanceCode:
    """Change a code; attendances that are confirmed keep what they charged. InvalidInput for figures out of range.

    CHAIN_SCOPE_NEEDED as for a new one.
    """
    tx.check_chain()
    factor = changes.get("charge_factor_hundredths", 0)
    if not 0 <= factor <= 100:  # noqa: PLR2004 - a whole
        raise InvalidInput("attendance_code.charge_factor_hundredths", "a part of a lesson is 0 to 100 hundredths")
    row = get(tx, code_id, for_update=True)
    for column, value in changes.items():
        setattr(row, column, _checked(value) if column == "name" else value)
    tx.session.flush()
    _note(tx, row)
    return row


def changes_of(tx: Tx, request: ListRequest, code_id: UUID) -> Page[AttendanceCodeChange]:
    """Return one page of what a code was made, newest first."""
    get(tx, code_id)
    return CHANGES.page(tx, request, [AttendanceCodeChange.attendance_code_id == code_id])


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
            active=True,
        )
        for code in FIRST_CODES
    ]
    tx.execute(insert(AttendanceCode).values(rows).on_conflict_do_nothing())


def _checked(name: str) -> str:
    if not name.strip() or len(name) > 100:  # noqa: PLR2004 - as the contract says
        raise InvalidInput("attendance_code.name", "give it a name of at most 100 characters")
    return name.strip()


def _note(tx: Tx, row: AttendanceCode) -> None:
    values = {name: getattr(row, name) for name in EDITABLE}
    change = stamped(tx, attendance_code_id=row.id, actor_id=tx.caller.subject_id, **values)
    tx.execute(insert(AttendanceCodeChange), change)
