"""Roles, and who holds them where."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import ColumnElement, select

from services.org.actions import campuses, regions, staff
from services.org.actions.access import announce, call_back, check_gives, check_outranks
from services.org.models import Role, RoleAssignment, Staff
from services.org.rules.roles import ADMIN, BUILT_IN, Scope
from services.org.rules.scopes import places
from shared.caller import Grant
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, NotFound, Refused
from shared.listing import Field, Listing

LISTING: Listing[Role] = Listing(
    Role,
    fields={"code": Field(Role.code), "name": Field(Role.name), "built_in": Field(Role.built_in, sortable=False)},
    default_order="code",
)
_CODE = select(Role.code).where(Role.institution_id == RoleAssignment.institution_id, Role.id == RoleAssignment.role_id)
ASSIGNMENTS: Listing[RoleAssignment] = Listing(
    RoleAssignment,
    fields={
        "staff_id": Field(RoleAssignment.staff_id, sortable=False),
        "role": Field(_CODE.scalar_subquery(), sortable=False),
        "create_time": Field(RoleAssignment.create_time),
    },
    default_order="create_time",
)


def holding() -> list[ColumnElement[bool]]:
    """Return what narrows a list to assignments that hold, of people within sight."""
    return [RoleAssignment.revoke_time.is_(None), RoleAssignment.staff_id.in_(select(Staff.id))]


def create_built_in(tx: Tx) -> None:
    """Store the roles that every institution starts with."""
    for role in BUILT_IN:
        tx.session.add(
            Role(
                code=role.code,
                name=role.name,
                permissions=list(role.permissions),
                default_scope=role.scope,
                built_in=True,
            )
        )
    tx.session.flush()


def create(tx: Tx, *, code: str, name: str, permissions: Iterable[str], default_scope: Scope) -> Role:
    """Add a role. Raises AlreadyExists ROLE_CODE_TAKEN, NotAllowed ROLE_OUT_OF_REACH."""
    tx.check_chain()
    if not code:
        raise InvalidInput("role.code", "a role has a code")
    role = Role(
        code=code, name=_name(name), permissions=sorted(set(permissions)), default_scope=default_scope, built_in=False
    )
    check_gives(tx, Grant(tuple(role.permissions)))
    taken = AlreadyExists("ROLE_CODE_TAKEN", f"there is a role {code} already", code=code)
    with tx.translating({"uq_role_code": lambda: taken}):
        tx.session.add(role)
    return role


def update(
    tx: Tx, role_id: UUID, *, fields: Collection[str], name: str, permissions: Iterable[str], default_scope: Scope
) -> Role:
    """Change the fields that are named; tokens of all who hold the role die.

    Raises Refused ROLE_LOCKED for hq_admin: an institution that took its rights away could never get them back.
    """
    tx.check_chain()
    role = tx.load(Role, "role", role_id, for_update=True)
    if "name" in fields:
        role.name = _name(name)
    if role.code == ADMIN and {"permissions", "default_scope"} & set(fields):
        raise Refused("ROLE_LOCKED", "the rights of the administrator of the chain cannot be changed")
    if "default_scope" in fields:
        role.default_scope = default_scope
    if "permissions" in fields:
        wanted = sorted(set(permissions))
        check_gives(tx, Grant(tuple({*wanted, *role.permissions})))
        role.permissions = wanted
        tx.session.flush()
        _call_back_holders(tx, role.id)
    return role


def assign(
    tx: Tx,
    staff_id: UUID,
    *,
    role: str,
    scope: Scope | None = None,
    campus_ids: Iterable[UUID] = (),
    region_ids: Iterable[UUID] = (),
) -> RoleAssignment:
    """Give a role to a person. Without a scope the role's own holds; without places, the campus of the person.

    Raises NotFound for the person, role, campus or region, Refused STAFF_INACTIVE, NotAllowed ROLE_OUT_OF_REACH,
    AlreadyExists ROLE_ASSIGNED_ALREADY.
    """
    person = staff.get_active(tx, staff_id)
    kind = _by_code(tx, role)
    reach = places(scope or _scope(kind), campus_ids=campus_ids, region_ids=region_ids, home=person.campus_id)
    campuses.check_all(tx, reach.campus_ids)
    for region_id in reach.region_ids:
        regions.get(tx, region_id)
    # A region grows with every campus that opens in it: only the chain gives it.
    where = frozenset(reach.campus_ids) if reach.campus_ids else None
    check_gives(tx, Grant(tuple(kind.permissions), where, reach.scope == "own"))
    assignment = RoleAssignment(
        staff_id=person.id,
        role_id=kind.id,
        scope=reach.scope,
        campus_ids=list(reach.campus_ids),
        region_ids=list(reach.region_ids),
        revoke_time=None,
    )
    held = AlreadyExists("ROLE_ASSIGNED_ALREADY", "this person holds the role there already", role=role)
    with tx.translating({"uq_role_assignment_held": lambda: held}):
        tx.session.add(assignment)
    call_back(tx, person.id)
    announce(tx, person)
    return assignment


def revoke(tx: Tx, assignment_id: UUID) -> RoleAssignment:
    """Take a role away. Raises NotFound, NotAllowed STAFF_OUT_OF_REACH, Refused STAFF_LAST_ADMIN; idempotent."""
    assignment = tx.load(RoleAssignment, "role_assignment", assignment_id)
    person = _holder(tx, assignment)
    tx.session.refresh(assignment, with_for_update=True)
    if assignment.revoke_time is not None:
        return assignment
    check_outranks(tx, person)
    role = tx.session.get_one(Role, (tx.institution_id, assignment.role_id))
    if role.code == ADMIN and assignment.scope == "chain":
        staff.check_not_last_admin(tx, person.id)
    assignment.revoke_time = tx.now
    tx.session.flush()
    call_back(tx, person.id)
    announce(tx, person)
    return assignment


def codes(tx: Tx, role_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the codes of roles by id."""
    rows = tx.execute(select(Role.id, Role.code).where(Role.id.in_(list(role_ids)))) if role_ids else ()
    return {row.id: row.code for row in rows}


