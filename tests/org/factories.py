"""One function per row, through the actions."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from services.org.actions import campuses, institutions, regions, roles, staff
from services.org.models import Campus, Region, RoleAssignment, Staff
from services.org.rules.institutions import id_of
from services.org.rules.roles import Scope
from shared.caller import Caller
from shared.db import Database, Tx
from shared.ids import uuid7

PASSWORD = "Correct-horse-7"


def new_code() -> str:
    """Return the code of an institution that nobody has yet."""
    return f"test-{uuid7().hex[-12:]}"


def institution(tx: Tx, *, code: str, name: str = "启明教育") -> Staff:
    """Open an institution and return its administrator, admin@<code>.example."""
    return institutions.create(
        tx,
        code=code,
        name=name,
        admin_name="总部管理员",
        admin_email=f"admin@{code}.example",
        admin_password=PASSWORD,
    )


def committed_institution(database: Database) -> tuple[str, UUID]:
    """Open an institution for good; return its code and its administrator's id."""
    code = new_code()
    with database.begin(Caller.system(id_of(code))) as tx:
        return code, institution(tx, code=code).id


def region(tx: Tx, *, name: str = "") -> Region:
    """Add a region."""
    return regions.create(tx, name=name or f"区域{uuid7().hex[-6:]}")


def campus(tx: Tx, *, name: str = "", region_id: UUID | None = None) -> Campus:
    """Open a campus."""
    mark = uuid7().hex[-8:].upper()
    return campuses.create(tx, code=mark, details=campuses.Details(name=name or f"校区{mark}", region_id=region_id))


def person(tx: Tx, *, campus_id: UUID | None = None, email: str = "", password: str = "") -> Staff:
    """Add a person without any role."""
    address = email or f"{uuid7().hex}@example.com"
    return staff.create(tx, display_name="王芳", email=address, campus_id=campus_id, password=password)


def holder(
    tx: Tx, role: str, *, campus_id: UUID | None = None, scope: Scope | None = None, campus_ids: Iterable[UUID] = ()
) -> tuple[Staff, RoleAssignment]:
    """Add a person who holds a role."""
    someone = person(tx, campus_id=campus_id)
    return someone, roles.assign(tx, someone.id, role=role, scope=scope, campus_ids=campus_ids)
