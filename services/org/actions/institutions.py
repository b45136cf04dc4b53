"""Institutions: opened with their built-in roles and a first administrator."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from lianxiao.org.v1 import org_events_pb2 as events
from services.org.actions import roles, staff
from services.org.models import Institution, ServiceAccount, Staff
from services.org.rules import time_zones
from services.org.rules.institutions import id_of, normal_code
from services.org.rules.roles import ADMIN
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, NotAllowed, NotFound
from shared.events import publish


def create(
    tx: Tx,
    *,
    code: str,
    name: str,
    admin_name: str,
    admin_email: str,
    admin_password: str,
    time_zone: str = time_zones.DEFAULT,
) -> Staff:
    """Open an institution and return its first administrator, who holds hq_admin for the whole chain.

    The transaction must be the system's in the institution `id_of(code)`. Raises AlreadyExists INSTITUTION_CODE_TAKEN.
    """
    if tx.institution_id != id_of(code):
        raise ValueError(f"open the institution {code} in a transaction of its own id")
    if not name.strip():
        raise InvalidInput("institution.name", "an institution has a name")
    if find(tx) is not None:
        raise AlreadyExists("INSTITUTION_CODE_TAKEN", f"there is an institution {code} already", code=code)
    row = Institution(
        institution_id=tx.institution_id,
        code=normal_code(code),
        name=name.strip(),
        active=True,
        time_zone=time_zones.check(time_zone or time_zones.DEFAULT),
        create_time=tx.now,
        update_time=tx.now,
    )
    taken = AlreadyExists("INSTITUTION_CODE_TAKEN", f"there is an institution {code} already", code=code)
    with tx.translating({"institution_pkey": lambda: taken}):
        tx.session.add(row)
    _announce(tx, row)
    roles.create_built_in(tx)
    admin = staff.create(tx, display_name=admin_name, email=admin_email, password=admin_password)
    roles.assign(tx, admin.id, role=ADMIN, scope="chain")
    return admin


def get(tx: Tx, institution_id: UUID, *, for_update: bool = False) -> Institution:
    """Return the caller's institution; any other is not there."""
    row = find(tx, for_update=for_update) if institution_id == tx.institution_id else None
    if row is None:
        raise NotFound("institution", institution_id)
    return row


def find(tx: Tx, *, for_update: bool = False) -> Institution | None:
    """Return the institution of the transaction, or None when nobody opened it."""
    statement = select(Institution).where(Institution.institution_id == tx.institution_id)
    return tx.session.scalar(statement.with_for_update() if for_update else statement)


def update(tx: Tx, institution_id: UUID, *, fields: Collection[str], name: str, time_zone: str) -> Institution:
    """Change the fields that are named; raises NotAllowed CHAIN_SCOPE_NEEDED."""
    tx.check_chain()
    row = get(tx, institution_id, for_update=True)
    if "name" in fields:
        if not name.strip():
            raise InvalidInput("institution.name", "an institution has a name")
        row.name = name.strip()
    if "time_zone" in fields:
        row.time_zone = time_zones.check(time_zone)
    row.update_time = tx.now
    _announce(tx, row)
    return row


def check_operator(tx: Tx) -> None:
    """Raise NotAllowed OPERATOR_ONLY unless the caller is a service account of the platform's operator.

    The permission alone does not do: hq_admin of every chain holds `*`.
    """
    account = tx.session.get(ServiceAccount, (tx.institution_id, tx.caller.subject_id))
    if account is None or not (account.platform_operator and account.active):
        raise NotAllowed("OPERATOR_ONLY", "only the operator of the platform opens institutions")


def _announce(tx: Tx, row: Institution) -> None:
    event = events.InstitutionChanged(
        institution_id=str(row.institution_id), code=row.code, name=row.name, active=row.active
    )
    publish(tx, event)