def assignments(tx: Tx, staff_ids: Collection[UUID]) -> dict[UUID, list[RoleAssignment]]:
    """Return the assignments that hold now, by person."""
    statement = (
        select(RoleAssignment)
        .where(RoleAssignment.staff_id.in_(list(staff_ids)), RoleAssignment.revoke_time.is_(None))
        .order_by(RoleAssignment.id)
    )
    found: dict[UUID, list[RoleAssignment]] = {staff_id: [] for staff_id in staff_ids}
    for assignment in tx.session.scalars(statement) if staff_ids else ():
        found[assignment.staff_id].append(assignment)
    return found


def _holder(tx: Tx, assignment: RoleAssignment) -> Staff:
    """Lock the person first, as every change of their rights does; one out of sight hides the assignment too."""
    try:
        return staff.get(tx, assignment.staff_id, for_update=True)
    except NotFound as error:
        raise NotFound("role_assignment", assignment.id) from error


def _by_code(tx: Tx, code: str) -> Role:
    # Shared lock: a change of the role that runs now calls back the tokens of everybody who holds it by then.
    role = tx.session.scalar(select(Role).where(Role.code == code).with_for_update(read=True))
    if role is None:
        raise NotFound("role", code)
    return role


def _scope(role: Role) -> Scope:
    scope: Scope = role.default_scope  # type: ignore[assignment]  # a check constraint holds the four values
    return scope


def _call_back_holders(tx: Tx, role_id: UUID) -> None:
    holders = select(RoleAssignment.staff_id).where(
        RoleAssignment.role_id == role_id, RoleAssignment.revoke_time.is_(None)
    )
    people = select(Staff).where(Staff.id.in_(holders), Staff.active).order_by(Staff.id).with_for_update()
    for person in tx.session.scalars(people).all():
        call_back(tx, person.id)
        announce(tx, person)


def _name(name: str) -> str:
    if not name.strip():
        raise InvalidInput("role.name", "a role has a name")
    return name.strip()
