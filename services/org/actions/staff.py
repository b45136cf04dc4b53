"""Staff: people, their passwords, their leaving."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, select

from lianxiao.common.v1.reveal_pb2 import RevealedValue
from services.org.actions import campuses, handovers, sessions
from services.org.actions.access import announce, call_back, check_outranks
from services.org.actions.handovers import Plan
from services.org.actions.hashing import hash_of
from services.org.models import Credential, HandoverRecord, Institution, Role, RoleAssignment, Staff
from services.org.rules import emails, passwords
from services.org.rules.roles import ADMIN
from shared import reveals
from shared.crypto import blind_index, normalise_phone
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, Refused
from shared.ids import uuid7
from shared.listing import Field, Listing
from shared.reveals import Asked, Shown

LISTING: Listing[Staff] = Listing(
    Staff,
    fields={
        "display_name": Field(Staff.display_name),
        "campus_id": Field(Staff.campus_id, sortable=False),
        "active": Field(Staff.active, sortable=False),
        "create_time": Field(Staff.create_time),
    },
    default_order="create_time",
)


@dataclass(frozen=True, slots=True)
class Details:
    """What may change of a person."""

    display_name: str
    email: str
    phone: str = ""
    campus_id: UUID | None = None


def who_hold(role: str) -> list[ColumnElement[bool]]:
    """Return what narrows a list to people who hold a role somewhere; everybody for an empty code."""
    if not role:
        return []
    holders = (
        select(RoleAssignment.staff_id)
        .join(Role, (Role.institution_id == RoleAssignment.institution_id) & (Role.id == RoleAssignment.role_id))
        .where(Role.code == role, RoleAssignment.revoke_time.is_(None))
    )
    return [Staff.id.in_(holders)]


def create(
    tx: Tx, *, display_name: str, email: str, phone: str = "", campus_id: UUID | None = None, password: str = ""
) -> Staff:
    """Add a person, who can do nothing before a role is assigned.

    Raises AlreadyExists STAFF_EMAIL_TAKEN, InvalidInput WEAK_PASSWORD, NotFound CAMPUS_NOT_FOUND.
    """
    if campus_id is not None:
        campuses.check_all(tx, [campus_id])
    elif tx.scope.campuses is not None:
        raise InvalidInput("staff.campus_id", "name the campus of this person; only the chain adds headquarters staff")
    person = Staff(
        id=uuid7(),
        display_name=_name(display_name),
        campus_id=campus_id,
        active=True,
        has_password=False,
        deactivate_time=None,
    )
    _set_email(tx, person, email)
    Staff.phone.seal(tx, person, _phone(phone))
    with tx.translating({"uq_staff_email": _taken}):
        tx.session.add(person)
    if password:
        _store_password(tx, person, password)
    announce(tx, person)
    return person


def get(tx: Tx, staff_id: UUID, *, for_update: bool = False) -> Staff:
    """Return a person, with the row lock where they are going to be changed."""
    return tx.load(Staff, "staff", staff_id, for_update=for_update)


def reveal(tx: Tx, staff_id: UUID, asked: Asked) -> RevealedValue:
    """Show one field of a colleague. Raises STAFF_NOT_FOUND and what `reveals.reveal` raises."""
    person = get(tx, staff_id)
    values = {"name": person.display_name, "phone": Staff.phone.reveal(tx, person)}
    values["email"] = Staff.email.reveal(tx, person)
    return reveals.reveal(tx, [Shown("staff", person.id, values, campus_id=person.campus_id)], asked)[0]


def get_active(tx: Tx, staff_id: UUID) -> Staff:
    """Return a person for a change. Raises Refused STAFF_INACTIVE for one who left."""
    person = get(tx, staff_id, for_update=True)
    if not person.active:
        raise Refused("STAFF_INACTIVE", "this person has left", staff_id=str(staff_id))
    return person


def update(tx: Tx, staff_id: UUID, *, fields: Collection[str], details: Details) -> Staff:
    """Change the fields that are named. Raises NotAllowed STAFF_OUT_OF_REACH, Refused STAFF_INACTIVE."""
    person = get_active(tx, staff_id)
    check_outranks(tx, person)
    if "campus_id" in fields and details.campus_id != person.campus_id:
        campuses.check_all(tx, [] if details.campus_id is None else [details.campus_id])
        person.campus_id = details.campus_id
    if "display_name" in fields:
        person.display_name = _name(details.display_name)
    if "phone" in fields:
        Staff.phone.seal(tx, person, _phone(details.phone))
    with tx.translating({"uq_staff_email": _taken}):
        if "email" in fields:
            _set_email(tx, person, details.email)
    announce(tx, person)
    return person


def deactivate(tx: Tx, staff_id: UUID) -> Staff:
    """Close a person's account: sessions end, tokens die, and what they had in hand goes to the pool.

    Raises Refused STAFF_LAST_ADMIN; idempotent.
    """
    person = get(tx, staff_id, for_update=True)
    if not person.active:
        return person
    check_outranks(tx, person)
    check_not_last_admin(tx, person.id)
    _leave(tx, person, Plan())
    return person


def hand_over(tx: Tx, staff_id: UUID, plan: Plan, *, leaving: bool) -> HandoverRecord:
    """Give to others what a person has in hand; with `leaving` their account is closed with it.

    Raises what `deactivate` and `handovers.start` raise, and Refused STAFF_INACTIVE.
    """
    person = get_active(tx, staff_id)
    check_outranks(tx, person)
    if plan.campus_id is not None:
        campuses.check_all(tx, [plan.campus_id])
    if leaving:
        check_not_last_admin(tx, person.id)
        return _leave(tx, person, plan)
    row, told = handovers.start(tx, person, plan, leaving=False)
    announce(tx, person, told)
    return row


def _leave(tx: Tx, person: Staff, plan: Plan) -> HandoverRecord:
    row, told = handovers.start(tx, person, plan, leaving=True)
    person.active = False
    person.deactivate_time = tx.now
    sessions.end_all(tx, person.id, reason="deactivated")
    call_back(tx, person.id)
    announce(tx, person, told)
    return row


def set_password(tx: Tx, staff_id: UUID, *, password: str) -> Staff:
    """Give a person a new password; whoever is signed in as them is signed out. Raises InvalidInput WEAK_PASSWORD."""
    person = get_active(tx, staff_id)
    check_outranks(tx, person)
    _store_password(tx, person, password)
    sessions.end_all(tx, person.id, reason="password_changed")
    call_back(tx, person.id)
    return person


def change_own_password(tx: Tx, *, password: str) -> None:
    """Give the caller a new password; their other sessions end. Raises InvalidInput WEAK_PASSWORD."""
    person = get_active(tx, tx.caller.subject_id)
    _store_password(tx, person, password, field="new_password")
    for session_id in sessions.end_all(tx, person.id, reason="password_changed", keep=tx.caller.session_id):
        call_back(tx, person.id, session_id)


def check_not_last_admin(tx: Tx, staff_id: UUID) -> None:
    """Raise Refused STAFF_LAST_ADMIN when without this person nobody could administer the whole chain.

    The institution's row is locked: two administrators who remove one another at the same moment wait in line.
    """
    tx.execute(select(Institution.code).where(Institution.institution_id == tx.institution_id).with_for_update())
    admins = set(
        tx.execute(
            select(RoleAssignment.staff_id)
            .join(Role, (Role.institution_id == RoleAssignment.institution_id) & (Role.id == RoleAssignment.role_id))
            .join(
                Staff, (Staff.institution_id == RoleAssignment.institution_id) & (Staff.id == RoleAssignment.staff_id)
            )
            .where(
                Role.code == ADMIN, RoleAssignment.scope == "chain", RoleAssignment.revoke_time.is_(None), Staff.active
            )
        ).scalars()
    )
    if admins == {staff_id}:
        raise Refused("STAFF_LAST_ADMIN", "make somebody else administrator of the chain first")


def _store_password(tx: Tx, person: Staff, password: str, *, field: str = "password") -> None:
    passwords.check(password, email=Staff.email.reveal(tx, person) or "", name=person.display_name, field=field)
    credential = tx.session.get(Credential, (tx.institution_id, person.id))
    if credential is None:
        tx.session.add(Credential(id=person.id, password_hash=hash_of(password)))
    else:
        credential.password_hash = hash_of(password)
    person.has_password = True


def _name(name: str) -> str:
    if not name.strip():
        raise InvalidInput("staff.display_name", "a person has a name")
    return name.strip()


def _set_email(tx: Tx, person: Staff, email: str) -> None:
    if not email.strip():
        raise InvalidInput("staff.email", "a person signs in with an e-mail address")
    address = emails.normal(email)
    Staff.email.seal(tx, person, address)
    person.email_index = blind_index(tx, "email", address)


def _phone(phone: str) -> str:
    if not phone.strip():
        return ""
    normal = normalise_phone(phone)
    if normal is None:
        raise InvalidInput("staff.phone", "this is no phone number")
    return normal


def _taken() -> AlreadyExists:
    return AlreadyExists("STAFF_EMAIL_TAKEN", "somebody of this institution signs in with this address already")
